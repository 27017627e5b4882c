//! Answers that are asked for again by their ETag; GitHub says 304 to those that have not changed.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use hyper::body::Bytes;
use reqwest::header::{ETAG, HeaderMap, HeaderValue};

use super::client::VERSION;
use crate::http::Answer;

/// The most bytes that are kept, compressed.
const MOST: usize = 4 << 20;

/// Answers with their ETag. Compressed: they wait here from one refresh to the next, and JSON shrinks to a tenth.
#[derive(Default)]
pub(super) struct Kept(Mutex<Answers>);

#[derive(Default)]
struct Answers {
    by_path: HashMap<String, Arc<One>>,
    bytes: usize,
}

/// One answer.
pub(super) struct One {
    /// What it is asked for again by.
    pub(super) etag: HeaderValue,
    /// Without its body.
    answer: Answer,
    packed: Box<[u8]>,
    /// How long it is unpacked.
    size: usize,
}

impl One {
    /// The answer as it was; `None` if it cannot be unpacked.
    pub(super) fn answer(&self) -> Option<Answer> {
        let mut body = Vec::with_capacity(self.size);
        DeflateDecoder::new(&*self.packed).read_to_end(&mut body).ok()?;
        Some(Answer { body: body.into(), ..self.answer.clone() })
    }
}

impl Kept {
    pub(super) fn get(&self, path: &str) -> Option<Arc<One>> {
        self.lock().by_path.get(path).map(Arc::clone)
    }

    /// Keeps an answer that has an ETag. When there is no more room, everything is forgotten.
    pub(super) fn put(&self, path: &str, answer: &Answer) {
        let Some(etag) = answer.headers.get(ETAG).cloned() else { return };
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        let Ok(packed) = encoder.write_all(&answer.body).and_then(|()| encoder.finish()) else { return };
        if packed.len() > MOST {
            return;
        }
        // Of the headers only what is still asked for: they take more room than most bodies.
        let mut headers = HeaderMap::new();
        if let Some(version) = answer.headers.get(VERSION) {
            headers.insert(VERSION, version.clone());
        }
        let size = answer.body.len();
        let answer = Answer { headers, body: Bytes::new(), ..answer.clone() };
        let mut kept = self.lock();
        if kept.bytes + packed.len() > MOST {
            *kept = Answers::default();
        }
        kept.bytes += packed.len();
        let one = Arc::new(One { etag, answer, packed: packed.into(), size });
        if let Some(before) = kept.by_path.insert(path.to_owned(), one) {
            kept.bytes = kept.bytes.saturating_sub(before.packed.len());
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Answers> {
        // A cache is never half written in a way that matters.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: Vec<u8>) -> Answer {
        let headers = [("etag", "\"1\""), (VERSION, "3.14"), ("x-other", "x")];
        let headers = headers.into_iter().map(|(k, v)| (k.parse().unwrap(), HeaderValue::from_static(v))).collect();
        Answer {
            uri: "https://x".to_owned(),
            status: 200,
            media_type: "application/json".to_owned(),
            headers,
            body: body.into(),
            date: None,
        }
    }

    /// Bytes that do not shrink.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn an_answer_comes_back_as_it_was() {
        let kept = Kept::default();
        let body = b"{\"sha\": \"abc\"}".repeat(1_000);
        kept.put("/a", &answer(body.clone()));
        let one = kept.get("/a").unwrap();
        assert!(one.packed.len() * 10 < body.len());
        let again = one.answer().unwrap();
        assert_eq!((again.body.as_ref(), again.status, one.etag.as_bytes()), (body.as_slice(), 200, &b"\"1\""[..]));
        assert_eq!((again.headers.len(), again.headers[VERSION].as_bytes()), (1, &b"3.14"[..]));
    }

    #[test]
    fn room_is_bounded() {
        let kept = Kept::default();
        for path in ["/a", "/a", "/b"] {
            kept.put(path, &answer(noise(MOST / 2 - 100_000)));
        }
        assert!(kept.get("/a").is_some() && kept.get("/b").is_some());
        let held = |kept: &Kept| {
            let held = kept.lock();
            (held.bytes, held.by_path.values().map(|o| o.packed.len()).sum::<usize>())
        };
        let (counted, there) = held(&kept);
        assert_eq!((counted, counted > MOST / 2), (there, true), "what was kept twice is counted once");
        kept.put("/c", &answer(noise(MOST / 2)));
        assert!(kept.get("/a").is_none() && kept.get("/c").is_some());
        kept.put("/d", &answer(noise(MOST + 1)));
        assert!(kept.get("/d").is_none() && kept.get("/c").is_some(), "what is too much throws nothing out");
    }
}
