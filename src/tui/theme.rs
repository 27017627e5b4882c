//! Themes: what the roles look like. The only file of the console that names colours.
//!
//! A theme is a TOML table from role to style, `"severity.high" = { fg = "red", bold = true }`. A role that is not
//! named looks like its dotted parent (`severity`), and that like `text`. Shipped themes are the files in `themes/`,
//! read by the same code as a person's own.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

macro_rules! roles {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// What a piece of the screen is, for the theme to say how it looks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Role { $($(#[$doc])* $variant),+ }

        impl Role {
            /// All roles.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The dotted name in a theme.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

roles! {
    /// Everything else.
    Text = "text",
    /// Of lesser weight.
    Muted = "text.muted",
    /// Weighty.
    Strong = "text.strong",
    /// An address that can be opened.
    Link = "text.link",
    /// The first line of the screen.
    Title = "title",
    /// Headings of columns and of parts.
    Heading = "heading",
    /// The line that the cursor is on.
    Cursor = "cursor",
    /// A marked line's sign.
    Marked = "marked",
    /// Rules and boxes.
    Border = "border",
    /// The tab that is open.
    TabOpen = "tab.open",
    /// A tab that is not.
    Tab = "tab",
    /// A key in the footer and in help.
    Key = "key",
    /// A text field.
    Field = "field",
    /// The text field that is typed into.
    FieldFocus = "field.focus",
    /// A button.
    Button = "button",
    /// The button that Enter would press.
    ButtonFocus = "button.focus",
    /// Well: passed, complete, effective.
    Good = "state.good",
    /// To be known: warned, partial.
    Warn = "state.warn",
    /// Bad: blocked, missing, refused.
    Bad = "state.bad",
    /// Under way or not known.
    Busy = "state.busy",
    /// New against the last approved release.
    New = "new",
    /// See `Severity`.
    Critical = "severity.critical",
    /// See `Severity`.
    High = "severity.high",
    /// See `Severity`.
    Medium = "severity.medium",
    /// See `Severity`.
    Low = "severity.low",
    /// See `Severity`.
    Info = "severity.info",
    /// See `Severity`.
    Unknown = "severity.unknown",
    /// A dismissed finding.
    Dismissed = "dismissed",
}

/// The shipped themes: name and text.
pub const SHIPPED: [(&str, &str); 5] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("ansi", include_str!("../../themes/ansi.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
];

/// A theme, ready to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    styles: Vec<Style>,
}

/// Why a theme could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// No shipped theme has that name.
    #[error(
        "There is no theme {0:?}. The themes are dark, light, ansi, mono and high-contrast, or the path of a file."
    )]
    NoSuchTheme(String),
    /// It is not a theme.
    #[error("The theme cannot be read: {0}")]
    Unreadable(String),
    /// A role that does not exist.
    #[error("The theme names the role {0:?}, which does not exist.")]
    NoSuchRole(String),
    /// A colour that does not exist.
    #[error("The theme gives {role} the colour {colour:?}, which is neither a name, nor a number, nor #rrggbb.")]
    NoSuchColour {
        /// The role.
        role: String,
        /// The colour as written.
        colour: String,
    },
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Look {
    fg: Option<String>,
    bg: Option<String>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    reverse: bool,
}

impl Theme {
    /// Reads a theme.
    pub fn parse(text: &str) -> Result<Self, ThemeError> {
        let looks: BTreeMap<String, Look> = toml::from_str(text)
            .map_err(|e| ThemeError::Unreadable(crate::text::block(&e.to_string()).into_owned()))?;
        let known = |name: &str| {
            Role::ALL
                .iter()
                .any(|r| r.name() == name || r.name().strip_prefix(name).is_some_and(|t| t.starts_with('.')))
        };
        let mut named = BTreeMap::new();
        for (name, look) in looks {
            if !known(&name) {
                return Err(ThemeError::NoSuchRole(crate::text::line(&name).into_owned()));
            }
            named.insert(name.clone(), style(&name, &look)?);
        }
        let styles = Role::ALL.iter().map(|role| resolve(role.name(), &named)).collect();
        Ok(Self { styles })
    }

    /// A shipped theme by name.
    pub fn shipped(name: &str) -> Result<Self, ThemeError> {
        let (_, text) = SHIPPED
            .iter()
            .find(|(n, _)| *n == name)
            .ok_or_else(|| ThemeError::NoSuchTheme(crate::text::line(name).into_owned()))?;
        Self::parse(text)
    }

