//! RFC 9635 §4.2.3 and §7: what a client believes, and what it refuses to.

use std::sync::Arc;

use placet_client::{Client, Error, Finish, Start};
use placet_proof::{Algorithm, SigningKey};
use serde_json::json;

pub(crate) fn client(endpoint: &str) -> Client {
    let key = Arc::new(SigningKey::generate(Algorithm::EdDsa).expect("a key can be made"));
    Client::new(reqwest::Client::new(), endpoint, key)
}

#[test]
fn rfc9635_7_1_the_key_is_printed_with_its_proof() {
    let client = client("https://as.example/gnap");
    let key = client.key();
    assert_eq!(key.get("proof"), Some(&json!("httpsig")));
    assert_eq!(key.pointer("/jwk/alg"), Some(&json!("EdDSA")));
    assert!(key.pointer("/jwk/kid").is_some() && key.pointer("/jwk/d").is_none());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_of_http() {
    let client = client("http://127.0.0.1:1/gnap");
    let access = [json!("read")];
    let asked = client
        .request(&access, &[Start::Redirect], &Finish::Poll)
        .await;
    assert!(matches!(asked, Err(Error::Http(_))));
}
