//! A message bus of the test's own.

use std::path::PathBuf;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A `dbus-daemon` on a socket in a directory that goes with it.
pub struct PrivateBus {
    dir: TempDir,
    daemon: Option<Child>,
}

impl PrivateBus {
    /// Starts one; `None`, with a word about it, where `dbus-daemon` is not installed.
    pub async fn start() -> Option<Self> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let config = format!(
            "<busconfig><type>custom</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>\
             <policy context=\"default\"><allow send_destination=\"*\"/>\
             <allow receive_sender=\"*\"/><allow own=\"*\"/>\
             </policy></busconfig>",
            dir.path().join("bus").display()
        );
        std::fs::write(dir.path().join("bus.conf"), config).expect("a written configuration");
        let mut bus = Self { dir, daemon: None };
        match bus.launch().await {
            Ok(()) => Some(bus),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                eprintln!("ignored: dbus-daemon is not installed");
                None
            }
            Err(error) => panic!("dbus-daemon: {error}"),
        }
    }

    /// Starts the daemon, on the same socket each time, and waits until it listens.
    pub async fn launch(&mut self) -> std::io::Result<()> {
        let _ = std::fs::remove_file(self.socket());
        let mut daemon = Command::new("dbus-daemon")
            .arg("--nofork")
            .arg("--print-address=1")
            .arg(format!(
                "--config-file={}",
                self.dir.path().join("bus.conf").display()
            ))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // It complains of limits that it may not raise.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = daemon.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(stdout).lines();
        let address = lines.next_line().await?;
        assert!(address.is_some(), "dbus-daemon ended before it listened");
        self.daemon = Some(daemon);
        Ok(())
    }

    /// Ends the daemon, and with it every connection.
    pub async fn kill(&mut self) {
        let mut daemon = self.daemon.take().expect("a running daemon");
        daemon.kill().await.expect("an ended daemon");
    }

    pub fn address(&self) -> String {
        format!("unix:path={}", self.socket().display())
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("bus")
    }
}
