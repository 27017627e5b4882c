//! A bucket of S3 with object lock as a mirror: what is there can be neither changed nor removed until it is released.

mod page;

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use self::page::{Page, complaint};
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
        let mut asked = BTreeSet::new();
        for _ in 0..PAGES {
            let mut query = format!("prefix={}&versions=", encode(&prefix));
            for (name, value) in [("key-marker", &from.0), ("version-id-marker", &from.1)] {
                if !value.is_empty() {
                    query.push_str(&format!("&{name}={}", encode(value)));
                }
            }
            let answer = self.good(self.ask("GET", "", &query, &[], b"").await?)?;
            let page = Page::read(&answer.body).map_err(|why| self.no_list(&why))?;
            listed.extend(page.versions.into_iter().filter_map(|(key, version)| {
                let path = key.strip_prefix(&self.settings.prefix)?.to_owned();
                Some(Listed { size: size_of(&path)?, path, version })
            }));
            let Some(next) = page.next else { return Ok(listed) };
            // A store that goes in a circle would be asked forever, and what comes after it is never seen.
            if !asked.insert(next.clone()) {
                return Err(self.no_list("it goes on where it was before"));
            }
            from = next;
        }
        Err(MirrorError::Unusable(format!(
            "S3 {} has more notes than are read, {PAGES} pages of them: what comes after them is compared with nothing. \
             Begin a new bucket or prefix in [ledger] mirrors, and check the old one with another program.",
            self.address()
        )))
    }

    /// What is answered is not all that is there, or cannot be told to be.
    fn no_list(&self, why: &str) -> MirrorError {
        MirrorError::Unusable(format!(
            "S3 {} answered with a list of the bucket {} that cannot be used: {why}. Check endpoint and bucket in [ledger] \
             mirrors, and that no proxy or login page answers in the store's place; a store must know ListObjectVersions.",
            self.address(),
            crate::text::line(&self.settings.bucket)
        ))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::{Reply, Seen, Server, StillClock, limits, reply};
    use crate::secrets::Secret;

    async fn listed(answer: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> (Result<usize, String>, usize) {
        let server = Server::start(answer).await;
        let settings = Settings {
            endpoint: server.url.clone(),
            bucket: "anchors".to_owned(),
            prefix: String::new(),
            retain: Duration::from_secs(60),
            credentials: Credentials {
                access_key: Secret::new("a"),
                secret_key: Secret::new("s"),
                region: "us-east-1".to_owned(),
            },
            tls: Tls::default(),
            limits: limits(),
        };
        let s3 = S3::new(settings, StillClock::new()).unwrap();
        let listed = s3.list("checkpoints/ab/").await;
        (listed.map(|l| l.len()).map_err(|e| e.to_string()), server.seen().len())
    }

    /// A page with one note, which says that another follows after `next`.
    fn page(n: usize, next: Option<&str>) -> Reply {
        let mark = next.map_or_else(String::new, |mark| format!("<NextKeyMarker>{mark}</NextKeyMarker>"));
        let body = format!(
            "<ListVersionsResult><IsTruncated>{}</IsTruncated>{mark}\
             <Version><Key>checkpoints/ab/{n:012}.note</Key><VersionId>v</VersionId></Version></ListVersionsResult>",
            next.is_some()
        );
        reply(200, "application/xml", "", body)
    }

    #[tokio::test]
    async fn a_list_is_read_to_its_end() {
        let (found, asked) = listed(|seen, n| {
            let mark = seen.param("key-marker");
            assert_eq!(mark, (n > 0).then(|| format!("m{n}")));
            page(n, (n < 3).then(|| format!("m{}", n + 1)).as_deref())
        })
        .await;
        assert_eq!((found, asked), (Ok(4), 4));
    }

    #[tokio::test]
    async fn a_list_that_does_not_come_to_its_end_is_an_error() {
        // The same mark again, and marks that go in a circle.
        for (round, pages) in [(1, 2), (3, 4)] {
            let (found, asked) = listed(move |_, n| page(n, Some(&format!("m{}", n % round)))).await;
            let why = found.unwrap_err();
            assert!(why.contains("anchors") && why.contains("where it was before") && why.contains("Check"), "{why}");
            assert_eq!(asked, pages);
        }
        let (found, asked) = listed(|_, n| page(n, Some(&format!("m{n}")))).await;
        let why = found.unwrap_err();
        assert!(why.contains("anchors") && why.contains("more notes than are read"), "{why}");
        assert_eq!(asked, PAGES);
        for body in [
            "<html><body>Log in</body></html>",
            "<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>",
        ] {
            let why = listed(move |_, _| reply(200, "text/html", "", body)).await.0.unwrap_err();
            assert!(why.contains("bucket anchors") && why.contains("cannot be used") && why.contains("Check"), "{why}");
        }
    }

    #[test]
    fn values_of_queries_are_encoded_as_they_are_signed() {
        assert_eq!(encode("a b/c~d-e_f.g+h"), "a%20b%2Fc~d-e_f.g%2Bh");
        assert_eq!(seconds("2026-11-21T04:10:00.123Z".parse().unwrap()), "2026-11-21T04:10:00Z");
    }
}
