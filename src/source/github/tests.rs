use serde_json::{Value, json};

use super::*;
use crate::domain::evidence::Kind;
use crate::http::Auth;
use crate::http::testing::{Reply, Seen, Server, json as answer, reply};
use crate::source::testing::{COMMIT, ask, code, raw, settings, words};

const BASE: &str = "0000000000000000000000000000000000000000";

fn sha(n: usize) -> String {
    format!("{n:040x}")
}

fn commit(sha: &str) -> Value {
    json!({"sha": sha, "commit": {"message": format!("PAY-1 change\n\nbody of {sha}"),
        "author": {"name": "Ana", "email": "ana@example.com", "date": "2026-11-01T10:00:00Z"},
        "verification": {"verified": true, "reason": "valid"}}, "author": {"login": "ana"}, "parents": []})
}

fn pull(number: u64) -> Value {
    json!({"number": number, "title": "Mend", "user": {"login": "ben"}, "html_url": "https://h.example/p/1",
           "merged_at": "2026-11-02T10:00:00Z"})
}

/// A repository with as many commits between base and head.
async fn repository(count: usize) -> Server {
    Server::start(move |seen, _| {
        let path = seen.path();
        if path.contains("/compare/") {
            let page: usize = seen.param("page").unwrap().parse().unwrap();
            let commits: Vec<Value> = (1..=count).skip((page - 1) * 100).take(100).map(|n| commit(&sha(n))).collect();
            let files = if page == 1 { json!([{"filename": "a"}, {"filename": "b"}]) } else { Value::Null };
            answer(200, &json!({"status": "ahead", "total_commits": count, "commits": commits, "files": files}))
        } else if path.ends_with("/pulls") {
            answer(200, &json!([pull(7)]))
        } else {
            answer(200, &commit(COMMIT))
        }
    })
    .await
}

async fn collect(url: &str, base: Option<&str>) -> Result<Gathered, Fault> {
    let what = What::Repository { repository: "acme/pay".into() };
    let question = Ask { base: base.map(Into::into), ..ask(Kind::Changes, what) };
    Github::new(&settings(url)).unwrap().collect(&question).await
}

fn changes(gathered: &Gathered) -> &ChangeSet {
    let Material::Changes(set) = &gathered.material else { panic!("not changes") };
    set
}

#[tokio::test]
async fn commits_and_pull_requests_between_two_releases() {
    let server = repository(2).await;
    let got = collect(&format!("{}/api/v3", server.url), Some(BASE)).await.unwrap();
    let set = changes(&got);
    assert_eq!((raw(set.base.as_ref()), raw(set.head.as_ref())), (Some(BASE), Some(COMMIT)));
    assert_eq!((raw(set.relation.as_ref()), set.files_changed), (Some("ahead"), Some(2)));
    let shas: Vec<&str> = set.commits.iter().map(|c| c.sha.raw()).collect();
    assert_eq!(shas, [sha(2), sha(1)], "newest first");
    let first = &set.commits[0];
    assert_eq!((first.author.raw(), raw(first.login.as_ref()), first.verified), ("Ana", Some("ana"), Some(true)));
    assert_eq!(raw(first.author_email.as_ref()), Some("ana@example.com"));
    assert_eq!((set.pull_requests.len(), set.pull_requests[0].number), (1, 7));
    assert_eq!((code(&got), got.raw.len()), ("", 3));
    assert!(got.raw[0].held().starts_with(b"{\"commits\":") && got.date.is_some());
    for seen in server.seen() {
        assert!(seen.target.starts_with("/api/v3/repos/acme/pay/"), "{}", seen.target);
        assert_eq!(seen.header("authorization"), Some("Bearer t0ken"));
        assert_eq!(seen.header("accept"), Some("application/vnd.github+json"));
        assert_eq!(seen.header("x-github-api-version"), Some("2022-11-28"));
    }
}

#[tokio::test]
async fn more_commits_than_one_answer_holds_are_all_read() {
    let server = repository(260).await;
    let got = collect(&server.url, Some(BASE)).await.unwrap();
    assert_eq!((changes(&got).commits.len(), changes(&got).commits[0].sha.raw()), (260, sha(260).as_str()));
    assert_eq!(code(&got), "not-all-pull-requests");
    assert_eq!(server.targets().iter().filter(|t| t.contains("/pulls")).count(), LOOKED_UP);
}

