//! `countersign demo`: the demo world on loopback, and the console on it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use super::Context;
use super::args::DemoArgs;
use crate::error::AppError;
use crate::lab::{self, Options, World};

/// How much faster than ours the lab's time runs: Spinnaker's 15 s role check takes 150 ms.
const LAB_SCALE: u32 = 100;
/// Set for the child that serves the world for a console: it ends when its standard input does.
const FOR_CONSOLE: &str = "COUNTERSIGN_DEMO_FOR_CONSOLE";
/// Its value where the folder goes with the world.
const THROW_AWAY: &str = "throw-away";

/// Starts the demo world.
pub async fn run(context: &Context, args: &DemoArgs) -> Result<(), AppError> {
    let dir = match &args.dir {
        Some(dir) => dir.clone(),
        None => temporary()?,
    };
    if args.headless { serve(context, &dir).await } else { with_console(context, &dir, args.dir.is_none()).await }
}

fn temporary() -> Result<PathBuf, AppError> {
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).map_err(|e| AppError::internal(format!("No random numbers: {e}.")))?;
    let name = format!("{:016x}", u64::from_be_bytes(random));
    Ok(std::env::temp_dir().join(format!("countersign-demo-{name}")))
}

/// A folder that cannot be used is for the person to choose anew; all else is a fault of ours.
fn failed(error: &lab::LabError) -> AppError {
    let text = format!("The demo world cannot be started: {error}");
    match error {
        lab::LabError::Foreign { .. } | lab::LabError::InUse { .. } | lab::LabError::File { .. } => {
            AppError::usage(text)
        }
        _ => AppError::internal(text),
    }
}

async fn serve(context: &Context, dir: &Path) -> Result<(), AppError> {
    let running =
        lab::start(World::demo().map_err(|e| failed(&e))?, Options { scale: LAB_SCALE, ..Options::default() })
            .await
            .map_err(|e| failed(&e))?;
    let home = lab::home::prepare(dir, &running).await.map_err(|e| failed(&e))?;
    let mut lines = vec![
        export("COUNTERSIGN_CONFIG", &home.config.to_string_lossy()),
        export("COUNTERSIGN_LAB_SCALE", &LAB_SCALE.to_string()),
        export("COUNTERSIGN_DEMO_DIR", &dir.to_string_lossy()),
    ];
    lines.extend(home.agent_socket.as_ref().map(|s| export("SSH_AUTH_SOCK", &s.to_string_lossy())));
    context.output.raw(&format!("{}\n", lines.join("\n")))?;
    context.output.message("The demo world is running. Stop it with Ctrl-C.");
    stopped(context).await;
    drop(home);
    drop(running);
    // Not left to the console, which may have been killed.
    if context.var(FOR_CONSOLE) == Some(THROW_AWAY) {
        std::fs::remove_dir_all(dir).ok();
    }
    Ok(())
}

/// A line for a shell to read, quoted.
fn export(name: &str, value: &str) -> String {
    format!("export {name}='{}'", value.replace('\'', "'\\''"))
}

async fn stopped(context: &Context) {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = |kind: SignalKind| async move {
        match signal(kind) {
            Ok(mut stream) => {
                stream.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    let parent_gone = async {
        if context.var(FOR_CONSOLE).is_none() {
            std::future::pending::<()>().await;
        }
        let mut rest = Vec::new();
        tokio::io::stdin().read_to_end(&mut rest).await.ok();
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::hangup()) => {}
        () = parent_gone => {}
    }
}

/// What the child said, as our own error.
fn passed_on(complaint: &str) -> Option<AppError> {
    let mut lines = complaint.trim().lines();
    let message = lines.next().map(|l| l.strip_prefix("Error: ").unwrap_or(l)).filter(|l| !l.is_empty())?;
    let hints = lines.map(|l| l.strip_prefix("Hint: ").unwrap_or(l));
    Some(hints.fold(AppError::internal(message), AppError::hint))
}

/// The world is served by a child, so that the console here is exactly the one that a person would use elsewhere.
async fn with_console(context: &Context, dir: &Path, throw_away: bool) -> Result<(), AppError> {
    // Said here, before anything starts; the child takes it for itself.
    drop(lab::home::claim(dir).map_err(|e| failed(&e))?);
    let failed = |what: &str| AppError::internal(format!("The demo world cannot be started: {what}."));
    let program = std::env::current_exe().map_err(|e| failed(&e.to_string()))?;
    let mut child = tokio::process::Command::new(program)
        .args(["demo", "--headless", "--quiet", "--dir"])
        .arg(dir)
        .env(FOR_CONSOLE, if throw_away { THROW_AWAY } else { "keep" })
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| failed(&e.to_string()))?;
    let stdout = child.stdout.take().ok_or_else(|| failed("no output"))?;
    let mut lines = BufReader::new(stdout).lines();
    let mut env: BTreeMap<String, String> = context.env.clone();
    let mut ready = false;
    while let Ok(Some(line)) = lines.next_line().await {
        let Some((name, value)) = line.strip_prefix("export ").and_then(|l| l.split_once('=')) else { break };
        env.insert(name.to_owned(), value.trim_matches('\'').replace("'\\''", "'"));
        // The last line that is always there.
        ready |= name == "COUNTERSIGN_DEMO_DIR";
        if ready && (name == "SSH_AUTH_SOCK" || context.var("PATH").is_none()) {
            break;
        }
    }
    if !ready {
        let mut complaint = String::new();
        if let Some(mut stderr) = child.stderr.take() {
            stderr.read_to_string(&mut complaint).await.ok();
        }
        return Err(passed_on(&complaint).unwrap_or_else(|| failed("it does not say why")));
    }
    let mut inner = Context { output: context.output.clone(), global: context.global.clone(), env };
    inner.global.config = None;
    let result = crate::tui::open::open(inner.surroundings(), super::console(context)).await;
    // Closing its input is the child's sign to end; it takes its agent with it.
    drop(child.stdin.take());
    if tokio::time::timeout(std::time::Duration::from_secs(5), child.wait()).await.is_err() {
        child.kill().await.ok();
    }
    if throw_away {
        std::fs::remove_dir_all(dir).ok();
    }
    result
}
