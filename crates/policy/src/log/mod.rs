//! What is written down: moments, events, and what they fold to.

pub mod action;
pub mod event;
pub mod evidence;
pub mod history;
pub mod holds;
pub mod incident;
pub mod moment;
pub mod phase;
pub mod room;

pub use action::{Action, Ended};
pub use event::{Entry, Event, IncidentId};
pub use evidence::{Evidence, Source};
pub use history::History;
pub use incident::Incident;
pub use moment::{CLOCK_PROVES_ITSELF, Moment, Now, parse_rfc3339, rfc3339};
pub use phase::Phase;
