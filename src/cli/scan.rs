//! `countersign scan`: parses report files.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::output::{Block, Document};
use super::{Context, json};
use crate::domain::finding::ReportStatus;
use crate::domain::query::nearest;
use crate::domain::severity::Tally;
use crate::error::{AppError, ErrorKind};
use crate::report::{self, Format, Report};

/// Reports larger than this are not read.
const MOST_BYTES: u64 = 1 << 30;

/// Prints the formats that can be read.
pub fn formats(context: &Context) -> Result<(), AppError> {
    let mut all: Vec<&Format> = report::formats().collect();
    all.sort_by_key(|f| f.name);
    let value = |f: &&Format| json!({ "name": f.name, "title": f.title, "classes": f.classes, "items": f.items, "severity": f.severity, "identity": f.identity, "checked": f.checked });
    let values: Vec<Value> = all.iter().map(value).collect();
    let words = |f: &Format| f.classes.iter().map(|c| c.word()).collect::<Vec<_>>().join(", ");
    let rows = all.iter().map(|f| vec![f.name.to_owned(), f.title.to_owned(), words(f)]).collect();
    context.output.document(&Document {
        json: json!({ "schema": 1, "formats": values }),
        rows: values,
        blocks: vec![Block::Table { headers: vec!["FORMAT", "WHAT", "CLASSES"], rows }],
    })
}

/// Parses the files and prints what is in them. Exit 13 if one could not be read; the others are printed all the same.
pub fn run(context: &Context, files: &[PathBuf], format: Option<&str>) -> Result<(), AppError> {
    if let Some(format) = format
        && !report::formats().any(|f| f.name.eq_ignore_ascii_case(format))
    {
        let known: Vec<&str> = report::formats().map(|f| f.name).collect();
        let error = AppError::usage(format!("There is no format {format:?}."));
        return Err(match nearest(format, &known) {
            Some(near) => error.hint(format!("Did you mean {near}?")),
            None => error,
        }
        .hint("`countersign scan --formats` lists them."));
    }
    let mut values: Vec<Value> = Vec::new();
    let mut rows = Vec::new();
    let mut unread = Vec::new();
    let mut remarks = Vec::new();
    let mut all = 0;
    for file in files {
        let reports = match read(file) {
            Ok(bytes) => report::read_all(&file.to_string_lossy(), &bytes, format),
            Err(why) => {
                all += 1;
                let name = crate::text::line(&file.to_string_lossy()).into_owned();
                unread.push(format!("{name}: {why}"));
                values.push(json!({
                    "file": file.to_string_lossy(), "format": "", "tool": "", "status": "error", "reason": why,
                    "findings": [], "raw_items": 0, "merged": 0,
                }));
                rows.push(vec![name, String::new(), String::new(), "error".into()]);
                continue;
            }
        };
        for report in reports {
            all += 1;
            match &report.reason {
                // The reason begins with the file's name.
                reason if report.status == ReportStatus::Error => {
                    unread.push(reason.as_ref().map(|r| r.line().into_owned()).unwrap_or_default());
                }
                Some(reason) => remarks.push(format!("{}: {}", report.file.line(), reason.line())),
                None => {}
            }
            rows.push(row(&report));
            values.push(value(&report));
        }
    }
    let headers = vec!["FILE", "FORMAT", "TOOL", "STATUS", "ITEMS", "FINDINGS", "MERGED", "C/H/M/L/I/U"];
    context.output.document(&Document {
        json: json!({ "schema": 1, "files": values }),
        rows: values,
        blocks: std::iter::once(Block::Table { headers, rows })
            .chain((!remarks.is_empty()).then(|| Block::Text(format!("\n{}", remarks.join("\n")))))
            .collect(),
    })?;
    if unread.is_empty() {
        return Ok(());
    }
    let error = AppError::new(ErrorKind::Report, format!("{} of {all} reports could not be read.", unread.len()));
    Err(unread.into_iter().fold(error, AppError::hint))
}

fn row(report: &Report) -> Vec<String> {
    let mut tally = Tally::default();
    report.findings.iter().for_each(|f| tally.add(f.severity));
    vec![
        report.file.line().into_owned(),
        report.format.to_owned(),
        report.tool.line().into_owned(),
        json!(report.status).as_str().unwrap_or_default().to_owned(),
        report.raw_items.to_string(),
        report.findings.len().to_string(),
        report.merged.to_string(),
        super::inbox::counts(&tally),
    ]
}

fn value(report: &Report) -> Value {
    json!({
        "file": report.file,
        "format": report.format,
        "tool": report.tool,
        "toolVersion": report.tool_version,
        "status": report.status,
        "reason": report.reason,
        "classes": report.classes,
        "findings": report.findings.iter().map(json::finding).collect::<Vec<_>>(),
        "raw_items": report.raw_items,
        "merged": report.merged,
    })
}

/// The bytes of a file, or of standard input; else why not.
pub fn read(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let result = if file == Path::new("-") {
        std::io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|f| {
            // With room for all of it from the start: to grow is to copy.
            let size = f.metadata().map_or(0, |m| m.len()).min(MOST_BYTES);
            bytes.reserve_exact(usize::try_from(size).unwrap_or(0).saturating_add(1));
            f.take(MOST_BYTES + 1).read_to_end(&mut bytes)
        })
    };
    match result {
        Err(e) => Err(format!("it cannot be opened: {e}")),
        Ok(_) if bytes.len() as u64 > MOST_BYTES => Err(format!("it is larger than {MOST_BYTES} bytes")),
        Ok(_) => Ok(bytes),
    }
}
