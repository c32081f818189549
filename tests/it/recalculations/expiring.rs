//! What expired by a policy, and what another one makes of it (E4, E6).

use entity::value::{LedgerReason, PointsReason};
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};

use super::sums::sums;
use super::{OTHER, applied, document, live, planned_document, reverted};
use crate::editions::live::with_editions;
use crate::harness::deals::swag;
use crate::harness::history::{Chance, History, TODAY};
use crate::harness::{Activity, Backend, Order, TestApp, verified};

both! {
    e4_what_expired_by_an_edition_comes_back_with_its_reversion,
    e4_what_expired_comes_back_where_a_plan_gives_it_more_time,
    e4_less_time_takes_what_is_left_and_the_plan_says_so,
    e4_dojo_credits_that_expired_come_back,
    e4_plan_apply_and_revert_is_the_identity_where_credits_expire,
    pp_e6_what_is_reported_late_expires_with_its_report,
}

/// A document in which credits and Dojo Credits expire, with replacements.
fn expiring(credits: &str, dojo_credits: &str, replacements: &[(&str, &str)]) -> String {
    format!("{}\n[credits]\n{credits}\n\n[dojo_credits]\n{dojo_credits}\n", document(replacements))
}

fn months(number: u32) -> String {
    expiring(&format!("expire_after_months = {number}"), "", &[])
}

async fn due(app: &TestApp) {
    app.services().emit_time_based_events().await.expect("what is due");
}

fn course(credits: i64) -> Order {
    Order::self_use("nordwind").line("course", 10).credits(credits)
}

/// A partner with 30 credits of June and 20 of August 2024, of which an order has spent 10.
async fn spent(backend: Backend, documents: &[String]) -> TestApp {
    let app = with_editions(backend, documents, "2024-09-01").await;
    app.partner("nordwind", "2024-06-01").await;
    app.product("course", "TRAINING", &[("100.00", "EUR")]).await;
    app.earn("nordwind", "2024-06-10", 30).await;
    app.earn("nordwind", "2024-08-01", 20).await;
    app.place(&course(10)).await;
    app
}

/// Sums of what expired, by the days on which it was earned and on which it expired.
async fn expired(app: &TestApp) -> Vec<String> {
    let mut all = std::collections::BTreeMap::<String, i64>::new();
    let rows = entity::ledger_entry::Entity::find().order_by_asc(entity::ledger_entry::Column::LogSeq);
    for row in rows.all(app.reader()).await.expect("entries") {
        if row.reason == LedgerReason::Expiry {
            let earned_on = row.window_start.expect("a day");
            let key = format!("{} {earned_on} {}", row.partner_id, row.effective_on);
            *all.entry(key).or_default() -= row.spendable_credits;
        }
    }
    let rows = entity::points_entry::Entity::find().order_by_asc(entity::points_entry::Column::LogSeq);
    for row in rows.all(app.reader()).await.expect("entries") {
        if row.reason == PointsReason::Expiry {
            let earned_on = row.window_start.expect("a day");
            let key = format!("{} {earned_on} {}", row.professional_id, row.effective_on);
            *all.entry(key).or_default() -= row.dojo_credits;
        }
    }
    all.retain(|_, credits| *credits != 0);
    all.into_iter().map(|(key, credits)| format!("{key}: {credits}")).collect()
}

async fn sentences(app: &TestApp) -> Vec<String> {
    let ledger = app.ledger("nordwind").await;
    let expired = ledger.iter().filter(|entry| entry["reason"] == "EXPIRY");
    expired.map(|entry| entry["explanation"].as_str().expect("a sentence").to_owned()).collect()
}

async fn e4_what_expired_by_an_edition_comes_back_with_its_reversion(backend: Backend) {
    let mut app = spent(backend, &[document(&[])]).await;
    app = app.restart("2025-09-01").await;
    due(&app).await;
    let before = sums(&app).await;
    let id = planned_document(&app, &months(12), "2024-05-01").await;
    applied(&app, &id).await;
    // It expires with the application, not with the next round of the calendar.
    assert_eq!(app.balance("nordwind").await, 0);
    verified(app.services()).await;
    due(&app).await;
    assert_eq!(app.balance("nordwind").await, 0);
    reverted(&app, &id).await;
    assert_eq!(app.balance("nordwind").await, 40);
    verified(app.services()).await;
    due(&app).await;
    assert_eq!((sums(&app).await, expired(&app).await), (before, Vec::new()));
    let plan = "recalculated by the plan";
    let expected = [
        "20 credits earned on 2024-06-10 could be spent for 12 months, through 2025-06-09: balance 40 - 20 = 20."
            .to_owned(),
        "20 credits earned on 2024-08-01 could be spent for 12 months, through 2025-07-31: balance 20 - 20 = 0."
            .to_owned(),
        format!("Expired credits of 2024-06-10 come back, {plan} \"it was a mistake\": balance 0 + 20 = 20."),
        format!("Expired credits of 2024-08-01 come back, {plan} \"it was a mistake\": balance 20 + 20 = 40."),
    ];
    // By the terms of then: those in force now let nothing expire.
    assert_eq!(sentences(&app).await, expected);
    // It can be spent.
    app.place(&course(40)).await;
    verified(app.services()).await;
}

