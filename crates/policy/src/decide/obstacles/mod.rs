//! What stands in the way of a remedy, in two ordered tables: before a rung of the ladder is chosen,
//! and after. Each obstacle is one function; those that read one fact share a file.

mod alert;
mod calls;
mod host;
mod limits;
mod off;
mod unit;

pub(super) use calls::left as back_off_left;
pub(super) use off::was_stopped_by_somebody;

use super::{Case, Chosen, Stop};

/// An obstacle that is looked at before a rung is chosen.
pub struct Before {
    /// Its name in this table.
    pub name: &'static str,
    /// Whether it stands in the way.
    pub(super) check: fn(&Case<'_>) -> Option<Stop>,
}

/// An obstacle that is looked at when a rung is chosen.
pub struct After {
    /// Its name in this table.
    pub name: &'static str,
    /// Whether it stands in the way.
    pub(super) check: fn(&Case<'_>, &Chosen<'_>) -> Option<Stop>,
}

macro_rules! table {
    ($kind:ident: $($name:literal => $check:path,)+) => {
        &[$($kind { name: $name, check: $check },)+]
    };
}

/// The obstacles before a rung is chosen, in their order.
pub const BEFORE: &[Before] = table! { Before:
    "unreadable record" => calls::unreadable,
    "last call denied or its outcome unknown" => calls::ends_the_ladder,
    "paused by a person" => host::paused,
    "switch running" => host::switch_running,
    "bus lost" => unit::unseen,
    "unit unknown" => unit::unknown,
    "alias" => unit::alias,
    "labels taken away" => alert::relabelled,
    "host at risk" => unit::host_at_risk,
    "frozen" => unit::frozen,
    "job queued" => unit::job_queued,
    "changing" => unit::changing,
    "off" => off::off,
    "unconfirmed" => alert::unconfirmed,
    "somebody's remedy" => unit::somebodys_remedy,
    "back-off" => calls::back_off,
};

/// The obstacles when a rung is chosen, in their order.
pub const AFTER: &[After] = table! { After:
    "dry-run" => limits::dry_run,
    "cool-down" => limits::cooldown,
    "attempts" => limits::attempts,
    "budget" => limits::budget,
    "start limit" => limits::start_limit,
    "in flight" => limits::in_flight,
    // Last, for without an action it does not matter.
    "switch unknown" => host::switch_unknown,
};
