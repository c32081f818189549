//! The commands as people run them: a process, its output and its exit code.

mod archives;
mod editions;
mod imports;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};

use partner_program::app;
use partner_program::config::{DatabaseUrl, Secret, Settings};

const TODAY: &str = "2026-08-31";

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_partner-program"))
        .current_dir(folder)
        .args(arguments)
        .env_clear()
        .env("PROGRAM_TODAY", TODAY)
        .output()
        .expect("the program runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn the_schema_needs_no_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(folder.path(), &["schema"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(0), partner_program::graphql::schema::sdl()));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn keys_are_created_listed_and_revoked() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("p.csv"), "partner,name,enrolled_on\nnordwind,Nordwind,2020-01-01\n")
        .expect("a file");
    run(folder.path(), &["import", "--create", "p.csv"]);
    let create = ["key", "create", "--role", "PARTNER", "--subject", "nordwind", "--label", "the portal"];
    let created = run(folder.path(), &create);
    let secret = stdout(&created).trim().to_owned();
    assert!(created.status.success() && secret.starts_with("pp_") && secret.len() == 39, "{secret}");
    let list = stdout(&run(folder.path(), &["key", "list"]));
    assert!(list.contains("PARTNER  nordwind  \"the portal\"") && list.contains(&secret[..11]), "{list}");
    assert!(!list.contains(&secret) && !list.contains("revoked"), "{list}");
    let revoked = run(folder.path(), &["key", "revoke", &secret[..11]]);
    assert!(stdout(&revoked).contains("revoked 2026-08-31T"), "{}", stdout(&revoked));
    // arguments, and what the error says
    let table: [(&[&str], &str); 5] = [
        (
            &["key", "create", "--role", "partner", "--label", "x"],
            "roles are ADMINISTRATOR, PROGRAM_STAFF, INTEGRATOR, PARTNER, PROFESSIONAL. Did you mean PARTNER?",
        ),
        (
            &["key", "create", "--role", "PARTNER", "--label", "x"],
            "requires a subject: the code of the partner",
        ),
        (
            &["key", "create", "--role", "PARTNER", "--subject", "nobody", "--label", "x"],
            "There is no partner with the code \"nobody\".",
        ),
        (
            &["key", "create", "--role", "PROGRAM_STAFF", "--label", "x", "--expires-at", "tomorrow"],
            "write a date and time in RFC 3339, such as 2027-06-30T00:00:00Z",
        ),
        (
            &["key", "revoke", "pp_nothing"],
            "error: no API key has the ID or prefix \"pp_nothing\"; `key list` prints both\n",
        ),
    ];
    for (arguments, message) in table {
        let output = run(folder.path(), arguments);
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(!output.status.success() && error.contains(message), "{arguments:?}: {error}");
    }
}

/// A server that records one activity after the other.
async fn record_on(running: &app::RunningApp, recorded: &AtomicU64) {
    let client = reqwest::Client::new();
    for number in 0.. {
        let input = serde_json::json!({
            "subject": { "partner": "nordwind" }, "kind": "CUSTOMER_MEETING", "occurredOn": "2026-08-01",
            "source": "test", "externalId": number.to_string(),
        });
        let query = "mutation($input: ActivityInput!) { recordActivity(input: $input) { activity { id } } }";
        let body = serde_json::json!({ "query": query, "variables": { "input": input } });
        let request = client.post(running.url("/graphql")).bearer_auth("0123456789abcdef").json(&body);
        let answer: serde_json::Value =
            request.send().await.expect("an answer").json().await.expect("an answer in JSON");
        assert!(answer["data"]["recordActivity"]["activity"]["id"].is_string(), "{answer}");
        recorded.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_one_moment_of_a_database_in_use() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("p.csv"), "partner,name,enrolled_on\nnordwind,Nordwind,2020-01-01\n")
        .expect("a file");
    run(folder.path(), &["import", "--create", "p.csv"]);
    let url = format!("sqlite://{}", folder.path().join("partner-program.db").display());
    let settings = Settings {
        database_url: DatabaseUrl::new(&url).expect("an address"),
        bind: ([127, 0, 0, 1], 0).into(),
        today: TODAY.parse().ok(),
        bootstrap_admin_key: Some(Secret::new("0123456789abcdef".to_owned()).expect("a key")),
        ..Settings::default()
    };
    let running = app::start(&settings).await.expect("a start");
    let recorded = AtomicU64::new(0);
    let backups = async {
        for number in 0..1_000 {
            let (name, before) = (format!("copy #{number}?.db"), recorded.load(Ordering::SeqCst));
            let (path, argument) = (folder.path().to_owned(), name.clone());
            let backup = tokio::task::spawn_blocking(move || run(&path, &["backup", &argument]));
            let output = backup.await.expect("an end");
            let after = recorded.load(Ordering::SeqCst);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            // One that nothing was written during proves nothing.
            if after > before && before > 0 {
                return (name, before, after);
            }
        }
        panic!("nothing is written while backups are taken");
    };
    let (name, before, after) = tokio::select! {
        taken = backups => taken,
        () = record_on(&running, &recorded) => unreachable!("it records until it is dropped"),
    };
    running.stop().await.expect("an end");

    // Restored: a copy under the name that the settings have.
    let restored = tempfile::tempdir().expect("a folder");
    fs::copy(folder.path().join(name), restored.path().join("partner-program.db")).expect("a copy");
    let verified = stdout(&run(restored.path(), &["verify"]));
    let steps: u64 = verified
        .strip_prefix("verified ")
        .and_then(|rest| rest.split_once(" steps, "))
        .filter(|_| verified.ends_with(": no differences\n"))
        .unwrap_or_else(|| panic!("{verified}"))
        .0
        .parse()
        .expect("a number");
    // The request that was being answered may be in it.
    assert!((before..=after + 1).contains(&steps), "{before} ≤ {steps} ≤ {after} + 1");
    let left: Vec<_> = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|file| file.expect("a file").file_name().into_string().expect("UTF-8"))
        .filter(|name| name.starts_with('.'))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn a_backup_never_replaces_a_file_and_leaves_none_behind_when_it_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("taken.db"), "mine").expect("a file");
    let postgres = "DATABASE_URL=postgres://nobody@127.0.0.1:1/none\n";
    // settings, file, what the error says
    let table = [
        ("", "taken.db", "error: taken.db: the file exists; choose another name"),
        ("", "missing/copy.db", "error: missing/copy.db: No such file or directory"),
        ("", "copy.db", "unable to open database file"),
        (
            postgres,
            "copy.db",
            "error: backup supports SQLite only; DATABASE_URL is a PostgreSQL database: use pg_dump",
        ),
    ];
    for (settings, file, message) in table {
        fs::write(folder.path().join(".env"), settings).expect("a file");
        let output = run(folder.path(), &["backup", file]);
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(message) && error.lines().count() == 1, "{message}: {error}");
        assert_eq!(fs::read_to_string(folder.path().join("taken.db")).expect("a file"), "mine");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2, "{message}");
    }
}

