//! The golden cases of the published texts: facts, a day, and what must come out.
//!
//! PP is the partner program's text, DP the `DevOps` Points text.

use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp};

both! {
    dp_life_cycle,
    pp_rewards_base_discount_of_the_higher_track,
    pp_levels_valid_until_the_end_of_the_following_year,
    pp_earning_devops_points_of_one_month,
    pp_earning_linkedin_posts,
    pp_earning_catalog_downloads,
    pp_earning_demo_system_once_a_year,
    dp_feedback_at_most_100_points_a_month,
    dp_kata_within_a_week,
    pp_legacy_sets_a_first_level,
    pp_same_external_id_is_one_activity,
}

/// The code of a level, or "none".
fn level(level: &Value) -> &str {
    level["code"].as_str().unwrap_or("none")
}

async fn dp_life_cycle(backend: Backend) {
    let app = TestApp::start(backend, "2027-04-11").await;
    app.professional("ada", "2023-04-12").await;
    // day, kind, points
    let facts = [
        ("2023-05-02", "USE_CASE_PUBLISHED", 700),
        ("2023-06-12", "DOCS_LARGE_CONTRIBUTION", 50),
        ("2023-09-01", "USE_CASE_PUBLISHED", 2_500),
        ("2023-11-24", "SOLUTION_PUBLISHED", 1_750),
        ("2024-04-11", "USE_CASE_PUBLISHED", 2_500),
        ("2024-04-11", "DOCS_LARGE_CONTRIBUTION", 100),
        ("2024-08-13", "DOCS_LARGE_CONTRIBUTION", 750),
        ("2024-12-01", "SOLUTION_PUBLISHED", 2_500),
        ("2025-04-11", "USE_CASE_PUBLISHED", 1_050),
        ("2025-06-05", "DOCS_LARGE_CONTRIBUTION", 750),
        ("2025-08-01", "USE_CASE_PUBLISHED", 2_000),
        ("2025-09-09", "SOLUTION_PUBLISHED", 2_250),
        ("2026-04-11", "SOLUTION_PUBLISHED", 2_500),
    ];
    for (on, kind, points) in facts {
        app.record(Activity::of_professional("ada", kind, on).points(points)).await;
    }
    // day, membership year, points, level, retained, secured, to the next level, to retain
    let expected = [
        ("2023-04-12", 0, 0, "none", "none", "none", Some(750), None),
        ("2023-06-11", 0, 700, "none", "none", "none", Some(50), None),
        ("2023-06-12", 0, 750, "ADVOCATE", "none", "ADVOCATE", Some(4_250), Some(0)),
        ("2023-11-23", 0, 3_250, "ADVOCATE", "none", "ADVOCATE", Some(1_750), Some(0)),
        ("2023-11-24", 0, 5_000, "ENABLER", "none", "ENABLER", Some(10_000), Some(0)),
        ("2024-04-11", 0, 7_600, "ENABLER", "none", "ENABLER", Some(7_400), Some(0)),
        ("2024-04-12", 1, 0, "ENABLER", "ENABLER", "none", Some(15_000), Some(5_000)),
        ("2024-08-13", 1, 750, "ENABLER", "ENABLER", "ADVOCATE", Some(14_250), Some(4_250)),
        ("2025-04-11", 1, 4_300, "ENABLER", "ENABLER", "ADVOCATE", Some(10_700), Some(700)),
        ("2025-04-12", 2, 0, "ADVOCATE", "ADVOCATE", "none", Some(5_000), Some(750)),
        ("2025-06-05", 2, 750, "ADVOCATE", "ADVOCATE", "ADVOCATE", Some(4_250), Some(0)),
        ("2025-09-08", 2, 2_750, "ADVOCATE", "ADVOCATE", "ADVOCATE", Some(2_250), Some(0)),
        ("2025-09-09", 2, 5_000, "ENABLER", "ADVOCATE", "ENABLER", Some(10_000), Some(0)),
        ("2026-04-11", 2, 7_500, "ENABLER", "ADVOCATE", "ENABLER", Some(7_500), Some(0)),
        ("2026-04-12", 3, 0, "ENABLER", "ENABLER", "none", Some(15_000), Some(5_000)),
        ("2027-04-11", 3, 0, "ENABLER", "ENABLER", "none", Some(15_000), Some(5_000)),
    ];
    for (on, year, points, now, retained, secured, to_next, to_retain) in expected {
        let standing = &app.professional_on("ada", on).await["standing"];
        let numbers = (standing["membershipYear"].as_i64(), standing["points"].as_i64());
        let levels = ["level", "retainedLevel", "securedLevel"].map(|name| level(&standing[name]));
        let missing = ["pointsToNextLevel", "pointsToRetain"].map(|name| standing[name].as_i64());
        assert_eq!(numbers, (Some(year), Some(points)), "{on}");
        assert_eq!(levels, [now, retained, secured], "{on}");
        assert_eq!(missing, [to_next, to_retain], "{on}");
    }
    let last = app.professional_on("ada", "2027-04-11").await;
    assert_eq!(last["dojoCredits"], 19_400, "they never expire");
    assert_eq!(
        (&last["standing"]["startsOn"], &last["standing"]["renewsOn"]),
        (&json!("2026-04-12"), &json!("2027-04-12"))
    );
}

