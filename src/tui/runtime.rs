//! Runs the console's effects through the use cases.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OnceCell, mpsc};
use tokio::task::AbortHandle;

use super::effect::{Ask, Dismissing, Effect, Go, RequestId};
use super::msg::{Arrival, DecisionPreview, DecisionResult, Failure, GateRow, KeyInfo, Listed, Msg, PieceState};
use crate::domain::decision::{ReceiptStatus, Verb};
use crate::domain::dossier::Dossier;
use crate::domain::ids::{GateId, Principal};
use crate::error::{AppError, ErrorKind};
use crate::review::decide::{self, Prepared, Proposal};
use crate::review::inbox::{self, Waiting};
use crate::review::progress::Progress;
use crate::review::round::Round;
use crate::review::triage::{self, Dismiss};
use crate::review::{Desk, Surroundings, deliver, dossier, sign};

/// Runs effects in the background, and sends what comes of them as messages.
pub struct Worker {
    surroundings: Surroundings,
    desk: OnceCell<Arc<Desk>>,
    messages: mpsc::UnboundedSender<Msg>,
    /// The gates as last listed.
    gates: Mutex<HashMap<GateId, Waiting>>,
    /// Decisions that were prepared, by the run of their form.
    prepared: Mutex<HashMap<RequestId, Arc<Prepared>>>,
    /// Signatures that wait.
    signing: Mutex<HashMap<RequestId, AbortHandle>>,
    /// The round that assembling dossiers share as long as one of them is on its way.
    round: Mutex<Weak<Round>>,
    settled: OnceCell<()>,
}

impl Worker {
    /// A worker that has done nothing yet: not even the configuration is read.
    pub fn new(surroundings: Surroundings, messages: mpsc::UnboundedSender<Msg>) -> Arc<Self> {
        Arc::new(Self {
            surroundings,
            desk: OnceCell::new(),
            messages,
            gates: Mutex::default(),
            prepared: Mutex::default(),
            signing: Mutex::default(),
            round: Mutex::default(),
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
                let request = go.request;
                let task = tokio::spawn(async move { worker.sign(go).await });
                Self::lock(&self.signing).insert(request, task.abort_handle());
            }
            Effect::CancelSigning(request) => {
                // Taken out first: once something is signed, it is no longer in there.
                let waiting = Self::lock(&self.signing).remove(&request);
                if let Some(task) = waiting {
                    task.abort();
                    self.send(Msg::DecisionDone {
                        request,
                        result: DecisionResult::NotSigned,
                        text: "You gave up. Nothing was signed.".to_owned(),
                        receipt: None,
                    });
                }
            }
            Effect::Dismiss(dismissing) => drop(tokio::spawn(async move { worker.dismiss(*dismissing).await })),
            Effect::OpenUrl(url) => drop(tokio::spawn(async move { worker.open_url(&url).await })),
            Effect::Copy(text) => drop(tokio::spawn(async move { worker.copy(&text).await })),
            // What concerns the terminal is the loop's.
            Effect::SetMouse(_) | Effect::Suspend | Effect::EditExternally(_) | Effect::Redraw | Effect::Quit => {}
        }
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
        let opened = self.desk.get_or_try_init(|| async { Desk::open(self.surroundings.clone()).await.map(Arc::new) });
        opened.await.map(Arc::clone)
    }

