//! What is written down: moments, events, and what they fold to.

pub mod event;
pub mod history;
pub mod incident;
pub mod moment;

pub use event::{Entry, Event, IncidentId};
pub use history::History;
pub use incident::{Action, Ended, Evidence, Incident, Phase, Source};
pub use moment::{Moment, parse_rfc3339, rfc3339};
