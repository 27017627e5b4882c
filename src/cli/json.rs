//! The objects that scripts read, as the command line's contract writes them.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value, json};

use crate::domain::decision::Decision;
use crate::domain::dossier::{Count, Dossier, Since};
use crate::domain::evidence::{Evidence, Kind, Piece};
use crate::domain::finding::Finding;
use crate::domain::quorum::Standing;
use crate::domain::triage::Triaged;
use crate::domain::verdict::Verdict;
use crate::error::AppError;
use crate::review::inbox::Waiting;
use crate::review::summary::Summary;
use crate::trust::quorum::Seat;

/// One gate, with its dossier as far as it could be put together.
pub fn gate(waiting: &Waiting, dossier: Result<&Dossier, &AppError>) -> Value {
    let dossier_ref = dossier.as_ref().ok();
    let mut value = json!({
        "id": waiting.gate.id,
        "short": waiting.release.address(),
        "service": waiting.release.service,
        "version": waiting.release.version,
        "environment": waiting.release.environment,
        "matched": waiting.service.is_some(),
        "orchestrator": waiting.gate.id.connection(),
        "application": waiting.gate.application,
        "pipeline": waiting.gate.pipeline,
        "stage": waiting.gate.stage,
        "attempt": waiting.gate.attempt,
        "startedBy": waiting.gate.started_by,
        "instructions": waiting.gate.instructions,
        "options": waiting.gate.options,
        "requiredRoles": waiting.gate.required_roles,
        "rolesChanged": waiting.gate.roles_tampered(),
        "waitingSince": waiting.gate.waiting_since,
        "timesOutAt": waiting.gate.times_out_at,
        "state": waiting.gate.state.word(),
        "verdict": dossier_ref.map_or("unknown", |d| d.verdict.result.word()),
        // Without a dossier, nothing of it is there.
        "missing": dossier_ref.map_or_else(|| vec!["dossier".to_owned()], |d| d.missing()),
        "findings": counts(dossier_ref.map(|d| d.count()).as_ref()),
        "approvals": approvals(&waiting.standing),
        "digest": dossier_ref.map(|d| &d.digest),
    });
    if let (Err(error), Some(object)) = (dossier, value.as_object_mut()) {
        object.insert("error".into(), json!(error.message));
    }
    value
}

/// How far the approvals are.
pub fn approvals(standing: &Standing) -> Value {
    json!({
        "have": standing.have,
        "need": standing.need,
        "waits": standing.waits,
        "reached": standing.reached,
        "by": standing.by,
        "breakGlass": standing.break_glass.is_some(),
        "reviewOutstanding": standing.review_outstanding,
        "words": standing.words(),
        "notes": standing.notes,
        "unplaced": standing.unplaced,
    })
}

/// The counts of findings; how they stand against the last approved release is `null` where it is not known, and never
/// left out.
fn counts(count: Option<&Count>) -> Value {
    let mut value = json!(count.map(|c| c.tally).unwrap_or_default());
    if let Some(object) = value.as_object_mut() {
        object.extend(since(count));
    }
    value
}

