//! `countersign scan`: parses report files.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::output::{Block, Document};
use super::{Context, json};
use crate::domain::finding::ReportStatus;
use crate::domain::severity::Tally;
use crate::error::{AppError, ErrorKind};

/// Reports larger than this are not read.
const MOST_BYTES: u64 = 1 << 30;

/// Parses the files and prints what is in them. Exit 13 if one could not be read; the others are printed all the same.
pub fn run(context: &Context, files: &[PathBuf], format: Option<&str>) -> Result<(), AppError> {
    if let Some(format) = format
        && !crate::report::formats().iter().any(|f| f.name == format)
    {
        let known: Vec<&str> = crate::report::formats().iter().map(|f| f.name).collect();
        return Err(AppError::usage(format!("There is no format {format:?}. Known are: {}.", known.join(", "))));
    }
    let mut values: Vec<Value> = Vec::new();
    let mut blocks = Vec::new();
    let mut unread = Vec::new();
    let mut remarks = Vec::new();
    for file in files {
        let name = crate::text::line(&file.to_string_lossy()).into_owned();
        let (value, rows) = match read(file) {
            Ok(bytes) => {
                let report = crate::report::read(&file.to_string_lossy(), &bytes, format);
                if report.status == ReportStatus::Error {
                    // The reason begins with the file's name.
                    unread.push(report.reason.as_ref().map(|r| r.line().into_owned()).unwrap_or_default());
                } else if let Some(reason) = &report.reason {
                    remarks.push(format!("{name}: {}", reason.line()));
                }
                let findings: Vec<Value> = report.findings.iter().map(json::finding).collect();
                let mut tally = Tally::default();
                report.findings.iter().for_each(|f| tally.add(f.severity));
                let status = json!(report.status);
                let row = vec![
                    name.clone(),
                    report.format.to_owned(),
                    report.tool.line().into_owned(),
                    status.as_str().unwrap_or_default().to_owned(),
                    report.raw_items.to_string(),
                    report.findings.len().to_string(),
                    report.merged.to_string(),
                    super::inbox::counts(&tally),
                ];
                let value = json!({
                    "file": file.to_string_lossy(),
                    "format": report.format,
                    "tool": report.tool,
                    "toolVersion": report.tool_version,
                    "status": status,
                    "reason": report.reason,
                    "classes": report.classes,
                    "findings": findings,
                    "raw_items": report.raw_items,
                    "merged": report.merged,
                });
                (value, row)
            }
            Err(why) => {
                unread.push(format!("{name}: {why}"));
                let value = json!({
                    "file": file.to_string_lossy(), "format": "", "tool": "", "status": "error", "reason": why,
                    "findings": [], "raw_items": 0, "merged": 0,
                });
                (value, vec![name.clone(), String::new(), String::new(), "error".into()])
            }
        };
        values.push(value);
        blocks.push(rows);
    }
    let headers = vec!["FILE", "FORMAT", "TOOL", "STATUS", "ITEMS", "FINDINGS", "MERGED", "C/H/M/L/I/U"];
    context.output.document(&Document {
        json: json!({ "schema": 1, "files": values }),
        rows: values,
        blocks: std::iter::once(Block::Table { headers, rows: blocks })
            .chain((!remarks.is_empty()).then(|| Block::Text(format!("\n{}", remarks.join("\n")))))
            .collect(),
    })?;
    if unread.is_empty() {
        return Ok(());
    }
    let error =
        AppError::new(ErrorKind::Report, format!("{} of {} reports could not be read.", unread.len(), files.len()));
    Err(unread.into_iter().fold(error, AppError::hint))
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let result = if file == Path::new("-") {
        std::io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|f| f.take(MOST_BYTES + 1).read_to_end(&mut bytes))
    };
    match result {
        Err(e) => Err(format!("it cannot be opened: {e}")),
        Ok(_) if bytes.len() as u64 > MOST_BYTES => Err(format!("it is larger than {MOST_BYTES} bytes")),
        Ok(_) => Ok(bytes),
    }
}
