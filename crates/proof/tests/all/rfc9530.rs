//! RFC 9530: the digest of the content.

use placet_proof::{DigestAlgorithm, ProofError, content_digest, verify_content_digest};

const HELLO: &[u8] = br#"{"hello": "world"}"#;
const SHA_256: &str = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
const SHA_512: &str = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
/// The digest of no bytes at all.
const EMPTY: &str = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";

#[test]
fn rfc9530_d_sample_values() {
    assert_eq!(content_digest(DigestAlgorithm::Sha256, HELLO), SHA_256);
    assert_eq!(content_digest(DigestAlgorithm::Sha512, HELLO), SHA_512);
    assert_eq!(content_digest(DigestAlgorithm::Sha256, b""), EMPTY);
    for algorithm in DigestAlgorithm::ALL {
        let read = verify_content_digest(&content_digest(algorithm, HELLO), HELLO);
        assert_eq!(read, Ok(vec![algorithm]));
        assert_eq!(
            DigestAlgorithm::from_name(algorithm.name()),
            Some(algorithm)
        );
    }
}

#[test]
fn rfc9530_2_every_known_digest_has_to_match_and_one_has_to_be_known() {
    const MALFORMED: ProofError = ProofError::Malformed("content-digest");
    let both = format!("{SHA_256}, {SHA_512}");
    let one_wrong = format!("{EMPTY}, {SHA_512}");
    let with_unknown = format!("md5=:Sd/dVLAcvNLSq16eXua5uQ==:, {SHA_256}, sha=:AAAA:");
    let twice = format!("{SHA_256}, {SHA_256}");
    let short = "sha-256=:X48E9qOokqqrvdts8nOJRA==:";
    let as_text = SHA_256.replace(':', "\"");
    let in_capitals = SHA_256.to_uppercase();
    let url_alphabet = SHA_512.replace('+', "-").replace('/', "_");
    let long = format!("{SHA_256}, x=\"{}\"", "x".repeat(5_000));
    let cases: [(&str, &str, Result<usize, ProofError>); 16] = [
        ("one", SHA_256, Ok(1)),
        ("both", &both, Ok(2)),
        ("parameters mean nothing", &format!("{SHA_256};a=1"), Ok(1)),
        ("unknown ones beside it", &with_unknown, Ok(1)),
        ("one of two wrong", &one_wrong, Err(ProofError::WrongDigest)),
        ("of other content", EMPTY, Err(ProofError::WrongDigest)),
        ("cut short", short, Err(ProofError::WrongDigest)),
        ("only unknown", "md5=:AAAA:", Err(ProofError::UnknownDigest)),
        ("none", "", Err(ProofError::UnknownDigest)),
        ("twice", &twice, Err(MALFORMED)),
        ("a string", &as_text, Err(MALFORMED)),
        ("a list", "sha-256=(:AAAA:)", Err(MALFORMED)),
        ("capitals", &in_capitals, Err(MALFORMED)),
        ("the other alphabet", &url_alphabet, Err(MALFORMED)),
        (
            "no colons",
            "sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE",
            Err(MALFORMED),
        ),
        ("too long", &long, Err(ProofError::TooLarge)),
    ];
    for (name, value, want) in cases {
        let got = verify_content_digest(value, HELLO).map(|checked| checked.len());
        assert_eq!(got, want, "{name}");
    }
}