/// How findings stand against the last approved release: `new`, `fixed`, `unchanged`, `unseen`, each `null` where it is
/// not known, and `notCompared`, which says why.
pub fn since(count: Option<&Count>) -> Map<String, Value> {
    let since = count.map(|c| c.since.as_ref());
    let (known, why) = match since {
        Some(Ok(since)) => (Some(since), None),
        Some(Err(why)) => (None, Some(why.as_str())),
        None => (None, Some("The evidence is not here.")),
    };
    let number = |of: fn(&Since) -> u32| json!(known.map(of));
    let fields = [
        ("new", number(|s| s.new)),
        ("fixed", number(|s| s.fixed)),
        ("unchanged", number(|s| s.unchanged)),
        ("unseen", number(|s| s.unseen)),
        ("since", json!(known.map(|s| &s.version))),
        ("notCompared", json!(why)),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The evidence of a dossier, by kind.
pub fn dossier(dossier: &Dossier) -> Value {
    let of = |kind: Kind| dossier.of(kind).map(piece).collect::<Vec<_>>();
    json!({
        "asOf": dossier.as_of,
        "release": dossier.release,
        "baseline": dossier.baseline,
        "required": dossier.required,
        "policy": dossier.policy,
        "builds": of(Kind::Builds),
        "tickets": of(Kind::Tickets),
        "findings": of(Kind::Findings),
        "changes": of(Kind::Changes),
        "provenance": of(Kind::Provenance),
        "staleDismissals": stale(dossier),
        "triaged": dossier.findings.iter().map(triaged).collect::<Vec<_>>(),
    })
}

/// The dismissals that match nothing in the release; `null` where that cannot be told, as findings are missing.
pub fn stale(dossier: &Dossier) -> Value {
    if dossier.has_all_findings() { json!(dossier.stale) } else { Value::Null }
}

fn piece(piece: &Piece) -> Value {
    let items = match &piece.value {
        None => Value::Null,
        Some(Evidence::Builds(builds)) => json!(builds),
        Some(Evidence::Tickets(tickets)) => json!(tickets),
        // The findings themselves are in `triaged`, merged over all pieces.
        Some(Evidence::Findings(set)) => {
            json!({ "reports": set.reports, "classes": piece.classes(), "quality": set.quality, "scannedCommit": set.scanned_commit })
        }
        Some(Evidence::Changes(changes)) => json!(changes),
        Some(Evidence::Provenance(provenance)) => json!(provenance),
    };
    json!({
        "name": piece.name,
        "source": piece.source,
        "uri": piece.uri,
        "status": piece.completeness.word(),
        "reason": piece.completeness.reason(),
        "fetchedAt": piece.fetched_at,
        "raw": piece.raw,
        "parts": piece.parts,
        "content": piece.content,
        "items": items,
    })
}

/// One finding with its triage.
pub fn triaged(triaged: &Triaged) -> Value {
    let mut value = finding(&triaged.finding);
    if let Some(object) = value.as_object_mut() {
        object.insert("novelty".into(), json!(triaged.novelty));
        object.insert("open".into(), json!(triaged.is_open()));
        object.insert("dismissal".into(), json!(triaged.dismissal));
        object.insert(
            "suggestion".into(),
            match triaged.suggestion.as_deref() {
                Some((carried, lapse)) => json!({ "carried": carried, "lapse": lapse, "why": lapse.words() }),
                None => Value::Null,
            },
        );
    }
    value
}

/// One finding, in the shape that `scan` prints.
pub fn finding(finding: &Finding) -> Value {
    json!(ShownFinding(finding))
}

/// A finding, as [`finding`] gives it, written without a copy: a report may have a hundred thousand.
pub struct ShownFinding<'a>(pub &'a Finding);

impl Serialize for ShownFinding<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let f = self.0;
        // In the order of their names, as everything that we write.
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("also", &f.also)?;
        map.serialize_entry("class", &f.class)?;
        map.serialize_entry("confidence", &f.confidence)?;
        map.serialize_entry("context", &f.context)?;
        map.serialize_entry("cve", &f.cves().collect::<Vec<_>>())?;
        map.serialize_entry("cwe", &f.cwe)?;
        map.serialize_entry("detail", &f.detail)?;
        map.serialize_entry("fingerprint", &f.fingerprint)?;
        map.serialize_entry("joined", &f.joined)?;
        map.serialize_entry("keys", &f.keys)?;
        map.serialize_entry("location", &f.location)?;
        map.serialize_entry("package", &f.package)?;
        map.serialize_entry("rule", &f.rule)?;
        map.serialize_entry("scores", &f.scores)?;
        map.serialize_entry("severity", &f.severity)?;
        map.serialize_entry("snippet", &f.snippet)?;
        map.serialize_entry("sources", &f.sources)?;
        map.serialize_entry("suppressed", &f.suppressed)?;
        map.serialize_entry("title", &f.title)?;
        map.serialize_entry("url", &f.url)?;
        map.serialize_entry("vulnerabilities", &f.vulnerabilities)?;
        map.end()
    }
}

/// The verdict.
pub fn verdict(verdict: &Verdict) -> Value {
    json!({ "result": verdict.result, "reasons": verdict.reasons })
}

/// What is about to be decided, and what stands against it.
pub fn summary(summary: &Summary) -> Value {
    let signer = summary.signer.as_ref().ok().map(|signs| {
        json!({
            "principal": signs.principal,
            "fingerprint": signs.fingerprint,
            "algorithm": signs.algorithm,
            "hardware": signs.hardware,
            "method": signs.method,
            "comment": signs.comment,
        })
    });
    let seat = |seat: &Seat| json!({ "role": seat.role, "lentBy": seat.lent_by });
    let refusal = |e: &AppError| json!({ "exit": e.kind.exit_code(), "message": e.message, "hints": e.hints });
    json!({
        "verb": summary.verb,
        "release": summary.release,
        "reason": summary.reason,
        "option": summary.option,
        "verdict": verdict(&summary.verdict),
        "signer": signer,
        "as": summary.seats.iter().map(seat).collect::<Vec<_>>(),
        "approvals": summary.approvals.as_ref().map(|(before, after)| {
            json!({ "before": approvals(before), "after": approvals(after) })
        }),
        "then": summary.then,
        "sends": summary.sends,
        "requests": summary.requests,
        "remarks": summary.remarks,
        "refusals": summary.refusals.iter().map(refusal).collect::<Vec<_>>(),
    })
}

/// One decision.
pub fn decision(decision: &Decision) -> Value {
    json!(decision)
}
