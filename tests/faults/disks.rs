//! Full and failing disks under SQLite: nothing acknowledged is lost, and writes resume by themselves.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sea_orm::ConnectionTrait;

use crate::server::{Server, env, run};
use crate::shim::{EIO, ENOSPC, Shim};
use crate::tally::{Outcome, Tally, factor};

/// Time within which writes must work again once there is space.
const RESUME_TIME_MAX: Duration = Duration::from_secs(15);

/// A file system of limited size.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// None where this user may not mount one.
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size},mode=700"), "tmpfs"]).arg(folder.path());
        let mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        mounted.then_some(Self { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all the space that is left.
    fn fill(&self) {
        let mut file = fs::File::create(self.path().join("filler")).expect("a file");
        let full = std::io::copy(&mut std::io::repeat(0), &mut file).expect_err("the disk is limited");
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    }

    fn make_room(&self) {
        fs::remove_file(self.path().join("filler")).expect("the filler goes");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A lazy one, in case that a server still ends.
        let _unmounted = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let Some(disk) = Disk::mount("16m") else {
        println!("no file system can be mounted here; the injected faults include a full disk");
        return;
    };
    let url = format!("sqlite://{}", disk.path().join("full.db").display());
    let log = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(log.path(), env(&url, &[]));
    let mut tally = Tally::default();
    let rounds = 2 * factor();
    let mut resumed_max = Duration::ZERO;
    for _ in 0..rounds {
        for _ in 0..20 {
            assert_eq!(tally.write(&server).await, Outcome::Acknowledged);
        }
        disk.fill();
        assert!(tally.write_until_failure(&server, 2_000).await, "the disk is full");
        for _ in 0..5 {
            tally.write(&server).await;
            tally.read_one(&server).await;
        }
        let (status, text) = server.readiness().await;
        assert_eq!((status, text.as_str()), (503, "the storage of the database refuses writes"));
        disk.make_room();
        let since = Instant::now();
        server.until_ready().await;
        assert_eq!(tally.write(&server).await, Outcome::Acknowledged, "ready means that writes work");
        resumed_max = resumed_max.max(since.elapsed());
        tally.refused(&server).await;
        for _ in 0..5 {
            assert_eq!(tally.write(&server).await, Outcome::Acknowledged);
        }
        assert_eq!(tally.compare(&server).await, (0, 0), "before a restart");
        server = server.restart();
        assert_eq!(tally.compare(&server).await, (0, 0), "after a restart");
    }
    drop(server);
    report("full disk", rounds, &tally, resumed_max);
    assert!(resumed_max < RESUME_TIME_MAX);
    let verified = run(log.path(), &["verify"], &env(&url, &[]));
    assert!(verified.status.success(), "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_disk_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut shim = Shim::build(folder.path());
    let url = format!("sqlite://{}", folder.path().join("failing.db").display());
    let mut settings = env(&url, &[]);
    settings.extend(shim.env());
    let mut server = Server::start(folder.path(), settings);
    let mut tally = Tally::default();
    tally.write(&server).await;
    let mut resumed_max = Duration::ZERO;
    // The call, how many pass before it fails, how many fail, and the error.
    let faults = [
        ("write", 0, 1, EIO),
        ("write", 0, 10_000, ENOSPC),
        ("write", 3, 1, ENOSPC),
        ("write", 7, 10_000, EIO),
        ("sync", 0, 1, EIO),
        ("sync", 2, 10_000, EIO),
    ];
    for round in 0..factor() {
        for (call, skip, count, error) in faults {
            let hits = shim.hits();
            // Further rounds fail at other moments.
            shim.arm(call, skip + round, count, error);
            let failed = tally.write_until_failure(&server, 100).await;
            assert!(shim.hits() > hits, "{call} {skip}: no call failed");
            tally.read_one(&server).await;
            if count > 1 {
                assert!(failed, "{call} {skip}: every call fails");
                assert_eq!(server.readiness().await.0, 503, "{call} {skip}");
            }
            shim.disarm();
            let since = Instant::now();
            server.until_ready().await;
            assert_eq!(tally.write(&server).await, Outcome::Acknowledged, "{call} {skip}");
            resumed_max = resumed_max.max(since.elapsed());
            tally.refused(&server).await;
            for _ in 0..3 {
                assert_eq!(tally.write(&server).await, Outcome::Acknowledged, "{call} {skip}");
            }
        }
        assert_eq!(tally.compare(&server).await, (0, 0), "before a restart");
        server = server.restart();
        assert_eq!(tally.compare(&server).await, (0, 0), "after a restart");
    }
    report("failing disk", faults.len() * factor(), &tally, resumed_max);
    assert!(resumed_max < RESUME_TIME_MAX);
}

/// Waits for what a server writes by itself on a day: how far notices have been emitted.
async fn until_started(url: &str) {
    let connection = sea_orm::Database::connect(format!("{url}?mode=ro")).await.expect("the database");
    let done = "SELECT 1 WHERE (SELECT MIN(noticed_on) FROM notice_progress) = '2026-08-31'";
    loop {
        let done = sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, done);
        if connection.query_one_raw(done).await.expect("a count").is_some() {
            return connection.close().await.expect("a connection closes");
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_has_begun_is_awaited_after_the_deadline() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut shim = Shim::build(folder.path());
    let url = format!("sqlite://{}", folder.path().join("slow.db").display());
    let mut settings = env(&url, &[("OPERATION_TIMEOUT", "1s")]);
    settings.extend(shim.env());
    let mut server = Server::start(folder.path(), settings);
    let mut tally = Tally::default();
    until_started(&url).await;
    // Longer than the timeout, and within the time for a commit.
    shim.arm("sync", 0, 1, -2_500);
    let since = Instant::now();
    assert_eq!(tally.write(&server).await, Outcome::Acknowledged);
    assert!(since.elapsed() > Duration::from_secs(2), "the commit was slow");
    // Longer than both.
    shim.arm("sync", 0, 1, -8_000);
    let since = Instant::now();
    assert_eq!(tally.write(&server).await, Outcome::InDoubt);
    let answered = since.elapsed();
    assert!((5..8).contains(&answered.as_secs()), "{answered:?}");
    shim.disarm();
    server = server.restart();
    assert_eq!(tally.compare(&server).await, (0, 0));
}

fn report(what: &str, faults: usize, tally: &Tally, resumed_max: Duration) {
    let [acknowledged, failed, in_doubt] =
        [Outcome::Acknowledged, Outcome::Failed, Outcome::InDoubt].map(|outcome| tally.count(outcome));
    println!(
        "{what}: {faults} faults, {acknowledged} acknowledged, 0 lost, {failed} failed, 0 from nowhere, \
         {in_doubt} in doubt, writes resumed within {resumed_max:?}"
    );
}
