//! The binary key revocation list of OpenSSH (PROTOCOL.krl).

use super::Revoked;
use crate::trust::wire::{Reader, TooShort};

const MAGIC: &[u8; 8] = b"SSHKRL\n\0";
const FORMAT: u32 = 1;
const CERTIFICATES: u8 = 1;
const EXPLICIT_KEY: u8 = 2;
const FINGERPRINT_SHA1: u8 = 3;
const FINGERPRINT_SHA256: u8 = 5;
const EXTENSION: u8 = 255;

pub(super) fn is_krl(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Reads a KRL. Sections that are not known, signed lists (which cannot be checked here) and critical extensions are errors.
pub(super) fn parse(bytes: &[u8]) -> Result<Revoked, String> {
    let short = |_e: TooShort| "it is cut short".to_owned();
    let mut reader = Reader::new(bytes);
    reader.bytes(MAGIC.len()).map_err(short)?;
    let format = reader.u32().map_err(short)?;
    if format != FORMAT {
        return Err(format!("its format is {format}, and only {FORMAT} is known"));
    }
    // Version of the list, time of making, flags.
    for _ in 0..3 {
        reader.u64().map_err(short)?;
    }
    // Reserved, comment.
    for _ in 0..2 {
        reader.string().map_err(short)?;
    }
    let mut revoked = Revoked::default();
    while !reader.is_empty() {
        let kind = reader.u8().map_err(short)?;
        let mut section = Reader::new(reader.string().map_err(short)?);
        match kind {
            CERTIFICATES => revoked.certificates.push(super::certificates::Certificates::parse(&mut section)?),
            EXPLICIT_KEY => {
                while !section.is_empty() {
                    revoked.keys.insert(section.string().map_err(short)?.to_vec());
                }
            }
            FINGERPRINT_SHA1 => hashes(&mut section, &mut revoked.sha1)?,
            FINGERPRINT_SHA256 => hashes(&mut section, &mut revoked.sha256)?,
            EXTENSION => {
                section.string().map_err(short)?;
                if section.u8().map_err(short)? != 0 {
                    return Err("it has a critical extension that is not known".to_owned());
                }
            }
            other => return Err(format!("it has a section of type {other}, which is not known")),
        }
    }
    Ok(revoked)
}

fn hashes<const N: usize>(
    section: &mut Reader<'_>,
    into: &mut std::collections::HashSet<[u8; N]>,
) -> Result<(), String> {
    while !section.is_empty() {
        let hash = section.string().map_err(|_e| "it is cut short".to_owned())?;
        into.insert(hash.try_into().map_err(|_e| format!("a fingerprint has {} bytes, not {N}", hash.len()))?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::wire::put_string;
    use sha2::Digest as _;

    fn krl(sections: &[(u8, &[&[u8]])]) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(FORMAT.to_be_bytes());
        out.extend([0; 24]);
        put_string(&mut out, b"");
        put_string(&mut out, b"a comment");
        for (kind, items) in sections {
            let mut body = Vec::new();
            for item in *items {
                put_string(&mut body, item);
            }
            out.push(*kind);
            put_string(&mut out, &body);
        }
        out
    }

    #[test]
    fn all_three_ways_to_list_a_key() {
        let blob = b"some key";
        assert!(parse(&krl(&[(EXPLICIT_KEY, &[b"x", blob])])).unwrap().contains(blob));
        let sha1 = crate::trust::sha1::digest(blob);
        assert!(parse(&krl(&[(CERTIFICATES, &[b"", b""]), (FINGERPRINT_SHA1, &[&sha1])])).unwrap().contains(blob));
        let sha256: [u8; 32] = sha2::Sha256::digest(blob).into();
        let revoked = parse(&krl(&[(FINGERPRINT_SHA256, &[&sha256])])).unwrap();
        assert!(revoked.contains(blob) && !revoked.contains(b"another key"));
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        assert!(parse(&krl(&[(4, &[b"key"])])).unwrap_err().contains("type 4"));
        assert!(parse(&krl(&[(9, &[])])).unwrap_err().contains("type 9"));
        assert!(parse(&krl(&[(FINGERPRINT_SHA256, &[b"short"])])).unwrap_err().contains("5 bytes"));
        let mut critical = krl(&[]);
        let mut body = Vec::new();
        put_string(&mut body, b"name");
        body.push(1);
        put_string(&mut body, b"");
        critical.push(EXTENSION);
        put_string(&mut critical, &body);
        assert!(parse(&critical).unwrap_err().contains("critical"));
        let whole = krl(&[(EXPLICIT_KEY, &[b"x"])]);
        let head = krl(&[]).len();
        for end in head + 1..whole.len() {
            assert!(parse(&whole[..end]).is_err(), "cut at {end}");
        }
    }
}
