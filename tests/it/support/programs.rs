//! Programs of the machine that some tests talk to.

use std::path::PathBuf;

/// Where a program is; says that the test is skipped if it is not there.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin".into(), "/sbin".into()]);
    // What `tests/setup.sh` puts into the tree's own target.
    for folder in ["python/bin", "signers/bin", "cosign", "openssh"] {
        folders.push(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools")).join(folder));
    }
    let found = folders.into_iter().map(|f| f.join(name)).find(|p| p.is_file());
    if found.is_none() {
        println!("skipped: the program {name} is not on this machine");
    }
    found
}
