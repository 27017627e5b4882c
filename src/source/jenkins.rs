//! Jenkins: builds, and the report files that they archived.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use percent_encoding::percent_decode_str;

use super::registry::Settings;
use super::{Ask, Checked, Gathered, Material, Raw, Shortfalls, Source, What, not_served};
use crate::domain::build::{Build, Starter};
use crate::domain::gate::BuildRef;
use crate::domain::ids::encode_part;
use crate::http::{Answer, Fault, FaultKind, Http, query_value};

mod cause;
mod wire;

use self::cause::{Behind, Upstream, behind};
use self::wire::{Listing, Run, TestReport};

/// How many builds of a job are looked through for the release's commit.
const BUILDS: usize = 200;
/// The most archived files that are read.
const FILES: usize = 200;
/// The most bytes of archived files that are read in all.
const BYTES: usize = 256 << 20;
/// How many builds before a build are asked who started them.
const UPSTREAM: usize = 10;
/// What is short where a build before this one cannot be read.
const ORIGIN: &str = "Who started the build before this one could not be read";
/// How many files are fetched side by side.
const AT_ONCE: usize = 4;

/// A Jenkins controller.
pub struct Jenkins {
    http: Http,
    files: usize,
    bytes: usize,
}

/// A build that was found, with its answer.
struct Found {
    /// Its path below the controller's address, with a slash at the end.
    path: String,
    job: String,
    run: Run,
    answer: Answer,
    /// Answers that were read on the way to it.
    before: Vec<Raw>,
}

impl Jenkins {
    /// A client for a controller. With a user, the token is an API token, for which Jenkins asks no crumb.
    pub fn new(settings: &Settings) -> Result<Self, Fault> {
        let clock = settings.clock.clone();
        let http = Http::new(&settings.url, settings.auth.clone(), &settings.tls, settings.limits, clock)?;
        Ok(Self { http, files: FILES, bytes: BYTES })
    }

    /// The build that the run's trigger names, else the newest build of `job` of the release's commit.
    async fn find(&self, ask: &Ask, job: Option<&str>) -> Result<Found, Fault> {
        let (names, number, before) = match (&ask.build, job) {
            (Some(build), _) => (self.job_of(build), build.number, Vec::new()),
            (None, Some(job)) => {
                let names = job_names(job);
                let (number, raw) = self.newest(&names, ask).await?;
                (names, number, vec![raw])
            }
            (None, None) => {
                return Err(self.setup("the run names no build, and no job is configured for this service"));
            }
        };
        let path = format!("{}{number}/", job_path(&names));
        let (run, answer) =
            self.http.get_json::<Run>(&format!("{path}api/json?tree={}", query_value(&wire::tree()))).await?;
        if run.number != Some(number) {
            return Err(Fault::new(FaultKind::Malformed, &answer.uri, format!("it does not speak of build {number}")));
        }
        Ok(Found { path, job: names.join("/"), run, answer, before })
    }

    async fn newest(&self, names: &[String], ask: &Ask) -> Result<(u64, Raw), Fault> {
        let commit = ask.release.commit.as_ref().filter(|c| !c.is_empty());
        let commit = commit.ok_or_else(|| self.setup("the run names neither a build nor a commit to look for"))?;
        let tree = format!("allBuilds[number,actions[lastBuiltRevision[SHA1]]]{{0,{BUILDS}}}");
        let path = format!("{}api/json?tree={}", job_path(names), query_value(&tree));
        let (listing, answer) = self.http.get_json::<Listing>(&path).await?;
        let wanted = commit.raw();
        let found = listing.all_builds.iter().filter(|b| b.revisions().any(|r| r.eq_ignore_ascii_case(wanted)));
        let number = found.filter_map(|b| b.number).max().ok_or_else(|| {
            let detail = format!("none of the {} newest builds of {} is of commit {wanted}", BUILDS, names.join("/"));
            Fault::new(FaultKind::NotFound, &answer.uri, detail)
        })?;
        Ok((number, answer.into()))
    }

