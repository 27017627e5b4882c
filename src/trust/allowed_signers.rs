//! The allowed_signers file (ssh-keygen(1), "ALLOWED SIGNERS"): whose signatures count, and as whom.
//!
//! Each line is `PRINCIPALS [OPTIONS] ALGORITHM BASE64 [COMMENT]`. It is read as ssh-keygen reads it, with two
//! differences, both on the strict side: a time without `Z` is UTC here and local time there (write the `Z`), and a key
//! counts only if it has exactly one principal, without wildcards: who an approver is must follow from the key alone,
//! and one person must not count twice. A certificate counts by the line of its authority (`cert-authority`), as the one
//! principal that both name.

mod certified;
mod line;
pub(super) mod pattern;

use super::error::TrustFileError;
use super::key::KeyInfo;
use crate::domain::ids::Principal;
use crate::domain::time::Timestamp;

/// The largest file that is read.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// An allowed_signers file as read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedSigners {
    /// The file's name, safe to display.
    pub file: String,
    /// Its lines, without those that are empty or comments.
    pub entries: Vec<Entry>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1.
    pub line: usize,
    /// The principals as written: a list of patterns.
    pub principals: String,
    /// Whether the key is an authority for certificates, and signs nothing itself.
    pub cert_authority: bool,
    /// The namespaces as written, a list of patterns; `None` for all.
    pub namespaces: Option<String>,
    /// From when on the key is valid.
    pub valid_after: Option<Timestamp>,
    /// Until when the key is valid, that second included.
    pub valid_before: Option<Timestamp>,
    /// The key, or `None` if it is of a kind that we accept no signatures from.
    pub key: Option<KeyInfo>,
    /// The key in SSH's binary form.
    pub blob: Vec<u8>,
}

/// Why a key names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPrincipal {
    /// It is not listed.
    #[error("The key {key} is not listed in {file}.")]
    NotListed {
        /// The key's fingerprint.
        key: String,
        /// The file.
        file: String,
    },
    /// It is listed as an authority for certificates only.
    #[error("The key {key} is listed in {place} as cert-authority only, and may not sign itself.")]
    AuthorityOnly {
        /// The key's fingerprint.
        key: String,
        /// File and line.
        place: String,
    },
    /// It is not listed for this purpose.
    #[error("The key {key} is listed in {place}, but not for the namespace {namespace:?}.")]
    Namespace {
        /// The key's fingerprint.
        key: String,
        /// File and line.
        place: String,
        /// The namespace.
        namespace: String,
    },
    /// A bare signature, which says nothing of its purpose, and one over the approvers file need the purpose to be written
    /// out on the line.
    #[error(
        "The key {key} counts here only where its line names {namespace:?} in full under namespaces=; {place} does not."
    )]
    NotExplicit {
        /// The key's fingerprint.
        key: String,
        /// File and line.
        place: String,
        /// The namespace.
        namespace: String,
    },
    /// The authority of its certificate is not listed.
    #[error(
        "The certificate of the key {key} is by the authority {authority}, which {file} does not list as cert-authority."
    )]
    Authority {
        /// The key's fingerprint.
        key: String,
        /// The authority's fingerprint.
        authority: String,
        /// The file.
        file: String,
    },
    /// The certificate does not count.
    #[error("The certificate of the key {key} does not count: {why}.")]
    Certificate {
        /// The key's fingerprint.
        key: String,
        /// Why.
        why: Box<super::cert::Unfit>,
    },
    /// None, or several, of the certificate's principals fit.
    #[error("Not exactly one of the principals in the certificate of the key {key} fits {place}: {principals:?}.")]
    Principals {
        /// The key's fingerprint.
        key: String,
        /// File and line.
        place: String,
        /// What the certificate names.
        principals: String,
    },
    /// It is not valid yet.
    #[error("The key {key} ({place}) is valid only after {after}, and it is judged as of {at}.")]
    NotYet {
        /// The key's fingerprint.
        key: String,
        /// File and line.
        place: String,
        /// When its time begins.
        after: Timestamp,
        /// As of when it was judged.
        at: Timestamp,
    },
    /// It is not valid any more.
    #[error("The key {key} ({place}) was valid until {before}, and it is judged as of {at}.")]
    Expired {
        /// The key's fingerprint.
        key: String,
        /// File and line.
        place: String,
        /// When its time ended.
        before: Timestamp,
        /// As of when it was judged.
        at: Timestamp,
    },
    /// It stands for a pattern or several names.
    #[error("The key {key} ({place}) does not name exactly one principal: {principals:?}.")]
    NotOne {
        /// The key's fingerprint.
        key: String,
        /// File and line.
        place: String,
        /// What is written there.
        principals: String,
    },
    /// Two lines list it for different people.
    #[error("The key {key} is listed for several principals ({place}): {principals:?}.")]
    Several {
        /// The key's fingerprint.
        key: String,
        /// File and lines.
        place: String,
        /// Who.
        principals: String,
    },
    /// Its kind is not accepted.
    #[error("The key {key} ({place}) is of a kind that no signatures are accepted from.")]
    Kind {
        /// The key's fingerprint.
        key: String,
        /// File and line.
        place: String,
    },
}

