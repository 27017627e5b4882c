//! GitLab's security reports: one schema for all kinds of scans, told apart by `scan.type`.
//!
//! Before schema 14 the kind stood in each vulnerability (`category`), before schema 2 the report was a bare list.

use crate::report::prelude::*;

const TOOL: &str = "GitLab";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "gitlab-json",
    title: "GitLab security report JSON (SAST, DAST, secrets, dependencies, containers, fuzzing; schemas 1 to 15)",
    classes: &[Class::Sast, Class::Dast, Class::Sca, Class::Container, Class::Secret, Class::Fuzz, Class::Iac],
    items: "elements of `vulnerabilities`",
    severity: "`severity`, else the CVSS vector",
    identity: "the tracking signature, else rule, place and code; CVE and package for packages",
    checked: "DefectDojo's parsers of all six kinds, and Trivy's GitLab template",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let placed =
        |v: &Node<'_>| v.get("location").is_object() || v.has("category") || doc.at("scan.type").text().is_some();
    let own = |v: &Node<'_>| v.get("identifiers").is_list() && placed(v);
    if let Node::List(items) = doc {
        return items.first().is_some_and(|v| own(v) && v.has("category")).into();
    }
    let Node::List(found) = doc.get("vulnerabilities") else { return Fit::No };
    match found.first() {
        Some(first) => own(first).into(),
        None if doc.has("version") && (doc.has("remediations") || doc.at("scan.scanner").is_object()) => Fit::Sure,
        // What has nothing else in it was cut out of a report of GitLab, as far as is known.
        None => Fit::general(doc.entries().iter().all(|(k, _)| k == "vulnerabilities" || k.starts_with("__"))),
    }
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let scan = doc.get("scan");
    // GitLab has no type of its own for what looks at infrastructure.
    let scanner = scan.at("scanner.id").or_empty();
    let of_infrastructure = scanner.eq_ignore_ascii_case("kics") || scanner.eq_ignore_ascii_case("checkov");
    let kind = scan.get("type").text().and_then(class_of).map(|c| if of_infrastructure { Class::Iac } else { c });
    let mut reading = Reading::new(input, TOOL, kind.as_slice());
    reading.tool(scan.at("scanner.name").text());
    reading.version(scan.at("scanner.version").text());
    let found = if doc.is_list() { doc.list()? } else { doc.results("vulnerabilities")? };
    for vulnerability in found {
        let vulnerability = vulnerability.object()?;
        let by_category = vulnerability.get("category").text().and_then(class_of);
        let class = kind.or(by_category).unwrap_or_else(|| by_place(vulnerability.get("location")));
        if kind.is_none() {
            reading.assessed(class);
        }
        reading.add(draft(class, vulnerability));
    }
    let said: Vec<String> = scan.get("messages").items().iter().filter_map(message).collect();
    if scan.get("status").text().is_some_and(|s| s.eq_ignore_ascii_case("failure")) {
        let why = if said.is_empty() { "no reason is given".to_owned() } else { said.join(" ") };
        reading.not_assessed(format!("GitLab's scan failed: {why}."));
    } else if !said.is_empty() {
        reading.remark(said.join(" "));
    }
    reading.done()
}

/// What the analyzer says of its run, unless it is harmless.
fn message(message: &Node<'_>) -> Option<String> {
    let harmless = matches!(message.get("level").or_empty(), "info" | "debug");
    message.get("value").owned().filter(|_| !harmless)
}

fn class_of(kind: &str) -> Option<Class> {
    Some(match kind {
        "sast" => Class::Sast,
        "dast" => Class::Dast,
        "dependency_scanning" => Class::Sca,
        "container_scanning" | "cluster_image_scanning" => Class::Container,
        "secret_detection" => Class::Secret,
        "api_fuzzing" | "coverage_fuzzing" => Class::Fuzz,
        _ => return None,
    })
}

fn by_place(location: &Node<'_>) -> Class {
    match location {
        l if l.has("image") => Class::Container,
        l if l.has("dependency") => Class::Sca,
        l if l.has("hostname") => Class::Dast,
        l if l.has("crash_type") || l.has("crash_state") => Class::Fuzz,
        _ => Class::Sast,
    }
}

