//! Ed25519 as strictly as `verify_strict` of ed25519-dalek, and faster for keys that have signed much.
//!
//! A ledger has thousands of signatures by a few keys. The first ones of a key are checked by `verify_strict` itself; after
//! those the multiples of the key are kept in a table, and the same equation is computed from that. What is accepted is the
//! same, to the bit, and held to it by tests: a canonical S; neither key nor R of small order; no cofactor.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use curve25519_dalek::constants::ED25519_BASEPOINT_TABLE;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsBasepointTable};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::BasepointTable as _;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha512};

/// How many signatures of a key are checked without a table: making one takes as long as it then saves in about so many.
const OFTEN: usize = 64;
/// How many tables there are at most, of 30 KiB each.
const TABLES: usize = 64;

/// How many tables there are.
static MADE: AtomicUsize = AtomicUsize::new(0);

/// The public half of an Ed25519 key.
pub(super) struct Key {
    bytes: [u8; 32],
    /// The point that the bytes say, if they say one.
    point: OnceLock<Option<VerifyingKey>>,
    /// How many signatures were checked.
    used: AtomicUsize,
    table: OnceLock<Option<Table>>,
}

/// Why a signature is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The key is not one.
    Key,
    /// It is not by this key over these bytes.
    Signature,
}

impl Key {
    /// From its 32 bytes; whether they are a key shows when it verifies first.
    pub(super) fn new(bytes: [u8; 32]) -> Self {
        Self { bytes, point: OnceLock::new(), used: AtomicUsize::new(0), table: OnceLock::new() }
    }

    /// Checks a signature over a message.
    pub(super) fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), Refused> {
        let point = self.point.get_or_init(|| VerifyingKey::from_bytes(&self.bytes).ok()).as_ref();
        let point = point.ok_or(Refused::Key)?;
        // Where threads count at once, a table is made a little sooner or later, and once.
        if self.used.load(Ordering::Relaxed) < OFTEN {
            self.used.fetch_add(1, Ordering::Relaxed);
        } else if let Some(table) = self.table.get_or_init(|| Table::make(&self.bytes)) {
            return if table.verifies(message, signature) { Ok(()) } else { Err(Refused::Signature) };
        }
        // Strict: neither key nor signature of small order, so that a signature is over one message only.
        point.verify_strict(message, signature).map_err(|_e| Refused::Signature)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ed25519({:02x?})", self.bytes)
    }
}

/// The multiples of a key that its signatures are checked with.
struct Table {
    bytes: [u8; 32],
    /// Of the key's negative.
    multiples: Box<EdwardsBasepointTable>,
}

impl Table {
    /// For a key that `verify_strict` accepts signatures by, unless there are too many.
    fn make(bytes: &[u8; 32]) -> Option<Self> {
        let point = CompressedEdwardsY(*bytes).decompress().filter(|point| !point.is_small_order())?;
        if MADE.fetch_add(1, Ordering::Relaxed) >= TABLES {
            MADE.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Self { bytes: *bytes, multiples: Box::new(EdwardsBasepointTable::create(&-point)) })
    }

    /// Whether R is what S and the key come to: R = SB - kA, with k = SHA-512(R, A, message).
    fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(*signature.s_bytes())) else { return false };
        let hash = Sha512::new().chain_update(signature.r_bytes()).chain_update(self.bytes).chain_update(message);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        let r = ED25519_BASEPOINT_TABLE.mul_base(&s) + self.multiples.mul_base(&k);
        // What is written is canonical, so that an R in any other spelling is not equal; and where it is equal, it is this
        // point that must not be of small order.
        r.compress().as_bytes() == signature.r_bytes() && !r.is_small_order()
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        MADE.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
