//! TLS: only the server that is meant is talked to, and sockets need none.

use super::*;
use crate::http::tls_testing::Authority;

/// A server with TLS, and the authority that vouches for it; also for a client called owner.
fn server() -> Option<(Arc<Server>, Authority, tempfile::TempDir)> {
    let authority = Authority::new();
    authority.issue("server", "ca", "2");
    authority.issue("owner", "ca", "2");
    let files = tempfile::tempdir().unwrap();
    for name in ["ca.pem", "server.pem", "server.key"] {
        std::fs::copy(authority.path(name), files.path().join(name)).unwrap();
        Server::own(&files.path().join(name));
    }
    Server::own(files.path());
    let at = |name: &str| files.path().join(name).display().to_string();
    let settings = [
        "ssl = on".to_owned(),
        format!("ssl_cert_file = '{}'", at("server.pem")),
        format!("ssl_key_file = '{}'", at("server.key")),
        format!("ssl_ca_file = '{}'", at("ca.pem")),
    ];
    let server = Server::start(&settings.each_ref().map(String::as_str))?;
    server.let_in("hostnossl all all 127.0.0.1/32 reject");
    Some((Arc::new(server), authority, files))
}

#[test]
fn only_the_server_that_is_meant_is_talked_to() {
    let Some((server, authority, _files)) = server() else { return };
    let bench = Bench::on(server);
    let password = Secret::new(bench.server.password.clone());
    let open = |host: &str, parameters: &str| {
        let url = format!("postgres://owner@{host}:{}/{}?{parameters}", bench.server.port, bench.database);
        PostgresLedger::open(&Address::parse(&url).unwrap(), Some(&password), &bench.key(), None)
            .map_err(|e| e.to_string())
    };
    let root = |ca: &str| format!("sslmode=verify-full&sslrootcert={}", authority.path(ca).display());
    let ledger = open("127.0.0.1", &root("ca.pem")).unwrap();
    ledger.append(&[draft("A", "{}")]).unwrap();
    assert_eq!(
        bench.sql(
            "SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                   WHERE s.ssl AND a.application_name = 'countersign' AND a.datname = current_database()"
        ),
        "1"
    );
    for (host, parameters, says) in [
        ("127.0.0.1", root("other.pem"), "No secure connection"),
        // The machine's own authorities do not know it either.
        ("127.0.0.1", "sslmode=verify-full".to_owned(), "No secure connection"),
        // Its certificate names an address, and not this name.
        ("localhost", root("ca.pem"), "No secure connection"),
        ("127.0.0.1", root("none.pem"), "cannot be read"),
        ("127.0.0.1", root("ca.key"), "no certificate"),
        ("127.0.0.1", "sslmode=disable".to_owned(), "let us in"),
    ] {
        let Err(error) = open(host, &parameters) else { panic!("{host} {parameters}") };
        assert!(error.contains(says) && !error.contains(password.expose()), "{says}: {error}");
    }
}

#[test]
fn a_client_certificate_takes_the_place_of_a_password() {
    let Some((server, authority, _files)) = server() else { return };
    server.let_in("hostssl all all 127.0.0.1/32 cert");
    let bench = Bench::on(server);
    let open = |more: String| {
        let root = authority.path("ca.pem");
        let url = format!("{}?sslrootcert={}{more}", bench.server.url("owner", &bench.database), root.display());
        PostgresLedger::open(&Address::parse(&url).unwrap(), None, &bench.key(), None).map_err(|e| e.to_string())
    };
    let pair = |cert: &str, key: &str| {
        format!("&sslcert={}&sslkey={}", authority.path(cert).display(), authority.path(key).display())
    };
    open(pair("owner.pem", "owner.key")).unwrap().append(&[draft("A", "{}")]).unwrap();
    let Err(error) = open(String::new()) else { panic!("opens without a certificate") };
    assert!(error.contains("let us in"), "{error}");
    let Err(error) = open(pair("owner.pem", "owner.pem")) else { panic!("opens without a key") };
    assert!(error.contains("sslkey is not a private key"), "{error}");
}

#[test]
fn a_socket_needs_neither() {
    let Some(bench) = Bench::new() else { return };
    let address = Address::parse(&bench.server.socket_url("owner", &bench.database)).unwrap();
    let ledger = PostgresLedger::open(&address, None, &bench.key(), None).unwrap();
    ledger.append(&[draft("A", "{}")]).unwrap();
    assert!(ledger.location().contains("socket in"), "{}", ledger.location());
}
