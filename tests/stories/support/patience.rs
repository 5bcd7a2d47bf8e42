//! Waiting for something to happen, never for a time to pass: a busy machine takes its time.

use std::time::{Duration, Instant};

/// Far longer than anything takes that is going to happen.
const MOST: Duration = Duration::from_mins(1);

/// What `look` finds, as soon as it finds something; `None` after a minute.
pub async fn patiently<T>(mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    while started.elapsed() < MOST {
        if let Some(found) = look().await {
            return Some(found);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    None
}

/// Whether something comes true, within a minute.
pub async fn comes_true(mut look: impl AsyncFnMut() -> bool) -> bool {
    patiently(async || look().await.then_some(()))
        .await
        .is_some()
}
