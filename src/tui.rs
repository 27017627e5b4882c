//! The console, in The Elm Architecture.
//!
//! Terminal events become messages through the keymap ([`event`]), [`update`] turns the [`model`] and a message into the
//! next model and a list of [`effect`]s, [`view`] paints the model. These are pure: no I/O, no clock; time comes in
//! messages. [`run`] is the loop around them and [`terminal`] the guard of the terminal; what effects mean is the
//! runtime's business.
//!
//! Text from outside passes `text` before it is painted, twice: by its type, and once more at the only place that writes
//! into a buffer ([`widget::paint`]).

pub mod action;
pub mod effect;
pub mod event;
pub mod glyphs;
pub mod keymap;
pub mod layout;
pub mod model;
pub mod msg;
pub mod open;
pub mod plain;
pub mod run;
pub mod runtime;
pub mod screen;
pub mod terminal;
pub mod testing;
pub mod theme;
pub mod update;
pub mod view;
pub mod widget;
