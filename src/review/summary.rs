//! What is about to be decided, as a person is told it before anything is signed: the prompt, the console, the plain mode
//! and the JSON of a dry run are all written from this.

use super::approval::Approval;
use super::decide::Prepared;
use super::{Desk, take_up};
use crate::domain::decision::{Decision, Verb};
use crate::domain::dossier::Count;
use crate::domain::ids::{Digest, GateId, Principal};
use crate::domain::quorum::Standing;
use crate::domain::release::Release;
use crate::domain::time::Timestamp;
use crate::domain::verdict::{Level, Verdict, Violation};
use crate::error::AppError;
use crate::orchestrator::PlannedRequest;
use crate::text::{Untrusted, line};
use crate::trust::quorum::Seat;

/// The cells of a label with what stands before it.
const LABEL: usize = 13;

/// What is about to be decided.
#[derive(Debug, Clone)]
pub struct Summary {
    /// What.
    pub verb: Verb,
    /// The gate.
    pub gate: GateId,
    /// Which time it was asked.
    pub attempt: String,
    /// What it holds back.
    pub release: Release,
    /// The digest of the evidence.
    pub dossier: Digest,
    /// The answer that was chosen among the gate's inputs.
    pub option: Option<Untrusted>,
    /// Why.
    pub reason: Untrusted,
    /// The verdict and what it rests on.
    pub verdict: Verdict,
    /// The pieces of evidence that are not all there.
    pub missing: Vec<String>,
    /// The findings.
    pub findings: Count,
    /// Who would sign and with what, or why nobody can.
    pub signer: Result<Signs, AppError>,
    /// The seats that the signer takes; none where roles are not checked.
    pub seats: Vec<Seat>,
    /// How far the approvals are, and how far they are with this one; for an approval only.
    pub approvals: Option<(Standing, Standing)>,
    /// What signing does, in a sentence; empty where that cannot be told.
    pub then: String,
    /// Whether something is sent at once.
    pub sends: bool,
    /// What would be sent, now or once the quorum is reached.
    pub requests: Vec<PlannedRequest>,
    /// What to know before, each in a sentence.
    pub remarks: Vec<String>,
    /// What stands against it, the gravest first.
    pub refusals: Vec<AppError>,
}

/// Who signs, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signs {
    /// The person, as the key says.
    pub principal: Principal,
    /// `SHA256:...`.
    pub fingerprint: String,
    /// `ssh-ed25519`.
    pub algorithm: String,
    /// Whether the key is in hardware.
    pub hardware: bool,
    /// How it is signed: `ssh-agent`, `key-file`.
    pub method: String,
    /// The key's comment.
    pub comment: Untrusted,
}

impl Summary {
    /// Of a decision that is prepared.
    pub fn of(prepared: &Prepared) -> Self {
        let (waiting, dossier) = (&prepared.waiting, &prepared.dossier);
        let (proposal, approval) = (&prepared.proposal, prepared.approval.as_ref());
        Self {
            verb: proposal.verb,
            gate: waiting.gate.id.clone(),
            attempt: waiting.gate.attempt.clone(),
            release: dossier.release.clone(),
            dossier: dossier.digest.clone(),
            option: proposal.option.clone().map(Untrusted::new),
            reason: Untrusted::new(proposal.reason.clone()),
            verdict: dossier.verdict.clone(),
            missing: dossier.missing(),
            findings: dossier.count(),
            signer: prepared.identity.as_ref().map_err(Clone::clone).map(|identity| {
                let key = identity.key();
                Signs {
                    principal: identity.principal.clone(),
                    fingerprint: key.fingerprint.clone(),
                    algorithm: key.algorithm.clone(),
                    hardware: key.hardware,
                    method: identity.signer.method().to_owned(),
                    comment: key.comment.clone(),
                }
            }),
            seats: approval.map(|a| a.seats.clone()).unwrap_or_default(),
            approvals: approval.filter(|a| !a.effect.is_empty()).map(|a| (a.before.clone(), a.after.clone())),
            then: then(proposal.verb, approval),
            sends: proposal.verb.is_delivered() && approval.is_none_or(|a| a.sends),
            requests: prepared.requests.clone(),
            remarks: prepared.remarks.clone(),
            refusals: prepared.refusals.clone(),
        }
    }

    /// As what the signer acts: `release-manager`, `security, lent by sam@example.com`.
    pub fn acts_as(&self) -> Option<String> {
        let mut words: Vec<String> = self.seats.iter().map(seat).collect();
        words.dedup();
        (!words.is_empty()).then(|| words.join("; "))
    }

