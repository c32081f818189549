//! Recalculations: a policy for days that have passed is planned, applied and reverted (PROGRAM.md, E4).

mod approving;
mod effects;
mod expiring;
mod interrupted;
mod sums;

use entity::value::RecalculationStatus;
use partner_program::program::edition::BUILT_IN;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::harness::history::{Chance, History, TODAY};
use crate::harness::{Activity, Backend, TestApp, everything, user_errors, verified};
use sums::sums;

both! {
    e4_applying_is_as_if_the_edition_had_been_in_force_from_the_start,
    e4_plan_apply_and_revert_is_the_identity_over_any_history,
    e4_a_plan_that_the_log_has_overtaken_is_refused,
    e4_what_is_refused_says_why,
    e4_a_preview_keeps_nothing_and_a_key_runs_once,
    e4_levels_follow_other_thresholds_without_entries,
    e4_the_last_one_is_reverted_first,
}

pub(crate) const PLAN: &str = "mutation($input: PlanRecalculationInput!) { planRecalculation(input: $input) { \
    recalculation { id status effectiveFrom reason trial { status gainers losers mixed creditsGiven } } \
    userErrors { code field message } } }";
const APPLY: &str = "mutation($input: ApplyRecalculationInput!) { applyRecalculation(input: $input) { \
    recalculation { id status subjects edition { effectiveFrom } trial { gainers } appliedBy } \
    userErrors { code field message } } }";
const REVERT: &str = "mutation($input: RevertRecalculationInput!) { revertRecalculation(input: $input) { \
    recalculation { id status subjects revertReason edition { effectiveFrom } } userErrors { code field message } } }";

/// The edition that is built in, with replacements.
fn document(replacements: &[(&str, &str)]) -> String {
    // What the worked examples expect is another matter.
    let examples = BUILT_IN.find("[[example]]").expect("examples");
    let mut text = BUILT_IN[..examples].to_owned();
    for (from, into) in replacements {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, into, 1);
    }
    text
}

/// Another policy in every respect that matters: points, blocks, caps, windows and levels.
const OTHER: [(&str, &str); 5] = [
    ("points = 25\n", "points = 40\n"),
    ("credits = 5\nper = 500", "credits = 7\nper = 300"),
    ("threshold = 75", "threshold = 60"),
    ("threshold = 750", "threshold = 600"),
    ("credits = 10\nper = 5\n", "credits = 9\nper = 4\n"),
];

async fn send(app: &TestApp, query: &str, mutation: &str, input: Value) -> Value {
    let answer = app.send(query, json!({ "input": input })).await;
    let payload = &answer.body["data"][mutation];
    assert!(answer.body["errors"].is_null() && payload.is_object(), "{}", answer.text);
    payload.clone()
}

async fn planned(app: &TestApp, replacements: &[(&str, &str)], from: &str) -> Value {
    planned_document(app, &document(replacements), from).await
}

async fn planned_document(app: &TestApp, document: &str, from: &str) -> Value {
    let input = json!({ "document": document, "effectiveFrom": from, "reason": "agreed with the board" });
    let payload = send(app, PLAN, "planRecalculation", input).await;
    assert!(user_errors(&payload).is_empty(), "{payload}");
    assert_eq!(payload["recalculation"]["trial"]["status"], "FINISHED", "{payload}");
    payload["recalculation"]["id"].clone()
}

async fn apply(app: &TestApp, id: &Value) -> Value {
    send(app, APPLY, "applyRecalculation", json!({ "recalculation": id })).await
}

async fn applied(app: &TestApp, id: &Value) -> Value {
    let payload = apply(app, id).await;
    assert!(user_errors(&payload).is_empty(), "{payload}");
    app.services().complete_recalculations().await.expect("every subject");
    assert_eq!(status(app, id).await, "APPLIED");
    payload["recalculation"].clone()
}

async fn reverted(app: &TestApp, id: &Value) -> Value {
    let input = json!({ "recalculation": id, "reason": "it was a mistake" });
    let payload = send(app, REVERT, "revertRecalculation", input).await;
    assert!(user_errors(&payload).is_empty(), "{payload}");
    app.services().complete_recalculations().await.expect("every subject");
    assert_eq!(status(app, id).await, "REVERTED");
    payload["recalculation"].clone()
}

