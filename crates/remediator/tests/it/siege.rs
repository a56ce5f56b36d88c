//! Whoever has no token cannot keep others out: real connections to the server.

use crate::world::{ALERTMANAGER, BY_HAND, Daemon, World, until};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The most connections at once.
const PLACES: usize = 256;
/// For what is answered at once or never.
const PATIENCE: Duration = Duration::from_secs(30);

/// The daemon behind its own server.
struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Served {
    async fn new(daemon: &Daemon) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let server = daemon.serve(listener, async {
            let _ = stopped.await;
        });
        Self {
            address,
            stop,
            server,
        }
    }

    async fn connect(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("connected");
        stream.write_all(text.as_bytes()).await.expect("sent");
        stream
    }
}

fn request(line: &str, headers: &str) -> String {
    format!("{line} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n")
}

/// Reads an answer's head, and gives its status.
async fn status(stream: &mut TcpStream) -> Option<u16> {
    let read = async {
        let mut text = String::new();
        let mut bytes = [0; 4096];
        while !text.contains("\r\n\r\n") {
            let count = stream.read(&mut bytes).await.ok().filter(|n| *n > 0)?;
            text.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        text.split(' ').nth(1)?.parse().ok()
    };
    tokio::time::timeout(PATIENCE, read).await.expect("an end")
}

/// Whether the server has closed it.
fn is_closed(stream: &TcpStream) -> bool {
    match stream.try_read(&mut [0; 1]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

#[tokio::test]
async fn half_requests_keep_nobody_out_and_the_oldest_of_them_goes_first() {
    let world = World::new().await;
    let daemon = world.start().await;
    let served = Served::new(&daemon).await;
    let token = format!("authorization: Bearer {ALERTMANAGER}\r\n");
    let mut known = served.connect(&request("GET /health", &token)).await;
    assert_eq!(status(&mut known).await, Some(200));
    let mut halves = Vec::new();
    for _ in 0..PLACES + 100 {
        halves.push(served.connect("GET / HTTP/1.1\r\nhost: loc").await);
    }
    for path in ["/health", "/metrics", "/"] {
        let line = format!("GET {path}");
        let mut stream = served
            .connect(&request(&line, "connection: close\r\n"))
            .await;
        assert_eq!(status(&mut stream).await, Some(200), "{path}");
    }
    until("the oldest are closed", || {
        halves[..100].iter().all(is_closed)
    })
    .await;
    assert!(!halves.iter().rev().take(100).any(is_closed));
    // Who has shown a token keeps its place.
    let post = format!("{token}content-length: {}\r\n", BY_HAND.len());
    let post = request("POST /webhook", &post) + BY_HAND;
    known.write_all(post.as_bytes()).await.expect("sent");
    assert_eq!(status(&mut known).await, Some(200));
    assert!(
        daemon
            .metric("homeostat_remediator_connections_crowded_out_total")
            .await
            >= 100.0
    );
}

#[tokio::test]
async fn nothing_is_read_of_a_body_whose_sender_has_no_token() {
    let world = World::new().await;
    let daemon = world.start().await;
    let served = Served::new(&daemon).await;
    for path in ["/webhook", "/pause", "/incidents/1/close"] {
        // Of the body nothing is sent, so an answer shows that nobody waited for it.
        let head = request(&format!("POST {path}"), "content-length: 2000000\r\n");
        let mut stream = served.connect(&head).await;
        assert_eq!(status(&mut stream).await, Some(401), "{path}");
    }
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let world = World::new().await;
    let daemon = world.start().await;
    let served = Served::new(&daemon).await;
    let endless = format!("x: {}", "y".repeat(64 * 1024));
    let mut stream = TcpStream::connect(served.address).await.expect("connected");
    let head = request("GET /health", &endless);
    // It may be refused before all is sent.
    let _ = stream.write_all(head.as_bytes()).await;
    assert!(matches!(status(&mut stream).await, Some(431) | None));
}

#[tokio::test]
async fn a_stop_waits_for_no_half_request() {
    let world = World::new().await;
    let daemon = world.start().await;
    let served = Served::new(&daemon).await;
    let _half = served.connect("GET / HT").await;
    served.stop.send(()).expect("it runs");
    let ended = tokio::time::timeout(PATIENCE, served.server).await;
    assert!(ended.is_ok(), "it waits for ever");
}
