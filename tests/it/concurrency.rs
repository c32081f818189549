//! Many at once on one subject: nothing is lost, nothing counts twice.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp, verified};

both! {
    rivals_on_one_partner_come_to_what_one_after_the_other_come_to,
    rivals_record_and_void,
    a_batch_and_single_requests_at_once,
}

const TODAY: &str = "2026-08-31";

async fn app_with_team(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    for partner in ["nordwind", "suedwind"] {
        app.partner(partner, "2024-06-01").await;
        for n in 0..4 {
            let code = format!("{partner}-{n}");
            app.professional(&code, "2025-01-01").await;
            app.affiliate(&code, partner, "2025-01-01").await;
        }
    }
    app
}

/// 64 activities of a partner and its professionals that count in a handful of windows.
///
/// Activities of one window are alike and of one day: then neither the number of entries nor the day
/// of an entry depends on who comes first.
fn workload(partner: &str) -> Vec<Activity> {
    let day = "2025-06-10";
    let one = |n: i64| {
        let who = format!("{partner}-{}", n % 4);
        match n % 8 {
            0 => Activity::of_partner(partner, "LINKEDIN_POST", day),
            1 => Activity::of_partner(partner, "CATALOG_DOWNLOADS", day).quantity(3),
            2 => Activity::of_partner(partner, "CUSTOMER_MEETING", day).quantity(n),
            3 => Activity::of_partner(partner, "WEBSITE_PRESENCE", day),
            4 | 5 | 7 => Activity::of_professional(&who, "DOCS_LARGE_CONTRIBUTION", day).points(190),
            // At most 100 points a person and month: too few for a credit, in a month of their own.
            _ => Activity::of_professional(
                &format!("{partner}-{}", n / 8 % 4),
                "FEEDBACK_SUBMITTED",
                "2025-07-10",
            ),
        }
    };
    (0..64).map(one).collect()
}

/// What a partner and its people have come to, without what depends on the order of arrival.
async fn sums(app: &TestApp, partner: &str) -> Value {
    let mut sums = json!({ "partner": app.partner_on(partner, "2025-12-31").await });
    for n in 0..4 {
        let who = app.professional_on(&format!("{partner}-{n}"), "2025-12-31").await;
        sums[n.to_string()] = who;
    }
    let tallies = tallies(app, partner).await;
    sums["tallies"] = json!(tallies);
    let ledger = app.ledger(partner).await;
    let last = ledger.last().expect("an entry");
    let spent: i64 = ledger.iter().map(|entry| entry["spendableCredits"].as_i64().expect("credits")).sum();
    assert_eq!(last["balanceAfter"], spent, "the last balance is the sum");
    let mut balance = 0;
    for entry in &ledger {
        balance += entry["spendableCredits"].as_i64().expect("credits");
        assert_eq!(entry["balanceAfter"], balance, "every balance is the sum so far");
    }
    sums
}

/// Units of each rule and window of a partner, as the database keeps them.
async fn tallies(app: &TestApp, partner: &str) -> Vec<(String, String, i64, i64)> {
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    let connection = app.reader();
    let found = entity::partner::Entity::find().filter(entity::partner::Column::Code.eq(partner));
    let found = found.one(connection).await.expect("a read").expect("the partner");
    let rows = entity::partner_tally::Entity::find();
    let rows = rows.filter(entity::partner_tally::Column::PartnerId.eq(found.id));
    let rows = rows.all(connection).await.expect("a read");
    let mut rows: Vec<_> = rows
        .into_iter()
        .map(|row| (row.rule, row.window_start.to_string(), row.units, row.awarded))
        .collect();
    rows.sort();
    rows
}

/// The same sums under the other partner's name.
fn as_nordwind(sums: &Value) -> Value {
    serde_json::from_str(&sums.to_string().replace("suedwind", "nordwind")).expect("JSON")
}

async fn rivals_on_one_partner_come_to_what_one_after_the_other_come_to(backend: Backend) {
    let app = app_with_team(backend).await;
    for activity in workload("suedwind") {
        app.record(activity).await;
    }
    join_all(workload("nordwind").into_iter().map(|activity| app.record(activity))).await;
    let one_by_one = as_nordwind(&sums(&app, "suedwind").await);
    let at_once = sums(&app, "nordwind").await;
    assert_eq!(at_once, one_by_one);
    assert_eq!(app.ledger("nordwind").await.len(), app.ledger("suedwind").await.len());
    assert!(at_once["tallies"].as_array().is_some_and(|rows| rows.len() >= 4), "windows were shared");
    verified(app.services()).await;
}

async fn rivals_record_and_void(backend: Backend) {
    let app = app_with_team(backend).await;
    let recorded = join_all(workload("nordwind").into_iter().map(|activity| app.record(activity))).await;
    let again = join_all(workload("nordwind").into_iter().map(|activity| app.record(activity)));
    let voided = join_all(recorded.iter().map(|activity| app.void(activity)));
    tokio::join!(again, voided);
    for activity in workload("suedwind") {
        app.record(activity).await;
    }
    let once = as_nordwind(&sums(&app, "suedwind").await);
    let twice_less_once = sums(&app, "nordwind").await;
    assert_eq!(twice_less_once, once);
    verified(app.services()).await;
}

async fn a_batch_and_single_requests_at_once(backend: Backend) {
    let app = app_with_team(backend).await;
    let (single, batch) = (workload("nordwind"), workload("nordwind"));
    let inputs: Vec<Value> = batch.iter().map(Activity::input).collect();
    let batch = app.done("recordActivities", json!({ "activities": inputs }));
    let single = join_all(single.into_iter().map(|activity| app.record(activity)));
    tokio::join!(batch, single);
    for activity in workload("suedwind").into_iter().chain(workload("suedwind")) {
        app.record(activity).await;
    }
    assert_eq!(sums(&app, "nordwind").await, as_nordwind(&sums(&app, "suedwind").await));
    assert_eq!(app.ledger("nordwind").await.len(), app.ledger("suedwind").await.len());
    verified(app.services()).await;
}
