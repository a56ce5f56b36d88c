//! `homeostat sink`, as a process.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::{client, homeostat, run, stderr};

/// A running sink, killed when the test ends early.
struct Sink {
    child: Child,
    stdout: BufReader<ChildStdout>,
    url: String,
}

impl Sink {
    fn start(file: &Path) -> Self {
        Self::start_as(homeostat(), file)
    }

    fn start_as(mut command: Command, file: &Path) -> Self {
        let mut child = command
            .args(["sink", "--listen", "127.0.0.1:0", "--file"])
            .arg(file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line
            .split(['/', ','])
            .nth(2)
            .map(|address| format!("http://{address}"))
            .unwrap();
        Self { child, stdout, url }
    }

    fn terminate(&self) {
        let command = format!("kill -TERM {}", self.child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &command])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Terminates; returns the exit code and what was printed.
    fn stop(mut self) -> (Option<i32>, String) {
        self.terminate();
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).unwrap();
        (self.child.wait().unwrap().code(), text)
    }

    async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> u16 {
        let answer = client()
            .post(format!("{}{path}", self.url))
            .body(body)
            .send()
            .await
            .unwrap();
        answer.status().as_u16()
    }

    async fn get(&self, path: &str) -> String {
        let answer = client()
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        answer.text().await.unwrap()
    }

    async fn pages(&self) -> Vec<Value> {
        serde_json::from_str(&self.get("/pages").await).unwrap()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn payload(status: &str, name: &str) -> String {
    let labels = json!({"alertname": name, "host": "demo", "unit": "shop.service"});
    json!({"version": "4", "alerts": [{"status": status, "labels": labels, "annotations": {"summary": "it broke"}}]})
        .to_string()
}

#[test]
fn pages_are_recorded_shown_and_kept_over_restart_and_crash() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pages.jsonl");
    run(async {
        let sink = Sink::start(&file);
        assert_eq!(sink.get("/health").await, "ok\n");
        assert_eq!(sink.pages().await, Vec::<Value>::new());
        assert_eq!(sink.post("/", payload("firing", "AppDown")).await, 200);
        assert_eq!(
            sink.post("/people", payload("resolved", "AppDown")).await,
            200
        );
        let (code, printed) = sink.stop();
        assert_eq!(code, Some(0));
        let expected = "firing   AppDown host=demo unit=shop.service: it broke\n\
                        resolved AppDown host=demo unit=shop.service: it broke\nstopped\n";
        assert_eq!(printed, expected);

        let sink = Sink::start(&file);
        assert_eq!(
            sink.post("/pages", payload("firing", "PostgresDown")).await,
            200
        );
        // The answer says that the page is on disk, so a kill right after it loses nothing.
        drop(sink);

        let sink = Sink::start(&file);
        let pages = sink.pages().await;
        let receivers: Vec<&str> = pages
            .iter()
            .filter_map(|page| page["receiver"].as_str())
            .collect();
        assert_eq!(receivers, ["/", "/people", "/pages"]);
        let sent: Value = serde_json::from_str(&payload("firing", "AppDown")).unwrap();
        assert_eq!(pages[0]["payload"], sent);
        let list = sink.get("/").await;
        let position = |name| list.find(name).unwrap();
        assert!(
            position("firing   PostgresDown") < position("resolved AppDown"),
            "{list}"
        );
    });
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 3);
}

#[test]
fn what_is_no_page_is_refused_and_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pages.jsonl");
    run(async {
        let sink = Sink::start(&file);
        assert_eq!(sink.post("/", "{").await, 400);
        assert_eq!(sink.post("/people", "{\"alerts\":7}").await, 400);
        assert_eq!(sink.post("/", vec![b' '; 1024 * 1024 + 1]).await, 413);
        assert_eq!(sink.post("/a/b", payload("firing", "AppDown")).await, 404);
        assert_eq!(sink.pages().await, Vec::<Value>::new());
    });
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 0);
}

/// The limit of the file's size stands in for a full disk: the first part of the line can be written, the rest not.
#[test]
fn a_page_that_does_not_fit_on_the_disk_gets_a_503_and_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pages.jsonl");
    run(async {
        let mut limited = Command::new("sh");
        limited.args([
            "-c",
            "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_homeostat"),
        ]);
        let sink = Sink::start_as(limited, &file);
        assert_eq!(
            sink.post("/", payload("firing", &"x".repeat(4096))).await,
            503
        );
        assert_eq!(sink.post("/", payload("firing", "AppDown")).await, 200);
        assert_eq!(sink.pages().await.len(), 1);
    });
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.starts_with('{') && text.ends_with("}\n") && text.lines().count() == 1,
        "{text}"
    );
}

#[test]
fn an_unfinished_request_does_not_hold_up_the_stop_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = Sink::start(&folder.path().join("pages.jsonl"));
    let mut half = std::net::TcpStream::connect(sink.url.trim_start_matches("http://")).unwrap();
    let head = b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n";
    std::io::Write::write_all(&mut half, head).unwrap();
    // The interim answer shows that the request is under way.
    half.read_exact(&mut [0; 8]).unwrap();
    half.set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    sink.terminate();
    // The connection ends with the process; a read that runs into its timeout means that the process did not end.
    let end = half.read_to_end(&mut Vec::new());
    let ended = end
        .as_ref()
        .map_or_else(|error| error.kind() == ErrorKind::ConnectionReset, |_| true);
    assert!(ended, "{end:?}");
    assert_eq!(sink.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_second_sink_on_the_same_file_or_port_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pages.jsonl");
    let sink = Sink::start(&file);
    let address = sink.url.trim_start_matches("http://");
    let other = folder.path().join("other.jsonl");
    for (listen, file, words) in [
        ("127.0.0.1:0", &file, "another process holds it"),
        (address, &other, "choose a free port"),
    ] {
        let output = homeostat()
            .args(["sink", "--listen", listen, "--file"])
            .arg(file)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}
