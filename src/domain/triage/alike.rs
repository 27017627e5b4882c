//! Whether one reasoning can be for several findings: they are of one rule, or of one component.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::domain::dedup::{component, normalise_purl};
use crate::domain::finding::{Finding, Package};

/// How many of the kinds are named.
const NAMED: usize = 5;

/// Why findings are not dismissed together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "These {count} findings share neither a rule nor a component: {rules}; {components}. One reasoning can be only for \
     findings of one rule, or of one component."
)]
pub struct Unlike {
    count: usize,
    rules: String,
    components: String,
    /// The findings by rule, the largest kind first, safe to display: `B602: 1a2b3c4d5e 5e4d3c2b1a`.
    pub kinds: Vec<String>,
}

/// Refuses findings that have nothing in common.
pub fn alike<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Result<(), Unlike> {
    let all: Vec<&Finding> = findings.into_iter().collect();
    if all.len() < 2 || one_rule(&all) || one_component(&all) {
        return Ok(());
    }
    let mut by_rule: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
    for finding in &all {
        by_rule.entry(finding.rule.line().into_owned()).or_default().push(finding);
    }
    let names = |f: &&Finding| f.package.as_ref().map(|p| p.name.line().into_owned());
    let components: BTreeSet<String> = all.iter().map(|f| names(f).unwrap_or_else(|| "none".to_owned())).collect();
    let mut kinds: Vec<(&String, &Vec<&Finding>)> = by_rule.iter().collect();
    kinds.sort_by_key(|(_, of)| std::cmp::Reverse(of.len()));
    let kind = |(rule, of): (&String, &Vec<&Finding>)| {
        let prints: Vec<String> = of.iter().map(|f| f.fingerprint.short()).collect();
        format!("{rule}: {}", prints.join(" "))
    };
    Err(Unlike {
        count: all.len(),
        rules: listed("rules", by_rule.keys().map(String::as_str)),
        components: listed("components", components.iter().map(String::as_str)),
        kinds: kinds.into_iter().map(kind).collect(),
    })
}

fn listed<'n>(what: &str, names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let count = names.len();
    let first: Vec<&str> = names.take(NAMED).collect();
    let rest = if count > NAMED { ", ..." } else { "" };
    match count {
        1 => format!("the {} is {}", what.trim_end_matches('s'), first.join("")),
        _ => format!("the {what} are {}{rest}", first.join(", ")),
    }
}

/// One rule, or one vulnerability under whichever of its names.
fn one_rule(all: &[&Finding]) -> bool {
    let names = |f: &&Finding| -> BTreeSet<String> {
        let ids = f.vulnerabilities.iter().map(|id| id.raw().to_uppercase());
        // Tools of different classes may have a rule of the same name.
        ids.chain([format!("{} {}", f.class.word(), f.rule.raw())]).collect()
    };
    let mut each = all.iter().map(names);
    let first = each.next().unwrap_or_default();
    !each.fold(first, |shared, own| &shared & &own).is_empty()
}

/// One component, whatever its version and however a tool spells it. What tools say of its group must not differ.
fn one_component(all: &[&Finding]) -> bool {
    let packages: Option<Vec<&Package>> = all.iter().map(|f| f.package.as_deref()).collect();
    let Some(packages) = packages else { return false };
    let names: BTreeSet<Cow<'_, str>> = packages.iter().map(|p| component(p)).collect();
    let (kinds, groups): (Vec<_>, Vec<_>) = packages.iter().map(|p| group(p)).unzip();
    let differ = |all: Vec<Option<String>>| all.into_iter().flatten().collect::<BTreeSet<_>>().len() > 1;
    names.len() == 1 && !names.contains("") && !differ(kinds) && !differ(groups)
}

/// The kind and the group that a tool gives a package; `None` for what it does not say.
fn group(package: &Package) -> (Option<String>, Option<String>) {
    let purl = package.purl.as_ref().map(|p| normalise_purl(p.raw())).filter(|p| p.starts_with("pkg:"));
    let name = normalise_purl(package.name.raw()).replace(':', "/");
    let (kind, path) = match purl.as_deref().and_then(|p| p.strip_prefix("pkg:")?.split_once('/')) {
        Some((kind, path)) => (Some(kind.to_owned()), path.to_owned()),
        None => (None, name),
    };
    (kind, path.rsplit_once('/').map(|(group, _)| group.to_owned()))
}
