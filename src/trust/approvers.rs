//! The approvers file: who holds which role, under which names other systems know them, and what a gate needs.
//!
//! It is TOML, signed as a whole (see [`signed`]), and read strictly: what is not understood is an error with its line,
//! never a rule less. docs/roles.md describes it for people.

mod read;
pub mod signed;

use std::collections::BTreeSet;
use std::time::Duration;

use super::allowed_signers::pattern::list_matches;
use crate::domain::ids::{Digest, Principal};
use crate::domain::quorum::{DelegationScope, Exclusion, Need};

/// The approvers file, read. Whether it is signed is said by [`signed::Signed`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approvers {
    /// The file, safe to display.
    pub file: String,
    /// Which version of it this is: it only ever grows.
    pub serial: u64,
    /// The people, in the file's order.
    pub people: Vec<Person>,
    /// The rules, in the file's order.
    pub rules: Vec<Rule>,
    /// Who may approve alone in an emergency, and where.
    pub break_glass: Option<BreakGlass>,
    /// SHA-256 of the file's bytes.
    pub digest: Digest,
}

/// One person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The principal, as allowed_signers has it.
    pub principal: Principal,
    /// The roles.
    pub roles: BTreeSet<String>,
    /// The person's names elsewhere, with the system's word: `git`, `github`, `jira`, `spinnaker`.
    pub names: Vec<(String, String)>,
    /// The line, from 1.
    pub line: usize,
}

/// What some gates need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// The services: patterns.
    pub services: Vec<String>,
    /// The environments: patterns.
    pub environments: Vec<String>,
    /// How many people in which roles.
    pub need: Vec<Need>,
    /// Who may not be among them.
    pub exclude: BTreeSet<Exclusion>,
    /// Whether all must have seen the same evidence.
    pub same_evidence: bool,
    /// How long an approval counts; `None`: as long as it says itself.
    pub hold: Option<Duration>,
    /// The line, from 1.
    pub line: usize,
}

/// Who may approve alone in an emergency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakGlass {
    /// The role.
    pub role: String,
    /// The environments: patterns.
    pub environments: Vec<String>,
}

impl Approvers {
    /// The rules for a service and environment, in the file's order.
    pub fn rules_for(&self, service: &str, environment: &str) -> Vec<&Rule> {
        self.rules.iter().filter(|r| r.covers(service, environment)).collect()
    }

    /// One person.
    pub fn person(&self, principal: &Principal) -> Option<&Person> {
        self.people.iter().find(|p| p.principal == *principal)
    }

    /// Everybody that a name from outside may stand for: by a name in the file, or as the principal itself.
    pub fn people_named(&self, name: &str) -> Vec<&Person> {
        let wanted = plain(name);
        let is = |p: &&Person| plain(p.principal.as_str()) == wanted || p.names.iter().any(|(_, n)| plain(n) == wanted);
        if wanted.is_empty() { Vec::new() } else { self.people.iter().filter(is).collect() }
    }

    /// Whether break-glass is possible in an environment, and in which role.
    pub fn break_glass_role(&self, environment: &str) -> Option<&str> {
        let glass = self.break_glass.as_ref()?;
        covers(&glass.environments, environment).then_some(glass.role.as_str())
    }

    /// What cannot work as it is written, although it can be read: each in a sentence.
    pub fn faults(&self) -> Vec<String> {
        let holders = |role: &str| self.people.iter().filter(|p| p.roles.contains(role)).count();
        let mut out = Vec::new();
        for rule in &self.rules {
            for need in &rule.need {
                let (have, wanted) = (holders(&need.role), usize::try_from(need.count).unwrap_or(usize::MAX));
                if have < wanted {
                    out.push(format!(
                        "{}:{}: the rule {} needs {wanted} of the role {}, and {have} hold it.",
                        self.file, rule.line, rule.name, need.role
                    ));
                }
            }
        }
        if let Some(glass) = self.break_glass.as_ref().filter(|g| holders(&g.role) == 0) {
            out.push(format!("{}: nobody holds the role {} of [break_glass].", self.file, glass.role));
        }
        for person in self.people.iter().filter(|p| p.names.is_empty()) {
            out.push(format!(
                "{}:{}: {} has no names, so it cannot be told whether this person is an author, a pusher or a trigger.",
                self.file, person.line, person.principal
            ));
        }
        out
    }
}

impl Rule {
    /// What is needed where there is no approvers file: one approval by anybody.
    pub fn anybody(role: &str) -> Self {
        let name = "anybody".to_owned();
        Self {
            services: vec!["*".to_owned()],
            environments: vec!["*".to_owned()],
            need: vec![Need { rule: name.clone(), role: role.to_owned(), count: 1 }],
            exclude: BTreeSet::new(),
            same_evidence: false,
            hold: None,
            line: 0,
            name,
        }
    }

    /// Whether it is for an environment, and perhaps for some services only.
    pub fn is_for_environment(&self, environment: &str) -> bool {
        covers(&self.environments, environment)
    }

    /// Whether it is for a service and environment.
    pub fn covers(&self, service: &str, environment: &str) -> bool {
        covers(&self.services, service) && covers(&self.environments, environment)
    }
}

/// Whether roles that were lent may be used for a service and environment.
pub fn scope_covers(scope: &DelegationScope, service: &str, environment: &str) -> bool {
    covers(&scope.services, service) && covers(&scope.environments, environment)
}

/// Whether one of the patterns is for a name, and none speaks against it.
fn covers(patterns: &[String], name: &str) -> bool {
    list_matches(&patterns.join(","), name)
}

/// A name as it is compared: without capitals and blanks around it, and GitHub's own mail addresses as the login.
pub fn plain(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    match lower.strip_suffix("@users.noreply.github.com") {
        Some(local) => local.split_once('+').map_or(local, |(_, login)| login).to_owned(),
        None => lower,
    }
}

#[cfg(test)]
mod tests;