async fn status(app: &TestApp, id: &Value) -> Value {
    let data = app.ok("query($id: ID!) { recalculation(id: $id) { status } }", json!({ "id": id })).await;
    data["recalculation"]["status"].clone()
}

/// Partners and professionals with facts of many kinds, the same in every application.
async fn facts(app: &TestApp) {
    for code in ["nordwind", "polder"] {
        app.partner(code, "2024-06-01").await;
    }
    for code in ["ada", "bram", "cleo"] {
        app.professional(code, "2024-06-01").await;
    }
    app.affiliate("ada", "nordwind", "2024-07-01").await;
    app.affiliate("bram", "polder", "2024-07-01").await;
    let mut chance = Chance(41);
    let mut activities = Vec::new();
    for place in 0..60_u32 {
        let on = format!("2025-{:02}-{:02}", 1 + chance.below(12), 1 + chance.below(28));
        let person = chance.of(&["ada", "bram", "cleo"]);
        let partner = chance.of(&["nordwind", "polder"]);
        let activity = match chance.below(6) {
            0 => Activity::of_professional(person, "DOCS_CORRECTION", &on),
            1 => Activity::of_professional(person, "CERTIFICATION_OBTAINED", &on).points(700),
            2 => Activity::of_professional(person, "FEEDBACK_SUBMITTED", &on),
            3 => Activity::of_partner(partner, "CATALOG_DOWNLOADS", &on)
                .quantity(3)
                .attributes(json!({ "itemType": "connector" })),
            4 => Activity::of_partner(partner, "LINKEDIN_POST", &on),
            _ => Activity::of_partner(partner, "EVENT_ORGANIZED", &on),
        };
        activities.push(app.record(activity.external_id(&place.to_string())).await);
    }
    for activity in activities.iter().step_by(7) {
        app.void(activity).await;
    }
    app.affiliate("cleo", "polder", "2025-03-01").await;
}

async fn e4_applying_is_as_if_the_edition_had_been_in_force_from_the_start(backend: Backend) {
    // The first day of the first edition, which it replaces, and one within the facts.
    for from in ["2024-05-01", "2025-06-01"] {
        let (app, from_start) = (TestApp::start(backend, TODAY).await, TestApp::start(backend, TODAY).await);
        let empty = planned(&from_start, &OTHER, from).await;
        assert_eq!(applied(&from_start, &empty).await["subjects"], 0);
        facts(&from_start).await;
        facts(&app).await;
        assert_ne!(sums(&app).await, sums(&from_start).await, "another policy");
        let id = planned(&app, &OTHER, from).await;
        let recalculation = applied(&app, &id).await;
        assert_eq!(recalculation["edition"]["effectiveFrom"], from);
        verified(app.services()).await;
        assert_eq!(sums(&app).await, sums(&from_start).await, "from {from} on");
        names_its_plan(&app).await;
        // What happened on a past day and is recorded later is judged by the new edition as well.
        for app in [&app, &from_start] {
            let late = Activity::of_professional("ada", "DOCS_CORRECTION", "2025-07-03").external_id("late");
            assert_eq!(app.record(late).await["awardedPoints"], 40);
            app.record(
                Activity::of_partner("polder", "LINKEDIN_POST", "2025-06-05").external_id("late-post"),
            )
            .await;
        }
        verified(app.services()).await;
        assert_eq!(sums(&app).await, sums(&from_start).await, "from {from} on, with late facts");
        verified(from_start.services()).await;
        // Another process knows it without a start.
        let other = app.another(TODAY).await;
        let late = Activity::of_professional("bram", "DOCS_CORRECTION", "2025-07-03").external_id("other");
        assert_eq!(other.record(late).await["awardedPoints"], 40);
        other.stop().await;
        reverted(&app, &id).await;
        verified(app.services()).await;
        let late = Activity::of_professional("cleo", "DOCS_CORRECTION", "2025-07-04").external_id("after");
        assert_eq!(app.record(late).await["awardedPoints"], 25);
        verified(app.services()).await;
    }
}

