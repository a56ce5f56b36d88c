//! Retention deletes old incidents that are over, and nothing else.

use crate::database::Database;
use crate::world::API;
use homeostat_policy::log::{Entry, Event, Moment, Now};
use homeostat_policy::unit::UnitName;
use homeostat_policy::words::End;
use homeostat_policy::words::Verb;
use homeostat_remediator::clock;
use homeostat_remediator::config::Retention;
use homeostat_remediator::store::Store;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// An event of another boot.
fn entry(incident: i64, days_ago: i64, event: Event) -> Entry {
    let at = Moment {
        wall_ms: clock::now().wall_ms - days_ago * DAY_MS,
        boot_ms: 0,
        boot_id: 1,
    };
    Entry {
        incident,
        at,
        event,
    }
}

/// Now, in a boot so many hours old, with its wall clock so many days ahead.
fn boot(hours: u64, days_ahead: i64, clock_is_steady: bool) -> Now {
    let at = Moment {
        wall_ms: clock::now().wall_ms + days_ahead * DAY_MS,
        boot_ms: hours * 3_600_000,
        boot_id: 2,
    };
    Now {
        at,
        clock_is_steady,
    }
}

/// An incident with one action that began so many days ago, and ended, if at all, then.
fn incident(id: i64, opened: i64, closed: Option<i64>) -> Vec<Entry> {
    let unit = UnitName::parse(API).expect("a good name");
    let begin = Event::Opened {
        host: "h".to_owned(),
        unit: unit.clone(),
    };
    let intent = Event::Intent {
        action: 1,
        unit,
        verb: Verb::Restart,
        rule: "r".to_owned(),
        invocation_before: String::new(),
        changed_before_ms: None,
        about: None,
    };
    let end = Event::Closed {
        end: End::Fixed,
        note: None,
    };
    let mut entries = vec![entry(id, opened, begin), entry(id, opened, intent)];
    entries.extend(closed.map(|days| entry(id, days, end)));
    entries
}

/// A log of incidents: 1 long over, 2 long open, 3 just over, 4 just open; and an old pause.
async fn log() -> (tempfile::TempDir, Store, Database) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("events.db");
    let store = Store::open(&path).await.expect("it opens");
    let reason = "a feast".to_owned();
    let mut entries = vec![entry(0, 400, Event::Paused { reason })];
    entries.extend(incident(1, 101, Some(100)));
    entries.extend(incident(2, 100, None));
    entries.extend(incident(3, 100, Some(1)));
    entries.extend(incident(4, 0, None));
    store.append(entries).durable().await.expect("written");
    (folder, store, Database::open(&path).await)
}

async fn left(file: &mut Database) -> Vec<i64> {
    let mut left = Vec::new();
    for id in 0..=5 {
        let sql = format!("SELECT count(*) FROM events WHERE incident = {id}");
        if file.number(&sql).await > 0 {
            left.push(id);
        }
    }
    left
}

#[tokio::test]
async fn by_age_only_what_is_long_over_goes() {
    let (_folder, store, mut file) = log().await;
    let keep = Retention {
        days: 90,
        megabytes: 512,
    };
    assert!(store.compact(keep, &boot(1, 0, true)).await.unwrap() > 0);
    assert_eq!(left(&mut file).await, [0, 2, 3, 4]);
    assert_eq!(store.compact(keep, &boot(1, 0, true)).await.unwrap(), 0);
    let state = store.state().await.unwrap();
    assert!(state.history().paused().is_some());
}

#[tokio::test]
async fn by_size_all_that_is_over_may_go_and_what_is_open_stays() {
    let (_folder, store, mut file) = log().await;
    let keep = Retention {
        days: 365,
        megabytes: 0,
    };
    assert!(store.compact(keep, &boot(1, 0, true)).await.unwrap() > 0);
    assert_eq!(left(&mut file).await, [0, 2, 4]);
}

#[tokio::test]
async fn what_cool_downs_and_the_budget_count_stays_whatever_the_size() {
    let (_folder, store, mut file) = log().await;
    // Over as well, but its action counts for the budget of a week at most.
    let entries = incident(5, 6, Some(6));
    store.append(entries).durable().await.unwrap();
    let keep = Retention {
        days: 1,
        megabytes: 0,
    };
    assert!(store.compact(keep, &boot(1, 0, true)).await.unwrap() > 0);
    assert_eq!(left(&mut file).await, [0, 2, 4, 5]);
    let state = store.state().await.unwrap();
    let week = std::time::Duration::from_secs(7 * 24 * 3600);
    let unit = UnitName::parse(API).unwrap();
    let made = state.history().attempts_for(&unit, week, &boot(1, 0, true));
    assert_eq!(made, 2);
}

#[tokio::test]
async fn a_clock_that_stands_a_year_ahead_deletes_nothing_before_it_has_proven_itself() {
    let (_folder, store, mut file) = log().await;
    let (old, large) = (
        Retention {
            days: 150,
            megabytes: 512,
        },
        Retention {
            days: 365,
            megabytes: 0,
        },
    );
    for now in [boot(0, 365, true), boot(24, 365, false)] {
        for keep in [old, large] {
            assert_eq!(store.compact(keep, &now).await.unwrap(), 0, "{now:?}");
        }
    }
    // If it still says so after an hour, that is the time.
    assert!(store.compact(old, &boot(1, 365, true)).await.unwrap() > 0);
    assert_eq!(left(&mut file).await, [0, 2, 4]);
}

#[tokio::test]
async fn a_clock_that_stands_behind_keeps_nothing_for_longer_than_the_boot_is_old() {
    let (_folder, store, mut file) = log().await;
    let keep = Retention {
        days: 90,
        megabytes: 512,
    };
    let behind = boot(89 * 24, -3_650, true);
    assert_eq!(store.compact(keep, &behind).await.unwrap(), 0);
    let behind = boot(90 * 24, -3_650, false);
    assert!(store.compact(keep, &behind).await.unwrap() > 0);
    assert_eq!(left(&mut file).await, [0, 2, 4]);
}
