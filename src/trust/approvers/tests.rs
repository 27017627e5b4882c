use super::*;
use crate::domain::time::Timestamp;
use crate::trust::APPROVERS_NAMESPACE;
use crate::trust::signer::{Signer as _, TestSigner};
use crate::trust::verify::TrustRoot;

const TEXT: &str = r#"schema = 1
serial = 7

[[person]]
principal = "ana@example.com"
roles = ["release-manager", "developer"]
names = { git = ["ana@acme.example", "Ana R."], github = ["ana"], jira = ["5b10"] }

[[person]]
principal = "bob@example.com"
roles = ["security"]
names = { github = ["bob-sec"] }

[[rule]]
name = "prod"
services = ["*", "!sandbox"]
environments = ["prod", "prod-*"]
need = [{ role = "release-manager", count = 1 }, { role = "security", count = 1 }]
exclude = ["author", "trigger"]
hold = "24h"

[[rule]]
name = "everywhere"
services = ["*"]
environments = ["*"]
need = [{ role = "release-manager", count = 1 }]
evidence = "any"

[break_glass]
role = "incident-commander"
environments = ["prod"]
"#;

fn parse(text: &str) -> Result<Approvers, crate::trust::error::TrustFileError> {
    read::read("approvers.toml", text.as_bytes())
}

#[test]
fn the_file_says_who_and_what() {
    let a = parse(TEXT).unwrap();
    assert_eq!((a.serial, a.people.len()), (7, 2));
    let names = |service, environment| -> Vec<&str> {
        a.rules_for(service, environment).into_iter().map(|r| r.name.as_str()).collect()
    };
    assert_eq!(names("payments", "prod"), ["prod", "everywhere"]);
    assert_eq!(names("payments", "prod-eu"), ["prod", "everywhere"]);
    assert_eq!(names("sandbox", "prod"), ["everywhere"]);
    assert_eq!(names("payments", "staging"), ["everywhere"]);
    assert_eq!(a.rules[0].hold, Some(Duration::from_secs(86_400)));
    assert!(a.rules[0].same_evidence && !a.rules[1].same_evidence);
    assert_eq!(a.rules[0].exclude, BTreeSet::from([Exclusion::Author, Exclusion::Trigger]));
    assert_eq!(a.rules[1].exclude, BTreeSet::from(Exclusion::ALL), "left out, everybody is excluded who can be");
    assert_eq!(a.break_glass_role("prod"), Some("incident-commander"));
    assert_eq!(a.break_glass_role("staging"), None);
    let who = |name: &str| -> Vec<String> { a.people_named(name).iter().map(|p| p.principal.to_string()).collect() };
    for name in
        ["ana", "ANA", "ana@acme.example", "Ana R.", "5b10", "ana@example.com", "12+ana@users.noreply.github.com"]
    {
        assert_eq!(who(name), ["ana@example.com"], "{name}");
    }
    assert!(who("eve").is_empty() && who("").is_empty());
    assert_eq!(a.faults().len(), 1, "nobody holds the role of break-glass: {:?}", a.faults());
}

#[test]
fn what_is_not_understood_is_an_error_with_its_line() {
    let cases: &[(&str, &str, usize, &str)] = &[
        ("schema = 1", "schema = 2", 1, "schema"),
        ("serial = 7", "serial = 0", 2, "serial"),
        ("serial = 7", "", 0, "serial"),
        ("serial = 7", "serial = 7\nserials = 8", 3, "serials"),
        ("roles = [\"security\"]", "roles = [\"Security\"]", 11, "small letters"),
        ("roles = [\"security\"]", "role = [\"security\"]", 11, "role"),
        ("bob@example.com", "ANA@example.com", 10, "twice"),
        ("bob@example.com", "bob,eve", 10, "one principal"),
        ("bob@example.com", "*@example.com", 10, "one principal"),
        ("github = [\"bob-sec\"]", "github = [\"Ana\"]", 12, "belongs to ana@example.com"),
        ("github = [\"bob-sec\"]", "gitbuh = [\"bob\"]", 12, "gitbuh"),
        ("name = \"everywhere\"", "name = \"prod\"", 23, "twice"),
        ("count = 1 }, {", "count = 0 }, {", 18, "count"),
        ("evidence = \"any\"", "evidence = \"some\"", 27, "evidence"),
        ("hold = \"24h\"", "hold = \"a day\"", 20, "hold"),
        ("exclude = [\"author\", \"trigger\"]", "exclude = [\"autor\"]", 19, "autor"),
        ("services = [\"*\", \"!sandbox\"]", "services = []", 16, "patterns"),
        ("services = [\"*\", \"!sandbox\"]", "services = [\"!sandbox\"]", 16, "left out"),
        ("services = [\"*\", \"!sandbox\"]", "services = [\"a,b\"]", 16, "comma"),
        ("role = \"incident-commander\"", "role = \"security\"", 30, "rule prod"),
        ("[break_glass]", "[brake_glass]", 29, "brake_glass"),
        ("need = [{ role = \"release-manager\", count = 1 }]", "need = []", 26, "nobody"),
        ("need = [{ role = \"release-manager\", count = 1 }]", "need = [{ role = \"x\" }]", 26, "count"),
    ];
    for (from, to, line, word) in cases {
        let text = TEXT.replacen(from, to, 1);
        assert_ne!(&text, TEXT, "{from}");
        let error = parse(&text).unwrap_err();
        assert!(error.to_string().contains(word), "{from}: {error}");
        if *line > 0 {
            assert_eq!(error.line, Some(*line), "{from}: {error}");
        }
    }
    assert!(read::read("f", &[0xff]).is_err());
}

