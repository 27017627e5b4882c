//! `bundle-audit check`: blocks of text, or JSON from version 0.8 on.

use crate::report::prelude::*;

const TOOL: &str = "bundler-audit";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "bundler-audit-json",
        title: "bundler-audit JSON",
        classes: &[Class::Sca],
        items: "elements of `results`",
        severity: "`criticality`, else CVSS",
        identity: "vulnerability and package",
        checked: "written from the tool's source; no real file was at hand",
        detect: detect_json,
        parse: parse_json,
    },
    Format {
        name: "bundler-audit-text",
        title: "bundler-audit text",
        classes: &[Class::Sca],
        items: "blocks that begin with `Name:`, and insecure sources",
        severity: "`Criticality`",
        identity: "vulnerability and package",
        checked: "DefectDojo's parser",
        detect: detect_text,
        parse: parse_text,
    },
];

fn detect_json(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let kind = doc.at("results.0.type").or_empty();
    let ours = matches!(kind, "unpatched_gem" | "insecure_source");
    let none = doc.get("results").is_list() && doc.at("results.0").is_null() && doc.entries().len() == 3;
    (ours || (none && doc.has_all(&["version", "created_at"]))).into()
}

fn parse_json(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    reading.version(doc.get("version").text());
    for one in doc.results("results")? {
        if one.has("advisory") {
            reading.add(draft(&Block::of_json(one)));
        } else if let Some(source) = one.get("source").text() {
            reading.add(insecure(source));
        } else {
            return Err(Unreadable("A result has neither an advisory nor a source.".to_owned()));
        }
    }
    reading.done()
}

/// The line that is printed before an insecure source.
const INSECURE: &str = "Insecure Source URI found:";
const CLEAN: &str = "No vulnerabilities found";

fn detect_text(shape: &Shape<'_>) -> Fit {
    let head = shape.head;
    let line = |start: &str| head.lines().any(|l| l.starts_with(start));
    let named = line("Advisory: ") || line("CVE: ") || line("GHSA: ") || (line("Version: ") && line("Solution: "));
    let block = line("Name: ") && line("Criticality: ") && named;
    // With --update there stands before it what git and the database say.
    let mut said = head.lines().filter(|l| !l.trim().is_empty());
    let alone = said.clone().count() == 1 || head.contains("ruby-advisory-db");
    let clean = alone && said.next_back().is_some_and(|l| l.trim() == CLEAN);
    (block || line(INSECURE) || clean).into()
}

fn parse_text(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    let mut block: Option<Block> = None;
    for line in input.text.lines() {
        if let Some(source) = line.strip_prefix(INSECURE) {
            reading.add(insecure(source.trim()));
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            if line.trim().is_empty() {
                reading_of(block.take(), &mut reading);
            }
            continue;
        };
        if key == "Name" {
            reading_of(block.replace(Block::default()), &mut reading);
        }
        if let Some(block) = &mut block {
            block.take(key, value.trim());
        }
    }
    reading_of(block, &mut reading);
    let ended = input.text.lines().any(|l| matches!(l.trim(), CLEAN | "Vulnerabilities found!"));
    if !ended {
        reading.remark("bundler-audit printed no last line: the report may be a part of the list.");
    }
    reading.done()
}

fn reading_of(block: Option<Block>, reading: &mut Reading<'_>) {
    if let Some(block) = block {
        reading.add(draft(&block));
    }
}

/// What is said of one gem.
#[derive(Debug, Default)]
struct Block {
    name: String,
    version: String,
    ids: Vec<String>,
    criticality: Option<String>,
    url: Option<String>,
    title: Option<String>,
    description: Option<String>,
    solution: Option<String>,
    fixed: Vec<String>,
    score: Option<f64>,
}

impl Block {
    fn take(&mut self, key: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        match key {
            "Name" => value.clone_into(&mut self.name),
            "Version" => value.clone_into(&mut self.version),
            "Advisory" | "CVE" | "GHSA" => self.ids.push(value.to_owned()),
            "Criticality" => self.criticality = Some(value.to_owned()),
            "URL" => self.url = Some(value.to_owned()),
            "Title" => self.title = Some(value.to_owned()),
            "Solution" => self.solution = Some(value.to_owned()),
            _ => {}
        }
    }

    fn of_json(one: &Node<'_>) -> Self {
        let advisory = one.get("advisory");
        // The numbers stand there without the name of the database.
        let prefixed = |key: &str, prefix: &str| {
            let text = advisory.get(key).text()?;
            let bare = text.to_ascii_uppercase();
            Some(if bare.starts_with(prefix) { text.to_owned() } else { format!("{prefix}{text}") })
        };
        let ids = [
            advisory.get("id").owned(),
            prefixed("cve", "CVE-"),
            prefixed("ghsa", "GHSA-"),
            prefixed("osvdb", "OSVDB-"),
        ];
        let scores = ["cvss_v4", "cvss_v3", "cvss_v2"];
        Self {
            name: one.at("gem.name").or_empty().to_owned(),
            version: one.at("gem.version").or_empty().to_owned(),
            ids: ids.into_iter().flatten().collect(),
            criticality: advisory.get("criticality").owned(),
            url: advisory.get("url").owned(),
            title: advisory.get("title").owned(),
            description: advisory.get("description").owned(),
            solution: None,
            fixed: advisory.get("patched_versions").texts().map(str::to_owned).collect(),
            score: scores.iter().find_map(|k| advisory.get(k).score()),
        }
    }
}

