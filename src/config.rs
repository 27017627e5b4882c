//! Configuration: layers, schema, and errors that name file, line and the nearest right key.
//!
//! Each layer is read to a tree whose nodes know where they stand, checked by itself against the schema of
//! [`schema::Config`], and merged; what comes out is checked for what only the whole can tell (`validate`).

mod check;
pub mod error;
mod excerpt;
pub mod load;
mod paths;
mod print;
pub mod schema;
pub mod template;
mod tree;
mod validate;

pub use error::{ConfigError, Origin, Problem};
pub use load::{Inputs, Layer, Loaded, layers, load};
pub use schema::Config;

/// The names that `console.theme` may have; all else is a file.
pub const THEMES: [&str; 6] = ["auto", "dark", "light", "ansi", "mono", "high-contrast"];

/// What `trust.sigstore_root` may be beside a file: the root of Sigstore's public good instance, as it was built in.
pub const PUBLIC_GOOD: &str = "public-good";

/// The JSON Schema of a configuration file.
pub fn schema_json() -> serde_json::Value {
    schemars::schema_for!(Config).to_value()
}

#[cfg(test)]
mod tests;
