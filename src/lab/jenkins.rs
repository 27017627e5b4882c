//! Jenkins, as it answers its remote API.

use std::sync::Mutex;

use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::auth::{Claim, Ways, claim};
use super::call::{Call, Reply, StandIn, Times, lock, written};
use super::running::Credential;
use super::seed;
use super::world::{Content, Span, Text, World};

mod tree;

/// The address that this Jenkins believes to be its own. As with many real ones it is not the one that clients reach it
/// by, so that links in answers must not be followed with credentials.
pub const OWN_URL: &str = "https://jenkins.acme.example";

/// One build of a job.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The job with its folders: `team/payments`.
    pub job: String,
    /// The number.
    pub number: u64,
    /// `SUCCESS`, `UNSTABLE`, `FAILURE`, `ABORTED`; absent for a build that runs.
    #[serde(default)]
    pub result: Option<String>,
    /// How long ago it began.
    #[serde(default)]
    pub ago: Span,
    /// How long it took.
    #[serde(default)]
    pub duration: Span,
    /// The commit, by name or hash.
    #[serde(default)]
    pub commit: Option<String>,
    /// The branch.
    #[serde(default)]
    pub branch: Option<String>,
    /// Who started it; absent for a change in the repository.
    #[serde(default)]
    pub user: Option<String>,
    /// Parameters, by name.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// Parameters whose values are hidden.
    #[serde(default)]
    pub passwords: Vec<String>,
    /// The counts of tests; absent where it has no test report.
    #[serde(default)]
    pub tests: Option<Tests>,
    /// The changes in it.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// The archived files.
    #[serde(default)]
    pub artifacts: Vec<Artifact>,
}

/// Counts of tests.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tests {
    /// That passed.
    pub passed: u64,
    /// That failed.
    #[serde(default)]
    pub failed: u64,
    /// That were skipped.
    #[serde(default)]
    pub skipped: u64,
}

/// A change in a build.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The commit, by name or hash.
    pub commit: String,
    /// Its message.
    pub message: Text,
    /// Its author.
    pub author: String,
}

/// An archived file.
#[derive(Debug, Clone, Deserialize)]
pub struct Artifact {
    /// Its path in the archive.
    pub path: String,
    /// What it holds.
    #[serde(flatten)]
    pub content: Content,
}

struct Kept {
    job: String,
    number: u64,
    json: Value,
    tests: Option<Value>,
    files: Vec<(String, Bytes)>,
}

/// The stand-in.
pub struct Jenkins {
    credential: Credential,
    builds: Mutex<Vec<Kept>>,
}

impl Jenkins {
    /// A Jenkins that holds the builds of a world.
    pub fn new(world: &World, credential: Credential, times: &Times) -> Self {
        let mut builds: Vec<Kept> = world.build.iter().map(|b| kept(b, times)).collect();
        builds.sort_by(|a, b| (&a.job, b.number).cmp(&(&b.job, a.number)));
        Self { credential, builds: Mutex::new(builds) }
    }

    /// See [`super::Running::set_artifact`].
    pub fn set_artifact(&self, job: &str, number: u64, path: &str, bytes: Vec<u8>) -> bool {
        self.change(job, number, |kept| {
            kept.files.retain(|(p, _)| p != path);
            kept.files.push((path.to_owned(), bytes.into()));
            put(&mut kept.json, "artifacts", artifacts(&kept.files));
        })
    }

    /// See [`super::Running::set_build_result`].
    pub fn set_result(&self, job: &str, number: u64, result: &str) -> bool {
        self.change(job, number, |kept| put(&mut kept.json, "result", json!(result)))
    }

    fn change(&self, job: &str, number: u64, change: impl FnOnce(&mut Kept)) -> bool {
        let mut builds = lock(&self.builds);
        let Some(kept) = builds.iter_mut().find(|b| b.job == job && b.number == number) else { return false };
        change(kept);
        true
    }

    fn root(&self, call: &Call) -> Reply {
        let builds = lock(&self.builds);
        let mut names: Vec<&str> = builds.iter().filter_map(|b| b.job.split('/').next()).collect();
        names.dedup();
        let jobs: Vec<Value> =
            names.iter().map(|n| json!({"_class": class(&builds, n), "name": n, "url": url(n)})).collect();
        answer(
            call,
            &json!({
                "_class": "hudson.model.Hudson", "mode": "NORMAL", "nodeDescription": "the Jenkins controller's built-in node",
                "nodeName": "", "numExecutors": 2, "description": null, "jobs": jobs, "quietingDown": false, "slaveAgentPort": -1,
                "url": format!("{OWN_URL}/"), "useCrumbs": true, "useSecurity": true, "views": [],
            }),
        )
    }