/// The sentence of each entry of a recalculation names the plan.
async fn names_its_plan(app: &TestApp) {
    let query = "{ partner(code: \"nordwind\") { ledger(last: 100) { nodes { reason explanation } } } \
                 professional(code: \"ada\") { pointsLedger(last: 100) { nodes { reason explanation } } } }";
    let read = app.ok(query, json!({})).await;
    for list in [&read["partner"]["ledger"]["nodes"], &read["professional"]["pointsLedger"]["nodes"]] {
        let entries = list.as_array().expect("a list").iter();
        let entries: Vec<&Value> = entries.filter(|entry| entry["reason"] == "RECALCULATION").collect();
        assert!(!entries.is_empty(), "{list}");
        for entry in entries {
            let sentence = entry["explanation"].as_str().expect("a sentence");
            assert!(sentence.contains("recalculated by the plan \"agreed with the board\""), "{sentence}");
        }
    }
}

async fn e4_plan_apply_and_revert_is_the_identity_over_any_history(backend: Backend) {
    for (number, from) in [(11_u64, "2024-05-01"), (12, "2025-09-01")] {
        let app = TestApp::start(backend, TODAY).await;
        let mut history = History::begin(&app).await;
        let mut chance = Chance(number);
        live(&app, &mut history, &mut chance, 140).await;
        verified(app.services()).await;
        let before = sums(&app).await;
        let id = planned(&app, &OTHER, from).await;
        assert_eq!(sums(&app).await, before, "a plan changes nothing");
        applied(&app, &id).await;
        verified(app.services()).await;
        assert_ne!(sums(&app).await, before, "another policy");
        reverted(&app, &id).await;
        verified(app.services()).await;
        let (after, expected) = (sums(&app).await, before);
        let missing: Vec<_> = expected.iter().filter(|one| !after.contains(one)).collect();
        let surplus: Vec<_> = after.iter().filter(|one| !expected.contains(one)).collect();
        assert!(missing.is_empty() && surplus.is_empty(), "{missing:#?} {surplus:#?}");
        // What happens between the two is judged by the one, and then by the other.
        live(&app, &mut history, &mut chance, 30).await;
        let again = planned(&app, &OTHER, from).await;
        applied(&app, &again).await;
        live(&app, &mut history, &mut chance, 40).await;
        verified(app.services()).await;
        reverted(&app, &again).await;
        verified(app.services()).await;
        live(&app, &mut history, &mut chance, 20).await;
        verified(app.services()).await;
    }
}

/// Goes on with a history for some steps.
pub(crate) async fn live(app: &TestApp, history: &mut History, chance: &mut Chance, steps: usize) {
    for _ in 0..steps {
        let seed = chance.below(usize::MAX >> 33);
        let Some(step) = history.next(&mut Chance(seed as u64)) else { continue };
        let payload = history.send(app, &step).await;
        history.learn(&step, &payload);
    }
}

async fn e4_a_plan_that_the_log_has_overtaken_is_refused(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    facts(&app).await;
    let id = planned(&app, &OTHER, "2024-05-01").await;
    // What earns nothing overtakes no plan.
    let claim = Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-05-01").external_id("claim");
    app.done("submitActivity", claim.input()).await;
    let late = Activity::of_partner("nordwind", "LINKEDIN_POST", "2025-06-05").external_id("late");
    let preview =
        send(&app, APPLY, "applyRecalculation", json!({ "recalculation": id, "preview": true })).await;
    assert!(user_errors(&preview).is_empty(), "{preview}");
    app.record(late).await;
    let before = everything(app.reader()).await;
    let payload = apply(&app, &id).await;
    let error = &user_errors(&payload)[0];
    assert_eq!((&error["code"], &error["field"]), (&json!("WRONG_STATE"), &json!(["recalculation"])));
    let message = error["message"].as_str().expect("a text");
    assert!(message.starts_with("The log has overtaken the plan: it was made at step "), "{message}");
    assert!(message.contains("RECORDED came with step ") && message.ends_with("Plan again."), "{message}");
    assert_eq!(everything(app.reader()).await, before);
    let again = planned(&app, &OTHER, "2024-05-01").await;
    applied(&app, &again).await;
    // The plan that came second was made for a log without the first.
    assert_eq!(user_errors(&apply(&app, &id).await)[0]["code"], "WRONG_STATE");
    verified(app.services()).await;
}

