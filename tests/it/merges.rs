//! Merges of professionals: one account is as if everything had been recorded there from the start (E4).

use std::process::Command;

use futures_util::future::join_all;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::harness::deals::swag;
use crate::harness::{Activity, Backend, TestApp, everything, verified};

both! {
    e4_a_merged_professional_is_as_if_recorded_there_from_the_start,
    the_former_code_means_the_remaining_professional,
    affiliations_with_one_partner_are_joined,
    what_contradicts_is_refused,
    a_preview_is_what_the_merge_then_does,
    the_same_key_is_the_same_merge,
    merges_of_merges_keep_every_code,
    a_hundred_that_record_and_one_that_merges,
}

const TODAY: &str = "2026-08-31";

fn merge(from: &str, into: &str) -> Value {
    json!({ "from": from, "into": into, "reason": "signed up twice" })
}

/// What two accounts did, in one order; `other` is the second one, or the first one again.
async fn record(app: &TestApp, other: &str) {
    app.partner("nordwind", "2024-01-01").await;
    app.partner("suedwind", "2024-01-01").await;
    app.professional("ada", "2024-01-10").await;
    if other != "ada" {
        app.professional(other, "2024-02-01").await;
    }
    app.item("hoodie", 100, 50).await;
    app.affiliate(other, "suedwind", "2024-03-01").await;
    for (who, kind, on, points) in [
        (other, "CERTIFICATION_OBTAINED", "2024-05-01", Some(600)),
        // The first account works for nobody then, and both together for the partner of the second.
        ("ada", "CERTIFICATION_OBTAINED", "2024-06-01", Some(700)),
        ("ada", "DOCS_LARGE_CONTRIBUTION", "2024-06-02", Some(300)),
        (other, "DOCS_LARGE_CONTRIBUTION", "2024-06-03", Some(250)),
        // At most 250 in a membership year, whose first day is another one for the second account.
        (other, "LINKEDIN_HEADLINE", "2024-07-01", None),
        ("ada", "LINKEDIN_HEADLINE", "2024-08-01", None),
        ("ada", "EMAIL_SIGNATURE", "2025-01-20", None),
        (other, "EMAIL_SIGNATURE", "2025-01-25", None),
        // At most 100 in a month.
        ("ada", "FEEDBACK_SUBMITTED", "2024-09-01", None),
        (other, "FEEDBACK_SUBMITTED", "2024-09-02", None),
        (other, "FEEDBACK_SUBMITTED", "2024-09-03", None),
        (other, "DOCS_LARGE_CONTRIBUTION", "2025-03-04", Some(900)),
        // Before either works for a partner.
        ("ada", "DOCS_LARGE_CONTRIBUTION", "2024-02-10", Some(500)),
        (other, "DOCS_LARGE_CONTRIBUTION", "2024-02-15", Some(450)),
        (other, "CERTIFICATION_OBTAINED", "2024-02-16", Some(600)),
    ] {
        let activity = Activity::of_professional(who, kind, on).external_id(&format!("{kind} {on}"));
        app.record(points.into_iter().fold(activity, Activity::points)).await;
    }
    let voided = Activity::of_professional(other, "DOCS_LARGE_CONTRIBUTION", "2024-10-01").points(200);
    let voided = app.record(voided.external_id("voided")).await;
    app.void(&voided).await;
    app.done("endAffiliation", json!({ "professional": other, "endsOn": "2025-04-30" })).await;
    app.affiliate("ada", "nordwind", "2025-06-01").await;
    let late = Activity::of_professional(other, "DOCS_LARGE_CONTRIBUTION", "2026-03-04").points(450);
    app.record(late.external_id("late")).await;
    let claim = Activity::of_professional(other, "BLOG_POST_PUBLISHED", "2026-04-01").points(500);
    app.done("submitActivity", claim.external_id("claim").input()).await;
    app.done("placeSwagOrder", swag(other, "hoodie", 2, "k1")).await;
    let cancelled = app.done("placeSwagOrder", swag(other, "hoodie", 1, "k2")).await;
    app.done("cancelSwagOrder", json!({ "number": cancelled["swagOrder"]["number"] })).await;
    app.done("placeSwagOrder", swag("ada", "hoodie", 3, "k3")).await;
}

