//! The whole program with a key file in PKCS#8 and a time stamp authority.

use std::os::unix::fs::PermissionsExt as _;

use super::authority::Authority;
use super::verifiers::cosign;
use super::world::{World, have};
use crate::support::house::House;
use countersign::trust::key_file::KeyFileSigner;
use countersign::trust::signer::Signer as _;

#[test]
fn a_bare_signature_with_its_stamp_through_the_whole_program() {
    if !have(&["openssl", "ssh-keygen"]) {
        return;
    }
    let (house, world) = (House::start(), World::new());
    let (authority, url) = Authority::new().serve(|answer| answer);
    world.run("openssl", &["genpkey", "-algorithm", "ed25519", "-out", "release.pem"]);
    std::fs::set_permissions(world.path("release.pem"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let signer = KeyFileSigner::open(&world.path("release.pem"), std::sync::Arc::new(|_| None)).unwrap();
    let run = |args: &[&str], code: i32| {
        let mut command = house.command();
        command.args(args).args(["--output", "json"]);
        command.env("COUNTERSIGN__SIGNER__KEY", world.path("release.pem"));
        command.env("COUNTERSIGN__TRUST__ALLOWED_SIGNERS", world.path("allowed"));
        command.env("COUNTERSIGN__TRUST__TIMESTAMP_AUTHORITIES", authority.root_file());
        command.env("COUNTERSIGN__TRUST__TIMESTAMP_URL", &url);
        crate::support::house::Ran::from(command.output().unwrap()).exits(code)
    };
    // Listed for no purpose in particular: refused, with the line to add.
    // Beside the demo world's own line: its file of roles is signed with that key.
    let config: toml::Table = std::fs::read_to_string(&house.env["COUNTERSIGN_CONFIG"]).unwrap().parse().unwrap();
    let theirs = std::fs::read_to_string(config["trust"]["allowed_signers"].as_str().unwrap()).unwrap();
    let list = |options: &str| {
        let line = format!("{theirs}demo@countersign.example {options} {}\n", signer.key().to_line());
        std::fs::write(world.path("allowed"), line).unwrap();
    };
    list("");
    let refused = run(&["approve", "payments@1.4.2/prod", "--reason", "raw", "--yes"], 7);
    assert!(refused.err.contains("bare signature") && refused.err.contains(&signer.key().to_line()), "{refused:#?}");
    let purposes = "namespaces=\"release-decision@countersign.dev,triage@countersign.dev\"";
    list(purposes);
    run(&["approve", "payments@1.4.2/prod", "--reason", "raw", "--yes"], 0);
    let ledger = run(&["ledger", "list"], 0).json();
    let entries = ledger["entries"].as_array().unwrap();
    let of = |kind: &str| entries.iter().filter(|e| e["kind"] == kind).collect::<Vec<_>>();
    assert_eq!((of("decision").len(), of("stamp").len()), (1, 1), "{ledger:#}");
    assert_eq!(of("stamp")[0]["record"], of("decision")[0]["record"]);

    let record = of("decision")[0]["record"].as_str().unwrap();
    let out = world.path("export");
    run(&["ledger", "show", record, "--export", out.to_str().unwrap()], 0);
    let read = |name: &str| std::fs::read_to_string(out.join(format!("{record}.{name}"))).unwrap();
    let bundle: serde_json::Value = serde_json::from_str(&read("sigstore.json")).unwrap();
    let (bundle, pem) = (bundle, read("pub.pem"));
    assert!(bundle["verificationMaterial"]["timestampVerificationData"].is_object());
    // The artifact of the demo world is not ours to show: cosign gets as far as that, which is past the signature.
    if let Some(Err(said)) = cosign(&world, &bundle, &pem) {
        assert!(said.contains("does not match"), "{said}");
    }

    // Where the authority is not trusted any more, its stamp is not given out as proof.
    let listed = std::fs::read(authority.root_file()).unwrap();
    std::fs::copy(super::authority::Authority::new().root_file(), authority.root_file()).unwrap();
    let other = world.path("export without");
    let said = run(&["ledger", "show", record, "--export", other.to_str().unwrap()], 0);
    std::fs::write(authority.root_file(), listed).unwrap();
    let left_out = said.json()["exported"]["leftOut"].to_string();
    assert!(left_out.contains("A time stamp was left out: the certificate of CN=Time"), "{left_out}");
    assert!(!other.join(format!("{record}.json.tsr")).exists());
    let bundle = std::fs::read_to_string(other.join(format!("{record}.sigstore.json"))).unwrap();
    assert!(!bundle.contains("timestampVerificationData") && bundle.contains("dsseEnvelope"), "{bundle}");

    // A pipeline, once the key's time is over: the stamp beside the envelope is what counts.
    let trust = world.path("trust");
    std::fs::create_dir(&trust).unwrap();
    std::fs::copy(authority.root_file(), trust.join("timestamp_authorities.pem")).unwrap();
    for name in ["approvers.toml", "approvers.toml.sig"] {
        std::fs::copy(house.demo().join(name), trust.join(name)).unwrap();
    }
    let before = super::world::now().plus(std::time::Duration::from_secs(60)).compact();
    list(&format!("valid-before=\"{before}Z\",{purposes}"));
    std::fs::copy(world.path("allowed"), trust.join("allowed_signers")).unwrap();
    let gate = of("decision")[0]["gate"].as_str().unwrap();
    let file = out.join(format!("{record}.json"));
    let later = super::world::now().plus(std::time::Duration::from_secs(3_600)).to_string();
    let verify = |code: i32| {
        let args = [
            "verify",
            "--gate",
            gate,
            "--env",
            "prod",
            "--service",
            "payments",
            "--at",
            &later,
            "--trust",
            trust.to_str().unwrap(),
        ];
        run(&[&args[..], &[file.to_str().unwrap()]].concat(), code)
    };
    verify(0);
    std::fs::remove_file(out.join(format!("{record}.json.tsr"))).unwrap();
    let refused = verify(11);
    assert!(refused.err.contains("was valid until"), "{refused:#?}");
}
