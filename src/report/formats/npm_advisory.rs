//! An advisory as the npm registry writes it: npm 6, pnpm and yarn print it in the same words.

use std::collections::BTreeMap;

use crate::report::prelude::*;

/// How many ways to a package are shown.
const WAYS: usize = 10;

/// What the summary counts and the report does not list. yarn and pnpm leave out what is below the level that was asked
/// for; that none of the severe ones is wanted is not to be believed.
pub(super) fn unlisted(reading: &mut Reading<'_>, metadata: &Node<'_>, filters: bool) {
    let counts = metadata.get("vulnerabilities");
    let counted = super::counts::sum(counts);
    if reading.items() > 0 || counted == 0 {
        return;
    }
    let said = format!("The audit counts {counted} vulnerabilities, and the report lists none of them");
    if !filters || ["high", "critical"].iter().any(|k| counts.get(k).number().is_some_and(|n| n > 0)) {
        reading.not_assessed(format!("{said}."));
    } else {
        reading.remark(format!("{said}: they are below the level that was asked for."));
    }
}

/// One finding for each installed version of the package that an advisory is of; one without a version if it names none.
/// `only` is the way that is wanted, where the report has one line for each way.
pub(super) fn drafts(advisory: &Node<'_>, only: Option<&str>) -> Vec<Draft> {
    let mut versions: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
    let mut wanted: Option<Option<&str>> = None;
    for found in advisory.get("findings").items() {
        let version = found.get("version").text();
        let ways = versions.entry(version).or_default();
        for way in found.get("paths").texts() {
            if Some(way) == only {
                wanted.get_or_insert(version);
            }
            ways.push(way);
        }
    }
    if versions.is_empty() {
        return vec![draft(advisory, None, &only.into_iter().collect::<Vec<_>>())];
    }
    let chosen = |v: Option<&str>| wanted.is_none_or(|w| w == v);
    versions.iter().filter(|(v, _)| chosen(**v)).map(|(version, ways)| draft(advisory, *version, ways)).collect()
}

fn draft(advisory: &Node<'_>, version: Option<&str>, ways: &[&str]) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    let name = advisory.get("module_name").text().or(advisory.get("name").text()).unwrap_or_default();
    let url = advisory.get("url").text();
    draft.rated(advisory.get("severity").text());
    let ids: Vec<&str> = [advisory.get("github_advisory_id").text(), url].into_iter().flatten().collect();
    let ghsa = ids.iter().flat_map(|t| words::vulnerability_ids(t)).next();
    let number = advisory.get("id").text().map(|id| format!("NPM-{id}"));
    draft.rule = ghsa.or(number).unwrap_or_default();
    draft.vulnerabilities = words::known_as(&draft.rule, ids.into_iter().chain(advisory.get("cves").texts()));
    draft.title = advisory.get("title").owned().unwrap_or_else(|| draft.rule.clone());
    draft.say("", advisory.get("overview").text());
    draft.say("Remedy", advisory.get("recommendation").text());
    draft.say("Affected", advisory.get("vulnerable_versions").text());
    let mut shown: Vec<&str> = ways.to_vec();
    shown.sort_unstable();
    shown.dedup();
    let more = shown.len().saturating_sub(WAYS);
    shown.truncate(WAYS);
    let rest = if more > 0 { format!("\nand {more} more") } else { String::new() };
    draft.say("Introduced through", (!shown.is_empty()).then(|| format!("{}{rest}", shown.join("\n"))).as_deref());
    let fixed = advisory.get("patched_versions").text().filter(|v| !v.starts_with("<0.0.0"));
    draft.in_ecosystem("npm", name, version, &fixed.map(|f| f.split("||").collect::<Vec<_>>()).unwrap_or_default());
    // A list, or (yarn) the text of a list.
    draft.cwe = advisory.get("cwe").texts().flat_map(words::cwe_numbers).collect();
    let cvss = advisory.get("cvss");
    draft.cvss = score(cvss);
    draft.url = url.map(str::to_owned);
    draft
}

/// A score of 0 without a vector means that there is none.
pub(super) fn score(cvss: &Node<'_>) -> Cvss {
    let vector = cvss.get("vectorString").text();
    Cvss::of(cvss.get("score").score().filter(|n| *n > 0.0 || vector.is_some()), vector)
}

/// How many packages were looked at, if the report says so.
pub(super) fn looked_at(metadata: &Node<'_>) -> Option<u32> {
    let all = metadata.get("totalDependencies").number();
    all.or_else(|| metadata.at("dependencies.total").number())
}
