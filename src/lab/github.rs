//! GitHub, as it answers its REST API, with and without the `/api/v3` of Enterprise Server.

use std::sync::Mutex;

use serde::Deserialize;
use serde_json::json;

use super::auth::{Claim, Ways, claim};
use super::call::{Call, Reply, StandIn, Times};
use super::running::Credential;
use super::seed;
use super::world::{Span, Text, World};

mod alerts;
mod shape;

pub use alerts::Alert;

/// One repository, with one line of history.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// `acme/payments`.
    pub name: String,
    /// Its branch; the default is `main`.
    #[serde(default = "main")]
    pub branch: String,
    /// Its commits, oldest first.
    #[serde(default)]
    pub commits: Vec<Commit>,
    /// Its pull requests.
    #[serde(default)]
    pub pulls: Vec<Pull>,
    /// This many commits are made up between the first commit and the others.
    #[serde(default)]
    pub generate: usize,
    /// Its alerts.
    #[serde(default)]
    pub alerts: Vec<alerts::Alert>,
    /// The credentials of the demo world do not reach it: 404, as if it were not there.
    #[serde(default)]
    pub hidden: bool,
}

fn main() -> String {
    "main".to_owned()
}

/// One commit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// Its name in the scenarios, or its hash.
    pub id: String,
    /// Its message.
    pub message: Text,
    /// Its author; the default is `ana`.
    #[serde(default = "ana")]
    pub author: String,
    /// Whether the author has no account there.
    #[serde(default)]
    pub stranger: bool,
    /// How long ago.
    #[serde(default)]
    pub ago: Span,
    /// The pull request that it came with.
    #[serde(default)]
    pub pull: Option<u64>,
}

fn ana() -> String {
    "ana".to_owned()
}

/// One pull request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: Text,
    /// Its text.
    #[serde(default)]
    pub body: Text,
    /// Its author; the default is `ana`.
    #[serde(default = "ana")]
    pub author: String,
    /// Who merged it; the default is `ben`.
    #[serde(default = "ben")]
    pub merged_by: String,
    /// How long ago it was merged.
    #[serde(default)]
    pub ago: Span,
}

fn ben() -> String {
    "ben".to_owned()
}

/// The stand-in.
pub struct Github {
    credential: Credential,
    repositories: Vec<Repository>,
    /// With the names of their repositories.
    alerts: Mutex<Vec<(String, alerts::Alert)>>,
    times: Times,
}

impl Github {
    /// A GitHub that holds the repositories of a world.
    pub fn new(world: &World, credential: Credential, times: Times) -> Self {
        let repositories = world.repository.iter().cloned().map(filled).collect();
        let of = |r: &Repository| r.alerts.iter().map(|a| (r.name.clone(), a.clone())).collect::<Vec<_>>();
        let alerts = Mutex::new(world.repository.iter().flat_map(of).collect());
        Self { credential, repositories, alerts, times }
    }

    fn route(&self, call: &Call) -> Reply {
        let route = call.route();
        let route = route.strip_prefix(&["api", "v3"]).unwrap_or(&route);
        let writes = matches!(route, ["repos", _, _, _, "alerts", _]) && call.method == "PATCH";
        if call.method != "GET" && !writes {
            return shape::refuse(404, "Not Found");
        }
        match route {
            ["user"] => Reply::ok(&shape::user(&self.credential.user)),
            ["rate_limit"] => {
                Reply::ok(&json!({"resources": {}, "rate": {"limit": 5000, "remaining": 4990, "used": 10, "reset": 0}}))
            }
            ["repos", owner, name, rest @ ..] => {
                let full = format!("{owner}/{name}");
                let found = self.repositories.iter().find(|r| r.name.eq_ignore_ascii_case(&full) && !r.hidden);
                found.map_or_else(|| shape::refuse(404, "Not Found"), |r| self.repository(call, r, rest))
            }
            _ => shape::refuse(404, "Not Found"),
        }
    }

    fn repository(&self, call: &Call, repository: &Repository, rest: &[&str]) -> Reply {
        match rest {
            [] => Reply::ok(&shape::repository(repository)),
            [kind, "alerts", rest @ ..] => self.alerts(call, repository, kind, rest),
            ["compare", range @ ..] => {
                let range = range.join("/");
                match range.split_once("...") {
                    Some((base, head)) => self.compare(call, repository, base, head),
                    None => shape::refuse(404, "Not Found"),
                }
            }
            ["commits"] => {
                let all: Vec<&Commit> = repository.commits.iter().rev().collect();
                let page = paged(call, &all, 30);
                Reply::ok(&page.iter().map(|c| shape::commit(repository, c, &self.times)).collect())
            }
            ["commits", reference] => match place(repository, reference) {
                Some(at) => {
                    let commit = repository.commits.get(at).map(|c| shape::commit(repository, c, &self.times));
                    Reply::ok(&commit.unwrap_or_default())
                }
                None => shape::refuse(422, &format!("No commit found for SHA: {reference}")),
            },
            ["commits", reference, "pulls"] => {
                match place(repository, reference).and_then(|at| repository.commits.get(at)) {
                    Some(commit) => {
                        let pulls = repository.pulls.iter().filter(|p| Some(p.number) == commit.pull);
                        Reply::ok(&pulls.map(|p| shape::pull(repository, p, &self.times, false)).collect())
                    }
                    None => shape::refuse(422, &format!("No commit found for SHA: {reference}")),
                }
            }
            ["pulls", number] => match repository.pulls.iter().find(|p| number.parse() == Ok(p.number)) {
                Some(pull) => Reply::ok(&shape::pull(repository, pull, &self.times, true)),
                None => shape::refuse(404, "Not Found"),
            },
            _ => shape::refuse(404, "Not Found"),
        }
    }

