//! Spinnaker, by its Gate: waiting manual judgments, and decisions carried in the context of the stage.
//!
//! What Gate does that a client must not fall for: it answers 200 with nothing when orca failed; it checks roles up to
//! 15 s after it has answered 200; it strips the context of stages unless it is asked to expand; its search cannot page
//! (a later page is empty although there is more); and it takes over any key that is sent, required roles too.

mod gates;
mod observe;
mod requests;
mod trigger;
mod wire;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use serde_json::Value;

use super::registry::Settings;
use super::{Observation, Open, Orchestrator, Order, PastRun, Patience, PlannedRequest, Reading};
use crate::domain::decision::Verb;
use crate::domain::gate::Gate;
use crate::domain::ids::{ConnectionName, GateId, encode_part};
use crate::domain::time::Timestamp;
use crate::http::{Auth, Fault, FaultKind, Http, query_value};
use crate::source::Checked;
use crate::text::line;
use wire::{Execution, Page, Stage, list, text};

/// How many runs are asked for; more when as many came. Paging does not work, so it is one page or nothing.
const SIZES: [usize; 3] = [500, 2_000, 8_000];
/// How many applications are asked side by side.
const SIDE_BY_SIDE: usize = 8;
/// How many past runs are looked through for the last successful one.
const PAST: usize = 25;
/// How many runs' starts are remembered.
const REMEMBERED: usize = 10_000;
/// How long after its 200 orca may still take an answer back: its task looks every 15 s.
const ROLE_CHECK: Duration = Duration::from_secs(15);
/// What is added to waits, for the way there and back.
const MARGIN: Duration = Duration::from_secs(5);

/// A connection to Spinnaker's Gate.
pub struct Spinnaker {
    http: Http,
    connection: ConnectionName,
    /// The `Authorization` header as a dry run shows it.
    masked: Option<&'static str>,
    request_limit: Duration,
    /// Who we are for Gate, once it said so.
    me: Mutex<Option<observe::Me>>,
    /// When runs started, by their id, as last read; milliseconds.
    starts: Mutex<HashMap<String, i64>>,
}

/// The pipeline definitions of one application, or why they could not be read.
type Definitions = Result<Vec<Value>, Fault>;

impl Spinnaker {
    /// A connection. A fault here is one of the settings; nothing is asked yet.
    pub fn new(settings: Settings) -> Result<Self, Fault> {
        let masked = match &settings.auth {
            Auth::None => None,
            Auth::Basic { .. } => Some("Basic [secret]"),
            Auth::Bearer(_) => Some("Bearer [secret]"),
        };
        let request_limit = settings.limits.total;
        Ok(Self {
            http: Http::new(&settings.url, settings.auth, &settings.tls, settings.limits, settings.clock)?,
            connection: settings.name,
            masked,
            request_limit,
            me: Mutex::default(),
            starts: Mutex::default(),
        })
    }

    /// The running executions of one application, or of all for `*`.
    async fn running(&self, application: &str) -> Result<Running, Fault> {
        let encoded = if application == "*" { "*".to_owned() } else { encode_part(application) };
        let mut best: Option<Running> = None;
        for size in SIZES {
            let path = format!(
                "applications/{encoded}/executions/search?statuses=RUNNING&expand=true&size={size}&startIndex=0"
            );
            let asked = match self.http.get(&path).await {
                Ok(answer) => wire::body::<Page>(&answer).map(|page| Running { page, short: None, date: answer.date }),
                Err(fault) => Err(fault),
            };
            match (asked, best.as_mut()) {
                (Ok(mut running), _) => {
                    let full = running.page.count >= size;
                    if full {
                        running.short = Some(format!(
                            "{}: {size} runs came, as many as were asked for; older ones may be missing.",
                            whose(application)
                        ));
                    }
                    best = Some(running);
                    if !full {
                        break;
                    }
                }
                (Err(fault), Some(before)) => {
                    before.short = Some(format!(
                        "{}: only the newest {} runs could be read. {fault}",
                        whose(application),
                        before.page.count
                    ));
                    break;
                }
                (Err(fault), None) => return Err(fault),
            }
        }
        best.ok_or_else(|| Fault::new(FaultKind::Setup, self.http.base().as_str(), "no page was asked for"))
    }

    async fn definitions(&self, application: &str) -> Definitions {
        let answer = self.http.get(&format!("applications/{}/pipelineConfigs", encode_part(application))).await?;
        wire::body(&answer)
    }