    /// The names of a build's job and its folders. The build's address is preferred, where it is of this controller,
    /// because Spinnaker writes folders as `team/job/payments`.
    fn job_of(&self, build: &BuildRef) -> Vec<String> {
        let from_address = || {
            let url = url::Url::parse(build.url.as_ref()?.raw()).ok()?;
            let below = url.path().strip_prefix(self.http.base().path())?;
            let parts: Vec<&str> = below.trim_end_matches('/').split('/').collect();
            let (number, jobs) = parts.split_last()?;
            let pairs: Vec<&[&str]> = jobs.chunks(2).collect();
            if number.parse() != Ok(build.number)
                || pairs.is_empty()
                || pairs.iter().any(|p| p.first() != Some(&"job") || p.len() != 2)
            {
                return None;
            }
            let names = pairs.iter().filter_map(|p| p.get(1));
            Some(names.map(|n| percent_decode_str(n).decode_utf8_lossy().into_owned()).collect())
        };
        from_address().unwrap_or_else(|| job_names(build.job.raw()))
    }

    async fn build(&self, ask: &Ask, job: Option<&str>) -> Result<Gathered, Fault> {
        let Found { path, job, run, answer, before } = self.find(ask, job).await?;
        let mut short = Shortfalls::default();
        let (uri, date) = (answer.uri.clone(), answer.date);
        let mut raw = before;
        raw.push(answer.into());
        let tree = query_value("failCount,skipCount,passCount,totalCount");
        let tests = match self.http.get_json::<TestReport>(&format!("{path}testReport/api/json?tree={tree}")).await {
            Ok((report, answer)) => {
                raw.push(answer.into());
                let tests = report.tests();
                if tests.is_none() {
                    short.add("malformed", "The test report has no counts.");
                }
                tests
            }
            // A build without test results has no such page.
            Err(fault) if fault.kind == FaultKind::NotFound => None,
            Err(fault) => {
                short.fault("The test report could not be read", &fault);
                None
            }
        };
        let commit = ask.release.commit.as_ref().map(crate::text::Untrusted::raw);
        let starters = self.starters(behind(run.causes()), &mut raw, &mut short).await;
        let build = Build { starters, ..run.into_build(job, self.http.uri(&path), commit, tests) };
        Ok(Gathered { uri, material: Material::Builds(vec![build]), raw, shortfall: short.into_reason(), date })
    }

    /// Who is behind a build, also through the builds that started it: of those, Jenkins gives job and number alone.
    async fn starters(&self, first: Behind, raw: &mut Vec<Raw>, short: &mut Shortfalls) -> Vec<Starter> {
        let Behind { mut starters, upstream: mut waiting } = first;
        let mut asked: BTreeSet<Upstream> = BTreeSet::new();
        while let Some((upstream, unknown)) = waiting.pop() {
            if asked.contains(&upstream) {
                continue;
            }
            let plain = upstream.job.split('/').all(|p| !matches!(p, "" | "." | ".."));
            if asked.len() >= UPSTREAM || !plain {
                starters.push(unknown);
                continue;
            }
            let names: Vec<String> = upstream.job.split('/').map(ToOwned::to_owned).collect();
            let tree = query_value(&format!("number,actions[{}]", cause::tree()));
            let path = format!("{}{}/api/json?tree={tree}", job_path(&names), upstream.number);
            match self.http.get_json::<Run>(&path).await {
                Ok((run, answer)) if run.number == Some(upstream.number) => {
                    let more = behind(run.causes());
                    // A build that says nothing of its causes says not that nobody started it.
                    let silent = run.causes().next().is_none();
                    starters.extend(silent.then_some(unknown));
                    starters.extend(more.starters);
                    waiting.extend(more.upstream);
                    raw.push(answer.into());
                }
                Ok((_, answer)) => {
                    let detail = format!("it does not speak of build {}", upstream.number);
                    short.fault(ORIGIN, &Fault::new(FaultKind::Malformed, &answer.uri, detail));
                    starters.push(unknown);
                }
                Err(fault) => {
                    // It was deleted, or is of a folder that is not ours to see: so it stays, and whoever it was is listed.
                    if !matches!(fault.kind, FaultKind::NotFound | FaultKind::Forbidden) {
                        short.fault(ORIGIN, &fault);
                    }
                    starters.push(unknown);
                }
            }
            asked.insert(upstream);
        }
        starters.sort();
        starters.dedup();
        starters
    }

