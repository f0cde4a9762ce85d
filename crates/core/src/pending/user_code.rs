//! The short code a person carries from one screen to another.
//!
//! Eight letters of a twenty-letter alphabet are 34.5 bits: the five guesses a browser has hit one live code with a
//! chance below 2^-32. With more open requests there are more codes to hit, so codes grow by a letter for each twenty
//! times as many. Vowels are left out so that no words appear.
//!
//! Spec: RFC 8628 §6.1

use std::fmt;

use crate::{
    random::Random,
    secret::{SecretHash, kind},
    vault::Vault,
};

/// Consonants that are hard to confuse (RFC 8628 §6.1).
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Letters in a code while few requests are open, and the most there ever are.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=11;
/// How many requests may be open before codes grow by a letter.
const FEW: u32 = 1_000;
/// The longest text that is read as a code, in bytes.
const INPUT_LIMIT_BYTES: usize = 64;

/// Bytes drawn at once: for most codes more than enough.
const DRAWN_BYTES: usize = 16;

/// The letter of a random byte, each with the same chance; none for the few bytes that would favour the first letters.
fn letter(byte: u8) -> Option<char> {
    let index = usize::from(byte);
    let fair = 256 - 256 % ALPHABET.len();
    let letter = ALPHABET.get(index % ALPHABET.len()).copied();
    letter.filter(|_| index < fair).map(char::from)
}

/// A user code in its one form: upper-case letters, eight or a few more.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// Draws a code, longer when many requests are open.
    pub fn generate(open: u32, random: &dyn Random) -> Self {
        let mut length = *LENGTH.start();
        let mut room = FEW;
        while open > room && length < *LENGTH.end() {
            length += 1;
            room = room.saturating_mul(20);
        }
        let mut letters = String::with_capacity(length);
        while letters.len() < length {
            let mut bytes = [0; DRAWN_BYTES];
            random.fill(&mut bytes);
            let drawn = bytes.iter().copied().filter_map(letter);
            letters.extend(drawn.take(length - letters.len()));
        }
        Self(letters)
    }

    /// Reads what a person typed: upper-cased, and everything outside the alphabet dropped.
    ///
    /// `None` when fewer or more letters are left than a code has.
    ///
    /// ```
    /// # use placet_core::pending::UserCode;
    /// assert_eq!(UserCode::parse("bdfg hjkl"), UserCode::parse("BDFG-HJKL"));
    /// assert!(UserCode::parse("BDFG-HJK").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > INPUT_LIMIT_BYTES {
            return None;
        }
        let letters: String = text
            .chars()
            .map(|c| c.to_ascii_uppercase())
            .filter(|c| ALPHABET.iter().any(|a| char::from(*a) == *c))
            .collect();
        LENGTH.contains(&letters.len()).then_some(Self(letters))
    }

    /// The hash it is stored and looked up by. Keyed, since it is short enough to be tried out.
    pub fn hash(&self, vault: &Vault) -> SecretHash<kind::UserCode> {
        vault.keyed_hash("user code", &self.0)
    }
}

impl fmt::Display for UserCode {
    /// Two groups, as a person reads them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_at_checked(self.0.len() / 2) {
            Some((left, right)) => write!(f, "{left}-{right}"),
            None => f.write_str(&self.0),
        }
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn d9_spellings_of_one_code_are_one_code() {
        let code = UserCode::parse("WDJB-MJHT").unwrap();
        for spelling in [
            "WDJBMJHT",
            "wdjb-mjht",
            "wdjb mjht",
            " WDJB–MJHT ",
            "W D J B M J H T",
            "wdjb.mjht",
            "WDJB_MJHT",
            "wDjBmJhT",
            "\tWDJB\nMJHT",
            "WDJB--MJHT",
            "(WDJB)(MJHT)",
            "WDJB/MJHT",
        ] {
            assert_eq!(UserCode::parse(spelling), Some(code.clone()), "{spelling}");
        }
        for other in ["WDJB-MJHS", "WDJB-MJH", "WDJB-MJHTT", "", "AEIOU"] {
            assert_ne!(UserCode::parse(other), Some(code.clone()), "{other}");
        }
    }

    #[test]
    fn d1_codes_grow_with_the_number_of_open_requests() {
        for (open, letters) in [(0, 8), (1_000, 8), (1_001, 9), (20_001, 10), (u32::MAX, 11)] {
            let code = UserCode::generate(open, &SystemRandom);
            assert_eq!(code.0.len(), letters, "{open} open");
            assert_eq!(UserCode::parse(&code.to_string()), Some(code));
        }
    }

    #[test]
    fn d1_codes_use_the_whole_alphabet_and_do_not_repeat() {
        let codes: HashSet<String> = (0..20_000)
            .map(|_| UserCode::generate(0, &SystemRandom).0)
            .collect();
        assert!(codes.len() > 19_990, "{}", codes.len());
        let letters: HashSet<char> = codes.iter().flat_map(|c| c.chars()).collect();
        assert_eq!(letters.len(), ALPHABET.len());
    }
}
