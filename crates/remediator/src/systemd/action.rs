//! One action from its call to the end of its job.

use super::link::{Link, read as read_body};
use super::signals::JobRemoved;
use super::unit_state::{self, Seen};
use super::{ControlError, JobEnd};
use homeostat_policy::rules::Permit;
use homeostat_policy::unit::{ActiveState, JobResult, Verb};
use std::time::Duration;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::Instant;
use zbus::OwnedObjectPath;

/// The only job mode. Any other would change what a person has queued.
const MODE: &str = "fail";
/// What a job gets beyond the unit's own timeouts.
const MARGIN: Duration = Duration::from_secs(15);
/// How often the unit is asked whether the job is still there.
const POLL_EVERY: Duration = Duration::from_secs(1);

/// The method of `org.freedesktop.systemd1.Manager` that makes the job.
fn method(verb: Verb) -> &'static str {
    match verb {
        Verb::Restart => "RestartUnit",
        Verb::TryRestart => "TryRestartUnit",
        Verb::ReloadOrRestart => "ReloadOrRestartUnit",
        Verb::Start | Verb::Rescue => "StartUnit",
    }
}

/// Runs the action. Everything that could be missing is made sure of before `called`.
pub(super) async fn run(link: &Link, permit: &Permit, called: impl FnOnce() + Send) -> JobEnd {
    let before = match prepare(link, permit).await {
        Ok(before) => before,
        Err(error) => return JobEnd::without_job(JobResult::NotCalled, &error),
    };
    // Taken before the call, so that a job that ends before the reply comes is not missed.
    let mut removed = link.removed();
    called();
    let job = match call(link, permit).await {
        Ok(job) => job,
        Err((result, error)) => return JobEnd::without_job(result, &error),
    };
    let limit = Duration::from_millis(before.state.job_timeout_ms) + MARGIN;
    let end = follow(link, &before.path, &job, &mut removed, limit).await;
    let after = unit_state::read(link, permit.unit()).await;
    let (result, detail) = match end {
        End::Told(result) => (result, None),
        End::Unseen => judge(&before, after.as_ref().ok()),
        End::Lost => (JobResult::Unknown, Some(ControlError::closed().to_string())),
        End::Late => (
            JobResult::Unknown,
            Some(format!("the job did not end within {} s", limit.as_secs())),
        ),
    };
    JobEnd {
        result,
        invocation_after: after.ok().map(|seen| seen.state.invocation_id),
        detail,
    }
}

async fn prepare(link: &Link, permit: &Permit) -> Result<Seen, ControlError> {
    link.subscribe().await?;
    unit_state::read(link, permit.unit()).await
}

/// Sends the calls and gives the job, or what the error means for the whole action.
async fn call(link: &Link, permit: &Permit) -> Result<OwnedObjectPath, (JobResult, ControlError)> {
    let unit = permit.unit().as_str();
    let rescue = permit.verb() == Verb::Rescue;
    if rescue && let Err(error) = link.act("ResetFailedUnit", &unit).await {
        return Err((error.job_result(), error));
    }
    let method = method(permit.verb());
    match link.act(method, &(unit, MODE)).await {
        // The call was obeyed, so a reply that cannot be read says nothing about the job.
        Ok(reply) => read_body(method, &reply).map_err(|error| (JobResult::Unknown, error)),
        Err(error) => Err(match error.job_result() {
            // The unit's failed state was reset already: that was a call.
            JobResult::NotCalled if rescue => (JobResult::Unknown, error),
            result => (result, error),
        }),
    }
}

/// How the wait for a job ended.
enum End {
    /// With systemd's signal.
    Told(JobResult),
    /// The job is gone, and no signal came.
    Unseen,
    /// With the connection.
    Lost,
    /// With our patience.
    Late,
}

async fn follow(
    link: &Link,
    unit: &OwnedObjectPath,
    job: &OwnedObjectPath,
    removed: &mut broadcast::Receiver<JobRemoved>,
    limit: Duration,
) -> End {
    let deadline = Instant::now() + limit;
    let mut poll = tokio::time::interval_at(Instant::now() + POLL_EVERY, POLL_EVERY);
    let mut owner = link.owner();
    let mut gone = false;
    loop {
        tokio::select! {
            // The signal first: it may wait here while the other ways to an end are open too.
            biased;
            signal = removed.recv() => match signal {
                Ok(signal) if signal.job == *job => {
                    return End::Told(JobResult::from_signal(&signal.result));
                }
                // After a loss of signals the poll finds out.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return End::Lost,
            },
            changed = owner.changed() => if changed.is_err() {
                return End::Lost;
            },
            () = tokio::time::sleep_until(deadline) => return End::Late,
            _ = poll.tick() => {
                // The signal was sent before the answer that the job is gone, but it comes here
                // by another way: it gets one more round.
                if gone {
                    return End::Unseen;
                }
                gone = unit_state::job(link, unit).await.is_ok_and(|now| now.as_ref() != Some(job));
            }
        }
    }
}

/// What the unit itself tells of a job whose end was not seen.
fn judge(before: &Seen, after: Option<&Seen>) -> (JobResult, Option<String>) {
    let unseen = "the job's end was not signalled";
    let anew = after.filter(|after| {
        let id = &after.state.invocation_id;
        !id.is_empty() && *id != before.state.invocation_id
    });
    let result = match anew.map(|after| after.state.active) {
        Some(ActiveState::Active) => JobResult::Done,
        Some(ActiveState::Failed) => JobResult::Failed,
        _ => JobResult::Unknown,
    };
    (result, Some(unseen.to_owned()))
}
