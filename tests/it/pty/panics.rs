//! A panic that nobody contains ends the program with exit code 1, on a terminal that was handed back; one that is
//! contained is a missing piece.
//!
//! The test starts itself again as the program: a console that panics where it is told to.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use countersign::clock::{Clock as _, SystemClock};
use countersign::domain::evidence::Kind;
use countersign::domain::release::Release;
use countersign::http::Fault;
use countersign::review::round::Round;
use countersign::source::{Ask, Checked, Gathered, Keeper, Source, What};
use countersign::tui::effect::Effect;
use countersign::tui::glyphs::GlyphSet;
use countersign::tui::keymap::Keymap;
use countersign::tui::model::{Model, Setup};
use countersign::tui::msg::{Listed, Msg};
use countersign::tui::run::{Stage, run};
use countersign::tui::screen::Screen;
use countersign::tui::terminal::{Guard, Host, output};
use countersign::tui::theme::Theme;
use ratatui::Terminal;
use tokio::sync::mpsc::UnboundedSender;

use crate::support::pty::Pty;

const CHILD: &str = "COUNTERSIGN_TEST_PANIC";

/// The guard, but for the mouse: switching it on panics, once it is on.
struct Faulty(Guard);

impl Host for Faulty {
    fn suspend(&mut self) -> std::io::Result<bool> {
        self.0.suspend()
    }

    fn edit(&mut self, text: &str) -> std::io::Result<Option<String>> {
        self.0.edit(text)
    }

    fn set_mouse(&mut self, on: bool) -> std::io::Result<()> {
        self.0.set_mouse(on)?;
        panic!("a fault of the console itself");
    }
}

/// A source whose answer cannot be read without a panic.
struct Broken;

#[async_trait::async_trait]
impl Source for Broken {
    async fn collect(&self, _ask: &Ask) -> Result<Gathered, Fault> {
        tokio::task::yield_now().await;
        panic!("an answer that nobody thought of")
    }

    async fn check(&self) -> Result<Checked, Fault> {
        panic!("not asked")
    }
}

async fn ask_the_broken_source(messages: UnboundedSender<Msg>) {
    let ask = Ask {
        kind: Kind::Findings,
        what: What::Keys { keys: Vec::new() },
        release: Release {
            service: "payments".to_owned(),
            version: "1".into(),
            environment: "prod".to_owned(),
            commit: None,
            branch: None,
            artifacts: Vec::new(),
        },
        build: None,
        base: None,
        keeper: Keeper::default(),
    };
    let source: Arc<dyn Source> = Arc::new(Broken);
    let outcome = Round::default().ask("broken", &source, &ask, "", |_| unreachable!()).await;
    let fault = outcome.as_ref().as_ref().unwrap_err();
    let listed = Listed { rows: Vec::new(), shortfalls: Vec::new(), now: SystemClock::default().now() };
    messages.send(Msg::GatesListed(Box::new(listed))).unwrap();
    messages.send(Msg::Note(format!("Missing: {}", fault.detail.line()))).unwrap();
}

/// Runs a command first, as `main` does: it says what becomes of a panic.
fn a_command(arguments: &[&str]) {
    let dir = std::env::temp_dir().to_string_lossy().into_owned();
    let env = BTreeMap::from(["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"].map(|n| (n.to_owned(), dir.clone())));
    let arguments = std::iter::once("countersign").chain(arguments.iter().copied()).map(Into::into);
    countersign::cli::main(arguments.collect(), env);
}

/// The loop, the screen and the guard of the shipped console, in this process's terminal.
fn console() {
    a_command(&["config", "path"]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let guard = Guard::enter(None, std::env::temp_dir()).unwrap();
        let (sender, messages) = tokio::sync::mpsc::unbounded_channel();
        let setup = Setup {
            size: (100, 30),
            now: SystemClock::default().now(),
            theme: Theme::choose(None, false, None).unwrap(),
            glyphs: GlyphSet::Unicode,
            keymap: Keymap::load(None).unwrap(),
            saved: Vec::new(),
            readonly: false,
            mouse: false,
        };
        let mut effects = 0;
        let stage = Stage {
            terminal: &mut Terminal::new(Screen::new(output().unwrap(), None)).unwrap(),
            events: crossterm::event::EventStream::new,
            messages,
            host: &mut Faulty(guard),
            perform: |effect| {
                assert!(matches!(effect, Effect::Refresh));
                effects += 1;
                if effects == 1 {
                    drop(tokio::spawn(ask_the_broken_source(sender.clone())));
                } else {
                    drop(tokio::spawn(async { panic!("a fault of a task") }));
                }
            },
            clock: Arc::new(SystemClock::default()),
        };
        run(stage, Model::new(setup)).await.unwrap();
    });
}

fn myself(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("pty::panics::{test}"), "--nocapture"]).env(CHILD, "1");
    command
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

#[test]
fn a_panic_of_the_loop_is_told_on_a_terminal_that_was_handed_back() {
    if is_child() {
        return console();
    }
    let mut terminal = Pty::spawn(&myself("a_panic_of_the_loop_is_told_on_a_terminal_that_was_handed_back"), 100, 30);
    terminal.sees("Countersign  inbox");
    terminal.send("zm");
    // The alternate screen is gone with all that was on it: this is told on the shell's own.
    terminal.wait("the panic", |s| !s.alternate_screen() && s.contents().contains("a fault of the console itself"));
    assert_eq!(terminal.ended().code(), Some(1));
    terminal.is_as_before();
}

#[test]
fn a_panic_of_a_task_ends_the_console_and_one_of_a_source_does_not() {
    if is_child() {
        return console();
    }
    let mut terminal = Pty::spawn(&myself("a_panic_of_a_task_ends_the_console_and_one_of_a_source_does_not"), 100, 30);
    terminal.sees("Missing: reading the answer failed: it panicked: an answer that nobody thought of");
    assert!(terminal.switched()[0] && terminal.modes() != terminal.modes_before(), "the console lives on");
    terminal.send("r");
    terminal.wait("the panic", |s| !s.alternate_screen() && s.contents().contains("a fault of a task"));
    assert!(terminal.screen().contains("Error: Countersign has a fault of its own"), "{}", terminal.screen());
    assert_eq!(terminal.ended().code(), Some(1));
    terminal.is_as_before();
}

#[test]
fn a_panic_of_a_command_is_an_error_like_another() {
    if is_child() {
        a_command(&["config", "check", "--config", "/nonexistent", "--output", "json"]);
        std::thread::spawn(|| panic!("a fault of a command")).join().ok();
        return;
    }
    let ran = myself("a_panic_of_a_command_is_an_error_like_another").output().unwrap();
    let (out, err) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap());
    assert_eq!(ran.status.code(), Some(1), "{out}\n{err}");
    assert!(
        err.contains("Error: Countersign has a fault of its own: it panicked: a fault of a command (tests/it"),
        "{err}"
    );
    let last: serde_json::Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(last["error"]["exit"], 1, "{out}");
}
