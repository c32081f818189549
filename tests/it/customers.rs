//! Customers: how names are compared, the list for program staff, and what joining and separating corrects (R10).

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::events::feed;
use crate::harness::deals::{close, deal, status};
use crate::harness::{Answer, Backend, Order, TestApp, verified};

both! {
    r10_names_are_compared_without_punctuation_and_legal_forms,
    r10_the_list_is_searched_ordered_and_paged,
    r10_joined_customers_have_one_first_deal,
    r10_separated_names_are_of_another_customer,
    r10_of_two_claims_the_earlier_one_remains,
    r10_a_join_is_taken_back_by_separating,
    r10_orders_are_of_the_customer_they_name,
    what_can_not_be_joined_or_separated,
    previews_keys_and_reasons_of_customers,
    partners_see_no_customers,
    joins_and_closings_at_once,
    names_that_compare_equal_at_once,
    a_database_of_before_keeps_its_customers,
}

const TODAY: &str = "2026-03-31";

const CUSTOMER: &str = "id name spellings firstWonOn firstDeal { reference } joinedInto { name } \
    deals(first: 40) { totalCount nodes { reference } } orders(first: 40) { totalCount nodes { number } }";

async fn program(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    for partner in ["nordwind", "suedwind"] {
        app.partner(partner, "2024-06-01").await;
    }
    app
}

/// The customers that a search finds, by name.
async fn customers(app: &TestApp, search: Option<&str>) -> Vec<Value> {
    let query = format!(
        "query($search: String) {{ customers(filter: {{ search: $search }}, first: 60) {{ totalCount nodes {{ {CUSTOMER} }} }} }}"
    );
    let data = app.ok(&query, json!({ "search": search })).await;
    let nodes = data["customers"]["nodes"].as_array().expect("a list").clone();
    assert_eq!(data["customers"]["totalCount"], nodes.len());
    nodes
}

fn texts(values: &Value) -> Vec<&str> {
    values.as_array().expect("a list").iter().map(|value| value.as_str().expect("a text")).collect()
}

/// Names of customers, each with its spellings and first deal.
async fn overview(app: &TestApp) -> Vec<(String, Vec<String>, Value)> {
    let of = |one: &Value| {
        let spellings = texts(&one["spellings"]).into_iter().map(str::to_owned).collect();
        (one["name"].as_str().expect("a name").to_owned(), spellings, one["firstDeal"]["reference"].clone())
    };
    customers(app, None).await.iter().map(of).collect()
}

/// Id of the customer of this name.
async fn id(app: &TestApp, name: &str) -> String {
    let found = customers(app, None).await;
    let one = found.iter().find(|one| texts(&one["spellings"]).contains(&name));
    one.unwrap_or_else(|| panic!("{name} in {found:?}"))["id"].as_str().expect("an id").to_owned()
}

async fn join(app: &TestApp, from: &str, into: &str) -> Value {
    json!({ "from": id(app, from).await, "into": id(app, into).await, "reason": "one company" })
}

async fn separate(app: &TestApp, customer: &str, names: &[&str]) -> Value {
    json!({ "customer": id(app, customer).await, "names": names, "reason": "two companies" })
}

/// A deal in a scope, engaged on a day.
async fn engaged(
    app: &TestApp,
    partner: &str,
    reference: &str,
    customer: &str,
    scope: &str,
    on: &str,
) -> Value {
    let mut input = deal(partner, reference, customer, on);
    input["scope"] = json!(scope);
    app.done("registerDeal", input).await;
    app.done("updateDeal", status(reference, "ENGAGED", on)).await["deal"].clone()
}

/// A deal in a scope of its own, won on a day.
async fn won(app: &TestApp, partner: &str, reference: &str, customer: &str, on: &str) {
    engaged(app, partner, reference, customer, reference, "2026-03-01").await;
    app.close(reference, "WON_BY_PARTNER", on).await;
}

