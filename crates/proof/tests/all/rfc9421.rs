//! RFC 9421: signatures over parts of a request, held against the vectors of its appendix B.
//!
//! The appendix signs with two algorithms that no key here has: RSA-PSS with SHA-512, which GNAP's profiles do not ask for, and HMAC,
//! which would need a shared secret. Their signature bases are compared all the same, and the cryptographic library says whether the
//! signatures stand under them. P-384 has no vector.

use aws_lc_rs::hmac;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::RSA_PSS_2048_8192_SHA512;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use placet_proof::httpsig::{
    Candidate, Component, Parameter, Plan, RequestParts, read_signatures, sign,
};
use placet_proof::{Algorithm, ProofError, PublicJwk, SigningKey};
use serde_json::Value;

use crate::keyring::key;

const VECTORS: &str = include_str!("../vectors/rfc9421.json");

/// Header field lines.
type Lines<'a> = &'a [(&'a str, &'a str)];

fn vectors() -> Value {
    serde_json::from_str(VECTORS).unwrap()
}

fn vector(section: &str) -> Value {
    let vectors = vectors();
    let mut all = vectors["vectors"].as_array().unwrap().iter();
    all.find(|vector| vector["section"] == section)
        .unwrap()
        .clone()
}

fn public(kid: &str) -> PublicJwk {
    PublicJwk::parse(vectors()["keys"][kid].to_string().as_bytes()).unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

/// The header lines of a vector with its two signature fields.
fn headers(vector: &Value) -> Vec<(&str, &str)> {
    let lines = vector["headers"].as_array().unwrap().iter();
    let mut headers: Vec<(&str, &str)> = lines
        .map(|line| (line[0].as_str().unwrap(), line[1].as_str().unwrap()))
        .collect();
    headers.push(("signature-input", text(vector, "input")));
    headers.push(("signature", text(vector, "signature")));
    headers
}

fn request<'a>(vector: &'a Value, headers: &'a [(&'a str, &'a str)]) -> RequestParts<'a> {
    RequestParts {
        method: text(vector, "method"),
        target_uri: text(vector, "target_uri"),
        headers,
    }
}

/// The signature of a vector, and its base as this crate builds it.
fn read(vector: &Value) -> (Candidate, String) {
    let headers = headers(vector);
    let request = request(vector, &headers);
    let mut candidates = read_signatures(&request).unwrap();
    let candidate = candidates.pop().unwrap();
    let base = candidate.base(&request).unwrap();
    (candidate, base)
}

fn verify(vector: &Value, label: &str) -> Result<(), ProofError> {
    let headers = headers(vector);
    let request = request(vector, &headers);
    let candidates = read_signatures(&request)?;
    let candidate = candidates
        .iter()
        .find(|candidate| candidate.label() == label)
        .unwrap();
    candidate.verify(&request, &public(candidate.params().keyid().unwrap()))
}

/// Builds the base of a request with the given list of components.
fn base(request: &RequestParts<'_>, components: &str) -> Result<String, ProofError> {
    let input = format!("sig1={components}");
    let mut headers = request.headers.to_vec();
    headers.push(("signature-input", &input));
    headers.push(("signature", "sig1=:AAAA:"));
    let request = RequestParts {
        headers: &headers,
        ..*request
    };
    read_signatures(&request)?[0].base(&request)
}

/// The lines of the base above its last one.
fn lines(request: &RequestParts<'_>, components: &str) -> Result<String, ProofError> {
    let base = base(request, components)?;
    Ok(base.rsplit_once('\n').unwrap().0.to_owned())
}

fn at(target_uri: &str) -> RequestParts<'_> {
    RequestParts {
        method: "POST",
        target_uri,
        headers: &[],
    }
}

#[test]
fn rfc9421_b_every_base_is_that_of_the_vector() {
    let vectors = vectors();
    let mut compared = 0;
    for vector in vectors["vectors"].as_array().unwrap() {
        if let (Some(want), false) = (vector["base"].as_str(), vector["scheme"] == "response") {
            assert_eq!(read(vector).1, want, "{}", vector["section"]);
            compared += 1;
        }
    }
    assert_eq!(compared, 8);
}

