//! Mirrors of the ledger's checkpoints: put there after each append, caught up with when they failed, and read back.
//!
//! A mirror that fails holds nothing up and loses nothing: the next command tries again, and until one succeeds each says
//! so. What each mirror has is noted in the state folder; without the note it is put there again, which changes nothing.

mod mirrored;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::mirrored::anchor;
pub use self::mirrored::{Mirrored, mirrored};
use super::Desk;
use super::doctor::{Check, State};
use crate::clock::SharedClock;
use crate::config::schema::{MirrorConfig, S3Config};
use crate::domain::time::{Timestamp, parse_duration};
use crate::http::Limits;
use crate::ledger::{Head, Ledger};
use crate::orchestrator;
use crate::remote::mirror::{Found, Mirror, MirrorError, Note, S3Settings};
use crate::remote::sigv4::Credentials;
use crate::secrets::Resolver;

/// How long one mirror may take.
const LIMIT: Duration = Duration::from_secs(20);
/// How soon one that failed is tried again.
const AGAIN: Duration = Duration::from_secs(30);
/// How long a checkpoint is locked in S3 where nothing is said: a year.
const RETAIN: Duration = Duration::from_secs(365 * 86_400);

/// The mirrors of a desk.
pub struct Mirrors {
    configured: Vec<MirrorConfig>,
    secrets: Arc<Resolver>,
    clock: SharedClock,
    notes: Option<PathBuf>,
    /// One at a time, and what is known of each.
    running: tokio::sync::Mutex<()>,
    said: Mutex<Vec<String>>,
}

/// What is known of one mirror.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Standing {
    /// What it has, at the newest.
    origin: String,
    size: u64,
    root: String,
    /// Why it has no more, and when that was tried.
    why: Option<String>,
    tried: Option<Timestamp>,
}

type Standings = BTreeMap<String, Standing>;

impl Mirrors {
    /// The mirrors that are configured. `state` is the folder for what can be lost.
    pub fn new(
        configured: Vec<MirrorConfig>,
        secrets: Arc<Resolver>,
        clock: SharedClock,
        state: Option<PathBuf>,
    ) -> Self {
        let notes = state.map(|folder| folder.join("mirrors.json"));
        Self { configured, secrets, clock, notes, running: tokio::sync::Mutex::default(), said: Mutex::default() }
    }

    /// What was wrong with mirrors when they were last tried.
    pub fn warnings(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts the newest checkpoint wherever it is not yet. Gives what is wrong, each in a sentence. `patient`: one that
    /// failed a moment ago is not tried again yet.
    pub async fn catch_up(&self, ledger: &Arc<dyn Ledger>, patient: bool) -> Vec<String> {
        if self.configured.is_empty() {
            return Vec::new();
        }
        let _turn = self.running.lock().await;
        let asked = Arc::clone(ledger);
        let newest = tokio::task::spawn_blocking(move || asked.checkpoint()).await;
        // A ledger that cannot be read is said by whoever reads it.
        let Ok(Ok(Some(text))) = newest else { return self.warnings() };
        let mut said = Vec::new();
        match Note::parse(&text) {
            Err(why) => said.push(format!("The newest checkpoint cannot be mirrored: {why}.")),
            Ok(note) => {
                let mut standings = self.standings();
                for configured in &self.configured {
                    let standing = standings.entry(key_of(configured)).or_default();
                    self.put(ledger, configured, &note, standing, patient).await;
                    if let Some(why) = &standing.why {
                        let text = format!("A mirror of the ledger is behind. {why}");
                        said.push(crate::text::line(&text).into_owned());
                    }
                }
                self.keep(&standings);
            }
        }
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&said);
        said
    }

    async fn put(
        &self,
        ledger: &Arc<dyn Ledger>,
        configured: &MirrorConfig,
        note: &Note,
        standing: &mut Standing,
        patient: bool,
    ) {
        let same = (&standing.origin, standing.size, &standing.root) == (&note.origin, note.size, &note.root);
        if standing.why.is_none() && same {
            return;
        }
        let now = self.clock.now();
        if patient && standing.why.is_some() && standing.tried.is_some_and(|t| t <= now && now.since(t) < AGAIN) {
            return;
        }
        let work = async {
            let mirror = self.connect(configured).await?;
            // What is not known of it, it says itself: a ledger that was put back has no note of it either, perhaps.
            if standing.origin != note.origin || standing.root.is_empty() {
                *standing = newest(&mirror, note).await?;
            }
            grown(ledger, standing, note, &mirror.name()).await?;
            mirror.put(note).await
        };
        let outcome = tokio::time::timeout(LIMIT, work).await.unwrap_or_else(|_e| Err(late(configured)));
        standing.tried = Some(now);
        match outcome {
            Ok(()) => {
                *standing = Standing {
                    origin: note.origin.clone(),
                    size: note.size,
                    root: note.root.clone(),
                    why: None,
                    tried: Some(now),
                };
            }
            // What it has stays noted: a fork is said for as long as it is one.
            Err(e) => standing.why = Some(e.to_string()),
        }
    }

