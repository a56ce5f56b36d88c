use super::when::span;
use super::{Page, Unfolded, render};
use homeostat_policy::log::Event;
use homeostat_policy::log::rfc3339;
use homeostat_policy::unit::{ActiveState, UnitState};
use homeostat_policy::words::Reason;
use homeostat_policy::words::{DecisionKind, End};
use homeostat_policy::words::{JobResult, Verb};
use sample::{Tale, page};
use std::collections::HashSet;
use std::time::Duration;

mod sample;

const UNIT: &str = "shop.service";

fn html(page: &Page) -> String {
    render(page, Unfolded::Nothing).into_string()
}

fn title(html: &str) -> &str {
    let (_, rest) = html.split_once("<title>").expect("a title");
    rest.split_once("</title>").expect("a whole title").0
}

/// The tags without their angle brackets. maud escapes both brackets in text.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<')
        .skip(1)
        .filter_map(|part| part.split('>').next())
}

/// Every element is closed in its turn, and no `id` is there twice.
fn check_form(html: &str) -> Result<(), String> {
    const EMPTY: [&str; 2] = ["meta", "!DOCTYPE"];
    let mut open: Vec<&str> = Vec::new();
    let mut ids = HashSet::new();
    for tag in tags(html) {
        let name = tag.split(' ').next().unwrap_or(tag);
        match name.strip_prefix('/') {
            Some(name) if open.pop() == Some(name) => {}
            Some(name) => return Err(format!("</{name}> closes nothing")),
            None if EMPTY.contains(&name) => {}
            None => open.push(name),
        }
        if let Some((_, rest)) = tag.split_once(" id=\"")
            && !ids.insert(rest.split('"').next())
        {
            return Err(format!("twice: <{tag}>"));
        }
    }
    open.is_empty()
        .then_some(())
        .ok_or(format!("left open: {open:?}"))
}

/// With `HOMEOSTAT_PAGES` set to a folder the samples are written there, to be looked at.
#[test]
fn samples_are_well_formed_run_nothing_and_ask_nobody() {
    let folder = std::env::var_os("HOMEOSTAT_PAGES").map(std::path::PathBuf::from);
    for (name, page, unfolded) in sample::all() {
        let html = render(&page, unfolded).into_string();
        assert_eq!(check_form(&html), Ok(()), "{name}");
        for forbidden in ["<script", "://", "url(", "@import", " src=", " style="] {
            assert!(!html.contains(forbidden), "{name} has {forbidden}");
        }
        for attribute in tags(&html).flat_map(|tag| tag.split(' ')) {
            assert!(!attribute.starts_with("on"), "{name} has {attribute}");
            if let Some(target) = attribute.strip_prefix("href=\"") {
                assert!(
                    target.starts_with(['#', '/', '?', '.']),
                    "{name} links to {target}"
                );
            }
        }
        if let Some(folder) = &folder {
            let file = folder.join(format!("{name}.html"));
            std::fs::write(file, html).expect("the folder can be written to");
        }
    }
}

#[test]
fn hostile_text_stays_text() {
    let hostile = "</style><script>alert(1)</script>\"'&<img onerror=x>";
    let mut page = page(vec![
        Tale::new(2, 60, UNIT)
            .fires(0, hostile, hostile)
            .pages(10, Reason::NoRule)
            .told(),
        Tale::new(3, 60, UNIT)
            .fires(0, "AppDown", "")
            .pages(10, Reason::NoRule)
            .event(
                20,
                Event::Acknowledged {
                    reason: hostile.to_owned(),
                },
            )
            .told(),
        sample::refused(1, 60, hostile, Reason::NoRule),
    ]);
    page.host = hostile.to_owned();
    page.paused = Some((hostile.to_owned(), sample::NOW));
    page.units[0].1 = Some(sample::state(UNIT, ActiveState::Active, hostile));
    let html = render(&page, Unfolded::Refused).into_string();
    assert!(!html.contains("<script") && !html.contains("<img"));
    assert_eq!(html.matches("</style>").count(), 1);
    assert_eq!(check_form(&html), Ok(()));
    // Host (twice), pause, unit, alert names and summary, answer, refusal: none is left out.
    assert!(html.matches("&lt;script&gt;alert(1)").count() >= 8);
}

#[test]
fn paused_is_said_with_the_reason_and_in_the_title() {
    let mut page = page(vec![]);
    assert!(title(&html(&page)).starts_with("All well"));
    page.paused = Some(("migration until noon".to_owned(), sample::ago(3_600)));
    let html = html(&page);
    assert!(html.contains("migration until noon"));
    let since = rfc3339(sample::ago(3_600).wall_ms);
    assert!(html.contains(&since), "since when");
    assert!(!html.contains("All is well"));
    assert_eq!(title(&html), "Paused, 0 open - demo - Homeostat");
}

#[test]
fn a_unit_that_is_off_says_for_how_long() {
    let mut page = page(vec![]);
    let stopped = sample::state(UNIT, ActiveState::Inactive, "dead");
    page.units = vec![(sample::unit(UNIT), Some(stopped.clone()))];
    assert!(html(&page).contains(">31 min<"), "as the sample says");
    page.units[0].1 = Some(UnitState {
        inactive_for_ms: None,
        ..stopped
    });
    assert!(html(&page).contains("<td>-</td>"), "it never ran");
}

