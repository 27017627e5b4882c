//! The shapes of Jenkins' remote API, as far as they are asked for. Everything may be missing.

use serde::Deserialize;
use serde_json::Value;

use super::cause::{self, Cause};
use crate::domain::build::{Build, BuildArtifact, BuildChange, BuildResult, Tests};
use crate::domain::time::Timestamp;
use crate::text::Untrusted;

/// What is asked of a build. Freestyle jobs have one `changeSet`, pipelines have a list of `changeSets`.
pub(super) fn tree() -> String {
    format!(
        "number,url,result,building,timestamp,duration,\
         actions[parameters[_class,name,value],{},lastBuiltRevision[SHA1,branch[name]]],\
         changeSet[items[commitId,author[fullName],msg]],changeSets[items[commitId,author[fullName],msg]],\
         artifacts[relativePath]",
        cause::tree()
    )
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Listing {
    pub(super) all_builds: Vec<Run>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Run {
    pub(super) number: Option<u64>,
    pub(super) building: Option<bool>,
    url: Option<String>,
    result: Option<String>,
    timestamp: Option<i64>,
    duration: Option<i64>,
    // Actions that export nothing of what is asked come as empty objects, some as null.
    actions: Vec<Option<Action>>,
    change_set: Option<ChangeSet>,
    change_sets: Option<Vec<ChangeSet>>,
    artifacts: Option<Vec<Artifact>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Action {
    parameters: Option<Vec<Parameter>>,
    causes: Option<Vec<Cause>>,
    last_built_revision: Option<Revision>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Parameter {
    #[serde(rename = "_class")]
    class: Option<String>,
    name: Option<String>,
    value: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Revision {
    #[serde(rename = "SHA1")]
    sha1: Option<String>,
    branch: Option<Vec<Branch>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Branch {
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ChangeSet {
    items: Option<Vec<Item>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Item {
    commit_id: Option<String>,
    author: Option<Author>,
    msg: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Author {
    full_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Artifact {
    relative_path: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TestReport {
    #[serde(rename = "failCount")]
    failed: Option<u32>,
    #[serde(rename = "skipCount")]
    skipped: Option<u32>,
    #[serde(rename = "passCount")]
    passed: Option<u32>,
    // Aggregated reports of Maven jobs have a total in place of the passed ones.
    #[serde(rename = "totalCount")]
    total: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Me {
    pub(super) id: Option<String>,
    pub(super) full_name: Option<String>,
}

impl TestReport {
    pub(super) fn tests(&self) -> Option<Tests> {
        let failed = self.failed?;
        let skipped = self.skipped.unwrap_or(0);
        let passed = self.passed.or_else(|| self.total?.checked_sub(failed)?.checked_sub(skipped))?;
        Some(Tests { passed, failed, skipped })
    }
}

impl Run {
    /// The commits that the build's git steps checked out: its own, and those of shared libraries.
    pub(super) fn revisions(&self) -> impl Iterator<Item = &str> {
        self.git().filter_map(|r| r.sha1.as_deref())
    }

    pub(super) fn artifact_paths(&self) -> impl Iterator<Item = String> {
        self.artifacts.iter().flatten().filter_map(|a| a.relative_path.clone())
    }

    /// Why it ran.
    pub(super) fn causes(&self) -> impl Iterator<Item = &Cause> {
        self.actions.iter().flatten().filter_map(|a| a.causes.as_ref()).flatten()
    }

    fn git(&self) -> impl Iterator<Item = &Revision> {
        self.actions.iter().flatten().filter_map(|a| a.last_built_revision.as_ref())
    }

    /// The build. Of several checkouts the one of the release's commit counts, else the first. Who started it is not
    /// in it yet: that may stand in the builds before it.
    pub(super) fn into_build(self, job: String, address: String, commit: Option<&str>, tests: Option<Tests>) -> Build {
        let of_release =
            |r: &&Revision| commit.is_some_and(|c| r.sha1.as_deref().is_some_and(|sha| sha.eq_ignore_ascii_case(c)));
        let revision = self.git().find(of_release).or_else(|| self.git().next());
        let branch = revision.and_then(|r| r.branch.as_ref()?.first()?.name.as_deref()).map(plain_branch);
        let running = self.building == Some(true);
        let parameters = self.actions.iter().flatten().filter_map(|a| a.parameters.as_ref()).flatten();
        let sets = self.change_sets.iter().flatten().chain(&self.change_set);
        Build {
            job: job.into(),
            number: self.number.unwrap_or_default(),
            url: self.url.clone().unwrap_or(address).into(),
            result: match self.result.as_deref() {
                _ if running => BuildResult::Running,
                Some("SUCCESS") => BuildResult::Success,
                Some("UNSTABLE") => BuildResult::Unstable,
                Some("FAILURE") => BuildResult::Failure,
                Some("NOT_BUILT") => BuildResult::NotBuilt,
                Some("ABORTED") => BuildResult::Aborted,
                _ => BuildResult::Unknown,
            },
            started_at: self.timestamp.and_then(Timestamp::from_millis),
            duration_ms: self.duration.filter(|_| !running).and_then(|d| u64::try_from(d).ok()),
            commit: revision.and_then(|r| r.sha1.clone()).map(Untrusted::from),
            branch: branch.map(Untrusted::from),
            parameters: parameters.filter_map(Parameter::shown).collect(),
            causes: self.causes().filter_map(Cause::said).map(Untrusted::from).collect(),
            starters: Vec::new(),
            tests,
            changes: sets.flat_map(|s| s.items.iter().flatten()).map(Item::change).collect(),
            artifacts: self.artifact_paths().map(|p| BuildArtifact { path: p.into(), digest: None }).collect(),
        }
    }
}

impl Parameter {
    /// Name and value; `None` for passwords, and for files and runs, which have no value.
    fn shown(&self) -> Option<(Untrusted, Untrusted)> {
        if self.class.as_ref().is_some_and(|c| c.contains("Password") || c.contains("Secret")) {
            return None;
        }
        let value = match &self.value {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => self.value.to_string(),
            _ => return None,
        };
        Some((self.name.clone()?.into(), value.into()))
    }
}

impl Item {
    fn change(&self) -> BuildChange {
        let author = self.author.as_ref().and_then(|a| a.full_name.clone());
        BuildChange {
            commit: self.commit_id.clone().unwrap_or_default().into(),
            author: author.unwrap_or_default().into(),
            message: self.msg.clone().unwrap_or_default().into(),
        }
    }
}

/// The name without the remote: `main` for `refs/remotes/origin/main` and `origin/main`.
fn plain_branch(name: &str) -> String {
    let name = name.strip_prefix("refs/remotes/").or_else(|| name.strip_prefix("refs/heads/")).unwrap_or(name);
    name.strip_prefix("origin/").unwrap_or(name).to_owned()
}
