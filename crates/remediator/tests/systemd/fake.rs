//! A stand-in for systemd on a private bus. It answers questions from a state
//! that the test sets, and hands each call that acts on a unit to the test.

use futures_util::StreamExt;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use zbus::connection::Builder;
use zbus::message::{Message, Type};
use zbus::{Connection, MessageStream, ObjectPath, Variant};

const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const UNIT_PATH: &str = "/org/freedesktop/systemd1/unit/shop_2eservice";

/// The settings that can take the host down.
pub const ACTIONS: [&str; 4] = [
    "StartLimitAction",
    "FailureAction",
    "SuccessAction",
    "JobTimeoutAction",
];

/// After this a test fails instead of waiting on.
const PATIENCE: Duration = Duration::from_secs(60);

/// The properties of the one unit.
pub struct Unit {
    pub load: &'static str,
    pub active: &'static str,
    pub invocation: Vec<u8>,
    pub job: u32,
    pub job_type: Option<&'static str>,
    pub entered_us: u64,
    pub timeout_start_us: u64,
    /// When it changed last, and entered and left active: 0 for one that was unloaded.
    pub changed_us: u64,
    /// Properties of any interface, over those above or beside them.
    pub more: HashMap<&'static str, Variant<'static>>,
    /// Properties that this systemd does not know.
    pub lacks: Vec<&'static str>,
    /// What `ListUnitsByNames` tells of other units: an alias, the canonical name and the state.
    pub others: Vec<(&'static str, &'static str, &'static str)>,
}

pub struct Fake {
    connection: Connection,
    unit: Arc<Mutex<Unit>>,
    acts: mpsc::UnboundedReceiver<Message>,
    subscriptions: watch::Receiver<u32>,
    server: tokio::task::AbortHandle,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Fake {
    pub async fn start(address: &str) -> zbus::Result<Self> {
        let connection = Builder::address(address)
            .method_timeout(PATIENCE)
            .build()
            .await?;
        let unit = Arc::new(Mutex::new(Unit {
            load: "loaded",
            active: "active",
            invocation: vec![0xa1; 16],
            job: 0,
            job_type: None,
            entered_us: 1_000_000,
            timeout_start_us: 30_000_000,
            changed_us: 2_000_000,
            more: HashMap::new(),
            lacks: Vec::new(),
            others: Vec::new(),
        }));
        let (act, acts) = mpsc::unbounded_channel();
        let (subscribed, subscriptions) = watch::channel(0);
        let messages = MessageStream::from(&connection);
        let serving = serve(
            connection.clone(),
            messages,
            Arc::clone(&unit),
            act,
            subscribed,
        );
        let server = tokio::spawn(serving).abort_handle();
        connection.request_name("org.freedesktop.systemd1").await?;
        Ok(Self {
            connection,
            unit,
            acts,
            subscriptions,
            server,
        })
    }

    pub fn unit(&self) -> MutexGuard<'_, Unit> {
        self.unit.lock().expect("no panic in the fake")
    }

    /// The next call that acts on a unit.
    pub async fn act(&mut self) -> Message {
        let call = tokio::time::timeout(PATIENCE, self.acts.recv()).await;
        call.expect("a call in time").expect("the fake serves")
    }

    pub fn has_no_more_acts(&mut self) -> bool {
        self.acts.try_recv().is_err()
    }

    /// Waits until somebody has subscribed.
    pub async fn subscribed(&mut self) {
        let wait = self.subscriptions.wait_for(|n| *n > 0);
        let wait = tokio::time::timeout(PATIENCE, wait).await;
        wait.expect("a subscription in time")
            .expect("the fake serves");
    }

    /// Leaves the bus, as systemd does when it is executed anew.
    pub async fn leave(&self) -> zbus::Result<()> {
        self.connection
            .release_name("org.freedesktop.systemd1")
            .await
            .map(drop)
    }

    pub async fn reply_job(&self, call: &Message, job: u32) -> zbus::Result<()> {
        self.connection.reply(&call.header(), &job_path(job)).await
    }

    pub async fn reply_nothing(&self, call: &Message) -> zbus::Result<()> {
        self.connection.reply(&call.header(), &()).await
    }

    pub async fn reply_error(&self, call: &Message, name: &str) -> zbus::Result<()> {
        let header = call.header();
        let text = "the reason";
        self.connection.reply_error(&header, name, &text).await
    }

    pub async fn job_removed(&self, job: u32, result: &str) -> zbus::Result<()> {
        emit_job_removed(&self.connection, None, job, result).await
    }
}

/// Emits `JobRemoved`, to `receiver` alone or to all who asked for it.
pub async fn emit_job_removed(
    connection: &Connection,
    receiver: Option<&str>,
    job: u32,
    result: &str,
) -> zbus::Result<()> {
    let body = (job, job_path(job), "shop.service", result);
    connection
        .emit_signal(receiver, MANAGER_PATH, MANAGER, "JobRemoved", &body)
        .await
}

fn job_path(job: u32) -> ObjectPath<'static> {
    let path = match job {
        0 => "/".to_owned(),
        id => format!("{MANAGER_PATH}/job/{id}"),
    };
    ObjectPath::try_from(path).expect("a path")
}

