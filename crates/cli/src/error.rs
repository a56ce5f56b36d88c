//! Why a command failed, and what its user can do about it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// One variant per operation that can fail. The message names flag, value and cure; the cause is the source.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The sink cannot take its port.
    #[error(
        "--listen {address}: cannot listen there; choose a free port on an address of this host"
    )]
    Listen {
        /// As given.
        address: SocketAddr,
        /// The system's answer.
        source: io::Error,
    },
    /// The file of recorded pages cannot be opened or read.
    #[error("--file {}: cannot use this file; name one in an existing folder that this user may write", path.display())]
    PagesFile {
        /// As given.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Two sinks on one file would cut each other's lines.
    #[error("--file {}: another process holds it; stop the other sink or name another file", path.display())]
    PagesFileInUse {
        /// As given.
        path: PathBuf,
    },
    /// A page could not be made durable. The sender gets a 503 and tries again.
    #[error("--file {}: cannot record a page; check the free space and the disk", path.display())]
    RecordPage {
        /// The file of recorded pages.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The sink cannot hear SIGTERM or SIGINT.
    #[error("cannot listen for signals; check the limit of open files")]
    Signals {
        /// The system's answer.
        source: io::Error,
    },
    /// The HTTP server ended by itself.
    #[error("the HTTP server stopped; start it again")]
    Serve {
        /// The system's answer.
        source: io::Error,
    },
    /// The token file is absent or not readable.
    #[error("--token-file {}: cannot read it; name a file with the token that this user may read", path.display())]
    TokenFile {
        /// As given.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The token file holds something else. The content is never shown.
    #[error(
        "--token-file {}: the content is not a token; it must be one line of at most 4096 visible ASCII characters",
        path.display()
    )]
    TokenContent {
        /// As given.
        path: PathBuf,
    },
    /// A file in the folder cannot be made, written or flushed.
    #[error("--directory {}: cannot write and flush a file there; name a folder with free space that this user may write", path.display())]
    Flush {
        /// As given.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The HTTP client cannot be made.
    #[error("cannot make an HTTP client; check the limit of open files")]
    Client {
        /// What the client says.
        source: reqwest::Error,
    },
    /// Nobody answered, or the answer broke off.
    #[error("{url}: no complete answer; check --url and `systemctl status homeostat-remediator`")]
    Unreachable {
        /// The address asked.
        url: String,
        /// What the client says.
        source: reqwest::Error,
    },
    /// The remediator answered with an error status.
    #[error("{url}: answered {status}; {cure}")]
    Status {
        /// The address asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What to do about this status.
        cure: &'static str,
    },
    /// The remediator does not do what it was asked for.
    #[error("{url}: answered {status}: {reason}")]
    Refused {
        /// The address asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The remediator's own words.
        reason: String,
    },
    /// The answer is larger than any remediator gives.
    #[error("{url}: the answer is larger than {limit} bytes; check that --url names a remediator")]
    TooLarge {
        /// The address asked.
        url: String,
        /// In bytes.
        limit: usize,
    },
    /// The answer has not the form that the remediator gives.
    #[error(
        "{url}: the answer is not the expected JSON ({problem}); check that --url names a remediator of this version"
    )]
    Form {
        /// The address asked.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A load run of which nothing was accepted measures nothing.
    #[error(
        "--url {url}: none of {tried} requests was answered with 2xx (see `status` above); check the address, the token and the service"
    )]
    NothingAccepted {
        /// As given.
        url: String,
        /// How many requests were due.
        tried: u64,
    },
    /// Nobody who was asked has anything of a trace.
    #[error(
        "no span and no log line of trace {id} was found:\n  {asked}\nA trace is there some seconds after it ended, until the retention of who keeps it; see --tempo, --loki, --victorialogs and --hours"
    )]
    TraceNotFound {
        /// As given.
        id: String,
        /// Who was asked, and what each said.
        asked: String,
    },
    /// The result cannot be printed.
    #[error("cannot write to standard output; check where it is redirected to")]
    Output {
        /// The system's answer.
        source: io::Error,
    },
}

impl Error {
    /// Whether the command line, or a file that it names, has to change: exit code 64 in place of 1.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::PagesFile { .. }
            | Self::TokenFile { .. }
            | Self::TokenContent { .. }
            | Self::Flush { .. } => true,
            Self::Listen { .. }
            | Self::PagesFileInUse { .. }
            | Self::RecordPage { .. }
            | Self::Signals { .. }
            | Self::Serve { .. }
            | Self::Client { .. }
            | Self::Unreachable { .. }
            | Self::Status { .. }
            | Self::Refused { .. }
            | Self::TooLarge { .. }
            | Self::Form { .. }
            | Self::NothingAccepted { .. }
            | Self::TraceNotFound { .. }
            | Self::Output { .. } => false,
        }
    }
}
