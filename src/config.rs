//! Configuration: layers, schema, and errors that name file, line and the nearest right key.

pub mod schema;

pub use schema::Config;
