//! The folder.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::lab::LabError;
use crate::lab::home::{self, Signer};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn everything_is_there_and_only_for_its_owner() {
    let dir = tempfile::tempdir().unwrap();
    let lab = start(World::demo().unwrap(), Options::default()).await.unwrap();
    let home = home::prepare_with(&dir.path().join("home"), &lab, Signer::KeyFile).await.unwrap();
    assert!(home.agent_socket.is_none());
    assert_eq!(mode(home.config.parent().unwrap()), 0o700);
    let text = std::fs::read_to_string(&home.config).unwrap();
    let config: toml::Table = toml::from_str(&text).unwrap();
    for (name, connection) in config["connections"].as_table().unwrap() {
        let token = Path::new(connection["token"]["file"].as_str().unwrap());
        assert_eq!((mode(token), std::fs::read_to_string(token).unwrap().len()), (0o600, 40), "{name}");
        assert!(connection["url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    }
    let secret = lab.credential(Service::Jenkins);
    assert!(!text.contains(secret.secret.expose_secret()));
    assert!(!format!("{secret:?} {lab:?} {home:?}").contains(secret.secret.expose_secret()));
    assert_eq!(mode(&home.key), 0o600);
    assert_eq!(config["signer"]["key"].as_str().unwrap(), home.key.to_str().unwrap());
    let allowed = std::fs::read_to_string(config["trust"]["allowed_signers"].as_str().unwrap()).unwrap();
    assert!(allowed.starts_with("demo@countersign.example namespaces=\"release-decision@countersign.dev,triage@countersign.dev,delegation@countersign.dev\" ssh-ed25519 AAAA"));
    let scan =
        dir.path().join("home/scans/payments").join(crate::lab::seed::commit("payments-1.4.2")).join("semgrep.sarif");
    assert!(scan.is_file());
    assert!(!text.contains("{home}"));

    let key = std::fs::read(&home.key).unwrap();
    let used = home::prepare_with(&dir.path().join("home"), &lab, Signer::KeyFile).await.unwrap_err();
    assert!(matches!(used, LabError::InUse { .. }), "{used}");
    drop(home);
    let home = home::prepare_with(&dir.path().join("home"), &lab, Signer::KeyFile).await.unwrap();
    assert_eq!(std::fs::read(&home.key).unwrap(), key, "a key that is there is kept");
}

#[tokio::test]
async fn a_folder_of_something_else_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.toml");
    std::fs::write(&config, "# mine").unwrap();
    let lab = start(World::default(), Options::default()).await.unwrap();
    let foreign = home::prepare_with(dir.path(), &lab, Signer::KeyFile).await.unwrap_err();
    assert!(matches!(foreign, LabError::Foreign { .. }), "{foreign}");
    assert_eq!(std::fs::read_to_string(&config).unwrap(), "# mine");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn the_agent_holds_the_key_and_ends_with_the_home() {
    let dir = tempfile::tempdir().unwrap();
    let lab = start(World::default(), Options::default()).await.unwrap();
    let home = home::prepare(dir.path(), &lab).await.unwrap();
    let (Some(socket), Some(pid)) = (home.agent_socket.clone(), home.agent_pid()) else {
        println!("skipped: ssh-agent is not on PATH");
        return;
    };
    let list = Command::new("ssh-add").arg("-l").env("SSH_AUTH_SOCK", &socket).output().unwrap();
    let config: toml::Table = toml::from_str(&std::fs::read_to_string(&home.config).unwrap()).unwrap();
    let fingerprint = config["signer"]["agent"].as_str().unwrap();
    assert!(String::from_utf8_lossy(&list.stdout).contains(fingerprint));
    // What the agent signs is what the allowed_signers file allows.
    let file = dir.path().join("text");
    std::fs::write(&file, "text").unwrap();
    let mut sign = Command::new("ssh-keygen");
    sign.args(["-q", "-Y", "sign", "-n", "triage@countersign.dev", "-f"])
        .arg(dir.path().join("demo_key.pub"))
        .arg(&file);
    assert!(sign.env("SSH_AUTH_SOCK", &socket).output().unwrap().status.success());
    let mut verify = Command::new("ssh-keygen");
    verify.args(["-Y", "verify", "-n", "triage@countersign.dev", "-I", home::PRINCIPAL, "-f"]);
    verify
        .arg(dir.path().join("allowed_signers"))
        .arg("-s")
        .arg(dir.path().join("text.sig"))
        .stdin(std::fs::File::open(&file).unwrap());
    assert!(verify.output().unwrap().status.success());
    drop(home);
    assert!(!socket.exists());
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}
