//! The systemd adapter against a stand-in for systemd on a private message bus.

#[path = "systemd/bus.rs"]
mod bus;
#[path = "systemd/bus_loss.rs"]
mod bus_loss;
#[path = "systemd/fake.rs"]
mod fake;
#[path = "systemd/properties.rs"]
mod properties;

use bus::PrivateBus;
use fake::{Fake, emit_job_removed};
use homeostat_policy::machine::{Call, CallEnd};
use homeostat_policy::rules::{RawRules, Rules};
use homeostat_policy::unit::{ActiveState, UnitName, UnitState};
use homeostat_policy::words::{JobResult, Reason, Verb};
use homeostat_remediator::systemd::{BusAddress, Systemd, UnitControl};
use std::sync::atomic::{AtomicBool, Ordering};
use zbus::connection::Builder;
use zbus::message::Message;

type Result = std::result::Result<(), Box<dyn std::error::Error>>;

const BEFORE: &str = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";

fn shop() -> UnitName {
    UnitName::parse("shop.service").expect("a unit name")
}

fn asked(verb: Verb) -> Call {
    let raw: RawRules = serde_json::from_value(serde_json::json!({
        "units": { "shop.service": { "verbs": [verb] } },
        "rules": [{ "name": "r", "alert": "A", "unit": "shop.service", "ladder": [verb] }],
    }))
    .expect("rules");
    let rules = Rules::check("here", raw).expect("good rules");
    let rule = rules.rule("r").expect("the rule");
    Call {
        incident: 1,
        action: 1,
        permit: rules.permit(rule, &rule.ladder[0]).expect("a granted verb"),
        invocation: BEFORE.to_owned(),
    }
}

fn fits(_: &UnitState) -> std::result::Result<(), Reason> {
    Ok(())
}

fn invocation_after(end: &CallEnd) -> Option<&str> {
    end.after.as_ref().map(|unit| unit.invocation_id.as_str())
}

/// The method and the arguments of a call, after a look at its flags.
fn words(call: &Message) -> (String, Vec<String>) {
    let header = call.header();
    // No flag at all: so neither interactive authorization nor a call without a reply.
    assert!(header.primary().flags().is_empty(), "{header:?}");
    let body = call.body();
    let words = match body.deserialize::<(String, String)>() {
        Ok((unit, mode)) => vec![unit, mode],
        Err(_) => vec![body.deserialize().expect("one or two strings")],
    };
    (header.member().expect("a method").to_string(), words)
}

fn call(method: &str, words: &[&str]) -> (String, Vec<String>) {
    let words = words.iter().map(ToString::to_string).collect();
    (method.to_owned(), words)
}

/// A bus with the stand-in on it, and the adapter that is tested.
async fn stage() -> std::result::Result<Option<(PrivateBus, Fake, Systemd)>, zbus::Error> {
    let Some(bus) = PrivateBus::start().await else {
        return Ok(None);
    };
    let fake = Fake::start(&bus.address()).await?;
    let systemd = Systemd::new(BusAddress::At(bus.address()));
    Ok(Some((bus, fake, systemd)))
}

/// Starts a restart, gives the stand-in's side to `script` when the call arrives, and waits for
/// the end of both.
async fn restart(
    systemd: &Systemd,
    fake: &mut Fake,
    script: impl AsyncFnOnce(&mut Fake, Message) -> zbus::Result<()>,
) -> zbus::Result<CallEnd> {
    let asked = asked(Verb::Restart);
    let called = AtomicBool::new(false);
    let run = systemd.call(&asked, fits, || called.store(true, Ordering::SeqCst));
    let serve = async {
        let message = fake.act().await;
        assert!(called.load(Ordering::SeqCst), "called before it was sent");
        script(fake, message).await
    };
    let (end, served) = tokio::join!(run, serve);
    served.map(|()| end)
}

#[tokio::test]
async fn a_job_that_ends_before_the_reply_is_seen() -> Result {
    let Some((_bus, mut fake, systemd)) = stage().await? else {
        return Ok(());
    };
    let end = restart(&systemd, &mut fake, async |fake, call| {
        fake.unit().invocation = vec![0xb2; 16];
        fake.job_removed(7, "done").await?;
        fake.reply_job(&call, 7).await
    })
    .await?;
    assert_eq!(end.result, JobResult::Done);
    assert_eq!(invocation_after(&end), Some("b2".repeat(16).as_str()));
    let before = end.before.as_ref().map(|unit| unit.invocation_id.as_str());
    assert_eq!(before, Some(BEFORE));
    assert_eq!(end.detail, None);
    Ok(())
}