async fn balances(app: &TestApp) -> [i64; 2] {
    [app.balance("nordwind").await, app.balance("suedwind").await]
}

/// Entries of a reason: credits and day.
async fn corrections(app: &TestApp, partner: &str) -> Vec<(i64, String)> {
    let entries = app.ledger(partner).await;
    let corrected = entries.iter().filter(|entry| entry["reason"] == "CORRECTION");
    corrected
        .map(|entry| {
            let day = entry["effectiveOn"].as_str().expect("a day").to_owned();
            (entry["levelCredits"].as_i64().expect("credits"), day)
        })
        .collect()
}

async fn holds(app: &TestApp, reference: &str) -> bool {
    app.deal_now(reference).await["holdsOpportunity"].as_bool().expect("a truth value")
}

async fn r10_names_are_compared_without_punctuation_and_legal_forms(backend: Backend) {
    let app = program(backend).await;
    for (number, name) in ["Acme Inc.", "ACME", "acme, GmbH", "N.V. Acme", "Acme & Co. KG"].iter().enumerate()
    {
        won(&app, "nordwind", &format!("A-{number}"), name, "2026-03-10").await;
    }
    won(&app, "suedwind", "B-1", "Acme 2", "2026-03-10").await;
    assert_eq!(balances(&app).await, [350, 150], "one new customer each");
    let found = overview(&app).await;
    let names: Vec<(&str, usize)> = found.iter().map(|one| (one.0.as_str(), one.1.len())).collect();
    assert_eq!(names, [("Acme 2", 1), ("Acme Inc.", 5)]);
    // The same opportunity, whichever name is written.
    engaged(&app, "nordwind", "C-1", "Bolt B.V.", "Licences", "2026-03-10").await;
    app.deal("suedwind", "C-2", "bolt", "2026-03-11").await;
    assert_eq!(app.refusals("updateDeal", status("C-2", "ENGAGED", "2026-03-11")).await, ["DEAL_PROTECTED"]);
    // A filter on deals takes any of the names, and one that means nobody finds nothing.
    let query = "query($customer: String!) { deals(filter: { customer: $customer }) { totalCount } }";
    for (customer, count) in [("Acme", 5), ("ACME S.A.", 5), ("Acme2", 1), ("Nobody", 0)] {
        let data = app.ok(query, json!({ "customer": customer })).await;
        assert_eq!(data["deals"]["totalCount"], count, "{customer}");
    }
    // A lead can be given another name of another customer.
    let mut update = json!({ "reference": "C-2", "on": "2026-03-12", "customer": "A.C.M.E." });
    app.done("updateDeal", update.clone()).await;
    assert_eq!(customers(&app, Some("a.c")).await[0]["deals"]["totalCount"], 6);
    update["customer"] = json!("Fresh");
    app.done("updateDeal", update).await;
    assert_eq!(customers(&app, Some("fresh")).await[0]["deals"]["nodes"][0]["reference"], "C-2");
    verified(app.services()).await;
}

