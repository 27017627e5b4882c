//! What a trigger says of the release: build, version, commit, branch, parameters, artifacts.
//!
//! Each is looked for in the trigger itself and then, for a pipeline started by a pipeline, in the triggers of its
//! parents, the nearest first.
//!
//! - Version, the first of: the parameter `version`; `trigger.version`; the `version` of an artifact, or the tag of its
//!   reference; `trigger.tag` (Docker); a word like `1.4.2` in the name of the build.
//! - Commit, the first of: the build's `scm` (where that lists several, the one that `trigger.hash` or a parameter
//!   names); `trigger.hash`; the parameters `commit`, `git_commit`, `sha` or `revision`. It must be hexadecimal.

use serde_json::Value;

use super::wire::{list, number, text};
use crate::domain::gate::{BuildRef, Trigger};
use crate::domain::ids::Digest;
use crate::domain::release::Artifact;
use crate::text::Untrusted;

/// How many parents are looked at.
const ANCESTORS: usize = 8;
/// Stands for the value of a parameter whose name looks like a secret's.
const HIDDEN: &str = "(hidden)";
/// Parameters that name a commit.
const COMMIT_NAMES: [&str; 5] = ["commit", "git_commit", "gitcommit", "sha", "revision"];

/// Reads the `trigger` of an execution.
pub(super) fn read(trigger: &Value) -> Trigger {
    let mut chain = vec![trigger];
    while chain.len() <= ANCESTORS {
        match chain.last().and_then(|t| t.pointer("/parentExecution/trigger")) {
            Some(parent) => chain.push(parent),
            None => break,
        }
    }
    let first = |f: fn(&Value) -> Option<String>| chain.iter().find_map(|t| f(t)).map(Untrusted::from);
    Trigger {
        kind: text(trigger.get("type")).unwrap_or_default().into(),
        build: chain.iter().find_map(|t| build(t)),
        version: first(version),
        commit: first(commit),
        branch: first(branch),
        parameters: parameters(trigger),
        artifacts: chain.iter().map(|t| artifacts(t)).find(|a| !a.is_empty()).unwrap_or_default(),
    }
}

fn build(trigger: &Value) -> Option<BuildRef> {
    let info = trigger.get("buildInfo").unwrap_or(&Value::Null);
    let number = number(info.get("number")).or_else(|| number(trigger.get("buildNumber")))?;
    let url = text(info.get("url"));
    let job = url
        .as_deref()
        .and_then(job_of_url)
        .or_else(|| text(trigger.get("job")).map(|j| job_path(&j)))
        .or_else(|| text(info.get("name")).map(|j| job_path(&j)))
        .or_else(|| text(info.get("fullDisplayName")).and_then(|n| job_of_display_name(&n)))?;
    Some(BuildRef { job: job.into(), number: u64::try_from(number).ok()?, url: url.map(Into::into) })
}

/// `https://ci/job/team/job/payments/42/` is of the job `team/payments`.
fn job_of_url(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let mut folders = Vec::new();
    let mut segments = url.path_segments()?;
    while let Some(segment) = segments.next() {
        if segment == "job" {
            let name = percent_encoding::percent_decode_str(segments.next()?).decode_utf8_lossy();
            folders.push(name.into_owned());
        }
    }
    (!folders.is_empty()).then(|| folders.join("/"))
}

/// Igor writes folders as `team/job/payments`.
fn job_path(job: &str) -> String {
    job.trim_matches('/').split("/job/").map(|p| p.trim_start_matches("job/")).collect::<Vec<_>>().join("/")
}

/// `team » payments #42` is of the job `team/payments`.
fn job_of_display_name(name: &str) -> Option<String> {
    let job = name.split(" #").next()?.split(" » ").map(str::trim).collect::<Vec<_>>().join("/");
    (!job.is_empty()).then_some(job)
}

