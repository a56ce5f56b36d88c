//! The host at a glance: whether remedies run, what is left of the budget, and the units.

use super::icon::{Tone, badge};
use super::{Page, incident, when};
use homeostat_policy::unit::{ActiveState, UnitName, UnitState};
use maud::{Markup, html};
use std::time::Duration;

/// The figures under the banner.
pub(super) fn figures(page: &Page) -> Markup {
    let well = |is_well, word| match is_well {
        true => badge(Tone::Good, word),
        false => badge(Tone::Bad, "failed"),
    };
    let (log, bus) = page.healthy;
    let window = match page.budget.window_seconds {
        3_600 => "this hour".to_owned(),
        seconds => format!("in {}", when::span(Duration::from_secs(seconds))),
    };
    html! {
        dl.figures {
            div {
                dt { "Remedies" }
                dd {
                    @match (log && bus, page.paused.is_some()) {
                        (false, _) => (badge(Tone::Bad, "not possible")),
                        (true, true) => (badge(Tone::Warn, "paused")),
                        (true, false) => (badge(Tone::Good, "on")),
                    }
                }
            }
            div {
                dt { "Budget" }
                dd {
                    @let tone = if page.budget_left == 0 { Tone::Warn } else { Tone::Plain };
                    span class={ "amount " (tone.class()) } {
                        (page.budget_left) " of " (page.budget.actions)
                    }
                    " left " (window)
                }
            }
            div { dt { "Event log" } dd { (well(log, "recording")) } }
            div { dt { "System bus" } dd { (well(bus, "connected")) } }
        }
    }
}

/// The units under care.
pub(super) fn units(page: &Page) -> Markup {
    html! {
        section aria-labelledby="units" {
            h2 id="units" {
                "Units under care " span.count { (page.units.len()) }
                @if let Some(age) = page.units_age {
                    " " span.sub { "seen " (when::about(age)) " ago" }
                }
            }
            @if page.units.is_empty() {
                p.empty {
                    "No unit is under care. Name one under " code { "units" }
                    " in the configuration, and a rule that may heal it."
                }
            } @else {
                table {
                    thead {
                        tr {
                            th scope="col" { "Unit" }
                            th scope="col" { "State" }
                            th scope="col" { "For" }
                        }
                    }
                    tbody {
                        @for (unit, state) in &page.units { (row(page, unit, state.as_ref())) }
                    }
                }
            }
        }
    }
}

fn row(page: &Page, unit: &UnitName, state: Option<&UnitState>) -> Markup {
    let so_for = state
        .and_then(|s| s.active_for_ms.or(s.inactive_for_ms))
        .map(Duration::from_millis);
    let open = page.open().filter(|(i, _)| i.unit.as_ref() == Some(unit));
    html! {
        tr {
            th scope="row" {
                (unit)
                @for (incident, _) in open {
                    " "
                    a href=(format!("#incident-{}", incident.id)) {
                        "#" (incident.id) " " (incident::word(incident.phase))
                    }
                }
            }
            td {
                @match state {
                    None => (badge(Tone::Warn, "not known")),
                    Some(s) if s.load_state != "loaded" => (badge(Tone::Bad, &s.load_state)),
                    Some(s) => {
                        (badge(tone(s), s.active.label()))
                        " " span.sub { (detail(s)) }
                    }
                }
            }
            td {
                @match so_for {
                    Some(time) => span title=(when::span(time)) { (when::about(time)) },
                    None => "-",
                }
            }
        }
    }
}

fn tone(state: &UnitState) -> Tone {
    match state.active {
        ActiveState::Active => Tone::Good,
        ActiveState::Failed => Tone::Bad,
        ActiveState::Activating if state.sub.starts_with("auto-restart") => Tone::Warn,
        ActiveState::Activating | ActiveState::Deactivating | ActiveState::Reloading => Tone::Busy,
        ActiveState::Inactive | ActiveState::Other => Tone::Warn,
    }
}

/// What the state's word leaves open: the sub-state, why a run ended, and a queued job.
fn detail(state: &UnitState) -> String {
    let is_off = matches!(state.active, ActiveState::Failed | ActiveState::Inactive);
    let mut words = vec![match is_off {
        true => format!("result {}", state.result),
        false => state.sub.clone(),
    }];
    if let Some(job) = &state.job {
        words.push(format!("{job} job queued"));
    }
    words.join(", ")
}
