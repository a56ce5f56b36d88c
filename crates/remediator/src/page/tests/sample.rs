//! Pages made of incidents that are told event by event.

use crate::page::{Page, Unfolded};
use homeostat_policy::alert::{Alert, AlertStatus, Fingerprint};
use homeostat_policy::log::Incident;
use homeostat_policy::log::Moment;
use homeostat_policy::log::{Entry, Event};
use homeostat_policy::observation::{Fact, Observation};
use homeostat_policy::rules::Budget;
use homeostat_policy::unit::{ActiveState, UnitName, UnitState};
use homeostat_policy::words::Reason;
use homeostat_policy::words::Verdict;
use homeostat_policy::words::{DecisionKind, End};
use homeostat_policy::words::{JobResult, Verb};
use std::collections::BTreeMap;
use std::time::Duration;

/// An hour and a day of uptime before this, so that stories have room.
pub(crate) const NOW: Moment = Moment {
    wall_ms: 1_790_000_000_000,
    boot_ms: 90_000_000,
    boot_id: 1,
};

pub(crate) fn ago(seconds: u64) -> Moment {
    Moment {
        wall_ms: NOW.wall_ms - i64::try_from(seconds).expect("a small number") * 1_000,
        boot_ms: NOW.boot_ms - seconds * 1_000,
        boot_id: NOW.boot_id,
    }
}

pub(crate) fn unit(name: &str) -> UnitName {
    UnitName::parse(name).expect("a unit name")
}

pub(crate) fn alert(name: &str) -> Alert {
    let labels = BTreeMap::from([("alertname".to_owned(), name.to_owned())]);
    Alert {
        name: name.to_owned(),
        status: AlertStatus::Firing,
        fingerprint: Fingerprint::of_labels(&labels),
        labels,
        summary: String::new(),
        starts_ms: 0,
    }
}

pub(crate) fn state(name: &str, active: ActiveState, sub: &str) -> UnitState {
    UnitState {
        id: name.to_owned(),
        load_state: "loaded".to_owned(),
        active,
        sub: sub.to_owned(),
        result: match active {
            ActiveState::Failed => "exit-code".to_owned(),
            _ => "success".to_owned(),
        },
        job: None,
        invocation_id: "5f2c".to_owned(),
        n_restarts: 0,
        active_enter_ms: 1,
        active_for_ms: (active == ActiveState::Active).then_some(7_384_000),
        inactive_for_ms: (active == ActiveState::Inactive).then_some(1_860_000),
        start_limit_interval_ms: 10_000,
        start_limit_burst: 5,
        job_timeout_ms: 180_000,
        service_type: "simple".to_owned(),
        remains_after_exit: false,
        is_triggered: false,
        freezer: "running".to_owned(),
        changed_ms: 1,
        host_action: None,
        bound_to: Vec::new(),
    }
}

/// An incident told event by event; times are milliseconds since its opening.
pub(crate) struct Tale {
    id: i64,
    opened: Moment,
    unit: String,
    entries: Vec<Entry>,
    actions: u32,
}

impl Tale {
    pub(crate) fn new(id: i64, seconds_ago: u64, name: &str) -> Self {
        let tale = Self {
            id,
            opened: ago(seconds_ago),
            unit: name.to_owned(),
            entries: Vec::new(),
            actions: 0,
        };
        let host = "demo".to_owned();
        tale.event(
            0,
            Event::Opened {
                host,
                unit: unit(name),
            },
        )
    }

    pub(crate) fn event(mut self, ms: u64, event: Event) -> Self {
        self.entries.push(Entry {
            incident: self.id,
            at: self.opened.plus(Duration::from_millis(ms)),
            event,
        });
        self
    }

    pub(crate) fn fires(self, ms: u64, name: &str, summary: &str) -> Self {
        let alert = Alert {
            summary: summary.to_owned(),
            ..alert(name)
        };
        let rule = format!("{}/{name}", self.unit);
        self.event(
            ms,
            Event::Alert {
                alert,
                rule,
                anew: false,
                left_out: false,
            },
        )
    }

    pub(crate) fn cleared(self, ms: u64, name: &str) -> Self {
        let fingerprint = alert(name).fingerprint;
        self.event(ms, Event::Cleared { fingerprint })
    }

    pub(crate) fn decided(
        self,
        ms: u64,
        decision: DecisionKind,
        reason: Reason,
        verb: Option<Verb>,
    ) -> Self {
        let observation = seen(&self.unit, ActiveState::Active, "running");
        self.event(
            ms,
            Event::Decided {
                decision,
                reason,
                verb,
                observation,
            },
        )
    }