    /// The theme to begin with: what was asked for by name; else `mono` where colour is not wanted; else `ansi`, which
    /// looks right on a dark and on a light background.
    pub fn choose(asked: Option<&str>, no_color: bool) -> Result<Self, ThemeError> {
        Self::shipped(asked.unwrap_or(if no_color { "mono" } else { "ansi" }))
    }

    /// How a role looks.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }
}

fn resolve(name: &str, named: &BTreeMap<String, Style>) -> Style {
    let mut at = name;
    loop {
        if let Some(style) = named.get(at) {
            return *style;
        }
        match at.rsplit_once('.') {
            Some((parent, _)) => at = parent,
            None if at == "text" => return Style::reset(),
            None => at = "text",
        }
    }
}

fn style(role: &str, look: &Look) -> Result<Style, ThemeError> {
    let mut style = Style::reset();
    if let Some(fg) = &look.fg {
        style = style.fg(colour(role, fg)?);
    }
    if let Some(bg) = &look.bg {
        style = style.bg(colour(role, bg)?);
    }
    let marks = [
        (look.bold, Modifier::BOLD),
        (look.dim, Modifier::DIM),
        (look.italic, Modifier::ITALIC),
        (look.underline, Modifier::UNDERLINED),
        (look.reverse, Modifier::REVERSED),
    ];
    Ok(marks.into_iter().filter(|(on, _)| *on).fold(style, |s, (_, m)| s.add_modifier(m)))
}

fn colour(role: &str, text: &str) -> Result<Color, ThemeError> {
    text.parse()
        .map_err(|_e| ThemeError::NoSuchColour { role: role.to_owned(), colour: crate::text::line(text).into_owned() })
}

/// The parameters of SGR for a colour, `31` or `38;2;255;0;0`; `ground`: of the background. Whether colour is wanted was
/// decided by the choice of the theme, so nothing is asked of the environment here.
pub fn sgr(colour: Color, ground: bool) -> String {
    let base = |n: u8| (if ground { n + 10 } else { n }).to_string();
    let lead = if ground { 48 } else { 38 };
    match colour {
        Color::Reset => base(39),
        Color::Black => base(30),
        Color::Red => base(31),
        Color::Green => base(32),
        Color::Yellow => base(33),
        Color::Blue => base(34),
        Color::Magenta => base(35),
        Color::Cyan => base(36),
        Color::Gray => base(37),
        Color::DarkGray => base(90),
        Color::LightRed => base(91),
        Color::LightGreen => base(92),
        Color::LightYellow => base(93),
        Color::LightBlue => base(94),
        Color::LightMagenta => base(95),
        Color::LightCyan => base(96),
        Color::White => base(97),
        Color::Indexed(i) => format!("{lead};5;{i}"),
        Color::Rgb(r, g, b) => format!("{lead};2;{r};{g};{b}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_themes_can_be_read_and_tell_the_cursor_apart() {
        for (name, _) in SHIPPED {
            let theme = Theme::shipped(name).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_ne!(theme.style(Role::Cursor), theme.style(Role::Text), "{name}");
            assert_ne!(theme.style(Role::ButtonFocus), theme.style(Role::Button), "{name}");
        }
    }

    #[test]
    fn mono_has_no_colour() {
        let mono = Theme::choose(None, true).unwrap();
        for role in Role::ALL {
            let style = mono.style(*role);
            let colourless = |c: Option<Color>| c.is_none_or(|c| c == Color::Reset);
            assert!(colourless(style.fg) && colourless(style.bg), "{}", role.name());
        }
    }

    #[test]
    fn a_role_looks_like_its_parent_and_that_like_text() {
        let theme = Theme::parse("text = { fg = 'green' }\nseverity = { fg = 'red' }\n").unwrap();
        assert_eq!(theme.style(Role::High).fg, Some(Color::Red));
        assert_eq!(theme.style(Role::Title).fg, Some(Color::Green));
        assert_eq!(theme.style(Role::Link).fg, Some(Color::Green));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(Theme::parse("severty = {}"), Err(ThemeError::NoSuchRole("severty".to_owned())));
        assert!(matches!(Theme::parse("key = { fg = 'bleu' }"), Err(ThemeError::NoSuchColour { .. })));
        assert!(matches!(Theme::parse("key = { fgg = 'blue' }"), Err(ThemeError::Unreadable(_))));
        assert!(matches!(Theme::shipped("drak"), Err(ThemeError::NoSuchTheme(_))));
    }

    #[test]
    fn a_theme_that_is_asked_for_wins_over_no_color() {
        assert_eq!(Theme::choose(Some("ansi"), true), Theme::shipped("ansi"));
    }
}
