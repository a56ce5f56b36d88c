//! The names of a span's fields in the log store, beside `trace_id`, `span_id` and `service.name`, which every entry may
//! have. Written by `homeostat spans`, read by `homeostat trace`, typed by people into searches.

/// Tells spans from log lines: it is [`SPAN`] for the former, and the latter have no such field.
pub(crate) const ENTRY_KIND: &str = "entry_kind";
pub(crate) const SPAN: &str = "span";

pub(crate) const PARENT: &str = "parent_span_id";
pub(crate) const NAME: &str = "span_name";
/// `server`, `client`, `internal`, `producer` or `consumer`.
pub(crate) const SPAN_KIND: &str = "span_kind";
/// In milliseconds, with up to six decimals.
pub(crate) const DURATION: &str = "duration_ms";
/// `ok`, `error` or `unset`.
pub(crate) const STATUS: &str = "span_status";
pub(crate) const MESSAGE: &str = "span_status_message";
pub(crate) const ATTRIBUTES: &str = "span_attributes";
pub(crate) const EVENTS: &str = "span_events";