#[tokio::test]
async fn another_job_of_the_unit_tells_nothing() -> Result {
    let Some((_bus, mut fake, systemd)) = stage().await? else {
        return Ok(());
    };
    let end = restart(&systemd, &mut fake, async |fake, call| {
        fake.unit().job = 7;
        fake.job_removed(6, "done").await?;
        fake.reply_job(&call, 7).await?;
        fake.job_removed(8, "done").await?;
        fake.job_removed(7, "failed").await
    })
    .await?;
    assert_eq!(end.result, JobResult::Failed);
    assert_eq!(invocation_after(&end), Some(BEFORE));
    Ok(())
}

#[tokio::test]
async fn a_forged_signal_tells_nothing() -> Result {
    let Some((bus, mut fake, systemd)) = stage().await? else {
        return Ok(());
    };
    let liar = Builder::address(bus.address().as_str()).build().await?;
    let end = restart(&systemd, &mut fake, async |fake, call| {
        fake.unit().job = 7;
        let header = call.header();
        let caller = header.sender().map(|name| name.as_str());
        emit_job_removed(&liar, caller, 7, "done").await?;
        // Its round trip through the bus makes sure that the forged signal was sent before.
        liar.request_name("org.example.Liar").await?;
        fake.reply_job(&call, 7).await?;
        fake.job_removed(7, "failed").await
    })
    .await?;
    assert_eq!(end.result, JobResult::Failed);
    Ok(())
}

#[tokio::test]
async fn each_verb_makes_its_job_with_mode_fail() -> Result {
    let Some((_bus, mut fake, systemd)) = stage().await? else {
        return Ok(());
    };
    for (verb, method) in [
        (Verb::Restart, "TryRestartUnit"),
        (Verb::ReloadOrRestart, "ReloadOrTryRestartUnit"),
        (Verb::Start, "StartUnit"),
    ] {
        let asked = asked(verb);
        let serve = async {
            let message = fake.act().await;
            assert_eq!(words(&message), call(method, &["shop.service", "fail"]));
            fake.reply_job(&message, 7).await?;
            fake.job_removed(7, "done").await
        };
        let (end, served) = tokio::join!(systemd.call(&asked, fits, || ()), serve);
        served?;
        assert_eq!(end.result, JobResult::Done, "{method}");
    }
    Ok(())
}

#[tokio::test]
async fn a_rescue_resets_the_failure_and_then_starts() -> Result {
    let Some((_bus, mut fake, systemd)) = stage().await? else {
        return Ok(());
    };
    let asked = asked(Verb::Rescue);
    let serve = async {
        let reset = fake.act().await;
        assert_eq!(words(&reset), call("ResetFailedUnit", &["shop.service"]));
        assert!(fake.has_no_more_acts(), "it must wait for the reset");
        fake.reply_nothing(&reset).await?;
        let start = fake.act().await;
        assert_eq!(words(&start), call("StartUnit", &["shop.service", "fail"]));
        fake.reply_job(&start, 9).await?;
        fake.job_removed(9, "done").await
    };
    let (end, served) = tokio::join!(systemd.call(&asked, fits, || ()), serve);
    served?;
    assert_eq!((end.result, end.was_reset), (JobResult::Done, true));

    let serve = async {
        let reset = fake.act().await;
        let name = "org.freedesktop.DBus.Error.AccessDenied";
        fake.reply_error(&reset, name).await
    };
    let (end, served) = tokio::join!(systemd.call(&asked, fits, || ()), serve);
    served?;
    assert_eq!((end.result, end.was_reset), (JobResult::Denied, false));
    assert!(fake.has_no_more_acts(), "no start after a denied reset");
    Ok(())
}

