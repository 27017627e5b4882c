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

/// The names of the shipped themes.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// What the terminal's background is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// Dark.
    Dark,
    /// Light.
    Light,
}

impl Background {
    /// What the environment tells; `variable` gives a variable that is set and not empty.
    ///
    /// The terminal itself is not asked (OSC 11): its answer comes among the keys, and over a slow line so late that it
    /// would be taken for some. COLORFGBG is believed only of a terminal on this machine: inside of tmux or screen it
    /// is that of another one. The themes for a known background have 24-bit colours, so a terminal that does not say
    /// that it has them is left with its own sixteen.
    pub fn told<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let elsewhere =
            ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "TMUX", "STY"].iter().any(|v| variable(v).is_some());
        let dumb = variable("TERM").is_none_or(|t| t == "dumb");
        let true_colour = variable("COLORTERM").is_some_and(|c| c == "truecolor" || c == "24bit");
        if elsewhere || dumb || !true_colour {
            return None;
        }
        // `fg;bg`, or `fg;default;bg`, in the numbers of the sixteen colours: 7 and the bright ones but grey are light.
        let background = variable("COLORFGBG")?.rsplit(';').next()?.parse::<u8>().ok()?;
        match background {
            0..=6 | 8 => Some(Self::Dark),
            7 | 9..=15 => Some(Self::Light),
            _ => None,
        }
    }
}

/// A theme, ready to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    /// Its name; of a person's own, its path.
    pub name: String,
    styles: Vec<Style>,
}

/// Why a theme could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// No shipped theme has that name.
    #[error(
        "There is no theme {0:?}. The themes are auto, dark, light, ansi, mono and high-contrast, or the path of a file."
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
    pub fn parse(name: &str, text: &str) -> Result<Self, ThemeError> {
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
        Ok(Self { name: name.to_owned(), styles })
    }

    /// A shipped theme by name.
    pub fn shipped(name: &str) -> Result<Self, ThemeError> {
        let (_, text) = SHIPPED
            .iter()
            .find(|(n, _)| *n == name)
            .ok_or_else(|| ThemeError::NoSuchTheme(crate::text::line(name).into_owned()))?;
        Self::parse(name, text)
    }

    /// The theme to begin with: what was asked for by name; else `mono` where colour is not wanted; else, if `auto` was
    /// asked for, the one for the background; else `ansi`, which looks right on a dark and on a light background.
    pub fn choose(asked: Option<&str>, no_color: bool, background: Option<Background>) -> Result<Self, ThemeError> {
        let name = match (asked, background) {
            (Some(name), _) if name != "auto" => name,
            _ if no_color => "mono",
            (Some(_), Some(Background::Dark)) => "dark",
            (Some(_), Some(Background::Light)) => "light",
            _ => "ansi",
        };
        Self::shipped(name)
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
        let mono = Theme::choose(None, true, None).unwrap();
        for role in Role::ALL {
            let style = mono.style(*role);
            let colourless = |c: Option<Color>| c.is_none_or(|c| c == Color::Reset);
            assert!(colourless(style.fg) && colourless(style.bg), "{}", role.name());
        }
    }

    #[test]
    fn a_role_looks_like_its_parent_and_that_like_text() {
        let theme = Theme::parse("own", "text = { fg = 'green' }\nseverity = { fg = 'red' }\n").unwrap();
        assert_eq!(theme.style(Role::High).fg, Some(Color::Red));
        assert_eq!(theme.style(Role::Title).fg, Some(Color::Green));
        assert_eq!(theme.style(Role::Link).fg, Some(Color::Green));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(Theme::parse("own", "severty = {}"), Err(ThemeError::NoSuchRole("severty".to_owned())));
        assert!(matches!(Theme::parse("own", "key = { fg = 'bleu' }"), Err(ThemeError::NoSuchColour { .. })));
        assert!(matches!(Theme::parse("own", "key = { fgg = 'blue' }"), Err(ThemeError::Unreadable(_))));
        assert!(matches!(Theme::shipped("drak"), Err(ThemeError::NoSuchTheme(_))));
    }

    #[test]
    fn a_theme_that_is_asked_for_wins_over_no_color() {
        assert_eq!(Theme::choose(Some("ansi"), true, None), Theme::shipped("ansi"));
    }

    #[test]
    fn auto_goes_by_what_is_told_and_never_by_a_guess() {
        let told = |variables: &[(&str, &'static str)]| {
            Background::told(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| *v))
        };
        let here = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];
        let with = |more: &[(&'static str, &'static str)]| told(&[&here[..], more].concat());
        assert_eq!(with(&[("COLORFGBG", "15;0")]), Some(Background::Dark));
        assert_eq!(with(&[("COLORFGBG", "0;15")]), Some(Background::Light));
        assert_eq!(with(&[("COLORFGBG", "0;default;15")]), Some(Background::Light));
        assert_eq!(with(&[("COLORFGBG", "15;default")]), None);
        assert_eq!(with(&[]), None);
        for elsewhere in ["SSH_CONNECTION", "SSH_TTY", "TMUX", "STY"] {
            assert_eq!(with(&[("COLORFGBG", "15;0"), (elsewhere, "x")]), None, "{elsewhere}");
        }
        assert_eq!(told(&[("TERM", "dumb"), ("COLORTERM", "truecolor"), ("COLORFGBG", "15;0")]), None);
        assert_eq!(told(&[("TERM", "xterm"), ("COLORFGBG", "15;0")]), None, "no 24-bit colours");

        let name = |asked, no_color, background| Theme::choose(asked, no_color, background).unwrap().name;
        assert_eq!(name(Some("auto"), false, Some(Background::Light)), "light");
        assert_eq!(name(Some("auto"), false, None), "ansi");
        assert_eq!(name(Some("auto"), true, Some(Background::Dark)), "mono");
        assert_eq!(name(None, false, Some(Background::Dark)), "ansi", "only when it was asked for");
    }
}
