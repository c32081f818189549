//! Affiliations, and the credit of a professional's points to the partner (A0 to A3).

use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp};

both! {
    a0_starts_and_overlaps,
    a1_points_count_for_the_partner_of_the_day,
    a2_past_awards_are_credited_oldest_first,
    a2_voided_awards_come_to_nothing,
    a3_no_end_before_the_last_credited_award,
}

const TODAY: &str = "2026-08-31";

async fn app_with_subjects(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.partner("suedwind", "2025-02-01").await;
    app.professional("ada", "2025-01-01").await;
    app
}

fn affiliation(partner: &str, starts_on: &str) -> Value {
    json!({ "professional": "ada", "partner": partner, "startsOn": starts_on })
}

fn end(ends_on: &str) -> Value {
    json!({ "professional": "ada", "endsOn": ends_on })
}

/// The code of the partner that the professional works for on a day.
async fn partner_of(app: &TestApp, day: &str) -> Value {
    let query = "query($day: Date) { professional(code: \"ada\") { partner(asOf: $day) { code } } }";
    app.ok(query, json!({ "day": day })).await["professional"]["partner"]["code"].clone()
}

/// Codes of the professionals who work for a partner on a day.
async fn professionals_of(app: &TestApp, partner: &str, day: &str) -> Vec<String> {
    let query = "query($partner: String!, $day: Date) { partner(code: $partner) { \
                 professionals(asOf: $day, first: 10) { totalCount nodes { code } } } }";
    let data = app.ok(query, json!({ "partner": partner, "day": day })).await;
    let page = &data["partner"]["professionals"];
    let nodes = page["nodes"].as_array().expect("a list");
    assert_eq!(page["totalCount"], nodes.len());
    nodes.iter().map(|node| node["code"].as_str().expect("a code").to_owned()).collect()
}

async fn a0_starts_and_overlaps(backend: Backend) {
    let app = app_with_subjects(backend).await;
    let refused = [
        (affiliation("nordwind", "2024-12-31"), "DATE_BEFORE_ENROLMENT"),
        (affiliation("suedwind", "2025-01-31"), "DATE_BEFORE_ENROLMENT"),
        (affiliation("nordwind", "2026-09-01"), "DATE_IN_FUTURE"),
        (affiliation("nobody", "2025-03-01"), "NOT_FOUND"),
    ];
    for (input, code) in refused {
        assert_eq!(app.refusals("affiliateProfessional", input.clone()).await, [code], "{input}");
    }
    assert_eq!(app.refusals("endAffiliation", end("2025-03-01")).await, ["WRONG_STATE"]);
    app.done("affiliateProfessional", affiliation("nordwind", "2025-03-01")).await;
    // The same again is the same.
    app.done("affiliateProfessional", affiliation("nordwind", "2025-03-01")).await;
    for start in ["2025-02-28", "2025-03-01", "2025-03-02", TODAY] {
        let codes = app.refusals("affiliateProfessional", affiliation("suedwind", start)).await;
        assert_eq!(codes, ["AFFILIATION_OVERLAP"], "{start}");
    }
    assert_eq!(app.refusals("endAffiliation", end("2025-02-28")).await, ["INVALID"]);
    app.done("endAffiliation", end("2025-06-30")).await;
    assert_eq!(app.refusals("endAffiliation", end("2025-07-31")).await, ["WRONG_STATE"]);
    let on_last_day = app.refusals("affiliateProfessional", affiliation("suedwind", "2025-06-30")).await;
    assert_eq!(on_last_day, ["AFFILIATION_OVERLAP"]);
    app.done("affiliateProfessional", affiliation("suedwind", "2025-07-01")).await;
    // day, who
    let table = [
        ("2025-02-28", Value::Null),
        ("2025-03-01", json!("nordwind")),
        ("2025-06-30", json!("nordwind")),
        ("2025-07-01", json!("suedwind")),
        (TODAY, json!("suedwind")),
    ];
    for (day, code) in table {
        assert_eq!(partner_of(&app, day).await, code, "{day}");
        for partner in ["nordwind", "suedwind"] {
            let expected: &[&str] = if code == partner { &["ada"] } else { &[] };
            assert_eq!(professionals_of(&app, partner, day).await, expected, "{partner} on {day}");
        }
    }
}