async fn r10_the_list_is_searched_ordered_and_paged(backend: Backend) {
    let app = program(backend).await;
    won(&app, "nordwind", "N-1", "Zebra", "2026-03-05").await;
    won(&app, "nordwind", "N-2", "Müller AG", "2026-03-20").await;
    app.deal("suedwind", "S-1", "Bolt", "2026-03-02").await;
    app.deal("suedwind", "S-2", "Mueller und Sohn", "2026-03-02").await;
    let names = async |arguments: &str| {
        let query = format!(
            "{{ customers({arguments}) {{ nodes {{ name firstWonOn }} pageInfo {{ endCursor hasNextPage }} }} }}"
        );
        app.ok(&query, json!({})).await["customers"].clone()
    };
    let of = |page: &Value| -> Vec<String> {
        let nodes = page["nodes"].as_array().expect("a list").iter();
        nodes.map(|node| node["name"].as_str().expect("a name").to_owned()).collect()
    };
    for (arguments, expected) in [
        ("first: 10", vec!["Bolt", "Mueller und Sohn", "Müller AG", "Zebra"]),
        ("last: 2", vec!["Müller AG", "Zebra"]),
        ("orderBy: FIRST_WON_ON, first: 2", vec!["Zebra", "Müller AG"]),
        ("filter: { search: \"muller\" }", vec!["Müller AG"]),
        ("filter: { search: \"BOLT\" }", vec!["Bolt"]),
        ("filter: { search: \"%\" }", vec![]),
    ] {
        assert_eq!(of(&names(arguments).await), expected, "{arguments}");
    }
    for order in ["NAME", "FIRST_WON_ON"] {
        let whole = of(&names(&format!("orderBy: {order}")).await);
        let (mut paged, mut after) = (Vec::new(), String::new());
        for _ in 0..whole.len() {
            let page = names(&format!("orderBy: {order}, first: 1{after}")).await;
            paged.extend(of(&page));
            after = format!(", after: \"{}\"", page["pageInfo"]["endCursor"].as_str().expect("a cursor"));
        }
        assert_eq!(paged, whole, "{order}");
    }
}

async fn r10_joined_customers_have_one_first_deal(backend: Backend) {
    let app = program(backend).await;
    won(&app, "nordwind", "N-1", "Acme", "2026-03-20").await;
    won(&app, "suedwind", "S-1", "Acme Holding", "2026-03-10").await;
    assert_eq!(balances(&app).await, [150, 150]);
    let input = join(&app, "Acme", "Acme Holding").await;
    let joined = app.done("joinCustomers", input).await;
    assert_eq!(joined["customer"]["name"], "Acme Holding");
    let effects = joined["effects"]["ledgerEntries"].as_array().expect("entries");
    assert_eq!((effects.len(), &effects[0]["reason"]), (1, &json!("CORRECTION")));
    // N-1 was won first in the order of the log, though on a later day.
    assert_eq!(balances(&app).await, [150, 50]);
    assert_eq!(corrections(&app, "suedwind").await, [(-100, "2026-03-10".to_owned())]);
    let expected =
        vec![("Acme Holding".to_owned(), vec!["Acme".to_owned(), "Acme Holding".to_owned()], json!("N-1"))];
    assert_eq!(overview(&app).await, expected);
    // Any of the names is that customer from now on, and another deal is no first one.
    won(&app, "suedwind", "S-2", "ACME Ltd", "2026-03-25").await;
    won(&app, "suedwind", "S-3", "acme-holding", "2026-03-25").await;
    assert_eq!(balances(&app).await, [150, 150]);
    // If the first one falls through, the next one has the award.
    app.done("reopenDeal", json!({ "reference": "N-1", "reason": "fell through" })).await;
    assert_eq!(balances(&app).await, [0, 250]);
    let event = feed(&app, 0).await.into_iter().find(|event| event["type"] == "CUSTOMERS_JOINED");
    let event = event.expect("an event");
    let customers = &event["data"]["customers"];
    assert_eq!((&customers["from"], &customers["into"]), (&json!("Acme"), &json!("Acme Holding")));
    assert_eq!((&event["data"]["reason"], event["data"]["actor"].is_string()), (&json!("one company"), true));
    verified(app.services()).await;
}

