//! Prowler, versions 2 to 5: tables, its own JSON, and the JSON of the Open Cybersecurity Schema Framework (OCSF).
//! What it writes as ASFF is read there.

mod csv;
mod json;
mod ocsf;

use crate::report::prelude::*;

const TOOL: &str = "Prowler";

pub(super) const FORMATS: &[Format] = &[ocsf::GENERAL, csv::FORMAT, json::FORMAT, ocsf::FORMAT];

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It is a finding.
    Failed,
    /// It is a finding that Prowler was told to mute.
    Muted,
    /// A person has to look.
    ByHand,
    /// It passed, or it is no more than a remark.
    Passed,
}

/// What became of a check, in the word of any version. A word that is not known is a finding.
fn outcome(status: &str, muted: bool) -> Outcome {
    match status.trim().to_ascii_uppercase().as_str() {
        "PASS" | "PASSED" | "SUCCESS" | "INFO" | "MUTED (PASS)" => Outcome::Passed,
        // Versions 2 and 3 write so what their allow list has.
        "WARNING" | "MUTED" | "MUTED (FAIL)" => Outcome::Muted,
        "MANUAL" => Outcome::ByHand,
        _ if muted => Outcome::Muted,
        _ => Outcome::Failed,
    }
}

/// Takes a check, as what became of it.
fn take(reading: &mut Reading<'_>, outcome: Outcome, draft: impl FnOnce() -> Draft) {
    if outcome == Outcome::Passed {
        return reading.passed(1);
    }
    let mut draft = draft();
    match outcome {
        Outcome::Muted => draft.suppressed = Some("Muted in the tool's configuration.".to_owned()),
        Outcome::ByHand => draft.say("Status", Some("to be checked by hand")),
        _ => {}
    }
    reading.add(draft);
}

/// What it looked at, by its provider.
fn class_of(provider: &str) -> Class {
    match provider.trim().to_ascii_lowercase().as_str() {
        "iac" => Class::Iac,
        "image" => Class::Container,
        _ => Class::Infra,
    }
}

/// Account, region and resource; an ARN has the account in it.
fn place(account: Option<&str>, region: Option<&str>, resource: Option<&str>) -> Option<String> {
    let known = account.filter(|a| !resource.is_some_and(|r| r.contains(a)));
    let parts: Vec<&str> = [known, region, resource].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// The id of a finding, which is made of check, account, region and resource from version 3 on.
fn native_id(id: Option<&str>) -> Option<String> {
    id.filter(|id| id.starts_with("prowler-")).map(str::to_owned)
}

#[cfg(test)]
mod tests;
