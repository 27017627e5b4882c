//! Runs the console's effects through the use cases.

mod ledger;
mod links;
mod passphrase;
mod signing;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::join;
use tokio::sync::{OnceCell, mpsc};

use super::effect::{Ask, Effect, RequestId};
use super::msg::{
    ApprovalPreview, Approvals, Arrival, DecisionPreview, Failure, GateRow, KeyInfo, Listed, Msg, PieceState,
};
use crate::config::Config;
use crate::domain::decision::Verb;
use crate::domain::dossier::Dossier;
use crate::domain::ids::{GateId, Principal};
use crate::error::{AppError, ErrorKind};
use crate::review::decide::{self, Prepared, Proposal};
use crate::review::inbox::{self, Waiting};
use crate::review::progress::Progress;
use crate::review::round::Round;
use crate::review::standing::{self, Eyes, Seen};
use crate::review::summary::{self, Summary};
use crate::review::{Desk, Question, Surroundings, afterwards, deliver, dossier, sign, take_up};
use links::Links;
use passphrase::Asker;
use signing::Underway;

/// Runs effects in the background, and sends what comes of them as messages.
pub struct Worker {
    surroundings: Surroundings,
    links: Links,
    asker: Arc<Asker>,
    /// The configuration that the console was opened with, until the desk is.
    config: Mutex<Option<Config>>,
    desk: OnceCell<Arc<Desk>>,
    messages: mpsc::UnboundedSender<Msg>,
    /// The gates as last listed.
    gates: Mutex<HashMap<GateId, Waiting>>,
    /// Whose key it is, as of the last listing.
    who: Mutex<Option<Principal>>,
    /// The dossiers as last put together.
    dossiers: Mutex<HashMap<GateId, Arc<Dossier>>>,
    /// Decisions that were prepared, by the run of their form.
    prepared: Mutex<HashMap<RequestId, Arc<Prepared>>>,
    /// Signatures that are being made.
    signing: Mutex<HashMap<RequestId, Underway>>,
    /// The round that assembling dossiers share as long as one of them is on its way.
    round: Mutex<Weak<Round>>,
    /// Readings and checks of the ledger.
    ledger: ledger::Tasks,
    settled: OnceCell<()>,
}

impl Worker {
    /// A worker that has done nothing yet.
    pub fn new(surroundings: Surroundings, config: Config, messages: mpsc::UnboundedSender<Msg>) -> Arc<Self> {
        let asker = Arc::new(Asker::new(messages.clone()));
        let ask = Arc::clone(&asker);
        let passphrase = Arc::new(move |question: &Question<'_>| ask.ask(question));
        Arc::new(Self {
            links: Links::new(&config.console, &surroundings),
            surroundings: Surroundings { passphrase, ..surroundings },
            asker,
            config: Mutex::new(Some(config)),
            desk: OnceCell::new(),
            messages,
            gates: Mutex::default(),
            who: Mutex::default(),
            dossiers: Mutex::default(),
            prepared: Mutex::default(),
            signing: Mutex::default(),
            round: Mutex::default(),
            ledger: ledger::Tasks::default(),
            settled: OnceCell::new(),
        })
    }

    /// Begins an effect. Returns at once.
    pub fn begin(self: &Arc<Self>, effect: Effect) {
        let worker = Arc::clone(self);
        match effect {
            Effect::Refresh => drop(tokio::spawn(async move { worker.refresh().await })),
            Effect::Assemble(gate) => {
                // Taken here, not in the task, so that all gates of one refresh share it.
                let round = self.shared_round();
                drop(tokio::spawn(async move { worker.assemble(gate, round).await }));
            }
            Effect::Prepare(ask) => drop(tokio::spawn(async move { worker.prepare(ask).await })),
            Effect::Sign(go) => {
                self.begin_signing(go.request, false, |permit| async move { worker.sign(go, permit).await });
            }
            Effect::Dismiss(d) => {
                self.begin_signing(d.request, true, |permit| async move { worker.dismiss(*d, permit).await });
            }
            Effect::CancelSigning(request) => self.cancel_signing(request),
            Effect::Passphrase(ask, Some(typed)) => self.asker.answer(ask, &typed),
            Effect::Passphrase(ask, None) => self.give_up(ask),
            Effect::Ledger(ask) => self.ask_ledger(ask),
            Effect::OpenUrl(url) => {
                drop(tokio::spawn(async move { worker.send(Msg::Note(worker.links.open(&url).await)) }));
            }
            Effect::Copy(text) => {
                drop(tokio::spawn(async move { worker.send(Msg::Note(worker.links.copy(&text).await)) }));
            }
            // What concerns the terminal is the loop's.
            Effect::SetMouse(_) | Effect::Suspend | Effect::EditExternally(_) | Effect::Redraw | Effect::Quit => {}
        }
    }

    /// Lets go of what waits for the person: there is nobody any more.
    pub fn close(&self) {
        self.asker.close();
        self.ledger.close();
    }

    fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, msg: Msg) {
        // The loop has ended if nobody listens any more.
        self.messages.send(msg).ok();
    }

