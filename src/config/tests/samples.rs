//! `tests/fixtures/config`: what must load, and what must not, with the words that say why.
//!
//! The expected text stands beside each invalid file; `COUNTERSIGN_BLESS=1` writes it anew, to be read before it is
//! committed.

use std::path::{Path, PathBuf};

use super::World;
use crate::config::load;

pub(super) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config").join(name)
}

fn files(name: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder(name))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

#[test]
fn the_schema_that_is_shipped_is_that_of_the_code() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/config/schema.json");
    let schema = format!("{:#}\n", crate::config::schema_json());
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        std::fs::write(&file, &schema).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap_or_default(), schema, "COUNTERSIGN_BLESS=1 writes it anew");
}

#[test]
fn valid_files_load() {
    for file in files("valid") {
        let mut world = World::new();
        world.inputs.explicit = Some(file.clone());
        if let Err(e) = load(&world.inputs) {
            panic!("{}: {e}", file.display());
        }
    }
}

#[test]
fn invalid_files_are_refused_in_the_expected_words() {
    for file in files("invalid") {
        let mut world = World::new();
        world.inputs.explicit = Some(file.clone());
        let Err(error) = load(&world.inputs) else { panic!("{} loads", file.display()) };
        let told = format!("{error}\n").replace(&format!("{}/", folder("invalid").display()), "");
        let expected = file.with_extension("txt");
        if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
            std::fs::write(&expected, &told).unwrap();
        }
        assert_eq!(told, std::fs::read_to_string(&expected).unwrap_or_default(), "{}", file.display());
        assert!(!told.contains("s3cret") && !told.contains("53726743"), "{told}");
        for problem in &error.problems {
            assert!(problem.message.ends_with(['.', '?', ':']), "not a sentence: {}", problem.message);
        }
    }
}
