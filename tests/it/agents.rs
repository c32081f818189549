//! Agents: tools by role, and changes in two steps, over HTTP as a client of the protocol sends it.

mod parameters;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::access::world::{ROLES, TODAY, World};
use crate::harness::{Activity, Backend, TestApp, TestDatabase, everything, verified};

both! {
    callers_see_the_tools_that_they_may_use,
    every_listed_query_answers,
    a_preview_changes_nothing,
    a_confirmation_makes_the_change_once,
    a_confirmation_is_refused_for_anything_else,
    an_expired_confirmation_is_refused,
    processes_share_confirmations,
    refusals_are_those_of_the_api,
    resources_and_prompts,
    the_edge_refuses_what_it_refuses_for_graphql,
    tools_run_where_documents_are_trusted,
}

/// An answer of `/mcp`.
struct Answer {
    status: u16,
    body: Value,
}

async fn post(app: &TestApp, key: &str, body: String) -> Answer {
    let request = app.request(Method::POST, "/mcp").bearer_auth(key);
    let request = request.header("content-type", "application/json").body(body);
    let response = request.header("accept", "application/json, text/event-stream").send().await;
    let response = response.expect("an answer");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a whole answer");
    Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

/// The result of a method.
async fn method(app: &TestApp, key: &str, method: &str, params: Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let answer = post(app, key, body.to_string()).await;
    assert!(answer.status == 200 && answer.body["result"].is_object(), "{method}: {}", answer.body);
    answer.body["result"].clone()
}

/// The result of a tool.
async fn call(app: &TestApp, key: &str, tool: &str, arguments: &Value) -> Value {
    method(app, key, "tools/call", json!({ "name": tool, "arguments": arguments })).await
}

/// The texts of a result.
fn text(result: &Value) -> String {
    let blocks = result["content"].as_array().expect("content").iter();
    blocks.map(|block| block["text"].as_str().expect("a text")).collect::<Vec<_>>().join("\n")
}

async fn tools(app: &TestApp, key: &str) -> Vec<Value> {
    let listed = method(app, key, "tools/list", json!({})).await["tools"].clone();
    listed.as_array().expect("a list").clone()
}

fn names(tools: &[Value]) -> BTreeSet<String> {
    tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}

/// Adds the confirmation of a preview to its arguments.
fn confirmed(arguments: &Value, preview: &Value) -> Value {
    let confirmation = preview["structuredContent"]["confirmation"].clone();
    assert!(confirmation.is_string(), "{preview}");
    let mut arguments = arguments.clone();
    arguments["confirmation"] = confirmation;
    arguments
}

async fn callers_see_the_tools_that_they_may_use(backend: Backend) {
    let world = World::new(backend).await;
    let mut seen = Vec::new();
    for role in ROLES {
        seen.push(names(&tools(&world.app, world.key(role)).await));
    }
    let [administrator, staff, integrator, partner, professional] = &seen[..] else { panic!("five roles") };
    assert!(administrator.len() >= 40, "{administrator:?}");
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        one.difference(other).cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(only(administrator, staff), "check_draft list_drafts trial_result try_draft");
    assert_eq!(only(staff, administrator), "");
    let all = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        all(integrator),
        "close_deal earning_rules events_since find_activity find_deal record_activity register_deal reported_wins \
         review_queue submit_claim who_am_i"
    );
    assert_eq!(
        all(partner),
        "cancel_order close_deal earning_rules events_since explain_balance explain_points find_activity \
         find_affiliation find_deal find_order find_partner find_professional list_products partner_ledger \
         partner_outlook partner_standing partner_statement partners_at_risk partners_near_next_level path_to_level \
         place_order professional_standing professionals_at_risk quote register_deal reported_wins review_queue \
         submit_claim who_am_i"
    );
    assert_eq!(
        all(professional),
        "earning_rules events_since explain_points find_activity find_affiliation find_professional \
         professional_standing professionals_at_risk review_queue submit_claim who_am_i"
    );
    let input = json!({ "role": "PROGRAM_STAFF", "label": "an agent", "readOnly": true });
    let key = world.app.done("createApiKey", input).await["secret"].as_str().expect("a key").to_owned();
    let reading = tools(&world.app, &key).await;
    assert!(reading.iter().all(|tool| tool["annotations"]["readOnlyHint"] == true));
    assert_eq!(only(staff, &names(&reading)).split(' ').count(), 15);
}

