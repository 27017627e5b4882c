//! Collects the evidence of a release: all sources side by side, what fails is missing, and the rest goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::{join, join_all};

use super::asks::{self, Task, Tasks};
use super::progress::{Progress, Watcher};
use super::provenance::Judging;
use super::round::Round;
use crate::clock::SharedClock;
use crate::domain::canonical;
use crate::domain::evidence::{Completeness, Evidence, FindingSet, Kind, Origin, Piece, RawRef, Reason};
use crate::domain::finding::{ReportStatus, ReportSummary};
use crate::domain::ids::GateId;
use crate::domain::time::Timestamp;
use crate::ledger::store::EvidenceStore;
use crate::source::jira::keys_in;
use crate::source::{Ask, Body, Gathered, Keeper, Material, Raw, Source};
use crate::text::Untrusted;

/// The sources by the name of their connection; one that could not be set up has the reason instead.
pub type Sources = BTreeMap<String, Result<Arc<dyn Source>, Reason>>;

/// What collecting needs.
pub struct Collector<'a> {
    /// The sources.
    pub sources: &'a Sources,
    /// The source for folders of this machine.
    pub folder: &'a Arc<dyn Source>,
    /// This round's answers.
    pub round: &'a Round,
    /// Where raw bytes are kept; `None`: they are digested and dropped.
    pub keep: Option<&'a Arc<EvidenceStore>>,
    /// What time it is.
    pub clock: &'a SharedClock,
    /// The gate, for progress.
    pub gate: &'a GateId,
    /// Who is told.
    pub watcher: Watcher<'a>,
}

impl Collector<'_> {
    /// Collects everything. `base` resolves to the commit of the last approved release, which only changes wait for.
    pub async fn collect(&self, tasks: Tasks, base: impl Future<Output = Option<Untrusted>>) -> Vec<Piece> {
        for task in tasks.direct.iter().chain(&tasks.changes).chain(&tasks.keyed) {
            (self.watcher)(Progress::Asking { gate: self.gate.clone(), piece: task.name.clone() });
        }
        let Tasks { direct, changes, keyed } = tasks;
        let direct = join_all(direct.into_iter().map(|task| self.piece(task)));
        let chain = async {
            let base = base.await;
            let changes = changes.into_iter().map(|task| self.piece(asks::with_base(task, base.as_ref())));
            let mut pieces = join_all(changes).await;
            let messages = pieces.iter().filter_map(|p| match &p.value {
                Some(Evidence::Changes(set)) => Some(set.commits.iter().map(|c| c.message.raw())),
                _ => None,
            });
            let keys: BTreeSet<String> = messages.flatten().flat_map(keys_in).collect();
            let keys: Vec<String> = keys.into_iter().collect();
            let blocked = pieces.iter().find_map(|p| match &p.completeness {
                Completeness::Missing(reason) => Some(reason.clone()),
                _ => None,
            });
            let no_changes = pieces.is_empty();
            let keyed = join_all(keyed.into_iter().map(|task| {
                let mut task = asks::with_keys(task, &keys);
                if let Some(reason) = &blocked {
                    task.ask = Err(Reason::new(
                        "no-changes",
                        format!(
                            "The changes, whose commit messages name the tickets, are missing: {}",
                            reason.text.raw()
                        ),
                    ));
                } else if no_changes {
                    task.ask = Err(Reason::new(
                        "no-changes",
                        "No changes are configured, so no commit messages name tickets.",
                    ));
                }
                self.piece(task)
            }));
            pieces.extend(keyed.await);
            pieces
        };
        let (mut pieces, more) = join(direct, chain).await;
        pieces.extend(more);
        pieces
    }

    async fn piece(&self, task: Task) -> Piece {
        let piece = self.make_piece(task).await;
        (self.watcher)(Progress::Arrived {
            gate: self.gate.clone(),
            piece: piece.name.clone(),
            status: piece.completeness.word(),
            reason: piece.completeness.reason().cloned(),
        });
        piece
    }

    async fn make_piece(&self, task: Task) -> Piece {
        let mut origin = Origin {
            name: task.name,
            kind: task.kind,
            source: task.from.clone(),
            uri: Untrusted::default(),
            fetched_at: self.clock.now(),
        };
        let ask = match task.ask {
            Ok(ask) => Ask { keeper: keeper(self.keep), ..ask },
            Err(reason) => return Piece::missing(origin, reason),
        };
        let source = match (task.from.as_str(), self.sources.get(&task.from)) {
            ("path", None) => self.folder,
            (_, Some(Ok(source))) => source,
            (_, Some(Err(reason))) => return Piece::missing(origin, reason.clone()),
            (from, None) => {
                return Piece::missing(origin, Reason::new("setup", format!("There is no connection named {from}.")));
            }
        };
        let (blank, keep, judging) = (origin.clone(), self.keep.cloned(), task.judging);
        let how = judging.as_ref().map_or_else(String::new, |j| format!("{j:?}"));
        let read = move |gathered| read(blank, gathered, keep.as_deref(), judging.as_ref());
        let outcome = self.round.ask(&task.from, source, &ask, &how, read).await;
        let fetched_at = self.clock.now();
        match outcome.as_ref() {
            Err(fault) => {
                origin.uri = Untrusted::new(fault.uri.clone());
                Piece::missing(Origin { fetched_at, ..origin }, fault.reason())
            }
            // The same answer may have been asked for by another gate, under another name. Its findings are shared.
            Ok(piece) => {
                Piece { name: origin.name, kind: origin.kind, source: origin.source, fetched_at, ..piece.clone() }
            }
        }
    }
}

