//! One connection to the bus, subscribed to systemd's signals.

use super::signals::{JobRemoved, pump};
use super::{BusAddress, ControlError};
use serde::Serialize;
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;
use zbus::connection::Builder;
use zbus::message::Message;
use zbus::{Connection, DynamicType, MessageStream, OwnedObjectPath};

pub(super) const SYSTEMD: &str = "org.freedesktop.systemd1";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
pub(super) const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";

/// How long systemd may take to answer a question.
const READ_LIMIT: Duration = Duration::from_secs(10);
/// How long systemd may take to show that it is there.
const PING_LIMIT: Duration = Duration::from_secs(5);
/// How long systemd may take to answer a call that polkit must allow. It waits for polkit for
/// the 25 s that are usual on D-Bus, and its own error tells more than our end of patience.
const ACT_LIMIT: Duration = Duration::from_secs(30);
/// The end of calls that nobody waits for any more; longer than every limit above.
const LAST_LIMIT: Duration = Duration::from_secs(40);
/// How many messages may wait before the pump runs, and how many job ends may wait for one
/// action. An action that lost some still sees its end in the unit's `Job` property.
const QUEUE: usize = 1024;

/// A connection on which systemd was found and subscribed to.
#[derive(Debug)]
pub(super) struct Link {
    connection: Connection,
    removed: broadcast::Sender<JobRemoved>,
    owner: watch::Receiver<Option<String>>,
    pump: AbortHandle,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

impl Link {
    /// Connects, finds systemd and subscribes to its signals.
    pub(super) async fn open(address: &BusAddress) -> Result<Self, ControlError> {
        let builder = match address {
            BusAddress::System => Builder::system(),
            BusAddress::At(address) => Builder::address(address.as_str()),
        };
        let connection = builder
            .max_queued(QUEUE.try_into().expect("invariant: QUEUE is not zero"))
            .method_timeout(LAST_LIMIT)
            .build()
            .await
            .map_err(|e| ControlError::from_zbus("connecting to the bus", e))?;
        // The stream takes part from here on, so that no signal is missed; the pump empties it.
        // It is one stream for all signals because a job's end must not overtake the news that
        // systemd has another name on the bus.
        let messages = MessageStream::from(&connection);
        for rule in [
            "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
             member='NameOwnerChanged',arg0='org.freedesktop.systemd1'",
            "type='signal',sender='org.freedesktop.systemd1',path='/org/freedesktop/systemd1',\
             interface='org.freedesktop.systemd1.Manager',member='JobRemoved'",
        ] {
            let call = send(&connection, (BUS, BUS_PATH, BUS), "AddMatch", &rule);
            limited("AddMatch", READ_LIMIT, call).await?;
        }
        let call = send(&connection, (BUS, BUS_PATH, BUS), "GetNameOwner", &SYSTEMD);
        let reply = limited("GetNameOwner", READ_LIMIT, call).await?;
        let name = read::<String>("GetNameOwner", &reply)?;
        let (owner_sender, owner) = watch::channel(Some(name));
        let (removed, _) = broadcast::channel(QUEUE);
        let pump = tokio::spawn(pump(messages, removed.clone(), owner_sender)).abort_handle();
        let link = Self {
            connection,
            removed,
            owner,
            pump,
        };
        link.subscribe().await?;
        Ok(link)
    }

    /// Asks systemd to emit signals. To ask twice does no harm.
    pub(super) async fn subscribe(&self) -> Result<(), ControlError> {
        match self.manager("Subscribe", &()).await {
            Err(error) if !error.is("org.freedesktop.systemd1.AlreadySubscribed") => Err(error),
            _ => Ok(()),
        }
    }

    /// Finds out whether systemd answers over the bus.
    pub(super) async fn ping(&self) -> Result<(), ControlError> {
        let target = (SYSTEMD, MANAGER_PATH, "org.freedesktop.DBus.Peer");
        let call = send(&self.connection, target, "Ping", &());
        limited("Ping", PING_LIMIT, call).await?;
        Ok(())
    }

    /// Calls a method of systemd's manager that has no effect on units.
    pub(super) async fn manager<B>(
        &self,
        method: &'static str,
        body: &B,
    ) -> Result<Message, ControlError>
    where
        B: Serialize + DynamicType + Sync,
    {
        let target = (SYSTEMD, MANAGER_PATH, MANAGER);
        let call = send(&self.connection, target, method, body);
        limited(method, READ_LIMIT, call).await
    }

    /// Calls a method of systemd's manager that acts on a unit.
    pub(super) async fn act<B>(
        &self,
        method: &'static str,
        body: &B,
    ) -> Result<Message, ControlError>
    where
        B: Serialize + DynamicType + Sync,
    {
        let target = (SYSTEMD, MANAGER_PATH, MANAGER);
        let call = send(&self.connection, target, method, body);
        limited(method, ACT_LIMIT, call).await
    }

    /// Calls a method of `org.freedesktop.DBus.Properties` on an object of systemd.
    pub(super) async fn properties<B>(
        &self,
        path: &OwnedObjectPath,
        method: &'static str,
        body: &B,
    ) -> Result<Message, ControlError>
    where
        B: Serialize + DynamicType + Sync,
    {
        let target = (SYSTEMD, path.as_str(), "org.freedesktop.DBus.Properties");
        let call = send(&self.connection, target, method, body);
        limited(method, READ_LIMIT, call).await
    }

    /// The ends of jobs from now on.
    pub(super) fn removed(&self) -> broadcast::Receiver<JobRemoved> {
        self.removed.subscribe()
    }

    /// systemd's unique name on the bus; `None` while it has none. The sender of this channel
    /// is gone when the connection is closed and every signal from it was passed on.
    pub(super) fn owner(&self) -> watch::Receiver<Option<String>> {
        self.owner.clone()
    }

    /// Whether the connection is open and systemd is on the bus.
    pub(super) fn is_up(&self) -> bool {
        !self.is_closed() && self.owner.borrow().is_some()
    }

    /// Whether the connection was closed.
    pub(super) fn is_closed(&self) -> bool {
        self.connection.is_closed()
    }
}

/// Reads the body of an answer.
pub(super) fn read<T>(operation: &'static str, message: &Message) -> Result<T, ControlError>
where
    T: serde::de::DeserializeOwned + zbus::Type,
{
    message
        .body()
        .deserialize()
        .map_err(|e| ControlError::Answer {
            operation,
            reason: e.to_string(),
        })
}

/// Sends a call with no flags: so polkit never asks a person for a password.
async fn send<B>(
    connection: &Connection,
    (destination, path, interface): (&str, &str, &str),
    method: &str,
    body: &B,
) -> zbus::Result<Message>
where
    B: Serialize + DynamicType + Sync,
{
    connection
        .call_method(Some(destination), path, Some(interface), method, body)
        .await
}

async fn limited(
    operation: &'static str,
    limit: Duration,
    call: impl Future<Output = zbus::Result<Message>>,
) -> Result<Message, ControlError> {
    match tokio::time::timeout(limit, call).await {
        Ok(answer) => answer.map_err(|e| ControlError::from_zbus(operation, e)),
        Err(_) => Err(ControlError::Timeout {
            operation,
            seconds: limit.as_secs(),
        }),
    }
}