/// Arguments of a query with which it answers, for the caller of a role.
fn arguments(tool: &str) -> Value {
    match tool {
        "partner_standing" | "partner_ledger" => json!({ "partner": "nordwind" }),
        "partner_outlook" => json!({ "partner": "nordwind", "on": "2027-03-31" }),
        "path_to_level" => json!({ "partner": "nordwind", "track": "BUSINESS" }),
        "explain_balance" => json!({ "partner": "nordwind", "year": 2026 }),
        "partner_statement" => json!({ "partner": "nordwind", "from": "2026-01-01", "to": "2026-08-31" }),
        "partners_at_risk" => json!({ "lapsingFrom": "2026-08-31", "lapsingTo": "2027-08-31" }),
        "partners_near_next_level" => json!({ "withinCreditsOfNext": 1000, "track": "TECHNICAL" }),
        "professional_standing" | "explain_points" => json!({ "professional": "ada" }),
        "quote" => json!({ "partner": "nordwind", "purpose": "SELF_USE", "currency": "EUR",
            "lines": [{ "product": "dmc", "quantity": 10 }] }),
        "find_customer" => json!({ "search": "acme" }),
        "events_since" => json!({ "after": 0, "first": 5 }),
        "program_report" => json!({ "from": "2026-01-01", "to": "2026-08-31" }),
        "check_draft" | "try_draft" => json!({ "document": "" }),
        "trial_result" => json!({ "id": "x" }),
        _ => json!({}),
    }
}

async fn every_listed_query_answers(backend: Backend) {
    let world = World::new(backend).await;
    let app = &world.app;
    let every = names(&tools(app, world.key("ADMINISTRATOR")).await);
    for role in ROLES {
        let listed = tools(app, world.key(role)).await;
        for tool in listed.iter().filter(|tool| tool["annotations"]["readOnlyHint"] == true) {
            let name = tool["name"].as_str().expect("a name");
            let result = call(app, world.key(role), name, &arguments(name)).await;
            let is_error = result["isError"] == true;
            // These need a document or an id.
            let needs_more = ["check_draft", "try_draft", "trial_result"].contains(&name);
            assert!(!is_error || needs_more, "{role} {name}: {}", text(&result));
            assert!(!text(&result).contains("does not permit"), "{role} {name}: {}", text(&result));
            assert!(needs_more || result["structuredContent"]["data"].is_object(), "{role} {name}");
        }
        // What is not listed is refused in the words of the API, or there is nothing.
        for name in every.difference(&names(&listed)) {
            let result = call(app, world.key(role), name, &arguments(name)).await;
            let answer = text(&result);
            let data = &result["structuredContent"]["data"];
            let is_nothing = data
                .as_object()
                .is_some_and(|data| data.values().all(|value| value.is_null() || value["totalCount"] == 0));
            let is_refused = result["isError"] == true && !answer.contains("INTERNAL");
            assert!(is_refused || is_nothing, "{role} {name}: {answer}");
        }
    }
    let result = call(app, world.key("PARTNER"), "partner_standing", &json!({ "partner": "polder" })).await;
    assert_eq!(result["structuredContent"]["data"], json!({ "partner": null }));
    assert!(text(&result).contains("Nothing was found by these arguments"), "{}", text(&result));
}

