//! Flawfinder: the text that it prints, and its CSV. Levels of risk are those of its own SARIF.

use crate::report::prelude::*;

const TOOL: &str = "Flawfinder";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "flawfinder-csv",
        title: "Flawfinder CSV",
        classes: &[Class::Sast],
        items: "rows",
        severity: "`Level` (5 and 4 are high, 3 medium, below low)",
        identity: "`Fingerprint`",
        checked: "written from the tool's documentation; no real file was at hand",
        detect: detect_csv,
        parse: parse_csv,
    },
    Format {
        name: "flawfinder-text",
        title: "Flawfinder text",
        classes: &[Class::Sast],
        items: "hits",
        severity: "the level in brackets (5 and 4 are high, 3 medium, below low)",
        identity: "rule, path and message",
        checked: "the parser of Jenkins' Warnings plugin",
        detect,
        parse,
    },
];

fn detect_csv(shape: &Shape<'_>) -> Fit {
    shape.columns(&["File", "Line", "Level", "Category", "Name", "Warning", "CWEs"]).into()
}

fn parse_csv(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let rows = table::read(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    reading.version(rows.iter().find_map(|r| r.get("ToolVersion")));
    for row in rows.iter() {
        let text = row.or_empty("Warning");
        let mut draft = hit(row.or_empty("Level"), row.or_empty("Category"), row.or_empty("Name"), text);
        // As in SARIF, so that the two of one run are the same.
        if let Some(rule) = row.get("RuleId") {
            rule.clone_into(&mut draft.rule);
        }
        draft.say("", row.get("Suggestion"));
        draft.say("Note", row.get("Note"));
        draft.path = row.get("File").map(str::to_owned);
        draft.line = row.number("Line");
        draft.column = row.number("Column");
        draft.cwe.extend(words::cwe_numbers(row.or_empty("CWEs")));
        draft.snippet = row.get("Context").map(str::to_owned);
        draft.native_id = row.get("Fingerprint").map(str::to_owned);
        draft.url = row.get("HelpUri").map(str::to_owned);
        reading.add(draft);
    }
    reading.done()
}

fn detect(shape: &Shape<'_>) -> Fit {
    shape.head.trim_start().starts_with("Flawfinder version").into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    let first = input.text.trim_start().lines().next().unwrap_or_default();
    reading.version(first.split([' ', ',']).nth(2));
    let mut open: Option<(Hit<'_>, String)> = None;
    let mut looked = false;
    let mut done = false;
    for line in input.text.lines() {
        looked = looked || line.starts_with("Examining ");
        done = done || line.starts_with("ANALYSIS SUMMARY") || line.starts_with("No hits found");
        // A message goes on in lines that are set in; the code, where it is printed, is set in by just one blank.
        match (hit_line(line), &mut open) {
            (Some(found), _) => {
                if let Some((hit, text)) = open.replace((found, found.text.to_owned())) {
                    reading.add(hit.draft(&text));
                }
            }
            (None, Some((_, text))) if line.starts_with("  ") && !line.trim().is_empty() => {
                text.push(' ');
                text.push_str(line.trim());
            }
            _ => {
                if let Some((hit, text)) = open.take() {
                    reading.add(hit.draft(&text));
                }
            }
        }
    }
    if let Some((hit, text)) = open {
        reading.add(hit.draft(&text));
    }
    if !done {
        return Err(Unreadable("It ends before its summary: hits may be missing.".to_owned()));
    }
    if !looked && reading.items() == 0 && input.text.contains("Lines analyzed = 0 ") {
        reading.not_assessed("Flawfinder looked at no line of code.");
    }
    reading.done()
}

/// A hit as it stands in one line.
#[derive(Clone, Copy)]
struct Hit<'t> {
    path: &'t str,
    line: u32,
    column: Option<u32>,
    level: &'t str,
    category: &'t str,
    name: &'t str,
    text: &'t str,
}

/// `src/a.c:12:3:  [4] (buffer) strcpy:Does not check ...`; the column is only there if it was asked for.
fn hit_line(line: &str) -> Option<Hit<'_>> {
    let (place, rest) = line.split_once(":  [")?;
    let (level, rest) = rest.split_once("] (")?;
    let (category, rest) = rest.split_once(") ")?;
    let (name, text) = rest.split_once(':').unwrap_or((rest, ""));
    let (before, last) = place.rsplit_once(':')?;
    let last: u32 = last.parse().ok()?;
    let (path, line, column) = match before.rsplit_once(':').map(|(path, line)| (path, line.parse())) {
        Some((path, Ok(line))) => (path, line, Some(last)),
        _ => (before, last, None),
    };
    Some(Hit { path, line, column, level, category, name, text: text.trim() })
}

