//! `Incident::fold`: an incident is what its events say.

use crate::fixture::{ALERT, HOST, Log, UNIT, alert, at, name};
use homeostat_policy::alert::Fingerprint;
use homeostat_policy::log::Event;
use homeostat_policy::log::Source;
use homeostat_policy::log::{Incident, Phase};
use homeostat_policy::observation::Observation;
use homeostat_policy::words::Reason;
use homeostat_policy::words::Verdict;
use homeostat_policy::words::{DecisionKind, End};
use homeostat_policy::words::{JobResult, Verb};

#[test]
fn the_phases_follow_the_events() {
    let log = Log::open();
    assert_eq!(log.incident().phase, Phase::Deciding);
    let log = log.held(1, Reason::Changing);
    assert_eq!(log.incident().phase.label(), "holding");
    let log = log
        .decided(2, DecisionKind::Act, Reason::Firing)
        .intent(1, 2, Verb::Restart);
    assert_eq!(log.incident().phase, Phase::Acting);
    let log = log.ended(1, 3, JobResult::Done);
    assert_eq!(log.incident().phase, Phase::Verifying);
    let log = log.unproven(1, 99, Reason::StillFiring);
    assert_eq!(log.incident().phase, Phase::Deciding);
    assert_eq!(log.incident().verdict(), Some(Verdict::Unproven));
    let log = log.decided(100, DecisionKind::Escalate, Reason::LadderExhausted);
    assert_eq!(log.incident().phase, Phase::Paged);
    assert_eq!(log.incident().paged, Some(Reason::LadderExhausted));
    assert_eq!(log.incident().end(), Some(End::Paged));
    let log = log.then(
        101,
        Event::Acknowledged {
            reason: "mine".to_owned(),
        },
    );
    assert_eq!(log.incident().phase, Phase::Acknowledged { since: at(101) });
    let log = log.then(
        102,
        Event::Closed {
            end: End::Paged,
            note: None,
        },
    );
    let incident = log.incident();
    assert_eq!(incident.phase, Phase::Closed(End::Paged));
    assert_eq!(incident.closed, Some(at(102)));
    assert_eq!(incident.unit, Some(name(UNIT)));
}

#[test]
fn a_hold_keeps_its_beginning_only_while_its_kind_goes_on() {
    let since = |log: &Log| match log.incident().phase {
        Phase::Holding { since, .. } => since,
        other => panic!("not holding but {other:?}"),
    };
    let log = Log::open().held(1, Reason::AutoRestart);
    assert_eq!(since(&log.clone().held(5, Reason::Changing)), at(1));
    assert_eq!(since(&log.clone().held(5, Reason::AutoRestart)), at(1));
    assert_eq!(since(&log.held(5, Reason::DryRun)), at(5));
}

#[test]
fn a_wait_for_a_person_does_not_take_the_page_back() {
    let paged = Log::open().decided(1, DecisionKind::Escalate, Reason::Denied);
    let waiting = paged.held(2, Reason::AwaitingPerson).incident();
    assert_eq!(waiting.phase, Phase::Paged);
    assert_eq!(waiting.paged, Some(Reason::Denied));
}

#[test]
fn a_refused_alert_is_a_whole_incident() {
    let event = Event::Refused {
        host: "elsewhere".to_owned(),
        alert: alert(ALERT, 9, "firing"),
        reason: Reason::OtherHost,
        rules: 1,
    };
    assert!(event.closes());
    let incident = Log::empty().then(3, event).incident();
    assert_eq!(incident.phase, Phase::Closed(End::Refused));
    assert_eq!(incident.unit, None);
    assert_eq!(incident.reason, Some(Reason::OtherHost));
    assert_eq!(incident.closed, Some(at(3)));
    assert!(incident.evidence.contains_key(&Fingerprint(9)));
    assert!(incident.actions.is_empty());
}

#[test]
fn an_alert_that_fires_again_after_it_cleared_is_live_again() {
    let log = Log::open().cleared(5, 1);
    assert!(log.incident().live().is_empty());
    assert_eq!(
        log.incident().evidence[&Fingerprint(1)].cleared,
        Some(at(5))
    );
    let again = log.alert(9, ALERT, 1, "firing").incident();
    assert_eq!(again.live().len(), 1);
    assert_eq!(again.evidence[&Fingerprint(1)].seen, at(9));
    assert_eq!(again.evidence.len(), 1);
}

