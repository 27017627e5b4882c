//! All the evidence of one release at one moment, and its digest.

mod compared;
mod count;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::compared::{Compared, Earlier};
pub use self::count::{Count, Extent, Since};
use super::canonical;
use super::change::ChangeSet;
use super::evidence::{Completeness, Evidence, Kind, Piece};
use super::gate::Gate;
use super::ids::{Digest, Fingerprint, RecordId};
use super::release::Release;
use super::time::Timestamp;
use super::triage::{Dismissal, Past, Triaged};
use super::verdict::Verdict;
use crate::text::Untrusted;

/// The dossier of one release at one gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dossier {
    /// The gate.
    pub gate: Gate,
    /// What it holds back.
    pub release: Release,
    /// The `[[service]]` that the gate was matched with; `None`: it is shown and cannot be approved.
    pub service: Option<String>,
    /// When it was put together.
    pub as_of: Timestamp,
    /// The evidence, sorted by name. Findings are also in [`findings`](Self::findings), merged over all pieces.
    pub pieces: Vec<Piece>,
    /// The findings of all pieces, merged across tools, with their triage; the worst first.
    pub findings: Vec<Triaged>,
    /// The dismissals that cover the release and match nothing in it; none where that cannot be told, as findings are
    /// missing. Shown, and not part of the digest: they dismiss nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<Dismissal>,
    /// What it is compared with.
    pub baseline: Baseline,
    /// What came of comparing the findings with it.
    #[serde(default)]
    pub compared: Compared,
    /// What was ever said of its findings, in force or not, here or elsewhere; the newest first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub past: BTreeMap<Fingerprint, Vec<Past>>,
    /// What is required of the evidence: `builds`, `findings:sast`.
    pub required: Vec<String>,
    /// The policy's digest.
    pub policy: Digest,
    /// What policy says.
    pub verdict: Verdict,
    /// The digest that a decision is bound to.
    pub digest: Digest,
    /// The findings, counted once.
    #[serde(skip)]
    counted: count::Counted,
}

/// The last approved release of the same service and environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "lowercase")]
pub enum Baseline {
    /// A decision in the ledger.
    Ledger {
        /// The decision.
        decision: RecordId,
        /// The release's short address.
        release: Untrusted,
        /// Its commit.
        commit: Option<Untrusted>,
    },
    /// The last run of the same pipeline that succeeded, as the orchestrator says.
    Orchestrator {
        /// The run.
        run: Untrusted,
        /// Its version.
        version: Option<Untrusted>,
        /// Its commit.
        commit: Option<Untrusted>,
    },
    /// Not known: nothing can be called new.
    Unknown,
}

impl Baseline {
    /// The commit to compare with.
    pub fn commit(&self) -> Option<&Untrusted> {
        match self {
            Self::Ledger { commit, .. } | Self::Orchestrator { commit, .. } => commit.as_ref(),
            Self::Unknown => None,
        }
    }

    /// One line for people.
    pub fn words(&self) -> String {
        match self {
            Self::Ledger { release, .. } => format!("{} (approved, in the ledger)", release.line()),
            Self::Orchestrator { run, version, .. } => {
                let what = version.as_ref().unwrap_or(run);
                format!("{} (last successful run; not in the ledger)", what.line())
            }
            Self::Unknown => "unknown".to_owned(),
        }
    }
}

/// What a dossier is put together from; see [`Dossier::seal`].
pub struct Parts {
    /// See [`Dossier::gate`].
    pub gate: Gate,
    /// See [`Dossier::release`].
    pub release: Release,
    /// See [`Dossier::service`].
    pub service: Option<String>,
    /// See [`Dossier::as_of`].
    pub as_of: Timestamp,
    /// See [`Dossier::pieces`].
    pub pieces: Vec<Piece>,
    /// See [`Dossier::findings`].
    pub findings: Vec<Triaged>,
    /// See [`Dossier::baseline`].
    pub baseline: Baseline,
    /// See [`Dossier::compared`].
    pub compared: Compared,
    /// See [`Dossier::past`].
    pub past: BTreeMap<Fingerprint, Vec<Past>>,
    /// See [`Dossier::required`].
    pub required: Vec<String>,
    /// See [`Dossier::policy`].
    pub policy: Digest,
}

