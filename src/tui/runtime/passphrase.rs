//! How the signer asks for a passphrase while the screen is drawn: a message to the console, and an effect back.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;

use crate::review::Question;
use crate::secrets::Secret;
use crate::tui::effect::AskId;
use crate::tui::model::secret::SecretInput;
use crate::tui::msg::Msg;

/// Asks the person at the console. One question at a time: another one withdraws the one before.
pub(super) struct Asker {
    messages: UnboundedSender<Msg>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    waiting: Option<(AskId, SyncSender<Secret>)>,
    closed: bool,
}

impl Asker {
    pub(super) fn new(messages: UnboundedSender<Msg>) -> Self {
        Self { messages, state: Mutex::default() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks, and waits for the answer: for threads that may block. `None`: the person gave up, or is gone.
    pub(super) fn ask(&self, question: &Question<'_>) -> Option<Secret> {
        let (answer, answered) = sync_channel(1);
        let ask = {
            let mut state = self.state();
            if state.closed {
                return None;
            }
            state.last += 1;
            let ask = AskId(state.last);
            state.waiting = Some((ask, answer));
            ask
        };
        self.messages.send(Msg::PassphraseAsked { ask, key: question.key.to_owned(), again: question.again }).ok()?;
        // The other end goes when the question is withdrawn.
        answered.recv().ok()
    }

    /// Takes the answer to a question; an answer to another one than that which waits is not taken.
    pub(super) fn answer(&self, ask: AskId, typed: &SecretInput) {
        let waiting = self.state().waiting.take_if(|(waiting, _)| *waiting == ask);
        if let Some((_, answer)) = waiting {
            // Whoever asked may have been called off.
            answer.try_send(typed.secret()).ok();
        }
    }

    /// Whether a question is the one that waits.
    pub(super) fn waits_for(&self, ask: AskId) -> bool {
        self.state().waiting.as_ref().is_some_and(|(waiting, _)| *waiting == ask)
    }

    /// Withdraws the question that waits: whoever asks gets nothing.
    pub(super) fn withdraw(&self) {
        self.state().waiting = None;
    }

    /// Withdraws the question, and asks none from now on.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.waiting = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    fn typed(text: &str) -> SecretInput {
        let mut input = SecretInput::default();
        input.insert_text(text);
        input
    }

    /// Asks in another thread; gives what came of it.
    fn asked(answer: impl FnOnce(&Asker, AskId)) -> Option<String> {
        let (sender, mut messages) = unbounded_channel();
        let asker = Arc::new(Asker::new(sender));
        let other = Arc::clone(&asker);
        let thread = std::thread::spawn(move || other.ask(&Question { key: "id_release", again: false }));
        let Some(Msg::PassphraseAsked { ask, key, again: false }) = messages.blocking_recv() else {
            panic!("not asked")
        };
        assert_eq!(key, "id_release");
        answer(&asker, ask);
        thread.join().unwrap().map(|s| s.expose().to_owned())
    }

    #[test]
    fn the_answer_comes_back_and_only_to_its_question() {
        let answer = asked(|asker, ask| {
            asker.answer(AskId(ask.0 + 1), &typed("of another"));
            asker.answer(ask, &typed("correct horse"));
        });
        assert_eq!(answer.as_deref(), Some("correct horse"));
    }

    #[test]
    fn withdrawing_and_leaving_give_nothing() {
        assert_eq!(asked(|asker, _| asker.withdraw()), None);
        assert_eq!(asked(|asker, _| asker.close()), None);
        let (sender, _messages) = unbounded_channel();
        let asker = Asker::new(sender);
        asker.close();
        assert!(asker.ask(&Question { key: "k", again: false }).is_none(), "a closed console hangs nobody");
    }
}