/// Every row, but for the time at which a key was last used.
async fn changed(app: &TestApp) -> Vec<String> {
    let connection = app.database().connect().await;
    let rows = everything(&connection).await.into_iter();
    rows.map(|row| match row.split_once("last_used_at") {
        Some((row, _)) => row.to_owned(),
        None => row,
    })
    .collect()
}

/// A partner with an activity, and the arguments that void it.
async fn activity_to_void(app: &TestApp) -> Value {
    app.partner("nordwind", "2024-06-01").await;
    let activity =
        app.record(Activity::of_partner("nordwind", "LINKEDIN_POST", "2026-05-01").quantity(4)).await;
    json!({ "activityId": activity["id"], "reason": "entered twice" })
}

async fn a_preview_changes_nothing(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let arguments = activity_to_void(&app).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    let balance = app.balance("nordwind").await;
    assert!(balance > 0);
    let before = changed(&app).await;
    let preview = call(&app, &key, "void_activity", &arguments).await;
    assert_eq!(changed(&app).await, before);
    let structured = &preview["structuredContent"];
    assert_eq!((&structured["step"], &preview["isError"]), (&json!("PREVIEW"), &json!(false)));
    let payload = &structured["data"]["voidActivity"];
    assert_eq!(payload["activity"]["status"], "VOIDED");
    let entry = &payload["effects"]["ledgerEntries"][0];
    assert_eq!((&entry["spendableCredits"], &entry["balanceAfter"]), (&json!(-balance), &json!(0)));
    assert!(text(&preview).starts_with("PREVIEW: nothing was changed."), "{}", text(&preview));
    assert_eq!(app.balance("nordwind").await, balance);
}

async fn a_confirmation_makes_the_change_once(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let arguments = activity_to_void(&app).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    let preview = call(&app, &key, "void_activity", &arguments).await;
    let arguments = confirmed(&arguments, &preview);
    let done = call(&app, &key, "void_activity", &arguments).await;
    assert_eq!((&done["structuredContent"]["step"], app.balance("nordwind").await), (&json!("DONE"), 0));
    let (entries, again) =
        (app.ledger("nordwind").await, call(&app, &key, "void_activity", &arguments).await);
    assert_eq!(again["structuredContent"]["data"]["voidActivity"]["activity"]["status"], "VOIDED");
    assert_eq!(again["isError"], false, "{}", text(&again));
    assert_eq!(app.ledger("nordwind").await, entries);
    // What has a key of its own, and what is done twice by two previews.
    app.product("course", "TRAINING", &[("100", "EUR")]).await;
    let order = json!({ "order": { "partner": "nordwind", "purpose": "SELF_USE", "currency": "EUR",
        "lines": [{ "product": "course", "quantity": 1 }] } });
    for count in [1, 2] {
        let preview = call(&app, &key, "place_order", &order).await;
        let arguments = confirmed(&order, &preview);
        for _ in 0..2 {
            let placed = call(&app, &key, "place_order", &arguments).await;
            assert_eq!(placed["isError"], false, "{}", text(&placed));
        }
        let orders = app.ok("{ orders { totalCount } }", json!({})).await;
        assert_eq!(orders["orders"]["totalCount"], count);
    }
    // What has a natural key.
    let activity = Activity::of_partner("nordwind", "LINKEDIN_POST", "2026-06-01").input();
    let arguments = confirmed(&activity, &call(&app, &key, "record_activity", &activity).await);
    for duplicate in [false, true] {
        let recorded = call(&app, &key, "record_activity", &arguments).await;
        assert_eq!(recorded["structuredContent"]["data"]["recordActivity"]["duplicate"], duplicate);
    }
    let audit = "{ auditLog(last: 1) { nodes { operation actor } } }";
    let entry = app.ok(audit, json!({})).await["auditLog"]["nodes"][0].clone();
    assert_eq!(entry["operation"], "recordActivity", "{entry}");
    assert!(entry["actor"].to_string().contains("key"), "{entry}");
    verified(app.services()).await;
}

