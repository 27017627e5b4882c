//! The file of a writer's key: one line, the C2SP encoding of a signer key, for its owner alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The name that stands in the file. A key signs under the origin of the ledger that it writes to.
const NAME: &str = "countersign.dev/ledger";
/// No key has more bytes.
const LIMIT: u64 = 1024;

/// The key in a file, which is made if it is not there. The error is a full sentence with what to do.
pub fn load_or_make(path: &Path) -> Result<Zeroizing<[u8; 32]>, String> {
    let shown = crate::text::line(&path.display().to_string()).into_owned();
    match File::options().read(true).custom_flags(nonblock()).open(path) {
        Ok(file) => read(file, &shown),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            make(path).map_err(|e| {
                format!("Its key file {shown} cannot be made ({e}). Check the folder, or set [ledger] key.")
            })?;
            // Another process may have been faster: what counts is the file.
            let file = File::open(path).map_err(|e| format!("Its key file {shown} cannot be read ({e})."))?;
            read(file, &shown)
        }
        Err(e) => Err(format!("Its key file {shown} cannot be read ({e}). Check its owner and its permissions.")),
    }
}

/// Without the flag, opening a pipe would wait for somebody to write.
fn nonblock() -> i32 {
    i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default()
}

fn read(file: File, shown: &str) -> Result<Zeroizing<[u8; 32]>, String> {
    let about = file.metadata().map_err(|e| format!("Its key file {shown} cannot be looked at ({e})."))?;
    if !about.is_file() {
        return Err(format!("Its key file {shown} is not a regular file. Name another in [ledger] key."));
    }
    if about.mode() & 0o077 != 0 {
        return Err(format!("Its key file {shown} can be read by others. Run `chmod 600` on it."));
    }
    let mut text = Zeroizing::new(String::new());
    let read = file.take(LIMIT).read_to_string(&mut text);
    read.map_err(|e| format!("Its key file {shown} cannot be read ({e})."))?;
    parse(&text).ok_or_else(|| {
        format!(
            "Its key file {shown} has no ledger key in it: a line PRIVATE+KEY+name+id+data. Restore it from a copy, or \
             move it away to have a new one made."
        )
    })
}

fn parse(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    // Checks the form, and that the id belongs to the key.
    signed_note::StandardSigner::new(line).ok()?;
    let data = Zeroizing::new(STANDARD.decode(line.splitn(5, '+').nth(4)?).ok()?);
    data.get(1..)?.try_into().ok().map(Zeroizing::new)
}

/// Writes a new key under a name of its own first, so that the file is whole whenever it is there.
fn make(path: &Path) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("it is a folder"))?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut seed = Zeroizing::new([0; 32]);
    let mut noise = [0; 8];
    getrandom::fill(seed.as_mut())
        .and_then(|()| getrandom::fill(&mut noise))
        .map_err(|e| io::Error::other(e.to_string()))?;
    let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
    let id = signed_note::key_id(NAME, &[&[1], public.as_bytes().as_slice()].concat());
    let data = Zeroizing::new([&[1], seed.as_slice()].concat());
    let line = Zeroizing::new(format!("PRIVATE+KEY+{NAME}+{id:08x}+{}\n", STANDARD.encode(&data)));
    let temporary = folder.join(format!(".{:016x}.key.tmp", u64::from_ne_bytes(noise)));
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).and_then(|mut file| {
        file.write_all(line.as_bytes())?;
        file.sync_all()
    });
    // A link does not replace what is there.
    let linked = written.and_then(|()| match fs::hard_link(&temporary, path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome,
    });
    fs::remove_file(&temporary).ok();
    linked?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/ledger.key");
        let key = load_or_make(&path).unwrap();
        assert_eq!(load_or_make(&path).unwrap(), key);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 1, "nothing is left behind");
        assert!(fs::read_to_string(&path).unwrap().starts_with("PRIVATE+KEY+countersign.dev/ledger+"));

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(load_or_make(&path).unwrap_err().contains("chmod 600"));
    }

    #[test]
    fn what_is_no_key_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.key");
        for text in ["", "PRIVATE+KEY+a+00000000+AQ==", "nonsense"] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert!(load_or_make(&path).unwrap_err().contains("no ledger key"), "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert!(load_or_make(folder.path()).unwrap_err().contains("not a regular file"));
    }
}
