//! RFC 9635 §4.2.3: the interaction hash, right and wrong; and how the client hears of it.

use placet_gnap::{
    finish::{self, Unfinished},
    hash::{HashEncoding, HashMethod, Interaction},
};

const OWN: Interaction<'static> = Interaction {
    client_nonce: "c1-9fQe7ZtYwLrUa3Kp",
    server_nonce: "s1-Xb40VmJhT2nGd8Ro",
    interact_ref: "ir-6KpWz19NcYx5QeDs",
    grant_endpoint: "https://as.placet.example/gnap",
};
const TENANT: Interaction<'static> = Interaction {
    grant_endpoint: "http://localhost:3006/cf5fd7d3-1eb1-4041-8e43-ba45747e9e5d",
    ..OWN
};
/// The example of the specification.
const EXAMPLE: Interaction<'static> = Interaction {
    client_nonce: "VJLO6A4CATR0KRO",
    server_nonce: "MBDOFXG4Y5CVJCX821LH",
    interact_ref: "4IFWWIKYB2PQ6U56NL1",
    grant_endpoint: "https://server.example.com/tx",
};

#[test]
fn g5_rfc9635_4_2_3_known_answers_of_every_method() {
    let cases = [
        (
            EXAMPLE,
            HashMethod::Sha256,
            "x-gguKWTj8rQf7d7i3w3UhzvuJ5bpOlKyAlVpLxBffY",
        ),
        (
            EXAMPLE,
            HashMethod::Sha3512,
            "pyUkVJSmpqSJMaDYsk5G8WCvgY91l-agUPe1wgn-cc5rUtN69gPI2-S_s-Eswed8iB4PJ_a5Hg6DNi7qGgKwSQ",
        ),
        (
            OWN,
            HashMethod::Sha256,
            "A81MzIPm47FPkMO6bMuXjb-TlcRMH6T2V1KymONgzs8",
        ),
        (
            OWN,
            HashMethod::Sha384,
            "gLkndUEvFYz3boIXn4Lji-7wrMIBjaS6LR2ugH91ZtHXzb3tMEITsJ62TACS75rb",
        ),
        (
            OWN,
            HashMethod::Sha512,
            "7IobfYuagsZHn2VPsAqXNXXm1-DUtMGLdOZaoTNcz99X33hKxYwrDHA0pX6EQVidD9jvL1OEE2DvNGkCXhbYnA",
        ),
        (
            OWN,
            HashMethod::Sha3256,
            "hmt-TDsN0bG4felskh5AP5N4Yjhi3XPRbQKGR73BoYY",
        ),
        (
            OWN,
            HashMethod::Sha3512,
            "vYvFVIYm3na4mkxQNpDrovuwaYnUEnFiKGGq7V8MJXuQugAHZw3leG0Fe5uWKd8QFzZeszfPi8oZVFL1RPt1eg",
        ),
        (
            TENANT,
            HashMethod::Sha256,
            "t1vD-lG7TaaS6Jf5Nf_FQDnVKw0jlM08qtAhANyJYlA",
        ),
    ];
    for (interaction, method, want) in cases {
        let hash = interaction.hash(method, HashEncoding::Base64Url);
        assert_eq!(hash, want, "{method:?}");
    }
    // 384 bits are 64 characters in either encoding; no published answer is known.
    assert_eq!(
        OWN.hash(HashMethod::Sha3384, HashEncoding::Base64Url).len(),
        64
    );
    let padded = TENANT.hash(HashMethod::Sha256, HashEncoding::Base64);
    assert_eq!(padded, "t1vD+lG7TaaS6Jf5Nf/FQDnVKw0jlM08qtAhANyJYlA=");
}

#[test]
fn g5_another_way_to_join_the_lines_is_another_hash() {
    let right = OWN.hash(HashMethod::Sha256, HashEncoding::Base64Url);
    let wrong = [
        (
            "a line feed at the end",
            "https://as.placet.example/gnap\n",
            "KQUX8cmWzIX_0MPMQiFJ7jiAJWxMGhdJaZnOzmm4tdo",
        ),
        (
            "a slash at the end",
            "https://as.placet.example/gnap/",
            "64UY0n_ZHMjlXwSc0hTuNQPBOpzn6Qb74HJ9csJohkQ",
        ),
    ];
    for (name, grant_endpoint, other) in wrong {
        let hash = Interaction {
            grant_endpoint,
            ..OWN
        }
        .hash(HashMethod::Sha256, HashEncoding::Base64Url);
        assert_eq!(hash, other, "{name}");
        assert_ne!(hash, right, "{name}");
    }
    let carriage_returns = Interaction {
        client_nonce: "c1-9fQe7ZtYwLrUa3Kp\r",
        server_nonce: "s1-Xb40VmJhT2nGd8Ro\r",
        interact_ref: "ir-6KpWz19NcYx5QeDs\r",
        ..OWN
    };
    let hash = carriage_returns.hash(HashMethod::Sha256, HashEncoding::Base64Url);
    assert_eq!(hash, "10FLGezXSDfKLARTGou2MG8tvBsSka66liyrzKU7Is0");
    assert_ne!(hash, right);
    for swapped in [
        Interaction {
            client_nonce: OWN.server_nonce,
            server_nonce: OWN.client_nonce,
            ..OWN
        },
        Interaction {
            interact_ref: OWN.server_nonce,
            server_nonce: OWN.interact_ref,
            ..OWN
        },
    ] {
        assert_ne!(
            swapped.hash(HashMethod::Sha256, HashEncoding::Base64Url),
            right
        );
    }
}

