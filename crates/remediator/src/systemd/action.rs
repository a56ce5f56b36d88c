//! One action from its call to the end of its job.

use super::ControlError;
use super::link::{Link, read as read_body};
use super::signals::JobRemoved;
use super::unit_state::{self, LONGEST_JOB_MS};
use homeostat_policy::machine::{Call, CallEnd};
use homeostat_policy::unit::{UnitName, UnitState};
use homeostat_policy::words::{JobResult, Reason};
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

/// A call that made no job.
fn without_job(result: JobResult, before: Option<UnitState>, detail: Option<String>) -> CallEnd {
    CallEnd {
        result,
        misfit: None,
        before,
        after: None,
        was_reset: false,
        detail,
    }
}

/// A call that could not be sent.
pub(super) fn not_called(error: &ControlError) -> CallEnd {
    without_job(JobResult::NotCalled, None, Some(error.to_string()))
}

/// Makes the call. The last look is one question, and nothing stands between it and the call.
pub(super) async fn run(
    link: &Link,
    call: &Call,
    fits: impl FnOnce(&UnitState) -> Result<(), Reason>,
    called: impl FnOnce(),
) -> CallEnd {
    // Taken before the call, so that a job that ends before the reply comes is not missed.
    let mut removed = link.removed();
    let unit = call.permit.unit();
    let before = match unit_state::last_look(link, unit).await {
        Ok(before) => before,
        Err(error) => return not_called(&error),
    };
    if let Err(reason) = fits(&before) {
        let mut end = without_job(JobResult::NotCalled, Some(before), None);
        end.misfit = Some(reason);
        return end;
    }
    called();
    let (job, was_reset) = match send(link, call).await {
        (Ok(job), was_reset) => (job, was_reset),
        (Err((result, error)), was_reset) => {
            let detail = Some(error.to_string());
            let mut end = without_job(result, Some(before), detail);
            end.was_reset = was_reset;
            return end;
        }
    };
    let timeout_ms = unit_state::job_timeout_ms(link, unit).await;
    let limit = Duration::from_millis(timeout_ms.unwrap_or(LONGEST_JOB_MS)) + MARGIN;
    let end = follow(link, unit, &job, &mut removed, limit).await;
    let after = unit_state::observe(link, unit).await.ok();
    let unknown = |detail| (JobResult::Unknown, Some(detail));
    let (result, detail) = match end {
        End::Told(result) => (result, None),
        // What cannot be told here is examined by the policy, with the journal.
        End::Unseen => unknown("the job's end was not signalled".to_owned()),
        End::Lost => unknown(ControlError::closed().to_string()),
        End::Late => unknown(format!("the job did not end within {} s", limit.as_secs())),
    };
    CallEnd {
        result,
        misfit: None,
        before: Some(before),
        after,
        was_reset,
        detail,
    }
}

/// Sends the calls. Gives the job, or what the error means for the whole action; and whether the
/// unit's failed state was cleared.
async fn send(
    link: &Link,
    call: &Call,
) -> (Result<OwnedObjectPath, (JobResult, ControlError)>, bool) {
    let unit = call.permit.unit().as_str();
    let resets = call.resets_failed();
    if resets && let Err(error) = link.act("ResetFailedUnit", &unit).await {
        return (Err((error.job_result(), error)), false);
    }
    let method = call.method().name();
    let job = match link.act(method, &(unit, MODE)).await {
        // The call was obeyed, so a reply that cannot be read says nothing about the job.
        Ok(reply) => read_body(method, &reply).map_err(|error| (JobResult::Unknown, error)),
        Err(error) => Err((error.job_result(), error)),
    };
    (job, resets)
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
    unit: &UnitName,
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
