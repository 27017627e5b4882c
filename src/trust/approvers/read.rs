//! From the file's text to what it says, with the line of every fault.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{Approvers, BreakGlass, Person, Rule};
use crate::domain::canonical;
use crate::domain::ids::Principal;
use crate::domain::quorum::{Exclusion, Need};
use crate::domain::time::parse_duration;
use crate::trust::error::TrustFileError;
use crate::trust::statement::MAX_COUNT;

/// The most bytes that the file may have.
pub(super) const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// The largest serial: larger numbers are not exact everywhere.
const MAX_SERIAL: u64 = 1 << 53;
/// The systems that people have names in.
const SYSTEMS: [&str; 7] = ["git", "github", "gitlab", "jenkins", "jira", "spinnaker", "argo"];
const MEND: &str = "Mend that line, have the file signed again, and try `countersign roles check`.";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: Spanned<u64>,
    serial: Spanned<u64>,
    #[serde(default)]
    person: Vec<Spanned<PersonText>>,
    #[serde(default)]
    rule: Vec<Spanned<RuleText>>,
    break_glass: Option<Spanned<BreakGlassText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonText {
    principal: Spanned<String>,
    roles: Spanned<Vec<String>>,
    #[serde(default)]
    names: BTreeMap<String, Spanned<Vec<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    name: Spanned<String>,
    services: Spanned<Vec<String>>,
    environments: Spanned<Vec<String>>,
    need: Spanned<Vec<NeedText>>,
    exclude: Option<Spanned<Vec<String>>>,
    evidence: Option<Spanned<String>>,
    hold: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NeedText {
    role: String,
    count: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakGlassText {
    role: Spanned<String>,
    environments: Spanned<Vec<String>>,
}

/// Says where a fault is.
struct Place<'a> {
    name: &'a str,
    text: &'a str,
}

impl Place<'_> {
    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
    }

    fn fault<T>(&self, at: &Spanned<T>, why: impl AsRef<str>) -> TrustFileError {
        TrustFileError::new(self.name, Some(self.line(at.span().start)), why, MEND)
    }

    /// Patterns: at least one, none empty, none with a comma, which would be two.
    fn patterns(&self, patterns: &Spanned<Vec<String>>) -> Result<Vec<String>, TrustFileError> {
        let list = patterns.get_ref();
        if list.is_empty() || list.iter().any(|p| p.is_empty() || p == "!" || p.contains(',')) {
            return Err(self.fault(patterns, "a list of patterns is empty, or one of them is or has a comma"));
        }
        if list.iter().all(|p| p.starts_with('!')) {
            return Err(self.fault(patterns, "all patterns say what is left out, so none is ever meant; add \"*\""));
        }
        Ok(list.clone())
    }

    fn role(&self, at: &Spanned<impl Sized>, role: &str) -> Result<(), TrustFileError> {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        if !role.is_empty() && role.len() <= 64 && role.chars().all(good) {
            return Ok(());
        }
        Err(self.fault(at, format!("the role {role:?} is not a word of small letters, digits, `-`, `_` and `.`")))
    }
}

/// Reads a file's text. `name` is for messages.
pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Approvers, TrustFileError> {
    let whole = |why: &str| TrustFileError::new(name, None, why, "Check that this is the approvers file.");
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        return Err(whole(&format!("it has more than {MAX_BYTES} bytes")));
    }
    let text = std::str::from_utf8(bytes).map_err(|_e| whole("it is not UTF-8"))?;
    let place = Place { name, text };
    let file: File = toml::from_str(text).map_err(|e| {
        let line = e.span().map(|span| place.line(span.start));
        TrustFileError::new(name, line, e.message().trim_end_matches('.'), MEND)
    })?;
    if *file.schema.get_ref() != 1 {
        return Err(place.fault(&file.schema, format!("its schema is {}, and only 1 is known", file.schema.get_ref())));
    }
    if !(1..=MAX_SERIAL).contains(file.serial.get_ref()) {
        return Err(place.fault(&file.serial, "its serial is not from 1 to 2^53"));
    }
    let people = people(&place, &file.person)?;
    let rules = rules(&place, &file.rule)?;
    let break_glass = match &file.break_glass {
        None => None,
        Some(glass) => {
            let glass = glass.get_ref();
            place.role(&glass.role, glass.role.get_ref())?;
            // A role that rules count too would turn every approval into an emergency, or the reverse.
            if let Some(rule) = rules.iter().find(|r| r.need.iter().any(|n| n.role == *glass.role.get_ref())) {
                let why = format!(
                    "the role of [break_glass] is needed by the rule {} too; give it one of its own",
                    rule.name
                );
                return Err(place.fault(&glass.role, why));
            }
            Some(BreakGlass { role: glass.role.get_ref().clone(), environments: place.patterns(&glass.environments)? })
        }
    };
    Ok(Approvers {
        file: crate::text::line(name).into_owned(),
        serial: *file.serial.get_ref(),
        people,
        rules,
        break_glass,
        digest: canonical::sha256(bytes),
    })
}

