//! The load: whole flows, some of them raced against themselves, through whatever is done to the servers.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use super::{
    dice::Dice,
    hand::{Hand, Holder, Opened, Told},
    journal::Reply,
};

/// The pause of a worker whose request was not answered.
const PAUSE: Duration = Duration::from_millis(20);

/// Works until told to stop, and rests after each flow. A server that does not answer is asked again after a pause.
pub(crate) fn work(
    hands: (Hand<'_>, Hand<'_>),
    mut dice: Dice,
    rest: Duration,
    stop: &AtomicBool,
) -> Result<(), String> {
    let (mut first, mut second) = hands;
    while !stop.load(Ordering::Relaxed) {
        let went = if dice.one_in(4) {
            service(&mut first, &mut dice)?
        } else {
            device(&mut first, &mut second, &mut dice)?
        };
        if !stop.load(Ordering::Relaxed) {
            thread::sleep(if went.is_none() {
                rest.max(PAUSE)
            } else {
                rest
            });
        }
    }
    Ok(())
}

/// A client for itself: a token, a look at it, sometimes its end.
fn service(hand: &mut Hand<'_>, dice: &mut Dice) -> Told<()> {
    let Some(Reply::Tokens { access, .. }) = hand.mint()? else {
        return Ok(None);
    };
    let mut told = hand.introspect(&access, Holder::Service)?;
    if dice.one_in(3) {
        told = hand.revoke(&access, Holder::Service)?;
    }
    Ok(told.map(drop))
}

/// A device flow from its opening to the end of its tokens.
fn device(first: &mut Hand<'_>, second: &mut Hand<'_>, dice: &mut Dice) -> Told<()> {
    let Some(opened) = first.open()? else {
        return Ok(None);
    };
    if dice.one_in(6) {
        // Asked too early once, it must wait an interval: the answer is collected after the next start.
        first.poll(&opened.device_code)?;
    }
    if answer(first, second, dice, &opened)?.is_none() {
        return Ok(None);
    }
    if dice.one_in(4) {
        // Left for the client to collect after the next start.
        return Ok(Some(()));
    }
    let reply = if dice.one_in(3) {
        both(first, second, |hand| hand.poll(&opened.device_code))?
    } else {
        first.poll(&opened.device_code)?
    };
    match reply {
        None => Ok(None),
        Some(Reply::Tokens {
            access,
            refresh: Some(refresh),
        }) => later(first, second, dice, (access, refresh)),
        Some(Reply::Tokens { refresh: None, .. }) => {
            Err("a request for offline_access was approved without a refresh token".to_owned())
        }
        // The judge reads the journal and has the last word on what is allowed.
        Some(_) => Ok(Some(())),
    }
}

/// One person answers; sometimes from two browsers at once, and differently.
fn answer(
    first: &mut Hand<'_>,
    second: &mut Hand<'_>,
    dice: &mut Dice,
    opened: &Opened,
) -> Told<String> {
    let approve = !dice.one_in(4);
    if dice.one_in(6) {
        let (one, other) = thread::scope(|scope| {
            let other = scope.spawn(|| second.answer(opened, !approve));
            (first.answer(opened, approve), other.join())
        });
        let other = other.map_err(|_| "a worker panicked".to_owned())??;
        return Ok(one?.or(other));
    }
    first.answer(opened, approve)
}

/// What follows on tokens: rotation, also from two sides at once, looks, revocation.
fn later(
    first: &mut Hand<'_>,
    second: &mut Hand<'_>,
    dice: &mut Dice,
    tokens: (String, String),
) -> Told<()> {
    let (mut access, mut refresh) = tokens;
    for _ in 0..dice.between(0..3) {
        let reply = if dice.one_in(3) {
            both(first, second, |hand| hand.refresh(&refresh))?
        } else {
            first.refresh(&refresh)?
        };
        let Some(reply) = reply else { return Ok(None) };
        if let Reply::Tokens {
            access: next,
            refresh: Some(rotated),
        } = reply
        {
            (access, refresh) = (next, rotated);
        }
    }
    let mut told = first.introspect(&access, Holder::Device)?;
    if dice.one_in(3) {
        let ended = if dice.one_in(2) { &access } else { &refresh };
        told = first.revoke(ended, Holder::Device)?;
    }
    Ok(told.map(drop))
}

/// The same act from two connections at once; tokens are preferred over other answers.
fn both(
    first: &mut Hand<'_>,
    second: &mut Hand<'_>,
    act: impl Fn(&mut Hand<'_>) -> Told<Reply> + Sync,
) -> Told<Reply> {
    let (one, other) = thread::scope(|scope| {
        let other = scope.spawn(|| act(second));
        (act(first), other.join())
    });
    let other = other.map_err(|_| "a worker panicked".to_owned())??;
    let one = one?;
    Ok(match (one, other) {
        (_, Some(tokens @ Reply::Tokens { .. })) => Some(tokens),
        (one, other) => one.or(other),
    })
}
