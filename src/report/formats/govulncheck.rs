//! `govulncheck -json`: messages one after another (or gathered in a list), and the one object of versions before 0.2.
//!
//! One vulnerability of a module stands in it several times, as something that is required, imported, and called; it is one
//! finding, told by the deepest of these.

use std::collections::{BTreeMap, HashMap};

use crate::report::prelude::*;

const TOOL: &str = "govulncheck";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "govulncheck-json",
    title: "govulncheck JSON, all versions",
    classes: &[Class::Sca],
    items: "messages `finding`; elements of `Vulns` in versions before 0.2",
    severity: "none in Go's database: unknown; that of another database, or CVSS, where the advisory has it",
    identity: "vulnerability, module and the place of the call",
    checked: "DefectDojo's parser, and the tool's source",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let first = match shape.line() {
        Node::List(items) => items.first().unwrap_or(&Node::Null),
        other => other,
    };
    let config = first.get("config");
    let message = config.has("protocol_version")
        || config.has("scanner_name")
        || first.at("osv.id").text().is_some()
        || first.get("finding").has_all(&["osv", "trace"]);
    (message || shape.has(&["Calls", "Imports", "Requires", "Vulns"])).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut documents = Node::parse_all(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    if let [one @ Node::Object(_)] = documents.as_slice()
        && one.has("Vulns")
    {
        old(one, &mut reading)?;
        return reading.done();
    }
    if matches!(documents.as_slice(), [Node::List(_)])
        && let Some(Node::List(items)) = documents.pop()
    {
        documents = items;
    }
    let mut advisories: HashMap<&str, &Node<'_>> = HashMap::new();
    let mut findings: BTreeMap<[&str; 3], Vec<&Node<'_>>> = BTreeMap::new();
    // The first message tells the settings, and is written before anything was looked at.
    if !documents.iter().any(|m| m.has_any(&["SBOM", "progress", "osv", "finding"])) {
        reading.not_assessed("govulncheck looked at nothing: it broke off after the message of its settings.");
    }
    for message in &documents {
        if !message.is_object() {
            return Err(Unreadable(format!("A message has to be an object, and is {}.", message.kind())));
        }
        let version = message.at("config.scanner_version").text();
        if version.is_some() {
            reading.version(version);
        }
        let osv = message.get("osv");
        if let Some(id) = osv.get("id").text() {
            advisories.insert(id, osv);
        }
        let finding = message.get("finding");
        if finding.is_null() {
            continue;
        }
        let Some(id) = finding.get("osv").text() else {
            return Err(Unreadable("A finding does not name its vulnerability.".to_owned()));
        };
        reading.passed(1);
        let module = finding.at("trace.0");
        findings
            .entry([id, module.get("module").or_empty(), module.get("version").or_empty()])
            .or_default()
            .push(finding);
    }
    for ([id, module, version], all) in &findings {
        let advisory = advisories.get(id).copied().unwrap_or(&Node::Null);
        reading.more(finding(id, module, version, advisory, all));
    }
    reading.done()
}

/// How deep a finding goes: 0 for a module that is required, 1 for a package that is imported, 2 for a function called.
fn depth(finding: &Node<'_>) -> usize {
    let frame = finding.at("trace.0");
    usize::from(frame.get("package").text().is_some()) + usize::from(frame.get("function").text().is_some())
}

fn finding(id: &str, module: &str, version: &str, advisory: &Node<'_>, all: &[&Node<'_>]) -> Draft {
    let fixed: Vec<&str> = all.iter().filter_map(|f| f.get("fixed_version").text()).take(1).collect();
    let mut draft = advised(id, module, Some(version), &fixed, advisory);
    let deepest = all.iter().map(|f| depth(f)).max().unwrap_or_default();
    let mut calls: Vec<Call<'_>> = all.iter().filter(|f| depth(f) == deepest).map(|f| Call::of(f)).collect();
    // The order of the messages is not always the same.
    calls.sort();
    calls.dedup();
    draft.say(
        "Reach",
        Some(match deepest {
            0 => "the module is required; govulncheck saw no import of a vulnerable package",
            1 => "a vulnerable package is imported; govulncheck saw no call of a vulnerable function",
            _ => "a vulnerable function is called",
        }),
    );
    let shown: Vec<&str> = calls.iter().map(|c| c.words.as_str()).filter(|w| !w.is_empty()).take(10).collect();
    draft.say("Through", Some(&shown.join("\n")));
    if let Some(call) = calls.iter().find(|c| c.file.is_some()).or(calls.first()) {
        draft.path = call.file.map(str::to_owned);
        draft.line = call.line;
        draft.logical = Some(call.symbol.clone());
    }
    draft
}