/// Everything that the facts come to.
async fn sums(app: &TestApp) -> Value {
    let mut sums = json!({});
    for day in ["2024-06-30", "2024-12-31", "2025-03-31", "2025-12-31", TODAY] {
        sums[format!("ada {day}")] = app.professional_on("ada", day).await;
        for partner in ["nordwind", "suedwind"] {
            let on = app.partner_on(partner, day).await;
            sums[format!("{partner} {day}")] = json!([on["balance"], on["standing"], on["credits"]]);
        }
    }
    let query = "{ professional(code: \"ada\") { \
                 activities(first: 100) { totalCount nodes { externalId status awardedPoints } } \
                 affiliations { nodes { partner { code } startsOn endsOn } } swagOrders { totalCount } \
                 partner { code } } }";
    let mut lists = app.ok(query, json!({})).await["professional"].clone();
    let activities = lists["activities"]["nodes"].as_array_mut().expect("a list");
    activities.sort_by_key(|one| one["externalId"].as_str().expect("a text").to_owned());
    let affiliations = lists["affiliations"]["nodes"].as_array_mut().expect("a list");
    affiliations.sort_by_key(|one| one["startsOn"].as_str().expect("a day").to_owned());
    sums["lists"] = lists;
    sums
}

/// Net points of each day, of the ledger.
async fn ledger(app: &TestApp, code: &str) -> Vec<(String, i64, i64)> {
    let query = "query($code: String!) { professional(code: $code) { \
                 pointsLedger(first: 100) { nodes { effectiveOn points dojoCredits } } } }";
    let data = app.ok(query, json!({ "code": code })).await;
    let mut days: std::collections::BTreeMap<String, (i64, i64)> = std::collections::BTreeMap::new();
    for node in data["professional"]["pointsLedger"]["nodes"].as_array().expect("a list") {
        let sum = days.entry(node["effectiveOn"].as_str().expect("a day").to_owned()).or_default();
        sum.0 += node["points"].as_i64().expect("points");
        sum.1 += node["dojoCredits"].as_i64().expect("Dojo Credits");
    }
    let days = days.into_iter().filter(|(_, sum)| *sum != (0, 0));
    days.map(|(day, (points, dojo))| (day, points, dojo)).collect()
}

async fn twins(backend: Backend) -> (TestApp, TestApp) {
    let merged = TestApp::start(backend, TODAY).await;
    record(&merged, "adah").await;
    let from_start = TestApp::start(backend, TODAY).await;
    record(&from_start, "ada").await;
    (merged, from_start)
}

async fn e4_a_merged_professional_is_as_if_recorded_there_from_the_start(backend: Backend) {
    let (merged, from_start) = twins(backend).await;
    let old = merged.ok("{ professional(code: \"adah\") { id } }", json!({})).await;
    let old = old["professional"]["id"].clone();
    assert_ne!(sums(&merged).await, sums(&from_start).await);
    merged.done("mergeProfessionals", merge("adah", "ada")).await;
    verified(merged.services()).await;
    assert_eq!(sums(&merged).await, sums(&from_start).await);
    assert_eq!(ledger(&merged, "ada").await, ledger(&from_start, "ada").await);
    // Nothing is left of the merged account but its history.
    let query = "query($id: ID!) { node(id: $id) { ... on Professional { code dojoCredits standing { points } \
                 activities { totalCount } affiliations { totalCount } pointsLedger { totalCount } } } }";
    let node = merged.ok(query, json!({ "id": old })).await["node"].clone();
    let nothing = json!({ "totalCount": 0 });
    assert_eq!(
        (&node["code"], &node["dojoCredits"], &node["standing"]["points"]),
        (&json!("adah"), &json!(0), &json!(0))
    );
    assert_eq!((&node["activities"], &node["affiliations"]), (&nothing, &nothing));
    assert!(node["pointsLedger"]["totalCount"].as_i64().expect("a count") > 10);
    // What comes later counts in the windows of both, and what was moved can be voided and reviewed.
    for app in [&merged, &from_start] {
        for (kind, on) in [("FEEDBACK_SUBMITTED", "2024-09-05"), ("LINKEDIN_HEADLINE", "2025-01-05")] {
            app.record(Activity::of_professional("ada", kind, on).external_id(&format!("later {kind}")))
                .await;
        }
        for (id, mutation) in [
            ("CERTIFICATION_OBTAINED 2024-05-01", "voidActivity"),
            ("LINKEDIN_HEADLINE 2024-07-01", "voidActivity"),
            ("claim", "reviewActivity"),
        ] {
            let query = "query($id: String!) { activity(source: \"test\", externalId: $id) { id } }";
            let found = app.ok(query, json!({ "id": id })).await["activity"]["id"].clone();
            let mut input = json!({ "activityId": found });
            if mutation == "reviewActivity" {
                input["decision"] = json!("APPROVE");
            }
            app.done(mutation, input).await;
        }
        app.done("updateProfessional", json!({ "code": "ada", "signedUpOn": "2023-12-01" })).await;
        let early = json!({ "professional": "ada", "partner": "suedwind", "startsOn": "2024-01-15", "endsOn": "2024-02-28" });
        app.done("affiliateProfessional", early).await;
        verified(app.services()).await;
    }
    let (one, other) = (sums(&merged).await, sums(&from_start).await);
    assert_eq!(one, other);
    assert_eq!(ledger(&merged, "ada").await, ledger(&from_start, "ada").await);
}