    /// A mirror, its credentials resolved.
    async fn connect(&self, configured: &MirrorConfig) -> Result<Mirror, MirrorError> {
        match configured {
            MirrorConfig::Folder(root) => Ok(Mirror::folder(root.clone())),
            MirrorConfig::Git(root) => Ok(Mirror::git(root.clone())),
            MirrorConfig::S3(s3) => Ok(Mirror::s3(self.settings(s3).await?, self.clock.clone())?),
        }
    }

    async fn settings(&self, s3: &S3Config) -> Result<S3Settings, MirrorError> {
        let unusable = |why: String| MirrorError::Unusable(format!("S3 {}: {why}", crate::text::line(&s3.endpoint)));
        let secret = async |source| {
            let found = self.secrets.resolve(source).await;
            found.map(|credential| credential.secret).map_err(|e| unusable(e.to_string()))
        };
        let credentials = Credentials {
            access_key: secret(&s3.access_key).await?,
            secret_key: secret(&s3.secret_key).await?,
            region: s3.region.clone().unwrap_or_else(|| "us-east-1".to_owned()),
        };
        let mut prefix = s3.prefix.clone().unwrap_or_default();
        if !prefix.is_empty() && !prefix.ends_with('/') {
            prefix.push('/');
        }
        Ok(S3Settings {
            endpoint: s3.endpoint.clone(),
            bucket: s3.bucket.clone(),
            prefix,
            retain: s3.retain.as_deref().and_then(parse_duration).unwrap_or(RETAIN),
            credentials,
            tls: super::connect::tls(&s3.tls).map_err(|reason| unusable(reason.text.line().into_owned()))?,
            limits: Limits { total: LIMIT / 2, retries: 1, ..Limits::default() },
        })
    }

    fn standings(&self) -> Standings {
        // A note that is not there, or cannot be read, is made anew.
        let read = self.notes.as_ref().and_then(|path| std::fs::read(path).ok());
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    fn keep(&self, standings: &Standings) {
        let Some(path) = &self.notes else { return };
        let write = || -> std::io::Result<()> {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
            std::fs::write(&temporary, serde_json::to_vec(standings)?)?;
            std::fs::rename(&temporary, path)
        };
        // Without it the next command puts there what is there already.
        write().ok();
    }
}

/// What a mirror is noted under.
fn key_of(configured: &MirrorConfig) -> String {
    match configured {
        MirrorConfig::Folder(path) => format!("folder {}", path.display()),
        MirrorConfig::Git(path) => format!("git {}", path.display()),
        MirrorConfig::S3(s3) => {
            format!("s3 {} {} {}", s3.endpoint, s3.bucket, s3.prefix.as_deref().unwrap_or_default())
        }
    }
}

/// What a mirror has at the newest, of the ledger of a note.
async fn newest(mirror: &Mirror, note: &Note) -> Result<Standing, MirrorError> {
    let id = note.origin.rsplit('/').next().unwrap_or_default();
    let origin = note.origin.clone();
    let listed = mirror.list(id).await?;
    let Some(last) = listed.last() else { return Ok(Standing { origin, ..Standing::default() }) };
    match mirror.read(last).await?.note {
        Ok(found) => Ok(Standing { origin, size: found.size, root: found.root, ..Standing::default() }),
        // `put` finds what is in its way, and `doctor` names it.
        Err(_) => Ok(Standing { origin, ..Standing::default() }),
    }
}

/// That the ledger has grown out of what a mirror has. If it has not, it was put back or rewritten, and no newer checkpoint
/// may cover that up.
async fn grown(ledger: &Arc<dyn Ledger>, had: &Standing, note: &Note, mirror: &str) -> Result<(), MirrorError> {
    if had.size == 0 {
        return Ok(());
    }
    let (ledger, size) = (Arc::clone(ledger), had.size);
    let root = tokio::task::spawn_blocking(move || ledger.root_at(size)).await;
    let now = match root {
        Ok(Ok(Some(root))) if root.to_string() == had.root => return Ok(()),
        Ok(Ok(Some(root))) => format!("the ledger has the root {root} there"),
        // Another home may be ahead of what was read here: then it is there by now.
        Ok(Ok(None)) => format!("the ledger has only {} entries", note.size),
        Ok(Err(e)) => return Err(MirrorError::Unusable(e.to_string())),
        Err(e) => return Err(MirrorError::Unusable(e.to_string())),
    };
    Err(MirrorError::Fork(format!(
        "{mirror} has seen {} entries of this ledger with the root {}, and {now}. The ledger was put back from an older copy \
         or was rewritten, or the mirror was. Sign nothing until that is known: `countersign ledger check`.",
        had.size, had.root
    )))
}

fn late(configured: &MirrorConfig) -> MirrorError {
    let name = key_of(configured);
    let name = crate::text::line(&name);
    MirrorError::Unusable(format!("The mirror {name} did not answer within {} s.", LIMIT.as_secs()))
}

impl Desk {
    /// Puts the newest checkpoint to every mirror that does not have it, and gives what is wrong.
    pub async fn anchor(&self) -> Vec<String> {
        if self.readonly {
            return self.mirrors.warnings();
        }
        self.mirrors.catch_up(&self.ledger, true).await
    }

