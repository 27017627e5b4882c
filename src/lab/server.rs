//! Serves one stand-in on one port.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::call::{Call, Reply, StandIn, lock};
use super::fault::{Fault, FaultKind, Faults};
use super::running::Seen;
use super::world::Service;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// How many requests are remembered.
const REMEMBERED: usize = 50_000;
/// How large a request may be.
const LARGEST: usize = 8 * 1024 * 1024;
const CHUNK: usize = 64 * 1024;

/// What all ports share.
pub struct Shared {
    /// The faults that are set.
    pub faults: Mutex<Faults>,
    /// What was asked.
    pub seen: Mutex<VecDeque<Seen>>,
    /// By how much time runs faster.
    pub scale: u32,
}

/// One port.
pub struct Port {
    /// Which system.
    pub service: Service,
    /// The system.
    pub stand_in: Arc<dyn StandIn>,
    /// What all ports share.
    pub shared: Arc<Shared>,
    /// How far its clock is off, in milliseconds, if it is.
    pub skew: Option<i64>,
}

/// Accepts connections until the task is aborted; its connections end with it.
pub async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, port: Arc<Port>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                connections.spawn(connection(stream, tls.clone(), Arc::clone(&port)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, port: Arc<Port>) {
    // Without it small answers wait for the other side's acknowledgements.
    stream.set_nodelay(true).ok();
    let Some(acceptor) = tls else { return talk(TokioIo::new(stream), None, port).await };
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let name = stream.get_ref().1.peer_certificates().and_then(|c| c.first()).and_then(|c| common_name(c));
    talk(TokioIo::new(stream), name, port).await;
}

async fn talk<I>(io: I, certificate: Option<String>, port: Arc<Port>)
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    let service = service_fn(|request| handle(request, certificate.clone(), Arc::clone(&port)));
    // A client that goes away in the middle is no news.
    hyper::server::conn::http1::Builder::new().serve_connection(io, service).await.ok();
}

async fn handle(
    request: Request<Incoming>,
    certificate: Option<String>,
    port: Arc<Port>,
) -> Result<Response<Body>, io::Error> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST).collect().await else {
        return Ok(finish(&port, &Reply::empty(413)));
    };
    let call = Call::new(head.method.as_str(), &head.uri, head.headers, body.to_bytes(), certificate);
    remember(&port, &call);
    let fault = lock(&port.shared.faults).strike(port.service, &call);
    let Some(fault) = fault else { return Ok(finish(&port, &port.stand_in.answer(&call).packed(&call))) };
    // Where the answer alone is lost, what it answers to is done before anything else.
    let done = fault.after.then(|| port.stand_in.answer(&call));
    if let Some(latency) = fault.latency {
        tokio::time::sleep(latency.0 / port.shared.scale).await;
    }
    spoil(&port, &fault, || done.unwrap_or_else(|| port.stand_in.answer(&call)))
}

fn remember(port: &Port, call: &Call) {
    let mut seen = lock(&port.shared.seen);
    if seen.len() == REMEMBERED {
        seen.pop_front();
    }
    seen.push_back(Seen {
        service: port.service,
        method: call.method.clone(),
        path: call.path.clone(),
        query: call.query.clone(),
        authorized: call.headers.contains_key("authorization"),
    });
}

fn spoil(port: &Port, fault: &Fault, answer: impl FnOnce() -> Reply) -> Result<Response<Body>, io::Error> {
    let text = || fault.body.as_ref().map(|b| b.0.clone());
    let reply = match fault.kind {
        FaultKind::Slow => answer(),
        FaultKind::Status => Reply {
            status: fault.status.unwrap_or(503),
            headers: fault.headers.clone().into_iter().collect(),
            body: Bytes::from(text().unwrap_or_else(|| "{\"message\":\"Service Unavailable\"}".to_owned())),
        }
        .with("content-type", "application/json"),
        FaultKind::Html => Reply::html(fault.status.unwrap_or(200), &text().unwrap_or_else(|| "Sign in".to_owned())),
        FaultKind::Empty => Reply::empty(fault.status.unwrap_or(200)),
        FaultKind::Redirect => {
            Reply::empty(302).with("location", fault.to.clone().unwrap_or_else(|| "http://127.0.0.1:9/".to_owned()))
        }
        FaultKind::TooMany => Reply::json(429, &serde_json::json!({"message": "Too many requests"}))
            .with("retry-after", fault.retry_after.unwrap_or(1).to_string()),
        FaultKind::Closed => return Err(io::Error::other("closed on purpose")),
        FaultKind::Truncated => {
            let whole = answer().body;
            let half = whole.slice(..whole.len() / 2);
            let cut = async {
                // What was written so far leaves only when the body is not ready for a moment.
                tokio::task::yield_now().await;
                Err(io::Error::other("cut off on purpose"))
            };
            let chunks = stream::iter([Ok(Frame::data(half))]).chain(stream::once(cut));
            return Ok(streamed(port, chunks, Some(whole.len().max(1) as u64)));
        }
        FaultKind::Endless => return Ok(streamed(port, filler(), None)),
        FaultKind::Huge => {
            let bytes = fault.bytes.unwrap_or(100 * 1024 * 1024);
            let chunks = usize::try_from(bytes / CHUNK as u64).unwrap_or(0) + 1;
            let total = (chunks * CHUNK) as u64;
            return Ok(streamed(port, filler().take(chunks), Some(total)));
        }
    };
    Ok(finish(port, &reply))
}

/// Spaces without end: what a JSON reader skips for ever.
fn filler() -> impl futures_util::Stream<Item = io::Result<Frame<Bytes>>> {
    let chunk = Bytes::from(vec![b' '; CHUNK]);
    stream::repeat_with(move || Ok(Frame::data(chunk.clone())))
}

fn streamed<S>(port: &Port, chunks: S, length: Option<u64>) -> Response<Body>
where
    S: futures_util::Stream<Item = io::Result<Frame<Bytes>>> + Send + 'static,
{
    let mut reply = Reply::empty(200).with("content-type", "application/json");
    if let Some(length) = length {
        reply = reply.with("content-length", length.to_string());
    }
    let mut response = finish(port, &reply);
    *response.body_mut() = StreamBody::new(chunks).boxed_unsync();
    response
}

fn finish(port: &Port, reply: &Reply) -> Response<Body> {
    let body = Full::new(reply.body.clone()).map_err(|never: Infallible| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            response.headers_mut().append(name, value);
        }
    }
    if let Some(skew) = port.skew {
        let off = Duration::from_millis(skew.unsigned_abs());
        let now = chrono::Utc::now();
        let date = if skew < 0 { now - off } else { now + off };
        if let Ok(value) = HeaderValue::from_str(&date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()) {
            response.headers_mut().insert("date", value);
        }
    }
    response
}

/// The common name of a certificate's subject: the last one in the DER, as the issuer's stands before it.
fn common_name(der: &[u8]) -> Option<String> {
    const TAG: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];
    let at = der.windows(TAG.len()).rposition(|w| w == TAG)? + TAG.len();
    let length = usize::from(*der.get(at + 1)?);
    std::str::from_utf8(der.get(at + 2..at + 2 + length)?).ok().map(str::to_owned)
}
