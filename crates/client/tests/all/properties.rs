//! What holds of every challenge.

use placet_client::challenge::Challenge;
use proptest::prelude::*;

proptest! {
    #[test]
    fn hostile_challenges_never_panic(text in ".{0,200}") {
        drop((Challenge::parse(&text), Challenge::parse(&format!("GNAP {text}"))));
    }

    #[test]
    fn challenges_print_as_they_were_read(
        access in prop::option::of("[ -~]{1,20}"),
        host in prop::option::of("[a-z]{1,8}"),
    ) {
        let uri = host.map(|host| format!("https://{host}.example/gnap"));
        let challenge = Challenge { as_uri: uri.clone(), access, referrer: uri };
        prop_assert_eq!(Challenge::parse(&challenge.to_string()), Some(challenge));
    }
}
