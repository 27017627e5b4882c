//! Report files in a folder of this machine.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::{Ask, Body, Checked, Gathered, Material, Raw, Shortfalls, Source, What, not_served};
use crate::contained;
use crate::http::{Fault, FaultKind, Limits};

/// The most files that are read.
const FILES: usize = 500;
/// The most bytes that are read in all.
const BYTES: u64 = 256 << 20;
/// How deep folders may lie in one another.
const DEPTH: usize = 32;

/// Reads folders.
pub struct Folder {
    limits: Limits,
    files: usize,
    bytes: u64,
}

impl Folder {
    /// A reader of folders; of `limits` it takes the most bytes of one file.
    pub fn new(limits: Limits) -> Self {
        Self { limits, files: FILES, bytes: BYTES }
    }

    fn read(&self, path: &Path) -> Result<Gathered, Fault> {
        let uri = path.display().to_string();
        let fault = |e: &std::io::Error| {
            let kind = match e.kind() {
                std::io::ErrorKind::NotFound => FaultKind::NotFound,
                std::io::ErrorKind::PermissionDenied => FaultKind::Forbidden,
                _ => FaultKind::Unreachable,
            };
            Fault::new(kind, &uri, format!("{e}; was something written there?"))
        };
        let root = path.canonicalize().map_err(|e| fault(&e))?;
        let mut short = Shortfalls::default();
        let mut found = Vec::new();
        if root.is_file() {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            found.push((name, root));
        } else {
            std::fs::read_dir(&root).map_err(|e| fault(&e))?;
            self.walk(&root, &root, 0, &mut found, &mut short);
        }
        found.sort();
        if found.len() > self.files {
            let left = found.len() - self.files;
            found.truncate(self.files);
            short.add(
                "too-many-files",
                format!("{left} or more files of {uri} were not read: {} is the most.", self.files),
            );
        }
        let mut raw = Vec::new();
        let mut total = 0;
        for (name, file) in found {
            let size = std::fs::metadata(&file).map_or(0, |m| m.len());
            if size > self.limits.bytes || total + size > self.bytes {
                short.add("too-large", format!("{name} was not read: it is too large, or all files together are."));
                continue;
            }
            match std::fs::read(&file) {
                Ok(bytes) => {
                    total += bytes.len() as u64;
                    raw.push(Raw {
                        media_type: media_type(&name).to_owned(),
                        uri: name,
                        body: Body::Held(bytes.into()),
                    });
                }
                Err(e) => short.add("unreadable", format!("{name} could not be read: {e}.")),
            }
        }
        let mut shortfall = short.into_reason();
        if raw.is_empty() && shortfall.is_none() {
            let mut none = Shortfalls::default();
            none.add("no-report", format!("{uri} has no files. Did the scan write its reports there?"));
            shortfall = none.into_reason();
        }
        Ok(Gathered { uri, material: Material::Reports, raw, shortfall, date: None })
    }

    fn walk(&self, root: &Path, at: &Path, depth: usize, found: &mut Vec<(String, PathBuf)>, short: &mut Shortfalls) {
        let entries = match std::fs::read_dir(at) {
            Ok(entries) => entries,
            Err(e) => return short.add("unreadable", format!("{} could not be read: {e}.", at.display())),
        };
        let mut entries: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        entries.sort();
        for path in entries {
            // One more than is read, so that it shows that there are more.
            if found.len() > self.files {
                return;
            }
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            let Ok(kind) = path.symlink_metadata().map(|m| m.file_type()) else { continue };
            if kind.is_dir() {
                if depth < DEPTH {
                    self.walk(root, &path, depth + 1, found, short);
                } else {
                    short.add("too-deep", format!("{name} was not read: too many folders in one another."));
                }
            } else if kind.is_file() {
                found.push((name, path));
            } else if kind.is_symlink() {
                // A link to a file within the folder is that file; any other could lead anywhere.
                match path.canonicalize() {
                    Ok(target) if target.starts_with(root) && target.is_file() => found.push((name, target)),
                    _ => short.add("symlink", format!("{name} was not read: it is a link to something elsewhere.")),
                }
            } else {
                // A pipe would be waited for without an end.
                short.add("no-file", format!("{name} was not read: it is no file but a pipe, a socket or a device."));
            }
        }
    }
}

