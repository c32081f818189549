//! A trial that is cancelled while it goes on: it ends, and keeps nothing.

use std::time::{Duration, Instant};

use base64::Engine as _;
use entity::value::TrialStatus;
use entity::{edition_trial, edition_trial_subject, log};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, Iterable, QueryFilter, TransactionTrait,
};
use serde_json::{Value, json};

use super::TRY;
use crate::harness::webhooks::until;
use crate::harness::{Activity, Backend, TestApp};
use crate::publishing::{TODAY, document};

both! {
    e2_a_trial_that_is_cancelled_while_it_folds_ends_and_keeps_nothing,
}

/// Steps of a log that takes much longer to fold than it takes to cancel the trial.
const STEPS: u32 = 150_000;
/// How long the answer waits for a trial that does not end.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// Repeats the last step of the log many times.
async fn lengthen_log(connection: &DatabaseConnection) {
    let others = log::Column::iter().filter(|column| !matches!(column, log::Column::Seq));
    let others: Vec<String> = others.map(|column| sea_orm::IdenStatic::as_str(&column).to_owned()).collect();
    let others = others.join(", ");
    let text = format!(
        "WITH RECURSIVE more(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM more WHERE number < {STEPS}) \
         INSERT INTO log (seq, {others}) SELECT seq + number, {others} FROM log, more \
         WHERE seq = (SELECT MAX(seq) FROM log)"
    );
    connection.execute_unprepared(&text).await.expect("a long log");
}

#[expect(clippy::disallowed_methods, reason = "a lock of the test's own")]
async fn e2_a_trial_that_is_cancelled_while_it_folds_ends_and_keeps_nothing(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.record(Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-02-02")).await;
    app.professional("ada", "2026-03-01").await;
    app.affiliate("ada", "nordwind", "2026-03-01").await;
    app.done("endAffiliation", json!({ "professional": "ada", "endsOn": "2026-08-30" })).await;
    let connection = app.database().connect().await;
    lengthen_log(&connection).await;
    // On PostgreSQL the fold gets no further than this lock, however fast it is: without an end it would wait for good.
    let holder = app.database().connect().await;
    let held = holder.begin().await.expect("a transaction");
    if backend == Backend::Postgres {
        held.execute_unprepared("LOCK TABLE merged_objects IN ACCESS EXCLUSIVE MODE").await.expect("a lock");
    }
    let text = document(&app, &[("threshold = 75", "threshold = 40")]).await;
    let input = json!({ "document": text, "effectiveFrom": "2026-01-01", "on": TODAY });
    let since = Instant::now();
    let trying = async {
        let trial = app.ok(TRY, json!({ "input": input })).await["tryEdition"].clone();
        (trial, since.elapsed())
    };
    let cancelling = async {
        let running =
            || edition_trial::Entity::find().filter(edition_trial::Column::Status.eq(TrialStatus::Running));
        until("the trial goes on", async || running().one(&connection).await.expect("the trials").is_some())
            .await;
        let row = running().one(&connection).await.expect("the trials").expect("it goes on");
        let id = format!("EditionTrial:{}", row.id);
        let id = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(id);
        let cancel = "mutation($id: ID!) { cancelTrial(input: { trial: $id }) { \
                      trial { status progress } userErrors { message } } }";
        app.ok(cancel, json!({ "id": id })).await["cancelTrial"]["trial"].clone()
    };
    let ((trial, took), cancelled) = futures_util::future::join(trying, cancelling).await;
    assert_eq!(cancelled["status"], "CANCELLED");
    assert!(cancelled["progress"].as_i64().is_some_and(|percent| percent < 100), "{cancelled}");
    // The answer of `tryEdition` waits for the end of the fold, and has it before it stops waiting.
    assert!(took < ANSWERED_WITHIN, "the fold went on: {took:?}");
    held.rollback().await.expect("no lock");
    holder.close().await.expect("a connection closes");
    keeps_nothing(&connection, &trial).await;
    let row = edition_trial::Entity::find().one(&connection).await.expect("the trials").expect("the trial");
    assert!(
        row.steps_done < row.steps && row.steps > i64::from(STEPS),
        "{} of {}",
        row.steps_done,
        row.steps
    );
    connection.close().await.expect("a connection closes");
}

/// What is read of a cancelled trial, and what is stored of it.
async fn keeps_nothing(connection: &DatabaseConnection, trial: &Value) {
    assert_eq!(trial["status"], "CANCELLED");
    assert_eq!(trial["subjects"]["totalCount"], 0, "{trial}");
    for sum in ["gainers", "losers", "mixed", "creditsGiven", "creditsTaken"] {
        assert_eq!(trial[sum], 0, "{trial}");
    }
    let cancelled =
        edition_trial::Entity::find().filter(edition_trial::Column::Status.eq(TrialStatus::Cancelled));
    let row = cancelled.one(connection).await.expect("the trials").expect("it stays cancelled");
    let subjects = edition_trial_subject::Entity::find();
    let subjects = subjects.filter(edition_trial_subject::Column::TrialId.eq(row.id));
    assert!(subjects.one(connection).await.expect("subjects").is_none());
}
