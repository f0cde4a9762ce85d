//! The operator's look: a name, a logo and colours, turned into a style sheet of custom properties.
//!
//! Colours never reach the page as inline style. Text must be readable on its ground (refused otherwise); the accent is
//! darkened or lightened where it is used as text, and text on the accent is chosen black or white.
//!
//! Spec: WCAG 2.2 §1.4.3 (text 4.5:1) and §1.4.11 (controls 3:1).

use std::fmt::Write as _;

use super::PageError;
use super::colour::Colour;

/// WCAG 2.2 §1.4.3: the least contrast of text and its ground.
pub const TEXT_CONTRAST_MIN: f64 = 4.5;
/// WCAG 2.2 §1.4.11: the least contrast of a control's border and its ground.
const CONTROL_CONTRAST_MIN: f64 = 3.0;

/// The operator's look.
#[derive(Debug, Clone)]
pub struct Theme {
    /// The name shown at the top of each page and in its title.
    pub name: String,
    /// The picture beside the name; absent shows Placet's mark.
    pub logo: Option<Logo>,
    /// Colours by day.
    pub light: Scheme,
    /// Colours by night.
    pub dark: Scheme,
}

impl Default for Theme {
    fn default() -> Self {
        Self {
            name: "Placet".to_owned(),
            logo: None,
            light: Scheme::LIGHT,
            dark: Scheme::DARK,
        }
    }
}

/// A picture, served from this origin.
#[derive(Debug, Clone)]
pub struct Logo {
    /// Its kind.
    pub format: LogoFormat,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The kinds of picture a logo may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoFormat {
    /// `image/svg+xml`
    Svg,
    /// `image/png`
    Png,
    /// `image/jpeg`
    Jpeg,
    /// `image/webp`
    Webp,
}

impl LogoFormat {
    /// The kind a file name's ending says.
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "svg" => Some(Self::Svg),
            "png" => Some(Self::Png),
            "jpg" | "jpeg" => Some(Self::Jpeg),
            "webp" => Some(Self::Webp),
            _ => None,
        }
    }

    /// File ending and media type.
    pub(super) const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Svg => ("svg", "image/svg+xml"),
            Self::Png => ("png", "image/png"),
            Self::Jpeg => ("jpg", "image/jpeg"),
            Self::Webp => ("webp", "image/webp"),
        }
    }
}

/// The colours of one scheme; the rest is derived from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheme {
    /// The ground of the page.
    pub page: Colour,
    /// The ground of the card.
    pub surface: Colour,
    /// Text.
    pub text: Colour,
    /// Buttons, links and focus.
    pub accent: Colour,
}

impl Scheme {
    /// Placet's colours by day.
    pub const LIGHT: Self = Self {
        page: Colour::rgb(0xF3, 0xF1, 0xEB),
        surface: Colour::rgb(0xFF, 0xFE, 0xFB),
        text: Colour::rgb(0x1D, 0x1F, 0x1B),
        accent: Colour::rgb(0x14, 0x5C, 0x4A),
    };
    /// Placet's colours by night.
    pub const DARK: Self = Self {
        page: Colour::rgb(0x10, 0x13, 0x11),
        surface: Colour::rgb(0x1A, 0x1E, 0x1B),
        text: Colour::rgb(0xEC, 0xEB, 0xE4),
        accent: Colour::rgb(0x7F, 0xD0, 0xB3),
    };

    /// Refuses text that cannot be read on the page or the card.
    fn check(&self, scheme: &'static str) -> Result<(), PageError> {
        for (ground, colour) in [("page", self.page), ("surface", self.surface)] {
            let contrast = self.text.contrast(colour);
            if contrast < TEXT_CONTRAST_MIN {
                return Err(PageError::Contrast {
                    scheme,
                    ground,
                    contrast,
                });
            }
        }
        Ok(())
    }

    /// The custom properties of this scheme.
    fn properties(&self, signals: &Signals) -> String {
        let grounds = [self.page, self.surface];
        let mut css = String::new();
        let mut set = |name: &str, colour: Colour| {
            // Writing to a string cannot fail.
            let _infallible = write!(css, "--{name}:{colour};");
        };
        set("page", self.page);
        set("surface", self.surface);
        set("text", self.text);
        set(
            "muted",
            self.text
                .mix(self.surface, 0.32)
                .readable_on(&grounds, self.text, TEXT_CONTRAST_MIN),
        );
        set("line", self.text.mix(self.surface, 0.86));
        set(
            "control",
            self.text.mix(self.surface, 0.45).readable_on(
                &grounds,
                self.text,
                CONTROL_CONTRAST_MIN,
            ),
        );
        set("accent", self.accent);
        let on_accent = Colour::best_on(self.accent);
        let away = if on_accent == Colour::WHITE {
            Colour::BLACK
        } else {
            Colour::WHITE
        };
        set("on-accent", on_accent);
        set("accent-hover", self.accent.mix(away, 0.16));
        let tint = self.accent.mix(self.surface, 0.91);
        let sunk = self.page.mix(self.surface, 0.4);
        set("tint", tint);
        set("sunk", sunk);
        set(
            "accent-text",
            self.accent.readable_on(
                &[self.page, self.surface, tint, sunk],
                self.text,
                TEXT_CONTRAST_MIN,
            ),
        );
        for (name, signal) in [
            ("good", signals.good),
            ("warn", signals.warn),
            ("bad", signals.bad),
        ] {
            let ground = signal.mix(self.surface, 0.89);
            set(&format!("{name}-ground"), ground);
            set(&format!("{name}-line"), signal.mix(self.surface, 0.6));
            set(
                &format!("{name}-text"),
                signal.readable_on(&[ground, self.surface], self.text, TEXT_CONTRAST_MIN),
            );
        }
        css
    }
}

