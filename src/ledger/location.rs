//! Where a ledger lies, as `ledger.url` says it.

use std::path::PathBuf;

use super::postgres::Address;

/// Where a ledger lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In an SQLite file.
    Sqlite(PathBuf),
    /// In a PostgreSQL database.
    Postgres(Address),
}

/// Reads `sqlite:///absolute/path`, the path literally as it stands, or `postgres://role@host/database`. The error is a
/// full sentence with what to do; it does not repeat the address, which may have a password in it.
pub fn parse(url: &str) -> Result<Location, String> {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    match scheme.as_str() {
        "sqlite" => {}
        "postgres" | "postgresql" => return Address::parse(url).map(Location::Postgres),
        _ => {
            return Err(
                "The address of a ledger is sqlite:///absolute/path or postgres://role@host/database.".to_owned()
            );
        }
    }
    let Some(path) = url.get("sqlite:".len()..).and_then(|rest| rest.strip_prefix("//")) else {
        return Err(relative());
    };
    if !path.starts_with('/') {
        return Err(relative());
    }
    if path.contains('?') {
        return Err("The address of a ledger takes no parameters: remove what follows the question mark.".to_owned());
    }
    if path.contains('\0') || path.ends_with('/') {
        return Err("The address of a ledger names a file, not a folder: sqlite:///absolute/path/ledger.db.".to_owned());
    }
    Ok(Location::Sqlite(PathBuf::from(path)))
}

fn relative() -> String {
    "The path of a ledger is absolute: sqlite:// and then /absolute/path, three slashes in all.".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_are_taken_literally() {
        assert_eq!(
            parse("sqlite:///var/lib/a b%20/ledger.db").unwrap(),
            Location::Sqlite("/var/lib/a b%20/ledger.db".into())
        );
    }

    #[test]
    fn everything_else_is_told_apart() {
        for (url, says) in [
            ("sqlite://ledger.db", "absolute"),
            ("sqlite:ledger.db", "absolute"),
            ("sqlite:/ledger.db", "absolute"),
            ("sqlite:///var/ledger.db?mode=ro", "no parameters"),
            ("sqlite:///var/ledger/", "not a folder"),
            ("postgres://ana:pw@db/ledger", "[ledger] password"),
            ("mysql://db", "sqlite:///"),
            ("/var/lib/ledger.db", "sqlite:///"),
            ("", "sqlite:///"),
        ] {
            let why = parse(url).unwrap_err();
            assert!(why.contains(says), "{url}: {why}");
            assert!(!why.contains("pw@"), "{why}");
        }
    }
}