    pub(crate) fn holds(self, ms: u64, reason: Reason) -> Self {
        self.decided(ms, DecisionKind::Hold, reason, None)
    }

    pub(crate) fn pages(self, ms: u64, reason: Reason) -> Self {
        self.decided(ms, DecisionKind::Escalate, reason, None)
    }

    /// Decides on `verb` and records the intent.
    pub(crate) fn intends(mut self, ms: u64, verb: Verb) -> Self {
        self.actions += 1;
        let intent = Event::Intent {
            action: self.actions,
            unit: unit(&self.unit),
            verb,
            rule: format!("{}/HighErrorRate", self.unit),
            invocation_before: "5f2c".to_owned(),
            changed_before_ms: None,
            about: None,
        };
        self.decided(ms, DecisionKind::Act, Reason::Firing, Some(verb))
            .event(ms, intent)
    }

    pub(crate) fn job_ends(self, ms: u64, result: JobResult) -> Self {
        let action = self.actions;
        let invocation_after = Some("77ab".to_owned());
        self.event(
            ms,
            Event::JobEnded {
                action,
                result,
                invocation_after,
                examined: false,
                misfit: None,
                was_reset: false,
            },
        )
    }

    pub(crate) fn judged(self, ms: u64, verdict: Verdict, reason: Reason) -> Self {
        let action = self.actions;
        let active = match reason {
            Reason::UnitNotActive => (ActiveState::Failed, "failed"),
            _ => (ActiveState::Active, "running"),
        };
        let observation = seen(&self.unit, active.0, active.1);
        self.event(
            ms,
            Event::Verdict {
                action,
                verdict,
                reason,
                observation,
            },
        )
    }

    pub(crate) fn closes(self, ms: u64, end: End) -> Self {
        let reason = match end {
            End::Fixed => Reason::Recovered,
            _ => Reason::AlertCleared,
        };
        self.decided(ms, DecisionKind::End, reason, None)
            .event(ms, Event::Closed { end, note: None })
    }

    pub(crate) fn told(self) -> (Incident, Vec<Entry>) {
        let mut incidents = Incident::fold(&self.entries);
        let incident = incidents.remove(&self.id).expect("an incident begins");
        (incident, self.entries)
    }
}

fn seen(unit: &str, active: ActiveState, sub: &str) -> Observation {
    Observation {
        unit: Fact::Known(state(unit, active, sub)),
        alerts: BTreeMap::new(),
        switching: Fact::Known(false),
        ..Observation::default()
    }
}

pub(crate) fn refused(
    id: i64,
    seconds_ago: u64,
    name: &str,
    reason: Reason,
) -> (Incident, Vec<Entry>) {
    let entry = Entry {
        incident: id,
        at: ago(seconds_ago),
        event: Event::Refused {
            host: "demo".to_owned(),
            alert: alert(name),
            reason,
            rules: 1,
        },
    };
    let incident = Incident::begin(&entry).expect("a refusal is an incident");
    (incident, vec![entry])
}

const API: &str = "homeostat-api.service";

/// A restart that is proven: the common story.
pub(crate) fn fixed(id: i64, seconds_ago: u64) -> (Incident, Vec<Entry>) {
    Tale::new(id, seconds_ago, API)
        .fires(0, "HighErrorRate", "12.4 % of answers are 5xx")
        .intends(240, Verb::Restart)
        .job_ends(1_620, JobResult::Done)
        .judged(138_200, Verdict::Fixed, Reason::Recovered)
        .cleared(138_210, "HighErrorRate")
        .closes(138_300, End::Fixed)
        .told()
}

/// Two remedies, neither proven, then a person; open.
pub(crate) fn paged(id: i64, seconds_ago: u64) -> (Incident, Vec<Entry>) {
    Tale::new(id, seconds_ago, API)
        .fires(0, "AppDown", "the probe of /live fails")
        .intends(300, Verb::Restart)
        .job_ends(4_100, JobResult::Done)
        .judged(21_000, Verdict::Unproven, Reason::UnitNotActive)
        .fires(24_000, "UnitFailed", "homeostat-api.service is failed")
        .intends(24_500, Verb::Rescue)
        .job_ends(31_000, JobResult::Failed)
        .judged(31_200, Verdict::Unproven, Reason::JobFailed)
        .pages(31_900, Reason::LadderExhausted)
        .told()
}

pub(crate) fn page(stories: Vec<(Incident, Vec<Entry>)>) -> Page {
    let active = |name: &str| {
        (
            unit(name),
            Some(state(name, ActiveState::Active, "running")),
        )
    };
    Page {
        host: "demo".to_owned(),
        now: NOW,
        units: vec![active(API), active("postgresql.service")],
        units_age: Some(Duration::from_secs(1)),
        stories,
        paused: None,
        budget_left: 7,
        budget: Budget::default(),
        healthy: (true, true),
    }
}

