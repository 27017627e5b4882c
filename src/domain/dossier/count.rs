//! The findings of a dossier, counted, and how far the count goes: what was never seen is not zero.

use super::Dossier;
use crate::domain::evidence::{Completeness, Kind};
use crate::domain::severity::{Severity, Tally};
use crate::domain::triage::Novelty;

/// The findings, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The numbers of what is there.
    pub tally: Tally,
    /// How much is there.
    pub extent: Extent,
}

/// How much of the findings is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// Every source gave all it has.
    Whole,
    /// Some is there: there are at least so many. The pieces that are not all there, by name.
    Part(Vec<String>),
    /// Nothing is there. The pieces that are missing, by name.
    Nothing(Vec<String>),
    /// No source of findings is configured for this gate.
    NotConfigured,
}

impl Count {
    /// Whether anything is known of the findings.
    pub fn is_known(&self) -> bool {
        matches!(self.extent, Extent::Whole | Extent::Part(_))
    }

    /// What is not there, for people: safe to display; `None` if all is there.
    pub fn gap(&self) -> Option<String> {
        let names = |names: &[String]| crate::text::line(&names.join(", ")).into_owned();
        match &self.extent {
            Extent::Whole => None,
            Extent::Part(pieces) => Some(format!("not all there: {}", names(pieces))),
            Extent::Nothing(pieces) => Some(format!("missing: {}", names(pieces))),
            Extent::NotConfigured => Some("no source of findings is configured".to_owned()),
        }
    }

    /// In words: `1 critical, 2 high, 3 dismissed, 2 new`.
    pub fn words(&self) -> String {
        let gap = self.gap().map(|gap| format!("; {gap}")).unwrap_or_default();
        if !self.is_known() {
            return format!("not known{gap}");
        }
        let tally = &self.tally;
        let mut out: Vec<String> = Severity::ALL
            .into_iter()
            .filter(|s| tally.of(*s) > 0)
            .map(|s| format!("{} {}", tally.of(s), s.word()))
            .collect();
        match (out.first_mut(), gap.is_empty()) {
            (None, true) => out.push("no open findings".to_owned()),
            (None, false) => out.push("none open in what is there".to_owned()),
            (Some(first), false) => first.insert_str(0, "at least "),
            (Some(_), true) => {}
        }
        out.push(format!("{} dismissed", tally.dismissed));
        out.push(tally.new_words());
        out.join(", ") + &gap
    }
}

impl Dossier {
    /// The findings, counted, and how far the count goes.
    pub fn count(&self) -> Count {
        Count { tally: self.tally(), extent: self.extent() }
    }

