//! A request as a stand-in sees it, and its answer before it is bytes.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderValue};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::clock::SharedClock;

/// One system of the demo world.
pub trait StandIn: Send + Sync {
    /// Answers one request.
    fn answer(&self, call: &Call) -> Reply;
}

/// A request, read to its end.
#[derive(Debug)]
pub struct Call {
    /// `GET`.
    pub method: String,
    /// The path as sent.
    pub path: String,
    /// Its parts, percent-decoded.
    pub parts: Vec<String>,
    /// The query, decoded, in the order sent.
    pub query: Vec<(String, String)>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The common name of the client's certificate, on the port that asks for one.
    pub certificate: Option<String>,
}

impl Call {
    /// A request from its pieces.
    pub fn new(method: &str, uri: &hyper::Uri, headers: HeaderMap, body: Bytes, certificate: Option<String>) -> Self {
        let decode = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        Self {
            method: method.to_owned(),
            path: uri.path().to_owned(),
            parts: uri.path().split('/').filter(|p| !p.is_empty()).map(decode).collect(),
            query: url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect(),
            headers,
            body,
            certificate,
        }
    }

    /// The parts, to match on.
    pub fn route(&self) -> Vec<&str> {
        self.parts.iter().map(String::as_str).collect()
    }

    /// The first value of a query parameter; an empty one counts as absent.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// The values of a parameter that is a list with commas; `None` when it is absent.
    pub fn list(&self, name: &str) -> Option<Vec<&str>> {
        self.param(name).map(|v| v.split(',').map(str::trim).filter(|v| !v.is_empty()).collect())
    }

    /// A number; `default` when it is absent or not a number.
    pub fn number(&self, name: &str, default: usize) -> usize {
        self.param(name).and_then(|v| v.parse().ok()).unwrap_or(default)
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Headers besides length and date.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// An answer in JSON.
    pub fn json(status: u16, value: &Value) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::from(value.to_string()) }
            .with("content-type", "application/json;charset=UTF-8")
    }

    /// 200 in JSON.
    pub fn ok(value: &Value) -> Self {
        Self::json(200, value)
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// A page for browsers.
    pub fn html(status: u16, text: &str) -> Self {
        let page =
            format!("<!DOCTYPE html><html><head><title>{text}</title></head><body><h1>{text}</h1></body></html>");
        Self { status, headers: Vec::new(), body: Bytes::from(page) }.with("content-type", "text/html;charset=utf-8")
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Compressed, where the caller can take it. As the servers do that we stand in for: JSON that is worth it, and no
    /// files that a build has archived.
    #[must_use]
    pub fn packed(self, call: &Call) -> Self {
        let says =
            |headers: Option<&HeaderValue>, word| headers.is_some_and(|v| v.to_str().is_ok_and(|v| v.contains(word)));
        let json = self.headers.iter().any(|(n, v)| n == "content-type" && v.starts_with("application/json"));
        let taken = says(call.headers.get("accept-encoding"), "gzip");
        if !json || !taken || self.body.len() < WORTH_PACKING || call.path.contains("/artifact/") {
            return self;
        }
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        match packer.write_all(&self.body).and_then(|()| packer.finish()) {
            Ok(bytes) => {
                Self { body: bytes.into(), ..self }.with("content-encoding", "gzip").with("vary", "Accept-Encoding")
            }
            Err(_cannot_be) => self,
        }
    }
}

/// SonarQube's and Spring's own limit is in this region.
const WORTH_PACKING: usize = 2048;

/// What stand-ins share: the clock and the moment that ages count back from.
#[derive(Clone)]
pub struct Times {
    /// The time of day.
    pub clock: SharedClock,
    /// When the world began, in milliseconds since 1970.
    pub start: i64,
}

impl Times {
    /// Now, in milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.clock.now().millis()
    }

    /// The moment `ago` before the start.
    pub fn before(&self, ago: std::time::Duration) -> i64 {
        self.start - i64::try_from(ago.as_millis()).unwrap_or(0)
    }
}

/// A moment in milliseconds, written as `pattern` (chrono's) says.
pub fn written(millis: i64, pattern: &str) -> String {
    chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default().format(pattern).to_string()
}

/// Takes a lock; a panic of another holder is no reason to stop serving.
pub fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(path: &str, encoding: Option<&'static str>) -> Call {
        let headers = encoding.map(|e| (hyper::header::ACCEPT_ENCODING, HeaderValue::from_static(e)));
        Call::new("GET", &path.parse().unwrap(), headers.into_iter().collect(), Bytes::new(), None)
    }

    #[test]
    fn only_json_that_is_worth_it_is_packed_for_who_can_take_it() {
        let long = Reply::ok(&Value::from("x".repeat(WORTH_PACKING)));
        let packed = |reply: &Reply, call: &Call| {
            let reply = reply.clone().packed(call);
            reply.headers.iter().any(|(n, v)| n == "content-encoding" && v == "gzip")
        };
        let (able, unable) = (call("/api/x", Some("gzip, br")), call("/api/x", None));
        assert!(packed(&long, &able) && !packed(&long, &unable));
        assert!(!packed(&Reply::ok(&Value::Null), &able));
        assert!(!packed(&long, &call("/job/a/1/artifact/scan.json", Some("gzip"))));
        assert!(!packed(&Reply::html(200, &"x".repeat(WORTH_PACKING)), &able));
        let mut unpacked = String::new();
        let bytes = long.clone().packed(&able).body;
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut unpacked).unwrap();
        assert_eq!(unpacked.as_bytes(), &long.body[..]);
    }
}