#[tokio::test]
async fn a_count_that_is_not_met_is_said() {
    let server = Server::start(|seen, _| match seen.path().contains("/compare/") {
        true if seen.param("page").as_deref() == Some("1") => {
            answer(200, &json!({"status": "diverged", "total_commits": 3, "commits": [commit(&sha(1))]}))
        }
        true => answer(200, &json!({"total_commits": 3, "commits": []})),
        false => answer(200, &json!([])),
    })
    .await;
    let got = collect(&server.url, Some(BASE)).await.unwrap();
    assert_eq!((code(&got), raw(changes(&got).relation.as_ref())), ("not-all-commits", Some("diverged")));
    assert_eq!(changes(&got).files_changed, None);
}

#[tokio::test]
async fn without_a_base_only_the_own_commit_is_listed() {
    for base in [None, Some("v1.4.1"), Some("../../x"), Some("")] {
        let server = repository(2).await;
        let got = collect(&server.url, base).await.unwrap();
        assert_eq!((code(&got), changes(&got).commits.len()), ("no-base", 1), "{base:?}");
        assert_eq!((changes(&got).base.as_ref(), changes(&got).relation.as_ref()), (None, None));
        assert!(!server.targets().iter().any(|t| t.contains("compare")));
    }
}

#[tokio::test]
async fn a_base_that_is_gone_is_said() {
    let gone = |seen: &Seen, _: usize| match seen.path() {
        path if path.contains("/compare/") => answer(404, &json!({"message": "Not Found"})),
        path if path.ends_with("/pulls") => answer(200, &json!([])),
        _ => answer(200, &commit(COMMIT)),
    };
    let server = Server::start(gone).await;
    let got = collect(&server.url, Some(BASE)).await.unwrap();
    assert_eq!((code(&got), changes(&got).commits.len()), ("base-not-found", 1));
    assert!(words(&got).contains(BASE));
    let server = Server::start(|_, _| answer(404, &json!({"message": "Not Found"}))).await;
    assert_eq!(collect(&server.url, Some(BASE)).await.unwrap_err().kind, FaultKind::NotFound);
}

