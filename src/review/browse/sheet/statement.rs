//! A statement in plain words, field by field.
//!
//! It is read as JSON and not as our types, so that one that does not verify, or that a newer version made, is shown as
//! well; what has no words of its own here is shown under its own name, so that nothing is left out.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::record::{Section, Tone};

/// The statement, in words; `emergency` is what is to be said of one that was made in an emergency.
pub(super) fn sections(statement: &Value, emergency: Option<String>) -> Vec<Section> {
    let mut reader = Reader { root: statement.get("predicate").unwrap_or(statement), used: BTreeSet::new() };
    let mut out = vec![reader.decision(emergency)];
    out.extend(reader.dismissals());
    out.push(reader.subjects(statement));
    out.push(reader.evidence());
    out.push(reader.findings());
    out.push(reader.gate());
    out.push(reader.circumstances());
    out.push(reader.others());
    out.retain(|section| !section.facts.is_empty());
    out
}

struct Reader<'a> {
    root: &'a Value,
    /// The places that were shown.
    used: BTreeSet<String>,
}

/// A time to the second: nobody reads more, and all of it is in the document below.
fn second(time: &str) -> String {
    let parsed: Result<crate::domain::time::Timestamp, _> = time.parse();
    let short = time.get(..19).filter(|_| parsed.is_ok());
    short.map_or_else(|| time.to_owned(), |t| format!("{t}Z"))
}