    fn job(&self, call: &Call, job: &str) -> Reply {
        let builds = lock(&self.builds);
        let of: Vec<&Kept> = builds.iter().filter(|b| b.job == job).collect();
        let short = |b: &&Kept| json!({"_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun", "number": b.number, "url": build_url(b)});
        let name = job.rsplit('/').next().unwrap_or(job);
        let full = || of.iter().map(|b| b.json.clone()).collect::<Vec<_>>();
        let first = |result: &[&str]| {
            let fits = |b: &&&Kept| b.json["result"].as_str().is_some_and(|r| result.contains(&r));
            of.iter().find(fits).map_or(Value::Null, short)
        };
        let mut value = json!({
            "_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob", "name": name, "displayName": name,
            "fullName": job, "fullDisplayName": job.replace('/', " » "), "url": url(job), "buildable": true, "color": "blue",
            "inQueue": false, "nextBuildNumber": of.first().map_or(1, |b| b.number + 1),
            "lastBuild": of.first().map_or(Value::Null, short),
            "lastSuccessfulBuild": first(&["SUCCESS", "UNSTABLE"]), "lastStableBuild": first(&["SUCCESS"]),
            "lastFailedBuild": first(&["FAILURE"]),
        });
        let tree = call.param("tree").unwrap_or_default();
        if of.is_empty() {
            let inside = format!("{job}/");
            let mut names: Vec<&str> =
                builds.iter().filter_map(|b| b.job.strip_prefix(&inside)?.split('/').next()).collect();
            names.dedup();
            if names.is_empty() {
                return Reply::html(404, "Not Found");
            }
            let list = |n: &&str| json!({"_class": class(&builds, &format!("{inside}{n}")), "name": n, "url": url(&format!("{inside}{n}"))});
            let jobs: Vec<Value> = names.iter().map(list).collect();
            value = json!({"_class": "com.cloudbees.hudson.plugins.folder.Folder", "name": name, "fullName": job, "url": url(job), "jobs": jobs});
        } else if tree.contains("allBuilds") {
            // Only there when it is asked for, as with the real one; `builds` holds the newest hundred.
            put(&mut value, "allBuilds", Value::Array(full()));
        }
        if !of.is_empty() {
            let newest: Vec<Value> = if tree.contains("builds[") { full() } else { of.iter().map(short).collect() };
            put(&mut value, "builds", Value::Array(newest.into_iter().take(100).collect()));
        }
        answer(call, &value)
    }

    fn build(&self, call: &Call, job: &str, number: &str, rest: &[&str]) -> Reply {
        let builds = lock(&self.builds);
        let is = |b: &Kept, results: &[&str]| b.json["result"].as_str().is_some_and(|r| results.contains(&r));
        let found = builds.iter().filter(|b| b.job == job).find(|b| match number {
            "lastBuild" => true,
            "lastCompletedBuild" => !b.json["result"].is_null(),
            "lastSuccessfulBuild" => is(b, &["SUCCESS", "UNSTABLE"]),
            "lastStableBuild" => is(b, &["SUCCESS"]),
            "lastFailedBuild" => is(b, &["FAILURE"]),
            _ => number.parse() == Ok(b.number),
        });
        let Some(build) = found else { return Reply::html(404, "Not Found") };
        match rest {
            ["api", "json"] => answer(call, &build.json),
            ["testReport", "api", "json"] => {
                build.tests.as_ref().map_or_else(|| Reply::html(404, "Not Found"), |t| answer(call, t))
            }
            ["artifact", path @ ..] => {
                let path = path.join("/");
                let Some((_, bytes)) = build.files.iter().find(|(p, _)| *p == path) else {
                    return Reply::html(404, "Not Found");
                };
                let reply = Reply { status: 200, headers: Vec::new(), body: bytes.clone() };
                reply.with("content-type", media_type(&path)).with("x-content-type-options", "nosniff")
            }
            ["consoleText"] => {
                Reply { status: 200, headers: Vec::new(), body: Bytes::from_static(b"Finished: SUCCESS\n") }
                    .with("content-type", "text/plain;charset=utf-8")
            }
            _ => Reply::html(404, "Not Found"),
        }
    }
}

