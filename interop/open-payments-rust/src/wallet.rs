//! A wallet: a thread that answers with an address document and the keys it publishes.

use std::{
    collections::BTreeMap,
    error::Error,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

type Documents = Arc<Mutex<BTreeMap<String, Value>>>;

pub struct Wallet {
    /// Its host and port.
    pub host: String,
    documents: Documents,
}

impl Wallet {
    pub fn start() -> Result<Self, Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let host = listener.local_addr()?.to_string();
        let documents = Documents::default();
        let served = Arc::clone(&documents);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever goes away early gets nothing.
                answer(stream, &served).unwrap_or_default();
            }
        });
        Ok(Self { host, documents })
    }

    /// Publishes an address with its keys. Answers its URL.
    pub fn open(&self, name: &str, auth_server: &str, keys: &Value) -> String {
        let origin = format!("http://{}", self.host);
        let address = format!("{origin}/{name}");
        let document = json!({
            "id": address, "publicName": name, "assetCode": "EUR", "assetScale": 2,
            "authServer": auth_server, "resourceServer": origin,
        });
        let mut documents = self.documents.lock().unwrap();
        documents.insert(format!("/{name}"), document);
        documents.insert(format!("/{name}/jwks.json"), json!({ "keys": keys }));
        address
    }
}

fn answer(stream: TcpStream, documents: &Documents) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    while !line.trim().is_empty() {
        line.clear();
        reader.read_line(&mut line)?;
    }
    let found = documents.lock().unwrap().get(&path).map(Value::to_string);
    let (status, body) = found.map_or(("404 Not Found", String::new()), |body| ("200 OK", body));
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    reader
        .get_mut()
        .write_all(format!("{head}{body}").as_bytes())
}
