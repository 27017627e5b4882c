//! A bucket of S3 with object lock as a mirror: what is there can be neither changed nor removed until it is released.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::events::Event;
use sha2::{Digest as _, Sha256};

use super::{Listed, MirrorError, Note, compare, size_of};
use crate::clock::SharedClock;
use crate::domain::time::Timestamp;
use crate::http::{Answer, Auth, Exchange, Fault, Http, Limits, Tls};
use crate::remote::sigv4::{self, Credentials};

/// The most pages of a listing that are read, of a thousand versions each.
const PAGES: usize = 1_000;

/// What a bucket is reached with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://s3.eu-central-1.amazonaws.com`, or a store of one's own.
    pub endpoint: String,
    /// The bucket. It has object lock switched on.
    pub bucket: String,
    /// What stands before each name: nothing, or `team/`.
    pub prefix: String,
    /// How long a note is locked.
    pub retain: Duration,
    /// Who signs the requests.
    pub credentials: Credentials,
    /// TLS material.
    pub tls: Tls,
    /// How the client behaves.
    pub limits: Limits,
}

/// A bucket.
pub struct S3 {
    http: Http,
    /// `Host` as it is sent.
    host: String,
    settings: Settings,
    clock: SharedClock,
}

impl S3 {
    pub(super) fn new(settings: Settings, clock: SharedClock) -> Result<Self, Fault> {
        let http = Http::new(&settings.endpoint, Auth::None, &settings.tls, settings.limits, clock.clone())?;
        let base = http.base();
        let name = base.host_str().unwrap_or_default();
        let host = base.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
        Ok(Self { http, host, settings, clock })
    }

    /// Where it is, for people.
    pub(super) fn address(&self) -> String {
        crate::text::line(&format!("{}{}/{}", self.http.base(), self.settings.bucket, self.settings.prefix))
            .into_owned()
    }

    pub(super) async fn put(&self, path: &str, note: &Note) -> Result<(), MirrorError> {
        let until = self.clock.now().plus(self.settings.retain);
        let body = note.text.as_bytes();
        let headers = [
            ("content-type", "text/plain; charset=utf-8".to_owned()),
            // Never in the place of what is there; a store that does not know the header keeps the old version, locked.
            ("if-none-match", "*".to_owned()),
            ("x-amz-checksum-sha256", STANDARD.encode(Sha256::digest(body))),
            ("x-amz-object-lock-mode", "COMPLIANCE".to_owned()),
            ("x-amz-object-lock-retain-until-date", seconds(until)),
        ];
        let answer = self.ask("PUT", path, "", &headers, body).await?;
        if answer.status != 412 {
            self.good(answer)?;
            return Ok(());
        }
        let there = self.good(self.ask("GET", path, "", &[], b"").await?)?;
        compare(&there.body, note, &format!("S3 {}", self.address()))
    }

    /// All versions, also of notes that were hidden by a mark of deletion.
    pub(super) async fn list(&self, folder: &str) -> Result<Vec<Listed>, MirrorError> {
        let prefix = format!("{}{folder}", self.settings.prefix);
        let (mut listed, mut from) = (Vec::new(), (String::new(), String::new()));
        for _ in 0..PAGES {
            let mut query = format!("prefix={}&versions=", encode(&prefix));
            for (name, value) in [("key-marker", &from.0), ("version-id-marker", &from.1)] {
                if !value.is_empty() {
                    query.push_str(&format!("&{name}={}", encode(value)));
                }
            }
            let answer = self.good(self.ask("GET", "", &query, &[], b"").await?)?;
            let page = Page::read(&answer.body).map_err(|why| {
                MirrorError::Unusable(format!("S3 {} answered with a list that cannot be read: {why}.", self.address()))
            })?;
            listed.extend(page.versions.into_iter().filter_map(|(key, version)| {
                let path = key.strip_prefix(&self.settings.prefix)?.to_owned();
                Some(Listed { size: size_of(&path)?, path, version })
            }));
            match page.next {
                // A store that gives the same mark again would be asked forever.
                Some(next) if next != from => from = next,
                _ => return Ok(listed),
            }
        }
        Err(MirrorError::Unusable(format!("S3 {} has more notes than are read.", self.address())))
    }

    pub(super) async fn read(&self, path: &str, version: &str) -> Result<Vec<u8>, MirrorError> {
        // Without versions there is one, which stores call null.
        let query = if version.is_empty() { String::new() } else { format!("versionId={}", encode(version)) };
        Ok(self.good(self.ask("GET", path, &query, &[], b"").await?)?.body.to_vec())
    }

    /// Sends one signed request. An empty path is the bucket itself.
    async fn ask(
        &self,
        method: &'static str,
        path: &str,
        query: &str,
        headers: &[(&str, String)],
        body: &[u8],
    ) -> Result<Answer, MirrorError> {
        let base = self.http.base().path();
        let name = if path.is_empty() { String::new() } else { format!("/{}{path}", self.settings.prefix) };
        // Names have only what stands in an address as it is: the configuration and `Note::ledger` see to that.
        let full = format!("{base}{}{name}", self.settings.bucket);
        let mut listed: Vec<(&str, &str)> = vec![("host", &self.host)];
        listed.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
        let request = sigv4::Request { method, path: &full, query, headers: &listed, body };
        let signed = sigv4::sign(&request, &self.settings.credentials, self.clock.now());
        let relative = full.strip_prefix(base).unwrap_or(&full);
        let relative = if query.is_empty() { relative.to_owned() } else { format!("{relative}?{query}") };
        let mut sent: Vec<(&str, String)> = headers.to_vec();
        sent.extend(signed);
        let body = (method != "GET").then_some(body);
        Ok(self.http.exchange(&Exchange { method, path: &relative, headers: &sent, body }).await?)
    }

