//! Terminal events become messages: a pure function of the model and the event.

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::action::Action;
use super::keymap::{Key, Meaning, show_keys};
use super::model::Model;
use super::msg::{Edit, Msg};

/// What an event means; `None`: nothing.
pub fn message(model: &Model, event: &Event) -> Option<Msg> {
    match event {
        // Some terminals report releases and repeats too; only a press is meant.
        Event::Key(key) if key.kind == KeyEventKind::Press => Some(key_message(model, Key::of(key))),
        Event::Paste(text) => Some(Msg::Paste(text.clone())),
        Event::Resize(width, height) => Some(Msg::Resize(*width, *height)),
        Event::Mouse(mouse) if model.mouse => mouse_message(*mouse),
        _ => None,
    }
}

fn key_message(model: &Model, key: Key) -> Msg {
    if key.is_interrupt() {
        return Msg::Act(Action::Interrupt);
    }
    let typed = (model.is_typing() && model.prefix.is_empty()).then(|| edit(key)).flatten();
    if let Some(edit) = typed {
        return Msg::Edit(edit);
    }
    let mut keys = model.prefix.clone();
    keys.push(key);
    match model.keymap.meaning(model.place(), &keys) {
        Meaning::Action(action) => Msg::Act(action),
        Meaning::Prefix => Msg::Prefix(key),
        Meaning::Nothing => Msg::NoSuchKey(show_keys(&keys)),
    }
}

/// What a key does in a text field; `None`: what it does elsewhere.
fn edit(key: Key) -> Option<Edit> {
    let ctrl = key.held().contains(KeyModifiers::CONTROL);
    match key.code() {
        KeyCode::Char(c) if key.held().is_empty() => Some(Edit::Insert(c)),
        KeyCode::Char('u') if ctrl => Some(Edit::DeleteToStart),
        KeyCode::Char('w') if ctrl => Some(Edit::DeleteWord),
        KeyCode::Char('a') if ctrl => Some(Edit::Home),
        KeyCode::Char('e') if ctrl => Some(Edit::End),
        KeyCode::Backspace => Some(Edit::Backspace),
        KeyCode::Delete => Some(Edit::Delete),
        KeyCode::Left => Some(Edit::Left),
        KeyCode::Right => Some(Edit::Right),
        KeyCode::Home => Some(Edit::Home),
        KeyCode::End => Some(Edit::End),
        _ => None,
    }
}

fn mouse_message(mouse: MouseEvent) -> Option<Msg> {
    match mouse.kind {
        MouseEventKind::ScrollDown => Some(Msg::Act(Action::Down)),
        MouseEventKind::ScrollUp => Some(Msg::Act(Action::Up)),
        MouseEventKind::Down(MouseButton::Left) => Some(Msg::Click(mouse.column, mouse.row)),
        _ => None,
    }
}
