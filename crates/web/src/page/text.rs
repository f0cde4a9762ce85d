//! Text that somebody else wrote, made safe to read: what cannot be seen is marked, what looks like something else is flagged.
//!
//! Escaping against HTML is the templates' work; this module is about the reader's eyes. A name may carry characters
//! that turn the writing direction, hide, pile up, or come from another alphabet (threats C12 and H7).
//!
//! Spec: RFC 9635 §11.16; UTS #39 §5.1 and §5.2.

use std::fmt;

use serde::Serialize;
use unicode_script::{Script, UnicodeScript};

/// The longest text of a stranger that is shown, in characters, the ellipsis included.
pub const SHOWN_LENGTH_MAX: usize = 200;

/// More combining marks than this on one letter leave its line and cover other text.
const COMBINING_RUN_MAX: usize = 3;

/// Words that make a stranger's name sound like the operator of this server.
const RESERVED_WORDS: &[&str] = &[
    "placet",
    "security",
    "secure",
    "admin",
    "administrator",
    "official",
    "support",
    "helpdesk",
    "verify",
    "verification",
    "verified",
    "system",
    "account",
    "password",
    "login",
    "sicherheit",
    "konto",
    "kennwort",
    "passwort",
    "sécurité",
    "securite",
    "compte",
    "officiel",
    "offiziell",
];

/// Letters of other alphabets that a reader takes for Latin ones.
const LATIN_LOOK_ALIKES: &str = "аеорсухіјѕһԁԛԝӏАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧονυρ";

/// Text of a stranger, ready to be shown: see [`visible_text`].
///
/// The constructor does the work, so a view that holds a `Shown` cannot forget it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Shown(String);

impl Shown {
    /// The text as a reader sees it, not yet escaped for HTML.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Shown {
    fn from(raw: &str) -> Self {
        Self(visible_text(raw))
    }
}

impl From<String> for Shown {
    fn from(raw: String) -> Self {
        Self(visible_text(&raw))
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Replaces every character that hides, moves or piles up by a mark such as `⟨U+202E⟩`, and cuts at [`SHOWN_LENGTH_MAX`].
///
/// ```
/// use placet_web::page::visible_text;
///
/// assert_eq!(visible_text("moc.live\u{202e}"), "moc.live⟨U+202E⟩");
/// assert_eq!(visible_text("Photo frame"), "Photo frame");
/// ```
pub fn visible_text(raw: &str) -> String {
    let mut shown = String::new();
    let mut length = 0;
    let mut combining_run = 0;
    for character in raw.chars() {
        combining_run = if character.script() == Script::Inherited {
            combining_run + 1
        } else {
            0
        };
        let piece = if is_invisible(character) || combining_run > COMBINING_RUN_MAX {
            format!("⟨U+{:04X}⟩", u32::from(character))
        } else {
            character.to_string()
        };
        let piece_length = piece.chars().count();
        // One place stays free for the ellipsis; the cut is noticed one character late and repaired below.
        if length + piece_length > SHOWN_LENGTH_MAX {
            let kept: String = shown.chars().take(SHOWN_LENGTH_MAX - 1).collect();
            return format!("{kept}…");
        }
        length += piece_length;
        shown.push_str(&piece);
    }
    shown
}

/// Characters with no picture of their own, or that change how their neighbours are drawn.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            // Direction: marks, embeddings, overrides, isolates.
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{206F}'
            // Zero width, fillers and invisible operators.
            | '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2065}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
            // Line and paragraph separators, interlinear notes, variation selectors that change no emoji.
            | '\u{2028}' | '\u{2029}' | '\u{FE00}'..='\u{FE0D}' | '\u{FFF0}'..='\u{FFFB}'
            // Private use (drawn as whatever a font likes), tags and further selectors.
            | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{E0FFF}' | '\u{F0000}'..='\u{10FFFF}'
        )
}

/// The name a client gave itself, with what a reader should be warned about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientName {
    /// The name, made visible.
    pub text: Shown,
    /// Its first letter or digit, for the tile drawn in place of a remote picture; empty when it has none.
    pub initial: String,
    /// What to warn about, in the order to show; empty for an honest name.
    pub marks: Vec<NameMark>,
    /// Whether nothing but the asker's own word stands behind it (RFC 9635 §2.3.2). `called(name)` says so wherever the
    /// name is said.
    pub only_said: bool,
}

/// Why a name may deceive (threat H7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameMark {
    /// It mixes alphabets that no single language mixes.
    MixedScripts,
    /// A word of it is written in another alphabet with letters that all look Latin.
    LookAlike,
    /// It carries characters that are shown as marks.
    HiddenCharacters,
    /// It uses a word that only the operator of this server should use.
    ReservedWord,
}

