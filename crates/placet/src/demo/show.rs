//! What the demo says: to a person in a terminal, or as JSON lines to a script.

use std::time::Duration;

use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};
use serde_json::{Map, Value, json};

use super::device::Asked;
use crate::terminal::{Style, Terminal};

/// What turns while somebody waits.
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const INDENT: &str = "  ";
/// How wide the names of claims stand.
const NAME_CHARS: usize = 10;

/// The voice of the demo.
#[derive(Clone, Copy)]
pub(super) struct Show(pub(super) Terminal);

/// A call of the protected resource, and what came back.
pub(super) struct Called {
    pub(super) url: String,
    pub(super) without_token: u16,
    pub(super) with_token: u16,
    pub(super) body: Value,
}

impl Show {
    fn say(self, text: &str) {
        if text.is_empty() {
            self.0.line("");
        } else {
            self.0.line(&format!("{INDENT}{text}"));
        }
    }

    fn strong(self, text: &str) -> String {
        self.0.paint(Style::Strong, text)
    }

    fn quiet(self, text: &str) -> String {
        self.0.paint(Style::Quiet, text)
    }

    fn accent(self, text: &str) -> String {
        self.0.paint(Style::Accent, text)
    }

    /// Link, code and QR code, and who the person is.
    pub(super) fn asked(self, asked: &Asked, username: &str, password: &str) {
        self.0.value(&json!({
            "event": "asked",
            "verification_uri": asked.verification_uri,
            "verification_uri_complete": asked.verification_uri_complete,
            "user_code": asked.user_code,
            "expires_in": asked.expires_in.as_secs(),
            "username": username,
            "password": password,
        }));
        self.say("");
        self.say(&self.strong("A television asks to see your photos. You decide."));
        self.say("");
        self.qr(&asked.verification_uri_complete);
        self.say("");
        self.step(1, "Open", &self.accent(&asked.verification_uri_complete));
        let or = format!(
            "or {} and type {}",
            asked.verification_uri,
            self.strong(&asked.user_code)
        );
        self.more(&or);
        let who = format!(
            "{} with the password {}",
            self.accent(username),
            self.accent(password)
        );
        self.step(2, "Sign in", &format!("as {who}"));
        self.step(3, "Answer", "Approve, or Deny");
        self.say("");
    }

    fn step(self, number: u8, name: &str, text: &str) {
        let number = self.quiet(&number.to_string());
        self.say(&format!("{number}  {}{text}", pad(name)));
    }

    fn more(self, text: &str) {
        self.say(&format!("   {}{text}", pad("")));
    }

    /// Half blocks: two rows of the code in each line, and a margin of two modules, which cameras read and which leaves
    /// the steps on a small screen. With colour, black on white as cameras like it; without, the
    /// terminal's own colours, inverted for the usual dark ground.
    fn qr(self, link: &str) {
        let Ok(code) = QrCode::with_error_correction_level(link, EcLevel::L) else {
            return;
        };
        let colour = self.0.has_colour();
        let (dark, light) = if colour {
            (Dense1x2::Dark, Dense1x2::Light)
        } else {
            (Dense1x2::Light, Dense1x2::Dark)
        };
        let image = code
            .render::<Dense1x2>()
            .dark_color(dark)
            .light_color(light)
            .quiet_zone(false)
            .build();
        let light = if colour { ' ' } else { '█' };
        let width = image.lines().next().map_or(0, |line| line.chars().count());
        let blank: String = std::iter::repeat_n(light, width).collect();
        for line in [blank.as_str()]
            .into_iter()
            .chain(image.lines())
            .chain([blank.as_str()])
        {
            let row = format!("{light}{light}{line}{light}{light}");
            if colour {
                self.say(&format!("   \x1b[30;107m{row}\x1b[0m"));
            } else {
                self.say(&format!("   {row}"));
            }
        }
    }

    /// The line that waits, written over itself; without a terminal it is written once.
    pub(super) fn waiting(self, tick: usize, left: Duration) {
        let time = format!("{}:{:02}", left.as_secs() / 60, left.as_secs() % 60);
        if self.0.is_interactive() {
            let spinner = SPINNER.get(tick % SPINNER.len()).copied().unwrap_or("·");
            let line = format!(
                "{INDENT}{}  Waiting for your answer, {} left {}",
                self.accent(spinner),
                self.strong(&time),
                self.quiet("(Ctrl-C stops)")
            );
            self.0.over(&line);
        } else if tick == 0 {
            self.say(&format!("Waiting for your answer, {time} left."));
        }
    }

    /// The end of the waiting line.
    pub(super) fn waited(self) {
        if self.0.is_interactive() {
            self.0.over("");
        }
    }

    /// What the played person saw at the end.
    pub(super) fn played(self, outcome: &str) {
        self.0
            .value(&json!({ "event": "answered", "outcome": outcome }));
        self.say(&format!(
            "The person was played: their page says {outcome:?}."
        ));
    }

    /// The token, decoded and checked, and what it opened.
    pub(super) fn approved(self, claims: &Map<String, Value>, alg: &str, called: &Called) {
        self.0.value(&json!({
            "event": "approved",
            "claims": claims,
            "resource": {
                "url": called.url,
                "without_token": called.without_token,
                "status": called.with_token,
                "body": called.body,
            },
        }));
        let good = self.0.paint(Style::Good, "✓");
        self.say(&format!(
            "{good}  {}",
            self.strong("Approved. The television has its token.")
        ));
        self.say("");
        let checked =
            format!("the access token, its {alg} signature checked with the server's public keys");
        self.say(&format!("   {}", self.quiet(&checked)));
        for (name, value) in claims {
            self.more_of(name, value);
        }
        self.say("");
        let url = self.accent(&called.url);
        let without = called.without_token;
        self.say(&format!("   GET {url}"));
        self.say(&format!("   {}{without}", pad("without")));
        self.say(&format!(
            "   {}{}",
            pad("with it"),
            self.0.paint(Style::Good, &called.with_token.to_string())
        ));
        let body = serde_json::to_string_pretty(&called.body).unwrap_or_default();
        for line in body.lines() {
            self.say(&format!("   {}{line}", pad("")));
        }
        self.say("");
        self.say(&format!(
            "   {}",
            self.quiet("Nothing of it stays: the demo's store is deleted.")
        ));
        self.say("");
    }

    fn more_of(self, name: &str, value: &Value) {
        let meaning = match (name, value.as_i64()) {
            ("iat" | "exp" | "auth_time", Some(seconds)) => time(seconds),
            _ => None,
        };
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let note = meaning.map(|time| format!("  {}", self.quiet(&time)));
        let name = format!("{name:NAME_CHARS$}");
        self.say(&format!(
            "   {} {text}{}",
            self.quiet(&name),
            note.unwrap_or_default()
        ));
    }

    /// One clear line for an end without a token.
    pub(super) fn ended(self, event: &str, text: &str) {
        self.0.value(&json!({ "event": event }));
        let bad = self.0.paint(Style::Bad, "✗");
        self.say(&format!("{bad}  {text}"));
    }
}

fn pad(name: &str) -> String {
    format!("{name:<NAME_CHARS$} ")
}

/// A time as people read it.
fn time(seconds: i64) -> Option<String> {
    let time = jiff::Timestamp::from_second(seconds).ok()?;
    Some(time.to_string())
}
