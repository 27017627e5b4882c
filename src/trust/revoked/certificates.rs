//! Revoked certificates: by serial, by key id, of one authority or of any (PROTOCOL.krl, section type 1).

use std::collections::HashSet;

use crate::trust::cert::Certificate;
use crate::trust::wire::{Reader, TooShort};

const SERIAL_LIST: u8 = 0x20;
const SERIAL_RANGE: u8 = 0x21;
const SERIAL_BITMAP: u8 = 0x22;
const KEY_ID: u8 = 0x23;
const EXTENSION: u8 = 0x39;

/// What one section of a list revokes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Certificates {
    /// The authority's key in binary form; `None` for any authority.
    authority: Option<Vec<u8>>,
    serials: HashSet<u64>,
    /// First and last, both revoked.
    ranges: Vec<(u64, u64)>,
    /// The serial of the lowest bit, and the bits, the highest first.
    bitmaps: Vec<(u64, Vec<u8>)>,
    key_ids: HashSet<String>,
}

impl Certificates {
    /// Reads the content of a section.
    pub(super) fn parse(section: &mut Reader<'_>) -> Result<Self, String> {
        let short = |_e: TooShort| "its part on certificates is cut short".to_owned();
        let authority = section.string().map_err(short)?;
        // Reserved.
        section.string().map_err(short)?;
        let mut out = Self { authority: (!authority.is_empty()).then(|| authority.to_vec()), ..Self::default() };
        while !section.is_empty() {
            let kind = section.u8().map_err(short)?;
            let mut part = Reader::new(section.string().map_err(short)?);
            while !part.is_empty() {
                match kind {
                    SERIAL_LIST => {
                        out.serials.insert(part.u64().map_err(short)?);
                    }
                    SERIAL_RANGE => {
                        let (first, last) = (part.u64().map_err(short)?, part.u64().map_err(short)?);
                        if last < first {
                            return Err("a range of serials ends before it begins".to_owned());
                        }
                        out.ranges.push((first, last));
                    }
                    SERIAL_BITMAP => {
                        let (lowest, bits) = (part.u64().map_err(short)?, part.string().map_err(short)?);
                        out.bitmaps.push((lowest, bits.to_vec()));
                    }
                    KEY_ID => {
                        let id = std::str::from_utf8(part.string().map_err(short)?);
                        out.key_ids.insert(id.map_err(|_e| "a key id is not UTF-8".to_owned())?.to_owned());
                    }
                    EXTENSION => {
                        part.string().map_err(short)?;
                        let critical = part.u8().map_err(short)? != 0;
                        part.string().map_err(short)?;
                        if critical {
                            return Err(
                                "its part on certificates has a critical extension that is not known".to_owned()
                            );
                        }
                    }
                    other => {
                        return Err(format!(
                            "its part on certificates has a list of type {other:#04x}, which is not known"
                        ));
                    }
                }
            }
        }
        Ok(out)
    }

    /// Whether a certificate is listed.
    pub(super) fn contain(&self, certificate: &Certificate) -> bool {
        if self.authority.as_ref().is_some_and(|blob| *blob != certificate.authority.blob) {
            return false;
        }
        let serial = certificate.serial;
        self.key_ids.contains(&certificate.key_id)
            || self.serials.contains(&serial)
            || self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&serial))
            || self.bitmaps.iter().any(|(lowest, bits)| bit(bits, serial.checked_sub(*lowest)))
    }

    /// How many serials, ranges and key ids are listed.
    pub(super) fn len(&self) -> usize {
        self.serials.len() + self.ranges.len() + self.bitmaps.len() + self.key_ids.len()
    }
}

/// Whether a bit is set, counted from the end.
fn bit(bits: &[u8], at: Option<u64>) -> bool {
    let Some(at) = at else { return false };
    let byte = usize::try_from(at / 8).ok().and_then(|back| bits.len().checked_sub(back + 1)).and_then(|i| bits.get(i));
    byte.is_some_and(|byte| byte >> (at % 8) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_from_the_end() {
        let bits = [0b0000_0001, 0b1000_0010];
        let set: Vec<u64> = (0..20).filter(|at| bit(&bits, Some(*at))).collect();
        assert_eq!(set, [1, 7, 8]);
        assert!(!bit(&bits, None) && !bit(&bits, Some(u64::MAX)) && !bit(&[], Some(0)));
    }
}
