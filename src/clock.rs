//! The clock, injected everywhere so that tests and the demo world can say what time it is.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;

use crate::domain::time::Timestamp;

/// Says what time it is and waits.
#[async_trait::async_trait]
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
    /// Waits as long as `duration` lasts on this clock. Lab time is scaled: 15 s may take 150 ms.
    async fn sleep(&self, duration: Duration);
}

/// A clock that is shared.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock, with waiting divided by a factor.
///
/// The factor is 1 in production. The demo world sets it (`COUNTERSIGN_LAB_SCALE`), so that following a decision over
/// Spinnaker's 15 s role check takes a fraction of it; the time of day is never scaled.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    scale: u32,
}

impl SystemClock {
    /// A clock whose waits last `1/scale` of what is asked; `scale` below 1 counts as 1.
    pub fn scaled(scale: u32) -> Self {
        Self { scale: scale.max(1) }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { scale: 1 }
    }
}

#[async_trait::async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from(Utc::now())
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration / self.scale).await;
    }
}