fn draft(class: Class, found: &Node<'_>) -> Draft {
    let mut draft = Draft::new(class);
    draft.rated(found.get("severity").text().or(found.get("priority").text()));
    identified(&mut draft, found);
    draft.say("", found.get("description").text().or(found.get("message").text()));
    draft.say("Evidence", found.at("evidence.summary").text());
    draft.say("Solution", found.get("solution").text());
    for flag in found.get("flags").items() {
        draft.say("Flag", flag.get("description").text().or(flag.get("type").text()));
    }
    located(&mut draft, found.get("location"));
    let (name, message) = (found.get("name").text(), found.get("message").text());
    draft.title = match (name.or(message), &draft.package) {
        (Some(said), _) => said.to_owned(),
        (None, Some(package)) => format!("{} in {}", draft.rule, package.name.raw()),
        (None, None) => primary_name(found).unwrap_or_default().to_owned(),
    };
    if let Some(extract) = found.get("raw_source_code_extract").owned() {
        // Of a scan for secrets it is the secret itself, which other texts may quote.
        if class == Class::Secret {
            draft.secret = Some(extract.clone());
        }
        draft.snippet = Some(extract);
    }
    draft.context = Some(exchange(found.get("evidence")));
    draft.confidence = found.get("confidence").owned().filter(|c| !c.eq_ignore_ascii_case("unknown"));
    let vectors = || found.get("cvss_vectors").items().iter().filter_map(|v| v.get("vector").text());
    draft.cvss = Cvss::of(None, vectors().find(|v| v.starts_with("CVSS:")).or_else(|| vectors().next()));
    draft.native_id = tracked(&draft.rule, found.get("tracking"));
    draft
}

/// Rule, vulnerability ids, weakness and link from `identifiers`, of which the first is the primary one.
fn identified(draft: &mut Draft, found: &Node<'_>) {
    let identifiers = found.get("identifiers").items();
    for identifier in identifiers {
        let (name, value) = (identifier.get("name").or_empty(), identifier.get("value").or_empty());
        if identifier.get("type").or_empty().eq_ignore_ascii_case("cwe") {
            draft.cwe.extend(value.parse::<u32>());
            draft.cwe.extend(words::cwe_numbers(name));
        } else {
            draft.vulnerabilities.extend(words::vulnerability_ids(value));
            draft.vulnerabilities.extend(words::vulnerability_ids(name));
        }
    }
    let rule = identifiers.first().and_then(|primary| {
        let (name, value) = (primary.get("name").text(), primary.get("value").text());
        let is_number_of_weakness = primary.get("type").or_empty().eq_ignore_ascii_case("cwe");
        // Some analyzers write the description of the rule into its value.
        value.filter(|v| !is_number_of_weakness && !v.contains(char::is_whitespace)).or(name)
    });
    let vulnerability = draft.vulnerabilities.iter().find(|v| v.starts_with("CVE-")).or(draft.vulnerabilities.first());
    draft.rule = match (vulnerability, draft.class) {
        (Some(id), Class::Sca | Class::Container) => id.clone(),
        _ => rule.or(found.get("cve").text()).unwrap_or_default().to_owned(),
    };
    let links = identifiers.iter().chain(found.get("links").items());
    draft.url = links.filter_map(|l| l.get("url").text()).find(|u| u.starts_with("http")).map(str::to_owned);
}

fn primary_name<'n>(found: &'n Node<'_>) -> Option<&'n str> {
    found.at("identifiers.0.name").text()
}

fn located(draft: &mut Draft, location: &Node<'_>) {
    let dependency = location.get("dependency");
    let name = dependency.at("package.name").text();
    let fixed = fixed(&draft.detail, name);
    draft.in_package(name, dependency.get("version").text(), None, fixed.as_deref());
    draft.path = location.get("file").owned();
    draft.line = location.get("start_line").number();
    let method = location.get("method").text();
    if let Some(host) = location.get("hostname").text() {
        let path = location.get("path").or_empty();
        let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
        let url = format!("{}{slash}{path}", host.trim_end_matches('/'));
        draft.on_page(method, Some(&url), location.get("param").text());
        return;
    }
    if let Some(image) = location.get("image").owned() {
        draft.path = Some(image);
        draft.say("Operating system", location.get("operating_system").text());
        let resource = location.get("kubernetes_resource");
        let parts = ["namespace", "kind", "name", "container_name"].map(|k| resource.get(k).text());
        draft.logical = Some(parts.into_iter().flatten().collect::<Vec<_>>().join("/"));
        return;
    }
    let scope: Vec<&str> = [location.get("class").text(), method].into_iter().flatten().collect();
    draft.logical = Some(scope.join("."));
    draft.say("Commit", location.at("commit.sha").text());
    // A crash is recognised by the functions at the top of its stack.
    if let Some(state) = location.get("crash_state").text() {
        draft.logical = state.lines().next().map(str::to_owned);
        draft.snippet = Some(format!("{} {}", location.get("crash_type").or_empty(), state.trim_end()));
        draft.say("Stack trace", location.get("stacktrace_snippet").text());
    }
}

