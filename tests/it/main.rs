//! One integration binary: what the house promises, held against the real program and the demo world.

mod architecture;
mod lab;
mod support;