    fn compare(&self, call: &Call, repository: &Repository, base: &str, head: &str) -> Reply {
        let (Some(from), Some(to)) = (place(repository, base), place(repository, head)) else {
            return shape::refuse(404, "Not Found");
        };
        let all: Vec<&Commit> = repository.commits.iter().take(to + 1).skip(from + 1).collect();
        let asked = call.param("page").is_some() || call.param("per_page").is_some();
        // Without pages at most 250, and those the last ones; with pages all, by and by.
        let shown = if asked {
            paged(call, &all, 30)
        } else {
            all.iter().copied().skip(all.len().saturating_sub(250)).collect()
        };
        let first = call.number("page", 1) <= 1;
        let reply =
            Reply::ok(&shape::comparison(repository, (base, head), (from, to), (&all, &shown), first, &self.times));
        match link(call, all.len()).filter(|_| asked) {
            Some(link) => reply.with("link", link),
            None => reply,
        }
    }
}

impl StandIn for Github {
    fn answer(&self, call: &Call) -> Reply {
        let ways = Ways { basic: false, token_as_user: false, bearer: true };
        let mut reply = match claim(call, ways, &self.credential.user, &self.credential.secret) {
            Claim::Known => self.route(call),
            Claim::Wrong => shape::refuse(401, "Bad credentials"),
            // What one may not see is not there.
            Claim::Anonymous if call.parts.iter().any(|p| p == "user") => shape::refuse(401, "Requires authentication"),
            Claim::Anonymous => shape::refuse(404, "Not Found"),
        };
        if reply.status == 200 {
            let tag = format!("W/\"{}\"", seed::hex64(&String::from_utf8_lossy(&reply.body)));
            if call.header("if-none-match").is_some_and(|t| t == tag || t == tag.trim_start_matches("W/")) {
                reply = Reply::empty(304);
            }
            reply = reply.with("etag", tag);
        }
        let reset = self.times.now() / 1000 + 3000;
        reply
            .with("x-github-media-type", "github.v3; format=json")
            .with("x-github-request-id", "0000:00000:0000000:0000000:00000000")
            .with("x-ratelimit-limit", "5000")
            .with("x-ratelimit-remaining", "4990")
            .with("x-ratelimit-used", "10")
            .with("x-ratelimit-resource", "core")
            .with("x-ratelimit-reset", reset.to_string())
    }
}

/// The repository with its made-up commits in place.
fn filled(mut repository: Repository) -> Repository {
    let at = repository.commits.len().min(1);
    let ago = repository.commits.first().map(|c| c.ago).unwrap_or_default();
    let made = (0..repository.generate).map(|n| Commit {
        id: format!("{} made up {n}", repository.name),
        message: Text(format!("Tidy part {n}")),
        author: ["ana", "ben", "cem"].get(n % 3).map_or_else(ana, |n| (*n).to_owned()),
        stranger: false,
        ago,
        pull: None,
    });
    let made: Vec<Commit> = made.collect();
    repository.commits.splice(at..at, made);
    repository
}

/// Where a commit is, by hash (or the beginning of one) or by the name of the branch.
fn place(repository: &Repository, reference: &str) -> Option<usize> {
    if reference == repository.branch || reference == "HEAD" {
        return repository.commits.len().checked_sub(1);
    }
    let short = reference.len() >= 7 && reference.bytes().all(|b| b.is_ascii_hexdigit());
    repository.commits.iter().position(|c| short && seed::commit(&c.id).starts_with(&reference.to_ascii_lowercase()))
}

fn page_of(call: &Call, default: usize) -> (usize, usize) {
    (call.number("page", 1).max(1), call.number("per_page", default).clamp(1, 100))
}

fn paged<'a>(call: &Call, all: &[&'a Commit], default: usize) -> Vec<&'a Commit> {
    let (page, size) = page_of(call, default);
    all.iter().copied().skip((page - 1) * size).take(size).collect()
}

/// The `Link` header, with the address by which the client came.
fn link(call: &Call, total: usize) -> Option<String> {
    let (page, size) = page_of(call, 30);
    let last = total.div_ceil(size);
    let host = call.header("host")?;
    let to =
        |page: usize, rel: &str| format!("<http://{host}{}?page={page}&per_page={size}>; rel=\"{rel}\"", call.path);
    (page < last).then(|| format!("{}, {}", to(page + 1, "next"), to(last, "last")))
}