async fn pp_rewards_base_discount_of_the_higher_track(backend: Backend) {
    let app = TestApp::start(backend, "2025-12-31").await;
    app.partner("nordwind", "2024-06-01").await;
    app.record(Activity::of_partner("nordwind", "CERTIFICATION_OBTAINED", "2025-02-03").quantity(8)).await;
    app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2025-02-03").quantity(25)).await;
    let standing = &app.partner_on("nordwind", "2025-02-03").await["standing"];
    assert_eq!(level(&standing["technical"]["level"]), "CREATOR");
    assert_eq!(level(&standing["business"]["level"]), "COLLABORATOR");
    assert_eq!(level(&standing["overall"]), "CREATOR");

    let query = "{ edition { discounts { level { code } categories percent } } }";
    let rates = app.ok(query, Value::Null).await["edition"]["discounts"].clone();
    let rate = |of: &str| {
        let has = |rate: &&Value| {
            let categories = rate["categories"].as_array().expect("categories");
            level(&rate["level"]) == of && categories.contains(&json!("LICENSE"))
        };
        rates.as_array().expect("a list").iter().find(has).expect("a rate")["percent"].clone()
    };
    assert_ne!(rate("CREATOR"), rate("COLLABORATOR"), "else the case shows nothing");
    let discount = |standing: &Value| {
        let all = standing["baseDiscounts"].as_array().expect("a list");
        all.iter().find(|one| one["category"] == "LICENSE").expect("licences")["percent"].clone()
    };
    assert_eq!(discount(standing), rate("CREATOR"));
    let before = app.partner_on("nordwind", "2025-02-02").await;
    assert_eq!(discount(&before["standing"]), rate("MEMBER"));
}

async fn pp_levels_valid_until_the_end_of_the_following_year(backend: Backend) {
    let app = TestApp::start(backend, "2027-02-01").await;
    app.partner("nordwind", "2024-06-01").await;
    // 15 from points of one month, and 10 on the day that reaches 25.
    app.professional("ada", "2025-01-01").await;
    app.affiliate("ada", "nordwind", "2025-01-01").await;
    for points in [700, 800] {
        let activity = Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", "2025-06-10");
        app.record(activity.points(points)).await;
    }
    app.record(Activity::of_partner("nordwind", "CERTIFICATION_OBTAINED", "2025-11-03")).await;
    // day, credits so far in its year, level, earned on, valid until
    let held = (Some("2025-11-03"), Some("2026-12-31"));
    let expected = [
        ("2025-06-09", 0, "MEMBER", (None, None)),
        ("2025-11-02", 15, "MEMBER", (None, None)),
        ("2025-11-03", 25, "COLLABORATOR", held),
        ("2025-12-31", 25, "COLLABORATOR", held),
        ("2026-01-01", 0, "COLLABORATOR", held),
        ("2026-12-31", 0, "COLLABORATOR", held),
        ("2027-01-01", 0, "MEMBER", (None, None)),
    ];
    for (on, credits, code, dates) in expected {
        let standing = &app.partner_on("nordwind", on).await["standing"];
        let technical = &standing["technical"];
        assert_eq!(technical["credits"], credits, "{on}");
        assert_eq!((level(&technical["level"]), level(&standing["overall"])), (code, code), "{on}");
        let found = (technical["earnedOn"].as_str(), technical["validUntil"].as_str());
        assert_eq!(found, dates, "{on}");
        assert_eq!(level(&standing["business"]["level"]), "MEMBER", "{on}");
    }
    assert_eq!(app.balance("nordwind").await, 25, "credits don't expire with the level");
}

