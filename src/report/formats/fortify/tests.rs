use std::io::Write as _;

use crate::domain::finding::ReportStatus;
use crate::domain::severity::Severity;
use crate::report::{read, read_all};

const FVDL: &str = r#"<FVDL xmlns="x"><Build><NumberFiles>1</NumberFiles></Build><Vulnerabilities><Vulnerability><ClassInfo><ClassID>C1</ClassID>
    <Type>Privacy Violation</Type><Subtype>Log</Subtype></ClassInfo><InstanceInfo><InstanceID>I1</InstanceID>
    <InstanceSeverity>4.0</InstanceSeverity><Confidence>5.0</Confidence></InstanceInfo><AnalysisInfo><Unified><ReplacementDefinitions>
    <Def key="F" value="main()"/></ReplacementDefinitions><Trace><Primary><Entry><NodeRef id="0"/></Entry><Entry>
    <Node isDefault="true"><SourceLocation path="src/A.java" line="8" colStart="3" snippet="S1"/></Node></Entry></Primary></Trace>
    </Unified></AnalysisInfo></Vulnerability></Vulnerabilities><Description classID="C1"><Abstract>&lt;p&gt;In &lt;Replace key="F"/&gt; it leaks.&lt;/p&gt;</Abstract>
    </Description><Snippets><Snippet id="S1"><StartLine>7</StartLine><Text>one
two
three</Text></Snippet></Snippets><EngineData><EngineVersion>24.2</EngineVersion><RuleInfo><Rule id="C1"><MetaInfo>
    <Group name="Impact">4.0</Group><Group name="Accuracy">5.0</Group><Group name="Probability">2.0</Group>
    <Group name="altcategoryCWE">CWE ID 359, CWE ID 532</Group></MetaInfo></Rule></RuleInfo></EngineData></FVDL>"#;

#[test]
fn a_project_has_results_and_their_audit() {
    let audit = r#"<ns2:Audit xmlns:ns2="a"><ns2:IssueList><ns2:Issue instanceId="I1" suppressed="true">
        <ns2:Tag id="87f2364f-dcd4-49e6-861d-f8d3f351686b"><ns2:Value>Not an Issue</ns2:Value></ns2:Tag></ns2:Issue></ns2:IssueList></ns2:Audit>"#;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in [("audit.fvdl", FVDL), ("audit.xml", audit)] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    let reports = read_all("p.fpr", &bytes, None);
    assert_eq!((reports.len(), reports[0].format, reports[0].raw_items), (1, "fortify-fpr", 1));
    let f = &reports[0].findings[0];
    assert_eq!((f.severity, f.place().as_str(), &f.cwe[..]), (Severity::High, "src/A.java:8", &[359, 532][..]));
    assert_eq!((f.title.raw(), f.snippet.as_ref().unwrap().raw()), ("Privacy Violation: Log", "two"));
    assert!(f.detail.raw().contains("In main() it leaks."), "{}", f.detail.raw());
    assert!(f.suppressed.as_ref().unwrap().raw().contains("Not an Issue"));
    assert_eq!(f.sources[0].native_id.as_ref().unwrap().raw(), "I1");
    assert_eq!(read("p.fvdl", FVDL.as_bytes(), None).findings[0].keys, f.keys);
}

#[test]
fn the_source_code_in_a_project_is_not_unpacked() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for n in 0..1500 {
        zip.start_file(format!("src-archive/{n}"), options).unwrap();
    }
    zip.start_file("src-archive/etc/audit.fvdl", options).unwrap();
    zip.start_file("audit.fvdl", options).unwrap();
    zip.write_all(FVDL.as_bytes()).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    let reports = read_all("p.fpr", &bytes, None);
    assert_eq!(
        (reports.len(), reports[0].format, reports[0].raw_items),
        (1, "fortify-fpr", 1),
        "{:?}",
        reports[0].reason
    );
    let other = String::from_utf8_lossy(&bytes).contains("audit.fvdl");
    assert!(other && read("p.fpr", &bytes, None).status == ReportStatus::Error);
}

#[test]
fn the_report_lists_issues_in_groups() {
    let text = r#"<ReportDefinition><ReportSection><SubSection><IssueListing listing="true"><Chart><GroupingSection count="3">
        <MajorAttributeSummary><MetaInfo><Name>Explanation</Name><Value>Because.</Value></MetaInfo></MajorAttributeSummary>
        <Issue iid="I1" ruleID="C1"><Category>Privacy Violation: Log</Category><Abstract>It leaks.</Abstract><Friority>Medium</Friority>
        <Tag><Name>Analysis</Name><Value>Exploitable</Value></Tag><Primary><FilePath>src/A.java</FilePath><LineStart>8</LineStart><Snippet>one
two
three</Snippet></Primary></Issue></GroupingSection></Chart></IssueListing></SubSection></ReportSection></ReportDefinition>"#;
    let report = read("r.xml", text.as_bytes(), None);
    let f = &report.findings[0];
    assert_eq!((report.format, f.severity, f.place().as_str()), ("fortify-xml", Severity::Medium, "src/A.java:8"));
    assert_eq!((f.snippet.as_ref().unwrap().raw(), f.suppressed.is_some()), ("two", false));
    assert!(report.reason.unwrap().raw().contains("leaves out 2"));
}

#[test]
fn nothing_looked_at_is_not_clean() {
    let none = "<FVDL><Build><NumberFiles>0</NumberFiles></Build></FVDL>";
    assert_eq!(read("f", none.as_bytes(), None).status, ReportStatus::NotAssessed);
    let clean = "<FVDL><Build><NumberFiles>2</NumberFiles></Build><Vulnerabilities/></FVDL>";
    assert_eq!(read("f", clean.as_bytes(), None).status, ReportStatus::Empty);
    let none = "<ReportDefinition><ReportSection/></ReportDefinition>";
    assert_eq!(read("f", none.as_bytes(), None).status, ReportStatus::NotAssessed);
}
