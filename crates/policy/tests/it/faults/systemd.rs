//! systemd's words, and the numbers that effects carry: faults 11 and 13.

use super::{Fed, T, restart, with_alert};
use crate::fixture::{HOST, Log, UNIT, active, name, shown};
use homeostat_policy::log::Phase;
use homeostat_policy::machine::{Effect, Input, Step};
use homeostat_policy::observation::Observation;
use homeostat_policy::unit::UnitState;

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
