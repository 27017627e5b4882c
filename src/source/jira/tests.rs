use serde_json::{Value, json};

use super::*;
use crate::domain::evidence::Kind;
use crate::http::Tls;
use crate::http::testing::{Reply, Seen, Server, json as answer, reply};
use crate::http::tls_testing::{Authority, serve};
use crate::source::testing::{ask, code, raw, settings, words};

fn issue(key: &str, category: &str) -> Value {
    json!({"id": "1", "key": key, "fields": {
        "summary": format!("{key} does it"),
        "status": {"name": "In Review", "statusCategory": {"key": category}},
        "issuetype": {"name": "Story"}, "priority": {"name": "High"}, "assignee": {"displayName": "Ben"},
        "resolution": null, "fixVersions": [{"name": "1.4.2"}]}})
}

/// An issue with all that jira_query wants.
fn full_issue(key: &str) -> Value {
    let avatars = json!({"16x16": "a", "24x24": "a", "32x32": "a", "48x48": "a"});
    let user = json!({"self": "u", "active": true, "displayName": "Ana", "timeZone": "UTC", "avatarUrls": avatars});
    let mut value = issue(key, "done");
    let at = "2026-11-01T10:00:00.000+0000";
    let category = json!({"self": "s", "id": 3, "key": "done", "colorName": "green", "name": "Done"});
    let more = json!({
        "labels": [], "reporter": user, "creator": user, "created": at, "updated": at, "workratio": -1,
        "status": {"self": "s", "description": "", "iconUrl": "i", "id": "3", "name": "Closed", "statusCategory": category},
        "issuetype": {"self": "s", "description": "", "iconUrl": "i", "id": "1", "name": "Bug", "subtask": false},
        "priority": null, "assignee": null, "fixVersions": [],
        "project": {"self": "s", "id": "1", "key": "PAY", "name": "Pay", "projectTypeKey": "software", "avatarUrls": avatars},
        "components": [], "issuelinks": [],
        "watches": {"self": "s", "isWatching": false, "watchCount": 0},
        "votes": {"self": "s", "hasVoted": false, "votes": 0}
    });
    value["fields"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value["self"] = json!("s");
    value["expand"] = json!("");
    value
}

fn jql(text: &str) -> What {
    What::Jql { jql: text.into() }
}

async fn collect(server: &Server, flavour: Flavour, what: What) -> Result<Gathered, Fault> {
    let jira = Jira::new(&Settings { flavour, ..settings(&server.url) }).unwrap();
    jira.collect(&ask(Kind::Tickets, what)).await
}

async fn cloud(server: &Server, what: What) -> Gathered {
    collect(server, Flavour::Cloud, what).await.unwrap()
}

async fn by_keys(server: &Server, keys: &[&str]) -> Gathered {
    cloud(server, What::Keys { keys: keys.iter().map(|k| (*k).to_owned()).collect() }).await
}

fn tickets(gathered: &Gathered) -> Vec<(&str, StatusCategory)> {
    let Material::Tickets(tickets) = &gathered.material else { panic!("not tickets") };
    tickets.iter().map(|t| (t.key.raw(), t.category)).collect()
}

fn missing(key: &str) -> Reply {
    answer(404, &json!({"errorMessages": [format!("Issue {key} does not exist.")], "errors": {}}))
}

#[tokio::test]
async fn cloud_pages_are_followed_by_token() {
    let server = Server::start(|seen, _| match seen.param("nextPageToken").as_deref() {
        None => answer(200, &json!({"issues": [issue("PAY-1", "done")], "nextPageToken": "a&b#c", "isLast": false})),
        Some("a&b#c") => {
            answer(200, &json!({"issues": [issue("PAY-2", "indeterminate"), issue("PAY-1", "done")], "isLast": true}))
        }
        _ => answer(400, &json!({})),
    })
    .await;
    let query = "project = PAY AND fixVersion = '1.4.2 & more#'";
    let got = cloud(&server, jql(query)).await;
    assert_eq!(tickets(&got), [("PAY-1", StatusCategory::Done), ("PAY-2", StatusCategory::InProgress)]);
    assert_eq!((code(&got), got.raw.len()), ("", 2));
    let seen = server.seen();
    assert_eq!(seen[0].path(), "/rest/api/3/search/jql");
    assert_eq!(seen[0].param("jql").unwrap(), query);
    assert_eq!(seen[0].param("fields").unwrap(), FIELDS);
    assert_eq!(seen[0].header("authorization"), Some("Bearer t0ken"));
    let Material::Tickets(all) = &got.material else { panic!() };
    assert_eq!(raw(all[0].url.as_ref()), Some(format!("{}/browse/PAY-1", server.url).as_str()));
    assert_eq!((all[0].status.raw(), raw(all[0].assignee.as_ref())), ("In Review", Some("Ben")));
    assert_eq!((all[0].fix_versions[0].raw(), all[0].found_by.as_slice()), ("1.4.2", [FoundBy::Query].as_slice()));
}

#[tokio::test]
async fn data_center_pages_are_followed_by_start() {
    // The server gives one at a time, whatever is asked for.
    let server = Server::start(|seen, _| {
        let start: u64 = seen.param("startAt").map_or(0, |s| s.parse().unwrap());
        let page = json!({"startAt": start, "maxResults": 1, "total": 3, "issues": [issue(&format!("PAY-{}", start + 1), "new")]});
        answer(200, &page)
    })
    .await;
    let got = collect(&server, Flavour::DataCenter, jql("x")).await.unwrap();
    assert_eq!((tickets(&got).len(), code(&got), server.seen()[0].path()), (3, "", "/rest/api/2/search"));
    let server = Server::start(|_, _| answer(200, &json!({"total": 3, "issues": []}))).await;
    assert_eq!(code(&collect(&server, Flavour::DataCenter, jql("x")).await.unwrap()), "not-all-pages");
}

#[tokio::test]
async fn a_page_that_leads_nowhere_does_not_end_as_complete() {
    let server = Server::start(|_, _| answer(200, &json!({"issues": [], "nextPageToken": "t", "isLast": false}))).await;
    let got = cloud(&server, jql("x")).await;
    assert_eq!((code(&got), server.seen().len()), ("not-all-pages", 2));
    let server = Server::start(|_, _| answer(200, &json!({"issues": [], "isLast": false}))).await;
    assert_eq!(code(&cloud(&server, jql("x")).await), "not-all-pages");
    let server = Server::start(|_, n| match n {
        0 => answer(200, &json!({"issues": [issue("PAY-1", "done")], "nextPageToken": "t", "isLast": false})),
        _ => answer(401, &json!({})),
    })
    .await;
    let got = cloud(&server, jql("x")).await;
    assert_eq!((code(&got), tickets(&got).len()), ("unauthorized", 1));
}

#[tokio::test]
async fn one_odd_issue_does_not_fail_the_page() {
    let server = Server::start(|_, _| {
        let mut bare = issue("PAY-2", "done");
        bare["fields"]["summary"] = json!({"type": "doc"});
        let page =
            json!({"issues": [issue("PAY-1", "done"), bare, {"id": "7"}, issue("PAY-3", "odd")], "isLast": true});
        answer(200, &page)
    })
    .await;
    let got = cloud(&server, jql("x")).await;
    let unknown = StatusCategory::Unknown;
    assert_eq!(tickets(&got), [("PAY-1", StatusCategory::Done), ("PAY-2", unknown), ("", unknown), ("PAY-3", unknown)]);
    assert_eq!(code(&got), "odd-ticket");
    assert!(words(&got).contains("PAY-2") && words(&got).contains("PAY-3") && !words(&got).contains("PAY-1"));
}

#[tokio::test]
async fn errors_go_by_status() {
    for (status, kind) in [
        (410, FaultKind::Gone),
        (401, FaultKind::Unauthorized),
        (429, FaultKind::RateLimited),
        (400, FaultKind::Refused(400)),
    ] {
        let server = Server::start(move |_, _| answer(status, &json!({"errorMessages": ["no"], "errors": {}}))).await;
        assert_eq!(collect(&server, Flavour::Cloud, jql("x")).await.unwrap_err().kind, kind);
    }
    let page = Server::start(|_, _| reply(200, "text/html", "", "<html>")).await;
    assert_eq!(collect(&page, Flavour::Cloud, jql("x")).await.unwrap_err().kind, FaultKind::NotJson);
    let public = Server::start(|_, _| {
        reply(
            200,
            "application/json",
            "x-seraph-loginreason: AUTHENTICATED_FAILED\r\n",
            r#"{"issues":[],"isLast":true}"#,
        )
    })
    .await;
    assert_eq!(collect(&public, Flavour::Cloud, jql("x")).await.unwrap_err().kind, FaultKind::Unauthorized);
    let odd = Server::start(|_, _| answer(200, &json!({"warning": 1}))).await;
    assert_eq!(collect(&odd, Flavour::Cloud, jql("x")).await.unwrap_err().kind, FaultKind::Malformed);
}

#[tokio::test]
async fn keys_are_looked_up_in_one_batch_and_bad_ones_are_never_sent() {
    let server = Server::start(|seen, _| match seen.path() {
        "/rest/api/3/search/jql" => {
            answer(200, &json!({"issues": [issue("PAY-1", "done"), issue("PAY-2", "new")], "isLast": true}))
        }
        _ => missing("?"),
    })
    .await;
    let got = by_keys(&server, &["PAY-1", "PAY-2", "PAY-1", "PAY-3) OR (key in (SECRET-1", "../x"]).await;
    assert_eq!(tickets(&got).len(), 2);
    assert_eq!(code(&got), "bad-key");
    let seen = server.seen();
    assert_eq!((seen.len(), seen[0].param("jql").unwrap()), (1, "key in (PAY-1,PAY-2)".to_owned()));
    let Material::Tickets(all) = &got.material else { panic!() };
    assert_eq!(all[0].found_by, [FoundBy::CommitMessage]);
}

fn refusing_batches(seen: &Seen, _: usize) -> Reply {
    match seen.path() {
        "/rest/api/3/search/jql" => {
            answer(400, &json!({"errorMessages": ["An issue with key 'PAY-9' does not exist for field 'key'."]}))
        }
        // OLD-1 was moved to another project, and answers as what it is now.
        "/rest/api/2/issue/PAY-1" | "/rest/api/2/issue/OLD-1" => answer(200, &full_issue("PAY-1")),
        // Too little for jira_query, enough for us.
        "/rest/api/2/issue/PAY-2" => answer(200, &issue("PAY-2", "new")),
        _ => missing("PAY-9"),
    }
}

#[tokio::test]
async fn a_refused_batch_is_asked_for_singly_through_jira_query() {
    let server = Server::start(refusing_batches).await;
    let got = by_keys(&server, &["PAY-1", "PAY-2", "PAY-9", "OLD-1"]).await;
    let unknown = StatusCategory::Unknown;
    assert_eq!(tickets(&got), [("PAY-1", StatusCategory::Done), ("PAY-2", StatusCategory::ToDo), ("PAY-9", unknown)]);
    assert_eq!(code(&got), "ticket-not-found");
    assert!(words(&got).contains("PAY-9"));
    let Material::Tickets(all) = &got.material else { panic!() };
    assert!(all[2].summary.raw().contains("not found"));
    assert!(got.raw[0].uri.contains("jira_query") && got.raw[0].held().starts_with(b"{"));
    // jira_query asks for all fields; our own client, where it had to step in, does not.
    let of = |key: &str| server.targets().iter().filter(|t| t.contains(&format!("issue/{key}"))).count();
    assert_eq!((of("PAY-1"), of("PAY-2"), of("PAY-9")), (1, 2, 2));
    let token = |s: &Seen| s.header("authorization") == Some("Bearer t0ken");
    assert!(server.seen().iter().all(token));
}

#[tokio::test]
async fn single_tickets_that_cannot_be_read_are_shown_and_faults_by_status() {
    let server = Server::start(|seen, _| match seen.path() {
        "/rest/api/2/issue/PAY-1" => answer(200, &full_issue("PAY-1")),
        "/rest/api/2/issue/PAY-2" => answer(403, &json!({})),
        _ => answer(400, &json!({})),
    })
    .await;
    let got = by_keys(&server, &["PAY-1", "PAY-2"]).await;
    assert_eq!(tickets(&got)[1], ("PAY-2", StatusCategory::Unknown));
    assert_eq!(code(&got), "forbidden");
    for (status, kind) in [(401, FaultKind::Unauthorized), (410, FaultKind::Gone), (429, FaultKind::RateLimited)] {
        let server = Server::start(move |_, _| answer(status, &json!({}))).await;
        let what = What::Keys { keys: vec!["PAY-1".into()] };
        assert_eq!(collect(&server, Flavour::Cloud, what).await.unwrap_err().kind, kind);
    }
}

#[tokio::test]
async fn jira_query_sends_no_token_elsewhere() {
    let other = Server::start(|_, _| answer(200, &full_issue("PAY-1"))).await;
    let there = format!("location: {}/\r\n", other.url);
    let server = Server::start(move |_, _| reply(302, "text/plain", &there, "")).await;
    let what = What::Keys { keys: vec!["PAY-1".into()] };
    let fault = collect(&server, Flavour::Cloud, what).await.unwrap_err();
    assert_eq!((fault.kind, other.seen().len()), (FaultKind::Redirected, 0));
}

/// jira_query's own default could make no TLS connection at all here: see patches/native-tls.
#[tokio::test]
async fn jira_query_makes_tls_connections_as_our_own_client_does() {
    let certificates = Authority::new();
    certificates.issue("server", "ca", "2");
    certificates.issue("me", "ca", "2");
    let url = serve(&certificates, "server", &full_issue("PAY-1").to_string()).await;
    let what = || What::Keys { keys: vec!["PAY-1".into()] };
    let with = |tls: Tls| Jira::new(&Settings { tls, flavour: Flavour::Cloud, ..settings(&url) }).unwrap();

    let jira = with(certificates.tls(Some("ca"), Some("me")));
    let got = jira.collect(&ask(Kind::Tickets, what())).await.unwrap();
    assert_eq!(tickets(&got), [("PAY-1", StatusCategory::Done)]);
    assert!(got.raw[0].uri.ends_with("#as-read-by-jira_query"), "{}", got.raw[0].uri);

    let fault = with(certificates.tls(Some("ca"), None)).collect(&ask(Kind::Tickets, what())).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Tls);
}

#[tokio::test]
async fn the_login_check_goes_by_status() {
    let server = Server::start(|_, _| answer(200, &json!({"displayName": "Ana\u{202e}"}))).await;
    let jira = Jira::new(&settings(&server.url)).unwrap();
    assert_eq!(jira.check().await.unwrap().line, "Jira Cloud, as Ana<U+202E>");
    assert_eq!(server.targets(), ["/rest/api/2/myself", "/rest/api/2/myself"]);
    let server = Server::start(|_, _| answer(401, &json!({"message": "t0ken is wrong"}))).await;
    let fault = Jira::new(&settings(&server.url)).unwrap().check().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unauthorized);
    assert!(!format!("{fault:?}").contains("t0ken"));
    assert_eq!(server.seen().len(), 1);
}