#[test]
fn a_second_clearance_does_not_move_the_first() {
    let incident = Log::open().cleared(5, 1).cleared(8, 1).incident();
    assert_eq!(incident.evidence[&Fingerprint(1)].cleared, Some(at(5)));
}

#[test]
fn the_live_alerts_come_oldest_first() {
    let log = Log::open()
        .alert(5, "C", 2, "firing")
        .alert(7, "B", 3, "firing");
    let live: Vec<u64> = log.incident().live().iter().map(|(f, _)| f.0).collect();
    assert_eq!(live, [1, 2, 3]);
}

#[test]
fn who_can_be_asked_is_recorded_and_what_alertmanager_showed_stays_its() {
    let source = |log: &Log| log.incident().evidence[&Fingerprint(1)].source;
    let log = Log::posted();
    assert_eq!(source(&log), Source::Unasked);
    let posted = log.clone().witnessed(1, 1, Source::Posted);
    assert_eq!(source(&posted), Source::Posted);
    let again = |log: Log| log.alert(2, ALERT, 1, "firing");
    assert_eq!(source(&again(posted)), Source::Unasked, "it is asked anew");
    let shown = log.witnessed(1, 1, Source::Alertmanager);
    assert_eq!(source(&again(shown)), Source::Alertmanager);
}

#[test]
fn an_incident_whose_beginning_cannot_be_read_is_one() {
    let incident = Log::empty().then(3, Event::Unknown).incident();
    assert!(incident.is_unreadable && !incident.is_closed());
    assert_eq!((incident.unit, incident.opened), (None, at(3)));
    let host = Log::empty().then_at(0, at(1), Event::Unknown);
    assert!(Incident::fold(&host.entries).is_empty(), "the host itself");
}

#[test]
fn a_word_that_cannot_be_read_makes_its_incident_unreadable() {
    let unreadable = |event| Log::open().then(1, event).incident().is_unreadable;
    let decided = |decision, reason| Event::Decided {
        decision,
        reason,
        verb: None,
        observation: Observation::default(),
    };
    let verdict = |verdict, reason| Event::Verdict {
        action: 1,
        verdict,
        reason,
        observation: Observation::default(),
    };
    assert!(unreadable(Event::Unknown));
    assert!(unreadable(decided(DecisionKind::Unknown, Reason::Firing)));
    assert!(unreadable(decided(DecisionKind::Hold, Reason::Unknown)));
    assert!(unreadable(verdict(Verdict::Unknown, Reason::NoData)));
    assert!(unreadable(verdict(Verdict::Fixed, Reason::Unknown)));
    assert!(!unreadable(decided(DecisionKind::Hold, Reason::Paused)));
    assert!(!unreadable(verdict(Verdict::Fixed, Reason::Recovered)));
}

#[test]
fn many_incidents_fold_side_by_side_and_the_host_is_none() {
    let open = |unit: &str| Event::Opened {
        host: HOST.to_owned(),
        unit: name(unit),
    };
    let log = Log::empty()
        .then_at(
            0,
            at(0),
            Event::Paused {
                reason: String::new(),
            },
        )
        .then_at(4, at(1), open("a.service"))
        .then_at(5, at(2), open("b.service"))
        .then_at(
            4,
            at(3),
            Event::Closed {
                end: End::Fixed,
                note: None,
            },
        );
    let incidents = Incident::fold(&log.entries);
    assert_eq!(incidents.keys().copied().collect::<Vec<_>>(), [4, 5]);
    assert!(incidents[&4].is_closed() && !incidents[&5].is_closed());
}

#[test]
fn a_result_for_an_action_that_is_not_there_changes_no_action() {
    let log = Log::open()
        .ended(7, 1, JobResult::Done)
        .unproven(7, 2, Reason::NoData)
        .then(
            3,
            Event::Decided {
                decision: DecisionKind::Unknown,
                reason: Reason::Unknown,
                verb: None,
                observation: Observation::default(),
            },
        );
    assert!(log.incident().actions.is_empty());
    assert_eq!(log.incident().phase, Phase::Deciding);
}
