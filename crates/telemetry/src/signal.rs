//! The request to stop.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

/// A future that ends at the first SIGTERM or SIGINT. The handlers are installed at
/// once, so a signal that comes before the future is polled is not missed.
///
/// # Errors
/// When the kernel refuses the handler; only outside a tokio runtime with I/O.
pub fn shutdown_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
