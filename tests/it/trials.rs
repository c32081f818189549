//! Editions that are tried on the whole log (PROGRAM.md, section 9, E2).

mod cancelling;

use chrono::TimeDelta;
use entity::edition_trial;
use entity::value::TrialStatus;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp, verified};
use crate::publishing::{SAVE, TODAY, document, payload, published};

both! {
    e2_trying_says_what_every_subject_would_have_and_changes_nothing,
    e2_trying_is_the_same_as_publishing_and_folding,
    e2_trying_judges_what_a_merged_partner_had_before_the_merge,
    e2_a_trial_whose_process_ended_has_failed_and_is_not_cancelled,
    e2_a_draft_keeps_its_trial_and_documents_with_problems_are_not_tried,
}

const TRY: &str = "query($input: TryEditionInput!) { tryEdition(input: $input) { id status progress effectiveFrom on gainers \
    losers mixed creditsGiven creditsTaken pointsGiven pointsTaken dojoCreditsGiven dojoCreditsTaken discountCost { amount currency } subjects { totalCount \
    nodes { code outcome difference partner { code } professional { code } \
    before { level technicalLevel businessLevel businessCredits points balance baseDiscounts { category percent } } \
    after { level technicalLevel businessLevel businessCredits points balance baseDiscounts { category percent } } } } } }";

pub(crate) async fn tried(app: &TestApp, document: &str, from: &str, on: &str) -> Value {
    let input = json!({ "document": document, "effectiveFrom": from, "on": on });
    let trial = app.ok(TRY, json!({ "input": input })).await["tryEdition"].clone();
    assert_eq!((&trial["status"], &trial["progress"]), (&json!("FINISHED"), &json!(100)), "{trial}");
    trial
}

