//! Which of a product's findings is the one that a dismissal speaks of.

use super::wire::Finding;
use crate::domain::dedup::normalise_path;
use crate::domain::finding::{self, Package};
use crate::text::Untrusted;

/// By what the server is asked, so that it need not give all: a filter that looks for a part of the field.
pub(super) fn narrow(finding: &finding::Finding) -> (&'static str, String) {
    match (&finding.package, &finding.location.path) {
        (Some(package), _) if !finding.vulnerabilities.is_empty() => ("component_name", last(package).to_owned()),
        (_, Some(path)) if !path.raw().contains("://") => ("file_path", file(path.raw()).to_owned()),
        _ => ("title", finding.title.raw().to_owned()),
    }
}

/// Those that fit best: by the tool's own id, or else by what they say.
pub(super) fn best(all: Vec<Finding>, ours: &finding::Finding) -> Vec<Finding> {
    let natives: Vec<&str> = ours.sources.iter().filter_map(|s| s.native_id.as_ref()).map(Untrusted::raw).collect();
    let own = |f: &Finding| f.unique_id_from_tool.as_deref().is_some_and(|id| natives.contains(&id));
    if all.iter().any(own) {
        return all.into_iter().filter(own).collect();
    }
    all.into_iter().filter(|f| is_same(f, ours)).collect()
}

fn is_same(theirs: &Finding, ours: &finding::Finding) -> bool {
    if let Some(package) = ours.package.as_deref().filter(|_| !ours.vulnerabilities.is_empty()) {
        return is_named(theirs, ours) && is_in(theirs, package);
    }
    let same_path = match (&theirs.file_path, &ours.location.path) {
        (Some(theirs), Some(ours)) => normalise_path(theirs) == normalise_path(ours.raw()),
        (None, None) => true,
        _ => false,
    };
    let same_line = theirs.line.is_none() || ours.location.line.is_none() || theirs.line == ours.location.line;
    let rule = ours.rule.raw();
    let says_rule = |text: &str| {
        !rule.is_empty() && text.split(|c: char| c.is_whitespace() || ",|".contains(c)).any(|word| is_rule(word, rule))
    };
    let titled = theirs.title.trim().eq_ignore_ascii_case(ours.title.raw().trim());
    let ruled = theirs.vuln_id_from_tool.as_deref().is_some_and(says_rule);
    same_path && same_line && (titled || ruled)
}

/// `B602`, or with the rule's name before it: `subprocess_popen:B602`.
fn is_rule(word: &str, rule: &str) -> bool {
    word == rule || word.strip_suffix(rule).is_some_and(|before| before.ends_with(':'))
}

fn is_named(theirs: &Finding, ours: &finding::Finding) -> bool {
    let ids = theirs.vulnerability_ids.iter().map(|v| v.vulnerability_id.as_str());
    ids.chain(theirs.vuln_id_from_tool.as_deref())
        .any(|id| ours.vulnerabilities.iter().any(|v| v.raw().eq_ignore_ascii_case(id)))
}

/// The same component: the version too, where both have one.
fn is_in(theirs: &Finding, package: &Package) -> bool {
    let Some(name) = theirs.component_name.as_deref() else { return false };
    let bare = |version: &str| version.trim_start_matches('v').to_owned();
    let same_version = match (&theirs.component_version, &package.version) {
        (Some(theirs), Some(ours)) => bare(theirs) == bare(ours.raw()),
        _ => true,
    };
    let ours = package.name.raw();
    let ends = |long: &str, short: &str| {
        let (long, short) = (long.to_lowercase(), short.to_lowercase());
        long == short || long.strip_suffix(&short).is_some_and(|before| before.ends_with([':', '/']))
    };
    same_version && (ends(name, ours) || ends(ours, name))
}

/// The last part of a package's name, which all tools write.
fn last(package: &Package) -> &str {
    let name = package.name.raw();
    name.rsplit([':', '/']).next().unwrap_or(name)
}

fn file(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
