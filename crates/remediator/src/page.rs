//! The status page.

use homeostat_policy::event::Entry;
use homeostat_policy::incident::Incident;
use homeostat_policy::moment::Moment;
use homeostat_policy::observation::UnitState;
use homeostat_policy::rules::Budget;
use homeostat_policy::unit::UnitName;
use maud::{DOCTYPE, Markup, html};

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

/// The page as HTML.
#[must_use]
pub fn render(page: &Page) -> Markup {
    html! { (DOCTYPE) html { body { h1 { (page.host) } } } }
}
