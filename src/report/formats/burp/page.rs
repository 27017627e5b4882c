//! The HTML report of Burp Suite Enterprise, now Burp Suite DAST: a table of all issues, and details of each that was
//! asked for. The severity stands in the table only.

use std::collections::HashMap;

use super::{IDENTITY, Issue, TOOL, draft};
use crate::report::html::{self, Piece};
use crate::report::prelude::*;

pub(super) const FORMAT: Format = Format {
    name: "burp-html",
    title: "Burp Suite Enterprise (DAST) HTML report",
    classes: &[Class::Dast],
    items: "rows of the tables of issues",
    severity: "the column Severity",
    identity: IDENTITY,
    checked: "DefectDojo's parser, which takes all issues of one name for one; the report's own total",
    detect,
    parse,
};

fn detect(shape: &Shape<'_>) -> Fit {
    let head = shape.head;
    (shape.root("html")
        && head.contains("Burp Suite")
        && (head.contains("issue-table") || head.contains("issue-container")))
    .into()
}

/// A row of a table of issues.
#[derive(Debug, Default)]
struct Row {
    name: String,
    origin: String,
    cells: Vec<String>,
    anchor: String,
}

/// The details of an issue: its name, its page, and text below each heading.
#[derive(Debug, Default)]
struct Details {
    anchor: String,
    origin: String,
    name: String,
    page: String,
    parts: Vec<(String, String)>,
    links: Vec<String>,
}

impl Details {
    fn part(&self, wanted: &str) -> Option<&str> {
        let heading = |h: &str| h.trim().trim_end_matches(':').eq_ignore_ascii_case(wanted);
        self.parts.iter().find(|(h, _)| heading(h)).map(|(_, text)| text.trim()).filter(|t| !t.is_empty())
    }
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut page = Page::default();
    for piece in html::pieces(input.text) {
        page.take(&piece);
    }
    page.end_details();
    if page.tables == 0 && page.details.is_empty() {
        return Err(Unreadable("The page has neither a table of issues nor details of any.".to_owned()));
    }
    let mut reading = Reading::new(input, TOOL, &[Class::Dast]);
    let by_anchor: HashMap<&str, &Details> = page.details.iter().map(|d| (d.anchor.as_str(), d)).collect();
    let none = Details::default();
    for row in &page.rows {
        let details = by_anchor.get(row.anchor.as_str()).copied().unwrap_or(&none);
        reading.add(of(row, details));
    }
    if page.rows.is_empty() {
        for details in &page.details {
            let row = Row { name: details.name.clone(), origin: details.origin.clone(), ..Row::default() };
            reading.add(of(&row, details));
        }
    }
    reading.done()
}

fn of(row: &Row, details: &Details) -> Draft {
    let cell = |index: usize| row.cells.get(index).map(|c| c.trim()).filter(|c| !c.is_empty());
    // What was read is text already, and what is asked for is HTML.
    let prose = |heading: &str| details.part(heading).map(html::escaped);
    let detail = prose("Issue detail");
    let background = prose("Issue description").or(prose("Issue background"));
    let remediation = [prose("Issue remediation"), prose("Remediation detail")];
    let classifications = prose("Vulnerability classifications");
    let exchange: Vec<&str> = ["Request", "Response"].iter().filter_map(|p| details.part(p)).collect();
    let method = details.part("Request").and_then(|r| r.split_whitespace().next());
    let links: Vec<String> = details.links.iter().map(|l| format!("<a href=\"{l}\">{l}</a>")).collect();
    let links = links.join("\n");
    draft(&Issue {
        name: row.name.trim(),
        severity: cell(1).or(details.part("Severity")),
        confidence: cell(2).or(details.part("Confidence")),
        origin: row.origin.trim(),
        path: cell(0).unwrap_or(details.page.trim()),
        method: method.filter(|m| m.chars().all(|c| c.is_ascii_uppercase())),
        details: detail.as_deref().into_iter().collect(),
        background: background.as_deref(),
        remediation: [remediation[0].as_deref(), remediation[1].as_deref()],
        classifications: classifications.as_deref(),
        references: Some(links.as_str()).filter(|l| !l.is_empty()),
        exchange: exchange.join("\n\n"),
        ..Issue::default()
    })
}

/// What is being read.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
enum Within {
    #[default]
    Nothing,
    Title,
    TypeRow,
    Cell,
    DetailsName,
    DetailsPage,
    Heading,
    Part,
}

/// The page as read so far.
#[derive(Debug, Default)]
struct Page {
    tables: usize,
    in_table: bool,
    within: Within,
    title: String,
    origin: String,
    kind: String,
    rows: Vec<Row>,
    row: Row,
    details: Vec<Details>,
    open: Option<Details>,
}

impl Page {
    fn take(&mut self, piece: &Piece) {
        match piece {
            Piece::Text(text) => self.text(text),
            Piece::Open(name, _) => self.open(name, piece),
            Piece::Close(name) => self.close(name),
        }
    }

