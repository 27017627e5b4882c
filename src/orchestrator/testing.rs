//! For the tests of this room: a server on loopback that answers as it is told, a clock that does not wait, and an
//! orchestrator that follows a script.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use super::{Observation, Open, Orchestrator, Order, PastRun, Patience, PlannedRequest, Reading};
use crate::clock::{Clock, SharedClock};
use crate::domain::gate::Gate;
use crate::domain::ids::GateId;
use crate::domain::time::Timestamp;
use crate::http::{Fault, FaultKind};
use crate::source::Checked;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query, as sent.
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// The method and the path without its query.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.target.split('?').next().unwrap_or_default())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// How the server answers.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Json(u16, Value),
    Bytes(u16, &'static str, Vec<u8>),
    /// The connection is closed after the request was read.
    Hangup,
}

impl Reply {
    pub(crate) fn ok(value: Value) -> Self {
        Self::Json(200, value)
    }

    /// 200 with nothing: how Gate hides errors.
    pub(crate) fn nothing() -> Self {
        Self::Bytes(200, "application/json", Vec::new())
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Json(status, serde_json::json!({"message": format!("status {status}")}))
    }
}

type Handler = dyn Fn(&Seen) -> Reply + Send + Sync;

/// A server on a free loopback port; it ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(crate) async fn start(handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let handler: Arc<Handler> = Arc::new(handler);
        let log = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (handler, log) = (handler.clone(), log.clone());
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(request, handler.clone(), log.clone()));
                    // A connection that ends in an error is part of the play.
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await
                        .ok();
                });
            }
        });
        Self { url, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Methods and paths of all requests so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }

    pub(crate) fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|l| *l == line).count()
    }
}

async fn answer(
    request: Request<Incoming>,
    handler: Arc<Handler>,
    log: Arc<Mutex<Vec<Seen>>>,
) -> Result<Response<Full<Bytes>>, io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes().to_vec();
    let target = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let seen = Seen { method: parts.method.to_string(), target, body };
    log.lock().unwrap().push(seen.clone());
    let (status, media_type, body) = match handler(&seen) {
        Reply::Json(status, value) => (status, "application/json", value.to_string().into_bytes()),
        Reply::Bytes(status, media_type, body) => (status, media_type, body),
        Reply::Hangup => return Err(io::Error::other("hung up")),
    };
    let response = Response::builder().status(status).header("content-type", media_type);
    Ok::<_, Infallible>(response.body(Full::new(Bytes::from(body))).unwrap()).map_err(|never| match never {})
}

/// A clock that stands still but for what is slept on it, and sleeps at once.
pub(crate) struct TestClock(Mutex<Timestamp>);

impl TestClock {
    pub(crate) fn shared() -> SharedClock {
        Arc::new(Self(Mutex::new("2026-11-21T04:10:00Z".parse().unwrap())))
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.plus(duration);
    }
}

/// An orchestrator that follows a script. The last observation stays.
pub(crate) struct Scripted {
    looks: Mutex<VecDeque<Result<Observation, Fault>>>,
    answers: Mutex<VecDeque<Result<(), Fault>>>,
    /// What was asked of it, in order: `look`, `send`.
    pub(crate) log: Mutex<Vec<&'static str>>,
}

impl Scripted {
    pub(crate) fn new(
        looks: impl IntoIterator<Item = Result<Observation, Fault>>,
        answers: impl IntoIterator<Item = Result<(), Fault>>,
    ) -> Self {
        Self {
            looks: Mutex::new(looks.into_iter().collect()),
            answers: Mutex::new(answers.into_iter().collect()),
            log: Mutex::default(),
        }
    }

    pub(crate) fn sent(&self) -> usize {
        self.log.lock().unwrap().iter().filter(|l| **l == "send").count()
    }
}

#[async_trait]
impl Orchestrator for Scripted {
    async fn open_gates(&self, _: &[String]) -> Result<Open, Fault> {
        Ok(Open::default())
    }

    async fn gate(&self, _: &GateId) -> Result<Option<Reading>, Fault> {
        Ok(None)
    }

    async fn last_success(&self, _: &Gate) -> Result<Option<PastRun>, Fault> {
        Ok(None)
    }

    fn plan(&self, _: &Order) -> Vec<PlannedRequest> {
        Vec::new()
    }

    async fn deliver(&self, _: &Order) -> Result<(), Fault> {
        self.log.lock().unwrap().push("send");
        self.answers.lock().unwrap().pop_front().expect("one more request than the script knows")
    }

    async fn observe(&self, _: &Order) -> Result<Observation, Fault> {
        self.log.lock().unwrap().push("look");
        let mut looks = self.looks.lock().unwrap();
        let next = looks.pop_front().expect("a script has a last look");
        if looks.is_empty() {
            looks.push_back(next.clone());
        }
        next
    }

    fn patience(&self) -> Patience {
        let s = Duration::from_secs;
        Patience { every: s(2), until: s(45), settle: s(20) }
    }

    async fn check(&self) -> Result<Checked, Fault> {
        Err(Fault::new(FaultKind::Setup, "", ""))
    }
}
