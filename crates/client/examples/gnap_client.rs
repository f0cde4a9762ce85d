//! Asks a GNAP server for a right, sends you to it, and shows what it gave.
//!
//! ```sh
//! cargo run -p placet-client --example gnap_client -- http://127.0.0.1:8080/gnap [RIGHT]
//! ```
//!
//! RIGHT is a name that a resource server gave to rights, as the example `gnap_resource_server` does.

use std::{sync::Arc, time::Duration};

use placet_client::{Answer, Client, Error, Finish, Granted, Pending, Start};
use placet_proof::{Algorithm, SigningKey};
use serde_json::json;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example speaks to whoever runs it")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let endpoint = arguments.next();
    let endpoint = endpoint.unwrap_or_else(|| "http://127.0.0.1:8080/gnap".to_owned());
    let key = Arc::new(SigningKey::generate(Algorithm::EdDsa)?);
    let client = Client::new(reqwest::Client::new(), &endpoint, key).called("Example", None);
    let photos = json!({ "type": "photo-api", "actions": ["read"] });
    let right = arguments.next().map_or(photos, Into::into);
    let starts = [Start::Redirect, Start::UserCodeUri];
    let granted = match client.request(&[right], &starts, &Finish::Poll).await? {
        Answer::Granted(granted) => *granted,
        Answer::Pending(mut pending) => {
            let to = pending.redirect.as_deref().unwrap_or_default();
            println!("Open {to} and decide.");
            answered(&mut pending).await?
        }
    };
    let token = granted.token.as_ref().ok_or("no token")?;
    println!("Granted: {:?} for {:?}", token.access, token.expires_in);
    println!(
        "{}\nPress Enter to rotate and revoke this token.",
        token.value()
    );
    std::io::stdin().read_line(&mut String::new())?;
    let newer = token.rotate().await?;
    println!("Rotated; the first value is dead.");
    newer.revoke().await?;
    println!("Revoked.");
    Ok(())
}

/// Asks until somebody has decided. An answer that got lost, or one that says 'too early', costs nothing but time.
async fn answered(pending: &mut Pending) -> Result<Granted, Error> {
    loop {
        tokio::time::sleep(pending.wait()).await;
        match pending.poll(Some(Duration::from_secs(20))).await {
            Ok(Some(granted)) => return Ok(granted),
            Ok(None) | Err(Error::Http(_)) => {}
            Err(Error::Refused { code, .. }) if code.as_deref() == Some("too_fast") => {}
            Err(error) => return Err(error),
        }
    }
}
