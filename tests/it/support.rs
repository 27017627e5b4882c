//! What the tests stand on: a home of their own, the demo world, the real program, and a terminal to run it in.

pub mod bench;
pub mod house;
pub mod payments;
#[expect(dead_code, reason = "the library's tests use more of it")]
pub mod postgres;
pub mod programs;
pub mod pty;
pub mod seat;
pub mod sshd;
pub mod terminal_bytes;
pub mod weed;
