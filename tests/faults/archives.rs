//! Kills in the middle of `export`, `restore` and `verify`: nothing is half done that passes for whole.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use tempfile::TempDir;

use crate::server::{Env, Postgres, env, program, run};
use crate::tally::factor;

/// Activities of the program: enough that each command takes a while.
const ACTIVITIES: usize = 1_500;
/// Kills of a command at different moments, for each database.
const KILLS: usize = 6;
/// Ends a hanging test on a loaded machine.
const TIMEOUT: Duration = Duration::from_mins(2);

/// A program in a SQLite file, and its archive.
struct Source {
    folder: TempDir,
    archive: PathBuf,
    bytes: Vec<u8>,
}

impl Source {
    fn create() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let facts: Vec<String> = (0..ACTIVITIES)
            .map(|number| {
                let (partner, day) = (number % 50, 1 + number % 28);
                format!("kills,{number},p{partner},CUSTOMER_MEETING,2026-03-{day:02}\n")
            })
            .collect();
        let partners: Vec<String> =
            (0..50).map(|number| format!("p{number},Partner {number},2020-01-01\n")).collect();
        let facts = format!("source,external_id,partner,kind,occurred_on\n{}", facts.concat());
        let partners = format!("partner,name,enrolled_on\n{}", partners.concat());
        fs::write(folder.path().join("partners.csv"), partners).expect("a file");
        fs::write(folder.path().join("facts.csv"), facts).expect("a file");
        let url = sqlite(folder.path());
        let imported =
            run(folder.path(), &["import", "--create", "partners.csv", "facts.csv"], &env(&url, &[]));
        assert!(imported.status.success(), "{imported:?}");
        let archive = folder.path().join("program.jsonl.gz");
        let bytes = exported(folder.path(), &url, "program.jsonl.gz");
        Self { folder, archive, bytes }
    }

    fn archive(&self) -> &str {
        self.archive.to_str().expect("UTF-8")
    }
}

fn sqlite(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("program.db").display())
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// Exports into a new file and reads it.
fn exported(folder: &Path, url: &str, name: &str) -> Vec<u8> {
    let done = run(folder, &["export", name], &env(url, &[]));
    assert!(done.status.success(), "{done:?}");
    fs::read(folder.join(name)).expect("the archive")
}

/// Runs a command and kills it once a moment has come; whether it was killed before its end.
async fn kill_at(
    folder: &Path,
    arguments: &[&str],
    env: &Env,
    mut has_come: impl AsyncFnMut() -> bool,
) -> bool {
    let mut command = program(folder, arguments, env);
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program runs");
    let until = Instant::now() + TIMEOUT;
    while process.try_wait().expect("its state").is_none() && !has_come().await {
        assert!(Instant::now() < until, "{arguments:?} takes too long");
        tokio::task::yield_now().await;
    }
    // It may have ended meanwhile.
    let _ended = process.kill();
    process.wait().expect("its end").signal() == Some(9)
}

/// Folders of files that are not complete, with the length of what is in them.
fn parts(folder: &Path) -> Vec<u64> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let parts =
        entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".partner-program-part-"));
    parts.map(|part| length(&part.path())).collect()
}

/// The length of all files in a folder together.
fn length(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file).map(|it| it.len()).sum()
}

#[tokio::test]
async fn a_killed_export_leaves_no_file_or_the_whole_one_on_sqlite() {
    let source = Source::create();
    exports_are_killed(&source, &sqlite(source.folder.path())).await;
}

#[tokio::test]
async fn a_killed_export_leaves_no_file_or_the_whole_one_on_postgres() {
    let source = Source::create();
    let database = Postgres::create("").await;
    let restored = run(source.folder.path(), &["restore", source.archive()], &env(&database.url, &[]));
    assert!(restored.status.success(), "{restored:?}");
    exports_are_killed(&source, &database.url).await;
    database.drop().await;
}

async fn exports_are_killed(source: &Source, url: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = u64::try_from(source.bytes.len()).expect("a length");
    let kills = KILLS * factor();
    let mut halves = 0;
    for kill in 0..kills {
        let name = format!("killed-{kill}");
        let file = folder.path().join(&name);
        // From the moment at which there is a part of it to the one at which it has its name.
        let moment =
            whole * u64::try_from(kill).expect("a number") / u64::try_from(kills - 1).expect("a number");
        let has_come = async || file.exists() || parts(folder.path()).iter().any(|part| *part >= moment);
        kill_at(folder.path(), &["export", &name], &env(url, &[]), has_come).await;
        if file.exists() {
            assert!(
                fs::read(&file).expect("the archive") == source.bytes,
                "{name} has its name and is not whole"
            );
            fs::remove_file(&file).expect("the archive goes");
        } else {
            halves += usize::from(!parts(folder.path()).is_empty());
        }
        // The same name is free, and nothing is left of the killed one.
        assert!(exported(folder.path(), url, &name) == source.bytes, "{name}");
        assert_eq!(parts(folder.path()), Vec::<u64>::new(), "{name}");
        let names: Vec<_> =
            fs::read_dir(folder.path()).expect("a folder").flatten().map(|it| it.file_name()).collect();
        assert_eq!(names, [name.as_str()]);
        fs::remove_file(&file).expect("the archive goes");
    }
    assert!(halves > 0, "no export was killed while it was written");
    println!("{kills} exports killed, {halves} of them while the file was written");
}