impl Hit<'_> {
    fn draft(&self, text: &str) -> Draft {
        let mut draft = hit(self.level, self.category, self.name, text);
        draft.path = Some(self.path.to_owned());
        draft.line = Some(self.line);
        draft.column = self.column;
        draft
    }
}

fn hit(level: &str, category: &str, name: &str, text: &str) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    draft.severity = match level.trim() {
        "5" | "4" => Severity::High,
        "3" => Severity::Medium,
        "2" | "1" | "0" => Severity::Low,
        _ => Severity::Unknown,
    };
    draft.rule = if category.is_empty() { name.to_owned() } else { format!("{category}/{name}") };
    draft.title = format!("{name}: {text}");
    draft.say("", Some(text));
    draft.say("Level", Some(level));
    draft.cwe = words::cwe_numbers(text);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn hits_go_on_in_lines_that_are_set_in() {
        let text = "Flawfinder version 2.0.19, (C) 2001\nExamining a.c\n\nFINAL RESULTS:\n\nsrc/a.c:12:3:  [4] (buffer) strcpy:\n  Does not check\n  (CWE-120). Use another.\n\
            b.c:3:  [1] (misc) open:Check it (CWE-362).\n\nANALYSIS SUMMARY:\n\nHits = 2\n";
        let report = read("f", text.as_bytes(), None);
        assert_eq!(
            (report.format, report.raw_items, report.tool_version.unwrap().raw()),
            ("flawfinder-text", 2, "2.0.19")
        );
        let (copy, open) = (&report.findings[0], &report.findings[1]);
        assert_eq!(
            (copy.severity, copy.place().as_str(), copy.location.column, &copy.cwe[..]),
            (Severity::High, "src/a.c:12", Some(3), &[120][..])
        );
        assert_eq!(
            (copy.rule.raw(), copy.title.raw().trim()),
            ("buffer/strcpy", "strcpy:  Does not check (CWE-120). Use another.")
        );
        assert_eq!((open.severity, open.place().as_str()), (Severity::Low, "b.c:3"));
    }

    #[test]
    fn what_ends_early_is_an_error() {
        let of = |text: &str| read("f", text.as_bytes(), None).status;
        assert_eq!(of("Flawfinder version 2.0.19\nExamining a.c\n"), ReportStatus::Error);
        assert_eq!(
            of("Flawfinder version 2.0.19\nExamining a.c\n\nNo hits found.\nLines analyzed = 3 in\n"),
            ReportStatus::Empty
        );
        assert_eq!(
            of("Flawfinder version 2.0.19\n\nNo hits found.\nLines analyzed = 0 in\n"),
            ReportStatus::NotAssessed
        );
    }

    #[test]
    fn the_table_has_fingerprints() {
        let text = "File,Line,Column,DefaultLevel,Level,Category,Name,Warning,Suggestion,Note,CWEs,Context,Fingerprint\n\
            a.c,4,2,3,3,buffer,read,Check it (CWE-120),Use x,,\"CWE-120, CWE-20\",read(f),abc\n";
        let f = &read("f", text.as_bytes(), None).findings[0];
        assert_eq!(
            (f.severity, &f.cwe[..], f.sources[0].native_id.as_ref().unwrap().raw()),
            (Severity::Medium, &[20, 120][..], "abc")
        );
    }
}
