//! What every store must promise, as functions over [`Ledger`]: each store's tests call them all with a ledger that is
//! empty.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use super::*;

/// A draft of a decision's kind.
pub fn draft(record: &str, body: &str) -> Draft {
    Draft {
        kind: EntryKind::Decision,
        record: RecordId::new(record),
        gate: Some("spinnaker:a/b/c".to_owned()),
        at: "2026-11-21T04:10:00Z".parse().unwrap(),
        body: body.as_bytes().to_vec(),
    }
}

/// Its head, all of it being read and in order.
pub fn whole(ledger: &dyn Ledger) -> Head {
    let read = ledger.follow(None).unwrap();
    assert_eq!(read.damage, None);
    assert_eq!(read.head, ledger.head().unwrap());
    read.head
}

/// What is appended is read back, in order, by position, kind and record.
pub fn what_is_appended_is_read_back_in_order(ledger: &dyn Ledger) {
    let mut intent = draft("A", "{\"n\": 2}");
    intent.kind = EntryKind::Intent;
    intent.gate = None;
    let entries = ledger.append(&[draft("A", "{}"), intent.clone(), draft("B", "\u{e9}\0")]).unwrap();
    assert_eq!(entries.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(entries[1].draft, intent);
    assert_eq!(entries[0].digest, canonical::sha256(b"{}"));
    assert_eq!(ledger.read(1, &[]).unwrap(), entries);
    assert_eq!(ledger.read(2, &[EntryKind::Decision]).unwrap(), entries[2..]);
    assert_eq!(ledger.read(2, &[EntryKind::Decision, EntryKind::Intent]).unwrap(), entries[1..]);
    assert_eq!(ledger.read(4, &[]).unwrap(), []);
    assert_eq!(ledger.record(&RecordId::new("A")).unwrap(), entries[..2]);
    assert_eq!(ledger.append(&[]).unwrap(), []);
    assert_eq!(ledger.append(&[draft("C", "")]).unwrap()[0].seq, 4);
    assert_eq!(whole(ledger).size, 4);
}

/// The head is what the checkpoint says, at every size; and what follows a head is read once and must fit it.
pub fn what_follows_a_head_is_read_once_and_must_fit_it(ledger: &dyn Ledger) {
    let origin = ledger.head().unwrap().origin;
    assert!(note::is_origin(&origin), "{origin}");
    assert_eq!(whole(ledger), Head::empty(&origin));
    assert_eq!(ledger.checkpoint().unwrap(), None);

    let mut heads = vec![ledger.head().unwrap()];
    for n in 1..20_u64 {
        let drafts: Vec<Draft> = (0..=(n % 3)).map(|m| draft(&format!("R{n}-{m}"), "{}")).collect();
        let entries = ledger.append(&drafts).unwrap();
        let head = ledger.head().unwrap();
        assert_eq!(head.size, entries.last().unwrap().seq);
        let note = ledger.checkpoint().unwrap().unwrap();
        assert_eq!(note::read_unsigned(&note).unwrap(), head);
        for before in &heads {
            let read = ledger.follow(Some(before)).unwrap();
            assert_eq!((read.damage, &read.head), (None, &head));
            assert_eq!(read.entries.len() as u64, head.size - before.size);
            assert_eq!(ledger.root_at(before.size).unwrap(), Some(before.root));
        }
        heads.push(head);
    }
    let last = heads.last().unwrap();
    assert_eq!(ledger.root_at(last.size + 1).unwrap(), None);

    let other = Head { root: Root([7; 32]), ..heads[3].clone() };
    let elsewhere = Head { origin: note::new_origin().unwrap(), ..heads[3].clone() };
    let ahead = Head { size: last.size + 5, ..last.clone() };
    for unlike in [other, elsewhere, ahead] {
        let read = ledger.follow(Some(&unlike)).unwrap();
        assert!(read.entries.is_empty() && matches!(read.damage, Some(LedgerError::Checkpoint { .. })), "{read:?}");
    }
}

/// Writers side by side, each on a ledger of its own over the same store, lose and double nothing.
pub fn writers_side_by_side_lose_and_double_nothing(
    writers: usize,
    each: usize,
    open: &(dyn Fn() -> Box<dyn Ledger> + Sync),
) {
    let barrier = std::sync::Barrier::new(writers);
    let mut told: Vec<u64> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..writers)
            .map(|writer| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    // Opening side by side on a store that is not there yet is part of the test.
                    let ledger = open();
                    let one = |n| [draft(&format!("{writer}-{n}"), "{}"), draft("x", "{}")];
                    (0..each).map(|n| ledger.append(&one(n)).unwrap()[0].seq).collect::<Vec<_>>()
                })
            })
            .collect();
        running.into_iter().flat_map(|w| w.join().unwrap()).collect()
    });
    told.sort_unstable();
    let ledger = open();
    let entries = ledger.read(1, &[]).unwrap();
    assert_eq!(entries.len(), writers * each * 2);
    assert_eq!(whole(ledger.as_ref()).size, entries.len() as u64);
    let kept: Vec<u64> = entries.iter().filter(|e| e.draft.record.as_str() != "x").map(|e| e.seq).collect();
    assert_eq!(kept, told);
}

