//! Waits for an event instead of for a fixed time, since a busy machine is slow.

use std::time::{Duration, Instant};

/// Far longer than any expected event takes.
const MOST: Duration = Duration::from_mins(1);

/// The first value that `look` finds; `None` after a minute.
pub async fn wait_for<T>(mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    while started.elapsed() < MOST {
        if let Some(found) = look().await {
            return Some(found);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    None
}

/// Whether the condition becomes true within a minute.
pub async fn becomes_true(mut look: impl AsyncFnMut() -> bool) -> bool {
    wait_for(async || look().await.then_some(()))
        .await
        .is_some()
}