async fn serve(
    connection: Connection,
    mut messages: MessageStream,
    unit: Arc<Mutex<Unit>>,
    act: mpsc::UnboundedSender<Message>,
    subscribed: watch::Sender<u32>,
) {
    while let Some(Ok(message)) = messages.next().await {
        if message.message_type() != Type::MethodCall {
            continue;
        }
        let header = message.header();
        let member = header.member().map(|m| m.as_str().to_owned());
        let answer = match member.as_deref().unwrap_or_default() {
            "Subscribe" => {
                subscribed.send_modify(|n| *n += 1);
                // Every client of a real systemd may subscribe once only.
                if *subscribed.borrow() > 1 {
                    let name = "org.freedesktop.systemd1.AlreadySubscribed";
                    connection.reply_error(&header, name, &"twice").await
                } else {
                    connection.reply(&header, &()).await
                }
            }
            "Ping" => connection.reply(&header, &()).await,
            "ListUnitsByNames" => {
                let names = message
                    .body()
                    .deserialize::<Vec<String>>()
                    .unwrap_or_default();
                let listed = listed(&unit.lock().expect("no panic"), &names);
                connection.reply(&header, &listed).await
            }
            "GetAll" if header.path().is_none_or(|path| path.as_str() != UNIT_PATH) => {
                let name = "org.freedesktop.DBus.Error.UnknownObject";
                connection.reply_error(&header, name, &"another").await
            }
            "GetAll" => {
                let interface = message.body().deserialize::<String>().unwrap_or_default();
                let values = properties(&unit.lock().expect("no panic"), &interface);
                connection.reply(&header, &values).await
            }
            "Get" => {
                let (interface, name) = message
                    .body()
                    .deserialize::<(String, String)>()
                    .unwrap_or_default();
                let value =
                    properties(&unit.lock().expect("no panic"), &interface).remove(name.as_str());
                match value {
                    Some(value) => connection.reply(&header, &value).await,
                    None => {
                        let name = "org.freedesktop.DBus.Error.UnknownObject";
                        connection.reply_error(&header, name, &"gone").await
                    }
                }
            }
            _ => {
                // The test may have ended, and then nobody waits for an answer.
                let _ = act.send(message.clone());
                Ok(())
            }
        };
        if answer.is_err() {
            return;
        }
    }
}

type Listed = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    ObjectPath<'static>,
    u32,
    &'static str,
    ObjectPath<'static>,
);

fn listed(unit: &Unit, names: &[String]) -> Vec<Listed> {
    unit.others
        .iter()
        .filter(|(alias, ..)| names.iter().any(|name| name == alias))
        .map(|(_, id, active)| {
            let root = job_path(0);
            (
                *id,
                "",
                "loaded",
                *active,
                "",
                "",
                root.clone(),
                0,
                "",
                root,
            )
        })
        .collect()
}

fn properties(unit: &Unit, interface: &str) -> HashMap<&'static str, Variant<'static>> {
    let mut values: HashMap<&'static str, Variant<'static>> = HashMap::new();
    match interface {
        "org.freedesktop.systemd1.Unit" => {
            values.insert("Id", "shop.service".into());
            values.insert("LoadState", unit.load.into());
            values.insert("ActiveState", unit.active.into());
            values.insert("SubState", "running".into());
            values.insert("InvocationID", unit.invocation.clone().into());
            values.insert("Job", (unit.job, job_path(unit.job)).into());
            values.insert("ActiveEnterTimestampMonotonic", unit.entered_us.into());
            values.insert("ActiveEnterTimestamp", 0_u64.into());
            values.insert("InactiveEnterTimestampMonotonic", unit.entered_us.into());
            values.insert("InactiveEnterTimestamp", 0_u64.into());
            values.insert("StartLimitIntervalUSec", 10_000_000_u64.into());
            values.insert("StartLimitBurst", 5_u32.into());
            values.insert("StateChangeTimestampMonotonic", unit.changed_us.into());
            values.insert("TriggeredBy", Vec::<String>::new().into());
            values.insert("FreezerState", "running".into());
            for action in ACTIONS {
                values.insert(action, "none".into());
            }
        }
        "org.freedesktop.systemd1.Service" => {
            values.insert("Result", "success".into());
            values.insert("NRestarts", 3_u32.into());
            values.insert("TimeoutStartUSec", unit.timeout_start_us.into());
            values.insert("TimeoutStopUSec", 20_000_000_u64.into());
            values.insert("Type", "simple".into());
            values.insert("RemainAfterExit", false.into());
        }
        "org.freedesktop.systemd1.Job" => {
            if let Some(word) = unit.job_type {
                values.insert("JobType", word.into());
            }
        }
        _ => {}
    }
    for (name, value) in &unit.more {
        values.insert(name, value.try_clone().expect("no file descriptor"));
    }
    values.retain(|name, _| !unit.lacks.contains(name));
    values
}