async fn r10_separated_names_are_of_another_customer(backend: Backend) {
    let app = program(backend).await;
    won(&app, "nordwind", "N-1", "Acme Inc", "2026-03-20").await;
    won(&app, "suedwind", "S-1", "Acme GmbH", "2026-03-10").await;
    won(&app, "suedwind", "S-2", "Acme GmbH", "2026-03-11").await;
    assert_eq!(balances(&app).await, [150, 100]);
    let input = separate(&app, "Acme Inc", &["acme gmbh"]).await;
    let separated = app.done("separateCustomers", input).await;
    assert_eq!(separated["customer"]["spellings"], json!(["Acme GmbH"]));
    assert_eq!(balances(&app).await, [150, 200]);
    assert_eq!(corrections(&app, "suedwind").await, [(100, "2026-03-10".to_owned())], "S-1, of its own date");
    let expected = vec![
        ("Acme Inc".to_owned(), vec!["Acme Inc".to_owned()], json!("N-1")),
        ("acme gmbh".to_owned(), vec!["Acme GmbH".to_owned()], json!("S-1")),
    ];
    assert_eq!(overview(&app).await, expected);
    // The spelling alone is kept apart: any other one is of the customer that remains.
    won(&app, "nordwind", "N-2", "ACME", "2026-03-21").await;
    won(&app, "nordwind", "N-3", "ACME  GmbH", "2026-03-22").await;
    assert_eq!(balances(&app).await, [250, 200]);
    let deals = |all: &[Value], at: usize| all[at]["deals"]["totalCount"].clone();
    let all = customers(&app, None).await;
    assert_eq!((deals(&all, 0), deals(&all, 1)), (json!(2), json!(3)));
    // A name that nobody used yet can be kept apart before it is.
    app.done("separateCustomers", separate(&app, "Acme Inc", &["Acme AG"]).await).await;
    won(&app, "nordwind", "N-4", "Acme AG", "2026-03-23").await;
    assert_eq!(balances(&app).await, [400, 200]);
    verified(app.services()).await;
}

async fn r10_of_two_claims_the_earlier_one_remains(backend: Backend) {
    let app = program(backend).await;
    engaged(&app, "nordwind", "N-1", "Acme", "Licences", "2026-03-10").await;
    engaged(&app, "suedwind", "S-1", "Bolt", "Licences", "2026-03-05").await;
    engaged(&app, "suedwind", "S-2", "Bolt", "Support", "2026-03-05").await;
    app.done("joinCustomers", join(&app, "Bolt", "Acme").await).await;
    assert_eq!(
        (holds(&app, "N-1").await, holds(&app, "S-1").await, holds(&app, "S-2").await),
        (false, true, true),
        "the earliest claim of each scope"
    );
    assert_eq!(app.deal_now("N-1").await["conflict"], true);
    let told = feed(&app, 0).await;
    let lapsed: Vec<&Value> = told.iter().filter(|event| event["type"] == "OPPORTUNITY_LAPSED").collect();
    assert_eq!(lapsed.len(), 1);
    assert_eq!((&lapsed[0]["deal"]["reference"], &lapsed[0]["occurredOn"]), (&json!("N-1"), &json!(TODAY)));
    // What is sold now is rewarded to the one that holds it.
    app.close("N-1", "WON_BY_PARTNER", TODAY).await;
    assert_eq!(balances(&app).await, [0, 150]);
    verified(app.services()).await;
}

async fn r10_a_join_is_taken_back_by_separating(backend: Backend) {
    let app = program(backend).await;
    won(&app, "nordwind", "N-1", "Acme", "2026-03-20").await;
    won(&app, "suedwind", "S-1", "Bolt", "2026-03-10").await;
    engaged(&app, "nordwind", "N-2", "Acme", "Licences", "2026-03-10").await;
    engaged(&app, "suedwind", "S-2", "Bolt", "Licences", "2026-03-05").await;
    let before = (balances(&app).await, holds(&app, "N-2").await, holds(&app, "S-2").await);
    assert_eq!(before, ([150, 150], true, true));
    app.done("joinCustomers", join(&app, "Bolt", "Acme").await).await;
    assert_eq!((balances(&app).await, holds(&app, "N-2").await), ([150, 50], false));
    app.done("separateCustomers", separate(&app, "Acme", &["Bolt"]).await).await;
    assert_eq!((balances(&app).await, holds(&app, "N-2").await, holds(&app, "S-2").await), before);
    // Separated, both names are compared with others as before.
    won(&app, "suedwind", "S-3", "BOLT GmbH", "2026-03-22").await;
    assert_eq!(balances(&app).await, [150, 200], "Bolt is no new customer");
    verified(app.services()).await;
}

