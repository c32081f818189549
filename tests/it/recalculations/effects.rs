//! What a recalculation and its reversion change is in their answers, also as previews, before anybody has followed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{OTHER, facts, planned, send};
use crate::harness::history::TODAY;
use crate::harness::{Activity, Backend, TestApp, user_errors, verified};

both! {
    e4_what_changes_is_in_the_answer_before_and_after,
}

const PLANNED: &str = "effects { ledgerEntries { id } pointsEntries { id } levelChanges { on } planned { current on gainers losers \
    mixed creditsGiven creditsTaken pointsGiven pointsTaken dojoCreditsGiven dojoCreditsTaken discountCost { amount } \
    subjects(first: 100) { totalCount nodes { code outcome difference before { balance points level } after { balance points level } } } \
    losing: subjects(filter: { outcomes: [LOSES] }) { totalCount nodes { outcome } } \
    pages: subjects(orderBy: CODE, first: 1) { nodes { code } pageInfo { endCursor hasNextPage } } } } \
    recalculation { id status } userErrors { message }";

/// What a mutation of a recalculation answers of its effects.
async fn planned_effects(app: &TestApp, mutation: &str, input: Value) -> Value {
    let of = mutation.strip_suffix("Recalculation").expect("a mutation of a recalculation");
    let input_type = format!("{}{}RecalculationInput", of[..1].to_uppercase(), &of[1..]);
    let query = format!("mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {PLANNED} }} }}");
    let payload = send(app, &query, mutation, input).await;
    assert!(user_errors(&payload).is_empty(), "{payload}");
    let effects = &payload["effects"];
    for list in ["ledgerEntries", "pointsEntries", "levelChanges"] {
        assert_eq!(effects[list], json!([]), "{list}: the entries are those of the subjects' own steps");
    }
    effects["planned"].clone()
}

/// Balance and points of everybody, by code.
async fn accounts(app: &TestApp) -> BTreeMap<String, Value> {
    let query = "{ partners { nodes { code balance standing { overall { code } } } } \
                 professionals { nodes { code dojoCredits standing { points level { code } } } } }";
    let data = app.ok(query, json!({})).await;
    let rows = |list: &str| data[list]["nodes"].as_array().expect("a list").clone();
    let partners = rows("partners").into_iter().map(|row| {
        let code = row["code"].as_str().expect("a code").to_owned();
        let level = &row["standing"]["overall"]["code"];
        (code, json!({ "balance": row["balance"], "points": 0, "level": level }))
    });
    let people = rows("professionals").into_iter().map(|row| {
        let (code, standing) = (row["code"].as_str().expect("a code").to_owned(), &row["standing"]);
        let (points, level) = (&standing["points"], &standing["level"]["code"]);
        (code, json!({ "balance": row["dojoCredits"], "points": points, "level": level }))
    });
    partners.chain(people).collect()
}

async fn e4_what_changes_is_in_the_answer_before_and_after(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    facts(&app).await;
    let id = planned(&app, &OTHER, "2024-05-01").await;
    let before = accounts(&app).await;
    let input = json!({ "recalculation": id, "preview": true });
    let would = planned_effects(&app, "applyRecalculation", input).await;
    assert_eq!(accounts(&app).await, before, "a preview changes nothing");
    let does = planned_effects(&app, "applyRecalculation", json!({ "recalculation": id })).await;
    assert_eq!(would, does, "the preview shows what is done");
    app.services().complete_recalculations().await.expect("every subject");
    let after = accounts(&app).await;
    assert_eq!(does["current"], true);
    // Everybody whose account differs is named, with exactly what the person has before and after, and nobody else.
    let nodes = does["subjects"]["nodes"].as_array().expect("a list");
    let code = |one: &Value| one["code"].as_str().expect("a code").to_owned();
    for one in nodes {
        assert_eq!((&one["before"], &one["after"]), (&before[&code(one)], &after[&code(one)]), "{one}");
    }
    let named: BTreeSet<String> = nodes.iter().map(code).collect();
    for (who, account) in &before {
        assert!(named.contains(who) || account == &after[who], "{who} is not named");
    }
    let total = |list: &Value, name: &str| list[name].as_i64().expect("a number");
    let sum = |name: &str, of: &dyn Fn(&Value) -> bool| -> i64 {
        let all = nodes.iter().filter(|one| of(one));
        all.map(|one| (total(&one["after"], name) - total(&one["before"], name)).max(0)).sum()
    };
    let is_partner = |one: &Value| ["nordwind", "polder"].iter().any(|code| one["code"] == *code);
    assert_eq!(total(&does, "creditsGiven"), sum("balance", &is_partner));
    assert_eq!(total(&does, "dojoCreditsGiven"), sum("balance", &|one| !is_partner(one)));
    assert!(total(&does, "dojoCreditsGiven") > 0, "{does}");
    // The way back, before and after it is taken: the same the other way round.
    let back = json!({ "recalculation": id, "reason": "it was a mistake", "preview": true });
    let would = planned_effects(&app, "revertRecalculation", back.clone()).await;
    assert_eq!(would["current"], true);
    for (given, taken) in
        [("gainers", "losers"), ("creditsGiven", "creditsTaken"), ("pointsGiven", "pointsTaken")]
    {
        assert_eq!((&would[given], &would[taken]), (&does[taken], &does[given]), "{given}");
    }
    assert_eq!(would["losing"]["totalCount"], would["losers"]);
    let losing = would["losing"]["nodes"].as_array().expect("a list");
    assert!(losing.iter().all(|one| one["outcome"] == "LOSES"), "{losing:?}");
    for one in would["subjects"]["nodes"].as_array().expect("a list") {
        assert_eq!((&one["before"], &one["after"]), (&after[&code(one)], &before[&code(one)]), "{one}");
    }
    let differences = |of: &Value| -> Vec<i64> {
        of["subjects"]["nodes"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| total(one, "difference"))
            .collect()
    };
    let mut reversed: Vec<i64> = differences(&does).iter().map(|one| -one).collect();
    reversed.reverse();
    assert_eq!(differences(&would), reversed, "the greatest loss first");
    // What is recorded meanwhile is not part of the plan, which the answer says.
    app.record(Activity::of_professional("ada", "DOCS_CORRECTION", "2025-07-03").external_id("late")).await;
    let later = planned_effects(&app, "revertRecalculation", back.clone()).await;
    assert_eq!((&later["current"], &later["gainers"]), (&json!(false), &would["gainers"]));
    let back = json!({ "recalculation": id, "reason": "it was a mistake", "idempotencyKey": "back" });
    let does = planned_effects(&app, "revertRecalculation", back.clone()).await;
    assert_eq!(does, later);
    assert!(planned_effects(&app, "revertRecalculation", back).await.is_null(), "a repeat changes nothing");
    app.services().complete_recalculations().await.expect("every subject");
    verified(app.services()).await;
}
