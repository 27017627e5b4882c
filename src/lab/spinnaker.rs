//! Spinnaker's Gate, with orca's habits behind it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::auth::{Claim, Ways, claim};
use super::call::{Call, Reply, StandIn, Times, lock};
use super::running::Credential;
use super::world::{Span, Text, World};

mod machine;
mod reads;
mod shape;

use machine::Held;

/// Between two looks of the wait task.
const WAKE: Duration = Duration::from_secs(15);

/// How Spinnaker behaves as a whole.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpinnakerSettings {
    /// The roles of the one who signs in with the demo world's credentials.
    pub roles: Vec<String>,
    /// Whether a search finds nothing beyond twice its size, as orca's does.
    pub paging_fault: bool,
}

impl Default for SpinnakerSettings {
    fn default() -> Self {
        Self { roles: vec!["release-managers".to_owned()], paging_fault: true }
    }
}

/// One run of a pipeline.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The application.
    pub application: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// The version that it releases.
    #[serde(default)]
    pub version: Option<String>,
    /// The execution's id; made from application, pipeline and version where absent.
    #[serde(default)]
    pub id: Option<String>,
    /// The commit, by name or hash.
    #[serde(default)]
    pub commit: Option<String>,
    /// The branch; the default is `main`.
    #[serde(default = "main")]
    pub branch: String,
    /// The build that triggered it; absent for a manual start.
    #[serde(default)]
    pub build: Option<BuildRef>,
    /// Who started it; the default is `ana`.
    #[serde(default = "ana")]
    pub user: String,
    /// How long ago it was started.
    #[serde(default)]
    pub ago: Span,
    /// The status of the run; the default is `RUNNING`.
    #[serde(default = "running")]
    pub status: String,
    /// More parameters; the version is one anyway.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// The container image, `registry.acme.example/acme/payments`; it gets the version as tag.
    #[serde(default)]
    pub image: Option<String>,
    /// Whether the image is known by its digest, or by its tag alone.
    #[serde(default = "yes")]
    pub digest: bool,
    /// Its stages, in order.
    #[serde(default)]
    pub stage: Vec<Stage>,
    /// Reading the application is forbidden.
    #[serde(default)]
    pub no_read: bool,
    /// EXECUTE on the application is forbidden: every write is answered by 403.
    #[serde(default)]
    pub no_execute: bool,
    /// Reading this one execution gives 200 and nothing, as Gate does with errors that it swallows.
    #[serde(default)]
    pub swallow_reads: bool,
}

fn main() -> String {
    "main".to_owned()
}

fn ana() -> String {
    "ana".to_owned()
}

fn running() -> String {
    "RUNNING".to_owned()
}

fn yes() -> bool {
    true
}

/// A build, named.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildRef {
    /// The job with its folders.
    pub job: String,
    /// The number.
    pub number: u64,
}

/// One stage of a run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Its type; the default is `manualJudgment`.
    #[serde(default = "judgment")]
    pub kind: String,
    /// Its status; absent is `RUNNING` in a run that waits, and the run's in one that has ended.
    #[serde(default)]
    pub status: Option<String>,
    /// The places (from 1) of the stages before it; absent is the one above it.
    #[serde(default)]
    pub after: Option<Vec<usize>>,
    /// How long ago it began; absent is the run's.
    #[serde(default)]
    pub ago: Option<Span>,
    /// What its author wrote for the approver.
    #[serde(default)]
    pub instructions: Option<Text>,
    /// The inputs to choose from.
    #[serde(default)]
    pub options: Vec<Text>,
    /// The roles that may answer, as the running stage says.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The roles that the pipeline's definition says; absent is the same.
    #[serde(default)]
    pub defined_roles: Option<Vec<String>>,
    /// When it gives up.
    #[serde(default)]
    pub timeout: Option<Span>,
    /// Somebody else's answer.
    #[serde(default)]
    pub other: Option<Other>,
    /// This many PATCHes are swallowed: 200 with nothing, and nothing done.
    #[serde(default)]
    pub swallow_patches: u32,
    /// A PATCH is done, and answered by 200 with nothing.
    #[serde(default)]
    pub empty_answer: bool,
}

fn judgment() -> String {
    "manualJudgment".to_owned()
}

/// Somebody else's answer to a gate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Other {
    /// Who.
    pub user: String,
    /// `continue` or `stop`.
    pub answer: String,
    /// When.
    pub when: When,
    /// `after-reads`: after how many reads of the execution by itself; searches do not count.
    #[serde(default)]
    pub reads: u32,
}