async fn the_former_code_means_the_remaining_professional(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    record(&app, "adah").await;
    let key = app.key("PROFESSIONAL", Some("adah")).await;
    app.done("mergeProfessionals", merge("adah", "ada")).await;
    let found = app.ok("{ professional(code: \"adah\") { code formerCodes } }", json!({})).await;
    assert_eq!(found["professional"], json!({ "code": "ada", "formerCodes": ["adah"] }));
    let list = app.ok("{ professionals { totalCount nodes { code } } }", json!({})).await;
    assert_eq!(list["professionals"], json!({ "totalCount": 1, "nodes": [{ "code": "ada" }] }));
    let filtered = "{ activities(first: 1, filter: { professional: \"adah\" }) { totalCount } \
                    affiliations(filter: { professional: \"adah\" }) { totalCount } }";
    let filtered = app.ok(filtered, json!({})).await;
    assert_eq!(
        (&filtered["activities"]["totalCount"], &filtered["affiliations"]["totalCount"]),
        (&json!(18), &json!(2))
    );
    // The same activity under either code is the same one.
    let again = Activity::of_professional("adah", "DOCS_CORRECTION", "2026-05-01").external_id("again");
    app.record(again).await;
    let again = Activity::of_professional("ada", "DOCS_CORRECTION", "2026-05-01").external_id("again");
    assert_eq!(app.done("recordActivity", again.input()).await["duplicate"], true);
    let points = app.professional_on("ada", TODAY).await["standing"]["points"].as_i64().expect("points");
    // A file of before, and its activities.
    let folder = tempfile::tempdir().expect("a folder");
    let people = "professional,name,email,signed_up_on\nadah,Another Name,adah@example.com,2024-02-01\n";
    let activities =
        "source,external_id,professional,kind,occurred_on\nfile,1,adah,DOCS_CORRECTION,2026-05-02\n";
    std::fs::write(folder.path().join("people.csv"), people).expect("a file");
    std::fs::write(folder.path().join("activities.csv"), activities).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_partner-program"));
    command.current_dir(folder.path()).args(["import", "people.csv", "activities.csv"]).env_clear();
    command.env("PROGRAM_TODAY", TODAY).env("DATABASE_URL", &app.database().url);
    let output =
        tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("an end");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("people.csv: recorded 0, duplicate 1"), "{text}");
    assert!(text.contains("activities.csv: recorded 1"), "{text}");
    let now = app.professional_on("ada", TODAY).await["standing"]["points"].clone();
    assert_eq!(now, json!(points + 25));
    // Nobody else gets the code.
    let person = json!({ "code": "adah", "name": "x", "email": "x@example.com", "signedUpOn": "2024-02-01" });
    assert_eq!(app.refusals("signUpProfessional", person).await, ["ALREADY_EXISTS"]);
    // The key of the merged account acts for the remaining one.
    let seen = app.send_as(&key, "{ viewer { professional { code } } }", json!({})).await;
    assert!(
        ["ada", "adah"]
            .contains(&seen.body["data"]["viewer"]["professional"]["code"].as_str().expect("a code"))
    );
    verified(app.services()).await;
}

