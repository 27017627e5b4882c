//! Trend Micro Cloud One Conformity, before that Cloud Conformity: checks as its API gives them, and its CSV reports.
//!
//! The columns of the CSV reports may be chosen; those that are known are read under all names that were seen of them.

use crate::report::prelude::*;

const TOOL: &str = "Trend Micro Cloud Conformity";
const SEVERITY: &str = "risk level: extreme is critical, very high and high are high";
const CHECKED: &str = "written from the documentation of the API and of the reports; no real file was at hand";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "cloud-conformity-csv",
        title: "Trend Micro Cloud Conformity CSV report",
        classes: &[Class::Infra],
        items: "rows",
        severity: SEVERITY,
        identity: "rule and resource",
        checked: CHECKED,
        detect: |shape| {
            let one = |names: &[&str]| names.iter().any(|n| shape.columns(&[n]));
            (one(RULE) && one(RISK) && one(STATUS) && one(RESOURCE)).into()
        },
        parse: parse_csv,
    },
    Format {
        name: "cloud-conformity-json",
        title: "Trend Micro Cloud Conformity checks (API)",
        classes: &[Class::Infra, Class::Iac],
        items: "elements of `data`",
        severity: SEVERITY,
        identity: "the check's id, which is made of account, rule, service, region and resource",
        checked: CHECKED,
        detect: |shape| (is_check(shape.json().at("data")) || is_check(shape.json().at("data.0"))).into(),
        parse: parse_json,
    },
];

const RULE: &[&str] = &["Rule ID", "Rule Id", "ruleId"];
const RISK: &[&str] = &["Risk Level", "riskLevel"];
const STATUS: &[&str] = &["Check Status", "Status", "Check result", "Compliance status"];
const RESOURCE: &[&str] = &["Resource", "Resource ID", "Resource Name", "CCRN"];

fn is_check(item: &Node<'_>) -> bool {
    matches!(item.get("type").text(), Some("checks" | "accounts-checks"))
        && (item.get("attributes").has("risk-level") || item.get("attributes").has("status"))
}

/// What a check says, from either writing.
#[derive(Default)]
struct Check {
    status: String,
    risk: String,
    suppressed: Option<String>,
    draft: Option<Draft>,
}

impl Check {
    fn take(self, reading: &mut Reading<'_>) {
        let failed = !matches!(
            self.status.to_ascii_uppercase().as_str(),
            "SUCCESS" | "PASSED" | "PASS" | "COMPLIANT" | "SUCCEEDED"
        );
        let Some(mut draft) = self.draft.filter(|_| failed) else { return reading.passed(1) };
        draft.severity = match self.risk.to_ascii_uppercase().replace(['_', '-'], " ").as_str() {
            "EXTREME" => Severity::Critical,
            "VERY HIGH" => Severity::High,
            word => words::severity(word).unwrap_or(Severity::Unknown),
        };
        draft.suppressed = self.suppressed;
        reading.add(draft);
    }
}

fn parse_json(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    // Without an account it is a template that was scanned, not what runs.
    let template =
        doc.at("data.0.relationships.account").has("data") && doc.at("data.0.relationships.account.data").is_null();
    let class = if template { Class::Iac } else { Class::Infra };
    let mut reading = Reading::new(input, TOOL, &[class]);
    let data = match doc.get("data") {
        one @ Node::Object(_) => std::slice::from_ref(one),
        _ => doc.results("data")?,
    };
    for item in data {
        check(item.object()?, class).take(&mut reading);
    }
    if let Some(total) = doc.at("meta.total").number().filter(|t| *t > reading.items()) {
        reading.remark(format!("This is one page of the checks: {} of {total}.", reading.items()));
    }
    reading.done()
}

fn check(item: &Node<'_>, class: Class) -> Check {
    let about = item.get("attributes");
    let id = item.get("id").or_empty();
    let mut draft = Draft::new(class);
    let rule = item.at("relationships.rule.data.id").text().or_else(|| id.split(':').nth(2)).unwrap_or_default();
    rule.clone_into(&mut draft.rule);
    let message = about.get("message").text();
    about.get("rule-title").text().or(message).unwrap_or(rule).clone_into(&mut draft.title);
    draft.say("", message);
    draft.say("Categories", Some(&about.get("categories").texts().collect::<Vec<_>>().join(", ")));
    draft.say("Compliance", Some(&about.get("compliances").texts().collect::<Vec<_>>().join(", ")));
    let resource = about.get("providerResourceId").text().or(about.get("resource").text()).or(about.get("ccrn").text());
    let parts = [about.get("region").text(), about.get("descriptorType").text(), resource];
    draft.logical = Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" "));
    draft.url = ["resolution-page-url", "resolutionPageUrl", "link"].iter().find_map(|k| about.get(k).owned());
    draft.native_id = Some(id.to_owned()).filter(|id| id.starts_with("ccc:"));
    let note = about.at("notes.0.note").text();
    let put_aside = ["suppressed", "ignored", "excluded"].into_iter().find(|k| about.get(k).is_true());
    Check {
        status: about.get("status").or_empty().to_owned(),
        risk: about.get("risk-level").text().or(about.get("pretty-risk-level").text()).unwrap_or_default().to_owned(),
        suppressed: put_aside.map(|word| note.map_or_else(|| format!("It is {word} in Conformity."), str::to_owned)),
        draft: Some(draft),
    }
}

