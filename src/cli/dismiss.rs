//! `countersign dismiss`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::args::DismissArgs;
use super::output::{Block, Document};
use super::{Context, prompt};
use crate::domain::dossier::Dossier;
use crate::domain::finding::Finding;
use crate::domain::ids::Fingerprint;
use crate::domain::time::{Timestamp, parse_duration};
use crate::domain::triage::{Justification, Lapse, Status};
use crate::error::AppError;
use crate::review::permit::Permit;
use crate::review::progress::Progress;
use crate::review::triage::{self, Dismiss};
use crate::review::{Desk, inbox, round::Round};

/// Dismisses findings of one gate's release.
pub async fn run(context: &Context, args: &DismissArgs) -> Result<(), AppError> {
    let status = Status::from_word(&args.status).ok_or_else(|| {
        let known: Vec<&str> = Status::ALL.iter().map(|s| s.word()).collect();
        AppError::usage(format!("There is no status {:?}. Known are: {}.", args.status, known.join(", ")))
    })?;
    let justification = justification(args.justification.as_deref())?;
    let desk = context.desk().await?;
    context.settle(&desk, None).await;
    let now = desk.clock.now();
    let expires = expires(args.expires.as_deref(), status, now)?;
    let waiting = inbox::find(&desk, &args.gate).await?;
    let quiet = crate::review::progress::quiet;
    let dossier = crate::review::dossier::assemble(&desk, &waiting, &Round::default(), false, &quiet).await?;
    let scope = triage::scope(&args.scope, &dossier.release)?;
    let findings = triage::select(&dossier, &args.findings)?;
    let request = Dismiss { findings, status, justification, detail: args.reason.clone(), scope, expires };
    triage::check(&request, now)?;
    let mut words = vec![format!("Dismiss as {} ({}), {}:", status.word(), request.scope, until(expires))];
    words.extend(request.findings.iter().map(|f| {
        format!("  {} {} {} {} {}", f.fingerprint.short(), f.severity, f.rule.line(), f.title.line(), f.place())
    }));
    context.output.message(&words.join("\n"));
    if !args.yes && context.can_ask() && !prompt::confirm("Sign this?", "dismiss") {
        return Err(AppError::usage("Nothing was signed."));
    }
    let output = &context.output;
    let record = triage::dismiss(&desk, &request, &dossier, &Permit::default(), &|progress| {
        if let Progress::Signing { touch: true, seconds } = progress {
            output.message(&format!("Touch your key on your workstation now ({seconds} s)."));
        }
    })
    .await?;
    let prints: BTreeSet<Fingerprint> = request.findings.iter().map(|f| f.fingerprint).collect();
    let open = still_open(context, &desk, &dossier, &prints).await;
    let whole = json!({
        "schema": 1,
        "record": record.record,
        "envelope": record.digest,
        "status": status,
        "justification": justification,
        "scope": request.scope,
        "expires": expires,
        "findings": prints,
        "open": open.iter().map(open_still).collect::<Vec<_>>(),
    });
    let dismissed = prints.len() - open.len();
    let mut text = format!("{dismissed} findings dismissed as {}.\nRecord {}", status.word(), record.record);
    for (finding, lapse) in &open {
        let (print, rule) = (finding.fingerprint.short(), finding.rule.line());
        text.push_str(&format!("\nSigned, and open still: {print} {rule}: {}.", lapse.words()));
    }
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks: vec![Block::Text(text)] })?;
    context.anchored(&desk).await;
    triage::not_yet(&open).map_or(Ok(()), Err)
}

/// The findings that are open although they were dismissed just now. It is signed, whatever becomes of the question.
pub async fn still_open(
    context: &Context,
    desk: &Desk,
    dossier: &Dossier,
    dismissed: &BTreeSet<Fingerprint>,
) -> Vec<(Arc<Finding>, Lapse)> {
    triage::still_open(desk, dossier, dismissed).await.unwrap_or_else(|e| {
        context.output.message(&format!("Warning: it is signed, and cannot be seen to hold: {e}"));
        Vec::new()
    })
}

fn open_still((finding, lapse): &(Arc<Finding>, Lapse)) -> Value {
    json!({ "fingerprint": finding.fingerprint, "lapse": lapse, "why": lapse.words() })
}

/// Reads a justification.
pub fn justification(word: Option<&str>) -> Result<Option<Justification>, AppError> {
    let read = |word: &str| {
        Justification::from_word(word).ok_or_else(|| {
            let known: Vec<&str> = Justification::ALL.iter().map(|j| j.word()).collect();
            AppError::usage(format!("There is no justification {word:?}. Known are: {}.", known.join(", ")))
        })
    };
    word.map(read).transpose()
}

/// Until when, in words.
pub fn until(expires: Option<Timestamp>) -> String {
    expires.map_or_else(|| "without an end".to_owned(), |t| format!("until {t}"))
}

/// Until when, by what was asked for: a risk that is accepted comes back on a day that a person named.
fn expires(asked: Option<&str>, status: Status, now: Timestamp) -> Result<Option<Timestamp>, AppError> {
    match asked {
        Some("never") => Ok(None),
        Some(text) => expiry(text, now).map(Some),
        None if status == Status::Accepted => Ok(None),
        None => expiry(crate::domain::triage::EXPIRES, now).map(Some),
    }
}

/// A time that was asked for, by a length or by itself.
pub fn expiry(text: &str, now: Timestamp) -> Result<Timestamp, AppError> {
    let far = || AppError::usage(format!("{text:?} is further away than dates go. Write never for no end."));
    let at = parse_duration(text)
        // What does not fit leaves the time where it is.
        .map(|d| Some(now.plus(d)).filter(|at| d.is_zero() || *at > now).ok_or_else(far))
        .transpose()?
        .or_else(|| text.parse().ok())
        .or_else(|| format!("{text}T00:00:00Z").parse().ok())
        .ok_or_else(|| {
            AppError::usage(format!("{text:?} is no time. Write 90d, 12h, 2026-12-31 or 2026-12-31T12:00:00Z."))
        })?;
    if at <= now {
        return Err(AppError::usage(format!("{text:?} has passed already.")));
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn without_a_word_it_ends_in_ninety_days_and_an_accepted_risk_needs_the_word() {
        let in_90_days = Some("2026-04-01T00:00:00Z".parse().unwrap());
        assert_eq!(expires(None, Status::FalsePositive, now()).unwrap(), in_90_days);
        assert_eq!(expires(Some("90d"), Status::Accepted, now()).unwrap(), in_90_days);
        assert_eq!(expires(Some("never"), Status::NotAffected, now()).unwrap(), None);
        assert_eq!(expires(None, Status::Accepted, now()).unwrap(), None);
    }

    #[test]
    fn times_that_are_wrong_are_told_apart() {
        for (text, says) in [
            ("99999999999d", "further away"),
            ("999999999999w", "further away"),
            ("0d", "has passed"),
            ("2025-12-31", "has passed"),
            ("soon", "is no time"),
            ("999999999999999999999d", "is no time"),
        ] {
            let error = expiry(text, now()).unwrap_err();
            assert!(error.message.contains(says), "{text}: {error}");
        }
        assert!(expiry("2026-01-02", now()).is_ok());
    }
}
