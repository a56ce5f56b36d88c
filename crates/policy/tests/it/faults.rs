//! The machine against the faults of 0.1.0 that a table can show: each is the input that went wrong.

use crate::fixture::{
    ALERT, HOST, Log, UNIT, active, at, checked, failed, gone, job, name, one, record, rule, seen,
    short, shown, unit,
};
use homeostat_policy::alert::{Alert, Fingerprint};
use homeostat_policy::log::{Entry, Event, Phase, Source};
use homeostat_policy::machine::{Answer, Command, Effect, Input, Refusal, State, Step, step};
use homeostat_policy::observation::{Fact, HeldAlert, Observation, Recorded};
use homeostat_policy::rules::Rules;
use homeostat_policy::unit::{ActiveState, BoundTo, UnitState};
use homeostat_policy::words::{JobResult, Mode, Reason, Verb};

/// A machine that is fed by hand.
struct Fed {
    state: State,
    rules: Rules,
    log: Vec<Entry>,
}

impl Fed {
    fn new(rules: Rules) -> Self {
        Self {
            state: State::default(),
            rules,
            log: Vec::new(),
        }
    }

    fn feed(&mut self, seconds: u64, input: Input) -> Step {
        let step = step(&self.state, input, &self.rules, &at(seconds));
        step.events.iter().for_each(|entry| self.state.apply(entry));
        self.log.extend(step.events.clone());
        assert_eq!(State::replay(&self.log), self.state, "replay equals live");
        step
    }

    fn alert(&mut self, seconds: u64, status: &str, starts: &str) -> Answer {
        let json = format!(
            r#"{{"status":"{status}","labels":{{"alertname":"{ALERT}"}},"startsAt":"{starts}","fingerprint":"0000000000000001"}}"#
        );
        let alert = Alert::parse(&json, &at(seconds)).expect("a well-formed notice");
        let step = self.feed(seconds, Input::Alert(Box::new(alert)));
        let answer = step.effects.iter().find_map(|effect| match effect {
            Effect::Answer(answer) => Some(*answer),
            _ => None,
        });
        answer.expect("a sender is answered")
    }

    /// Looks at the newest open incident, and gives where it stands then.
    fn look(&mut self, seconds: u64, observation: Observation) -> String {
        let incident = self.state.open().next_back().expect("an open incident");
        let (id, turn, events) = (incident.id, incident.turn, incident.events);
        let looked = Input::Looked {
            incident: id,
            turn,
            events,
            observation: Box::new(observation),
        };
        self.feed(seconds, looked);
        let reason = |e: &Entry| match &e.event {
            Event::Decided { reason, .. } => Some(*reason),
            _ => None,
        };
        let reason = self.log.iter().rev().find_map(reason);
        let phase = self
            .state
            .incident(id)
            .map_or("closed", |i| i.phase.label());
        format!("{phase} {}", reason.map_or("", Reason::label))
    }
}

const T: &str = "2026-01-01T00:00:00Z";
const LATER: &str = "2026-01-01T00:05:00Z";

fn with_alert(state: homeostat_policy::observation::AlertState, unit: UnitState) -> Observation {
    Observation {
        alerts: [(Fingerprint(1), state)].into(),
        ..seen(unit)
    }
}

fn all_say_no() -> Observation {
    with_alert(gone(at(9)), active())
}

fn restart() -> Rules {
    one(&[Verb::Restart])
}

// 1: re-sends.

#[test]
fn an_episode_that_fires_again_after_its_end_is_no_duplicate() {
    let mut fed = Fed::new(restart());
    assert_eq!(fed.alert(1, "firing", T), Answer::Accepted);
    assert_eq!(fed.alert(2, "firing", T), Answer::Duplicate);
    assert_eq!(fed.alert(3, "resolved", T), Answer::Accepted);
    assert_eq!(fed.alert(3, "resolved", T), Answer::Duplicate);
    assert_eq!(fed.look(10, all_say_no()), "closed alert_cleared");
    assert_eq!(fed.alert(20, "firing", T), Answer::Accepted);
    assert_eq!(fed.look(21, with_alert(shown(), active())), "acting firing");
}

