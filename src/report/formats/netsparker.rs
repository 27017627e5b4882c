//! Vulnerability lists of Netsparker, now Invicti, and of Acunetix 360, which is the same product: JSON and XML.

use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "netsparker-json",
        title: "Netsparker, Invicti and Acunetix 360 JSON",
        classes: &[Class::Dast],
        items: "elements of `Vulnerabilities`",
        severity: "`Severity`, else CVSS",
        identity: "type, page and parameter",
        checked: "DefectDojo's parsers",
        detect: detect_json,
        parse: parse_json,
    },
    Format {
        name: "netsparker-xml",
        title: "Netsparker, Invicti and Acunetix 360 XML",
        classes: &[Class::Dast],
        items: "`vulnerability` elements",
        severity: "`severity`, else CVSS",
        identity: "type, page and parameter",
        checked: "written from the tool's documentation; no real file was at hand",
        detect: detect_xml,
        parse: parse_xml,
    },
];

fn detect_json(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let target = doc.get("Target");
    (doc.get("Vulnerabilities").is_list() && (target.has("ScanId") || target.has("Url"))).into()
}

fn detect_xml(shape: &Shape<'_>) -> Fit {
    let roots = [
        "netsparker",
        "netsparker-enterprise",
        "netsparker-cloud",
        "invicti-enterprise",
        "invicti-standard",
        "acunetix-360",
        "acunetix360",
    ];
    roots.iter().any(|r| shape.root(r)).into()
}

/// The name under which the product was sold; it names itself in its requests and its texts.
fn tool(text: &str) -> &'static str {
    let names = [("Acunetix360", "Acunetix 360"), ("Acunetix 360", "Acunetix 360"), ("acunetix-360", "Acunetix 360")];
    let newer = names.into_iter().chain([("nvicti", "Invicti")]);
    newer.into_iter().find(|(word, _)| text.contains(word)).map_or("Netsparker", |(_, name)| name)
}

fn parse_json(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, tool(input.text), &[Class::Dast]);
    for found in doc.results("Vulnerabilities")? {
        let found = found.object()?;
        let (class, request) = (found.get("Classification"), found.get("HttpRequest"));
        let cvss = ["Cvss40", "Cvss31", "Cvss"].iter().map(|k| class.get(k)).find(|c| c.is_object());
        let parameters = request.get("Parameters").items();
        let parameter = parameters.iter().find(|p| p.get("Vulnerable").is_true()).and_then(|p| p.get("Name").text());
        let pairs =
            |key: &str| found.get(key).items().iter().map(|p| (p.get("Name").or_empty(), p.get("Value").or_empty()));
        let known = found.get("KnownVulnerabilities").items().iter().filter_map(|k| k.get("Title").text());
        if is_fixed(found.get("State").text()) {
            reading.passed(1);
            continue;
        }
        reading.add(draft(&Found {
            kind: found.get("Type").text(),
            name: found.get("Name").text(),
            severity: found.get("Severity").text(),
            url: found.get("Url").text(),
            method: request.get("Method").text(),
            parameter,
            certainty: found.get("Certainty").text(),
            confirmed: found.get("Confirmed").is_true(),
            state: found.get("State").text(),
            cwe: class.get("Cwe").text(),
            score: cvss.and_then(|c| c.at("BaseScore.Value").score()),
            vector: cvss.and_then(|c| c.get("Vector").text()),
            request: request.get("Content").text(),
            response: found.at("HttpResponse.Content").text(),
            prose: PROSE.map(|(key, _, _)| found.get(key).text()),
            extra: pairs("ExtraInformation").map(|(n, v)| format!("{n}: {v}")).collect(),
            known: known.map(str::to_owned).collect(),
        }));
    }
    reading.done()
}