fn version(trigger: &Value) -> Option<String> {
    let of_artifact = || artifact_values(trigger).into_iter().find_map(artifact_version);
    let of_build = || {
        let info = trigger.get("buildInfo")?;
        ["displayName", "fullDisplayName", "name"].iter().find_map(|k| version_word(&text(info.get(*k))?))
    };
    parameter(trigger, "version")
        .or_else(|| text(trigger.get("version")))
        .or_else(of_artifact)
        .or_else(|| text(trigger.get("tag")))
        .or_else(of_build)
}

fn artifact_version(artifact: &Value) -> Option<String> {
    // A digest says which bytes, not which version.
    text(artifact.get("version")).filter(|v| !v.starts_with("sha256:")).or_else(|| {
        let reference = text(artifact.get("reference"))?;
        let untagged = reference.split('@').next()?;
        let (_, tag) = untagged.rsplit('/').next()?.split_once(':')?;
        let docker = text(artifact.get("type")).is_some_and(|t| t.contains("docker"));
        (docker && !tag.is_empty()).then(|| tag.to_owned())
    })
}

/// The first word like `1.4.2`, `v1.4.2-rc.1`, `#1.4.2`.
fn version_word(name: &str) -> Option<String> {
    name.split([' ', '#', '(', ')', ',', '/']).find_map(|word| {
        let bare = word.strip_prefix('v').unwrap_or(word);
        let core = bare.split(['-', '+']).next()?;
        let numbers: Vec<&str> = core.split('.').collect();
        let good = numbers.len() >= 3 && numbers.iter().all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        good.then(|| bare.to_owned())
    })
}

fn commit(trigger: &Value) -> Option<String> {
    let named = || {
        text(trigger.get("hash"))
            .into_iter()
            .chain(COMMIT_NAMES.iter().filter_map(|name| parameter(trigger, name)))
            .find(|c| is_commit(c))
    };
    let scm = scm_commits(trigger);
    match scm.as_slice() {
        [] => named(),
        [one] => Some(one.clone()),
        // A Jenkins build lists every repository that it checked out, shared libraries too.
        [newest, ..] => named().filter(|n| scm.contains(n)).or_else(|| Some(newest.clone())),
    }
}

fn scm_commits(trigger: &Value) -> Vec<String> {
    let mut commits: Vec<String> = Vec::new();
    for sha in list(trigger.pointer("/buildInfo/scm")).iter().filter_map(|s| text(s.get("sha1"))) {
        if is_commit(&sha) && !commits.contains(&sha) {
            commits.push(sha);
        }
    }
    commits
}

fn is_commit(commit: &str) -> bool {
    (7..=64).contains(&commit.len()) && commit.bytes().all(|b| b.is_ascii_hexdigit())
}

fn branch(trigger: &Value) -> Option<String> {
    let commit = commit(trigger);
    let scm = list(trigger.pointer("/buildInfo/scm"));
    let built = scm.iter().find(|s| commit.is_some() && text(s.get("sha1")) == commit).or(scm.first());
    built
        .and_then(|s| text(s.get("branch")).or_else(|| text(s.get("name"))))
        .or_else(|| text(trigger.get("branch")))
        .or_else(|| parameter(trigger, "branch"))
}

/// The value of a parameter, whatever the case of its name.
fn parameter(trigger: &Value, name: &str) -> Option<String> {
    let parameters = trigger.get("parameters")?.as_object()?;
    let key = parameters.keys().find(|k| k.eq_ignore_ascii_case(name))?;
    text(parameters.get(key))
}

fn parameters(trigger: &Value) -> Vec<(Untrusted, Untrusted)> {
    let Some(all) = trigger.get("parameters").and_then(Value::as_object) else { return Vec::new() };
    let mut out: Vec<(Untrusted, Untrusted)> = all
        .iter()
        .map(|(name, value)| {
            let shown = if is_secret_name(name) {
                HIDDEN.to_owned()
            } else {
                value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
            };
            (name.clone().into(), shown.into())
        })
        .collect();
    out.sort();
    out
}