/// What a killed restore has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    /// It had not begun, as far as the database knows.
    Nothing,
    /// A mark and no row.
    MarkWithoutRows,
    /// A mark and every row.
    MarkWithRows,
    /// Every row, verified.
    Whole,
}

/// A database that is restored into again and again.
trait Target {
    fn url(&self) -> String;
    /// A connection beside the restore, if there is a database yet.
    async fn connect(&self) -> Option<DatabaseConnection>;
    /// How large it is, in bytes.
    async fn size(&self) -> u64;
    /// Waits until the sessions of a killed process have ended.
    async fn settle(&self);
}

struct SqliteTarget(TempDir);

impl Target for SqliteTarget {
    fn url(&self) -> String {
        sqlite(self.0.path())
    }

    async fn connect(&self) -> Option<DatabaseConnection> {
        sea_orm::Database::connect(format!("{}?mode=rw", self.url())).await.ok()
    }

    async fn size(&self) -> u64 {
        length(self.0.path())
    }

    async fn settle(&self) {}
}

impl Target for Postgres {
    fn url(&self) -> String {
        self.url.clone()
    }

    async fn connect(&self) -> Option<DatabaseConnection> {
        sea_orm::Database::connect(&self.url).await.ok()
    }

    async fn size(&self) -> u64 {
        let size = format!("SELECT pg_database_size('{}')", self.name);
        let row = self.admin.query_one_raw(Statement::from_string(DbBackend::Postgres, size)).await;
        let size: i64 = row.expect("a size").expect("a row").try_get_by_index(0).expect("a number");
        u64::try_from(size).expect("a size")
    }

    async fn settle(&self) {
        let sessions = format!("SELECT 1 FROM pg_stat_activity WHERE datname = '{}' LIMIT 1", self.name);
        let until = Instant::now() + TIMEOUT;
        let sessions = || Statement::from_string(DbBackend::Postgres, sessions.clone());
        while self.admin.query_one_raw(sessions()).await.expect("sessions").is_some() {
            assert!(Instant::now() < until, "a session of a killed restore does not end");
            tokio::task::yield_now().await;
        }
    }
}

async fn left(target: &impl Target) -> Left {
    let Some(connection) = target.connect().await else { return Left::Nothing };
    let backend = connection.get_database_backend();
    let has = async |query: &str| {
        let found = connection.query_one_raw(Statement::from_string(backend, query)).await;
        // A table that is not there has no rows either.
        found.is_ok_and(|row| row.is_some())
    };
    let is_marked = has("SELECT 1 FROM unfinished_restore").await;
    let has_rows = has("SELECT 1 FROM ledger_entries LIMIT 1").await;
    let found = match (is_marked, has_rows) {
        (false, false) => Left::Nothing,
        (true, false) => Left::MarkWithoutRows,
        (true, true) => Left::MarkWithRows,
        (false, true) => Left::Whole,
    };
    connection.close().await.expect("a connection closes");
    found
}

#[tokio::test]
async fn a_killed_restore_is_refused_by_a_server_and_goes_on_when_it_is_repeated_on_sqlite() {
    let source = Source::create();
    restores_are_killed(
        &source,
        async || SqliteTarget(tempfile::tempdir().expect("a folder")),
        async |_: SqliteTarget| {},
    )
    .await;
}

#[tokio::test]
async fn a_killed_restore_is_refused_by_a_server_and_goes_on_when_it_is_repeated_on_postgres() {
    let source = Source::create();
    restores_are_killed(
        &source,
        async || Postgres::create("").await,
        async |target: Postgres| target.drop().await,
    )
    .await;
}

async fn restores_are_killed<T: Target>(
    source: &Source,
    create: impl AsyncFn() -> T,
    take_away: impl AsyncFn(T),
) {
    let folder = source.folder.path();
    // How large the database becomes.
    let target = create().await;
    let empty = target.size().await;
    let restored = run(folder, &["restore", source.archive()], &env(&target.url(), &[]));
    assert!(restored.status.success(), "{restored:?}");
    let growth = target.size().await.saturating_sub(empty);
    take_away(target).await;
    let kills = KILLS * factor();
    let mut seen = BTreeSet::new();
    for kill in 0..=kills {
        let target = create().await;
        let arguments = ["restore", source.archive()];
        let settings = env(&target.url(), &[]);
        if kill == kills {
            // The last one while the rows are verified.
            let verifying = async || left(&target).await == Left::MarkWithRows;
            kill_at(folder, &arguments, &settings, verifying).await;
        } else {
            let moment =
                growth * u64::try_from(kill).expect("a number") / u64::try_from(kills).expect("a number");
            let has_come = async || target.size().await.saturating_sub(empty) >= moment.max(1);
            kill_at(folder, &arguments, &settings, has_come).await;
        }
        target.settle().await;
        seen.insert(goes_on(source, &target).await);
        take_away(target).await;
    }
    println!("{} restores killed, which left {seen:?}", kills + 1);
    assert!(seen.contains(&Left::MarkWithoutRows) && seen.contains(&Left::MarkWithRows), "{seen:?}");
}

