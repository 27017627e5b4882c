//! Bytes to findings: one file a format.
//!
//! The format follows from what is in the file, never from its name. Adding a format is one file below `report/formats/`
//! and one line in [`formats`].

mod attestation;
#[cfg(test)]
mod corpus_tests;
mod cvss;
mod decode;
mod draft;
mod formats;
mod html;
mod limits;
mod node;
mod places;
mod purl;
mod reading;
#[cfg(test)]
mod same_run_tests;
mod shape;
mod table;
#[cfg(test)]
mod tests;
mod words;
mod xml;
mod yaml;

use std::borrow::Cow;
use std::cell::RefCell;

use crate::domain::dedup;
use crate::domain::finding::{Class, Finding, ReportStatus, ReportSummary};
use crate::text::{self, Pool, Untrusted};

pub use shape::Shape;

/// What readers of formats use.
mod prelude {
    pub(super) use super::cvss::Cvss;
    pub(super) use super::draft::Draft;
    pub(super) use super::node::Node;
    pub(super) use super::reading::Reading;
    pub(super) use super::shape::{Fit, Shape};
    pub(super) use super::xml::{self, Part};
    pub(super) use super::{Format, Input, Parsed, Unreadable, html, purl, table, words, yaml};
    pub(super) use crate::domain::finding::{Class, Package};
    pub(super) use crate::domain::severity::Severity;
}

/// A report as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The file's name; of one in an archive, the archive's name before it.
    pub file: Untrusted,
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

/// A format that can be read. What is said of it here stands in docs/reports.md.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The name, as `--format` takes it: the tool and the syntax, `bandit-json`.
    pub name: &'static str,
    /// What it is called by people, with the versions that are read.
    pub title: &'static str,
    /// The classes that reports of it may assess.
    pub classes: &'static [Class],
    /// What counts as one raw item.
    pub items: &'static str,
    /// Where the severity comes from.
    pub severity: &'static str,
    /// What a finding is recognised by in the next report.
    pub identity: &'static str,
    /// What the reader was checked against.
    pub checked: &'static str,
    /// Whether a document is of this format.
    detect: fn(&Shape<'_>) -> shape::Fit,
    /// Reads it.
    parse: fn(&Input<'_>) -> Result<Parsed, Unreadable>,
}

/// All formats that can be read, in the order of their names.
pub fn formats() -> impl Iterator<Item = &'static Format> {
    formats::ALL.iter().copied().flatten()
}

/// What a format's reader is given.
pub(crate) struct Input<'a> {
    /// The file's name, for the sources of the findings.
    pub name: &'a str,
    /// The document, decoded; empty for an archive.
    pub text: &'a str,
    /// The archive, if it is one.
    pub(in crate::report) archive: Option<&'a decode::Archive<'a>>,
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
    /// Classes assessed; none if the report is no evidence of an assessment.
    pub classes: Vec<Class>,
    /// The findings, not merged yet, possibly without keys.
    pub findings: Vec<dedup::Held>,
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
/// `name` is for messages and sources only. `forced` names a format and skips the detection. An archive that no format
/// claims as a whole gives a report for each file in it, called `archive.zip/file`.
pub fn read_all(name: &str, bytes: &[u8], forced: Option<&str>) -> Vec<Report> {
    match decode::Archive::open(bytes) {
        Ok(Some(archive)) => {
            let shape = Shape::archive(archive.names().map(str::to_owned).collect());
            let whole = chosen(forced).ok().flatten().or_else(|| detected(&shape));
            if let Some(format) = whole.filter(|f| (f.detect)(&shape) != shape::Fit::No) {
                let input = Input { name, text: "", archive: Some(&archive), pool: RefCell::default() };
                return vec![outcome(name, format.name, (format.parse)(&input).map(|p| finished(name, format, p)))];
            }
            match archive.members(|_| true) {
                Ok(members) if members.is_empty() => {
                    vec![outcome(name, "", Err(Unreadable("The archive is empty.".to_owned())))]
                }
                Ok(members) => {
                    members.iter().flat_map(|m| read_each(&format!("{name}/{}", m.name), &m.bytes, forced)).collect()
                }
                Err(why) => vec![outcome(name, "", Err(why))],
            }
        }
        _ => read_each(name, bytes, forced),
    }
}

/// Reads a file that is no archive: several attestations are as many reports, called `file/1` and so on.
fn read_each(name: &str, bytes: &[u8], forced: Option<&str>) -> Vec<Report> {
    let text = if attestation::may_be(bytes) { decode::text(bytes).ok() } else { None };
    match text.and_then(|text| attestation::attested(&text)) {
        None => vec![read_plain(name, bytes, forced)],
        Some(Err(why)) => vec![outcome(name, "", Err(why))],
        Some(Ok(reports)) if reports.len() == 1 => {
            reports.iter().map(|report| read_plain(name, report.as_bytes(), forced)).collect()
        }
        Some(Ok(reports)) => {
            let each = (1..).zip(&reports);
            each.map(|(n, report)| read_plain(&format!("{name}/{n}"), report.as_bytes(), forced)).collect()
        }
    }
}

