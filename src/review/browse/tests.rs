//! A real ledger is looked through: in pages, with what is damaged, and checked.

use std::cell::Cell;
use std::sync::Mutex;

use super::*;
use crate::config::schema::TrustConfig;
use crate::domain::canonical;
use crate::domain::record::{LedgerCheck, Standing};
use crate::error::ErrorKind;
use crate::ledger::{Draft, EntryKind, SqliteLedger};
use crate::review::records::tests::{World, approval};

fn draft(kind: EntryKind, record: &str, body: &str) -> Draft {
    Draft {
        kind,
        record: RecordId::new(record),
        gate: None,
        at: "2026-11-21T04:10:00Z".parse().unwrap(),
        body: body.as_bytes().to_vec(),
    }
}

/// A ledger of so many decisions, each with a receipt; nobody signed any of them.
fn ledger(folder: &tempfile::TempDir, count: usize) -> SqliteLedger {
    let ledger = SqliteLedger::open(&folder.path().join("ledger.db")).unwrap();
    let drafts: Vec<Draft> = (0..count)
        .flat_map(|i| {
            let record = format!("R{i}");
            let receipt =
                format!(r#"{{"at":"2026-11-21T04:10:00Z","decision":"{record}","detail":"","status":"accepted"}}"#);
            let last = receipt.replace("accepted", "effective");
            [
                draft(EntryKind::Decision, &record, "{}"),
                draft(EntryKind::Receipt, &record, &receipt),
                draft(EntryKind::Receipt, &record, &last),
            ]
        })
        .collect();
    ledger.append(&drafts).unwrap();
    ledger
}

fn listed(ledger: &SqliteLedger) -> (Vec<RecordLine>, usize) {
    let trust = TrustConfig::default();
    let mut lines = line::Lines::new(Judge::new(Records::read(ledger, &trust, None).unwrap(), &trust, None));
    let (mut out, mut pages) = (Vec::new(), 0);
    backwards(ledger, None, |rows| {
        pages += 1;
        assert!(rows.len() <= PAGE as usize);
        out.extend(rows.into_iter().rev().filter_map(|row| lines.row(row)));
        true
    })
    .unwrap();
    (out, pages)
}

#[test]
fn a_copy_of_a_document_under_another_record_never_counts() {
    let world = World::new();
    let body = approval("ana", "A", false);
    world.put(EntryKind::Decision, "A", &body);
    world.put(EntryKind::Decision, "B", &body);
    let judge = Judge::new(world.read(None), &world.trust, None);
    let entries = world.ledger.read(1, &[]).unwrap();
    assert_eq!(
        entries.iter().map(|e| judge.standing(e)).collect::<Vec<_>>(),
        [Standing::Verified, Standing::NotVerified]
    );
    assert_eq!(judge.verdict(&entries[0], &entries[..1]).ok().unwrap().principal.as_str(), "ana");
    let refused = judge.verdict(&entries[1], &entries[1..]).err().unwrap();
    assert!(refused.message.contains("its id is not the one that it was recorded under"), "{refused:?}");
    // One that was changed after it was verified is not the one that was.
    let mut changed = entries[0].clone();
    changed.digest = canonical::sha256(b"else");
    assert_eq!(judge.standing(&changed), Standing::NotVerified);
    assert!(judge.verdict(&changed, &entries[..1]).is_err());
}

#[test]
fn what_was_appended_after_the_ledger_was_verified_is_not_called_bad() {
    let world = World::new();
    world.put(EntryKind::Decision, "A", &approval("ana", "A", false));
    let judge = Judge::new(world.read(None), &world.trust, None);
    world.put(EntryKind::Decision, "B", &approval("bob", "B", false));
    let entries = world.ledger.read(1, &[]).unwrap();
    assert_eq!(judge.standing(&entries[1]), Standing::Unchecked);
    let (reach, mut seen) = (judge.reach(), Vec::new());
    backwards(&world.ledger, reach, |rows| {
        seen.extend(rows.iter().map(|row| row.seq));
        true
    })
    .unwrap();
    assert_eq!(seen, [1]);
}

fn checked(ledger: &SqliteLedger, stop: &Stop, progress: impl Fn(u64, u64) + Sync) -> Option<LedgerCheck> {
    let nobody = Err(AppError::new(ErrorKind::Usage, "Nobody is trusted."));
    check::run(ledger, &nobody, stop, progress, || "2026-11-21T05:00:00Z".parse().unwrap()).unwrap()
}

#[test]
fn thousands_come_in_pages_the_newest_first_each_with_its_last_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, pages) = listed(&ledger(&folder, 1_000));
    assert_eq!((lines.len(), pages), (1_000, 6));
    assert!(lines.windows(2).all(|w| w[0].seq > w[1].seq));
    assert_eq!((lines[0].record.as_str(), lines[999].record.as_str()), ("R999", "R0"));
    let effective = Some(crate::domain::decision::ReceiptStatus::Effective);
    assert!(lines.iter().all(|l| l.receipt == effective && l.standing == Standing::NotVerified));
}

#[test]
fn nobody_reads_on_for_somebody_who_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder, 1_000);
    let pages = Cell::new(0);
    backwards(&ledger, None, |_| {
        pages.set(pages.get() + 1);
        false
    })
    .unwrap();
    assert_eq!(pages.get(), 1);
    let stop = Stop::default();
    stop.call_off();
    assert_eq!(checked(&ledger, &stop, |_, _| panic!("it went on")), None);
}

#[test]
fn a_damaged_entry_has_its_line_and_hides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    drop(ledger(&folder, 3));
    let path = folder.path().join("ledger.db");
    let harm = "DROP TRIGGER IF EXISTS entries_no_update; UPDATE entries SET body = x'00' WHERE seq = 4";
    rusqlite::Connection::open(&path).unwrap().execute_batch(harm).unwrap();
    let ledger = SqliteLedger::open(&path).unwrap();
    let (lines, _) = listed(&ledger);
    assert_eq!(lines.iter().map(|l| l.seq).collect::<Vec<_>>(), [7, 4, 1]);
    assert!(lines[1].subject.raw().starts_with("(damaged: "), "{:?}", lines[1]);
    assert!(lines.iter().all(|l| l.standing == Standing::NotVerified));
    let found = checked(&ledger, &Stop::default(), |_, _| {}).unwrap();
    assert!(found.findings.iter().any(|f| f.starts_with("Entry 4 of the ledger")), "{found:?}");
}

#[test]
fn a_check_tells_how_far_it_is_and_all_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder, 100);
    let told = Mutex::new(Vec::new());
    let found = checked(&ledger, &Stop::default(), |done, all| told.lock().unwrap().push((done, all))).unwrap();
    let told = told.into_inner().unwrap();
    assert!(told.len() >= 4 && told.iter().all(|(done, all)| done < all && *all == 300), "{told:?}");
    assert_eq!((found.entries, found.signatures), (300, 0));
    assert_eq!(found.findings.len(), 100);
    assert!(found.findings[0].ends_with("does not count: Nobody is trusted."), "{}", found.findings[0]);
}