impl StandIn for Jenkins {
    fn answer(&self, call: &Call) -> Reply {
        let ways = Ways { basic: true, token_as_user: false, bearer: false };
        let reply =
            match claim(call, ways, &self.credential.user, &self.credential.secret) {
                Claim::Wrong => Reply::html(401, "Invalid password/token for user")
                    .with("www-authenticate", "Basic realm=\"Jenkins\""),
                Claim::Anonymous => Reply::html(403, "Authentication required")
                    .with("x-required-permission", "hudson.model.Hudson.Read"),
                Claim::Known => self.route(call),
            };
        reply.with("x-jenkins", "2.528.1").with("x-jenkins-session", "5e0c0de5")
    }
}

impl Jenkins {
    fn route(&self, call: &Call) -> Reply {
        if call.method != "GET" {
            return Reply::html(405, "Method Not Allowed");
        }
        let route = call.route();
        let mut job = Vec::new();
        let mut rest = route.as_slice();
        while let ["job", name, tail @ ..] = rest {
            job.push(*name);
            rest = tail;
        }
        match (job.is_empty(), rest) {
            (true, ["api", "json"]) => self.root(call),
            (true, ["me", "api", "json"]) => answer(
                call,
                &json!({
                    "_class": "hudson.model.User", "absoluteUrl": format!("{OWN_URL}/user/{}", self.credential.user),
                    "description": null, "fullName": "Demo Approver", "id": self.credential.user, "property": [],
                }),
            ),
            (true, ["whoAmI", "api", "json"]) => answer(
                call,
                &json!({
                    "_class": "hudson.security.WhoAmI", "anonymous": false, "authenticated": true,
                    "authorities": ["authenticated"], "name": self.credential.user,
                }),
            ),
            (true, ["crumbIssuer", "api", "json"]) => answer(
                call,
                &json!({"_class": "hudson.security.csrf.DefaultCrumbIssuer", "crumb": "0", "crumbRequestField": "Jenkins-Crumb"}),
            ),
            (false, ["api", "json"]) => self.job(call, &job.join("/")),
            (false, [number, tail @ ..]) => self.build(call, &job.join("/"), number, tail),
            _ => Reply::html(404, "Not Found"),
        }
    }
}

fn answer(call: &Call, value: &Value) -> Reply {
    Reply::ok(&call.param("tree").map_or_else(|| value.clone(), |t| tree::filtered(value, t)))
}

fn put(value: &mut Value, name: &str, part: Value) {
    if let Some(object) = value.as_object_mut() {
        object.insert(name.to_owned(), part);
    }
}

fn class(builds: &[Kept], job: &str) -> &'static str {
    if builds.iter().any(|b| b.job == job) {
        "org.jenkinsci.plugins.workflow.job.WorkflowJob"
    } else {
        "com.cloudbees.hudson.plugins.folder.Folder"
    }
}

/// The address of a job, as this Jenkins believes it to be.
pub fn url(job: &str) -> String {
    job.split('/').fold(format!("{OWN_URL}/"), |url, part| format!("{url}job/{part}/"))
}

fn build_url(build: &Kept) -> String {
    format!("{}{}/", url(&build.job), build.number)
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("json") => "application/json",
        Some("xml") => "application/xml",
        Some("txt" | "log") => "text/plain",
        _ => "application/octet-stream",
    }
}

fn artifacts(files: &[(String, Bytes)]) -> Value {
    let one = |(path, _): &(String, Bytes)| {
        let name = path.rsplit('/').next().unwrap_or(path);
        json!({"displayPath": name, "fileName": name, "relativePath": path})
    };
    files.iter().map(one).collect()
}

