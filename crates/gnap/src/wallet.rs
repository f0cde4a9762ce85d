//! Wallets: what an address says of itself, and the keys it publishes.
//!
//! Spec: Open Payments (wallet address, `jwks.json`); threats C13 and G15

use placet_proof::gnap::GnapKey;
use placet_web::context::Call;

use crate::{Problem, client, open_payments::WalletKeys, realm::Realm};

/// Whether a wallet publishes this key still. What is kept of its keys is asked for again before the answer is no.
///
/// # Errors
/// `invalid_client` when it does not; 503 when its server gives no keys at the moment.
pub(crate) async fn still_published(
    realm: &Realm,
    call: &Call,
    wallet: &str,
    key: &GnapKey,
) -> Result<(), Problem> {
    let url = format!("{wallet}/jwks.json");
    let (fetch, now) = (&realm.site.fetch, call.context.now);
    let holds = |json: &[u8]| {
        let keys = WalletKeys::parse(json).ok()?;
        let kid = key.kid()?;
        let published = keys.key(kid)?.key().thumbprint();
        (published == key.thumbprint()).then_some(())
    };
    let known = fetch.jwks(&url, now).await.map_err(|_| client::unknown())?;
    if holds(&known).is_some() {
        return Ok(());
    }
    let anew = fetch
        .jwks_anew(&url, now)
        .await
        .map_err(|_| client::unknown())?;
    holds(&anew).ok_or_else(client::unknown)
}
