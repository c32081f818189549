//! Objects that the documents of the table name, made for the purpose.

use std::sync::Arc;

use entity::value::{ImportKind, ImportPolicy, ImportStatus};
use partner_program::access::Caller;
use serde_json::{Value, json};

use crate::access::world::{TODAY, World};
use crate::harness::webhooks::until;
use crate::harness::{Activity, Order, TestApp, user_errors};

/// Puts objects in the place of words in capitals; some are made for the purpose.
#[expect(clippy::too_many_lines, reason = "one arm for each word")]
pub(super) async fn fill(
    world: &World,
    is_own: bool,
    number: usize,
    document: &mut String,
    shown: &mut String,
) -> Vec<(&'static str, String)> {
    let app = &world.app;
    let (partner, professional, external, activity) = if is_own {
        ("nordwind", "ada", "own", &world.own)
    } else {
        ("polder", "bram", "foreign", &world.foreign)
    };
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut words: Vec<(&'static str, String)> = Vec::new();
    if ["FREE", "EMPLOYED", "EMPLOYMENT_ID"].iter().any(|word| document.contains(word)) {
        let code = format!("somebody-{number}");
        app.professional(&code, "2026-01-01").await;
        if document.contains("EMPLOYED") || document.contains("EMPLOYMENT_ID") {
            app.affiliate(&code, partner, "2026-01-01").await;
        }
        if document.contains("EMPLOYMENT_ID") {
            words.push(("EMPLOYMENT_ID", affiliation_id(app, &code).await));
        }
        words.extend([("FREE", code.clone()), ("EMPLOYED", code)]);
    }
    if document.contains("\"SPARE\"") {
        let code = format!("spare-{number}");
        app.partner(&code, "2026-08-01").await;
        words.push(("\"SPARE\"", format!("\"{code}\"")));
    }
    if document.contains("AFFILIATION_ID") {
        words.push(("AFFILIATION_ID", affiliation_id(app, professional).await));
    }
    if ["issueCertificate", "CERTIFICATE_ID"].iter().any(|word| document.contains(word)) {
        let certified = Activity::of_professional(professional, "CERTIFICATION_OBTAINED", "2026-03-02");
        app.record(certified.points(600)).await;
        app.record(Activity::of_partner(partner, "EVENT_ORGANIZED", "2026-03-02")).await;
    }
    if document.contains("CERTIFICATE_ID") {
        let issued = app.done("issueCertificate", json!({ "professional": professional })).await;
        words.push(("CERTIFICATE_ID", text(&issued["certificate"]["id"])));
    }
    if document.contains("CLAIM") {
        let claim = Activity::of_professional(professional, "BLOG_POST_PUBLISHED", "2026-05-01").points(500);
        words.push(("CLAIM", text(&app.done("submitActivity", claim.input()).await["activity"]["id"])));
    }
    if document.contains("RECORDED") {
        let recorded = Activity::of_professional(professional, "DOCS_CORRECTION", "2026-05-01");
        words.push(("RECORDED", text(&app.record(recorded).await["id"])));
    }
    if document.contains("DRAFT_ID") {
        // A month of its own for each edition that is published.
        let month = chrono::NaiveDate::from_ymd_opt(2027, 1, 1).expect("a date");
        let month = month + chrono::Months::new(number.try_into().expect("small"));
        let policy = app.ok("{ edition { document } }", json!({})).await["edition"]["document"].clone();
        let input = json!({ "name": "x", "document": policy, "effectiveFrom": month });
        words.push(("DRAFT_ID", text(&app.done("saveEditionDraft", input).await["draft"]["id"])));
    }
    if document.contains("RECALCULATION_ID") {
        let query = "mutation($document: String!) { planRecalculation(input: { document: $document, \
            effectiveFrom: \"2025-01-01\", reason: \"why\" }) { recalculation { id } userErrors { message } } }";
        let policy = app.ok("{ edition { document } }", json!({})).await["edition"]["document"].clone();
        let planned = app.ok(query, json!({ "document": policy })).await;
        let recalculation = &planned["planRecalculation"]["recalculation"];
        if document.contains("revertRecalculation") {
            let input = json!({ "id": recalculation["id"] });
            let query = "mutation($id: ID!) { applyRecalculation(input: { recalculation: $id }) { recalculation { id } } }";
            app.ok(query, input).await;
            app.services().complete_recalculations().await.expect("every subject");
        }
        words.push(("RECALCULATION_ID", text(&recalculation["id"])));
    }
    if document.contains("TRIAL_ID") {
        let policy = app.ok("{ edition { document } }", json!({})).await["edition"]["document"].clone();
        let query = "query($document: String!) { tryEdition(input: { document: $document }) { id } }";
        words.push((
            "TRIAL_ID",
            text(&app.ok(query, json!({ "document": policy })).await["tryEdition"]["id"]),
        ));
    }
    if document.contains("RUN_ID") {
        let services = app.services().for_caller(Arc::new(Caller::system("import")), None);
        let run = services.import_run_begin("a.csv", ImportKind::Partners, ImportPolicy::Valid).await;
        services.import_run_end(run.expect("a run"), ImportStatus::Finished).await.expect("an end");
        let data = app.ok("{ importRuns(last: 1) { nodes { id } } }", json!({})).await;
        words.push(("RUN_ID", text(&data["importRuns"]["nodes"][0]["id"])));
    }
    if document.contains("endOverride") {
        let day = chrono::NaiveDate::from_ymd_opt(2027, 1, 1).expect("a date");
        let day = day + chrono::Days::new(number as u64);
        let input = json!({ "partner": partner, "track": "TECHNICAL", "level": "CREATOR", "from": day, "until": day, "reason": "x" });
        app.done("overrideLevel", input).await;
    }
    if document.contains("SANDBOX_ID") {
        if app.sandboxes().await.is_empty() {
            app.sandbox(json!({})).await;
        }
        let ready = async || app.sandboxes().await.iter().all(|one| one["status"] == "READY");
        until("the sandboxes", ready).await;
        let id = app.sandboxes().await[0]["id"].clone();
        words.push(("SANDBOX_ID", text(&id)));
    }
    if document.contains("NEW_KEY") {
        let input = json!({ "role": "PARTNER", "subject": partner, "label": "to revoke" });
        words.push(("NEW_KEY", text(&app.done("createApiKey", input).await["apiKey"]["id"])));
    }
    if document.contains("KEY_ID") {
        let data = app.ok("{ apiKeys(first: 1) { nodes { id } } }", json!({})).await;
        words.push(("KEY_ID", text(&data["apiKeys"]["nodes"][0]["id"])));
    }
    if document.contains("AUDIT_ID") {
        let data = app.ok("{ auditLog(first: 1) { nodes { id } } }", json!({})).await;
        words.push(("AUDIT_ID", text(&data["auditLog"]["nodes"][0]["id"])));
    }
    if document.contains("POINTS_ID") {
        let query = format!(
            "{{ professional(code: \"{professional}\") {{ pointsLedger(first: 1) {{ nodes {{ id }} }} }} }}"
        );
        let data = app.ok(&query, json!({})).await;
        words.push(("POINTS_ID", text(&data["professional"]["pointsLedger"]["nodes"][0]["id"])));
    }
    if document.contains("ENTRY_ID") {
        words.push(("ENTRY_ID", text(&app.ledger(partner).await[0]["id"])));
    }
    words.extend(sales(world, is_own, number, document).await);
    for (word, role, outcome) in [("WON", "INTEGRATOR", "WON_BY_PARTNER"), ("LOST", "ADMINISTRATOR", "LOST")]
    {
        if document.contains(&format!("\"{word}\"")) {
            let reference = format!("{word}-{number}");
            let register = json!({ "partner": partner, "reference": reference, "customer": reference, "scope": "x",
                "registeredOn": "2026-08-01" });
            let close = json!({ "reference": reference, "outcome": outcome, "closedOn": "2026-08-02" });
            for (mutation, input) in [("registerDeal", register), ("closeDeal", close)] {
                let document = crate::harness::document(mutation);
                let answer = app.send_as(world.key(role), &document, json!({ "input": input })).await;
                assert!(user_errors(&answer.body).is_empty(), "{}", answer.text);
            }
            words.push((word, reference));
        }
    }
    if document.contains("CUSTOMER_ID") {
        for (word, name) in [("CUSTOMER_ID", "one"), ("OTHER_ID", "two")] {
            let name = format!("{name}-{number}");
            let register = json!({ "partner": partner, "reference": format!("of-{name}"), "customer": name, "scope": "x",
                "registeredOn": "2026-08-01" });
            app.done("registerDeal", register).await;
            let query =
                format!("{{ customers(filter: {{ search: \"{name}\" }}) {{ nodes {{ id name }} }} }}");
            let data = app.ok(&query, json!({})).await;
            let nodes = data["customers"]["nodes"].as_array().expect("customers");
            let found = nodes.iter().find(|node| node["name"] == *name).expect("the customer");
            words.push((word, text(&found["id"])));
        }
    }
    words.extend(webhooks(world, document).await);
    words.extend([
        ("PARTNER_ID", world.id("partner", partner).await),
        ("PROFESSIONAL_ID", world.id("professional", professional).await),
        ("ACTIVITY_ID", text(&activity["id"])),
        ("EXTERNAL", external.to_owned()),
        ("\"PARTNER\"", format!("\"{partner}\"")),
        ("PROFESSIONAL\"", format!("{professional}\"")),
        ("-N\"", format!("-{number}\"")),
    ]);
    for (word, value) in &words {
        *document = document.replace(word, value);
        if shown == word.trim_matches('"') {
            shown.clone_from(&value.trim_matches('"').to_owned());
        }
    }
    words
}

/// Global id of the first affiliation of a professional.
async fn affiliation_id(app: &TestApp, professional: &str) -> String {
    let query =
        "query($code: String!) { professional(code: $code) { affiliations(first: 1) { nodes { id } } } }";
    let data = app.ok(query, json!({ "code": professional })).await;
    let id = &data["professional"]["affiliations"]["nodes"][0]["id"];
    id.as_str().expect("an affiliation").to_owned()
}

/// Endpoints of webhooks that a document names, and a delivery.
async fn webhooks(world: &World, document: &str) -> Vec<(&'static str, String)> {
    let create = async || {
        let input =
            json!({ "url": "https://nobody.invalid/", "description": "x", "types": ["DEAL_EXPIRED"] });
        world.app.done("createWebhookEndpoint", input).await["webhookEndpoint"]["id"].clone()
    };
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    let mut words = Vec::new();
    if document.contains("SPARE_ID") {
        words.push(("SPARE_ID", text(&create().await)));
    }
    if document.contains("ENDPOINT_ID") || document.contains("DELIVERY_ID") {
        let found = world.app.ok("{ webhookEndpoints(first: 1) { nodes { id } } }", json!({})).await;
        let mut id = found["webhookEndpoints"]["nodes"][0]["id"].clone();
        if id.is_null() {
            id = create().await;
        }
        words.push(("ENDPOINT_ID", text(&id)));
        if document.contains("DELIVERY_ID") {
            let sent = world.app.done("sendTestWebhook", json!({ "id": id })).await;
            words.push(("DELIVERY_ID", text(&sent["webhookDelivery"]["id"])));
        }
    }
    words
}

/// Orders, deals and the like that a document names, made for the purpose.
async fn sales(world: &World, is_own: bool, number: usize, document: &str) -> Vec<(&'static str, String)> {
    let (partner, professional) = if is_own { ("nordwind", "ada") } else { ("polder", "bram") };
    let day = chrono::NaiveDate::from_ymd_opt(2027, 1, 1).expect("a date");
    let day = day + chrono::Days::new(number as u64);
    let mut words = vec![("DAY", day.to_string())];
    // what the document names, its id, the key that makes it, the mutation, its input, what is asked of it
    let deal = json!({ "partner": partner, "reference": format!("deal-{number}"), "customer": format!("c-{number}"),
        "scope": "x", "registeredOn": "2026-08-01" });
    let order = json!({ "order": { "partner": partner, "purpose": "SELF_USE", "currency": "EUR",
        "lines": [{ "product": "dmc", "quantity": 1 }] }, "idempotencyKey": format!("made-{number}") });
    let swag =
        json!({ "professional": professional, "item": "hoodie", "idempotencyKey": format!("made-{number}") });
    let maker = if is_own { "INTEGRATOR" } else { "ADMINISTRATOR" };
    let made = [
        ("DEAL", "DEAL_ID", maker, "registerDeal", "RegisterDealInput", deal, "deal", "reference"),
        ("ORDER", "ORDER_ID", "ADMINISTRATOR", "placeOrder", "PlaceOrderInput", order, "order", "number"),
        (
            "SWAG",
            "SWAG_ID",
            "ADMINISTRATOR",
            "placeSwagOrder",
            "PlaceSwagOrderInput",
            swag,
            "swagOrder",
            "number",
        ),
    ];
    for (word, id, role, mutation, input_type, input, object, name) in made {
        if !document.contains(&format!("\"{word}")) {
            continue;
        }
        let query = format!(
            "mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {object} {{ id {name} }} userErrors {{ message }} }} }}"
        );
        let answer = world.app.send_as(world.key(role), &query, json!({ "input": input })).await;
        let found = &answer.body["data"][mutation][object];
        let text =
            |field: &str| found[field].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned();
        words.extend([(id, text("id")), (word, text(name))]);
    }
    if document.contains("\"QUOTE") {
        let query = "mutation($order: OrderInput!) { saveQuote(input: { order: $order, validUntil: \"2026-12-31\" }) \
            { savedQuote { id number } } }";
        let order = Order::self_use(partner).line("dmc", 1).input();
        let saved = world.app.ok(query, json!({ "order": order })).await["saveQuote"]["savedQuote"].clone();
        let text = |field: &str| saved[field].as_str().expect("a text").to_owned();
        words.extend([("QUOTE_ID", text("id")), ("QUOTE", text("number"))]);
    }
    if document.contains("\"FULFILLED") {
        let order = world.app.place(&Order::self_use(partner).line("dmc", 1)).await;
        world.app.fulfill(&order, TODAY).await;
        words.push(("FULFILLED", order["number"].as_str().expect("a number").to_owned()));
    }
    if document.contains("\"CONTRACT\"") {
        let reference = format!("made-{number}");
        // Days of its own, so that no two contracts of a partner meet.
        let first = day + chrono::Days::new(3_000 + 2 * number as u64);
        let days = (first.to_string(), (first + chrono::Days::new(1)).to_string());
        world.app.contract(partner, &reference, (&days.0, &days.1), &[("TRAINING", "7")]).await;
        words.push(("FIRST", days.0));
        words.push(("\"CONTRACT\"", format!("\"{reference}\"")));
    }
    for (word, query, path) in [
        ("PRODUCT_ID", "{ product(code: \"dmc\") { id } }".to_owned(), "/product/id"),
        ("ITEM_ID", "{ swagItem(code: \"hoodie\") { id } }".to_owned(), "/swagItem/id"),
        (
            "CONTRACT_ID",
            format!("{{ partner(code: \"{partner}\") {{ contracts {{ id }} }} }}"),
            "/partner/contracts/0/id",
        ),
    ] {
        if document.contains(word) {
            let data = world.app.ok(&query, json!({})).await;
            words.push((word, data.pointer(path).and_then(Value::as_str).expect("an id").to_owned()));
        }
    }
    words
}
