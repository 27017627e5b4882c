//! Checks everything that a decision needs, and says how to mend each.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;

use super::Desk;
use super::provenance;
use super::sign;
use crate::domain::evidence::Reason;
use crate::domain::time::{Timestamp, humane};
use crate::http::Fault;
use crate::source::Checked;

/// From when on the root that is built in is called old.
const OLD_ROOT: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub what: String,
    /// How it is.
    pub state: State,
    /// What was found, in a sentence, safe to display.
    pub found: String,
    /// What to do, if something is to be done.
    pub mend: Vec<String>,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Good.
    Ok,
    /// Works, but should be looked at.
    Warn,
    /// Does not work.
    Bad,
}

impl Check {
    /// One thing that was checked.
    pub fn new(what: impl Into<String>, state: State, found: impl AsRef<str>) -> Self {
        Self { what: what.into(), state, found: crate::text::line(found.as_ref()).into_owned(), mend: Vec::new() }
    }

    pub(super) fn mend(mut self, how: impl AsRef<str>) -> Self {
        self.mend.push(crate::text::line(how.as_ref()).into_owned());
        self
    }
}

/// Checks ledger, trust, key, connections and clocks, the connections side by side.
pub async fn check(desk: &Desk) -> Vec<Check> {
    let mut checks = Vec::new();
    checks.push(match desk.records().await.and_then(|r| r.sound().map(|()| r)) {
        Ok(records) if records.problems.is_empty() => {
            Check::new("ledger", State::Ok, format!("{} has {} entries.", desk.ledger.location(), records.entries()))
        }
        Ok(records) => records.problems.iter().fold(
            Check::new(
                "ledger",
                State::Warn,
                format!("{} has entries that cannot be verified.", desk.ledger.location()),
            ),
            Check::mend,
        ),
        Err(e) => e.hints.iter().fold(Check::new("ledger", State::Bad, &e.message), Check::mend),
    });
    checks.extend(super::anchor::check(desk).await);
    checks.push(match sign::identity(desk).await {
        Ok(identity) => {
            Check::new("signer", State::Ok, format!("You are {}, with {}.", identity.principal, identity.describe()))
        }
        Err(e) => e.hints.iter().fold(Check::new("signer", State::Bad, &e.message), Check::mend),
    });
    checks.extend(trusted_root(desk));
    if desk.orchestrators.is_empty() {
        checks.push(
            Check::new("orchestrators", State::Bad, "No orchestrator is configured.")
                .mend("Add one: [connections.NAME] with kind = \"spinnaker\" and url."),
        );
    }
    if desk.config.service.is_empty() {
        checks.push(
            Check::new("services", State::Bad, "No service is configured, so no gate can be approved.")
                .mend("Add one: [[service]] with name, environments and gate."),
        );
    }
    let orchestrators = join_all(desk.orchestrators.iter().map(|(name, orchestrator)| async move {
        let found = match orchestrator {
            Ok(orchestrator) => Ok(orchestrator.check().await),
            Err(reason) => Err(reason),
        };
        connection(name, found, desk.clock.now())
    }));
    let sources = join_all(desk.sources.iter().map(|(name, source)| async move {
        let found = match source {
            Ok(source) => Ok(source.check().await),
            Err(reason) => Err(reason),
        };
        connection(name, found, desk.clock.now())
    }));
    // What is a source too was asked as one.
    let only = desk.trackers.iter().filter(|(name, _)| !desk.sources.contains_key(*name));
    let trackers = join_all(only.map(|(name, tracker)| async move {
        let found = match tracker {
            Ok(tracker) => Ok(tracker.check().await),
            Err(reason) => Err(reason),
        };
        connection(name, found, desk.clock.now())
    }));
    let (orchestrators, sources, trackers) = futures_util::future::join3(orchestrators, sources, trackers).await;
    checks.extend(orchestrators);
    checks.extend(sources);
    checks.extend(trackers);
    checks
}

/// The trusted root of Sigstore and the builders' keys, where any are configured.
fn trusted_root(desk: &Desk) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(setting) = &desk.config.trust.sigstore_root {
        let name = setting.display();
        checks.push(match provenance::root(setting) {
            Err(reason) => Check::new("trusted root", State::Bad, reason.text.raw()),
            Ok(root) => {
                let newest = root.about.newest.map_or_else(|| "unknown".to_owned(), Timestamp::date);
                let built_in = setting == Path::new(crate::config::PUBLIC_GOOD);
                let old = root.about.newest.is_none_or(|t| desk.clock.now().since(t) > OLD_ROOT);
                let (all, unlogged) = root.instances();
                let logs = match (all, unlogged) {
                    (1, 1) => ", which has no transparency log",
                    (_, 0) => "",
                    _ => ", of which not all have a transparency log",
                };
                let instances = if all == 1 { "one instance".to_owned() } else { format!("{all} instances") };
                let found = format!("{name} is of {instances}{logs}; its newest key is of {newest}.");
                let check = Check::new("trusted root", if old && built_in { State::Warn } else { State::Ok }, found);
                if old && built_in {
                    check.mend(
                        "The root that is built in ages: what the instance took into use or withdrew since is not known. Take \
                         a newer version, or a trusted_root.json of your own.",
                    )
                } else {
                    check
                }
            }
        });
    }
    let keys: BTreeSet<_> =
        desk.config.service.iter().flat_map(|s| &s.provenance).filter_map(|p| p.key.as_ref()).collect();
    for path in keys {
        checks.push(match provenance::key(path) {
            Ok(key) => Check::new("builder's key", State::Ok, format!("{} is {}.", path.display(), key.fingerprint())),
            Err(reason) => Check::new("builder's key", State::Bad, reason.text.raw()),
        });
    }
    checks
}

fn connection(name: &str, found: Result<Result<Checked, Fault>, &Reason>, now: Timestamp) -> Check {
    let what = format!("connection {}", crate::text::line(name));
    match found {
        Err(reason) => Check::new(what, State::Bad, named(reason.text.raw(), name)),
        Ok(Err(fault)) => Check::new(what, State::Bad, named(&fault.sentence(), name)),
        Ok(Ok(checked)) => {
            let skew = checked.date.map(|d| if d > now { d.since(now) } else { now.since(d) });
            match skew.filter(|s| *s > Duration::from_secs(120)) {
                None => Check::new(what, State::Ok, checked.line),
                Some(skew) => Check::new(
                    what,
                    State::Warn,
                    format!("{} Its clock is {} away from ours.", checked.line, humane(skew)),
                )
                .mend("Set this machine's clock; over ten minutes apart nothing is signed."),
            }
        }
    }
}

/// Who finds a fault does not know of which connection it is; here the command can be given as it is to be typed.
fn named(text: &str, connection: &str) -> String {
    text.replace("`countersign login`", &format!("`countersign login {connection}`"))
}