#[tokio::test]
async fn what_is_no_hash_and_no_repository_is_never_sent() {
    let server = repository(1).await;
    let github = Github::new(&settings(&server.url)).unwrap();
    for name in ["acme", "acme/pay/x", "acme/..", "acme/pay?x=1", "/", "ac me/pay", "acme/p%2e"] {
        let question = ask(Kind::Changes, What::Repository { repository: name.into() });
        assert_eq!(github.collect(&question).await.unwrap_err().kind, FaultKind::Setup, "{name}");
    }
    let mut question = ask(Kind::Changes, What::Repository { repository: "acme/pay".into() });
    for commit in [None, Some("main"), Some("1111111/../..")] {
        question.release.commit = commit.map(Into::into);
        assert_eq!(github.collect(&question).await.unwrap_err().kind, FaultKind::Setup);
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn errors_go_by_status_and_by_the_lost_connection() {
    let json_of = |status, headers: &str| reply(status, "application/json", headers, r#"{"message":"t0ken refused"}"#);
    let huge = [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".as_slice()].concat();
    let chunk = [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat();
    for (reply, kind) in [
        (json_of(401, ""), FaultKind::Unauthorized),
        (json_of(403, "x-ratelimit-remaining: 12\r\n"), FaultKind::Forbidden),
        (json_of(403, "x-ratelimit-remaining: 0\r\n"), FaultKind::RateLimited),
        (json_of(429, "retry-after: 60\r\n"), FaultKind::RateLimited),
        (json_of(500, ""), FaultKind::Server(500)),
        (reply(200, "text/html", "", "<html>"), FaultKind::NotJson),
        (reply(200, "application/json", "", "{\"commits\": 1}"), FaultKind::Malformed),
        (reply(200, "application/json", "", "{\"commits\": []}"), FaultKind::Malformed),
        (Reply::Close, FaultKind::Truncated),
        (Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{".to_vec()), FaultKind::Truncated),
        (Reply::Endless(huge, chunk), FaultKind::TooLarge),
    ] {
        let server = Server::start(move |_, _| reply.clone()).await;
        let fault = collect(&server.url, Some(BASE)).await.unwrap_err();
        assert_eq!((fault.kind, fault.ambiguous), (kind, false));
        assert!(!format!("{fault:?}").contains("t0ken"));
        assert_eq!(server.seen().len(), 1, "{kind:?}");
    }
    let stall = Server::start(|_, _| Reply::Stall(Vec::new())).await;
    let mut slow = settings(&stall.url);
    slow.limits.total = std::time::Duration::from_millis(60);
    let fault = Github::new(&slow).unwrap().check().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Timeout);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(collect(&url, None).await.unwrap_err().kind, FaultKind::Unreachable);
}

#[tokio::test]
async fn a_redirect_elsewhere_gets_no_token() {
    let other = repository(1).await;
    let there = format!("location: {}/x\r\n", other.url);
    let server = Server::start(move |_, _| reply(301, "text/plain", &there, "")).await;
    assert_eq!(collect(&server.url, None).await.unwrap_err().kind, FaultKind::Redirected);
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn lost_pull_requests_are_a_shortfall() {
    let server = Server::start(|seen, _| match seen.path().ends_with("/pulls") {
        true if seen.path().contains(&sha(1)) => answer(500, &json!({})),
        true => answer(200, &json!([pull(8)])),
        false => {
            answer(200, &json!({"status": "ahead", "total_commits": 2, "commits": [commit(&sha(1)), commit(&sha(2))]}))
        }
    })
    .await;
    let got = collect(&server.url, Some(BASE)).await.unwrap();
    assert_eq!((code(&got), changes(&got).pull_requests[0].number), ("server-error", 8));
}

#[tokio::test]
async fn a_second_look_is_conditional_and_gives_the_same_bytes() {
    let server = Server::start(|seen, _| match seen.header("if-none-match") {
        Some("\"e1\"") => {
            Reply::Bytes(b"HTTP/1.1 304 Not Modified\r\netag: \"e1\"\r\nconnection: close\r\n\r\n".to_vec())
        }
        _ if seen.path().ends_with("/pulls") => reply(200, "application/json", "etag: \"e1\"\r\n", "[]"),
        _ => reply(200, "application/json", "etag: \"e1\"\r\n", commit(COMMIT).to_string()),
    })
    .await;
    let github = Github::new(&settings(&server.url)).unwrap();
    let question = ask(Kind::Changes, What::Repository { repository: "acme/pay".into() });
    let (one, two) = (github.collect(&question).await.unwrap(), github.collect(&question).await.unwrap());
    assert_eq!(one.raw[0].held(), two.raw[0].held());
    assert_eq!(changes(&one), changes(&two));
    assert_eq!(server.seen().iter().filter(|s| s.header("if-none-match").is_some()).count(), 2);
}

#[tokio::test]
async fn a_check_says_who_we_are() {
    let server = Server::start(|seen, _| match seen.path() {
        "/api/v3/user" => reply(200, "application/json", "x-github-enterprise-version: 3.19\r\n", r#"{"login":"ana"}"#),
        _ => answer(404, &json!({})),
    })
    .await;
    let mut with = settings(&format!("{}/api/v3/", server.url));
    with.auth = Auth::Basic { user: "ana".into(), password: crate::secrets::Secret::new("t0ken") };
    assert_eq!(Github::new(&with).unwrap().check().await.unwrap().line, "GitHub Enterprise 3.19, as ana");
    assert_eq!(server.seen()[0].header("authorization"), Some("Basic YW5hOnQwa2Vu"));
}

#[test]
fn the_documented_comparison_is_read() {
    let Ok(corpus) = std::env::var("COUNTERSIGN_CORPUS") else {
        println!("skipped: COUNTERSIGN_CORPUS is not set");
        return;
    };
    let folder = std::path::Path::new(&corpus).join("api/github/rest-examples");
    let bytes = std::fs::read(folder.join("compare_base...head__200_default.json")).unwrap();
    let compared: wire::Comparison = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((compared.total_commits, compared.commits.len()), (Some(1), 1));
    let pulls: Vec<wire::Pull> =
        serde_json::from_slice(&std::fs::read(folder.join("pulls__200_default.json")).unwrap()).unwrap();
    assert!(pulls.into_iter().all(|p| p.into_pull_request().is_some_and(|p| !p.author.is_empty())));
}
