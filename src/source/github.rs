//! GitHub: what changed between two releases, by octocrab.
//!
//! octocrab runs on our own HTTP client, so TLS material, times and the rule on redirects are ours; its retries are off,
//! and bodies are read here up to our limit, which also keeps the bytes as received. Answers are kept with their ETag
//! and asked for again conditionally: GitHub counts no request that it answers with 304.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

use self::client::Client;
use super::registry::Settings;
use super::{Ask, Checked, Gathered, Material, Raw, Shortfalls, Source, What, not_served};
use crate::domain::change::{ChangeSet, Commit, PullRequest};
use crate::http::{Answer, Fault, FaultKind};

pub(crate) mod client;
mod kept;
mod wire;

/// Commits of one page.
const PAGE: usize = 100;
/// The most pages of commits that are read.
const PAGES: usize = 50;
/// For how many commits, the newest first, the pull requests are looked up.
const LOOKED_UP: usize = 250;
/// How many of these are asked side by side.
const AT_ONCE: usize = 8;
/// GitHub lists no more files of a comparison than this.
const FILES: usize = 300;

/// A GitHub, or a GitHub Enterprise Server (`https://HOST/api/v3`).
pub struct Github {
    client: Client,
}

impl Github {
    /// A client for an address; the public GitHub if it is empty.
    pub fn new(settings: &Settings) -> Result<Self, Fault> {
        Ok(Self { client: Client::new(settings)? })
    }

    async fn changes(&self, ask: &Ask, repository: &str) -> Result<Gathered, Fault> {
        let setup = |detail: String| Fault::new(FaultKind::Setup, &self.client.uri(""), detail);
        if !is_repository(repository) {
            return Err(setup(format!("`repository` must be owner/name, and is {repository:?}")));
        }
        let head = ask.release.commit.as_ref().map(|c| c.raw().to_owned()).unwrap_or_default();
        if !is_sha(&head) {
            return Err(setup("the run names no commit by its hash".to_owned()));
        }
        let session = Session { client: &self.client, octocrab: self.client.session()?, repository };
        let mut reading = Reading::default();
        let mut set = match ask.base.as_ref().map(|b| b.raw().to_owned()) {
            None => {
                let text = "No earlier release is known: only the release's own commit is listed.";
                reading.short.add("no-base", text);
                session.own_commit(&head, &mut reading).await?
            }
            Some(base) if !is_sha(&base) => {
                let text = "The earlier release names no commit by its hash: only the release's own commit is listed.";
                reading.short.add("no-base", text);
                session.own_commit(&head, &mut reading).await?
            }
            Some(base) => match session.compare(&base, &head, &mut reading).await {
                // The base may be gone, after a forced push; the head says whether it is all of it.
                Err(fault) if fault.kind == FaultKind::NotFound => {
                    let set = session.own_commit(&head, &mut reading).await?;
                    let text = format!("GitHub cannot compare with the earlier release's commit {base}.");
                    reading.short.add("base-not-found", text);
                    set
                }
                other => other?,
            },
        };
        set.pull_requests = session.pull_requests(&set.commits, &mut reading).await;
        let Reading { raw, short, date } = reading;
        let uri = raw.first().map_or_else(|| self.client.uri(""), |r| r.uri.clone());
        Ok(Gathered { uri, material: Material::Changes(set), raw, shortfall: short.into_reason(), date })
    }
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    raw: Vec<Raw>,
    short: Shortfalls,
    date: Option<crate::domain::time::Timestamp>,
}

impl Reading {
    fn keep(&mut self, answer: Answer) {
        self.date = answer.date.or(self.date);
        self.raw.push(answer.into());
    }
}

/// One collection.
struct Session<'a> {
    client: &'a Client,
    octocrab: octocrab::Octocrab,
    repository: &'a str,
}

