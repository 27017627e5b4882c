//! Semgrep: `semgrep --json`, `--junit-xml`, and what its platform's API answers for code and for dependencies.
//!
//! Without a login the JSON says `requires login` where the code and the fingerprint would stand.

mod platform;

use super::suites;
use crate::report::prelude::*;

const TOOL: &str = "Semgrep";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "semgrep-json",
        title: "Semgrep JSON",
        classes: &[Class::Sast, Class::Sca, Class::Secret],
        items: "elements of `results`",
        severity: "`extra.severity` (error is high, warning medium, info low); of dependencies `sca-severity`",
        identity: "`extra.fingerprint`; else rule, path and code",
        checked: "DefectDojo's parser, and the same run in SARIF and JUnit XML",
        detect,
        parse,
    },
    Format {
        name: "semgrep-junit",
        title: "Semgrep JUnit XML",
        classes: &[Class::Sast],
        items: "`testcase` elements",
        severity: "`type` of the failure",
        identity: "rule, path and code",
        checked: "the JSON of the same run",
        detect: detect_junit,
        parse: parse_junit,
    },
    platform::FINDINGS,
    platform::DEPENDENCIES,
];

/// Bandit's JSON has `results` and `errors` too, with metrics.
fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    if !doc.get("results").is_list() || doc.has("metrics") || doc.has("totalCount") {
        return Fit::No;
    }
    let first = doc.at("results.0");
    if first.has("check_id") || (first.is_null() && doc.has("version") && doc.get("paths").has("scanned")) {
        return Fit::Sure;
    }
    Fit::general(first.is_null() && doc.get("errors").is_list())
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    reading.version(doc.get("version").text());
    // As its SARIF names it, so that both are of one tool.
    reading.tool(match doc.get("engine_requested").or_empty() {
        "OSS" => Some("Semgrep OSS"),
        engine if engine.starts_with("PRO") => Some("Semgrep PRO"),
        _ => None,
    });
    for result in doc.results("results")? {
        if !result.is_object() {
            return Err(Unreadable(format!("A result has to be an object, and is {}.", result.kind())));
        }
        reading.add(draft(result));
    }
    let errors: Vec<String> = doc.get("errors").items().iter().map(error).collect();
    if !errors.is_empty() {
        let shown = errors.iter().take(20).cloned().collect::<Vec<_>>().join("; ");
        reading.remark(format!("Semgrep met {} errors: {shown}.", errors.len()));
    }
    let scanned = doc.at("paths.scanned");
    if reading.items() == 0 && scanned.items().is_empty() {
        if scanned.is_list() {
            reading.not_assessed("Semgrep scanned no file.");
        } else if let Some(first) = errors.first() {
            // Older versions and `--quiet` runs list no files; one that had to give up lists none either.
            reading.not_assessed(format!(
                "Semgrep met {} errors, and names no file that it scanned: {first}.",
                errors.len()
            ));
        }
    }
    reading.done()
}

fn error(error: &Node<'_>) -> String {
    let what = ["message", "long_msg", "short_msg", "type"].iter().find_map(|k| error.get(k).text());
    let what = what.or(error.text()).unwrap_or("without words").lines().next().unwrap_or_default();
    error.get("path").text().map_or_else(|| what.to_owned(), |path| format!("{path}: {what}"))
}

fn draft(result: &Node<'_>) -> Draft {
    let extra = result.get("extra");
    let meta = extra.get("metadata");
    let rule = result.get("check_id").or_empty();
    let package = extra.at("sca_info.dependency_match.found_dependency");
    let mut draft = Draft::new(match () {
        () if extra.get("sca_info").is_object() => Class::Sca,
        () if is_secret(rule, extra) => Class::Secret,
        () => Class::Sast,
    });
    rule.clone_into(&mut draft.rule);
    draft.severity = rating(extra.get("severity").or_empty());
    extra.get("message").or_empty().clone_into(&mut draft.title);
    draft.say("", extra.get("message").text());
    draft.say("Fix", extra.get("fix").text());
    draft.path = result.get("path").owned();
    draft.line = result.at("start.line").number();
    draft.column = result.at("start.col").number();
    draft.snippet = known(extra.get("lines"));
    draft.native_id = known(extra.get("fingerprint"));
    draft.cwe = meta.get("cwe").texts().flat_map(words::cwe_numbers).collect();
    draft.confidence = meta.get("confidence").owned();
    draft.url = ["shortlink", "source", "source-rule-url"].iter().find_map(|k| meta.get(k).owned());
    draft.suppressed = extra.get("is_ignored").is_true().then(|| "Ignored by a comment in the code.".to_owned());
    if draft.class == Class::Sca {
        of_dependency(&mut draft, extra, package);
    }
    if let Some(state) = extra.get("validation_state").text().filter(|s| *s != "NO_VALIDATOR") {
        draft.say("Validation", Some(state));
    }
    if extra.get("historical_info").is_object() {
        draft.say("Commit", extra.at("historical_info.git_commit").text());
    }
    draft
}

