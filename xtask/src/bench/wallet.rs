//! A wallet on loopback: its address tells its name, and publishes the key its client signs with.
//!
//! A server asks for the keys once and keeps them; for the name it asks with each grant that a person is to decide about.
//!
//! Spec: Open Payments 1.3 (wallet address, `jwks.json`)

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use placet_proof::{Algorithm, Ed25519Name, SigningKey};
use serde_json::{Value, json};

const NAME: &str = "shop";

/// A wallet that is open until this process ends.
#[derive(Debug)]
pub(crate) struct Wallet {
    /// `127.0.0.1:PORT`.
    pub(crate) host: String,
    pub(crate) key: Arc<SigningKey>,
}

/// What it serves.
struct Documents {
    address: Value,
    keys: Value,
}

impl Wallet {
    /// Opens one with a fresh key.
    pub(crate) fn open() -> Result<Self, String> {
        let said = |error: io::Error| error.to_string();
        let key = SigningKey::generate(Algorithm::EdDsa).map_err(|error| error.to_string())?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(said)?;
        let host = listener.local_addr().map_err(said)?.to_string();
        let documents = Arc::new(Documents {
            address: json!({
                "id": format!("http://{host}/{NAME}"),
                "publicName": "Corner shop",
                "assetCode": "EUR",
                "assetScale": 2,
                "authServer": format!("http://{host}"),
                "resourceServer": format!("http://{host}"),
            }),
            keys: json!({ "keys": [key.public_jwk().to_json(Ed25519Name::EdDsa)] }),
        });
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let documents = Arc::clone(&documents);
                // A server that hangs up ends its connection, and nothing else.
                thread::spawn(move || drop(serve(stream, &documents)));
            }
        });
        Ok(Self {
            host,
            key: Arc::new(key),
        })
    }

    /// Its address, which names the client.
    pub(crate) fn address(&self) -> String {
        format!("http://{}/{NAME}", self.host)
    }
}

/// Answers on one connection until it ends.
fn serve(stream: TcpStream, documents: &Documents) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    loop {
        head.clear();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let path = head.split(' ').nth(1).unwrap_or_default();
        let answer = documents.answer(path);
        stream.get_mut().write_all(answer.as_bytes())?;
    }
}

impl Documents {
    fn answer(&self, path: &str) -> String {
        let document = match path.strip_prefix('/').and_then(|p| p.strip_prefix(NAME)) {
            Some("") => Some(&self.address),
            Some("/jwks.json") => Some(&self.keys),
            Some(_) | None => None,
        };
        let Some(document) = document else {
            return "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned();
        };
        let body = document.to_string();
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncache-control: max-age=86400\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Connection, Request};

    #[test]
    fn both_documents_come_on_one_connection_and_nothing_else_does() {
        let wallet = Wallet::open().unwrap();
        let mut connection = Connection::open(&wallet.host).unwrap();
        let mut get = |path: &str| connection.send(&Request::get(path)).unwrap();
        assert_eq!(get("/shop").json()["id"], wallet.address());
        let keys = get("/shop/jwks.json").json();
        assert_eq!(keys["keys"][0]["kid"], wallet.key.kid());
        assert_eq!(get("/shop/keys").status, 404);
        assert_eq!(get("/other").status, 404);
    }
}
