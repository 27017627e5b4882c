//! The tables, and the way from older ones. A new version adds its step here.

use std::sync::Arc;

use super::fault::Fault;
use super::session::{Link, Session};
use crate::ledger::note;

/// The schema that this version reads and writes.
pub(super) const VERSION: i32 = 1;
/// What only one process at a time does in a database: `Csgn` and the version of this lock.
const LOCK: i64 = 0x4373_676e_0001;
/// The oldest server that is known to work.
const OLDEST: i32 = 120_000;

/// All that the ledger is, in a schema of its own. Digests are text, so that an auditor can read the tables with any tool.
const TABLES: &str = "
CREATE SCHEMA countersign;
CREATE TABLE countersign.meta (name text PRIMARY KEY, value text NOT NULL);
CREATE TABLE countersign.entries (
    seq    bigint PRIMARY KEY CHECK (seq > 0),
    kind   text NOT NULL,
    record text NOT NULL,
    gate   text,
    at     text NOT NULL,
    body   bytea NOT NULL,
    digest text NOT NULL
);
CREATE INDEX entries_record ON countersign.entries (record);
CREATE TABLE countersign.hashes (id bigint PRIMARY KEY CHECK (id >= 0), hash bytea NOT NULL CHECK (length(hash) = 32));
CREATE TABLE countersign.checkpoints (size bigint PRIMARY KEY CHECK (size > 0), note text NOT NULL, batch text NOT NULL);
CREATE TABLE countersign.keys (vkey text PRIMARY KEY, since bigint NOT NULL);
CREATE TABLE countersign.head (one boolean PRIMARY KEY CHECK (one), size bigint NOT NULL);
CREATE TABLE countersign.evidence (
    digest text NOT NULL,
    copy   integer NOT NULL CHECK (copy >= 0),
    bytes  bytea NOT NULL,
    PRIMARY KEY (digest, copy)
);
ALTER TABLE countersign.evidence ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE FUNCTION countersign.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only';
END $$;
CREATE FUNCTION countersign.no_gap() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM countersign.entries) THEN
        RAISE EXCEPTION 'the ledger has no gaps';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION countersign.hash_no_gap() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NEW.id <> (SELECT coalesce(max(id), -1) + 1 FROM countersign.hashes) THEN
        RAISE EXCEPTION 'the ledger has no gaps';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION countersign.only_grow() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NEW.size <= (SELECT coalesce(max(size), 0) FROM countersign.checkpoints) THEN
        RAISE EXCEPTION 'the ledger is append-only';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION countersign.head_grows() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NEW.size < OLD.size OR NOT NEW.one THEN
        RAISE EXCEPTION 'the ledger is append-only';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER entries_no_gap BEFORE INSERT ON countersign.entries FOR EACH ROW EXECUTE FUNCTION countersign.no_gap();
CREATE TRIGGER hashes_no_gap BEFORE INSERT ON countersign.hashes FOR EACH ROW EXECUTE FUNCTION countersign.hash_no_gap();
CREATE TRIGGER checkpoints_only_grow BEFORE INSERT ON countersign.checkpoints
    FOR EACH ROW EXECUTE FUNCTION countersign.only_grow();
CREATE TRIGGER head_grows BEFORE UPDATE ON countersign.head FOR EACH ROW EXECUTE FUNCTION countersign.head_grows();
INSERT INTO countersign.head (one, size) VALUES (true, 0);
";

/// What is said of a schema that this version does not write.
pub(super) fn newer(schema: &str) -> String {
    format!(
        "It was written by a newer version of Countersign (schema {}, this one knows {VERSION}). Update Countersign.",
        crate::text::line(schema)
    )
}

/// The tables of which no row is ever changed or removed. Evidence may be dropped by whoever owns it.
const KEPT: [&str; 5] = ["meta", "entries", "hashes", "checkpoints", "keys"];

/// Checks the server and the database, and makes or brings up to date the tables. The error is a full sentence.
pub(super) fn prepare(link: &Link, session: &Arc<Session>) -> Result<(), String> {
    let why = |fault: Fault| fault.why();
    server(link, session)?;
    if version(link, session)? == Some(VERSION) {
        return Ok(());
    }
    let begin = format!("BEGIN; SELECT pg_advisory_xact_lock({LOCK})");
    link.execute(session, begin).map_err(why)?;
    let made = make(link, session);
    let end = if made.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = link.execute(session, end.to_owned()).map_err(why);
    made.and(ended)
}