#[test]
fn the_worst_matter_comes_first_and_none_is_left_out() {
    let mut page = page(vec![sample::paged(5, 190)]);
    page.paused = Some(("later".to_owned(), sample::NOW));
    page.budget_left = 0;
    page.healthy = (false, false);
    let html = html(&page);
    let words = [
        "Event log failed",
        "System bus lost",
        "A person is called",
        "Paused",
        "Budget spent",
    ];
    let (_, body) = html.split_once("</head>").expect("a body");
    let places: Vec<_> = words.iter().map(|word| body.find(word)).collect();
    assert!(places.iter().all(Option::is_some), "{places:?}");
    assert!(places.is_sorted(), "{places:?}");
    assert!(title(&html).starts_with("Event log failed, 1 open"));
}

#[test]
fn a_unit_that_is_down_without_an_incident_is_not_well() {
    let mut page = page(vec![]);
    page.units[0].1 = Some(sample::state(UNIT, ActiveState::Failed, "failed"));
    let html = html(&page);
    assert!(title(&html).starts_with("Not running"));
    assert!(html.contains("result exit-code"));
}

#[test]
fn refused_alerts_are_counted_by_name_and_reason() {
    let refused = |id, name, reason| sample::refused(id, 60, name, reason);
    let page = page(vec![
        refused(4, "DiskFull", Reason::NoRule),
        refused(3, "DiskFull", Reason::NoRule),
        refused(2, "DiskFull", Reason::OtherHost),
        refused(1, "TargetDown", Reason::NoRule),
    ]);
    let folded = html(&page);
    assert!(folded.contains("Refused alerts <span class=\"count\">4</span>"));
    assert!(folded.contains("All is well") && !folded.contains("DiskFull"));
    let html = render(&page, Unfolded::Refused).into_string();
    let (_, table) = html.split_once("Refused alerts").expect("the section");
    let counts: Vec<_> = table
        .split("<td class=\"number\">")
        .skip(1)
        .map(|t| &t[..1])
        .collect();
    assert_eq!(counts, ["2", "1", "1"]);
    assert_eq!(table.matches("no_rule").count(), 2);
    assert!(html.contains("id=\"incident-4\""));
}

#[test]
fn what_a_person_unfolds_stays_so_over_a_reload() {
    let page = page((1..=20).rev().map(|id| sample::fixed(id, 60)).collect());
    let steps = |html: &str| html.matches("<ol class=\"steps\">").count();
    let folded = html(&page);
    assert!(folded.contains("content=\"5; url=./\""));
    assert!(folded.contains("href=\"?incident=3#incident-3\""));
    assert_eq!(steps(&folded), 1, "the newest alone");
    let unfolded = Unfolded::from_query(Some("incident=3"));
    let html = render(&page, unfolded).into_string();
    assert!(html.contains("content=\"5; url=?incident=3\""));
    assert!(html.contains("href=\"./#incident-3\""));
    assert_eq!(steps(&html), 2);
}

#[test]
fn each_phase_has_its_word_its_anchor_and_its_place() {
    let tale = || Tale::new(7, 60, UNIT).fires(0, "AppDown", "");
    let acts = || tale().intends(10, Verb::Restart);
    let pages = || tale().pages(10, Reason::HoldTimeout);
    let answered = Event::Acknowledged {
        reason: "on it".to_owned(),
    };
    let phases = [
        ("deciding", tale()),
        ("holding", tale().holds(10, Reason::AutoRestart)),
        ("acting", acts()),
        ("verifying", acts().job_ends(20, JobResult::Done)),
        ("paged", pages()),
        ("acknowledged", pages().event(20, answered)),
        ("fixed", acts().closes(20, End::Fixed)),
        ("paged, over", pages().closes(20, End::Paged)),
        (
            "resolved by itself",
            tale().closes(20, End::ResolvedByItself),
        ),
    ];
    for (word, tale) in phases {
        let story = tale.told();
        let is_open = !story.0.is_closed();
        let html = html(&page(vec![story]));
        assert!(html.contains(&format!("</svg>{word}</span>")), "{word}");
        assert!(html.contains("id=\"incident-7\""), "{word}");
        assert_eq!(html.contains("Open incidents"), is_open, "{word}");
    }
}

#[test]
fn steps_have_times_since_the_opening_and_absolute_ones() {
    let told = Tale::new(7, 60, UNIT)
        .fires(0, "AppDown", "")
        .decided(
            12_000,
            DecisionKind::Hold,
            Reason::DryRun,
            Some(Verb::Restart),
        )
        .cleared(30_000, "AppDown")
        .told();
    let html = html(&page(vec![told]));
    let (_, steps) = html.split_once("<ol class=\"steps\">").expect("the steps");
    assert!(steps.contains("+12 s <time datetime=\"2026-09-21T14:12:32Z\">14:12:32</time>"));
    assert!(steps.contains("it would have been restart"));
    assert!(steps.contains("AppDown is gone."));
}

#[test]
fn a_storm_within_an_incident_does_not_bury_what_was_done() {
    let mut tale = Tale::new(7, 600, UNIT);
    for n in 0..200 {
        tale = tale.fires(n, &format!("Symptom{n}"), "");
    }
    let html = html(&page(vec![tale.intends(400, Verb::Restart).told()]));
    assert!(html.contains("Action 1: restart of shop.service"));
    assert!(html.contains("171 more steps are in the JSON"));
    assert!(html.contains("200 alerts"));
}

#[test]
fn spans_are_told_in_the_units_that_matter() {
    let cases = [
        (0, "0 s"),
        (340, "0.3 s"),
        (9_990, "9.9 s"),
        (59_900, "59 s"),
        (60_000, "1 min"),
        (137_000, "2 min 17 s"),
        (11_100_000, "3 h 5 min"),
        (180_000_000, "2 d 2 h"),
    ];
    for (ms, text) in cases {
        assert_eq!(span(Duration::from_millis(ms)), text);
    }
}
