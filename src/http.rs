//! The one HTTP client: timeouts, retry of reads, TLS and mTLS, size limits, redaction.
//!
//! Reads are repeated when that can help; writes never are, and a write whose answer did not arrive is a
//! [`Fault`] with [`Fault::ambiguous`] set. A redirect to another origin is not followed, because it would carry
//! tokens there.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use percent_encoding::percent_encode;
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

pub use self::exchange::Exchange;
pub(crate) use self::wire::{classify, tls_config};
use self::wire::{error_text, new_client, same_origin_only};

use crate::clock::SharedClock;
use crate::domain::evidence::Reason;
use crate::domain::time::Timestamp;
use crate::secrets::Secret;
use crate::text::Untrusted;

/// How a client behaves.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the whole answer is there, for one try.
    pub total: Duration,
    /// The most bytes of one answer that are read.
    pub bytes: u64,
    /// How often a read is tried again.
    pub retries: u32,
    /// The longest wait that an answer's Retry-After may ask for.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(30),
            bytes: 64 << 20,
            retries: 2,
            patience: Duration::from_secs(20),
        }
    }
}

/// How a client says who it is.
#[derive(Debug, Clone)]
pub enum Auth {
    /// Not at all, or by its client certificate.
    None,
    /// `Authorization: Basic`.
    Basic {
        /// The user.
        user: String,
        /// The password or token.
        password: Secret,
    },
    /// `Authorization: Bearer`.
    Bearer(Secret),
}

impl Auth {
    /// The text without our secret, should the other side repeat it.
    fn redacted(&self, text: String) -> String {
        let (secret, encoded) = match self {
            Self::None => return text,
            Self::Bearer(token) => (token.expose(), None),
            Self::Basic { user, password } => {
                let pair = zeroize::Zeroizing::new(format!("{user}:{}", password.expose()));
                (password.expose(), Some(zeroize::Zeroizing::new(STANDARD.encode(pair.as_bytes()))))
            }
        };
        let text = encoded.map_or(text.clone(), |e| text.replace(e.as_str(), "[secret]"));
        if secret.is_empty() { text } else { text.replace(secret, "[secret]") }
    }
}

/// TLS material, as PEM.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Certificates of authorities to trust besides the machine's.
    pub ca: Option<Vec<u8>>,
    /// The client's certificate chain and key.
    pub identity: Option<(Vec<u8>, Secret)>,
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The address asked, without secrets.
    pub uri: String,
    /// The status.
    pub status: u16,
    /// The media type, without parameters.
    pub media_type: String,
    /// Headers of the answer.
    pub headers: reqwest::header::HeaderMap,
    /// The body; clones share it.
    pub body: Bytes,
    /// The server's clock, from the `Date` header.
    pub date: Option<Timestamp>,
}

impl Answer {
    /// Reads the body as JSON; HTML, an empty body and broken JSON are faults of their own.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body).map_err(|e| {
            let kind = if self.media_type.contains("html") || self.body.trim_ascii_start().starts_with(b"<") {
                FaultKind::NotJson
            } else if e.is_eof() {
                FaultKind::Truncated
            } else {
                FaultKind::Malformed
            };
            Fault::new(kind, &self.uri, e.to_string())
        })
    }
}

/// What went wrong with a request.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// The address asked, without secrets.
    pub uri: String,
    /// What the other side or the library said of it.
    pub detail: Untrusted,
    /// Whether the request may have been carried out although no good answer came: true for any fault of a write
    /// after its connection stood.
    pub ambiguous: bool,
}

/// Kinds of faults, each with a stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// No connection.
    Unreachable,
    /// TLS could not be agreed on: an expired or unknown certificate, or ours was refused.
    Tls,
    /// No answer in time.
    Timeout,
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 410.
    Gone,
    /// 429, and waiting would take too long.
    RateLimited,
    /// Another 4xx.
    Refused(u16),
    /// 5xx.
    Server(u16),
    /// A redirect to another origin, or too many.
    Redirected,
    /// The answer is larger than the limit.
    TooLarge,
    /// The answer ended early.
    Truncated,
    /// HTML or the like where JSON was expected.
    NotJson,
    /// JSON, but not of the expected form.
    Malformed,
    /// Something in the configuration of the connection cannot work.
    Setup,
}