    fn fail(&self, task: &str, request: Option<RequestId>, error: AppError) {
        let failure = Failure { task: task.to_owned(), message: error.message, hints: error.hints };
        self.send(Msg::Failed { request, failure });
    }

    fn shared_round(&self) -> Arc<Round> {
        let mut held = Self::lock(&self.round);
        held.upgrade().unwrap_or_else(|| {
            let round = Arc::new(Round::default());
            *held = Arc::downgrade(&round);
            round
        })
    }

    async fn desk(&self) -> Result<Arc<Desk>, AppError> {
        let open = || async {
            let config = Self::lock(&self.config).take();
            let desk = match config {
                Some(config) => Desk::open_as(self.surroundings.clone(), config).await,
                // It failed before. The person may have mended the configuration meanwhile.
                None => Desk::open(self.surroundings.clone()).await,
            };
            desk.map(Arc::new)
        };
        self.desk.get_or_try_init(open).await.map(Arc::clone)
    }

    async fn refresh(&self) {
        let listed = async {
            let desk = self.desk().await?;
            let (inbox, who) = join(inbox::list(&desk), standing::who(&desk)).await;
            Self::lock(&self.who).clone_from(&who);
            let eyes = Eyes::of(&desk, who).await?;
            Ok::<_, AppError>((desk, inbox?, eyes))
        };
        match listed.await {
            Err(error) => self.fail("refresh", None, error),
            Ok((desk, inbox, eyes)) => {
                let now = desk.clock.now();
                let rows = {
                    let mut known = Self::lock(&self.dossiers);
                    known.retain(|id, _| inbox.gates.iter().any(|w| w.gate.id == *id));
                    let dossier = |w: &Waiting| known.get(&w.gate.id).map(Arc::as_ref);
                    inbox.gates.iter().map(|w| row(w, eyes.on(w, dossier(w)))).collect()
                };
                *Self::lock(&self.gates) = inbox.gates.into_iter().map(|w| (w.gate.id.clone(), w)).collect();
                self.send(Msg::GatesListed(Box::new(Listed { rows, shortfalls: inbox.shortfalls, now })));
                self.settled.get_or_init(|| self.settle(&desk)).await;
            }
        }
    }

    /// What a crash left open is settled at the first look at the world.
    async fn settle(&self, desk: &Desk) {
        let Ok(identity) = sign::identity(desk).await else { return };
        let watcher = |progress: Progress| {
            if let Progress::Delivery { step, .. } = progress {
                self.send(Msg::Note(step));
            }
        };
        match deliver::settle_all(desk, &identity.principal, &watcher).await {
            Ok(lines) => lines.into_iter().for_each(|line| self.send(Msg::Note(format!("Settled: {line}")))),
            Err(error) => self.fail("settle open decisions", None, error),
        }
    }

    fn known(&self, gate: &GateId) -> Result<Waiting, AppError> {
        let gates = Self::lock(&self.gates);
        gates
            .get(gate)
            .cloned()
            .ok_or_else(|| AppError::new(ErrorKind::NoGate, format!("The gate {gate} is not listed any more.")))
    }

