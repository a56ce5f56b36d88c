//! Times as people read them.

use homeostat_policy::log::{Moment, rfc3339};
use maud::{Markup, html};
use std::time::Duration;

/// A length of time in the two units that matter: `0.3 s`, `12 s`, `2 min 17 s`, `3 h 5 min`.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let two = |more: u64, unit: &str, less: u64, small: &str| match less {
        0 => format!("{more} {unit}"),
        _ => format!("{more} {unit} {less} {small}"),
    };
    match seconds {
        0..10 => {
            let tenths = time.as_millis() / 100;
            match tenths % 10 {
                0 => format!("{} s", tenths / 10),
                rest => format!("{}.{rest} s", tenths / 10),
            }
        }
        10..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..172_800 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// A length of time in the one unit that matters, for tables.
pub(super) fn about(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// The time of day in UTC, with the date for machines.
pub(super) fn clock(at: &Moment) -> Markup {
    let text = rfc3339(at.wall_ms);
    let shown = text.get(11..19).unwrap_or(&text);
    html! { time datetime=(text) { (shown) } }
}

/// Date and time of day.
pub(super) fn date(at: &Moment) -> Markup {
    let text = rfc3339(at.wall_ms);
    let shown = match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(time)) => format!("{day} {time}"),
        _ => text.clone(),
    };
    html! { time datetime=(text) { (shown) " UTC" } }
}
