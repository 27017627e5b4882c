//! One round of asking: within it, the same question to the same source is asked once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OnceCell, Semaphore};

use crate::contained;
use crate::domain::evidence::Piece;
use crate::http::{Fault, FaultKind};
use crate::source::{Ask, Gathered, Source};

/// What came of one question: a piece under no name yet.
pub type Outcome = Arc<Result<Piece, Fault>>;

/// How many answers are parsed and digested at the same time. More would only take more memory.
const READERS: usize = 1;

/// A refresh of the inbox, or one fetching before a signature. Dropped with its answers.
pub struct Round {
    answers: Mutex<HashMap<String, Arc<OnceCell<Outcome>>>>,
    readers: Arc<Semaphore>,
}

impl Default for Round {
    fn default() -> Self {
        Self { answers: Mutex::default(), readers: Arc::new(Semaphore::new(READERS)) }
    }
}

impl Round {
    /// Asks and reads, or waits for the answer to the same question. What panics is a fault, not the end.
    ///
    /// `how` tells apart what is read differently from the same answer. `read` may take long: it runs where it holds up no other source.
    pub async fn ask<F>(&self, from: &str, source: &Arc<dyn Source>, ask: &Ask, how: &str, read: F) -> Outcome
    where
        F: FnOnce(Gathered) -> Piece + Send + 'static,
    {
        let commit = ask.release.commit.as_ref().map(crate::text::Untrusted::raw);
        let base = ask.base.as_ref().map(crate::text::Untrusted::raw);
        let key = format!("{from}\u{0}{:?}\u{0}{:?}\u{0}{commit:?}\u{0}{base:?}\u{0}{how}", ask.what, ask.build);
        let cell = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(answers.entry(key).or_default())
        };
        let (source, ask, readers) = (Arc::clone(source), ask.clone(), Arc::clone(&self.readers));
        let outcome = cell.get_or_init(|| async move {
            let task = tokio::spawn(async move {
                let gathered = contained::wait(source.collect(&ask)).await.map_err(|why| broken(&why))??;
                let _permit = readers.acquire_owned().await;
                contained::blocking(move || read(gathered)).await.map_err(|why| broken(&why))
            });
            Arc::new(task.await.unwrap_or_else(|e| Err(broken(&e.to_string()))))
        });
        Arc::clone(outcome.await)
    }
}

fn broken(why: &str) -> Fault {
    Fault::new(FaultKind::Malformed, "", format!("reading the answer failed: {why}"))
}