/// How a vulnerable function, package or module is reached.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Call<'n> {
    file: Option<&'n str>,
    line: Option<u32>,
    symbol: String,
    words: String,
}

impl<'n> Call<'n> {
    /// The first frame is the vulnerable one, the last is of the code that was looked at.
    fn of(finding: &'n Node<'_>) -> Self {
        let frames = finding.get("trace").items();
        let symbol = |frame: &Node<'_>| {
            let receiver = frame.get("receiver").text().map(|r| r.trim_start_matches('*'));
            let parts =
                [frame.get("package").text().or(frame.get("module").text()), receiver, frame.get("function").text()];
            parts.into_iter().flatten().collect::<Vec<_>>().join(".")
        };
        let caller = frames.iter().skip(1).rev().find(|f| f.at("position.filename").text().is_some());
        let way: Vec<String> = frames.iter().rev().map(symbol).collect();
        Self {
            file: caller.and_then(|f| f.at("position.filename").text()),
            line: caller.and_then(|f| f.at("position.line").number()),
            symbol: frames.first().map(symbol).unwrap_or_default(),
            words: if way.len() > 1 { way.join(" > ") } else { String::new() },
        }
    }
}

/// What an advisory says; its keys are in lower case, in versions before 0.2 sometimes not.
fn advised(id: &str, module: &str, version: Option<&str>, fixed: &[&str], advisory: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    id.clone_into(&mut draft.rule);
    draft.vulnerabilities = words::known_as(id, advisory.get("aliases").texts());
    draft.title = advisory.get("summary").owned().unwrap_or_else(|| format!("{id} in {module}"));
    draft.say("", advisory.get("details").text());
    let rated = advisory.get("severity").text().or(advisory.at("database_specific.severity").text());
    draft.rated(rated);
    let vectors = advisory.get("severity").items().iter().filter_map(|s| s.get("score").text());
    draft.cvss = vectors.map(|v| Cvss::of(None, Some(v))).find(|c| !c.is_empty()).unwrap_or_default();
    draft.in_ecosystem("go", module, version.filter(|v| !v.is_empty()), fixed);
    draft.url = advisory.at("database_specific.url").owned();
    if draft.url.is_none() && id.starts_with("GO-") {
        draft.url = Some(format!("https://pkg.go.dev/vuln/{id}"));
    }
    draft
}