/// When somebody else answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// After a number of reads of the execution: what the last of them showed is already old.
    AfterReads,
    /// When our PATCH comes: theirs has taken effect just before.
    BeforePatch,
    /// Just after our PATCH, within the time until the stage wakes: the last one wins.
    AfterPatch,
}

/// The stand-in.
pub struct Spinnaker {
    credential: Credential,
    settings: SpinnakerSettings,
    state: Mutex<State>,
    times: Times,
}

struct State {
    held: Vec<Held>,
    definitions: BTreeMap<String, Vec<Value>>,
}

/// Who asks.
struct Who {
    name: String,
    roles: Vec<String>,
}

impl Spinnaker {
    /// A Spinnaker that holds the runs of a world.
    pub fn new(world: &World, credential: Credential, times: Times) -> Self {
        let mut definitions: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for run in &world.run {
            let of = definitions.entry(run.application.clone()).or_default();
            let one = shape::definition(run);
            if !of.iter().any(|d| d["name"] == one["name"]) {
                of.push(one);
            }
        }
        let held = world.run.iter().map(|run| Held::new(run, &times)).collect();
        let settings = world.spinnaker.clone().unwrap_or_default();
        Self { credential, settings, state: Mutex::new(State { held, definitions }), times }
    }

    /// Wakes the waiting stages for ever, each 15 s of the lab's time.
    pub async fn wake(this: Arc<Self>, scale: u32) {
        let mut interval = tokio::time::interval(WAKE / scale);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        interval.tick().await;
        loop {
            interval.tick().await;
            this.tick();
        }
    }

    /// What happens when the wait task looks.
    pub fn tick(&self) {
        let now = self.times.now();
        let mut state = lock(&self.state);
        for held in &mut state.held {
            held.tick(now, |user| self.roles_of(user));
        }
    }

    fn roles_of(&self, user: &str) -> Option<&[String]> {
        // Of others nothing is known, and nothing stops them.
        (user == self.credential.user).then_some(self.settings.roles.as_slice())
    }

    fn who(&self, call: &Call) -> Result<Option<Who>, Reply> {
        let known = |name: &str| Who { name: name.to_owned(), roles: self.settings.roles.clone() };
        if call.certificate.is_some() {
            // Any certificate of the authority is the demo user's; whose name is in it decides nothing here.
            return Ok(Some(known(&self.credential.user)));
        }
        let ways = Ways { basic: true, token_as_user: false, bearer: true };
        match claim(call, ways, &self.credential.user, &self.credential.secret) {
            Claim::Known => Ok(Some(known(&self.credential.user))),
            Claim::Anonymous => Ok(None),
            Claim::Wrong => Err(refuse(&self.times, 401, "Unauthorized", "Bad credentials")),
        }
    }

    /// See [`super::Running::patches`].
    pub fn patches(&self, stage: &str) -> Vec<Value> {
        let kept = lock(&self.state);
        kept.held.iter().flat_map(|h| &h.patches).filter(|(s, _)| s == stage).map(|(_, b)| b.clone()).collect()
    }

    /// See [`super::Running::cancellations`].
    pub fn cancellations(&self, execution: &str) -> Vec<String> {
        lock(&self.state).held.iter().filter(|h| h.id() == execution).flat_map(|h| h.cancellations.clone()).collect()
    }

    /// See [`super::Running::execution`].
    pub fn execution(&self, id: &str) -> Option<Value> {
        lock(&self.state).held.iter().find(|h| h.id() == id).map(|h| h.json.clone())
    }

    /// See [`super::Running::gates`].
    pub fn gates(&self) -> Vec<(String, String, String, String)> {
        let state = lock(&self.state);
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        state
            .held
            .iter()
            .flat_map(|h| {
                let waiting = |s: &&Value| s["type"] == "manualJudgment" && s["status"] == "RUNNING";
                h.stages()
                    .iter()
                    .filter(waiting)
                    .map(|s| (text(&h.json["application"]), text(&h.json["id"]), text(&s["id"]), text(&s["name"])))
            })
            .collect()
    }

    /// See [`super::Running::answer_as`].
    pub fn answer_as(&self, user: &str, stage: &str, answer: &str) -> bool {
        let now = self.times.now();
        let mut kept = lock(&self.state);
        kept.held.iter_mut().any(|h| h.judge(stage, user, &json!({"judgmentStatus": answer}), now))
    }