    fn open(&mut self, name: &str, piece: &Piece) {
        match name {
            "h1" => {
                self.end_details();
                self.title.clear();
                self.within = Within::Title;
            }
            "table" if piece.has_class("issue-table") => {
                self.tables += 1;
                self.in_table = true;
            }
            "tr" if self.in_table => {
                self.row = Row { origin: self.origin.clone(), ..Row::default() };
                if piece.has_class("issue-type-row") {
                    self.kind.clear();
                    self.within = Within::TypeRow;
                }
            }
            "td" if self.in_table && self.within != Within::TypeRow => {
                self.row.cells.push(String::new());
                self.within = Within::Cell;
            }
            "a" if self.in_table => {
                let anchor = piece.attribute("href").unwrap_or_default().trim_start_matches('#');
                anchor.clone_into(&mut self.row.anchor);
            }
            "div" if piece.has_class("issue-container") => {
                self.end_details();
                self.open = Some(Details { origin: self.origin.clone(), ..Details::default() });
            }
            _ => self.open_in_details(name, piece),
        }
    }

    fn open_in_details(&mut self, name: &str, piece: &Piece) {
        let Some(details) = &mut self.open else { return };
        match name {
            "a" if piece.attribute("name").is_some() => {
                piece.attribute("name").unwrap_or_default().clone_into(&mut details.anchor);
            }
            "a" if self.within == Within::Part => {
                let cited = details.parts.last().is_some_and(|(h, _)| h.trim().eq_ignore_ascii_case("references"));
                details.links.extend(piece.attribute("href").filter(|_| cited).map(str::to_owned));
            }
            "a" if details.page.is_empty() => self.within = Within::DetailsPage,
            "h2" => self.within = Within::DetailsName,
            "h3" => {
                details.parts.push(Default::default());
                self.within = Within::Heading;
            }
            "p" | "br" | "li" | "div" if self.within == Within::Part => {
                if let Some((_, text)) = details.parts.last_mut() {
                    text.push('\n');
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        match (self.within, &mut self.open) {
            (Within::Title, _) => self.title.push_str(text),
            (Within::TypeRow, _) => self.kind.push_str(text),
            (Within::Cell, _) => {
                if let Some(cell) = self.row.cells.last_mut() {
                    cell.push_str(text);
                }
            }
            (Within::DetailsName, Some(details)) => details.name.push_str(text),
            (Within::DetailsPage, Some(details)) => details.page.push_str(text),
            (within @ (Within::Heading | Within::Part), Some(details)) => {
                if let Some((heading, body)) = details.parts.last_mut() {
                    if within == Within::Heading { heading.push_str(text) } else { body.push_str(text) }
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match (name, self.within) {
            ("h1", Within::Title) => {
                // `Issues found on https://x.example`
                if let Some(origin) = self.title.split_whitespace().find(|w| w.contains("://")) {
                    origin.clone_into(&mut self.origin);
                }
                self.within = Within::Nothing;
            }
            ("table", _) => self.in_table = false,
            ("td", Within::Cell) | ("h2", Within::DetailsName) | ("a", Within::DetailsPage) => {
                self.within = Within::Nothing;
            }
            ("h3", Within::Heading) => self.within = Within::Part,
            ("tr", Within::TypeRow) => {
                // `SQL injection [3]` says how many rows follow.
                let name = self.kind.rsplit_once('[').map_or(self.kind.as_str(), |(name, _)| name);
                self.kind = name.trim().to_owned();
                self.within = Within::Nothing;
            }
            ("tr", _) if self.in_table && !self.row.cells.is_empty() => {
                let mut row = std::mem::take(&mut self.row);
                row.name.clone_from(&self.kind);
                self.rows.push(row);
            }
            _ => {}
        }
    }

    fn end_details(&mut self) {
        self.details.extend(self.open.take());
        self.within = Within::Nothing;
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    const PAGE: &str = r##"<html><head><title>Report</title></head><body><span>Generated by Burp Suite DAST</span>
        <h1>Issues found on https://x.example</h1><table class="issue-table"><thead><tr><th>URLs</th></tr></thead><tbody>
        <tr class="issue-type-row"><td colspan="4">SQL injection [2]</td></tr>
        <tr><td class="issue-path">/a</td><td>High</td><td>Firm</td><td><a href="#1">&gt;&gt;</a></td></tr>
        <tr><td class="issue-path">/b</td><td>Info</td><td>Certain</td><td><a href="#2">&gt;&gt;</a></td></tr></tbody></table>
        <div class="issue-container"><a name="1"></a><h2>SQL injection</h2><a href="">/a</a><h3>Issue detail:</h3><div><p>The id is &lt;b&gt;.</p></div>
        <h3>References</h3><a href="https://r.example/">R</a><h3>Vulnerability classifications</h3><ul><li>CWE-89: x</li></ul>
        <div class="evidence-container"><h3>Request:</h3><div>GET /a HTTP/1.1</div></div></div></body></html>"##;

    #[test]
    fn rows_are_findings_with_their_details() {
        let report = read("r", PAGE.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("burp-html", 2, 2));
        let f = report.findings.iter().find(|f| f.severity == Severity::High).unwrap();
        assert_eq!((f.rule.raw(), f.place().as_str(), f.cwe[0]), ("SQL injection", "https://x.example/a", 89));
        assert_eq!(
            (f.url.as_ref().unwrap().raw(), f.confidence.as_ref().unwrap().raw()),
            ("https://r.example/", "firm")
        );
        assert!(f.detail.raw().starts_with("The id is <b>.") && f.context.as_ref().unwrap().raw() == "GET /a HTTP/1.1");
    }

    #[test]
    fn a_page_without_tables_is_an_error() {
        assert_eq!(read("r", b"<html><body>Burp Suite</body></html>", Some("burp-html")).status, ReportStatus::Error);
        let clean = b"<html>Burp Suite<table class='issue-table'></table></html>";
        assert_eq!(read("r", clean, None).status, ReportStatus::Empty);
    }
}
