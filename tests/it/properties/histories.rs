//! Properties of the whole program, through its API on both databases: after any history the log, folded again, comes to
//! everything that is stored, and a preview says what the run right after it does, and keeps nothing.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::history::{Chance, History, Mutation, TODAY};
use crate::harness::{Backend, TestApp, everything, run, verified};
use crate::publishing::document;

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_history_follows_from_its_log_and_previews_are_true(
        steps in proptest::collection::vec(any::<u64>(), 60..140),
        previewed in any::<u64>(),
    ) {
        for backend in Backend::ALL {
            run(lived(backend, &steps, previewed));
        }
    }
}

/// A history of these steps; every fourth is previewed before it is run, beginning with the one of `previewed`.
async fn lived(backend: Backend, steps: &[u64], previewed: u64) {
    let app = TestApp::start(backend, TODAY).await;
    let mut history = History::begin(&app).await;
    for (place, step) in steps.iter().enumerate() {
        let Some(step) = history.next(&mut Chance(*step)) else { continue };
        let expected = if (place as u64).wrapping_add(previewed).is_multiple_of(4) {
            Some(preview(&app, &history, &step).await)
        } else {
            None
        };
        let payload = history.send(&app, &step).await;
        if let Some(expected) = expected {
            assert_eq!(said(&payload), expected, "{backend:?}: {step:?}");
        }
        history.learn(&step, &payload);
    }
    verified(app.services()).await;
    tried_as_lived(&app).await;
    // What is due by time alone follows from the log as well.
    let app = app.restart("2027-02-01").await;
    app.services().emit_time_based_events().await.expect("what is due");
    verified(app.services()).await;
}

/// A trial folds the log by reading less of it than `verify` does; what it finds by the policy in force is what is stored.
async fn tried_as_lived(app: &TestApp) {
    // Everybody who has anything fares differently by these, so nobody is left out.
    let others = [
        ("percent = \"10\"", "percent = \"11\""),
        ("percent = \"15\"", "percent = \"16\""),
        ("percent = \"20\"", "percent = \"21\""),
        ("dojo_credits_per_point = 1 ", "dojo_credits_per_point = 2 "),
    ];
    let text = document(app, &others).await;
    let text = text.split("[[example]]").next().expect("a head").to_owned();
    let input = json!({ "input": { "document": text, "effectiveFrom": "2024-05-01", "on": TODAY } });
    let trial = app.ok(TRY, input).await["tryEdition"].clone();
    assert_eq!(trial["status"], "FINISHED", "{trial}");
    let mut compared = [0; 2];
    for one in trial["subjects"]["nodes"].as_array().expect("a list") {
        let (partner, person, before) = (&one["partner"], &one["professional"], &one["before"]);
        if partner.is_object() {
            compared[0] += 1;
            let standing = &partner["standing"];
            let stored = json!([
                partner["balance"],
                standing["overall"]["code"],
                standing["technical"]["credits"],
                standing["business"]["credits"],
            ]);
            let found =
                ["balance", "level", "technicalCredits", "businessCredits"].map(|field| &before[field]);
            assert_eq!(json!(found), stored, "{one}");
        } else {
            compared[1] += 1;
            let standing = &person["standing"];
            let stored = json!([person["dojoCredits"], standing["level"]["code"], standing["points"]]);
            assert_eq!(json!(["balance", "level", "points"].map(|field| &before[field])), stored, "{one}");
        }
    }
    assert!(compared[0] > 0, "{trial}");
}

const TRY: &str = "query($input: TryEditionInput!) { tryEdition(input: $input) { status subjects(first: 100) { nodes { \
    before { level technicalCredits businessCredits points balance } \
    partner { code balance standing { overall { code } technical { credits } business { credits } } } \
    professional { code dojoCredits standing { points level { code } } } } } } }";

/// What a preview of a mutation says, which must keep nothing.
async fn preview(app: &TestApp, history: &History, step: &Mutation) -> Value {
    let preview = step.preview();
    let before = kept(app).await;
    let payload = history.send(app, &preview).await;
    let after = kept(app).await;
    let new: Vec<&String> = after.iter().filter(|row| !before.contains(row)).collect();
    assert!(after == before, "a preview kept something: {step:?} {new:?}");
    said(&payload)
}

/// Every row but those of API keys, which any request marks as used.
async fn kept(app: &TestApp) -> Vec<String> {
    let mut rows = everything(app.reader()).await;
    rows.retain(|row| !row.contains("last_used_at"));
    rows
}

/// A payload without what a preview draws none of: ids and numbers of new objects.
fn said(payload: &Value) -> Value {
    match payload {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != "id")
            .map(|(name, value)| (name.clone(), said(value)))
            .collect(),
        Value::Array(values) => values.iter().map(said).collect(),
        Value::String(text) => text.split(' ').map(without_number).collect::<Vec<_>>().join(" ").into(),
        other => other.clone(),
    }
}

/// A word without the number of an order or a quote.
fn without_number(word: &str) -> &str {
    let is_number = |text: &str| {
        let text = text.trim_end_matches(|end: char| !end.is_alphanumeric());
        text == "PREVIEW" || (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let number = |prefix: &&str| word.strip_prefix(*prefix).is_some_and(is_number);
    ["O-", "Q-", "S-"].into_iter().find(number).unwrap_or(word)
}
