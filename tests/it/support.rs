//! What the tests stand on: a home of their own, the demo world, and the real program.

pub mod house;
pub mod programs;