    /// The same aside, while something else is done.
    pub fn start_anchoring(&self) {
        if self.readonly || self.mirrors.configured.is_empty() {
            return;
        }
        let (mirrors, ledger) = (Arc::clone(&self.mirrors), Arc::clone(&self.ledger));
        drop(tokio::spawn(async move { mirrors.catch_up(&ledger, true).await }));
    }

    /// How far the ledger reaches, for the orchestrator's own record. What cannot be told is left out.
    pub async fn reach(&self) -> Option<orchestrator::Anchor> {
        let ledger = Arc::clone(&self.ledger);
        let head = tokio::task::spawn_blocking(move || ledger.head()).await.ok()?.ok()?;
        Some(orchestrator::Anchor { origin: head.origin, size: head.size, root: head.root.to_string() })
    }
}

/// How each mirror stands, for `doctor`: it is asked, not the note of it.
pub async fn check(desk: &Desk) -> Vec<Check> {
    let ledger = Arc::clone(&desk.ledger);
    // What is wrong with the ledger is said elsewhere.
    let Ok(Ok(head)) = tokio::task::spawn_blocking(move || ledger.head()).await else { return Vec::new() };
    let mut checks = Vec::new();
    for configured in &desk.mirrors.configured {
        let what = format!("mirror {}", crate::text::line(&key_of(configured)));
        let work = async {
            let mirror = desk.mirrors.connect(configured).await?;
            let id = head.origin.rsplit('/').next().unwrap_or_default();
            let listed = mirror.list(id).await?;
            let newest = match listed.last() {
                Some(newest) => Some(mirror.read(newest).await?),
                None => None,
            };
            Ok((listed.len(), newest))
        };
        let outcome = tokio::time::timeout(LIMIT, work).await.unwrap_or_else(|_e| Err(late(configured)));
        checks.push(match outcome {
            Err(e) => Check::new(what, State::Bad, e.to_string())
                .mend("Decisions are not lost: it is caught up with once it can be reached."),
            Ok((count, newest)) => standing(desk, what, &head, count, newest).await,
        });
    }
    checks
}

async fn standing(desk: &Desk, what: String, head: &Head, count: usize, newest: Option<Found>) -> Check {
    let behind = "The next command that decides catches up with it.";
    let seen = match newest.map(anchor) {
        None if head.size == 0 => return Check::new(what, State::Ok, "It is empty, as the ledger is."),
        None => return Check::new(what, State::Warn, "It has no checkpoint of this ledger yet.").mend(behind),
        Some(Err(why)) => return Check::new(what, State::Bad, why).mend("Look at who can write there."),
        Some(Ok(anchor)) => anchor.head,
    };
    let ledger = Arc::clone(&desk.ledger);
    let size = seen.size;
    let root = tokio::task::spawn_blocking(move || ledger.root_at(size)).await;
    match root {
        Ok(Ok(Some(root))) if root == seen.root && seen.size == head.size => {
            Check::new(what, State::Ok, format!("It has {count} checkpoints, the newest at {size} entries."))
        }
        Ok(Ok(Some(root))) if root == seen.root => Check::new(
            what,
            State::Warn,
            format!("It has {count} checkpoints, the newest at {size} entries of {}.", head.size),
        )
        .mend(behind),
        Ok(Ok(Some(_))) => {
            Check::new(what, State::Bad, format!("It has another root at {size} entries than the ledger."))
                .mend("One of the two was rewritten. Sign nothing until that is known: `countersign ledger check`.")
        }
        Ok(Ok(None)) => {
            Check::new(what, State::Bad, format!("It has seen {size} entries, and the ledger has {}.", head.size))
                .mend("The ledger was cut, or restored from an older copy. Sign nothing until that is known.")
        }
        Ok(Err(e)) => Check::new(what, State::Bad, e.to_string()),
        Err(e) => Check::new(what, State::Bad, e.to_string()),
    }
}
