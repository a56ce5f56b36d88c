//! The status page: one page that a person on call reads in ten seconds.
//!
//! It is drawn on the server, without scripts and without requests to anywhere. It reloads itself
//! every few seconds, which would close an opened `<details>` element again; so a story is opened
//! by a link to its anchor, which the reload keeps.

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
mod when;

use homeostat_policy::event::{End, Entry};
use homeostat_policy::incident::{Incident, Phase};
use homeostat_policy::moment::Moment;
use homeostat_policy::observation::UnitState;
use homeostat_policy::rules::Budget;
use homeostat_policy::unit::UnitName;
use maud::{DOCTYPE, Markup, PreEscaped, html};

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
    /// The units under care; `None` where systemd cannot be asked.
    pub units: Vec<(UnitName, Option<UnitState>)>,
    /// The newest incidents with their events, newest first.
    pub stories: Vec<(Incident, Vec<Entry>)>,
    /// What the person said who paused, while paused.
    pub paused: Option<String>,
    /// Actions that the budget still allows.
    pub budget_left: u32,
    /// The budget.
    pub budget: Budget,
    /// Whether the event log takes events, and whether the bus answers.
    pub healthy: (bool, bool),
}

/// An incident with its events, oldest first.
type Story = (Incident, Vec<Entry>);

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
pub fn render(page: &Page) -> Markup {
    let matters = banner::matters(page);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="refresh" content=(REFRESH_SECONDS);
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
                    (ended(page))
                    (refused::section(page))
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
                (incident::card(incident, entries, &page.now, incident::Steps::Shown))
            }
        }
    }
}

/// While nothing is open the newest one is told in full, for it is what a person comes for.
fn ended(page: &Page) -> Markup {
    let is_quiet = page.open().next().is_none();
    let steps = |index| match index {
        0 if is_quiet => incident::Steps::Shown,
        0..PICTURES => incident::Steps::OnRequest,
        _ => incident::Steps::AllOnRequest,
    };
    html! {
        section aria-labelledby="ended" {
            h2 id="ended" { "Recent incidents" }
            @for (index, (incident, entries)) in page.ended().enumerate() {
                (incident::card(incident, entries, &page.now, steps(index)))
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