    /// One execution as it is now; `None` if there is none.
    async fn execution(&self, id: &str) -> Result<Option<(Execution, Option<Timestamp>)>, Fault> {
        let answer = match self.http.get(&format!("pipelines/{}", encode_part(id))).await {
            Ok(answer) => answer,
            Err(fault) if fault.kind == FaultKind::NotFound => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let value: Value = wire::body(&answer)?;
        let execution = Execution::read(&value).map_err(|why| Fault::new(FaultKind::Malformed, &answer.uri, why))?;
        self.remember(&execution);
        Ok(Some((execution, answer.date)))
    }

    fn remember(&self, execution: &Execution) {
        let Some(started) = execution.started else { return };
        let mut starts = self.starts.lock().unwrap_or_else(PoisonError::into_inner);
        if starts.len() >= REMEMBERED {
            starts.clear();
        }
        starts.insert(execution.id.clone(), started);
    }

    async fn start_of(&self, id: &str) -> Result<Option<i64>, Fault> {
        let known = self.starts.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied();
        match known {
            Some(started) => Ok(Some(started)),
            None => Ok(self.execution(id).await?.and_then(|(e, _)| e.started)),
        }
    }

    /// Who we are for Gate; empty if it does not know us by name. Asked once.
    async fn me(&self) -> Result<observe::Me, Fault> {
        if let Some(me) = self.me.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Ok(me);
        }
        let names = match self.user().await {
            Ok((user, _)) => names(&user),
            Err(fault) if fault.kind == FaultKind::NotFound => Vec::new(),
            Err(fault) => return Err(fault),
        };
        *self.me.lock().unwrap_or_else(PoisonError::into_inner) = Some(names.clone());
        Ok(names)
    }

    async fn user(&self) -> Result<(Value, crate::http::Answer), Fault> {
        let answer = self.http.get("auth/user").await?;
        // Without a login some versions answer with nothing instead of an anonymous user.
        let user = if answer.body.trim_ascii().is_empty() { Value::Null } else { answer.json()? };
        Ok((user, answer))
    }

    fn gate_of(&self, execution: &Execution, stage: &Stage, definitions: &Definitions) -> (Gate, Option<String>) {
        let (defined, short) = match definitions {
            Ok(definitions) => match gates::defined_roles(definitions, execution, stage) {
                Ok(roles) => (Some(roles), None),
                Err(why) => {
                    let id = gates::id(&self.connection, execution, stage);
                    (None, Some(format!("Which roles {} should ask for cannot be told: {why}.", line(&id.to_string()))))
                }
            },
            Err(_) => (None, None),
        };
        (gates::gate(&self.connection, execution, stage, defined), short)
    }
}

/// What a search gave.
struct Running {
    page: Page,
    short: Option<String>,
    date: Option<Timestamp>,
}

#[async_trait]
impl Orchestrator for Spinnaker {
    async fn open_gates(&self, applications: &[String]) -> Result<Open, Fault> {
        let mut names: BTreeSet<String> = applications.iter().cloned().collect();
        if names.is_empty() {
            names.insert("*".to_owned());
        }
        let asked: Vec<(String, Result<Running, Fault>)> = futures_util::stream::iter(names)
            .map(|name| async move {
                let running = self.running(&name).await;
                (name, running)
            })
            .buffered(SIDE_BY_SIDE)
            .collect()
            .await;
        if asked.iter().all(|(_, result)| result.is_err())
            && let Some(fault) = asked.iter().find_map(|(_, result)| result.as_ref().err())
        {
            return Err(fault.clone());
        }
        let mut open = Open::default();
        let mut executions: Vec<Execution> = Vec::new();
        for (name, result) in asked {
            match result {
                Ok(running) => {
                    open.date = running.date.max(open.date);
                    open.shortfalls.extend(running.short);
                    let unreadable = running.page.unreadable.iter();
                    open.shortfalls.extend(unreadable.map(|why| format!("Could not be read: {}.", line(why))));
                    executions.extend(running.page.executions);
                }
                Err(fault) => open.shortfalls.push(format!("{}: {fault}", whose(&name))),
            }
        }
        // All of these were about runs; what follows is about gates that are listed.
        open.incomplete = !open.shortfalls.is_empty();
        let mut seen = BTreeSet::new();
        executions.retain(|e| seen.insert(e.id.clone()));
        executions.retain(|e| e.stages.iter().any(|s| gates::is_pending(e, s)));
        let owners: BTreeSet<String> = executions.iter().map(|e| e.application.clone()).collect();
        let definitions: HashMap<String, Definitions> = futures_util::stream::iter(owners)
            .map(|name| async move {
                let definitions = self.definitions(&name).await;
                (name, definitions)
            })
            .buffered(SIDE_BY_SIDE)
            .collect()
            .await;
        let mut faults: Vec<String> = definitions
            .iter()
            .filter_map(|(name, d)| d.as_ref().err().map(|f| (name, f)))
            .map(|(name, fault)| format!("{}: required roles cannot be compared. {fault}", whose(name)))
            .collect();
        faults.sort();
        open.shortfalls.extend(faults);
        for execution in &executions {
            self.remember(execution);
            let Some(definitions) = definitions.get(&execution.application) else { continue };
            for stage in execution.stages.iter().filter(|s| gates::is_pending(execution, s)) {
                let (gate, short) = self.gate_of(execution, stage, definitions);
                open.gates.push(gate);
                open.shortfalls.extend(short);
            }
        }
        open.gates.sort_by(|a, b| (a.waiting_since, &a.id).cmp(&(b.waiting_since, &b.id)));
        Ok(open)
    }