fn parse_csv(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let table = table::read(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Infra]);
    for row in table.iter() {
        let mut draft = Draft::new(Class::Infra);
        let rule = row.first(RULE).unwrap_or_default();
        rule.clone_into(&mut draft.rule);
        let message = row.first(&["Message", "Description", "Finding"]);
        row.first(&["Rule Title", "Rule", "Title"]).or(message).unwrap_or(rule).clone_into(&mut draft.title);
        draft.say("", message);
        draft.say("Categories", row.first(&["Categories", "Category"]));
        draft.say("Account", row.first(&["Account Name", "Account", "Account ID"]));
        let parts = [row.get("Region"), row.first(&["Resource Type", "Service"]), row.first(RESOURCE)];
        draft.logical = Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" "));
        draft.url = row.first(&["Resolution Page URL", "Resolution URL", "Knowledge Base", "Link"]).map(str::to_owned);
        let put_aside =
            row.first(&["Suppressed", "Ignored"]).filter(|w| ["true", "yes"].contains(&w.to_lowercase().as_str()));
        let check = Check {
            status: row.first(STATUS).unwrap_or_default().to_owned(),
            risk: row.first(RISK).unwrap_or_default().to_owned(),
            suppressed: put_aside.map(|_| "It is suppressed in Conformity.".to_owned()),
            draft: Some(draft),
        };
        check.take(&mut reading);
    }
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn checks_that_failed_are_findings() {
        let text = r#"{"meta": {"total": 5}, "data": [{"type": "checks", "id": "ccc:acc1:S3-016:S3:eu-1:box", "attributes": {"region": "eu-1",
            "status": "FAILURE", "risk-level": "VERY_HIGH", "message": "Box is plain.", "rule-title": "Encrypt", "resource": "box",
            "descriptorType": "s3-bucket", "suppressed": false, "resolution-page-url": "https://k.example"},
            "relationships": {"rule": {"data": {"type": "rules", "id": "S3-016"}}, "account": {"data": {"id": "acc1"}}}},
          {"type": "accounts-checks", "id": "ccc:acc1:S3-017:S3:eu-1:box", "attributes": {"status": "FAILURE", "risk-level": "EXTREME",
            "suppressed": true, "message": "m", "notes": [{"note": "a test box"}]}},
          {"type": "checks", "id": "ccc:acc1:S3-018:S3:eu-1:box", "attributes": {"status": "SUCCESS", "risk-level": "LOW"}}]}"#;
        let report = read("r", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("cloud-conformity-json", 3, 2));
        let (f, aside) = (&report.findings[0], &report.findings[1]);
        assert_eq!(
            (f.class, f.severity, f.rule.raw(), f.place()),
            (Class::Infra, Severity::High, "S3-016", "eu-1 s3-bucket box".to_owned())
        );
        assert_eq!((aside.severity, aside.rule.raw()), (Severity::Critical, "S3-017"));
        assert_eq!(aside.suppressed.as_ref().unwrap().raw(), "a test box");
        assert!(report.reason.unwrap().raw().contains("3 of 5"));
    }

    #[test]
    fn rows_are_as_checks() {
        let text = "Account Name,Rule ID,Rule Title,Region,Service,Resource,Risk Level,Check Status,Message\n\
            shop,EC2-001,Closed doors,eu-1,EC2,sg-1,Very High,FAILURE,Open\nshop,EC2-002,Doors,eu-1,EC2,sg-1,Low,SUCCESS,Fine\n";
        let report = read("r", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("cloud-conformity-csv", 2, 1));
        assert_eq!(
            (report.findings[0].severity, report.findings[0].place()),
            (Severity::High, "eu-1 EC2 sg-1".to_owned())
        );
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        for bad in ["{}", "{\"data\": 7}", "{\"data\": [1]}"] {
            assert_eq!(read("r", bad.as_bytes(), Some("cloud-conformity-json")).status, ReportStatus::Error, "{bad}");
        }
        assert_eq!(read("r", b"{\"data\": []}", Some("cloud-conformity-json")).status, ReportStatus::Empty);
    }
}
