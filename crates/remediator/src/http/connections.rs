//! The connections: how many there are, and for how long.
//!
//! Who has no token can take neither memory nor places away from those who have one: a request's head is bounded in
//! time and size, a connection without a token in its life, and where all places are taken the oldest such connection
//! is closed for the newest.

use super::episode::Episode;
use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus::IntCounter;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tower::ServiceExt;

/// The most connections at once. Each takes a descriptor, and a head's bytes.
const MOST: usize = 256;
/// The most bytes of a request's head.
const MOST_HEAD: usize = 16 * 1024;
/// How long a client may take for a request's head, and keep silent between two requests. No usual interval between
/// scrapes, so that no connection is closed at the moment of the next one.
const HEAD_LIMIT: Duration = Duration::from_secs(20);
/// How long each connection has at least to send its request and to be answered, however many come after it.
const LEAST: Duration = Duration::from_millis(100);
/// How long a connection lives that has shown no token.
const LIFE: Duration = Duration::from_secs(60);
/// How long a request that is under way may take when its connection ends for its age.
const LAST_REQUEST: Duration = Duration::from_secs(15);
/// How long what is under way may take when we end.
const DRAIN: Duration = Duration::from_secs(2);

/// A connection, as its requests see it.
#[derive(Debug, Clone, Default)]
pub(super) struct Guest(Arc<Shown>);

#[derive(Debug, Default)]
struct Shown {
    token: AtomicBool,
    /// It has sent a whole request, which is not answered yet.
    request: AtomicBool,
}

impl Guest {
    /// It has shown a valid token.
    pub(super) fn prove(&self) {
        self.0.token.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_proven(&self) -> bool {
        self.0.token.load(Ordering::Relaxed)
    }

    fn is_waiting(&self) -> bool {
        self.0.request.load(Ordering::Relaxed)
    }

    fn waits(&self, waits: bool) {
        self.0.request.store(waits, Ordering::Relaxed);
    }
}

/// An open connection.
#[derive(Debug)]
struct Taken {
    guest: Guest,
    since: Instant,
    task: AbortHandle,
}

/// The open connections, the oldest first.
#[derive(Default)]
struct Places {
    taken: Mutex<BTreeMap<u64, Taken>>,
    left: Notify,
}

impl Places {
    fn taken(&self) -> MutexGuard<'_, BTreeMap<u64, Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn are_full(&self) -> bool {
        self.taken().len() >= MOST
    }

    /// Waits until there is a place, or one can be made.
    async fn free(&self) {
        loop {
            let oldest = {
                let taken = self.taken();
                if taken.len() < MOST {
                    return;
                }
                let stranger = taken.values().find(|one| !one.guest.is_proven());
                stranger.map(|one| one.since)
            };
            match oldest {
                Some(since) if since.elapsed() >= LEAST => return,
                // Others wait to be accepted, and the kernel keeps them in order.
                Some(since) => {
                    let left = sleep_until(since + LEAST);
                    tokio::select! { () = left => {}, () = self.left.notified() => {} }
                }
                None => self.left.notified().await,
            }
        }
    }

    async fn empty(&self) {
        while !self.taken().is_empty() {
            self.left.notified().await;
        }
    }

    /// Closes the oldest connection that has shown no token, of those that had their time; one whose request is being
    /// answered comes last.
    fn close_one(&self) {
        let mut taken = self.taken();
        let is_due = |one: &Taken| !one.guest.is_proven() && one.since.elapsed() >= LEAST;
        let due = || taken.iter().filter(|(_, one)| is_due(one));
        let idle = due().find(|(_, one)| !one.guest.is_waiting());
        let number = idle.or_else(|| due().next()).map(|(number, _)| *number);
        if let Some(one) = number.and_then(|number| taken.remove(&number)) {
            one.task.abort();
        }
    }
}

/// A connection's place, given up however its task ends.
struct Place {
    places: Arc<Places>,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().remove(&self.number);
        self.places.left.notify_one();
    }
}

/// Answers requests until `shutdown` is done, and then those that are under way, for a moment.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    crowded_out: IntCounter,
    shutdown: impl Future<Output = ()>,
) {
    let (end, ending) = watch::channel(());
    let places = Arc::new(Places::default());
    let crowd = Episode::new("connections without a token were closed to make room for newer ones");
    let faults = Episode::new("connections were not accepted");
    let mut shutdown = pin!(shutdown);
    for number in 0.. {
        let accepted = async {
            places.free().await;
            listener.accept().await
        };
        let stream = tokio::select! {
            () = &mut shutdown => break,
            accepted = accepted => accepted,
        };
        let stream = match stream {
            Ok((stream, _)) => stream,
            Err(error) => {
                faults.happened(&error);
                // A want of descriptors, for one, does not pass at once.
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        if places.are_full() {
            places.close_one();
            crowded_out.inc();
            crowd.happened(&format_args!("{MOST} were open"));
        }
        let guest = Guest::default();
        let place = Place {
            places: places.clone(),
            number,
        };
        let connection = connection(stream, router.clone(), guest.clone(), ending.clone());
        // Held until the task is in its place, for it may end before.
        let mut taken = places.taken();
        let task = tokio::spawn(async move {
            let _place = place;
            connection.await;
        });
        let one = Taken {
            guest,
            since: Instant::now(),
            task: task.abort_handle(),
        };
        taken.insert(number, one);
    }
    drop((listener, end));
    if timeout(DRAIN, places.empty()).await.is_err() {
        tracing::info!("requests that were under way at the end are not answered");
    }
}

/// Answers one client until it goes, its time is over, or we end.
async fn connection(
    stream: TcpStream,
    router: Router,
    guest: Guest,
    mut ending: watch::Receiver<()>,
) {
    // A page is many packets; the last of them must not wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let of_router = guest.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        let guest = of_router.clone();
        request.extensions_mut().insert(guest.clone());
        guest.waits(true);
        let answer = router.clone().oneshot(request);
        async move {
            let answer = answer.await;
            guest.waits(false);
            answer
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_LIMIT)
            .max_buf_size(MOST_HEAD)
            .serve_connection(TokioIo::new(stream), service)
    );
    let old = async {
        sleep(LIFE).await;
        if guest.is_proven() {
            std::future::pending().await
        }
    };
    let limit = tokio::select! {
        // What went wrong with it is the client's affair.
        _ = &mut connection => return,
        // The sender is never used: it is dropped.
        _ = ending.changed() => DRAIN,
        () = old => LAST_REQUEST,
    };
    connection.as_mut().graceful_shutdown();
    let _ = timeout(limit, connection).await;
}
