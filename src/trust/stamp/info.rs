//! What a time stamp says (TSTInfo, RFC 3161, section 2.4.2).

use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::BadStamp;
use crate::domain::time::Timestamp;
use crate::trust::der::{Der, INTEGER, NULL, NotDer, OCTETS, OID, SEQUENCE};

const GENERALIZED_TIME: u8 = 0x18;
const BOOLEAN: u8 = 0x01;
/// `[0]` and `[1]`, constructed.
const CONTEXT: [u8; 2] = [0xa0, 0xa1];

const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];

/// A hash that time stamps may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// By the content of its object identifier.
    pub(super) fn of(oid: &[u8]) -> Result<Self, BadStamp> {
        match oid {
            SHA256 => Ok(Self::Sha256),
            SHA384 => Ok(Self::Sha384),
            SHA512 => Ok(Self::Sha512),
            _ => Err(BadStamp::Algorithm("a hash other than SHA-256, SHA-384 and SHA-512".to_owned())),
        }
    }

    pub(super) fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}

/// What a time stamp says, as far as it is looked at.
#[derive(Debug)]
pub(super) struct Info<'a> {
    hash: Hash,
    imprint: &'a [u8],
    /// When.
    pub(super) at: Timestamp,
    /// The nonce of the request, with its sign as in DER.
    pub(super) nonce: Option<&'a [u8]>,
}

impl<'a> Info<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, BadStamp> {
        let mut outer = Der::new(bytes);
        let mut info = outer.sequence()?;
        outer.end()?;
        if info.small()? != 1 {
            return Err(BadStamp::Malformed("its version is not 1"));
        }
        // The authority's policy: which are good is decided by whom is listed.
        info.value(OID)?;
        let mut imprint = info.sequence()?;
        let mut algorithm = imprint.sequence()?;
        let hash = Hash::of(algorithm.value(OID)?)?;
        algorithm.optional(NULL)?;
        algorithm.end()?;
        let digest = imprint.value(OCTETS)?;
        imprint.end()?;
        // Its serial number.
        info.value(INTEGER)?;
        let at = time(info.value(GENERALIZED_TIME)?).ok_or(BadStamp::Malformed("its time cannot be read"))?;
        // Accuracy and ordering.
        info.optional(SEQUENCE)?;
        info.optional(BOOLEAN)?;
        let nonce = info.optional(INTEGER)?;
        let [name, extensions] = CONTEXT;
        info.optional(name)?;
        if let Some(extensions) = info.optional(extensions)? {
            no_critical(extensions)?;
        }
        info.end()?;
        Ok(Self { hash, imprint: digest, at, nonce })
    }

    /// Whether it is over these bytes.
    pub(super) fn is_over(&self, bytes: &[u8]) -> bool {
        self.hash.digest(bytes) == self.imprint
    }
}

fn no_critical(extensions: &[u8]) -> Result<(), BadStamp> {
    let mut rest = Der::new(extensions);
    while rest.end().is_err() {
        let mut extension = rest.sequence()?;
        extension.value(OID)?;
        if extension.optional(BOOLEAN)? == Some(&[0xff]) {
            return Err(BadStamp::Malformed("it has a critical extension that is not known"));
        }
    }
    Ok(())
}

/// `YYYYMMDDHHMMSS[.f...]Z`.
fn time(bytes: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let part = |from: usize, to: usize| whole.get(from..to).unwrap_or_default();
    let (year, month, day) = (part(0, 4), part(4, 6), part(6, 8));
    let (hour, minute, second) = (part(8, 10), part(10, 12), part(12, 14));
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}.{fraction}Z").parse().ok()
}

/// The status of an answer (TimeStampResp), and the token after it.
pub(super) fn status(response: &[u8]) -> Result<(u32, &[u8]), NotDer> {
    let mut outer = Der::new(response);
    let whole = outer.value(SEQUENCE)?;
    outer.end()?;
    let mut inner = Der::new(whole);
    let content = inner.value(SEQUENCE)?;
    let status = Der::new(content).small()?;
    Ok((status, inner.rest()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let read = |text: &str| time(text.as_bytes()).map(|t| t.to_string());
        assert_eq!(read("20261121022659Z").as_deref(), Some("2026-11-21T02:26:59.000Z"));
        assert_eq!(read("20261121022659.25Z").as_deref(), Some("2026-11-21T02:26:59.250Z"));
        for bad in
            ["", "Z", "20261121022659", "20261321022659Z", "2026112102265Z", "20261121022659.Z", "20261121022659+0100"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
