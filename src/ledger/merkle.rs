//! The tree over the leaves, pure: RFC 6962 hashing, with the stored hashes in the order of C2SP tlog.
//!
//! A stored hash has a number ([`tlog_tiles::stored_hash_index`]): each leaf's hash, followed by those of the subtrees that
//! it completes. So the hashes of an append are one run of numbers, and a root is made of at most 64 of them.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::block_api::compress256;
use sha2::{Digest as _, Sha256};
use tlog_tiles::{Hash, stored_hash_count, sub_tree_index};

/// No ledger has more entries: up to here every number of a stored hash is one that every store can keep.
pub const MOST: u64 = 1 << 60;

/// The root of a tree: 32 bytes, written in base64 as in a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Root(pub [u8; 32]);

impl Root {
    /// The root of the tree without leaves.
    pub const EMPTY: Self = Self(tlog_tiles::EMPTY_HASH.0);
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Root {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = STANDARD.decode(text).ok().and_then(|b| b.try_into().ok());
        bytes.map(Self).ok_or_else(|| "a root is 32 bytes in base64".to_owned())
    }
}

impl TryFrom<String> for Root {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Root> for String {
    fn from(root: Root) -> Self {
        root.to_string()
    }
}

impl From<Hash> for Root {
    fn from(hash: Hash) -> Self {
        Self(hash.0)
    }
}

impl From<Root> for Hash {
    fn from(root: Root) -> Self {
        Self(root.0)
    }
}

/// What SHA-256 begins with (FIPS 180-4, section 5.3.3).
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
/// Leaves that fit into so many blocks of SHA-256 are hashed in one piece. A decision's takes five.
const BLOCKS: usize = 16;

/// SHA-256 over the first bytes of blocks, which are zero after them and have room for the padding: all in one call, which
/// for what is as short as here is a tenth faster than by way of a buffer.
fn digest(blocks: &mut [[u8; 64]], length: usize) -> Hash {
    let bytes = blocks.as_flattened_mut();
    bytes[length] = 0x80;
    let bits = u64::try_from(length).unwrap_or_default() * 8;
    if let Some(end) = bytes.last_chunk_mut() {
        *end = bits.to_be_bytes();
    }
    let mut state = START;
    compress256(&mut state, blocks);
    let mut hash = Hash::default();
    for (four, word) in hash.0.chunks_exact_mut(4).zip(state) {
        four.copy_from_slice(&word.to_be_bytes());
    }
    hash
}

/// The hash of a leaf: SHA-256 over a zero byte and the leaf.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let length = leaf.len() + 1;
    let mut blocks = [[0; 64]; BLOCKS];
    // The padding is a byte and the length.
    let Some(blocks) = blocks.get_mut(..(length + 9).div_ceil(64)) else {
        return Hash(Sha256::new_with_prefix([0]).chain_update(leaf).finalize().into());
    };
    blocks.as_flattened_mut()[1..length].copy_from_slice(leaf);
    digest(blocks, length)
}

/// The hash over two subtrees: SHA-256 over a one byte and both.
fn node_hash(left: Hash, right: Hash) -> Hash {
    let mut blocks = [[0; 64]; 2];
    let bytes = blocks.as_flattened_mut();
    bytes[0] = 1;
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..65].copy_from_slice(&right.0);
    digest(&mut blocks, 65)
}

/// The right edge of a tree: the roots of its whole subtrees, the largest first. All that is needed to go on.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    size: u64,
    roots: Vec<Hash>,
}

impl Edge {
    /// The numbers of the stored hashes that a tree of this size goes on from; none of a size that no tree has.
    pub fn needs(size: u64) -> Vec<u64> {
        if size == 0 || size > MOST { Vec::new() } else { sub_tree_index(0, size, Vec::new()) }
    }

    /// From the stored hashes that [`needs`](Self::needs) names, in that order; `None` if one is missing.
    pub fn resume(size: u64, roots: Vec<Hash>) -> Option<Self> {
        (roots.len() == usize::try_from(size.count_ones()).unwrap_or_default()).then_some(Self { size, roots })
    }

    /// One of which nothing is known but its size: no root that comes out of it is one of a ledger.
    pub fn unknown(size: u64) -> Self {
        Self { size, roots: vec![Hash::default(); usize::try_from(size.count_ones()).unwrap_or_default()] }
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many hashes are stored for them; the number of the next.
    pub fn stored(&self) -> u64 {
        stored_hash_count(self.size)
    }

    /// Adds a leaf, and gives the hashes to store to `store`: its own, then those of the subtrees that it completes.
    pub fn push(&mut self, leaf: Hash, mut store: impl FnMut(Hash)) {
        store(leaf);
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            // There is one whole subtree for each bit of the size.
            let Some(left) = self.roots.pop() else { break };
            hash = node_hash(left, hash);
            store(hash);
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// The root of the whole tree.
    pub fn root(&self) -> Root {
        let whole = self.roots.iter().rev().copied().reduce(|right, left| node_hash(left, right));
        whole.map_or(Root::EMPTY, Root::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlog_tiles::{HashReader, stored_hashes, tree_hash};

    struct Stored(Vec<Hash>);

    impl HashReader for Stored {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
            Ok(indexes.iter().map(|i| self.0[usize::try_from(*i).unwrap()]).collect())
        }
    }

    #[test]
    fn hashes_and_roots_are_those_of_tlog() {
        let (mut edge, mut ours, mut theirs) = (Edge::default(), Vec::new(), Stored(Vec::new()));
        assert_eq!(edge.root(), Root::EMPTY);
        for n in 0..70_u64 {
            let leaf = format!("leaf {n}");
            theirs.0.extend(stored_hashes(n, leaf.as_bytes(), &theirs).unwrap());
            edge.push(leaf_hash(leaf.as_bytes()), |h| ours.push(h));
            assert_eq!(ours, theirs.0);
            assert_eq!(edge.stored(), ours.len() as u64);
            assert_eq!(edge.root(), tree_hash(n + 1, &theirs).unwrap().into());
            let kept = theirs.read_hashes(&Edge::needs(n + 1)).unwrap();
            assert_eq!(Edge::resume(n + 1, kept).unwrap().root(), edge.root());
        }
        assert!(Edge::resume(3, vec![ours[0]]).is_none());
        for size in [MOST + 1, u64::MAX] {
            assert!(Edge::resume(size, theirs.read_hashes(&Edge::needs(size)).unwrap()).is_none());
        }
    }

    #[test]
    fn leaves_of_every_length_are_hashed_as_sha_256_has_it() {
        let long: Vec<u8> = (0..1200_u32).map(|n| n.to_le_bytes()[0]).collect();
        for length in 0..=long.len() {
            let leaf = &long[..length];
            let whole = [&[0], leaf].concat();
            assert!(leaf_hash(leaf).0 == *Sha256::digest(whole), "{length}");
        }
    }

    #[test]
    fn roots_are_written_in_base64() {
        let root = Root::EMPTY;
        assert_eq!(root.to_string(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(root.to_string().parse::<Root>().unwrap(), root);
        for bad in ["", "AAAA", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"] {
            bad.parse::<Root>().unwrap_err();
        }
    }
}