/// Colours that mean something and so do not follow the operator's.
struct Signals {
    good: Colour,
    warn: Colour,
    bad: Colour,
}

const DAY_SIGNALS: Signals = Signals {
    good: Colour::rgb(0x1B, 0x7A, 0x4B),
    warn: Colour::rgb(0x9A, 0x62, 0x00),
    bad: Colour::rgb(0xB3, 0x2D, 0x23),
};
const NIGHT_SIGNALS: Signals = Signals {
    good: Colour::rgb(0x6F, 0xD3, 0x9B),
    warn: Colour::rgb(0xEF, 0xBE, 0x63),
    bad: Colour::rgb(0xF3, 0x8D, 0x80),
};

impl Theme {
    /// The style sheet that carries the colours.
    ///
    /// # Errors
    /// `Contrast` when text cannot be read on the page or the card.
    pub(super) fn style_sheet(&self) -> Result<String, PageError> {
        self.light.check("light")?;
        self.dark.check("dark")?;
        Ok(format!(
            ":root{{{}}}\n@media (prefers-color-scheme: dark){{:root{{{}}}}}\n",
            self.light.properties(&DAY_SIGNALS),
            self.dark.properties(&NIGHT_SIGNALS),
        ))
    }

    /// What an operator should know about the chosen colours; empty when all are used as given.
    pub fn advice(&self) -> Vec<String> {
        let mut advice = Vec::new();
        for (name, scheme) in [("light", &self.light), ("dark", &self.dark)] {
            let contrast = scheme.accent.contrast(scheme.surface);
            if contrast < TEXT_CONTRAST_MIN {
                advice.push(format!(
                    "theme.{name}.accent has a contrast of {contrast:.1} to the card, less than {TEXT_CONTRAST_MIN}: \
                     links and marks use a stronger shade of it"
                ));
            }
        }
        advice
    }
}

#[cfg(test)]
mod tests {
    use super::{Colour, PageError, Scheme, TEXT_CONTRAST_MIN, Theme};

    /// The value of one custom property in the first scheme of a sheet.
    fn property(sheet: &str, name: &str) -> Colour {
        let (_, rest) = sheet
            .split_once(&format!("--{name}:"))
            .expect("the property is set");
        let (value, _) = rest
            .split_once(';')
            .expect("a property ends with a semicolon");
        Colour::parse(value).expect("colours are printed as they are parsed")
    }

    #[test]
    fn wcag22_1_4_3_every_accent_gives_readable_text() {
        for red in (0..=255).step_by(51) {
            for green in (0..=255).step_by(51) {
                for blue in (0..=255).step_by(51) {
                    let accent = Colour::rgb(red, green, blue);
                    let mut theme = Theme::default();
                    theme.light.accent = accent;
                    let sheet = theme
                        .style_sheet()
                        .expect("text and grounds are the defaults");
                    for (text, ground) in [
                        ("accent-text", "surface"),
                        ("accent-text", "page"),
                        ("accent-text", "tint"),
                        ("on-accent", "accent"),
                        ("muted", "surface"),
                        ("muted", "page"),
                        ("warn-text", "warn-ground"),
                        ("bad-text", "bad-ground"),
                        ("good-text", "good-ground"),
                    ] {
                        let contrast = property(&sheet, text).contrast(property(&sheet, ground));
                        assert!(
                            contrast >= TEXT_CONTRAST_MIN,
                            "{text} on {ground} with {accent}: {contrast}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn wcag22_1_4_3_unreadable_text_is_refused() {
        let grey = Colour::parse("#999").expect("a valid colour");
        let theme = Theme {
            light: Scheme {
                text: grey,
                ..Scheme::LIGHT
            },
            ..Theme::default()
        };
        assert!(matches!(
            theme.style_sheet(),
            Err(PageError::Contrast {
                scheme: "light",
                ..
            })
        ));
    }

    #[test]
    fn an_accent_too_pale_for_text_is_told_to_the_operator() {
        assert!(Theme::default().advice().is_empty());
        let mut theme = Theme::default();
        theme.light.accent = Colour::rgb(0xFF, 0x9E, 0x2C);
        let advice = theme.advice();
        assert!(
            advice.len() == 1 && advice[0].starts_with("theme.light.accent"),
            "{advice:?}"
        );
    }
}
