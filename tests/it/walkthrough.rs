//! The whole way by command, as the shell script of the README goes it.

use std::process::{Command, Stdio};

use crate::support::house::program;
use crate::support::programs;

#[test]
fn the_walkthrough_of_the_readme_goes_as_it_says() {
    if ["bash", "jq", "ssh-keygen", "ssh-agent"].into_iter().any(|p| programs::find(p).is_none()) {
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/walkthrough.sh");
    let output = Command::new("bash").arg(script).arg(program()).stdin(Stdio::null()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.ends_with("all as expected\n"), "{out}");
}
