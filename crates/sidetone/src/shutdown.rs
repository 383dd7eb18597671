//! When everything is to end.

use tokio::sync::watch;

/// Waits until a stop is asked for.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone: that is a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}