    async fn gate(&self, id: &GateId) -> Result<Option<Reading>, Fault> {
        let Some((application, execution, stage)) = requests::parts(id) else { return Ok(None) };
        let (read, definitions) = tokio::join!(self.execution(execution), self.definitions(application));
        let Some((execution, date)) = read? else { return Ok(None) };
        let Some(stage) = execution.stage(stage) else { return Ok(None) };
        // A run is found by its id alone: the application that the gate's id names must be its own.
        if gates::id(&self.connection, &execution, stage) != *id {
            return Ok(None);
        }
        let (gate, _) = self.gate_of(&execution, stage, &definitions);
        Ok(Some(Reading { gate, date }))
    }

    async fn last_success(&self, gate: &Gate) -> Result<Option<PastRun>, Fault> {
        let (Some(pipeline), Some((_, run, _))) = (&gate.pipeline_id, requests::parts(&gate.id)) else {
            return Ok(None);
        };
        let path = format!(
            "executions?pipelineConfigIds={}&limit={PAST}&statuses=SUCCEEDED&expand=false",
            query_value(pipeline.raw())
        );
        let (past, started) = tokio::join!(self.http.get(&path), self.start_of(run));
        let page: Page = wire::body(&past?)?;
        let started = started?.or_else(|| gate.waiting_since.map(Timestamp::millis));
        let newest = page
            .executions
            .into_iter()
            .filter(|e| e.status == "SUCCEEDED" && e.id != run)
            .filter_map(|e| e.ended.map(|ended| (ended, e)))
            .filter(|(ended, _)| started.is_none_or(|started| *ended < started))
            .max_by(|(a, x), (b, y)| (a, &x.id).cmp(&(b, &y.id)));
        Ok(newest.map(|(_, e)| PastRun { run: e.id.into(), version: e.trigger.version, commit: e.trigger.commit }))
    }

    fn plan(&self, order: &Order) -> Vec<PlannedRequest> {
        let Some((write, body)) = requests::write(order) else { return Vec::new() };
        let mut headers = vec![("content-type".to_owned(), write.media_type.to_owned())];
        headers.extend(self.masked.map(|value| ("authorization".to_owned(), value.to_owned())));
        vec![PlannedRequest { method: write.method.to_owned(), url: self.http.uri(&write.path), headers, body }]
    }

    async fn deliver(&self, order: &Order) -> Result<(), Fault> {
        let (write, _) = requests::write(order).ok_or_else(|| {
            let why = format!("nothing can be sent to {} the gate {}", order.verb.word(), order.gate);
            Fault::new(FaultKind::Setup, self.http.base().as_str(), why)
        })?;
        // What the answer says proves nothing, an empty one neither: `observe` reads what came of it.
        self.http.send(&write).await.map(drop)
    }

    async fn observe(&self, order: &Order) -> Result<Observation, Fault> {
        let Some((application, execution, stage)) = requests::parts(&order.gate) else {
            return Ok(Observation::Unclear("The gate's id is none of Spinnaker.".to_owned()));
        };
        let me = if order.verb == Verb::Halt { Vec::new() } else { self.me().await? };
        Ok(match self.execution(execution).await? {
            None => Observation::Unclear("The run no longer exists, or the account may not see it.".to_owned()),
            Some((run, _)) if run.application != application => {
                Observation::Unclear(format!("The run is of another application, {}.", line(&run.application)))
            }
            Some((run, _)) => observe::judge(order, &run, stage, &me),
        })
    }

    /// Every 2 s for 45 s, as Spinnaker's own user interface looks. An answer may be taken back until orca's task has
    /// looked (15 s), and may be on its way as long as a request may last; both with 5 s to spare.
    fn patience(&self) -> Patience {
        let settle = self.request_limit.max(ROLE_CHECK) + MARGIN;
        let until = Duration::from_secs(45).max(settle + MARGIN);
        Patience { every: Duration::from_secs(2), until, settle }
    }

    async fn check(&self) -> Result<Checked, Fault> {
        let (user, answer) = self.user().await?;
        let Some(name) = names(&user).into_iter().next() else {
            let why = "nobody is logged in: Gate knows this connection as anonymous";
            return Err(Fault::new(FaultKind::Unauthorized, &answer.uri, why));
        };
        let roles: Vec<String> = list(user.get("roles"))
            .iter()
            .filter_map(|r| text(r.get("name")).or_else(|| text(Some(r))))
            .map(|r| line(&r).into_owned())
            .collect();
        let roles = if roles.is_empty() { "none".to_owned() } else { roles.join(", ") };
        Ok(Checked { line: format!("{} (roles: {roles})", line(&name)), date: answer.date })
    }
}

/// The names of a user, the login first; none for an anonymous one.
fn names(user: &Value) -> Vec<String> {
    let mut names: Vec<String> = ["username", "email"].iter().filter_map(|k| text(user.get(*k))).collect();
    names.retain(|n| !n.trim_matches(['[', ']']).eq_ignore_ascii_case("anonymous"));
    names
}

/// Whose runs are asked for, in words.
fn whose(application: &str) -> String {
    if application == "*" { "All applications".to_owned() } else { format!("Application {}", line(application)) }
}

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
