//! What single values of the command line have to be, and the cure for each that is not so.

use std::net::IpAddr;

use reqwest::Url;

/// The highest rate of the open loop, in posts per second. It bounds what a run keeps in memory.
const MAX_RATE: f64 = 10_000.0;

/// Accepts plain HTTP only: the binary carries no TLS.
pub(super) fn http_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("{error}; give one such as http://127.0.0.1:5000"))?;
    if url.scheme() != "http" || url.host_str().is_none() {
        return Err(
            "only http:// is spoken here; reach another host through a tunnel to its loopback"
                .to_owned(),
        );
    }
    Ok(url)
}

/// Accepts loopback addresses and `localhost`: a load generator must not be pointed at somebody else.
pub(super) fn loopback_url(text: &str) -> Result<Url, String> {
    let url = http_url(text)?;
    let host = url.host_str().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    if host == "localhost" || address.is_ok_and(|address| address.is_loopback()) {
        return Ok(url);
    }
    Err(format!(
        "load goes to loopback only, and {host} is elsewhere; use 127.0.0.1, [::1] or localhost"
    ))
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    let cure = || format!("give 0 (as fast as answered) or a number from 0.01 to {MAX_RATE}");
    let rate: f64 = text
        .parse()
        .map_err(|_| format!("not a number; {}", cure()))?;
    if rate == 0.0 || (0.01..=MAX_RATE).contains(&rate) {
        Ok(rate)
    } else {
        Err(cure())
    }
}

pub(super) fn label_value(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
        return Err("give 1 to 256 bytes without control characters".to_owned());
    }
    Ok(text.to_owned())
}

/// An id becomes one segment of a path, where `.` and `..` would name another page.
pub(super) fn incident_id(text: &str) -> Result<String, String> {
    if text.is_empty() || text == "." || text == ".." {
        return Err("not an id; `homeostat incidents` lists them".to_owned());
    }
    Ok(text.to_owned())
}

/// A reason as the remediator takes it.
pub(super) fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 500 {
        return Err("give 1 to 500 characters, so that others know why".to_owned());
    }
    Ok(text.to_owned())
}

/// Accepts what W3C Trace Context calls a trace id, in upper case too.
pub(super) fn trace_id(text: &str) -> Result<String, String> {
    let id = text.to_ascii_lowercase();
    let is_hex = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex || id.bytes().all(|byte| byte == b'0') {
        return Err("a trace id is 32 hex digits, not all zero; take it from a log line's trace_id, an error answer's \
             trace_id, or an exemplar"
            .to_owned());
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::{http_url, incident_id, label_value, loopback_url, rate, reason, trace_id};

    #[test]
    fn load_goes_to_loopback_only() {
        for good in [
            "http://127.0.0.1:5000/webhook",
            "http://localhost/",
            "http://[::1]:8000/x",
            "http://127.1:80/",
        ] {
            assert!(loopback_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://192.0.2.1/",
            "http://0.0.0.0:5000/",
            "http://example.org/",
            "http://127.0.0.1@example.org/",
            "http://localhost.example.org/",
            "http://127.0.0.1.example.org/",
            "http://[2001:db8::1]/",
        ] {
            assert!(
                loopback_url(bad).is_err_and(|error| error.contains("loopback")),
                "{bad}"
            );
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        for bad in [
            "https://127.0.0.1/",
            "file:///etc/passwd",
            "127.0.0.1:5000",
            "",
        ] {
            assert!(http_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rates_are_finite_and_bounded() {
        assert_eq!(rate("0"), Ok(0.0));
        assert_eq!(rate("0.5"), Ok(0.5));
        for bad in ["-1", "NaN", "inf", "10001", "0.001", "fast"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_reason_is_there_and_not_a_novel() {
        assert_eq!(reason(" on it "), Ok("on it".to_owned()));
        assert!(reason("  ").is_err());
        assert!(reason(&"é".repeat(500)).is_ok());
        assert!(reason(&"é".repeat(501)).is_err());
    }

    #[test]
    fn odd_labels_and_ids_are_refused() {
        assert!(label_value("").is_err());
        assert!(label_value("a\nb").is_err());
        assert!(incident_id("..").is_err());
        assert_eq!(incident_id("42").as_deref(), Ok("42"));
    }

    #[test]
    fn a_trace_id_is_32_hex_digits() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(&id.to_uppercase()).as_deref(), Ok(id));
        for bad in [
            "",
            "4bf9",
            &"0".repeat(32),
            &"g".repeat(32),
            &"é".repeat(16),
        ] {
            assert!(
                trace_id(bad).is_err_and(|error| error.contains("32 hex digits")),
                "{bad}"
            );
        }
    }
}
