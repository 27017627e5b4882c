//! The results of Fortify's analyzers: `audit.fvdl`. What is said of the rules, and the code, comes after the results.

use std::collections::HashMap;

use super::TOOL;
use crate::report::limits::{LONGEST, within};
use crate::report::prelude::*;
use crate::report::xml::Node as Element;

/// What the file says beside the results.
#[derive(Default)]
struct About<'t> {
    /// Steps of traces that several results share, by id.
    steps: HashMap<String, Element<'t>>,
    /// By the id of the class: abstract, explanation, recommendations.
    descriptions: HashMap<String, [String; 3]>,
    /// By the id of the rule: the groups of its metadata.
    rules: HashMap<String, HashMap<String, String>>,
    /// Code by its id: the number of its first line, and the lines.
    code: HashMap<String, (u32, String)>,
}

pub(super) fn parse(input: &Input<'_>, text: &str, audit: &HashMap<String, String>) -> Result<Parsed, Unreadable> {
    const WHOLE: [&str; 8] =
        ["Vulnerability", "Node", "Description", "Rule", "Snippet", "EngineVersion", "NumberFiles", "ProgramData"];
    let mut results = Vec::new();
    let mut about = About::default();
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    let mut root = false;
    let mut files = None;
    xml::walk(text, &WHOLE, |part| match part {
        Part::Open(node) => root = root || node.name == "FVDL",
        Part::Close(_) => {}
        Part::Whole(node) => match node.name {
            "Vulnerability" => results.push(node),
            "EngineVersion" => reading.version(Some(&node.text)),
            "NumberFiles" => files = node.text.trim().parse::<u32>().ok(),
            _ => about.learn(node),
        },
    })?;
    if !root {
        return Err(Unreadable("It has no element <FVDL>.".to_owned()));
    }
    for result in &results {
        reading.add(draft(result, &about, audit));
    }
    if results.is_empty() && files == Some(0) {
        reading.not_assessed("Fortify looked at no file.");
    }
    reading.done()
}

impl<'t> About<'t> {
    fn learn(&mut self, node: Element<'t>) {
        // Each of many results repeats what is said of its rule.
        let text = |name: &str| within(node.text_of(name).unwrap_or_default(), LONGEST).into_owned();
        match node.name {
            "Node" => {
                if let Some(id) = node.attribute("id").map(str::to_owned) {
                    self.steps.insert(id, node);
                }
            }
            "Description" => {
                if let Some(class) = node.attribute("classID") {
                    let parts = [text("Abstract"), text("Explanation"), text("Recommendations")];
                    self.descriptions.insert(class.to_owned(), parts);
                }
            }
            "Rule" => {
                if let (Some(id), Some(meta)) = (node.attribute("id"), node.child("MetaInfo")) {
                    let groups = meta
                        .all("Group")
                        .filter_map(|g| Some((g.attribute("name")?.to_owned(), within(&g.text, LONGEST).into())));
                    self.rules.insert(id.to_owned(), groups.collect());
                }
            }
            "Snippet" => {
                if let Some(id) = node.attribute("id") {
                    let first = node.text_of("StartLine").and_then(|l| l.parse().ok()).unwrap_or(0);
                    let code = node.child("Text").map(|t| within(&t.text, LONGEST).into_owned()).unwrap_or_default();
                    self.code.insert(id.to_owned(), (first, code));
                }
            }
            _ => {}
        }
    }
}

