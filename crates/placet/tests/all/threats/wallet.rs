//! A wallet of Open Payments: addresses and the keys they publish, on a loopback socket.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, OnceLock},
    thread,
};

use serde_json::{Value, json};

pub(super) struct Wallet {
    /// Its host and port.
    pub(super) host: String,
}

impl Wallet {
    /// Every address of it publishes `key` and names the server that `auth_server` knows by then.
    pub(super) fn start(auth_server: &Arc<OnceLock<String>>, key: &Value) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = socket.local_addr().unwrap().to_string();
        let (own, server) = (host.clone(), Arc::clone(auth_server));
        let keys = json!({ "keys": [key] }).to_string();
        thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                answer(stream, |path| {
                    if path.ends_with("/jwks.json") {
                        return keys.clone();
                    }
                    let document = json!({
                        "id": format!("http://{own}{path}"), "publicName": "Shop", "assetCode": "EUR",
                        "assetScale": 2, "authServer": server.get(), "resourceServer": format!("http://{own}"),
                    });
                    document.to_string()
                });
            }
        });
        Self { host }
    }

    pub(super) fn address(&self, name: &str) -> String {
        format!("http://{}/{name}", self.host)
    }
}

fn answer(stream: TcpStream, document: impl Fn(&str) -> String) {
    let mut reader = BufReader::new(stream);
    let mut lines = reader.by_ref().lines().map_while(Result::ok);
    let asked = lines.next().unwrap_or_default();
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    let body = document(asked.split(' ').nth(1).unwrap_or_default());
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // Whoever goes away early gets nothing.
    let mut stream = reader.into_inner();
    stream
        .write_all((head + &body).as_bytes())
        .unwrap_or_default();
}
