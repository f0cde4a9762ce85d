//! Asks a GNAP server about a token that somebody presented, and says what a call without one is told.
//!
//! ```sh
//! cargo run -p placet-client --example gnap_resource_server -- http://127.0.0.1:8080/gnap TOKEN
//! ```

use std::sync::Arc;

use placet_client::ResourceServer;
use placet_proof::{Algorithm, SigningKey};
use serde_json::json;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example speaks to whoever runs it")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let endpoint = arguments.next();
    let endpoint = endpoint.unwrap_or_else(|| "http://127.0.0.1:8080/gnap".to_owned());
    let token = arguments.next().unwrap_or_else(|| "unknown".to_owned());
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
    let found = server
        .introspect(&format!("{endpoint}/introspect"), &token, &[photos])
        .await?;
    match found {
        Some(held) => println!("The token holds: {:?}", held.access),
        None => println!("The token does not hold here."),
    }
    Ok(())
}
