//! Names of things, as types of their own.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// Why a name could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?} is not valid: {why}.")]
pub struct BadId {
    what: &'static str,
    text: String,
    why: &'static str,
}

impl BadId {
    pub(crate) fn new(what: &'static str, text: &str, why: &'static str) -> Self {
        Self { what, text: crate::text::line(text).into_owned(), why }
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a name.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&crate::text::line(&self.0))
            }
        }
    };
}

/// What serde reads and writes as the text that a person would write.
macro_rules! as_text {
    ($($name:ident),+) => {$(
        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    )+};
}

as_text!(Fingerprint, Digest, GateId);

name_type! {
    /// The name of a connection in the configuration, `[connections.NAME]`.
    ConnectionName
}
name_type! {
    /// Who signed, as allowed_signers names the key: `ana@example.com`.
    Principal
}
name_type! {
    /// The identity of a decision, a triage record or a ledger entry: a ULID.
    RecordId
}
/// What a finding is recognised by again: a SHA-256, written as 64 hexadecimal digits. See `domain::finding`.
///
/// The default, all zeroes, is that of a finding that is not identified yet.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// From the 32 bytes of a SHA-256.
    pub fn new(sha256: [u8; 32]) -> Self {
        Self(sha256)
    }

    /// Its first sixteen bytes, as a number: what sorts many of them without going through memory for each.
    pub fn beginning(&self) -> u128 {
        let [first, ..] = self.0.as_chunks().0 else { return 0 };
        u128::from_be_bytes(*first)
    }

    /// The first ten digits, for people.
    pub fn short(&self) -> String {
        self.to_string().chars().take(10).collect()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex("", &self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        unhex(text)
            .map(Self)
            .ok_or_else(|| BadId::new("The fingerprint", text, "expected 64 lower-case hexadecimal digits"))
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The bytes as lower-case hexadecimal digits behind `prefix`.
fn hex(prefix: &str, bytes: &[u8; 32]) -> String {
    let mut text = String::with_capacity(prefix.len() + 64);
    text.push_str(prefix);
    let digit = |value: u8| DIGITS.get(usize::from(value)).map_or('0', |d| char::from(*d));
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

/// The bytes of 64 lower-case hexadecimal digits.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let value = |digit: &u8| u8::try_from(DIGITS.iter().position(|d| d == digit)?).ok();
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = value(high)? << 4 | value(low)?;
    }
    Some(bytes)
}

/// A digest with its algorithm, `sha256:<64 hexadecimal digits>`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// From the 32 bytes of a SHA-256.
    pub fn from_sha256(bytes: &[u8; 32]) -> Self {
        Self(hex("sha256:", bytes))
    }

    /// `sha256:<hex>`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hexadecimal digits alone.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix("sha256:").unwrap_or(&self.0)
    }

    /// The short form that people compare on a second path: four groups of four digits, `1f2e-9a0b-77c1-03de`.
    pub fn short(&self) -> String {
        let hex = self.hex();
        (0..4).filter_map(|i| hex.get(i * 4..i * 4 + 4)).collect::<Vec<_>>().join("-")
    }

    /// Whether `text` names this digest: in full, as hexadecimal digits, or a prefix of at least eight of them
    /// (with or without `sha256:` and dashes).
    pub fn is_named_by(&self, text: &str) -> bool {
        let wanted: String = text.trim().trim_start_matches("sha256:").chars().filter(|c| *c != '-').collect();
        wanted.len() >= 8 && self.hex().starts_with(&wanted.to_ascii_lowercase())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Digest {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bytes = unhex(text.strip_prefix("sha256:").unwrap_or(text));
        bytes
            .map(|bytes| Self::from_sha256(&bytes))
            .ok_or_else(|| BadId::new("The digest", text, "expected sha256: and 64 lower-case hexadecimal digits"))
    }
}

/// Everything but unreserved characters is encoded in a part of a gate id.
const PART: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'@')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'&')
    .add(b'=')
    .add(b'+')
    .add(b'$')
    .add(b',')
    .add(b';')
    .add(b'\'')
    .add(b'*')
    .add(b'(')
    .add(b')')
    .add(b'!');

/// Percent-encodes one segment of a path or of a gate id.
pub fn encode_part(part: &str) -> String {
    utf8_percent_encode(part, PART).to_string()
}

/// The full id of a gate: `connection:part/part/part`, parts percent-encoded.
///
/// For Spinnaker the parts are application, execution and stage.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GateId {
    connection: ConnectionName,
    native: Vec<String>,
}

impl GateId {
    /// From a connection and the native parts, not encoded.
    pub fn new(connection: ConnectionName, native: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { connection, native: native.into_iter().map(Into::into).collect() }
    }

    /// The connection that the gate is reached by.
    pub fn connection(&self) -> &ConnectionName {
        &self.connection
    }

    /// The native parts, decoded.
    pub fn native(&self) -> &[String] {
        &self.native
    }
}

impl fmt::Display for GateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.native.iter().map(|p| encode_part(p)).collect();
        write!(f, "{}:{}", encode_part(self.connection.as_str()), parts.join("/"))
    }
}

impl FromStr for GateId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = |why| BadId::new("The gate id", text, why);
        let decode = |part: &str| {
            percent_decode_str(part)
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
                .map_err(|_e| bad("not UTF-8 when decoded"))
        };
        let (connection, native) = text.split_once(':').ok_or_else(|| bad("expected connection:part/part"))?;
        if connection.is_empty() || native.split('/').any(str::is_empty) {
            return Err(bad("an empty part"));
        }
        Ok(Self {
            connection: ConnectionName::new(decode(connection)?),
            native: native.split('/').map(decode).collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gate_ids_round_trip() {
        let id = GateId::new(ConnectionName::new("spinnaker"), ["a/b c", "01H", "é:%"]);
        let text = id.to_string();
        assert_eq!(text, "spinnaker:a%2Fb%20c/01H/%C3%A9%3A%25");
        assert_eq!(text.parse::<GateId>().unwrap(), id);
        assert!("spinnaker".parse::<GateId>().is_err());
        assert!("spinnaker:a//b".parse::<GateId>().is_err());
    }

    #[test]
    fn fingerprints_are_read_as_they_are_written() {
        let text = "00ff0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab";
        let print: Fingerprint = text.parse().unwrap();
        assert_eq!((print.to_string().as_str(), print.short().as_str()), (text, "00ff012345"));
        assert_eq!(serde_json::from_str::<Fingerprint>(&format!("{text:?}")).unwrap(), print);
        assert_eq!(serde_json::to_string(&print).unwrap(), format!("{text:?}"));
        for bad in ["", "00", &text.to_uppercase(), &text.replace("00ff", "00fg"), &format!("{text}0"), &"é".repeat(32)]
        {
            assert!(bad.parse::<Fingerprint>().is_err(), "{bad}");
        }
    }

    #[test]
    fn digests_are_named_by_prefixes() {
        let d = super::super::canonical::sha256(b"x");
        assert!(d.is_named_by(d.as_str()));
        assert!(d.is_named_by(&d.short()));
        assert!(!d.is_named_by("2d71"));
        assert!("sha256:ABC".parse::<Digest>().is_err());
        assert!("sha256:".parse::<Digest>().is_err());
        assert_eq!(d.as_str().parse::<Digest>().unwrap(), d);
        assert_eq!(d.hex(), "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881", "as sha256sum says");
    }
}
