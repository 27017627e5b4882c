//! A demo world that is served by the test itself, so that it can be changed and made to fail, and the real program in
//! a home of its own.

use std::path::Path;
use std::process::{Command, Stdio};

use countersign::lab::home::{self, Home, Signer};
use countersign::lab::{Options, Running, World, start};
use serde_json::Value;

use super::house::{Ran, hermetic};

/// How much faster the lab's time runs.
pub const SCALE: u32 = 100;

/// The world, and a home that works against it. Wants a runtime with a thread to spare.
pub struct Bench {
    pub dir: tempfile::TempDir,
    pub lab: Running,
    pub home: Home,
}

impl Bench {
    /// Serves a world.
    pub async fn new(world: World) -> Self {
        Self::with(world, Options::default()).await
    }

    /// Serves a world in another way; its time is scaled all the same.
    pub async fn with(world: World, options: Options) -> Self {
        let dir = tempfile::Builder::new().prefix("cs-").tempdir().unwrap();
        let lab = start(world, Options { scale: SCALE, ..options }).await.unwrap();
        let home = home::prepare_with(dir.path(), &lab, Signer::KeyFile).await.unwrap();
        Self { dir, lab, home }
    }

    /// A command of the program.
    pub fn command(&self, arguments: &[&str]) -> Command {
        command(self.dir.path(), &self.home.config, arguments)
    }

    /// Runs the program to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.command(arguments)).await
    }

    /// Runs with `--output json` and gives what it printed, after checking the exit code.
    pub async fn json(&self, arguments: &[&str], code: i32) -> Value {
        let mut all = arguments.to_vec();
        all.extend(["--output", "json"]);
        self.run(&all).await.exits(code).json()
    }

    /// The entries of the ledger, which is whole.
    pub async fn entries(&self) -> Vec<Value> {
        self.run(&["ledger", "check"]).await.exits(0);
        self.json(&["ledger", "list"], 0).await["entries"].as_array().unwrap().clone()
    }

    /// Changes the configuration.
    pub fn reconfigure(&self, change: impl FnOnce(&mut toml::Table)) {
        let mut config: toml::Table = toml::from_str(&std::fs::read_to_string(&self.home.config).unwrap()).unwrap();
        change(&mut config);
        std::fs::write(&self.home.config, toml::to_string(&config).unwrap()).unwrap();
    }
}

/// A command of the program with a home and a configuration.
pub fn command(home: &Path, config: &Path, arguments: &[&str]) -> Command {
    let mut command = hermetic(home);
    command.env("COUNTERSIGN_CONFIG", config).env("COUNTERSIGN_LAB_SCALE", SCALE.to_string());
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs a command to its end. Blocking is for another thread: the lab is served by this runtime.
pub async fn finish(mut command: Command) -> Ran {
    tokio::task::spawn_blocking(move || command.output().unwrap().into()).await.unwrap()
}