#[test]
fn rfc9421_b_2_1_to_3_rsa_pss_signatures_stand_under_our_bases() {
    let jwk = &vectors()["keys"]["test-key-rsa-pss"];
    let number = |name| BASE64URL_NOPAD.decode(text(jwk, name).as_bytes()).unwrap();
    for section in ["B.2.1", "B.2.2", "B.2.3"] {
        let (candidate, base) = read(&vector(section));
        let key = PublicKeyComponents {
            n: number("n"),
            e: number("e"),
        };
        let verified = key.verify(
            &RSA_PSS_2048_8192_SHA512,
            base.as_bytes(),
            candidate.signature(),
        );
        assert!(verified.is_ok(), "{section}");
    }
}

#[test]
fn rfc9421_b_2_4_ecdsa_signatures_are_two_numbers_and_status_is_no_part_of_a_request() {
    let vector = vector("B.2.4");
    let headers = headers(&vector);
    let request = request(&vector, &headers);
    let candidate = &read_signatures(&request).unwrap()[0];
    let key = public("test-key-ecc-p256");
    assert_eq!(candidate.signature().len(), 64);
    assert!(
        key.verify(text(&vector, "base").as_bytes(), candidate.signature())
            .is_ok()
    );
    assert_eq!(
        candidate.verify(&request, &key),
        Err(ProofError::BadComponent)
    );
}

#[test]
fn rfc9421_b_2_5_hmac_stands_under_our_base() {
    let (candidate, base) = read(&vector("B.2.5"));
    let vectors = vectors();
    let secret = BASE64
        .decode(text(&vectors["private"], "shared_secret").as_bytes())
        .unwrap();
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    assert!(hmac::verify(&secret, base.as_bytes(), candidate.signature()).is_ok());
}

#[test]
fn rfc9421_b_2_6_ed25519_verifies_and_signing_gives_the_same_bytes() {
    let vector = vector("B.2.6");
    assert_eq!(verify(&vector, "sig-b26"), Ok(()));
    let vectors = vectors();
    let mut pkcs8 = data_encoding::HEXLOWER
        .decode(b"302e020100300506032b657004220420")
        .unwrap();
    let seed = text(&vectors["private"], "ed25519");
    pkcs8.extend(BASE64URL_NOPAD.decode(seed.as_bytes()).unwrap());
    let key = SigningKey::from_pkcs8(Algorithm::EdDsa, &pkcs8).unwrap();
    let names = [
        "date",
        "@method",
        "@path",
        "@authority",
        "content-type",
        "content-length",
    ];
    let components = names.map(|name| Component::new(name).unwrap());
    let headers = headers(&vector);
    let plan = Plan {
        label: "sig-b26",
        components: &components,
        params: &[
            Parameter::Created(1_618_884_473),
            Parameter::KeyId("test-key-ed25519"),
        ],
    };
    let signed = sign(&key, &request(&vector, &headers), &plan).unwrap();
    assert_eq!(signed.input, text(&vector, "input"));
    assert_eq!(signed.signature, text(&vector, "signature"));
}

#[test]
fn rfc9421_b_3_signature_of_a_proxy() {
    assert_eq!(verify(&vector("B.3"), "ttrp"), Ok(()));
}

#[test]
fn rfc9421_4_3_each_of_two_signatures_is_checked_by_itself() {
    assert_eq!(verify(&vector("4.3 client"), "sig1"), Ok(()));
    let forwarded = vector("4.3 proxy");
    assert_eq!(verify(&forwarded, "proxy_sig"), Ok(()));
    // The proxy changed the authority, which the client had signed.
    assert_eq!(verify(&forwarded, "sig1"), Err(ProofError::BadSignature));
}

