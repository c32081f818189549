//! Reads of days: those asked for in the past, what was known at a moment, and what explains the numbers of a day.

use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp};

both! {
    v5_days_that_can_be_asked_for,
    k1_what_was_known_at_a_moment,
    level_history_contains_earned_levels,
    explanations_hold_the_arithmetic,
    credits_of_a_year,
    edition_of_a_day,
    s3_standings_of_a_list_are_those_of_each_professional,
}

const TODAY: &str = "2026-08-31";

async fn v5_days_that_can_be_asked_for(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("old", "2020-01-01").await;
    app.partner("new", "2025-03-01").await;
    app.professional("ada", "2025-03-01").await;
    let of_partner =
        "query($code: String!, $day: Date) { partner(code: $code) { name standing(asOf: $day) { asOf } } }";
    let of_person =
        "query($code: String!, $day: Date) { professional(code: $code) { standing(asOf: $day) { asOf } } }";
    // query, code, day, words of the error
    let table = [
        (of_partner, "old", "2024-04-30", Some("launch on 2024-05-01")),
        (of_partner, "old", "2024-05-01", None),
        (of_partner, "new", "2025-02-28", Some("enrolment on 2025-03-01")),
        (of_partner, "new", "2025-03-01", None),
        (of_partner, "new", TODAY, None),
        (of_partner, "new", "2026-09-01", Some("is in the future; today is 2026-08-31")),
        (of_person, "ada", "2025-02-28", Some("sign-up on 2025-03-01")),
        (of_person, "ada", "2025-03-01", None),
        (of_person, "ada", TODAY, None),
        (of_person, "ada", "2026-09-01", Some("is in the future; today is 2026-08-31")),
    ];
    for (query, code, day, words) in table {
        let answer = app.send(query, json!({ "code": code, "day": day })).await;
        let Some(words) = words else {
            assert_eq!(answer.codes(), [""; 0], "{code} on {day}: {}", answer.text);
            continue;
        };
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{code} on {day}");
        let message = answer.body["errors"][0]["message"].as_str().expect("a message");
        assert!(message.contains(words) && message.contains(day), "{code} on {day}: {message}");
    }
    // Without a day it is today.
    let today = app.ok(of_partner, json!({ "code": "new" })).await;
    assert_eq!(today["partner"]["standing"]["asOf"], TODAY);
    for query in [
        "query($day: Date) { partner(code: \"new\") { professionals(asOf: $day) { totalCount } } }",
        "query($day: Date) { professional(code: \"ada\") { partner(asOf: $day) { code } } }",
    ] {
        assert_eq!(
            app.send(query, json!({ "day": "2026-09-01" })).await.codes(),
            ["BAD_USER_INPUT"],
            "{query}"
        );
    }
}

