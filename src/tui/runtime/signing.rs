//! Signatures: made, called off, followed.

use std::future::Future;
use std::sync::Arc;

use tokio::task::AbortHandle;

use super::Worker;
use crate::domain::decision::ReceiptStatus;
use crate::domain::dossier::Dossier;
use crate::domain::finding::Finding;
use crate::error::{AppError, ErrorKind};
use crate::review::permit::Permit;
use crate::review::progress::Progress;
use crate::review::round::Round;
use crate::review::take_up::{self, Wanted};
use crate::review::triage::{self, Dismiss};
use crate::review::{Desk, decide, dossier};
use crate::tui::effect::{AskId, Dismissing, Go, RequestId};
use crate::tui::msg::{DecisionResult, Failure, Msg};

/// Said before what came of a decision that was taken up in place of the one on the screen.
const EARLIER: &str =
    "Your earlier decision on this gate was taken up and is settled; what you wrote now was not signed.";

/// A signature that is being made.
pub(super) struct Underway {
    permit: Permit,
    dismissal: bool,
    task: Option<AbortHandle>,
}

impl Worker {
    /// Begins to sign. What `work` makes ends the entry that this one keeps of it.
    pub(super) fn begin_signing<F>(
        self: &Arc<Self>,
        request: RequestId,
        dismissal: bool,
        work: impl FnOnce(Permit) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let permit = Permit::default();
        let underway = Underway { permit: permit.clone(), dismissal, task: None };
        Self::lock(&self.signing).insert(request, underway);
        let task = tokio::spawn(work(permit)).abort_handle();
        // It may be at its end already.
        if let Some(underway) = Self::lock(&self.signing).get_mut(&request) {
            underway.task = Some(task);
        }
    }

    /// The person gives no passphrase: what asks for it is called off.
    pub(super) fn give_up(&self, ask: AskId) {
        if !self.asker.waits_for(ask) {
            return;
        }
        let waiting: Vec<RequestId> = Self::lock(&self.signing).keys().copied().collect();
        for request in waiting {
            self.cancel_signing(request);
        }
        self.asker.withdraw();
    }

    /// Calls a signature off, unless the ledger came first.
    pub(super) fn cancel_signing(&self, request: RequestId) {
        let mut signing = Self::lock(&self.signing);
        let Some(underway) = signing.get(&request) else { return };
        if !underway.permit.cancel() {
            self.send(Msg::Note("It was signed before it could be called off, and goes on.".to_owned()));
            return;
        }
        if let Some(task) = &underway.task {
            task.abort();
        }
        let message = "You gave up. Nothing was signed.".to_owned();
        if underway.dismissal {
            let failure = Failure { task: "dismiss".to_owned(), message, hints: Vec::new() };
            self.send(Msg::Failed { request: Some(request), failure });
        } else {
            let result = DecisionResult::NotSigned;
            self.send(Msg::DecisionDone { request, result, text: message, receipt: None });
        }
        signing.remove(&request);
        self.asker.withdraw();
    }

    pub(super) async fn sign(&self, go: Go, permit: Permit) {
        let request = go.request;
        let (result, text, receipt) = match self.try_sign(&go, &permit).await {
            Ok((done, earlier)) => {
                let sent = go.verb.is_delivered() && done.receipt.status != ReceiptStatus::Recorded;
                let result = if sent { DecisionResult::Effective } else { DecisionResult::Recorded };
                let text = format!("{} Envelope {}.", done.receipt.detail.line(), done.envelope.short());
                let text = if earlier { format!("{EARLIER} {text}") } else { text };
                (result, text, Some(done.receipt.status))
            }
            Err(error) => {
                let (result, receipt) = match error.kind {
                    ErrorKind::Refused => (DecisionResult::Refused, Some(ReceiptStatus::Refused)),
                    ErrorKind::Unknown => (DecisionResult::Unknown, Some(ReceiptStatus::Unknown)),
                    ErrorKind::Quorum => (DecisionResult::Recorded, None),
                    // The ledger was written, or may have been: nobody may believe that nothing was signed.
                    _ if permit.is_committed() => (DecisionResult::Unknown, Some(ReceiptStatus::Unknown)),
                    _ => (DecisionResult::NotSigned, None),
                };
                let text = std::iter::once(error.message).chain(error.hints).collect::<Vec<_>>().join(" ");
                (result, text, receipt)
            }
        };
        Self::lock(&self.signing).remove(&request);
        Self::lock(&self.prepared).remove(&request);
        self.read_records(&go).await;
        self.send(Msg::DecisionDone { request, result, text, receipt });
    }

