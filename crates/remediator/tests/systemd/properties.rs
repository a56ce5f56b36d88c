//! What is read of a unit.

use crate::fake::ACTIONS;
use crate::{BEFORE, Result, shop, stage};
use homeostat_policy::unit::{ActiveState, BoundTo, UnitName};
use homeostat_remediator::systemd::UnitControl;

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
async fn a_unit_without_a_file_has_a_state() -> Result {
    let Some((_bus, fake, systemd)) = stage().await? else {
        return Ok(());
    };
    {
        let mut unit = fake.unit();
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

#[tokio::test]
async fn what_a_unit_is_and_what_keeps_it_is_seen() -> Result {
    let Some((_bus, fake, systemd)) = stage().await? else {
        return Ok(());
    };
    let seen = systemd.observe(&shop()).await?;
    assert_eq!(seen.service_type, "simple");
    assert!(!seen.remains_after_exit && !seen.is_triggered && !seen.is_frozen());
    assert_eq!((seen.freezer.as_str(), seen.changed_ms), ("running", 2000));

    {
        let more = &mut fake.unit().more;
        more.insert("Type", "oneshot".into());
        more.insert("RemainAfterExit", true.into());
        more.insert("TriggeredBy", vec!["shop.timer".to_owned()].into());
        more.insert("FreezerState", "frozen".into());
    }
    let seen = systemd.observe(&shop()).await?;
    assert_eq!(seen.service_type, "oneshot");
    assert!(seen.remains_after_exit && seen.is_triggered && seen.is_frozen());
    Ok(())
}

#[tokio::test]
async fn what_would_take_the_host_down_is_named() -> Result {
    let Some((_bus, fake, systemd)) = stage().await? else {
        return Ok(());
    };
    assert_eq!(systemd.observe(&shop()).await?.host_action, None);
    for action in ACTIONS {
        for word in [
            "reboot-force",
            "poweroff",
            "exit",
            "halt",
            "kexec",
            "soft-reboot",
        ] {
            fake.unit().more.insert(action, word.into());
            let seen = systemd.observe(&shop()).await?;
            assert_eq!(seen.host_action, Some(format!("{action}={word}")));
        }
        fake.unit().more.clear();
    }
    Ok(())
}

#[tokio::test]
async fn what_an_older_systemd_does_not_know_is_its_default() -> Result {
    let Some((_bus, fake, systemd)) = stage().await? else {
        return Ok(());
    };
    {
        let mut unit = fake.unit();
        unit.active = "failed";
        unit.lacks = [
            "TriggeredBy",
            "FreezerState",
            "StateChangeTimestampMonotonic",
            "BindsTo",
            "Type",
            "RemainAfterExit",
        ]
        .into_iter()
        .chain(ACTIONS)
        .collect();
    }
    let seen = systemd.observe(&shop()).await?;
    assert!(!seen.is_triggered && !seen.is_frozen() && !seen.remains_after_exit);
    assert_eq!(
        (seen.freezer.as_str(), seen.service_type.as_str()),
        ("", "")
    );
    assert_eq!((seen.changed_ms, seen.host_action), (0, None));
    assert_eq!(seen.bound_to, []);
    Ok(())
}

#[tokio::test]
async fn a_unit_that_is_off_is_seen_with_those_that_it_is_bound_to() -> Result {
    let Some((_bus, fake, systemd)) = stage().await? else {
        return Ok(());
    };
    {
        let mut unit = fake.unit();
        let names = ["cellar.service", "dev-sda.device"].map(str::to_owned);
        unit.more.insert("BindsTo", names.to_vec().into());
        unit.others = vec![
            ("cellar.service", "basement.service", "failed"),
            ("dev-sda.device", "dev-sda.device", "active"),
        ];
    }
    assert_eq!(systemd.observe(&shop()).await?.bound_to, [], "it is on");
    for off in ["inactive", "failed"] {
        fake.unit().active = off;
        let bound = |id: &str, active| BoundTo {
            id: id.to_owned(),
            active,
        };
        assert_eq!(
            systemd.observe(&shop()).await?.bound_to,
            [
                bound("basement.service", ActiveState::Failed),
                bound("dev-sda.device", ActiveState::Active)
            ]
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_unit_that_was_unloaded_has_no_history() -> Result {
    let Some((_bus, fake, systemd)) = stage().await? else {
        return Ok(());
    };
    {
        let mut unit = fake.unit();
        unit.active = "inactive";
        unit.more.insert("Type", "oneshot".into());
    }
    let seen = systemd.observe(&shop()).await?;
    assert!(seen.ended_well(), "it ended well, and systemd says so");
    {
        let mut unit = fake.unit();
        unit.invocation = Vec::new();
        unit.changed_us = 0;
        unit.entered_us = 0;
    }
    let seen = systemd.observe(&shop()).await?;
    assert_eq!(
        seen.result, "",
        "`success` is the default of a unit that never ran"
    );
    assert!(!seen.is_well());
    assert_eq!((seen.active_for_ms, seen.inactive_for_ms), (None, None));
    Ok(())
}

#[tokio::test]
async fn units_are_listed_in_the_order_of_their_names() -> Result {
    let Some((_bus, fake, systemd)) = stage().await? else {
        return Ok(());
    };
    fake.unit().others = vec![
        ("shop.service", "shop.service", "active"),
        ("cart.service", "cart.service", "failed"),
    ];
    let cart = UnitName::parse("cart.service").expect("a unit name");
    let listed = systemd.list(&[shop(), cart]).await?;
    let states: Vec<_> = listed.iter().map(|glance| glance.active.as_str()).collect();
    assert_eq!(states, ["active", "failed"]);
    // An answer that leaves one out could be about any of them.
    let other = UnitName::parse("other.service").expect("a unit name");
    assert!(systemd.list(&[shop(), other]).await.is_err());
    assert!(systemd.list(&[]).await?.is_empty());
    Ok(())
}
