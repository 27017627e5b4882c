//! An agent that is forwarded through a real sshd signs: the console on a jump host.

use crate::support::house::{House, program};
use crate::support::postgres::Server;
use crate::support::sshd::Sshd;

#[test]
fn an_agent_forwarded_through_sshd_signs() {
    let house = House::start();
    let dir = house.dir.path();
    let Some(sshd) = Sshd::start(dir) else { return };
    let agent = house.env["SSH_AUTH_SOCK"].as_str();
    // The other side has its own home, and nothing but the forwarded agent.
    let there = format!(
        "env HOME={0} COUNTERSIGN_CONFIG={1} COUNTERSIGN_LAB_SCALE=100 {2}",
        dir.join("there").display(),
        house.env["COUNTERSIGN_CONFIG"],
        program()
    );
    let refused = sshd.run(agent, "-a", &format!("{there} approve payments@1.4.2/prod --reason far --yes"));
    assert_eq!(refused.code, 6, "without a forwarded agent nothing is signed: {refused:#?}");
    let signed = sshd.run(agent, "-A", &format!("{there} approve payments@1.4.2/prod --reason far --yes"));
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

/// Two people in two roles, from two homes over one PostgreSQL ledger, one of them over a forwarded agent.
#[test]
fn a_quorum_of_two_over_postgresql_and_a_forwarded_agent() {
    let Some(server) = Server::shared() else { return };
    let house = House::start();
    let dir = house.dir.path();
    let Some(sshd) = Sshd::start(dir) else { return };
    let url = server.socket_url("owner", &server.database());
    let gate = "guestbook@0.9.3/prod";
    let there = format!(
        "env HOME={0} COUNTERSIGN_CONFIG={1} COUNTERSIGN_LAB_SCALE=100 'COUNTERSIGN__LEDGER__URL={url}' {2}",
        dir.join("there").display(),
        house.env["COUNTERSIGN_CONFIG"],
        program()
    );
    let agent = house.env["SSH_AUTH_SOCK"].as_str();
    let own = sshd.run(agent, "-A", &format!("{there} approve catalog@2.7.0/prod --reason mine --yes"));
    assert_eq!(own.code, 7, "the author of a commit is refused: {own:#?}");
    let first = sshd.run(agent, "-A", &format!("{there} approve {gate} --reason far --yes"));
    assert_eq!(first.code, 10, "{first:#?}");
    assert!(first.out.contains("1 of 2, waits for security"), "{first:#?}");

    let here = |arguments: &[&str]| -> crate::support::house::Ran {
        let home = dir.join("here");
        std::fs::create_dir_all(&home).unwrap();
        let mut command = house.command();
        command.env_remove("SSH_AUTH_SOCK").env("HOME", &home).env("XDG_DATA_HOME", home.join("data"));
        command.env("COUNTERSIGN__LEDGER__URL", &url).env("COUNTERSIGN__SIGNER__KEY", house.demo().join("sam_key"));
        command.args(arguments).output().unwrap().into()
    };
    let inbox = here(&["inbox", "--output", "json"]).exits(0).json();
    let waits = inbox["gates"].as_array().unwrap().iter().find(|g| g["short"] == gate).unwrap().clone();
    assert_eq!(waits["approvals"]["words"], "1 of 2, waits for security");
    let id = waits["id"].as_str().unwrap();
    here(&["approve", gate, "--reason", "near", "--yes"]).exits(0);
    let trust = house.demo();
    let verify =
        ["verify", "--gate", id, "--env", "prod", "--service", "guestbook", "--trust", trust.to_str().unwrap()];
    let good = here(&verify).exits(0);
    assert!(good.out.contains("2 of 2"), "{good:#?}");
    here(&["ledger", "check"]).exits(0);

    // The same from a folder, with no configuration at all.
    let export = dir.join("export");
    here(&["ledger", "export", export.to_str().unwrap()]).exits(0);
    let mut offline = crate::support::house::hermetic(dir);
    let trust = export.join("trust");
    for name in ["approvers.toml", "approvers.toml.sig", "allowed_signers"] {
        std::fs::copy(house.demo().join(name), trust.join(name)).unwrap();
    }
    offline.args(["verify", "--gate", id, "--env", "prod", "--service", "guestbook", "--dir"]).arg(&export);
    let ran: crate::support::house::Ran = offline.arg("--trust").arg(&trust).output().unwrap().into();
    ran.exits(0);
}
