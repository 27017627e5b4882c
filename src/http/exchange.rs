//! One request: where it goes, and its answer read whole. Also requests whose headers the caller makes, for systems that
//! want each request signed.

use std::sync::atomic::Ordering;

use futures_util::StreamExt as _;
use reqwest::{Method, RequestBuilder};
use url::Url;

use super::{Answer, Fault, FaultKind, Http, classify};
use crate::domain::time::Timestamp;

/// One request with headers of its own.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// `GET`, `PUT` and so on.
    pub method: &'static str,
    /// Path and query, relative to the connection's address.
    pub path: &'a str,
    /// Headers, names in lower case.
    pub headers: &'a [(&'a str, String)],
    /// The body, of a request that has one.
    pub body: Option<&'a [u8]>,
}

impl Http {
    /// Sends a request once, following no redirect, and gives whatever is answered: the status is the caller's to judge.
    pub async fn exchange(&self, exchange: &Exchange<'_>) -> Result<Answer, Fault> {
        let method = Method::from_bytes(exchange.method.as_bytes())
            .map_err(|e| Fault::new(FaultKind::Setup, exchange.path, e.to_string()))?;
        let url = self.locate(exchange.path)?;
        let uri = url.to_string();
        let mut request = self.writer.request(method, url);
        for (name, value) in exchange.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = exchange.body {
            request = request.body(body.to_vec());
        }
        self.finish(request, uri, exchange.method != "GET").await
    }

    /// The address of a path, which never leads to another host.
    pub(super) fn locate(&self, path: &str) -> Result<Url, Fault> {
        let setup = |uri: &str, why: String| Fault::new(FaultKind::Setup, uri, why);
        let url = self.base.join(path.trim_start_matches('/')).map_err(|e| setup(path, e.to_string()))?;
        if url.origin() == self.base.origin() {
            return Ok(url);
        }
        Err(setup(url.as_str(), "the path leads to another host".to_owned()))
    }

    /// Sends a request and reads its answer to the end, within the limits.
    pub(super) async fn finish(&self, request: RequestBuilder, uri: String, is_write: bool) -> Result<Answer, Fault> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        // From here on a write may have been carried out, whatever the answer; `classify` knows the exceptions.
        let failed = |mut fault: Fault| {
            fault.ambiguous &= is_write;
            fault
        };
        let too_large = || failed(Fault { ambiguous: true, ..Fault::new(FaultKind::TooLarge, &uri, "") });
        let _turn = self.turn().await;
        let response = request.send().await.map_err(|e| failed(classify(&uri, &e)))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let media_type = header("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let date = Timestamp::parse_http_date(header("date"));
        if response.content_length().is_some_and(|n| n > self.limits.bytes) {
            return Err(too_large());
        }
        // A length that is announced is taken at its word only up to four megabytes. To grow there step by step would
        // leave as much again in holes.
        let announced = response.content_length().unwrap_or(0).min(4 << 20);
        let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
        let mut stream = response.bytes_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|e| failed(classify(&uri, &e)))?;
            if (body.len() + chunk.len()) as u64 > self.limits.bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { uri, status, media_type, headers, body: body.into(), date })
    }
}