/// What a killed restore has left is refused by everything but the same restore, which ends it.
async fn goes_on(source: &Source, target: &impl Target) -> Left {
    let (folder, settings) = (source.folder.path(), env(&target.url(), &[]));
    let found = left(target).await;
    if matches!(found, Left::MarkWithoutRows | Left::MarkWithRows) {
        let commands: [&[&str]; 4] = [&["serve"], &["verify"], &["export", "nothing"], &["key", "list"]];
        for arguments in commands {
            let refused = run(folder, arguments, &settings);
            let text = said(&refused);
            assert!(
                !refused.status.success() && text.contains("a restore into this database was interrupted"),
                "{text}"
            );
            assert!(text.contains("run partner-program restore with the same archive again"), "{text}");
        }
        assert!(!folder.join("nothing").exists());
        assert_eq!(left(target).await, found, "a refused command changes nothing");
    }
    let again = run(folder, &["restore", source.archive()], &settings);
    let text = String::from_utf8(again.stdout.clone()).expect("UTF-8");
    match found {
        Left::Whole => assert!(said(&again).contains("is not empty"), "{again:?}"),
        Left::MarkWithRows => assert!(text.starts_with("an interrupted restore had kept the "), "{again:?}"),
        Left::Nothing | Left::MarkWithoutRows => assert!(text.starts_with("restored "), "{again:?}"),
    }
    if found != Left::Whole {
        assert!(again.status.success() && text.contains(": no differences"), "{again:?}");
    }
    assert_eq!(left(target).await, Left::Whole);
    let name = "compared.jsonl.gz";
    assert!(exported(folder, &target.url(), name) == source.bytes, "{found:?}: what was restored differs");
    fs::remove_file(folder.join(name)).expect("the archive goes");
    found
}

#[tokio::test]
async fn rows_of_an_archive_are_not_taken_for_those_of_another_one() {
    let source = Source::create();
    let folder = source.folder.path();
    let target = SqliteTarget(tempfile::tempdir().expect("a folder"));
    let settings = env(&target.url(), &[]);
    let verifying = async || left(&target).await == Left::MarkWithRows;
    kill_at(folder, &["restore", source.archive()], &settings, verifying).await;
    assert_eq!(left(&target).await, Left::MarkWithRows, "the kill comes while the rows are verified");
    fs::write(folder.join("more.csv"), "partner,name,enrolled_on\nnordwind,Nordwind,2020-01-01\n")
        .expect("a file");
    let changed = run(folder, &["import", "--create", "more.csv"], &env(&sqlite(folder), &[]));
    assert!(changed.status.success(), "{changed:?}");
    exported(folder, &sqlite(folder), "other.jsonl.gz");
    let refused = run(folder, &["restore", "other.jsonl.gz"], &settings);
    assert!(said(&refused).contains("has the rows of another archive"), "{refused:?}");
    assert_eq!(goes_on(&source, &target).await, Left::MarkWithRows);
}

#[tokio::test]
async fn a_killed_verification_changes_nothing_on_sqlite() {
    let source = Source::create();
    verifications_are_killed(&source, &sqlite(source.folder.path()));
}

#[tokio::test]
async fn a_killed_verification_changes_nothing_on_postgres() {
    let source = Source::create();
    let database = Postgres::create("").await;
    let restored = run(source.folder.path(), &["restore", source.archive()], &env(&database.url, &[]));
    assert!(restored.status.success(), "{restored:?}");
    verifications_are_killed(&source, &database.url);
    database.drop().await;
}

fn verifications_are_killed(source: &Source, url: &str) {
    let (folder, settings) = (source.folder.path(), env(url, &[]));
    let since = Instant::now();
    let whole = run(folder, &["verify"], &settings);
    let duration = since.elapsed();
    assert!(whole.status.success(), "{whole:?}");
    let mut killed = 0;
    let kills = u32::try_from(KILLS * factor()).expect("a number");
    for kill in 0..kills {
        let mut process =
            program(folder, &["verify"], &settings).stdout(Stdio::null()).spawn().expect("it runs");
        // The moments are spread over its duration; nothing depends on which one is hit.
        std::thread::sleep(duration * kill / kills);
        let _ended = process.kill();
        killed += usize::from(process.wait().expect("its end").signal() == Some(9));
        let again = run(folder, &["verify"], &settings);
        assert_eq!(again.stdout, whole.stdout, "{again:?}");
        let name = "compared.jsonl.gz";
        assert!(exported(folder, url, name) == source.bytes, "a killed verification changed rows");
        fs::remove_file(folder.join(name)).expect("the archive goes");
    }
    println!("{killed} of {kills} verifications killed before their end");
    assert!(killed > 0);
}
