//! Every metric of this process beside the HTTP ones. Each series exists from the start.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use homeostat_telemetry as telemetry;
use prometheus::{
    Gauge, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};
use sqlx::PgPool;

use crate::transaction::Status;

/// Bucket bounds in seconds that OpenTelemetry advises for `db.client.operation.duration`.
const DATABASE_BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// The verbs of our statements: the label values of the database histogram.
pub(crate) const OPERATIONS: [&str; 2] = ["SELECT", "INSERT"];

/// The metrics and the registry that holds them.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// What `GET /metrics` shows.
    pub registry: Registry,
    /// Time of each SQL statement, the wait for a connection included.
    pub(crate) database_seconds: HistogramVec,
    /// 1 while a dependency answers.
    pub(crate) dependency_up: IntGaugeVec,
    transactions: IntCounterVec,
    connections: IntGaugeVec,
    connections_max: IntGauge,
    temperature: Gauge,
    thermal_zone: Option<PathBuf>,
}

impl Metrics {
    /// Registers everything.
    ///
    /// # Errors
    /// Only when two metrics share a name, which a test would show.
    pub fn new() -> prometheus::Result<Self> {
        let thermal_zone = thermal_zone(Path::new("/sys/class/thermal"));
        let source = if thermal_zone.is_some() {
            "Temperature in degrees Celsius, read from the first thermal zone of this host."
        } else {
            "Temperature in degrees Celsius, SIMULATED: this host has no readable thermal zone."
        };
        let metrics = Self {
            registry: Registry::new(),
            database_seconds: HistogramVec::new(
                HistogramOpts::new(
                    "db_client_operation_duration_seconds",
                    "Time of one SQL statement, the wait for a connection included.",
                )
                .buckets(DATABASE_BUCKETS.to_vec()),
                &["db_operation_name"],
            )?,
            dependency_up: labelled(
                "dependency_up",
                "1 while the dependency answers, else 0.",
                "dependency",
            )?,
            transactions: IntCounterVec::new(
                Opts::new("transactions_total", "Transactions recorded, by status."),
                &["status"],
            )?,
            connections: labelled(
                "db_client_connection_count",
                "Open connections to PostgreSQL, by state.",
                "state",
            )?,
            connections_max: IntGauge::new(
                "db_client_connection_max",
                "Most connections that may be open.",
            )?,
            temperature: Gauge::new("app_temperature_celsius", source)?,
            thermal_zone,
        };
        metrics.register()?;
        Ok(metrics)
    }

    fn register(&self) -> prometheus::Result<()> {
        let registry = &self.registry;
        telemetry::metrics::register_build_info(registry, "homeostat-api")?;
        registry.register(Box::new(self.database_seconds.clone()))?;
        registry.register(Box::new(self.dependency_up.clone()))?;
        registry.register(Box::new(self.transactions.clone()))?;
        registry.register(Box::new(self.connections.clone()))?;
        registry.register(Box::new(self.connections_max.clone()))?;
        registry.register(Box::new(self.temperature.clone()))?;
        for operation in OPERATIONS {
            self.database_seconds.with_label_values(&[operation]);
        }
        for status in Status::ALL {
            self.transactions.with_label_values(&[status.label()]);
        }
        self.dependency_up.with_label_values(&["postgresql"]).set(0);
        Ok(())
    }

    /// Counts a transaction that is on disk.
    pub(crate) fn recorded(&self, status: Status) {
        self.transactions.with_label_values(&[status.label()]).inc();
    }

    /// Brings the gauges up to date that are read rather than counted.
    pub(crate) fn refresh(&self, pool: &PgPool) {
        let idle = i64::try_from(pool.num_idle()).unwrap_or(i64::MAX);
        let used = i64::from(pool.size()).saturating_sub(idle).max(0);
        self.connections.with_label_values(&["idle"]).set(idle);
        self.connections.with_label_values(&["used"]).set(used);
        let most = pool.options().get_max_connections();
        self.connections_max.set(i64::from(most));
        let measured = self.thermal_zone.as_deref().and_then(read_celsius);
        let celsius = measured.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            simulated_celsius(now.unwrap_or_default())
        });
        self.temperature.set(celsius);
    }
}

fn labelled(name: &str, help: &str, label: &str) -> prometheus::Result<IntGaugeVec> {
    IntGaugeVec::new(Opts::new(name, help), &[label])
}

/// The first zone under `root` that can be read.
fn thermal_zone(root: &Path) -> Option<PathBuf> {
    let mut zones: Vec<_> = std::fs::read_dir(root)
        .ok()?
        .flatten()
        .map(|entry| entry.path().join("temp"))
        .filter(|file| read_celsius(file).is_some())
        .collect();
    zones.sort();
    zones.into_iter().next()
}

/// The kernel gives millidegrees (Documentation/ABI/testing/sysfs-class-thermal).
fn read_celsius(file: &Path) -> Option<f64> {
    let millidegrees: f64 = std::fs::read_to_string(file).ok()?.trim().parse().ok()?;
    Some(millidegrees / 1000.0)
}

/// A machine in an office: 45 degrees, 5 more or less over ten minutes.
fn simulated_celsius(since_epoch: Duration) -> f64 {
    let turns = since_epoch.as_secs_f64() / 600.0;
    45.0 + 5.0 * (turns.fract() * std::f64::consts::TAU).sin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thermal_zone_is_read_in_millidegrees() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(thermal_zone(root.path()), None);
        for (zone, text) in [("thermal_zone0", "none"), ("thermal_zone1", "41500\n")] {
            std::fs::create_dir(root.path().join(zone)).unwrap();
            std::fs::write(root.path().join(zone).join("temp"), text).unwrap();
        }
        let zone = thermal_zone(root.path()).unwrap();
        assert!(zone.ends_with("thermal_zone1/temp"));
        assert_eq!(read_celsius(&zone), Some(41.5));
    }

    #[test]
    fn the_simulation_is_plausible() {
        for second in 0..1200 {
            let celsius = simulated_celsius(Duration::from_secs(second));
            assert!((40.0..=50.0).contains(&celsius), "{celsius} at {second}");
        }
    }

    #[test]
    fn series_exist_before_the_first_event() {
        let metrics = Metrics::new().unwrap();
        let families = metrics.registry.gather();
        let series = |name: &str| {
            families
                .iter()
                .find(|family| family.name() == name)
                .map_or(0, |family| family.get_metric().len())
        };
        assert_eq!(series("transactions_total"), 3);
        assert_eq!(series("db_client_operation_duration_seconds"), 2);
        assert_eq!(series("dependency_up"), 1);
    }
}
