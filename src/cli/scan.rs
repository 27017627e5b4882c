//! `countersign scan`: parses report files.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::{Value, json};

use super::output::{self, Block, Document};
use super::{Context, json};
use crate::domain::finding::{Finding, ReportStatus};
use crate::domain::query::nearest;
use crate::domain::severity::Tally;
use crate::error::{AppError, ErrorKind};
use crate::report::{self, Format, Report};

/// Both halves of files from this size on are read side by side.
const LARGE: u64 = 16 << 20;
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
    let scan = RefCell::new(Scan::default());
    let reports = files.iter().flat_map(|file| scan.borrow_mut().read(file, format));
    match context.output.format() {
        // Each is written as soon as it is read, and forgotten.
        output::Format::Json => context.output.stream(&Files(RefCell::new(Some(reports))))?,
        output::Format::Ndjson => {
            for report in reports {
                context.output.stream(&Shown(&report))?;
                forget(report);
            }
        }
        output::Format::Table | output::Format::Markdown => {
            let rows = reports.map(|report| {
                let row = row(&report);
                forget(report);
                row
            });
            let rows = rows.collect();
            let headers = vec!["FILE", "FORMAT", "TOOL", "STATUS", "ITEMS", "FINDINGS", "MERGED", "C/H/M/L/I/U"];
            let remarks = scan.borrow().remarks.join("\n");
            let remarks = (!remarks.is_empty()).then(|| Block::Text(format!("\n{remarks}")));
            let blocks = std::iter::once(Block::Table { headers, rows }).chain(remarks).collect();
            context.output.document(&Document { blocks, ..Document::default() })?;
        }
    }
    let Scan { unread, all, .. } = scan.into_inner();
    if unread.is_empty() {
        return Ok(());
    }
    let error = AppError::new(ErrorKind::Report, format!("{} of {all} reports could not be read.", unread.len()));
    Err(unread.into_iter().fold(error, AppError::hint))
}

/// What was met on the way through the files.
#[derive(Default)]
struct Scan {
    all: usize,
    unread: Vec<String>,
    remarks: Vec<String>,
}

impl Scan {
    fn read(&mut self, file: &Path, format: Option<&str>) -> Vec<Report> {
        let name = file.to_string_lossy();
        let reports = match read(file) {
            Ok(bytes) => report::read_all(&name, &bytes, format),
            Err(why) => vec![Report::unread(&name, &why)],
        };
        self.all += reports.len();
        for report in &reports {
            let reason = report.reason.as_ref().map(|r| r.line().into_owned());
            match reason {
                // The reason begins with the file's name.
                reason if report.status == ReportStatus::Error => self.unread.push(reason.unwrap_or_default()),
                Some(reason) => self.remarks.push(format!("{}: {reason}", report.file.line())),
                None => {}
            }
        }
        reports
    }
}

/// All that was read, while it is read.
struct Files<I>(RefCell<Option<I>>);

impl<I: Iterator<Item = Report>> Serialize for Files<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("files", &Reports(&self.0))?;
        map.serialize_entry("schema", &1)?;
        map.end()
    }
}

struct Reports<'a, I>(&'a RefCell<Option<I>>);

impl<I: Iterator<Item = Report>> Serialize for Reports<'_, I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for report in self.0.borrow_mut().take().into_iter().flatten() {
            list.serialize_element(&Shown(&report))?;
            forget(report);
        }
        list.end()
    }
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

struct Shown<'a>(&'a Report);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let report = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("classes", &report.classes)?;
        map.serialize_entry("file", &report.file)?;
        map.serialize_entry("findings", &Findings(&report.findings))?;
        map.serialize_entry("format", &report.format)?;
        map.serialize_entry("merged", &report.merged)?;
        map.serialize_entry("raw_items", &report.raw_items)?;
        map.serialize_entry("reason", &report.reason)?;
        map.serialize_entry("status", &report.status)?;
        map.serialize_entry("tool", &report.tool)?;
        map.serialize_entry("toolVersion", &report.tool_version)?;
        map.end()
    }
}

struct Findings<'a>(&'a [Finding]);

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(json::ShownFinding))
    }
}

/// Gives the memory of a report back while the next is read: of a large one that takes a tenth of the time that reading does.
fn forget(report: Report) {
    const MANY: usize = 10_000;
    if report.findings.len() >= MANY {
        // Where there is no thread it is given back at once.
        drop(std::thread::Builder::new().spawn(move || drop(report)));
    }
}

/// The bytes of a file, or of standard input; else why not.
pub fn read(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let result = if file == Path::new("-") {
        std::io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes).map(|_| ())
    } else {
        File::open(file).and_then(|file| whole(&file, &mut bytes))
    };
    match result {
        Err(e) => Err(format!("it cannot be opened: {e}")),
        Ok(()) if bytes.len() as u64 > MOST_BYTES => Err(format!("it is larger than {MOST_BYTES} bytes")),
        Ok(()) => Ok(bytes),
    }
}

/// All of a file, of one that is too large one byte more than there may be.
fn whole(mut file: &File, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    let about = file.metadata()?;
    let size = if about.is_file() { about.len().min(MOST_BYTES) } else { 0 };
    // With room for all of it and the end from the start: to grow is to copy.
    *bytes = vec![0; usize::try_from(size).unwrap_or(0) + 1];
    bytes.pop();
    if size < LARGE || halves(file, bytes).is_err() {
        // What cannot be read this way either is told; a file may also become shorter meanwhile.
        bytes.clear();
    }
    file.seek(SeekFrom::Start(bytes.len() as u64)).ok();
    // And what was written since.
    let left = (MOST_BYTES + 1).saturating_sub(bytes.len() as u64);
    file.take(left).read_to_end(bytes).map(drop)
}

/// Fills a buffer from a file, both halves at once.
fn halves(file: &File, bytes: &mut [u8]) -> std::io::Result<()> {
    let (first, second) = bytes.split_at_mut(bytes.len() / 2);
    let at = first.len() as u64;
    std::thread::scope(|scope| {
        let second = std::thread::Builder::new().spawn_scoped(scope, move || file.read_exact_at(second, at))?;
        file.read_exact_at(first, 0)?;
        second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_is_read_as_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        for size in [0, 1, 100, LARGE - 1, LARGE, LARGE + 1] {
            let path = folder.path().join(size.to_string());
            let bytes: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
            std::fs::write(&path, &bytes).unwrap();
            assert!(read(&path).unwrap() == bytes, "{size}");
        }
        assert!(read(folder.path()).is_err() && read(&folder.path().join("none")).is_err());
    }
}