    async fn assemble(&self, gate: GateId, round: Arc<Round>) {
        let watcher = |progress: Progress| self.arrived(progress);
        let assembled = async {
            let desk = self.desk().await?;
            let waiting = self.known(&gate)?;
            let dossier = dossier::assemble(&desk, &waiting, &round, false, &watcher).await?;
            Ok::<_, AppError>((desk, dossier))
        };
        match assembled.await.map(|(desk, dossier)| (desk, self.keep(&gate, dossier))) {
            Ok((desk, dossier)) => self.send_dossier(&desk, gate, dossier).await,
            Err(error) => {
                let failure =
                    Failure { task: format!("evidence of {gate}"), message: error.message, hints: error.hints };
                self.send(Msg::AssemblyFailed { gate, failure });
            }
        }
    }

    fn keep(&self, gate: &GateId, dossier: Arc<Dossier>) -> Arc<Dossier> {
        if let Some(old) = Self::lock(&self.dossiers).insert(gate.clone(), Arc::clone(&dossier)) {
            drop(tokio::spawn(retire(old)));
        }
        dossier
    }

    async fn ready(&self, gate: GateId, dossier: Arc<Dossier>) {
        let Ok(desk) = self.desk().await else { return };
        let dossier = self.keep(&gate, dossier);
        self.send_dossier(&desk, gate, dossier).await;
    }

    /// Sends a dossier with what the ledger has on its gate.
    async fn send_dossier(&self, desk: &Desk, gate: GateId, dossier: Arc<Dossier>) {
        match desk.records().await {
            Ok(records) => {
                let decisions = Arc::new(afterwards::decisions(desk, &records, &gate).await);
                let approvals = self.approvals(desk, &gate).await;
                self.send(Msg::DossierReady { gate, dossier, decisions, approvals, now: desk.clock.now() });
            }
            Err(error) => {
                let failure =
                    Failure { task: format!("evidence of {gate}"), message: error.message, hints: error.hints };
                self.send(Msg::AssemblyFailed { gate, failure });
            }
        }
    }

    /// How far the approvals of a listed gate are, over its evidence where that is there.
    async fn approvals(&self, desk: &Desk, gate: &GateId) -> Option<Approvals> {
        let waiting = self.known(gate).ok()?;
        let who = Self::lock(&self.who).clone();
        let eyes = Eyes::of(desk, who).await.ok()?;
        let dossier = Self::lock(&self.dossiers).get(gate).cloned();
        Some(approvals(eyes.on(&waiting, dossier.as_deref())))
    }

    fn arrived(&self, progress: Progress) {
        let (gate, piece, state, reason) = match progress {
            Progress::Asking { gate, piece } => (gate, piece, PieceState::Asking, None),
            Progress::Arrived { gate, piece, status, reason } => {
                let state = match status {
                    "complete" => PieceState::Complete,
                    "partial" => PieceState::Partial,
                    _ => PieceState::Missing,
                };
                (gate, piece, state, reason.map(|r| r.text))
            }
            Progress::Signing { .. } | Progress::Delivery { .. } => return,
        };
        self.send(Msg::PieceArrived(Box::new(Arrival { gate, piece, state, reason })));
    }

    async fn prepare(&self, ask: Ask) {
        let task = format!("{} {}", ask.verb.word(), ask.gate);
        let request = ask.request;
        match self.try_prepare(ask).await {
            Ok((prepared, preview)) => {
                if !preview.differences.is_empty() {
                    // The person looks again at what is there now.
                    let (gate, dossier) = (prepared.waiting.gate.id.clone(), Arc::clone(&prepared.dossier));
                    self.ready(gate, dossier).await;
                }
                Self::lock(&self.prepared).insert(request, Arc::new(prepared));
                self.send(Msg::Prepared { request, preview: Box::new(preview) });
            }
            Err(error) => self.fail(&task, Some(request), error),
        }
    }