#[async_trait]
impl Source for Folder {
    async fn collect(&self, ask: &Ask) -> Result<Gathered, Fault> {
        let What::Folder { path } = &ask.what else { return Err(not_served("folder", "A folder", &ask.what)) };
        let reader = Self { limits: self.limits, ..*self };
        let owned = path.clone();
        contained::blocking(move || reader.read(&owned))
            .await
            .map_err(|why| Fault::new(FaultKind::Unreachable, &path.display().to_string(), why))?
    }

    async fn check(&self) -> Result<Checked, Fault> {
        Ok(Checked { line: "Folders of this machine".to_owned(), date: None })
    }
}

/// The media type that a file's name suggests.
pub(crate) fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).as_deref() {
        Some("json") => "application/json",
        Some("sarif") => "application/sarif+json",
        Some("xml") => "application/xml",
        Some("html" | "htm") => "text/html",
        Some("txt" | "log") => "text/plain",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::Kind;
    use crate::http::testing::limits;
    use crate::source::testing::{ask, code, words};

    async fn collect(folder: &Folder, path: &Path) -> Result<Gathered, Fault> {
        folder.collect(&ask(Kind::Findings, What::Folder { path: path.to_owned() })).await
    }

    fn names(gathered: &Gathered) -> Vec<&str> {
        gathered.raw.iter().map(|r| r.uri.as_str()).collect()
    }

    #[tokio::test]
    async fn files_are_read_sorted_with_their_folders() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("a/b")).unwrap();
        for (name, text) in [("z.xml", "<a/>"), ("a/b/x.json", "{}"), ("a/s.SARIF", "[]")] {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let got = collect(&Folder::new(limits()), dir.path()).await.unwrap();
        assert_eq!(names(&got), ["a/b/x.json", "a/s.SARIF", "z.xml"]);
        assert_eq!(got.raw[1].media_type, "application/sarif+json");
        assert_eq!(got.raw[2].held(), b"<a/>");
        assert_eq!(code(&got), "");
        let one = collect(&Folder::new(limits()), &dir.path().join("z.xml")).await.unwrap();
        assert_eq!(names(&one), ["z.xml"]);
    }

    #[tokio::test]
    async fn a_missing_folder_is_named_and_an_empty_one_has_no_report() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("scans/9f");
        let fault = collect(&Folder::new(limits()), &missing).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::NotFound);
        assert!(fault.sentence().contains(&missing.display().to_string()), "{fault}");
        let got = collect(&Folder::new(limits()), dir.path()).await.unwrap();
        assert_eq!((code(&got), got.raw.len()), ("no-report", 0));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn links_lead_nowhere_else() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(outside.path().join("secret.json"), "x").unwrap();
        std::fs::write(dir.path().join("real.json"), "{}").unwrap();
        std::os::unix::fs::symlink("real.json", dir.path().join("alias.json")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret.json"), dir.path().join("out.json")).unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("loop")).unwrap();
        let got = collect(&Folder::new(limits()), dir.path()).await.unwrap();
        assert_eq!(names(&got), ["alias.json", "real.json"]);
        assert_eq!(code(&got), "symlink");
        assert!(words(&got).contains("out.json") && words(&got).contains("loop"), "{}", words(&got));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_is_no_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("real.json"), "{}").unwrap();
        drop(std::os::unix::net::UnixListener::bind(dir.path().join("other.json")).unwrap());
        let got = collect(&Folder::new(limits()), dir.path()).await.unwrap();
        assert_eq!((names(&got), code(&got)), (vec!["real.json"], "no-file"));
        assert!(words(&got).contains("other.json"), "{}", words(&got));
    }

    #[tokio::test]
    async fn number_and_size_are_bounded_and_the_rest_is_named() {
        let dir = tempfile::tempdir().unwrap();
        for i in 0..5 {
            std::fs::write(dir.path().join(format!("{i}.json")), "0123456789").unwrap();
        }
        let got = collect(&Folder { files: 3, ..Folder::new(limits()) }, dir.path()).await.unwrap();
        assert_eq!((names(&got), code(&got)), (vec!["0.json", "1.json", "2.json"], "too-many-files"));
        let got = collect(&Folder { bytes: 25, ..Folder::new(limits()) }, dir.path()).await.unwrap();
        assert_eq!((got.raw.len(), code(&got)), (2, "too-large"));
        assert!(words(&got).contains("4.json"));
    }
}