async fn r10_orders_are_of_the_customer_they_name(backend: Backend) {
    let app = program(backend).await;
    app.product("license", "LICENSE", &[("1000", "EUR")]).await;
    app.deal("nordwind", "N-1", "Acme Inc", "2026-03-01").await;
    let mut numbers = Vec::new();
    for customer in ["ACME", "Acme Inc", "Bolt"] {
        let order = Order::for_customer("suedwind").with("customer", customer).line("license", 1);
        numbers.push(app.place(&order).await["number"].clone());
    }
    let of = |one: &Value| one["orders"]["nodes"].as_array().expect("orders").len();
    let all = customers(&app, None).await;
    assert_eq!(all.iter().map(of).collect::<Vec<_>>(), [2, 1], "{all:?}");
    app.done("joinCustomers", join(&app, "Bolt", "ACME").await).await;
    let all = customers(&app, None).await;
    let found: Vec<Value> = all[0]["orders"]["nodes"]
        .as_array()
        .expect("orders")
        .iter()
        .map(|one| one["number"].clone())
        .collect();
    assert_eq!((found, &all[0]["orders"]["totalCount"]), (numbers, &json!(3)));
    // Deals and orders lead to the customer, whichever of its names they use.
    app.place(&Order::self_use("suedwind").line("license", 1)).await;
    let query = "{ deals { nodes { endCustomer { name } } } \
                 orders(orderBy: PLACED_ON) { nodes { customer endCustomer { name } } } }";
    let found = app.ok(query, json!({})).await;
    let customer = json!({ "name": "Acme Inc" });
    assert_eq!(found["deals"]["nodes"], json!([{ "endCustomer": customer }]));
    let orders = found["orders"]["nodes"].as_array().expect("orders").iter();
    let orders: Vec<(&Value, &Value)> = orders.map(|one| (&one["customer"], &one["endCustomer"])).collect();
    let names = [json!("ACME"), json!("Acme Inc"), json!("Bolt")];
    let mut expected: Vec<(&Value, &Value)> = names.iter().map(|name| (name, &customer)).collect();
    expected.push((&Value::Null, &Value::Null));
    assert_eq!(orders, expected);
    verified(app.services()).await;
}

async fn what_can_not_be_joined_or_separated(backend: Backend) {
    let app = program(backend).await;
    app.deal("nordwind", "N-1", "Acme", "2026-03-01").await;
    app.deal("nordwind", "N-2", "Bolt", "2026-03-01").await;
    app.deal("nordwind", "N-3", "Crux", "2026-03-01").await;
    let (acme, bolt, crux) = (id(&app, "Acme").await, id(&app, "Bolt").await, id(&app, "Crux").await);
    let partner = app.ok("{ partner(code: \"nordwind\") { id } }", json!({})).await["partner"]["id"].clone();
    let partner = partner.as_str().expect("an id").to_owned();
    app.done("joinCustomers", json!({ "from": crux, "into": bolt, "reason": "one" })).await;
    let join = |from: &str, into: &str, reason: &str| json!({ "from": from, "into": into, "reason": reason });
    for (input, code) in [
        (join(&acme, &acme, "x"), "INVALID"),
        (join(&acme, &bolt, " "), "INVALID"),
        (join(&crux, &acme, "x"), "WRONG_STATE"),
        (join(&acme, &crux, "x"), "WRONG_STATE"),
        (join(&acme, "garbage", "x"), "NOT_FOUND"),
        (join(&partner, &acme, "x"), "NOT_FOUND"),
    ] {
        assert_eq!(app.refusals("joinCustomers", input.clone()).await, [code], "{input}");
    }
    let separate =
        |customer: &str, names: &[&str]| json!({ "customer": customer, "names": names, "reason": "two" });
    for (input, code) in [
        (separate(&acme, &["Acme"]), "INVALID"),
        (separate(&acme, &["Bolt"]), "INVALID"),
        (separate(&acme, &["Nobody"]), "INVALID"),
        (separate(&acme, &[]), "INVALID"),
        (separate(&acme, &["\u{200b}"]), "INVALID"),
        (separate(&bolt, &["Bolt", "crux"]), "INVALID"),
        (separate(&crux, &["Crux"]), "WRONG_STATE"),
    ] {
        assert_eq!(app.refusals("separateCustomers", input.clone()).await, [code], "{input}");
    }
    // One that was joined is still found by its id, and says where it went.
    let query =
        "query($id: ID!) { node(id: $id) { ... on Customer { name spellings joinedInto { name } } } }";
    let node = app.ok(query, json!({ "id": crux })).await["node"].clone();
    assert_eq!(node, json!({ "name": "Crux", "spellings": [], "joinedInto": { "name": "Bolt" } }));
    verified(app.services()).await;
}

