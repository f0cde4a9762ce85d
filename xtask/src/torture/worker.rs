//! The load: whole flows, some of them raced against themselves, until the server goes away.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use super::{
    hand::{Hand, Holder, Opened, Told},
    journal::{self, Reply},
};

/// A small generator (xorshift64*), so that a seed repeats the choices of a run.
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
        }
    }

    pub(crate) fn fresh_seed() -> u64 {
        journal::now_ms() ^ u64::from(std::process::id())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(crate) fn between(&mut self, range: std::ops::Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start).max(1)
    }

    /// True once in `times`.
    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.next().is_multiple_of(times)
    }
}

/// Works until told to stop or until the server answers no more.
pub(crate) fn work(
    hands: (Hand<'_>, Hand<'_>),
    mut dice: Dice,
    stop: &AtomicBool,
) -> Result<(), String> {
    let (mut first, mut second) = hands;
    while !stop.load(Ordering::Relaxed) {
        let went = if dice.one_in(4) {
            service(&mut first, &mut dice)?
        } else {
            device(&mut first, &mut second, &mut dice)?
        };
        if went.is_none() {
            break;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_choices_and_ranges_hold() {
        let draw = |seed| {
            let mut dice = Dice::new(seed);
            (0..100).map(|_| dice.between(5..9)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert!(draw(7).iter().all(|value| (5..9).contains(value)));
        assert!((5..9).all(|value| draw(7).contains(&value)));
    }
}
