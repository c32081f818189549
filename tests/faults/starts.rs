//! Starts that fail say why at once, without secrets; and files are private.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::server::{Postgres, Server, env, run};
use crate::tally::{Outcome, Tally};

/// Time for a start to fail.
const FAILURE_TIME_MAX: Duration = Duration::from_secs(5);

fn failed_start(folder: &Path, url: &str) -> String {
    let since = Instant::now();
    let output = run(folder, &["serve"], &env(url, &[]));
    assert!(since.elapsed() < FAILURE_TIME_MAX, "{:?}", since.elapsed());
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr).expect("text in UTF-8");
    assert!(text.lines().count() == 1 && !text.contains("secret") && !text.contains("pool"), "{text}");
    text
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_named_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    // A port that was free a moment ago refuses connections.
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port").port();
    let text = failed_start(folder.path(), &format!("postgres://user:secret@127.0.0.1:{port}/name"));
    assert!(text.contains(&format!("127.0.0.1:{port}")) && text.contains("refused"), "{text}");
    let missing = folder.path().join("missing").join("file.db");
    let text = failed_start(folder.path(), &format!("sqlite://{}", missing.display()));
    assert!(text.contains(missing.to_str().expect("a path")) && text.contains("No such file"), "{text}");
    let text = failed_start(folder.path(), &format!("sqlite://{}", folder.path().display()));
    assert!(text.contains(folder.path().to_str().expect("a path")), "{text}");
    let database = Postgres::create("ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0").await;
    let text = failed_start(folder.path(), &database.url);
    assert!(text.contains("LATIN1") && text.contains("UTF8"), "{text}");
    database.drop().await;
}

#[tokio::test]
async fn a_new_sqlite_database_and_its_copies_are_private() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = "sqlite://private.db";
    let server = Server::start(folder.path(), env(url, &[]));
    assert_eq!(Tally::default().write(&server).await, Outcome::Acknowledged);
    let copied = run(folder.path(), &["backup", "copy.db"], &env(url, &[]));
    assert!(copied.status.success(), "{copied:?}");
    for name in ["private.db", "private.db-wal", "private.db-shm", "copy.db"] {
        let file = fs::metadata(folder.path().join(name)).expect("the file");
        assert_eq!(file.permissions().mode() & 0o777, 0o600, "{name}");
    }
    drop(server);
}

#[test]
fn a_backup_that_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = || -> Vec<String> {
        let entries = fs::read_dir(folder.path()).expect("a folder");
        entries.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned()).collect()
    };
    let url = "sqlite://source.db";
    // No source: none is created either.
    let failed = run(folder.path(), &["backup", "copy.db"], &env(url, &[]));
    assert!(!failed.status.success() && names().is_empty(), "{failed:?} {:?}", names());
    fs::write(folder.path().join("source.db"), "this is not a database".repeat(1_000)).expect("a file");
    let failed = run(folder.path(), &["backup", "copy.db"], &env(url, &[]));
    assert!(!failed.status.success(), "{failed:?}");
    assert_eq!(names(), ["source.db"]);
    // An existing file stays as it is.
    fs::write(folder.path().join("copy.db"), "mine").expect("a file");
    let failed = run(folder.path(), &["backup", "copy.db"], &env(url, &[]));
    assert!(!failed.status.success(), "{failed:?}");
    assert_eq!(fs::read(folder.path().join("copy.db")).expect("the file"), b"mine");
}