async fn a_confirmation_is_refused_for_anything_else(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let arguments = activity_to_void(&app).await;
    let (key, other) = (app.key("PROGRAM_STAFF", None).await, app.key("PROGRAM_STAFF", None).await);
    let preview = call(&app, &key, "void_activity", &arguments).await;
    let arguments = confirmed(&arguments, &preview);
    let with = |field: &str, value: Value| {
        let mut arguments = arguments.clone();
        arguments[field] = value;
        arguments
    };
    let before = changed(&app).await;
    let review = json!({ "activityId": arguments["activityId"], "decision": "REJECT", "reason": "entered twice",
        "confirmation": arguments["confirmation"] });
    for (key, tool, arguments) in [
        (&key, "void_activity", with("reason", json!("another"))),
        (&key, "void_activity", with("reason", Value::Null)),
        (&key, "void_activity", with("confirmation", json!("x"))),
        (&key, "void_activity", with("confirmation", json!(true))),
        (&key, "review_claim", review),
        (&other, "void_activity", arguments.clone()),
    ] {
        let result = call(&app, key, tool, &arguments).await;
        assert_eq!(result["isError"], true, "{tool} {arguments}");
        assert!(
            text(&result).starts_with("The confirmation does not belong to this call."),
            "{}",
            text(&result)
        );
    }
    assert_eq!(changed(&app).await, before);
    let done = call(&app, &key, "void_activity", &arguments).await;
    assert_eq!(done["structuredContent"]["step"], "DONE", "{}", text(&done));
}

async fn an_expired_confirmation_is_refused(backend: Backend) {
    let database = TestDatabase::create(backend).await;
    let app = TestApp::start_with(database, TODAY, &[("MCP_CONFIRMATION_TIME", "1ms")]).await;
    let arguments = activity_to_void(&app).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    let preview = call(&app, &key, "void_activity", &arguments).await;
    let expires = preview["structuredContent"]["expiresAt"].as_str().expect("a time").to_owned();
    let expires = chrono::DateTime::parse_from_rfc3339(&expires).expect("a time");
    while app.services().clock().real() <= expires {
        tokio::task::yield_now().await;
    }
    let result = call(&app, &key, "void_activity", &confirmed(&arguments, &preview)).await;
    assert!(text(&result).starts_with("The confirmation has expired."), "{}", text(&result));
    assert!(app.balance("nordwind").await > 0);
}

async fn processes_share_confirmations(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let arguments = activity_to_void(&app).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    let preview = call(&app, &key, "void_activity", &arguments).await;
    let arguments = confirmed(&arguments, &preview);
    let another = app.another(TODAY).await;
    for app in [&another, &app] {
        let done = call(app, &key, "void_activity", &arguments).await;
        assert_eq!(done["structuredContent"]["step"], "DONE", "{}", text(&done));
    }
    assert_eq!(app.ledger("nordwind").await.len(), 2);
    another.stop().await;
}

