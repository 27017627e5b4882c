//! SARIF 2.1.0.
//!
//! Raw items are all results. Findings are those of the kinds `fail` (the default), `open` and `review`, but for those
//! that the tool says are gone (`baselineState` `absent`). A run without a list of results did not look; an empty list
//! is a clean run.

mod package;
mod place;
mod tools;
mod wire;

use crate::domain::dedup::{self, KeyParts};
use crate::domain::finding::{Finding, Rung};
use crate::report::prelude::*;
use crate::report::lax::{self, Text};
use crate::text::Untrusted;
use wire::{Component, Doc, Outcome, Properties, Reference, Rule, Run, Suppression};

pub(super) const FORMATS: &[Format] = &[Format {
    name: "sarif",
    title: "SARIF 2.1.0",
    classes: &[Class::Sast, Class::Sca, Class::Container, Class::Iac, Class::Secret, Class::Licence, Class::Dast, Class::Fuzz],
    items: "all `results` of all runs",
    severity: "the tool's `severity` or `issue_severity` property, then the word that Trivy, Grype and roxctl write into the message or the tags, then `security-severity`, then `level` (error is high, warning medium, note low; no level is warning)",
    identity: "`fingerprints`; else `partialFingerprints` with rule, path and code; else rule, path and code",
    checked: "DefectDojo's and Jenkins' parsers, golden files of Trivy and roxctl, the same run in the tool's own format",
    detect,
    parse,
}];

/// Some writers leave out the version; `runs` with nothing beside it but what SARIF has is SARIF all the same.
fn detect(shape: &Shape<'_>) -> Fit {
    const KEYS: [&str; 5] = ["$schema", "version", "runs", "inlineExternalProperties", "properties"];
    let all = shape.json().entries().iter().all(|(k, _)| KEYS.contains(&k.as_ref()));
    (shape.has(&["runs"]) && all).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc: Doc = lax::json(input.text)?;
    if let Some(version) = doc.version.get().filter(|v| !is_read(v)) {
        // Versions 1 and 2.0 keep results elsewhere: read as 2.1 they would be empty, and so clean.
        return Err(Unreadable(format!(
            "This is SARIF {}, and SARIF 2.1.0 is read. Have the tool write that.",
            crate::text::line(version).chars().take(40).collect::<String>()
        )));
    }
    let mut parsed = Parsed::default();
    let mut failed = Vec::new();
    if doc.runs.is_empty() {
        failed.push("The report has no runs: nothing was looked at.".to_owned());
    }
    let mut names: Vec<String> = Vec::new();
    for run in &doc.runs {
        let reader = Reader::of(input, run);
        parsed.raw_items = parsed.raw_items.saturating_add(u32::try_from(reader.results().len()).unwrap_or(u32::MAX));
        parsed.findings.extend(reader.results().iter().filter_map(|r| reader.finding(r)));
        parsed.classes.extend_from_slice(reader.classes);
        failed.extend(reader.why_not_assessed());
        if parsed.tool_version.is_none() {
            parsed.tool_version = reader.version.map(str::to_owned);
        }
        if !names.iter().any(|n| n == reader.tool) {
            names.push(reader.tool.to_owned());
        }
    }
    parsed.tool = names.join(", ");
    // One run that failed may be the one that mattered.
    parsed.not_assessed = (!failed.is_empty()).then(|| failed.join(" "));
    Ok(parsed)
}

/// Whether a version is 2.1, whatever comes after it.
fn is_read(version: &str) -> bool {
    version.trim().strip_prefix("2.1").is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

struct Reader<'a> {
    input: &'a Input<'a>,
    run: &'a Run,
    tool: &'a str,
    version: Option<&'a str>,
    classes: &'static [Class],
    by_id: std::collections::HashMap<&'a str, &'a Rule>,
}

impl<'a> Reader<'a> {
    fn of(input: &'a Input<'a>, run: &'a Run) -> Self {
        let driver = &run.tool.0.driver.0;
        let tool = driver.name.get().unwrap_or("unknown tool");
        let mut by_id = std::collections::HashMap::new();
        for component in std::iter::once(driver).chain(&run.tool.0.extensions.0) {
            for rule in &component.rules.0 {
                by_id.entry(rule.id.or_empty()).or_insert(rule);
            }
        }
        let version = driver.version.get().or(driver.semantic_version.get());
        Self { input, run, tool, version, classes: tools::classes(tool), by_id }
    }

