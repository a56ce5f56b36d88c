//! The commands against real sockets: the sink and the exit codes through the binary, load against a server in the test.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed, and the lint's exception for tests does not reach their functions"
)]

mod incidents;
mod load;
mod sink;
mod spans;
mod trace;

use std::future::Future;
use std::net::SocketAddr;
use std::process::{Command, Output};

use axum::Router;

/// The binary under test. A proxy in the environment must not lead it away from loopback.
fn homeostat() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeostat"));
    command
        .env("http_proxy", "http://127.0.0.1:9")
        .env("HTTP_PROXY", "http://127.0.0.1:9");
    command
}

/// Runs the binary to its end, off the async threads.
async fn output(args: &[&str]) -> Output {
    let mut command = homeostat();
    command.args(args);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

/// Serves until the test ends.
async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A client that ignores the proxy of the environment.
fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Runs on more than one thread, as the binary does.
fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(test)
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn bad_usage_exits_64_and_names_flag_value_and_cure() {
    for (args, words) in [
        (
            &[
                "load",
                "http",
                "--url",
                "http://192.0.2.1/",
                "--requests",
                "1",
                "--connections",
                "1",
            ][..],
            ["--url", "192.0.2.1", "use 127.0.0.1"],
        ),
        (
            &[
                "load",
                "http",
                "--url",
                "http://127.0.0.1/",
                "--requests",
                "0",
                "--connections",
                "1",
            ],
            ["--requests", "'0'", "1..=10000000"],
        ),
        (
            &["load", "webhook", "--seconds", "601"],
            ["--seconds", "601", "1..=600"],
        ),
        (
            &["load", "webhook", "--posts-per-second", "-1"],
            ["--posts-per-second", "'-1'", "give 0"],
        ),
        (
            &["incidents", "--url", "https://127.0.0.1/"],
            ["--url", "https://127.0.0.1/", "only http://"],
        ),
        (
            &["sink", "--listen", "nowhere"],
            ["--listen", "nowhere", "socket address"],
        ),
        (
            &["sink", "--file", "/nonexistent/pages"],
            ["--file", "/nonexistent/pages", "existing folder"],
        ),
        (
            &["sink", "--file", "/dev/zero"],
            ["--file", "/dev/zero", "existing folder"],
        ),
        (
            &["trace", "4bf92f35"],
            ["<ID>", "'4bf92f35'", "32 hex digits"],
        ),
        (
            &["spans", "--store", "https://127.0.0.1/"],
            ["--store", "https://127.0.0.1/", "only http://"],
        ),
        (&["nothing"], ["nothing", "subcommand", "--help"]),
    ] {
        let output = homeostat().args(args).output().unwrap();
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(64), "{args:?}: {text}");
        assert!(
            words.iter().all(|word| text.contains(word)),
            "{args:?}: {text}"
        );
    }
}

#[test]
fn help_and_version_are_no_errors() {
    for flag in ["--help", "--version"] {
        let output = homeostat().arg(flag).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&output.stdout).contains("homeostat"));
    }
}
