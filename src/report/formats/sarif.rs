//! SARIF 2.1.0.
//!
//! Raw items are all results. Findings are those of the kinds `fail` (the default), `open` and `review`, but for those
//! that the tool says are gone (`baselineState` `absent`). A run without a list of results did not look; an empty list
//! is a clean run. The results are read one at a time: such a report may have a million.

mod package;
mod place;
mod severity;
mod tools;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::report::limits::{LONGEST, split, within};
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "sarif",
    title: "SARIF 2.1.0",
    classes: &[
        Class::Sast,
        Class::Sca,
        Class::Container,
        Class::Iac,
        Class::Secret,
        Class::Licence,
        Class::Dast,
        Class::Fuzz,
    ],
    items: "all `results` of all runs",
    severity: "the tool's `severity` or `issue_severity` property, then the word that Trivy, Grype and roxctl write into the message or the tags, then `security-severity`, then `level` (error is high, warning medium, note low; no level is warning)",
    identity: "`fingerprints`; else `partialFingerprints` with rule, path and code; else rule, path and code",
    checked: "DefectDojo's and Jenkins' parsers, golden files of Trivy and roxctl, the same run in the tool's own format",
    detect,
    parse,
}];

/// Some writers leave out the version and the schema; `runs` with nothing beside it but what SARIF has is SARIF all the
/// same. Others add keys of their own.
fn detect(shape: &Shape<'_>) -> Fit {
    const KEYS: [&str; 5] = ["$schema", "version", "runs", "inlineExternalProperties", "properties"];
    let doc = shape.json();
    let version = doc.get("version").text().is_some_and(|v| v.trim().starts_with("2."));
    let schema = doc.get("$schema").or_empty().to_ascii_lowercase().contains("sarif");
    if doc.get("runs").is_list() && (version || schema) {
        return Fit::Sure;
    }
    let all = doc.entries().iter().all(|(k, _)| KEYS.contains(&k.as_ref()));
    (doc.has("runs") && all).into()
}

/// The most places of one result that are looked at.
const MOST_PLACES: usize = 100;
/// No title is made from more bytes of a message.
const FIRST: usize = 1024;
/// What a tool is called that does not say its name.
const UNNAMED: &str = "unknown tool";

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut doc = Node::cut(input.text, &["results"])?;
    bound(&mut doc);
    if let Some(version) = doc.get("version").text().filter(|v| !is_read(v)) {
        // Versions 1 and 2.0 keep results elsewhere: read as 2.1 they would be empty, and so clean.
        return Err(Unreadable(format!(
            "This is SARIF {}, and SARIF 2.1.0 is read. Have the tool write that.",
            crate::text::line(version).chars().take(40).collect::<String>()
        )));
    }
    let runs = doc.results("runs")?;
    let mut names: Vec<&str> = Vec::new();
    let mut seen = HashSet::new();
    for run in runs {
        if !run.is_object() {
            return Err(Unreadable(format!("A run has to be an object, and is {}.", run.kind())));
        }
        let name = run.get("tool").get("driver").get("name").text().unwrap_or(UNNAMED);
        if seen.insert(name) {
            names.push(name);
        }
    }
    let mut reading = Reading::new(input, &names.join(", "), &[]);
    let driver = |run: &Node<'_>| version_of(run).map(str::to_owned);
    reading.version(runs.iter().find_map(driver).as_deref());
    let mut failed = Vec::new();
    if runs.is_empty() {
        failed.push("The report has no runs: nothing was looked at.".to_owned());
    }
    for run in runs {
        let reader = Reader::of(run);
        if reader.is_known {
            reader.classes.iter().for_each(|c| reading.assessed(*c));
        }
        reading.next_tool(reader.tool, version_of(run));
        let items = reading.items();
        let results = run.get("results");
        if !results.is_null() {
            reading.each(results, |result, share| {
                if !result.is_object() {
                    return Err(Unreadable(format!("A result has to be an object, and one is {}.", result.kind())));
                }
                share.passed(1);
                if let Some(draft) = reader.draft(result) {
                    if !reader.is_known {
                        share.assessed(draft.class);
                    }
                    share.more(draft);
                }
                Ok(())
            })?;
        }
        failed.extend(reader.why_not_assessed());
        if !reader.is_known && reading.items() == items {
            let tool = crate::text::line(reader.tool);
            reading
                .remark(format!("What {tool} looks for is not known: that it found nothing is evidence of nothing."));
        }
        match reader.errors() {
            Some(met) if reader.is_successful() => reading.remark(met),
            Some(met) => reading.incomplete(met),
            None => {}
        }
    }
    // One run that failed may be the one that mattered.
    if !failed.is_empty() {
        reading.not_assessed(failed.join(" "));
    }
    reading.done()
}

