//! The signs that the console draws with: one table in Unicode, one in ASCII. A sign never stands without its word.

/// Which table to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GlyphSet {
    /// Signs of the Basic Multilingual Plane that every monospaced font has; no private use.
    #[default]
    Unicode,
    /// Printable ASCII alone.
    Ascii,
}

/// The signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// All is well, complete.
    pub ok: &'static str,
    /// Something to know, partial.
    pub warn: &'static str,
    /// Forbidden, failed, missing.
    pub bad: &'static str,
    /// Not known.
    pub unknown: &'static str,
    /// Under way.
    pub busy: &'static str,
    /// The line that the cursor is on.
    pub cursor: &'static str,
    /// A marked line.
    pub marked: &'static str,
    /// Not there in the last approved release.
    pub new: &'static str,
    /// Between two things of one line.
    pub dot: &'static str,
    /// A horizontal rule.
    pub rule: &'static str,
    /// A vertical rule.
    pub bar: &'static str,
    /// The corners of a box: upper left, upper right, lower left, lower right.
    pub corners: [&'static str; 4],
    /// Text was cut.
    pub cut: &'static str,
    /// Points at a place in the line above.
    pub caret: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    ok: "✓",
    warn: "!",
    bad: "✗",
    unknown: "?",
    busy: "…",
    cursor: "▸",
    marked: "●",
    new: "+",
    dot: "·",
    rule: "─",
    bar: "│",
    corners: ["┌", "┐", "└", "┘"],
    cut: "…",
    caret: "^",
};

const ASCII: Glyphs = Glyphs {
    ok: "v",
    warn: "!",
    bad: "x",
    unknown: "?",
    busy: "~",
    cursor: ">",
    marked: "*",
    new: "+",
    dot: "-",
    rule: "-",
    bar: "|",
    corners: ["+", "+", "+", "+"],
    cut: "~",
    caret: "^",
};

impl GlyphSet {
    /// The table.
    pub fn table(self) -> &'static Glyphs {
        match self {
            Self::Unicode => &UNICODE,
            Self::Ascii => &ASCII,
        }
    }

    /// By the configured word (`auto`, `unicode`, `ascii`) and, for `auto`, whether the locale is UTF-8.
    pub fn choose(word: Option<&str>, utf8: bool) -> Self {
        match word {
            Some("ascii") => Self::Ascii,
            Some("unicode") => Self::Unicode,
            _ if utf8 => Self::Unicode,
            _ => Self::Ascii,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ascii_table_is_ascii_and_every_sign_is_one_cell() {
        for (set, ascii) in [(GlyphSet::Unicode, false), (GlyphSet::Ascii, true)] {
            let g = set.table();
            let mut all = vec![g.ok, g.warn, g.bad, g.unknown, g.busy, g.cursor, g.marked, g.new, g.dot];
            all.extend([g.rule, g.bar, g.cut, g.caret]);
            all.extend(g.corners);
            for sign in all {
                assert_eq!(unicode_width::UnicodeWidthStr::width(sign), 1, "{sign}");
                assert!(!ascii || sign.is_ascii(), "{sign}");
            }
        }
    }

    #[test]
    fn auto_follows_the_locale() {
        assert_eq!(GlyphSet::choose(Some("auto"), false), GlyphSet::Ascii);
        assert_eq!(GlyphSet::choose(None, true), GlyphSet::Unicode);
        assert_eq!(GlyphSet::choose(Some("ascii"), true), GlyphSet::Ascii);
    }
}