impl NoPrincipal {
    /// Whether the key, or its certificate, counts at another time.
    pub fn is_of_time(&self) -> bool {
        use super::cert::Unfit;
        match self {
            Self::NotYet { .. } | Self::Expired { .. } => true,
            Self::Certificate { why, .. } => matches!(why.as_ref(), Unfit::NotYet { .. } | Unfit::Expired { .. }),
            _ => false,
        }
    }

    /// What to do, a full sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotListed { .. } => {
                "Have the keeper of the file add a line `PRINCIPAL namespaces=\"release-decision@countersign.dev,\
                 triage@countersign.dev\" KEY`, if the key may sign."
            }
            Self::AuthorityOnly { .. } => {
                "Sign with a key that is listed itself, or with one that has a certificate by this authority."
            }
            Self::NotExplicit { .. } => {
                "Write that namespace out in namespaces= on the line, if the key may give bare signatures (those without \
                 OpenSSH's format) or sign the approvers file."
            }
            Self::Authority { .. } => {
                "Have the keeper of the file add a line `PRINCIPALS cert-authority,namespaces=\"...\" KEY` for the \
                 authority, or get a certificate from a listed one."
            }
            Self::Certificate { why, .. } => match why.as_ref() {
                super::cert::Unfit::NotYet { .. } | super::cert::Unfit::Expired { .. } => {
                    "Get a new certificate; or, if it was valid when it signed, have the signature stamped with the time."
                }
                super::cert::Unfit::Signature { .. } => {
                    "Do not act on it: the authority did not issue this certificate."
                }
                super::cert::Unfit::Option(_) => "Get a certificate without this option; verify-required is kept.",
            },
            Self::Principals { .. } => {
                "Get a certificate for one person, or narrow the patterns on the authority's line."
            }
            Self::Namespace { .. } => "Add the namespace to `namespaces=` on that line, if the key may sign this.",
            Self::NotYet { .. } | Self::Expired { .. } => {
                "Sign with a valid key, or have the line's valid-after or valid-before changed."
            }
            Self::NotOne { .. } | Self::Several { .. } => {
                "Give the key one line with one principal, without commas and wildcards."
            }
            Self::Kind { .. } => {
                "Use ed25519, ecdsa on P-256, RSA of at least 2048 bits, or a hardware key of one of the first two kinds."
            }
        }
    }
}

