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

/// Gets the whole body of a 200 answer.
pub(crate) async fn get(url: Url) -> Result<Vec<u8>, Error> {
    let unreachable = |source| Error::Unreachable {
        url: url.to_string(),
        source,
    };
    let mut response = direct()?
        .get(url.clone())
        .send()
        .await
        .map_err(unreachable)?;
    let status = response.status().as_u16();
    if status != 200 {
        let cure = match status {
            404 => "no such incident there; `homeostat incidents` lists them",
            _ => "read `journalctl -u homeostat-remediator`",
        };
        return Err(Error::Status {
            url: url.to_string(),
            status,
            cure,
        });
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(Error::TooLarge {
                url: url.to_string(),
                limit: MAX_ANSWER,
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
