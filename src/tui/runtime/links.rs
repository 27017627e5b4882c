//! Opens links and copies text, by whatever there is to do it with, and says which it was.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::config::schema::ConsoleConfig;
use crate::review::Surroundings;

/// A program that has not failed after so long is taken to do its work: some browsers only end when they are closed.
const PATIENCE: Duration = Duration::from_secs(2);

/// What there is to open links and to copy with.
pub(super) struct Links {
    open: Vec<Argv>,
    /// Why nothing is opened here.
    closed: Option<&'static str>,
    copy: Vec<Argv>,
}

type Argv = Vec<String>;

impl Links {
    pub(super) fn new(config: &ConsoleConfig, surroundings: &Surroundings) -> Self {
        let set = |name: &str| surroundings.variable(name).is_some();
        let words = |all: &[&str]| all.iter().map(|w| (*w).to_owned()).collect::<Argv>();
        let remote = ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"].iter().any(|v| set(v));
        let mac = cfg!(target_os = "macos");
        let display = mac || set("DISPLAY") || set("WAYLAND_DISPLAY");
        let browser = display.then(|| words(&[if mac { "open" } else { "xdg-open" }]));
        let open: Vec<Argv> = config.open.clone().or(browser).into_iter().collect();
        let closed = match (remote, open.is_empty()) {
            (true, _) => Some("You are here over SSH, and a browser would open on this side"),
            (false, true) => Some("There is no browser here: no display, and no console.open"),
            (false, false) => None,
        };
        let mut copy: Vec<Argv> = config.copy.clone().into_iter().collect();
        // Over SSH the clipboard of this machine is nobody's.
        let native = [
            (set("WAYLAND_DISPLAY"), words(&["wl-copy"])),
            (set("DISPLAY"), words(&["xclip", "-selection", "clipboard"])),
            (mac, words(&["pbcopy"])),
        ];
        copy.extend(native.into_iter().filter(|(usable, _)| *usable && !remote).map(|(_, argv)| argv));
        if set("TMUX") {
            // tmux keeps it, and with -w hands it on to the terminal.
            copy.push(words(&["tmux", "load-buffer", "-w", "-"]));
        }
        Self { open, closed, copy }
    }

    /// Copies text; gives a sentence about it. The last resort is the terminal itself.
    pub(super) async fn copy(&self, text: &str) -> String {
        self.copy_or(text, crate::tui::terminal::copy).await
    }

    async fn copy_or(&self, text: &str, terminal: impl FnOnce(&str) -> std::io::Result<()>) -> String {
        let shown = crate::text::line(text);
        let mut failed = String::new();
        for argv in &self.copy {
            let name = program(argv);
            if pipe(argv, text).await {
                return format!("Copied with {name}: {shown}{failed}");
            }
            failed.push_str(&format!(" ({name} failed)"));
        }
        match terminal(text) {
            Ok(()) => format!("Copied by the terminal (OSC 52), if it lets us: {shown}{failed}"),
            Err(e) => format!("Nothing could be copied: {e}.{failed}"),
        }
    }

    /// Opens a link; gives a sentence about it. Where nothing can be opened, it is copied.
    pub(super) async fn open(&self, url: &str) -> String {
        self.open_or(url, crate::tui::terminal::copy).await
    }

    async fn open_or(&self, url: &str, terminal: impl FnOnce(&str) -> std::io::Result<()>) -> String {
        // The model gives nothing else; a program that opens anything is not to be trusted with it.
        if !(url.starts_with("https://") || url.starts_with("http://")) {
            return "Only links of the web are opened.".to_owned();
        }
        if let Some(why) = self.closed {
            return format!("{why}. {}", self.copy_or(url, terminal).await);
        }
        let mut failed = Vec::new();
        for argv in &self.open {
            let name = program(argv);
            match start(argv, url).await {
                Ok(()) => return format!("Opened with {name}: {}", crate::text::line(url)),
                Err(why) => failed.push(format!("{name} {why}")),
            }
        }
        format!("Not opened: {}. {}", failed.join(", "), self.copy_or(url, terminal).await)
    }
}

fn program(argv: &[String]) -> String {
    argv.first().map(|p| crate::text::line(p).into_owned()).unwrap_or_default()
}

/// A program of its own process group, so that neither Ctrl-C nor Ctrl-Z reaches it, and without our terminal.
fn command(argv: &[String]) -> Option<Command> {
    let (program, arguments) = argv.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    Some(command)
}

/// Starts a program with a link as its last argument, never through a shell; why not, if it fails.
async fn start(argv: &[String], url: &str) -> Result<(), String> {
    let mut command = command(argv).ok_or_else(|| "is no program".to_owned())?;
    let mut child = command.arg(url).spawn().map_err(|e| format!("cannot be started ({e})"))?;
    match tokio::time::timeout(PATIENCE, child.wait()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("failed ({status})")),
        Ok(Err(e)) => Err(format!("failed ({e})")),
        Err(_still_runs) => Ok(()),
    }
}

