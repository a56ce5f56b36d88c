//! The status page: one page that a person on call reads in ten seconds.
//!
//! It is drawn on the server, without scripts and without requests to anywhere. It reloads itself
//! every few seconds, which would close an opened `<details>` element again; so what a person
//! unfolds stands in the page's address instead.

mod banner;
mod icon;
mod incident;
mod overview;
mod picture;
mod refused;
mod scale;
#[cfg(test)]
mod tests;
mod timeline;
mod unfolded;
mod when;

pub use unfolded::Unfolded;

use crate::store::Story;
use homeostat_policy::log::Moment;
use homeostat_policy::log::{Incident, Phase};
use homeostat_policy::rules::Budget;
use homeostat_policy::unit::{UnitName, UnitState};
use homeostat_policy::words::End;
use incident::Detail;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::time::Duration;

/// How often the page reloads itself, in seconds.
const REFRESH_SECONDS: u32 = 5;

/// So many ended incidents show their picture without being asked.
const PICTURES: usize = 5;

/// The page has no other stylesheet: its policy forbids all requests.
const STYLE: &str = include_str!("page/style.css");

/// What the page shows.
pub struct Page {
    /// This host's name.
    pub host: String,
    /// Now.
    pub now: Moment,
    /// The units under care; `None` where the state is not known.
    pub units: Vec<(UnitName, Option<UnitState>)>,
    /// How long ago systemd last listed them.
    pub units_age: Option<Duration>,
    /// The newest incidents with their events, newest first.
    pub stories: Vec<Story>,
    /// What the person said who paused, and when that was, while paused.
    pub paused: Option<(String, Moment)>,
    /// Actions that the budget still allows.
    pub budget_left: u32,
    /// The budget.
    pub budget: Budget,
    /// Whether the event log takes events, and whether the bus answers.
    pub healthy: (bool, bool),
}

impl Page {
    fn open(&self) -> impl Iterator<Item = &Story> {
        self.stories.iter().filter(|(i, _)| !i.is_closed())
    }

    fn ended(&self) -> impl Iterator<Item = &Story> {
        self.stories
            .iter()
            .filter(|(i, _)| i.is_closed() && !is_refused(i))
    }

    fn refused(&self) -> impl Iterator<Item = &Story> {
        self.stories.iter().filter(|(i, _)| is_refused(i))
    }
}

fn is_refused(incident: &Incident) -> bool {
    incident.phase == Phase::Closed(End::Refused)
}

/// The page as HTML.
#[must_use]
pub fn render(page: &Page, unfolded: Unfolded) -> Markup {
    let matters = banner::matters(page);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="refresh" content={ (REFRESH_SECONDS) "; url=" (unfolded.address()) };
                title { (banner::title(page, &matters)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header.top {
                    h1 { (page.host) }
                    p { "Homeostat remediator" }
                    p.drawn { "as of " (when::clock(&page.now)) " UTC" }
                }
                main {
                    (banner::banner(page, &matters))
                    (overview::figures(page))
                    (overview::units(page))
                    (open(page))
                    (ended(page, unfolded))
                    (refused::section(page, unfolded))
                }
                footer {
                    p {
                        "Reloads every " (REFRESH_SECONDS) " s. Times are UTC. This page changes nothing. "
                        a href="/incidents?state=all" { "Incidents as JSON" } ", "
                        a href="/health" { "health" } ", "
                        a href="/metrics" { "metrics" }
                    }
                }
            }
        }
    }
}

fn open(page: &Page) -> Markup {
    let count = page.open().count();
    if count == 0 {
        return html! {};
    }
    html! {
        section aria-labelledby="open" {
            h2 id="open" { "Open incidents " span.count { (count) } }
            @for (incident, entries) in page.open() {
                (incident::card(incident, entries, &page.now, Detail::All))
            }
        }
    }
}

/// While nothing is open the newest one is told in full, for it is what a person comes for.
fn ended(page: &Page, unfolded: Unfolded) -> Markup {
    let is_quiet = page.open().next().is_none();
    let detail = |index, incident: &Incident| match index {
        0 if is_quiet => Detail::All,
        _ if unfolded == Unfolded::Incident(incident.id) => Detail::Unfolded,
        0..PICTURES => Detail::Picture,
        _ => Detail::Words,
    };
    html! {
        section aria-labelledby="ended" {
            h2 id="ended" { "Recent incidents" }
            @for (index, (incident, entries)) in page.ended().enumerate() {
                (incident::card(incident, entries, &page.now, detail(index, incident)))
            }
            @if page.ended().next().is_none() {
                p.empty {
                    @if is_quiet {
                        "No incident yet. To see one, make a service under care fail: answer requests "
                        "with errors until its alert fires, or kill its process. The alert, the "
                        "decision, the remedy and the proof that it helped then appear here within "
                        "seconds."
                    } @else {
                        "None has ended yet."
                    }
                }
            }
        }
    }
}
