//! An append in PostgreSQL beside one in SQLite, both flushed with a signed checkpoint; skipped where there is no server.

#[expect(dead_code, clippy::expect_used, clippy::panic, reason = "it is made for tests, which use more of it")]
#[path = "../../tests/it/support/postgres.rs"]
mod server;

use countersign::domain::ids::RecordId;
use countersign::ledger::postgres::Address;
use countersign::ledger::{Draft, EntryKind, Ledger, PostgresLedger, SqliteLedger};
use countersign::secrets::Secret;

use super::compare;

/// How many appends are one measure.
const APPENDS: usize = 20;

pub fn measure() {
    let Some(server) = server::Server::start(&[]) else { return };
    let home = tempfile::tempdir().unwrap();
    let address = Address::parse(&server.url("owner", &server.database())).unwrap();
    let password = Secret::new(server.password.clone());
    let team = PostgresLedger::open(&address, Some(&password), &home.path().join("team.key"), None).unwrap();
    let own = SqliteLedger::open(&home.path().join("ledger.db")).unwrap();
    let append = |ledger: &dyn Ledger| {
        let draft = Draft {
            kind: EntryKind::Decision,
            record: RecordId::new("01"),
            gate: Some("spinnaker:a/b/c".to_owned()),
            at: "2026-11-21T04:00:00Z".parse().unwrap(),
            body: vec![b'x'; 1_500],
        };
        for _ in 0..APPENDS {
            ledger.append(std::slice::from_ref(&draft)).unwrap();
        }
    };
    compare("20 appends of 1.5 KB: PostgreSQL / SQLite", || append(&team), || append(&own));
}