/// What gives a source's bytes away: to the evidence store, or to nobody.
fn keeper(keep: Option<&Arc<EvidenceStore>>) -> Keeper {
    match keep.map(Arc::clone) {
        None => Keeper::default(),
        Some(store) => Keeper::new(move |bytes| store.put(bytes).ok()),
    }
}

/// Turns what a source gave into a piece.
fn read(mut origin: Origin, gathered: Gathered, keep: Option<&EvidenceStore>, judging: Option<&Judging>) -> Piece {
    origin.uri = Untrusted::new(gathered.uri);
    let mut parts = Vec::with_capacity(gathered.raw.len());
    for raw in &gathered.raw {
        let (digest, size) = match &raw.body {
            Body::Given { digest, size } => (digest.clone(), *size),
            Body::Held(bytes) => {
                if let Some(store) = keep
                    && let Err(e) = store.put(bytes)
                {
                    let reason = Reason::new("not-kept", format!("The evidence could not be kept: {e}"));
                    return Piece::missing(origin, reason);
                }
                (canonical::sha256(bytes), bytes.len() as u64)
            }
        };
        let (uri, media_type) = (Untrusted::new(raw.uri.clone()), Untrusted::new(raw.media_type.clone()));
        parts.push(RawRef { uri, media_type, digest, size });
    }
    let raw = match parts.as_slice() {
        [] => None,
        [one] => Some(one.digest.clone()),
        many => Some(canonical::digest_of(&many.iter().map(|p| &p.digest).collect::<Vec<_>>())),
    };
    let mut shortfall = gathered.shortfall;
    let value = match gathered.material {
        Material::Builds(builds) => Evidence::Builds(builds),
        Material::Tickets(tickets) => Evidence::Tickets(tickets),
        Material::Changes(changes) => Evidence::Changes(changes),
        Material::Findings(set) => Evidence::Findings(*set),
        Material::Reports if gathered.raw.is_empty() => {
            let reason = shortfall.unwrap_or_else(|| Reason::new("no-report", "There is no report."));
            return Piece::missing(origin, reason);
        }
        Material::Reports if origin.kind == Kind::Provenance => {
            let files = gathered.raw.iter().map(|raw| (raw.uri.as_str(), raw.held()));
            let unsaid = || Err(Reason::new("setup", "Nothing says how attestations are judged."));
            match judging.map_or_else(unsaid, |judging| judging.judge(files)) {
                Ok((provenance, problem)) => {
                    // What is not covered says more than what was left out.
                    shortfall = problem.or(shortfall);
                    Evidence::Provenance(provenance)
                }
                Err(reason) => return Piece::missing(origin, reason),
            }
        }
        Material::Reports => {
            let (set, problem) = read_reports(gathered.raw);
            shortfall = shortfall.or(problem);
            Evidence::Findings(set)
        }
    };
    Piece::got(origin, value, raw, parts, shortfall.map_or(Completeness::Complete, Completeness::Partial))
}

fn read_reports(files: Vec<Raw>) -> (FindingSet, Option<Reason>) {
    let mut set = FindingSet::default();
    let mut lists = Vec::new();
    let mut unread = Vec::new();
    for (file, digest, report) in files.into_iter().flat_map(|raw| {
        let digest = canonical::sha256(raw.held());
        let reports = crate::report::read_all(&raw.uri, raw.held(), None);
        reports.into_iter().map(move |report| (report.file.clone(), digest.clone(), report))
    }) {
        if matches!(report.status, ReportStatus::Error | ReportStatus::NotAssessed) {
            unread.push(format!("{} ({})", file.raw(), report.reason.as_ref().map_or("", |r| r.raw())));
        }
        set.reports.push(ReportSummary {
            file,
            digest,
            format: report.format.to_owned(),
            tool: report.tool.clone(),
            classes: report.classes.clone(),
            status: report.status,
            reason: report.reason.clone(),
            raw_items: report.raw_items,
            merged: report.merged,
        });
        lists.push(report.findings);
    }
    set.findings = crate::domain::dedup::merge_across(lists);
    let problem = (!unread.is_empty())
        .then(|| Reason::new("report-unreadable", format!("Not read as evidence: {}.", unread.join(", "))));
    (set, problem)
}

/// The newest of several clocks of other systems; `None` if none gave its time.
pub fn newest(times: impl IntoIterator<Item = Option<Timestamp>>) -> Option<Timestamp> {
    times.into_iter().flatten().max()
}
