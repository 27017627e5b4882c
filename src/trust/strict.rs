//! Ed25519 as strictly as `verify_strict` of ed25519-dalek, and faster for keys that have signed much.
//!
//! A ledger has thousands of signatures by a few keys. The first ones of a key are checked by `verify_strict` itself; after
//! those the multiples of the key are kept in a table, and the same equation is computed from that. What is accepted is the
//! same, to the bit, and held to it by tests: a canonical S; neither key nor R of small order; no cofactor.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha512};

/// How many signatures of a key are checked without a table: making one takes as long as it then saves in fewer.
const OFTEN: usize = 64;
/// How many tables there are at most, of 215 KiB each.
const TABLES: usize = 16;
/// The bits of a digit that multiples are kept of.
const BITS: usize = 6;
/// So many digits hold a number below the group's order, which has 253 bits, with a carry.
const DIGITS: usize = 43;
/// The largest digit: they are from -31 to 32.
const HALF: usize = 1 << (BITS - 1);

/// How many tables there are.
static MADE: AtomicUsize = AtomicUsize::new(0);
/// The multiples of the base point.
static BASE: OnceLock<Multiples> = OnceLock::new();

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
    multiples: Multiples,
}

/// The multiples of a point by every digit at every place: a product is then a sum, without doublings.
///
/// Where it is looked up depends on the number: for numbers that are public, as all in a signature are.
struct Multiples(Vec<EdwardsPoint>);

impl Multiples {
    fn of(point: &EdwardsPoint) -> Self {
        let mut all = Vec::with_capacity(DIGITS * HALF);
        let mut unit = *point;
        for _ in 0..DIGITS {
            let mut multiple = unit;
            all.push(multiple);
            for _ in 1..HALF {
                multiple += &unit;
                all.push(multiple);
            }
            unit = multiple + multiple;
        }
        Self(all)
    }

    /// A sum, and so many times the point.
    fn add(&self, scalar: &Scalar, mut sum: EdwardsPoint) -> EdwardsPoint {
        let bytes = scalar.as_bytes();
        let mut carry = 0;
        for (place, multiples) in self.0.chunks_exact(HALF).enumerate() {
            let (byte, shift) = (place * BITS / 8, place * BITS % 8);
            let two = |at: usize| u16::from(bytes.get(at).copied().unwrap_or(0));
            let bits = (two(byte) | two(byte + 1) << 8) >> shift;
            let digit = usize::from(bits) % (2 * HALF) + carry;
            // What is more than half is taken from the next higher.
            carry = usize::from(digit > HALF);
            if carry == 0 {
                if let Some(multiple) = digit.checked_sub(1).and_then(|at| multiples.get(at)) {
                    sum += multiple;
                }
            } else if let Some(multiple) = (2 * HALF - digit).checked_sub(1).and_then(|at| multiples.get(at)) {
                sum -= multiple;
            }
        }
        sum
    }
}

impl Table {
    /// For a key that `verify_strict` accepts signatures by, unless there are too many.
    fn make(bytes: &[u8; 32]) -> Option<Self> {
        let point = CompressedEdwardsY(*bytes).decompress().filter(|point| !point.is_small_order())?;
        if MADE.fetch_add(1, Ordering::Relaxed) >= TABLES {
            MADE.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Self { bytes: *bytes, multiples: Multiples::of(&-point) })
    }

    /// Whether R is what S and the key come to: R = SB - kA, with k = SHA-512(R, A, message).
    fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(*signature.s_bytes())) else { return false };
        let hash = Sha512::new().chain_update(signature.r_bytes()).chain_update(self.bytes).chain_update(message);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        let base = BASE.get_or_init(|| Multiples::of(&ED25519_BASEPOINT_POINT));
        let r = base.add(&s, self.multiples.add(&k, EdwardsPoint::identity()));
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
