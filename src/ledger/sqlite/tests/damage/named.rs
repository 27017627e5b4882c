//! Findings name the entries that they are about: all of them, at once, and no others.

use super::*;

#[test]
fn findings_name_the_entries_and_nothing_else() {
    let world = World::new();
    for (harm, expected) in [
        (
            "UPDATE entries SET body = CAST('{}' AS BLOB) WHERE seq IN (5, 9)",
            vec![("entry-changed", 5), ("entry-changed", 9)],
        ),
        ("UPDATE entries SET gate = 'x' WHERE seq = 30", vec![("entry-changed", 30)]),
        ("DELETE FROM entries WHERE seq IN (1, 12)", vec![("entry-missing", 1), ("entry-missing", 12)]),
        ("DELETE FROM entries WHERE seq >= 29", vec![("entry-missing", 29)]),
        ("UPDATE checkpoints SET note = 'x' WHERE size = 8", vec![("checkpoint-not-good", 8)]),
    ] {
        let dir = world.fresh("file");
        sql(dir.path(), |connection| connection.execute_batch(harm).unwrap());
        let checked = check(dir.path(), &[]).unwrap();
        let found: Vec<_> = checked.findings.iter().map(|f| (f.code, f.entry.unwrap())).collect();
        assert_eq!(found, expected, "{harm}: {checked:#?}");
    }
    let dir = world.fresh("file");
    change_body(dir.path(), 5, "{}");
    sql(dir.path(), |connection| {
        // Its leaf's hash too: the checkpoints over it no longer fit.
        let row: (String, String, String, String) = connection
            .query_row("SELECT kind, record, gate, at FROM entries WHERE seq = 5", [], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
            })
            .unwrap();
        let mut draft = draft(&row.1, "{}");
        draft.gate = Some(row.2);
        let hash = leaf_hash(&leaf::of(&Entry::new(5, draft)));
        let id = i64::try_from(tlog_tiles::stored_hash_index(0, 4)).unwrap();
        connection.execute("UPDATE hashes SET hash = ?1 WHERE id = ?2", params![hash.0, id]).unwrap();
    });
    let checked = check(dir.path(), &[]).unwrap();
    let codes: Vec<_> = checked.findings.iter().map(|f| f.code).collect();
    assert!(codes.contains(&"root-other"), "{checked:#?}");
    let root = checked.findings.iter().find(|f| f.code == "root-other").unwrap();
    assert!(root.entry == Some(5) && root.what.contains("Entries 5 to 5"), "{root:?}");
}

/// What a check finds, which must be within a time that no walk from here to there takes.
fn soon(path: PathBuf) -> Vec<(&'static str, Option<u64>, String)> {
    let (say, said) = std::sync::mpsc::channel();
    std::thread::spawn(move || say.send(check(&path, &[]).unwrap()).unwrap());
    let checked: Checked = said.recv_timeout(Duration::from_secs(60)).expect("it counts up to it");
    checked.findings.into_iter().map(|f| (f.code, f.entry, f.what)).collect()
}

