//! Made-up identifiers that are the same on every run: hashes of their names.

use sha2::{Digest as _, Sha256};

/// The hexadecimal SHA-256 of a name.
pub fn hex64(name: &str) -> String {
    hex(&Sha256::digest(name.as_bytes()))
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// A commit: `name` itself where it is a full hash already, else the first 40 digits of its SHA-256.
pub fn commit(name: &str) -> String {
    if name.len() == 40 && name.bytes().all(|b| b.is_ascii_hexdigit()) {
        return name.to_owned();
    }
    hex64(&format!("commit {name}")).chars().take(40).collect()
}

/// A ULID, as Spinnaker names executions and stages.
pub fn ulid(name: &str) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let hash = Sha256::digest(name.as_bytes());
    let tail = hash.iter().take(23).map(|b| ALPHABET.get(usize::from(b % 32)).map_or('0', |c| char::from(*c)));
    "01K".chars().chain(tail).collect()
}

/// A UUID, as Spinnaker names pipeline definitions.
pub fn uuid(name: &str) -> String {
    let hex: Vec<char> = hex64(name).chars().collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().iter().collect::<String>();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// A number below `below` (at least 1), the same for the same seed and index.
pub fn pick(seed: u64, index: u64, below: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(index.wrapping_mul(0xD1B5_4A32_D192_ED03));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) % below.max(1)
}

/// A small number that stands for a name, as systems number their users.
pub fn number(name: &str) -> u64 {
    name.bytes().fold(7, |n: u64, b| n.wrapping_mul(31).wrapping_add(u64::from(b))) % 900_000 + 1_000
}
