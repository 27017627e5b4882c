//! The findings of a dossier, counted, and how far the count goes: what was never seen is not zero.

use std::sync::OnceLock;

use super::{Compared, Dossier};
use crate::domain::evidence::{Completeness, Kind};
use crate::domain::severity::{Severity, Tally};
use crate::domain::triage::Novelty;
use crate::text::Untrusted;

/// The findings, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The numbers of what is there.
    pub tally: Tally,
    /// How much is there.
    pub extent: Extent,
    /// How they stand against the last approved release; else why that is not known.
    pub since: Result<Since, String>,
}

/// How the findings stand against those of the last approved release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// Its version.
    pub version: Untrusted,
    /// Open findings that it did not have.
    pub new: u32,
    /// Open findings that it had too.
    pub unchanged: u32,
    /// What it had, was looked for, and is not there any more.
    pub fixed: u32,
    /// What it had and nobody looked for this time.
    pub unseen: u32,
}

impl Since {
    /// In words: `2 new, 1 fixed, 3 unchanged since 1.4.1`. Safe to display.
    pub fn words(&self) -> String {
        let unseen = match self.unseen {
            0 => String::new(),
            n => format!(", {n} not looked for again"),
        };
        let Self { new, fixed, unchanged, .. } = self;
        format!("{new} new, {fixed} fixed, {unchanged} unchanged{unseen} since {}", self.version.line())
    }
}

/// A count that is made once. It follows from the findings, so it makes no difference between dossiers.
#[derive(Debug, Clone, Default)]
pub(super) struct Counted(OnceLock<Count>);

impl PartialEq for Counted {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Counted {}

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
        out.push(self.since_words());
        out.join(", ") + &gap
    }

    /// How they stand against the last approved release, in words.
    pub fn since_words(&self) -> String {
        self.since.as_ref().map_or_else(|_why| self.tally.new_words(), Since::words)
    }
}

impl Dossier {
    /// The findings, counted, and how far the count goes. They are gone through once.
    pub fn count(&self) -> Count {
        self.counted().clone()
    }

    /// The numbers of the findings that are there. Of what is new, nothing is said where it is not known.
    pub fn tally(&self) -> Tally {
        self.counted().tally
    }

    fn counted(&self) -> &Count {
        self.counted.0.get_or_init(|| {
            let extent = self.extent();
            let mut tally = Tally::default();
            let (mut new, mut unchanged, mut compared) = (0, 0, true);
            for triaged in &self.findings {
                if !triaged.is_open() {
                    tally.dismissed += 1;
                    continue;
                }
                tally.add(triaged.finding.severity);
                match triaged.novelty {
                    Novelty::New => new += 1,
                    Novelty::Known => unchanged += 1,
                    Novelty::Unknown | Novelty::Fixed | Novelty::Unseen => compared = false,
                }
            }
            let seen = !matches!(extent, Extent::Nothing(_) | Extent::NotConfigured);
            let since = match &self.compared {
                Compared::Not { why } => Err(crate::text::line(why).into_owned()),
                Compared::With { .. } if !seen => Err("There are no findings to compare.".to_owned()),
                Compared::With { .. } if !compared => Err("Not every finding could be compared.".to_owned()),
                Compared::With { version, gone } => {
                    let fixed = gone.iter().filter(|t| t.novelty == Novelty::Fixed).count();
                    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                    let (fixed, unseen) = (number(fixed), number(gone.len() - fixed));
                    Ok(Since { version: version.clone(), new, unchanged, fixed, unseen })
                }
            };
            tally.new = since.is_ok().then_some(new);
            Count { tally, extent, since }
        })
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
    use std::collections::BTreeMap;

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
        let compared = match findings.first().map(|t| t.novelty) {
            Some(Novelty::New | Novelty::Known) => Compared::With { version: "1.4.1".into(), gone: Vec::new() },
            _ => Compared::Not { why: "The last approved release is not known.".to_owned() },
        };
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
            compared,
            past: BTreeMap::new(),
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
        // Also where nothing is there: what was mended is not known either.
        let none = dossier(vec![got("findings/a")], Vec::new()).count();
        assert_eq!(none.words(), "no open findings, 0 dismissed, new: not known");
        let words = dossier(vec![got("findings/a")], found(Novelty::Known)).count().words();
        assert_eq!(words, "2 high, 2 medium, 1 low, 1 dismissed, 0 new, 0 fixed, 5 unchanged since 1.4.1");
    }

    #[test]
    fn findings_that_never_came_are_not_zero() {
        let nothing = dossier(vec![gone("findings/a"), gone("findings/b")], Vec::new()).count();
        assert_eq!(nothing.words(), "not known; missing: findings/a, findings/b");
        assert_eq!(nothing.tally.new, None);
        let part = |findings| dossier(vec![got("findings/a"), gone("findings/b")], findings).count().words();
        assert_eq!(
            part(Vec::new()),
            "none open in what is there, 0 dismissed, new: not known; not all there: findings/b"
        );
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
