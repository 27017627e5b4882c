//! What the rules are given: a summary of the dossier as JSON.
//!
//! Findings are counted here and not handed over one by one; 12,000 of them would make every evaluation slow. Every
//! field is always there, because a rule over a missing field says nothing. Only reason codes are in it, not their
//! texts, which may differ from one time to the next.
//!
//! ```text
//! as_of, service|null, required[]
//! release  {service, version, environment, commit|null, branch|null, artifacts[{name, digest: bool}]}
//! gate     {application, pipeline, stage, required_roles[], defined_roles[]|null, roles_tampered}
//! pieces[] {name, kind, source, status, code, items, classes[], severities[], scanned_commit|null,
//!           reports[{file, format, status}]}
//! findings {open{critical..unknown}, new{critical..unknown}, unchanged{critical..unknown}, fixed{critical..unknown},
//!           unseen, dismissed, compared, since|null, why_not|null}
//!           (new, unchanged: open ones; all are zero unless compared; since: the version of the last approved release)
//! builds[] {piece, name, result, commit|null, branch|null, tests{passed, failed, skipped}|null}
//! tickets[]{piece, key, status, category}
//! quality[]{piece, project, status}
//! changes[]{piece, relation, commits}
//! provenance[]{piece, artifacts[{name, covered: bool}], unread,
//!           attestations[{file, state, code, predicate, builder, repository, commit, ref, issuer, identity, key}]}
//!           (issuer, identity: null unless the signature is good)
//! baseline {known, commit|null}
//! ```

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::dossier::{Baseline, Dossier};
use crate::domain::evidence::{Evidence, Piece};
use crate::domain::provenance::Provenance;
use crate::domain::severity::{Severity, Tally};
use crate::domain::time::Timestamp;
use crate::domain::triage::Novelty;
use crate::text::Untrusted;

/// The input for a dossier.
pub(super) fn of(dossier: &Dossier, as_of: Timestamp) -> Value {
    let release = &dossier.release;
    let gate = &dossier.gate;
    let artifacts: Vec<Value> =
        release.artifacts.iter().map(|a| json!({"name": a.name, "digest": a.digest.is_some()})).collect();
    let mut builds = Vec::new();
    let mut tickets = Vec::new();
    let mut quality = Vec::new();
    let mut changes = Vec::new();
    let mut provenance = Vec::new();
    for piece in &dossier.pieces {
        let name = &piece.name;
        match &piece.value {
            Some(Evidence::Builds(list)) => builds.extend(list.iter().map(|b| {
                json!({
                    "piece": name, "name": format!("{} #{}", b.job.raw(), b.number), "result": b.result,
                    "commit": b.commit, "branch": b.branch, "tests": b.tests,
                })
            })),
            Some(Evidence::Tickets(list)) => tickets.extend(
                list.iter().map(|t| json!({"piece": name, "key": t.key, "status": t.status, "category": t.category})),
            ),
            Some(Evidence::Findings(set)) => quality
                .extend(set.quality.iter().map(|q| json!({"piece": name, "project": q.project, "status": q.status}))),
            Some(Evidence::Changes(set)) => {
                changes.push(json!({"piece": name, "relation": set.relation, "commits": set.commits.len()}));
            }
            Some(Evidence::Provenance(p)) => provenance.push(attested(name, p)),
            None => {}
        }
    }
    json!({
        "as_of": as_of,
        "service": dossier.service,
        "required": dossier.required,
        "release": {
            "service": release.service, "version": release.version, "environment": release.environment,
            "commit": known(release.commit.as_ref()), "branch": release.branch, "artifacts": artifacts,
        },
        "gate": {
            "application": gate.application, "pipeline": gate.pipeline, "stage": gate.stage,
            "required_roles": gate.required_roles, "defined_roles": gate.defined_roles,
            "roles_tampered": gate.roles_tampered(),
        },
        "pieces": dossier.pieces.iter().map(piece).collect::<Vec<_>>(),
        "findings": findings(dossier),
        "builds": builds,
        "tickets": tickets,
        "quality": quality,
        "changes": changes,
        "provenance": provenance,
        "baseline": {"known": dossier.baseline != Baseline::Unknown, "commit": dossier.baseline.commit()},
    })
}

