//! As much of DER (X.690) as signatures and key files need: definite lengths, one spelling, nothing left over.

/// The bytes are not what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotDer;

/// Tags.
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// Reads values one after another.
#[derive(Debug, Clone)]
pub(super) struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// Reads from the start of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The content of the next value, which must have this tag.
    pub(super) fn value(&mut self, tag: u8) -> Result<&'a [u8], NotDer> {
        let (head, rest) = self.0.split_first_chunk::<2>().ok_or(NotDer)?;
        let [found, first] = *head;
        if found != tag {
            return Err(NotDer);
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f)).ok_or(NotDer)?;
                let length = bytes.iter().fold(0_usize, |n, b| n << 8 | usize::from(*b));
                // The shortest spelling only.
                if length < 0x80 || bytes.first() == Some(&0) {
                    return Err(NotDer);
                }
                (length, rest)
            }
            _ => return Err(NotDer),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(NotDer)?;
        self.0 = rest;
        Ok(content)
    }

    /// The content of the next value if it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, NotDer> {
        if self.0.first() == Some(&tag) { self.value(tag).map(Some) } else { Ok(None) }
    }

    /// The values within the next sequence.
    pub(super) fn sequence(&mut self) -> Result<Self, NotDer> {
        self.value(SEQUENCE).map(Self)
    }

    /// The next whole number, not negative, without leading zeros.
    pub(super) fn unsigned(&mut self) -> Result<&'a [u8], NotDer> {
        match self.value(INTEGER)? {
            [0] => Ok(&[]),
            [0, rest @ ..] if rest.first().is_some_and(|b| *b >= 0x80) => Ok(rest),
            bytes @ [1..=0x7f, ..] => Ok(bytes),
            _ => Err(NotDer),
        }
    }

    /// The next whole number, if it is small.
    pub(super) fn small(&mut self) -> Result<u32, NotDer> {
        let bytes = self.unsigned()?;
        if bytes.len() > 4 {
            return Err(NotDer);
        }
        Ok(bytes.iter().fold(0, |n, b| n << 8 | u32::from(*b)))
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// Whether all was read.
    pub(super) fn end(&self) -> Result<(), NotDer> {
        if self.0.is_empty() { Ok(()) } else { Err(NotDer) }
    }
}

/// Appends a value of less than 16 MiB.
pub(super) fn put(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    let [_, top, high, low] = u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes();
    match content.len() {
        0..=0x7f => out.push(low),
        0x80..=0xff => out.extend([0x81, low]),
        0x100..=0xffff => out.extend([0x82, high, low]),
        _ => out.extend([0x83, top, high, low]),
    }
    out.extend(content);
}

/// Appends a whole number that is not negative, given without sign.
pub(super) fn put_unsigned(out: &mut Vec<u8>, number: &[u8]) {
    let start = number.iter().position(|b| *b != 0).unwrap_or(number.len());
    let mut content: Vec<u8> = number.get(start..).unwrap_or_default().to_vec();
    if content.first().is_none_or(|b| *b >= 0x80) {
        content.insert(0, 0);
    }
    put(out, INTEGER, &content);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_one_spelling() {
        assert_eq!(Der::new(&[2, 1, 5]).unsigned(), Ok(&[5][..]));
        assert_eq!(Der::new(&[2, 1, 0]).unsigned(), Ok(&[][..]));
        // A zero too many, a missing zero (it would be negative), no bytes, a length in two bytes where one does.
        for bad in [&[2, 2, 0, 5][..], &[2, 1, 0x80], &[2, 0], &[2, 0x81, 1, 5], &[2, 0x80, 5], &[2, 2, 5], &[2]] {
            assert!(Der::new(bad).unsigned().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn lengths_of_one_byte_to_three() {
        let header = |length: usize| -> Vec<u8> {
            let mut out = Vec::new();
            put(&mut out, OCTETS, &vec![7; length]);
            let mut der = Der::new(&out);
            assert_eq!(der.value(OCTETS).map(<[u8]>::len), Ok(length));
            assert_eq!(der.end(), Ok(()));
            out.get(1..out.len() - length).unwrap().to_vec()
        };
        assert_eq!(header(0x7f), [0x7f]);
        assert_eq!(header(0x80), [0x81, 0x80]);
        assert_eq!(header(0xff), [0x81, 0xff]);
        assert_eq!(header(0x100), [0x82, 1, 0]);
        assert_eq!(header(0xffff), [0x82, 0xff, 0xff]);
        assert_eq!(header(0x1_0000), [0x83, 1, 0, 0]);
        assert_eq!(header(0x12_3456), [0x83, 0x12, 0x34, 0x56]);
        // The shortest spelling only, and all of it.
        for bad in [&[4, 0x82, 0, 0x80][..], &[4, 0x83, 0, 1, 0], &[4, 0x83, 1, 0, 0], &[4, 0x84, 1, 0, 0, 0]] {
            assert_eq!(Der::new(bad).value(OCTETS), Err(NotDer), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(number in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut out = Vec::new();
            put_unsigned(&mut out, &number);
            let mut der = Der::new(&out);
            let read = der.unsigned().unwrap();
            prop_assert!(der.end().is_ok());
            let start = number.iter().position(|b| *b != 0).unwrap_or(number.len());
            prop_assert_eq!(read, &number[start..]);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let mut der = Der::new(&bytes);
            prop_assert!(der.sequence().is_err() || bytes.first() == Some(&SEQUENCE));
            prop_assert!(der.optional(OID).is_err() || der.rest().len() <= bytes.len());
            prop_assert!(der.small().is_err() || der.rest().len() < bytes.len());
        }
    }
}
