//! octocrab on our HTTP client: how it is built, how bytes are read, and what its errors mean.

use std::error::Error as _;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use octocrab::Octocrab;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue, IF_NONE_MATCH};

use super::kept::Kept;
use crate::domain::time::Timestamp;
use crate::http::{Answer, Auth, Fault, FaultKind, Http, Write, classify};
use crate::source::registry::Settings;

/// The header in which an Enterprise server says its version.
pub(super) const VERSION: &str = "x-github-enterprise-version";
/// The public GitHub.
const PUBLIC: &str = "https://api.github.com";

/// A GitHub that is asked through octocrab.
pub(crate) struct Client {
    http: Http,
    auth: Auth,
    kept: Kept,
}

impl Client {
    /// A client for an address; the public GitHub if it is empty.
    pub(crate) fn new(settings: &Settings) -> Result<Self, Fault> {
        let url = if settings.url.is_empty() { PUBLIC } else { &settings.url };
        let http = Http::new(url, settings.auth.clone(), &settings.tls, settings.limits, settings.clock.clone())?;
        Ok(Self { http, auth: settings.auth.clone(), kept: Kept::default() })
    }

    /// The full address of a path, for people and for records.
    pub(crate) fn uri(&self, path: &str) -> String {
        self.http.uri(path)
    }

    /// An octocrab for one collection. It is made anew each time, because it starts a task in the runtime it is made in.
    pub(crate) fn session(&self) -> Result<Octocrab, Fault> {
        let base = self.http.base().as_str();
        let setup = |e: octocrab::Error| Fault::new(FaultKind::Setup, base, e.to_string());
        let builder = Octocrab::builder().base_uri(base).map_err(setup)?;
        let builder = match &self.auth {
            Auth::None => builder,
            Auth::Bearer(token) => builder.personal_token(token.expose().to_owned()),
            Auth::Basic { user, password } => builder.basic_auth(user.clone(), password.expose().to_owned()),
        };
        builder.build_with_reqwest(self.http.client()).map_err(setup)
    }

    /// Reads a path. Status 2xx only; others are faults by status.
    pub(crate) async fn get(&self, octocrab: &Octocrab, path: &str) -> Result<Answer, Fault> {
        let uri = self.uri(path);
        // The path of the base stands in it already: octocrab would not add a base `/r` to `/repos`. The host does not,
        // or octocrab would send no credentials.
        let target = format!("{}{path}", self.http.base().path());
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
        let kept = self.kept.get(path);
        if let Some(kept) = &kept {
            headers.insert(IF_NONE_MATCH, kept.etag.clone());
        }
        let _turn = self.http.turn().await;
        let response = octocrab._get_with_headers(target, Some(headers)).await.map_err(|e| fault(&uri, &e))?;
        let (parts, body) = response.into_parts();
        let limit = usize::try_from(self.http.limits().bytes).unwrap_or(usize::MAX);
        let body = Limited::new(body, limit).collect().await.map_err(|e| {
            if e.is::<LengthLimitError>() {
                return Fault::new(FaultKind::TooLarge, &uri, "");
            }
            e.downcast_ref::<octocrab::Error>()
                .map_or_else(|| Fault::new(FaultKind::Truncated, &uri, e.to_string()), |e| fault(&uri, e))
        })?;
        let text = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let date = Timestamp::parse_http_date(text("date"));
        if parts.status.as_u16() == 304
            && let Some(answer) = kept.and_then(|kept| kept.answer())
        {
            return Ok(Answer { date, ..answer });
        }
        // GitHub answers 403 too when there were too many requests.
        let limited = text("x-ratelimit-remaining") == "0" || parts.headers.contains_key("retry-after");
        let status = match parts.status.as_u16() {
            403 if limited => 429,
            status => status,
        };
        let media_type = text("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let body = body.to_bytes();
        let answer = Answer { uri, status, media_type, headers: parts.headers, body, date };
        let answer = self.http.judge(answer).map_err(|(fault, _wait)| fault)?;
        self.kept.put(path, &answer);
        Ok(answer)
    }

    /// Sends a write once, by our own client: octocrab's errors do not say whether it may have been carried out.
    pub(crate) async fn send(&self, write: &Write) -> Result<Answer, Fault> {
        self.http.send(write).await
    }
}

/// What octocrab's error means: the client's own error lies somewhere below it.
fn fault(uri: &str, error: &octocrab::Error) -> Fault {
    let mut next = error.source();
    while let Some(e) = next {
        if let Some(e) = e.downcast_ref::<reqwest::Error>() {
            // Reads change nothing.
            return Fault { ambiguous: false, ..classify(uri, e) };
        }
        next = e.source();
    }
    Fault::new(FaultKind::Unreachable, uri, error.to_string())
}
