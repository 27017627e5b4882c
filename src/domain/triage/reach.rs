//! What has become of dismissals in a release: whether they hold there, why not, and which match nothing any more.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::{Dismissal, Lapse, Triaged};
use crate::domain::finding::MatchKey;
use crate::domain::ids::Fingerprint;
use crate::domain::release::Release;
use crate::domain::time::Timestamp;

/// What has become of a dismissal; what says most about it first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "state", content = "lapse", rename_all = "kebab-case")]
pub enum State {
    /// A finding is dismissed by it.
    InForce,
    /// It is only suggested, and why.
    Lapsed(Lapse),
    /// What it was said of is judged by another one, which is newer or fits better.
    Superseded,
    /// It matches nothing.
    Stale,
    /// It matches nothing that is there, and not all findings are.
    NotTold,
    /// No release that it covers was looked at.
    NotSeen,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::InForce => "in-force",
            Self::Lapsed(_) => "lapsed",
            Self::Superseded => "superseded",
            Self::Stale => "stale",
            Self::NotTold => "not-told",
            Self::NotSeen => "not-seen",
        }
    }
}

/// What has become of a dismissal in one release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// What has become of it.
    #[serde(flatten)]
    pub state: State,
    /// The findings that it holds for, or is suggested for.
    pub findings: Vec<Fingerprint>,
}

/// What has become of each dismissal in a release, in their order; `None` where the scope does not cover it.
///
/// `triaged` are all findings of the release, matched with these dismissals; `whole`, whether none is missing.
pub fn reach(
    dismissals: &[Dismissal],
    triaged: &[Triaged],
    release: &Release,
    whole: bool,
    now: Timestamp,
) -> Vec<Option<Reach>> {
    let mut applied: HashMap<_, (Option<Lapse>, Vec<Fingerprint>)> = HashMap::new();
    for one in triaged {
        let (dismissal, lapse) = match (&one.dismissal, one.suggestion.as_deref()) {
            (Some(carried), _) => (&carried.dismissal, None),
            (None, Some((carried, lapse))) => (&carried.dismissal, Some(*lapse)),
            (None, None) => continue,
        };
        let held = applied.entry(identity(dismissal)).or_insert((lapse, Vec::new()));
        match (held.0, lapse) {
            // Where it holds says more than where it does not.
            (Some(_), None) => *held = (None, vec![one.finding.fingerprint]),
            (None, Some(_)) => {}
            _ => held.1.push(one.finding.fingerprint),
        }
    }
    let keys: HashSet<&MatchKey> = triaged.iter().flat_map(|t| &t.finding.keys).collect();
    let mut newest: HashMap<Fingerprint, Timestamp> = HashMap::new();
    for d in dismissals.iter().filter(|d| d.scope.covers(release)) {
        let at = newest.entry(d.subject.fingerprint).or_insert(d.issued_at);
        *at = d.issued_at.max(*at);
    }
    // What several people have said alike holds by the newest of them, and for all.
    let mut agreed: HashMap<Fingerprint, (&Dismissal, Vec<Fingerprint>)> = HashMap::new();
    for one in triaged {
        if let Some(carried) = &one.dismissal {
            let subject = carried.dismissal.subject.fingerprint;
            agreed.entry(subject).or_insert((&carried.dismissal, Vec::new())).1.push(one.finding.fingerprint);
        }
    }
    let one = |d: &Dismissal| {
        if let Some((lapse, findings)) = applied.get(&identity(d)) {
            let state = lapse.map_or(State::InForce, State::Lapsed);
            return Reach { state, findings: findings.clone() };
        }
        let same = agreed.get(&d.subject.fingerprint).filter(|(other, _)| {
            other.status == d.status && other.principal != d.principal && d.expires.is_none_or(|e| e > now)
        });
        if let Some((_, findings)) = same {
            return Reach { state: State::InForce, findings: findings.clone() };
        }
        let state = if d.expires.is_some_and(|e| e <= now) {
            State::Lapsed(Lapse::Expired)
        } else if newest.get(&d.subject.fingerprint).is_some_and(|at| *at > d.issued_at)
            || d.subject.keys.iter().any(|k| keys.contains(k))
        {
            State::Superseded
        } else if whole {
            State::Stale
        } else {
            State::NotTold
        };
        Reach { state, findings: Vec::new() }
    };
    dismissals.iter().map(|d| d.scope.covers(release).then(|| one(d))).collect()
}

/// The dismissals that cover a release and match nothing in it: nobody needs them any more, or they no longer do what
/// somebody counts on. Only of a release whose findings are all there.
pub fn stale(dismissals: &[Dismissal], triaged: &[Triaged], release: &Release, now: Timestamp) -> Vec<Dismissal> {
    let reached = reach(dismissals, triaged, release, true, now);
    let is_stale = |r: &Option<Reach>| r.as_ref().is_some_and(|r| r.state == State::Stale);
    dismissals.iter().zip(&reached).filter(|(_, r)| is_stale(r)).map(|(d, _)| d.clone()).collect()
}

/// One envelope has a record for each of several findings.
fn identity(dismissal: &Dismissal) -> (&str, &str, Fingerprint) {
    (dismissal.id.as_str(), dismissal.envelope.as_str(), dismissal.subject.fingerprint)
}
