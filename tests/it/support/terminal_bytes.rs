//! What the console may write to a terminal. Knows nothing of the product's own sanitiser, which it is to check.

/// Modes that may be switched: cursor, mouse with its encoding, alternate screen, bracketed paste, synchronized update.
const MODES: &[&str] = &["25", "1000", "1006", "1049", "2004", "2026"];
/// Ends of control sequences: place (H, G), erase (J, K), attributes (m), scroll region (r).
const FINALS: &[char] = &['H', 'G', 'J', 'K', 'm', 'r'];

/// Everything that must not be among the bytes that a terminal was sent.
pub fn complaints(bytes: &[u8]) -> Vec<String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => return vec![format!("not UTF-8 at byte {}", e.valid_up_to())],
    };
    let mut out = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match sequence(chars.as_str()) {
                Ok(after) => chars = after.chars(),
                Err(why) => out.push(why),
            },
            '\r' | '\n' => {}
            c if c.is_control() || is_invisible(c) => out.push(format!("U+{:04X}", u32::from(c))),
            _ => {}
        }
    }
    out
}

/// Bidirectional controls, and characters without width that nobody sees.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// What comes after a sequence, if it is of a known kind; it begins behind its escape.
fn sequence(text: &str) -> Result<&str, String> {
    let mut chars = text.chars();
    match chars.next() {
        Some('[') => control(chars.as_str()),
        Some(']') => link(chars.as_str()),
        // Reverse index: scrolls down at the upper margin.
        Some('M') => Ok(chars.as_str()),
        other => Err(format!("ESC {other:?}")),
    }
}

fn control(body: &str) -> Result<&str, String> {
    let end = body.find(|c| !matches!(c, '0'..='9' | ';' | ':' | '?')).ok_or("CSI without an end")?;
    let (parameters, rest) = body.split_at(end);
    let mut rest = rest.chars();
    let last = rest.next().unwrap_or_default();
    let known = match (parameters.strip_prefix('?'), last) {
        (Some(mode), 'h' | 'l') => MODES.contains(&mode),
        (None, last) => FINALS.contains(&last) && !parameters.contains('?'),
        _ => false,
    };
    if known { Ok(rest.as_str()) } else { Err(format!("CSI {parameters} {last:?}")) }
}

/// OSC 8 with nothing, or with an address of the web in plain ASCII; no other OSC.
fn link(body: &str) -> Result<&str, String> {
    let wrong = || format!("OSC {:?}", body.chars().take(40).collect::<String>());
    let (command, rest) = body.split_once("\u{1b}\\").ok_or_else(wrong)?;
    let (parameters, target) = command.strip_prefix("8;").and_then(|c| c.split_once(';')).ok_or_else(wrong)?;
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_graphic());
    let web = target.is_empty() || target.starts_with("https://") || target.starts_with("http://");
    if web && plain(target) && plain(parameters) { Ok(rest) } else { Err(wrong()) }
}

#[test]
fn what_the_console_writes_is_known() {
    for good in [
        "\u{1b}[?1049h\u{1b}[?2004h\u{1b}[?2026h\u{1b}[0m\u{1b}[2J\u{1b}[1;1H\u{1b}[1;38;5;2mpass ✓ 漢字\u{1b}[m\u{1b}[K",
        "\u{1b}[5;20r\u{1b}[20;1H\n\n\u{1b}[5;1H\u{1b}M\u{1b}[r",
        "\u{1b}]8;id=3;https://jira.example.com/browse/PAY-1\u{1b}\\PAY-1\u{1b}]8;;\u{1b}\\",
    ] {
        assert_eq!(complaints(good.as_bytes()), Vec::<String>::new(), "{good:?}");
    }
}

#[test]
fn what_a_terminal_would_obey_is_seen() {
    for bad in [
        "\u{1b}]0;owned\u{7}",
        "\u{1b}]52;c;cm0gLXJm\u{7}",
        "\u{1b}]8;;javascript:alert(1)\u{1b}\\",
        "\u{1b}]8;;file:///etc/passwd\u{1b}\\",
        "\u{1b}]8;;https://a.example/\u{202e}\u{1b}\\",
        "\u{1b}]8;;https://a.example/ never ended",
        "\u{1b}P1$tx\u{1b}\\",
        "\u{1b}_apc\u{1b}\\",
        "\u{1b}c",
        "\u{1b}(0",
        "\u{1b}[6n",
        "\u{1b}[>c",
        "\u{1b}[?1003h",
        "\u{1b}[3;1t",
        "\u{1b}[4h",
        "\u{1b}[1;2",
        "\u{9b}31m",
        "\u{85}",
        "\u{7}",
        "\u{8}",
        "\u{0}",
        "\t",
        "\u{7f}",
        "\u{202e}evil\u{202c}",
        "\u{2066}a\u{2069}",
        "\u{200f}",
        "\u{61c}",
        "a\u{200b}b",
        "a\u{200d}b",
        "\u{2060}",
        "\u{feff}",
        "\u{e0041}",
    ] {
        assert!(!complaints(bad.as_bytes()).is_empty(), "{bad:?}");
    }
    assert!(!complaints(b"ok \xff").is_empty());
    assert!(!complaints(b"\x9b31m").is_empty());
}
