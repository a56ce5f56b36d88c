//! The program as a whole, on a real PostgreSQL. Tests that need a server say
//! so in the list and count as ignored, with the reason, where none is installed.

mod collector;
mod ledger;
mod lifecycle;
mod outages;
mod postgres;
mod process;
mod requests;
mod signals;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

use postgres::Cluster;
use tokio::runtime::{Builder, Runtime};

/// What a test gives.
pub type Outcome = Result<(), Box<dyn Error>>;

/// Longest wait for any condition. It bounds a broken run; it judges no speed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for a condition, asking every 20 ms.
pub async fn eventually(
    what: &str,
    mut condition: impl AsyncFnMut() -> Result<bool, Box<dyn Error>>,
) -> Outcome {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !condition().await? {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    });
    waited
        .await
        .unwrap_or_else(|_| Err(format!("waited in vain: {what}").into()))
}

fn trial<F>(name: &'static str, test: impl FnOnce() -> F + Send + 'static) -> Trial
where
    F: Future<Output = Outcome>,
{
    Trial::test(name, move || {
        runtime()?
            .block_on(test())
            .map_err(|error| Failed::from(error.to_string()))
    })
}

fn start(bin: &Path) -> Result<Cluster, Box<dyn Error>> {
    runtime()?.block_on(Cluster::start(bin))
}

fn failed(error: &str) -> ExitCode {
    eprintln!("{error}");
    ExitCode::FAILURE
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = vec![
        trial(
            "starts_without_postgresql",
            lifecycle::starts_without_postgresql,
        ),
        trial(
            "bad_configuration_is_64",
            lifecycle::bad_configuration_is_64,
        ),
        trial(
            "instrumentation_can_be_off",
            signals::instrumentation_can_be_off,
        ),
        trial(
            "requests_get_their_problem",
            requests::requests_get_their_problem,
        ),
        trial(
            "faults_are_off_by_default",
            requests::faults_are_off_by_default,
        ),
        trial(
            "a_closed_collector_blocks_nothing",
            signals::a_closed_collector_blocks_nothing,
        ),
        trial(
            "traffic_outlives_the_api",
            signals::traffic_outlives_the_api,
        ),
    ];

    let binaries = match postgres::server_binaries() {
        Ok(binaries) => binaries,
        Err(error) => return failed(&error),
    };
    let ignored = binaries.is_none();
    if ignored {
        eprintln!("ignored: {}", postgres::NO_SERVER);
    }
    let cluster = match &binaries {
        Some(bin) if !arguments.list => match start(bin) {
            Ok(cluster) => Some(Arc::new(cluster)),
            Err(error) => return failed(&format!("PostgreSQL does not start: {error}")),
        },
        _ => None,
    };
    macro_rules! on_postgresql {
        ($($name:literal => $test:path,)*) => {$({
            let cluster = cluster.clone();
            trials.push(
                trial($name, async move || {
                    let cluster = cluster.ok_or(postgres::NO_SERVER)?;
                    $test(&cluster.database().await?).await
                })
                .with_ignored_flag(ignored),
            );
        })*};
    }
    on_postgresql! {
        "transactions_are_listed_by_cursor" => ledger::transactions_are_listed_by_cursor,
        "amounts_survive_exactly" => ledger::amounts_survive_exactly,
        "a_key_makes_one_row" => ledger::a_key_makes_one_row,
        "random_transactions_are_counted" => ledger::random_transactions_are_counted,
        "the_demo_is_seeded_once" => ledger::the_demo_is_seeded_once,
        "faults_meet_transactions_only" => requests::faults_meet_transactions_only,
        "open_requests_are_drained" => lifecycle::open_requests_are_drained,
        "spans_reach_the_collector" => signals::spans_reach_the_collector,
        "log_lines_use_the_listed_fields" => signals::log_lines_use_the_listed_fields,
        "a_locked_table_is_503_until_it_is_free" => outages::locked_table,
        "a_newer_schema_is_accepted" => lifecycle::a_newer_schema_is_accepted,
    }
    for (name, freeze) in [
        ("a_lost_server_is_503_until_it_returns", false),
        ("a_hanging_server_is_503_until_it_answers", true),
    ] {
        let bin = binaries.clone();
        let test = async move || {
            outages::server_goes_and_returns(&bin.ok_or(postgres::NO_SERVER)?, freeze).await
        };
        trials.push(trial(name, test).with_ignored_flag(ignored));
    }

    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(cluster);
    conclusion.exit_code()
}