async fn affiliations_with_one_partner_are_joined(backend: Backend) {
    // days of the remaining one, days of the other, joined
    type Days = &'static [(&'static str, Option<&'static str>)];
    let table: [(Days, Days, Days); 5] = [
        (&[("2025-01-01", None)], &[("2025-03-01", None)], &[("2025-01-01", None)]),
        (&[("2025-03-01", None)], &[("2025-01-01", None)], &[("2025-01-01", None)]),
        (
            &[("2025-01-01", Some("2025-05-31"))],
            &[("2025-03-01", Some("2025-12-31"))],
            &[("2025-01-01", Some("2025-12-31"))],
        ),
        (&[("2025-01-01", Some("2025-05-31"))], &[("2025-01-01", None)], &[("2025-01-01", None)]),
        (
            &[("2025-01-01", Some("2025-01-31"))],
            &[("2025-02-01", None)],
            &[("2025-01-01", Some("2025-01-31")), ("2025-02-01", None)],
        ),
    ];
    for (kept, left, joined) in table {
        let app = TestApp::start(backend, TODAY).await;
        app.partner("nordwind", "2024-01-01").await;
        for (code, days) in [("ada", kept), ("adah", left)] {
            app.professional(code, "2024-01-01").await;
            for (starts_on, ends_on) in days {
                let days = json!({ "professional": code, "partner": "nordwind", "startsOn": starts_on, "endsOn": ends_on });
                app.done("affiliateProfessional", days).await;
            }
            let activity = Activity::of_professional(code, "DOCS_LARGE_CONTRIBUTION", "2025-04-01");
            app.record(activity.points(500)).await;
        }
        app.done("mergeProfessionals", merge("adah", "ada")).await;
        let rows = entity::affiliation::Entity::find().all(app.reader()).await.expect("a read");
        let mut days: Vec<(String, Option<String>)> = rows
            .iter()
            .filter(|row| !row.voided)
            .map(|row| (row.starts_on.to_string(), row.ends_on.map(|day| day.to_string())))
            .collect();
        days.sort_unstable();
        let joined_days = joined.iter().map(|(start, end)| ((*start).to_owned(), end.map(str::to_owned)));
        assert_eq!(days, joined_days.collect::<Vec<_>>());
        // The one that is part of the other says so.
        let query = "{ professional(code: \"ada\") { affiliations { nodes { voided { by reason } } } } }";
        let data = app.ok(query, json!({})).await;
        let voided = data["professional"]["affiliations"]["nodes"].as_array().expect("a list").iter();
        let voided: Vec<&Value> =
            voided.map(|one| &one["voided"]).filter(|voided| !voided.is_null()).collect();
        let expected = json!({ "by": "bootstrap", "reason": "signed up twice" });
        assert_eq!(voided, vec![&expected; 2 - joined.len()]);
        let query = "{ partner(code: \"nordwind\") { professionals(asOf: \"2025-04-01\") { totalCount } } }";
        let data = app.ok(query, json!({})).await;
        assert_eq!(data["partner"]["professionals"]["totalCount"], 1);
        // 1,000 points of a month, whoever they were of.
        let covered = if joined
            .iter()
            .any(|(start, end)| *start < "2025-04" && end.is_none_or(|end| end > "2025-04"))
        {
            10
        } else {
            0
        };
        assert_eq!(app.balance("nordwind").await, covered);
        verified(app.services()).await;
    }
}