#[test]
fn an_old_episode_that_nobody_shows_is_stale_and_for_a_minute_a_duplicate() {
    let mut fed = Fed::new(restart());
    fed.alert(1, "firing", T);
    fed.look(10, all_say_no());
    assert_eq!(fed.alert(20, "firing", T), Answer::Accepted);
    assert_eq!(fed.look(21, all_say_no()), "closed stale");
    assert_eq!(fed.alert(80, "firing", T), Answer::Duplicate);
    assert_eq!(fed.alert(81, "firing", T), Answer::Accepted);
}

#[test]
fn an_old_episode_without_a_witness_waits_unless_the_unit_has_failed() {
    let silent = |unit| seen(unit);
    let mut fed = Fed::new(one(&[Verb::Restart, Verb::Rescue]));
    fed.alert(1, "firing", T);
    fed.look(10, all_say_no());
    fed.alert(20, "firing", T);
    let mut pending = shown();
    pending.in_alertmanager = Fact::Unknown;
    pending.fires = false;
    assert_eq!(
        fed.look(21, with_alert(pending, active())),
        "holding unconfirmed"
    );
    assert_eq!(fed.look(22, silent(active())), "holding unconfirmed");
    assert_eq!(fed.look(320, silent(active())), "holding unconfirmed");
    assert_eq!(fed.look(321, silent(active())), "paged hold_timeout");
    let mut fed = Fed::new(one(&[Verb::Restart, Verb::Rescue]));
    fed.alert(1, "firing", T);
    fed.look(10, all_say_no());
    fed.alert(20, "firing", T);
    assert_eq!(fed.look(21, silent(failed())), "acting firing");
}

#[test]
fn a_refusal_stands_under_its_rules_and_until_the_alert_resolves() {
    let other = || checked(vec![rule("Other", UNIT, &[Verb::Restart])]);
    let mut fed = Fed::new(other());
    assert_eq!(fed.alert(1, "firing", T), Answer::Accepted);
    assert_eq!(fed.alert(2, "firing", T), Answer::Duplicate);
    assert_eq!(
        fed.alert(3, "firing", LATER),
        Answer::Accepted,
        "another episode"
    );
    assert_eq!(fed.alert(4, "firing", LATER), Answer::Duplicate);
    assert_eq!(fed.alert(5, "resolved", LATER), Answer::Accepted);
    assert_eq!(fed.alert(6, "resolved", LATER), Answer::Duplicate);
    assert_eq!(fed.alert(7, "firing", LATER), Answer::Accepted);
    fed.rules = restart();
    assert_eq!(
        fed.alert(8, "firing", LATER),
        Answer::Accepted,
        "a rule was added"
    );
    assert_eq!(fed.look(9, with_alert(shown(), active())), "acting firing");
}

// 2: `resolved` is asked about.

#[test]
fn one_resolved_ends_nothing_while_a_witness_shows_the_alert_or_is_silent() {
    let mut fed = Fed::new(restart());
    fed.alert(1, "firing", T);
    let mut masked = active();
    masked.load_state = "masked".to_owned();
    assert_eq!(
        fed.look(2, with_alert(shown(), masked.clone())),
        "paged unit_unknown"
    );
    fed.alert(3, "resolved", T);
    assert_eq!(
        fed.look(4, with_alert(shown(), masked.clone())),
        "paged unit_unknown"
    );
    let mut dead = gone(at(9));
    dead.in_prometheus = Fact::Unknown;
    assert_eq!(
        fed.look(5, with_alert(dead, masked.clone())),
        "paged unit_unknown"
    );
    let mut no_rule = gone(at(9));
    no_rule.in_prometheus = Fact::Known(None);
    assert_eq!(
        fed.look(6, with_alert(no_rule, masked.clone())),
        "paged unit_unknown"
    );
    let mut young = with_alert(gone(at(9)), masked.clone());
    young.alertmanager_up_ms = Fact::Known(1_000);
    assert_eq!(fed.look(7, young), "paged unit_unknown");
    assert_eq!(
        fed.look(8, with_alert(gone(at(9)), masked)),
        "closed alert_cleared"
    );
}

// 3: posted alerts.

fn labelled() -> Rules {
    let mut ours = rule(ALERT, UNIT, &[Verb::Restart]);
    ours.labels = [("severity".to_owned(), "critical".to_owned())].into();
    checked(vec![ours])
}