/// Pages worth looking at, by name, and what is unfolded on them.
pub(crate) fn all() -> Vec<(&'static str, Page, Unfolded)> {
    let verifying = Tale::new(8, 41, API)
        .fires(0, "HighErrorRate", "12.4 % of answers are 5xx")
        .intends(240, Verb::Restart)
        .job_ends(1_620, JobResult::Done)
        .told();
    let acting = Tale::new(9, 4, "postgresql.service")
        .fires(0, "PostgresDown", "pg_up is 0")
        .intends(700, Verb::Rescue)
        .told();
    let held = Tale::new(7, 900, API)
        .fires(0, "HighLatency", "p95 is 1.8 s")
        .holds(200, Reason::Paused)
        .told();
    let acknowledged = Tale::new(4, 7_300, "postgresql.service")
        .fires(0, "PostgresDown", "pg_up is 0")
        .holds(900, Reason::AutoRestart)
        .pages(301_000, Reason::HoldTimeout)
        .event(
            640_000,
            Event::Acknowledged {
                reason: "Ada looks at the disk".to_owned(),
            },
        )
        .told();
    let by_itself = |id, ago| {
        Tale::new(id, ago, API)
            .fires(0, "HighLatency", "p95 is 0.9 s")
            .holds(400, Reason::Cooldown)
            .cleared(94_000, "HighLatency")
            .closes(94_100, End::ResolvedByItself)
            .told()
    };
    let many: Vec<_> = (0..30)
        .map(|n: i64| {
            let age = 600 + 1_700 * n.unsigned_abs();
            match n % 4 {
                1 => by_itself(130 - n, age),
                3 => refused(130 - n, age, "HostDiskWillFill", Reason::NoRule),
                _ => fixed(130 - n, age),
            }
        })
        .collect();
    let storm: Vec<_> = (0..28)
        .map(|n: i64| {
            let reason = if n % 5 == 0 {
                Reason::OtherHost
            } else {
                Reason::NoRule
            };
            let name = if n % 3 == 0 {
                "TargetDown"
            } else {
                "HostMemoryPressure"
            };
            refused(90 - n, 5 * n.unsigned_abs(), name, reason)
        })
        .chain([fixed(12, 5_000)])
        .collect();
    let long = format!(
        "{}@tenant-with-a-long-name-in-production-eu-central-1.service",
        "payments-ledger-reconciliation-worker".repeat(3)
    );
    let mut alerts =
        Tale::new(3, 100, &long).fires(0, &"VeryLongAlertName".repeat(8), &"word ".repeat(60));
    for n in 0..70 {
        alerts = alerts.fires(n * 900, &format!("PaymentQueueLag{n}"), "the queue grows");
    }

    let mut paused = page(vec![held, fixed(6, 4_000)]);
    paused.paused = Some(("database migration until 15:00, Grace".to_owned(), ago(540)));
    let mut healing = page(vec![acting, verifying, fixed(6, 4_000)]);
    healing.units[1].1 = Some(state(
        "postgresql.service",
        ActiveState::Activating,
        "start",
    ));
    let mut called = page(vec![paged(5, 190), acknowledged, fixed(2, 90_000)]);
    called.units[0].1 = Some(state(API, ActiveState::Failed, "failed"));
    called.budget_left = 0;
    let mut long_names = page(vec![alerts.intends(80_000, Verb::Restart).told()]);
    long_names.units[0].0 = unit(&long);
    let mut blind = page(vec![]);
    blind.healthy = (false, false);
    blind.units[0].1 = None;
    blind.units[1].1 = None;
    let mut stopped = page(vec![]);
    stopped.units[1].1 = Some(state("postgresql.service", ActiveState::Inactive, "dead"));
    let folded = [
        ("new", page(vec![])),
        ("well", page(vec![fixed(6, 4_000), by_itself(5, 9_000)])),
        ("paused", paused),
        ("healing", healing),
        ("paged", called),
        ("many", page(many.clone())),
        ("storm", page(storm.clone())),
        ("long", long_names),
        ("blind", blind),
        ("stopped", stopped),
    ];
    folded
        .into_iter()
        .map(|(name, page)| (name, page, Unfolded::Nothing))
        .chain([
            ("many-unfolded", page(many), Unfolded::Incident(122)),
            ("storm-unfolded", page(storm), Unfolded::Refused),
        ])
        .collect()
}
