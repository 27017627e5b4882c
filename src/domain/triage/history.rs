//! Everything that was ever said of a finding: also in other services and environments, and what does not hold any more.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::carry::lapse_of;
use super::{Carried, Dismissal, Lapse, Triaged};
use crate::domain::finding::MatchKey;
use crate::domain::ids::Fingerprint;
use crate::domain::release::Release;
use crate::domain::time::Timestamp;

/// One thing that was said of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The dismissal, and by which rung it was recognised.
    #[serde(flatten)]
    pub carried: Carried,
    /// What has become of it.
    pub fate: Fate,
}

/// What has become of a dismissal, as far as one release is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "why", rename_all = "kebab-case")]
pub enum Fate {
    /// It is what dismisses the finding here.
    InForce,
    /// It would hold, but another one does.
    Replaced,
    /// It does not hold by itself any more.
    Lapsed(Lapse),
    /// It is of another service, environment, version or artifact.
    Elsewhere,
}

impl Fate {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::InForce => "in force here",
            Self::Replaced => "another one holds here",
            Self::Lapsed(lapse) => lapse.words(),
            Self::Elsewhere => "it does not hold here",
        }
    }
}

/// What was ever said of each finding, the newest first; findings of which nothing was said are left out.
pub fn history(
    findings: &[Triaged],
    dismissals: &[Dismissal],
    release: &Release,
    now: Timestamp,
) -> BTreeMap<Fingerprint, Vec<Past>> {
    let mut by_key: HashMap<&MatchKey, Vec<&Dismissal>> = HashMap::new();
    for dismissal in dismissals {
        for key in &dismissal.subject.keys {
            by_key.entry(key).or_default().push(dismissal);
        }
    }
    let mut out = BTreeMap::new();
    if by_key.is_empty() {
        return out;
    }
    for triaged in findings {
        let mut said: Vec<Past> = Vec::new();
        // The strongest keys come first: a dismissal is told by the first that it has. Rule and place alone do not make two
        // findings one: what only they suggest stands in the suggestion.
        for key in triaged.finding.keys.iter().filter(|k| k.rung.carries()) {
            for dismissal in by_key.get(key).into_iter().flatten() {
                let known = |p: &Past| {
                    let d = &p.carried.dismissal;
                    d.envelope == dismissal.envelope && d.subject.fingerprint == dismissal.subject.fingerprint
                };
                if said.iter().any(known) {
                    continue;
                }
                let carried = Carried { dismissal: (*dismissal).clone(), rung: key.rung };
                said.push(Past { fate: fate(&carried, triaged, release, now), carried });
            }
        }
        said.sort_by_key(|p| std::cmp::Reverse(p.carried.dismissal.issued_at));
        if !said.is_empty() {
            out.insert(triaged.finding.fingerprint, said);
        }
    }
    out
}

fn fate(carried: &Carried, triaged: &Triaged, release: &Release, now: Timestamp) -> Fate {
    let dismissal = &carried.dismissal;
    let same = |c: &Carried| {
        c.dismissal.envelope == dismissal.envelope && c.dismissal.subject.fingerprint == dismissal.subject.fingerprint
    };
    if triaged.dismissal.as_deref().is_some_and(same) {
        return Fate::InForce;
    }
    if !dismissal.scope.covers(release) {
        return Fate::Elsewhere;
    }
    match triaged.suggestion.as_deref() {
        Some((suggested, lapse)) if same(suggested) => Fate::Lapsed(*lapse),
        _ => lapse_of(dismissal, &triaged.finding, carried.rung, false, now).map_or(Fate::Replaced, Fate::Lapsed),
    }
}
