//! A client that proves itself with a signed assertion. The program `openssl` makes its key and signs.
//!
//! Spec: RFC 7523 §2.2, §3; RFC 8037 §2, §3.1

use std::{fs, path::PathBuf, process::Command};

use super::journal;
use crate::{http, place, process};

const CLIENT: &str = "torture-assertion";
/// What stands before an Ed25519 key in its DER form is left out: the key is the last of it (RFC 8410 §4).
const KEY_BYTES: usize = 32;
const LIFE_S: u64 = 60;

/// The client's key.
#[derive(Debug)]
pub(crate) struct Signer {
    folder: PathBuf,
    public: String,
}

impl Signer {
    /// Makes a key; nothing where there is no `openssl`.
    pub(crate) fn new() -> Result<Option<Self>, String> {
        if place::on_path("openssl").is_none() {
            return Ok(None);
        }
        let folder = place::fresh("torture-assertion")?;
        let key = folder.join("key.pem");
        let made = openssl()
            .args(["genpkey", "-algorithm", "ed25519", "-out"])
            .arg(&key)
            .status();
        let public = folder.join("public.der");
        let shown = openssl()
            .args(["pkey", "-pubout", "-outform", "DER", "-in"])
            .arg(&key)
            .arg("-out")
            .arg(&public)
            .status();
        if !made.is_ok_and(|status| status.success()) || !shown.is_ok_and(|status| status.success())
        {
            return Err("openssl made no key".to_owned());
        }
        let der = fs::read(&public).map_err(|error| error.to_string())?;
        let key = der
            .len()
            .checked_sub(KEY_BYTES)
            .and_then(|at| der.get(at..));
        Ok(Some(Self {
            folder,
            public: base64url(key.ok_or("openssl printed no key")?),
        }))
    }

    /// The client as the configuration declares it.
    pub(crate) fn client(&self) -> String {
        format!(
            "\n[[clients]]\nclient_id = \"{CLIENT}\"\nclient_name = \"Torture assertion\"\n\
             token_endpoint_auth_method = \"private_key_jwt\"\ngrant_types = [\"client_credentials\"]\nscope = \"read\"\n\
             jwks = {{ keys = [{{ kty = \"OKP\", crv = \"Ed25519\", alg = \"EdDSA\", use = \"sig\", x = \"{}\" }}] }}\n",
            self.public
        )
    }

    /// A fresh assertion for `issuer`; `number` makes its `jti`.
    pub(crate) fn assertion(&self, issuer: &str, number: u32) -> Result<String, String> {
        let now_s = journal::now_ms() / 1000;
        let header = serde_json::json!({ "alg": "EdDSA" });
        let claims = serde_json::json!({
            "iss": CLIENT, "sub": CLIENT, "aud": issuer, "jti": format!("{now_s}-{number}"),
            "iat": now_s, "exp": now_s + LIFE_S,
        });
        let text = format!(
            "{}.{}",
            base64url(header.to_string().as_bytes()),
            base64url(claims.to_string().as_bytes())
        );
        let (input, output) = (self.folder.join("input"), self.folder.join("signature"));
        fs::write(&input, &text).map_err(|error| error.to_string())?;
        let mut sign = openssl();
        sign.args(["pkeyutl", "-sign", "-rawin", "-inkey"])
            .arg(self.folder.join("key.pem"));
        sign.arg("-in").arg(&input).arg("-out").arg(&output);
        if !process::quiet(&mut sign).ok {
            return Err("openssl signed nothing".to_owned());
        }
        let signature = fs::read(&output).map_err(|error| error.to_string())?;
        Ok(format!("{text}.{}", base64url(&signature)))
    }
}

fn openssl() -> Command {
    Command::new("openssl")
}

fn base64url(bytes: &[u8]) -> String {
    let padded = http::base64(bytes).replace('+', "-").replace('/', "_");
    padded.trim_end_matches('=').to_owned()
}