/// Whether a parameter of this name is likely to hold a secret. Rather too often than too seldom.
fn is_secret_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    if ["password", "passwd", "passphrase", "secret", "token", "credential", "apikey"].iter().any(|w| lower.contains(w))
    {
        return true;
    }
    let mut words = vec![String::new()];
    let mut before_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && before_lower) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
        before_lower = c.is_lowercase();
    }
    words.iter().any(|w| matches!(w.as_str(), "key" | "pass" | "pwd" | "pat" | "auth" | "cred" | "creds" | "private"))
}

fn artifact_values(trigger: &Value) -> Vec<&Value> {
    let bound = list(trigger.get("resolvedExpectedArtifacts")).iter().filter_map(|e| e.get("boundArtifact"));
    list(trigger.get("artifacts")).iter().chain(bound).collect()
}

fn artifacts(trigger: &Value) -> Vec<Artifact> {
    let mut out: Vec<Artifact> = Vec::new();
    for artifact in artifact_values(trigger) {
        let reference = text(artifact.get("reference")).or_else(|| text(artifact.get("name")));
        let Some(reference) = reference else { continue };
        let name = text(artifact.get("name")).unwrap_or_else(|| reference.clone());
        let version = text(artifact.get("version")).and_then(|v| v.parse().ok());
        let digest = digest_in(&reference).or_else(|| digest_in(&name)).or(version);
        out.push(Artifact { name: name.into(), reference: reference.into(), digest });
    }
    // A Docker trigger names the image in fields of its own, often without listing it as an artifact.
    if let Some(repository) = text(trigger.get("repository")).filter(|_| is_docker(trigger))
        && !out.iter().any(|a| a.reference.raw().contains(&repository))
    {
        let registry = text(trigger.get("registry")).map(|r| format!("{r}/")).unwrap_or_default();
        let tag = text(trigger.get("tag")).map(|t| format!(":{t}")).unwrap_or_default();
        let digest = text(trigger.get("digest")).and_then(|d| d.parse::<Digest>().ok());
        let at = digest.as_ref().map(|d| format!("@{d}")).unwrap_or_default();
        let reference = format!("{registry}{repository}{tag}{at}");
        out.push(Artifact { name: repository.into(), reference: reference.into(), digest });
    }
    out.sort();
    out.dedup();
    out
}

fn is_docker(trigger: &Value) -> bool {
    text(trigger.get("type")).is_some_and(|t| t.eq_ignore_ascii_case("docker"))
}

