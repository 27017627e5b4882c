//! Templates: text with `{version}` and the like, filled in from a release.

use super::error::meant;

/// What can stand in braces.
pub const FIELDS: [&str; 6] = ["version", "commit", "branch", "build", "service", "environment"];

/// A piece of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text as it stands.
    Text(&'a str),
    /// A field, by its name; one of [`FIELDS`].
    Field(&'a str),
}

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// A full sentence: unknown field, or a brace without its other.
    #[error("{0}")]
    Malformed(String),
    /// The release has no such field.
    #[error("The release has no {0}, which the template needs.")]
    Missing(String),
}

/// Takes a template apart.
pub fn parse(template: &str) -> Result<Vec<Piece<'_>>, BadTemplate> {
    let lone =
        || BadTemplate::Malformed("A brace stands alone: fields are written {version}, {commit} and so on.".to_owned());
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(lone)?;
        if before.contains('}') {
            return Err(lone());
        }
        if !FIELDS.contains(&name) {
            let shown = crate::text::line(name);
            return Err(BadTemplate::Malformed(format!("There is no field {{{shown}}}. {}", meant(name, FIELDS))));
        }
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Field(name));
        rest = after;
    }
    if rest.contains('}') {
        return Err(lone());
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

/// Fills a template. `value` gives a field's value, escaped as its place needs it, or `None` if the release has none:
/// then there is no result, for a template that is filled by half asks for something else.
pub fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, BadTemplate> {
    let mut out = String::new();
    for piece in parse(template)? {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Field(name) => out.push_str(&value(name).ok_or_else(|| BadTemplate::Missing(name.to_owned()))?),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_filled_in_once() {
        let value = |name: &str| match name {
            "version" => Some("1.4 {commit}".to_owned()),
            "service" => Some("pay".to_owned()),
            _ => None,
        };
        assert_eq!(fill("{service}/v{version}{service}!", value).unwrap(), "pay/v1.4 {commit}pay!");
        assert_eq!(fill("plain", value).unwrap(), "plain");
        assert_eq!(fill("{service}/{branch}", value), Err(BadTemplate::Missing("branch".to_owned())));
    }

    #[test]
    fn what_is_no_template_is_told() {
        assert!(parse("a {versoin}").unwrap_err().to_string().contains("\"version\""));
        for bad in ["a {version", "a } b", "{version}}", "}{version}", "{"] {
            assert!(parse(bad).unwrap_err().to_string().contains("alone"), "{bad}");
        }
        assert!(parse("{}").is_err());
        assert!(parse("{{version}}").is_err());
    }
}
