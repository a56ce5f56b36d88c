//! Errors as clients see them: RFC 9457 problem documents.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use homeostat_telemetry::http::Cause;
use homeostat_telemetry::propagation::current_trace_id;
use serde::Serialize;

/// An answer of type `application/problem+json`. `type` is left out, so it is
/// `about:blank` and the title is the status phrase (RFC 9457, 4.2.1).
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    cause: Option<String>,
    retry_after_seconds: Option<u16>,
}

#[derive(Serialize)]
struct Document<'a> {
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
}

impl Problem {
    /// A problem with a `code` for programs and a `detail` for people.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            cause: None,
            retry_after_seconds: None,
        }
    }

    /// A 422: the request is well formed and cannot be accepted.
    pub fn unprocessable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// Adds what only the log may tell.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds a `Retry-After` header, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u16) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = Document {
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            // A person who reports a failure can hand over the trace that shows it.
            trace_id: if self.status.is_server_error() {
                current_trace_id()
            } else {
                None
            },
        };
        let body =
            serde_json::to_vec(&document).expect("invariant: strings and numbers are plain JSON");
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(Cause(cause));
        }
        response
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let code = match &rejection {
            JsonRejection::JsonSyntaxError(_) => "body_not_json",
            JsonRejection::JsonDataError(_) => "body_wrong_shape",
            JsonRejection::MissingJsonContentType(_) => "media_type_unsupported",
            _ if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
            _ => "body_unreadable",
        };
        let detail = match code {
            "media_type_unsupported" => {
                "send the body as JSON with the header Content-Type: application/json".to_owned()
            }
            "body_too_large" => {
                format!("the body is larger than {} bytes", crate::BODY_LIMIT)
            }
            _ => rejection.body_text(),
        };
        Self::new(rejection.status(), code, detail)
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), "query_malformed", rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), "path_malformed", rejection.body_text())
    }
}

/// The answer where no route matches.
pub(crate) async fn unknown_route(uri: Uri) -> Problem {
    let detail = format!("there is no {}", uri.path());
    Problem::new(StatusCode::NOT_FOUND, "route_unknown", detail)
}

/// The answer where the route exists and the method does not; axum adds `Allow`.
pub(crate) async fn wrong_method(method: Method, uri: Uri) -> Problem {
    let detail = format!(
        "{} does not take {method}; see the Allow header",
        uri.path()
    );
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}
