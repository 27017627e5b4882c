//! Bytes as they are kept: compressed, and compared with their digest when they are read.

use std::io::{self, Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::domain::canonical;
use crate::domain::ids::Digest;

/// The most bytes of one piece, uncompressed. Answers and reports are limited far below it.
pub const LIMIT: u64 = 512 * 1024 * 1024;

/// Compresses.
pub fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Uncompresses up to `limit` bytes, which must have the digest. The error is a half sentence.
pub fn unpack(packed: impl io::Read, digest: &Digest, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = GzDecoder::new(packed).take(limit + 1).read_to_end(&mut bytes);
    read.map_err(|e| format!("it cannot be uncompressed ({e})."))?;
    if bytes.len() as u64 > limit {
        return Err("it is larger than anything that is kept.".to_owned());
    }
    if canonical::sha256(&bytes) != *digest {
        return Err("its bytes do not have its digest.".to_owned());
    }
    Ok(bytes)
}
