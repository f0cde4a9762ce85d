//! RFC 7636: Proof Key for Code Exchange.

use placet_proof::{CodeChallenge, CodeVerifier, ProofError};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[test]
fn rfc7636_b_example_verifies() {
    let challenge = CodeChallenge::parse(Some("S256"), CHALLENGE).unwrap();
    let verifier = CodeVerifier::parse(VERIFIER).unwrap();
    assert_eq!(challenge.verify(&verifier), Ok(()));
    assert_eq!(challenge.to_string(), CHALLENGE);
    assert_eq!(verifier.challenge(), challenge);
}

#[test]
fn rfc7636_4_6_every_changed_character_is_refused() {
    let challenge = CodeChallenge::parse(Some("S256"), CHALLENGE).unwrap();
    for position in 0..VERIFIER.len() {
        let mut text = VERIFIER.as_bytes().to_vec();
        text[position] = if text[position] == b'a' { b'b' } else { b'a' };
        let verifier = CodeVerifier::parse(std::str::from_utf8(&text).unwrap()).unwrap();
        assert_eq!(
            challenge.verify(&verifier),
            Err(ProofError::WrongVerifier),
            "position {position}"
        );
    }
}

#[test]
fn a4_plain_challenge_equal_to_its_verifier_is_refused() {
    assert_eq!(
        CodeChallenge::parse(Some("plain"), VERIFIER),
        Err(ProofError::WrongChallengeMethod)
    );
    // The same string under S256 is a challenge, but not one that this verifier hashes to.
    let challenge = CodeChallenge::parse(Some("S256"), VERIFIER).unwrap();
    let verifier = CodeVerifier::parse(VERIFIER).unwrap();
    assert_eq!(challenge.verify(&verifier), Err(ProofError::WrongVerifier));
}
