//! Wallets on a loopback socket: each address has a document and a set of keys, both of which a test may change.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

type Documents = Arc<Mutex<BTreeMap<String, String>>>;

pub(crate) struct Wallets {
    pub(crate) port: u16,
    documents: Documents,
}

impl Wallets {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let documents = Documents::default();
        let served = Arc::clone(&documents);
        thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), &served);
            }
        });
        Self { port, documents }
    }

    pub(crate) fn address(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }

    /// Publishes what a wallet says of itself.
    pub(crate) fn publish(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut document = json!({
            "id": self.address(name),
            "publicName": format!("{name} & Co"),
            "assetCode": "EUR",
            "assetScale": 2,
            "authServer": "https://pay.example/tenant",
            "resourceServer": "https://pay.example",
        });
        change(&mut document);
        self.put(&format!("/{name}"), &document.to_string());
    }

    pub(crate) fn publish_keys(&self, name: &str, keys: &[Value]) {
        let set = json!({ "keys": keys }).to_string();
        self.put(&format!("/{name}/jwks.json"), &set);
    }

    pub(crate) fn take_down(&self, path: &str) {
        self.documents.lock().unwrap().remove(path);
    }

    fn put(&self, path: &str, body: &str) {
        let mut documents = self.documents.lock().unwrap();
        documents.insert(path.to_owned(), body.to_owned());
    }
}

fn serve(mut stream: TcpStream, documents: &Documents) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1).unwrap_or_default();
    let body = documents.lock().unwrap().get(path).cloned();
    let (status, body) = match body {
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", String::new()),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncache-control: max-age=60\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    // Whoever asked may have gone.
    drop(stream.write_all(answer.as_bytes()));
}
