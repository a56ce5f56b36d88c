//! A private PostgreSQL: its own data directory, a unix socket and nothing else.

use std::error::Error;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use crate::{Outcome, eventually};

/// Why tests are ignored that need a server.
pub const NO_SERVER: &str = "no PostgreSQL server is installed; install postgresql-NN or name the \
    directory of its binaries in HOMEOSTAT_TEST_POSTGRES_BIN";

/// The directory that holds `initdb` and `postgres`: as named, newest of Debian's, or on PATH.
/// A named directory without them is an error: who names one wants the tests to run.
pub fn server_binaries() -> Result<Option<PathBuf>, String> {
    let complete = |dir: &PathBuf| dir.join("initdb").exists() && dir.join("postgres").exists();
    if let Some(named) = std::env::var_os("HOMEOSTAT_TEST_POSTGRES_BIN") {
        let named = PathBuf::from(named);
        return if complete(&named) {
            Ok(Some(named))
        } else {
            Err(format!(
                "HOMEOSTAT_TEST_POSTGRES_BIN={} holds no initdb and postgres",
                named.display()
            ))
        };
    }
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(versions
        .into_iter()
        .rev()
        .map(|(_, dir)| dir)
        .chain(std::env::split_paths(&path))
        .find(complete))
}

/// A running server. Dropping it stops the server and removes its files.
pub struct Cluster {
    bin: PathBuf,
    dir: TempDir,
    server: Option<Child>,
    databases: AtomicU32,
}

impl Cluster {
    /// Makes a data directory and starts a server on it.
    pub async fn start(bin: &Path) -> Result<Self, Box<dyn Error>> {
        let dir = tempfile::Builder::new().prefix("homeostat-pg").tempdir()?;
        if let Some(user) = unprivileged_user() {
            must(Command::new("chown").arg(user).arg(dir.path()))?;
        }
        let mut cluster = Self {
            bin: bin.to_owned(),
            dir,
            server: None,
            databases: AtomicU32::new(0),
        };
        let data = cluster.dir.path().join("data");
        must(
            cluster
                .command("initdb")
                .arg("--pgdata")
                .arg(data)
                .args(["--username=homeostat", "--auth=trust", "--no-sync"])
                .args(["--encoding=UTF8", "--locale=C"]),
        )?;
        cluster.resume().await?;
        Ok(cluster)
    }

    /// PostgreSQL refuses to run as root.
    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = match unprivileged_user() {
            Some(user) => {
                let mut command = Command::new("setpriv");
                command
                    .args(["--reuid", user, "--regid", user_group(user)])
                    .args(["--clear-groups", "--pdeathsig", "KILL", "--"])
                    .arg(program);
                command
            }
            None => Command::new(program),
        };
        command.current_dir(self.dir.path());
        command
    }

    /// Starts the server on the data that is there, and waits until it answers.
    pub async fn resume(&mut self) -> Outcome {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.dir.path().join("log"))?;
        let server = self
            .command("postgres")
            .arg("-D")
            .arg(self.dir.path().join("data"))
            .arg("-k")
            .arg(self.dir.path())
            .args(["-c", "listen_addresses=", "-c", "fsync=off"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        self.server = Some(server);
        let url = self.url("postgres");
        eventually("PostgreSQL answers", async || {
            Ok(PgConnection::connect(&url).await.is_ok())
        })
        .await
    }

    /// Ends the server and every connection to it.
    pub fn stop(&mut self) -> Outcome {
        if let Some(mut server) = self.server.take() {
            // SIGINT is PostgreSQL's fast shutdown.
            send_signal("-INT", &[server.id().to_string()])?;
            server.wait()?;
        }
        Ok(())
    }

    /// Sends a signal to the server and all its processes: STOP makes it hang, CONT ends that.
    pub fn signal_all(&self, signal: &str) -> Outcome {
        let server = self
            .server
            .as_ref()
            .ok_or("the server is not running")?
            .id();
        let children = std::fs::read_to_string(format!("/proc/{server}/task/{server}/children"))?;
        let mut processes = vec![server.to_string()];
        processes.extend(children.split_whitespace().map(str::to_owned));
        send_signal(signal, &processes)
    }

    /// A fresh, empty database; gives its URL.
    pub async fn database(&self) -> Result<String, Box<dyn Error>> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test{number}");
        let admin = self.url("postgres");
        let mut connection = PgConnection::connect(&admin).await?;
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok(self.url(&name))
    }

    fn url(&self, database: &str) -> String {
        let socket = self.dir.path().display();
        format!("postgresql:///{database}?host={socket}&user=homeostat")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("PostgreSQL was not stopped: {error}");
        }
    }
}

/// Some when this process is root and has to give that up for the server.
fn unprivileged_user() -> Option<&'static str> {
    let root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    match root {
        false => None,
        true if users.lines().any(|user| user.starts_with("postgres:")) => Some("postgres"),
        true => Some("nobody"),
    }
}

fn user_group(user: &'static str) -> &'static str {
    if user == "nobody" { "nogroup" } else { user }
}

fn send_signal(signal: &str, processes: &[String]) -> Outcome {
    must(Command::new("kill").arg(signal).args(processes))
}

fn must(command: &mut Command) -> Outcome {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}: {said}", output.status).into())
}