    /// The numbers of the findings that are there. Of what is new, nothing is said where it is not known.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        let mut new = 0;
        for triaged in &self.findings {
            if triaged.is_open() {
                tally.add(triaged.finding.severity);
                new += u32::from(triaged.novelty == Novelty::New);
            } else {
                tally.dismissed += 1;
            }
        }
        let compared = self.findings.iter().all(|t| !t.is_open() || t.novelty != Novelty::Unknown);
        let seen = !matches!(self.extent(), Extent::Nothing(_) | Extent::NotConfigured);
        tally.new = (compared && seen).then_some(new);
        tally
    }

    fn extent(&self) -> Extent {
        let names = || {
            let open = self.of(Kind::Findings).filter(|p| p.completeness != Completeness::Complete);
            open.map(|p| p.name.clone()).collect::<Vec<_>>()
        };
        if self.of(Kind::Findings).next().is_none() {
            Extent::NotConfigured
        } else if self.of(Kind::Findings).all(|p| p.value.is_none()) {
            Extent::Nothing(names())
        } else {
            let names = names();
            if names.is_empty() { Extent::Whole } else { Extent::Part(names) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::canonical::sha256;
    use crate::domain::dossier::{Baseline, Parts};
    use crate::domain::evidence::{Evidence, FindingSet, Origin, Piece, Reason};
    use crate::domain::finding::{Finding, Rung};
    use crate::domain::gate::Gate;
    use crate::domain::ids::{ConnectionName, GateId, Principal, RecordId};
    use crate::domain::release::Release;
    use crate::domain::time::Timestamp;
    use crate::domain::triage::{Carried, Dismissal, Scope, Status, Subject, Triaged};
    use crate::domain::verdict::Verdict;

    fn now() -> Timestamp {
        "2026-11-21T04:00:00Z".parse().unwrap()
    }

    fn dossier(pieces: Vec<Piece>, findings: Vec<Triaged>) -> Dossier {
        let parts = Parts {
            gate: Gate::new(GateId::new(ConnectionName::new("spinnaker"), ["pay", "run", "stage"]), "1"),
            release: Release {
                service: "payments".to_owned(),
                version: "1.4.2".into(),
                environment: "prod".to_owned(),
                commit: None,
                branch: None,
                artifacts: Vec::new(),
            },
            service: Some("payments".to_owned()),
            as_of: now(),
            pieces,
            findings,
            baseline: Baseline::Unknown,
            required: Vec::new(),
            policy: sha256(b"policy"),
        };
        Dossier::seal(parts, |_| Verdict::of(Vec::new()))
    }

    fn origin(name: &str) -> Origin {
        let (kind, source) = (Kind::Findings, "sonar".to_owned());
        let uri = "https://sonar.example.com".into();
        Origin { name: name.to_owned(), kind, source, uri, fetched_at: now() }
    }

    fn got(name: &str) -> Piece {
        Piece::got(origin(name), Evidence::Findings(FindingSet::default()), None, Vec::new(), Completeness::Complete)
    }

    fn gone(name: &str) -> Piece {
        Piece::missing(origin(name), Reason::new("unreachable", "It cannot be reached."))
    }

    /// Six findings, two of each severity, of which one that is low is dismissed.
    fn found(novelty: Novelty) -> Vec<Triaged> {
        let triaged = |n: usize| {
            let severity = [Severity::High, Severity::Medium, Severity::Low][n % 3];
            let finding: Finding = serde_json::from_value(serde_json::json!({
                "fingerprint": format!("{n:064}"), "class": "sast", "severity": severity, "rule": "R", "title": "t",
                "detail": "", "location": {}, "vulnerabilities": [], "cwe": [], "keys": [], "sources": [],
            }))
            .unwrap();
            let dismissal = (n == 5).then(|| Box::new(Carried { dismissal: dismissal(&finding), rung: Rung::Snippet }));
            Triaged { finding: finding.into(), dismissal, suggestion: None, novelty }
        };
        (0..6).map(triaged).collect()
    }

    fn dismissal(finding: &Finding) -> Dismissal {
        Dismissal {
            id: RecordId::new("01JB0000000000000000000000"),
            envelope: sha256(b"envelope"),
            principal: Principal::new("bo@example.com"),
            issued_at: now(),
            subject: Subject::of(finding),
            status: Status::FalsePositive,
            justification: None,
            detail: "The command is a constant.".into(),
            scope: Scope::default(),
            expires: None,
        }
    }

    #[test]
    fn what_is_new_is_not_known_without_something_to_compare_with() {
        let count = dossier(vec![got("findings/a")], found(Novelty::Unknown)).count();
        assert_eq!(count.tally.new, None);
        assert_eq!(count.words(), "2 high, 2 medium, 1 low, 1 dismissed, new: not known");
        assert_eq!(dossier(vec![got("findings/a")], found(Novelty::Known)).tally().new, Some(0));
        assert_eq!(dossier(vec![got("findings/a")], found(Novelty::New)).tally().new, Some(5));
        // Of nothing at all, nothing is new.
        let none = dossier(vec![got("findings/a")], Vec::new()).count();
        assert_eq!(none.words(), "no open findings, 0 dismissed, 0 new");
    }

    #[test]
    fn findings_that_never_came_are_not_zero() {
        let nothing = dossier(vec![gone("findings/a"), gone("findings/b")], Vec::new()).count();
        assert_eq!(nothing.words(), "not known; missing: findings/a, findings/b");
        assert_eq!(nothing.tally.new, None);
        let part = |findings| dossier(vec![got("findings/a"), gone("findings/b")], findings).count().words();
        assert_eq!(part(Vec::new()), "none open in what is there, 0 dismissed, 0 new; not all there: findings/b");
        assert!(part(found(Novelty::New)).starts_with("at least 2 high, "), "{}", part(found(Novelty::New)));
        let unmatched = dossier(Vec::new(), Vec::new()).count();
        assert_eq!(unmatched.words(), "not known; no source of findings is configured");
        assert_eq!(unmatched.tally.new, None);
    }

    #[test]
    fn a_gate_that_no_service_fits_misses_its_service() {
        let mut dossier = dossier(Vec::new(), Vec::new());
        assert!(dossier.missing().is_empty());
        dossier.service = None;
        assert_eq!(dossier.missing(), ["service"]);
    }
}