#[test]
fn an_entry_that_was_planted_far_away_is_told_at_once() {
    let world = World::new();
    for (seq, up_to) in [(1 << 62, "4611686018427387903"), (i64::MAX, "9223372036854775806")] {
        let dir = world.fresh("file");
        sql(dir.path(), |connection| {
            let plant =
                "INSERT INTO entries SELECT ?1, kind, record, gate, at, body, digest FROM entries WHERE seq = 1";
            connection.execute(plant, [seq]).unwrap();
        });
        let found = soon(dir.path().to_owned());
        let missing = found.iter().find(|(code, ..)| *code == "entry-missing").unwrap();
        assert_eq!(missing.1, Some(31), "{found:#?}");
        assert!(missing.2.contains(&format!("all up to entry {up_to} are missing")), "{found:#?}");
        // What is before it is still compared, and nothing of it is found.
        assert!(found.iter().all(|(_, entry, _)| entry.is_none_or(|entry| entry > 30 || entry == 1)), "{found:#?}");
        // Whoever else asks for a position is not led there either.
        let ledger = SqliteLedger::open(&dir.path().join("ledger.db")).unwrap();
        assert_eq!(ledger.root_at(30).unwrap(), Some(world.seen.root));
        assert_eq!(ledger.root_at(1 << 61).unwrap(), None);
        assert!(ledger.append(&[draft("A", "{}")]).unwrap_err().is_damage());
        assert!(crate::ledger::prove::inclusion(&ledger, 31).is_err());
        assert_eq!(ledger.follow(None).unwrap().head.size, 30);
        crate::ledger::export::export(&ledger, &dir.path().join("export"), &[]).unwrap();
    }
    // One before the first is seen, and not again and again.
    let dir = world.fresh("file");
    sql(dir.path(), |connection| {
        connection
            .execute_batch(
                "PRAGMA ignore_check_constraints = 1; DELETE FROM entries WHERE seq > 1; \
                 UPDATE entries SET seq = 0; DELETE FROM checkpoints; DELETE FROM hashes",
            )
            .unwrap();
    });
    let found = soon(dir.path().to_owned());
    assert!(found.iter().any(|(code, entry, _)| (*code, *entry) == ("entry-extra", Some(0))), "{found:#?}");
}

#[test]
fn a_gap_is_one_finding_and_the_rest_is_compared() {
    let world = World::new();
    let dir = world.fresh("file");
    sql(dir.path(), |c| c.execute_batch("DELETE FROM entries WHERE seq BETWEEN 10 AND 14").unwrap());
    let checked = check(dir.path(), std::slice::from_ref(&world.seen)).unwrap();
    let found: Vec<_> = checked.findings.iter().map(|f| (f.code, f.entry)).collect();
    assert_eq!(found, [("entry-missing", Some(10))], "{checked:#?}");
    assert!(checked.findings[0].what.contains("all up to entry 14 are missing"), "{checked:#?}");
    // Where a hash is missing too, the tree goes on behind the gap, and comes out at what was seen.
    let leaf = tlog_tiles::stored_hash_index(0, 10);
    sql(dir.path(), |c| c.execute_batch(&format!("DELETE FROM hashes WHERE id = {leaf}")).unwrap());
    let checked = check(dir.path(), std::slice::from_ref(&world.seen)).unwrap();
    let codes: Vec<_> = checked.findings.iter().map(|f| f.code).collect();
    assert_eq!((codes, checked.head.root), (vec!["hash-missing", "entry-missing", "root-other"], world.seen.root));
}

#[test]
fn entries_under_no_checkpoint_that_counts_are_named() {
    let world = World::new();
    let stranger = |head: &Head| note::NoteKey::new(&[9; 32], &head.origin).unwrap().sign(head).unwrap();
    let remove = "DELETE FROM checkpoints WHERE size = 31";
    let change = |size: u64| format!("UPDATE checkpoints SET note = ?1 WHERE size = {size}");
    // The newest taken away, changed, or taken away with an older one that says by itself that it is over all of them.
    for (harms, bad) in
        [(vec![remove.to_owned()], None), (vec![change(31)], Some(31)), (vec![remove.to_owned(), change(30)], Some(30))]
    {
        let dir = world.fresh("file");
        let ledger = SqliteLedger::open(&dir.path().join("ledger.db")).unwrap();
        ledger.append(&[draft("planted", "{}")]).unwrap();
        let note = stranger(&ledger.head().unwrap());
        drop(ledger);
        sql(dir.path(), |connection| {
            for harm in &harms {
                let mut statement = connection.prepare(harm).unwrap();
                let nothing: &[&str] = &[];
                let parameters = if statement.parameter_count() == 0 { nothing } else { &[note.as_str()] };
                statement.execute(rusqlite::params_from_iter(parameters)).unwrap();
            }
        });
        let checked = check(dir.path(), &[]).unwrap();
        let found: Vec<_> = checked.findings.iter().map(|f| (f.code, f.entry.unwrap())).collect();
        let mut expected: Vec<_> = bad.map(|size| ("checkpoint-not-good", size)).into_iter().collect();
        expected.push(("entry-unsigned", bad.unwrap_or(31)));
        assert_eq!(found, expected, "{checked:#?}");
    }
}