/// Bounds what stands beside the results, as each of them goes through it and repeats it.
fn bound(doc: &mut Node<'_>) {
    doc.shorten();
    let Some(Node::List(runs)) = doc.get_mut("runs") else { return };
    for tool in runs.iter_mut().filter_map(|run| run.get_mut("tool")) {
        let mut components: Vec<&mut Node<'_>> = Vec::new();
        if let Node::Object(entries) = tool {
            for (key, value) in entries {
                match (key.as_ref(), value) {
                    ("driver", driver) => components.push(driver),
                    ("extensions", Node::List(extensions)) => components.extend(extensions),
                    _ => {}
                }
            }
        }
        for component in components {
            if let Some(Node::List(rules)) = component.get_mut("rules") {
                rules.iter_mut().for_each(Node::prune);
            }
        }
    }
}

/// Whether a version is 2.1, whatever comes after it.
fn is_read(version: &str) -> bool {
    version.trim().strip_prefix("2.1").is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

fn version_of<'n>(run: &'n Node<'_>) -> Option<&'n str> {
    let driver = run.get("tool").get("driver");
    driver.get("version").text().or(driver.get("semanticVersion").text())
}

struct Reader<'n, 'a> {
    run: &'n Node<'a>,
    tool: &'n str,
    classes: &'static [Class],
    /// Whether what the tool assesses is known.
    is_known: bool,
    by_id: HashMap<&'n str, &'n Node<'a>>,
    /// Messages of the tool that are of no rule.
    messages: HashMap<&'n str, &'n str>,
    places: place::Places<'n, 'a>,
}

impl<'n, 'a> Reader<'n, 'a> {
    fn of(run: &'n Node<'a>) -> Self {
        let driver = run.get("tool").get("driver");
        let tool = driver.get("name").text().unwrap_or(UNNAMED);
        let mut by_id = HashMap::new();
        for component in std::iter::once(driver).chain(run.get("tool").get("extensions").items()) {
            for rule in component.get("rules").items() {
                by_id.entry(rule.get("id").or_empty()).or_insert(rule);
            }
        }
        let messages = driver.get("globalMessageStrings").entries().iter();
        let messages = messages.filter_map(|(id, message)| Some((id.as_ref(), message.get("text").text()?))).collect();
        let (known, places) = (tools::known(tool), place::Places::of(run));
        Self { run, tool, classes: known.unwrap_or(tools::DEFAULT), is_known: known.is_some(), by_id, messages, places }
    }

    /// What the tool says that it could not look at: its notifications of errors.
    fn errors(&self) -> Option<String> {
        let lists = ["toolExecutionNotifications", "toolConfigurationNotifications"];
        let invocations = self.run.get("invocations").items().iter();
        let all = invocations.flat_map(|i| lists.map(|l| i.get(l).items())).flatten();
        let mut errors = all.filter(|n| n.get("level").or_empty().eq_ignore_ascii_case("error"));
        let first = errors.next()?;
        let words = [first.at("message.text"), first.at("message.markdown"), first.at("exception.message")];
        let said = words.iter().find_map(|w| w.text()).unwrap_or("no reason is given");
        let said: String = crate::text::line(said).chars().take(500).collect();
        Some(format!("{} met {} errors, the first: {said}", self.tool, errors.count() + 1))
    }

    /// Whether the tool says that all of its invocations ended well.
    fn is_successful(&self) -> bool {
        self.run.get("invocations").items().iter().all(|i| i.get("executionSuccessful").is_true())
    }

    fn why_not_assessed(&self) -> Option<String> {
        let failed = |i: &&Node<'_>| i.get("executionSuccessful").text() == Some("false");
        if let Some(failed) = self.run.get("invocations").items().iter().find(failed) {
            let why = failed.get("exitCodeDescription").text().map(|w| format!(" ({w})")).unwrap_or_default();
            return Some(format!("{} says that its run failed{why}.", self.tool));
        }
        let results = self.run.get("results");
        if results.is_null() {
            let elsewhere = match self.run.get("externalPropertyFileReferences").get("results") {
                Node::Parts(files) => files.iter().any(|f| f.contains('{')),
                _ => false,
            };
            return Some(if elsewhere {
                format!("The results of {} are kept in another file.", self.tool)
            } else {
                format!("The run of {} has no list of results: it did not look for any.", self.tool)
            });
        }
        None
    }

    /// The rule of a result: by index into the component that it names, else by id; `a/b` falls back to `a`.
    fn rule(&self, result: &Node<'_>) -> &'n Node<'a> {
        let reference = result.get("rule");
        let component = match reference.get("toolComponent").get("index").number() {
            Some(index) => self.run.get("tool").get("extensions").items().get(index as usize),
            None => Some(self.run.get("tool").get("driver")),
        };
        let Some(component) = component else { return &Node::Null };
        let id = rule_id(result);
        let index = reference.get("index").number().or(result.get("ruleIndex").number());
        let by_index = index.and_then(|i| component.get("rules").items().get(i as usize));
        // Some tools count wrongly: an index that leads to another id is not trusted.
        by_index
            .filter(|r| id.is_none_or(|id| is_rule(r.get("id").or_empty(), id)))
            .or_else(|| self.by_id.get(id?).copied())
            .or_else(|| self.by_id.get(id?.rsplit_once('/')?.0).copied())
            .unwrap_or(&Node::Null)
    }

    fn draft(&self, result: &Node<'_>) -> Option<Draft> {
        // A kind that we do not know is a finding: only what is said to be none is left out.
        let kind = result.get("kind").text().unwrap_or("fail");
        let harmless = ["pass", "notApplicable", "informational"].iter().any(|k| kind.eq_ignore_ascii_case(k));
        if harmless || result.get("baselineState").text() == Some("absent") {
            return None;
        }
        let rule = self.rule(result);
        let id = rule_id(result).or(rule.get("id").text()).unwrap_or_default();
        let (own, general) = (result.get("properties"), rule.get("properties"));
        let tags = || own.get("tags").texts().chain(general.get("tags").texts());
        let name = rule.get("name").or_empty();

        let mut draft = Draft::new(tools::class_of(self.classes, id, name, tags()));
        id.clone_into(&mut draft.rule);
        let message = self.message(result, rule);
        draft.severity = severity::of(result, kind, rule, &message);
        draft.vulnerabilities = words::vulnerability_ids(id);
        for tag in tags() {
            draft.vulnerabilities.extend(words::vulnerability_ids(tag));
        }
        let short = rule.get("shortDescription").get("text").text().unwrap_or(name);
        draft.title = match (draft.vulnerabilities.is_empty(), message.is_empty()) {
            (false, _) | (_, true) if !short.is_empty() => short.to_owned(),
            // Its first line; more is not needed.
            _ => split(message.trim_start(), FIRST).0.to_owned(),
        };
        draft.cwe = self.weaknesses(result, rule, tags());
        let confidence = [own.get("issue_confidence"), own.get("confidence"), general.get("precision")];
        draft.confidence = confidence.iter().find_map(|t| t.owned());
        draft.url = rule.get("helpUri").owned().or_else(|| result.get("hostedViewerUri").owned());
        draft.suppressed = suppressed(result.get("suppressions").items());
        if let [first, others @ ..] = result.get("locations").items() {
            place::fill(&mut draft, &self.places, first);
            others.iter().take(MOST_PLACES).for_each(|other| place::add(&mut draft, &self.places, other));
        }
        if !draft.vulnerabilities.is_empty() {
            let aliases = message.split_once("also known as").map(|(_, aliases)| words::vulnerability_ids(aliases));
            draft.vulnerabilities.extend(aliases.unwrap_or_default());
            draft.package = package::of(&message, &draft, own, general);
        }
        let full = rule.get("fullDescription").get("text").or_empty();
        draft.detail = if full.is_empty() || message.contains(full) {
            message.into_owned()
        } else {
            format!("{message}\n\n{full}")
        };
        draft.native_id = ids(result.get("fingerprints")).or_else(|| result.get("correlationGuid").owned());
        if draft.native_id.is_none() {
            draft.near_id = ids(result.get("partialFingerprints"));
        }
        Some(draft)
    }

    fn message<'r>(&'r self, result: &'r Node<'_>, rule: &'r Node<'_>) -> Cow<'r, str> {
        let message = result.get("message");
        let by_id = || {
            let id = message.get("id").text()?;
            let own = rule.get("messageStrings").get(id);
            if own.is_null() { self.messages.get(id).copied() } else { own.get("text").text() }
        };
        let text = message.get("text").text().or_else(by_id).or(message.get("markdown").text());
        filled(text.unwrap_or_default(), message.get("arguments").items())
    }

    fn weaknesses<'t>(&self, result: &Node<'_>, rule: &Node<'_>, tags: impl Iterator<Item = &'t str>) -> Vec<u32> {
        let named = |node: &Node<'_>| -> Vec<u32> {
            node.get("properties").get("cwe").texts().flat_map(words::cwe_numbers).collect()
        };
        let mut out: Vec<u32> = tags.flat_map(words::cwe_numbers).collect();
        out.extend(named(rule));
        out.extend(named(result));
        out.extend(result.get("taxa").items().iter().filter_map(|r| self.weakness(r)));
        out.extend(rule.get("relationships").items().iter().filter_map(|r| self.weakness(r.get("target"))));
        out
    }

    fn weakness(&self, reference: &Node<'_>) -> Option<u32> {
        let component = reference.get("toolComponent");
        let taxonomy = component.get("index").number().and_then(|i| self.run.get("taxonomies").items().get(i as usize));
        let name = component.get("name").text().or(taxonomy.and_then(|t| t.get("name").text()))?;
        if !name.eq_ignore_ascii_case("cwe") {
            return None;
        }
        let taxon = || taxonomy?.get("taxa").items().get(reference.get("index").number()? as usize)?.get("id").text();
        let id = reference.get("id").text().or_else(taxon)?;
        id.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().ok()
    }
}

