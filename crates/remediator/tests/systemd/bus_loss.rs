//! A bus or a systemd that goes away.

use crate::fake::Fake;
use crate::{Result, asked, restart, shop, stage};
use homeostat_policy::words::{JobResult, Verb};
use homeostat_remediator::systemd::{BusAddress, ControlError, Systemd, UnitControl};
use std::sync::atomic::{AtomicBool, Ordering};

#[tokio::test]
async fn without_a_bus_nothing_is_called() -> Result {
    let dir = tempfile::tempdir()?;
    let address = format!("unix:path={}", dir.path().join("none").display());
    let systemd = Systemd::new(BusAddress::At(address));
    let called = AtomicBool::new(false);
    let end = systemd
        .call(
            &asked(Verb::Restart),
            |_| Ok(()),
            || called.store(true, Ordering::SeqCst),
        )
        .await;
    assert_eq!(end.result, JobResult::NotCalled);
    assert!(!called.load(Ordering::SeqCst));
    assert!(end.detail.is_some() && end.before.is_none());
    let error = systemd.observe(&shop()).await;
    assert!(
        matches!(error, Err(ControlError::BusLost { .. })),
        "{error:?}"
    );
    assert!(!systemd.is_connected());
    Ok(())
}

#[tokio::test]
async fn a_bus_that_dies_with_a_job_under_way_leaves_its_end_unknown() -> Result {
    let Some((mut bus, mut fake, systemd)) = stage().await? else {
        return Ok(());
    };
    systemd.observe(&shop()).await?;
    assert!(systemd.is_connected());
    let end = restart(&systemd, &mut fake, async |fake, call| {
        fake.unit().job = 7;
        fake.reply_job(&call, 7).await?;
        bus.kill().await;
        Ok(())
    })
    .await?;
    assert_eq!(end.result, JobResult::Unknown);
    assert!(!systemd.is_connected());

    // The bus comes back, with nobody asking for it.
    bus.launch().await?;
    let mut fake = Fake::start(&bus.address()).await?;
    fake.subscribed().await;
    let end = restart(&systemd, &mut fake, async |fake, call| {
        fake.reply_job(&call, 1).await?;
        fake.job_removed(1, "done").await
    })
    .await?;
    assert_eq!(end.result, JobResult::Done);
    assert!(systemd.is_connected());
    Ok(())
}

#[tokio::test]
async fn a_bus_that_dies_before_the_reply_leaves_the_end_unknown() -> Result {
    let Some((mut bus, mut fake, systemd)) = stage().await? else {
        return Ok(());
    };
    let end = restart(&systemd, &mut fake, async |_, _| {
        bus.kill().await;
        Ok(())
    })
    .await?;
    assert_eq!(end.result, JobResult::Unknown);
    Ok(())
}

#[tokio::test]
async fn a_systemd_that_was_executed_anew_is_subscribed_to_again() -> Result {
    let Some((bus, mut old, systemd)) = stage().await? else {
        return Ok(());
    };
    old.subscribed().await;
    systemd.observe(&shop()).await?;
    old.leave().await?;
    let mut new = Fake::start(&bus.address()).await?;
    new.subscribed().await;
    let end = restart(&systemd, &mut new, async |fake, call| {
        fake.reply_job(&call, 1).await?;
        fake.job_removed(1, "done").await
    })
    .await?;
    assert_eq!(end.result, JobResult::Done);
    Ok(())
}
