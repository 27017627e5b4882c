//! Bytes to findings: one file a format.
//!
//! The format follows from what is in the file, never from its name. Adding a format is one file below `report/` and
//! one line in [`formats`].

mod bandit;
#[cfg(test)]
mod corpus_tests;
mod decode;
mod draft;
mod lax;
mod sarif;
mod shape;
#[cfg(test)]
mod tests;
mod trivy;
mod twice;
mod words;
mod xml;
mod zap;
mod zap_json;
mod zap_xml;

use std::cell::RefCell;

use crate::domain::dedup;
use crate::domain::finding::{Class, Finding, ReportStatus, ReportSummary};
use crate::text::{self, Pool, Untrusted};

pub use shape::Shape;

/// A report as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The format's name: `sarif`, `bandit-json`; empty if it was not recognised.
    pub format: &'static str,
    /// The tool that wrote it.
    pub tool: Untrusted,
    /// Its version.
    pub tool_version: Option<Untrusted>,
    /// What became of it.
    pub status: ReportStatus,
    /// Why, where it is not `Ok`; or what the tool could not look at, where it is.
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

/// A format that can be read.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The name, as `--format` takes it.
    pub name: &'static str,
    /// What it is called by people.
    pub title: &'static str,
    /// Words of the classes that reports of it may assess.
    pub classes: &'static [&'static str],
    /// Whether a document is of this format.
    detect: fn(&Shape) -> bool,
    /// Reads it.
    parse: fn(&Input<'_>) -> Result<Parsed, Unreadable>,
}

/// All formats that can be read.
#[rustfmt::skip]
pub fn formats() -> &'static [Format] {
    &[
        Format { name: "sarif", title: "SARIF 2.1.0", classes: &["sast", "sca", "container", "iac", "secret", "licence", "dast", "fuzz"], detect: sarif::detect, parse: sarif::parse },
        Format { name: "bandit-json", title: "Bandit JSON", classes: &["sast"], detect: bandit::detect, parse: bandit::parse },
        Format { name: "zap-json", title: "OWASP ZAP JSON", classes: &["dast"], detect: zap_json::detect, parse: zap_json::parse },
        Format { name: "zap-xml", title: "OWASP ZAP XML", classes: &["dast"], detect: zap_xml::detect, parse: zap_xml::parse },
        Format { name: "trivy-json", title: "Trivy JSON", classes: &["container", "sca", "iac", "secret", "licence"], detect: trivy::detect, parse: trivy::parse },
    ]
}

/// What a format's reader is given.
pub(crate) struct Input<'a> {
    /// The file's name, for the sources of the findings.
    pub name: &'a str,
    /// The document, decoded.
    pub text: &'a str,
    /// What many findings have in common.
    pub pool: RefCell<Pool>,
}

/// What a format's reader gives.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    /// The tool's name.
    pub tool: String,
    /// Its version.
    pub tool_version: Option<String>,
    /// Classes assessed.
    pub classes: Vec<Class>,
    /// The findings, not merged yet, possibly without keys.
    pub findings: Vec<Finding>,
    /// How many results stand in the file.
    pub raw_items: u32,
    /// Set if the tool assessed nothing: why.
    pub not_assessed: Option<String>,
    /// What the tool could not look at.
    pub remark: Option<String>,
}

/// Why a report could not be read, with the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreadable(pub String);

/// Reads a report. Never fails: what cannot be read has status `Error` and a reason with the place.
///
/// `name` is for messages and sources only. `forced` names a format and skips the detection.
pub fn read(name: &str, bytes: &[u8], forced: Option<&str>) -> Report {
    match try_read(name, bytes, forced) {
        Ok(report) => report,
        Err((format, why)) => Report {
            format,
            tool: Untrusted::default(),
            tool_version: None,
            status: ReportStatus::Error,
            reason: Some(Untrusted::new(format!("{}: {}", text::line(name), why.0))),
            classes: Vec::new(),
            findings: Vec::new(),
            raw_items: 0,
            merged: 0,
        },
    }
}

fn try_read(name: &str, bytes: &[u8], forced: Option<&str>) -> Result<Report, (&'static str, Unreadable)> {
    let unknown = |why: String| ("", Unreadable(why));
    let forced = match forced {
        None => None,
        Some(word) => Some(
            formats()
                .iter()
                .find(|f| f.name.eq_ignore_ascii_case(word))
                .ok_or_else(|| unknown(format!("There is no format \"{}\". {}", text::line(word), known_formats())))?,
        ),
    };
    let document = decode::text(bytes).map_err(|e| (forced.map_or("", |f| f.name), e))?;
    let format = if let Some(format) = forced {
        format
    } else {
        let shape = Shape::of(&document);
        let fits = formats().iter().find(|f| (f.detect)(&shape));
        fits.ok_or_else(|| unknown(format!("This is {}. {}", shape.describe(), known_formats())))?
    };
    let parsed =
        (format.parse)(&Input { name, text: &document, pool: RefCell::default() }).map_err(|e| (format.name, e))?;
    Ok(finished(format, parsed))
}

fn finished(format: &Format, parsed: Parsed) -> Report {
    let (mut findings, merged) = dedup::merge_within(parsed.findings);
    dedup::identify(&mut findings);
    let mut classes = parsed.classes;
    classes.extend(findings.iter().map(|f| f.class));
    classes.sort();
    classes.dedup();
    let (status, reason) = match parsed.not_assessed {
        // Findings speak against the release whatever the tool says of its own run, but they are no proof of the rest.
        Some(why) => {
            classes.clear();
            (ReportStatus::NotAssessed, Some(why))
        }
        None if findings.is_empty() => (ReportStatus::Empty, parsed.remark),
        None => (ReportStatus::Ok, parsed.remark),
    };
    Report {
        format: format.name,
        tool: parsed.tool.into(),
        tool_version: parsed.tool_version.map(Into::into),
        status,
        reason: reason.map(Into::into),
        classes,
        findings,
        raw_items: parsed.raw_items,
        merged,
    }
}

fn known_formats() -> String {
    let known: Vec<String> = formats().iter().map(|f| format!("{} ({})", f.name, f.title)).collect();
    format!("Known formats are {}.", known.join(", "))
}
