//! CloudSploit JSON: `index.js --json`. What passed stands in it, and what could not be determined.

use crate::report::prelude::*;

const TOOL: &str = "CloudSploit";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "cloudsploit-json",
    title: "CloudSploit JSON",
    classes: &[Class::Infra],
    items: "elements of the list",
    severity: "`severity` where it stands; else `status`: `FAIL`, an immediate risk, is critical, `WARN` medium",
    identity: "plugin, region and resource",
    checked: "DefectDojo's parser",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    shape.lists(&["plugin", "category", "title", "status"]).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Infra]);
    let (mut all, mut open) = (0_usize, Vec::new());
    for result in doc.list()? {
        all += 1;
        match result.object()?.get("status").or_empty().to_ascii_uppercase().as_str() {
            "OK" | "PASS" | "0" => reading.passed(1),
            "UNKNOWN" | "3" => {
                reading.passed(1);
                open.push(format!("{} ({})", result.get("title").or_empty(), result.get("message").or_empty()));
            }
            status => reading.add(draft(result, status)),
        }
    }
    if !open.is_empty() {
        let what = format!("CloudSploit could not determine {} results: {}.", open.len(), open.join(", "));
        if open.len() == all { reading.not_assessed(what) } else { reading.remark(what) }
    }
    reading.done()
}

fn draft(result: &Node<'_>, status: &str) -> Draft {
    let mut draft = Draft::new(Class::Infra);
    draft.rated(result.get("severity").text());
    if draft.severity == Severity::Unknown {
        draft.severity = match status {
            "FAIL" | "2" => Severity::Critical,
            "WARN" | "1" => Severity::Medium,
            _ => Severity::Unknown,
        };
    }
    result.get("plugin").or_empty().clone_into(&mut draft.rule);
    result.get("title").or_empty().clone_into(&mut draft.title);
    draft.say("", result.get("message").text());
    draft.say("", result.get("description").text());
    draft.say("Category", result.get("category").text());
    draft.say("Remediation", result.get("recommended_action").text());
    let resource = result.get("resource").text().filter(|r| !r.eq_ignore_ascii_case("n/a"));
    let regions = result.get("region").texts().collect::<Vec<_>>().join(",");
    let parts = [Some(regions.as_str()).filter(|r| !r.is_empty()), resource];
    draft.logical = Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" "));
    draft.url = result.get("link").owned();
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn what_failed_is_a_finding() {
        let text = r#"[
          {"plugin": "logs", "category": "EC2", "title": "Logs on", "description": "d", "resource": "vpc-1", "region": ["eu-1"], "status": "FAIL", "message": "off"},
          {"plugin": "mfa", "category": "IAM", "title": "MFA", "resource": "N/A", "region": "global", "status": "WARN", "message": "weak"},
          {"plugin": "ok", "category": "IAM", "title": "Fine", "status": "OK"},
          {"plugin": "x", "category": "IAM", "title": "Keys", "status": "UNKNOWN", "message": "access denied"}]"#;
        let report = read("r", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("cloudsploit-json", 4, 2));
        let f = &report.findings[0];
        assert_eq!(
            (f.class, f.severity, f.rule.raw(), f.place()),
            (Class::Infra, Severity::Critical, "logs", "eu-1 vpc-1".to_owned())
        );
        assert_eq!(report.findings[1].place(), "global");
        assert!(report.reason.unwrap().raw().contains("Keys (access denied)"));
    }

    #[test]
    fn what_could_not_be_determined_is_no_evidence() {
        let of = |status: &str| {
            let text =
                format!("[{{\"plugin\": \"a\", \"category\": \"b\", \"title\": \"c\", \"status\": \"{status}\"}}]");
            read("r", text.as_bytes(), None).status
        };
        assert_eq!((of("OK"), of("UNKNOWN")), (ReportStatus::Empty, ReportStatus::NotAssessed));
        assert_eq!(read("r", b"{}", Some("cloudsploit-json")).status, ReportStatus::Error);
    }
}