fn kept(build: &Build, times: &Times) -> Kept {
    let started = times.before(build.ago.0);
    let mut parameters: Vec<Value> = build
        .parameters
        .iter()
        .map(|(name, value)| json!({"_class": "hudson.model.StringParameterValue", "name": name, "value": value}))
        .collect();
    // The value of a hidden parameter is not in the answer at all.
    parameters
        .extend(build.passwords.iter().map(|n| json!({"_class": "hudson.model.PasswordParameterValue", "name": n})));
    let cause = build.user.as_ref().map_or_else(
        || json!({"_class": "jenkins.branch.BranchEventCause", "shortDescription": "Push event to branch"}),
        |user| json!({"_class": "hudson.model.Cause$UserIdCause", "shortDescription": format!("Started by user {user}"), "userId": user, "userName": user}),
    );
    let mut actions = vec![json!({"_class": "hudson.model.CauseAction", "causes": [cause]})];
    if !parameters.is_empty() {
        actions.push(json!({"_class": "hudson.model.ParametersAction", "parameters": parameters}));
    }
    if let Some(commit) = &build.commit {
        let sha = seed::commit(commit);
        let name = format!("refs/remotes/origin/{}", build.branch.as_deref().unwrap_or("main"));
        let revision = json!({"SHA1": sha, "branch": [{"SHA1": sha, "name": name}]});
        actions.push(json!({
            "_class": "hudson.plugins.git.util.BuildData", "lastBuiltRevision": revision, "scmName": "",
            "buildsByBranchName": {name: {"_class": "hudson.plugins.git.util.Build", "buildNumber": build.number, "buildResult": null, "marked": revision, "revision": revision}},
            "remoteUrls": [format!("https://github.acme.example/acme/{}.git", build.job.rsplit('/').next().unwrap_or_default())],
        }));
    }
    if let Some(tests) = build.tests {
        let total = tests.passed + tests.failed + tests.skipped;
        actions.push(json!({"_class": "hudson.tasks.junit.TestResultAction", "failCount": tests.failed, "skipCount": tests.skipped, "totalCount": total, "urlName": "testReport"}));
    }
    // Plugins leave empty places in the list, and clients must not stumble over them.
    actions.push(json!({}));
    let items: Vec<Value> = build.changes.iter().map(|c| change(c, started)).collect();
    let authors: Vec<Value> = build.changes.iter().map(|c| person(&c.author)).collect();
    let sets = if items.is_empty() {
        json!([])
    } else {
        json!([{"_class": "hudson.plugins.git.GitChangeSetList", "items": items, "kind": "git"}])
    };
    let files: Vec<(String, Bytes)> =
        build.artifacts.iter().filter_map(|a| Some((a.path.clone(), Bytes::from(a.content.bytes()?)))).collect();
    let duration = u64::try_from(build.duration.0.as_millis()).unwrap_or(0);
    let running = build.result.is_none();
    let json = json!({
        "_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun", "actions": actions, "artifacts": artifacts(&files),
        "building": running, "description": null, "displayName": format!("#{}", build.number),
        "duration": if running { 0 } else { duration }, "estimatedDuration": duration.max(1), "executor": null,
        "fullDisplayName": format!("{} #{}", build.job.replace('/', " » "), build.number), "id": build.number.to_string(),
        "inProgress": running, "keepLog": false, "number": build.number, "queueId": build.number + 4000,
        "result": build.result, "timestamp": started, "url": format!("{}{}/", url(&build.job), build.number),
        "changeSets": sets, "culprits": authors, "nextBuild": null, "previousBuild": null,
    });
    let tests = build.tests.map(|t| {
        json!({
            "_class": "hudson.tasks.junit.TestResult", "testActions": [], "duration": 74.678, "empty": false,
            "failCount": t.failed, "passCount": t.passed, "skipCount": t.skipped, "suites": [],
        })
    });
    Kept { job: build.job.clone(), number: build.number, json, tests, files }
}

fn person(name: &str) -> Value {
    json!({"absoluteUrl": format!("{OWN_URL}/user/{name}"), "fullName": name})
}

fn change(change: &Change, at: i64) -> Value {
    let sha = seed::commit(&change.commit);
    json!({
        "_class": "hudson.plugins.git.GitChangeSet", "affectedPaths": ["src/main.py"], "commitId": sha, "timestamp": at,
        "author": person(&change.author), "authorEmail": format!("{}@acme.example", change.author),
        "comment": format!("{}\n", change.message.0), "date": written(at, "%Y-%m-%d %H:%M:%S +0000"), "id": sha,
        "msg": change.message.0.lines().next().unwrap_or_default(), "paths": [{"editType": "edit", "file": "src/main.py"}],
    })
}
