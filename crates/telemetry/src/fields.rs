//! The names of log fields, in one list.
//!
//! A field has one meaning and three spellings: what code writes, what journald
//! stores, what Loki shows. A line that carries identifiers uses these and no others.

/// One log field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The name in `tracing` macros.
    pub code: &'static str,
    /// The name in the journal: `F_` and the code name in capitals.
    pub journal: &'static str,
    /// The name as structured metadata in Loki.
    pub loki: &'static str,
}

const fn field(code: &'static str, journal: &'static str, loki: &'static str) -> Field {
    Field {
        code,
        journal,
        loki,
    }
}

/// Every field that our lines may carry beside the message.
pub const FIELDS: &[Field] = &[
    field("trace_id", "F_TRACE_ID", "trace_id"),
    field("request", "F_REQUEST", "request"),
    field("error", "F_ERROR", "error"),
    field("duration_ms", "F_DURATION_MS", "duration_ms"),
    field("address", "F_ADDRESS", "address"),
    field("endpoint", "F_ENDPOINT", "endpoint"),
    field("method", "F_METHOD", "method"),
    field("route", "F_ROUTE", "route"),
    field("status_code", "F_STATUS_CODE", "status_code"),
    field("status", "F_STATUS", "status"),
    field("count", "F_COUNT", "count"),
    field("reason", "F_REASON", "reason"),
    field("host", "F_HOST", "host"),
    // The workload.
    field("transaction_id", "F_TRANSACTION_ID", "transaction_id"),
    field("amount", "F_AMOUNT", "amount"),
    field("currency", "F_CURRENCY", "currency"),
    field("delay_ms", "F_DELAY_MS", "delay_ms"),
    field("error_share", "F_ERROR_SHARE", "error_share"),
    // The healer.
    field("incident_id", "F_INCIDENT_ID", "incident_id"),
    field("unit_name", "F_UNIT_NAME", "unit_name"),
    field("alert_name", "F_ALERT_NAME", "alert_name"),
    field("fingerprint", "F_FINGERPRINT", "fingerprint"),
    field("rule", "F_RULE", "rule"),
    field("decision", "F_DECISION", "decision"),
    field("verb", "F_VERB", "verb"),
    field("job", "F_JOB", "job"),
    field("result", "F_RESULT", "result"),
    field("verdict", "F_VERDICT", "verdict"),
    field("invocation_id", "F_INVOCATION_ID", "invocation_id"),
    field("canary", "F_CANARY", "canary"),
];
