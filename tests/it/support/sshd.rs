//! A real sshd on loopback, for a test's own login.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::house::Ran;
use super::programs;

/// The server; ended with its value.
pub struct Sshd {
    child: Child,
    ssh: PathBuf,
    port: u16,
    login: PathBuf,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Sshd {
    /// Starts one with its files in a folder. `None`, and said: a program or root is missing.
    pub fn start(dir: &Path) -> Option<Self> {
        let (sshd, ssh) = (programs::find("sshd")?, programs::find("ssh")?);
        programs::find("ssh-keygen")?;
        if !rustix::process::geteuid().is_root() {
            println!("skipped: sshd of a test's own wants root");
            return None;
        }
        let keygen = |name: &str| {
            let made =
                Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(dir.join(name)).status();
            assert!(made.unwrap().success());
        };
        keygen("host_key");
        keygen("login_key");
        let authorized = dir.join("authorized_keys");
        std::fs::copy(dir.join("login_key.pub"), &authorized).unwrap();
        std::fs::set_permissions(&authorized, std::fs::Permissions::from_mode(0o600)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        std::fs::create_dir_all("/run/sshd").unwrap();
        let child = Command::new(sshd)
            .args(["-D", "-e", "-f", "/dev/null", "-p", &port.to_string()])
            .args(["-o", "ListenAddress=127.0.0.1", "-o", "UsePAM=no", "-o", "StrictModes=no", "-o", "PidFile=none"])
            .args(["-o", "PermitRootLogin=yes", "-o", "AllowAgentForwarding=yes"])
            .arg("-o")
            .arg(format!("HostKey={}", dir.join("host_key").display()))
            .arg("-o")
            .arg(format!("AuthorizedKeysFile={}", authorized.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut daemon = Self { child, ssh, port, login: dir.join("login_key") };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "sshd does not listen");
            assert!(daemon.child.try_wait().unwrap().is_none(), "sshd ended");
            std::thread::yield_now();
        }
        Some(daemon)
    }

    /// Runs a command there; `forward` is `-A` or `-a`.
    pub fn run(&self, agent: &str, forward: &str, command: &str) -> Ran {
        let mut ssh = Command::new(&self.ssh);
        ssh.args([forward, "-tt", "-F", "/dev/null", "-p", &self.port.to_string(), "-o", "StrictHostKeyChecking=no"])
            .args(["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-i"])
            .arg(&self.login)
            .args(["root@127.0.0.1", command])
            .env("SSH_AUTH_SOCK", agent)
            .stdin(Stdio::null());
        ssh.output().unwrap().into()
    }
}
