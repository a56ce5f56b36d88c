//! The systemd adapter against a stand-in for systemd on a private message bus.

#[path = "systemd/bus.rs"]
mod bus;
#[path = "systemd/bus_loss.rs"]
mod bus_loss;
#[path = "systemd/fake.rs"]
mod fake;

use bus::PrivateBus;
use fake::{Fake, emit_job_removed};
use homeostat_policy::rules::{Permit, RawRules, Rules};
use homeostat_policy::unit::{ActiveState, JobResult, UnitName, Verb};
use homeostat_remediator::systemd::{BusAddress, JobEnd, Systemd, UnitControl};
use std::sync::atomic::{AtomicBool, Ordering};
use zbus::connection::Builder;
use zbus::message::Message;

type Result = std::result::Result<(), Box<dyn std::error::Error>>;

const BEFORE: &str = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";

fn shop() -> UnitName {
    UnitName::parse("shop.service").expect("a unit name")
}

fn permit(verb: Verb) -> Permit {
    let raw: RawRules = serde_json::from_value(serde_json::json!({
        "units": { "shop.service": { "verbs": [verb] } },
        "rules": [{ "name": "r", "alert": "A", "unit": "shop.service", "ladder": [verb] }],
    }))
    .expect("rules");
    let rules = Rules::check("here", raw).expect("good rules");
    let rule = rules.rule("r").expect("the rule");
    rules.permit(rule, verb).expect("a granted verb")
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
) -> zbus::Result<JobEnd> {
    let permit = permit(Verb::Restart);
    let called = AtomicBool::new(false);
    let run = systemd.run(&permit, || called.store(true, Ordering::SeqCst));
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
    assert_eq!(end.invocation_after, Some("b2".repeat(16)));
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
    assert_eq!(end.invocation_after.as_deref(), Some(BEFORE));
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
        (Verb::Restart, "RestartUnit"),
        (Verb::TryRestart, "TryRestartUnit"),
        (Verb::ReloadOrRestart, "ReloadOrRestartUnit"),
        (Verb::Start, "StartUnit"),
    ] {
        let permit = permit(verb);
        let serve = async {
            let message = fake.act().await;
            assert_eq!(words(&message), call(method, &["shop.service", "fail"]));
            fake.reply_job(&message, 7).await?;
            fake.job_removed(7, "done").await
        };
        let (end, served) = tokio::join!(systemd.run(&permit, || ()), serve);
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
    let permit = permit(Verb::Rescue);
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
    let (end, served) = tokio::join!(systemd.run(&permit, || ()), serve);
    served?;
    assert_eq!(end.result, JobResult::Done);

    let serve = async {
        let reset = fake.act().await;
        let name = "org.freedesktop.DBus.Error.AccessDenied";
        fake.reply_error(&reset, name).await
    };
    let (end, served) = tokio::join!(systemd.run(&permit, || ()), serve);
    served?;
    assert_eq!(end.result, JobResult::Denied);
    assert!(fake.has_no_more_acts(), "no start after a denied reset");
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
        ("systemd1.TransactionIsDestructive", JobResult::Refused),
        ("systemd1.TransactionJobsConflicting", JobResult::Refused),
        ("systemd1.NoSuchUnit", JobResult::Failed),
        ("systemd1.UnitMasked", JobResult::Failed),
        ("systemd1.LoadFailed", JobResult::Failed),
        ("DBus.Error.ServiceUnknown", JobResult::NotCalled),
        ("DBus.Error.NoReply", JobResult::Unknown),
    ] {
        let name = format!("org.freedesktop.{name}");
        let end = restart(&systemd, &mut fake, async |fake, call| {
            fake.reply_error(&call, &name).await
        })
        .await?;
        assert_eq!(end.result, result, "{name}");
        let detail = end.detail.unwrap_or_default();
        assert!(
            detail.contains(&name) && detail.contains("the reason"),
            "{detail}"
        );
        assert_eq!(end.invocation_after, None);
    }
    Ok(())
}

#[tokio::test]
async fn a_lost_signal_is_made_up_for_by_the_unit_itself() -> Result {
    let Some((_bus, mut fake, systemd)) = stage().await? else {
        return Ok(());
    };
    for (active, invocation, result) in [
        ("active", 0xb2, JobResult::Done),
        ("failed", 0xc3, JobResult::Failed),
        ("active", 0xc3, JobResult::Unknown),
    ] {
        let end = restart(&systemd, &mut fake, async |fake, call| {
            {
                let mut unit = fake.unit();
                unit.invocation = vec![invocation; 16];
                unit.active = active;
            }
            fake.reply_job(&call, 7).await
        })
        .await?;
        assert_eq!(end.result, result, "{active} {invocation}");
    }
    Ok(())
}

#[tokio::test]
async fn the_state_has_every_property() -> Result {
    let Some((_bus, fake, systemd)) = stage().await? else {
        return Ok(());
    };
    let seen = systemd.observe(&shop()).await?;
    assert_eq!(
        (seen.id.as_str(), seen.sub.as_str()),
        ("shop.service", "running")
    );
    assert_eq!(seen.active, ActiveState::Active);
    assert_eq!(seen.result, "success");
    assert_eq!(seen.invocation_id, BEFORE);
    assert_eq!((seen.n_restarts, seen.active_enter_ms), (3, 1000));
    assert!(seen.active_for_ms.is_some_and(|ms| ms > 0));
    assert_eq!(seen.inactive_for_ms, None);
    assert_eq!(
        (seen.start_limit_interval_ms, seen.start_limit_burst),
        (10_000, 5)
    );
    assert_eq!(seen.job_timeout_ms, 50_000);
    assert_eq!(seen.job, None);

    {
        let mut unit = fake.unit();
        unit.job = 5;
        unit.job_type = Some("stop");
        unit.active = "deactivating";
        unit.timeout_start_us = u64::MAX;
    }
    let seen = systemd.observe(&shop()).await?;
    assert_eq!(seen.job.as_deref(), Some("stop"));
    assert_eq!((seen.active_for_ms, seen.inactive_for_ms), (None, None));
    assert_eq!(seen.job_timeout_ms, 600_000);

    // The job ends between the look at the unit and the look at the job.
    fake.unit().job_type = None;
    assert_eq!(systemd.observe(&shop()).await?.job, None);

    fake.unit().active = "failed";
    let seen = systemd.observe(&shop()).await?;
    assert_eq!(seen.active_for_ms, None);
    assert!(seen.inactive_for_ms.is_some_and(|ms| ms > 0));
    Ok(())
}

#[tokio::test]
async fn a_unit_that_is_not_in_memory_is_loaded() -> Result {
    let Some((_bus, fake, systemd)) = stage().await? else {
        return Ok(());
    };
    {
        let mut unit = fake.unit();
        unit.in_memory = false;
        unit.load = "not-found";
        unit.active = "inactive";
        unit.invocation = Vec::new();
    }
    let seen = systemd.observe(&shop()).await?;
    assert_eq!(seen.load_state, "not-found");
    assert_eq!(seen.active, ActiveState::Inactive);
    assert_eq!(seen.invocation_id, "");
    Ok(())
}
