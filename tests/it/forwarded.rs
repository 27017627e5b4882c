//! An agent that is forwarded through a real sshd signs: the console on a jump host.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::house::{House, Ran, program};
use crate::support::programs;

struct Sshd(Child);

impl Drop for Sshd {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn an_agent_forwarded_through_sshd_signs() {
    let (Some(sshd), Some(ssh)) = (programs::find("sshd"), programs::find("ssh")) else { return };
    if programs::find("ssh-keygen").is_none() {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        println!("skipped: sshd of a test's own wants root");
        return;
    }
    let house = House::start();
    let dir = house.dir.path();
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
    let daemon = Command::new(sshd)
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
    let mut daemon = Sshd(daemon);
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "sshd does not listen");
        assert!(daemon.0.try_wait().unwrap().is_none(), "sshd ended");
        std::thread::yield_now();
    }
    let over_ssh = |forward: &str, command: &str| -> Ran {
        let mut ssh = Command::new(&ssh);
        ssh.args([forward, "-tt", "-F", "/dev/null", "-p", &port.to_string(), "-o", "StrictHostKeyChecking=no"])
            .args(["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-i"])
            .arg(dir.join("login_key"))
            .args(["root@127.0.0.1", command])
            .env("SSH_AUTH_SOCK", &house.env["SSH_AUTH_SOCK"])
            .stdin(Stdio::null());
        ssh.output().unwrap().into()
    };
    // The other side has its own home, and nothing but the forwarded agent.
    let there = format!(
        "env HOME={0} COUNTERSIGN_CONFIG={1} COUNTERSIGN_LAB_SCALE=100 {2}",
        dir.join("there").display(),
        house.env["COUNTERSIGN_CONFIG"],
        program()
    );
    let refused = over_ssh("-a", &format!("{there} approve payments@1.4.2/prod --reason far --yes"));
    assert_eq!(refused.code, 6, "without a forwarded agent nothing is signed: {refused:#?}");
    let signed = over_ssh("-A", &format!("{there} approve payments@1.4.2/prod --reason far --yes"));
    assert_eq!(signed.code, 0, "{signed:#?}");
    let ledger = house.json(&["ledger", "list"], 0);
    let decisions = ledger["entries"].as_array().unwrap().iter().filter(|e| e["kind"] == "decision").count();
    assert_eq!(decisions, 1);
    house.run(&["ledger", "check"]).exits(0);
    // What the forwarded key signed, ssh-keygen verifies by itself.
    let decision = ledger["entries"].as_array().unwrap().iter().find(|e| e["kind"] == "decision").unwrap();
    let record = decision["record"].as_str().unwrap();
    let out = dir.join("export");
    house.run(&["ledger", "show", record, "--export", out.to_str().unwrap()]).exits(0);
    let config: toml::Table = std::fs::read_to_string(&house.env["COUNTERSIGN_CONFIG"]).unwrap().parse().unwrap();
    let allowed = config["trust"]["allowed_signers"].as_str().unwrap();
    let accepts = |message: Vec<u8>| {
        std::fs::write(out.join("message"), message).unwrap();
        let mut verify = Command::new("ssh-keygen");
        verify.args(["-Y", "verify", "-n", "release-decision@countersign.dev", "-I", "demo@countersign.example", "-f"]);
        verify.arg(allowed).arg("-s").arg(out.join(format!("{record}.pae.sig")));
        verify.stdin(std::fs::File::open(out.join("message")).unwrap()).output().unwrap().status.success()
    };
    let message = std::fs::read(out.join(format!("{record}.pae"))).unwrap();
    assert!(accepts(message.clone()));
    assert!(!accepts([message.as_slice(), b" "].concat()));
}