fn people(place: &Place<'_>, all: &[Spanned<PersonText>]) -> Result<Vec<Person>, TrustFileError> {
    let mut people: Vec<Person> = Vec::new();
    for entry in all {
        let text = entry.get_ref();
        let principal = text.principal.get_ref();
        if principal.trim() != principal || principal.is_empty() || principal.contains([',', '*', '?', '!', ' ']) {
            return Err(place.fault(&text.principal, format!("{principal:?} is not one principal")));
        }
        if people.iter().any(|p| super::plain(p.principal.as_str()) == super::plain(principal)) {
            return Err(place.fault(&text.principal, format!("{principal:?} is listed twice")));
        }
        for role in text.roles.get_ref() {
            place.role(&text.roles, role)?;
        }
        let mut names = Vec::new();
        for (system, list) in &text.names {
            if !SYSTEMS.contains(&system.as_str()) {
                let why =
                    format!("{system:?} is not a system that people have names in; known are {}", SYSTEMS.join(", "));
                return Err(place.fault(list, why));
            }
            for name in list.get_ref() {
                let wanted = super::plain(name);
                if wanted.is_empty() {
                    return Err(place.fault(list, "a name is empty"));
                }
                let taken = |p: &&Person| p.names.iter().any(|(s, n)| s == system && super::plain(n) == wanted);
                if let Some(other) = people.iter().find(taken) {
                    let why = format!("the name {name:?} in {system} belongs to {} already", other.principal);
                    return Err(place.fault(list, why));
                }
                names.push((system.clone(), name.clone()));
            }
        }
        people.push(Person {
            principal: Principal::new(principal.clone()),
            roles: text.roles.get_ref().iter().cloned().collect(),
            names,
            line: place.line(entry.span().start),
        });
    }
    Ok(people)
}

fn rules(place: &Place<'_>, all: &[Spanned<RuleText>]) -> Result<Vec<Rule>, TrustFileError> {
    let mut rules: Vec<Rule> = Vec::new();
    for entry in all {
        let text = entry.get_ref();
        let name = text.name.get_ref();
        if crate::text::is_blank(name) || rules.iter().any(|r| r.name == *name) {
            return Err(place.fault(&text.name, format!("the rule's name {name:?} is empty or given twice")));
        }
        let needs = text.need.get_ref();
        if needs.is_empty() {
            return Err(
                place.fault(&text.need, format!("the rule {name} needs nobody; give it need = [{{ role, count }}]"))
            );
        }
        let mut need: Vec<Need> = Vec::new();
        for one in needs {
            place.role(&text.need, &one.role)?;
            if one.count == 0 || one.count > MAX_COUNT {
                return Err(place.fault(&text.need, format!("the count of {} is not from 1 to {MAX_COUNT}", one.role)));
            }
            if need.iter().any(|n| n.role == one.role) {
                return Err(place.fault(&text.need, format!("the role {} is given twice", one.role)));
            }
            need.push(Need { rule: name.clone(), role: one.role.clone(), count: one.count });
        }
        // Left out, everybody is excluded who can be.
        let exclude = match &text.exclude {
            None => Exclusion::ALL.into_iter().collect(),
            Some(list) => list
                .get_ref()
                .iter()
                .map(|word| {
                    let bad =
                        || place.fault(list, format!("{word:?} cannot be excluded; known are author, pusher, trigger"));
                    Exclusion::from_word(word).ok_or_else(bad)
                })
                .collect::<Result<_, _>>()?,
        };
        let same_evidence = match &text.evidence {
            None => true,
            Some(word) => match word.get_ref().as_str() {
                "same" => true,
                "any" => false,
                other => return Err(place.fault(word, format!("evidence is {other:?}, and not \"same\" or \"any\""))),
            },
        };
        let hold = match &text.hold {
            None => None,
            Some(time) => {
                let bad = || place.fault(time, format!("hold is {:?}, and not a time like \"24h\"", time.get_ref()));
                Some(parse_duration(time.get_ref()).filter(|d| !d.is_zero()).ok_or_else(bad)?)
            }
        };
        rules.push(Rule {
            name: name.clone(),
            services: place.patterns(&text.services)?,
            environments: place.patterns(&text.environments)?,
            need,
            exclude,
            same_evidence,
            hold,
            line: place.line(entry.span().start),
        });
    }
    Ok(rules)
}
