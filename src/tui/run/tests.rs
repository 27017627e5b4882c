//! The very loop, over a backend in memory and a stream of events.

use std::io::Write;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use crossterm::event::{KeyCode, KeyModifiers};
use futures_util::stream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::*;
use crate::clock::SystemClock;
use crate::tui::keymap::parse_keys;
use crate::tui::screen::{BEGIN, END, Screen};
use crate::tui::terminal::{ENTER, LEAVE};
use crate::tui::testing::{Driver, sample};

/// Writes are kept, each by itself.
#[derive(Clone, Default)]
struct Tap(Arc<Mutex<Vec<Vec<u8>>>>);

impl Write for Tap {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A host that only says what was asked of it.
#[derive(Default)]
struct Calls(Vec<String>);

impl Host for Calls {
    fn suspend(&mut self) -> io::Result<bool> {
        self.0.push("suspend".to_owned());
        Ok(true)
    }

    fn edit(&mut self, text: &str) -> io::Result<Option<String>> {
        self.0.push(format!("edit {text}"));
        Ok(Some("from the editor".to_owned()))
    }

    fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.0.push(format!("mouse {on}"));
        Ok(())
    }
}

type Events = stream::Iter<std::vec::IntoIter<io::Result<Event>>>;

fn keys(text: &str) -> Vec<io::Result<Event>> {
    parse_keys(text).unwrap().into_iter().map(|k| Ok(Event::Key(k.event()))).collect()
}

/// Runs the loop until it ends by itself; gives the model, the writes, the effects and the host's calls.
async fn run_to_end(
    mut streams: Vec<Vec<io::Result<Event>>>,
    send: impl FnOnce(&UnboundedSender<Msg>),
) -> (Model, Vec<Vec<u8>>, Vec<Effect>, Vec<String>) {
    let tap = Tap::default();
    let mut terminal = Terminal::new(Screen::new(tap.clone(), Some((80, 24)))).unwrap();
    let (sender, messages) = unbounded_channel();
    send(&sender);
    let mut host = Calls::default();
    let mut effects = Vec::new();
    let events = || -> Events { stream::iter(if streams.is_empty() { Vec::new() } else { streams.remove(0) }) };
    let stage = Stage {
        terminal: &mut terminal,
        events,
        messages,
        host: &mut host,
        perform: |effect| effects.push(effect),
        clock: Arc::new(SystemClock::default()),
    };
    let model = run(stage, Driver::new(80, 24).model).await.unwrap();
    drop(sender);
    let writes = tap.0.lock().unwrap().clone();
    (model, writes, effects, host.0)
}

#[tokio::test]
async fn the_first_frame_is_painted_before_anything_is_asked() {
    let tap = Tap::default();
    let mut terminal = Terminal::new(Screen::new(tap.clone(), Some((80, 24)))).unwrap();
    let (_sender, messages) = unbounded_channel();
    let mut host = Calls::default();
    let mut at_first_effect = None;
    let events = || stream::iter(Vec::<io::Result<Event>>::new());
    let perform = |effect| {
        assert_eq!(effect, Effect::Refresh);
        at_first_effect = Some(tap.0.lock().unwrap().len());
    };
    let clock: SharedClock = Arc::new(SystemClock::default());
    let stage = Stage { terminal: &mut terminal, events, messages, host: &mut host, perform, clock };
    run(stage, Driver::new(80, 24).model).await.unwrap();
    assert_eq!(at_first_effect, Some(1), "one frame, one write");
}

#[tokio::test]
async fn every_write_is_one_frame_and_the_terminal_is_left_as_it_was() {
    let (_, writes, ..) = run_to_end(vec![keys("j j k <enter> ? <esc> <esc> q")], |sender| {
        for (row, dossier) in sample::world() {
            let listed =
                crate::tui::msg::Listed { rows: vec![row.clone()], shortfalls: Vec::new(), now: sample::now() };
            sender.send(Msg::GatesListed(Box::new(listed))).unwrap();
            if let Some(dossier) = dossier {
                sender.send(sample::ready(&row, &dossier)).unwrap();
            }
        }
    })
    .await;
    assert!(writes.len() >= 2);
    let mut parser = vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
    parser.process(b"$ countersign\r\n");
    parser.process(ENTER);
    for write in &writes {
        assert!(write.starts_with(BEGIN) && write.ends_with(END));
        let inner = &write[BEGIN.len()..write.len() - END.len()];
        assert!(!inner.windows(BEGIN.len()).any(|w| w == BEGIN || w == END), "one frame a write");
        parser.process(write);
    }
    assert!(parser.screen().contents().contains("Countersign  inbox"));
    parser.process(LEAVE);
    assert_eq!(parser.screen().contents(), "$ countersign");
    assert!(!parser.screen().hide_cursor() && !parser.screen().alternate_screen());
}

#[tokio::test]
async fn a_burst_of_keys_costs_one_frame() {
    let (model, writes, ..) = run_to_end(vec![keys(&"j ".repeat(100))], |_| {}).await;
    assert!(writes.len() <= 2, "{} frames", writes.len());
    assert_eq!(model.inbox.list.cursor(), 0);
}

#[tokio::test]
async fn nothing_is_written_while_nothing_happens() {
    let tap = Tap::default();
    let mut terminal = Terminal::new(Screen::new(tap.clone(), Some((80, 24)))).unwrap();
    let (sender, messages) = unbounded_channel();
    let mut host = Calls::default();
    let events = stream::pending::<io::Result<Event>>;
    let clock: SharedClock = Arc::new(SystemClock::default());
    let stage = Stage { terminal: &mut terminal, events, messages, host: &mut host, perform: |_| {}, clock };
    let mut running = pin!(run(stage, Driver::new(80, 24).model));
    let count = || tap.0.lock().unwrap().len();
    let polls = |running: &mut std::pin::Pin<&mut _>| futures_util::future::FutureExt::now_or_never(running).is_none();
    assert!(polls(&mut running.as_mut()));
    let first = count();
    for _ in 0..10 {
        tokio::task::yield_now().await;
        assert!(polls(&mut running.as_mut()));
    }
    assert_eq!(count(), first);
    sender.send(Msg::Terminate).unwrap();
    running.await.unwrap();
}

#[tokio::test]
async fn the_editor_has_the_terminal_to_itself() {
    let mut first = keys("a <tab> <tab>");
    first.push(Ok(Event::Key(crossterm::event::KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE))));
    first.extend(keys("ctrl-o"));
    let (model, _, _, calls) = run_to_end(vec![first, keys("<esc> ctrl-z z m ctrl-c")], |sender| {
        let (row, dossier) = sample::world().remove(0);
        let listed = crate::tui::msg::Listed { rows: vec![row.clone()], shortfalls: Vec::new(), now: sample::now() };
        sender.send(Msg::GatesListed(Box::new(listed))).unwrap();
        sender.send(sample::ready(&row, &dossier.unwrap())).unwrap();
    })
    .await;
    assert_eq!(calls, ["edit x", "suspend", "mouse true"]);
    assert!(model.overlays.is_empty());
}