fn make(link: &Link, session: &Arc<Session>) -> Result<(), String> {
    // Another process may have been faster: what counts is the version under the lock.
    if version(link, session)?.is_some() {
        return Ok(());
    }
    let origin = note::new_origin()?;
    let mut sql = TABLES.to_owned();
    for table in KEPT {
        sql.push_str(&format!(
            "CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON countersign.{table} \
             FOR EACH STATEMENT EXECUTE FUNCTION countersign.refuse();"
        ));
    }
    sql.push_str(
        "CREATE TRIGGER head_kept BEFORE DELETE OR TRUNCATE ON countersign.head \
         FOR EACH STATEMENT EXECUTE FUNCTION countersign.refuse();",
    );
    sql.push_str(&format!(
        "INSERT INTO countersign.meta (name, value) VALUES ('application', 'countersign ledger'), ('schema', '{VERSION}'), \
         ('origin', '{origin}')"
    ));
    link.execute(session, sql).map_err(|fault| match fault {
        Fault::Refused(why) if why.contains("42501") || why.contains("25006") => format!(
            "The database has no ledger yet, and this role may not make one. Run `countersign doctor` once with ledger.url \
             naming a role that may create a schema there; docs/team-ledger.md has the grants for the others. {why}"
        ),
        fault => fault.why(),
    })
}

/// The server's own settings, as far as what is acknowledged hangs on them.
fn server(link: &Link, session: &Arc<Session>) -> Result<(), String> {
    let sql = "SELECT current_setting('server_version_num')::int4, current_setting('fsync'), \
               current_setting('synchronous_commit')";
    let rows = link.query(session, sql, Vec::new()).map_err(Fault::why)?;
    let row = rows.first().ok_or("The server says nothing of itself.")?;
    let text = |n: usize| row.try_get::<_, String>(n).unwrap_or_default();
    if row.try_get::<_, i32>(0).unwrap_or_default() < OLDEST {
        return Err("The server is older than PostgreSQL 12. Use a newer one.".to_owned());
    }
    if text(1) != "on" {
        return Err("The server does not flush what is written (fsync = off): a decision could be lost after it was \
                    recorded. Switch fsync on there."
            .to_owned());
    }
    if text(2) != "on" {
        return Err(format!(
            "The server keeps synchronous_commit at {}, which is not durable.",
            crate::text::line(&text(2))
        ));
    }
    Ok(())
}

/// The version of the ledger in the database; `None` if there is none. The error is a full sentence.
fn version(link: &Link, session: &Arc<Session>) -> Result<Option<i32>, String> {
    let sql = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'countersign'), \
               EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                       WHERE n.nspname = 'countersign' AND c.relname = 'meta')";
    let rows = link.query(session, sql, Vec::new()).map_err(Fault::why)?;
    let there = |n: usize| rows.first().and_then(|row| row.try_get::<_, bool>(n).ok()).unwrap_or_default();
    if !there(0) {
        return Ok(None);
    }
    let foreign = || {
        "The database has a schema countersign that is no ledger: it is another program's. Name another database in \
         ledger.url."
            .to_owned()
    };
    if !there(1) {
        return Err(foreign());
    }
    // A table of another shape is another program's too; one that may not be read is ours to be granted.
    let rows = match link.query(session, "SELECT name, value FROM countersign.meta", Vec::new()) {
        Ok(rows) => rows,
        Err(Fault::Refused(why)) if why.contains("42703") => return Err(foreign()),
        Err(fault) => return Err(fault.why()),
    };
    let value = |name: &str| {
        rows.iter()
            .find(|r| r.try_get::<_, String>(0).is_ok_and(|n| n == name))
            .and_then(|r| r.try_get::<_, String>(1).ok())
    };
    if value("application").as_deref() != Some("countersign ledger") {
        return Err(foreign());
    }
    match value("schema").and_then(|v| v.parse::<i32>().ok()) {
        Some(version @ 1..=VERSION) => Ok(Some(version)),
        Some(other) if other > VERSION => Err(newer(&other.to_string())),
        _ => Err("Its schema has no version that can be read. Restore the ledger from a copy.".to_owned()),
    }
}
