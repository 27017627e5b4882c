//! Opening: the file, its folders and modes, whose it is, and its schema.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::migrate::{self, APPLICATION, VERSION};

/// What each SQLite file begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Opens the ledger, made where there is none; one of an older schema is still to be carried over. The error is a full sentence with what to do.
pub(super) fn open(path: &Path, busy: Duration) -> Result<Connection, String> {
    if !path.is_absolute() {
        return Err("Its path is relative. Write ledger.url as sqlite:///absolute/path.".to_owned());
    }
    prepare(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(|e| explain(&e))?;
    connection.busy_timeout(busy).map_err(|e| explain(&e))?;
    // Whose file it is comes before any pragma that writes: another program's database is left as it is.
    let ours = ownership(&connection)?;
    set_up(&connection, busy)?;
    if ours == 0 {
        migrate::create(&mut connection)?;
    }
    Ok(connection)
}

/// Another connection to a ledger that is open, which only reads; `None` if another file is in its place.
pub(super) fn reader(path: &Path, busy: Duration) -> rusqlite::Result<Option<Connection>> {
    // Not read-only: the last one to leave checks the log into the file, and whoever cannot write leaves it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy)?;
    let (application, version, _) = marks(&connection)?;
    if (application, version) != (APPLICATION, VERSION) {
        return Ok(None);
    }
    secure(&connection)?;
    connection.pragma_update(None, "query_only", 1)?;
    Ok(Some(connection))
}

/// Makes folders and file if they are not there, and refuses what cannot be a ledger.
fn prepare(path: &Path) -> Result<(), String> {
    let failed =
        |what: &str, e: &io::Error| format!("{what} ({e}). Check the path and its permissions, or set ledger.url.");
    let parent = path.parent().ok_or_else(|| "It is a folder. Name a file in ledger.url.".to_owned())?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(parent)
        .map_err(|e| failed("Its folder cannot be made", &e))?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => {
            // The name must outlive a power cut too, not only the content.
            file.sync_all()
                .and_then(|()| File::open(parent)?.sync_all())
                .map_err(|e| failed("It cannot be flushed", &e))
        }
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => existing(path),
        Err(e) => Err(failed("It cannot be made", &e)),
    }
}

fn existing(path: &Path) -> Result<(), String> {
    let about = fs::metadata(path).map_err(|e| format!("It cannot be looked at ({e})."))?;
    if about.is_dir() {
        return Err("It is a folder. Name a file in ledger.url.".to_owned());
    }
    if !about.is_file() {
        return Err("It is not a regular file. Name another in ledger.url.".to_owned());
    }
    if about.permissions().readonly() {
        return Err("The file is read-only. Make it writable for its owner (chmod u+w), or set ledger.url.".to_owned());
    }
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(16).read_to_end(&mut start))
        .map_err(|e| format!("It cannot be read ({e}). Check its owner and its permissions."))?;
    if start.is_empty() || start == MAGIC {
        Ok(())
    } else {
        Err("It is not a ledger: the file is not an SQLite database. Name another in ledger.url, or restore it from a \
             copy."
            .to_owned())
    }
}

/// Whose file it is, its schema, and how many tables and the like it has.
fn marks(connection: &Connection) -> rusqlite::Result<(i32, i32, i64)> {
    // One transaction: another process may be making the ledger at this moment.
    let transaction = connection.unchecked_transaction()?;
    let number = |name: &str| transaction.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let tables = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok((number("application_id")?, number("user_version")?, tables))
}

/// The schema version of our file; 0 for an empty one.
fn ownership(connection: &Connection) -> Result<i32, String> {
    match marks(connection).map_err(|e| explain(&e))? {
        (APPLICATION, version @ 0..=VERSION, _) => Ok(version),
        (APPLICATION, newer, _) => Err(migrate::newer(newer)),
        (0, 0, 0) => Ok(0),
        _ => {
            Err("It is an SQLite database of another program, not a ledger. Name another file in ledger.url."
                .to_owned())
        }
    }
}

/// Switches to the write-ahead log. Two processes that do so at once on a new file can be told "busy" without being made
/// to wait, so the waiting is done here.
fn write_ahead(connection: &Connection, busy: Duration) -> rusqlite::Result<String> {
    const STEP: Duration = Duration::from_millis(10);
    // Each try may wait for its turn by itself.
    let until = std::time::Instant::now() + busy;
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)) {
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && std::time::Instant::now() < until => {
                std::thread::sleep(STEP);
            }
            result => return result,
        }
    }
}

/// What holds for each connection.
fn secure(connection: &Connection) -> rusqlite::Result<()> {
    let pragmas: [(&str, i64); 5] = [
        ("synchronous", 2),
        // macOS: a plain fsync does not reach the disk there.
        ("fullfsync", 1),
        ("checkpoint_fullfsync", 1),
        ("trusted_schema", 0),
        ("cell_size_check", 1),
    ];
    for (name, value) in pragmas {
        connection.pragma_update(None, name, value)?;
    }
    Ok(())
}

fn set_up(connection: &Connection, busy: Duration) -> Result<(), String> {
    let mode = write_ahead(connection, busy).map_err(|e| explain(&e))?;
    if mode != "wal" {
        return Err("Its folder cannot hold a write-ahead log, as is so on network file systems. \
                    Name a file on a local disk in ledger.url."
            .to_owned());
    }
    secure(connection).map_err(|e| explain(&e))?;
    let synchronous: i64 =
        connection.pragma_query_value(None, "synchronous", |row| row.get(0)).map_err(|e| explain(&e))?;
    if synchronous == 2 { Ok(()) } else { Err("SQLite does not flush what is written here.".to_owned()) }
}

/// What SQLite says, as a full sentence with what to do.
pub(super) fn explain(error: &rusqlite::Error) -> String {
    let said = crate::text::line(&error.to_string()).into_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "Another process has kept it locked for too long. Wait until that has finished, or end it, and try again. \
             Nothing was written."
                .to_owned()
        }
        Some(ErrorCode::NotADatabase) => {
            "It is not a ledger: the file is not an SQLite database. Restore it from a copy.".to_owned()
        }
        Some(ErrorCode::DatabaseCorrupt) => format!("The file is damaged ({said}). Restore it from a copy."),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            format!("It cannot be written ({said}). Check the permissions of the file and of its folder.")
        }
        Some(ErrorCode::DiskFull) => "The disk is full. Make room and try again; nothing was written.".to_owned(),
        Some(ErrorCode::CannotOpen) => {
            format!("SQLite cannot open it ({said}). Check the permissions of the file and of its folder.")
        }
        _ => format!("SQLite says: {said}."),
    }
}