/// Gives a text to a program's standard input; whether that went well in time.
async fn pipe(argv: &[String], text: &str) -> bool {
    let Some(mut command) = command(argv) else { return false };
    let Ok(mut child) = command.stdin(Stdio::piped()).kill_on_drop(true).spawn() else { return false };
    let Some(mut stdin) = child.stdin.take() else { return false };
    let work = async {
        let written = stdin.write_all(text.as_bytes()).await.is_ok();
        drop(stdin);
        written && child.wait().await.is_ok_and(|status| status.success())
    };
    tokio::time::timeout(PATIENCE, work).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::sync::Mutex;

    use super::*;

    const URL: &str = "https://jira.example.com/browse/PAY-1";

    fn links(variables: &[&str], config: &ConsoleConfig) -> Links {
        let surroundings = Surroundings {
            env: variables.iter().map(|v| ((*v).to_owned(), "set".to_owned())).collect::<BTreeMap<_, _>>(),
            cwd: "/".into(),
            explicit: None,
            overrides: Vec::new(),
            readonly: false,
            timeout: None,
            passphrase: Arc::new(|_| None),
        };
        Links::new(config, &surroundings)
    }

    fn sh(script: &str) -> Vec<String> {
        ["sh", "-c", script, "sh"].map(str::to_owned).to_vec()
    }

    fn programs(argvs: &[Argv]) -> Vec<&str> {
        argvs.iter().map(|argv| argv[0].as_str()).collect()
    }

    #[test]
    fn the_chain_goes_by_what_there_is() {
        let own = ConsoleConfig { copy: Some(vec!["mine".to_owned()]), ..ConsoleConfig::default() };
        if cfg!(target_os = "linux") {
            assert_eq!(programs(&links(&["DISPLAY", "TMUX"], &own).copy), ["mine", "xclip", "tmux"]);
            assert_eq!(programs(&links(&["DISPLAY", "TMUX", "SSH_TTY"], &own).copy), ["mine", "tmux"]);
            assert_eq!(programs(&links(&["WAYLAND_DISPLAY"], &ConsoleConfig::default()).open), ["xdg-open"]);
            assert!(links(&[], &ConsoleConfig::default()).closed.unwrap().contains("no browser here"));
        }
        assert!(links(&[], &ConsoleConfig::default()).copy.iter().all(|argv| argv[0] == "pbcopy"));
    }

    #[tokio::test]
    async fn the_first_that_works_copies_and_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clipboard");
        let config = ConsoleConfig { copy: Some(sh(&format!("cat > {}", file.display()))), ..ConsoleConfig::default() };
        let told = links(&["SSH_TTY"], &config).copy_or(URL, |_| panic!("not needed")).await;
        assert_eq!(told, format!("Copied with sh: {URL}"));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), URL);
    }

    #[tokio::test]
    async fn the_terminal_copies_where_nothing_else_does() {
        let config = ConsoleConfig { copy: Some(vec!["/nonexistent/copy".to_owned()]), ..ConsoleConfig::default() };
        let held = Mutex::new(String::new());
        let keep = |text: &str| {
            text.clone_into(&mut held.lock().unwrap());
            Ok(())
        };
        let told = links(&["SSH_TTY"], &config).copy_or(URL, keep).await;
        assert!(told.contains("OSC 52") && told.ends_with("(/nonexistent/copy failed)"), "{told}");
        assert_eq!(*held.lock().unwrap(), URL);
        let told = links(&["SSH_TTY"], &config).copy_or(URL, |_| Err(std::io::Error::other("gone"))).await;
        assert!(told.starts_with("Nothing could be copied: gone."), "{told}");
    }

    #[tokio::test]
    async fn a_link_is_one_argument_and_never_a_script() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("opened");
        let config = ConsoleConfig {
            open: Some(sh(&format!("printf '%s|' \"$@\" > {}", file.display()))),
            ..ConsoleConfig::default()
        };
        let url = "https://example.com/$(touch%20x);'\"";
        let told = links(&[], &config).open_or(url, |_| panic!("not copied")).await;
        assert!(told.starts_with("Opened with sh: https://example.com/"), "{told}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{url}|"));
        let told = links(&[], &config).open_or("file:///etc/passwd", |_| panic!("not copied")).await;
        assert_eq!(told, "Only links of the web are opened.");
    }

    #[tokio::test]
    async fn over_ssh_nothing_is_opened_and_what_fails_is_said() {
        let config = ConsoleConfig { open: Some(sh("exit 3")), ..ConsoleConfig::default() };
        let told = links(&["SSH_CONNECTION", "DISPLAY"], &config).open_or(URL, |_| Ok(())).await;
        assert!(told.starts_with("You are here over SSH") && told.contains("Copied by the terminal"), "{told}");
        let told = links(&[], &config).open_or(URL, |_| Ok(())).await;
        assert!(told.starts_with("Not opened: sh failed (exit status: 3)") && told.contains(URL), "{told}");
    }
}
