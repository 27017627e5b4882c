//! How a dismissal is found again on the findings of a later release.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::{Carried, Dismissal, Lapse, Novelty, People, Status, Triaged};
use crate::domain::dedup::normalise_image;
use crate::domain::finding::{Class, Finding, FindingSource, MatchKey, Rung};
use crate::domain::ids::{Fingerprint, Principal};
use crate::domain::release::Release;
use crate::domain::time::Timestamp;
use crate::text::Untrusted;

/// Matches findings with dismissals.
///
/// `known` are the match keys of the last approved release's findings; `None` if there is nothing to compare with.
/// Newer dismissals win over older ones. A dismissal that matches several findings by the same key is suggested for
/// all of them and applied to none, but for the one that has its very fingerprint. `people` says of which findings more
/// than one person has to say the same.
pub fn match_dismissals(
    findings: Vec<Arc<Finding>>,
    dismissals: &[Dismissal],
    release: &Release,
    now: Timestamp,
    known: Option<&HashSet<Fingerprint>>,
    people: Option<People>,
) -> Vec<Triaged> {
    let mut by_key: HashMap<&MatchKey, Vec<&Dismissal>> = HashMap::new();
    for dismissal in dismissals.iter().filter(|d| d.scope.covers(release)) {
        for key in &dismissal.subject.keys {
            by_key.entry(key).or_default().push(dismissal);
        }
    }
    let mut shared: HashMap<&MatchKey, usize> = HashMap::new();
    for key in findings.iter().flat_map(|f| &f.keys) {
        if by_key.contains_key(key) {
            *shared.entry(key).or_default() += 1;
        }
    }
    let outcomes: Vec<_> = findings
        .iter()
        .map(|finding| {
            let needed = people.map_or(1, |p| p.needed(finding));
            let mut firm: Vec<(&Dismissal, Rung)> = Vec::new();
            let mut best: Option<(&Dismissal, Rung, Option<Lapse>)> = None;
            for key in &finding.keys {
                for dismissal in by_key.get(key).into_iter().flatten() {
                    // Which of several was judged cannot be told by their order in the file: unless as many were judged
                    // as there are, none is taken for judged. Nor where one of several is gone since.
                    let bearers = shared.get(key).copied().unwrap_or(1).max(looked_alike(dismissal));
                    let judged = by_key
                        .get(key)
                        .map_or(0, |d| d.iter().map(|d| d.subject.fingerprint).collect::<HashSet<_>>().len());
                    let own = dismissal.subject.fingerprint == finding.fingerprint;
                    let several = bearers > 1 && !(own && judged >= bearers);
                    let lapse = lapse_of(dismissal, finding, key.rung, several, now);
                    let better = best.as_ref().is_none_or(|(old, _, old_lapse)| {
                        (lapse.is_none(), dismissal.issued_at) > (old_lapse.is_none(), old.issued_at)
                    });
                    if needed > 1 && lapse.is_none() {
                        firm.push((*dismissal, key.rung));
                    }
                    if better {
                        best = Some((dismissal, key.rung, lapse));
                    }
                }
            }
            match best {
                Some((dismissal, rung, None)) if needed > 1 => {
                    Some(agreed(&firm, needed).unwrap_or((dismissal, rung, Some(Lapse::WaitsForSecond))))
                }
                best => best,
            }
        })
        .collect();
    findings
        .into_iter()
        .zip(outcomes)
        .map(|(finding, outcome)| {
            let novelty = match known {
                None => Novelty::Unknown,
                Some(known) if finding.keys.iter().any(|k| k.rung.carries() && known.contains(&k.value)) => {
                    Novelty::Known
                }
                Some(known) if known.contains(&finding.fingerprint) => Novelty::Known,
                Some(_) => Novelty::New,
            };
            let carried = |dismissal: &Dismissal, rung| Carried { dismissal: dismissal.clone(), rung };
            let (dismissal, suggestion) = match outcome {
                None => (None, None),
                Some((found, rung, None)) => (Some(Box::new(carried(found, rung))), None),
                Some((found, rung, Some(lapse))) => (None, Some(Box::new((carried(found, rung), lapse)))),
            };
            Triaged { finding, dismissal, suggestion, novelty }
        })
        .collect()
}

/// The newest dismissal of a status that enough people have given a finding; what somebody said before counts no more.
fn agreed<'d>(firm: &[(&'d Dismissal, Rung)], needed: usize) -> Option<(&'d Dismissal, Rung, Option<Lapse>)> {
    let mut last: BTreeMap<&Principal, (&'d Dismissal, Rung)> = BTreeMap::new();
    for (dismissal, rung) in firm {
        let said = last.entry(&dismissal.principal).or_insert((dismissal, *rung));
        if dismissal.issued_at > said.0.issued_at {
            *said = (dismissal, *rung);
        }
    }
    let enough = |status: Status| {
        let of = last.values().filter(|(d, _)| d.status == status);
        (of.clone().count() >= needed).then(|| of.max_by_key(|(d, _)| d.issued_at)).flatten()
    };
    let (dismissal, rung) = Status::ALL.into_iter().filter_map(enough).max_by_key(|(d, _)| d.issued_at)?;
    Some((dismissal, *rung, None))
}

/// How many looked alike when it was judged.
fn looked_alike(dismissal: &Dismissal) -> usize {
    dismissal.subject.look_alikes.map_or(1, |alike| usize::try_from(alike).unwrap_or(usize::MAX))
}

/// Whether a finding is still at the place that was judged, whatever its line; it may have come up at others too.
pub(in crate::domain) fn is_at(place: &Untrusted, finding: &Finding) -> bool {
    fn bare(place: &str) -> &str {
        let line = place.rsplit_once(':').filter(|(_, n)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        line.map_or(place, |(path, _)| path)
    }
    let named = if finding.class == Class::Container { normalise_image } else { bare };
    let judged = named(place.raw());
    judged == named(&finding.place()) || finding.also.iter().any(|l| named(&l.to_string()) == judged)
}

pub(super) fn lapse_of(
    dismissal: &Dismissal,
    finding: &Finding,
    rung: Rung,
    several: bool,
    now: Timestamp,
) -> Option<Lapse> {
    let major = finding.sources.first().and_then(FindingSource::tool_major).map(|m| m.to_string());
    if dismissal.expires.is_some_and(|e| e <= now) {
        Some(Lapse::Expired)
    } else if finding.severity.weight() > dismissal.subject.severity.weight() {
        Some(Lapse::SeverityRose)
    } else if several {
        Some(Lapse::Ambiguous)
    } else if rung == Rung::Vulnerability && !dismissal.subject.places().any(|place| is_at(place, finding)) {
        Some(Lapse::Moved)
    } else if !rung.carries() && dismissal.subject.fingerprint != finding.fingerprint {
        Some(Lapse::WeakMatch)
    } else if major.is_some() && dismissal.subject.tool_major.is_some() && major != dismissal.subject.tool_major {
        Some(Lapse::ToolChanged)
    } else {
        None
    }
}