/// While a check is in its middle, others append and read, and it checks the state that it began with.
pub fn a_check_keeps_no_append_waiting(ledger: &dyn Ledger) {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    let drafts: Vec<_> = (0..300).map(|n| draft(&format!("R{n}"), "{}")).collect();
    ledger.append(&drafts).unwrap();
    let ((middle, reached), (go_on, goes)) = (channel(), channel::<()>());
    let goes = std::sync::Mutex::new(goes);
    let look = |entry: &Entry| {
        if entry.seq == 150 {
            middle.send(()).unwrap();
            // Comes to its end all the same, so that the test says what is wrong.
            goes.lock().unwrap().recv_timeout(Duration::from_secs(20)).ok();
        }
        check::Look::default()
    };
    let look: &(dyn Fn(&Entry) -> check::Look + Sync) = &look;
    std::thread::scope(|scope| {
        let checking = scope.spawn(move || ledger.check(&check::Audit { look, anchors: &[] }).unwrap());
        reached.recv_timeout(Duration::from_secs(60)).unwrap();
        let (tell, told) = channel();
        scope.spawn(move || tell.send(ledger.append(&[draft("meanwhile", "{}")]).unwrap()[0].seq).unwrap());
        assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok(301), "the append waits for the check");
        assert_eq!(ledger.head().unwrap().size, 301);
        go_on.send(()).unwrap();
        let checked = checking.join().unwrap();
        assert_eq!((checked.found, checked.head.size), (0, 300), "{checked:?}");
    });
    assert_eq!(whole(ledger).size, 301);
}

/// Appends until it is killed, and says each entry once it is acknowledged. What a child does.
pub fn append_forever(ledger: &dyn Ledger) -> ! {
    loop {
        let entries = ledger.append(&[draft("kill", "{\"some\":\"body\"}"), draft("kill", "{}")]).unwrap();
        for entry in entries {
            writeln!(std::io::stdout(), "acknowledged {}", entry.seq).unwrap();
        }
        std::io::stdout().flush().unwrap();
    }
}

/// Children that append forever are killed at many points (COUNTERSIGN_KILLS of them): each time everything that was
/// acknowledged is there, once, in whole transactions, and the tree and the checkpoints fit.
pub fn killed_writers_lose_nothing(child: &dyn Fn() -> Command, open: &dyn Fn() -> Box<dyn Ledger>) {
    let kills = std::env::var("COUNTERSIGN_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(6_usize);
    let mut last = 0;
    for kill in 0..kills {
        // How many acknowledgements are read before the kill; the child is somewhere in its next transactions by then.
        let count = 1 + kill * 17 % 61;
        let mut child = child().stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged: Vec<u64> = Vec::new();
        let mut take = |line: &str| {
            acknowledged.extend(line.rsplit_once("acknowledged ").map(|(_, seq)| seq.parse::<u64>().unwrap()));
        };
        let mut seen = 0;
        while seen < count {
            let line = lines.next().expect("the child ended by itself").unwrap();
            seen += usize::from(line.contains("acknowledged "));
            take(&line);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // Whole lines that were in the pipe count too; a torn last one was not acknowledged.
        let mut rest: Vec<String> = lines.map_while(Result::ok).collect();
        rest.pop();
        for line in &rest {
            take(line);
        }

        let ledger = open();
        let checked = ledger.check(&check::Audit::of_the_tree_alone()).unwrap();
        assert_eq!(checked.found, 0, "{checked:?}");
        assert_eq!(checked.head, whole(ledger.as_ref()));
        let (size, top) = (checked.head.size, *acknowledged.last().unwrap());
        assert!(size >= top, "{size} entries, {top} acknowledged");
        assert_eq!(acknowledged, (last + 1..=top).collect::<Vec<_>>());
        assert_eq!((size % 2, checked.checkpoints), (0, size / 2), "half a transaction");
        last = size;
    }
}