fn root(signer: &TestSigner, namespaces: &str) -> TrustRoot {
    let line = format!("keeper@example.com {namespaces} {}\n", signer.key().to_line());
    TrustRoot {
        allowed_signers: crate::trust::allowed_signers::AllowedSigners::parse("f", &line).unwrap(),
        ..TrustRoot::default()
    }
}

fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

#[test]
fn only_a_good_signature_for_this_purpose_makes_it_believed() {
    let keeper = TestSigner::from_seed([9; 32]).unwrap();
    let good = root(&keeper, &format!("namespaces=\"{APPROVERS_NAMESPACE}\""));
    let armoured = signed::sign(TEXT.as_bytes(), &keeper).unwrap();
    let check = |text: &str, signature: &str, root: &TrustRoot| {
        signed::verify("approvers.toml", text.as_bytes(), signature.as_bytes(), root, now())
    };
    let signed = check(TEXT, &armoured, &good).unwrap();
    assert_eq!((signed.by.as_str(), signed.approvers.serial), ("keeper@example.com", 7));
    let refused = |result: Result<signed::Signed, crate::trust::error::TrustFileError>, word: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    };
    refused(check(&TEXT.replace("count = 1", "count = 2"), &armoured, &good), "not believed");
    refused(check(TEXT, "nonsense", &good), "not a signature");
    refused(check(TEXT, "", &good), "not a signature");
    // A line for every purpose, or for another one, gives out no roles.
    refused(check(TEXT, &armoured, &root(&keeper, "")), "in full");
    refused(check(TEXT, &armoured, &root(&keeper, "namespaces=\"release-decision@countersign.dev\"")), "namespace");
    let other = TestSigner::from_seed([8; 32]).unwrap();
    refused(check(TEXT, &armoured, &root(&other, &format!("namespaces=\"{APPROVERS_NAMESPACE}\""))), "not believed");
    let elsewhere = keeper.sign(crate::trust::DECISION_NAMESPACE, TEXT.as_bytes()).unwrap().to_armoured();
    refused(check(TEXT, &elsewhere, &good), "namespace");
    refused(check(TEXT, &armoured, &root(&keeper, "namespaces=\"approvers@*\"")), "in full");
    let late = format!("namespaces=\"{APPROVERS_NAMESPACE}\",valid-before=\"20260101Z\"");
    refused(check(TEXT, &armoured, &root(&keeper, &late)), "valid until");
    // A faulty file is not an empty one, although it is signed.
    let faulty = signed::sign(b"schema = 1\n", &keeper).unwrap();
    refused(check("schema = 1\n", &faulty, &good), "serial");
}

#[test]
fn one_line_must_hold_for_the_time_and_the_purpose() {
    let keeper = TestSigner::from_seed([9; 32]).unwrap();
    let armoured = signed::sign(TEXT.as_bytes(), &keeper).unwrap();
    let check = |first: &str, second: &str| {
        let key = keeper.key().to_line();
        let text = format!("keeper@example.com {first} {key}\nkeeper@example.com {second} {key}\n");
        let allowed_signers = crate::trust::allowed_signers::AllowedSigners::parse("f", &text).unwrap();
        let root = TrustRoot { allowed_signers, ..TrustRoot::default() };
        signed::verify("approvers.toml", TEXT.as_bytes(), armoured.as_bytes(), &root, now()).map(|signed| signed.by)
    };
    // The keeper gave out roles until January, and still signs other things.
    let then = format!("namespaces=\"{APPROVERS_NAMESPACE}\",valid-before=\"20260101Z\"");
    let still = format!("namespaces=\"{APPROVERS_NAMESPACE}\",valid-after=\"20260101Z\"");
    for (first, second) in [(then.as_str(), ""), ("", then.as_str())] {
        let error = check(first, second).unwrap_err().to_string();
        assert!(error.contains("not believed"), "{error}");
    }
    assert!(check(&then, &still).is_ok() && check(&still, "").is_ok() && check("", &still).is_ok());
}

#[test]
fn a_file_that_is_named_and_not_signed_is_an_error() {
    let keeper = TestSigner::from_seed([9; 32]).unwrap();
    let good = root(&keeper, &format!("namespaces=\"{APPROVERS_NAMESPACE}\""));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("approvers.toml");
    assert!(signed::load(&path, &good, now()).is_err());
    std::fs::write(&path, TEXT).unwrap();
    let error = signed::load(&path, &good, now()).unwrap_err();
    assert!(error.file.ends_with("approvers.toml.sig"), "{error}");
    std::fs::write(signed::signature_path(&path), signed::sign(TEXT.as_bytes(), &keeper).unwrap()).unwrap();
    assert_eq!(
        signed::load(&path, &good, now()).unwrap().approvers,
        parse(TEXT).map(|a| Approvers { file: path.to_string_lossy().into_owned(), ..a }).unwrap()
    );
    assert!(signed::read_unsigned(&path).is_ok());
}