/// The object of versions before 0.2: symbols, each with its vulnerability.
fn old(doc: &Node<'_>, reading: &mut Reading<'_>) -> Result<(), Unreadable> {
    let modules = doc.get("Modules").items().iter();
    let versions: HashMap<&str, &str> =
        modules.filter_map(|m| Some((m.get("Path").text()?, m.get("Version").text()?))).collect();
    let mut same: BTreeMap<[&str; 2], Vec<&Node<'_>>> = BTreeMap::new();
    for one in doc.results_or_none("Vulns")? {
        let Some(id) = one.at("OSV.id").text() else {
            return Err(Unreadable("A vulnerability does not say its id.".to_owned()));
        };
        reading.passed(1);
        same.entry([id, one.get("ModPath").or_empty()]).or_default().push(one);
    }
    for ([id, module], all) in &same {
        let Some(first) = all.first() else { continue };
        let fixed: Vec<&str> = first
            .at("OSV.affected")
            .items()
            .iter()
            .filter(|a| a.at("package.name").text() == Some(module))
            .flat_map(|a| a.get("ranges").items())
            .flat_map(|r| r.get("events").items())
            .filter_map(|e| e.get("fixed").text())
            .collect();
        let mut draft = advised(id, module, versions.get(module).copied(), &fixed, first.get("OSV"));
        let called = all.iter().any(|v| v.get("CallSink").number().is_some_and(|n| n > 0));
        draft.say("Reach", called.then_some("a vulnerable function is called"));
        let mut symbols: Vec<String> =
            all.iter().map(|v| format!("{}.{}", v.get("PkgPath").or_empty(), v.get("Symbol").or_empty())).collect();
        symbols.sort();
        symbols.dedup();
        draft.logical = symbols.first().cloned();
        symbols.truncate(10);
        draft.say("Symbols", Some(&symbols.join(", ")));
        reading.more(draft);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn one_vulnerability_of_a_module_is_one_finding() {
        let config =
            r#"{"config": {"protocol_version": "v1.0.0", "scanner_name": "govulncheck", "scanner_version": "v1.1.4"}}"#;
        let osv = r#"{"osv": {"id": "GO-2022-1", "aliases": ["CVE-2022-1"], "summary": "Loop", "affected": []}} {"osv": {"id": "GO-2020-9"}}"#;
        let required = r#"{"finding": {"osv": "GO-2022-1", "fixed_version": "v0.4.0", "trace": [{"module": "golang.org/x/pad", "version": "v0.3.0"}]}}"#;
        let called = r#"{"finding": {"osv": "GO-2022-1", "fixed_version": "v0.4.0", "trace": [{"module": "golang.org/x/pad", "version": "v0.3.0", "package": "golang.org/x/pad",
            "function": "Left"}, {"module": "app", "package": "app", "function": "main", "position": {"filename": "main.go", "line": 12, "column": 3}}]}}"#;
        let report = read("g", format!("{config}\n{osv}\n{required}\n{called}").as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("govulncheck-json", 2, 1));
        assert_eq!(report.tool_version.unwrap().raw(), "v1.1.4");
        let f = &report.findings[0];
        assert_eq!((f.severity, f.rule.raw(), f.place().as_str()), (Severity::Unknown, "GO-2022-1", "main.go:12"));
        assert!(f.detail.raw().contains("app.main > golang.org/x/pad.Left"));
        assert_eq!(f.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:golang/golang.org/x/pad@v0.3.0");
        assert_eq!(read("g", format!("{config}{osv}").as_bytes(), None).status, ReportStatus::Empty);
    }

    #[test]
    fn old_objects_and_wrong_types() {
        let of = |vulns: &str| {
            let text = format!(
                r#"{{"Calls": {{}}, "Imports": {{}}, "Requires": {{}}, "Vulns": {vulns}, "Modules": [{{"Path": "a.example/m", "Version": "v1.0.0"}}]}}"#
            );
            read("g", text.as_bytes(), None)
        };
        let report = of(
            r#"[{"OSV": {"id": "GO-2021-2", "details": "Bad."}, "Symbol": "F", "PkgPath": "a.example/m/p", "ModPath": "a.example/m", "CallSink": 4},
            {"OSV": {"id": "GO-2021-2"}, "Symbol": "G", "PkgPath": "a.example/m/p", "ModPath": "a.example/m"}]"#,
        );
        assert_eq!((report.raw_items, report.findings.len()), (2, 1));
        assert_eq!(report.findings[0].package.as_ref().unwrap().version.as_ref().unwrap().raw(), "v1.0.0");
        assert_eq!(
            (of("null").status, of("{}").status, of("[{}]").status),
            (ReportStatus::Empty, ReportStatus::Error, ReportStatus::Error)
        );
        let settings = read("g", br#"{"config": {"scanner_name": "govulncheck"}}"#, None);
        assert_eq!(settings.status, ReportStatus::NotAssessed);
        let torn = r#"{"config": {"scanner_name": "govulncheck"}} {"finding": {"osv": "GO"#;
        assert_eq!(read("g", torn.as_bytes(), None).status, ReportStatus::Error);
    }
}