async fn a1_points_count_for_the_partner_of_the_day(backend: Backend) {
    let app = app_with_subjects(backend).await;
    app.affiliate("ada", "nordwind", "2025-03-01").await;
    app.done("endAffiliation", end("2025-03-15")).await;
    app.affiliate("ada", "suedwind", "2025-03-17").await;
    // day, credits of nordwind and of suedwind after a certification of 500 points on it
    let table = [
        ("2025-02-28", 0, 0),
        ("2025-03-01", 15, 0),
        ("2025-03-15", 30, 0),
        ("2025-03-16", 30, 0),
        ("2025-03-17", 30, 15),
        ("2025-03-31", 30, 30),
    ];
    let mut last = Value::Null;
    for (on, nordwind, suedwind) in table {
        let activity = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", on).points(500);
        last = app.record(activity).await;
        for (partner, credits) in [("nordwind", nordwind), ("suedwind", suedwind)] {
            assert_eq!(app.credits_on(partner, TODAY).await, (0, 0), "the year before");
            assert_eq!(app.credits_on(partner, "2025-12-31").await, (credits, 0), "{partner} after {on}");
        }
    }
    app.void(&last).await;
    assert_eq!(app.credits_on("nordwind", "2025-12-31").await, (30, 0));
    assert_eq!(app.credits_on("suedwind", "2025-12-31").await, (15, 0), "taken from who had it");
}

async fn a2_past_awards_are_credited_oldest_first(backend: Backend) {
    let app = app_with_subjects(backend).await;
    let large =
        |on: &str, points| Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", on).points(points);
    // The later ones are recorded first.
    app.record(large("2025-03-20", 400)).await;
    let certification = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2025-03-12").points(500);
    let certification = app.record(certification).await;
    app.record(large("2025-03-10", 200)).await;
    app.record(large("2025-02-28", 1_000)).await;
    assert_eq!(certification["awardedCredits"], 0);
    assert_eq!(app.ledger("nordwind").await, Vec::<Value>::new());

    app.affiliate("ada", "nordwind", "2025-03-01").await;
    // 200, 700 and 1,100 points of March; the day before the affiliation is nobody's.
    let entries = app.ledger("nordwind").await;
    let found: Vec<_> = entries
        .iter()
        .map(|entry| {
            assert_eq!(entry["reason"], "AFFILIATION");
            let text = |field: &str| entry[field].as_str().expect("a text").to_owned();
            (text("effectiveOn"), text("kind"), entry["levelCredits"].as_i64().expect("credits"))
        })
        .collect();
    let expected = [
        ("2025-03-12", "DEVOPS_POINTS", 5),
        ("2025-03-12", "CERTIFICATION_OBTAINED", 10),
        ("2025-03-20", "DEVOPS_POINTS", 5),
    ];
    let expected = expected.map(|(on, kind, credits)| (on.to_owned(), kind.to_owned(), credits));
    assert_eq!(found, expected);
    let said = |place: usize| entries[place]["explanation"].as_str().expect("a sentence").to_owned();
    assert!(said(0).contains("from 200 to 700"), "{}", said(0));
    assert!(said(2).contains("from 700 to 1100"), "{}", said(2));
    assert_eq!(app.balance("nordwind").await, 20);
    let query = "query($source: String!, $id: String!) { activity(source: $source, externalId: $id) { awardedCredits } }";
    let key = json!({ "source": certification["source"], "id": certification["externalId"] });
    assert_eq!(app.ok(query, key).await["activity"]["awardedCredits"], 15);

    // What has a partner is not credited to another.
    app.done("endAffiliation", end("2025-03-20")).await;
    app.affiliate("ada", "suedwind", "2025-03-21").await;
    assert_eq!(app.ledger("suedwind").await, Vec::<Value>::new());
}

async fn a2_voided_awards_come_to_nothing(backend: Backend) {
    let app = app_with_subjects(backend).await;
    let activity = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2025-03-12").points(500);
    let activity = app.record(activity).await;
    app.void(&activity).await;
    app.affiliate("ada", "nordwind", "2025-03-01").await;
    assert_eq!((app.balance("nordwind").await, app.credits_on("nordwind", "2025-12-31").await), (0, (0, 0)));
    let sum: i64 =
        app.ledger("nordwind").await.iter().map(|e| e["levelCredits"].as_i64().expect("credits")).sum();
    assert_eq!(sum, 0);
}

async fn a3_no_end_before_the_last_credited_award(backend: Backend) {
    let app = app_with_subjects(backend).await;
    app.affiliate("ada", "nordwind", "2025-03-01").await;
    let activity = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2025-03-12").points(500);
    app.record(activity).await;
    let payload = app.mutate("endAffiliation", end("2025-03-11")).await;
    let error = &payload["userErrors"][0];
    assert_eq!(error["code"], "INVALID");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("2025-03-12")), "{error}");
    assert_eq!(partner_of(&app, TODAY).await, "nordwind", "it has not ended");
    app.done("endAffiliation", end("2025-03-12")).await;
    assert_eq!(partner_of(&app, "2025-03-13").await, Value::Null);
    let late = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2025-03-13").points(500);
    assert_eq!(app.record(late).await["awardedCredits"], 0);
    assert_eq!(app.balance("nordwind").await, 15);
}
