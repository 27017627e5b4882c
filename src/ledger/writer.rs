//! Who writes: the key that signs checkpoints here, the keys that are believed, and what was last seen.

use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use super::Head;
use super::note::{Keys, NoteKey};

/// A writer, which may also only read.
#[derive(Default)]
pub struct Writer {
    seed: Option<Zeroizing<[u8; 32]>>,
    trusted: Option<Vec<String>>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    key: Option<NoteKey>,
    /// The newest head that this process has seen, and its checkpoint: what comes later must have grown out of it.
    last: Option<(Head, String)>,
}

impl Writer {
    /// One that signs with this Ed25519 key. `trusted` are the vkeys of an outside file, which is authoritative; without
    /// it, the keys that the ledger itself lists are believed.
    pub fn new(seed: Zeroizing<[u8; 32]>, trusted: Option<Vec<String>>) -> Self {
        Self { seed: Some(seed), trusted, held: Mutex::default() }
    }

    /// One that cannot sign.
    pub fn reader(trusted: Option<Vec<String>>) -> Self {
        Self { trusted, ..Self::default() }
    }

    /// The key for a ledger. The error is a full sentence.
    pub fn key(&self, origin: &str) -> Result<NoteKey, String> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = held.key.as_ref().filter(|k| k.vkey().split('+').next() == Some(origin)) {
            return Ok(key.clone());
        }
        let seed = self.seed.as_ref().ok_or_else(|| "There is no key to sign its checkpoints with.".to_owned())?;
        let key = NoteKey::new(seed, origin)?;
        held.key = Some(key.clone());
        Ok(key)
    }

    /// Whether keys are given from outside.
    pub fn is_told_whom_to_trust(&self) -> bool {
        self.trusted.is_some()
    }

    /// Whether checkpoints by this key are believed: all are, where no keys are given from outside.
    pub fn trusts(&self, vkey: &str) -> bool {
        self.trusted.as_ref().is_none_or(|trusted| trusted.iter().any(|t| t == vkey))
    }

    /// The keys that are believed, where the ledger itself lists `listed`.
    pub fn keys(&self, listed: &[String], origin: &str) -> Result<Keys, String> {
        Keys::new(self.trusted.as_deref().unwrap_or(listed).iter().map(String::as_str), origin)
    }

    /// The newest head that this process has seen, with its checkpoint.
    pub fn last(&self) -> Option<(Head, String)> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).last.clone()
    }

    /// Takes note of a head whose checkpoint was found good.
    pub fn saw(&self, newest: &Head, note: &str) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.last.as_ref().is_none_or(|(last, _)| last.size <= newest.size) {
            held.last = Some((newest.clone(), note.to_owned()));
        }
    }
}