async fn pp_earning_devops_points_of_one_month(backend: Backend) {
    let app = TestApp::start(backend, "2026-08-31").await;
    for partner in ["nordwind", "suedwind"] {
        app.partner(partner, "2024-06-01").await;
    }
    for (professional, partner) in [("ada", "nordwind"), ("bob", "nordwind"), ("cyd", "suedwind")] {
        app.professional(professional, "2025-01-01").await;
        app.affiliate(professional, partner, "2025-01-01").await;
    }
    // day, professional, points, credits of both partners after it
    let table = [
        ("2025-03-01", "ada", 400, 0, 0),
        ("2025-03-02", "bob", 99, 0, 0),
        ("2025-03-03", "bob", 1, 5, 0),
        ("2025-03-04", "ada", 499, 5, 0),
        ("2025-03-31", "bob", 1, 10, 0),
        ("2025-03-31", "cyd", 499, 10, 0),
        ("2025-04-01", "cyd", 499, 10, 0),
    ];
    for (on, who, points, nordwind, suedwind) in table {
        app.record(Activity::of_professional(who, "DOCS_LARGE_CONTRIBUTION", on).points(points)).await;
        for (partner, credits) in [("nordwind", nordwind), ("suedwind", suedwind)] {
            assert_eq!(app.credits_on(partner, "2025-12-31").await, (credits, 0), "{partner} after {on}");
            assert_eq!(app.balance(partner).await, credits, "{partner} after {on}");
        }
    }
}

/// Records quantities of one kind in one month and compares the credits after each.
async fn quantities(backend: Backend, kind: &str, technical: bool, table: &[(i64, i64)]) {
    let app = TestApp::start(backend, "2026-08-31").await;
    app.partner("nordwind", "2024-06-01").await;
    for (place, (quantity, credits)) in table.iter().enumerate() {
        let on = format!("2025-05-{:02}", place + 1);
        app.record(Activity::of_partner("nordwind", kind, &on).quantity(*quantity)).await;
        let expected = if technical { (*credits, 0) } else { (0, *credits) };
        assert_eq!(app.credits_on("nordwind", "2025-05-31").await, expected, "{quantity} more");
        assert_eq!(app.balance("nordwind").await, *credits, "{quantity} more");
    }
    // Another month begins anew.
    let (first, earned) = table[0];
    app.record(Activity::of_partner("nordwind", kind, "2025-06-01").quantity(first)).await;
    let total = table.last().expect("a row").1 + earned;
    assert_eq!(app.balance("nordwind").await, total);
}

async fn pp_earning_linkedin_posts(backend: Backend) {
    // 1 → 0, 2 → 5, 7 → 5: more posts, credits of the month
    quantities(backend, "LINKEDIN_POST", false, &[(1, 0), (1, 5), (5, 5)]).await;
    let app = TestApp::start(backend, "2026-08-31").await;
    app.partner("nordwind", "2024-06-01").await;
    let repost = Activity::of_partner("nordwind", "LINKEDIN_POST", "2025-05-01");
    let repost = repost.quantity(2).attributes(json!({ "repost": true }));
    assert_eq!(app.refusals("recordActivity", repost.input()).await, ["NOT_ELIGIBLE"]);
    assert_eq!(app.balance("nordwind").await, 0);
}

async fn pp_earning_catalog_downloads(backend: Backend) {
    // 4 → 0, 5 → 10, 23 → 40: more downloads, credits of the month
    quantities(backend, "CATALOG_DOWNLOADS", true, &[(4, 0), (1, 10), (18, 40)]).await;
}

async fn pp_earning_demo_system_once_a_year(backend: Backend) {
    let app = TestApp::start(backend, "2026-08-31").await;
    app.partner("nordwind", "2024-06-01").await;
    let system = |on: &str, enabled: bool| {
        Activity::of_partner("nordwind", "DEMO_SYSTEM", on)
            .attributes(json!({ "dataminerServicesEnabled": enabled }))
    };
    // day, balance after it
    for (on, balance) in [("2025-01-10", 10), ("2025-07-10", 10), ("2026-01-10", 20), ("2025-12-31", 20)] {
        app.record(system(on, true)).await;
        assert_eq!(app.balance("nordwind").await, balance, "{on}");
    }
    let plain = Activity::of_partner("nordwind", "DEMO_SYSTEM", "2025-08-10");
    for refused in [system("2025-08-10", false), plain] {
        let payload = app.mutate("recordActivity", refused.input()).await;
        let error = &payload["userErrors"][0];
        assert_eq!(error["code"], "NOT_ELIGIBLE");
        assert!(error["message"].as_str().is_some_and(|text| text.contains("dataminer.services")), "{error}");
        assert_eq!(payload["activity"], Value::Null);
    }
    assert_eq!(app.credits_on("nordwind", "2025-12-31").await, (10, 0));
    assert_eq!(app.credits_on("nordwind", "2026-08-31").await, (10, 0));
}