async fn previews_keys_and_reasons_of_customers(backend: Backend) {
    let app = program(backend).await;
    won(&app, "nordwind", "N-1", "Acme", "2026-03-20").await;
    won(&app, "suedwind", "S-1", "Bolt", "2026-03-10").await;
    let join = join(&app, "Bolt", "Acme").await;
    for (mutation, input) in [("joinCustomers", Some(join)), ("separateCustomers", None)] {
        let input = match input {
            Some(input) => input,
            None => separate(&app, "Acme", &["Bolt"]).await,
        };
        let before = (overview(&app).await, balances(&app).await, crate::events::latest(&app).await);
        let mut preview = input.clone();
        preview["preview"] = json!(true);
        let would = app.done(mutation, preview).await;
        let now = (overview(&app).await, balances(&app).await, crate::events::latest(&app).await);
        assert_eq!(now, before, "a preview of {mutation} keeps nothing");
        let mut keyed = input;
        keyed["idempotencyKey"] = json!("once");
        let does = app.done(mutation, keyed.clone()).await;
        assert_eq!(does["effects"]["ledgerEntries"], would["effects"]["ledgerEntries"]);
        assert_eq!(does["effects"]["ledgerEntries"].as_array().map(Vec::len), Some(1), "{does}");
        let after = balances(&app).await;
        let again = app.done(mutation, keyed.clone()).await;
        assert_eq!((again["customer"].clone(), balances(&app).await), (does["customer"].clone(), after));
        keyed["reason"] = json!("another one");
        assert_eq!(app.refusals(mutation, keyed).await, ["CONFLICTING_DUPLICATE"]);
    }
    let query = "{ auditLog(filter: { operation: \"joinCustomers\" }) { nodes { reason objectType } } }";
    let nodes = app.ok(query, json!({})).await["auditLog"]["nodes"].clone();
    assert_eq!(nodes, json!([{ "reason": "one company", "objectType": "Customer" }]));
    verified(app.services()).await;
}

async fn partners_see_no_customers(backend: Backend) {
    let app = program(backend).await;
    won(&app, "nordwind", "N-1", "Acme", "2026-03-20").await;
    won(&app, "suedwind", "S-1", "Bolt", "2026-03-10").await;
    let customer = id(&app, "Acme").await;
    app.done("joinCustomers", join(&app, "Bolt", "Acme").await).await;
    let key = app.key("PARTNER", Some("suedwind")).await;
    let send = async |query: &str| -> Answer { app.send_as(&key, query, json!({ "id": customer })).await };
    let answer = send("{ customers { totalCount } }").await;
    assert_eq!(answer.body["errors"][0]["extensions"]["code"], "FORBIDDEN", "{}", answer.text);
    let answer = send("query($id: ID!) { node(id: $id) { id } }").await;
    assert_eq!(answer.body["data"]["node"], Value::Null);
    let answer = send("{ deals { nodes { reference customer endCustomer { id } } } }").await;
    let own = json!([{ "reference": "S-1", "customer": "Bolt", "endCustomer": null }]);
    assert_eq!(answer.body["data"]["deals"]["nodes"], own, "{}", answer.text);
    // Its own credits changed, with the reason, and without the names of others' customers.
    let answer = send("{ events(first: 100) { nodes { type data } } }").await;
    assert!(
        answer.text.contains("one company") && answer.text.contains("CREDITS_CHANGED"),
        "{}",
        answer.text
    );
    assert!(!answer.text.contains("CUSTOMERS_JOINED") && !answer.text.contains("Acme"), "{}", answer.text);
}