async fn e4_what_is_refused_says_why(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    let document = document(&[]);
    // input beside document and reason, what the message has
    let table = [
        (json!({ "effectiveFrom": "2026-08-02" }), "first day of a month on, not from 2026-08-02"),
        (
            json!({ "effectiveFrom": "2026-09-01" }),
            "2026-09-01 is after today, 2026-08-31. Publish an edition for it.",
        ),
        (
            json!({ "effectiveFrom": "2024-04-01" }),
            "the program's launch on 2024-05-01 at the earliest, not from 2024-04-01",
        ),
        (json!({ "reason": " " }), "reason"),
        (json!({ "document": document.replacen("per = 500", "prr = 500", 1) }), "Did you mean `per`?"),
        (json!({ "document": null }), "from a `document` or from a `draft`"),
        (json!({ "document": null, "draft": "x" }), "There is no draft with the id"),
        (json!({ "on": "2024-04-30" }), "2024-04-30 is before the program's launch on 2024-05-01"),
    ];
    for (more, words) in table {
        let mut input = json!({ "document": document, "effectiveFrom": "2025-01-01", "reason": "why" });
        input.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        let payload = send(&app, PLAN, "planRecalculation", input.clone()).await;
        assert!(payload["recalculation"].is_null(), "{input}");
        let messages: Vec<_> =
            user_errors(&payload).iter().map(|error| error["message"].to_string()).collect();
        assert!(messages.iter().any(|message| message.contains(words)), "{input}: {messages:?}");
    }
    let id = planned(&app, &[], "2025-01-01").await;
    let revert = async |id: &Value, reason: &str| {
        let input = json!({ "recalculation": id, "reason": reason });
        let payload = send(&app, REVERT, "revertRecalculation", input).await;
        user_errors(&payload)
            .iter()
            .map(|error| error["message"].as_str().unwrap_or_default().to_owned())
            .collect::<String>()
    };
    assert_eq!(revert(&id, "why").await, "The recalculation was not applied.");
    assert!(revert(&json!("x"), "why").await.starts_with("There is no recalculation with the id"));
    assert_eq!(applied(&app, &id).await["subjects"], 0, "the same policy changes nobody");
    assert_eq!(user_errors(&apply(&app, &id).await)[0]["message"], "The recalculation was applied already.");
    assert!(revert(&id, "").await.contains("reason"));
    reverted(&app, &id).await;
    assert_eq!(revert(&id, "why").await, "The recalculation was reverted already.");
    let payload = apply(&app, &id).await;
    let message = &user_errors(&payload)[0]["message"];
    assert_eq!(message, "The recalculation was reverted; plan it again to apply it again.");
    verified(app.services()).await;
}

async fn e4_a_preview_keeps_nothing_and_a_key_runs_once(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    facts(&app).await;
    let document = document(&OTHER);
    let input = json!({ "document": document, "effectiveFrom": "2025-01-01", "reason": "why", "idempotencyKey": "plan" });
    let first = send(&app, PLAN, "planRecalculation", input.clone()).await;
    let second = send(&app, PLAN, "planRecalculation", input).await;
    let id = first["recalculation"]["id"].clone();
    assert_eq!(second["recalculation"]["id"], id);
    let before = everything(app.reader()).await;
    let preview =
        send(&app, APPLY, "applyRecalculation", json!({ "recalculation": id, "preview": true })).await;
    assert_eq!(preview["recalculation"]["status"], "APPLYING", "{preview}");
    assert!(preview["recalculation"]["trial"]["gainers"].as_i64().is_some_and(|gainers| gainers > 0));
    assert_eq!(everything(app.reader()).await, before);
    let input = json!({ "recalculation": id, "idempotencyKey": "apply" });
    for _ in 0..2 {
        let payload = send(&app, APPLY, "applyRecalculation", input.clone()).await;
        assert_eq!(payload["recalculation"]["id"], id, "{payload}");
    }
    app.services().complete_recalculations().await.expect("every subject");
    let before = everything(app.reader()).await;
    let input = json!({ "recalculation": id, "reason": "why", "preview": true });
    let preview = send(&app, REVERT, "revertRecalculation", input).await;
    assert_eq!(preview["recalculation"]["status"], "REVERTING", "{preview}");
    assert_eq!(everything(app.reader()).await, before);
    let list = "{ recalculations(first: 1) { totalCount nodes { id status reason plannedBy trial { effectiveFrom } } } }";
    let data = app.ok(list, json!({})).await;
    assert_eq!(data["recalculations"]["totalCount"], 1);
    assert_eq!(data["recalculations"]["nodes"][0]["status"], "APPLIED");
    let rows = entity::recalculation::Entity::find().all(app.reader()).await.expect("rows");
    assert_eq!(rows[0].status, RecalculationStatus::Applied);
}

