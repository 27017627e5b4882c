//! What the mirrors have of the ledger, to compare it with.
//!
//! A mirror that has nothing compares nothing, and that is never silent. One that is known to have had a checkpoint and has
//! it no more was harmed. One that never had any is given the newest now, where that may be, and the answer says so.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Desk, Standing, key_of};
use crate::config::schema::MirrorConfig;
use crate::ledger::anchor::Anchor;
use crate::ledger::{Head, Root};
use crate::remote::mirror::{Found, MirrorError, is_mirror};

/// What mirrors have of a ledger.
#[derive(Debug, Default)]
pub struct Mirrored {
    /// What they have seen.
    pub anchors: Vec<Anchor>,
    /// What could not be compared with, each with why and what to do.
    pub problems: Vec<(String, String)>,
    /// What was not compared with, and is as it should be.
    pub notes: Vec<String>,
}

const MEND: &str = "Look at who can write there, or run it again once it can be reached: nothing is compared with it.";

/// Everything that the mirrors have of the ledger, the configured ones and those of these paths that are mirrors, as
/// anchors; and what could not be read or is not there.
pub async fn mirrored(desk: &Desk, paths: &[PathBuf]) -> Mirrored {
    let mut all = Mirrored::default();
    let named = paths.iter().filter(|path| is_mirror(path)).map(|path| {
        let path = path.clone();
        if path.join(".git").exists() { MirrorConfig::Git(path) } else { MirrorConfig::Folder(path) }
    });
    let named: Vec<MirrorConfig> = named.collect();
    if named.is_empty() && desk.mirrors.configured.is_empty() {
        return all;
    }
    let ledger = Arc::clone(&desk.ledger);
    let about = tokio::task::spawn_blocking(move || {
        let mut about = Ok((String::new(), 0));
        ledger.snapshot(&mut |reading| {
            about = reading.origin().and_then(|origin| Ok((origin, reading.size()?)));
            Ok(())
        })?;
        about
    });
    // A ledger that does not even say which it is, is found damaged by the check itself.
    let Ok(Ok((origin, size))) = about.await else { return all };
    for configured in &named {
        all.take(desk, configured, &origin, size, None).await;
    }
    // As it was before anything is asked: what is noted was put there by then.
    let mut standings = desk.mirrors.standings();
    for configured in &desk.mirrors.configured {
        let standing = standings.remove(&key_of(configured)).unwrap_or_default();
        all.take(desk, configured, &origin, size, Some(standing)).await;
    }
    all
}

impl Mirrored {
    /// Reads one. `standing` is what is noted of a configured one.
    async fn take(
        &mut self,
        desk: &Desk,
        configured: &MirrorConfig,
        origin: &str,
        size: u64,
        standing: Option<Standing>,
    ) {
        let name = crate::text::line(&key_of(configured)).into_owned();
        let id = origin.rsplit('/').next().unwrap_or_default();
        let mut found = match read(desk, configured, id).await {
            Ok(found) => found,
            Err(e) => return self.problems.push((e.to_string(), MEND.to_owned())),
        };
        let had = standing.as_ref().filter(|s| s.origin == origin && s.size > 0);
        if let Some(had) = had.filter(|had| found.iter().all(|f| f.size != had.size)) {
            self.problems.push((
                format!("The mirror {name} had a checkpoint at {} entries of this ledger, and has it no more.", had.size),
                "Somebody took it away, or another place is mounted there, or it was kept for no longer: look at who can \
                 write there, and compare with another anchor (--anchor). The next decision puts a checkpoint there again."
                    .to_owned(),
            ));
        } else if found.is_empty() && size > 0 {
            // Nothing is known of a mirror that is named for this once, and nothing is put there.
            let given = standing.is_some() && !desk.readonly;
            if given {
                desk.mirrors.catch_up(&desk.ledger, false).await;
                found = read(desk, configured, id).await.unwrap_or_default();
            }
            if found.is_empty() {
                let mend = if standing.is_some() {
                    "Whatever is put there later says nothing of what was before. `countersign ledger list`, without \
                     --readonly, puts the newest checkpoint there and says what is in the way."
                } else {
                    "Name a mirror of this ledger. If this is one, its checkpoints were taken away."
                };
                let what = format!("The mirror {name} has no checkpoint of this ledger, which has {size} entries.");
                self.problems.push((what, mend.to_owned()));
            } else {
                self.notes.push(format!(
                    "The mirror {name} had no checkpoint of this ledger: the newest was put there now, and nothing older \
                     was compared. If it had some, they were taken away."
                ));
                return;
            }
        }
        for found in found {
            match anchor(found) {
                Ok(anchor) => self.anchors.push(anchor),
                Err(why) => self.problems.push((why, MEND.to_owned())),
            }
        }
    }
}

async fn read(desk: &Desk, configured: &MirrorConfig, id: &str) -> Result<Vec<Found>, MirrorError> {
    desk.mirrors.connect(configured).await?.read_all(id).await
}

/// What was found, as an anchor. The error is a full sentence.
pub(super) fn anchor(found: Found) -> Result<Anchor, String> {
    let Found { place, note, .. } = found;
    let head = note.and_then(|note| {
        let root = note.root.parse::<Root>().map_err(|_e| "its root is none".to_owned())?;
        Ok(Head { origin: note.origin, size: note.size, root })
    });
    match head {
        Ok(head) => Ok(Anchor { from: place, head }),
        Err(why) => Err(format!("{place} is no checkpoint: {why}.")),
    }
}