async fn what_contradicts_is_refused(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-01-01").await;
    app.partner("suedwind", "2024-01-01").await;
    app.item("hoodie", 100, 50).await;
    for (code, day) in [
        ("ada", "2024-01-01"),
        ("bob", "2024-01-01"),
        ("cem", "2023-01-01"),
        ("dan", "2024-01-01"),
        ("eve", "2024-01-01"),
        ("gone", "2024-01-01"),
        ("fay", "2024-01-01"),
    ] {
        app.professional(code, day).await;
    }
    app.affiliate("ada", "nordwind", "2025-01-01").await;
    app.affiliate("bob", "suedwind", "2025-06-01").await;
    app.record(Activity::of_professional("cem", "DOCS_CORRECTION", "2023-06-01")).await;
    let level = json!({ "professional": "dan", "level": "ENABLER", "from": "2026-01-01", "until": "2026-12-31", "reason": "a test" });
    app.done("overrideLevel", level).await;
    app.done("endMembership", json!({ "professional": "gone", "on": "2025-12-31", "reason": "a test" }))
        .await;
    app.record(Activity::of_professional("eve", "DOCS_LARGE_CONTRIBUTION", "2026-01-15").points(900)).await;
    app.done("placeSwagOrder", swag("eve", "hoodie", 1, "same")).await;
    app.record(Activity::of_professional("fay", "DOCS_LARGE_CONTRIBUTION", "2026-01-15").points(900)).await;
    app.done("placeSwagOrder", swag("fay", "hoodie", 1, "same")).await;
    let before = everything(app.reader()).await;
    // from, into, code, what the message names
    let refused = [
        ("nobody", "ada", "NOT_FOUND", "nobody"),
        ("ada", "nobody", "NOT_FOUND", "nobody"),
        ("ada", "ada", "INVALID", "itself"),
        ("bob", "ada", "AFFILIATION_OVERLAP", "since 2025-06-01"),
        ("cem", "ada", "DATE_BEFORE_ENROLMENT", "2023-06-01"),
        ("dan", "ada", "WRONG_STATE", "\"ENABLER\""),
        ("eve", "gone", "DATE_AFTER_END", "2025-12-31"),
        ("eve", "fay", "WRONG_STATE", "\"same\""),
    ];
    for (from, into, code, named) in refused {
        let payload = app.mutate("mergeProfessionals", merge(from, into)).await;
        let error = &payload["userErrors"][0];
        assert_eq!(error["code"], code, "{from} into {into}: {payload}");
        assert!(error["message"].as_str().expect("a text").contains(named), "{from} into {into}: {payload}");
    }
    let blank = json!({ "from": "eve", "into": "ada", "reason": " " });
    assert_eq!(app.refusals("mergeProfessionals", blank).await, ["INVALID"]);
    assert_eq!(everything(app.reader()).await, before, "refused merges change nothing");
    app.done("mergeProfessionals", merge("eve", "ada")).await;
    for (from, into) in [("eve", "ada"), ("bob", "eve")] {
        assert_eq!(
            app.refusals("mergeProfessionals", merge(from, into)).await,
            ["WRONG_STATE"],
            "{from} into {into}"
        );
    }
    verified(app.services()).await;
}

const EFFECTS: &str = "mutation($input: MergeProfessionalsInput!) { mergeProfessionals(input: $input) { \
    effects { ledgerEntries { effectiveOn reason levelCredits balanceAfter } \
    pointsEntries { effectiveOn reason points dojoCredits } levelChanges { from { code } to { code } } } \
    userErrors { code } } }";

