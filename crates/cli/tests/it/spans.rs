//! `homeostat spans` between a sender and a log store that the test plays.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

use super::{client, homeostat, run, serve};

/// A receiver with the store that it writes to.
struct Receiver {
    process: Child,
    url: String,
    store: Arc<Mutex<Store>>,
}

/// A log store that answers with this status, and what it took.
struct Store {
    status: StatusCode,
    taken: Vec<ExportLogsServiceRequest>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Receiver {
    async fn start() -> Self {
        let store = Arc::new(Mutex::new(Store {
            status: StatusCode::NO_CONTENT,
            taken: Vec::new(),
        }));
        let shared = Arc::clone(&store);
        let take = move |headers: HeaderMap, body: Bytes| async move {
            assert_eq!(headers["content-type"], "application/x-protobuf");
            let mut store = shared.lock().unwrap();
            if store.status.is_success() {
                store
                    .taken
                    .push(ExportLogsServiceRequest::decode(body).unwrap());
            }
            store.status
        };
        let address = serve(Router::new().route("/logs", post(take))).await;
        let (process, url) = spawn(&format!("http://{address}/logs")).await;
        Self {
            process,
            url,
            store,
        }
    }

    /// Answers from now on so.
    fn store_answers(&self, status: u16) {
        self.store.lock().unwrap().status = StatusCode::from_u16(status).unwrap();
    }

    /// How many entries the store has.
    fn entries(&self) -> usize {
        let store = self.store.lock().unwrap();
        let groups = store
            .taken
            .iter()
            .flat_map(|request| &request.resource_logs);
        groups
            .map(|group| group.scope_logs[0].log_records.len())
            .sum()
    }

    /// The answer to a body: its status, and its text as far as it is one.
    async fn send(&self, body: Vec<u8>, headers: &[(&str, &str)]) -> (u16, Bytes) {
        let mut request = client().post(&self.url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap())
    }
}

/// Starts the binary on a free port, and reads where it listens.
async fn spawn(store: &str) -> (Child, String) {
    let mut command = homeostat();
    command.args(["spans", "--listen", "127.0.0.1:0", "--store", store]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    tokio::task::spawn_blocking(move || {
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let (_, rest) = line.split_once("http://").unwrap();
        let (address, _) = rest.split_once('/').unwrap();
        (process, format!("http://{address}/v1/traces"))
    })
    .await
    .unwrap()
}

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const GZIP: (&str, &str) = ("content-encoding", "gzip");

fn spans(count: usize) -> ExportTraceServiceRequest {
    let span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: "GET /x".to_owned(),
        ..Span::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: vec![span; count],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn spans_are_taken_plain_and_compressed_and_stored_in_portions() {
    run(async {
        let receiver = Receiver::start().await;
        let body = spans(1200).encode_to_vec();
        assert_eq!(
            receiver.send(body.clone(), &[PROTOBUF]).await,
            (200, Bytes::new())
        );
        assert_eq!(
            receiver.send(packed(&body), &[PROTOBUF, GZIP]).await,
            (200, Bytes::new())
        );
        assert_eq!(
            (
                receiver.entries(),
                receiver.store.lock().unwrap().taken.len()
            ),
            (2400, 6)
        );
    });
}

#[test]
fn bad_requests_are_refused_with_the_reason_and_nothing_is_stored() {
    run(async {
        let receiver = Receiver::start().await;
        let good = spans(1).encode_to_vec();
        let torn = packed(&good)[..20].to_vec();
        // Some kilobytes that become 17 MB.
        let bomb = packed(&vec![0; 17 * 1024 * 1024]);
        for (body, headers, status, words) in [
            (good.clone(), vec![], 415, "Content-Type"),
            (
                b"{}".to_vec(),
                vec![("content-type", "application/json")],
                415,
                "application/json",
            ),
            (
                good.clone(),
                vec![PROTOBUF, ("content-encoding", "zstd")],
                415,
                "zstd",
            ),
            (good.clone(), vec![PROTOBUF, GZIP], 400, "not whole gzip"),
            (torn, vec![PROTOBUF, GZIP], 400, "not whole gzip"),
            (
                b"nonsense".to_vec(),
                vec![PROTOBUF],
                400,
                "no ExportTraceServiceRequest",
            ),
            (bomb, vec![PROTOBUF, GZIP], 413, "16777216 bytes"),
            (vec![0; 17 * 1024 * 1024], vec![PROTOBUF], 413, "limit"),
        ] {
            let (found, text) = receiver.send(body, &headers).await;
            let text = String::from_utf8_lossy(&text).into_owned();
            assert!(
                found == status && text.contains(words),
                "{found} {text:?}, not {status} {words}"
            );
        }
        assert_eq!(receiver.entries(), 0);
        let get = client().get(&receiver.url).send().await.unwrap();
        assert_eq!(get.status(), 405);
    });
}

#[test]
fn spans_without_identifiers_are_counted_and_the_others_stored() {
    run(async {
        let receiver = Receiver::start().await;
        let mut request = spans(3);
        request.resource_spans[0].scope_spans[0].spans[1].trace_id = Vec::new();
        let (status, body) = receiver.send(request.encode_to_vec(), &[PROTOBUF]).await;
        let partial = ExportTraceServiceResponse::decode(body)
            .unwrap()
            .partial_success
            .unwrap();
        assert_eq!(
            (status, partial.rejected_spans, receiver.entries()),
            (200, 1, 2)
        );
        assert!(partial.error_message.contains("16 bytes"));
    });
}

#[test]
fn what_the_store_does_not_take_is_to_be_sent_again_unless_it_is_bad() {
    run(async {
        let mut receiver = Receiver::start().await;
        let body = spans(1).encode_to_vec();
        for (store, answer) in [(500, 503), (429, 503), (404, 503), (400, 400), (413, 400)] {
            receiver.store_answers(store);
            let (status, text) = receiver.send(body.clone(), &[PROTOBUF]).await;
            let text = String::from_utf8_lossy(&text).into_owned();
            assert_eq!(status, answer, "{store}");
            assert!(text.contains(&format!("it answered {store}")), "{text}");
        }
        receiver.store_answers(204);
        assert_eq!(receiver.send(body, &[PROTOBUF]).await.0, 200);
        assert_eq!(receiver.entries(), 1);

        // Its journal was told once, whatever the number of spans.
        receiver.process.kill().unwrap();
        let said = BufReader::new(receiver.process.stderr.take().unwrap());
        let lines: Vec<String> = said.lines().map(Result::unwrap).collect();
        assert!(
            matches!(&lines[..], [line] if line.contains("it answered 500") && line.contains("--store")),
            "{lines:?}"
        );
    });
}

#[test]
fn a_store_that_is_away_makes_the_sender_wait() {
    run(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let store = format!("http://{}/logs", listener.local_addr().unwrap());
        drop(listener);
        let (mut process, url) = spawn(&store).await;
        let request = client().post(&url).header(PROTOBUF.0, PROTOBUF.1);
        let answer = request.body(spans(1).encode_to_vec()).send().await.unwrap();
        assert_eq!(answer.status(), 503);
        assert!(answer.text().await.unwrap().contains("Connection refused"));
        process.kill().unwrap();
        process.wait().unwrap();
    });
}