#[test]
fn what_alertmanager_answers_without_was_posted_and_does_not_end_by_that() {
    let source = |fed: &Fed| fed.state.open().next().unwrap().evidence[&Fingerprint(1)].source;
    let mut fed = Fed::new(labelled());
    fed.feed(
        0,
        Input::Command(Command::Pause {
            reason: "x".to_owned(),
        }),
    );
    fed.alert(1, "firing", T);
    assert_eq!(
        fed.look(2, seen(active())),
        "holding paused",
        "it is silent"
    );
    assert_eq!(source(&fed), Source::Unasked);
    assert_eq!(
        fed.look(3, with_alert(gone(at(2)), active())),
        "paged paused"
    );
    assert_eq!(source(&fed), Source::Posted);
    assert_eq!(
        fed.look(900, with_alert(gone(at(2)), active())),
        "paged paused"
    );
}

#[test]
fn what_alertmanager_showed_once_never_becomes_posted() {
    let mut fed = Fed::new(labelled());
    fed.feed(
        0,
        Input::Command(Command::Pause {
            reason: "x".to_owned(),
        }),
    );
    fed.alert(1, "firing", T);
    fed.look(2, with_alert(shown(), active()));
    assert_eq!(
        fed.look(3, with_alert(gone(at(2)), active())),
        "closed alert_cleared"
    );
    let evidence = fed
        .log
        .iter()
        .filter(|e| matches!(e.event, Event::Witnessed { .. }));
    assert_eq!(evidence.count(), 1);
}

#[test]
fn an_alert_with_all_our_labels_is_never_posted() {
    let mut fed = Fed::new(restart());
    fed.alert(1, "firing", T);
    fed.look(2, with_alert(shown(), active()));
    let first = fed.log.iter().find_map(|e| match e.event {
        Event::Witnessed { source, .. } => Some(source),
        _ => None,
    });
    assert_eq!(first, Some(Source::Alertmanager));
}

// 4: the wrong witness.

#[test]
fn our_alert_robbed_of_its_labels_is_told_at_the_first_look() {
    let mut fed = Fed::new(labelled());
    fed.alert(1, "firing", T);
    assert_eq!(
        fed.look(2, with_alert(shown(), active())),
        "paged rule_relabelled"
    );
    let mut fed = Fed::new(labelled());
    fed.alert(1, "firing", T);
    let mut renamed = shown();
    (renamed.in_prometheus, renamed.has_namesake) = (Fact::Known(None), true);
    assert_eq!(
        fed.look(2, with_alert(renamed, active())),
        "paged rule_relabelled"
    );
    let mut fed = Fed::new(labelled());
    fed.alert(1, "firing", T);
    let mut stranger = shown();
    stranger.in_prometheus = Fact::Known(Some(false));
    assert_eq!(fed.look(2, with_alert(stranger, active())), "acting firing");
}

// 6: a stop.

fn off(active: ActiveState, change: impl FnOnce(&mut Observation)) -> Observation {
    let mut observation = seen(unit(active));
    change(&mut observation);
    observation
}

fn every_verb() -> Rules {
    one(&[Verb::Restart, Verb::Start, Verb::Rescue])
}

fn says(observation: &Observation) -> String {
    short(&Log::open().decide(&every_verb(), observation, 1))
}

#[test]
fn a_stop_that_somebody_wanted_is_respected_in_every_state() {
    for state in [ActiveState::Inactive, ActiveState::Failed] {
        let stopped = off(state, |o| {
            o.records = Fact::Known(vec![
                job("start", JobResult::Done),
                record(Recorded::Failed),
                job("stop", JobResult::Done),
            ]);
        });
        assert_eq!(says(&stopped), "hold stopped_on_purpose", "{state:?}");
    }
    let not_done = off(ActiveState::Inactive, |o| {
        o.records = Fact::Known(vec![
            record(Recorded::EndedWell),
            job("stop", JobResult::Canceled),
        ]);
    });
    assert_eq!(says(&not_done), "act start");
}

#[test]
fn a_unit_that_ended_by_itself_is_started_where_that_is_not_its_good_end() {
    let ended = |change: fn(&mut UnitState)| {
        off(ActiveState::Inactive, |o| {
            let Fact::Known(unit) = &mut o.unit else {
                return;
            };
            change(unit);
        })
    };
    assert_eq!(says(&ended(|_| ())), "act start");
    assert_eq!(
        says(&ended(|u| u.service_type = "oneshot".into())),
        "hold good_end"
    );
    assert_eq!(
        says(&ended(|u| u.service_type = "dbus".into())),
        "hold good_end"
    );
    assert_eq!(says(&ended(|u| u.is_triggered = true)), "hold good_end");
}