    fn results(&self) -> &'a [Outcome] {
        self.run.results.as_deref().unwrap_or_default()
    }

    fn why_not_assessed(&self) -> Option<String> {
        let failed = self.run.invocations.0.iter().find(|i| i.execution_successful.get() == Some("false"));
        if let Some(failed) = failed {
            let why = failed.exit_code_description.get().map(|w| format!(" ({w})")).unwrap_or_default();
            return Some(format!("{} says that its run failed{why}.", self.tool));
        }
        if self.run.results.is_none() {
            let elsewhere = !self.run.external_property_file_references.0.results.0.is_empty();
            return Some(if elsewhere {
                format!("The results of {} are kept in another file.", self.tool)
            } else {
                format!("The run of {} has no list of results: it did not look for any.", self.tool)
            });
        }
        None
    }

    /// The rule of a result: by index into the component that it names, else by id; `a/b` falls back to `a`.
    fn rule(&self, result: &Outcome) -> Option<&'a Rule> {
        let reference = &result.rule.0;
        let component: &Component = match reference.tool_component.0.index.number() {
            Some(index) => self.run.tool.0.extensions.0.get(index as usize)?,
            None => &self.run.tool.0.driver.0,
        };
        let id = Self::rule_id(result);
        let index = reference.index.number().or(result.rule_index.number());
        let by_index = index.and_then(|i| component.rules.0.get(i as usize));
        // Some tools count wrongly: an index that leads to another id is not trusted.
        by_index
            .filter(|r| id.is_none_or(|id| is_rule(r.id.or_empty(), id)))
            .or_else(|| self.by_id.get(id?).copied())
            .or_else(|| self.by_id.get(id?.rsplit_once('/')?.0).copied())
    }

    fn rule_id(result: &Outcome) -> Option<&str> {
        result.rule_id.get().or(result.rule.0.id.get())
    }

    fn finding(&self, result: &'a Outcome) -> Option<Finding> {
        // A kind that we do not know is a finding: only what is said to be none is left out.
        let kind = result.kind.get().unwrap_or("fail").to_ascii_lowercase();
        let harmless = matches!(kind.as_str(), "pass" | "notapplicable" | "informational");
        if harmless || result.baseline_state.get() == Some("absent") {
            return None;
        }
        let rule = self.rule(result);
        let empty = Rule::default();
        let about = rule.unwrap_or(&empty);
        let id = Self::rule_id(result).or(about.id.get()).unwrap_or_default();
        let own = &result.properties.0;
        let general = &about.properties.0;
        let tags = || own.tags.0.iter().chain(&general.tags.0).filter_map(Text::get);

        let mut draft = Draft::new(tools::class_of(self.classes, about.name.or_empty(), tags()));
        id.clone_into(&mut draft.rule);
        let message = self.message(result, rule);
        draft.severity = severity(result, &kind, rule, &message);
        let short = about.short_description.0.text.get().or(about.name.get()).unwrap_or_default();
        draft.vulnerabilities = words::vulnerability_ids(id);
        for tag in tags() {
            draft.vulnerabilities.extend(words::vulnerability_ids(tag));
        }
        draft.title = match (draft.vulnerabilities.is_empty(), message.is_empty()) {
            (false, _) | (_, true) if !short.is_empty() => short.to_owned(),
            _ => message.clone(),
        };
        let full = about.full_description.0.text.get().unwrap_or_default();
        let said = message.clone();
        draft.detail = if full.is_empty() || message.contains(full) { message } else { format!("{message}\n\n{full}") };
        draft.cwe = self.weaknesses(result, about, tags());
        draft.confidence = [&own.issue_confidence, &own.confidence, &general.precision].iter().find_map(|t| t.owned());
        draft.url = about.help_uri.owned().or_else(|| result.hosted_viewer_uri.owned());
        draft.suppressed = suppressed(&result.suppressions.0);
        if let Some(location) = result.locations.0.first() {
            let place = place::of(self.run, location);
            draft.path = place.path;
            draft.line = place.line;
            draft.column = place.column;
            draft.logical = place.logical;
            draft.snippet = place.snippet;
        }
        if !draft.vulnerabilities.is_empty() {
            let purl = general.purls.0.first().and_then(Text::get);
            draft.package = package::of(&said, purl.or(draft.logical.as_deref()));
            let aliases = said.split_once("also known as").map(|(_, aliases)| words::vulnerability_ids(aliases));
            draft.vulnerabilities.extend(aliases.unwrap_or_default());
        }
        let stable: Vec<String> = result
            .fingerprints
            .0
            .iter()
            .filter_map(|(name, value)| Some(format!("{name}:{}", id_value(value)?)))
            .collect();
        draft.native_id = (!stable.is_empty()).then(|| stable.join(" ")).or_else(|| result.correlation_guid.owned());
        let has_id = draft.native_id.is_some();
        let mut finding = draft.finish(self.input, self.tool, self.version);
        if !has_id {
            self.add_partial(&mut finding, result);
        }
        Some(finding)
    }

    /// Partial fingerprints name a result only together with its rule, path and code.
    fn add_partial(&self, finding: &mut Finding, result: &Outcome) {
        let partial: Vec<String> = result
            .partial_fingerprints
            .0
            .iter()
            .filter_map(|(name, value)| Some(format!("{name}:{}", id_value(value)?)))
            .collect();
        if partial.is_empty() {
            return;
        }
        let path = finding.location.path.as_ref().map_or("", Untrusted::raw);
        let code = finding.snippet.as_ref().map(|s| dedup::normalise_snippet(s.raw())).unwrap_or_default();
        let id = [finding.rule.raw(), path, &code, &partial.join(" ")].join("\u{0}");
        let keys = dedup::keys_for(&KeyParts { tool: self.tool, tool_id: &id, ..KeyParts::default() });
        finding.keys.splice(0..0, keys.into_iter().filter(|k| k.rung == Rung::ToolId));
    }

    fn message(&self, result: &Outcome, rule: Option<&Rule>) -> String {
        let message = &result.message.0;
        let by_id = || {
            let id = message.id.get()?;
            let own = rule.and_then(|r| r.message_strings.0.get(id));
            let found = own.or_else(|| self.run.tool.0.driver.0.global_message_strings.0.get(id))?;
            found.0.text.get()
        };
        let text = message.text.get().or_else(by_id).or(message.markdown.get()).unwrap_or_default();
        let mut text = text.to_owned();
        for (index, argument) in message.arguments.0.iter().enumerate() {
            text = text.replace(&format!("{{{index}}}"), argument.or_empty());
        }
        text
    }

    fn weaknesses<'t>(&self, result: &'t Outcome, rule: &'t Rule, tags: impl Iterator<Item = &'t str>) -> Vec<u32> {
        let named = rule.properties.0.cwe.0.iter().chain(&result.properties.0.cwe.0).filter_map(Text::get);
        let mut out: Vec<u32> = tags.chain(named).flat_map(words::cwe_numbers).collect();
        let references = result.taxa.0.iter().chain(rule.relationships.0.iter().map(|r| &r.target.0));
        out.extend(references.filter_map(|r| self.weakness(r)));
        out
    }

    fn weakness(&self, reference: &Reference) -> Option<u32> {
        let taxonomy = reference.tool_component.0.index.number().and_then(|i| self.run.taxonomies.0.get(i as usize));
        let name = reference.tool_component.0.name.get().or(taxonomy.and_then(|t| t.name.get()))?;
        if !name.eq_ignore_ascii_case("cwe") {
            return None;
        }
        let taxon = || taxonomy?.taxa.0.get(reference.index.number()? as usize)?.id.get();
        let id = reference.id.get().or_else(taxon)?;
        id.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().ok()
    }
}