fn draft(result: &Element, about: &About, audit: &HashMap<String, String>) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    let class = |name: &str| result.child("ClassInfo").and_then(|c| c.text_of(name));
    let instance = |name: &str| result.child("InstanceInfo").and_then(|i| i.text_of(name));
    let category = [class("Type"), class("Subtype")].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let id = class("ClassID");
    id.unwrap_or(&category).clone_into(&mut draft.rule);
    draft.title = category;
    if class("AnalyzerName").is_some_and(|a| a.eq_ignore_ascii_case("pentest")) {
        draft.class = Class::Dast;
    }
    let rule = id.and_then(|id| about.rules.get(id));
    draft.severity = priority(rule, &instance);
    let weaknesses = rule.and_then(|r| r.get("altcategoryCWE")).map(|c| c.replace("CWE ID ", "CWE-"));
    draft.cwe = words::cwe_numbers(&weaknesses.unwrap_or_default());
    draft.native_id = instance("InstanceID").map(str::to_owned);
    draft.suppressed = draft.native_id.as_ref().and_then(|id| audit.get(id)).cloned();

    let unified = result.at("AnalysisInfo/Unified");
    let definitions: HashMap<&str, &str> = unified
        .and_then(|u| u.child("ReplacementDefinitions"))
        .map(|d| d.all("Def").filter_map(|d| Some((d.attribute("key")?, d.attribute("value")?))).collect())
        .unwrap_or_default();
    let parts = id.and_then(|id| about.descriptions.get(id)).map(<[String; 3]>::as_slice).unwrap_or_default();
    for (heading, part) in ["", "Explanation", "Recommendations"].into_iter().zip(parts) {
        draft.say(heading, Some(&html::text(&filled(part, &definitions))));
    }
    draft.say("Kingdom", class("Kingdom"));
    if let Some(place) = unified.and_then(|u| place(u, about)) {
        draft.path = place.attribute("path").map(str::to_owned);
        let number = |name: &str| place.attribute(name).and_then(|n| n.parse::<u32>().ok());
        draft.line = number("line");
        draft.column = number("colStart").filter(|c| *c > 0);
        if let Some((first, code)) = place.attribute("snippet").and_then(|s| about.code.get(s)) {
            let at = draft.line.and_then(|l| l.checked_sub(*first));
            let last = number("lineEnd").filter(|l| Some(*l) > draft.line).and_then(|l| l.checked_sub(*first)).or(at);
            draft.snippet = at.zip(last).map(|(from, to)| lines(code, from, to));
            draft.context = Some(code.clone());
        }
    }
    draft.path = draft.path.or_else(|| definitions.get("PrimaryLocation.file").map(|f| (*f).to_owned()));
    draft.line = draft.line.or_else(|| definitions.get("PrimaryLocation.line")?.parse().ok());
    draft
}

/// Lines of a piece of code, counted from nought.
fn lines(code: &str, from: u32, to: u32) -> String {
    let wanted = (0_u32..).zip(code.lines()).filter(|(n, _)| (from..=to).contains(n));
    wanted.map(|(_, line)| line).collect::<Vec<_>>().join("\n")
}

/// Where the result is: the step of its trace that is marked, else the last one.
fn place<'e, 't>(unified: &'e Element<'t>, about: &'e About<'t>) -> Option<&'e Element<'t>> {
    let traces = unified.all("Trace").filter_map(|t| t.child("Primary"));
    let entries: Vec<&Element<'t>> = traces.flat_map(|p| p.all("Entry")).collect();
    let step = |entry: &&'e Element<'t>| -> Option<&'e Element<'t>> {
        entry.child("Node").or_else(|| about.steps.get(entry.child("NodeRef")?.attribute("id")?))
    };
    let is_default = |n: &&Element| n.attribute("isDefault") == Some("true");
    let marked = entries.iter().find_map(|e| {
        let reference = e.child("NodeRef").is_some_and(|r| r.attribute("isDefault") == Some("true"));
        step(e).filter(|n| reference || is_default(n))
    });
    marked.or_else(|| entries.iter().rev().find_map(step))?.child("SourceLocation")
}

/// Fortify's priority order. A rule without metadata has the severity of the instance for its impact, and the confidence
/// for its likelihood.
fn priority<'i>(rule: Option<&HashMap<String, String>>, instance: &impl Fn(&str) -> Option<&'i str>) -> Severity {
    let own = |name: &str| rule.and_then(|r| r.get(name)).and_then(|v| v.trim().parse::<f64>().ok());
    let said = |name: &str| instance(name).and_then(|v| v.parse::<f64>().ok());
    let Some(impact) = own("Impact").or_else(|| said("InstanceSeverity")) else { return Severity::Unknown };
    let Some(confidence) = said("Confidence") else { return Severity::Unknown };
    let likelihood = own("Accuracy").zip(own("Probability")).map_or(confidence, |(a, p)| a * p * confidence / 25.0);
    match (impact >= 2.5, likelihood >= 2.5) {
        (true, true) => Severity::Critical,
        (true, false) => Severity::High,
        (false, true) => Severity::Medium,
        (false, false) => Severity::Low,
    }
}

/// A description with the words of this result in the places that are kept for them: `<Replace key="..."/>`. It ends where
/// it gets too long: ten thousand places may be kept for one long word.
fn filled(text: &str, definitions: &HashMap<&str, &str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<Replace ") {
        out.push_str(before);
        let Some((tag, after)) = after.split_once('>') else { break };
        let key = tag.split_once("key=\"").and_then(|(_, k)| k.split_once('"')).map_or("", |(k, _)| k);
        out.push_str(definitions.get(key).copied().unwrap_or_default());
        if out.len() > LONGEST {
            return within(&out, LONGEST).into_owned();
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_word_in_many_places_is_bounded() {
        let word = "x".repeat(50_000);
        let text = "<Replace key=\"k\"/>".repeat(3_000);
        assert!(filled(&text, &HashMap::from([("k", word.as_str())])).len() < 2 * LONGEST);
        assert_eq!(filled("a <Replace key=\"k\"/> b", &HashMap::from([("k", "is")])), "a is b");
    }
}
