//! Opens the console: full-screen where there is a capable terminal, else line by line.

mod decide;
mod ledger;

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossterm::event::EventStream;
use ratatui::Terminal;
use tokio::sync::mpsc;

use super::effect::Effect;
use super::glyphs::GlyphSet;
use super::keymap::Keymap;
use super::model::gates::GateEntry;
use super::model::screens::Saved;
use super::model::{Model, Setup};
use super::msg::Failure;
use super::plain::{self, Choice};
use super::run::{Stage, run};
use super::runtime::{Worker, row};
use super::screen::Screen;
use super::terminal::{self, Guard};
use super::theme::{Background, Theme};
use crate::clock::{Clock as _, SharedClock, SystemClock};
use crate::config::Config;
use crate::config::schema::Glyphs;
use crate::error::AppError;
use crate::review::progress::quiet;
use crate::review::standing::{self, Eyes};
use crate::review::{Desk, Surroundings, afterwards, connect, inbox};

/// How the console is to be opened.
#[derive(Debug, Clone)]
pub struct Console {
    /// Without full-screen drawing.
    pub plain: bool,
    /// Whether there is a terminal on both sides.
    pub terminal: bool,
    /// NO_COLOR is set.
    pub no_color: bool,
    /// Whether the locale is UTF-8.
    pub unicode: bool,
    /// TERM.
    pub term: String,
    /// The person's editor.
    pub editor: Option<String>,
}

/// Opens the console, and returns when it is left.
pub async fn open(surroundings: Surroundings, console: Console) -> Result<(), AppError> {
    let config = connect::load_config(&surroundings)?.config;
    if console.plain {
        line_by_line(Desk::open_as(surroundings, config).await?, &console).await
    } else {
        full_screen(surroundings, console, config).await
    }
}

async fn full_screen(surroundings: Surroundings, console: Console, config: Config) -> Result<(), AppError> {
    let broken = |e: std::io::Error| AppError::internal(format!("The terminal cannot be used: {e}."));
    let setup = Setup {
        size: crossterm::terminal::size().map_err(broken)?,
        now: SystemClock::default().now(),
        theme: theme(config.console.theme.as_deref(), console.no_color, &surroundings)?,
        glyphs: GlyphSet::choose(config.console.glyphs.map(glyph_word), console.unicode),
        keymap: keymap(config.console.keymap.as_deref())?,
        saved: config
            .console
            .filters
            .iter()
            .map(|(name, query)| Saved { name: name.clone(), query: query.clone() })
            .collect(),
        readonly: surroundings.readonly,
        mouse: config.console.mouse.unwrap_or(false),
    };
    let clock: SharedClock = Arc::new(SystemClock::default());
    let (sender, messages) = mpsc::unbounded_channel();
    let scratch = surroundings.env.get("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let every = config.console.refresh_seconds.unwrap_or(30);
    let worker = Worker::new(surroundings, config, sender.clone());
    let mut guard = Guard::enter(console.editor, scratch).map_err(broken)?;
    let outcome = async {
        let signals = terminal::watch_signals(sender)?;
        let mut screen = Terminal::new(Screen::new(terminal::output()?, None))?;
        let refresher = (every > 0).then(|| {
            let worker = Arc::clone(&worker);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(std::time::Duration::from_secs(every.into())).await;
                    worker.begin(Effect::Refresh);
                }
            })
        });
        let stage = Stage {
            terminal: &mut screen,
            events: EventStream::new,
            messages,
            host: &mut guard,
            perform: |effect| worker.begin(effect),
            clock,
        };
        let left = run(stage, Model::new(setup)).await;
        worker.close();
        refresher.inspect(tokio::task::JoinHandle::abort);
        signals.abort();
        left.map(|_| ())
    }
    .await;
    guard.leave().map_err(broken)?;
    outcome.map_err(broken)
}

fn theme(asked: Option<&str>, no_color: bool, surroundings: &Surroundings) -> Result<Theme, AppError> {
    let parsed = match asked.filter(|t| t.contains(['/', '.'])) {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|e| AppError::usage(format!("The theme {path} cannot be read: {e}.")))?;
            Theme::parse(path, &text).map_err(|e| format!("{path}: {e}"))
        }
        None => Theme::choose(asked, no_color, Background::told(|name| surroundings.variable(name)))
            .map_err(|e| e.to_string()),
    };
    parsed.map_err(AppError::usage)
}