impl Session<'_> {
    async fn get<T: DeserializeOwned>(&self, below: &str) -> Result<(T, Answer), Fault> {
        let answer = self.client.get(&self.octocrab, &format!("repos/{}/{below}", self.repository)).await?;
        Ok((answer.json()?, answer))
    }

    async fn own_commit(&self, head: &str, reading: &mut Reading) -> Result<ChangeSet, Fault> {
        let (commit, answer) = self.get::<wire::Commit>(&format!("commits/{head}")).await?;
        reading.keep(answer);
        Ok(ChangeSet { head: Some(head.into()), commits: vec![commit.into_commit()], ..ChangeSet::default() })
    }

    async fn compare(&self, base: &str, head: &str, reading: &mut Reading) -> Result<ChangeSet, Fault> {
        let mut set = ChangeSet { base: Some(base.into()), head: Some(head.into()), ..ChangeSet::default() };
        let mut commits: Vec<Commit> = Vec::new();
        let mut total = 0;
        for page in 1..=PAGES {
            let below = format!("compare/{base}...{head}?per_page={PAGE}&page={page}");
            let (compared, answer) = match self.get::<wire::Comparison>(&below).await {
                Ok(read) => read,
                Err(fault) if page == 1 => return Err(fault),
                Err(fault) => {
                    reading.short.fault("Not all commits could be read", &fault);
                    break;
                }
            };
            if page == 1 {
                total = compared.total_commits.ok_or_else(|| {
                    Fault::new(FaultKind::Malformed, &answer.uri, "it does not say how many commits there are")
                })?;
                // Only the first page lists files, and not more than these.
                let files = compared.files.as_ref().map(Vec::len).filter(|n| *n < FILES);
                set.files_changed = files.and_then(|n| u32::try_from(n).ok());
                set.relation = compared.status.map(Into::into);
            }
            reading.keep(answer);
            let here = compared.commits.len();
            commits.extend(compared.commits.into_iter().map(wire::Commit::into_commit));
            if commits.len() >= total || here == 0 {
                break;
            }
        }
        let mut seen = std::collections::HashSet::new();
        commits.retain(|c| seen.insert(c.sha.clone()));
        if commits.len() != total {
            reading.short.add("not-all-commits", format!("{} of {total} commits were read.", commits.len()));
        }
        // GitHub gives the oldest first.
        commits.reverse();
        set.commits = commits;
        Ok(set)
    }

    /// The pull requests that brought the commits, each once.
    async fn pull_requests(&self, commits: &[Commit], reading: &mut Reading) -> Vec<PullRequest> {
        if commits.len() > LOOKED_UP {
            let text = format!("Pull requests were looked up for the newest {LOOKED_UP} of {} commits.", commits.len());
            reading.short.add("not-all-pull-requests", text);
        }
        let shas: Vec<String> =
            commits.iter().take(LOOKED_UP).map(|c| c.sha.raw().to_owned()).filter(|s| is_sha(s)).collect();
        let look = |sha: String| async move {
            self.get::<Vec<wire::Pull>>(&format!("commits/{sha}/pulls?per_page={PAGE}")).await
        };
        let mut answers = futures_util::stream::iter(shas).map(look).buffered(AT_ONCE);
        let mut pulls: BTreeMap<u64, PullRequest> = BTreeMap::new();
        let mut failed = 0_usize;
        while let Some(result) = answers.next().await {
            match result {
                Ok((found, answer)) => {
                    reading.keep(answer);
                    pulls.extend(found.into_iter().filter_map(|p| Some((p.number?, p.into_pull_request()?))));
                }
                Err(fault) => {
                    if failed == 0 {
                        reading.short.fault("The pull requests of a commit could not be read", &fault);
                    }
                    failed += 1;
                    // More of the same would not help, and might get the account blocked.
                    if matches!(fault.kind, FaultKind::RateLimited | FaultKind::Unauthorized | FaultKind::Forbidden) {
                        break;
                    }
                }
            }
        }
        pulls.into_values().collect()
    }
}

#[async_trait]
impl Source for Github {
    async fn collect(&self, ask: &Ask) -> Result<Gathered, Fault> {
        match &ask.what {
            What::Repository { repository } => self.changes(ask, repository).await,
            other => Err(not_served(&self.client.uri(""), "GitHub", other)),
        }
    }

    async fn check(&self) -> Result<Checked, Fault> {
        let answer = self.client.get(&self.client.session()?, "user").await?;
        let user: wire::User = answer.json()?;
        let version = answer.headers.get(client::VERSION).and_then(|v| v.to_str().ok());
        let system = version.map_or_else(|| "GitHub".to_owned(), |v| format!("GitHub Enterprise {v}"));
        let who = user.login.unwrap_or_else(|| "an unknown user".to_owned());
        Ok(Checked { line: crate::text::line(&format!("{system}, as {who}")).into_owned(), date: answer.date })
    }
}

/// Whether `text` is a commit's hash, or the beginning of one. Only such text is put into a path.
fn is_sha(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether `text` is `owner/name`.
pub(crate) fn is_repository(text: &str) -> bool {
    let plain = |part: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !matches!(part, "" | "." | "..") && part.len() <= 100 && part.chars().all(allowed)
    };
    text.split_once('/').is_some_and(|(owner, name)| plain(owner) && plain(name))
}

#[cfg(test)]
mod tests;
