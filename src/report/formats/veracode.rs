//! Veracode: the detailed report (XML), the findings of its API, its pipeline scan, and its agent's list of dependencies.

mod agent;
mod api;
mod detailed;

use crate::report::prelude::*;

const TOOL: &str = "Veracode";

pub(super) const FORMATS: &[Format] = &[agent::CSV, agent::JSON, detailed::FORMAT, api::FINDINGS, api::PIPELINE];

/// Veracode's scale: 5 is very high, 1 very low, 0 informational.
fn severity(level: Option<u32>) -> Severity {
    match level {
        Some(5) => Severity::Critical,
        Some(4) => Severity::High,
        Some(3) => Severity::Medium,
        Some(1 | 2) => Severity::Low,
        Some(0) => Severity::Info,
        _ => Severity::Unknown,
    }
}

/// A file with its folder before it.
fn joined(folder: &str, file: &str) -> String {
    match (folder, file) {
        ("", file) => file.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, file) if folder.ends_with(['/', '\\']) => format!("{folder}{file}"),
        // Some versions give the whole path as the folder.
        (folder, file) if folder.ends_with(&format!("/{file}")) || folder == file => folder.to_owned(),
        (folder, file) => format!("{folder}/{file}"),
    }
}

/// The package of a library id: `maven:org.example:lib:1.2.3:`.
fn library(id: &str) -> Option<(String, Option<String>)> {
    let (manager, rest) = id.split_once(':')?;
    let mut parts = rest.trim_end_matches(':').split(':');
    let (kind, name) = match manager {
        "maven" => {
            let (group, artifact) = (parts.next()?, parts.next().filter(|a| !a.is_empty())?);
            return Some((
                format!("{group}:{artifact}"),
                version_of("maven", &format!("{group}/{artifact}"), parts.next()),
            ));
        }
        "npm" | "pypi" | "gem" | "nuget" => (manager, parts.next().filter(|n| !n.is_empty())?.to_owned()),
        _ => return None,
    };
    // The second part is empty where the manager has no groups.
    let version = parts.find(|p| !p.is_empty());
    let purl = version_of(kind, &name.replace('@', "%40"), version);
    Some((name, purl))
}

fn version_of(kind: &str, name: &str, version: Option<&str>) -> Option<String> {
    version.filter(|v| !v.is_empty()).map(|v| format!("pkg:{kind}/{name}@{v}"))
}

#[cfg(test)]
mod tests;
