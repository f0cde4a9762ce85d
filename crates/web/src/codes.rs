//! The codes of a protocol's errors, each declared once: what is sent, and what the documentation says of it.
//!
//! Which code a refusal from below becomes, and how an answer is printed, is each face's own.

/// The status of an answer, as [`codes!`](crate::codes!) names it.
pub use http::StatusCode;

/// One line of the documentation of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// The code.
    pub code: &'static str,
    /// The status it has unless an answer says otherwise.
    pub status: u16,
    /// When it comes.
    pub when: &'static str,
    /// What the caller should do.
    pub advice: &'static str,
    /// The section that defines it.
    pub spec: &'static str,
}

/// Declares the codes of a protocol as an enum. A row holds the name, the code on the wire, the name of a constant of
/// [`StatusCode`], the section, a sentence for the developer, when it comes, and what to do.
///
/// The enum has the constants `ALL` and `CATALOGUE`, both in the order of the rows, and the functions `code`, `status` and
/// `description`. `body` at the end adds a function of this name: the texts before the code, between code and sentence, and
/// after it, joined at compile time.
///
/// ```
/// placet_web::codes! {
///     /// An error of the protocol.
///     pub enum Trouble {
///         TooEarly = "too_early", BAD_REQUEST, "RFC 0000 §1", "Come again later.",
///             when "a caller comes before its time", then "wait";
///     }
///     body r#"{"error":""#, r#"","why":""#, r#""}"#;
/// }
/// assert_eq!(Trouble::TooEarly.status().as_u16(), 400);
/// assert_eq!(Trouble::TooEarly.body(), r#"{"error":"too_early","why":"Come again later."}"#);
/// assert_eq!(Trouble::CATALOGUE[0].advice, "wait");
/// ```
#[macro_export]
macro_rules! codes {
    ($(#[$about:meta])* pub enum $Error:ident {
        $($name:ident = $code:literal, $status:ident, $spec:literal, $description:literal,
          when $when:literal, then $advice:literal;)+
    }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $Error {
            $(#[doc = concat!("`", $code, "` (", $spec, "): ", $when, ".")] $name,)+
        }

        impl $Error {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// What the documentation says of each.
            pub const CATALOGUE: &[$crate::codes::CatalogueEntry] = &[$(
                $crate::codes::CatalogueEntry {
                    code: $code,
                    status: $crate::codes::StatusCode::$status.as_u16(),
                    when: $when,
                    advice: $advice,
                    spec: $spec,
                }
            ),+];

            /// The code on the wire.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The status it has unless an answer says otherwise.
            pub const fn status(self) -> $crate::codes::StatusCode {
                match self { $(Self::$name => $crate::codes::StatusCode::$status,)+ }
            }

            /// The usual description: stable, and safe to show.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => $description,)+ }
            }
        }
    };
    ($(#[$about:meta])* pub enum $Error:ident { $($rows:tt)+ }
     body $before:literal, $between:literal, $after:literal;) => {
        $crate::codes! { $(#[$about])* pub enum $Error { $($rows)+ } }
        $crate::codes! { @body $Error, $before, $between, $after; $($rows)+ }
    };
    (@body $Error:ident, $before:literal, $between:literal, $after:literal;
     $($name:ident = $code:literal, $status:ident, $spec:literal, $description:literal,
       when $when:literal, then $advice:literal;)+) => {
        impl $Error {
            /// The whole body with the usual description, made at compile time: who is told no renders nothing.
            const fn body(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($before, $code, $between, $description, $after),)+
                }
            }
        }
    };
}