    async fn artifacts(&self, ask: &Ask, job: Option<&str>, pattern: &str) -> Result<Gathered, Fault> {
        let glob = glob::Pattern::new(pattern)
            .map_err(|e| self.setup(format!("`artifacts` is not a valid pattern: {}", e.msg)))?;
        let Found { path, run, answer, .. } = self.find(ask, job).await?;
        let uri = format!("{}artifact/", self.http.uri(&path));
        let mut short = Shortfalls::default();
        if run.building == Some(true) {
            short.add("running", "The build is still running, and may archive more files.");
        }
        // As in a shell: only `**` crosses folders.
        let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
        let mut names: Vec<String> = run.artifact_paths().filter(|p| glob.matches_with(p, options)).collect();
        names.sort();
        names.dedup();
        names.retain(|name| {
            let plain = name.split('/').all(|p| !matches!(p, "" | "." | ".."));
            if !plain {
                short.add("bad-name", format!("The archived file {name} was not read: its path is not plain."));
            }
            plain
        });
        if names.is_empty() {
            short.add("no-report", format!("No file that the build archived matches {pattern}."));
        }
        if names.len() > self.files {
            let left = names.len() - self.files;
            short.add("too-many-files", format!("{left} archived files were not read: {} is the most.", self.files));
            names.truncate(self.files);
        }
        let (raw, total) = self.fetch(&path, names, &mut short).await;
        if total > self.bytes {
            short.add("too-large", "The archived files together are too large; the last of them were not read.");
        }
        Ok(Gathered { uri, material: Material::Reports, raw, shortfall: short.into_reason(), date: answer.date })
    }

    /// Fetches files in order, until all together are too large. Gives also how many bytes came.
    async fn fetch(&self, path: &str, names: Vec<String>, short: &mut Shortfalls) -> (Vec<Raw>, usize) {
        let mut answers = futures_util::stream::iter(names)
            .map(|name| async move {
                let encoded: Vec<String> = name.split('/').map(encode_part).collect();
                let answer = self.http.get(&format!("{path}artifact/{}", encoded.join("/"))).await;
                (name, answer)
            })
            .buffered(AT_ONCE);
        let (mut raw, mut total) = (Vec::new(), 0);
        while let Some((name, answer)) = answers.next().await {
            match answer {
                Ok(answer) => {
                    total += answer.body.len();
                    if total > self.bytes {
                        break;
                    }
                    raw.push(Raw { uri: name, ..answer.into() });
                }
                Err(fault) => short.fault(&format!("The archived file {name} could not be read"), &fault),
            }
        }
        (raw, total)
    }

    fn setup(&self, detail: impl Into<crate::text::Untrusted>) -> Fault {
        Fault::new(FaultKind::Setup, self.http.base().as_str(), detail)
    }
}

#[async_trait]
impl Source for Jenkins {
    async fn collect(&self, ask: &Ask) -> Result<Gathered, Fault> {
        match &ask.what {
            What::Build { job } => self.build(ask, job.as_deref()).await,
            What::Artifacts { pattern, job } => self.artifacts(ask, job.as_deref(), pattern).await,
            other => Err(not_served(self.http.base().as_str(), "Jenkins", other)),
        }
    }

    async fn check(&self) -> Result<Checked, Fault> {
        let (me, answer) = self.http.get_json::<wire::Me>("me/api/json?tree=id,fullName").await?;
        let version = answer.headers.get("x-jenkins").and_then(|v| v.to_str().ok()).unwrap_or("of unknown version");
        let who = me.full_name.or(me.id).unwrap_or_default();
        Ok(Checked { line: crate::text::line(&format!("Jenkins {version}, as {who}")).into_owned(), date: answer.date })
    }
}

/// The names of a job and its folders: `team/payments`, also as Spinnaker (`team/job/payments`) and addresses
/// (`job/team/job/payments`) write it.
fn job_names(job: &str) -> Vec<String> {
    let parts: Vec<&str> = job.split('/').filter(|p| !p.is_empty()).collect();
    let every_other = |from: usize| parts.iter().skip(from).step_by(2).all(|p| *p == "job");
    let names: Vec<&str> = if parts.len() > 1 && parts.len().is_multiple_of(2) && every_other(0) {
        parts.iter().skip(1).step_by(2).copied().collect()
    } else if parts.len() > 2 && parts.len() % 2 == 1 && every_other(1) {
        parts.iter().step_by(2).copied().collect()
    } else {
        parts
    };
    names.into_iter().map(ToOwned::to_owned).collect()
}

fn job_path(names: &[String]) -> String {
    names.iter().flat_map(|n| ["job/".to_owned(), encode_part(n), "/".to_owned()]).collect()
}

#[cfg(test)]
mod tests;
