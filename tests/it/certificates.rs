//! A client certificate instead of a token, over the stand-in's port that asks for one.

use std::path::Path;
use std::process::Command;

use countersign::lab::{Options, Service, TlsFiles, World};
use toml::{Table, Value};

use crate::support::bench::{Bench, finish};
use crate::support::programs;

/// An authority, a server of `localhost`, a client; and another authority that nobody trusts.
const MAKE: &str = r#"set -e
ec="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
for a in ca other; do openssl req -x509 $ec -keyout $a.key -out $a.pem -days 2 -subj /CN=$a; done
printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' > ext
for n in server client; do
    openssl req $ec -keyout $n.key -out $n.csr -subj /CN=$n
    openssl x509 -req -in $n.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out $n.pem
done
openssl req $ec -keyout stranger.key -out stranger.csr -subj /CN=client
openssl x509 -req -in stranger.csr -CA other.pem -CAkey other.key -CAcreateserial -days 2 -extfile ext -out stranger.pem
chmod 600 *.key
"#;

/// Spinnaker by its port with certificates: `authority` is trusted, or those of the machine; `name` is shown, if any.
fn by_certificate(bench: &Bench, certificates: &Path, authority: Option<&str>, name: Option<&str>) {
    let url = bench.lab.urls.spinnaker_x509.clone().unwrap();
    let path = |file: String| Value::String(certificates.join(file).to_string_lossy().into_owned());
    let mut tls = Table::from_iter(authority.map(|a| ("ca".to_owned(), path(format!("{a}.pem")))));
    if let Some(name) = name {
        tls.insert("cert".to_owned(), path(format!("{name}.pem")));
        tls.insert("key".to_owned(), path(format!("{name}.key")));
    }
    bench.reconfigure(|config| {
        let connection = config["connections"]["spinnaker"].as_table_mut().unwrap();
        connection.remove("user");
        connection.remove("token");
        connection.insert("url".to_owned(), url.into());
        connection.insert("tls".to_owned(), tls.into());
    });
}

/// The demo world with a port that asks for certificates, and the folder of these; `None` without openssl.
async fn world() -> Option<(Bench, tempfile::TempDir)> {
    programs::find("openssl")?;
    let dir = tempfile::tempdir().unwrap();
    let made = Command::new("sh").args(["-c", MAKE]).current_dir(dir.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let path = |name: &str| dir.path().join(name);
    let tls = TlsFiles { cert: path("server.pem"), key: path("server.key"), client_ca: path("ca.pem") };
    Some((Bench::with(World::demo().unwrap(), Options { tls: Some(tls), ..Options::default() }).await, dir))
}

/// Where the configuration names no authority, those of the machine count: here one that SSL_CERT_FILE names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_authorities_of_the_machine_are_trusted_and_no_other() {
    let Some((bench, dir)) = world().await else { return };
    // The server is believed, and then wants a certificate; or it is not believed.
    for (authority, says) in [("ca", "CertificateRequired"), ("other", "UnknownIssuer")] {
        by_certificate(&bench, dir.path(), None, None);
        let mut command = bench.command(&["inbox"]);
        command.env("SSL_CERT_FILE", dir.path().join(format!("{authority}.pem")));
        let inbox = finish(command).await;
        assert!(inbox.err.contains(says), "{authority}: {inbox:#?}");
    }
    by_certificate(&bench, dir.path(), None, Some("client"));
    let mut command = bench.command(&["inbox"]);
    command.env("SSL_CERT_FILE", dir.path().join("ca.pem"));
    let inbox = finish(command).await.exits(0);
    assert!(inbox.out.contains("payments"), "{inbox:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_certificate_opens_the_inbox_and_approves() {
    let Some((bench, dir)) = world().await else { return };

    for (authority, name) in [("ca", None), ("ca", Some("stranger")), ("other", Some("client"))] {
        by_certificate(&bench, dir.path(), Some(authority), name);
        let inbox = bench.run(&["inbox"]).await;
        assert!(inbox.err.contains("tls.ca, tls.cert and tls.key"), "{authority} {name:?}: {inbox:#?}");
        assert!(!inbox.out.contains("payments"), "{authority} {name:?}: {inbox:#?}");
        let doctor = bench.run(&["doctor"]).await.exits(2);
        let line = doctor.out.lines().find(|l| l.contains("connection spinnaker")).unwrap();
        assert!(line.starts_with("BAD") && line.contains("tls.cert"), "{authority} {name:?}: {line}");
        let refused = bench.run(&["approve", "payments@1.4.2/prod", "--reason", "x", "--yes"]).await;
        assert_ne!(refused.code, 0, "{authority} {name:?}: {refused:#?}");
    }
    assert_eq!(bench.lab.count(Service::Spinnaker, "GET", "/"), 0, "no request came through");
    assert_eq!(bench.entries().await.len(), 0);

    by_certificate(&bench, dir.path(), Some("ca"), Some("client"));
    let inbox = bench.json(&["inbox"], 0).await;
    assert!(inbox["gates"].as_array().unwrap().len() >= 10, "{inbox:#}");
    let doctor = bench.run(&["doctor"]).await.exits(0);
    let line = doctor.out.lines().find(|l| l.contains("connection spinnaker")).unwrap();
    // The name that the stand-in gives whoever its authority vouches for.
    assert!(line.starts_with("ok") && line.contains("demo"), "{line}");
    bench.run(&["approve", "payments@1.4.2/prod", "--reason", "by certificate", "--yes"]).await.exits(0);
}
