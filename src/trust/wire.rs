//! The wire format of SSH (RFC 4251, section 5): big-endian numbers, and strings with their length before them.

/// The bytes end before the value does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooShort;

/// Reads values one after another from bytes.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `n` bytes.
    pub(super) fn bytes(&mut self, n: usize) -> Result<&'a [u8], TooShort> {
        let (head, tail) = self.0.split_at_checked(n).ok_or(TooShort)?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], TooShort> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(TooShort)?;
        self.0 = tail;
        Ok(*head)
    }

    /// One byte.
    pub(super) fn u8(&mut self) -> Result<u8, TooShort> {
        self.array().map(u8::from_be_bytes)
    }

    /// Four bytes as a number.
    pub(super) fn u32(&mut self) -> Result<u32, TooShort> {
        self.array().map(u32::from_be_bytes)
    }

    /// Eight bytes as a number.
    pub(super) fn u64(&mut self) -> Result<u64, TooShort> {
        self.array().map(u64::from_be_bytes)
    }

    /// A string: its length, then its bytes.
    pub(super) fn string(&mut self) -> Result<&'a [u8], TooShort> {
        let length = self.u32()?;
        self.bytes(usize::try_from(length).map_err(|_e| TooShort)?)
    }

    /// Whether all was read.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Appends a string: its length, then its bytes.
///
/// What is longer than a length can say is cut to nothing. It cannot come to that: everything written here is a key, a
/// name or a hash.
pub(super) fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    match u32::try_from(bytes.len()) {
        Ok(length) => {
            out.extend(length.to_be_bytes());
            out.extend(bytes);
        }
        Err(_) => out.extend(0_u32.to_be_bytes()),
    }
}

/// The first string of a key or a signature, which names its algorithm.
pub(super) fn algorithm_of(blob: &[u8]) -> Option<&str> {
    Reader::new(blob).string().ok().and_then(|name| std::str::from_utf8(name).ok())
}