    /// A good answer, or what the store says against it.
    fn good(&self, answer: Answer) -> Result<Answer, MirrorError> {
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        let (code, message) = complaint(&answer.body);
        let mend = match (answer.status, code.as_str()) {
            (_, "RequestTimeTooSkewed") => "Set this machine's clock.",
            (_, "SignatureDoesNotMatch" | "InvalidAccessKeyId") | (401, _) => {
                "Check access_key, secret_key and region."
            }
            (_, "NoSuchBucket" | "InvalidRequest" | "ObjectLockConfigurationNotFoundError") => {
                "Check the name of the bucket. It must have object lock, which is switched on when it is made."
            }
            (403, _) => {
                "The key needs s3:PutObject, s3:PutObjectRetention, s3:GetObjectVersion and s3:ListBucketVersions."
            }
            _ => "",
        };
        let said = crate::text::line(&format!("{code} {message}")).trim().chars().take(300).collect::<String>();
        let text = format!("S3 {} refused the request ({}: {said}). {mend}", self.address(), answer.status);
        Err(MirrorError::Unusable(text.trim_end().to_owned()))
    }
}

/// RFC 3339 in whole seconds, as S3 wants it.
fn seconds(time: Timestamp) -> String {
    let text = time.to_string();
    text.split_once('.').map_or(text.clone(), |(whole, _)| format!("{whole}Z"))
}

/// Percent-encodes as SigV4 has it: all but letters, digits and `-._~`.
fn encode(value: &str) -> String {
    const ALL_ELSE: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(value, ALL_ELSE).to_string()
}

/// One page of the versions in a bucket.
#[derive(Debug, Default)]
struct Page {
    /// Key and version.
    versions: Vec<(String, String)>,
    /// Where the next page begins.
    next: Option<(String, String)>,
}

impl Page {
    fn read(body: &[u8]) -> Result<Self, String> {
        let (mut page, mut truncated, mut mark) = (Self::default(), false, (String::new(), String::new()));
        let (mut key, mut version) = (String::new(), String::new());
        elements(body, |path, text| match path {
            [_, "Version", "Key"] => text.clone_into(&mut key),
            [_, "Version", "VersionId"] => text.clone_into(&mut version),
            [_, "Version"] => page.versions.push((std::mem::take(&mut key), std::mem::take(&mut version))),
            [_, "IsTruncated"] => truncated = text == "true",
            [_, "NextKeyMarker"] => text.clone_into(&mut mark.0),
            [_, "NextVersionIdMarker"] => text.clone_into(&mut mark.1),
            _ => {}
        })?;
        page.next = truncated.then_some(mark);
        Ok(page)
    }
}

/// Code and message of an error answer.
fn complaint(body: &[u8]) -> (String, String) {
    let (mut code, mut message) = (String::new(), String::new());
    // What cannot be read says nothing.
    elements(body, |path, text| match path {
        [_, "Code"] => text.clone_into(&mut code),
        [_, "Message"] => text.clone_into(&mut message),
        _ => {}
    })
    .ok();
    (code, message)
}

/// Calls `each` at the end of every element, with the names from the top down to it and its text.
fn elements(body: &[u8], mut each: impl FnMut(&[&str], &str)) -> Result<(), String> {
    let mut reader = quick_xml::Reader::from_reader(body);
    let (mut path, mut text): (Vec<String>, String) = (Vec::new(), String::new());
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(start) => {
                if path.len() > 16 {
                    return Err("it is nested too deeply".to_owned());
                }
                path.push(start.local_name().as_ref().to_owned());
                text.clear();
            }
            Event::Text(part) => text.push_str(&part),
            Event::GeneralRef(name) => {
                text.push_str(match &*name {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    "quot" => "\"",
                    "apos" => "'",
                    _ => "?",
                });
            }
            Event::End(_) => {
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                each(&names, text.trim());
                path.pop();
                text.clear();
            }
            Event::Eof if path.is_empty() => return Ok(()),
            Event::Eof => return Err("it ends early".to_owned()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_complaints_are_read() {
        let body = br#"<?xml version="1.0"?><ListVersionsResult xmlns="urn:x"><IsTruncated>true</IsTruncated>
            <NextKeyMarker>a&amp;b</NextKeyMarker><NextVersionIdMarker>v9</NextVersionIdMarker>
            <Version><Key>checkpoints/ab/000000000002.note</Key><VersionId>v1</VersionId><Owner><ID>1</ID></Owner></Version>
            <DeleteMarker><Key>checkpoints/ab/000000000003.note</Key><VersionId>v2</VersionId></DeleteMarker>
            </ListVersionsResult>"#;
        let page = Page::read(body).unwrap();
        assert_eq!(page.versions, [("checkpoints/ab/000000000002.note".to_owned(), "v1".to_owned())]);
        assert_eq!(page.next, Some(("a&b".to_owned(), "v9".to_owned())));
        assert!(Page::read(b"<ListVersionsResult><Version>").is_err());
        let error = br"<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
        assert_eq!(complaint(error), ("AccessDenied".to_owned(), "no".to_owned()));
        assert_eq!(complaint(b"not xml at all <"), (String::new(), String::new()));
    }

    #[test]
    fn values_of_queries_are_encoded_as_they_are_signed() {
        assert_eq!(encode("a b/c~d-e_f.g+h"), "a%20b%2Fc~d-e_f.g%2Bh");
        assert_eq!(seconds("2026-11-21T04:10:00.123Z".parse().unwrap()), "2026-11-21T04:10:00Z");
    }
}