async fn dp_feedback_at_most_100_points_a_month(backend: Backend) {
    let app = TestApp::start(backend, "2026-08-31").await;
    app.professional("ada", "2025-01-01").await;
    let mut given = Vec::new();
    for on in ["2025-03-01", "2025-03-02", "2025-03-03"] {
        given.push(app.record(Activity::of_professional("ada", "FEEDBACK_SUBMITTED", on)).await);
    }
    let points = async || {
        let ada = app.professional_on("ada", "2025-03-31").await;
        (ada["standing"]["points"].as_i64(), ada["dojoCredits"].as_i64())
    };
    assert_eq!(points().await, (Some(100), Some(100)));
    // which one is voided, points left
    for (place, left) in [(0, 100), (2, 50), (1, 0)] {
        app.void(&given[place]).await;
        assert_eq!(points().await, (Some(left), Some(left)), "the {place}. voided");
    }
}

async fn dp_kata_within_a_week(backend: Backend) {
    let app = TestApp::start(backend, "2026-08-31").await;
    // day done, released on, points
    let table = [
        ("2025-06-01", Some("2025-06-01"), 150),
        ("2025-06-08", Some("2025-06-01"), 150),
        ("2025-06-09", Some("2025-06-01"), 75),
        ("2025-06-09", None, 75),
    ];
    for (place, (on, released, points)) in table.into_iter().enumerate() {
        let code = format!("p{place}");
        app.professional(&code, "2025-01-01").await;
        let mut kata = Activity::of_professional(&code, "KATA_COMPLETED", on);
        if let Some(day) = released {
            kata = kata.attributes(json!({ "releasedOn": day }));
        }
        let kata = app.record(kata).await;
        assert_eq!(kata["awardedPoints"], points, "{on} {released:?}");
        let standing = &app.professional_on(&code, "2025-06-30").await["standing"];
        assert_eq!(standing["points"], points, "{on} {released:?}");
    }
}

async fn pp_legacy_sets_a_first_level(backend: Backend) {
    let app = TestApp::start(backend, "2026-08-31").await;
    app.partner("nordwind", "2020-01-01").await;
    app.record(Activity::of_partner("nordwind", "CERTIFICATION_OBTAINED", "2023-03-01").quantity(3)).await;
    let held = (Some("2024-05-01"), Some("2025-12-31"));
    let expected = [
        ("2024-05-01", "COLLABORATOR", held),
        ("2025-12-31", "COLLABORATOR", held),
        ("2026-01-01", "MEMBER", (None, None)),
    ];
    for (on, code, dates) in expected {
        let partner = app.partner_on("nordwind", on).await;
        let technical = &partner["standing"]["technical"];
        assert_eq!(
            (level(&technical["level"]), level(&partner["standing"]["overall"])),
            (code, code),
            "{on}"
        );
        assert_eq!((technical["earnedOn"].as_str(), technical["validUntil"].as_str()), dates, "{on}");
        assert_eq!((&technical["credits"], &partner["balance"]), (&json!(0), &json!(0)), "{on}");
    }
    let entry = &app.ledger("nordwind").await[0];
    assert_eq!((&entry["reason"], &entry["levelCredits"]), (&json!("LEGACY"), &json!(30)));
    assert_eq!((&entry["spendableCredits"], &entry["balanceAfter"]), (&json!(0), &json!(0)));

    // What was earned since keeps the level beyond the legacy window.
    app.partner("suedwind", "2020-01-01").await;
    for on in ["2022-05-01", "2024-04-30", "2025-01-01"] {
        app.record(Activity::of_partner("suedwind", "CERTIFICATION_OBTAINED", on).quantity(3)).await;
    }
    // The day before the window earns nothing at all.
    let early = Activity::of_partner("suedwind", "CERTIFICATION_OBTAINED", "2022-04-30").quantity(9);
    assert_eq!(app.record(early).await["awardedCredits"], 0);
    for (on, code) in
        [("2024-05-01", "COLLABORATOR"), ("2026-01-01", "COLLABORATOR"), ("2026-08-31", "COLLABORATOR")]
    {
        assert_eq!(level(&app.partner_on("suedwind", on).await["standing"]["overall"]), code, "{on}");
    }
    assert_eq!(app.balance("suedwind").await, 30);
}

async fn pp_same_external_id_is_one_activity(backend: Backend) {
    let app = TestApp::start(backend, "2026-08-31").await;
    app.partner("nordwind", "2024-06-01").await;
    let event = Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2025-05-01");
    let first = app.done("recordActivity", event.input()).await;
    let again = app.done("recordActivity", event.input()).await;
    assert_eq!((&first["duplicate"], &again["duplicate"]), (&json!(false), &json!(true)));
    assert_eq!(first["activity"], again["activity"]);
    let other = event.quantity(2);
    assert_eq!(app.refusals("recordActivity", other.input()).await, ["CONFLICTING_DUPLICATE"]);
    assert_eq!((app.balance("nordwind").await, app.ledger("nordwind").await.len()), (50, 1));
}
