//! The demo world in a folder of the test's own, and the real program run against it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// The program under test.
pub fn program() -> &'static str {
    env!("CARGO_BIN_EXE_countersign")
}

/// The demo world, served by the program itself, and the environment that it printed.
pub struct House {
    child: Child,
    pub dir: tempfile::TempDir,
    pub env: BTreeMap<String, String>,
}

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("not JSON ({e}): {self:?}"))
    }

    /// Asserts the exit code, and gives itself.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl House {
    /// Starts the demo world.
    pub fn start() -> Self {
        let dir = tempfile::Builder::new().prefix("cs-").tempdir().unwrap();
        let mut child = hermetic(dir.path())
            .args(["demo", "--headless", "--dir"])
            .arg(dir.path().join("demo"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut env = BTreeMap::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let (name, value) = line.strip_prefix("export ").and_then(|l| l.split_once('=')).expect("an export");
            env.insert(name.to_owned(), value.trim_matches('\'').to_owned());
            if name == "SSH_AUTH_SOCK" {
                break;
            }
        }
        assert!(env.contains_key("COUNTERSIGN_CONFIG"), "{env:?}");
        Self { child, dir, env }
    }

    /// A command of the program in this house.
    pub fn command(&self) -> Command {
        let mut command = hermetic(self.dir.path());
        command.envs(&self.env).stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.command().args(arguments).output().unwrap().into()
    }

    /// Runs with `--output json` and gives what it printed, after checking the exit code.
    #[track_caller]
    pub fn json(&self, arguments: &[&str], code: i32) -> Value {
        let mut all = arguments.to_vec();
        all.extend(["--output", "json"]);
        self.run(&all).exits(code).json()
    }

    /// The gate of a short address, as `inbox` prints it.
    #[track_caller]
    pub fn gate(&self, short: &str) -> Value {
        let inbox = self.json(&["inbox"], 0);
        let gates = inbox["gates"].as_array().unwrap();
        let found = gates.iter().find(|g| g["short"] == short);
        found
            .unwrap_or_else(|| {
                panic!("{short} is not in the inbox: {:?}", gates.iter().map(|g| &g["short"]).collect::<Vec<_>>())
            })
            .clone()
    }

    /// The folder of the demo world.
    pub fn demo(&self) -> PathBuf {
        self.dir.path().join("demo")
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // Its own end takes its ssh-agent with it.
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
        self.child.wait().ok();
    }
}

/// The program with a home of its own and nothing of ours.
pub fn hermetic(home: &Path) -> Command {
    let mut command = Command::new(program());
    command.env_clear().env("HOME", home).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("XDG_CONFIG_HOME", home.join("config")).env("XDG_DATA_HOME", home.join("data"));
    command.env("XDG_STATE_HOME", home.join("state")).env("XDG_CACHE_HOME", home.join("cache"));
    command.env("LANG", "C.UTF-8").current_dir(home);
    command
}
