//! Who hears, what an answer covers, and what cannot be read: faults 7, 9 and 10.

use super::{Fed, T, every_verb, off, restart, with_alert};
use crate::fixture::{
    ALERT, Log, UNIT, active, at, checked, failed, gone, job, one, rule, short, shown,
};
use homeostat_policy::alert::Fingerprint;
use homeostat_policy::log::{Entry, Event, Source};
use homeostat_policy::machine::{Answer, Command, Effect, Input, Refusal, State};
use homeostat_policy::observation::{Fact, HeldAlert, Observation};
use homeostat_policy::unit::{ActiveState, UnitState};
use homeostat_policy::words::{JobResult, Mode, Reason, Verb};

// 7: an acknowledgement covers what was known.

fn held(alerts: &[(&str, &str)], unit: UnitState) -> Observation {
    let held = |(name, severity): &(&str, &str)| HeldAlert {
        name: (*name).to_owned(),
        severity: (*severity).to_owned(),
    };
    Observation {
        of_unit: Fact::Known(alerts.iter().map(held).collect()),
        ..with_alert(shown(), unit)
    }
}

fn acknowledged() -> Fed {
    let mut frozen = active();
    frozen.load_state = "masked".to_owned();
    let mut fed = Fed::new(restart());
    fed.alert(1, "firing", T);
    fed.look(2, held(&[("HighLatency", "warning")], frozen));
    let ack = Command::Acknowledge {
        incident: 1,
        reason: "mine".to_owned(),
    };
    fed.feed(3, Input::Command(ack));
    fed
}

#[test]
fn after_an_answer_what_was_known_is_quiet_and_what_is_worse_pages_again() {
    let quiet = |seen: Observation| acknowledged().look(4, seen);
    assert_eq!(
        quiet(held(&[("HighLatency", "warning")], active())),
        "acknowledged unit_unknown"
    );
    assert_eq!(
        quiet(held(&[("HighLatency", "info")], active())),
        "acknowledged unit_unknown"
    );
    let page = [
        ("RemediationAcknowledged", "info"),
        ("RemediationExhausted", "critical"),
    ];
    assert_eq!(quiet(held(&page, active())), "acknowledged unit_unknown");
    assert_eq!(
        quiet(held(&[("HighLatency", "critical")], active())),
        "paged worse_since"
    );
    assert_eq!(
        quiet(held(&[("UnitFailed", "info")], active())),
        "paged worse_since"
    );
    assert_eq!(quiet(held(&[], failed())), "paged worse_since");
    let mut stopped = held(&[], failed());
    stopped.records = Fact::Known(vec![job("stop", JobResult::Done)]);
    assert_eq!(quiet(stopped), "acknowledged unit_unknown");
    let mut fed = acknowledged();
    fed.look(4, held(&[("UnitFailed", "info")], active()));
    assert_eq!(
        fed.look(5, held(&[("UnitFailed", "info")], active())),
        "paged worse_since"
    );
    let told = fed
        .log
        .iter()
        .filter(|e| matches!(e.event, Event::Decided { .. }));
    assert_eq!(told.count(), 2, "once");
}

#[test]
fn an_answer_expires() {
    let quiet = || held(&[("HighLatency", "warning")], active());
    let mut fed = acknowledged();
    assert_eq!(
        fed.look(3 + 4 * 3600 - 1, quiet()),
        "acknowledged unit_unknown"
    );
    assert_eq!(
        fed.look(3 + 4 * 3600, quiet()),
        "paged acknowledgement_expired"
    );
}

#[test]
fn a_person_closes_an_incident_and_its_episode_stays_so() {
    let close = |incident| {
        Input::Command(Command::Close {
            incident,
            reason: "decommissioned".to_owned(),
        })
    };
    let mut fed = acknowledged();
    let step = fed.feed(5, close(9));
    assert_eq!(
        step.effects,
        [Effect::Answer(Answer::Refused(Refusal::NotOpen))]
    );
    fed.feed(6, close(1));
    assert_eq!(fed.state.open().count(), 0);
    assert_eq!(fed.alert(7, "firing", T), Answer::Duplicate);
    assert_eq!(fed.alert(8, "resolved", T), Answer::Accepted);
    assert_eq!(fed.alert(9, "firing", T), Answer::Accepted);
    let mut acting = Fed::new(restart());
    acting.alert(1, "firing", T);
    acting.look(2, with_alert(shown(), active()));
    let step = acting.feed(3, close(1));
    assert_eq!(
        step.effects,
        [Effect::Answer(Answer::Refused(Refusal::Acting))]
    );
}

// 9: somebody hears.

#[test]
fn a_hold_without_end_needs_somebody_else_who_hears() {
    let stopped = || {
        off(ActiveState::Inactive, |o| {
            o.records = Fact::Known(vec![job("stop", JobResult::Done)]);
            o.alerts = [(Fingerprint(1), gone(at(0)))].into();
        })
    };
    let late = |log: Log| {
        short(
            &log.held(1, Reason::StoppedOnPurpose)
                .decide(&every_verb(), &stopped(), 301),
        )
    };
    assert_eq!(late(Log::open()), "hold stopped_on_purpose");
    assert_eq!(
        late(Log::posted().witnessed(0, 1, Source::Posted)),
        "escalate hold_timeout"
    );
    let mut dry = rule(ALERT, UNIT, &[Verb::Restart]);
    dry.mode = Mode::DryRun;
    let rules = checked(vec![dry]);
    let posted = Log::posted().witnessed(0, 1, Source::Posted);
    assert_eq!(posted.says(&rules, active(), 1), "escalate dry_run");
    assert_eq!(
        Log::open().says(&rules, active(), 1),
        "hold dry_run (restart)"
    );
}

// 10: what cannot be read leads to a person, wherever the incident stands.

#[test]
fn what_cannot_be_read_calls_a_person_in_every_phase() {
    let logs = [
        Log::open(),
        Log::open().held(1, Reason::Paused),
        Log::open().tried(1, 1, Verb::Restart, JobResult::Done),
        Log::open()
            .intent(1, 1, Verb::Restart)
            .ended(1, 2, JobResult::Done),
        Log::open().cleared(1, 1),
    ];
    for log in logs {
        let log = log.then(100, Event::Unknown);
        let mut fed = Fed::new(one(&[Verb::Restart, Verb::Rescue]));
        fed.state = log.state();
        fed.log = log.entries;
        let mut last = String::new();
        for seconds in [200, 201, 202] {
            last = fed.look(seconds, with_alert(gone(at(199)), active()));
        }
        assert_eq!(last, "paged unreadable");
    }
    let mut fed = Fed::new(restart());
    fed.log = vec![Entry {
        incident: 4,
        at: at(0),
        event: Event::Unknown,
    }];
    fed.state = State::replay(&fed.log);
    assert_eq!(fed.look(1, Observation::default()), "paged unreadable");
    assert_eq!(fed.state.pages().count(), 1);
}
