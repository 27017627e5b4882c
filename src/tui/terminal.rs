//! The guard of the terminal: whatever happens, it is handed back as it was found.
//!
//! Raw mode, the alternate screen and bracketed paste are on while a [`Guard`] lives, the mouse only when asked for. They
//! are taken back when the guard is dropped, when the program panics, and before it is stopped by Ctrl-Z or a signal.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Signal, getpid, getsid, kill_current_process_group};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::UnboundedSender;

use super::msg::Msg;
use crate::contained;

/// Switches on what the console needs: alternate screen, bracketed paste.
pub const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h";
/// Switches everything off again that may be on: synchronized update, scroll region, mouse, paste, attributes, the
/// alternate screen, and shows the cursor.
pub const LEAVE: &[u8] = b"\x1b[?2026l\x1b[r\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[m\x1b[?1049l\x1b[?25h";
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// What the loop asks of the terminal beside painting.
pub trait Host {
    /// Hands the terminal back to the shell and stops; returns when it is ours again. `false`: there is no shell that
    /// could take us up again, and nothing was done.
    fn suspend(&mut self) -> io::Result<bool>;
    /// Lets the person write a text in an editor. `None`: there is none, or it failed.
    fn edit(&mut self, text: &str) -> io::Result<Option<String>>;
    /// Turns the reporting of the mouse on or off.
    fn set_mouse(&mut self, on: bool) -> io::Result<()>;
}

/// The terminal's own output, past the buffer of the standard library, so that one write is one write.
pub fn output() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Asks the terminal to put text on the clipboard (OSC 52). Whether it does, it does not say.
pub fn copy(text: &str) -> io::Result<()> {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    output()?.write_all(format!("\x1b]52;c;{encoded}\x07").as_bytes())
}

/// Keeps the terminal in the console's state while it lives.
pub struct Guard {
    out: File,
    on: Arc<AtomicBool>,
    mouse: bool,
    editor: Option<String>,
    scratch: PathBuf,
}

impl Guard {
    /// Takes the terminal. `editor` is the command of the person's editor, `scratch` a folder that is theirs alone, for
    /// the text that is edited. A panic from now on restores the terminal before it is reported, unless it is contained.
    pub fn enter(editor: Option<String>, scratch: PathBuf) -> io::Result<Self> {
        let mut guard = Self { out: output()?, on: Arc::new(AtomicBool::new(false)), mouse: false, editor, scratch };
        let on = Arc::clone(&guard.on);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !contained::is_contained() && on.swap(false, Ordering::SeqCst) {
                // Whoever paints on another thread waits for this lock, for ever: nothing comes after the last word.
                std::mem::forget(io::stdout().lock());
                // Nothing better can be done in a hook than to try.
                drop(restore(&mut io::stdout()));
            }
            before(info);
        }));
        guard.take()?;
        Ok(guard)
    }

    fn take(&mut self) -> io::Result<()> {
        crossterm::terminal::enable_raw_mode()?;
        self.on.store(true, Ordering::SeqCst);
        self.out.write_all(ENTER)?;
        if self.mouse { self.out.write_all(MOUSE_ON) } else { Ok(()) }
    }

    /// Hands the terminal back; does nothing if it was already.
    pub fn leave(&mut self) -> io::Result<()> {
        if self.on.swap(false, Ordering::SeqCst) { restore(&mut self.out) } else { Ok(()) }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The terminal may be gone (SIGHUP); there is nobody left to tell.
        drop(self.leave());
    }
}

fn restore(out: &mut impl Write) -> io::Result<()> {
    let written = out.write_all(LEAVE).and_then(|()| out.flush());
    crossterm::terminal::disable_raw_mode()?;
    written
}

impl Host for Guard {
    fn suspend(&mut self) -> io::Result<bool> {
        // The leader of a session has no shell above it: stopped, it would hang for ever (`ssh -t host countersign`).
        if getsid(None)? == getpid() {
            return Ok(false);
        }
        self.leave()?;
        // The whole job, as the terminal itself does it: `cargo run` or a wrapper script stops too.
        kill_current_process_group(Signal::STOP)?;
        self.take()?;
        Ok(true)
    }

    fn edit(&mut self, text: &str) -> io::Result<Option<String>> {
        let Some(editor) = self.editor.clone() else { return Ok(None) };
        let path = self.scratch.join(format!("countersign-{}.txt", getpid().as_raw_nonzero()));
        // `create_new`: a file or link that somebody else laid there is not written through.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(text.as_bytes())?;
        drop(file);
        self.leave()?;
        let run = Command::new("sh").arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(&path).status();
        let mut edited = String::new();
        let read = File::open(&path).and_then(|mut f| f.read_to_string(&mut edited));
        let removed = std::fs::remove_file(&path);
        self.take()?;
        read?;
        removed?;
        Ok(run?.success().then_some(edited))
    }

    fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        self.out.write_all(if on { MOUSE_ON } else { MOUSE_OFF })
    }
}

/// Turns the system's signals into messages: SIGTERM, SIGHUP and SIGINT end the console, SIGTSTP suspends it, SIGCONT
/// paints it again. Runs until the receiver of `messages` is gone.
pub fn watch_signals(messages: UnboundedSender<Msg>) -> io::Result<tokio::task::JoinHandle<()>> {
    let mut term = signal(SignalKind::terminate())?;
    let mut hup = signal(SignalKind::hangup())?;
    let mut int = signal(SignalKind::interrupt())?;
    let mut stop = signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?;
    let mut go_on = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
    Ok(tokio::spawn(async move {
        loop {
            let msg = tokio::select! {
                _ = term.recv() => Msg::Terminate,
                _ = hup.recv() => Msg::Terminate,
                _ = int.recv() => Msg::Terminate,
                _ = stop.recv() => Msg::SuspendAsked,
                _ = go_on.recv() => Msg::Resumed,
                () = messages.closed() => return,
            };
            if messages.send(msg).is_err() {
                return;
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_switched_on_is_switched_off() {
        let mut parser = vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
        parser.process(b"$ countersign\r\n");
        parser.process(ENTER);
        parser.process(MOUSE_ON);
        parser.process(b"\x1b[?25l\x1b[1;7mscreen");
        assert!(parser.screen().alternate_screen() && parser.screen().bracketed_paste());
        assert!(parser.screen().hide_cursor());
        parser.process(LEAVE);
        let screen = parser.screen();
        assert!(!screen.alternate_screen() && !screen.bracketed_paste() && !screen.hide_cursor());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert!(!screen.inverse() && !screen.bold());
        assert_eq!(screen.contents(), "$ countersign");
    }

    #[test]
    fn every_mode_that_is_set_is_named_when_leaving() {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let entered = text(ENTER) + &text(MOUSE_ON) + &text(super::super::screen::BEGIN);
        for mode in entered.split("\x1b[?").filter_map(|part| part.strip_suffix('h')) {
            assert!(text(LEAVE).contains(&format!("\x1b[?{mode}l")), "{mode}");
        }
    }
}