/// The digest in `image@sha256:...`.
fn digest_in(reference: &str) -> Option<Digest> {
    let (_, digest) = reference.rsplit_once("@sha256:")?;
    format!("sha256:{digest}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
    const OTHER: &str = "ffffffffffffffffffffffffffffffffffffffff";

    #[test]
    fn a_jenkins_trigger_names_build_commit_and_branch() {
        let t = read(&json!({"type": "jenkins", "job": "ignored", "buildInfo": {
            "number": 42, "url": "https://ci.example.com/job/team/job/pay%20ments/42/",
            "fullDisplayName": "team » pay ments #42",
            "scm": [{"branch": "main", "sha1": SHA}]}}));
        let build = t.build.unwrap();
        assert_eq!((build.job.raw(), build.number), ("team/pay ments", 42));
        assert_eq!(t.commit.unwrap().raw(), SHA);
        assert_eq!(t.branch.unwrap().raw(), "main");
        assert_eq!(t.version, None, "a build number is no version");
    }

    #[test]
    fn job_and_number_do_without_build_info() {
        let t = read(&json!({"type": "jenkins", "job": "team/job/payments", "buildNumber": "7"}));
        let build = t.build.unwrap();
        assert_eq!((build.job.raw(), build.number, build.url), ("team/payments", 7, None));
        let t = read(&json!({"buildInfo": {"number": 3, "fullDisplayName": "team » payments #3"}}));
        assert_eq!(t.build.unwrap().job.raw(), "team/payments");
    }

    #[test]
    fn versions_in_their_order() {
        let mut t = json!({
            "parameters": {"Version": "5.0.0"}, "version": "4.0.0",
            "artifacts": [{"type": "docker/image", "name": "r/pay", "reference": "r:5000/pay:3.0.0"}],
            "tag": "2.0.0", "buildInfo": {"number": 1, "name": "pay", "fullDisplayName": "pay #v1.0.0-rc.1"}
        });
        for (want, gone) in [
            ("5.0.0", "parameters"),
            ("4.0.0", "version"),
            ("3.0.0", "artifacts"),
            ("2.0.0", "tag"),
            ("1.0.0-rc.1", "buildInfo"),
        ] {
            assert_eq!(read(&t).version.unwrap().raw(), want);
            t.as_object_mut().unwrap().remove(gone);
        }
        assert_eq!(read(&t).version, None);
    }

    #[test]
    fn of_several_checkouts_the_named_one_is_the_release() {
        let scm = json!([{"branch": "lib", "sha1": OTHER}, {"branch": "main", "sha1": SHA}]);
        let t = read(&json!({"buildInfo": {"scm": scm}, "parameters": {"GIT_COMMIT": SHA}}));
        assert_eq!((t.commit.unwrap().raw(), t.branch.unwrap().raw()), (SHA, "main"));
        let t = read(&json!({"buildInfo": {"scm": scm}}));
        assert_eq!(t.commit.unwrap().raw(), OTHER);
        assert_eq!(read(&json!({"hash": "$(rm -rf)"})).commit, None);
    }

    #[test]
    fn parents_are_searched_and_the_own_trigger_wins() {
        let t = read(&json!({"type": "pipeline", "parameters": {"version": "2.0.0"}, "parentExecution": {"trigger": {
            "type": "pipeline", "parameters": {"version": "1.0.0"}, "parentExecution": {"trigger": {
                "type": "jenkins", "job": "pay", "buildNumber": 9, "hash": SHA,
                "artifacts": [{"name": "pay.deb", "reference": "repo/pay.deb"}]}}}}}));
        assert_eq!(t.kind.raw(), "pipeline");
        assert_eq!(t.version.unwrap().raw(), "2.0.0");
        assert_eq!(t.build.unwrap().number, 9);
        assert_eq!(t.commit.unwrap().raw(), SHA);
        assert_eq!(t.artifacts.len(), 1);
    }

    #[test]
    fn images_by_digest_have_one_and_by_tag_have_none() {
        let hex = "ab".repeat(32);
        let t = read(
            &json!({"artifacts": [{"name": "r/pay", "reference": format!("r/pay:1@sha256:{hex}")}, {"reference": "r/web:2"}],
            "resolvedExpectedArtifacts": [{"boundArtifact": {"name": "r/pay", "reference": format!("r/pay:1@sha256:{hex}")}}, {}]}),
        );
        assert_eq!(t.artifacts.len(), 2);
        assert_eq!(t.artifacts[0].digest.as_ref().unwrap().hex(), hex);
        assert_eq!(t.artifacts[1].digest, None);
        let t = read(&json!({"type": "docker", "registry": "r", "repository": "acme/pay", "tag": "1.2.3"}));
        assert_eq!(t.artifacts[0].reference.raw(), "r/acme/pay:1.2.3");
        assert_eq!(t.version.unwrap().raw(), "1.2.3");
    }

    #[test]
    fn values_of_secrets_are_dropped() {
        let t = read(
            &json!({"parameters": {"DB_PASSWORD": "hunter2", "apiKey": "k", "region": "eu", "monkey": "see", "n": 3}}),
        );
        let shown: Vec<(&str, &str)> = t.parameters.iter().map(|(k, v)| (k.raw(), v.raw())).collect();
        assert_eq!(
            shown,
            [("DB_PASSWORD", HIDDEN), ("apiKey", HIDDEN), ("monkey", "see"), ("n", "3"), ("region", "eu")]
        );
        for name in ["gitToken", "SSH_KEY", "client-secret", "basicAuth", "PASS"] {
            assert!(is_secret_name(name), "{name}");
        }
    }
}