#[test]
fn without_a_record_an_inactive_unit_waits_and_a_failed_one_is_acted_on() {
    for records in [
        Fact::Unknown,
        Fact::Known(vec![]),
        Fact::Known(vec![job("start", JobResult::Done)]),
    ] {
        let with = |state| off(state, |o| o.records = records.clone());
        assert_eq!(says(&with(ActiveState::Inactive)), "hold stop_unknown");
        assert_eq!(says(&with(ActiveState::Failed)), "act rescue");
    }
    let held = Log::open().held(1, Reason::StopUnknown);
    let untold = off(ActiveState::Inactive, |o| o.records = Fact::Unknown);
    let late = held.decide(&every_verb(), &untold, 301);
    assert_eq!(short(&late), "escalate hold_timeout");
}

#[test]
fn what_went_down_with_a_unit_that_died_is_no_wish() {
    let bound = |active: ActiveState, of_other: Vec<_>| {
        off(ActiveState::Inactive, |o| {
            let Fact::Known(unit) = &mut o.unit else {
                return;
            };
            let id = "disk.service".to_owned();
            unit.bound_to = vec![BoundTo {
                id: id.clone(),
                active,
            }];
            o.records = Fact::Known(vec![
                job("start", JobResult::Done),
                job("stop", JobResult::Done),
            ]);
            o.bound_records = [(id, Fact::Known(of_other))].into();
        })
    };
    let died = || vec![job("start", JobResult::Done), record(Recorded::Failed)];
    assert_eq!(
        says(&bound(ActiveState::Failed, died())),
        "hold dependency_down"
    );
    assert_eq!(
        says(&bound(ActiveState::Active, died())),
        "act start",
        "it is up again"
    );
    let stopped = || vec![record(Recorded::EndedWell), job("stop", JobResult::Done)];
    assert_eq!(
        says(&bound(ActiveState::Inactive, stopped())),
        "hold stopped_on_purpose"
    );
    let still_up = vec![job("start", JobResult::Done)];
    assert_eq!(
        says(&bound(ActiveState::Inactive, still_up)),
        "hold stopped_on_purpose"
    );
    let failed_start = off(ActiveState::Inactive, |o| {
        o.records = Fact::Known(vec![job("start", JobResult::Dependency)]);
    });
    assert_eq!(says(&failed_start), "hold dependency_down");
}

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

// 11, 13: systemd's words.

#[test]
fn a_frozen_unit_and_one_that_endangers_the_host_are_left_alone() {
    let with = |change: fn(&mut UnitState)| {
        let mut unit = active();
        change(&mut unit);
        Log::open().says(&restart(), unit, 1)
    };
    assert_eq!(with(|u| u.freezer = "frozen".into()), "hold frozen");
    assert_eq!(with(|u| u.freezer = "thawing".into()), "act restart");
    assert_eq!(
        with(|u| u.host_action = Some("StartLimitAction=reboot".into())),
        "escalate host_at_risk"
    );
}

// The numbers that effects carry.

#[test]
fn an_answer_that_does_not_belong_changes_nothing() {
    let mut fed = Fed::new(restart());
    fed.alert(1, "firing", T);
    let incident = fed.state.open().next().unwrap();
    let old = Input::Looked {
        incident: incident.id,
        turn: incident.turn,
        events: incident.events,
        observation: Box::new(with_alert(shown(), active())),
    };
    fed.look(2, Observation::default());
    assert_eq!(fed.feed(3, old), Step::default());
    assert_eq!(
        fed.feed(
            4,
            Input::Due {
                incident: 1,
                turn: 0
            }
        ),
        Step::default()
    );
    assert_eq!(
        fed.feed(
            5,
            Input::Due {
                incident: 7,
                turn: 1
            }
        ),
        Step::default()
    );
}

#[test]
fn a_start_gives_every_due_effect_again() {
    let mut fed = Fed::new(restart());
    fed.alert(1, "firing", T);
    fed.look(2, with_alert(shown(), active()));
    let again = fed.feed(3, Input::Start).effects;
    assert!(matches!(&again[..], [Effect::Look(look), Effect::Page] if look.incident == 1));
    assert_eq!(fed.state.open().next().unwrap().phase, Phase::Acting);
    assert_eq!(fed.state.about(&name(UNIT)).unwrap().host, HOST);
}