    fn route(&self, call: &Call, who: &Who) -> Reply {
        let route = call.route();
        match (call.method.as_str(), route.as_slice()) {
            ("GET", ["applications"]) => self.applications(),
            ("GET", ["applications", app, "executions", "search"]) => self.search(call, app),
            ("GET", ["applications", app, "pipelines"]) => self.pipelines(call, app),
            ("GET", ["applications", app, "pipelineConfigs"]) => self.definitions(app),
            ("GET", ["executions"]) => self.executions(call),
            ("GET", ["pipelines", id]) => self.one(id),
            ("PATCH", ["pipelines", id, "stages", stage]) => self.patch(call, who, id, stage),
            ("PUT", ["pipelines", id, "stages", stage, "restart"]) => self.write(id, |held, now| {
                held.restart(stage, now);
                Reply::ok(&held.json)
            }),
            ("PUT", ["pipelines", id, "cancel"] | ["applications", _, "pipelines", id, "cancel"]) => {
                let reason = call.param("reason").unwrap_or_default().to_owned();
                self.write(id, |held, now| {
                    held.cancel(&who.name, &reason, now);
                    Reply::empty(200)
                })
            }
            ("PUT", ["pipelines", id, "pause"]) => self.write(id, |held, now| {
                held.pause(&who.name, now);
                Reply::empty(200)
            }),
            ("PUT", ["pipelines", id, "resume"]) => self.write(id, |held, now| {
                held.resume(&who.name, now);
                Reply::empty(200)
            }),
            _ => refuse(&self.times, 404, "Not Found", "No message available"),
        }
    }

    fn write(&self, id: &str, act: impl FnOnce(&mut Held, i64) -> Reply) -> Reply {
        let now = self.times.now();
        let mut state = lock(&self.state);
        let Some(held) = state.held.iter_mut().find(|h| h.id() == id) else { return not_found(&self.times, id) };
        if held.no_execute || held.no_read {
            return refuse(
                &self.times,
                403,
                "Forbidden",
                "Access denied to application - required authorization: EXECUTE",
            );
        }
        act(held, now)
    }

    fn patch(&self, call: &Call, who: &Who, id: &str, stage: &str) -> Reply {
        let Some(body @ Value::Object(_)) = call.json() else {
            return refuse(&self.times, 400, "Bad Request", "Failed to read request");
        };
        self.write(id, |held, now| {
            held.patches.push((stage.to_owned(), body.clone()));
            let Some(traps) = held.traps.get_mut(stage) else {
                // Orca catches and logs every exception here, that of a stage which is not there too.
                return Reply::empty(200);
            };
            if traps.swallow_patches > 0 {
                traps.swallow_patches -= 1;
                return Reply::empty(200);
            }
            let empty = traps.empty_answer;
            let other = traps.other.take_if(|o| o.when != When::AfterReads);
            let theirs = |o: &Other| json!({"judgmentStatus": o.answer});
            if let Some(other) = other.as_ref().filter(|o| o.when == When::BeforePatch) {
                held.judge(stage, &other.user, &theirs(other), now);
                held.tick(now, |_| None);
            }
            held.judge(stage, &who.name, &body, now);
            let answer = if empty { Reply::empty(200) } else { Reply::ok(&held.json) };
            if let Some(other) = other.as_ref().filter(|o| o.when == When::AfterPatch) {
                held.judge(stage, &other.user, &theirs(other), now);
            }
            answer
        })
    }
}

impl StandIn for Spinnaker {
    fn answer(&self, call: &Call) -> Reply {
        let who = match self.who(call) {
            Ok(who) => who,
            Err(reply) => return reply,
        };
        let reply = if call.method == "GET" && call.route() == ["auth", "user"] {
            // Open to all: an anonymous answer is no sign-in.
            let (name, roles) = who.map_or(("anonymous".to_owned(), Vec::new()), |w| (w.name, w.roles));
            Reply::ok(&json!({
                "username": name, "email": name, "firstName": null, "lastName": null, "roles": roles, "allowedAccounts": [],
                "enabled": true, "accountNonExpired": true, "accountNonLocked": true, "credentialsNonExpired": true,
            }))
        } else if let Some(who) = who {
            self.route(call, &who)
        } else {
            refuse(&self.times, 401, "Unauthorized", "Full authentication is required to access this resource")
                .with("www-authenticate", "Basic realm=\"Spinnaker\"")
        };
        reply
            .with("x-spinnaker-request-id", "lab")
            .with("cache-control", "no-cache, no-store, max-age=0, must-revalidate")
    }
}

fn refuse(times: &Times, status: u16, error: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"timestamp": times.now(), "status": status, "error": error, "message": message}))
}

fn not_found(times: &Times, id: &str) -> Reply {
    refuse(times, 404, "Not Found", &format!("Pipeline not found (id: {id})"))
}
