//! What is asked of which source for one release: the configuration's lines, templates filled in.

use std::path::PathBuf;

use super::provenance::Judging;
use super::template::{Place, fill};
use crate::config::schema::{ServiceConfig, TrustConfig};
use crate::domain::evidence::{Kind, Reason};
use crate::domain::gate::Gate;
use crate::domain::release::Release;
use crate::source::{Ask, Keeper, What};
use crate::text::Untrusted;

/// One piece of evidence to be collected.
#[derive(Debug, Clone)]
pub struct Task {
    /// The piece's name, unique in a dossier.
    pub name: String,
    /// What kind of evidence.
    pub kind: Kind,
    /// The connection, or `path`.
    pub from: String,
    /// What to ask, or why it cannot be asked.
    pub ask: Result<Ask, Reason>,
    /// Provenance: how the files that come are judged.
    pub judging: Option<Judging>,
}

/// The tasks of a release, in three groups by what they wait for.
#[derive(Debug, Default)]
pub struct Tasks {
    /// Those that need nothing.
    pub direct: Vec<Task>,
    /// Changes: they need the commit of the last approved release.
    pub changes: Vec<Task>,
    /// Tickets by keys: they need the changes. Their `ask` has no keys yet.
    pub keyed: Vec<Task>,
}

/// The tasks for a release of a service.
pub fn tasks(service: &ServiceConfig, trust: &TrustConfig, gate: &Gate, release: &Release) -> Tasks {
    let build = gate.trigger.build.as_ref();
    let make = |kind: Kind, from: &str, detail: &str, what: Result<What, Reason>| Task {
        name: if detail.is_empty() {
            format!("{}/{from}", kind.word())
        } else {
            format!("{}/{from}/{detail}", kind.word())
        },
        kind,
        from: from.to_owned(),
        ask: what.map(|what| Ask {
            kind,
            what,
            release: release.clone(),
            build: build.cloned(),
            base: None,
            keeper: Keeper::default(),
        }),
        judging: None,
    };
    let filled = |template: &str, place: Place| fill(template, release, build, place);
    let mut tasks = Tasks::default();
    for line in &service.builds {
        let job = line.job.as_deref().map(|j| filled(j, Place::Plain)).transpose();
        let detail = line.job.clone().unwrap_or_default();
        tasks.direct.push(make(Kind::Builds, &line.from, &detail, job.map(|job| What::Build { job })));
    }
    let job = service.builds.first().and_then(|b| b.job.as_deref());
    for line in &service.findings {
        let task = match (&line.from, &line.project, &line.artifacts, &line.path) {
            (Some(from), Some(project), ..) => {
                let what = filled(project, Place::Plain).and_then(|project| {
                    let branch = line.branch.as_deref().map(|b| filled(b, Place::Plain)).transpose()?;
                    Ok(What::Project { project, branch })
                });
                make(Kind::Findings, from, project, what)
            }
            (Some(from), None, Some(pattern), _) => {
                let what = job.map(|j| filled(j, Place::Plain)).transpose();
                make(Kind::Findings, from, pattern, what.map(|job| What::Artifacts { pattern: pattern.clone(), job }))
            }
            (_, _, _, Some(path)) => {
                let what = filled(path, Place::Path).map(|p| What::Folder { path: PathBuf::from(p) });
                make(Kind::Findings, "path", unplaced(path), what)
            }
            // The configuration was checked for this when it was loaded.
            _ => continue,
        };
        tasks.direct.push(task);
    }
    for line in &service.provenance {
        let (from, detail, what) = match (&line.from, &line.artifacts, &line.path) {
            (Some(from), Some(pattern), _) => {
                let what = job.map(|j| filled(j, Place::Plain)).transpose();
                let what = what.map(|job| What::Artifacts { pattern: pattern.clone(), job });
                (from.as_str(), pattern.as_str(), what)
            }
            (_, _, Some(path)) => {
                let what = filled(path, Place::Path).map(|p| What::Folder { path: PathBuf::from(p) });
                ("path", unplaced(path), what)
            }
            // The configuration was checked for this when it was loaded.
            _ => continue,
        };
        let judging = Judging::new(line, trust, release, build);
        let (judging, what) = match (judging, what) {
            (Ok(judging), what) => (Some(judging), what),
            (Err(reason), _) => (None, Err(reason)),
        };
        tasks.direct.push(Task { judging, ..make(Kind::Provenance, from, detail, what) });
    }
    for line in &service.tickets {
        if let Some(jql) = &line.jql {
            let what = filled(jql, Place::Jql).map(|jql| What::Jql { jql });
            tasks.direct.push(make(Kind::Tickets, &line.from, "query", what));
        }
        if line.keys_in.is_some() {
            tasks.keyed.push(make(Kind::Tickets, &line.from, "changes", Ok(What::Keys { keys: Vec::new() })));
        }
    }
    for line in &service.changes {
        let what = filled(&line.repository, Place::Plain).map(|repository| What::Repository { repository });
        tasks.changes.push(make(Kind::Changes, &line.from, &line.repository, what));
    }
    number_repeats(&mut tasks);
    tasks
}

/// What of a configured path does not say where it lies on this machine: from its first part that differs by release on,
/// or else its last part. The names of pieces are in the dossier's digest, and the approvers' homes are not the same.
fn unplaced(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    let end = path.find('{').unwrap_or(path.len());
    let start = path.get(..end).and_then(|placed| placed.rfind('/')).map_or(0, |slash| slash + 1);
    path.get(start..).unwrap_or(path)
}

/// Two lines of the configuration that read the same get a number each, so that names stay unique.
fn number_repeats(tasks: &mut Tasks) {
    let mut seen = std::collections::HashMap::new();
    for task in tasks.direct.iter_mut().chain(&mut tasks.changes).chain(&mut tasks.keyed) {
        let count: &mut u32 = seen.entry(task.name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            task.name = format!("{}#{count}", task.name);
        }
    }
}

/// Says from which commit on changes are asked.
pub fn with_base(mut task: Task, base: Option<&Untrusted>) -> Task {
    if let Ok(ask) = &mut task.ask {
        ask.base = base.cloned();
    }
    task
}

/// Says which keys are asked.
pub fn with_keys(mut task: Task, keys: &[String]) -> Task {
    if let Ok(ask) = &mut task.ask {
        ask.what = What::Keys { keys: keys.to_vec() };
    }
    task
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_named_by_what_all_approvers_share() {
        for (path, name) in [
            ("/home/ana/scans/{service}/{commit}", "{service}/{commit}"),
            ("/srv/scans-{service}/out", "scans-{service}/out"),
            ("/home/ben/reports/", "reports"),
            ("/r.json", "r.json"),
            ("{service}", "{service}"),
            ("/", ""),
        ] {
            assert_eq!(unplaced(path), name, "{path}");
        }
    }
}