fn piece(piece: &Piece) -> Value {
    let mut severities: Vec<Severity> = Vec::new();
    let mut scanned = None;
    let mut reports = Vec::new();
    let items = match &piece.value {
        None => 0,
        Some(Evidence::Builds(builds)) => builds.len(),
        Some(Evidence::Tickets(tickets)) => tickets.len(),
        Some(Evidence::Changes(changes)) => changes.commits.len(),
        Some(Evidence::Provenance(provenance)) => provenance.covered(),
        Some(Evidence::Findings(set)) => {
            severities.extend(set.findings.iter().map(|f| f.severity));
            scanned = known(set.scanned_commit.as_ref());
            reports.extend(set.reports.iter().map(|r| json!({"file": r.file, "format": r.format, "status": r.status})));
            set.findings.len()
        }
    };
    severities.sort();
    severities.dedup();
    json!({
        "name": piece.name,
        "kind": piece.kind,
        "source": piece.source,
        "status": piece.completeness.word(),
        "code": piece.completeness.reason().map_or("", |r| r.code.as_str()),
        "items": items,
        "classes": piece.classes(),
        "severities": severities,
        "scanned_commit": scanned,
        "reports": reports,
    })
}

fn attested(piece: &str, provenance: &Provenance) -> Value {
    let artifacts: Vec<Value> =
        provenance.artifacts.iter().map(|a| json!({"name": a.name, "covered": !a.by.is_empty()})).collect();
    let attestations: Vec<Value> = provenance
        .attestations
        .iter()
        .map(|a| {
            // Who signed is known of a good signature only: a rule that looks for a name must not find a claim.
            let proven = a.state.is_proven();
            let (issuer, identity) = (a.issuer.as_ref().filter(|_| proven), a.identity.as_ref().filter(|_| proven));
            json!({
                "file": a.file, "state": a.state, "code": a.reason.as_ref().map_or("", |r| r.code.as_str()),
                "predicate": a.predicate, "builder": a.builder, "repository": a.repository, "commit": a.commit,
                "ref": a.reference, "issuer": issuer, "identity": identity, "key": a.key,
            })
        })
        .collect();
    let unread = provenance.unread.len();
    json!({"piece": piece, "artifacts": artifacts, "attestations": attestations, "unread": unread})
}

fn findings(dossier: &Dossier) -> Value {
    let mut open = Tally::default();
    let mut new = Tally::default();
    let mut unchanged = Tally::default();
    let mut fixed = Tally::default();
    let count = dossier.count();
    for triaged in dossier.findings.iter().filter(|t| t.is_open()) {
        let severity = triaged.finding.severity;
        open.add(severity);
        match triaged.novelty {
            Novelty::New => new.add(severity),
            Novelty::Known => unchanged.add(severity),
            Novelty::Unknown | Novelty::Fixed | Novelty::Unseen => {}
        }
    }
    for gone in dossier.compared.gone().iter().filter(|t| t.novelty == Novelty::Fixed) {
        fixed.add(gone.finding.severity);
    }
    let by_word =
        |tally: &Tally| -> BTreeMap<&str, u32> { Severity::ALL.into_iter().map(|s| (s.word(), tally.of(s))).collect() };
    let since = count.since.as_ref();
    json!({
        "open": by_word(&open), "new": by_word(&new), "unchanged": by_word(&unchanged), "fixed": by_word(&fixed),
        "unseen": since.map_or(0, |s| s.unseen), "dismissed": count.tally.dismissed,
        "compared": since.is_ok(), "since": since.ok().map(|s| s.version.raw()), "why_not": since.err(),
    })
}

/// An empty commit is no commit.
fn known(commit: Option<&Untrusted>) -> Option<&Untrusted> {
    commit.filter(|c| !c.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provenance::{Attestation, State};

    #[test]
    fn a_signer_that_nothing_proves_is_nobody_to_a_policy() {
        for state in [State::Verified, State::Unexpected, State::Refused, State::Other] {
            let claimed = Attestation {
                state,
                identity: Some("ana".into()),
                issuer: Some("i".into()),
                ..Attestation::unread("f".into())
            };
            let whole = Provenance {
                expected: Vec::new(),
                root: None,
                artifacts: Vec::new(),
                attestations: vec![claimed],
                unread: Vec::new(),
            };
            let input = attested("p", &whole);
            let one = input.pointer("/attestations/0").unwrap();
            let seen = (one["identity"].as_str(), one["issuer"].as_str());
            let proven = matches!(state, State::Verified | State::Unexpected);
            assert_eq!(seen, if proven { (Some("ana"), Some("i")) } else { (None, None) }, "{state:?}");
        }
    }
}