/// The version in `Upgrade apt from 1.4.8 to 1.4.9` or `Upgrade to version 2.2.3 or above.`
fn fixed(detail: &str, package: Option<&str>) -> Option<String> {
    let advice = detail.lines().rev().find_map(|l| l.strip_prefix("Solution: Upgrade "))?;
    let (before, versions) = advice.rsplit_once("to version ").or_else(|| advice.split_once(" to "))?;
    let known = before.is_empty() || package.is_some_and(|p| before.starts_with(p));
    let version = versions.split_whitespace().next()?.trim_end_matches([',', ';', '.']);
    (known && version.contains(|c: char| c.is_ascii_digit())).then(|| version.to_owned())
}

/// What GitLab itself recognises the finding by: a place relative to its function. The best algorithm stands last.
fn tracked(rule: &str, tracking: &Node<'_>) -> Option<String> {
    let signature = tracking.at("items.0.signatures").items().last()?;
    let value = signature.get("value").text()?;
    Some(format!("{rule} {} {value}", signature.get("algorithm").or_empty()))
}

/// Request and response.
fn exchange(evidence: &Node<'_>) -> String {
    let headers = |message: &Node<'_>| -> String {
        let pairs =
            message.get("headers").items().iter().map(|h| (h.get("name").or_empty(), h.get("value").or_empty()));
        pairs.fold(String::new(), |lines, (name, value)| lines + name + ": " + value + "\n")
    };
    let (request, response) = (evidence.get("request"), evidence.get("response"));
    let mut out = String::new();
    if request.is_object() {
        let (method, url) = (request.get("method").or_empty(), request.get("url").or_empty());
        out = format!("{method} {url}\n{}\n{}\n", headers(request), request.get("body").or_empty());
    }
    if response.is_object() {
        let (code, reason) = (response.get("status_code").or_empty(), response.get("reason_phrase").or_empty());
        out.push_str(&format!("{code} {reason}\n{}\n{}", headers(response), response.get("body").or_empty()));
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    fn report(kind: &str, vulnerability: &str) -> String {
        format!(
            r#"{{"version": "15.0.4", "scan": {{"type": "{kind}", "status": "success", "scanner": {{"id": "x",
               "name": "Tool", "version": "1.2"}}}}, "vulnerabilities": [{vulnerability}]}}"#
        )
    }

    #[test]
    fn an_extract_that_is_the_secret_is_covered_everywhere() {
        let leak = r#"{"name": "Key", "message": "Key hunter22 found", "description": "The key hunter22.", "severity": "Critical",
            "raw_source_code_extract": "hunter22", "location": {"file": ".env", "start_line": 1},
            "identifiers": [{"type": "gitleaks_rule_id", "name": "Key", "value": "key"}]}"#;
        let found = read("r", report("secret_detection", leak).as_bytes(), None).findings;
        assert_eq!(found[0].class, Class::Secret);
        assert!(!format!("{found:?}").contains("hunter22"), "{found:?}");
    }

    #[test]
    fn the_kinds_of_scans_are_told_apart() {
        let code = r#"{"id": "1", "name": "Weak hash", "description": "MD5.", "severity": "Medium",
            "location": {"file": "src/a.go", "start_line": 7, "class": "A", "method": "f"}, "identifiers": [
            {"type": "gosec_rule", "name": "Gosec G401", "value": "G401"}, {"type": "cwe", "name": "CWE-328", "value": "328"}],
            "tracking": {"type": "source", "items": [{"signatures": [{"algorithm": "scope_offset", "value": "src/a.go|f[0]:2"}]}]}}"#;
        let sast = read("r", report("sast", code).as_bytes(), None);
        assert_eq!((sast.format, sast.raw_items, sast.tool.raw()), ("gitlab-json", 1, "Tool"));
        let f = &sast.findings[0];
        assert_eq!((f.class, f.severity, f.rule.raw()), (Class::Sast, Severity::Medium, "G401"));
        assert_eq!((f.place().as_str(), f.cwe.as_slice()), ("src/a.go:7", &[328][..]));
        assert!(f.sources[0].native_id.as_ref().unwrap().raw().contains("scope_offset src/a.go|f[0]:2"));

        let package = r#"{"id": "2", "severity": "High", "solution": "Upgrade apt from 1.4.8 to 1.4.9", "location": {
            "dependency": {"package": {"name": "apt"}, "version": "1.4.8"}, "operating_system": "debian:9",
            "image": "pay:1"}, "identifiers": [{"type": "cve", "name": "CVE-2019-3462", "value": "CVE-2019-3462"}]}"#;
        let image = read("r", report("container_scanning", package).as_bytes(), None);
        let f = &image.findings[0];
        assert_eq!((f.class, f.rule.raw(), f.title.raw()), (Class::Container, "CVE-2019-3462", "CVE-2019-3462 in apt"));
        assert_eq!(f.package.as_ref().unwrap().fixed[0].raw(), "1.4.9");

        let secret = r#"{"id": "3", "name": "AWS key", "severity": "Critical", "raw_source_code_extract": "AKIAIOSFODNN7EXAMPLE",
            "location": {"file": "a.env", "start_line": 1}, "identifiers": [{"type": "gitleaks_rule_id", "name": "n", "value": "AWS"}]}"#;
        let secret = read("r", report("secret_detection", secret).as_bytes(), None);
        assert!(!format!("{:?}", secret.findings[0]).contains("IOSFODNN7"));
        assert_eq!(secret.classes, [Class::Secret]);
    }

    #[test]
    fn pages_and_crashes_have_their_places() {
        let page = r#"[{"category": "dast", "message": "PII", "severity": "Low", "location": {"hostname": "https://x.example",
            "path": "/v1?a=1", "method": "GET", "param": "a"}, "identifiers": [{"type": "ZAProxy_PluginId", "name": "PII",
            "value": "10062"}], "evidence": {"request": {"method": "GET", "url": "https://x.example/v1", "headers": []}}}]"#;
        let read_page = read("r", page.as_bytes(), None);
        let f = &read_page.findings[0];
        assert_eq!((f.class, f.place().as_str(), f.rule.raw()), (Class::Dast, "https://x.example/v1", "10062"));
        let bare = read("r", page.replace("/v1?a=1", "v1?a=1").as_bytes(), None);
        assert_eq!(bare.findings[0].keys, f.keys);
        assert!(f.context.as_ref().unwrap().raw().starts_with("GET https://x.example/v1"));
        let crash = r#"{"name": "Overflow", "severity": "High", "location": {"crash_type": "Heap", "crash_state": "f\ng\n"},
            "identifiers": [{"type": "cwe", "name": "CWE-122", "value": "122"}]}"#;
        let fuzz = read("r", report("coverage_fuzzing", crash).as_bytes(), None);
        assert_eq!((fuzz.findings[0].class, fuzz.findings[0].rule.raw()), (Class::Fuzz, "CWE-122"));
        assert_eq!(fuzz.findings[0].snippet.as_ref().unwrap().raw(), "Heap f\ng");
    }

    #[test]
    fn what_was_not_looked_at_is_not_clean() {
        let clean = read("r", report("sast", "").as_bytes(), None);
        assert_eq!((clean.status, clean.classes.as_slice()), (ReportStatus::Empty, &[Class::Sast][..]));
        let failed = report("sast", "").replace("success", "failure");
        assert_eq!(read("r", failed.as_bytes(), None).status, ReportStatus::NotAssessed);
        let bare = read("r", br#"{"vulnerabilities": []}"#, None);
        assert_eq!((bare.format, bare.classes.len()), ("gitlab-json", 0));
        let wrong = report("sast", "7").replace("[7]", "null");
        assert_eq!(read("r", wrong.as_bytes(), Some("gitlab-json")).status, ReportStatus::Error);
        assert_eq!(read("r", report("sast", "7").as_bytes(), Some("gitlab-json")).status, ReportStatus::Error);
    }
}