#[test]
fn rfc9635_4_2_3_methods_go_by_their_registered_names() {
    for method in HashMethod::ALL {
        assert_eq!(HashMethod::from_name(method.name()), Some(method));
        let stored = serde_json::to_value(method).unwrap();
        assert_eq!(stored, method.name());
    }
    for name in [
        "sha-256-128",
        "sha-256-120",
        "sha3-224",
        "md5",
        "SHA-256",
        "sha256",
        "",
    ] {
        assert_eq!(HashMethod::from_name(name), None, "{name}");
    }
    assert_eq!(HashMethod::default().name(), "sha-256");
}

#[test]
fn rfc9635_4_2_1_the_query_of_the_client_stays_as_it_is_written() {
    let cases = [
        (
            "https://c.example/cb",
            "https://c.example/cb?hash=a-_b&interact_ref=r.~1",
        ),
        (
            "https://c.example/cb?",
            "https://c.example/cb?hash=a-_b&interact_ref=r.~1",
        ),
        (
            "https://c.example/cb?x=%7e+%20",
            "https://c.example/cb?x=%7e+%20&hash=a-_b&interact_ref=r.~1",
        ),
        (
            "https://c.example/cb?x=1&",
            "https://c.example/cb?x=1&hash=a-_b&interact_ref=r.~1",
        ),
        (
            "com.example.app:/cb",
            "com.example.app:/cb?hash=a-_b&interact_ref=r.~1",
        ),
    ];
    for (uri, want) in cases {
        // `~` may be written either way (RFC 3986 §2.3); the serialiser of forms escapes it.
        assert_eq!(
            finish::redirect(uri, "a-_b", "r.~1"),
            want.replace('~', "%7E").replace("%7E+", "%7e+"),
            "{uri}"
        );
    }
    let escaped = finish::redirect("https://c.example/cb", "a+/=", "r");
    assert_eq!(
        escaped,
        "https://c.example/cb?hash=a%2B%2F%3D&interact_ref=r"
    );
}

#[test]
fn rfc9635_4_2_2_a_push_holds_both() {
    let body = finish::push("a\"b", "4IFW");
    assert_eq!(body, r#"{"hash":"a\"b","interact_ref":"4IFW"}"#.as_bytes());
}

#[test]
fn g5_the_payments_profile_sets_parameters_as_browsers_do() {
    let hash = TENANT.hash(HashMethod::Sha256, HashEncoding::Base64);
    let to = finish::open_payments_redirect(
        "https://c.example/cb?a=b%20c&hash=old&hash=older",
        &hash,
        "r-1",
    );
    let want = "https://c.example/cb?a=b+c&hash=t1vD%2BlG7TaaS6Jf5Nf%2FFQDnVKw0jlM08qtAhANyJYlA%3D&interact_ref=r-1";
    assert_eq!(to.as_deref(), Some(want));
    assert_eq!(
        finish::open_payments_redirect("no address", &hash, "r-1"),
        None
    );

    let words = [
        (Unfinished::Rejected, "result=grant_rejected"),
        (Unfinished::Unanswered, "result=grant_invalid"),
        (
            Unfinished::Ended,
            "result=invalid_interaction&message=invalid+interaction",
        ),
        (
            Unfinished::Expired,
            "result=invalid_interaction&message=interaction+expired",
        ),
        (
            Unfinished::Unknown,
            "result=unknown_interaction&message=unknown+interaction",
        ),
        (
            Unfinished::Unattended,
            "result=request_denied&message=internal+server+error",
        ),
    ];
    assert_eq!(words.len(), Unfinished::ALL.len());
    for (why, query) in words {
        let to = finish::open_payments_unfinished("https://c.example/cb?s=1", why);
        assert_eq!(
            to,
            Some(format!("https://c.example/cb?s=1&{query}")),
            "{why:?}"
        );
    }
}
