//! The pieces that screens are painted with.

pub mod dialog;
pub mod paint;
pub mod state;
pub mod table;
pub mod text;