fn parse_xml(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, tool(input.text), &[Class::Dast]);
    let mut targets = 0;
    xml::walk(input.text, &["vulnerability", "target"], |part| {
        let Part::Whole(found) = part else { return };
        if found.name == "target" {
            targets += 1;
            return;
        }
        let text = |path: &str| found.text_at(path);
        if is_fixed(text("state")) {
            return reading.passed(1);
        }
        let class = found.child("classification");
        let cvss = class.and_then(|c| ["CVSS40", "CVSS31", "CVSS"].iter().find_map(|k| c.child(k)));
        let score = cvss.map(|c| c.descendants("score")).unwrap_or_default();
        let base = score.iter().find(|s| s.text_of("type").is_some_and(|t| t.eq_ignore_ascii_case("base")));
        let extra = found.child("extra-information").map(|e| e.descendants("info")).unwrap_or_default();
        let known = found.descendants("known-vulnerability");
        reading.add(draft(&Found {
            kind: text("type"),
            name: text("name").or(text("title")),
            severity: text("severity"),
            url: text("url"),
            method: text("http-request/method"),
            parameter: text("vulnerableparameter").or(text("vulnerable-parameter")),
            certainty: text("certainty"),
            confirmed: text("confirmed")
                .or(found.attribute("confirmed"))
                .is_some_and(|c| c.eq_ignore_ascii_case("true")),
            state: text("state"),
            cwe: text("classification/cwe").or(text("classification/CWE")),
            score: base.and_then(|s| s.text_of("value")?.parse().ok()),
            vector: cvss.and_then(|c| c.text_of("vector")),
            request: text("http-request/content").or(text("rawrequest")),
            response: text("http-response/content").or(text("rawresponse")),
            prose: PROSE.map(|(_, element, _)| text(element)),
            extra: extra.iter().map(|i| pair(i)).collect(),
            known: known.iter().filter_map(|k| k.text_of("title").map(str::to_owned)).collect(),
        }));
    })?;
    if targets == 0 && reading.items() == 0 {
        reading.not_assessed("Netsparker looked at nothing: the report names no target.");
    }
    reading.done()
}

/// Whether a state is one of `Fixed (Confirmed)`, `Fixed (Unconfirmed)`, `Fixed (Can't Retest)`. `Not Fixed` is none of them.
fn is_fixed(state: Option<&str>) -> bool {
    let states = state.unwrap_or_default().split(',').map(str::trim);
    { states }.any(|s| s.to_ascii_lowercase().starts_with("fixed"))
}

fn pair(info: &xml::Node) -> String {
    format!("{}: {}", info.field("name").unwrap_or_default(), info.field("value").unwrap_or(info.text.trim()))
}

/// What is said of a vulnerability: the key in JSON, the element in XML, the heading. All of it is HTML.
const PROSE: [(&str, &str, &str); 8] = [
    ("Description", "description", ""),
    ("Impact", "impact", "Impact"),
    ("ExploitationSkills", "exploitation-skills", "Exploitation"),
    ("ProofOfConcept", "proof-of-concept", "Proof of concept"),
    ("RemedialActions", "remedial-actions", "Actions"),
    ("RemedialProcedure", "remedial-procedure", "Remedy"),
    ("RemedyReferences", "remedy-references", "References of the remedy"),
    ("ExternalReferences", "external-references", "References"),
];

/// One vulnerability, wherever it stands.
struct Found<'t> {
    kind: Option<&'t str>,
    name: Option<&'t str>,
    severity: Option<&'t str>,
    url: Option<&'t str>,
    method: Option<&'t str>,
    parameter: Option<&'t str>,
    certainty: Option<&'t str>,
    confirmed: bool,
    state: Option<&'t str>,
    cwe: Option<&'t str>,
    score: Option<f64>,
    vector: Option<&'t str>,
    request: Option<&'t str>,
    response: Option<&'t str>,
    prose: [Option<&'t str>; 8],
    extra: Vec<String>,
    known: Vec<String>,
}

fn draft(found: &Found<'_>) -> Draft {
    let mut draft = Draft::new(Class::Dast);
    draft.severity = found.severity.and_then(severity).unwrap_or(Severity::Unknown);
    found.name.or(found.kind).unwrap_or_default().clone_into(&mut draft.title);
    draft.rule = found.kind.map_or_else(|| draft.title.clone(), str::to_owned);
    for ((_, _, heading), prose) in PROSE.iter().zip(found.prose) {
        let Some(prose) = prose else { continue };
        draft.say(heading, Some(&html::text(prose)));
        if heading.starts_with("References") {
            draft.url = draft.url.or_else(|| html::links(prose).into_iter().next());
        }
    }
    draft.say("Found", Some(&found.extra.join("\n")));
    draft.say("Known vulnerabilities", Some(&found.known.join("\n")));
    draft.on_page(found.method, found.url, found.parameter);
    let exchange: Vec<&str> = [found.request, found.response].into_iter().flatten().collect();
    draft.context = Some(exchange.join("\n\n"));
    let weaknesses = found.cwe.unwrap_or_default().split(|c: char| !c.is_ascii_digit());
    draft.cwe = weaknesses.filter_map(|n| n.parse().ok()).filter(|n| *n > 0).collect();
    draft.vulnerabilities = words::vulnerability_ids(&found.known.join(" "));
    draft.cvss = Cvss::of(found.score, found.vector);
    draft.confidence = match found.certainty {
        _ if found.confirmed => Some("confirmed".to_owned()),
        Some(certainty) => Some(format!("{certainty} %")),
        None => None,
    };
    // `Present`, `Revived, AcceptedRisk`: what was decided stands among what was seen.
    let decided = found.state.unwrap_or_default();
    if ["acceptedrisk", "accepted risk", "falsepositive", "false positive", "ignored"]
        .iter()
        .any(|s| decided.to_lowercase().contains(s))
    {
        draft.suppressed = Some(format!("{decided}, by the scanner."));
    } else {
        draft.say("State", found.state);
    }
    draft
}