async fn refusals_are_those_of_the_api(backend: Backend) {
    let world = World::new(backend).await;
    let app = &world.app;
    let staff = world.key("PROGRAM_STAFF");
    let void = json!({ "activityId": world.own["id"] });
    let order = |partner: &str| {
        json!({ "partner": partner, "reference": "r", "customer": "Acme", "scope": "s",
        "registeredOn": "2026-08-31" })
    };
    // caller, tool, arguments, the beginning of its text
    for (role, tool, arguments, expected) in [
        ("PARTNER", "void_activity", void, "Your role or API key does not permit voidActivity. (FORBIDDEN)"),
        ("PARTNER", "program_report", arguments("program_report"), "Your role or API key does not permit"),
        ("PROGRAM_STAFF", "void_activity", json!({ "activityId": "x" }), ""),
        ("PROGRAM_STAFF", "void_activity", json!({}), "Variable "),
        ("PROGRAM_STAFF", "find_partner", json!({ "first": 1000 }), ""),
        (
            "PROGRAM_STAFF",
            "find_partner",
            json!({ "frist": 1 }),
            "The tool find_partner has no argument \"frist\"",
        ),
        ("PARTNER", "register_deal", order("polder"), ""),
    ] {
        let result = call(app, world.key(role), tool, &arguments).await;
        let answer = text(&result);
        assert!(result["isError"] == true && answer.starts_with(expected), "{tool}: {answer}");
        assert!(result["structuredContent"]["confirmation"].is_null(), "{tool}: {answer}");
    }
    let refused = call(app, staff, "void_activity", &json!({ "activityId": "x" })).await;
    let document = "mutation { voidActivity(input: { activityId: \"x\", preview: true }) { userErrors { code message } } }";
    let by_graphql = app.send_as(staff, document, json!({})).await;
    let message = by_graphql.body["errors"][0]["message"]
        .as_str()
        .or_else(|| by_graphql.body["data"]["voidActivity"]["userErrors"][0]["message"].as_str());
    assert!(text(&refused).contains(message.expect("a refusal")), "{}", text(&refused));
    let unknown = post(
        app,
        staff,
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "drop_tables" } })
            .to_string(),
    )
    .await;
    assert_eq!(unknown.body["error"]["code"], -32602);
    assert_eq!(
        unknown.body["error"]["message"],
        "There is no tool \"drop_tables\"; tools/list returns those that there are."
    );
}

async fn resources_and_prompts(backend: Backend) {
    let world = World::new(backend).await;
    let app = &world.app;
    let staff = world.key("PROGRAM_STAFF");
    let listed = method(app, staff, "resources/list", json!({})).await["resources"].clone();
    let uris = ["rules", "edition", "schema"].map(|name| format!("partner-program://{name}"));
    let listed: Vec<&str> =
        listed.as_array().expect("a list").iter().filter_map(|it| it["uri"].as_str()).collect();
    assert_eq!(listed, uris);
    for (uri, part) in uris.iter().zip(["# ", "effective_from", "type Query"]) {
        let contents = method(app, staff, "resources/read", json!({ "uri": uri })).await["contents"].clone();
        assert!(contents[0]["text"].as_str().expect("a text").contains(part), "{uri}");
    }
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": { "uri": "file:///etc/passwd" } });
    assert!(post(app, staff, body.to_string()).await.body["error"]["code"].is_number());
    let prompts = async |key| {
        let listed = method(app, key, "prompts/list", json!({})).await["prompts"].clone();
        names(listed.as_array().expect("a list"))
    };
    assert!(prompts(world.key("ADMINISTRATOR")).await.contains("try_policy"));
    assert!(!prompts(staff).await.contains("try_policy") && prompts(staff).await.contains("review_claims"));
    assert!(!prompts(world.key("PROFESSIONAL")).await.contains("review_claims"));
    let arguments = json!({ "name": "explain_partner", "arguments": { "partner": "nordwind" } });
    let prompt = method(app, world.key("PARTNER"), "prompts/get", arguments).await;
    let message = &prompt["messages"][0];
    assert!(
        message["content"]["text"].as_str().expect("a text").contains("the partner nordwind stands"),
        "{message}"
    );
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": { "name": "explain_partner" } });
    assert_eq!(post(app, staff, body.to_string()).await.body["error"]["code"], -32602);
}

