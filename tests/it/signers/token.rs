//! A PKCS#11 token through the agent: SoftHSM2, with `ssh-add -s`.

use std::os::unix::fs::PermissionsExt as _;

use countersign::trust::signer::{AgentSigner, KeyChoice, TOUCH_LIMIT};

use super::verifiers::{Row, pem_of};
use super::world::{RealAgent, World, have, sign};
use crate::support::programs;

/// Where distributions put the library.
const MODULES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/libsofthsm2.so",
];

#[test]
fn a_key_on_a_token() {
    if !have(&["softhsm2-util", "pkcs11-tool", "ssh-keygen", "ssh-agent", "ssh-add"]) {
        return;
    }
    let Some(module) = MODULES.into_iter().find(|m| std::path::Path::new(m).exists()) else {
        println!("skipped: the library of SoftHSM2 is not on this machine");
        return;
    };
    // The agent loads the library by its real path.
    let module = std::fs::canonicalize(module).unwrap();
    let module = module.to_str().unwrap();
    for kind in ["EC:prime256v1", "rsa:2048"] {
        let world = World::new();
        std::fs::create_dir(world.path("tokens")).unwrap();
        let config = format!("directories.tokendir = {}\nlog.level = ERROR\n", world.path("tokens").display());
        std::fs::write(world.path("softhsm2.conf"), config).unwrap();
        let config = world.path("softhsm2.conf");
        let run = |program: &str, args: &[&str]| {
            let out = world.command(program).args(args).env("SOFTHSM2_CONF", &config).output().unwrap();
            assert!(out.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        };
        run("softhsm2-util", &["--init-token", "--free", "--label", "ana", "--so-pin", "5678", "--pin", "1234"]);
        let made = ["--module", module, "--login", "--pin", "1234", "--keypairgen", "--key-type", kind];
        run("pkcs11-tool", &[&made[..], &["--id", "01", "--label", "ana"]].concat());
        std::fs::write(world.path("askpass"), "#!/bin/sh\necho 1234\n").unwrap();
        std::fs::set_permissions(world.path("askpass"), std::fs::Permissions::from_mode(0o700)).unwrap();
        let agent = RealAgent::start(&world, module);
        let askpass = world.path("askpass");
        let env = [("SSH_ASKPASS", askpass.to_str().unwrap()), ("SSH_ASKPASS_REQUIRE", "force")];
        agent.add(&world, &["-s", module], &env);
        let signer = AgentSigner::choose(agent.client(), &KeyChoice::Only, None, TOUCH_LIMIT).unwrap();
        let key = countersign::trust::signer::Signer::key(&signer).clone();
        let root = world.list("", &key.to_line());
        let envelope = sign(&signer).unwrap();
        let pem = pem_of(&world, &key);
        Row { name: kind, envelope: &envelope, pem: &pem, openssh: true, stamp: None }.holds(&world, &root);
        assert!(programs::find("ssh-add").is_some());
    }
}