#[test]
fn rfc9421_b_4_what_may_change_and_what_may_not() {
    let original = vector("B.4");
    let uri = text(&original, "target_uri");
    let added = format!("{uri}&param=added");
    let date = ("date", "Fri, 15 Jul 2022 14:24:55 GMT");
    let (json, any) = (("accept", "application/json"), ("accept", "*/*"));
    let cases: [(&str, &str, &str, Lines<'_>, bool); 7] = [
        ("as it was", "GET", uri, &[date, json, any], true),
        (
            "language and query added",
            "GET",
            &added,
            &[date, json, any, ("accept-language", "en-US,en;q=0.5")],
            true,
        ),
        (
            "accept in one line",
            "GET",
            uri,
            &[("accept", "application/json, */*")],
            true,
        ),
        (
            "fields in another order",
            "GET",
            uri,
            &[json, any, date],
            true,
        ),
        ("method", "POST", uri, &[date, json, any], false),
        (
            "authority",
            "GET",
            "https://example.com/demo",
            &[date, json, any],
            false,
        ),
        ("accept turned round", "GET", uri, &[date, any, json], false),
    ];
    for (name, method, target_uri, lines, accepted) in cases {
        let mut headers = lines.to_vec();
        headers.push(("signature-input", text(&original, "input")));
        headers.push(("signature", text(&original, "signature")));
        let request = RequestParts {
            method,
            target_uri,
            headers: &headers,
        };
        let candidate = &read_signatures(&request).unwrap()[0];
        let got = candidate.verify(&request, &public("test-key-ed25519"));
        assert_eq!(got.is_ok(), accepted, "{name}");
    }
}

#[test]
fn rfc9421_2_2_derived_components() {
    let cases = [
        ("@method", "https://www.example.com/p?a=b", "POST"),
        (
            "@target-uri",
            "https://www.example.com/path?param=value",
            "https://www.example.com/path?param=value",
        ),
        ("@authority", "https://www.example.com/p", "www.example.com"),
        (
            "@authority",
            "https://WWW.Example.com:443/p",
            "www.example.com",
        ),
        ("@authority", "http://www.example.com:80", "www.example.com"),
        (
            "@authority",
            "http://www.example.com:443/",
            "www.example.com:443",
        ),
        (
            "@authority",
            "http://[2001:DB8::1]:8080/",
            "[2001:db8::1]:8080",
        ),
        ("@scheme", "HTTP://www.example.com/", "http"),
        (
            "@request-target",
            "https://www.example.com/path?p=v",
            "/path?p=v",
        ),
        ("@request-target", "https://www.example.com", "/"),
        ("@path", "https://www.example.com/path?param=value", "/path"),
        ("@path", "https://www.example.com", "/"),
        ("@path", "https://www.example.com?a", "/"),
        ("@path", "https://www.example.com/a%2Fb", "/a%2Fb"),
        (
            "@query",
            "https://www.example.com/path?param=value&foo=bar&baz=bat%2Dman",
            "?param=value&foo=bar&baz=bat%2Dman",
        ),
        (
            "@query",
            "https://www.example.com/path?queryString",
            "?queryString",
        ),
        ("@query", "https://www.example.com/path", "?"),
        ("@query", "https://www.example.com/path?", "?"),
    ];
    for (name, uri, want) in cases {
        let got = lines(&at(uri), &format!("(\"{name}\")")).unwrap();
        assert_eq!(got, format!("\"{name}\": {want}"), "{uri}");
    }
}

#[test]
fn rfc9421_2_2_8_query_parameters() {
    let plain = at("https://www.example.com/path?param=value&foo=bar&baz=batman&qux=");
    let components =
        r#"("@query-param";name="baz" "@query-param";name="qux" "@query-param";name="param")"#;
    let want = "\"@query-param\";name=\"baz\": batman\n\"@query-param\";name=\"qux\": \n\"@query-param\";name=\"param\": value";
    assert_eq!(lines(&plain, components).as_deref(), Ok(want));

    let encoded = at(
        "https://www.example.com/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace\
         &fa%C3%A7ade%22%3A%20=something",
    );
    let cases = [
        ("var", "this%20is%20a%20big%0Amultiline%20value"),
        ("bar", "with%20plus%20whitespace"),
        ("fa%C3%A7ade%22%3A%20", "something"),
    ];
    for (name, want) in cases {
        let component = format!("\"@query-param\";name=\"{name}\"");
        let got = lines(&encoded, &format!("({component})"));
        assert_eq!(got, Ok(format!("{component}: {want}")));
    }
    let refused = [
        (
            "absent",
            "https://a.example/?b=1",
            r#"("@query-param";name="a")"#,
        ),
        (
            "no query",
            "https://a.example/",
            r#"("@query-param";name="a")"#,
        ),
        (
            "twice",
            "https://a.example/?a=1&a=1",
            r#"("@query-param";name="a")"#,
        ),
        (
            "twice, spelled otherwise",
            "https://a.example/?a=1&%61=1",
            r#"("@query-param";name="a")"#,
        ),
        ("no name", "https://a.example/?a=1", r#"("@query-param")"#),
        (
            "name is a token",
            "https://a.example/?a=1",
            r#"("@query-param";name=a)"#,
        ),
        (
            "more",
            "https://a.example/?a=1",
            r#"("@query-param";name="a";sf)"#,
        ),
    ];
    for (name, uri, components) in refused {
        assert_eq!(
            base(&at(uri), components),
            Err(ProofError::BadComponent),
            "{name}"
        );
    }
}

#[test]
fn rfc9421_2_1_fields_and_their_parameters() {
    let request = RequestParts {
        headers: &[
            ("cache-control", " max-age=60"),
            ("cache-control", "   must-revalidate "),
            ("signature-key", "a=1,  b=(x   y);z"),
            ("x-empty", ""),
            ("x-letters", "ä"),
        ],
        ..at("https://as.example/")
    };
    let cases = [
        ("\"cache-control\"", "max-age=60, must-revalidate"),
        (
            "\"cache-control\";bs",
            ":bWF4LWFnZT02MA==:, :bXVzdC1yZXZhbGlkYXRl:",
        ),
        ("\"signature-key\"", "a=1,  b=(x   y);z"),
        ("\"signature-key\";sf", "a=1, b=(x y);z"),
        ("\"signature-key\";key=\"b\"", "(x y);z"),
        ("\"signature-key\";sf;key=\"b\"", "(x y);z"),
        ("\"x-empty\"", ""),
        ("\"x-letters\";bs", ":w6Q=:"),
    ];
    for (component, value) in cases {
        let got = lines(&request, &format!("({component})"));
        assert_eq!(got, Ok(format!("{component}: {value}")));
    }
}

#[test]
fn rfc9421_2_5_what_has_no_base() {
    let request = RequestParts {
        headers: &[
            ("content-type", "text/plain"),
            ("content-digest", "sha-256=:AAAA:"),
            ("x-letters", "ä"),
            ("x-lines", "a\n\"@method\": GET"),
            ("x-plain", "a=1"),
        ],
        ..at("https://as.example/p")
    };
    let cases = [
        ("absent field", r#"("date")"#),
        ("unknown derived", r#"("@host")"#),
        ("of a response", r#"("@status")"#),
        ("the params themselves", r#"("@signature-params")"#),
        ("capitals", r#"("Content-Type")"#),
        ("no name", r#"("")"#),
        ("only the sign", r#"("@")"#),
        ("twice", r#"("content-type" "content-type")"#),
        (
            "twice with parameters",
            r#"("content-digest";sf;key="sha-256" "content-digest";key="sha-256";sf)"#,
        ),
        ("req", r#"("@method";req)"#),
        ("req of a field", r#"("content-type";req)"#),
        ("tr", r#"("content-type";tr)"#),
        ("unknown parameter", r#"("content-type";x)"#),
        ("parameter of a derived", r#"("@method";sf)"#),
        ("sf and bs", r#"("content-digest";sf;bs)"#),
        ("key and bs", r#"("content-digest";key="sha-256";bs)"#),
        ("sf is false", r#"("content-digest";sf=?0)"#),
        ("sf is a number", r#"("content-digest";sf=1)"#),
        ("key is a token", r#"("content-digest";key=sha-256)"#),
        ("key of another", r#"("content-digest";key="sha-512")"#),
        ("sf of an unknown field", r#"("x-plain";sf)"#),
        ("key of an unknown field", r#"("x-plain";key="a")"#),
        ("a name is a token", r"(content-type)"),
        ("letters beyond ASCII", r#"("x-letters")"#),
        ("a line of its own", r#"("x-lines")"#),
    ];
    for (name, components) in cases {
        assert_eq!(
            base(&request, components),
            Err(ProofError::BadComponent),
            "{name}"
        );
    }
    let targets = [
        "/path",
        "https://",
        "https:///p",
        "https://user@as.example/",
        "https://as.example/#f",
        "",
    ];
    for target in targets {
        let got = base(&at(target), r#"("@authority")"#);
        assert_eq!(got, Err(ProofError::BadComponent), "{target}");
    }
    for method in ["CONNECT", "PO ST\n", " POST"] {
        let request = RequestParts {
            method,
            ..at("https://as.example/")
        };
        let got = base(&request, r#"("@request-target" "@method")"#);
        assert_eq!(got, Err(ProofError::BadComponent), "{method:?}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn rfc9421_4_labels_pair_up_and_fields_have_their_form() {
    const INPUT: &str = r#"a=("@method");created=1"#;
    const MANY: ProofError = ProofError::TooManySignatures;
    const INPUT_FORM: ProofError = ProofError::Malformed("signature-input");
    const SIGNATURE_FORM: ProofError = ProofError::Malformed("signature");
    let nine = |value: &str| {
        let members: Vec<String> = (0..9).map(|at| format!("s{at}={value}")).collect();
        members.join(",")
    };
    let (nine_inputs, nine_signatures) = (nine("()"), nine(":AAAA:"));
    let long = format!("a=(\"{}\")", "x".repeat(20_000));
    let crowd = format!("a=({})", "\"x\" ".repeat(65));
    let cases = [
        ("paired", INPUT, "a=:AAAA:", None),
        ("parameters of the signature", INPUT, "a=:AAAA:;x=1", None),
        ("unknown parameter", "a=();x=\"y\";z", "a=:AAAA:", None),
        ("input only", INPUT, "", Some(ProofError::UnpairedLabel)),
        (
            "one too many",
            INPUT,
            "a=:AAAA:, b=:AAAA:",
            Some(ProofError::UnpairedLabel),
        ),
        (
            "other label",
            INPUT,
            "b=:AAAA:",
            Some(ProofError::UnpairedLabel),
        ),
        (
            "nothing",
            "",
            "",
            Some(ProofError::MissingHeader("signature-input")),
        ),
        ("label twice", "a=(), a=()", "a=:AAAA:", Some(INPUT_FORM)),
        (
            "signature twice",
            INPUT,
            "a=:AAAA:, a=:AAAA:",
            Some(SIGNATURE_FORM),
        ),
        (
            "parameter twice",
            "a=();created=1;created=2",
            "a=:AAAA:",
            Some(INPUT_FORM),
        ),
        ("label in capitals", "A=()", "A=:AAAA:", Some(INPUT_FORM)),
        ("no list", "a=1", "a=:AAAA:", Some(INPUT_FORM)),
        ("no bytes", INPUT, "a=\"AAAA\"", Some(SIGNATURE_FORM)),
        ("list of bytes", INPUT, "a=(:AAAA:)", Some(SIGNATURE_FORM)),
        ("bare base64", INPUT, "AAAA", Some(SIGNATURE_FORM)),
        (
            "created is text",
            "a=();created=\"1\"",
            "a=:AAAA:",
            Some(INPUT_FORM),
        ),
        (
            "created is a date",
            "a=();created=@1",
            "a=:AAAA:",
            Some(INPUT_FORM),
        ),
        (
            "created has a fraction",
            "a=();created=1.5",
            "a=:AAAA:",
            Some(INPUT_FORM),
        ),
        (
            "keyid is a token",
            "a=();keyid=k1",
            "a=:AAAA:",
            Some(INPUT_FORM),
        ),
        (
            "nonce is bytes",
            "a=();nonce=:AAAA:",
            "a=:AAAA:",
            Some(INPUT_FORM),
        ),
        ("tag is a flag", "a=();tag", "a=:AAAA:", Some(INPUT_FORM)),
        ("unquoted", "a=(@method)", "a=:AAAA:", Some(INPUT_FORM)),
        (
            "nine signatures",
            &nine_inputs,
            &nine_signatures,
            Some(MANY),
        ),
        ("too long", &long, "a=:AAAA:", Some(ProofError::TooLarge)),
        (
            "too many components",
            &crowd,
            "a=:AAAA:",
            Some(ProofError::TooLarge),
        ),
    ];
    for (name, input, signature, refusal) in cases {
        let request = RequestParts {
            headers: &[("signature-input", input), ("signature", signature)],
            ..at("https://as.example/")
        };
        assert_eq!(read_signatures(&request).err(), refusal, "{name}");
    }
    let absent = read_signatures(&at("https://as.example/"));
    assert_eq!(absent, Err(ProofError::MissingHeader("signature-input")));
    let half = RequestParts {
        headers: &[("signature-input", INPUT)],
        ..at("https://as.example/")
    };
    assert_eq!(
        read_signatures(&half),
        Err(ProofError::MissingHeader("signature"))
    );
}

#[test]
fn rfc9421_4_1_signatures_may_stand_in_several_lines() {
    let request = RequestParts {
        headers: &[
            (
                "signature-input",
                r#"a=("@method");created=1;keyid="k"; nonce="n";tag="t";expires=9;alg="x""#,
            ),
            ("signature", "b=:AQID:"),
            (
                "signature-input",
                r#"b=("content-digest" "signature";sf;key="a")"#,
            ),
            ("signature", "a=:AAAA:"),
        ],
        ..at("https://as.example/")
    };
    let read = read_signatures(&request).unwrap();
    let labels: Vec<&str> = read.iter().map(Candidate::label).collect();
    assert_eq!(labels, ["a", "b"]);
    let params = read[0].params();
    assert_eq!((params.created(), params.expires()), (Some(1), Some(9)));
    assert_eq!((params.keyid(), params.nonce()), (Some("k"), Some("n")));
    assert_eq!((params.tag(), params.alg()), (Some("t"), Some("x")));
    assert_eq!(read[1].signature(), [1, 2, 3]);
    assert!(read[0].covers("@method") && !read[0].covers("@path"));
    assert!(read[1].covers("content-digest"));
    assert!(read[1].covers_member("signature", "a"));
    assert!(!read[1].covers_member("signature", "b"));
    // One member is not the whole field.
    assert!(!read[1].covers("signature"));
}

#[test]
fn rfc9421_3_2_params_count_as_received_and_as_printed() {
    let key = key(Algorithm::EdDsa);
    let received = "( \"@method\"  );created=1;  keyid=\"k\"";
    let strict = "(\"@method\");created=1;keyid=\"k\"";
    for (signed, accepted) in [(received, true), (strict, true), ("(\"@method\")", false)] {
        let base = format!("\"@method\": POST\n\"@signature-params\": {signed}");
        let signature = BASE64.encode(&key.sign(base.as_bytes()).unwrap());
        let (input, signature) = (format!("a={received}"), format!("a=:{signature}:"));
        let request = RequestParts {
            headers: &[("signature-input", &input), ("signature", &signature)],
            ..at("https://as.example/")
        };
        let candidate = &read_signatures(&request).unwrap()[0];
        let got = candidate.verify(&request, key.public_jwk());
        assert_eq!(got.is_ok(), accepted, "{signed}");
    }
}

#[test]
fn rfc9421_3_3_7_every_algorithm_signs_as_its_key_does() {
    let plan = Plan {
        label: "sig1",
        components: &[
            Component::new("@target-uri").unwrap(),
            Component::query_param("a").unwrap(),
            Component::strict("content-digest").unwrap(),
            Component::member("content-digest", "sha-256").unwrap(),
            Component::wrapped("content-type").unwrap(),
        ],
        params: &[
            Parameter::Created(1),
            Parameter::Expires(2),
            Parameter::Tag("t"),
        ],
    };
    for algorithm in Algorithm::ALL {
        let unsigned = [
            ("content-digest", "sha-256=:AAAA:"),
            ("content-type", "a/b"),
        ];
        let request = RequestParts {
            headers: &unsigned,
            ..at("https://as.example/?a=b")
        };
        let signed = sign(&key(algorithm), &request, &plan).unwrap();
        let mut headers = unsigned.to_vec();
        headers.push(("signature-input", &signed.input));
        headers.push(("signature", &signed.signature));
        let request = RequestParts {
            headers: &headers,
            ..request
        };
        let candidate = &read_signatures(&request).unwrap()[0];
        for other in Algorithm::ALL {
            let got = candidate.verify(&request, key(other).public_jwk());
            assert_eq!(got.is_ok(), other == algorithm, "{algorithm:?} {other:?}");
        }
    }
}

#[test]
fn what_has_no_form_on_the_wire_is_not_signed() {
    let key = key(Algorithm::EdDsa);
    let request = at("https://as.example/");
    let method = [Component::new("@method").unwrap()];
    let params: [(&str, &[Parameter<'_>], bool); 6] = [
        ("a", &[Parameter::Nonce("n")], true),
        ("A", &[], false),
        ("", &[], false),
        ("a", &[Parameter::KeyId("ä")], false),
        ("a", &[Parameter::Created(i64::MAX)], false),
        ("a", &[Parameter::Tag("a"), Parameter::Tag("b")], false),
    ];
    for (label, params, possible) in params {
        let plan = Plan {
            label,
            components: &method,
            params,
        };
        assert_eq!(
            sign(&key, &request, &plan).is_ok(),
            possible,
            "{label} {params:?}"
        );
    }
    for name in ["", "@", "Date", "a b", "a:", "ä", "@signature-params"] {
        assert_eq!(
            Component::new(name),
            Err(ProofError::BadComponent),
            "{name}"
        );
    }
}