async fn e2_trying_says_what_every_subject_would_have_and_changes_nothing(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    for code in ["nordwind", "polder", "quiet"] {
        app.partner(code, "2024-06-01").await;
    }
    app.professional("ada", "2026-03-01").await;
    for (code, on) in [("nordwind", "2026-02-02"), ("nordwind", "2026-03-02"), ("polder", "2026-02-02")] {
        app.record(Activity::of_partner(code, "EVENT_ORGANIZED", on)).await;
    }
    app.record(Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2026-04-01").points(700)).await;
    app.product("licence", "LICENSE", &[("100.00", "EUR")]).await;
    app.place(&crate::harness::Order::for_customer("polder").line("licence", 10)).await;
    let connection = app.database().connect().await;
    let others = async || -> Vec<String> {
        let rows = crate::harness::everything(&connection).await;
        rows.into_iter().filter(|row| !row.contains("trial_id") && !row.contains("on_day")).collect()
    };
    let before = others().await;
    let same = document(&app, &[]).await;
    let trial = tried(&app, &same, "2024-05-01", TODAY).await;
    let sums = |trial: &Value| {
        ["gainers", "losers", "mixed", "creditsGiven", "creditsTaken", "pointsGiven", "pointsTaken"]
            .into_iter()
            .chain(["dojoCreditsGiven", "dojoCreditsTaken"])
            .map(|sum| trial[sum].as_i64())
            .collect::<Vec<_>>()
    };
    assert_eq!(sums(&trial), [Some(0); 9], "{trial}");
    assert_eq!((&trial["subjects"]["totalCount"], &trial["discountCost"]), (&json!(0), &json!([])));
    // An event earns 40 instead of 50 from launch on, Creator needs 90, and an advocate 700 points.
    let changes = [
        ("credits = 50\nper = 1\nwindow = \"each\"", "credits = 40\nper = 1\nwindow = \"each\""),
        ("threshold = 750", "threshold = 700"),
        ("percent = \"15\"", "percent = \"16\""),
        ("business = 50", "business = 40"),
    ];
    let mut text = same.clone();
    for (from, into) in changes {
        text = text.replacen(from, into, 1);
    }
    // What the examples of the published text expect does not hold by other figures.
    let text = text.split("[[example]]").next().expect("a head").to_owned();
    let trial = tried(&app, &text, "2024-05-01", TODAY).await;
    assert_eq!(sums(&trial), [1, 1, 1, 0, 30, 0, 0, 0, 0].map(Some), "{trial}");
    let subjects = trial["subjects"]["nodes"].as_array().expect("a list");
    let found: Vec<Value> = subjects
        .iter()
        .map(|one| {
            json!([
                one["code"],
                one["outcome"],
                one["difference"],
                one["before"]["level"],
                one["after"]["level"]
            ])
        })
        .collect();
    let expected = json!([
        ["nordwind", "LOSES", -20, "CREATOR", "CREATOR"],
        ["polder", "MIXED", -10, "COLLABORATOR", "COLLABORATOR"],
        ["ada", "GAINS", 0, null, "ADVOCATE"],
    ]);
    assert_eq!(json!(found), expected);
    // Ten licences of EUR 100 at one percent more.
    assert_eq!(trial["discountCost"], json!([{ "amount": "10.00", "currency": "EUR" }]));
    // The result stays: by its id, filtered, sorted and in pages.
    let query = "query($id: ID!, $after: String) { node(id: $id) { ... on EditionTrial { \
        gains: subjects(filter: { outcomes: [GAINS] }) { totalCount nodes { professional { code } } } \
        partners: subjects(filter: { partners: true }, orderBy: CODE, first: 1, after: $after) { nodes { code } pageInfo { hasNextPage endCursor } } \
        last: subjects(orderBy: GAINS, last: 1) { nodes { code } } } } }";
    let found = app.ok(query, json!({ "id": trial["id"] })).await["node"].clone();
    assert_eq!(found["gains"], json!({ "totalCount": 1, "nodes": [{ "professional": { "code": "ada" } }] }));
    assert_eq!(found["last"]["nodes"], json!([{ "code": "nordwind" }]));
    assert_eq!(found["partners"]["nodes"], json!([{ "code": "nordwind" }]));
    let after = found["partners"]["pageInfo"]["endCursor"].clone();
    let found = app.ok(query, json!({ "id": trial["id"], "after": after })).await["node"].clone();
    assert_eq!(found["partners"]["nodes"], json!([{ "code": "polder" }]));
    assert_eq!(found["partners"]["pageInfo"]["hasNextPage"], false);
    assert_eq!(others().await, before);
    verified(app.services()).await;
}

async fn e2_a_trial_whose_process_ended_has_failed_and_is_not_cancelled(backend: Backend) {
    const CANCEL: &str = "mutation($id: ID!) { cancelTrial(input: { trial: $id }) { trial { status } userErrors { message } } }";
    let app = TestApp::start(backend, TODAY).await;
    let same = document(&app, &[]).await;
    let id = tried(&app, &same, "2024-05-01", TODAY).await["id"].clone();
    let connection = app.database().connect().await;
    let now = app.services().clock().now();
    // status, how long ago there was a sign of life; what the trial is, and what it is after a cancellation
    let table = [
        (TrialStatus::Finished, 3_600, "FINISHED", "FINISHED"),
        (TrialStatus::Failed, 0, "FAILED", "FAILED"),
        (TrialStatus::Running, 3_600, "FAILED", "FAILED"),
        (TrialStatus::Running, 30, "FAILED", "FAILED"),
        (TrialStatus::Running, 0, "RUNNING", "CANCELLED"),
        (TrialStatus::Cancelled, 0, "CANCELLED", "CANCELLED"),
    ];
    for (status, seconds, before, after) in table {
        let row = edition_trial::Entity::find().one(&connection).await.expect("a row").expect("a trial");
        let mut row = row.into_active_model();
        row.status = Set(status);
        row.updated_at = Set(now - TimeDelta::seconds(seconds));
        row.update(&connection).await.expect("an update");
        let shown = app
            .ok("query($id: ID!) { node(id: $id) { ... on EditionTrial { status } } }", json!({ "id": id }))
            .await;
        assert_eq!(shown["node"]["status"], before, "{status:?} {seconds}");
        for _ in 0..2 {
            let cancelled = app.ok(CANCEL, json!({ "id": id })).await["cancelTrial"].clone();
            assert_eq!(
                cancelled,
                json!({ "trial": { "status": after }, "userErrors": [] }),
                "{status:?} {seconds}"
            );
        }
    }
    connection.close().await.expect("a connection closes");
}

async fn e2_trying_judges_what_a_merged_partner_had_before_the_merge(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    for code in ["nordwind", "polder"] {
        app.partner(code, "2024-06-01").await;
    }
    app.professional("ada", "2024-06-01").await;
    app.affiliate("ada", "polder", "2024-06-01").await;
    app.record(Activity::of_partner("polder", "BLOG_POST_OR_PR", "2026-05-01")).await;
    app.record(Activity::of_partner("polder", "LINKEDIN_POST", "2026-05-01").quantity(2)).await;
    app.record(Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2026-05-01").points(600)).await;
    app.product("licence", "LICENSE", &[("1000.00", "EUR")]).await;
    app.target("polder", 2026, "100", "EUR").await;
    let order = app.place(&crate::harness::Order::for_customer("polder").line("licence", 1)).await;
    app.fulfill(&order, TODAY).await;
    app.engaged("polder", "D-1", "Acme", "2026-07-01").await;
    app.close("D-1", "WON_BY_PARTNER", "2026-07-10").await;
    let published = document(&app, &[]).await;
    let with_less = |kind: &str, credits: &str, less: &str| {
        let at = published.find(&format!("kind = \"{kind}\"")).expect("a rule");
        let (head, rule) = published.split_at(at);
        assert!(rule.contains(credits), "{kind}");
        format!("{head}{}", rule.replacen(credits, less, 1))
    };
    // kind, its credits, fewer, the difference
    let table = [
        ("BLOG_POST_OR_PR", "credits = 10", "credits = 8", -2),
        ("LINKEDIN_POST", "credits = 5", "credits = 4", -1),
        ("CERTIFICATION_OBTAINED", "credits = 10", "credits = 8", -2),
        ("DEVOPS_POINTS", "credits = 5", "credits = 4", -1),
        ("DEAL_WON", "credits = 50", "credits = 40", -10),
        ("CUSTOMER_ADDED", "credits = 100", "credits = 80", -20),
        ("SALES_TARGET_ACHIEVED", "credits = 50", "credits = 40", -10),
    ];
    for owner in ["polder", "nordwind"] {
        for (kind, credits, less, difference) in table {
            let trial = tried(&app, &with_less(kind, credits, less), "2026-01-01", TODAY).await;
            let nodes = trial["subjects"]["nodes"].as_array().expect("a list");
            let found: Vec<Value> =
                nodes.iter().map(|node| json!([node["code"], node["difference"]])).collect();
            assert_eq!(json!(found), json!([[owner, difference]]), "{kind} of {owner}");
        }
        if owner == "polder" {
            let merge = json!({ "from": "polder", "into": "nordwind", "reason": "enrolled twice" });
            app.done("mergePartners", merge).await;
        }
    }
    verified(app.services()).await;
}

async fn e2_a_draft_keeps_its_trial_and_documents_with_problems_are_not_tried(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    let text = document(&app, &[("threshold = 75", "threshold = 100")]).await;
    let input = json!({ "name": "A draft", "document": text, "effectiveFrom": "2026-10-01" });
    let draft =
        payload(&app.send(SAVE, json!({ "input": input })).await, "saveEditionDraft")["draft"]["id"].clone();
    let trial = app.ok(TRY, json!({ "input": { "draft": draft } })).await["tryEdition"].clone();
    assert_eq!((&trial["effectiveFrom"], &trial["on"]), (&json!("2026-10-01"), &json!("2026-10-01")));
    let query =
        "query($id: ID!) { node(id: $id) { ... on EditionDraft { trial { id draftRevision createdBy } } } }";
    let kept = app.ok(query, json!({ "id": draft })).await["node"]["trial"].clone();
    assert_eq!(kept, json!({ "id": trial["id"], "draftRevision": 1, "createdBy": "bootstrap" }));
    // What has ended stays as it is.
    let cancel =
        "mutation($id: ID!) { cancelTrial(input: { trial: $id }) { trial { status } userErrors { code } } }";
    let answer = app.ok(cancel, json!({ "id": trial["id"] })).await;
    assert_eq!(answer["cancelTrial"]["trial"]["status"], "FINISHED");
    // the input, words of the error
    let table = [
        (json!({ "document": "name = 1" }), "Line 1, column 8"),
        (json!({ "draft": "x" }), "There is no draft with the id"),
        (json!({}), "either"),
        (
            json!({ "document": text, "effectiveFrom": "2026-10-01", "on": "2020-01-01" }),
            "before the program's launch",
        ),
    ];
    for (input, words) in table {
        let answer = app.send(TRY, json!({ "input": input })).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{}", answer.text);
        assert!(answer.text.contains(words), "{words}: {}", answer.text);
    }
}

/// Activities in an order that numbers determine: of two partners and two of their professionals, some voided.
async fn history(app: &TestApp, seed: u64) {
    for code in ["nordwind", "polder"] {
        app.partner(code, "2025-01-01").await;
    }
    for (code, partner) in [("ada", "nordwind"), ("bram", "polder")] {
        app.professional(code, "2025-03-01").await;
        app.affiliate(code, partner, "2025-03-01").await;
    }
    let mut draw = seed;
    let mut next = |below: u64| {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (draw >> 33) % below
    };
    for _ in 0..40 {
        let on = format!("2026-{:02}-{:02}", 1 + next(8), 1 + next(28));
        let who = next(2);
        let (partner, person) = if who == 0 { ("nordwind", "ada") } else { ("polder", "bram") };
        let activity = match next(6) {
            0 => Activity::of_partner(partner, "EVENT_ORGANIZED", &on),
            1 => Activity::of_partner(partner, "CATALOG_DOWNLOADS", &on)
                .quantity(i64::try_from(1 + next(30)).expect("small")),
            2 => Activity::of_partner(partner, "BLOG_POST_OR_PR", &on),
            3 => Activity::of_professional(person, "TRAINING_DAY_ATTENDED", &on)
                .quantity(i64::try_from(1 + next(5)).expect("small")),
            4 => Activity::of_professional(person, "CERTIFICATION_OBTAINED", &on)
                .points(i64::try_from(500 + next(500)).expect("small")),
            _ => Activity::of_professional(person, "FEEDBACK_SUBMITTED", &on),
        };
        let recorded = app.record(activity).await;
        if next(6) == 0 {
            app.void(&recorded).await;
        }
    }
}

async fn e2_trying_is_the_same_as_publishing_and_folding(backend: Backend) {
    let changes = [
        ("credits = 50\nper = 1\nwindow = \"each\"", "credits = 35\nper = 1\nwindow = \"each\""),
        ("credits = 10\nper = 5\n", "credits = 7\nper = 4\n"),
        ("points = 250\nmax_quantity = 5", "points = 400\nmax_quantity = 5"),
        ("per = 500", "per = 300"),
        ("threshold = 5_000", "threshold = 4_000"),
        ("percent = \"20\"", "percent = \"25\""),
    ];
    for seed in [1, 2] {
        // Published before anything of its days happened, and folded by the live path.
        let app = TestApp::start(backend, "2026-01-15").await;
        let text = document(&app, &changes).await;
        let text = text.split("[[example]]").next().expect("a head").to_owned();
        published(&app, &text, "2026-03-01").await;
        let app = app.restart(TODAY).await;
        history(&app, seed).await;
        let other = TestApp::start(backend, TODAY).await;
        history(&other, seed).await;
        let trial = tried(&other, &text, "2026-03-01", TODAY).await;
        let subjects = trial["subjects"]["nodes"].as_array().expect("a list");
        assert!(!subjects.is_empty(), "{trial}");
        let partners = "{ partners { nodes { code balance standing { technical { level { code } credits } business { level { code } credits } \
            overall { code } } } } professionals { nodes { code dojoCredits standing { points level { code } } } } }";
        let live = app.ok(partners, json!({})).await;
        let old = other.ok(partners, json!({})).await;
        // What the trial does not name is the same without the edition.
        for (list, is_partner) in [("partners", true), ("professionals", false)] {
            let rows = |data: &Value| data[list]["nodes"].as_array().expect("a list").clone();
            for (new, old) in rows(&live).iter().zip(rows(&old)) {
                let tried = subjects.iter().find(|one| one["code"] == new["code"]);
                let Some(tried) = tried else {
                    assert_eq!(new, &old, "seed {seed}");
                    continue;
                };
                let (after, standing) = (&tried["after"], &new["standing"]);
                let found = if is_partner {
                    json!([
                        after["balance"],
                        after["level"],
                        after["technicalLevel"],
                        after["businessLevel"],
                        after["businessCredits"]
                    ])
                } else {
                    json!([after["balance"], after["level"], after["points"]])
                };
                let expected = if is_partner {
                    json!([
                        new["balance"],
                        standing["overall"]["code"],
                        standing["technical"]["level"]["code"],
                        standing["business"]["level"]["code"],
                        standing["business"]["credits"]
                    ])
                } else {
                    json!([new["dojoCredits"], standing["level"]["code"], standing["points"]])
                };
                assert_eq!(found, expected, "seed {seed}: {tried} {new}");
            }
        }
    }
}
