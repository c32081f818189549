//! A temporary PostgreSQL server that a test starts, stops and configures.

use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

/// Maximum duration of a start or a stop; ends a hanging test.
const TIMEOUT: Duration = Duration::from_mins(1);
/// Ports that are tried: another process can take a free one first.
const TRIES: usize = 20;

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Sessions are closed, and their transactions rolled back.
    Fast,
    /// As in a crash: the next start recovers.
    Immediate,
}

/// A server with its data in a temporary folder.
pub(crate) struct Cluster {
    // Dropped after the process has ended.
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    settings: Vec<String>,
    process: Option<Child>,
}

impl Cluster {
    /// Makes a cluster and starts its server.
    pub(crate) fn start() -> Self {
        Self::start_with(&[], &[])
    }

    /// The same with settings, `name=value`, and with files in the data folder: name and text.
    pub(crate) fn start_with(settings: &[&str], files: &[(&str, &str)]) -> Self {
        let programs = std::env::var("TEST_POSTGRES_PROGRAMS");
        let programs = programs.expect("run ./test, which finds PostgreSQL's programs").into();
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let mut cluster = Self { folder, programs, port: 0, settings, process: None };
        cluster.change_owner();
        let mut initdb = cluster.program("initdb");
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        let done = initdb.arg("--pgdata").arg(cluster.data()).output().expect("initdb runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        for (name, text) in files {
            let mut file = std::fs::OpenOptions::new();
            // The server demands that nobody else can read its key.
            let file = file.write(true).create_new(true).mode(0o600).open(cluster.data().join(name));
            file.and_then(|mut file| file.write_all(text.as_bytes())).expect("a file");
        }
        cluster.change_owner();
        for _ in 0..TRIES {
            cluster.port = free_port();
            if cluster.try_restart() {
                return cluster;
            }
        }
        panic!("PostgreSQL did not start: {}", cluster.log());
    }

    /// A hot standby that follows a server by streaming replication. The server knows it by its name.
    pub(crate) fn standby_of(primary: &Self, name: &str, settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        settings.push(format!("cluster_name={name}"));
        let programs = primary.programs.clone();
        let mut standby = Self { folder, programs, port: 0, settings, process: None };
        standby.change_owner();
        let mut copy = standby.program("pg_basebackup");
        copy.args(["--checkpoint=fast", "--wal-method=stream", "--no-sync", "--write-recovery-conf"]);
        let address = format!("host=127.0.0.1 port={} user=postgres", primary.port);
        copy.arg("--dbname").arg(address).arg("--pgdata").arg(standby.data());
        let done = copy.output().expect("pg_basebackup runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        for _ in 0..TRIES {
            standby.port = free_port();
            if standby.try_restart() {
                return standby;
            }
        }
        panic!("the standby did not start: {}", standby.log());
    }

    /// Host and port.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The URL of a database, as the superuser.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.address())
    }

    /// A session of the superuser.
    pub(crate) async fn connect(&self, database: &str) -> PgConnection {
        PgConnection::connect(&self.url(database)).await.expect("the server of the test")
    }

    /// Makes a database.
    pub(crate) async fn create(&self, database: &str) {
        let mut session = self.connect("postgres").await;
        let create = AssertSqlSafe(format!("CREATE DATABASE {database}"));
        session.execute(create).await.expect("a database");
        session.close().await.expect("a session ends");
    }

    /// Stops the server and waits until it has ended.
    pub(crate) fn stop(&mut self, how: Stop) {
        let Some(mut process) = self.process.take() else { return };
        let signal = match how {
            Stop::Fast => "-INT",
            Stop::Immediate => "-QUIT",
        };
        if let Some(id) = self.pid_file().first() {
            let sent = Command::new("kill").args([signal, id]).status();
            assert!(sent.expect("kill runs").success());
        }
        process.wait().expect("the server ends");
    }

    /// Starts the stopped server again, at the same address, and waits until it accepts connections.
    pub(crate) fn restart(&mut self) {
        assert!(self.try_restart(), "PostgreSQL did not start: {}", self.log());
    }

    fn try_restart(&mut self) -> bool {
        let mut server = self.program("postgres");
        server
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string()]);
        // The data is temporary, and survives the end of processes without being synchronised.
        let settings =
            ["listen_addresses=127.0.0.1", "fsync=off", "shared_buffers=64MB", "max_connections=60"];
        for setting in settings.into_iter().chain(self.settings.iter().map(String::as_str)) {
            server.args(["-c", setting]);
        }
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log_file());
        let mut process = server.stderr(log.expect("the log")).spawn().expect("the server runs");
        let until = Instant::now() + TIMEOUT;
        while Instant::now() < until && process.try_wait().expect("its state").is_none() {
            // Line 8 is the state: starting, ready, stopping.
            if self.pid_file().get(7).is_some_and(|state| state.starts_with("ready")) {
                self.process = Some(process);
                return true;
            }
            std::thread::yield_now();
        }
        process.kill().and_then(|()| process.wait()).expect("the server ends");
        false
    }

    /// A server program, as the user that may run it: the server refuses to run as root.
    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Gives the folder to the user that the server runs as.
    fn change_owner(&self) {
        if is_root() {
            let changed = Command::new("chown").args(["-R", "postgres"]).arg(self.folder.path()).status();
            assert!(changed.expect("chown runs").success());
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The lines of the file that the server keeps while it runs.
    fn pid_file(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        text.lines().map(|line| line.trim().to_owned()).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop(Stop::Immediate);
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
