//! A secret that a program prints: `pass`, `op`, `vault` and the like.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::resolve::Credential;
use super::{LIMIT, SecretError, fit};
use crate::domain::time::Timestamp;

/// What a program may print instead of the bare token.
#[derive(Deserialize)]
struct Printed {
    token: String,
    #[serde(default)]
    expires_at: Option<String>,
}

/// Runs a program, without a shell and without input, and reads the token or `{"token": .., "expires_at": ..}` that it
/// prints. `hidden` are environment variables that it does not get. What it says on standard error is not shown: it may
/// quote the secret.
pub(super) async fn run(argv: &[String], hidden: &[String], limit: Duration) -> Result<Credential, SecretError> {
    let Some((program, arguments)) = argv.split_first().filter(|(program, _)| !program.is_empty()) else {
        return Err(SecretError::Unusable("The command for a secret is empty: name a program.".to_owned()));
    };
    let name = crate::text::line(program).into_owned();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // A group of its own, so that what it started ends with it.
        .process_group(0)
        .kill_on_drop(true);
    for variable in hidden {
        command.env_remove(variable);
    }
    let mut child = command.spawn().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => SecretError::NotThere(format!(
            "The command for a secret, {name}, is not there. Install it, or name its full path."
        )),
        _ => SecretError::Unusable(format!("The command for a secret, {name}, cannot be started ({e}).")),
    })?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let result = tokio::time::timeout(limit, finish(&mut child, &name)).await;
    if !matches!(result, Ok(Ok(_)))
        && let Some(group) = group
    {
        // It may have ended in the meantime, which is as good.
        kill_process_group(group, Signal::KILL).ok();
        child.wait().await.ok();
    }
    let bytes = result.map_err(|_e| {
        SecretError::Unusable(format!(
            "The command for a secret, {name}, did not end within {} s and was ended.",
            limit.as_secs()
        ))
    })??;
    read(bytes, &name)
}

async fn finish(child: &mut Child, name: &str) -> Result<Vec<u8>, SecretError> {
    let failed = |e: std::io::Error| SecretError::Unusable(format!("The command for a secret, {name}, failed ({e})."));
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    if let Some(out) = child.stdout.take() {
        out.take(LIMIT + 1).read_to_end(&mut bytes).await.map_err(failed)?;
    }
    if bytes.len() as u64 > LIMIT {
        return Err(SecretError::Unfit(format!("The command for a secret, {name}, prints more than 64 KiB.")));
    }
    let status = child.wait().await.map_err(failed)?;
    if !status.success() {
        return Err(SecretError::Unusable(format!(
            "The command for a secret, {name}, failed ({status}). Run it by hand to see why."
        )));
    }
    Ok(std::mem::take(&mut *bytes))
}

fn read(bytes: Vec<u8>, name: &str) -> Result<Credential, SecretError> {
    let place = format!("The command for a secret, {name},");
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Ok(Credential { secret: fit(bytes, &place)?, expires_at: None });
    }
    let bytes = Zeroizing::new(bytes);
    // The parser's own message may quote the secret.
    let printed: Printed = serde_json::from_slice(&bytes).map_err(|_e| {
        SecretError::Unfit(format!("{place} prints JSON that is not {{\"token\": \"..\", \"expires_at\": \"..\"}}."))
    })?;
    let expires_at = match printed.expires_at {
        None => None,
        Some(text) => Some(Timestamp::parse_lenient(&text).ok_or_else(|| {
            SecretError::Unfit(format!("{place} prints an expires_at that is not a time as RFC 3339 has it."))
        })?),
    };
    Ok(Credential { secret: fit(printed.token.into_bytes(), &place)?, expires_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sh(script: &str) -> Result<Credential, SecretError> {
        run(&["sh".to_owned(), "-c".to_owned(), script.to_owned()], &[], Duration::from_secs(10)).await
    }

    #[tokio::test]
    async fn a_token_or_json_is_read() {
        let bare = sh("echo tok-1").await.unwrap();
        assert_eq!((bare.secret.expose(), bare.expires_at), ("tok-1", None));
        let json =
            sh(r#"printf '\n{"token": "tok-2", "expires_at": "2026-11-21T05:00:00Z", "more": 1}\n'"#).await.unwrap();
        assert_eq!(json.secret.expose(), "tok-2");
        assert_eq!(json.expires_at.unwrap().to_string(), "2026-11-21T05:00:00.000Z");
    }

    #[tokio::test]
    async fn failures_are_told_without_what_was_printed() {
        for (script, says) in [
            ("echo s3cret; echo s3cret >&2; exit 3", "exit status: 3"),
            ("echo s3cret; kill -9 $$", "signal: 9"),
            ("printf '{\"tok\": \"s3cret\"}'", "prints JSON that is not"),
            ("printf '{\"token\": \"s3cret\", \"expires_at\": \"soon\"}'", "RFC 3339"),
            ("printf '{\"token\": \"s3\\\\ncret\"}'", "several lines"),
            ("true", "empty"),
            ("echo s3cret; echo user: ana", "several lines"),
            ("head -c 70000 /dev/zero", "more than 64 KiB"),
            ("while :; do echo s3cret; done", "more than 64 KiB"),
        ] {
            let error = sh(script).await.unwrap_err().to_string();
            assert!(error.contains(says), "{script}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
        let error = run(&["no-such-program-here".to_owned()], &[], Duration::from_secs(1)).await.unwrap_err();
        assert!(matches!(&error, SecretError::NotThere(_)), "{error}");
        assert!(run(&[], &[], Duration::from_secs(1)).await.is_err());
    }

    #[tokio::test]
    async fn it_gets_no_shell_no_input_and_no_hidden_variable() {
        let argv = ["echo", "$HOME;", "*"].map(str::to_owned);
        assert_eq!(run(&argv, &[], Duration::from_secs(10)).await.unwrap().secret.expose(), "$HOME; *");
        assert_eq!(sh("cat; echo end").await.unwrap().secret.expose(), "end");
        let argv = ["sh", "-c", "echo \"[$PATH]\" | /bin/cat"].map(str::to_owned);
        let shown = run(&argv, &[], Duration::from_secs(10)).await.unwrap();
        assert!(shown.secret.expose().contains("bin"));
        let argv = ["/usr/bin/env"].map(str::to_owned);
        let hidden: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
        assert!(run(&argv, &hidden, Duration::from_secs(10)).await.unwrap_err().to_string().contains("empty"));
    }

    #[tokio::test]
    async fn what_hangs_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("pid");
        let script = format!("sleep 1000 & echo $! > {}; echo tok; wait", note.display());
        let argv = ["sh".to_owned(), "-c".to_owned(), script];
        let error = run(&argv, &[], Duration::from_secs(1)).await.unwrap_err().to_string();
        assert!(error.contains("did not end within 1 s"), "{error}");
        let id: i32 = std::fs::read_to_string(&note).unwrap().trim().parse().unwrap();
        let gone = || match std::fs::read_to_string(format!("/proc/{id}/stat")) {
            // Killed, and waiting for init to take note of it.
            Ok(stat) => stat.contains(") Z "),
            Err(_) => true,
        };
        for _ in 0..1000 {
            if gone() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{id} lives on");
    }
}