impl FaultKind {
    /// What a status means; `None` if it is 2xx.
    pub fn of_status(status: u16) -> Option<Self> {
        Some(match status {
            200..=299 => return None,
            300..=399 => Self::Redirected,
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            410 => Self::Gone,
            429 => Self::RateLimited,
            500.. => Self::Server(status),
            _ => Self::Refused(status),
        })
    }

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::Gone => "gone",
            Self::RateLimited => "rate-limited",
            Self::Refused(_) => "refused",
            Self::Server(_) => "server-error",
            Self::Redirected => "redirected",
            Self::TooLarge => "too-large",
            Self::Truncated => "truncated",
            Self::NotJson => "not-json",
            Self::Malformed => "malformed",
            Self::Setup => "setup",
        }
    }
}

impl Fault {
    /// A fault.
    pub fn new(kind: FaultKind, uri: &str, detail: impl Into<Untrusted>) -> Self {
        Self { kind, uri: uri.to_owned(), detail: detail.into(), ambiguous: false }
    }

    /// One sentence for people, safe to display, with what to do.
    pub fn sentence(&self) -> String {
        let uri = crate::text::line(&self.uri);
        let what = match self.kind {
            FaultKind::Unreachable => format!("{uri} cannot be reached. Is the address right and the network up?"),
            FaultKind::Tls => format!(
                "No secure connection to {uri}: check its certificate, and tls.ca, tls.cert and tls.key of the connection."
            ),
            FaultKind::Timeout => format!("{uri} did not answer in time."),
            FaultKind::Unauthorized => {
                format!(
                    "{uri} does not accept the credentials (401). Renew them where the connection's token says that they \
                     are: in its file, variable or command, or with `countersign login` if that is the keyring."
                )
            }
            FaultKind::Forbidden => format!("{uri} refuses access (403). The account lacks the permission."),
            FaultKind::NotFound => format!("{uri} does not exist (404), or the account may not see it."),
            FaultKind::Gone => format!(
                "{uri} is gone (410). The system no longer has this interface: check the connection's kind and flavour."
            ),
            FaultKind::RateLimited => format!("{uri} limits the rate of requests (429). Try again later."),
            FaultKind::Refused(status) => format!("{uri} refused the request ({status})."),
            FaultKind::Server(status) => format!("{uri} failed ({status})."),
            FaultKind::Redirected => {
                format!("{uri} sends to another host, which is not followed. Check the connection's address.")
            }
            FaultKind::TooLarge => format!("The answer of {uri} is larger than what is read."),
            FaultKind::Truncated => format!("The answer of {uri} ended early."),
            FaultKind::NotJson => {
                format!("{uri} answered with a page, not with data. A proxy or a login page may be in between.")
            }
            FaultKind::Malformed => format!("The answer of {uri} is not of the expected form."),
            FaultKind::Setup => format!("The connection to {uri} cannot be set up."),
        };
        if self.detail.is_empty() { what } else { format!("{what} ({})", shorten(&self.detail.line())) }
    }

    /// As the reason for missing evidence.
    pub fn reason(&self) -> Reason {
        Reason::new(self.kind.code(), self.sentence())
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 200 { text.to_owned() } else { text.chars().take(200).chain(['.', '.', '.']).collect() }
}

/// A request that changes something.
#[derive(Debug, Clone)]
pub struct Write {
    /// `POST`, `PUT`, `PATCH`, `DELETE`.
    pub method: &'static str,
    /// Path and query, relative to the connection's address.
    pub path: String,
    /// The media type of the body.
    pub media_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

/// How many requests one system is asked at the same time. More would only make it, and us, slower.
const AT_ONCE: usize = 8;

/// A client for one connection.
pub struct Http {
    client: reqwest::Client,
    /// Follows no redirect: a redirect must never send a write a second time.
    writer: reqwest::Client,
    base: Url,
    auth: Auth,
    /// A token in a header of the system's own.
    header: Option<(&'static str, Secret)>,
    limits: Limits,
    clock: SharedClock,
    requests: AtomicU64,
    turns: Semaphore,
}

impl Http {
    /// A client for `base`, such as `https://jenkins.example.com/ci`. Credentials in the address are refused.
    pub fn new(base: &str, auth: Auth, tls: &Tls, limits: Limits, clock: SharedClock) -> Result<Self, Fault> {
        // Another provider may have been installed already; either does.
        rustls::crypto::ring::default_provider().install_default().ok();
        let mut url = Url::parse(base).map_err(|e| Fault::new(FaultKind::Setup, base, e.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Fault::new(
                FaultKind::Setup,
                url.host_str().unwrap_or(""),
                "credentials in the address; use user and token",
            ));
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let setup = |e: reqwest::Error| Fault::new(FaultKind::Setup, base, e.without_url().to_string());
        let tls = tls_config(&url, tls).map_err(|e| Fault::new(FaultKind::Setup, base, e))?;
        let client = new_client(&tls, limits, same_origin_only()).map_err(setup)?;
        let writer = new_client(&tls, limits, reqwest::redirect::Policy::none()).map_err(setup)?;
        Ok(Self {
            client,
            writer,
            base: url,
            auth,
            header: None,
            limits,
            clock,
            requests: AtomicU64::new(0),
            turns: Semaphore::new(AT_ONCE),
        })
    }

    /// The client behind reads, without credentials, for a library that brings its own requests.
    pub fn client(&self) -> reqwest::Client {
        self.client.clone()
    }

    /// Waits until the system may be asked once more; it may for as long as what is given is held.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.turns.acquire().await.ok()
    }

