//! Wallets: what an address says of itself, and the keys it publishes.
//!
//! Spec: Open Payments (wallet address, `jwks.json`); threats C13 and G15

use placet_proof::gnap::{GnapKey, ProofMethod};
use placet_web::context::Call;

use crate::{
    Problem, client,
    open_payments::{PaymentJwk, WalletAddress, WalletDocument, WalletKeys},
    realm::Realm,
};

/// The longest document read, in bytes.
const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

/// The key a wallet publishes under the name a signature gives.
///
/// # Errors
/// `invalid_client` when there is none, or the wallet gives no keys.
pub(crate) async fn published(
    realm: &Realm,
    call: &Call,
    wallet: &WalletAddress,
    kid: &str,
) -> Result<GnapKey, Problem> {
    let named = |json: &[u8]| WalletKeys::parse(json).ok()?.key(kid).and_then(key);
    find(realm, call, &wallet.jwks_url(), named).await
}

/// Whether a wallet publishes this key still. What is kept of its keys is asked for again before the answer is no.
///
/// # Errors
/// As [`published`].
pub(crate) async fn still_published(
    realm: &Realm,
    call: &Call,
    wallet: &str,
    key: &GnapKey,
) -> Result<(), Problem> {
    let holds = |json: &[u8]| {
        let keys = WalletKeys::parse(json).ok()?;
        let kid = key.kid()?;
        let published = keys.key(kid)?.key().thumbprint();
        (published == key.thumbprint()).then_some(())
    };
    find(realm, call, &format!("{wallet}/jwks.json"), holds).await
}

/// The name a wallet shows to people. `None` when it has none, or its document is not to be had or not its own.
pub(crate) async fn public_name(realm: &Realm, wallet: &WalletAddress) -> Option<String> {
    let fetch = &realm.site.fetch;
    let document = fetch.document(wallet.as_str(), MAX_DOCUMENT_BYTES).await;
    let read = WalletDocument::parse(&document.ok()?, wallet);
    match read {
        Ok(read) => read.public_name.filter(|name| !name.trim().is_empty()),
        Err(fault) => {
            tracing::info!(%fault, "what a wallet says of itself is refused");
            None
        }
    }
}

/// A key of the profile as proofs are checked with it.
pub(crate) fn key(jwk: &PaymentJwk) -> Option<GnapKey> {
    GnapKey::from_jwk(&jwk.to_value(), ProofMethod::HTTPSIG).ok()
}

/// Looks into a set of keys, and into the set as it is now if what is kept of it does not have it.
async fn find<T>(
    realm: &Realm,
    call: &Call,
    url: &str,
    look: impl Fn(&[u8]) -> Option<T>,
) -> Result<T, Problem> {
    let (fetch, now) = (&realm.site.fetch, call.context.now);
    let known = fetch.jwks(url, now).await.map_err(|_| client::unknown())?;
    if let Some(found) = look(&known) {
        return Ok(found);
    }
    let anew = fetch.jwks_anew(url, now).await;
    let anew = anew.map_err(|_| client::unknown())?;
    look(&anew).ok_or_else(client::unknown)
}