fn severity(word: &str) -> Option<Severity> {
    match word.trim().to_lowercase().as_str() {
        "bestpractice" | "best practice" | "information" => Some(Severity::Info),
        "important" => Some(Severity::High),
        other => words::severity(other),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn a_vulnerability_is_the_same_in_json_and_xml() {
        let json = br#"{"Generated": "x", "Target": {"ScanId": "1", "Url": "https://x.example/"}, "Vulnerabilities": [{
            "Type": "Xss", "Name": "Cross-site Scripting", "Severity": "High", "Url": "https://x.example/a?q=%3C", "Confirmed": true,
            "Certainty": 100, "State": "Present, AcceptedRisk", "HttpRequest": {"Method": "GET", "Content": "GET /a", "Parameters":
            [{"Name": "q", "Vulnerable": true}]}, "HttpResponse": {"Content": "HTTP/1.1 200"}, "Description": "<p>Bad.</p>",
            "ExternalReferences": "<a href='https://r.example/'>R</a>", "Classification": {"Cwe": "79", "Cvss": {"BaseScore":
            {"Value": "7.4"}, "Vector": "CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:N/A:N/E:H/RL:O/RC:C"}}}]}"#;
        let xml = br"<invicti-enterprise><target><url>https://x.example/</url></target><vulnerabilities><vulnerability>
            <url>https://x.example/a?q=%3C</url><type>Xss</type><name>Cross-site Scripting</name><severity>High</severity>
            <certainty>100</certainty><confirmed>True</confirmed><state>Accepted Risk</state><classification><cwe>79</cwe><CVSS>
            <vector>CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:N/A:N</vector><score><type>Base</type><value>7.4</value></score></CVSS>
            </classification><http-request><method>GET</method><content>GET /a</content></http-request>
            <http-response><content>HTTP/1.1 200</content></http-response><description>&lt;p&gt;Bad.&lt;/p&gt;</description>
            <external-references><![CDATA[<a href='https://r.example/'>R</a>]]></external-references></vulnerability></vulnerabilities></invicti-enterprise>";
        for (bytes, format) in [(&json[..], "netsparker-json"), (&xml[..], "netsparker-xml")] {
            let report = read("r", bytes, None);
            assert_eq!((report.format, report.raw_items, report.status), (format, 1, ReportStatus::Ok));
            let f = &report.findings[0];
            assert_eq!((f.class, f.severity, f.rule.raw()), (Class::Dast, Severity::High, "Xss"));
            assert_eq!((f.place().as_str(), f.cwe.as_slice()), ("https://x.example/a", &[79][..]));
            assert_eq!(f.url.as_ref().unwrap().raw(), "https://r.example/");
            assert_eq!(f.scores.as_ref().unwrap().cvss.as_ref().unwrap().raw(), "7.4");
            assert!(f.suppressed.is_some() && f.confidence.as_ref().unwrap().raw() == "confirmed");
        }
    }

    #[test]
    fn what_is_fixed_is_no_finding() {
        let of = |state: &str| {
            let json = format!(
                r#"{{"Target": {{"ScanId": "1"}}, "Vulnerabilities": [{{"Type": "Xss", "Name": "X", "Severity": "High", "State": "{state}"}}]}}"#
            );
            let xml = format!(
                "<invicti-enterprise><target/><vulnerabilities><vulnerability><type>Xss</type><state>{state}</state></vulnerability></vulnerabilities></invicti-enterprise>"
            );
            [json, xml].map(|text| {
                let report = read("r", text.as_bytes(), None);
                (report.raw_items, report.findings.len())
            })
        };
        for state in ["Fixed (Confirmed)", "Fixed (Unconfirmed)", "Fixed (Can't Retest)"] {
            assert_eq!(of(state), [(1, 0); 2], "{state}");
        }
        for state in ["Present", "Revived", "Not Fixed", "Scanning"] {
            assert_eq!(of(state), [(1, 1); 2], "{state}");
        }
    }

    #[test]
    fn no_list_is_an_error_and_no_target_no_assessment() {
        let wrong = br#"{"Target": {"ScanId": "1"}, "Vulnerabilities": null}"#;
        assert_eq!(read("r", wrong, Some("netsparker-json")).status, ReportStatus::Error);
        let clean = br#"{"Target": {"ScanId": "1"}, "Vulnerabilities": []}"#;
        assert_eq!(read("r", clean, None).status, ReportStatus::Empty);
        assert_eq!(read("r", b"<netsparker-enterprise/>", None).status, ReportStatus::NotAssessed);
    }
}
