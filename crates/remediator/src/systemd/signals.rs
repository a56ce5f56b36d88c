//! The signals that a connection receives.

use super::link::{BUS, SYSTEMD};
use futures_util::StreamExt;
use tokio::sync::{broadcast, watch};
use zbus::message::Type;
use zbus::{MessageStream, OwnedObjectPath};

/// systemd's `JobRemoved` signal.
#[derive(Debug, Clone)]
pub(super) struct JobRemoved {
    pub(super) job: OwnedObjectPath,
    pub(super) result: String,
}

/// Passes signals on. It never waits for anybody, for a connection whose messages are not
/// taken stands still, with all its pending calls.
pub(super) async fn pump(
    mut messages: MessageStream,
    removed: broadcast::Sender<JobRemoved>,
    owner: watch::Sender<Option<String>>,
) {
    while let Some(Ok(message)) = messages.next().await {
        let header = message.header();
        let (Type::Signal, Some(member), Some(sender)) =
            (message.message_type(), header.member(), header.sender())
        else {
            continue;
        };
        // Any process may send us a signal directly. The sender is filled in by the bus, so it
        // tells a signal of systemd from a forged one.
        let from_systemd = owner.borrow().as_deref() == Some(sender.as_str());
        match member.as_str() {
            "NameOwnerChanged" if sender.as_str() == BUS => {
                if let Ok((name, _, new)) = message.body().deserialize::<(String, String, String)>()
                    && name == SYSTEMD
                {
                    owner.send_replace(Some(new).filter(|new| !new.is_empty()));
                }
            }
            "JobRemoved" if from_systemd => {
                let body = message.body();
                if let Ok((_, job, _, result)) =
                    body.deserialize::<(u32, OwnedObjectPath, String, String)>()
                {
                    // Without a receiver there is no action under way, and nothing to tell.
                    let _ = removed.send(JobRemoved { job, result });
                }
            }
            _ => {}
        }
    }
}