/// The name of the dossier as a whole among what was looked at.
pub const WHOLE: &str = "dossier";

impl Dossier {
    /// Puts a dossier together; `judge` gives the verdict over it. The digest is computed last.
    pub fn seal(parts: Parts, judge: impl FnOnce(&Self) -> Verdict) -> Self {
        let Parts {
            gate,
            release,
            service,
            as_of,
            mut pieces,
            mut findings,
            baseline,
            compared,
            past,
            mut required,
            policy,
        } = parts;
        pieces.sort_by(|a, b| a.name.cmp(&b.name));
        required.sort();
        findings.sort_by(|a, b| {
            (!a.is_open(), a.finding.severity, a.novelty, &a.finding.fingerprint).cmp(&(
                !b.is_open(),
                b.finding.severity,
                b.novelty,
                &b.finding.fingerprint,
            ))
        });
        let verdict = Verdict { result: super::verdict::Outcome::Unknown, reasons: Vec::new() };
        let digest = canonical::sha256(b"");
        let (stale, counted) = (Vec::new(), count::Counted::default());
        let mut dossier = Self {
            gate,
            release,
            service,
            as_of,
            pieces,
            findings,
            stale,
            baseline,
            compared,
            past,
            required,
            policy,
            verdict,
            digest,
            counted,
        };
        dossier.verdict = judge(&dossier);
        dossier.digest = canonical::digest_of(&dossier.bound());
        dossier
    }

    /// The bytes that the digest is over, to be kept in the evidence store: their name there is the digest itself.
    pub fn bound_bytes(&self) -> Result<Vec<u8>, canonical::NotCanonical> {
        canonical::to_canonical(&self.bound())
    }

    /// What the digest covers: nothing that changes by itself.
    fn bound(&self) -> serde_json::Value {
        let contents: BTreeMap<&str, &Digest> = self.pieces.iter().map(|p| (p.name.as_str(), &p.content)).collect();
        // Also which of the findings are dismissed, by what: the approver saw that.
        let dismissed: BTreeMap<Fingerprint, &str> = self
            .findings
            .iter()
            .filter_map(|t| Some((t.finding.fingerprint, t.dismissal.as_ref()?.dismissal.envelope.as_str())))
            .collect();
        let mut gate = self.gate.clone();
        gate.state_token = None;
        serde_json::json!({
            "schema": 1,
            "gate": gate,
            "release": self.release,
            "service": self.service,
            "baseline": self.baseline,
            "required": self.required,
            "evidence": contents,
            "dismissed": dismissed,
            "policy": self.policy,
            "verdict": self.verdict,
        })
    }

    /// Whether all findings are there: only then can it be told which dismissals are stale.
    pub fn has_all_findings(&self) -> bool {
        self.count().extent == Extent::Whole
    }

    /// The pieces that are missing or partial, by name; `service` if nothing says which evidence the gate needs.
    pub fn missing(&self) -> Vec<String> {
        let service = self.service.is_none().then(|| "service".to_owned());
        let pieces = self.pieces.iter().filter(|p| p.completeness != Completeness::Complete);
        service.into_iter().chain(pieces.map(|p| p.name.clone())).collect()
    }

