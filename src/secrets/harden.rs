//! Keeping secrets out of core dumps.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// No core dumps of this process, and nobody but root may look into its memory. Call it first of all.
pub fn harden() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior, getrlimit};

    use super::*;

    const CHILD: &str = "COUNTERSIGN_TEST_HARDEN";

    #[test]
    fn a_hardened_process_leaves_no_core() {
        if std::env::var_os(CHILD).is_some() {
            harden().unwrap();
            assert_eq!(getrlimit(Resource::Core).current, Some(0));
            assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
            return;
        }
        // In a process of its own, so that the other tests stay as they are.
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "secrets::harden::tests::a_hardened_process_leaves_no_core"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&status.stdout);
        assert!(status.status.success() && told.contains("1 passed"), "{told}");
    }
}