    async fn try_prepare(&self, ask: Ask) -> Result<(Prepared, DecisionPreview), AppError> {
        let desk = self.desk().await?;
        let read = match inbox::read(&desk, &ask.gate).await {
            Err(e) => match take_up::open_order(&desk, &ask.gate, ask.verb).await? {
                Some(open) => return Err(open.stays_open(e)),
                None => return Err(e),
            },
            Ok(read) => read,
        };
        let waiting =
            read.ok_or_else(|| AppError::new(ErrorKind::NoGate, format!("The gate {} is gone.", ask.gate)))?;
        let proposal = Proposal {
            verb: ask.verb,
            reason: ask.reason.raw().to_owned(),
            option: ask.option.as_ref().map(|o| o.raw().to_owned()),
            // Halting, rejecting and remarking are bound to what is there now; approving to what was on the screen.
            expect: (ask.verb == Verb::Approve).then(|| ask.expect.to_string()),
            allow_clock_skew: false,
            break_glass: false,
            viewed: ask.viewed.clone(),
        };
        let prepared = decide::prepare(&desk, waiting, proposal, false, &|_| {}).await?;
        let mut differences = Vec::new();
        if prepared.waiting.gate.attempt != ask.attempt {
            differences.push("The gate was asked again since: this is another attempt.".to_owned());
        }
        if prepared.dossier.digest != ask.expect {
            differences.push(format!("The dossier on the screen was {}.", ask.expect.short()));
        }
        let earlier = summary::earlier(&desk, &prepared).await?;
        let preview = preview(&prepared, earlier.map(|e| e.words()), differences);
        Ok((prepared, preview))
    }
}

/// Lets go of a dossier once the loop has: to give a million findings back takes longer than a key may.
async fn retire(old: Arc<Dossier>) {
    for _ in 0..50 {
        if Arc::strong_count(&old) == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(tokio::task::spawn_blocking(move || drop(old)).await);
}

pub(super) fn row(waiting: &Waiting, seen: Seen) -> GateRow {
    GateRow {
        gate: waiting.gate.clone(),
        release: waiting.release.clone(),
        service: waiting.service.clone(),
        approvals: approvals(seen),
    }
}

fn approvals(seen: Seen) -> Approvals {
    Approvals { standing: seen.standing, mine: seen.mine, counted_now: seen.counted_now }
}

fn preview(prepared: &Prepared, earlier: Option<String>, differences: Vec<String>) -> DecisionPreview {
    let summary = Summary::of(prepared);
    let none = || "none".to_owned();
    let (principal, key) = match &summary.signer {
        Ok(signs) => (
            signs.principal.clone(),
            KeyInfo {
                fingerprint: signs.fingerprint.clone(),
                kind: signs.algorithm.clone(),
                hardware: signs.hardware,
                comment: signs.comment.line().into_owned(),
            },
        ),
        Err(_) => (
            Principal::new("nobody"),
            KeyInfo { fingerprint: none(), kind: none(), hardware: false, comment: String::new() },
        ),
    };
    let words = |e: &AppError| std::iter::once(e.message.clone()).chain(e.hints.clone()).collect::<Vec<_>>().join(" ");
    let refusal: Vec<String> = summary.refusals.iter().map(words).collect();
    DecisionPreview {
        verb: summary.verb,
        release: summary.release.short(),
        acts_as: summary.acts_as(),
        approvals: summary.approvals.as_ref().map(|(before, _)| ApprovalPreview {
            standing: before.words(),
            unplaced: summary.unplaced().map(ToOwned::to_owned),
        }),
        requests: summary.sent().collect(),
        gate: summary.gate,
        attempt: summary.attempt,
        dossier: summary.dossier,
        reason: summary.reason,
        option: summary.option,
        about: summary.release,
        findings: summary.findings,
        verdict: summary.verdict.result,
        reasons: summary.verdict.reasons,
        missing: summary.missing,
        then: summary.then,
        sends: summary.sends,
        remarks: summary.remarks,
        earlier,
        principal,
        key,
        refusal: (!refusal.is_empty()).then(|| refusal.join(" ")),
        differences,
    }
}