#[tokio::test]
async fn a_start_that_is_refused_after_the_reset_is_told_with_it() -> Result {
    let Some((_bus, mut fake, systemd)) = stage().await? else {
        return Ok(());
    };
    for (error, result) in [
        (
            "org.freedesktop.systemd1.TransactionIsDestructive",
            JobResult::Refused,
        ),
        (
            "org.freedesktop.DBus.Error.ServiceUnknown",
            JobResult::NotCalled,
        ),
    ] {
        let asked = asked(Verb::Rescue);
        let serve = async {
            let reset = fake.act().await;
            fake.reply_nothing(&reset).await?;
            let start = fake.act().await;
            fake.reply_error(&start, error).await
        };
        let (end, served) = tokio::join!(systemd.call(&asked, fits, || ()), serve);
        served?;
        assert_eq!((end.result, end.was_reset), (result, true), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_call_that_does_not_fit_the_last_look_is_not_made() -> Result {
    let Some((_bus, mut fake, systemd)) = stage().await? else {
        return Ok(());
    };
    // What the look before saw: the adapter must ask anew.
    let seen = systemd.observe(&shop()).await?;
    assert_eq!(seen.active, ActiveState::Active);
    fake.unit().active = "inactive";
    for verb in [
        Verb::Restart,
        Verb::ReloadOrRestart,
        Verb::Start,
        Verb::Rescue,
    ] {
        let called = AtomicBool::new(false);
        let judge = |unit: &UnitState| {
            assert_eq!(unit.active, ActiveState::Inactive, "a fresh reading");
            Err(Reason::Changing)
        };
        let end = systemd
            .call(&asked(verb), judge, || called.store(true, Ordering::SeqCst))
            .await;
        assert_eq!(end.result, JobResult::NotCalled);
        assert_eq!(end.misfit, Some(Reason::Changing));
        assert_eq!(
            end.before.map(|unit| unit.active),
            Some(ActiveState::Inactive)
        );
        assert!(end.after.is_none() && !end.was_reset);
        assert!(!called.load(Ordering::SeqCst));
        assert!(fake.has_no_more_acts());
    }
    Ok(())
}

#[tokio::test]
async fn every_result_of_a_job_is_told() -> Result {
    let Some((_bus, mut fake, systemd)) = stage().await? else {
        return Ok(());
    };
    // `job_result_table` of systemd's src/core/job.c.
    for (word, result) in [
        ("done", JobResult::Done),
        ("canceled", JobResult::Canceled),
        ("timeout", JobResult::Timeout),
        ("failed", JobResult::Failed),
        ("dependency", JobResult::Dependency),
        ("skipped", JobResult::Skipped),
        ("invalid", JobResult::Invalid),
        ("assert", JobResult::Assert),
        ("unsupported", JobResult::Unsupported),
        ("collected", JobResult::Collected),
        ("once", JobResult::Once),
        ("frozen", JobResult::Frozen),
        ("concurrency", JobResult::Concurrency),
        ("some-new-word", JobResult::Unknown),
    ] {
        let end = restart(&systemd, &mut fake, async |fake, call| {
            fake.reply_job(&call, 7).await?;
            fake.job_removed(7, word).await
        })
        .await?;
        assert_eq!(end.result, result, "{word}");
    }
    Ok(())
}

#[tokio::test]
async fn errors_are_told_apart() -> Result {
    let Some((_bus, mut fake, systemd)) = stage().await? else {
        return Ok(());
    };
    for (name, result) in [
        ("DBus.Error.AccessDenied", JobResult::Denied),
        (
            "DBus.Error.InteractiveAuthorizationRequired",
            JobResult::Denied,
        ),
        // What a moment may change.
        ("systemd1.TransactionIsDestructive", JobResult::Refused),
        ("systemd1.TransactionJobsConflicting", JobResult::Refused),
        ("systemd1.TransactionOrderIsCyclic", JobResult::Refused),
        ("systemd1.ShuttingDown", JobResult::Refused),
        ("systemd1.SomeNewWord", JobResult::Refused),
        ("DBus.Error.LimitsExceeded", JobResult::Refused),
        // What it cannot.
        ("systemd1.NoSuchUnit", JobResult::Unable),
        ("systemd1.UnitMasked", JobResult::Unable),
        ("systemd1.OnlyByDependency", JobResult::Unable),
        ("systemd1.BadUnitSetting", JobResult::Unable),
        ("systemd1.LoadFailed", JobResult::Unable),
        ("systemd1.UnitExists", JobResult::Unable),
        ("systemd1.JobTypeNotApplicable", JobResult::Unable),
        ("DBus.Error.FileNotFound", JobResult::Unable),
        ("DBus.Error.InvalidArgs", JobResult::Unable),
        ("DBus.Error.ServiceUnknown", JobResult::NotCalled),
        ("DBus.Error.NoReply", JobResult::Unknown),
    ] {
        let name = format!("org.freedesktop.{name}");
        let end = restart(&systemd, &mut fake, async |fake, call| {
            fake.reply_error(&call, &name).await
        })
        .await?;
        assert_eq!(end.result, result, "{name}");
        assert_eq!((end.misfit, end.was_reset), (None, false));
        assert!(end.before.is_some() && end.after.is_none());
        let detail = end.detail.unwrap_or_default();
        assert!(
            detail.contains(&name) && detail.contains("the reason"),
            "{detail}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_lost_signal_leaves_the_end_to_an_examination() -> Result {
    let Some((_bus, mut fake, systemd)) = stage().await? else {
        return Ok(());
    };
    let end = restart(&systemd, &mut fake, async |fake, call| {
        fake.unit().invocation = vec![0xb2; 16];
        fake.reply_job(&call, 7).await
    })
    .await?;
    assert_eq!(end.result, JobResult::Unknown);
    assert_eq!(invocation_after(&end), Some("b2".repeat(16).as_str()));
    let detail = end.detail.unwrap_or_default();
    assert!(detail.contains("not signalled"), "{detail}");
    Ok(())
}
