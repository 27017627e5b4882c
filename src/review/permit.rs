//! Whether a signature may still be given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const OPEN: u8 = 0;
const COMMITTED: u8 = 1;
const CANCELLED: u8 = 2;

/// Shared by whoever signs and whoever may call it off. The one that comes first wins, and both know it: nobody is told
/// that nothing was signed while the ledger is being written.
#[derive(Debug, Clone, Default)]
pub struct Permit(Arc<AtomicU8>);

impl Permit {
    /// Takes the permission to write the ledger. `false`: it was called off, and nothing may be written.
    #[must_use]
    pub fn commit(&self) -> bool {
        let before = self.0.compare_exchange(OPEN, COMMITTED, Ordering::SeqCst, Ordering::SeqCst);
        before != Err(CANCELLED)
    }

    /// Calls it off. `false`: too late, it is written or being written.
    #[must_use]
    pub fn cancel(&self) -> bool {
        let before = self.0.compare_exchange(OPEN, CANCELLED, Ordering::SeqCst, Ordering::SeqCst);
        before != Err(COMMITTED)
    }

    /// What was written belonged to an earlier signature: the one that follows may be called off again.
    pub fn renew(&self) {
        // Called off in the meantime, it stays so.
        self.0.compare_exchange(COMMITTED, OPEN, Ordering::SeqCst, Ordering::SeqCst).ok();
    }

    /// Whether the ledger may have been written.
    pub fn is_committed(&self) -> bool {
        self.0.load(Ordering::SeqCst) == COMMITTED
    }

    /// Takes the permission to write the ledger, or fails.
    pub(super) fn use_up(&self) -> Result<(), crate::error::AppError> {
        let given_up = || {
            let message = "You gave up. The signature was thrown away: nothing is recorded and nothing was sent.";
            crate::error::AppError::new(crate::error::ErrorKind::Signing, message)
        };
        self.commit().then_some(()).ok_or_else(given_up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_first_wins() {
        let permit = Permit::default();
        assert!(permit.commit() && permit.commit(), "once taken, it stays taken");
        assert!(!permit.cancel() && permit.is_committed());
        permit.renew();
        assert!(permit.cancel());
        permit.renew();
        assert!(!permit.commit(), "called off, it stays so");
        let permit = Permit::default();
        assert!(permit.cancel() && permit.cancel());
        assert!(!permit.commit() && !permit.is_committed());
        assert!(permit.use_up().is_err());
    }

    #[test]
    fn of_two_at_the_same_moment_exactly_one_wins() {
        for _ in 0..200 {
            let permit = Permit::default();
            let other = permit.clone();
            let thread = std::thread::spawn(move || other.cancel());
            let committed = permit.commit();
            let cancelled = thread.join().unwrap();
            assert_ne!(committed, cancelled);
        }
    }
}
