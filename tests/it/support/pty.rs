//! A real pseudo-terminal with the program in it: keys go in, the screen and every byte come out.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

/// How long anything may take before the test fails: a busy machine is slow, a wrong program is slower.
const PATIENCE: Duration = Duration::from_secs(40);

/// A terminal, and the program that has it.
pub struct Pty {
    child: Child,
    /// The session that the program leads; everything that it starts is in it.
    session: Pid,
    master: Option<File>,
    slave: Option<File>,
    shown: Arc<Shown>,
    before: String,
}

struct Shown {
    state: Mutex<State>,
    news: Condvar,
}

struct State {
    bytes: Vec<u8>,
    parser: vt100::Parser,
    hung_up: bool,
}

impl Shown {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pty {
    /// Starts a command in a terminal of a size, as the leader of a session of its own, as a login does it.
    ///
    /// The command's own environment is taken over; its standard streams become the terminal.
    pub fn spawn(command: &Command, width: u16, height: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        tcsetwinsize(&master, size(width, height)).unwrap();
        let noctty = OFlags::NOCTTY.bits().cast_signed();
        let slave = OpenOptions::new().read(true).write(true).custom_flags(noctty).open(name).unwrap();
        let before = modes(&slave);
        // `setsid` becomes the program: what is waited for is the program itself.
        let mut whole = Command::new("setsid");
        whole.arg("--ctty").arg(command.get_program()).args(command.get_args()).env_clear();
        whole.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        whole.env("TERM", "xterm-256color");
        if let Some(dir) = command.get_current_dir() {
            whole.current_dir(dir);
        }
        let end = || slave.try_clone().unwrap();
        let child = whole.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        // The command holds copies of the terminal until it is dropped.
        drop(whole);
        let parser = vt100::Parser::new(height.try_into().unwrap(), width.try_into().unwrap(), 0);
        let state = Mutex::new(State { bytes: Vec::new(), parser, hung_up: false });
        let shown = Arc::new(Shown { state, news: Condvar::new() });
        let master = File::from(master);
        let (mut reader, writer) = (master.try_clone().unwrap(), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            // A blocked read would hold the terminal open when it is to be taken away. Reading fails once nobody has
            // it any more.
            let tick = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
            loop {
                if writer.lock().hung_up {
                    return;
                }
                if poll(&mut [PollFd::new(&reader, PollFlags::IN)], Some(&tick)) == Ok(0) {
                    continue;
                }
                let Ok(n @ 1..) = reader.read(&mut buffer) else { return };
                let mut state = writer.lock();
                state.bytes.extend_from_slice(&buffer[..n]);
                state.parser.process(&buffer[..n]);
                writer.news.notify_all();
            }
        });
        let session = Pid::from_child(&child);
        Self { child, session, master: Some(master), slave: Some(slave), shown, before }
    }

    /// Waits until the screen is as it should be.
    #[track_caller]
    pub fn wait(&self, what: &str, fits: impl Fn(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.shown.lock();
        while !fits(state.parser.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "not seen: {what}\n{}", state.parser.screen().contents());
            state = self.shown.news.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the screen has a text.
    #[track_caller]
    pub fn sees(&self, text: &str) {
        self.wait(text, |screen| screen.contents().contains(text));
    }

    /// Waits until a text came after byte `from`, whether or not it is still on the screen.
    #[track_caller]
    pub fn heard(&self, text: &str, from: usize) {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.shown.lock();
        while !state.bytes[from..].windows(text.len()).any(|w| w == text.as_bytes()) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "not heard: {text}\n{}", state.parser.screen().contents());
            state = self.shown.news.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Sends keys, as a terminal would.
    pub fn send(&mut self, keys: &str) {
        self.master.as_ref().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Sends keys, and waits until the screen has a text.
    #[track_caller]
    pub fn press(&mut self, keys: &str, text: &str) {
        self.send(keys);
        self.sees(text);
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        self.shown.lock().parser.screen().contents()
    }

    /// What the terminal has switched on: alternate screen, hidden cursor, bracketed paste, any mouse.
    pub fn switched(&self) -> [bool; 4] {
        let state = self.shown.lock();
        let screen = state.parser.screen();
        let mouse = screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None;
        [screen.alternate_screen(), screen.hide_cursor(), screen.bracketed_paste(), mouse]
    }

    /// Every byte so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.shown.lock().bytes.clone()
    }

    /// Changes the size, of which the kernel tells the program.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.shown.lock().parser.screen_mut().set_size(height.try_into().unwrap(), width.try_into().unwrap());
        tcsetwinsize(self.master.as_ref().unwrap(), size(width, height)).unwrap();
    }

    /// The process id of what was started.
    pub fn pid(&self) -> Pid {
        self.session
    }

    /// Sends a signal to what was started.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.session, signal).unwrap();
    }

    /// Takes the terminal away, as a closed window does.
    pub fn hang_up(&mut self) {
        self.shown.lock().hung_up = true;
        self.slave = None;
        self.master = None;
    }

    /// Waits for the end.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end\n{}", self.screen());
            std::thread::yield_now();
        }
    }

    /// Asserts that the terminal is as it was before the program had it, and that nothing of the program runs on.
    #[track_caller]
    pub fn is_as_before(&self) {
        let deadline = Instant::now() + PATIENCE;
        // What was written last is still on its way to us.
        while self.switched() != [false; 4] && Instant::now() < deadline {
            std::thread::yield_now();
        }
        assert_eq!(self.switched(), [false; 4], "alternate screen, hidden cursor, bracketed paste, mouse");
        assert_eq!(self.modes(), self.before, "the terminal's modes");
        self.leaves_nobody();
    }

    /// Asserts that no process of the session runs on.
    #[track_caller]
    pub fn leaves_nobody(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = of_session(self.session);
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "left behind: {left:?}");
            std::thread::yield_now();
        }
    }

    /// The terminal's modes now.
    pub fn modes(&self) -> String {
        modes(self.slave.as_ref().unwrap())
    }

    /// The terminal's modes before.
    pub fn modes_before(&self) -> &str {
        &self.before
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        for (pid, ..) in of_session(self.session) {
            kill_process(pid, Signal::KILL).ok();
        }
        kill_process_group(self.session, Signal::KILL).ok();
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn size(width: u16, height: u16) -> Winsize {
    Winsize { ws_row: height, ws_col: width, ws_xpixel: 0, ws_ypixel: 0 }
}

fn modes(terminal: &File) -> String {
    let is = tcgetattr(terminal).unwrap();
    format!("{:?} {:?} {:?} {:?}", is.input_modes, is.output_modes, is.control_modes, is.local_modes)
}

/// The processes of a session that live: id, name and state (`S` sleeps, `T` is stopped).
pub fn of_session(session: Pid) -> Vec<(Pid, String, char)> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse().ok()).and_then(Pid::from_raw) else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name may have blanks and brackets of its own.
        let Some((head, tail)) = stat.rsplit_once(") ") else { continue };
        let fields: Vec<&str> = tail.split(' ').collect();
        let state = fields[0].chars().next().unwrap_or('?');
        let name = head.split_once('(').map_or(head, |(_, name)| name).to_owned();
        if fields.get(3).and_then(|s| s.parse().ok()) == Some(session.as_raw_nonzero().get()) && state != 'Z' {
            out.push((pid, name, state));
        }
    }
    out
}
