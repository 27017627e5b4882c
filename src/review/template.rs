//! Templates of the configuration, filled in with what is known of a release.

use crate::domain::evidence::Reason;
use crate::domain::gate::BuildRef;
use crate::domain::release::Release;

/// Where a filled-in value will stand, which decides how it is escaped. All values come from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Inside quotes in a JQL query.
    Jql,
    /// As part of a file path.
    Path,
    /// As part of a pattern with stars.
    Pattern,
    /// As it is; the client encodes it.
    Plain,
}

/// Fills a template in. A name without a value, and a value that cannot stand there, are reasons why the evidence is
/// missing.
pub fn fill(template: &str, release: &Release, build: Option<&BuildRef>, place: Place) -> Result<String, Reason> {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        let build_number = build.map(|b| b.number.to_string());
        let value = match name {
            "version" => Some(release.version.raw()).filter(|v| !v.is_empty()),
            "commit" => release.commit.as_ref().map(crate::text::Untrusted::raw),
            "branch" => release.branch.as_ref().map(crate::text::Untrusted::raw),
            "build" => build_number.as_deref(),
            "service" => Some(release.service.as_str()),
            "environment" => Some(release.environment.as_str()),
            _ => None,
        };
        let value = value.ok_or_else(|| {
            Reason::new("not-known", format!("The run does not say its {name}, which `{template}` needs."))
        })?;
        out.push_str(&escape(value, name, template, place)?);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

fn escape(value: &str, name: &str, template: &str, place: Place) -> Result<String, Reason> {
    let refuse = |why: &str| {
        Err(Reason::new("unsafe-value", format!("The {name} of the run {why}, so `{template}` was not used with it.")))
    };
    match place {
        Place::Jql if value.chars().any(char::is_control) => refuse("has control characters"),
        Place::Jql => Ok(value.chars().fold(String::new(), |mut out, c| {
            if matches!(c, '\\' | '\'' | '"') {
                out.push('\\');
            }
            out.push(c);
            out
        })),
        Place::Path if value.contains(['/', '\\', '\0']) || value == ".." || value == "." => {
            refuse("would lead to another folder")
        }
        // It would fit what the configuration does not mean.
        Place::Pattern if value.contains('*') => refuse("has a star"),
        Place::Path | Place::Pattern | Place::Plain => Ok(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(version: &str) -> Release {
        Release {
            service: "pay".into(),
            version: version.into(),
            environment: "prod".into(),
            commit: None,
            branch: Some("main".into()),
            artifacts: vec![],
        }
    }

    #[test]
    fn values_are_filled_in() {
        let text = fill("/srv/{service}/{branch}-{version}", &release("1.2"), None, Place::Path);
        assert_eq!(text.unwrap(), "/srv/pay/main-1.2");
    }

    #[test]
    fn what_is_not_known_is_a_reason() {
        assert_eq!(fill("{commit}", &release("1"), None, Place::Path).unwrap_err().code, "not-known");
        assert_eq!(fill("{build}", &release("1"), None, Place::Plain).unwrap_err().code, "not-known");
    }

    #[test]
    fn values_cannot_break_out() {
        assert_eq!(
            fill("fixVersion = '{version}'", &release("1' OR '1"), None, Place::Jql).unwrap(),
            "fixVersion = '1\\' OR \\'1'"
        );
        assert_eq!(fill("/srv/{version}", &release("../../etc"), None, Place::Path).unwrap_err().code, "unsafe-value");
        assert_eq!(fill("/srv/{version}", &release(".."), None, Place::Path).unwrap_err().code, "unsafe-value");
        assert_eq!(
            fill("refs/tags/v{version}", &release("**"), None, Place::Pattern).unwrap_err().code,
            "unsafe-value"
        );
    }
}