async fn the_edge_refuses_what_it_refuses_for_graphql(backend: Backend) {
    let database = TestDatabase::create(backend).await;
    let settings = [("BODY_BYTES_MAX", "2048"), ("CORS_ALLOWED_ORIGINS", "https://agents.example")];
    let app = TestApp::start_with(database, TODAY, &settings).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }).to_string();
    let large = format!("{list}{}", " ".repeat(2048));
    let accept = "application/json, text/event-stream";
    // key, header, value, body, status
    for (key, name, value, body, status) in [
        (Some(&key), "accept", accept, &list, 200),
        (None, "accept", accept, &list, 401),
        (Some(&"pp_unknown".to_owned()), "accept", accept, &list, 401),
        (Some(&key), "origin", "https://agents.example", &list, 200),
        (Some(&key), "origin", "https://elsewhere.example", &list, 403),
        (Some(&key), "origin", "null", &list, 403),
        (Some(&key), "accept", accept, &large, 413),
        (Some(&key), "content-encoding", "br", &list, 415),
        (Some(&key), "mcp-protocol-version", "1999-01-01", &list, 400),
        (Some(&key), "accept", accept, &"{".to_owned(), 400),
        (Some(&key), "accept", accept, &format!("[{list}]"), 400),
        (Some(&key), "accept", accept, &"[".repeat(2_000), 400),
    ] {
        let request = app.request(Method::POST, "/mcp").header("content-type", "application/json");
        let request = if name == "accept" { request } else { request.header("accept", accept) };
        let request = request.header(name, value).body(body.clone());
        let request = if let Some(key) = key { request.bearer_auth(key) } else { request };
        let response = request.send().await.expect("an answer");
        let limits = response.headers().contains_key("ratelimit");
        let (got, text) = (response.status().as_u16(), response.text().await.expect("a whole answer"));
        assert_eq!(got, status, "{name}: {value}: {text}");
        // As for GraphQL: whoever was admitted learns what is left.
        assert_eq!(limits, ![401, 403].contains(&got), "{name}: {value}: {text}");
    }
    // A page whose host name was made to mean this server has what looks like its own origin.
    let request = app.request(Method::POST, "/mcp").bearer_auth(&key).header("host", "rebound.example");
    let response =
        request.header("origin", "http://rebound.example").body(list).send().await.expect("an answer");
    assert_eq!(response.status().as_u16(), 403);
    for method in [Method::GET, Method::DELETE] {
        let response = app.request(method, "/mcp").bearer_auth(&key).send().await.expect("an answer");
        assert_eq!(
            (response.status().as_u16(), response.headers()["allow"].to_str().ok()),
            (405, Some("POST"))
        );
    }
    let (series, text) = app.metrics().await;
    assert!(series.keys().any(|name| name.contains("transport=\"mcp\"")), "{text}");
    let app = TestApp::start_with(app.stop().await, TODAY, &[("MCP", "false")]).await;
    assert_eq!(post(&app, &key, "{}".to_owned()).await.status, 404);
    // Rate limits count a tool by the cost of its document.
    let app = TestApp::start_with(app.stop().await, TODAY, &[("RATE_LIMIT_PER_MINUTE", "5")]).await;
    let first = call(&app, &key, "find_partner", &json!({ "first": 20 })).await;
    assert_eq!(first["isError"], false, "{}", self::text(&first));
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let second = post(&app, &key, body.to_string()).await;
    assert_eq!(
        (second.status, &second.body["errors"][0]["extensions"]["code"]),
        (429, &json!("RATE_LIMITED"))
    );
}

async fn tools_run_where_documents_are_trusted(backend: Backend) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("today.graphql"), "{ today }").expect("a file");
    let database = TestDatabase::create(backend).await;
    let app = TestApp::start_on(database, TODAY).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    let path = folder.path().to_str().expect("UTF-8");
    let app = TestApp::start_with(app.stop().await, TODAY, &[("TRUSTED_DOCUMENTS", path)]).await;
    let result = call(&app, &key, "who_am_i", &json!({})).await;
    assert_eq!(result["structuredContent"]["data"]["viewer"]["role"], "PROGRAM_STAFF");
    // They are no part of the allowlist.
    let document = include_str!("../../src/agents/tools/who_am_i.graphql");
    assert_eq!(app.send_as(&key, document, json!({})).await.codes(), ["FORBIDDEN"]);
}