/// Reads a report that is one file. As [`read_all`], which also reads archives of several.
pub fn read(name: &str, bytes: &[u8], forced: Option<&str>) -> Report {
    let mut reports = read_each(name, bytes, forced);
    match (reports.pop(), reports.len()) {
        (Some(only), 0) => only,
        (_, others) => {
            let why = format!("These are {} attestations, where one report was expected.", others + 1);
            outcome(name, "", Err(Unreadable(why)))
        }
    }
}

fn read_plain(name: &str, bytes: &[u8], forced: Option<&str>) -> Report {
    match try_read(name, bytes, forced) {
        Ok(report) => report,
        Err((format, why)) => outcome(name, format, Err(why)),
    }
}

impl Report {
    /// Of a file that cannot be read at all, and why.
    pub fn unread(name: &str, why: &str) -> Self {
        outcome(name, "", Err(Unreadable(why.to_owned())))
    }
}

fn outcome(name: &str, format: &'static str, result: Result<Report, Unreadable>) -> Report {
    result.unwrap_or_else(|why| Report {
        file: name.into(),
        format,
        tool: Untrusted::default(),
        tool_version: None,
        status: ReportStatus::Error,
        reason: Some(Untrusted::new(format!("{}: {}", text::line(name), why.0))),
        classes: Vec::new(),
        findings: Vec::new(),
        raw_items: 0,
        merged: 0,
    })
}

/// The format of that name.
fn chosen(forced: Option<&str>) -> Result<Option<&'static Format>, Unreadable> {
    let Some(word) = forced else { return Ok(None) };
    let found = formats().find(|f| f.name.eq_ignore_ascii_case(word));
    found
        .map(Some)
        .ok_or_else(|| Unreadable(format!("There is no format \"{}\". {}", text::line(word), known_formats())))
}

/// The format that a document is of: one that is sure before one that is general.
fn detected(shape: &Shape<'_>) -> Option<&'static Format> {
    let fit = |wanted| formats().find(|f| (f.detect)(shape) == wanted);
    fit(shape::Fit::Sure).or_else(|| fit(shape::Fit::General))
}

fn try_read(name: &str, bytes: &[u8], forced: Option<&str>) -> Result<Report, (&'static str, Unreadable)> {
    let forced = chosen(forced).map_err(|e| ("", e))?;
    let document = decode::text(bytes).map_err(|e| (forced.map_or("", |f| f.name), e))?;
    let format = if let Some(format) = forced {
        format
    } else {
        let beginning = Shape::of(&document, false);
        let sure = formats().find(|f| (f.detect)(&beginning) == shape::Fit::Sure);
        // What would be sure may stand further on.
        let found = sure.or_else(|| {
            if beginning.is_beginning_of(&document) {
                detected(&Shape::of(&document, true))
            } else {
                detected(&beginning)
            }
        });
        found.ok_or_else(|| ("", unknown(&document, &beginning)))?
    };
    let input = Input { name, text: &document, archive: None, pool: RefCell::default() };
    let mut parsed = (format.parse)(&input).map_err(|e| (format.name, e))?;
    if matches!(document, Cow::Owned(_)) && document.contains(char::REPLACEMENT_CHARACTER) {
        let lost = format!("Some characters could not be read; they stand as {}.", char::REPLACEMENT_CHARACTER);
        parsed.remark = Some(parsed.remark.map_or_else(|| lost.clone(), |said| format!("{said} {lost}")));
    }
    Ok(finished(name, format, parsed))
}

/// Why a document is of no format. What begins as JSON and is none may be of any: then it is said where it breaks off.
fn unknown(document: &str, beginning: &Shape<'_>) -> Unreadable {
    let broken = match &beginning.form {
        shape::Form::Json(node::Node::Object(_) | node::Node::List(_)) => node::Node::parse(document).err(),
        _ => None,
    };
    let what = broken.map_or_else(|| format!("This is {}.", beginning.describe()), |e| e.0);
    Unreadable(format!("{what} {}", known_formats()))
}

fn finished(name: &str, format: &Format, parsed: Parsed) -> Report {
    let (mut findings, merged) = dedup::merge_within(parsed.findings, reading::most_threads());
    dedup::identify(&mut findings);
    let mut classes = parsed.classes;
    // Test results of any kind are findings where they failed, and no evidence that anything was assessed.
    if !classes.is_empty() {
        classes.extend(findings.iter().map(|f| f.class));
    }
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
        file: name.into(),
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
    "`countersign scan --formats` lists what can be read.".to_owned()
}
