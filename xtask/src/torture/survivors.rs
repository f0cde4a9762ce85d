//! After a fault: asks again for what was acknowledged, and for what was left open.
//!
//! Every question goes through the journal like any other request, so the judge needs no second source.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
    time::Duration,
};

use super::{
    dice::Dice,
    hand::{Hand, Holder, Told},
    journal::{Action, Reply, Step},
};

/// Questions per start; the newest first, older ones drawn at random.
const POLLS: usize = 40;
const REFRESHES: usize = 20;
const LOOKS_NEW: usize = 30;
const LOOKS_OLD: usize = 20;
/// A lost refresh is repeated within the server's window of 30 s, a code within its life.
const REPEAT_MS: u64 = 20 * 1000;
const CODE_LIFE_MS: u64 = 4 * 60 * 1000;
/// A connection that was kept through a fault may be cut, and a 503 asks to come again.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Asks at the time `now` of the servers.
pub(crate) fn ask(
    hand: &mut Hand<'_>,
    steps: &[Step],
    dice: &mut Dice,
    now: u64,
) -> Result<(), String> {
    for token in lost_refreshes(steps, now) {
        answered(|| hand.refresh(token))?;
    }
    for code in uncollected(steps, now) {
        answered(|| hand.poll(code))?;
    }
    let tokens = tokens(steps);
    let (old, new) = tokens.split_at(tokens.len().saturating_sub(LOOKS_NEW));
    let drawn = (0..LOOKS_OLD.min(old.len()))
        .filter_map(|_| old.get(usize::try_from(dice.next()).unwrap_or(0) % old.len()));
    for (token, holder) in new.iter().chain(drawn.collect::<BTreeSet<_>>()) {
        answered(|| hand.introspect(token, *holder))?;
    }
    for (token, holder) in revoked(steps, &tokens) {
        answered(|| hand.introspect(token, holder))?;
    }
    for (refresh, access) in revoked_refreshes(steps) {
        answered(|| hand.refresh(refresh))?;
        answered(|| hand.introspect(access, Holder::Device))?;
    }
    Ok(())
}

/// Nothing is done to the servers now: answers that stay out mean that they fell by themselves.
fn answered(mut question: impl FnMut() -> Told<Reply>) -> Result<(), String> {
    for _ in 0..TRIES {
        if question()?.is_some() {
            return Ok(());
        }
        thread::sleep(PAUSE);
    }
    Err("the servers stopped answering although nothing is done to them".to_owned())
}

/// Codes with a try to answer them, young enough, whose client does not know the end yet.
fn uncollected(steps: &[Step], now_ms: u64) -> Vec<&str> {
    let mut ended = BTreeSet::new();
    for step in steps {
        if let (Action::Poll { device_code }, Some((_, reply))) = (&step.action, &step.reply) {
            let waits = matches!(reply, Reply::Refused(code) if code == "slow_down" || code == "authorization_pending");
            if !waits {
                ended.insert(device_code.as_str());
            }
        }
    }
    let tried = steps
        .iter()
        .rev()
        .filter(|step| now_ms.saturating_sub(step.begun_ms) < CODE_LIFE_MS);
    let codes = tried.filter_map(|step| match &step.action {
        Action::Answer { device_code, .. } => Some(device_code.as_str()),
        _ => None,
    });
    let mut seen = BTreeSet::new();
    codes
        .filter(|code| !ended.contains(code) && seen.insert(*code))
        .take(POLLS)
        .collect()
}

/// Refresh tokens that were used and whose successor nobody saw.
fn lost_refreshes(steps: &[Step], now_ms: u64) -> Vec<&str> {
    let used = |answered: bool| {
        steps
            .iter()
            .filter(move |step| step.reply.is_some() == answered)
            .filter_map(|step| match &step.action {
                Action::Refresh { token } => Some((token.as_str(), step.begun_ms)),
                _ => None,
            })
    };
    let known: BTreeSet<&str> = used(true).map(|(token, _)| token).collect();
    let recent = used(false)
        .filter(|(token, at)| !known.contains(token) && now_ms.saturating_sub(*at) < REPEAT_MS);
    recent
        .map(|(token, _)| token)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .take(REFRESHES)
        .collect()
}

/// Access tokens in the order of their coming.
fn tokens(steps: &[Step]) -> Vec<(&str, Holder)> {
    let brought = steps
        .iter()
        .filter_map(|step| Some((step.tokens()?.0, Holder::of(&step.action))));
    brought.collect()
}

/// Revoked access tokens, the newest first.
fn revoked<'a>(steps: &'a [Step], tokens: &[(&'a str, Holder)]) -> Vec<(&'a str, Holder)> {
    let ended = steps
        .iter()
        .rev()
        .filter_map(|step| match (&step.action, &step.reply) {
            (Action::Revoke { token }, Some((_, Reply::Revoked))) => Some(token.as_str()),
            _ => None,
        });
    let known = ended.filter_map(|token| tokens.iter().find(|(known, _)| *known == token));
    known
        .map(|(token, holder)| (*token, *holder))
        .take(LOOKS_NEW)
        .collect()
}

/// Revoked refresh tokens, the newest first, each with the access token that came with it.
fn revoked_refreshes(steps: &[Step]) -> Vec<(&str, &str)> {
    let pairs: BTreeMap<&str, &str> = steps
        .iter()
        .filter_map(Step::tokens)
        .filter_map(|(access, refresh)| Some((refresh?, access)))
        .collect();
    let ended = steps
        .iter()
        .rev()
        .filter_map(|step| match (&step.action, &step.reply) {
            (Action::Revoke { token }, Some((_, Reply::Revoked))) => Some(token.as_str()),
            _ => None,
        });
    ended
        .filter_map(|token| Some((token, *pairs.get(token)?)))
        .take(REFRESHES)
        .collect()
}
