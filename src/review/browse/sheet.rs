//! One record in full: who signed, what the document says in plain words, its entries, and the document itself.

mod statement;

use serde_json::Value;

use super::line::{Lines, Said, payload};
use crate::config::schema::TrustConfig;
use crate::domain::ids::Digest;
use crate::domain::record::{EntryLine, RecordSheet, Section, Standing, Tone};
use crate::error::AppError;
use crate::ledger::Entry;
use crate::review::records::Records;
use crate::review::sign;
use crate::trust::verify::{Verified, verify_envelope};

/// The most lines of the raw document: a screen is no editor.
const RAW_LINES: usize = 20_000;

/// The sheet of the record that `entries` are of. Blocking.
pub(super) fn sheet(
    records: &Records,
    trust: &TrustConfig,
    entries: &[Entry],
    envelope: &Digest,
) -> Result<RecordSheet, AppError> {
    let mut lines = Lines::new(records);
    let found = entries.iter().rev().filter_map(|entry| lines.take(entry).map(|line| (entry, line)));
    let (document, mut line) = found
        .max_by_key(|(_, line)| line.envelope == *envelope)
        .ok_or_else(|| AppError::usage("The ledger has no such record any more."))?;
    let signed = matches!(document.draft.kind.word(), "decision" | "triage" | "delegation");
    let statement =
        payload(&document.draft.body).filter(|_| signed).map_or_else(|| document.draft.body.clone(), |payload| payload);
    let value: Value = serde_json::from_slice(&statement).unwrap_or_default();
    let mut signature = Section::new("Signature");
    if signed {
        line.standing = Standing::NotVerified;
        match judge(records, trust, document) {
            Ok(verified) => {
                line.standing = Standing::Verified;
                describe(&verified, &mut signature);
            }
            Err(why) => {
                signature.add("state", format!("NOT verified: {}", why.message), Tone::Bad);
                for hint in why.hints {
                    signature.add("what to do", hint, Tone::Plain);
                }
                signature.add("claims to be by", line.by.clone(), Tone::Warn);
            }
        }
        signature.add("judged as of", document.draft.at.to_string(), Tone::Plain);
    } else {
        signature.add("state", "not checked on this screen", Tone::Warn);
    }
    signature.add("record", document.draft.record.as_str(), Tone::Plain);
    signature.add("envelope", document.digest.as_str(), Tone::Plain);
    Ok(RecordSheet {
        line,
        signature,
        sections: statement::sections(&value),
        entries: entries.iter().map(entry_line).collect(),
        raw: raw(&value, &statement).into(),
    })
}

/// Whether a document counts: it verifies as of when it was recorded, in a ledger that is whole, under its own id.
fn judge(records: &Records, trust: &TrustConfig, entry: &Entry) -> Result<Verified, AppError> {
    records.sound()?;
    let root = sign::trust_root(trust)?;
    let verified = verify_envelope(&entry.draft.body, &root, entry.draft.at)?;
    match records.problem_of(entry.seq) {
        Some(problem) => Err(AppError::new(crate::error::ErrorKind::Verification, problem)),
        None => Ok(verified),
    }
}

fn describe(verified: &Verified, section: &mut Section) {
    let key = &verified.key;
    section.add("state", format!("verified: signed by {}", verified.principal), Tone::Good);
    section.add("key", key.fingerprint.clone(), Tone::Plain);
    let place = if key.hardware { "in hardware, which asks for a touch" } else { "not in hardware" };
    section.add("kind of key", format!("{}, {place}", key.algorithm), Tone::Plain);
    if let Some(touch) = verified.touch {
        let person = if touch.verified { "touched, and the person checked by PIN or finger" } else { "touched" };
        section.add("touch", format!("{person}; the key's count is {}", touch.counter), Tone::Plain);
    }
}

fn entry_line(entry: &Entry) -> EntryLine {
    let body = || serde_json::from_slice::<Value>(&entry.draft.body).unwrap_or_default();
    let text = |body: &Value, key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = entry.draft.kind.word();
    let what = match kind {
        "intent" => format!("{} is about to be sent", text(&body(), "verb")),
        "receipt" => {
            let body = body();
            format!("{}: {}", text(&body, "status"), text(&body, "detail"))
        }
        "stamp" => "a time stamp over the signature".to_owned(),
        "approvers" => "who holds which role".to_owned(),
        _ => {
            let said = Said::of(&entry.draft.body);
            format!("{} {}", said.verb.raw(), said.subject.raw())
        }
    };
    EntryLine { seq: entry.seq, at: entry.draft.at, kind, digest: entry.digest.clone(), what: what.into() }
}

/// What was signed, laid out; as it is, if it is no JSON.
fn raw(value: &Value, bytes: &[u8]) -> String {
    let text = if value.is_null() {
        String::from_utf8_lossy(bytes).into_owned()
    } else {
        serde_json::to_string_pretty(value).unwrap_or_default()
    };
    let all = text.lines().count();
    if all <= RAW_LINES {
        return text;
    }
    let head: Vec<&str> = text.lines().take(RAW_LINES).collect();
    format!("{}\n({} more lines: `countersign ledger show` prints them)", head.join("\n"), all - RAW_LINES)
}
