//! Where a second administrator has to approve, an approval is of a document for its day (E1, E4).

use serde_json::{Value, json};

use super::{PLAN, apply, document, send, status};
use crate::harness::history::TODAY;
use crate::harness::{Backend, TestApp, TestDatabase, user_errors, verified};
use crate::publishing::{APPROVE, SAVE, payload};

both! {
    e1_an_approval_for_one_day_is_none_for_another,
}

async fn e1_an_approval_for_one_day_is_none_for_another(backend: Backend) {
    let settings = [("EDITION_APPROVAL", "required")];
    let app = TestApp::start_with(TestDatabase::create(backend).await, TODAY, &settings).await;
    let second = app.key("ADMINISTRATOR", None).await;
    let approved = async |day: Value| {
        let input = json!({ "name": "A draft", "document": document(&[]), "effectiveFrom": day });
        let saved = payload(&app.send(SAVE, json!({ "input": input })).await, "saveEditionDraft");
        let id = saved["draft"]["id"].clone();
        let variables = json!({ "input": { "draft": id, "revision": 1 } });
        let payload = payload(&app.send_as(&second, APPROVE, variables).await, "approveEditionDraft");
        assert!(user_errors(&payload).is_empty(), "{payload}");
        id
    };
    let planned = async |draft: &Value, day: Value| {
        let input = json!({ "draft": draft, "effectiveFrom": day, "reason": "why" });
        let payload = send(&app, PLAN, "planRecalculation", input).await;
        assert!(user_errors(&payload).is_empty(), "{payload}");
        payload["recalculation"]["id"].clone()
    };
    // day of the draft, planned for, approved for another day
    let table = [
        (json!("2025-01-01"), json!("2025-02-01"), Some("2025-01-01, not for 2025-02-01")),
        (json!("2025-01-01"), json!("2025-01-01"), None),
        (json!("2025-01-01"), Value::Null, None),
        // Without a day, that of the document.
        (Value::Null, json!("2025-02-01"), Some("2024-05-01, not for 2025-02-01")),
        (Value::Null, Value::Null, None),
    ];
    for (day, planned_for, refused) in table {
        let id = planned(&approved(day.clone()).await, planned_for.clone()).await;
        let payload = apply(&app, &id).await;
        if let Some(words) = refused {
            let error = &user_errors(&payload)[0];
            assert_eq!((&error["code"], &error["field"]), (&json!("WRONG_STATE"), &json!(["recalculation"])));
            let message = error["message"].as_str().expect("a text");
            assert!(message.starts_with(&format!("The draft was approved for {words}")), "{message}");
            assert_eq!(status(&app, &id).await, "PLANNED");
        } else {
            assert!(user_errors(&payload).is_empty(), "{day} {planned_for}: {payload}");
            app.services().complete_recalculations().await.expect("every subject");
        }
    }
    verified(app.services()).await;
}
