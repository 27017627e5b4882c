//! One integration binary.

mod lab;
