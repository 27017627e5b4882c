//! More issues than one search gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::domain::time::Timestamp;

/// A server with these issues that behaves as SonarQube: filters, pages, facets of the most frequent rules, and no
/// result beyond the window.
struct World {
    issues: Vec<Value>,
    window: usize,
    facets: usize,
}

impl World {
    fn answer(&self, seen: &Seen) -> Reply {
        if seen.path() != "/api/issues/search" {
            return rest(seen, "2025.1");
        }
        let number = |name: &str, default: usize| seen.param(name).map_or(default, |v| v.parse().unwrap());
        let (p, ps) = (number("p", 1), number("ps", 100));
        if p * ps > self.window {
            return answer(
                400,
                &json!({"errors": [{"msg": format!("Can return only the first {} results.", self.window)}]}),
            );
        }
        let at = |text: &str| Timestamp::parse_lenient(text).unwrap();
        let created = |i: &Value| at(i["creationDate"].as_str().unwrap());
        let is = |i: &Value, name: &str, field: &str| seen.param(name).is_none_or(|v| i[field] == v.as_str());
        let mut found: Vec<&Value> = self
            .issues
            .iter()
            .filter(|i| is(i, "severities", "severity") && is(i, "types", "type") && is(i, "rules", "rule"))
            .filter(|i| seen.param("createdAfter").is_none_or(|t| created(i) >= at(&t)))
            .filter(|i| seen.param("createdBefore").is_none_or(|t| created(i) < at(&t)))
            .collect();
        if seen.param("s").is_some() {
            found.sort_by_key(|i| created(i));
            if seen.param("asc").as_deref() == Some("false") {
                found.reverse();
            }
        }
        let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
        for i in &found {
            *rules.entry(i["rule"].as_str().unwrap()).or_default() += 1;
        }
        let values: Vec<Value> = rules.iter().take(self.facets).map(|(v, c)| json!({"val": v, "count": c})).collect();
        let here: Vec<&&Value> = found.iter().skip((p - 1) * ps).take(ps).collect();
        answer(
            200,
            &json!({"paging": {"pageIndex": p, "pageSize": ps, "total": found.len()}, "issues": here,
            "facets": [{"property": "rules", "values": values}]}),
        )
    }
}

async fn read(world: World) -> (Gathered, Server) {
    let (window, world) = (world.window, Arc::new(world));
    let server = Server::start(move |seen, _| world.answer(seen)).await;
    let sonar = Sonarqube { page: 10, window, ..Sonarqube::new(&settings(&server.url)).unwrap() };
    let what = What::Project { project: PROJECT.into(), branch: None };
    (sonar.collect(&ask(Kind::Findings, what)).await.unwrap(), server)
}

fn made(key: usize, severity: &str, kind: &str, rule: usize, second: usize) -> Value {
    let mut value = issue(&format!("I{key}"), severity, kind);
    value["rule"] = json!(format!("python:S{rule}"));
    value["creationDate"] = json!(format!("2026-11-01T10:{:02}:{:02}+0000", second / 60, second % 60));
    value
}

fn keys(gathered: &Gathered) -> usize {
    let ids = set(gathered)
        .findings
        .iter()
        .filter_map(|f| f.sources[0].native_id.as_ref())
        .filter(|k| k.raw().starts_with('I'));
    ids.collect::<std::collections::HashSet<_>>().len()
}

#[tokio::test]
async fn they_are_split_by_severity_type_rule_and_time_and_all_read() {
    let mut issues: Vec<Value> = Vec::new();
    for n in 0..40 {
        issues.push(made(issues.len(), "CRITICAL", "BUG", 1, n));
        // Small enough once split by type, and by rule.
        issues.push(made(issues.len(), "MAJOR", ["BUG", "VULNERABILITY"][n % 2], 1, 0));
        issues.push(made(issues.len(), "MINOR", "CODE_SMELL", n % 4, 0));
        // Too many of one rule: only time is left.
        issues.push(made(issues.len(), "INFO", "CODE_SMELL", n / 39, n * 7));
    }
    let (got, server) = read(World { issues, window: 30, facets: 100 }).await;
    assert_eq!((code(&got), keys(&got)), ("", 160), "{}", words(&got));
    let asked = |name: &str| server.seen().iter().any(|s| s.param(name).is_some());
    assert!(["severities", "types", "rules", "createdAfter"].iter().all(|n| asked(n)));
    assert!(server.seen().iter().all(|s| s.param("p").is_none_or(|p| p.parse::<usize>().unwrap() <= 3)));
}

#[tokio::test]
async fn a_facet_that_does_not_list_all_rules_is_not_split_by() {
    let issues = (0..60).map(|n| made(n, "MAJOR", "BUG", n, n)).collect();
    let (got, server) = read(World { issues, window: 30, facets: 5 }).await;
    assert_eq!((code(&got), keys(&got)), ("", 60), "{}", words(&got));
    assert!(!server.seen().iter().any(|s| s.param("rules").is_some()));
}

#[tokio::test]
async fn what_cannot_be_split_is_counted_as_missing() {
    let issues = (0..50).map(|n| made(n, "MAJOR", "BUG", 1, 5)).collect();
    let (got, _server) = read(World { issues, window: 30, facets: 100 }).await;
    assert_eq!((code(&got), keys(&got)), ("not-all-issues", 30));
    assert!(words(&got).contains("30 of 50 issues were read; 20 are missing"), "{}", words(&got));
    // Issues that none of the parts has.
    let issues = (0..50).map(|n| made(n, if n < 3 { "NONE" } else { "MAJOR" }, "BUG", 1, n)).collect();
    let (got, _server) = read(World { issues, window: 30, facets: 100 }).await;
    assert_eq!((code(&got), keys(&got)), ("not-all-issues", 47));
}

#[tokio::test]
async fn a_total_beyond_all_reason_ends() {
    let server = Server::start(|seen, _| match seen.path() {
        "/api/issues/search" => {
            let mut one = issue("I1", "MAJOR", "BUG");
            one["creationDate"] = json!(if seen.param("asc").as_deref() == Some("false") {
                "2038-01-01T00:00:00+0000"
            } else {
                "1970-01-01T00:00:00+0000"
            });
            page("issues", &[one], 4_000_000_000)
        }
        _ => rest(seen, "2025.1"),
    })
    .await;
    let sonar = Sonarqube { window: 500, ..Sonarqube::new(&settings(&server.url)).unwrap() };
    let what = What::Project { project: PROJECT.into(), branch: None };
    let got = sonar.collect(&ask(Kind::Findings, what)).await.unwrap();
    assert_eq!(code(&got), "not-all-issues");
    assert!(server.seen().len() < 5_000);
}

#[tokio::test]
async fn a_page_that_fails_half_way_leaves_the_rest() {
    let issues: Vec<Value> = (0..25).map(|n| made(n, "MAJOR", "BUG", 1, 0)).collect();
    let world = World { issues, window: 100, facets: 9 };
    let server = Server::start(move |seen, _| match seen.param("p").as_deref() {
        Some("3") => answer(500, &json!({})),
        _ => world.answer(seen),
    })
    .await;
    let sonar = Sonarqube { page: 10, ..Sonarqube::new(&settings(&server.url)).unwrap() };
    let what = What::Project { project: PROJECT.into(), branch: None };
    let got = sonar.collect(&ask(Kind::Findings, what)).await.unwrap();
    assert_eq!((code(&got), keys(&got)), ("server-error", 20));
    assert!(words(&got).contains("5 are missing"), "{}", words(&got));
}
