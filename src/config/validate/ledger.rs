//! The ledger and its mirrors.

use super::Sink;
use super::connection::{address, is_nowhere};
use crate::config::schema::{LedgerConfig, MirrorConfig, S3Config};
use crate::domain::time::parse_duration;
use crate::ledger::location;

pub(super) fn check(ledger: &LedgerConfig, sink: &mut Sink<'_>) {
    if let Some(url) = &ledger.url
        && let Err(why) = location::parse(url)
    {
        sink.at("ledger.url", why);
    }
    if ledger.password.as_ref().is_some_and(is_nowhere) {
        sink.at("ledger.password", "password names an empty place.");
    }
    for (n, mirror) in ledger.mirrors.iter().enumerate() {
        let key = format!("ledger.mirrors[{n}]");
        match mirror {
            MirrorConfig::Folder(path) | MirrorConfig::Git(path) if path.as_os_str().is_empty() => {
                sink.at(&key, "A mirror needs the path of a folder.");
            }
            MirrorConfig::Folder(_) | MirrorConfig::Git(_) => {}
            MirrorConfig::S3(s3) => bucket(&format!("{key}.s3"), s3, sink),
        }
    }
}

fn bucket(key: &str, s3: &S3Config, sink: &mut Sink<'_>) {
    address(&format!("{key}.endpoint"), &s3.endpoint, true, sink);
    for (name, secret) in [("access_key", &s3.access_key), ("secret_key", &s3.secret_key)] {
        if is_nowhere(secret) {
            sink.at(&format!("{key}.{name}"), format!("{name} names an empty place."));
        }
    }
    // What stands in the path of a signed request as it is.
    let plain = |text: &str, more: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    if s3.bucket.is_empty() || !plain(&s3.bucket, "-._") || s3.bucket.starts_with('.') {
        sink.at(&format!("{key}.bucket"), "The name of a bucket has letters, digits, -, . and _ only.");
    }
    let prefix = s3.prefix.as_deref().unwrap_or_default();
    let odd = prefix.split('/').any(|part| part == "." || part == "..") || prefix.contains("//");
    if odd || prefix.starts_with('/') || !plain(prefix, "-._~/") {
        let message =
            "The prefix has letters, digits, -, ., _ and ~, and single slashes between them: \"countersign/\".";
        sink.at(&format!("{key}.prefix"), message);
    }
    if s3.region.as_ref().is_some_and(|r| r.is_empty() || !plain(r, "-")) {
        sink.at(&format!("{key}.region"), "This is no region: write it as in \"eu-central-1\".");
    }
    if s3.retain.as_ref().is_some_and(|text| parse_duration(text).is_none_or(|d| d.as_secs() < 86_400)) {
        sink.at(&format!("{key}.retain"), "retain is a length of time of a day or more: write 365d or 52w.");
    }
    if s3.tls.cert.is_some() != s3.tls.key.is_some() {
        sink.at(&format!("{key}.tls"), "tls.cert and tls.key go together: give both, or neither.");
    }
}
