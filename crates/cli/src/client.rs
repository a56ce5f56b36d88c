//! How every command here speaks HTTP as a client.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use reqwest::Url;

use crate::Error;

/// Longer than any answer of ours takes; what needs longer is counted as a timeout.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes read of one answer.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// A client that goes where the URL says and nowhere else: no proxy from the environment, no redirects, and
/// `localhost` is loopback whatever the resolver thinks.
pub(crate) fn direct() -> Result<reqwest::Client, Error> {
    // Port 0 here means the port of the URL.
    let localhost = [
        (Ipv4Addr::LOCALHOST, 0).into(),
        (Ipv6Addr::LOCALHOST, 0).into(),
    ];
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .resolve_to_addrs("localhost", &localhost)
        .timeout(TIMEOUT)
        .build()
        .map_err(|source| Error::Client { source })
}

/// A whole answer.
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// At most [`MAX_ANSWER`] bytes.
    pub(crate) body: Vec<u8>,
}

/// Why there is no whole answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Silence {
    #[error("no complete answer ({})", cause(.0))]
    Unreachable(reqwest::Error),
    #[error("the answer is larger than {MAX_ANSWER} bytes")]
    TooLarge,
}

/// Gets an answer, whatever its status.
pub(crate) async fn ask(client: &reqwest::Client, url: Url) -> Result<Answer, Silence> {
    let mut response = client.get(url).send().await.map_err(Silence::Unreachable)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Silence::Unreachable)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(Silence::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body })
}

/// Gets the whole body of the remediator's 200 answer.
pub(crate) async fn get(url: Url) -> Result<Vec<u8>, Error> {
    let Answer { status, body } =
        ask(&direct()?, url.clone())
            .await
            .map_err(|silence| match silence {
                Silence::Unreachable(source) => Error::Unreachable {
                    url: url.to_string(),
                    source,
                },
                Silence::TooLarge => Error::TooLarge {
                    url: url.to_string(),
                    limit: MAX_ANSWER,
                },
            })?;
    if status == 200 {
        return Ok(body);
    }
    let cure = match status {
        404 => "no such incident there; `homeostat incidents` lists them",
        _ => "read `journalctl -u homeostat-remediator`",
    };
    Err(Error::Status {
        url: url.to_string(),
        status,
        cure,
    })
}

/// What an error of the client goes back to, such as a refused connection, without the address.
pub(crate) fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