    /// What was set for it.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The address of the connection.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// How many requests were sent so far, tries counted singly.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The full address of a path, for people and for records.
    pub fn uri(&self, path: &str) -> String {
        self.base.join(path.trim_start_matches('/')).map_or_else(|_e| self.base.to_string(), |u| u.to_string())
    }

    /// Reads `path` (with query, relative to the base). Status 2xx only; others are faults. Tried again on lost
    /// connections, 429, 502, 503 and 504, as long as Retry-After stays within the limits.
    pub async fn get(&self, path: &str) -> Result<Answer, Fault> {
        let mut tries = 0;
        loop {
            let result = self.once(Method::GET, path, None).await;
            let (fault, wait) = match result {
                Ok(answer) => match self.judge(answer) {
                    Ok(answer) => return Ok(answer),
                    Err(judged) => judged,
                },
                Err(fault) => (fault, None),
            };
            let worth = matches!(
                fault.kind,
                FaultKind::Unreachable | FaultKind::Truncated | FaultKind::RateLimited | FaultKind::Server(502..=504)
            );
            let wait = wait.unwrap_or(Duration::from_millis(200 << tries.min(6)));
            if !worth || tries >= self.limits.retries || wait > self.limits.patience {
                return Err(fault);
            }
            tries += 1;
            self.clock.sleep(wait).await;
        }
    }

    /// Reads JSON from `path`, and gives the answer with it for its raw bytes.
    pub async fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<(T, Answer), Fault> {
        let answer = self.get(path).await?;
        let value = answer.json()?;
        Ok((value, answer))
    }

    /// Sends a write once, following no redirect. Status 2xx only; every other outcome is a fault, ambiguous unless the
    /// server said 4xx or the connection never stood.
    pub async fn send(&self, write: &Write) -> Result<Answer, Fault> {
        let method = Method::from_bytes(write.method.as_bytes())
            .map_err(|e| Fault::new(FaultKind::Setup, &write.path, e.to_string()))?;
        let answer = self.once(method, &write.path, Some(write)).await?;
        self.judge(answer).map_err(|(mut fault, _)| {
            // A redirect is how some systems answer a form that they have carried out.
            fault.ambiguous = matches!(fault.kind, FaultKind::Server(_) | FaultKind::Redirected);
            fault
        })
    }

    async fn once(&self, method: Method, path: &str, write: Option<&Write>) -> Result<Answer, Fault> {
        let url = self.locate(path)?;
        let uri = url.to_string();
        let client = if write.is_some() { &self.writer } else { &self.client };
        let mut request = client.request(method, url).header("accept", "application/json, */*;q=0.5");
        request = match &self.auth {
            Auth::None => request,
            Auth::Basic { user, password } => request.basic_auth(user, Some(password.expose())),
            Auth::Bearer(token) => request.bearer_auth(token.expose()),
        };
        request = self.add_header(request, &uri)?;
        if let Some(write) = write {
            request = request.header("content-type", write.media_type).body(write.body.clone());
        }
        self.finish(request, uri, write.is_some()).await
    }

    /// Gives a good answer back; any other as a fault, with the wait that it asks for.
    pub fn judge(&self, answer: Answer) -> Result<Answer, (Fault, Option<Duration>)> {
        let Some(kind) = FaultKind::of_status(answer.status) else { return Ok(answer) };
        let wait = answer.headers.get("retry-after").and_then(|v| v.to_str().ok()).and_then(|v| {
            v.trim()
                .parse()
                .ok()
                .map(Duration::from_secs)
                .or_else(|| Timestamp::parse_http_date(v).map(|at| at.since(self.clock.now())))
        });
        Err((Fault::new(kind, &answer.uri, self.redacted(self.auth.redacted(error_text(&answer)))), wait))
    }
}

/// Percent-encodes one value of a query.
pub fn query_value(value: &str) -> String {
    percent_encode(value.as_bytes(), percent_encoding::NON_ALPHANUMERIC).to_string()
}

mod exchange;
mod header;
mod wire;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod tls_testing;
#[cfg(test)]
mod tls_tests;