/// What a rule about dependencies says.
fn of_dependency(draft: &mut Draft, extra: &Node<'_>, package: &Node<'_>) {
    let meta = extra.get("metadata");
    let own = rating(meta.get("sca-severity").or_empty());
    if own != Severity::Unknown {
        draft.severity = own;
    }
    let name = package.get("package").text();
    let fixed: Vec<&str> = meta
        .get("sca-fix-versions")
        .items()
        .iter()
        .flat_map(Node::entries)
        .filter(|(package, _)| name.is_none_or(|n| n == package))
        .filter_map(|(_, version)| version.text())
        .collect();
    let version = package.get("version").text();
    let purl = name.and_then(|n| purl(package.get("ecosystem").or_empty(), n, version));
    draft.in_package(name, version, purl.as_deref(), Some(&fixed.join(",")));
    let ids = ["sca-vuln-database-identifier", "ghsa", "cve"].iter().filter_map(|k| meta.get(k).text());
    draft.vulnerabilities = ids.flat_map(words::vulnerability_ids).collect();
    // Where the code does not use the dependency, the lock file is the place.
    draft.say("Lock file", extra.at("sca_info.dependency_match.lockfile").text());
    draft.say("Reachable", extra.at("sca_info.reachable").text());
}

/// The package URL of a package in one of Semgrep's ecosystems.
fn purl(ecosystem: &str, name: &str, version: Option<&str>) -> Option<String> {
    let (kind, name) = match ecosystem.to_ascii_lowercase().as_str() {
        "npm" => ("npm", name.replace('@', "%40")),
        "pypi" => ("pypi", name.to_lowercase()),
        "gem" => ("gem", name.to_owned()),
        "gomod" | "golang" => ("golang", name.to_owned()),
        "maven" => ("maven", name.replace(':', "/")),
        "cargo" => ("cargo", name.to_owned()),
        "nuget" => ("nuget", name.to_owned()),
        "composer" => ("composer", name.to_owned()),
        _ => return None,
    };
    Some(version.map_or_else(|| format!("pkg:{kind}/{name}"), |v| format!("pkg:{kind}/{name}@{v}")))
}

/// Semgrep's words of both scales: that of rules, and the newer one of four words.
fn rating(word: &str) -> Severity {
    match word.to_ascii_uppercase().as_str() {
        "CRITICAL" => Severity::Critical,
        "ERROR" | "HIGH" => Severity::High,
        "WARNING" | "MEDIUM" | "MODERATE" => Severity::Medium,
        "INFO" | "LOW" => Severity::Low,
        "INVENTORY" | "EXPERIMENT" => Severity::Info,
        _ => Severity::Unknown,
    }
}

fn known(text: &Node<'_>) -> Option<String> {
    text.owned().filter(|t| t != "requires login")
}

/// Whether the code that is quoted is a secret: of the product for secrets, or of a rule in a folder for them.
fn is_secret(rule: &str, extra: &Node<'_>) -> bool {
    let validated = extra.get("validation_state").text().is_some_and(|s| s != "NO_VALIDATOR");
    let kind = extra.at("metadata.vulnerability_class").texts().any(|c| c == "Hard-coded Secrets");
    validated || kind || rule.split('.').any(|part| part == "secrets")
}

/// The names of the suites are of no use elsewhere, but these are Semgrep's own.
fn detect_junit(shape: &Shape<'_>) -> Fit {
    suites::is_called(shape, "semgrep results").into()
}

fn parse_junit(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    xml::walk(input.text, &["testcase"], |part| {
        let Part::Whole(case) = part else { return };
        let Some(failure) = case.child("failure") else { return reading.passed(1) };
        let rule = case.attribute("name").unwrap_or_default();
        let secret = rule.split('.').any(|part| part == "secrets");
        let mut draft = Draft::new(if secret { Class::Secret } else { Class::Sast });
        rule.clone_into(&mut draft.rule);
        draft.severity = rating(failure.attribute("type").unwrap_or_default());
        failure.attribute("message").unwrap_or_default().clone_into(&mut draft.title);
        draft.detail.clone_from(&draft.title);
        draft.path = case.attribute("file").or(case.attribute("classname")).map(str::to_owned);
        draft.line = case.attribute("line").and_then(|l| l.parse().ok());
        draft.snippet = Some(failure.text.clone().into_owned()).filter(|t| t.trim() != "requires login");
        reading.add(draft);
    })?;
    reading.done()
}

#[cfg(test)]
mod tests;
