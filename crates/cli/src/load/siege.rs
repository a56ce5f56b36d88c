//! A siege by clients without a token, to see that it keeps nobody out who has one.
//!
//! Its requests are raw bytes: no client library sends half of one. Each connection comes from an address of its own in
//! 127.0.0.0/8, so that the siege does not end for want of ports.

use super::report::SiegeReport;
use crate::Error;
use crate::args::SiegeArgs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// How long a besieger waits before it comes again.
const PAUSE: Duration = Duration::from_millis(500);
/// How long one waits for what may never come.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections of those that post bad tokens, and of those that send bodies.
const POSTERS: u16 = 50;
const SENDERS: u16 = 8;

/// What all besiegers share.
struct Camp {
    target: SocketAddr,
    host: String,
    connections: AtomicU64,
    body_bytes: AtomicU64,
    most_body_bytes: u64,
    posts: AtomicU64,
    next_address: AtomicU32,
}

impl Camp {
    async fn connect(&self) -> Option<TcpStream> {
        let socket = if self.target.is_ipv4() {
            let socket = TcpSocket::new_v4().ok()?;
            let low = self.next_address.fetch_add(1, Ordering::Relaxed) % 0xFFFF + 1;
            let [_, _, third, fourth] = low.to_be_bytes();
            let address = Ipv4Addr::new(127, 66, third, fourth);
            socket.bind(SocketAddr::from((address, 0))).ok()?;
            socket
        } else {
            TcpSocket::new_v6().ok()?
        };
        let connected = timeout(PATIENCE, socket.connect(self.target)).await;
        let stream = connected.ok()?.ok()?;
        self.connections.fetch_add(1, Ordering::Relaxed);
        Some(stream)
    }

    fn head(&self, line: &str, headers: &str) -> String {
        format!("{line} HTTP/1.1\r\nhost: {}\r\n{headers}", self.host)
    }

    /// Sends a head that never ends, as fast as it is taken.
    async fn half_request(&self) -> Option<()> {
        let mut stream = self.connect().await?;
        let head = self.head("GET /health", "");
        stream.write_all(head.as_bytes()).await.ok()?;
        for number in 0_u64.. {
            let header = format!("x-{number}: {}\r\n", "y".repeat(100));
            timeout(PATIENCE, stream.write_all(header.as_bytes()))
                .await
                .ok()?
                .ok()?;
            sleep(Duration::from_millis(100)).await;
        }
        None
    }

    /// Asks for a page and takes a byte of it each second.
    async fn slow_reader(&self, path: &str) -> Option<()> {
        let mut stream = self.connect().await?;
        let head = self.head(&format!("GET {path}"), "\r\n");
        stream.write_all(head.as_bytes()).await.ok()?;
        while stream.read(&mut [0; 1]).await.ok()? > 0 {
            sleep(Duration::from_secs(1)).await;
        }
        None
    }

    /// Sends a body that nobody asked for, for as long as anybody takes it.
    async fn body(&self) -> Option<()> {
        static PART: [u8; 64 * 1024] = [b' '; 64 * 1024];
        let mut stream = self.connect().await?;
        let head = self.head("POST /webhook", "content-length: 100000000\r\n\r\n");
        stream.write_all(head.as_bytes()).await.ok()?;
        while self.body_bytes.load(Ordering::Relaxed) < self.most_body_bytes {
            timeout(PATIENCE, stream.write_all(&PART))
                .await
                .ok()?
                .ok()?;
            self.body_bytes
                .fetch_add(PART.len() as u64, Ordering::Relaxed);
        }
        Some(())
    }

    /// Posts with a bad token, one after the other, at most one in `every`.
    async fn bad_tokens(&self, every: Duration) -> Option<()> {
        let mut stream = self.connect().await?;
        let headers = "authorization: Bearer besieger\r\ncontent-length: 2\r\n\r\n{}";
        let post = self.head("POST /webhook", headers);
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut answer = [0; 4096];
        loop {
            ticks.tick().await;
            stream.write_all(post.as_bytes()).await.ok()?;
            // The answers are short and come whole; a part that comes late is read with the next one.
            let read = timeout(PATIENCE, stream.read(&mut answer)).await.ok()?;
            if read.ok()? == 0 {
                return None;
            }
            self.posts.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Lets one besieger come again and again.
async fn again<F>(one: impl Fn() -> F)
where
    F: Future<Output = Option<()>>,
{
    while one().await.is_none() {
        sleep(PAUSE).await;
    }
}

/// Runs `homeostat load siege`.
///
/// # Errors
/// The address has no port that could be connected to.
pub async fn siege(args: &SiegeArgs) -> Result<SiegeReport, Error> {
    let host = args.url.host_str().unwrap_or_default();
    let port = args.url.port_or_known_default().unwrap_or(80);
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let target = match name.parse() {
        Ok(address) => SocketAddr::new(address, port),
        // Of names only this one is taken.
        Err(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
    };
    let camp = Arc::new(Camp {
        target,
        host: format!("{host}:{port}"),
        connections: AtomicU64::new(0),
        body_bytes: AtomicU64::new(0),
        most_body_bytes: u64::from(args.body_megabytes) * 1_000_000,
        posts: AtomicU64::new(0),
        next_address: AtomicU32::new(0),
    });
    let mut besiegers = JoinSet::new();
    for number in 0..args.connections {
        let (half, slow) = (camp.clone(), camp.clone());
        let path = ["/metrics", "/"][usize::from(number % 2)];
        besiegers.spawn(async move { again(|| half.half_request()).await });
        besiegers.spawn(async move { again(|| slow.slow_reader(path)).await });
    }
    for _ in 0..SENDERS {
        let camp = camp.clone();
        besiegers.spawn(async move { again(|| camp.body()).await });
    }
    if args.posts_per_second > 0 {
        let each = f64::from(args.posts_per_second) / f64::from(POSTERS);
        let every = Duration::from_secs_f64(1.0 / each);
        for _ in 0..POSTERS {
            let camp = camp.clone();
            besiegers.spawn(async move { again(|| camp.bad_tokens(every)).await });
        }
    }
    let started = Instant::now();
    sleep(Duration::from_secs(args.seconds)).await;
    besiegers.shutdown().await;
    let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
    Ok(SiegeReport::new(
        started.elapsed(),
        count(&camp.connections),
        count(&camp.body_bytes),
        count(&camp.posts),
    ))
}
