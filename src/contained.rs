//! Panics: contained where a missing piece comes of them, and the end of the program everywhere else.
//!
//! Whoever reads what a foreign system answered does it contained: the panic is their error, nothing is printed, and the
//! terminal is not touched. The hook can tell the two apart by a mark on the thread that panics.

use std::any::Any;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use crate::error::AppError;

#[cfg(panic = "abort")]
compile_error!("A source that panics is a missing piece of evidence: that wants panic = \"unwind\".");

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread would be contained.
pub fn is_contained() -> bool {
    CONTAINED.get()
}

/// Marks this thread until it is dropped.
struct Mark {
    before: bool,
}

impl Mark {
    fn set() -> Self {
        Self { before: CONTAINED.replace(true) }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        CONTAINED.set(self.before);
    }
}

/// Runs what may panic; the error is what it panicked with.
pub fn call<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let _mark = Mark::set();
    // What was half done is dropped with the work: all that outlives it is behind locks that take poison into account.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| words(payload.as_ref()))
}

/// Waits for what may panic.
pub async fn wait<F: Future>(work: F) -> Result<F::Output, String> {
    let mut work = pin!(work);
    poll_fn(|cx| match call(|| work.as_mut().poll(cx)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
        Err(why) => Poll::Ready(Err(why)),
    })
    .await
}

/// Runs what blocks and may panic on a thread for such work.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(move || call(work)).await;
    done.unwrap_or_else(|e| Err(e.to_string()))
}

fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", text.unwrap_or("no more is known"))
}

/// From now on a panic that is not contained ends the program with the exit code of an internal fault, on whichever
/// thread it happens: a task that is gone without a word would leave somebody waiting. `tell` says what happened.
pub fn end_otherwise(tell: impl Fn(&AppError) + Send + Sync + 'static) {
    static ENDING: AtomicBool = AtomicBool::new(false);
    std::panic::set_hook(Box::new(move |info| {
        if is_contained() {
            return;
        }
        if ENDING.swap(true, Ordering::SeqCst) {
            // Another thread tells already, and takes this one with it.
            loop {
                std::thread::park();
            }
        }
        let place = info.location().map(|l| format!(" ({}:{})", l.file(), l.line())).unwrap_or_default();
        let what = words(info.payload());
        let error = AppError::internal(format!("Countersign has a fault of its own: {what}{place}.")).hint(
            "Please report it with these words. What was decided is in the ledger: see `countersign ledger list`.",
        );
        tell(&error);
        std::process::exit(error.kind.exit_code().into());
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_contained_is_an_error_and_the_mark_goes() {
        assert_eq!(call(|| 1), Ok(1));
        let why = call(|| {
            assert!(is_contained());
            call(|| panic!("inner")).unwrap_err()
        });
        assert_eq!(why.as_deref(), Ok("it panicked: inner"));
        assert!(!is_contained());
        let later = wait(async {
            tokio::task::yield_now().await;
            assert!(is_contained());
            panic!("{}", "later")
        });
        assert_eq!(later.await, Err::<(), _>("it panicked: later".to_owned()));
        assert_eq!(blocking(|| panic!("aside")).await, Err::<(), _>("it panicked: aside".to_owned()));
        assert!(!is_contained());
    }

    #[tokio::test]
    async fn while_it_waits_others_on_the_thread_are_not_marked() {
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        let other = async {
            let seen = is_contained();
            drop(sender);
            seen
        };
        let (_, seen) = tokio::join!(wait(receiver), other);
        assert!(!seen);
    }
}
