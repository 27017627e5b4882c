use std::io::Write as _;
use std::time::Duration;

use super::testing::{Reply, Server, StillClock, http, json, limits, reply};
use super::*;

const TOKEN: &str = "s3cr3t-token";

fn bearer() -> Auth {
    Auth::Bearer(Secret::new(TOKEN))
}

fn post() -> Write {
    Write { method: "POST", path: "x".into(), media_type: "application/json", body: b"{}".to_vec() }
}

async fn fault_of(answer: Reply) -> Fault {
    let server = Server::start(move |_, _| answer.clone()).await;
    server.http().get_json::<serde_json::Value>("x").await.unwrap_err()
}

/// An address that nobody listens on.
async fn nowhere() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn statuses_are_faults_of_their_own_and_only_lost_reads_are_repeated() {
    for (status, kind, tries) in [
        (400, FaultKind::Refused(400), 1),
        (401, FaultKind::Unauthorized, 1),
        (403, FaultKind::Forbidden, 1),
        (404, FaultKind::NotFound, 1),
        (410, FaultKind::Gone, 1),
        (429, FaultKind::RateLimited, 2),
        (500, FaultKind::Server(500), 1),
        (502, FaultKind::Server(502), 2),
        (503, FaultKind::Server(503), 2),
    ] {
        let server = Server::start(move |_, _| json(status, &serde_json::json!({"message": "because"}))).await;
        let fault = server.http().get("x").await.unwrap_err();
        assert_eq!(fault.kind, kind);
        assert_eq!(fault.detail.raw(), "because");
        assert!(!fault.ambiguous);
        assert_eq!(server.seen().len(), tries, "{status}");
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[tokio::test]
async fn compressed_answers_are_asked_for_and_read_and_limited_by_what_comes_out() {
    let gzip = |bytes: &[u8]| reply(200, "application/json", "content-encoding: gzip\r\n", bytes);
    let whole = packed(br#"{"ok":true}"#);
    let answer = gzip(&whole);
    let server = Server::start(move |_, _| answer.clone()).await;
    let (value, answer) = server.http().get_json::<serde_json::Value>("x").await.unwrap();
    assert_eq!((&value["ok"], answer.body.as_ref()), (&true.into(), &br#"{"ok":true}"#[..]));
    assert!(server.seen()[0].header("accept-encoding").unwrap().contains("gzip"));

    let most = usize::try_from(limits().bytes).unwrap();
    let bomb = packed(&vec![b' '; most + 1]);
    assert!(bomb.len() < most / 100);
    assert_eq!(fault_of(gzip(&bomb)).await.kind, FaultKind::TooLarge);
    let fits = packed(&[&vec![b' '; most - 2][..], b"{}"].concat());
    let answer = gzip(&fits);
    let server = Server::start(move |_, _| answer.clone()).await;
    assert_eq!(server.http().get("x").await.unwrap().body.len(), most);

    for cut in [&whole[..whole.len() - 9], &whole[..11], &b"no gzip at all"[..]] {
        assert_eq!(fault_of(gzip(cut)).await.kind, FaultKind::Truncated, "{cut:?}");
    }
}

#[tokio::test]
async fn an_unreachable_server_is_said_to_be_so() {
    let url = nowhere().await;
    let client = http(&url, bearer(), limits(), StillClock::new());
    let fault = client.get("x").await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert_eq!(client.requests(), 2);
    let fault = client.send(&post()).await.unwrap_err();
    assert_eq!((fault.kind, fault.ambiguous), (FaultKind::Unreachable, false));
    assert_eq!(client.requests(), 3);
}

#[tokio::test]
async fn retry_after_is_waited_for_when_it_is_short_enough() {
    let answer = |seconds: u32| {
        move |_: &testing::Seen, n: usize| match n {
            0 => reply(429, "text/plain", &format!("retry-after: {seconds}\r\n"), "slow down"),
            _ => json(200, &serde_json::json!({"ok": true})),
        }
    };
    let (server, clock) = (Server::start(answer(7)).await, StillClock::new());
    let answered = http(&server.url, bearer(), limits(), clock.clone()).get("x").await.unwrap();
    assert_eq!(answered.body, r#"{"ok":true}"#);
    assert_eq!(clock.slept(), [Duration::from_secs(7)]);

    let (server, clock) = (Server::start(answer(3600)).await, StillClock::new());
    let fault = http(&server.url, bearer(), limits(), clock.clone()).get("x").await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::RateLimited);
    assert_eq!((clock.slept().len(), server.seen().len()), (0, 1));
}

#[tokio::test]
async fn retry_after_may_be_a_date() {
    let server = Server::start(|_, n| match n {
        0 => reply(503, "text/plain", "retry-after: Sat, 21 Nov 2026 04:10:09 GMT\r\n", ""),
        _ => json(200, &serde_json::json!({})),
    })
    .await;
    let clock = StillClock::new();
    http(&server.url, Auth::None, limits(), clock.clone()).get("x").await.unwrap();
    assert_eq!(clock.slept(), [Duration::from_secs(9)]);
}

#[tokio::test]
async fn bodies_that_are_no_json_are_told_apart() {
    let page = reply(200, "text/html", "", "<!DOCTYPE html><title>Log in</title>");
    assert_eq!(fault_of(page).await.kind, FaultKind::NotJson);
    assert_eq!(fault_of(reply(200, "application/json", "", " <html>")).await.kind, FaultKind::NotJson);
    assert_eq!(fault_of(reply(200, "application/json", "", "{\"a\":")).await.kind, FaultKind::Truncated);
    assert_eq!(fault_of(reply(200, "application/json", "", "")).await.kind, FaultKind::Truncated);
    assert_eq!(fault_of(reply(200, "application/json", "", "{]")).await.kind, FaultKind::Malformed);
}

#[tokio::test]
async fn an_answer_that_ends_early_is_truncated() {
    let short = Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"a\":1}".to_vec());
    assert_eq!(fault_of(short).await.kind, FaultKind::Truncated);
    assert_eq!(fault_of(Reply::Close).await.kind, FaultKind::Truncated);
}

#[tokio::test]
async fn too_large_answers_are_not_read() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n".to_vec();
    assert_eq!(fault_of(Reply::Endless(head, vec![b' '; 1024])).await.kind, FaultKind::TooLarge);
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let chunk = [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat();
    assert_eq!(fault_of(Reply::Endless(chunked, chunk)).await.kind, FaultKind::TooLarge);
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed_and_gets_no_token() {
    let other = Server::start(|_, _| json(200, &serde_json::json!({}))).await;
    let there = format!("location: {}/steal\r\n", other.url);
    let server = Server::start(move |_, _| reply(302, "text/plain", &there, "")).await;
    let client = http(&server.url, bearer(), limits(), StillClock::new());
    assert_eq!(client.get("x").await.unwrap_err().kind, FaultKind::Redirected);
    assert_eq!(client.send(&post()).await.unwrap_err().kind, FaultKind::Redirected);
    assert_eq!(other.seen().len(), 0);
    assert_eq!(server.seen()[0].header("authorization"), Some("Bearer s3cr3t-token"));
    let fault = client.get(&format!("{}/x", other.url)).await.unwrap_err();
    assert_eq!((fault.kind, other.seen().len()), (FaultKind::Setup, 0));
}

#[tokio::test]
async fn a_read_follows_redirects_within_its_origin_and_a_write_none() {
    let server = Server::start(|seen, _| match seen.path() {
        "/x" => reply(307, "text/plain", "location: /y\r\n", ""),
        "/loop" => reply(302, "text/plain", "location: /loop\r\n", ""),
        _ => json(200, &serde_json::json!({"at": seen.path()})),
    })
    .await;
    let client = http(&server.url, bearer(), limits(), StillClock::new());
    assert_eq!(client.get("x").await.unwrap().body, r#"{"at":"/y"}"#);
    assert_eq!(server.seen()[1].header("authorization"), Some("Bearer s3cr3t-token"));
    assert_eq!(client.get("loop").await.unwrap_err().kind, FaultKind::Redirected);
    let before = server.seen().len();
    let fault = client.send(&post()).await.unwrap_err();
    assert_eq!((fault.kind, fault.ambiguous), (FaultKind::Redirected, true));
    assert_eq!(server.seen().len(), before + 1);
}

#[tokio::test]
async fn writes_are_sent_once_and_say_whether_they_may_have_been_carried_out() {
    for (answer, kind, ambiguous) in [
        (json(503, &serde_json::json!({})), FaultKind::Server(503), true),
        (json(429, &serde_json::json!({})), FaultKind::RateLimited, false),
        (json(403, &serde_json::json!({})), FaultKind::Forbidden, false),
        (json(409, &serde_json::json!({})), FaultKind::Refused(409), false),
        (Reply::Close, FaultKind::Truncated, true),
        (Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec()), FaultKind::Truncated, true),
        (Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n{".to_vec()), FaultKind::TooLarge, true),
    ] {
        let server = Server::start(move |_, _| answer.clone()).await;
        let fault = server.http().send(&post()).await.unwrap_err();
        assert_eq!((fault.kind, fault.ambiguous), (kind, ambiguous));
        assert_eq!(server.seen().len(), 1, "{kind:?}");
    }
    let server = Server::start(|_, _| reply(200, "text/plain", "", "")).await;
    server.http().send(&post()).await.unwrap();
    let seen = server.seen().remove(0);
    assert_eq!((seen.method.as_str(), seen.body.as_str()), ("POST", "{}"));
}

#[tokio::test]
async fn slowness_is_a_timeout() {
    let limits = Limits { total: Duration::from_millis(80), ..limits() };
    for answer in [Reply::Stall(Vec::new()), Reply::Stall(b"HTTP/1.1 200 OK\r\n\r\n{".to_vec())] {
        let server = Server::start(move |_, _| answer.clone()).await;
        let client = http(&server.url, bearer(), limits, StillClock::new());
        assert_eq!(client.get("x").await.unwrap_err().kind, FaultKind::Timeout);
        let fault = client.send(&post()).await.unwrap_err();
        assert_eq!((fault.kind, fault.ambiguous), (FaultKind::Timeout, true));
        assert_eq!(server.seen().len(), 2);
    }
}

#[tokio::test]
async fn nothing_shows_the_token_even_if_the_server_repeats_it() {
    let echo = |seen: &testing::Seen, _: usize| {
        let body = format!("{} {TOKEN} are wrong", seen.header("authorization").unwrap());
        reply(401, "text/plain", "", body)
    };
    let server = Server::start(echo).await;
    let basic = Auth::Basic { user: "ana".into(), password: Secret::new(TOKEN) };
    for auth in [bearer(), basic] {
        let fault = http(&server.url, auth.clone(), limits(), StillClock::new()).get("x").await.unwrap_err();
        let tls = Tls { ca: None, identity: Some((Vec::new(), Secret::new(TOKEN))) };
        let shown = format!("{fault:?} {fault} {:?} {auth:?} {tls:?} {}", fault.reason(), fault.detail.raw());
        assert!(!shown.contains(TOKEN) && !shown.contains("czNjcjN0LXRva2Vu"), "{shown}");
        assert!(!shown.contains("YW5hOnMzY3IzdC10b2tlbg=="), "{shown}");
        assert!(shown.contains("are wrong") && shown.contains("countersign login"), "{shown}");
    }
}

#[test]
fn credentials_in_the_address_are_refused_and_not_repeated() {
    let made =
        Http::new("https://ana:s3cr3t-token@h.example", Auth::None, &Tls::default(), limits(), StillClock::new());
    let text = made.err().unwrap().to_string();
    assert!(text.contains("credentials in the address") && !text.contains(TOKEN), "{text}");
}