async fn e4_what_expired_comes_back_where_a_plan_gives_it_more_time(backend: Backend) {
    let mut app = spent(backend, &[months(12)]).await;
    app = app.restart("2025-06-20").await;
    due(&app).await;
    app = app.restart("2025-09-01").await;
    due(&app).await;
    assert_eq!(app.balance("nordwind").await, 0);
    let (before, expired_before) = (sums(&app).await, expired(&app).await);
    // Of the August credits, nothing has expired by 18 months from 2024-08 on.
    for (number, balance) in [(13, 0), (14, 20), (18, 40)] {
        let id = planned_document(&app, &months(number), "2024-05-01").await;
        applied(&app, &id).await;
        assert_eq!(app.balance("nordwind").await, balance, "{number} months");
        verified(app.services()).await;
        reverted(&app, &id).await;
        verified(app.services()).await;
        assert_eq!((sums(&app).await, expired(&app).await), (before.clone(), expired_before.clone()));
    }
    // What comes back can be spent, and what was spent of it does not expire again.
    let id = planned_document(&app, &months(18), "2024-05-01").await;
    applied(&app, &id).await;
    app.place(&course(25)).await;
    verified(app.services()).await;
    reverted(&app, &id).await;
    assert_eq!(app.balance("nordwind").await, 0);
    verified(app.services()).await;
}

async fn e4_less_time_takes_what_is_left_and_the_plan_says_so(backend: Backend) {
    for number in [2, 4, 6, 11, 12, 13] {
        let mut app = spent(backend, &[months(12)]).await;
        app = app.restart("2024-11-01").await;
        app.earn("nordwind", "2024-10-15", 7).await;
        app.place(&course(12)).await;
        let query = "query($id: ID!) { recalculation(id: $id) { trial { subjects { nodes { before { balance } \
                     after { balance } } } } } }";
        let id = planned_document(&app, &months(number), "2024-05-01").await;
        let data = app.ok(query, json!({ "id": id })).await;
        let planned = data["recalculation"]["trial"]["subjects"]["nodes"][0].clone();
        let before = app.balance("nordwind").await;
        assert_eq!(before, 35);
        // Of June, 22 of 30 are spent, and never expire.
        let expected = match number {
            2 => 7,
            4 => 27,
            _ => 35,
        };
        applied(&app, &id).await;
        assert_eq!(app.balance("nordwind").await, expected, "{number} months");
        if expected == before {
            assert!(planned.is_null(), "{number} months: {planned}");
        } else {
            let balances = (&planned["before"]["balance"], &planned["after"]["balance"]);
            assert_eq!(balances, (&json!(before), &json!(expected)), "{number} months");
        }
        verified(app.services()).await;
        reverted(&app, &id).await;
        assert_eq!(app.balance("nordwind").await, before, "{number} months");
        verified(app.services()).await;
    }
}