async fn k1_what_was_known_at_a_moment(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2025-01-01").await;
    app.affiliate("ada", "nordwind", "2025-01-01").await;
    let query = "query($at: DateTime, $day: Date) { \
        partner(code: \"nordwind\") { balance(knownAt: $at) credits(year: 2025, knownAt: $at) { technical business } \
        standing(asOf: $day, knownAt: $at) { overall { code } technical { credits earnedOn } business { credits } } } \
        professional(code: \"ada\") { dojoCredits(knownAt: $at) \
        standing(asOf: $day, knownAt: $at) { points level { code } } } }";
    let known = async |at: Value| app.ok(query, json!({ "at": at, "day": "2025-12-31" })).await;
    // What is recorded, one after the other: later steps count on earlier days.
    let certification = |on: &str| Activity::of_professional("ada", "CERTIFICATION_OBTAINED", on).points(600);
    let mut states = vec![(Value::Null, known(Value::Null).await)];
    let mut first = Value::Null;
    for on in ["2025-06-01", "2025-03-01", "2025-06-02"] {
        let activity = app.record(certification(on)).await;
        states.push((activity["recordedAt"].clone(), known(Value::Null).await));
        if first.is_null() {
            first = activity;
        }
    }
    app.record(Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2025-02-01")).await;
    let last = app.ledger("nordwind").await.pop().expect("an entry")["recordedAt"].clone();
    states.push((last, known(Value::Null).await));
    app.void(&first).await;
    let last = app.ledger("nordwind").await.pop().expect("an entry")["recordedAt"].clone();
    states.push((last, known(Value::Null).await));

    let (_, nothing) = states.remove(0);
    let balances: Vec<_> = states.iter().map(|(_, state)| state["partner"]["balance"].as_i64()).collect();
    // 15 each; the second one of June completes 1,200 points of that month, so 5 more for 1,000.
    assert_eq!(balances, [Some(15), Some(30), Some(45), Some(95), Some(80)]);
    let moments: Vec<&str> = states.iter().map(|(at, _)| at.as_str().expect("a moment")).collect();
    assert!(moments.is_sorted_by(|one, next| one < next), "each moment is later: {moments:?}");
    for (at, state) in &states {
        assert_eq!(&known(at.clone()).await, state, "at {at}");
    }
    assert_eq!(known(json!("2020-01-01T00:00:00Z")).await, nothing, "before anything was known");
    let (_, now) = states.last().expect("states");
    assert_eq!(&known(json!("2999-01-01T00:00:00+01:00")).await, now, "everything known");
    // Both axes at once: on an early day only what counts by then, out of what was known.
    let query = "query($at: DateTime) { partner(code: \"nordwind\") { standing(asOf: \"2025-05-31\", knownAt: $at) \
                 { technical { credits } business { credits } } } }";
    for ((at, _), (technical, business)) in states.iter().zip([(0, 0), (15, 0), (15, 0), (15, 50), (15, 50)])
    {
        let standing = app.ok(query, json!({ "at": at })).await["partner"]["standing"].clone();
        let found = (&standing["technical"]["credits"], &standing["business"]["credits"]);
        assert_eq!(found, (&json!(technical), &json!(business)), "at {at}");
    }
}

async fn level_history_contains_earned_levels(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2020-01-01").await;
    let certification = |on: &str, quantity| {
        Activity::of_partner("nordwind", "CERTIFICATION_OBTAINED", on).quantity(quantity)
    };
    app.record(certification("2023-03-01", 3)).await;
    app.record(certification("2025-03-01", 3)).await;
    let lost = app.record(certification("2025-05-01", 5)).await;
    app.record(Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2025-04-01").quantity(2)).await;
    let history = async || {
        let query = "{ partner(code: \"nordwind\") { levelHistory { track level { code } earnedOn validUntil lapsedOn reversed legacy } } }";
        let history = app.ok(query, Value::Null).await["partner"]["levelHistory"].clone();
        let text = |award: &Value| {
            let part = |value: &Value| value.as_str().expect("a text").to_owned();
            let parts = [&award["track"], &award["level"]["code"], &award["earnedOn"], &award["validUntil"]]
                .map(part);
            let words = [("legacy", award["legacy"] == true), ("reversed", award["reversed"] == true)];
            let lapsed_on = award["lapsedOn"].as_str().map(|day| format!("lapsed {day}"));
            let words = words.into_iter().filter(|(_, said)| *said).map(|(word, _)| word.to_owned());
            parts.into_iter().chain(words).chain(lapsed_on).collect::<Vec<_>>().join(" ")
        };
        history.as_array().expect("a list").iter().map(text).collect::<Vec<_>>()
    };
    let kept = [
        "TECHNICAL COLLABORATOR 2024-05-01 2025-12-31 legacy lapsed 2026-01-01",
        "TECHNICAL COLLABORATOR 2025-03-01 2026-12-31",
        "BUSINESS CREATOR 2025-04-01 2026-12-31",
    ];
    let mut all = kept.to_vec();
    all.push("TECHNICAL CREATOR 2025-05-01 2026-12-31");
    assert_eq!(history().await, all);
    app.void(&lost).await;
    let reversed = format!("{} reversed lapsed {TODAY}", all[3]);
    all[3] = &reversed;
    assert_eq!(history().await, all, "a level that a reversal took away says so");
}

async fn explanations_hold_the_arithmetic(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2020-01-01").await;
    app.professional("ada", "2023-01-01").await;
    app.affiliate("ada", "nordwind", "2023-01-01").await;
    let partner = |kind: &str, on: &str, n| Activity::of_partner("nordwind", kind, on).quantity(n);
    let large =
        |points| Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", "2025-06-01").points(points);
    let posts = app.record(partner("LINKEDIN_POST", "2025-06-01", 3)).await;
    for activity in [
        partner("CATALOG_DOWNLOADS", "2025-06-02", 23),
        partner("CUSTOMER_MEETING", "2025-06-03", 4),
        partner("DOJO_PROFILE", "2025-06-03", 1),
        partner("CERTIFICATION_OBTAINED", "2023-06-03", 2),
        large(480),
        large(50),
    ] {
        app.record(activity).await;
    }
    app.void(&posts).await;
    // kind, parts of the sentence
    let expected: [(&str, &[&str]); 7] = [
        (
            "LINKEDIN_POST",
            &["LinkedIn posts", "June 2025", "0 to 3", "5 - 0 = 5 business credits", "PP, Earning Credits"],
        ),
        ("CATALOG_DOWNLOADS", &["0 to 23", "10 for every full 5", "40 - 0 = 40 technical credits"]),
        ("CUSTOMER_MEETING", &["4 × 1 = 4 business credits"]),
        ("DOJO_PROFILE", &["0 to 1", "at most 10", "10 - 0 = 10 business credits"]),
        ("CERTIFICATION_OBTAINED", &["2 × 10 = 20 technical credits", "cannot be spent"]),
        ("DEVOPS_POINTS", &["480 to 530", "5 for every full 500", "5 - 0 = 5 technical credits"]),
        ("LINKEDIN_POST", &["voided", "3 to 0", "0 - 5 = -5 business credits"]),
    ];
    let entries = app.ledger("nordwind").await;
    assert_eq!(entries.len(), expected.len());
    let mut balance = 0;
    for (entry, (kind, parts)) in entries.iter().zip(expected) {
        assert_eq!(entry["kind"], kind);
        let sentence = entry["explanation"].as_str().expect("a sentence");
        assert!(sentence.ends_with('.'), "{sentence}");
        for part in parts {
            assert!(sentence.contains(part), "{part}: {sentence}");
        }
        balance += entry["spendableCredits"].as_i64().expect("credits");
        assert_eq!(entry["balanceAfter"], balance);
        let amount = entry["levelCredits"].to_string();
        assert!(sentence.contains(&format!("= {amount} ")), "the amount is the sum: {sentence}");
    }
    assert_eq!(app.balance("nordwind").await, balance);
}

async fn credits_of_a_year(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2020-01-01").await;
    for (on, n) in [
        ("2022-04-30", 9),
        ("2022-05-01", 1),
        ("2024-04-30", 2),
        ("2024-05-01", 3),
        ("2025-12-31", 4),
        ("2026-01-01", 5),
    ] {
        app.record(Activity::of_partner("nordwind", "CERTIFICATION_OBTAINED", on).quantity(n)).await;
        app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", on).quantity(n)).await;
    }
    let query = "query($year: Int!, $at: DateTime) { partner(code: \"nordwind\") { credits(year: $year, knownAt: $at) \
                 { year technical business total } } }";
    // year, certifications and meetings that count in it
    let table = [
        (2021, 0),
        (2022, 1),
        (2023, 0),
        (2024, 3),
        (2025, 4),
        (2026, 5),
        (2027, 0),
        (0, 0),
        (-1, 0),
        (i32::MAX, 0),
        (i32::MIN, 0),
    ];
    for (year, n) in table {
        for at in [Value::Null, json!("2999-01-01T00:00:00Z")] {
            let credits =
                app.ok(query, json!({ "year": year, "at": at })).await["partner"]["credits"].clone();
            let expected = json!({ "year": year, "technical": 10 * n, "business": n, "total": 11 * n });
            assert_eq!(credits, expected, "{year} at {at}");
        }
    }
}

async fn edition_of_a_day(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let query = "query($day: Date) { edition(asOf: $day) { id effectiveFrom document earningRules { program kind } \
                 partnerLevels { code threshold } professionalLevels { code threshold } } }";
    let today = app.ok(query, Value::Null).await["edition"].clone();
    assert_eq!(today["effectiveFrom"], "2024-05-01");
    assert_eq!(today["document"], partner_program::program::edition::BUILT_IN);
    assert_eq!(today["earningRules"].as_array().map(Vec::len), Some(39));
    let levels = |name: &str| {
        let levels = today[name].as_array().expect("levels");
        levels.iter().map(|level| (level["code"].clone(), level["threshold"].clone())).collect::<Vec<_>>()
    };
    let partner = [("MEMBER", 0), ("COLLABORATOR", 25), ("CREATOR", 75)];
    let professional = [("ADVOCATE", 750), ("ENABLER", 5_000), ("CATALYST", 15_000)];
    assert_eq!(levels("partnerLevels"), partner.map(|(code, threshold)| (json!(code), json!(threshold))));
    assert_eq!(
        levels("professionalLevels"),
        professional.map(|(code, threshold)| (json!(code), json!(threshold)))
    );
    // Days before the first edition are judged by it; there is one policy, however often the server starts.
    for day in ["2022-05-01", "2024-05-01"] {
        assert_eq!(app.ok(query, json!({ "day": day })).await["edition"], today, "{day}");
    }
    let app = app.restart("2026-09-01").await;
    assert_eq!(app.ok(query, Value::Null).await["edition"], today);
}

/// A list reads its standings with its rows; one professional's is read by itself. They also agree when the clock was set
/// back since points were recorded.
async fn s3_standings_of_a_list_are_those_of_each_professional(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2020-01-01").await;
    let people = [
        ("ada", "2022-03-10", &["2022-04-01", "2025-04-01", "2026-03-10", "2026-08-31"][..]),
        ("bram", "2024-02-29", &["2025-02-28", "2026-02-27", "2026-02-28"]),
        ("cleo", "2023-09-01", &["2023-09-01", "2024-08-31"]),
        ("dirk", "2025-06-01", &["2025-07-01"]),
        ("ella", "2026-01-01", &[]),
    ];
    for (code, signed_up_on, days) in people {
        app.professional(code, signed_up_on).await;
        app.affiliate(code, "nordwind", "2026-01-01").await;
        for day in days {
            let activity = Activity::of_professional(code, "USE_CASE_PUBLISHED", day).points(900);
            app.record(activity.external_id(&format!("{code}-{day}"))).await;
        }
    }
    let back = app.another("2026-03-11").await;
    let standing = "code standing { asOf membershipYear points level { code } validUntil securedLevel { code } pointsToRetain }";
    for app in [&app, &back] {
        let list = "partner(code: \"nordwind\") { professionals";
        let nodes = app.ok(&format!("{{ {list} {{ nodes {{ {standing} }} }} }} }}"), json!({})).await;
        let edges =
            app.ok(&format!("{{ {list} {{ edges {{ node {{ {standing} }} }} }} }} }}"), json!({})).await;
        let nodes = &nodes["partner"]["professionals"]["nodes"];
        for (place, (code, ..)) in people.iter().enumerate() {
            let alone =
                app.ok(&format!("{{ professional(code: \"{code}\") {{ {standing} }} }}"), json!({})).await;
            assert_eq!(nodes[place], alone["professional"], "{code}");
            assert_eq!(edges["partner"]["professionals"]["edges"][place]["node"], nodes[place], "{code}");
        }
        assert_ne!(nodes[0]["standing"]["points"], 0, "{nodes}");
    }
    back.stop().await;
}