async fn joins_and_closings_at_once(backend: Backend) {
    let app = program(backend).await;
    for number in 0..6 {
        let (partner, name) = [("nordwind", "Acme"), ("suedwind", "Bolt")][number % 2];
        engaged(&app, partner, &format!("D-{number}"), name, &format!("Scope {number}"), "2026-03-01").await;
    }
    let join = join(&app, "Bolt", "Acme").await;
    let mut requests: Vec<(&str, Value)> = (0..6)
        .map(|number| ("closeDeal", close(&format!("D-{number}"), "WON_BY_PARTNER", "2026-03-10")))
        .collect();
    requests.insert(3, ("joinCustomers", join.clone()));
    requests.insert(5, ("joinCustomers", join));
    let sent = requests.into_iter().map(|(mutation, input)| {
        let app = &app;
        async move { (mutation, app.mutate(mutation, input).await["userErrors"].clone()) }
    });
    let done = join_all(sent).await;
    let joined: Vec<&Value> =
        done.iter().filter(|(mutation, _)| *mutation == "joinCustomers").map(|(_, errors)| errors).collect();
    assert_eq!(joined.iter().filter(|errors| ***errors == json!([])).count(), 1, "{joined:?}");
    assert!(
        done.iter().all(|(mutation, errors)| *mutation == "joinCustomers" || *errors == json!([])),
        "{done:?}"
    );
    let [north, south] = balances(&app).await;
    assert_eq!(north + south, 6 * 50 + 100, "one customer, new once");
    verified(app.services()).await;
}

async fn names_that_compare_equal_at_once(backend: Backend) {
    let app = program(backend).await;
    let forms = ["", " Inc", " GmbH", " B.V.", " SA", ", Ltd."];
    let sent = (0..30).map(|number| {
        let input =
            deal("nordwind", &format!("D-{number}"), &format!("Acme{}", forms[number % 6]), "2026-03-01");
        let app = &app;
        async move { app.done("registerDeal", input).await }
    });
    join_all(sent).await;
    let all = customers(&app, None).await;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!((&all[0]["deals"]["totalCount"], texts(&all[0]["spellings"]).len()), (&json!(30), 6));
    verified(app.services()).await;
}

async fn a_database_of_before_keeps_its_customers(backend: Backend) {
    use sea_orm::ConnectionTrait;
    let app = program(backend).await;
    won(&app, "nordwind", "N-1", "Acme", "2026-03-20").await;
    won(&app, "suedwind", "S-1", "Bolt", "2026-03-10").await;
    app.product("license", "LICENSE", &[("1000", "EUR")]).await;
    app.place(&Order::for_customer("suedwind").with("customer", "BOLT").line("license", 1)).await;
    // As a release without names left it: keys were the names themselves.
    let connection = app.database().connect().await;
    for statement in [
        "UPDATE customer_names SET compare_key = NULL, search_key = NULL",
        "UPDATE orders SET customer_spelling = NULL",
    ] {
        connection.execute_unprepared(statement).await.expect("a statement");
    }
    connection.close().await.expect("a connection closes");
    let app = app.restart(TODAY).await;
    let all = customers(&app, Some("bolt")).await;
    assert_eq!((all.len(), &all[0]["orders"]["totalCount"]), (1, &json!(1)));
    won(&app, "nordwind", "N-2", "Bolt AG", "2026-03-21").await;
    assert_eq!(balances(&app).await, [200, 150], "no new customer");
    verified(app.services()).await;
}
