//! The loop: messages and keys in, frames and effects out.
//!
//! Generic over the backend and the stream of events, so that tests run the very loop. The first frame is painted before
//! anything is awaited. What has queued up is taken in before the next frame is painted, so that a burst of keys or news
//! costs one frame; what changes nothing paints nothing; nothing ticks unless something on the screen counts.

use std::io;
use std::task::Poll;
use std::time::Duration;

use crossterm::event::Event;
use futures_util::{Stream, StreamExt as _};
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::effect::Effect;
use super::event;
use super::model::Model;
use super::msg::Msg;
use super::terminal::Host;
use super::update::update;
use super::view;
use crate::clock::SharedClock;

/// The most messages or events that are taken in before a frame is painted.
const BATCH: usize = 256;
/// What ticks ticks so often.
const SECOND: Duration = Duration::from_secs(1);

/// What the loop runs on.
pub struct Stage<'a, B: Backend, E, H, P> {
    /// The terminal.
    pub terminal: &'a mut Terminal<B>,
    /// Makes the stream of events; made anew after an editor had the terminal.
    pub events: E,
    /// News from the runtime and the signals.
    pub messages: UnboundedReceiver<Msg>,
    /// Suspends, edits, turns the mouse on.
    pub host: &'a mut H,
    /// Does what is none of the loop's business. It must not block: it starts tasks that send messages.
    pub perform: P,
    /// The time of ticks.
    pub clock: SharedClock,
}

/// Runs the console until it is left; gives the model as it was then.
pub async fn run<B, E, S, H, P>(mut stage: Stage<'_, B, E, H, P>, mut model: Model) -> Result<Model, B::Error>
where
    B: Backend,
    B::Error: From<io::Error>,
    E: FnMut() -> S,
    S: Stream<Item = io::Result<Event>> + Unpin,
    H: Host,
    P: FnMut(Effect),
{
    stage.terminal.draw(|frame| view::draw(&model, frame))?;
    let mut events = (stage.events)();
    for effect in model.first_effects() {
        match effect {
            Effect::SetMouse(on) => stage.host.set_mouse(on)?,
            effect => (stage.perform)(effect),
        }
    }
    let mut ticks: Option<Interval> = None;
    loop {
        ticks = model.is_counting().then(|| ticks.unwrap_or_else(seconds));
        // Messages go first: an answer that is here is taken in before a key acts on what it changes.
        let mut next = tokio::select! {
            biased;
            msg = stage.messages.recv() => Some(msg.unwrap_or(Msg::Terminate)),
            event = events.next() => taken(&model, event),
            () = tick(&mut ticks) => Some(Msg::Tick(stage.clock.now())),
            // Last: a key that was pressed meanwhile may change what is looked for.
            () = std::future::ready(()), if model.is_searching() => Some(Msg::GoOn),
        };
        let mut effects = Vec::new();
        let mut painted = false;
        for _ in 0..BATCH {
            if let Some(msg) = next.take() {
                painted = true;
                effects.extend(update(&mut model, msg));
            }
            if !effects.is_empty() {
                // The loop's own effects may need the terminal before the next key is read.
                break;
            }
            next = match stage.messages.try_recv() {
                Ok(msg) => Some(msg),
                Err(_empty) => match ready(&mut events).await {
                    Poll::Ready(event) => taken(&model, event),
                    Poll::Pending => break,
                },
            };
        }
        let mut queue = std::collections::VecDeque::from(effects);
        while let Some(effect) = queue.pop_front() {
            match effect {
                Effect::Quit => return Ok(model),
                Effect::Redraw => stage.terminal.clear()?,
                Effect::SetMouse(on) => stage.host.set_mouse(on)?,
                Effect::Suspend => {
                    let msg = if stage.host.suspend()? {
                        Msg::Resumed
                    } else {
                        Msg::Note("There is no shell to hand the terminal to.".to_owned())
                    };
                    queue.extend(update(&mut model, msg));
                }
                Effect::EditExternally(text) => {
                    // The stream reads the terminal in the background: it must not take the editor's keys.
                    drop(events);
                    let edited = stage.host.edit(&text);
                    events = (stage.events)();
                    let msg = match edited {
                        Ok(edited) => Msg::Edited(edited),
                        Err(e) => Msg::Note(format!("The editor could not be used: {e}.")),
                    };
                    queue.extend(update(&mut model, msg));
                    stage.terminal.clear()?;
                }
                effect => (stage.perform)(effect),
            }
        }
        if painted {
            stage.terminal.draw(|frame| view::draw(&model, frame))?;
        }
    }
}

/// What an event means; the end of events is the end of the terminal.
fn taken(model: &Model, event: Option<io::Result<Event>>) -> Option<Msg> {
    match event {
        Some(Ok(event)) => event::message(model, &event),
        Some(Err(_)) | None => Some(Msg::Terminate),
    }
}

/// What the stream has now. It is polled with this task's own waker: with another one, the next event would wake nobody.
async fn ready<S: Stream + Unpin>(events: &mut S) -> Poll<Option<S::Item>> {
    std::future::poll_fn(|cx| Poll::Ready(events.poll_next_unpin(cx))).await
}

fn seconds() -> Interval {
    let mut interval = interval(SECOND);
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    interval
}

async fn tick(ticks: &mut Option<Interval>) {
    match ticks {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