fn draft(block: &Block) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    draft.rated(block.criticality.as_deref().filter(|c| !c.eq_ignore_ascii_case("none")));
    // An advisory may have no id yet.
    draft.rule = block.ids.first().or(block.title.as_ref()).cloned().unwrap_or_default();
    if let Some(id) = block.ids.first() {
        draft.vulnerabilities = words::known_as(id, block.ids.iter().map(String::as_str));
    }
    draft.title = block.title.clone().unwrap_or_default();
    draft.say("", block.description.as_deref());
    draft.say("Remedy", block.solution.as_deref());
    let mut fixed: Vec<&str> = block.fixed.iter().map(String::as_str).collect();
    if let Some(versions) =
        block.solution.as_deref().and_then(|s| s.strip_prefix("upgrade to ").or(s.strip_prefix("update to ")))
    {
        fixed.extend(versions.split(", ").map(|v| v.trim_matches(['\'', ' '])));
    }
    let version = Some(block.version.as_str()).filter(|v| !v.is_empty());
    draft.in_ecosystem("gem", &block.name, version, &fixed);
    draft.cvss = Cvss::of(block.score, None);
    draft.url.clone_from(&block.url);
    draft
}

/// A source that gems are fetched from without protection.
fn insecure(source: &str) -> Draft {
    let mut draft = Draft::new(Class::Sca);
    // bundler-audit gives it no criticality; gems from there can be changed on their way.
    "insecure-source".clone_into(&mut draft.rule);
    draft.title = format!("Gems are fetched from the insecure source {source}");
    draft.logical = Some(source.to_owned());
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn blocks_and_json_are_the_same_findings() {
        let text = "Updating ruby-advisory-db ...\nInsecure Source URI found: http://gems.example/\nName: pad\nVersion: 1.4.7\nCVE: CVE-2018-1\n\
            GHSA: GHSA-aaaa-bbbb-cccc\nCriticality: High\nURL: https://x.example\nTitle: Bad pad: really\nSolution: update to '~> 1.6.11, >= 2.0.6'\n\nVulnerabilities found!\n";
        let json = r#"{"version": "0.9.1", "created_at": "x", "results": [{"type": "insecure_source", "source": "http://gems.example/"}, {"type": "unpatched_gem",
            "gem": {"name": "pad", "version": "1.4.7"}, "advisory": {"id": "CVE-2018-1", "cve": "2018-1", "ghsa": "aaaa-bbbb-cccc", "criticality": "high", "title": "Bad pad: really",
            "patched_versions": ["~> 1.6.11", ">= 2.0.6"], "url": "https://x.example"}}]}"#;
        for (text, format) in [(text, "bundler-audit-text"), (json, "bundler-audit-json")] {
            let report = read("b", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items, report.reason), (format, 2, None));
            assert_eq!(report.findings[0].severity, Severity::Unknown);
            let f = &report.findings[1];
            assert_eq!((f.severity, f.rule.raw(), f.title.raw()), (Severity::High, "CVE-2018-1", "Bad pad: really"));
            let package = f.package.as_ref().unwrap();
            assert_eq!((package.purl.as_ref().unwrap().raw(), package.fixed.len()), ("pkg:gem/pad@1.4.7", 2));
            assert_eq!(f.vulnerabilities.len(), 2);
        }
    }

    #[test]
    fn an_advisory_without_an_id_goes_by_its_title() {
        let text = "Name: pad\nVersion: 1.4.7\nCriticality: Low\nTitle: Bad pad\nSolution: upgrade to >= 2\n\nVulnerabilities found!\n";
        let report = read("b", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("bundler-audit-text", 1));
        let f = &report.findings[0];
        assert_eq!((f.rule.raw(), f.severity, f.vulnerabilities.len()), ("Bad pad", Severity::Low, 0));
    }

    #[test]
    fn nothing_found_is_clean() {
        assert_eq!(read("b", b"No vulnerabilities found\n", None).status, ReportStatus::Empty);
        let updated = "Updating ruby-advisory-db ...\nAlready up to date.\nUpdated ruby-advisory-db\nruby-advisory-db:\n  advisories:\t923 advisories\n  commit:\tabc\nNo vulnerabilities found\n";
        let report = read("b", updated.as_bytes(), None);
        assert_eq!((report.format, report.status), ("bundler-audit-text", ReportStatus::Empty));
        assert_eq!(
            read("b", br#"{"version": "1", "created_at": "x", "results": []}"#, None).status,
            ReportStatus::Empty
        );
        assert_eq!(read("b", br#"{"results": [{"type": "unpatched_gem"}]}"#, None).status, ReportStatus::Error);
    }
}
