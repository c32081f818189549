//! The report of the program.

use serde_json::{Value, json};

use crate::harness::{Activity, Backend, Order, TestApp};

both! {
    a_report_sums_credits_discounts_and_levels,
    reports_are_for_staff_and_for_periods,
}

const REPORT: &str = "query($from: Date!, $to: Date!) { programReport(from: $from, to: $to) { from to \
    credits { track reason entries levelCredits spendableCredits } unspent { year credits } unspentValue { amount currency } \
    discounts { level category byContract lines list { amount currency } discount { amount } redeemed { amount } } \
    levels { on track level partners } forecast { on track level partners } renewals { level professionals secured } } }";

fn rows(report: &Value, list: &str, fields: &[&str]) -> Vec<Value> {
    let rows = report[list].as_array().expect("a list").iter();
    rows.map(|row| fields.iter().map(|field| row[field].clone()).collect()).collect()
}

#[expect(clippy::too_many_lines, reason = "one program with everything that a report sums")]
async fn a_report_sums_credits_discounts_and_levels(backend: Backend) {
    let app = TestApp::start(backend, "2026-08-31").await;
    for code in ["nordwind", "polder", "gone"] {
        app.partner(code, "2024-06-01").await;
    }
    app.product("license", "LICENSE", &[("1000.00", "EUR")]).await;
    app.product("course", "TRAINING", &[("100.00", "EUR")]).await;
    app.earn("nordwind", "2025-05-01", 80).await;
    app.earn("nordwind", "2026-03-15", 30).await;
    app.earn("polder", "2026-07-01", 40).await;
    let certified = app.record(Activity::of_partner("polder", "CERTIFICATION_OBTAINED", "2026-07-02")).await;
    app.void(&certified).await;
    app.done("endPartnership", json!({ "partner": "gone", "on": "2026-04-15", "reason": "a test" })).await;
    app.place(&Order::for_customer("nordwind").line("license", 2)).await;
    app.place(&Order::self_use("nordwind").line("course", 2).credits(90)).await;
    app.professional("ada", "2024-01-01").await;
    app.record(Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2025-05-01").points(800)).await;
    app.professional("bo", "2024-01-01").await;
    app.record(Activity::of_professional("bo", "CERTIFICATION_OBTAINED", "2026-05-01").points(800)).await;

    let period = json!({ "from": "2026-03-01", "to": "2026-08-31" });
    let report = app.ok(REPORT, period).await["programReport"].clone();
    let mut credits =
        rows(&report, "credits", &["track", "reason", "entries", "levelCredits", "spendableCredits"]);
    credits.sort_by_key(ToString::to_string);
    assert_eq!(
        credits,
        [
            json!(["BUSINESS", "ACTIVITY", 2, 70, 70]),
            json!(["TECHNICAL", "ACTIVITY", 1, 10, 10]),
            json!(["TECHNICAL", "VOID", 1, -10, -10]),
            json!([null, "REDEMPTION", 1, 0, -90]),
        ]
    );
    // Nordwind had 110 and spent 90, the oldest first.
    assert_eq!(rows(&report, "unspent", &["year", "credits"]), [json!([2026, 60])]);
    let value = rows(&report, "unspentValue", &["amount", "currency"]);
    assert!(value.contains(&json!(["60.00", "EUR"])), "{value:?}");
    let discounts = rows(&report, "discounts", &["level", "category", "byContract", "lines"]);
    assert_eq!(
        discounts,
        [json!(["CREATOR", "LICENSE", false, 1]), json!(["CREATOR", "TRAINING", false, 1])]
    );
    let rate = app
        .ok("{ partner(code: \"nordwind\") { standing { baseDiscounts { percent } } } }", Value::Null)
        .await;
    let percent: i64 = rate["partner"]["standing"]["baseDiscounts"][0]["percent"]
        .as_str()
        .expect("a number")
        .parse()
        .expect("whole");
    assert_eq!(report["discounts"][0]["discount"]["amount"], format!("{}.00", 20 * percent));
    assert_eq!(report["discounts"][1]["redeemed"]["amount"], "90.00");
    let of = |on: &str, track: &str| {
        let levels = rows(&report, "levels", &["on", "track", "level", "partners"]).into_iter();
        levels
            .filter(|row| row[0] == on && row[1] == track)
            .map(|row| json!([row[2], row[3]]))
            .collect::<Vec<_>>()
    };
    assert_eq!(of("2026-03-31", "BUSINESS"), [json!(["CREATOR", 1]), json!(["MEMBER", 2])]);
    assert_eq!(of("2026-06-30", "BUSINESS"), [json!(["CREATOR", 1]), json!(["MEMBER", 1])]);
    assert_eq!(of("2026-08-31", "BUSINESS"), [json!(["COLLABORATOR", 1]), json!(["CREATOR", 1])]);
    assert_eq!(of("2026-08-31", "TECHNICAL"), [json!(["MEMBER", 2])]);
    let days: std::collections::BTreeSet<String> = rows(&report, "levels", &["on"])
        .iter()
        .map(|row| row[0].as_str().expect("a day").to_owned())
        .collect();
    assert_eq!(days.len(), 6);
    assert_eq!(
        rows(&report, "forecast", &["on", "track", "level", "partners"]),
        [
            json!(["2027-01-01", "TECHNICAL", "MEMBER", 2]),
            json!(["2027-01-01", "BUSINESS", "COLLABORATOR", 2])
        ]
    );
    assert_eq!(
        rows(&report, "renewals", &["level", "professionals", "secured"]),
        [json!(["ADVOCATE", 2, 1])]
    );
    // A year of which something later is known: the day is what counts.
    let earlier =
        app.ok(REPORT, json!({ "from": "2025-04-01", "to": "2025-04-30" })).await["programReport"].clone();
    assert_eq!(
        rows(&earlier, "levels", &["track", "level", "partners"]),
        [json!(["TECHNICAL", "MEMBER", 3]), json!(["BUSINESS", "MEMBER", 3])]
    );
    assert_eq!(earlier["credits"], json!([]));
}

async fn reports_are_for_staff_and_for_periods(backend: Backend) {
    let app = TestApp::start(backend, "2026-08-31").await;
    app.partner("nordwind", "2024-06-01").await;
    let period = json!({ "from": "2026-03-01", "to": "2026-08-31" });
    for (role, subject, seen) in [
        ("PROGRAM_STAFF", None, true),
        ("PARTNER", Some("nordwind"), false),
        ("INTEGRATOR", Some("crm"), false),
    ] {
        let key = app.key(role, subject).await;
        let answer = app.send_as(&key, REPORT, period.clone()).await;
        assert_eq!(answer.codes() == ["FORBIDDEN"], !seen, "{role}: {}", answer.text);
        assert_eq!(answer.body["data"]["programReport"]["from"] == "2026-03-01", seen, "{role}");
    }
    for (from, to, words) in [
        ("2026-08-01", "2026-09-01", "2026-09-01 is in the future"),
        ("2026-08-02", "2026-08-01", "from 2026-08-02 is after to 2026-08-01."),
        ("2020-08-02", "2026-08-01", "A report has at most 36 months"),
    ] {
        let answer = app.send(REPORT, json!({ "from": from, "to": to })).await;
        let message = answer.body["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{}", answer.text);
    }
}
