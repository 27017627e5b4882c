//! Answers that are wrong on purpose, and the port with certificates.

use futures_util::StreamExt as _;
use serde_json::json;

use super::*;
use crate::lab::{Fault, FaultKind, TlsFiles};

const USER: &str = "/user";

async fn with(fault: Fault) -> Bench {
    let bench = bench("").await;
    bench.lab.add_fault(fault);
    bench
}

fn fault(kind: FaultKind) -> Fault {
    Fault::new(Service::Github, USER, kind)
}

#[tokio::test]
async fn statuses_pages_and_patience() {
    let mut wait = fault(FaultKind::TooMany);
    wait.times = Some(2);
    wait.retry_after = Some(3);
    let bench = with(wait).await;
    for _ in 0..2 {
        let got = bench.get(Service::Github, USER).await;
        assert_eq!((got.status, got.header("retry-after")), (429, "3"));
    }
    assert_eq!(bench.get(Service::Github, USER).await.status, 200);
    let mut limit = fault(FaultKind::Status);
    limit.status = Some(403);
    limit.headers.insert("x-ratelimit-remaining".to_owned(), "0".to_owned());
    bench.lab.add_fault(limit);
    let got = bench.get(Service::Github, USER).await;
    assert_eq!((got.status, got.header("x-ratelimit-remaining")), (403, "0"));
    bench.lab.add_fault(fault(FaultKind::Status));
    assert_eq!(bench.get(Service::Github, USER).await.status, 503);
    assert_eq!(bench.get(Service::Github, "/rate_limit").await.status, 200, "another route is not met");
    bench.lab.add_fault(fault(FaultKind::Html));
    let page = bench.get(Service::Github, USER).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html;charset=utf-8"));
    bench.lab.add_fault(fault(FaultKind::Redirect));
    let moved = bench.get(Service::Github, USER).await;
    assert_eq!((moved.status, moved.header("location")), (302, "http://127.0.0.1:9/"));
    bench.lab.clear_faults();
    assert_eq!(bench.get(Service::Github, USER).await.status, 200);
}

#[tokio::test]
async fn closed_cut_endless_and_huge() {
    let bench = with(fault(FaultKind::Closed)).await;
    let send = || bench.authorized(Service::Github, bench.request(Service::Github, Method::GET, USER)).send();
    assert!(send().await.is_err());
    bench.lab.add_fault(fault(FaultKind::Truncated));
    assert!(send().await.unwrap().text().await.is_err());
    bench.lab.add_fault(fault(FaultKind::Huge));
    assert_eq!(send().await.unwrap().content_length().unwrap() / (1024 * 1024), 100);
    bench.lab.add_fault(fault(FaultKind::Endless));
    let mut body = send().await.unwrap().bytes_stream();
    let mut read = 0;
    while read < 8 * 1024 * 1024 {
        read += body.next().await.unwrap().unwrap().len();
    }
}

#[tokio::test]
async fn a_lost_answer_is_no_lost_request() {
    let bench = bench(super::world::RUN).await;
    let (_, execution, stage, _) = bench.lab.gates().remove(0);
    let mut lost = Fault::new(Service::Spinnaker, "/pipelines/", FaultKind::Closed);
    (lost.method, lost.after) = (Some("PATCH".to_owned()), true);
    bench.lab.add_fault(lost);
    let request = bench.request(Service::Spinnaker, Method::PATCH, &format!("/pipelines/{execution}/stages/{stage}"));
    let request = request.body(json!({"judgmentStatus": "stop"}).to_string());
    assert!(bench.authorized(Service::Spinnaker, request).send().await.is_err());
    bench.lab.wake_now();
    assert_eq!(bench.lab.execution(&execution).unwrap()["status"], "TERMINAL");
    assert_eq!(bench.lab.patches(&stage).len(), 1);
}

#[tokio::test]
async fn a_clock_that_is_off_says_so() {
    let bench = bench("[skew]\ngithub = 900").await;
    let date = bench.get(Service::Github, USER).await;
    let other = bench.get(Service::Sonarqube, "/api/system/status").await;
    let read = |got: &Got| Timestamp::parse_http_date(got.header("date")).unwrap().millis() / 1000;
    assert!((880..=920).contains(&(read(&date) - read(&other))));
}

#[tokio::test]
async fn a_certificate_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let script = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=lab-ca \
        && for n in server client; do openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $n.key -out $n.csr -subj /CN=$n \
        && printf 'subjectAltName=DNS:localhost\\n' > ext && openssl x509 -req -in $n.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out $n.pem || exit 1; done";
    let made = std::process::Command::new("sh").arg("-c").arg(script).current_dir(dir.path()).output();
    let Some(made) = made.ok().filter(|o| o.status.code() != Some(127)) else {
        println!("skipped: openssl is not on PATH");
        return;
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let tls = TlsFiles { cert: path("server.pem"), key: path("server.key"), client_ca: path("ca.pem") };
    let lab = start(World::default(), Options { tls: Some(tls), ..Options::default() }).await.unwrap();
    let url = format!("{}/auth/user", lab.urls.spinnaker_x509.as_deref().unwrap());
    let ca = reqwest::Certificate::from_pem(&std::fs::read(path("ca.pem")).unwrap()).unwrap();
    let bare = client().tls_certs_only([ca.clone()]).build().unwrap();
    assert!(bare.get(&url).send().await.is_err(), "no certificate, no answer");
    let mut pem = std::fs::read(path("client.pem")).unwrap();
    pem.extend(std::fs::read(path("client.key")).unwrap());
    let known = client().tls_certs_only([ca]).identity(reqwest::Identity::from_pem(&pem).unwrap()).build().unwrap();
    let got = super::got(known.get(&url)).await;
    assert_eq!(got.json()["username"], "demo");
}