async fn e4_levels_follow_other_thresholds_without_entries(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2026-01-01").await;
    app.record(Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-03-02")).await;
    app.record(Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2026-03-02").points(700)).await;
    let levels = async || {
        let query = "{ partner(code: \"nordwind\") { standing { overall { code } } } \
                     professional(code: \"ada\") { standing { level { code } } } }";
        let data = app.ok(query, json!({})).await;
        [
            data["partner"]["standing"]["overall"]["code"].clone(),
            data["professional"]["standing"]["level"]["code"].clone(),
        ]
    };
    assert_eq!(levels().await, [json!("COLLABORATOR"), Value::Null]);
    let id = planned(
        &app,
        &[("threshold = 75", "threshold = 40"), ("threshold = 750", "threshold = 600")],
        "2026-01-01",
    )
    .await;
    assert_eq!(applied(&app, &id).await["subjects"], 2);
    verified(app.services()).await;
    assert_eq!(levels().await, [json!("CREATOR"), json!("ADVOCATE")]);
    let entries = entity::ledger_entry::Entity::find().all(app.reader()).await.expect("entries");
    assert_eq!(entries.len(), 1, "nothing was earned");
    reverted(&app, &id).await;
    verified(app.services()).await;
    assert_eq!(levels().await, [json!("COLLABORATOR"), Value::Null]);
    let query = "{ events(first: 100) { nodes { type data } } }";
    let data = app.ok(query, json!({})).await;
    let events = data["events"]["nodes"].as_array().expect("a list");
    let events: Vec<(&str, &str)> = events
        .iter()
        .map(|event| {
            (event["type"].as_str().unwrap_or_default(), event["data"]["reason"].as_str().unwrap_or_default())
        })
        .filter(|(_, reason)| !reason.is_empty())
        .collect();
    let (board, mistake) = ("agreed with the board", "it was a mistake");
    assert_eq!(
        events,
        [
            ("RECALCULATION_APPLIED", board),
            ("LEVEL_REACHED", board),
            ("LEVEL_REACHED", board),
            ("RECALCULATION_FINISHED", board),
            ("RECALCULATION_REVERTED", mistake),
            ("LEVEL_LAPSED", mistake),
            ("LEVEL_LAPSED", mistake),
            ("RECALCULATION_FINISHED", mistake),
        ]
    );
}

async fn e4_the_last_one_is_reverted_first(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    facts(&app).await;
    let before = sums(&app).await;
    let first = planned(&app, &[("points = 25\n", "points = 40\n")], "2025-01-01").await;
    applied(&app, &first).await;
    let between = sums(&app).await;
    assert_ne!(between, before, "more points");
    // Of the same day, which it replaces.
    let second = planned(&app, &[("points = 25\n", "points = 60\n")], "2025-01-01").await;
    applied(&app, &second).await;
    verified(app.services()).await;
    let input = json!({ "recalculation": first, "reason": "why" });
    let payload = send(&app, REVERT, "revertRecalculation", input).await;
    let message = user_errors(&payload)[0]["message"].as_str().expect("a text").to_owned();
    assert!(message.starts_with("A later recalculation is in force, applied on 2026-08-31"), "{message}");
    reverted(&app, &second).await;
    assert_eq!(sums(&app).await, between);
    verified(app.services()).await;
    reverted(&app, &first).await;
    assert_eq!(sums(&app).await, before);
    verified(app.services()).await;
    // The same can be planned and applied again.
    let again = planned(&app, &[("points = 25\n", "points = 40\n")], "2025-01-01").await;
    applied(&app, &again).await;
    assert_eq!(sums(&app).await, between);
    verified(app.services()).await;
}
