//! One round of asking: within it, the same question to the same source is asked once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::http::{Fault, FaultKind};
use crate::source::{Ask, Gathered, Source};

/// What came of one question.
pub type Outcome = Arc<Result<Gathered, Fault>>;

/// A refresh of the inbox, or one fetching before a signature. Dropped with its answers.
#[derive(Default)]
pub struct Round {
    answers: Mutex<HashMap<String, Arc<OnceCell<Outcome>>>>,
}

impl Round {
    /// Asks, or waits for the answer to the same question. A source that panics is a fault, not the end.
    pub async fn ask(&self, from: &str, source: &Arc<dyn Source>, ask: &Ask) -> Outcome {
        let commit = ask.release.commit.as_ref().map(crate::text::Untrusted::raw);
        let base = ask.base.as_ref().map(crate::text::Untrusted::raw);
        let key = format!("{from}\u{0}{:?}\u{0}{:?}\u{0}{commit:?}\u{0}{base:?}", ask.what, ask.build);
        let cell = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(answers.entry(key).or_default())
        };
        let source = Arc::clone(source);
        let ask = ask.clone();
        let outcome = cell.get_or_init(|| async move {
            let task = tokio::spawn(async move { source.collect(&ask).await });
            Arc::new(task.await.unwrap_or_else(|e| {
                Err(Fault::new(FaultKind::Malformed, "", format!("reading the answer failed: {e}")))
            }))
        });
        Arc::clone(outcome.await)
    }
}
