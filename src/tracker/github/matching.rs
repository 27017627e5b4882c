//! Which alert is the one that a dismissal speaks of.

use super::wire::{Alert, Kind};
use crate::domain::dedup::normalise_path;
use crate::domain::finding::{Finding, Package};

/// The alert that an address names, if it is one of this repository:
/// `https://HOST/OWNER/NAME/security/dependabot/7` or `https://HOST/repos/OWNER/NAME/code-scanning/alerts/7`.
pub(super) fn address(text: &str, repository: &str) -> Option<(Kind, u64)> {
    let parts: Vec<&str> = text.split('/').collect();
    let kind = Kind::ALL.into_iter().find(|k| parts.contains(&k.word()))?;
    let at = parts.iter().position(|p| *p == kind.word())?;
    let number = parts.last()?.parse().ok()?;
    let before = parts.get(..at)?.strip_suffix(&["security"]).or(parts.get(..at))?;
    let (owner, name) = repository.split_once('/')?;
    match before {
        [.., o, n] if o.eq_ignore_ascii_case(owner) && n.eq_ignore_ascii_case(name) => Some((kind, number)),
        _ => None,
    }
}

/// The alerts of code scanning by rule, file and line.
pub(super) fn code_scanning(all: &[Alert], ours: &Finding) -> Vec<u64> {
    let fits = |alert: &&Alert| {
        let rule = alert.rule.as_ref().and_then(|r| r.id.as_deref()).unwrap_or_default();
        let place = alert.most_recent_instance.as_ref().and_then(|i| i.location.as_ref());
        let path = place.and_then(|p| p.path.as_deref()).map(normalise_path);
        let line = place.and_then(|p| p.start_line);
        let same_rule = !rule.is_empty() && (rule == ours.rule.raw() || is_named(ours, rule));
        let same_path = path.is_some() && path == ours.location.path.as_ref().map(|p| normalise_path(p.raw()));
        same_rule && same_path && (ours.location.line.is_none() || line == ours.location.line)
    };
    all.iter().filter(|a| a.state != "fixed").filter(fits).map(|a| a.number).collect()
}

/// The alerts of Dependabot by advisory and package, and by manifest, if one of them is in the finding's.
pub(super) fn dependabot(all: &[Alert], ours: &Finding, package: &Package) -> Vec<u64> {
    let name = package.name.raw();
    let fits = |alert: &&Alert| {
        let theirs = alert.dependency.as_ref().and_then(|d| d.package.as_ref()).and_then(|p| p.name.as_deref());
        let named = alert.security_advisory.as_ref().is_some_and(|a| a.ids().any(|id| is_named(ours, id)));
        named && theirs.is_some_and(|theirs| theirs.eq_ignore_ascii_case(name))
    };
    let fitting: Vec<&Alert> = all.iter().filter(|a| a.state != "fixed").filter(fits).collect();
    let path = ours.location.path.as_ref().map(|p| normalise_path(p.raw()));
    let is_here = |alert: &&&Alert| {
        let manifest = alert.dependency.as_ref().and_then(|d| d.manifest_path.as_deref());
        path.is_some() && manifest.map(normalise_path) == path
    };
    let here: Vec<u64> = fitting.iter().filter(is_here).map(|a| a.number).collect();
    if here.is_empty() { fitting.iter().map(|a| a.number).collect() } else { here }
}

fn is_named(ours: &Finding, id: &str) -> bool {
    ours.vulnerabilities.iter().any(|v| v.raw().eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_an_alert_of_its_own_repository_only() {
        for (text, is) in [
            ("https://github.example/acme/pay/security/dependabot/4", Some((Kind::Dependabot, 4))),
            ("https://api.github.example/repos/Acme/pay/code-scanning/alerts/42", Some((Kind::CodeScanning, 42))),
            ("https://ghe.example/api/v3/repos/acme/pay/secret-scanning/alerts/7", Some((Kind::SecretScanning, 7))),
            ("https://github.example/acme/pay/security/secret-scanning/7", Some((Kind::SecretScanning, 7))),
            ("https://github.example/acme/other/security/dependabot/4", None),
            ("https://github.example/evil/acme/pay/x/security/dependabot/4", None),
            ("https://github.example/acme/pay/issues/4", None),
            ("AYx-key", None),
        ] {
            assert_eq!(address(text, "acme/pay"), is, "{text}");
        }
    }
}