    /// What was signed is to be seen at its gate at once: once decided, it is among the open gates no more.
    async fn read_records(&self, go: &Go) {
        let Ok(desk) = self.desk().await else { return };
        // A ledger that cannot be read says so at the refresh that follows.
        let Ok(records) = desk.records().await else { return };
        let decisions = Arc::new(crate::review::afterwards::decisions(&desk, &records, &go.gate).await);
        let approvals = self.approvals(&desk, &go.gate).await;
        self.send(Msg::RecordsRead { gate: go.gate.clone(), decisions, approvals });
    }

    /// What came of it, and whether that is of an earlier decision.
    async fn try_sign(&self, go: &Go, permit: &Permit) -> Result<(decide::Done, bool), AppError> {
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
                // An earlier decision that is taken up is on its way: from here on there is nothing to call off.
                let _too_late = permit.commit();
                self.send(Msg::DecisionProgress { request, step });
            }
            Progress::Asking { .. } | Progress::Arrived { .. } => {}
        };
        let seen = go.dossier.to_string();
        let wanted = Wanted {
            gate: &go.gate,
            verb: go.verb,
            option: shown.proposal.option.as_deref(),
            break_glass: false,
            expect: Some(&seen),
        };
        if let Some(done) = take_up::take_up(&desk, wanted, &watcher).await? {
            return Ok((done, true));
        }
        permit.renew();
        let fresh = decide::refetch(&desk, &shown, &watcher).await?;
        decide::execute(&desk, &fresh, permit, &watcher).await.map(|done| (done, false))
    }

    pub(super) async fn dismiss(&self, dismissing: Dismissing, permit: Permit) {
        let request = dismissing.request;
        let count = dismissing.findings.len();
        let task = format!("dismiss {count} findings");
        let outcome = self.try_dismiss(&dismissing, &permit).await;
        Self::lock(&self.signing).remove(&request);
        match outcome {
            Ok(text) => {
                self.send(Msg::Dismissed { request, gate: dismissing.gate.clone(), count, text });
                let round = self.shared_round();
                self.assemble(dismissing.gate, round).await;
            }
            Err((error, now)) => {
                // First the end of it, so that the form takes in that what it is about is out of date.
                self.fail(&task, Some(request), error);
                if let Some(dossier) = now {
                    self.ready(dismissing.gate, dossier).await;
                }
            }
        }
    }

    /// On failure also the evidence as it is now, if that is what keeps it from being signed.
    async fn try_dismiss(
        &self,
        dismissing: &Dismissing,
        permit: &Permit,
    ) -> Result<String, (AppError, Option<Arc<Dossier>>)> {
        let desk = self.desk().await.map_err(|e| (e, None))?;
        let waiting = self.known(&dismissing.gate).map_err(|e| (e, None))?;
        let assembled = dossier::assemble(&desk, &waiting, &Round::default(), false, &|_| {}).await;
        let dossier = assembled.map_err(|e| (e, None))?;
        let findings = triage::as_shown(&dossier, &dismissing.dossier, &dismissing.findings);
        let findings = findings.map_err(|e| (e, Some(Arc::clone(&dossier))))?;
        self.sign_dismissal(&desk, dismissing, findings, &dossier, permit).await.map_err(|e| (e, None))
    }

    async fn sign_dismissal(
        &self,
        desk: &Desk,
        dismissing: &Dismissing,
        findings: Vec<Finding>,
        dossier: &Dossier,
        permit: &Permit,
    ) -> Result<String, AppError> {
        let now = desk.clock.now();
        let request = Dismiss {
            findings,
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
        let signed = triage::dismiss(desk, &request, dossier, permit, &watcher).await?;
        let prints = request.findings.iter().map(|f| f.fingerprint).collect();
        let open = triage::still_open(desk, dossier, &prints).await;
        let (status, record) = (request.status.word(), signed.record);
        // It is signed, whatever becomes of the question.
        Ok(match open.as_deref() {
            Ok([]) => format!("Dismissed as {status}; record {record}"),
            Ok([(_, why), ..]) => {
                format!("Signed as {status}; open still, as {}; record {record}", why.words())
            }
            Err(e) => format!("Signed as {status}, and cannot be seen to hold: {e} Record {record}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;
    use crate::config::Config;
    use crate::review::Surroundings;
    use crate::tui::effect::Effect;

    fn worker() -> (Arc<Worker>, UnboundedReceiver<Msg>) {
        let surroundings = Surroundings {
            env: std::collections::BTreeMap::new(),
            cwd: "/".into(),
            explicit: None,
            overrides: Vec::new(),
            readonly: false,
            timeout: None,
            passphrase: Arc::new(|_| None),
        };
        let (sender, messages) = unbounded_channel();
        (Worker::new(surroundings, Config::default(), sender), messages)
    }

    #[tokio::test]
    async fn what_was_called_off_before_the_ledger_is_not_signed() {
        let (worker, mut messages) = worker();
        worker.begin_signing(RequestId(1), false, |_| std::future::pending());
        worker.cancel_signing(RequestId(1));
        worker.cancel_signing(RequestId(1));
        let Some(Msg::DecisionDone { request: RequestId(1), result: DecisionResult::NotSigned, .. }) =
            messages.recv().await
        else {
            panic!("not called off")
        };
        worker.begin_signing(RequestId(2), true, |_| std::future::pending());
        worker.cancel_signing(RequestId(2));
        let Some(Msg::Failed { request: Some(RequestId(2)), failure }) = messages.recv().await else {
            panic!("not called off")
        };
        assert!(failure.message.contains("Nothing was signed"));
        assert!(messages.try_recv().is_err(), "each is said once");
    }

    #[tokio::test]
    async fn after_the_ledger_nobody_is_told_that_nothing_was_signed() {
        let (worker, mut messages) = worker();
        worker.begin_signing(RequestId(1), false, |permit| {
            assert!(permit.commit());
            std::future::pending()
        });
        worker.cancel_signing(RequestId(1));
        let Some(Msg::Note(text)) = messages.recv().await else { panic!("nothing is said") };
        assert!(text.contains("signed before it could be called off"), "{text}");
        assert!(messages.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_question_for_a_passphrase_goes_with_the_signature() {
        let (worker, mut messages) = worker();
        let asker = Arc::clone(&worker.asker);
        worker.begin_signing(RequestId(1), false, |_| std::future::pending());
        let asking = tokio::task::spawn_blocking(move || {
            asker.ask(&crate::review::Question { key: "key", again: false }).is_none()
        });
        let Some(Msg::PassphraseAsked { ask, .. }) = messages.recv().await else { panic!("not asked") };
        worker.begin(Effect::Passphrase(AskId(ask.0 + 1), None));
        assert!(messages.try_recv().is_err(), "an answer to another question ends nothing");
        worker.begin(Effect::Passphrase(ask, None));
        assert!(matches!(messages.recv().await, Some(Msg::DecisionDone { result: DecisionResult::NotSigned, .. })));
        assert!(asking.await.unwrap(), "nothing hangs");
    }
}
