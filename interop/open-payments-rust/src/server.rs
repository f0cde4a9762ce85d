//! The real `placet serve` on free loopback ports, with Open Payments at the root of a listener of its own.

use std::{
    env,
    error::Error,
    fs::{self, File},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const START_LIMIT: Duration = Duration::from_secs(20);
const OPERATOR: &str = "cf5fd7d3-1eb1-4041-8e43-ba45747e9e5d";
pub const IDP_SECRET: &str = "the-wallet-keeps-this-for-its-people-5d1c";

pub struct Server {
    child: Child,
    /// What clients sign for.
    pub origin: String,
    /// The operator's grant endpoint.
    pub grant_endpoint: String,
    /// Where resource servers ask.
    pub introspection: String,
    /// A folder for keys.
    pub folder: PathBuf,
}

fn free_port() -> Result<u16, Box<dyn Error>> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Server {
    /// Starts a server that may ask the wallet at `wallet`, and waits until it answers.
    pub async fn start(wallet: &str) -> Result<Self, Box<dyn Error>> {
        let folder = env::var_os("PLACET_WORK").map_or_else(env::temp_dir, PathBuf::from);
        let folder = folder.join(format!("server-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let (own, payments, introspection) = (free_port()?, free_port()?, free_port()?);
        let origin = format!("http://127.0.0.1:{payments}");
        let secret = folder.join("idp.secret");
        fs::write(&secret, IDP_SECRET)?;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600))?;
        let text = format!(
            "public_origin = \"http://127.0.0.1:{own}\"\nlisten = \"127.0.0.1:{own}\"\ndevelopment = true\n\
             database_url = \"sqlite:{}\"\n[limits]\npoll_interval_s = 1\n[outbound]\nallow_private = [\"{wallet}\"]\n\
             [open_payments]\noperator_tenant = \"{OPERATOR}\"\nlisten = \"127.0.0.1:{payments}\"\n\
             public_origin = \"{origin}\"\nintrospection_listen = \"127.0.0.1:{introspection}\"\n\
             idp_consent_url = \"http://{wallet}/consent\"\nidp_secret_file = \"idp.secret\"\n",
            folder.join("placet.db").display()
        );
        let config = folder.join("placet.toml");
        fs::write(&config, text)?;
        let log = File::create(folder.join("server.log"))?;
        let binary = env::var_os("PLACET_BIN").ok_or("PLACET_BIN is not set")?;
        let mut command = Command::new(binary);
        // The server reads every PLACET_ variable as a setting; those of the gate are none.
        for (name, _) in
            env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PLACET_"))
        {
            command.env_remove(name);
        }
        let child = command
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut server = Self {
            child,
            grant_endpoint: format!("{origin}/{OPERATOR}"),
            introspection: format!("http://127.0.0.1:{introspection}/"),
            origin,
            folder,
        };
        let begun = Instant::now();
        let url = format!("{}/healthz", server.origin);
        while begun.elapsed() < START_LIMIT && server.child.try_wait()?.is_none() {
            if reqwest::get(&url)
                .await
                .is_ok_and(|reply| reply.status().is_success())
            {
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let said = fs::read_to_string(server.folder.join("server.log"))?;
        Err(format!("the server did not start: {said}").into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone is what we want.
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}