#[test]
fn a_wrong_setting_is_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(".env"), "BIND=nowhere\n").expect("a file");
    let output = run(folder.path(), &["serve"]);
    let error = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        error.starts_with(
            "error: BIND must be an address and a port, such as 127.0.0.1:8080, not \"nowhere\"\n"
        ),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1, "{error}");
    // The key set of a provider is part of the settings.
    for (file, content, message) in [
        ("missing.json", None, "error: AUTH_JWKS_FILE: cannot read the key set: No such file"),
        (
            "empty.json",
            Some("{\"keys\": []}"),
            "error: AUTH_JWKS_FILE: the key set has no usable key; accepted: RSA, EC P-256, EC P-384 or Ed25519",
        ),
    ] {
        let path = folder.path().join(file);
        if let Some(content) = content {
            fs::write(&path, content).expect("a file");
        }
        let settings = format!("AUTH_JWKS_FILE={}\nAUTH_ISSUER=x\nAUTH_AUDIENCE=y\n", path.display());
        fs::write(folder.path().join(".env"), settings).expect("a file");
        let error = String::from_utf8(run(folder.path(), &["serve"]).stderr).expect("UTF-8");
        let last = error.lines().last().unwrap_or_default();
        assert!(last.starts_with(message), "{error}");
    }
}

#[tokio::test]
async fn the_application_starts_answers_and_stops() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("app.db").display());
    let mut settings = Settings {
        database_url: DatabaseUrl::new(&url).expect("an address"),
        bind: ([127, 0, 0, 1], 0).into(),
        today: TODAY.parse().ok(),
        bootstrap_admin_key: Some(Secret::new("0123456789abcdef".to_owned()).expect("a key")),
        ..Settings::default()
    };
    let running = app::start(&settings).await.expect("a start");
    let client = reqwest::Client::new();
    let status = async |path: &str| client.get(running.url(path)).send().await.expect("an answer").status();
    assert_eq!(status("/healthz").await, 200);
    assert_eq!(status("/readyz").await, 200);
    assert_eq!(status("/graphql?query={__typename}").await, 401);
    let query = client.get(running.url("/graphql?query={__typename}")).bearer_auth("0123456789abcdef");
    assert_eq!(query.send().await.expect("an answer").status(), 200);
    let page = client.get(running.url("/graphql")).header("accept", "text/html").send().await;
    assert!(page.expect("an answer").text().await.expect("a page").contains("<html"));
    let address = running.address();
    running.stop().await.expect("an end");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());

    settings.bootstrap_admin_key = None;
    let running = app::start(&settings).await.expect("a start");
    let query = client.get(running.url("/graphql?query={__typename}")).bearer_auth("0123456789abcdef");
    assert_eq!(query.send().await.expect("an answer").status(), 401);
    running.stop().await.expect("an end");
}
