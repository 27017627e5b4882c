//! Generated references are as the program would write them. `COUNTERSIGN_WRITE_DOCS=1` writes them anew.

use std::path::Path;

fn compare(file: &str, want: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file);
    if std::env::var_os("COUNTERSIGN_WRITE_DOCS").is_some() {
        std::fs::write(&path, want).unwrap();
    }
    let is = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(is == want, "docs/{file} is not what the program says: run `make docs` and look at the difference");
}

#[test]
fn command_line() {
    compare("cli.md", &countersign::cli::generate::reference());
}

#[test]
fn keys() {
    let keymap = countersign::tui::keymap::Keymap::load(None).unwrap();
    compare("keys.md", &countersign::tui::action::reference(&keymap));
}

#[test]
fn queries() {
    const MARK: &str = "<!-- fields: written by `make docs` from src/domain/query/field.rs -->\n";
    let page = include_str!("../../docs/query.md");
    let prose = page.split(MARK).next().unwrap();
    compare("query.md", &format!("{prose}{MARK}{}", countersign::domain::query::Query::reference()));
}

#[test]
fn report_formats() {
    const MARK: &str = "<!-- formats: written by `make docs` from the readers -->\n";
    let page = include_str!("../../docs/reports.md");
    let prose = page.split(MARK).next().unwrap();
    compare("reports.md", &format!("{prose}{MARK}{}", countersign::cli::generate::formats()));
}

#[test]
fn signed_documents() {
    const MARK: &str = "<!-- fields: written by `make docs` from assets/schema -->\n";
    let page = include_str!("../../docs/statement.md");
    let prose = page.split(MARK).next().unwrap();
    compare("statement.md", &format!("{prose}{MARK}{}", crate::statement::tables()));
}