/// A value in a line: text as it is, everything else as JSON.
fn show(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.iter().all(Value::is_string) => {
            all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn at(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).map(show).filter(|text| !text.is_empty())
}

impl Reader<'_> {
    /// Adds what is at a place, if anything is.
    fn fact(&mut self, section: &mut Section, label: &str, field: &'static str, rest: &str) {
        self.used.insert(format!("/{field}{rest}"));
        if let Some(value) = at(self.root, &format!("/{field}{rest}")) {
            section.add(label, value, Tone::Plain);
        }
    }

    fn decision(&mut self, emergency: Option<String>) -> Section {
        let mut section = Section::new("What it says");
        self.fact(&mut section, "verb", "decision", "");
        self.fact(&mut section, "service", "release", "/name");
        self.fact(&mut section, "version", "release", "/version");
        self.fact(&mut section, "commit", "release", "/commit");
        self.fact(&mut section, "environment", "environment", "/name");
        self.fact(&mut section, "class", "environment", "/class");
        self.fact(&mut section, "delegates to", "to", "");
        self.fact(&mut section, "roles", "roles", "");
        self.fact(&mut section, "scope", "scope", "");
        self.fact(&mut section, "reason", "reason", "");
        self.fact(&mut section, "reason code", "reasonCode", "");
        self.fact(&mut section, "replaces", "supersedes", "");
        self.fact(&mut section, "takes back", "revokes", "");
        self.fact(&mut section, "reviews", "reviews", "");
        self.used.insert("/breakGlass".to_owned());
        if let Some(words) = emergency {
            section.add("break-glass", words, Tone::Bad);
        }
        self.quorum(&mut section);
        section
    }

    /// Who was needed, and who was out of the question, as the approver saw it.
    fn quorum(&mut self, section: &mut Section) {
        self.used.extend(["/policy/quorum", "/policy/excluded"].map(ToOwned::to_owned));
        let list =
            |pointer| self.root.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for need in list("/policy/quorum") {
            let get = |pointer| at(need, pointer).unwrap_or_default();
            let words = format!("{} of {}, by the rule {}", get("/count"), get("/role"), get("/rule"));
            section.add("needed", words, Tone::Plain);
        }
        for one in list("/policy/excluded") {
            let get = |pointer| at(one, pointer).unwrap_or_default();
            let who = at(one, "/principal").map(|p| format!(" ({p})")).unwrap_or_default();
            section.add("excluded", format!("{}{who}, as {}", get("/name"), get("/reason")), Tone::Plain);
        }
    }

    /// What a triage says of each finding.
    fn dismissals(&mut self) -> Vec<Section> {
        self.used.insert("/records".to_owned());
        let records = self.root.get("records").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let one = |(i, record): (usize, &Value)| {
            let mut section = Section::new(format!("Finding {} of {}", i + 1, records.len()));
            for (label, pointer) in [
                ("dismissed as", "/status"),
                ("justification", "/justification"),
                ("reasoning", "/detail"),
                ("until", "/expires"),
                ("title", "/subject/title"),
                ("severity", "/subject/severity"),
                ("rule", "/subject/rule"),
                ("place", "/subject/place"),
                ("tool", "/subject/tool"),
                ("fingerprint", "/subject/fingerprint"),
            ] {
                if let Some(value) = at(record, pointer) {
                    section.add(label, value, Tone::Plain);
                }
            }
            section.add("holds for", scope(record.get("scope")), Tone::Plain);
            section
        };
        records.iter().enumerate().map(one).collect()
    }

    /// What the signature is bound to.
    fn subjects(&self, statement: &Value) -> Section {
        let mut section = Section::new("Bound to");
        for subject in statement.get("subject").and_then(Value::as_array).into_iter().flatten() {
            let digests = subject.get("digest").and_then(Value::as_object).into_iter().flatten();
            let digests: Vec<String> = digests.map(|(kind, digest)| format!("{kind}:{}", show(digest))).collect();
            let name = at(subject, "/name").unwrap_or_default();
            section.add("subject", format!("{name} {}", digests.join(" ")), Tone::Plain);
        }
        if let Some(dossier) = at(self.root, "/dossierDigest") {
            section.add("dossier", dossier, Tone::Plain);
        }
        section
    }

    fn evidence(&mut self) -> Section {
        self.used.extend(["/evidence", "/dossierDigest"].map(ToOwned::to_owned));
        let mut section = Section::new("Evidence that was on the screen");
        for piece in self.root.get("evidence").and_then(Value::as_array).into_iter().flatten() {
            let name = at(piece, "/name").unwrap_or_default();
            let state = at(piece, "/completeness").unwrap_or_default();
            let (word, code) = state.split_once(':').unwrap_or((&state, ""));
            let tone = match word {
                "complete" => Tone::Good,
                "partial" => Tone::Warn,
                _ => Tone::Bad,
            };
            let code = if code.is_empty() { String::new() } else { format!(" ({code})") };
            let viewed = if piece.get("viewed") == Some(&Value::Bool(true)) { "opened" } else { "not opened" };
            let when = at(piece, "/fetchedAt").map(|t| format!(", read {}", second(&t))).unwrap_or_default();
            section.add(word, format!("{name}{code}, {viewed}{when}"), tone);
        }
        section
    }

    fn findings(&mut self) -> Section {
        self.used.insert("/findings".to_owned());
        let mut section = Section::new("Findings");
        let counts = self.root.pointer("/findings/counts").and_then(Value::as_object);
        let order = ["critical", "high", "medium", "low", "info", "unknown", "dismissed", "new"];
        let counted: Vec<String> = order
            .into_iter()
            .filter_map(|word| Some((word, counts?.get(word)?)))
            .filter(|(_, n)| show(n) != "0")
            .map(|(word, n)| format!("{} {word}", show(n)))
            .collect();
        if counts.is_some() {
            let words = if counted.is_empty() { "none".to_owned() } else { counted.join(", ") };
            section.add("open", words, Tone::Plain);
        } else if self.root.get("findings").is_some() {
            section.add("open", "not known: no findings were assessed", Tone::Warn);
        }
        for dismissed in self.root.pointer("/findings/dismissed").and_then(Value::as_array).into_iter().flatten() {
            let get = |pointer| at(dismissed, pointer).unwrap_or_default();
            let until = at(dismissed, "/expires").map(|t| format!(", until {t}")).unwrap_or_default();
            let why = at(dismissed, "/justification").map(|w| format!(" ({w})")).unwrap_or_default();
            let words = format!(
                "{} of {}: {}{why}, {}{until}; {}",
                get("/rule"),
                get("/tool"),
                get("/status"),
                scope(dismissed.get("scope")),
                get("/fingerprint")
            );
            section.add("dismissed", words, Tone::Plain);
        }
        section
    }

    fn gate(&mut self) -> Section {
        let mut section = Section::new("Gate");
        for (label, rest) in [
            ("gate", "/gate"),
            ("attempt", "/attempt"),
            ("orchestrator", "/kind"),
            ("address", "/instance"),
            ("application", "/application"),
            ("pipeline", "/pipeline"),
            ("run", "/execution"),
            ("stage", "/stage"),
            ("state seen", "/stateToken"),
        ] {
            self.fact(&mut section, label, "orchestrator", rest);
        }
        section
    }

    fn circumstances(&mut self) -> Section {
        let mut section = Section::new("How it was signed");
        for (label, field, rest) in [
            ("approver", "approver", "/principal"),
            ("key", "approver", "/keyFingerprint"),
            ("method", "approver", "/method"),
            ("tool", "approver", "/tool/name"),
            ("version", "approver", "/tool/version"),
            ("signed at", "issuedAt", ""),
            ("holds from", "notBefore", ""),
            ("holds until", "notAfter", ""),
            ("judged as of", "asOf", ""),
            ("policy", "policy", "/digest"),
            ("approvers file", "policy", "/approvers"),
            ("in roles", "policy", "/roles"),
            ("by delegation", "delegation", ""),
            ("ledger seen", "seenCheckpoint", "/size"),
            ("its root", "seenCheckpoint", "/root"),
            ("its name", "seenCheckpoint", "/origin"),
            ("clock was off", "clockSkewSeconds", ""),
        ] {
            self.fact(&mut section, label, field, rest);
        }
        section
    }

    /// What has no words of its own.
    fn others(&self) -> Section {
        let mut section = Section::new("Also in it");
        self.rest(self.root, "", &mut section);
        section
    }

    /// What of an object was not shown; of what was shown in part, the rest.
    fn rest(&self, object: &Value, place: &str, section: &mut Section) {
        for (name, value) in object.as_object().into_iter().flatten() {
            let place = format!("{place}/{name}");
            if self.used.contains(&place) {
                continue;
            }
            if self.used.iter().any(|used| used.starts_with(&format!("{place}/"))) {
                self.rest(value, &place, section);
            } else {
                section.add(words(&place), show(value), Tone::Plain);
            }
        }
    }
}