impl AllowedSigners {
    /// Reads a file's text. `name` is for messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, TrustFileError> {
        let file = crate::text::line(name).into_owned();
        if text.len() > MAX_BYTES {
            let why = format!("it has more than {MAX_BYTES} bytes");
            return Err(TrustFileError::new(name, None, why, "Check that this is an allowed_signers file."));
        }
        let mut entries = Vec::new();
        for (i, content) in text.lines().enumerate() {
            let content = content.trim();
            if !content.is_empty() && !content.starts_with('#') {
                entries.push(
                    line::parse(content, i + 1)
                        .map_err(|bad| TrustFileError::new(name, Some(i + 1), bad.why, bad.mend))?,
                );
            }
        }
        Ok(Self { file, entries })
    }

    /// Whether a key is listed to sign at all, for any namespace and time.
    pub fn names(&self, blob: &[u8]) -> bool {
        self.entries.iter().any(|e| !e.cert_authority && e.blob == blob)
    }

    /// Who a key stands for, in a namespace, as of a time. Also gives the key as the file has it.
    pub fn find_principal(
        &self,
        blob: &[u8],
        namespace: &str,
        at: Timestamp,
    ) -> Result<(Principal, &KeyInfo), NoPrincipal> {
        self.find(blob, namespace, at, false)
    }

    /// Who a key stands for where its line must name the namespace in full, and otherwise as [`Self::find_principal`]: of a
    /// bare signature, which does not name it, and of the approvers file. One line must hold for namespace and time.
    pub fn find_bare(&self, blob: &[u8], namespace: &str, at: Timestamp) -> Result<(Principal, &KeyInfo), NoPrincipal> {
        self.find(blob, namespace, at, true)
    }

    /// The key with a fingerprint, if it is listed to sign itself and is of a kind that is accepted.
    pub fn by_fingerprint(&self, fingerprint: &str) -> Option<&KeyInfo> {
        let mut keys = self.entries.iter().filter(|e| !e.cert_authority).filter_map(|e| e.key.as_ref());
        keys.find(|key| key.fingerprint == fingerprint)
    }

    fn find(
        &self,
        blob: &[u8],
        namespace: &str,
        at: Timestamp,
        explicit: bool,
    ) -> Result<(Principal, &KeyInfo), NoPrincipal> {
        // Wanted where something is wrong only.
        let key = || super::key::fingerprint_of(blob);
        let listed: Vec<&Entry> = self.entries.iter().filter(|e| e.blob == blob).collect();
        let Some(first) = listed.first() else {
            return Err(NoPrincipal::NotListed { key: key(), file: self.file.clone() });
        };
        let signers: Vec<&Entry> = listed.iter().copied().filter(|e| !e.cert_authority).collect();
        if signers.is_empty() {
            return Err(NoPrincipal::AuthorityOnly { key: key(), place: self.place(first) });
        }
        // Judged over all lines of the key, also those that do not apply today: one key is one person.
        for entry in &signers {
            if entry.principals.contains([',', '*', '?', '!']) {
                let principals = crate::text::line(&entry.principals).into_owned();
                return Err(NoPrincipal::NotOne { key: key(), place: self.place(entry), principals });
            }
        }
        if let Some(other) = signers.iter().find(|e| Some(&e.principals) != signers.first().map(|s| &s.principals)) {
            let names: Vec<_> = signers.iter().map(|e| crate::text::line(&e.principals)).collect();
            return Err(NoPrincipal::Several { key: key(), place: self.place(other), principals: names.join(", ") });
        }
        let mut nearest = None;
        for entry in &signers {
            let named = entry.namespaces.iter().flat_map(|list| list.split(',')).any(|name| name == namespace);
            match self.judge(entry, &key, namespace, at) {
                Ok(_) if explicit && !named => {
                    let (place, namespace) = (self.place(entry), namespace.to_owned());
                    nearest = Some(NoPrincipal::NotExplicit { key: key(), place, namespace });
                }
                Ok(found) => return Ok((Principal::new(entry.principals.clone()), found)),
                Err(reason) => nearest = Some(reason),
            }
        }
        Err(nearest.unwrap_or_else(|| NoPrincipal::NotListed { key: key(), file: self.file.clone() }))
    }

    fn judge<'a>(
        &self,
        entry: &'a Entry,
        key: &dyn Fn() -> String,
        namespace: &str,
        at: Timestamp,
    ) -> Result<&'a KeyInfo, NoPrincipal> {
        let place = || self.place(entry);
        if !entry.is_for(namespace) {
            return Err(NoPrincipal::Namespace { key: key(), place: place(), namespace: namespace.to_owned() });
        }
        // Whole seconds, as OpenSSH counts them.
        let seconds = |t: Timestamp| t.millis().div_euclid(1000);
        if let Some(after) = entry.valid_after.filter(|t| seconds(at) < seconds(*t)) {
            return Err(NoPrincipal::NotYet { key: key(), place: place(), after, at });
        }
        if let Some(before) = entry.valid_before.filter(|t| seconds(at) > seconds(*t)) {
            return Err(NoPrincipal::Expired { key: key(), place: place(), before, at });
        }
        entry.key.as_ref().ok_or_else(|| NoPrincipal::Kind { key: key(), place: place() })
    }

    fn place(&self, entry: &Entry) -> String {
        format!("{}:{}", self.file, entry.line)
    }
}