/// Whether `id` is the rule's id or one below it (`a/b` of `a`).
fn is_rule(rule: &str, id: &str) -> bool {
    rule == id || id.strip_prefix(rule).is_some_and(|rest| rest.starts_with('/'))
}

/// A fingerprint's value, if it can be one: `requires login` and a bare column number are none.
fn id_value(value: &Text) -> Option<&str> {
    value.get().filter(|v| v.len() >= 8 && !v.contains(char::is_whitespace))
}

/// The tool's own word, in a field, in the message or a tag; else the score that it gives, else the level; a level that is not given is the rule's, else
/// `warning`. A result that a person must look at (`open`, `review`) has no level and is not harmless for that.
fn severity(result: &Outcome, kind: &str, rule: Option<&Rule>, message: &str) -> Severity {
    let empty = Properties::default();
    let (own, general) = (&result.properties.0, rule.map_or(&empty, |r| &r.properties.0));
    let word = [&own.issue_severity, &own.severity, &general.issue_severity, &general.severity];
    let score = [&own.security_severity, &general.security_severity];
    let tagged = || own.tags.0.iter().chain(&general.tags.0).find_map(|tag| package::rated(tag.get()?));
    let said = word.iter().find_map(|w| words::severity(w.get()?));
    if let Some(severity) = said.or_else(|| package::severity(message)).or_else(tagged) {
        return severity;
    }
    if let Some(severity) =
        score.iter().filter_map(|s| s.score()).map(Severity::from_score).find(|s| *s != Severity::Unknown)
    {
        return severity;
    }
    let default = rule.and_then(|r| r.default_configuration.0.level.get());
    match result.level.get().or(default).unwrap_or("warning") {
        _ if kind != "fail" && matches!(result.level.get(), None | Some("none")) => Severity::Unknown,
        "error" => Severity::High,
        "warning" => Severity::Medium,
        "note" => Severity::Low,
        "none" => Severity::Info,
        _ => Severity::Unknown,
    }
}

/// A result is suppressed if something suppresses it and nothing of that is under review or rejected.
fn suppressed(suppressions: &[Suppression]) -> Option<String> {
    let holds = |s: &Suppression| !matches!(s.status.get(), Some("underReview" | "rejected"));
    if suppressions.is_empty() || !suppressions.iter().all(holds) {
        return None;
    }
    let words: Vec<&str> = suppressions.iter().filter_map(|s| s.justification.get().or(s.kind.get())).collect();
    Some(if words.is_empty() { "Suppressed in the report.".to_owned() } else { words.join("; ") })
}

#[cfg(test)]
mod tests;
