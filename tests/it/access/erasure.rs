//! Erasing a professional: the person is gone, the numbers stay.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::world::TODAY;
use crate::harness::{Activity, Backend, TestApp, everything, run, verified};

both! {
    erasure_removes_personal_data_and_keeps_the_numbers,
}

const NAME: &str = "Wilhelmina Quartermaine";
const EMAIL: &str = "wilhelmina.quartermaine@example.com";

const PERSON: &str = "{ professional(code: \"w-7\") { id code name email signedUpOn dojoCredits standing { points level { code } } \
    partner { code } activities { totalCount nodes { id awardedPoints } } } partner(code: \"nordwind\") { balance \
    ledger { nodes { id explanation balanceAfter } } } }";

fn sign_up() -> Value {
    json!({ "code": "w-7", "name": NAME, "email": EMAIL, "signedUpOn": "2024-06-01" })
}

async fn erasure_removes_personal_data_and_keeps_the_numbers(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.done("signUpProfessional", sign_up()).await;
    app.affiliate("w-7", "nordwind", "2024-06-01").await;
    app.record(Activity::of_professional("w-7", "CERTIFICATION_OBTAINED", "2026-03-01").points(900)).await;
    let key = json!({ "role": "PROFESSIONAL", "subject": "w-7", "label": format!("Key of {NAME}") });
    let key = app.done("createApiKey", key).await["secret"].as_str().expect("a key").to_owned();
    assert_eq!(app.send_as(&key, "{ viewer { role } }", json!({})).await.status, 200);
    let before = app.ok(PERSON, json!({})).await;

    // A reason that holds what is erased would keep it.
    for reason in [NAME.to_lowercase(), format!("write to {EMAIL}")] {
        let input = json!({ "professional": "w-7", "reason": reason });
        assert_eq!(app.refusals("eraseProfessional", input).await, ["INVALID"]);
    }
    let erased =
        app.done("eraseProfessional", json!({ "professional": "w-7", "reason": "asked in writing" })).await;
    let pseudonym = erased["professional"]["name"].as_str().expect("a name");
    assert!(
        pseudonym.starts_with("Erased professional ") && erased["professional"]["email"].is_null(),
        "{erased}"
    );

    let after = app.ok(PERSON, json!({})).await;
    let mut expected = before.clone();
    expected["professional"]["name"] = json!(pseudonym);
    expected["professional"]["email"] = Value::Null;
    assert_eq!(after, expected, "everything else is as it was");
    verified(app.services()).await;
    assert_eq!(
        app.send_as(&key, "{ viewer { role } }", json!({})).await.status,
        401,
        "the person's keys are revoked"
    );
    assert_eq!(app.refusals("eraseProfessional", json!({ "professional": "w-7" })).await, ["WRONG_STATE"]);
    assert_eq!(app.refusals("eraseProfessional", json!({ "professional": "nobody" })).await, ["NOT_FOUND"]);

    // The same person again does not bring the data back.
    let rows = everything(app.reader()).await;
    assert_eq!(app.refusals("signUpProfessional", sign_up()).await, ["ALREADY_EXISTS"]);
    assert_eq!(everything(app.reader()).await, rows);
    let found =
        app.ok("{ professionals(filter: { search: \"quartermaine\" }) { totalCount } }", json!({})).await;
    assert_eq!(found["professionals"]["totalCount"], 0);
    // No row of any table holds it: a dump has no more than the rows.
    for row in rows {
        let row = row.to_lowercase();
        assert!(!row.contains("quartermaine") && !row.contains("wilhelmina"), "{row}");
    }
}

/// SQLite leaves what was overwritten in pages and in its write-ahead log unless `secure_delete` is set.
#[test]
fn nothing_is_left_in_the_file() {
    run(file());
}

async fn file() {
    const PEOPLE: usize = 300;
    let app = TestApp::start(Backend::Sqlite, TODAY).await;
    let name = |number: usize| format!("Quartermaine-{number:03}-{}", "x".repeat(number % 40));
    for number in 0..PEOPLE {
        // In no order, so that pages of the indexes split in the middle.
        let number = number * 131 % PEOPLE;
        let input = json!({ "code": format!("p-{number}"), "name": name(number),
            "email": format!("mail.quartermaine.{number}@example.com"), "signedUpOn": "2024-06-01" });
        app.done("signUpProfessional", input).await;
    }
    for number in 0..PEOPLE {
        app.done("eraseProfessional", json!({ "professional": format!("p-{number}") })).await;
    }
    let path = app.database().url.strip_prefix("sqlite://").expect("a file").to_owned();
    let since = Instant::now();
    while let Some(found) = holds(&path, b"uartermaine") {
        assert!(since.elapsed() < Duration::from_secs(5), "a name is left in {found}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The file of a database that holds these bytes.
fn holds(path: &str, bytes: &[u8]) -> Option<String> {
    let files = [path.to_owned(), format!("{path}-wal")];
    files.into_iter().find(|file| {
        let content =
            if Path::new(file).exists() { std::fs::read(file).expect("a file") } else { Vec::new() };
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}