async fn e4_dojo_credits_that_expired_come_back(backend: Backend) {
    let first = expiring("", "expire_after_months = 6", &[]);
    let mut app = with_editions(backend, &[first], "2024-09-01").await;
    app.professional("ada", "2024-06-01").await;
    app.item("mug", 200, 10).await;
    app.record(Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", "2024-06-10").points(500)).await;
    app.done("placeSwagOrder", swag("ada", "mug", 1, "k1")).await;
    app = app.restart("2025-02-01").await;
    due(&app).await;
    let dojo_credits = async |app: &TestApp| {
        app.professional_on("ada", "2025-02-01").await["dojoCredits"].as_i64().expect("a number")
    };
    assert_eq!(dojo_credits(&app).await, 0);
    let before = (sums(&app).await, expired(&app).await);
    let longer = expiring("", "expire_after_months = 12", &[("points = 25\n", "points = 40\n")]);
    let id = planned_document(&app, &longer, "2024-05-01").await;
    applied(&app, &id).await;
    assert_eq!(dojo_credits(&app).await, 300);
    verified(app.services()).await;
    reverted(&app, &id).await;
    verified(app.services()).await;
    assert_eq!((sums(&app).await, expired(&app).await), before);
}

async fn e4_plan_apply_and_revert_is_the_identity_where_credits_expire(backend: Backend) {
    let half = "expire_after_months = 6";
    let yearly = "expire_at_end_of_following_year = 1";
    let none = || document(&OTHER);
    // seed, in force, planned
    let table = [
        (21_u64, document(&[]), expiring(half, yearly, &OTHER)),
        (22, expiring(half, half, &[]), none()),
        (23, expiring(half, yearly, &[]), expiring("expire_after_months = 20", half, &OTHER)),
        (24, expiring(yearly, half, &[]), expiring("expire_after_months = 2", yearly, &[])),
    ];
    for (number, first, other) in table {
        let app = with_editions(backend, &[first], TODAY).await;
        let mut history = History::begin(&app).await;
        let mut chance = Chance(number);
        live(&app, &mut history, &mut chance, 140).await;
        due(&app).await;
        verified(app.services()).await;
        let before = (sums(&app).await, expired(&app).await);
        let id = planned_document(&app, &other, "2024-05-01").await;
        applied(&app, &id).await;
        verified(app.services()).await;
        planned_is_so(&app, &id).await;
        assert_ne!((sums(&app).await, expired(&app).await), before, "another policy");
        due(&app).await;
        reverted(&app, &id).await;
        verified(app.services()).await;
        let (after, expected) = ((sums(&app).await, expired(&app).await), before);
        let missing: Vec<_> = expected.0.iter().filter(|one| !after.0.contains(one)).collect();
        let surplus: Vec<_> = after.0.iter().filter(|one| !expected.0.contains(one)).collect();
        assert!(missing.is_empty() && surplus.is_empty(), "{number}: {missing:#?} {surplus:#?}");
        assert_eq!(after.1, expected.1, "{number}");
        // What happens between the two is judged by the one, and then by the other.
        live(&app, &mut history, &mut chance, 20).await;
        let again = planned_document(&app, &other, "2024-05-01").await;
        applied(&app, &again).await;
        live(&app, &mut history, &mut chance, 40).await;
        due(&app).await;
        verified(app.services()).await;
        reverted(&app, &again).await;
        verified(app.services()).await;
        live(&app, &mut history, &mut chance, 20).await;
        due(&app).await;
        verified(app.services()).await;
    }
}

/// Whoever the plan names has what it says.
async fn planned_is_so(app: &TestApp, id: &Value) {
    let query = "query($id: ID!) { recalculation(id: $id) { trial { subjects(first: 100) { nodes { code \
                 partner { balance } professional { dojoCredits } after { balance } } } } } }";
    let data = app.ok(query, json!({ "id": id })).await;
    let nodes = data["recalculation"]["trial"]["subjects"]["nodes"].as_array().expect("a list").clone();
    assert!(!nodes.is_empty(), "{data}");
    for one in nodes {
        let partner = &one["partner"]["balance"];
        let found = if partner.is_null() { &one["professional"]["dojoCredits"] } else { partner };
        assert_eq!(found, &one["after"]["balance"], "{one}");
    }
}

async fn pp_e6_what_is_reported_late_expires_with_its_report(backend: Backend) {
    let app = with_editions(backend, &[months(12)], "2025-09-01").await;
    app.partner("nordwind", "2024-06-01").await;
    let input = Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2024-06-10").quantity(9).input();
    let query = "mutation($input: ActivityInput!) { recordActivity(input: $input) { effects { ledgerEntries { \
                 reason effectiveOn spendableCredits balanceAfter } } userErrors { message } } }";
    let data = app.ok(query, json!({ "input": input })).await;
    let entry = |reason: &str, on: &str, credits: i64, after: i64| json!({ "reason": reason, "effectiveOn": on, "spendableCredits": credits, "balanceAfter": after });
    let expected = [entry("ACTIVITY", "2024-06-10", 9, 9), entry("EXPIRY", "2025-06-10", -9, 0)];
    assert_eq!(data["recordActivity"]["effects"]["ledgerEntries"], json!(expected));
    assert_eq!(app.balance("nordwind").await, 0);
    verified(app.services()).await;
    let events = crate::events::feed(&app, 0).await;
    let events: Vec<&Value> = events.iter().filter(|event| event["type"] == "CREDITS_EXPIRED").collect();
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["data"]["expired"]["balanceAfter"], 0);
    let ledger = app.ledger("nordwind").await.len();
    due(&app).await;
    assert_eq!(app.ledger("nordwind").await.len(), ledger);
}