/// A message with its arguments in the places that are kept for them, `{0}`. What an argument says is no place for another
/// one, and a message that gets too long ends there: so nothing is repeated without end.
fn filled<'t>(text: &'t str, arguments: &[Node<'_>]) -> Cow<'t, str> {
    if arguments.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let digits = after.bytes().take(4).take_while(u8::is_ascii_digit).count();
        let place = after.get(..digits).and_then(|d| d.parse::<usize>().ok()).and_then(|n| arguments.get(n));
        let end = after.get(digits..).and_then(|a| a.strip_prefix('}'));
        if let (Some(argument), Some(after)) = (place, end) {
            out.push_str(&within(argument.or_empty(), LONGEST));
            rest = after;
        } else {
            out.push('{');
            rest = after;
        }
        if out.len() > LONGEST {
            // The rest tells one long message from another.
            out.push_str(rest);
            return Cow::Owned(within(&out, LONGEST).into_owned());
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn rule_id<'n>(result: &'n Node<'_>) -> Option<&'n str> {
    result.get("ruleId").text().or(result.get("rule").get("id").text())
}

/// Whether `id` is the rule's id or one below it (`a/b` of `a`).
fn is_rule(rule: &str, id: &str) -> bool {
    rule == id || id.strip_prefix(rule).is_some_and(|rest| rest.starts_with('/'))
}

/// Fingerprints with their names, in one text. `requires login` and a bare column number are no fingerprints;
/// some writers have each in an object.
fn ids(fingerprints: &Node<'_>) -> Option<String> {
    let good = |v: &&str| v.len() >= 8 && !v.contains(char::is_whitespace);
    let named = fingerprints.entries().iter();
    let named = named.filter_map(|(name, v)| Some((name, v.text().or(v.get("value").text()).filter(good)?)));
    let mut ids: Vec<String> = named.map(|(name, id)| [name, ":", id].concat()).collect();
    if ids.len() < 2 {
        return ids.pop();
    }
    ids.sort_unstable();
    Some(ids.join(" "))
}

/// A result is suppressed if something suppresses it and nothing of that is under review or rejected.
fn suppressed(suppressions: &[Node<'_>]) -> Option<String> {
    let status = |s: &Node<'_>| s.get("status").text().or(s.get("state").text()).map(str::to_owned);
    let holds = |s: &Node<'_>| !matches!(status(s).as_deref(), Some("underReview" | "rejected"));
    if suppressions.is_empty() || !suppressions.iter().all(holds) {
        return None;
    }
    let words = suppressions.iter().filter_map(|s| s.get("justification").text().or(s.get("kind").text()));
    let words: Vec<&str> = words.collect();
    Some(if words.is_empty() { "Suppressed in the report.".to_owned() } else { words.join("; ") })
}

/// The classes that a tool assesses, by its name; for others who have results of such tools.
pub(super) fn classes(tool: &str) -> &'static [Class] {
    tools::classes(tool)
}

/// The class of one result of a tool, by the id, the name and the tags of its rule.
pub(super) fn class_of<'t>(tool: &str, id: &str, rule_name: &str, tags: impl Iterator<Item = &'t str>) -> Class {
    tools::class_of(tools::classes(tool), id, rule_name, tags)
}

#[cfg(test)]
mod tests;
