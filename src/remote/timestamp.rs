//! Fetches RFC 3161 time stamps from an authority (RFC 3161, section 3.4: over HTTP).
//!
//! What comes back is checked before it is given out: that it answers this question, and is good by the authorities
//! that are listed. Over plain HTTP too, which most authorities speak: the answer is signed.

use std::time::Duration;

use crate::clock::SharedClock;
use crate::http::{Auth, Fault, FaultKind, Http, Limits, Tls, Write};
use crate::trust::stamp::{Authorities, BadStamp, Request, Stamped};

/// The largest answer that is read.
const MAX_ANSWER: u64 = 64 * 1024;

/// Why there is no time stamp. The signature is good without one.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NoStamp {
    /// The authority was not reached, or did not answer as it should.
    #[error("No time stamp was got: {0}")]
    Fault(#[from] Fault),
    /// What it answered is no good stamp.
    #[error("The time stamp of {url} is not used: {why}.")]
    Bad {
        /// The authority's address.
        url: String,
        /// What is wrong.
        why: BadStamp,
    },
}

impl NoStamp {
    /// What to do, a full sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Fault(_) => {
                "Check `timestamp_url` under [trust], and the proxy; the decision stands without the stamp."
            }
            Self::Bad { why, .. } => why.hint(),
        }
    }
}

/// Asks the authority at `url` for a time stamp over the bytes of a signature; gives the token and what it proves.
pub async fn fetch(
    url: &str,
    over: &[u8],
    nonce: [u8; 16],
    authorities: &Authorities,
    clock: SharedClock,
) -> Result<(Vec<u8>, Stamped), NoStamp> {
    let request = Request::new(over, nonce);
    // The path is sent as it is written, with a slash at its end or without.
    let parsed = url::Url::parse(url).map_err(|e| Fault::new(FaultKind::Setup, url, e.to_string()))?;
    let (base, path) = (&parsed[..url::Position::BeforePath], &parsed[url::Position::BeforePath..]);
    let limits = Limits { bytes: MAX_ANSWER, total: Duration::from_secs(15), ..Limits::default() };
    let http = Http::new(base, Auth::None, &Tls::default(), limits, clock)?;
    let write = Write {
        method: "POST",
        path: path.to_owned(),
        media_type: "application/timestamp-query",
        body: request.to_der(),
    };
    let answer = http.send(&write).await?;
    if answer.media_type != "application/timestamp-reply" {
        let why = format!("an answer of the type {:?}, and application/timestamp-reply is expected", answer.media_type);
        return Err(Fault::new(FaultKind::Malformed, &answer.uri, why).into());
    }
    request
        .accept(&answer.body, authorities)
        .map_err(|why| NoStamp::Bad { url: crate::text::line(url).into_owned(), why })
}