    /// Each fact with its label, safe to display; a value may have several lines.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let mut out = vec![("gate", format!("{} (attempt {})", self.gate, line(&self.attempt)))];
        if !self.then.is_empty() {
            out.push(("then", self.then.clone()));
        }
        if let Some((before, _)) = &self.approvals {
            out.push(("approvals", before.words()));
        }
        match &self.signer {
            Ok(signs) => {
                let acts = self.acts_as().map(|roles| format!(" as {roles}")).unwrap_or_default();
                out.push(("signed as", format!("{}{acts}", signs.principal)));
                out.push(("key", signs.words()));
            }
            Err(error) => out.push(("signed as", format!("nobody: {}", error.message))),
        }
        out.push(("reason", self.reason.block().into_owned()));
        out.extend(self.option.as_ref().map(|o| ("input", o.line().into_owned())));
        out.push(("digest", self.dossier.short()));
        out.extend(self.release.commit.as_ref().map(|c| ("commit", c.line().into_owned())));
        for artifact in &self.release.artifacts {
            let digest = artifact.digest.as_ref().map_or("no digest known", Digest::as_str);
            out.push(("artifact", format!("{} {digest}", artifact.name.line())));
        }
        out.push(("verdict", self.verdict.result.word().to_owned()));
        let told = self.verdict.reasons.iter().filter(|r| r.level != Level::Note);
        out.extend(told.map(|r| ("because", sentence(r))));
        out.push(("findings", self.findings.words()));
        out.push((
            "missing",
            if self.missing.is_empty() { "nothing".to_owned() } else { line(&self.missing.join(", ")).into_owned() },
        ));
        out.extend(self.unplaced().map(|u| ("duties", u.to_owned())));
        let when = if self.sends { "" } else { ", once the quorum is reached" };
        out.extend(self.requests.iter().map(|r| ("request", format!("{} {}{when}", r.method, line(&r.url)))));
        out
    }

    /// Who is excluded and cannot be placed, in a sentence.
    pub fn unplaced(&self) -> Option<&str> {
        self.approvals.as_ref().and_then(|(_, after)| after.unplaced.as_deref())
    }

    /// All of it for a prompt: what is decided, and each fact below, labels and values in columns.
    pub fn words(&self) -> String {
        let title = format!("{} {}", capital(self.verb.word()), self.release.short());
        let lines = self.facts().into_iter().map(|(label, value)| {
            let value = value.replace('\n', &format!("\n{:LABEL$}", ""));
            format!("  {label:<width$}{value}", width = LABEL - 2)
        });
        std::iter::once(title).chain(lines).collect::<Vec<_>>().join("\n")
    }

    /// The same without columns, for screen readers: `label: value`.
    pub fn lines(&self) -> String {
        let facts = self.facts().into_iter().map(|(label, value)| format!("{label}: {value}\n"));
        format!("{}: {}\n{}", self.verb.word(), self.release.short(), facts.collect::<String>())
    }

    /// What would be sent, each as a text.
    pub fn sent(&self) -> impl Iterator<Item = String> {
        self.requests.iter().map(|request| {
            let headers: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            let body = serde_json::to_string_pretty(&request.body).unwrap_or_default();
            format!("{} {}\n{}\n{body}", request.method, request.url, headers.join("\n"))
        })
    }
}

/// A decision of the same person that is taken up in place of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// When it was signed.
    pub at: Timestamp,
    /// What was decided.
    pub verb: Verb,
    /// Why.
    pub reason: Untrusted,
    /// It was about to be sent, and what became of it is not recorded; else it was only recorded.
    pub open: bool,
}

impl Earlier {
    /// What is to be known of it before another one is signed.
    pub fn words(&self) -> String {
        let at = self.at.to_string();
        let at = at.get(..16).unwrap_or(&at);
        let what = format!("Your decision of {at}Z to {} it (\"{}\")", self.verb.word(), self.reason.line());
        if self.open {
            format!(
                "{what} is open: this settles that one. Only if nothing of it was sent, and it may not be sent any more, is \
                 this one signed."
            )
        } else {
            format!("{what} is recorded and counts: this takes that one up, and signs nothing new.")
        }
    }
}

/// The person's own decision that [`take_up`](super::take_up) would settle in place of what is prepared.
pub async fn earlier(desk: &Desk, prepared: &Prepared) -> Result<Option<Earlier>, AppError> {
    if desk.readonly {
        return Ok(None);
    }
    let verb = prepared.proposal.verb;
    if let Some(open) = take_up::open_order(desk, &prepared.waiting.gate.id, verb).await? {
        return Ok(Some(Earlier { at: open.since, verb, reason: open.order.reason, open: true }));
    }
    let Some(given) = prepared.approval.as_ref().and_then(|a| a.given.as_ref()) else { return Ok(None) };
    let records = desk.records().await?;
    let (gate, proposal) = (&prepared.waiting.gate.id, &prepared.proposal);
    let option = |d: &Decision| {
        let verified = records.verified(gate, &d.id)?;
        verified.statement.decision()?.orchestrator.option.as_ref().map(|o| o.raw().to_owned())
    };
    let same = |d: &&Decision| {
        d.dossier == prepared.dossier.digest
            && d.break_glass == proposal.break_glass
            && option(d) == proposal.option
            && records.is_unsent(d)
    };
    let found = records.decision(given).filter(same);
    Ok(found.map(|d| Earlier { at: d.issued_at, verb, reason: d.reason.clone(), open: false }))
}

impl Signs {
    /// The key in a line: kind, fingerprint, where it is.
    pub fn words(&self) -> String {
        let kind = if self.hardware { "hardware key" } else { "software key" };
        let words =
            format!("{} {} ({kind}, {}) {}", self.algorithm, self.fingerprint, self.method, self.comment.line());
        words.trim_end().to_owned()
    }
}

fn seat(seat: &Seat) -> String {
    let lent = seat.lent_by.as_ref().map(|by| format!(", lent by {by}")).unwrap_or_default();
    format!("{}{lent}", line(&seat.role))
}

fn sentence(reason: &Violation) -> String {
    format!("{} {}: {}", reason.level.word(), line(&reason.id), crate::text::block(&reason.text))
}

fn then(verb: Verb, approval: Option<&Approval>) -> String {
    match (verb, approval) {
        (Verb::Approve, approval) => approval.map(|a| a.effect.clone()).unwrap_or_default(),
        (Verb::Reject, _) => "It is sent: the gate is answered with no.".to_owned(),
        (Verb::Halt, _) => "It is sent: the run is stopped.".to_owned(),
        (Verb::Comment | Verb::Revoke, _) => "It is recorded, and nothing is sent.".to_owned(),
    }
}

/// With a capital, as a line begins.
pub fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