fn keymap(own: Option<&Path>) -> Result<Keymap, AppError> {
    let Some(path) = own else { return Keymap::load(None).map_err(|e| AppError::internal(e.to_string())) };
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|e| AppError::usage(format!("The keymap {name} cannot be read: {e}.")))?;
    Keymap::load(Some(&text)).map_err(|e| AppError::usage(format!("{name}: {e}")))
}

fn glyph_word(glyphs: Glyphs) -> &'static str {
    match glyphs {
        Glyphs::Auto => "auto",
        Glyphs::Unicode => "unicode",
        Glyphs::Ascii => "ascii",
    }
}

/// What the plain mode shows at the moment.
struct Page {
    entries: Vec<GateEntry>,
    open: Option<usize>,
}

async fn line_by_line(desk: Desk, console: &Console) -> Result<(), AppError> {
    let mut page = list(&desk).await?;
    loop {
        let text = match page.open.and_then(|i| page.entries.get(i)) {
            Some(entry) => plain::release(entry),
            None => plain::inbox(page.entries.iter(), desk.clock.now()),
        };
        say(&text)?;
        loop {
            say("> ")?;
            let Some(typed) = read_line().await else { return Ok(()) };
            let done = match plain::choice(&typed, page.entries.len()) {
                Choice::Back => {
                    page.open = None;
                    Ok(())
                }
                Choice::Open(n) => {
                    page.open = Some(n - 1);
                    Ok(())
                }
                Choice::Refresh => list(&desk).await.map(|listed| page = listed),
                Choice::Ledger => match ledger::walk(&desk).await {
                    Ok(true) => Ok(()),
                    Ok(false) => return Ok(()),
                    Err(error) => Err(error),
                },
                Choice::Quit => return Ok(()),
                Choice::Unclear(why) => {
                    say(&format!("{why}\n"))?;
                    continue;
                }
                Choice::Verb(word, reason) => {
                    let entry = page.open.and_then(|i| page.entries.get(i));
                    match decide::plainly(&desk, console, entry, word, &reason).await {
                        Ok(true) => list(&desk).await.map(|listed| page = listed),
                        // The release stays open.
                        Ok(false) => continue,
                        Err(error) => Err(error),
                    }
                }
            };
            // What does not work ends nothing: the person chooses what to do about it.
            match done {
                Ok(()) => break,
                Err(error) => complain(&error)?,
            }
        }
    }
}

fn complain(error: &AppError) -> Result<(), AppError> {
    say(&format!("Error: {}\n", error.message))?;
    error.hints.iter().try_for_each(|hint| say(&format!("Hint: {hint}\n")))
}

/// The gates with their evidence, put together side by side. Of a gate where that does not work, it is said why.
async fn list(desk: &Desk) -> Result<Page, AppError> {
    let listed = inbox::list(desk).await?;
    listed.shortfalls.iter().try_for_each(|s| say(&format!("Warning: {s}\n")))?;
    let assembled = inbox::dossiers(desk, &listed.gates, &quiet).await;
    let (records, eyes) = (desk.records().await?, Eyes::of(desk, standing::who(desk).await).await?);
    let mut entries = Vec::new();
    for (waiting, dossier) in listed.gates.iter().zip(assembled) {
        let mut entry = GateEntry::new(row(waiting, eyes.on(waiting, dossier.as_deref().ok())));
        let decisions = Arc::new(afterwards::decisions(desk, &records, &waiting.gate.id).await);
        match dossier {
            Ok(dossier) => entry.ready(dossier, decisions),
            Err(error) => {
                entry.decisions = decisions;
                let task = format!("evidence of {}", waiting.gate.id);
                entry.failed = Some(Failure { task, message: error.message, hints: error.hints });
            }
        }
        entries.push(entry);
    }
    Ok(Page { entries, open: None })
}

fn say(text: &str) -> Result<(), AppError> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|e| AppError::internal(format!("Standard output cannot be written: {e}.")))
}

async fn read_line() -> Option<String> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).ok().filter(|n| *n > 0).map(|_| line)
    });
    read.await.ok()?
}