async fn a_preview_is_what_the_merge_then_does(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    record(&app, "adah").await;
    let mut preview = merge("adah", "ada");
    preview["preview"] = json!(true);
    let before = everything(app.reader()).await;
    let shown = app.ok(EFFECTS, json!({ "input": preview })).await;
    assert_eq!(everything(app.reader()).await, before, "a preview keeps nothing");
    let done = app.ok(EFFECTS, json!({ "input": merge("adah", "ada") })).await;
    assert_eq!(shown, done);
    let entries = done["mergeProfessionals"]["effects"]["pointsEntries"].as_array().expect("a list");
    assert!(!entries.is_empty() && entries.iter().all(|entry| entry["reason"] == "RECALCULATION"));
    // What the former account did before is in the feed of the remaining one.
    let events = async |code: &str| {
        let query = "query($code: String!) { events(professional: $code, first: 100) { nodes { type professional { code } } } }";
        app.ok(query, json!({ "code": code })).await["events"]["nodes"].clone()
    };
    let found = events("ada").await;
    let of = |code: &str| {
        let nodes = found.as_array().expect("a list").iter();
        nodes.filter(|event| event["professional"]["code"] == code).count()
    };
    assert!(of("ada") > 10 && of("adah") > 10, "{found}");
    assert_eq!(events("adah").await, found);
    // Both are told who did it and why.
    let query =
        "{ events(first: 100, types: [PROFESSIONALS_MERGED]) { nodes { type professional { code } data } } }";
    let events = app.ok(query, json!({})).await;
    let nodes = events["events"]["nodes"].as_array().expect("a list");
    let merges: Vec<_> = nodes.iter().filter(|node| node["type"] == "PROFESSIONALS_MERGED").collect();
    assert_eq!(merges.len(), 2);
    for (event, code) in merges.iter().zip(["ada", "adah"]) {
        assert_eq!(event["professional"]["code"], code);
        assert_eq!(event["data"]["merge"], json!({ "from": "adah", "into": "ada" }));
        assert_eq!(event["data"]["reason"], "signed up twice");
        assert!(event["data"]["actor"].is_string());
    }
}

async fn the_same_key_is_the_same_merge(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    record(&app, "adah").await;
    let mut input = merge("adah", "ada");
    input["idempotencyKey"] = json!("once");
    let first = app.done("mergeProfessionals", input.clone()).await;
    let kept = everything(app.reader()).await;
    assert_eq!(app.done("mergeProfessionals", input.clone()).await, first);
    assert_eq!(everything(app.reader()).await, kept);
    input["reason"] = json!("another one");
    assert_eq!(app.refusals("mergeProfessionals", input).await, ["CONFLICTING_DUPLICATE"]);
}

async fn merges_of_merges_keep_every_code(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    for code in ["ada", "bob", "cem"] {
        app.professional(code, "2024-01-01").await;
        for _ in 0..2 {
            app.record(Activity::of_professional(code, "FEEDBACK_SUBMITTED", "2026-03-01")).await;
        }
        app.record(Activity::of_professional(code, "DOCS_CORRECTION", "2026-03-02")).await;
    }
    app.done("mergeProfessionals", merge("cem", "bob")).await;
    app.done("updateProfessional", json!({ "code": "bob", "signedUpOn": "2024-03-02" })).await;
    verified(app.services()).await;
    app.done("mergeProfessionals", merge("bob", "ada")).await;
    for code in ["ada", "bob", "cem"] {
        let found = app.professional_on(code, TODAY).await;
        assert_eq!(found["standing"]["points"], 100 + 3 * 25, "{code}");
    }
    let found = app.ok("{ professional(code: \"cem\") { code formerCodes } }", json!({})).await;
    assert_eq!(found["professional"], json!({ "code": "ada", "formerCodes": ["bob", "cem"] }));
    verified(app.services()).await;
}

async fn a_hundred_that_record_and_one_that_merges(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-01-01").await;
    for code in ["ada", "adah"] {
        app.professional(code, "2024-01-01").await;
    }
    app.affiliate("ada", "nordwind", "2025-01-01").await;
    let mut inputs: Vec<(&str, Value)> = Vec::new();
    for number in 0..99 {
        let code = if number % 2 == 0 { "ada" } else { "adah" };
        inputs.push((
            "recordActivity",
            Activity::of_professional(code, "DOCS_CORRECTION", "2026-03-01").input(),
        ));
    }
    inputs.insert(50, ("mergeProfessionals", merge("adah", "ada")));
    let answers =
        join_all(inputs.iter().map(|(mutation, input)| app.refusals(mutation, input.clone()))).await;
    assert!(answers.iter().all(Vec::is_empty), "{answers:?}");
    assert_eq!(app.professional_on("ada", TODAY).await["standing"]["points"], 99 * 25);
    // 2,475 points of a month.
    assert_eq!(app.balance("nordwind").await, 4 * 5);
    verified(app.services()).await;
}
