//! Each source, and that none stands in for another.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::mpsc::Receiver;

use super::*;

#[derive(Default)]
struct Fake {
    entries: Mutex<BTreeMap<String, String>>,
    /// The keyring hangs until the other end is dropped.
    hang: Mutex<Option<Receiver<()>>>,
}

impl Keyring for Fake {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        if let Some(waiting) = self.hang.lock().unwrap().take() {
            waiting.recv().unwrap_err();
        }
        Ok(self.entries.lock().unwrap().get(name).map(Secret::new))
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretError> {
        self.entries.lock().unwrap().insert(name.to_owned(), secret.expose().to_owned());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<bool, SecretError> {
        Ok(self.entries.lock().unwrap().remove(name).is_some())
    }
}

fn resolver() -> (Arc<Fake>, Resolver) {
    let fake = Arc::new(Fake::default());
    let resolver = Resolver::new(|name| (name == "TOKEN").then(|| "from-env".to_owned())).with_keyring(fake.clone());
    (fake, resolver)
}

#[tokio::test]
async fn each_source_gives_its_own() {
    let (_, resolver) = resolver();
    let get = async |source: SecretConfig| resolver.resolve(&source).await.unwrap().secret.expose().to_owned();
    assert_eq!(get(SecretConfig::Env("TOKEN".to_owned())).await, "from-env");
    assert_eq!(get(SecretConfig::Command(["echo", "from-command"].map(str::to_owned).to_vec())).await, "from-command");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "from-file\n").unwrap();
    assert_eq!(get(SecretConfig::File(file.path().to_owned())).await, "from-file");
    resolver.store("jenkins", Secret::new("from-keyring\n")).await.unwrap();
    assert_eq!(get(SecretConfig::Keyring("jenkins".to_owned())).await, "from-keyring");
    assert!(resolver.forget("jenkins").await.unwrap());
    assert!(!resolver.forget("jenkins").await.unwrap());
    assert!(resolver.store("jenkins", Secret::new("a\nb")).await.is_err());
}

#[tokio::test]
async fn an_error_never_falls_through() {
    let (_, resolver) = resolver();
    // The same name is good elsewhere, which must not help.
    resolver.store("OTHER", Secret::new("stored")).await.unwrap();
    let error = resolver.resolve(&SecretConfig::Env("OTHER".to_owned())).await.unwrap_err();
    assert!(error.to_string().contains("OTHER, which is to hold a secret, is not set"), "{error}");
    let error = resolver.resolve(&SecretConfig::Keyring("TOKEN".to_owned())).await.unwrap_err();
    assert!(error.to_string().contains("countersign login"), "{error}");
    assert!(matches!(
        resolver.resolve(&SecretConfig::File("/nonexistent/TOKEN".into())).await,
        Err(SecretError::NotThere(_))
    ));
}

#[tokio::test]
async fn a_keyring_that_hangs_is_given_up() {
    let (fake, mut resolver) = resolver();
    resolver.read = Duration::from_millis(20);
    // As long as the sending end lives, the keyring waits.
    let (alive, waiting) = std::sync::mpsc::channel();
    *fake.hang.lock().unwrap() = Some(waiting);
    let error = resolver.resolve(&SecretConfig::Keyring("x".to_owned())).await.unwrap_err().to_string();
    drop(alive);
    assert!(error.contains("did not answer") && error.contains("env ="), "{error}");
}

/// Runs one test of this file again, in a process of its own.
fn again(mut command: Command, test: &str) -> String {
    let output =
        command.args(["--exact", &format!("secrets::resolve::tests::{test}"), "--nocapture"]).output().unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    told
}

const HEADLESS: &str = "COUNTERSIGN_TEST_HEADLESS";

#[tokio::test]
async fn without_a_bus_the_keyring_fails_at_once_and_says_what_to_do() {
    if std::env::var_os(HEADLESS).is_some() {
        let resolver = Resolver::new(|_| None);
        let error = resolver.resolve(&SecretConfig::Keyring("jenkins".to_owned())).await.unwrap_err().to_string();
        assert!(error.contains("no keyring in this session"), "{error}");
        assert!(error.contains("{ env = ") && error.contains("{ command = "), "{error}");
        let error = resolver.store("jenkins", Secret::new("s3cret")).await.unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .env(HEADLESS, "1")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("DISPLAY")
        .env("XDG_RUNTIME_DIR", folder.path());
    tokio::task::spawn_blocking(|| {
        again(command, "without_a_bus_the_keyring_fails_at_once_and_says_what_to_do");
    })
    .await
    .unwrap();
}

const KEYRING: &str = "COUNTERSIGN_TEST_KEYRING";

fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

#[tokio::test]
async fn a_real_keyring_keeps_secrets() {
    if std::env::var_os(KEYRING).is_some() {
        let resolver = Resolver::new(|_| None);
        let source = SecretConfig::Keyring("jenkins".to_owned());
        let error = resolver.resolve(&source).await.unwrap_err().to_string();
        assert!(error.contains("no entry \"jenkins\""), "{error}");
        resolver.store("jenkins", Secret::new("first")).await.unwrap();
        resolver.store("jenkins", Secret::new("t\u{f6}k n")).await.unwrap();
        assert_eq!(resolver.resolve(&source).await.unwrap().secret.expose(), "t\u{f6}k n");
        assert!(resolver.forget("jenkins").await.unwrap());
        assert!(!resolver.forget("jenkins").await.unwrap());
        assert!(matches!(resolver.resolve(&source).await, Err(SecretError::NotThere(_))));
        return;
    }
    if !installed("dbus-run-session") || !installed("gnome-keyring-daemon") {
        println!("skipped: dbus-run-session and gnome-keyring-daemon are not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let home: &Path = folder.path();
    let mut command = Command::new("dbus-run-session");
    command
        .args(["--", "sh", "-c"])
        .arg("printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 && exec \"$0\" \"$@\"")
        .arg(std::env::current_exe().unwrap())
        .env(KEYRING, "1")
        .env("HOME", home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("XDG_RUNTIME_DIR", home)
        .env_remove("DISPLAY");
    tokio::task::spawn_blocking(|| again(command, "a_real_keyring_keeps_secrets")).await.unwrap();
}
