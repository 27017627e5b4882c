//! The AWS Security Finding Format (ASFF): what Security Hub holds, and what Inspector, Trivy, Prowler and others write
//! for it. A file is `Findings` as the API gives them, a list, lines, one finding, or an event.

mod parts;

use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "asff-json",
    title: "AWS Security Finding Format (Security Hub, Inspector, Trivy, Prowler)",
    classes: &[Class::Infra, Class::Container, Class::Sca, Class::Iac, Class::Secret, Class::Sast],
    items: "findings, those of controls that passed as well",
    severity: "`Severity.Label`, else `Normalized`, else those of `FindingProviderFields`",
    identity: "`Id`, where it is an ARN; else rule, resource and package",
    checked: "DefectDojo's parsers of ASFF and Security Hub, golden files of Trivy",
    detect,
    parse,
}];

/// Where the findings may stand.
const LISTS: [&str; 3] = ["Findings", "findings", "detail.findings"];

fn is_finding(node: &Node<'_>) -> bool {
    node.has_all(&["SchemaVersion", "ProductArn", "Id"])
}

fn detect(shape: &Shape<'_>) -> Fit {
    let inside = |node: &Node<'_>| LISTS.iter().any(|l| is_finding(node.at(l).at("0")));
    let first = shape.line();
    let sure = [first, first.at("0")].into_iter().any(|n| is_finding(n) || inside(n));
    // Security Hub without any finding.
    let empty = |n: &Node<'_>| {
        n.get("Findings").is_list() && n.entries().iter().all(|(k, _)| k == "Findings" || k == "NextToken")
    };
    if sure { Fit::Sure } else { Fit::general(empty(shape.json()) && shape.json().at("Findings.0").is_null()) }
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let documents = Node::parse_all(input.text)?;
    let mut findings = Vec::new();
    for document in &documents {
        let items = match document {
            Node::List(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        for item in items {
            gather(item.object()?, &mut findings)?;
        }
    }
    let mut reading = Reading::new(input, "AWS Security Hub", &[]);
    let mut products: Vec<String> = findings.iter().map(|f| parts::product(f)).collect();
    products.sort();
    products.dedup();
    if let [one] = products.as_slice() {
        reading.tool(Some(one));
    }
    let mut open = 0_usize;
    for finding in &findings {
        let class = parts::class_of(finding);
        reading.assessed(class);
        match finding.at("Compliance.Status").or_empty().to_ascii_uppercase().as_str() {
            "PASSED" => reading.passed(1),
            "NOT_AVAILABLE" => {
                open += 1;
                reading.passed(1);
            }
            _ => reading.add(parts::draft(finding, class)),
        }
    }
    if findings.is_empty() {
        reading.assessed(Class::Infra);
    }
    let next = documents.last().map_or(&Node::Null, |d| d.get("NextToken"));
    super::counts::paged(&mut reading, "Security Hub", next);
    if open > 0 {
        reading.remark(format!("Of {open} findings the control could not be evaluated."));
        if open == findings.len() {
            reading.not_assessed("No control could be evaluated.");
        }
    }
    reading.done()
}

/// The findings of one document: those of the list that it has, or itself.
fn gather<'n, 't>(item: &'n Node<'t>, into: &mut Vec<&'n Node<'t>>) -> Result<(), Unreadable> {
    if is_finding(item) {
        into.push(item);
        return Ok(());
    }
    let path = LISTS.into_iter().find(|l| !item.at(l).is_null()).unwrap_or("Findings");
    for finding in item.results(path)? {
        into.push(finding.object()?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    const ONE: &str = r#"{"SchemaVersion": "2018-10-08", "Id": "arn:aws:inspector2:eu-1:77:finding/ab", "ProductName": "Inspector", "CompanyName": "Amazon",
        "ProductArn": "arn:aws:securityhub:eu-1::product/aws/inspector", "Title": "CVE-2020-1111 - jetty", "Types": ["Software and Configuration Checks/Vulnerabilities/CVE"],
        "Severity": {"Normalized": 75}, "Resources": [{"Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-1:77:instance/i-1"}], "Description": "Slow.",
        "Workflow": {"Status": "SUPPRESSED"}, "Note": {"Text": "a lab"}, "Vulnerabilities": [{"Id": "CVE-2020-1111", "EpssScore": 0.2, "VulnerablePackages": [
          {"Name": "jetty", "Version": "8.1", "Release": "2.el8", "FixedInVersion": "9.4", "FilePath": "/opt/jetty.jar"}, {"Name": "jetty-util"}],
          "Cvss": [{"Version": "2.0", "BaseVector": "AV:N/AC:L/Au:N/C:P/I:N/A:N"}, {"Version": "3.1", "BaseScore": 7.5, "BaseVector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}]}]}"#;
    const CONTROL: &str = r#"{"SchemaVersion": "2018-10-08", "Id": "arn:aws:securityhub:x", "ProductArn": "arn:aws:securityhub:eu-1::product/aws/securityhub",
        "Title": "Use MFA", "GeneratorId": "best/v/1/IAM.5", "ProductFields": {"ControlId": "IAM.5"}, "Region": "eu-1", "Severity": {"Label": "INFORMATIONAL"},
        "Compliance": {"Status": "STATE"}, "Resources": [{"Type": "AwsAccount", "Id": "AWS::::Account:77"}]}"#;

    /// All its findings are of one kind, and its ARN is no rule.
    #[test]
    fn checks_of_kube_bench_are_rules_of_their_own() {
        let of = |check: &str| {
            let arn = "arn:aws:securityhub:us-east-1::product/aqua-security/kube-bench";
            format!(
                r#"{{"SchemaVersion": "2018-10-08", "Id": "{arn}1EKS-node-id{check}", "ProductArn": "{arn}", "Title": "{check} Mode",
                "GeneratorId": "{arn}/cis-kubernetes-benchmark/eks-1.0.1/{check}", "Severity": {{"Label": "HIGH"}},
                "Types": ["Software and Configuration Checks/Industry and Regulatory Standards/CIS Kubernetes Benchmark"],
                "Resources": [{{"Type": "Other", "Id": "c"}}]}}"#
            )
        };
        let report = read("r", format!("[{},{}]", of("4.1.1"), of("4.1.2")).as_bytes(), None);
        let rules: Vec<_> = report.findings.iter().map(|f| f.rule.raw()).collect();
        assert_eq!(rules, ["4.1.1", "4.1.2"]);
        let shared = report.findings[0].keys.iter().any(|key| report.findings[1].keys.contains(key));
        assert!(!shared, "a dismissal of one would be taken for the other");
    }

    #[test]
    fn findings_are_read_in_all_wrappings() {
        for text in [
            ONE.to_owned(),
            format!("[{ONE}]"),
            format!("{{\"Findings\": [{ONE}]}}"),
            format!("{{\"findings\": [{ONE}]}}"),
            format!("{{\"detail-type\": \"Security Hub Findings - Imported\", \"detail\": {{\"findings\": [{ONE}]}}}}"),
        ] {
            let report = read("r", text.as_bytes(), None);
            assert_eq!(
                (report.format, report.raw_items, report.tool.raw()),
                ("asff-json", 1, "Amazon Inspector"),
                "{text}"
            );
            let f = &report.findings[0];
            let package = f.package.as_ref().unwrap();
            assert_eq!(
                (f.class, f.severity, f.rule.raw(), f.place()),
                (Class::Infra, Severity::High, "CVE-2020-1111", "/opt/jetty.jar".to_owned())
            );
            assert_eq!(
                (package.name.raw(), package.version.as_ref().unwrap().raw(), package.fixed[0].raw()),
                ("jetty", "8.1-2.el8", "9.4")
            );
            assert_eq!(
                (f.suppressed.as_ref().unwrap().raw(), f.scores.as_ref().unwrap().cvss.as_ref().unwrap().raw()),
                ("a lab", "7.5")
            );
            assert_eq!(f.sources[0].native_id.as_ref().unwrap().raw(), "arn:aws:inspector2:eu-1:77:finding/ab");
            assert!(f.detail.raw().contains("jetty-util"));
        }
        let both = read("r", format!("{ONE}\n{}", CONTROL.replace("STATE", "FAILED")).as_bytes(), None);
        assert_eq!((both.findings.len(), both.tool.raw()), (2, "AWS Security Hub"));
        assert_eq!(
            (both.findings[1].rule.raw(), both.findings[1].place()),
            ("IAM.5", "eu-1 AWS::::Account:77".to_owned())
        );
    }

    #[test]
    fn controls_that_passed_are_no_findings() {
        let of = |state: &str| read("r", CONTROL.replace("STATE", state).as_bytes(), None);
        assert_eq!((of("PASSED").status, of("PASSED").raw_items), (ReportStatus::Empty, 1));
        assert_eq!((of("NOT_AVAILABLE").status, of("WARNING").status), (ReportStatus::NotAssessed, ReportStatus::Ok));
        assert_eq!(read("r", b"{\"Findings\": []}", None).status, ReportStatus::Empty);
        let page = |list: &str| read("r", format!("{{\"Findings\": [{list}], \"NextToken\": \"t\"}}").as_bytes(), None);
        assert_eq!((page("").status, page(ONE).reason.is_some()), (ReportStatus::NotAssessed, true));
        for bad in ["{}", "{\"Findings\": {}}", "{\"Findings\": [1]}", "[1]"] {
            assert_eq!(read("r", bad.as_bytes(), Some("asff-json")).status, ReportStatus::Error, "{bad}");
        }
    }
}