    /// The pieces of one kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Piece> {
        self.pieces.iter().filter(move |p| p.kind == kind)
    }

    /// All builds.
    pub fn builds(&self) -> impl Iterator<Item = &super::build::Build> {
        self.pieces
            .iter()
            .filter_map(|p| match &p.value {
                Some(Evidence::Builds(builds)) => Some(builds),
                _ => None,
            })
            .flatten()
    }

    /// All tickets; one that several pieces have is given once.
    pub fn tickets(&self) -> Vec<&super::ticket::Ticket> {
        let mut seen = std::collections::HashSet::new();
        self.pieces
            .iter()
            .filter_map(|p| match &p.value {
                Some(Evidence::Tickets(tickets)) => Some(tickets),
                _ => None,
            })
            .flatten()
            .filter(|t| seen.insert(t.key.raw()))
            .collect()
    }

    /// All change sets.
    pub fn changes(&self) -> impl Iterator<Item = &ChangeSet> {
        self.pieces.iter().filter_map(|p| match &p.value {
            Some(Evidence::Changes(changes)) => Some(changes),
            _ => None,
        })
    }

    /// Where the artifacts come from, piece by piece.
    pub fn provenance(&self) -> impl Iterator<Item = &super::provenance::Provenance> {
        self.pieces.iter().filter_map(|p| match &p.value {
            Some(Evidence::Provenance(provenance)) => Some(provenance),
            _ => None,
        })
    }

    /// What differs from `other`, which is of the same gate: one sentence a difference, none if the digests agree.
    pub fn differences(&self, newer: &Self) -> Vec<String> {
        if self.digest == newer.digest {
            return Vec::new();
        }
        let mut out = Vec::new();
        let old: BTreeMap<&str, &Piece> = self.pieces.iter().map(|p| (p.name.as_str(), p)).collect();
        let new: BTreeMap<&str, &Piece> = newer.pieces.iter().map(|p| (p.name.as_str(), p)).collect();
        for (name, piece) in &new {
            match old.get(name) {
                None => out.push(format!("{name} is new.")),
                Some(before) if before.content != piece.content => {
                    out.push(format!("{name} changed: {} before, {} now.", describe(before), describe(piece)));
                }
                Some(_) => {}
            }
        }
        out.extend(old.keys().filter(|n| !new.contains_key(*n)).map(|n| format!("{n} is gone.")));
        if self.gate.state != newer.gate.state {
            out.push(format!("The gate was {}, and is {} now.", self.gate.state.word(), newer.gate.state.word()));
        } else if (Gate { state_token: None, ..self.gate.clone() })
            != (Gate { state_token: None, ..newer.gate.clone() })
        {
            out.push("The gate itself changed (instructions, options, roles or attempt).".to_owned());
        }
        if self.release != newer.release {
            out.push("The release changed (version, commit or artifacts).".to_owned());
        }
        if self.baseline != newer.baseline {
            out.push(format!("Compared with {} before, with {} now.", self.baseline.words(), newer.baseline.words()));
        }
        if self.tally().dismissed != newer.tally().dismissed {
            out.push(format!(
                "{} findings were dismissed, {} are now.",
                self.tally().dismissed,
                newer.tally().dismissed
            ));
        }
        if self.policy != newer.policy || self.required != newer.required {
            out.push("The policy changed.".to_owned());
        }
        if self.verdict != newer.verdict {
            out.push(format!(
                "The verdict was {}, and is {} now.",
                self.verdict.result.word(),
                newer.verdict.result.word()
            ));
        }
        if out.is_empty() {
            out.push("The dismissals in force changed.".to_owned());
        }
        out.iter().map(|s| crate::text::line(s).into_owned()).collect()
    }
}

fn describe(piece: &Piece) -> String {
    let what = match &piece.value {
        None => {
            return piece
                .completeness
                .reason()
                .map_or_else(|| "missing".to_owned(), |r| format!("missing ({})", r.code));
        }
        Some(Evidence::Builds(b)) => format!("{} builds", b.len()),
        Some(Evidence::Tickets(t)) => format!("{} tickets", t.len()),
        Some(Evidence::Findings(f)) => format!("{} findings in {} reports", f.findings.len(), f.reports.len()),
        Some(Evidence::Changes(c)) => format!("{} commits", c.commits.len()),
        Some(Evidence::Provenance(p)) => p.words(),
    };
    format!("{what}, {} [{}]", piece.completeness.word(), piece.content.short())
}