impl Entry {
    /// Whether the line is for a namespace.
    pub fn is_for(&self, namespace: &str) -> bool {
        self.namespaces.as_ref().is_none_or(|list| pattern::list_matches(list, namespace))
    }

    /// Whether the line's patterns cover a principal, as `ssh-keygen -Y verify -I PRINCIPAL` asks.
    pub fn covers(&self, principal: &str) -> bool {
        pattern::list_matches(&self.principals, principal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::signer::{Signer as _, TestSigner};

    fn key(seed: u8) -> KeyInfo {
        TestSigner::from_seed([seed; 32]).unwrap().key().clone()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn find(text: &str, key: &KeyInfo, now: &str) -> Result<String, NoPrincipal> {
        let signers = AllowedSigners::parse("allowed_signers", text).unwrap();
        signers.find_principal(&key.blob, "n", at(now)).map(|(p, _)| p.as_str().to_owned())
    }

    const NOW: &str = "2026-06-01T12:00:00Z";

    #[test]
    fn a_key_names_one_principal() {
        let (a, b) = (key(1), key(2));
        let text =
            format!("# approvers\n\nana@example.com {} Ana's laptop\r\nbob@example.com {}\n", a.to_line(), b.to_line());
        assert_eq!(find(&text, &a, NOW).unwrap(), "ana@example.com");
        assert_eq!(find(&text, &b, NOW).unwrap(), "bob@example.com");
        assert!(matches!(find(&text, &key(3), NOW), Err(NoPrincipal::NotListed { .. })));
    }

    #[test]
    fn a_key_for_several_people_names_nobody() {
        let a = key(1);
        for principals in ["ana,bob", "*@example.com", "an?", "!bob,ana"] {
            let text = format!("{principals} {}\n", a.to_line());
            assert!(matches!(find(&text, &a, NOW), Err(NoPrincipal::NotOne { .. })), "{principals}");
        }
        // Also where the second line is for another purpose or another time.
        let text = format!("ana {0}\nbob namespaces=\"other\",valid-before=\"20200101Z\" {0}\n", a.to_line());
        assert!(matches!(find(&text, &a, NOW), Err(NoPrincipal::Several { .. })));
    }

    #[test]
    fn namespaces_and_validity() {
        let a = key(1);
        let with = |options: &str, now: &str| find(&format!("ana {options} {}", a.to_line()), &a, now);
        assert!(with("namespaces=\"m,n\"", NOW).is_ok());
        assert!(matches!(with("namespaces=\"m\"", NOW), Err(NoPrincipal::Namespace { .. })));
        assert!(matches!(with("namespaces=\"*,!n\"", NOW), Err(NoPrincipal::Namespace { .. })));
        assert!(matches!(with("cert-authority", NOW), Err(NoPrincipal::AuthorityOnly { .. })));
        let window = "valid-after=\"20260101Z\",valid-before=\"202606011200Z\"";
        assert!(with(window, NOW).is_ok());
        assert!(matches!(with(window, "2026-06-01T12:00:01Z"), Err(NoPrincipal::Expired { .. })));
        assert!(matches!(with(window, "2025-12-31T23:59:59Z"), Err(NoPrincipal::NotYet { .. })));
        assert!(with(window, "2026-01-01T00:00:00Z").is_ok());
        // A second line can renew a key.
        let text = format!("ana valid-before=\"20200101Z\" {0}\nana valid-after=\"20260101Z\" {0}\n", a.to_line());
        assert_eq!(find(&text, &a, NOW).unwrap(), "ana");
    }

    #[test]
    fn covers_follows_the_patterns() {
        let text = format!("!bob@x,*@x {}", key(1).to_line());
        let signers = AllowedSigners::parse("f", &text).unwrap();
        let entry = signers.entries.first().unwrap();
        assert!(entry.covers("ana@x") && !entry.covers("bob@x"));
    }
}
