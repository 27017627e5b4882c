//! The words of the house: pure data and pure rules, without I/O, clock or environment.
//!
//! Everything here can be built, compared and digested in a test of three lines. What came from outside is
//! [`Untrusted`](crate::text::Untrusted) until somebody looks at it.

pub mod address;
pub mod build;
pub mod canonical;
pub mod change;
pub mod decision;
pub mod dedup;
pub mod dossier;
pub mod evidence;
pub mod exchange;
pub mod finding;
pub mod gate;
pub mod grouping;
pub mod ids;
pub mod provenance;
pub mod quality;
pub mod query;
pub mod quorum;
pub mod record;
pub mod release;
pub mod severity;
pub mod ticket;
pub mod time;
pub mod triage;
pub mod verdict;
