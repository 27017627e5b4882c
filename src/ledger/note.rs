//! Checkpoints as C2SP signed notes: `origin`, size, root, and the writer's signature.
//!
//! A key's name is the origin of the ledger; each writer has a key of its own under that name.

use signed_note::{Note, Signer as _, StandardSigner, StandardVerifier, VerificationError, Verifier, Verifiers};
use tlog_tiles::Checkpoint;
use zeroize::Zeroizing;

use super::merkle::MOST;
use super::{Head, Root};

/// What every origin begins with.
pub const ORIGIN: &str = "countersign.dev/ledger/";

/// Whether an origin is written as ours are.
pub fn is_origin(text: &str) -> bool {
    text.strip_prefix(ORIGIN)
        .is_some_and(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
}

/// A new origin, random.
pub fn new_origin() -> Result<String, String> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|e| format!("There are no random numbers ({e})."))?;
    Ok(format!("{ORIGIN}{:032x}", u128::from_be_bytes(id)))
}

/// A writer's key, for one ledger.
#[derive(Clone)]
pub struct NoteKey {
    signer: StandardSigner,
    vkey: String,
}

impl NoteKey {
    /// From the 32 bytes of an Ed25519 key, for a ledger.
    pub fn new(seed: &[u8; 32], origin: &str) -> Result<Self, String> {
        use base64::Engine as _;
        let public = ed25519_dalek::SigningKey::from_bytes(seed).verifying_key();
        let key = [&[1], public.as_bytes().as_slice()].concat();
        let id = signed_note::key_id(origin, &key);
        let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
        let secret = Zeroizing::new([&[1], seed.as_slice()].concat());
        let text = Zeroizing::new(format!("PRIVATE+KEY+{origin}+{id:08x}+{}", encode(&secret)));
        let signer = StandardSigner::new(&text).map_err(|e| format!("The key cannot be used ({e})."))?;
        Ok(Self { signer, vkey: format!("{origin}+{id:08x}+{}", encode(&key)) })
    }

    /// The public half, as a line of `ledger_keys`.
    pub fn vkey(&self) -> &str {
        &self.vkey
    }

    /// A checkpoint over a head.
    pub fn sign(&self, head: &Head) -> Result<String, String> {
        let text = format!("{}\n{}\n{}\n", head.origin, head.size, head.root);
        let failed = |e: signed_note::NoteError| format!("The checkpoint cannot be signed ({e}).");
        let mut note = Note::new(text.as_bytes(), &[]).map_err(failed)?;
        note.add_sigs(&[&self.signer]).map_err(failed)?;
        String::from_utf8(note.to_bytes()).map_err(|e| format!("The checkpoint cannot be written ({e})."))
    }
}

impl std::fmt::Debug for NoteKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NoteKey({}+{:08x})", self.signer.name(), self.signer.key_id())
    }
}

/// The keys whose checkpoints of one ledger are believed.
#[derive(Clone, Default)]
pub struct Keys(Vec<StandardVerifier>);

impl Verifiers for Keys {
    fn verifier(&self, name: &str, id: u32) -> Result<&dyn Verifier, VerificationError> {
        let found = self.0.iter().find(|key| key.key_id() == id && key.name() == name);
        let unknown = || VerificationError::UnknownKey { name: name.to_owned(), id };
        found.map(|key| key as &dyn Verifier).ok_or_else(unknown)
    }
}

impl Keys {
    /// From vkeys; those of other ledgers are left out. The error names one that cannot be read.
    pub fn new<'a>(vkeys: impl IntoIterator<Item = &'a str>, origin: &str) -> Result<Self, String> {
        let mut keys = std::collections::BTreeMap::new();
        for vkey in vkeys {
            let key = StandardVerifier::new(vkey)
                .map_err(|e| format!("The key {:?} cannot be read ({e}).", crate::text::line(vkey)))?;
            if key.name() == origin {
                keys.insert(vkey, key);
            }
        }
        Ok(Self(keys.into_values().collect()))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The head that a checkpoint signs, if one of the keys signed it. The error says what is wrong with it.
    pub fn open(&self, note: &str, origin: &str) -> Result<Head, String> {
        let parsed = Note::from_bytes(note.as_bytes()).map_err(|_e| "it is not a signed note.".to_owned())?;
        let head = read(parsed.text())?;
        if head.origin != origin {
            return Err(format!("it is of another ledger, {}.", crate::text::line(&head.origin)));
        }
        parsed.verify(self).map_err(|e| match e {
            signed_note::NoteError::UnverifiedNote => "it is signed by none of the keys that are trusted.".to_owned(),
            _ => "its signature is not good: it was changed after it was signed.".to_owned(),
        })?;
        Ok(head)
    }
}

/// The head in the text of a checkpoint, signed or not. Says nothing of its being true.
pub fn read(text: &[u8]) -> Result<Head, String> {
    let bad = || "it is not a checkpoint: a line each of origin, size and root.".to_owned();
    let checkpoint = Checkpoint::from_bytes(text).map_err(|_e| bad())?;
    if checkpoint.size() > MOST {
        return Err("it speaks of more entries than any ledger has.".to_owned());
    }
    Ok(Head { origin: checkpoint.origin().to_owned(), size: checkpoint.size(), root: Root(checkpoint.hash().0) })
}

/// The head in a checkpoint with or without signatures, for people who say where they have it from.
pub fn read_unsigned(note: &str) -> Result<Head, String> {
    match Note::from_bytes(note.as_bytes()) {
        Ok(note) => read(note.text()),
        Err(_) => read(note.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(origin: &str) -> Head {
        Head { origin: origin.to_owned(), size: 7, root: Root::EMPTY }
    }

    #[test]
    fn a_checkpoint_is_believed_only_from_a_known_key() {
        let origin = new_origin().unwrap();
        assert!(is_origin(&origin), "{origin}");
        let (key, other) = (NoteKey::new(&[1; 32], &origin).unwrap(), NoteKey::new(&[2; 32], &origin).unwrap());
        let note = key.sign(&head(&origin)).unwrap();
        let keys = Keys::new([key.vkey(), key.vkey()], &origin).unwrap();
        assert_eq!(keys.count(), 1);
        assert_eq!(keys.open(&note, &origin).unwrap(), head(&origin));
        assert_eq!(read_unsigned(&note).unwrap(), head(&origin));

        let others = Keys::new([other.vkey()], &origin).unwrap();
        assert!(others.open(&note, &origin).unwrap_err().contains("none of the keys"));
        assert!(keys.open(&note.replace("\n7\n", "\n8\n"), &origin).unwrap_err().contains("not good"));
        assert!(keys.open("7", &origin).unwrap_err().contains("not a signed note"));
        let elsewhere = new_origin().unwrap();
        let theirs = NoteKey::new(&[1; 32], &elsewhere).unwrap();
        let note = theirs.sign(&head(&elsewhere)).unwrap();
        assert!(keys.open(&note, &origin).unwrap_err().contains("another ledger"));
        assert_eq!(Keys::new([theirs.vkey()], &origin).unwrap().count(), 0);
        assert!(Keys::new(["nonsense"], &origin).is_err());
        assert!(!format!("{key:?}").contains("PRIVATE"));
        for size in [MOST + 1, u64::MAX] {
            let note = key.sign(&Head { size, ..head(&origin) }).unwrap();
            assert!(keys.open(&note, &origin).unwrap_err().contains("more entries than any"));
        }
    }
}