impl ClientName {
    /// Judges `raw`; `operator` holds further names a stranger must not use, such as the theme's own.
    pub fn new(raw: &str, operator: &[&str]) -> Self {
        let lowered = raw.to_lowercase();
        let is_word = |word: &&str| {
            lowered
                .split(|c: char| !c.is_alphanumeric())
                .any(|part| part == *word)
        };
        let is_operator =
            |name: &&str| !name.trim().is_empty() && lowered.contains(&name.trim().to_lowercase());
        let findings = [
            (NameMark::MixedScripts, mixes_scripts(raw)),
            (
                NameMark::LookAlike,
                raw.split(|c: char| !c.is_alphabetic()).any(looks_latin),
            ),
            (NameMark::HiddenCharacters, raw.chars().any(is_invisible)),
            (
                NameMark::ReservedWord,
                RESERVED_WORDS.iter().any(is_word) || operator.iter().any(is_operator),
            ),
        ];
        Self {
            text: Shown::from(raw),
            initial: raw
                .chars()
                .find(|c| c.is_alphanumeric())
                .map(|c| c.to_uppercase().collect())
                .unwrap_or_default(),
            marks: findings
                .into_iter()
                .filter_map(|(mark, found)| found.then_some(mark))
                .collect(),
            only_said: false,
        }
    }
}

impl From<&str> for ClientName {
    fn from(raw: &str) -> Self {
        Self::new(raw, &[])
    }
}

/// UTS #39 §5.2, 'highly restrictive': one script, or Latin with the sets that Japanese, Chinese and Korean write with.
fn mixes_scripts(raw: &str) -> bool {
    const JAPANESE: &[Script] = &[
        Script::Latin,
        Script::Han,
        Script::Hiragana,
        Script::Katakana,
    ];
    const CHINESE: &[Script] = &[Script::Latin, Script::Han, Script::Bopomofo];
    const KOREAN: &[Script] = &[Script::Latin, Script::Han, Script::Hangul];
    let mut scripts: Vec<Script> = Vec::new();
    for script in raw.chars().map(|c| c.script()) {
        if !matches!(script, Script::Common | Script::Inherited | Script::Unknown)
            && !scripts.contains(&script)
        {
            scripts.push(script);
        }
    }
    let written_in = |set: &&[Script]| scripts.iter().all(|script| set.contains(script));
    scripts.len() > 1 && ![JAPANESE, CHINESE, KOREAN].iter().any(written_in)
}

/// A word without a Latin letter that reads as Latin.
fn looks_latin(word: &str) -> bool {
    word.chars().count() > 1
        && word
            .chars()
            .all(|letter| LATIN_LOOK_ALIKES.contains(letter))
}

#[cfg(test)]
mod tests {
    use super::{ClientName, NameMark, SHOWN_LENGTH_MAX, visible_text};

    #[test]
    fn c12_hidden_characters_become_marks() {
        let cases = [
            ("override", "a\u{202e}b", "a⟨U+202E⟩b"),
            ("isolate", "\u{2066}x\u{2069}", "⟨U+2066⟩x⟨U+2069⟩"),
            ("zero width", "pay\u{200b}pal", "pay⟨U+200B⟩pal"),
            ("control", "a\0b\nc", "a⟨U+0000⟩b⟨U+000A⟩c"),
            ("tag", "a\u{e0041}", "a⟨U+E0041⟩"),
            (
                "pile",
                "e\u{301}\u{301}\u{301}\u{301}",
                "e\u{301}\u{301}\u{301}⟨U+0301⟩",
            ),
            ("plain", "Müller & Söhne – фото", "Müller & Söhne – фото"),
        ];
        for (name, input, want) in cases {
            assert_eq!(visible_text(input), want, "{name}");
        }
    }

    #[test]
    fn c12_long_text_is_cut_with_an_ellipsis() {
        let exact = "x".repeat(SHOWN_LENGTH_MAX);
        assert_eq!(visible_text(&exact), exact);
        for hostile in ["x".repeat(65_536), "\u{202e}".repeat(65_536)] {
            let shown = visible_text(&hostile);
            assert!(
                shown.ends_with('…') && shown.chars().count() <= SHOWN_LENGTH_MAX,
                "{shown}"
            );
        }
    }

    #[test]
    fn h7_names_that_deceive_are_flagged() {
        let cases: [(&str, &[NameMark]); 8] = [
            ("Photo frame", &[]),
            ("写真フレーム Pro", &[]),
            ("Фоторамка", &[]),
            ("Pаypal", &[NameMark::MixedScripts]),
            ("раурау", &[NameMark::LookAlike]),
            ("Photo\u{200b}frame", &[NameMark::HiddenCharacters]),
            ("Security check", &[NameMark::ReservedWord]),
            ("ACME bank cards", &[NameMark::ReservedWord]),
        ];
        for (raw, want) in cases {
            assert_eq!(ClientName::new(raw, &["Acme Bank"]).marks, want, "{raw}");
        }
    }
}
