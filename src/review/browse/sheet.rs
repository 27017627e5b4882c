//! One record in full: who signed, what the document says in plain words, its entries, and the document itself.

mod statement;

use serde_json::Value;

use super::judge::{Judge, Signer};
use super::line::Lines;
use crate::domain::ids::Digest;
use crate::domain::record::{EntryLine, RecordSheet, Section, Standing, Tone};
use crate::error::AppError;
use crate::ledger::{Entry, EntryKind};
use crate::review::records::ApproversBody;
use crate::review::said::{self, payload};

/// The most lines of the raw document: a screen is no editor.
const RAW_LINES: usize = 20_000;

/// The sheet of the record that `entries` are of. Blocking.
pub(super) fn sheet(judge: Judge, entries: &[Entry], envelope: &Digest) -> Result<RecordSheet, AppError> {
    let mut lines = Lines::new(judge);
    let mut found: Vec<_> = entries.iter().rev().filter_map(|e| Some((e, lines.entry(e)?))).collect();
    found.sort_by_key(|(_, line)| line.envelope == *envelope);
    let (document, mut line) =
        found.pop().ok_or_else(|| AppError::usage("The ledger has no document of this record."))?;
    let body = &document.draft.body;
    let (statement, sections) = if document.draft.kind == EntryKind::Approvers {
        (body.clone(), approvers(body))
    } else {
        let statement = payload(body).unwrap_or_else(|| body.clone());
        let sections = statement::sections(&serde_json::from_slice(&statement).unwrap_or_default(), line.emergency());
        (statement, sections)
    };
    let mut signature = Section::new("Signature");
    match lines.judge.verdict(document, entries) {
        Ok(signer) => {
            line.standing = Standing::Verified;
            if line.by.is_empty() {
                line.by = signer.principal.as_str().into();
            }
            describe(&signer, &mut signature);
            if let Some(decision) = lines.judge.remarked(document) {
                for (label, by) in [("taken back", decision.revoked_by), ("reviewed", decision.reviewed_by)] {
                    if let Some(by) = by {
                        signature.add(label, format!("by {by}"), Tone::Warn);
                    }
                }
            }
        }
        Err(why) => {
            line.standing = Standing::NotVerified;
            signature.add("state", format!("NOT verified: {}", why.message), Tone::Bad);
            for hint in why.hints {
                signature.add("what to do", hint, Tone::Plain);
            }
            signature.add("claims to be by", line.by.clone(), Tone::Warn);
        }
    }
    signature.add("judged as of", document.draft.at.to_string(), Tone::Plain);
    signature.add("record", document.draft.record.as_str(), Tone::Plain);
    signature.add("envelope", document.digest.as_str(), Tone::Plain);
    Ok(RecordSheet {
        line,
        signature,
        sections,
        entries: entries.iter().map(entry_line).collect(),
        raw: raw(&statement).into(),
    })
}

/// An approvers file as it was signed.
fn approvers(body: &[u8]) -> Vec<Section> {
    let Ok(body) = serde_json::from_slice::<ApproversBody>(body) else { return Vec::new() };
    let mut section = Section::new("Who holds which role");
    section.add("file", body.text, Tone::Plain);
    vec![section]
}

fn describe(signer: &Signer, section: &mut Section) {
    section.add("state", format!("verified: signed by {}", signer.principal), Tone::Good);
    if let Some(key) = &signer.key {
        section.add("key", key.fingerprint.clone(), Tone::Plain);
        let place = if key.hardware { "in hardware, which asks for a touch" } else { "not in hardware" };
        section.add("kind of key", format!("{}, {place}", key.algorithm), Tone::Plain);
        if let Some(certificate) = &key.certificate {
            let words = format!(
                "{}, number {}, by the authority {}",
                certificate.key_id, certificate.serial, certificate.authority.fingerprint
            );
            section.add("certificate", words, Tone::Plain);
        }
    }
    if let Some(profile) = signer.profile {
        section.add("profile", profile.word(), Tone::Plain);
    }
    if let Some(stamped) = &signer.stamped {
        section.add("time stamp", format!("signed by {}, says {}", stamped.at, stamped.authority), Tone::Good);
    }
    if let Some(touch) = signer.touch {
        let person = if touch.verified { "touched, and the person checked by PIN or finger" } else { "touched" };
        section.add("touch", format!("{person}; the key's count is {}", touch.counter), Tone::Plain);
    }
}

fn entry_line(entry: &Entry) -> EntryLine {
    let (kind, what) = (entry.draft.kind.word(), said::entry(entry).into());
    EntryLine { seq: entry.seq, at: entry.draft.at, kind, digest: entry.digest.clone(), what }
}

/// What was signed, laid out; as it is, if it is no JSON.
fn raw(bytes: &[u8]) -> String {
    let value: Option<Value> = serde_json::from_slice(bytes).ok();
    let pretty = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
    let text = pretty.unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
    let all = text.lines().count();
    if all <= RAW_LINES {
        return text;
    }
    let head: Vec<&str> = text.lines().take(RAW_LINES).collect();
    format!("{}\n({} more lines: `countersign ledger show` prints them)", head.join("\n"), all - RAW_LINES)
}
