//! This binary's metrics. Every label is a closed list, and every series is
//! there from the start, so that an alert never waits for a first event.

use homeostat_policy::words::DecisionKind;
use homeostat_policy::words::Reason;
use homeostat_policy::words::Verdict;
use homeostat_policy::words::{JobResult, Verb};
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// How a post to the webhook ended.
#[derive(Debug, Clone, Copy)]
pub enum PostResult {
    /// Taken and on disk.
    Accepted,
    /// No token, or a wrong one.
    Unauthorized,
    /// Not a payload.
    Malformed,
    /// Beyond the limit.
    TooLarge,
    /// The queue is full or the store failed.
    Unavailable,
}

impl PostResult {
    const ALL: [PostResult; 5] = [
        PostResult::Accepted,
        PostResult::Unauthorized,
        PostResult::Malformed,
        PostResult::TooLarge,
        PostResult::Unavailable,
    ];

    fn label(self) -> &'static str {
        match self {
            PostResult::Accepted => "accepted",
            PostResult::Unauthorized => "unauthorized",
            PostResult::Malformed => "malformed",
            PostResult::TooLarge => "too_large",
            PostResult::Unavailable => "unavailable",
        }
    }
}

/// The metrics.
pub struct Metrics {
    /// Where they are registered.
    pub registry: Registry,
    posts: IntCounterVec,
    /// Alerts that were news.
    pub alerts_new: IntCounter,
    /// Alerts that were seen before.
    pub alerts_duplicate: IntCounter,
    /// Alerts that were not taken.
    pub alerts_rejected: IntCounter,
    decisions: IntCounterVec,
    actions: IntCounterVec,
    verdicts: IntCounterVec,
    /// Open incidents.
    pub incidents_open: IntGauge,
    /// Pages that stand: a person was called and has not acknowledged.
    pub pages_active: IntGauge,
    /// 1 while a person has paused remedies.
    pub paused: IntGauge,
    /// Actions that the host-wide budget still allows.
    pub budget_remaining: IntGauge,
    /// Writes that failed.
    pub store_errors: IntCounter,
    /// 1 while the event log takes events.
    pub store_healthy: IntGauge,
    /// Calls that polkit refused.
    pub denied: IntCounter,
    /// 1 while the system bus answers.
    pub bus_connected: IntGauge,
    /// Units under care whose state is not known.
    pub units_unknown: IntGauge,
    /// Posts of pages that Alertmanager did not take.
    pub page_errors: IntCounter,
    /// Connections without a token that were closed for newer ones.
    pub crowded_out: IntCounter,
    /// From the commit of the intent to the D-Bus call.
    pub commit_to_call: Histogram,
    /// From the intent to the verdict.
    pub time_to_verdict: Histogram,
}

const PREFIX: &str = "homeostat_remediator_";

impl Metrics {
    /// Registers all metrics in a registry of their own.
    ///
    /// # Errors
    /// Only if a name were given twice or were not a metric name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(format!("{PREFIX}{name}"), help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(format!("{PREFIX}{name}"), help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let vector = |name: &str, help: &str, labels: &[&str]| {
            let vector = IntCounterVec::new(Opts::new(format!("{PREFIX}{name}"), help), labels)?;
            registry.register(Box::new(vector.clone()))?;
            Ok::<_, prometheus::Error>(vector)
        };
        let histogram = |name: &str, help: &str, buckets: Vec<f64>| {
            let histogram = Histogram::with_opts(
                HistogramOpts::new(format!("{PREFIX}{name}"), help).buckets(buckets),
            )?;
            registry.register(Box::new(histogram.clone()))?;
            Ok::<_, prometheus::Error>(histogram)
        };
        let alerts = vector(
            "alerts_total",
            "Alerts that arrived, by what they were.",
            &["result"],
        )?;
        let metrics = Self {
            posts: vector(
                "webhook_requests_total",
                "Posts to the webhook, by how they ended.",
                &["result"],
            )?,
            alerts_new: alerts.with_label_values(&["new"]),
            alerts_duplicate: alerts.with_label_values(&["duplicate"]),
            alerts_rejected: alerts.with_label_values(&["rejected"]),
            decisions: vector(
                "decisions_total",
                "Decisions, by kind and reason; a hold counts once as long as its reason lasts.",
                &["decision", "reason"],
            )?,
            actions: vector(
                "actions_total",
                "Actions on units, by verb and the result of systemd's job.",
                &["verb", "result"],
            )?,
            verdicts: vector("verdicts_total", "Verdicts on actions.", &["verdict"])?,
            incidents_open: gauge("incidents_open", "Open incidents.")?,
            pages_active: gauge("pages_active", "Pages that nobody has acknowledged.")?,
            paused: gauge("paused", "1 while a person has paused all remedies.")?,
            budget_remaining: gauge(
                "budget_remaining",
                "Actions that the host-wide budget still allows.",
            )?,
            store_errors: counter("store_errors_total", "Failed writes of the event log.")?,
            store_healthy: gauge("store_healthy", "1 while the event log takes events.")?,
            denied: counter("denied_total", "Calls to systemd that polkit refused.")?,
            bus_connected: gauge("bus_connected", "1 while the system bus answers.")?,
            units_unknown: gauge(
                "units_unknown",
                "Units under care whose state was not seen for 15 seconds.",
            )?,
            page_errors: counter(
                "page_errors_total",
                "Posts of pages that Alertmanager did not take.",
            )?,
            crowded_out: counter(
                "connections_crowded_out_total",
                "Connections without a token that were closed to make room for newer ones.",
            )?,
            commit_to_call: histogram(
                "commit_to_call_seconds",
                "From the commit of an intent to the call on the bus.",
                vec![0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0],
            )?,
            time_to_verdict: histogram(
                "time_to_verdict_seconds",
                "From the intent of an action to its verdict.",
                vec![
                    5.0, 10.0, 15.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0,
                ],
            )?,
            registry: registry.clone(),
        };
        metrics.create_all();
        Ok(metrics)
    }

    fn create_all(&self) {
        for result in PostResult::ALL {
            self.posts.with_label_values(&[result.label()]);
        }
        for decision in DecisionKind::ALL {
            for reason in Reason::ALL {
                self.decisions
                    .with_label_values(&[decision.label(), reason.label()]);
            }
        }
        for verb in Verb::ALL {
            for result in JobResult::ALL {
                self.actions
                    .with_label_values(&[verb.label(), result.label()]);
            }
        }
        for verdict in Verdict::ALL {
            self.verdicts.with_label_values(&[verdict.label()]);
        }
    }

    /// Counts a post.
    pub fn post(&self, result: PostResult) {
        self.posts.with_label_values(&[result.label()]).inc();
    }

    /// Counts a decision.
    pub fn decision(&self, decision: DecisionKind, reason: Reason) {
        self.decisions
            .with_label_values(&[decision.label(), reason.label()])
            .inc();
    }

    /// Counts an action that ended.
    pub fn action(&self, verb: Verb, result: JobResult) {
        self.actions
            .with_label_values(&[verb.label(), result.label()])
            .inc();
        if result == JobResult::Denied {
            self.denied.inc();
        }
    }

    /// Counts a verdict.
    pub fn verdict(&self, verdict: Verdict) {
        self.verdicts.with_label_values(&[verdict.label()]).inc();
    }
}