fn scope(scope: Option<&Value>) -> String {
    let parts: Vec<String> = scope
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name} {}", show(value)))
        .collect();
    if parts.is_empty() { "everywhere".to_owned() } else { parts.join(", ") }
}

/// `/approver/decisionId` as `approver decision id`.
fn words(place: &str) -> String {
    place.trim_start_matches('/').chars().fold(String::new(), |mut out, c| {
        if c.is_ascii_uppercase() || c == '/' {
            out.push(' ');
        }
        if c != '/' {
            out.push(c.to_ascii_lowercase());
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::record::Fact;

    fn all(statement: &Value) -> Vec<(String, Fact)> {
        let alone = statement.pointer("/predicate/breakGlass").map(|_| "alone".to_owned());
        let facts = sections(statement, alone).into_iter();
        facts.flat_map(|s| s.facts.into_iter().map(move |f| (s.heading.clone(), f))).collect()
    }

    #[test]
    fn every_field_is_shown_also_one_that_is_not_known() {
        let statement = serde_json::json!({
            "subject": [{ "name": "pay.tar.gz", "digest": { "sha256": "d1" } }],
            "predicate": {
                "decision": "approve", "reason": "r1", "release": { "name": "s1", "version": "v1", "stranger": "x1" },
                "environment": { "name": "e1" }, "orchestrator": { "gate": "g1", "attempt": "a1" },
                "approver": { "principal": "p1", "tool": { "name": "t1" } },
                "policy": {
                    "digest": "d2", "roles": ["q1"], "quorum": [{ "rule": "u1", "role": "q2", "count": 2 }],
                    "excluded": [{ "name": "n1", "principal": "p2", "reason": "author" }],
                },
                "breakGlass": true, "dossierDigest": "d3", "inventedLater": { "deep": ["z1"] },
                "evidence": [{ "name": "builds/j", "completeness": "missing:unreachable", "viewed": false }],
                "findings": { "counts": { "high": 2, "low": 0 }, "dismissed": [{ "rule": "B1", "status": "accepted" }] },
            },
        });
        let facts = all(&statement);
        for (heading, label, value) in [
            ("What it says", "verb", "approve"),
            ("What it says", "needed", "2 of q2, by the rule u1"),
            ("What it says", "excluded", "n1 (p2), as author"),
            ("Bound to", "subject", "pay.tar.gz sha256:d1"),
            ("Bound to", "dossier", "d3"),
            ("Findings", "open", "2 high"),
            ("How it was signed", "in roles", "q1"),
            ("Also in it", "release stranger", "x1"),
            ("Also in it", "invented later", "{\"deep\":[\"z1\"]}"),
        ] {
            let found = facts.iter().any(|(h, f)| h == heading && f.label == label && f.value.raw() == value);
            assert!(found, "{heading}, {label}, {value}: {facts:#?}");
        }
        let bad = |label: &str| facts.iter().any(|(_, f)| f.label == label && f.tone == Tone::Bad);
        assert!(bad("break-glass") && bad("missing"), "{facts:#?}");
    }

    #[test]
    fn what_is_no_statement_of_ours_has_no_words_and_breaks_nothing() {
        for odd in [Value::Null, serde_json::json!([1]), serde_json::json!({ "predicate": 7 }), serde_json::json!("x")]
        {
            assert_eq!(all(&odd), Vec::new(), "{odd}");
        }
        let unknown = all(&serde_json::json!({ "predicate": { "findings": { "dismissed": [] } } }));
        assert_eq!(unknown[0].1.value.raw(), "not known: no findings were assessed");
    }
}
