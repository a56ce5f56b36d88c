//! systemd over D-Bus: how units are seen and acted upon.
//!
//! Facts about the interface are from `org.freedesktop.systemd1(5)`.

mod action;
mod clocks;
mod error;
mod link;
mod listing;
mod properties;
mod signals;
mod unit_state;

pub use error::ControlError;
pub use listing::Glance;

use homeostat_policy::machine::{Call, CallEnd};
use homeostat_policy::unit::{UnitName, UnitState};
use homeostat_policy::words::Reason;
use link::Link;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::AbortHandle;

/// How often the connection is tried while nobody uses it.
const PING_EVERY: Duration = Duration::from_secs(5);
/// The longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long opening a connection may take, with the wait for another caller's attempt.
const OPEN_LIMIT: Duration = Duration::from_secs(10);

/// How units are seen and acted upon.
pub trait UnitControl: Send + Sync + 'static {
    /// Reads the unit's state, with `bound_to` filled while it is off. A unit that does not exist has the
    /// load state `not-found`.
    fn observe(
        &self,
        unit: &UnitName,
    ) -> impl Future<Output = Result<UnitState, ControlError>> + Send;

    /// Lists the units, in the order of their names: short, and one question for all.
    fn list(
        &self,
        units: &[UnitName],
    ) -> impl Future<Output = Result<Vec<Glance>, ControlError>> + Send;

    /// Reads the unit a last time, asks `fits` about it, and makes the call at once, with job mode
    /// `fail` and without interactive authorization; then follows its job to the end and reads the unit
    /// again. `called` is invoked just before the first call that has an effect is sent; when it was not
    /// invoked, the result is [`NotCalled`](homeostat_policy::words::JobResult::NotCalled).
    fn call(
        &self,
        call: &Call,
        fits: impl FnOnce(&UnitState) -> Result<(), Reason> + Send,
        called: impl FnOnce() + Send,
    ) -> impl Future<Output = CallEnd> + Send;

    /// Whether systemd could be reached some seconds ago and is not known to be gone since.
    fn is_connected(&self) -> bool;
}

/// Where the message bus is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum BusAddress {
    /// The system bus: `DBUS_SYSTEM_BUS_ADDRESS`, or its well-known socket.
    #[default]
    System,
    /// A D-Bus server address, for example `unix:path=/run/test/bus`.
    At(String),
}

/// The systemd of this host. Dropping it closes its connection.
#[derive(Debug)]
pub struct Systemd {
    bus: Arc<Bus>,
    keeper: AbortHandle,
}

impl Systemd {
    /// Starts to keep a connection to the bus at `address`, which need not be there yet.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    #[must_use]
    pub fn new(address: BusAddress) -> Self {
        let bus = Arc::new(Bus {
            address,
            current: Mutex::new(None),
            opening: tokio::sync::Mutex::new(()),
        });
        let keeper = tokio::spawn(keep(Arc::clone(&bus))).abort_handle();
        Self { bus, keeper }
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl UnitControl for Systemd {
    async fn observe(&self, unit: &UnitName) -> Result<UnitState, ControlError> {
        let link = self.bus.link().await?;
        unit_state::observe(&link, unit).await
    }

    async fn list(&self, units: &[UnitName]) -> Result<Vec<Glance>, ControlError> {
        let link = self.bus.link().await?;
        listing::list(&link, units).await
    }

    async fn call(
        &self,
        call: &Call,
        fits: impl FnOnce(&UnitState) -> Result<(), Reason> + Send,
        called: impl FnOnce() + Send,
    ) -> CallEnd {
        match self.bus.link().await {
            Ok(link) => action::run(&link, call, fits, called).await,
            Err(error) => action::not_called(&error),
        }
    }

    fn is_connected(&self) -> bool {
        self.bus.current().is_some_and(|link| link.is_up())
    }
}

/// The one connection that all callers share.
#[derive(Debug)]
struct Bus {
    address: BusAddress,
    current: Mutex<Option<Arc<Link>>>,
    /// Held while a connection is opened, so that there is one attempt at a time.
    opening: tokio::sync::Mutex<()>,
}

impl Bus {
    fn current(&self) -> Option<Arc<Link>> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|link| !link.is_closed()).cloned()
    }

    /// Gives up a connection that is of no use, unless another caller has replaced it already.
    /// An action that is under way keeps its connection until it ends.
    fn give_up(&self, link: &Arc<Link>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.take_if(|now| Arc::ptr_eq(now, link));
    }

    /// The open connection, or a new one.
    async fn link(&self) -> Result<Arc<Link>, ControlError> {
        let attempt = async {
            let _one_at_a_time = self.opening.lock().await;
            if let Some(link) = self.current() {
                return Ok(link);
            }
            let link = Arc::new(Link::open(&self.address).await?);
            let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            *current = Some(Arc::clone(&link));
            Ok(link)
        };
        tokio::time::timeout(OPEN_LIMIT, attempt)
            .await
            .unwrap_or(Err(ControlError::Timeout {
                operation: "connecting to the bus",
                seconds: OPEN_LIMIT.as_secs(),
            }))
    }
}

/// Connects, watches the connection, and connects again, for as long as it is polled.
async fn keep(bus: Arc<Bus>) {
    let mut pause = Duration::ZERO;
    loop {
        match bus.link().await {
            Ok(link) => {
                if !pause.is_zero() {
                    tracing::info!("systemd can be reached again");
                }
                pause = Duration::ZERO;
                let loss = watch(&link).await;
                tracing::warn!(error = %loss, "the connection to systemd is lost");
                bus.give_up(&link);
            }
            Err(error) if pause.is_zero() => {
                tracing::warn!(%error, "systemd cannot be reached; trying again");
            }
            Err(error) => tracing::debug!(%error, "systemd still cannot be reached"),
        }
        pause = (pause * 2).clamp(Duration::from_millis(250), LONGEST_PAUSE);
        tokio::time::sleep(pause).await;
    }
}

/// Returns what went wrong, once the connection is of no use any more.
async fn watch(link: &Link) -> ControlError {
    let mut owner = link.owner();
    loop {
        let asked = tokio::select! {
            changed = owner.changed() => match changed {
                // A systemd that was executed anew knows no subscribers.
                Ok(()) if owner.borrow_and_update().is_some() => link.subscribe().await,
                Ok(()) => Ok(()),
                Err(_) => return ControlError::closed(),
            },
            () = tokio::time::sleep(PING_EVERY) => link.ping().await,
        };
        if let Err(error) = asked {
            return error;
        }
    }
}
