//! The server that is judged, with Open Payments at the root of a listener of its own.

use std::{error::Error, path::PathBuf};

use crate::process::{Process, folder, free_port, write_secret};

const OPERATOR: &str = "cf5fd7d3-1eb1-4041-8e43-ba45747e9e5d";
pub const IDP_SECRET: &str = "the-wallet-keeps-this-for-its-people-5d1c";

pub struct Server {
    _process: Process,
    /// What clients sign for.
    pub origin: String,
    /// The operator's grant endpoint.
    pub grant_endpoint: String,
    /// Where resource servers ask.
    pub introspection: String,
    /// A folder for keys.
    pub folder: PathBuf,
}

impl Server {
    /// Starts a server that may ask the wallet at `wallet`, and waits until it answers.
    pub fn start(wallet: &str) -> Result<Self, Box<dyn Error>> {
        let folder = folder()?;
        let (own, payments, introspection) = (free_port()?, free_port()?, free_port()?);
        let origin = format!("http://127.0.0.1:{payments}");
        write_secret(&folder.join("idp.secret"), IDP_SECRET)?;
        let settings = format!(
            "[outbound]\nallow_private = [\"{wallet}\"]\n\
             [open_payments]\noperator_tenant = \"{OPERATOR}\"\nlisten = \"127.0.0.1:{payments}\"\n\
             public_origin = \"{origin}\"\nintrospection_listen = \"127.0.0.1:{introspection}\"\n\
             idp_consent_url = \"http://{wallet}/consent\"\nidp_secret_file = \"idp.secret\"\n"
        );
        Ok(Self {
            _process: Process::start(&folder, own, &settings)?,
            grant_endpoint: format!("{origin}/{OPERATOR}"),
            introspection: format!("http://127.0.0.1:{introspection}/"),
            origin,
            folder,
        })
    }
}
