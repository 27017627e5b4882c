//! Bytes to findings: one file a format.

use crate::domain::finding::{Class, Finding, ReportStatus, ReportSummary};
use crate::text::Untrusted;

/// A report as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The format's name: `sarif`, `bandit-json`.
    pub format: &'static str,
    /// The tool that wrote it.
    pub tool: Untrusted,
    /// Its version.
    pub tool_version: Option<Untrusted>,
    /// What became of it.
    pub status: ReportStatus,
    /// Why, where it is not `Ok`.
    pub reason: Option<Untrusted>,
    /// Classes that it assessed, also where it found nothing.
    pub classes: Vec<Class>,
    /// The findings, merged within the report.
    pub findings: Vec<Finding>,
    /// How many results stand in the file.
    pub raw_items: u32,
    /// How many of them were merged into others.
    pub merged: u32,
}

/// What [`ReportSummary`] keeps of it is made by the caller, who knows the file.
pub type Summary = ReportSummary;
