//! Properties of the whole program, through its API on both databases: after any history the log, folded again, comes to
//! everything that is stored, and a preview says what the run right after it does, and keeps nothing.

use proptest::prelude::*;
use serde_json::Value;

use crate::harness::history::{Chance, History, Mutation, TODAY};
use crate::harness::{Backend, TestApp, everything, run, verified};

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
            preview(&app, &history, &step).await
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
    // What is due by time alone follows from the log as well.
    let app = app.restart("2027-02-01").await;
    app.services().emit_time_based_events().await.expect("what is due");
    verified(app.services()).await;
}

/// What a preview of a mutation says, which must keep nothing; none where there is no preview.
async fn preview(app: &TestApp, history: &History, step: &Mutation) -> Option<Value> {
    let preview = step.preview()?;
    let before = kept(app).await;
    let payload = history.send(app, &preview).await;
    let after = kept(app).await;
    let new: Vec<&String> = after.iter().filter(|row| !before.contains(row)).collect();
    assert!(after == before, "a preview kept something: {step:?} {new:?}");
    Some(said(&payload))
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