    async fn refresh(&self) {
        let listed = async {
            let desk = self.desk().await?;
            let inbox = inbox::list(&desk).await?;
            Ok::<_, AppError>((desk, inbox))
        };
        match listed.await {
            Err(error) => self.fail("refresh", None, error),
            Ok((desk, inbox)) => {
                let now = desk.clock.now();
                let rows = inbox.gates.iter().map(row).collect();
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
            let decisions = desk.records().await?.of_gate(&gate);
            Ok::<_, AppError>((dossier, decisions, desk.clock.now()))
        };
        match assembled.await {
            Ok((dossier, decisions, now)) => {
                self.send(Msg::DossierReady { gate, dossier, decisions: Arc::new(decisions), now });
            }
            Err(error) => {
                let failure =
                    Failure { task: format!("evidence of {gate}"), message: error.message, hints: error.hints };
                self.send(Msg::AssemblyFailed { gate, failure });
            }
        }
    }

    async fn ready(&self, gate: GateId, dossier: Arc<Dossier>) {
        let Ok(desk) = self.desk().await else { return };
        let Ok(records) = desk.records().await else { return };
        let decisions = Arc::new(records.of_gate(&gate));
        self.send(Msg::DossierReady { gate, dossier, decisions, now: desk.clock.now() });
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
        let waiting = inbox::read(&desk, &ask.gate)
            .await?
            .ok_or_else(|| AppError::new(ErrorKind::NoGate, format!("The gate {} is gone.", ask.gate)))?;
        let proposal = Proposal {
            verb: ask.verb,
            reason: ask.reason.raw().to_owned(),
            option: ask.option.as_ref().map(|o| o.raw().to_owned()),
            // Halting, rejecting and remarking are bound to what is there now; approving to what was on the screen.
            expect: (ask.verb == Verb::Approve).then(|| ask.expect.to_string()),
            allow_clock_skew: false,
        };
        let prepared = decide::prepare(&desk, waiting, proposal, false, &|_| {}).await?;
        let mut differences = Vec::new();
        if prepared.waiting.gate.attempt != ask.attempt {
            differences.push("The gate was asked again since: this is another attempt.".to_owned());
        }
        if prepared.dossier.digest != ask.expect {
            differences.push(format!("The dossier on the screen was {}.", ask.expect.short()));
        }
        let preview = preview(&prepared, differences);
        Ok((prepared, preview))
    }

    async fn sign(&self, go: Go) {
        let request = go.request;
        let (result, text, receipt) = match self.try_sign(&go).await {
            Ok(done) => {
                let result = if go.verb.is_delivered() { DecisionResult::Effective } else { DecisionResult::Recorded };
                (
                    result,
                    format!("{} Envelope {}.", done.receipt.detail.line(), done.envelope.short()),
                    Some(done.receipt.status),
                )
            }
            Err(error) => {
                let (result, receipt) = match error.kind {
                    ErrorKind::Refused => (DecisionResult::Refused, Some(ReceiptStatus::Refused)),
                    ErrorKind::Unknown => (DecisionResult::Unknown, Some(ReceiptStatus::Unknown)),
                    ErrorKind::Quorum => (DecisionResult::Recorded, None),
                    _ => (DecisionResult::NotSigned, None),
                };
                let text = std::iter::once(error.message).chain(error.hints).collect::<Vec<_>>().join(" ");
                (result, text, receipt)
            }
        };
        Self::lock(&self.signing).remove(&request);
        Self::lock(&self.prepared).remove(&request);
        self.send(Msg::DecisionDone { request, result, text, receipt });
    }

    async fn try_sign(&self, go: &Go) -> Result<decide::Done, AppError> {
        let desk = self.desk().await?;
        let shown = Self::lock(&self.prepared).get(&go.request).cloned();
        let shown = shown.ok_or_else(|| AppError::internal("Nothing was prepared for this form."))?;
        let same = shown.waiting.gate.id == go.gate
            && shown.waiting.gate.attempt == go.attempt
            && shown.dossier.digest == go.dossier
            && shown.proposal.verb == go.verb;
        if !same {
            return Err(AppError::new(
                ErrorKind::Unexpected,
                "What was prepared is not what was shown. Nothing was signed.",
            ));
        }
        let request = go.request;
        let watcher = |progress: Progress| match progress {
            Progress::Signing { touch, seconds } => {
                self.send(Msg::SigningStarted { request, touch, deadline_seconds: seconds, now: desk.clock.now() });
            }
            Progress::Delivery { step, .. } => {
                // Something is signed and on its way: from here on there is nothing to cancel.
                Self::lock(&self.signing).remove(&request);
                self.send(Msg::DecisionProgress { request, step });
            }
            Progress::Asking { .. } | Progress::Arrived { .. } => {}
        };
        if let Some(done) = decide::take_up(&desk, &go.gate, go.verb, Some(&go.dossier.to_string()), &watcher).await? {
            return Ok(done);
        }
        let fresh = decide::refetch(&desk, &shown, &watcher).await?;
        decide::execute(&desk, &fresh, &watcher).await
    }

    async fn dismiss(&self, dismissing: Dismissing) {
        let request = dismissing.request;
        let task = format!("dismiss {} findings", dismissing.fingerprints.len());
        match self.try_dismiss(&dismissing).await {
            Ok(text) => {
                let count = dismissing.fingerprints.len();
                self.send(Msg::Dismissed { request, gate: dismissing.gate.clone(), count, text });
                let round = self.shared_round();
                self.assemble(dismissing.gate, round).await;
            }
            Err(error) => self.fail(&task, Some(request), error),
        }
    }

    async fn try_dismiss(&self, dismissing: &Dismissing) -> Result<String, AppError> {
        let desk = self.desk().await?;
        let waiting = self.known(&dismissing.gate)?;
        let dossier = dossier::assemble(&desk, &waiting, &Round::default(), false, &|_| {}).await?;
        let wanted: Vec<String> = dismissing.fingerprints.iter().map(|f| f.as_str().to_owned()).collect();
        let now = desk.clock.now();
        let request = Dismiss {
            findings: triage::select(&dossier, &wanted)?,
            status: dismissing.status,
            justification: dismissing.justification,
            detail: dismissing.detail.raw().to_owned(),
            scope: dismissing.scope.clone(),
            expires: dismissing.expires.map(|d| now.plus(d)),
        };
        let id = dismissing.request;
        let watcher = |progress: Progress| {
            if let Progress::Signing { touch, seconds } = progress {
                self.send(Msg::SigningStarted { request: id, touch, deadline_seconds: seconds, now: desk.clock.now() });
            }
        };
        let signed = triage::dismiss(&desk, &request, &dossier.release, &watcher).await?;
        Ok(format!("Dismissed as {}; record {}", request.status.word(), signed.record))
    }

    /// Native clipboard, tmux, then the terminal itself (OSC 52); says which.
    async fn copy(&self, text: &str) {
        let chain: [(&str, &[&str]); 4] = [
            ("wl-copy", &[]),
            ("xclip", &["-selection", "clipboard"]),
            ("pbcopy", &[]),
            ("tmux", &["load-buffer", "-w", "-"]),
        ];
        for (program, arguments) in chain {
            let usable = match program {
                "wl-copy" => self.surroundings.env.contains_key("WAYLAND_DISPLAY"),
                "xclip" => self.surroundings.env.contains_key("DISPLAY"),
                "tmux" => self.surroundings.env.contains_key("TMUX"),
                _ => cfg!(target_os = "macos"),
            };
            if usable && pipe(program, arguments, text).await {
                return self.send(Msg::Note(format!("Copied with {program}: {}", crate::text::line(text))));
            }
        }
        match super::terminal::copy(text) {
            Ok(()) => self.send(Msg::Note(format!("Copied by the terminal (OSC 52): {}", crate::text::line(text)))),
            Err(e) => self.send(Msg::Note(format!("Nothing could be copied: {e}."))),
        }
    }

    async fn open_url(&self, url: &str) {
        // Only what a browser is for, and as one argument, never through a shell.
        let safe = url.starts_with("https://") || url.starts_with("http://");
        let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
        if !safe {
            return;
        }
        let run = tokio::process::Command::new(program)
            .arg(url)
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .await;
        let shown = crate::text::line(url).into_owned();
        match run {
            Ok(status) if status.success() => self.send(Msg::Note(format!("Opened {shown}"))),
            _ => self.send(Msg::Note(format!("No browser could be opened here. The address is {shown}"))),
        }
    }
}

/// Gives a text to a program's standard input; whether that went well within two seconds.
async fn pipe(program: &str, arguments: &[&str], text: &str) -> bool {
    use tokio::io::AsyncWriteExt as _;
    let spawned = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let Ok(mut child) = spawned else { return false };
    let Some(mut stdin) = child.stdin.take() else { return false };
    let work = async {
        let written = stdin.write_all(text.as_bytes()).await.is_ok();
        drop(stdin);
        written && child.wait().await.is_ok_and(|status| status.success())
    };
    tokio::time::timeout(std::time::Duration::from_secs(2), work).await.unwrap_or(false)
}

pub(super) fn row(waiting: &Waiting) -> GateRow {
    GateRow {
        gate: waiting.gate.clone(),
        release: waiting.release.clone(),
        service: waiting.service.clone(),
        have: waiting.have,
        need: waiting.need,
        mine: waiting.service.is_some() && waiting.have < waiting.need,
    }
}

fn preview(prepared: &Prepared, differences: Vec<String>) -> DecisionPreview {
    let requests = prepared.requests.iter().map(|r| {
        let headers: Vec<String> = r.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let body = serde_json::to_string_pretty(&r.body).unwrap_or_default();
        format!("{} {}\n{}\n{body}", r.method, r.url, headers.join("\n"))
    });
    let (principal, key) = if let Ok(identity) = &prepared.identity {
        (
            identity.principal.clone(),
            KeyInfo {
                fingerprint: identity.key().fingerprint.clone(),
                kind: identity.key().algorithm.clone(),
                hardware: identity.key().hardware,
                comment: identity.key().comment.line().into_owned(),
            },
        )
    } else {
        let none = || "none".to_owned();
        (
            Principal::new("nobody"),
            KeyInfo { fingerprint: none(), kind: none(), hardware: false, comment: String::new() },
        )
    };
    let refusal = prepared
        .refusals
        .iter()
        .map(|e| std::iter::once(e.message.clone()).chain(e.hints.clone()).collect::<Vec<_>>().join(" "));
    let refusal: Vec<String> = refusal.collect();
    DecisionPreview {
        verb: prepared.proposal.verb,
        gate: prepared.waiting.gate.id.clone(),
        release: prepared.waiting.release.short(),
        attempt: prepared.waiting.gate.attempt.clone(),
        dossier: prepared.dossier.digest.clone(),
        tally: prepared.dossier.tally(),
        verdict: prepared.dossier.verdict.result,
        missing: prepared.dossier.missing(),
        principal,
        key,
        requests: requests.collect(),
        refusal: (!refusal.is_empty()).then(|| refusal.join(" ")),
        differences,
    }
}
