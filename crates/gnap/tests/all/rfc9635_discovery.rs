//! RFC 9635 §9: what the server says of itself, and what a resource server says.

use placet_gnap::{
    discovery::{self, AsDiscovery, RsDiscovery},
    request::{FinishMethod, StartMode},
    subject::{AssertionFormat, SubIdFormat},
};

#[test]
fn rfc9635_9_the_document_of_the_grant_endpoint() {
    let document = AsDiscovery {
        grant_request_endpoint: "https://as.example/gnap".to_owned(),
        start_modes: vec![
            StartMode::Redirect,
            StartMode::UserCode,
            StartMode::Other("pigeon".to_owned()),
        ],
        finish_methods: FinishMethod::ALL.to_vec(),
        key_proofs: vec!["httpsig"],
        sub_id_formats: vec![SubIdFormat::IssSub, SubIdFormat::Opaque],
        assertion_formats: vec![AssertionFormat::IdToken],
        key_rotation: true,
    };
    let reply = document.reply();
    let want = concat!(
        r#"{"grant_request_endpoint":"https://as.example/gnap","interaction_start_modes_supported":["redirect","user_code"],"#,
        r#""interaction_finish_methods_supported":["redirect","push"],"key_proofs_supported":["httpsig"],"#,
        r#""sub_id_formats_supported":["iss_sub","opaque"],"assertion_formats_supported":["id_token"],"key_rotation_supported":true}"#,
    );
    assert_eq!(reply.body, want.as_bytes());
    assert_eq!(reply.headers["content-type"], "application/json");
    let least = AsDiscovery {
        grant_request_endpoint: "https://as.example/gnap".to_owned(),
        ..AsDiscovery::default()
    };
    let want =
        r#"{"grant_request_endpoint":"https://as.example/gnap","key_rotation_supported":false}"#;
    assert_eq!(least.reply().body, want.as_bytes());
}

#[test]
fn rfc9767_3_1_the_document_for_resource_servers() {
    let document = RsDiscovery {
        grant_request_endpoint: "https://as.example/gnap".to_owned(),
        introspection_endpoint: Some("https://as.example/gnap/introspect".to_owned()),
        token_formats: vec!["jwt-signed"],
        resource_registration_endpoint: Some("https://as.example/gnap/resource".to_owned()),
        key_proofs: vec!["httpsig", "mtls"],
    };
    let want = concat!(
        r#"{"grant_request_endpoint":"https://as.example/gnap","introspection_endpoint":"https://as.example/gnap/introspect","#,
        r#""token_formats_supported":["jwt-signed"],"resource_registration_endpoint":"https://as.example/gnap/resource","#,
        r#""key_proofs_supported":["httpsig","mtls"]}"#,
    );
    assert_eq!(document.reply().body, want.as_bytes());
}

#[test]
fn the_payments_profile_has_a_document_of_its_own() {
    let want = concat!(
        r#"{"grant_request_endpoint":"/","interaction_start_modes_supported":["redirect"],"#,
        r#""interaction_finish_modes_supported":["redirect"]}"#,
    );
    assert_eq!(discovery::open_payments("/").body, want.as_bytes());
}
