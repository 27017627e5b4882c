//! Checkmarx SAST results as CSV: a row for each result, with where its path begins (`Src`) and where it ends (`Dest`).

use super::TOOL;
use crate::report::prelude::*;

pub(super) const CSV: Format = Format {
    name: "checkmarx-csv",
    title: "Checkmarx SAST CSV",
    classes: &[Class::Sast],
    items: "rows",
    severity: "`Result Severity`",
    identity: "query, path and line: this format does not have the similarity id",
    checked: "written from the columns that a script of its users names; no real file was at hand",
    detect: |shape| shape.columns(&["Query", "SrcFileName", "DestFileName", "Result Severity"]).into(),
    parse,
};

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let table = table::read(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    for row in table.iter() {
        if row.get("Result Status").is_some_and(|s| s.eq_ignore_ascii_case("fixed")) {
            reading.passed(1);
        } else {
            reading.add(draft(&row));
        }
    }
    reading.done()
}

fn draft(row: &table::Row<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    let query = row.get("Query").unwrap_or_default();
    query.clone_into(&mut draft.rule);
    draft.title = query.replace('_', " ");
    draft.rated(row.get("Result Severity"));
    draft.path = row.first(&["DestFileName", "SrcFileName"]).map(str::to_owned);
    let number = |columns: &[&str]| row.first(columns).and_then(|n| n.trim().parse().ok());
    draft.line = number(&["DestLine", "Line"]);
    draft.column = number(&["DestColumn", "Column"]);
    draft.say("", Some(&draft.title.clone()));
    draft.say("Query", row.get("QueryPath"));
    let step =
        |[file, line, name]: [&str; 3]| format!("{}:{} {}", row.or_empty(file), row.or_empty(line), row.or_empty(name));
    let steps = [["SrcFileName", "Line", "Name"], ["DestFileName", "DestLine", "DestName"]].map(step);
    draft.say("Path", Some(&steps.join("\n")));
    draft.url = row.get("Link").map(str::to_owned);
    if row.get("Result State").is_some_and(|s| s.eq_ignore_ascii_case("not exploitable")) {
        let comment = row.get("Comment").map(|c| format!(" {c}")).unwrap_or_default();
        draft.suppressed = Some(format!("Marked as not exploitable in Checkmarx.{comment}"));
    }
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn a_row_is_a_result_at_the_end_of_its_path() {
        let head = "Query,QueryPath,Custom,SrcFileName,Line,Column,NodeId,Name,DestFileName,DestLine,DestColumn,DestNodeId,DestName,Result State,Result Severity,Assigned To,Comment,Link,Result Status,Detection Date\n";
        let rows = "SQL_Injection,Java/SQL,,a.java,1,2,1,in,b.java,9,4,2,run,To Verify,High,,,https://c.example/1,Recurrent,1/2/2026\n\
            XSS,Java/XSS,,c.java,3,2,1,in,d.java,5,4,2,out,Not Exploitable,Medium,,no user input,,New,1/2/2026\n\
            Old,Java/Old,,e.java,3,2,1,in,f.java,5,4,2,out,To Verify,Low,,,,Fixed,1/2/2026\n";
        let report = read("c", format!("{head}{rows}").as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("checkmarx-csv", 3, 2));
        let [sql, xss] = report.findings.as_slice() else { panic!("two findings") };
        assert_eq!(
            (sql.severity, sql.place().as_str(), sql.title.raw()),
            (Severity::High, "b.java:9", "SQL Injection")
        );
        assert!(sql.detail.raw().contains("a.java:1 in"));
        assert!(xss.suppressed.as_ref().unwrap().raw().contains("no user input"));
        assert_eq!(read("c", head.as_bytes(), None).status, ReportStatus::Empty);
    }
}
