//! A secret in a file that only its owner can read.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::{LIMIT, Secret, SecretError, fit};

/// Reads the file. Blocking.
pub(super) fn read(path: &Path) -> Result<Secret, SecretError> {
    let name = crate::text::line(&path.display().to_string()).into_owned();
    // Not to wait for a writer, should it be a pipe.
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => SecretError::NotThere(format!("The secret's file {name} does not exist.")),
        _ => SecretError::Unusable(format!("The secret's file {name} cannot be read ({e}).")),
    })?;
    // Of the open file, not of the name: what was looked at is what is read.
    let about = file
        .metadata()
        .map_err(|e| SecretError::Unusable(format!("The secret's file {name} cannot be looked at ({e}).")))?;
    if !about.is_file() {
        return Err(SecretError::Unfit(format!("The secret's file {name} is not a regular file.")));
    }
    if about.mode() & 0o077 != 0 {
        return Err(SecretError::Unfit(format!(
            "The secret's file {name} can be read or written by others (mode {:04o}). \
             Make it its owner's alone (chmod 600), and think of the secret as known.",
            about.mode() & 0o7777
        )));
    }
    let me = rustix::process::geteuid().as_raw();
    if about.uid() != me && about.uid() != 0 {
        return Err(SecretError::Unfit(format!("The secret's file {name} belongs to another user.")));
    }
    let mut bytes = Vec::new();
    file.take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| SecretError::Unusable(format!("The secret's file {name} cannot be read ({e}).")))?;
    fit(bytes, &format!("The secret's file {name}"))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn file(content: &[u8], mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        std::fs::set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn the_owners_file_is_read() {
        for mode in [0o600, 0o400] {
            assert_eq!(read(file(b"s3cret\n", mode).path()).unwrap().expose(), "s3cret");
        }
    }

    #[test]
    fn files_that_others_can_touch_are_refused() {
        for mode in [0o640, 0o604, 0o620, 0o602, 0o644, 0o777] {
            let error = read(file(b"s3cret\n", mode).path()).unwrap_err().to_string();
            assert!(error.contains("chmod 600") && error.contains(&format!("{mode:04o}")), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn what_is_no_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read(&folder.path().join("none")), Err(SecretError::NotThere(_))));
        assert!(read(folder.path()).unwrap_err().to_string().contains("not a regular file"));
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg("-m").arg("600").arg(&pipe).status();
        if made.is_ok_and(|s| s.success()) {
            assert!(read(&pipe).unwrap_err().to_string().contains("not a regular file"));
        }
        assert!(read(file(&b"x".repeat(70_000), 0o600).path()).unwrap_err().to_string().contains("64 KiB"));
    }
}
