//! A token in a real Secret Service: put in, used, taken out, and never shown.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use countersign::lab::{Service, World};
use secrecy::ExposeSecret as _;
use toml::{Table, Value};

use crate::support::bench::{Bench, finish};
use crate::support::house::Ran;
use crate::support::programs;
use crate::support::pty::Pty;

/// A session bus of the test's own with an unlocked keyring on it. It ends with its standard input.
struct Session {
    child: Child,
    address: String,
}

impl Session {
    fn start(bench: &Bench) -> Self {
        let home = bench.dir.path();
        let script = "printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; \
             echo \"$DBUS_SESSION_BUS_ADDRESS\"; exec cat >/dev/null";
        let mut child = Command::new("dbus-run-session")
            .args(["--", "sh", "-c", script])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs([("HOME", home), ("XDG_RUNTIME_DIR", home)])
            .env("XDG_DATA_HOME", home.join("data"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { child, address: address.trim().to_owned() }
    }

    fn command(&self, bench: &Bench, arguments: &[&str]) -> Command {
        let mut command = bench.command(arguments);
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address).env("XDG_RUNTIME_DIR", bench.dir.path());
        command
    }

    async fn run(&self, bench: &Bench, arguments: &[&str]) -> Ran {
        finish(self.command(bench, arguments)).await
    }

    /// Runs with a text on standard input.
    async fn feed(&self, bench: &Bench, arguments: &[&str], text: String) -> Ran {
        let mut command = self.command(bench, arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let work = move || {
            let mut child = command.spawn().unwrap();
            child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
            child.wait_with_output().unwrap().into()
        };
        tokio::task::spawn_blocking(work).await.unwrap()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().ok();
    }
}

/// What is missing of a release's evidence.
async fn missing(session: &Session, bench: &Bench) -> String {
    let shown = session.run(bench, &["show", "payments@1.4.2/prod", "--output", "json"]).await.exits(0);
    shown.json()["gate"]["missing"].to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_goes_into_the_keyring_is_used_and_goes_out() {
    if ["dbus-run-session", "gnome-keyring-daemon"].into_iter().any(|p| programs::find(p).is_none()) {
        return;
    }
    let bench = Bench::new(World::demo().unwrap()).await;
    bench.reconfigure(|config| {
        let token = Table::from_iter([("keyring".to_owned(), Value::String("jenkins".to_owned()))]);
        config["connections"]["jenkins"].as_table_mut().unwrap().insert("token".to_owned(), token.into());
    });
    let token = bench.lab.credential(Service::Jenkins).secret.expose_secret().to_owned();
    let session = Session::start(&bench);
    let mut outputs = Vec::new();

    assert!(missing(&session, &bench).await.contains("builds/jenkins"));
    let doctor = session.run(&bench, &["doctor"]).await.exits(2);
    assert!(doctor.out.contains("Store it with `countersign login jenkins`"), "the mend is said: {doctor:#?}");

    session.feed(&bench, &["login", "jenkins"], String::new()).await.exits(2);
    session.feed(&bench, &["login", "nowhere"], token.clone()).await.exits(2);
    let wrong = session.feed(&bench, &["login", "jenkins"], format!("{token}x\n")).await.exits(0);
    assert!(wrong.out.contains("does not work yet"), "{wrong:#?}");
    let right = session.feed(&bench, &["login", "jenkins", "--output", "json"], format!("{token}\n")).await.exits(0);
    assert_eq!(right.json()["works"], true, "{right:#?}");
    outputs.extend([doctor, wrong, right]);

    assert!(!missing(&session, &bench).await.contains("builds"));
    let doctor = session.run(&bench, &["doctor"]).await;
    let line = doctor.out.lines().find(|l| l.contains("jenkins")).unwrap().to_owned();
    assert!(line.trim_start().starts_with("ok"), "{line}");
    outputs.push(doctor);
    outputs.push(session.run(&bench, &["config", "print"]).await.exits(0));
    outputs.push(session.run(&bench, &["show", "payments@1.4.2/prod", "--verbose"]).await.exits(0));

    let out = session.run(&bench, &["logout", "jenkins", "--output", "json"]).await.exits(0);
    assert_eq!(out.json()["removed"], true);
    let out = session.run(&bench, &["logout", "jenkins", "--output", "json"]).await.exits(0);
    assert_eq!(out.json()["removed"], false);
    assert!(missing(&session, &bench).await.contains("builds/jenkins"));

    // Typed on a terminal, it is not echoed either.
    let (command, typed) = (session.command(&bench, &["login", "jenkins"]), token.clone());
    let seen = tokio::task::spawn_blocking(move || {
        let mut terminal = Pty::spawn(&command, 100, 30);
        terminal.sees("Token for jenkins");
        terminal.send(&format!("{typed}\n"));
        terminal.sees("is in the keyring");
        assert_eq!(terminal.ended().code(), Some(0));
        terminal.is_as_before();
        String::from_utf8(terminal.bytes()).unwrap()
    });
    let seen = seen.await.unwrap();
    assert!(!seen.contains("does not work"), "{seen}");
    assert!(!missing(&session, &bench).await.contains("builds"));

    assert!(!seen.contains(&token), "the terminal shows the token");
    assert!(outputs.iter().all(|ran| !ran.out.contains(&token) && !ran.err.contains(&token)), "{outputs:#?}");
}
