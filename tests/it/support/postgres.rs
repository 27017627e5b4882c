//! A real PostgreSQL in a folder of the test's own, run by somebody who is not root. Used by the library's tests too.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

/// A server, ended with its value. Its superuser is `owner`, who has a password over TCP and needs none at the socket.
pub struct Server {
    child: Mutex<Child>,
    dir: tempfile::TempDir,
    bin: PathBuf,
    user: Option<(u32, u32)>,
    pub port: u16,
    pub password: String,
}

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());

/// Where the server's programs are; says that the test is skipped if they are not there.
fn programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let found = folders.into_iter().find(|f| f.join("initdb").is_file() && f.join("psql").is_file());
    if found.is_none() {
        println!("skipped: PostgreSQL's server is not on this machine");
    }
    found
}

/// Whom the server runs as: it refuses root. `None`: as ourselves.
fn user() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &str| {
        let line = users.lines().find(|l| l.starts_with(&format!("{name}:")))?;
        let fields: Vec<&str> = line.split(':').collect();
        Some((fields[2].parse().unwrap(), fields[3].parse().unwrap()))
    };
    Some(ids("postgres").or_else(|| ids("nobody")).expect("somebody who is not root"))
}

impl Server {
    /// The server that the tests of this process share, in databases of their own.
    pub fn shared() -> Option<Arc<Self>> {
        let mut shared = SHARED.lock().unwrap();
        if let Some(server) = shared.upgrade() {
            return Some(server);
        }
        let server = Arc::new(Self::start(&[])?);
        *shared = Arc::downgrade(&server);
        Some(server)
    }

    /// A server of the test's own, with settings.
    pub fn start(settings: &[&str]) -> Option<Self> {
        let bin = programs()?;
        let dir = tempfile::Builder::new().prefix("cs-pg-").tempdir().unwrap();
        let user = user();
        std::os::unix::fs::chown(dir.path(), user.map(|u| u.0), user.map(|u| u.1)).unwrap();
        let mut noise = [0; 16];
        getrandom::fill(&mut noise).unwrap();
        let password = format!("{:032x}", u128::from_ne_bytes(noise));
        let word = dir.path().join("password");
        std::fs::write(&word, &password).unwrap();
        std::os::unix::fs::chown(&word, user.map(|u| u.0), user.map(|u| u.1)).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let made = as_user(user, &bin.join("initdb"), dir.path())
            .args(["-D", "data", "-U", "owner", "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync"])
            .args(["-E", "UTF8", "--no-locale", "--pwfile"])
            .arg(&word)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut all = std::fs::read_to_string(dir.path().join("data/postgresql.conf")).unwrap();
        all.push_str(&format!("\nlisten_addresses = '127.0.0.1'\nport = {port}\nmax_connections = 60\n"));
        all.push_str(&format!("unix_socket_directories = '{}'\n", dir.path().display()));
        for setting in settings {
            all.push_str(&format!("{setting}\n"));
        }
        std::fs::write(dir.path().join("data/postgresql.conf"), all).unwrap();
        let child = Mutex::new(run(user, &bin, dir.path()));
        let server = Self { child, dir, bin, user, port, password };
        server.wait();
        Some(server)
    }

    fn wait(&self) {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let asked = self.psql("postgres", "SELECT 1");
            if asked.is_ok() {
                return;
            }
            assert!(Instant::now() < end, "{asked:?}: {}", self.log());
            if self.child.lock().unwrap().try_wait().unwrap().is_some() {
                // What is left of one that was killed can keep the next from starting for a moment.
                *self.child.lock().unwrap() = run(self.user, &self.bin, self.dir.path());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// Puts a line before all others of the file that says who may come in, and has it read.
    pub fn let_in(&self, line: &str) {
        let path = self.dir.path().join("data/pg_hba.conf");
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{line}\n{before}")).unwrap();
        self.sql("postgres", "SELECT pg_reload_conf()");
    }

    /// Gives a file to whom the server runs as, to be read by nobody else.
    pub fn own(path: &Path) {
        use std::os::unix::fs::PermissionsExt as _;
        let user = user();
        std::os::unix::fs::chown(path, user.map(|u| u.0), user.map(|u| u.1)).unwrap();
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Runs SQL as the owner; gives what comes out, unaligned.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String, String> {
        let out = Command::new(self.bin.join("psql"))
            .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-U", "owner", "-d", database, "-p"])
            .arg(self.port.to_string())
            .arg("-h")
            .arg(self.dir.path())
            .args(["-c", sql])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if out.status.success() {
            return Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned());
        }
        Err(String::from_utf8_lossy(&out.stderr).into_owned())
    }

    /// Runs SQL that works.
    #[track_caller]
    pub fn sql(&self, database: &str, sql: &str) -> String {
        self.psql(database, sql).unwrap_or_else(|e| panic!("{sql}: {e}"))
    }

    /// An empty database.
    pub fn database(&self) -> String {
        let mut noise = [0; 8];
        getrandom::fill(&mut noise).unwrap();
        let name = format!("d{:016x}", u64::from_ne_bytes(noise));
        self.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE template0"));
        name
    }

    /// The address of a database over TCP, without the password.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }

    /// The same at the socket, where no password is asked for.
    pub fn socket_url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@/{database}?host={}&port={}", self.dir.path().display(), self.port)
    }

    /// A program of PostgreSQL's, run as the owner against a database.
    pub fn tool(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.args(["-U", "owner", "-p"]).arg(self.port.to_string()).arg("-h").arg(self.dir.path()).args(arguments);
        command
    }

    /// Sends a signal to the server and waits until it is gone.
    pub fn stop(&self, signal: rustix::process::Signal) {
        let mut child = self.child.lock().unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
        child.wait().unwrap();
    }

    /// Starts it again.
    pub fn restart(&self) {
        *self.child.lock().unwrap() = run(self.user, &self.bin, self.dir.path());
        self.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        if child.try_wait().is_ok_and(|ended| ended.is_none()) {
            // At once: nothing in it is wanted any more.
            rustix::process::kill_process(rustix::process::Pid::from_child(child), rustix::process::Signal::QUIT).ok();
        }
        child.wait().ok();
    }
}

fn as_user(user: Option<(u32, u32)>, program: &Path, dir: &Path) -> Command {
    let mut command = match user {
        None => Command::new(program),
        Some((uid, gid)) => {
            let mut command = Command::new("setpriv");
            command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}")).arg("--clear-groups").arg(program);
            command
        }
    };
    command.current_dir(dir).env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").stdin(Stdio::null());
    command
}

fn run(user: Option<(u32, u32)>, bin: &Path, dir: &Path) -> Child {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(dir.join("log")).unwrap();
    as_user(user, &bin.join("postgres"), dir).args(["-D", "data"]).stdout(Stdio::null()).stderr(log).spawn().unwrap()
}
