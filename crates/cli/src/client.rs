//! How every command here speaks HTTP as a client.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use reqwest::Url;
use serde_json::Value;

use crate::Error;
use crate::terminal::printable;

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
    answer(client.get(url)).await
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Answer, Silence> {
    let mut response = request.send().await.map_err(Silence::Unreachable)?;
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
    let Answer { status, body } = ask(&direct()?, url.clone())
        .await
        .map_err(|silence| of_remediator(&url, silence))?;
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

/// Posts JSON to the remediator with a token, and demands its 200.
pub(crate) async fn post(url: Url, token: &str, body: &Value) -> Result<(), Error> {
    let request = direct()?.post(url.clone()).bearer_auth(token).json(body);
    let Answer { status, body } = answer(request)
        .await
        .map_err(|silence| of_remediator(&url, silence))?;
    if status == 200 {
        return Ok(());
    }
    let told: Option<Value> = serde_json::from_slice(&body).ok();
    let reason = told.as_ref().and_then(|told| told.get("error")?.as_str());
    Err(Error::Refused {
        url: url.to_string(),
        status,
        reason: printable(reason.unwrap_or("no reason given")),
    })
}

fn of_remediator(url: &Url, silence: Silence) -> Error {
    let url = url.to_string();
    match silence {
        Silence::Unreachable(source) => Error::Unreachable { url, source },
        Silence::TooLarge => Error::TooLarge {
            url,
            limit: MAX_ANSWER,
        },
    }
}

/// What an error of the client goes back to, such as a refused connection, without the address.
pub(crate) fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
