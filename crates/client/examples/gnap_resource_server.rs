//! Names rights at a GNAP server, says what a call without a token is told, and asks about a token that somebody presented.
//!
//! ```sh
//! cargo run -p placet-client --example gnap_resource_server -- http://127.0.0.1:8080/gnap
//! ```
//!
//! Its key is new with every run and its only name: it is told of tokens that were asked for by a name it gave, and of no other.

use std::sync::Arc;

use placet_client::ResourceServer;
use placet_proof::{Algorithm, SigningKey};
use serde_json::json;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example speaks to whoever runs it")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1);
    let endpoint = endpoint.unwrap_or_else(|| "http://127.0.0.1:8080/gnap".to_owned());
    let key = Arc::new(SigningKey::generate(Algorithm::EdDsa)?);
    let server = ResourceServer::new(reqwest::Client::new(), &endpoint, key, None);
    let photos = json!({ "type": "photo-api", "actions": ["read"] });
    let name = server
        .register(
            &format!("{endpoint}/resource"),
            std::slice::from_ref(&photos),
        )
        .await?;
    println!(
        "Without a token: WWW-Authenticate: {}",
        server.challenge(Some(&name), None)
    );
    println!(
        "Ask for a token in another terminal, and paste it here:\n\
         cargo run -p placet-client --example gnap_client -- {endpoint} {name}"
    );
    let mut token = String::new();
    std::io::stdin().read_line(&mut token)?;
    let found = server
        .introspect(&format!("{endpoint}/introspect"), token.trim(), &[photos])
        .await?;
    match found {
        Some(held) => println!("The token holds: {:?}", held.access),
        None => println!("The token does not hold here."),
    }
    Ok(())
}
