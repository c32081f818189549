//! Reads: pages, and single objects by id.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp};

both! {
    ledger_pages_go_both_ways_and_survive_inserts,
    ledger_filters,
    pages_are_asked_for_in_order,
    activities_and_professionals_are_pages_too,
    partners_by_each_order,
    professionals_by_each_order,
    nodes_of_every_type,
}

const TODAY: &str = "2026-08-31";

/// A partner with `entries` ledger entries of 1, 2, 3, … business credits, each on its own day of 2025.
async fn app_with_ledger(backend: Backend, entries: i64) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    for n in 1..=entries {
        meetings(&app, n).await;
    }
    app
}

async fn meetings(app: &TestApp, n: i64) {
    let on = format!("2025-{:02}-{:02}", (n - 1) / 28 + 1, (n - 1) % 28 + 1);
    app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", &on).quantity(n)).await;
}

const LEDGER: &str = "query($first: Int, $after: String, $last: Int, $before: String, $track: Track, \
    $from: Date, $to: Date) { partner(code: \"nordwind\") { ledger(first: $first, after: $after, last: $last, \
    before: $before, track: $track, from: $from, to: $to) { totalCount \
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { levelCredits } } } } }";

/// The credits of the entries on one page.
fn credits(page: &Value) -> Vec<i64> {
    let edges = page["edges"].as_array().expect("edges");
    edges.iter().map(|edge| edge["node"]["levelCredits"].as_i64().expect("credits")).collect()
}

async fn ledger(app: &TestApp, variables: Value) -> Value {
    app.ok(LEDGER, variables).await["partner"]["ledger"].clone()
}

async fn ledger_pages_go_both_ways_and_survive_inserts(backend: Backend) {
    let app = app_with_ledger(backend, 9).await;
    let forward = ledger(&app, json!({ "first": 4 })).await;
    assert_eq!(credits(&forward), [1, 2, 3, 4]);
    assert_eq!(forward["totalCount"], 9);
    let info = &forward["pageInfo"];
    assert_eq!((&info["hasNextPage"], &info["hasPreviousPage"]), (&json!(true), &json!(false)));
    assert_eq!(info["startCursor"], forward["edges"][0]["cursor"]);
    assert_eq!(info["endCursor"], forward["edges"][3]["cursor"]);

    let backward = ledger(&app, json!({ "last": 4 })).await;
    assert_eq!(credits(&backward), [6, 7, 8, 9], "in the order of the list");
    let info = &backward["pageInfo"];
    assert_eq!((&info["hasNextPage"], &info["hasPreviousPage"]), (&json!(false), &json!(true)));

    // Entries that come in while somebody pages are found at the end, and nothing is seen twice.
    meetings(&app, 10).await;
    let next = ledger(&app, json!({ "first": 4, "after": forward["pageInfo"]["endCursor"] })).await;
    assert_eq!(credits(&next), [5, 6, 7, 8]);
    assert_eq!(next["pageInfo"]["hasPreviousPage"], true);
    let rest = ledger(&app, json!({ "first": 4, "after": next["pageInfo"]["endCursor"] })).await;
    assert_eq!((credits(&rest), &rest["pageInfo"]["hasNextPage"]), (vec![9, 10], &json!(false)));
    let earlier = ledger(&app, json!({ "last": 4, "before": backward["pageInfo"]["startCursor"] })).await;
    assert_eq!(credits(&earlier), [2, 3, 4, 5]);
    let first = ledger(&app, json!({ "last": 4, "before": earlier["pageInfo"]["startCursor"] })).await;
    assert_eq!((credits(&first), &first["pageInfo"]["hasPreviousPage"]), (vec![1], &json!(false)));

    let between =
        json!({ "first": 100, "after": forward["edges"][1]["cursor"], "before": next["edges"][1]["cursor"] });
    assert_eq!(credits(&ledger(&app, between).await), [3, 4, 5]);
    for (none, more) in [(json!({ "first": 0 }), "hasNextPage"), (json!({ "last": 0 }), "hasPreviousPage")] {
        let page = ledger(&app, none).await;
        assert_eq!((&page["edges"], &page["totalCount"]), (&json!([]), &json!(10)));
        assert_eq!(page["pageInfo"][more], true, "the list goes on after nothing of it");
    }
    let past_the_end = ledger(&app, json!({ "first": 4, "after": rest["pageInfo"]["endCursor"] })).await;
    assert_eq!(past_the_end["edges"], json!([]));
    assert_eq!(
        (&past_the_end["totalCount"], &past_the_end["pageInfo"]["endCursor"]),
        (&json!(10), &Value::Null)
    );
}

async fn ledger_filters(backend: Backend) {
    let app = app_with_ledger(backend, 9).await;
    let certification = Activity::of_partner("nordwind", "CERTIFICATION_OBTAINED", "2025-01-05");
    app.record(certification.quantity(2)).await;
    // filter, credits of what it shows
    let table: [(Value, &[i64]); 7] = [
        (json!({ "track": "TECHNICAL" }), &[20]),
        (json!({ "track": "BUSINESS", "from": "2025-01-08" }), &[8, 9]),
        (json!({ "from": "2025-01-04", "to": "2025-01-05" }), &[4, 5, 20]),
        (json!({ "to": "2025-01-02" }), &[1, 2]),
        (json!({ "from": "2025-01-10" }), &[]),
        (json!({ "from": "2025-01-05", "to": "2025-01-04" }), &[]),
        (json!({ "track": "BUSINESS", "to": "2025-01-03", "last": 2 }), &[2, 3]),
    ];
    for (mut variables, expected) in table {
        let page = ledger(&app, variables.clone()).await;
        assert_eq!(credits(&page), expected, "{variables}");
        if variables["last"].is_null() {
            assert_eq!(page["totalCount"], expected.len(), "{variables}");
            variables["first"] = json!(1);
            let page = ledger(&app, variables.clone()).await;
            assert_eq!(credits(&page), &expected[..expected.len().min(1)], "{variables}");
            assert_eq!(
                (&page["totalCount"], &page["pageInfo"]["hasNextPage"]),
                (&json!(expected.len()), &json!(expected.len() > 1))
            );
        }
    }
}

async fn pages_are_asked_for_in_order(backend: Backend) {
    let app = app_with_ledger(backend, 2).await;
    app.professional("ada", "2025-01-01").await;
    app.affiliate("ada", "nordwind", "2025-01-01").await;
    let cursor = |data: &Value, list: &str| data["partner"][list]["edges"][0]["cursor"].clone();
    let lists = app.ok(
        "{ partner(code: \"nordwind\") { ledger(first: 1) { edges { cursor } } \
         activities(first: 1) { edges { cursor } } professionals(first: 1) { edges { cursor } } } \
         partners(first: 1) { edges { cursor } } professionals(first: 1) { edges { cursor } } }",
        Value::Null,
    );
    let lists = lists.await;
    let foreign = [
        cursor(&lists, "activities"),
        cursor(&lists, "professionals"),
        lists["partners"]["edges"][0]["cursor"].clone(),
    ];
    let mut bad = vec![
        json!({ "first": -1 }),
        json!({ "first": 101 }),
        json!({ "last": -1 }),
        json!({ "last": 101 }),
        json!({ "first": 1, "last": 1 }),
        json!({ "after": "garbage" }),
        json!({ "after": "" }),
        json!({ "before": "bGVkZ2VyOi0x" }),
        json!({ "before": "bGVkZ2VyOjk5OTk5OTk5OTk5OTk5OTk5OTk5" }),
        json!({ "after": "%00" }),
        json!({ "after": "x".repeat(10_000) }),
    ];
    bad.extend(foreign.iter().map(|cursor| json!({ "after": cursor })));
    for variables in bad {
        let answer = app.send(LEDGER, variables.clone()).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{variables:.80}: {}", answer.text);
        assert!(answer.status < 500);
    }
    let own = json!({ "after": cursor(&lists, "ledger") });
    assert_eq!(credits(&ledger(&app, own).await), [2]);
    // The lists of the query itself.
    let root = "query($first: Int, $after: String) { partners(first: $first, after: $after) { totalCount } }";
    for variables in [
        json!({ "first": -1 }),
        json!({ "first": 101 }),
        json!({ "after": lists["professionals"]["edges"][0]["cursor"] }),
        json!({ "after": cursor(&lists, "ledger") }),
    ] {
        assert_eq!(app.send(root, variables.clone()).await.codes(), ["BAD_USER_INPUT"], "{variables}");
    }
    // A cursor belongs to the order that it was made in.
    let by_name = "query($after: String) { partners(first: 1, orderBy: NAME, after: $after) { totalCount } }";
    let after = json!({ "after": lists["partners"]["edges"][0]["cursor"] });
    assert_eq!(app.send(by_name, after).await.codes(), ["BAD_USER_INPUT"]);
}

async fn activities_and_professionals_are_pages_too(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    for code in ["p1", "p2", "p3"] {
        app.professional(code, "2025-01-01").await;
        app.affiliate(code, "nordwind", "2025-01-01").await;
    }
    for n in 1..=3 {
        app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2025-05-01").quantity(n)).await;
        app.record(Activity::of_professional("p1", "VOTE_CAST", "2025-05-01").points(10 * n)).await;
    }
    // field of which object, field that distinguishes the nodes, the nodes in order
    let table = [
        ("partner(code: \"nordwind\")", "activities", "quantity", json!([1, 2, 3])),
        ("professional(code: \"p1\")", "activities", "points", json!([10, 20, 30])),
        ("partner(code: \"nordwind\")", "professionals", "code", json!(["p1", "p2", "p3"])),
    ];
    for (object, list, field, expected) in table {
        let page = async |arguments: String| {
            let query = format!(
                "{{ it: {object} {{ {list}({arguments}) {{ totalCount nodes {{ {field} }} \
                 pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
            );
            app.ok(&query, Value::Null).await["it"][list].clone()
        };
        let values = |page: &Value| {
            let nodes = page["nodes"].as_array().expect("nodes");
            Value::Array(nodes.iter().map(|node| node[field].clone()).collect())
        };
        let text = |value: &Value| value.as_str().expect("a cursor").to_owned();
        let all = page("first: 100".to_owned()).await;
        assert_eq!((values(&all), &all["totalCount"]), (expected.clone(), &json!(3)), "{object} {list}");
        let one = page("first: 1".to_owned()).await;
        let two = page(format!("first: 5, after: \"{}\"", text(&one["pageInfo"]["endCursor"]))).await;
        assert_eq!(values(&two), json!([expected[1], expected[2]]), "{object} {list}");
        let last = page("last: 1".to_owned()).await;
        assert_eq!(values(&last), json!([expected[2]]), "{object} {list}");
        let before = page(format!("last: 5, before: \"{}\"", text(&last["pageInfo"]["startCursor"]))).await;
        assert_eq!(values(&before), json!([expected[0], expected[1]]), "{object} {list}");
        assert_eq!(before["pageInfo"]["hasPreviousPage"], false);
    }
}

/// Pages through a list of the query by one row at a time, forward and then backward.
async fn walk(app: &TestApp, list: &str, order: &str) -> (Vec<String>, Vec<String>) {
    let mut walks = Vec::new();
    for (count, cursor, more) in [("first", "after", "hasNextPage"), ("last", "before", "hasPreviousPage")] {
        let query = format!(
            "query($cursor: String) {{ {list}({count}: 1, {cursor}: $cursor, orderBy: {order}) {{ \
             edges {{ cursor node {{ code }} }} pageInfo {{ hasNextPage hasPreviousPage }} }} }}"
        );
        let mut at = Value::Null;
        let mut codes = Vec::new();
        loop {
            let page = app.ok(&query, json!({ "cursor": at })).await[list].clone();
            codes.extend(page["edges"][0]["node"]["code"].as_str().map(str::to_owned));
            if page["pageInfo"][more] == false {
                break;
            }
            at = page["edges"][0]["cursor"].clone();
        }
        walks.push(codes);
    }
    let mut backward = walks.pop().expect("two walks");
    backward.reverse();
    (walks.pop().expect("two walks"), backward)
}

async fn partners_by_each_order(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    // code, name, enrolled on, business credits this year, business credits last year
    let partners = [
        ("d", "Alpha", "2024-08-01", 30, 0),
        ("B", "beta", "2024-06-01", 0, 500),
        ("c", "Alpha", "2024-07-01", 200, 0),
        ("a", "Zulu", "2024-06-01", 30, 1),
        ("e_", "Ärger", "2025-01-01", 0, 0),
    ];
    for (code, name, enrolled_on, this_year, last_year) in partners {
        let input = json!({ "code": code, "name": name, "enrolledOn": enrolled_on });
        app.done("createPartner", input).await;
        for (on, credits) in [("2026-02-01", this_year), ("2025-02-01", last_year)] {
            if credits > 0 {
                app.record(Activity::of_partner(code, "CUSTOMER_MEETING", on).quantity(credits)).await;
            }
        }
    }
    // Equal rows stay in one order, that of enrolling; capitals come before small letters.
    let table = [
        ("CODE", ["B", "a", "c", "d", "e_"]),
        ("NAME", ["d", "c", "a", "B", "e_"]),
        ("ENROLLED_ON", ["B", "a", "c", "d", "e_"]),
        ("CREDITS_THIS_YEAR", ["c", "d", "a", "B", "e_"]),
    ];
    for (order, expected) in table {
        let (forward, backward) = walk(&app, "partners", order).await;
        assert_eq!(forward, expected, "{order}");
        assert_eq!(backward, expected, "{order}");
    }
    // filter, how many
    let table = [
        (json!({}), 5),
        (json!({ "search": "ALPHA" }), 2),
        (json!({ "search": "E" }), 2),
        (json!({ "search": "_" }), 1),
        (json!({ "search": "%" }), 0),
        (json!({ "search": "ÁLPHÀ" }), 2),
        (json!({ "enrolledFrom": "2024-06-02", "enrolledTo": "2024-08-01" }), 2),
        (json!({ "enrolledTo": "2024-06-01" }), 2),
    ];
    for (filter, count) in table {
        let query = "query($filter: PartnerFilter) { partners(filter: $filter, first: 100) { totalCount nodes { code } } }";
        let page = app.ok(query, json!({ "filter": filter })).await["partners"].clone();
        assert_eq!(page["totalCount"], count, "{filter}");
        assert_eq!(page["nodes"].as_array().map(Vec::len), Some(count), "{filter}");
    }
}

async fn professionals_by_each_order(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    for (code, name, on) in
        [("c", "Ada", "2025-03-01"), ("a", "Bob", "2025-01-01"), ("b", "Ada", "2025-01-01")]
    {
        let input = json!({ "code": code, "name": name, "email": "x@example.com", "signedUpOn": on });
        app.done("signUpProfessional", input).await;
    }
    let table = [("CODE", ["a", "b", "c"]), ("NAME", ["c", "b", "a"]), ("SIGNED_UP_ON", ["a", "b", "c"])];
    for (order, expected) in table {
        let (forward, backward) = walk(&app, "professionals", order).await;
        assert_eq!(
            (&forward[..], &backward[..]),
            (&expected.map(str::to_owned)[..], &expected.map(str::to_owned)[..]),
            "{order}"
        );
    }
}

async fn nodes_of_every_type(backend: Backend) {
    let app = app_with_ledger(backend, 1).await;
    app.professional("ada", "2025-01-01").await;
    let activity = app.record(Activity::of_professional("ada", "VOTE_CAST", "2025-05-01").points(10)).await;
    let data = app.ok(
        "{ partner(code: \"nordwind\") { id ledger(first: 1) { nodes { id } } } \
         professional(code: \"ada\") { id } edition { id } }",
        Value::Null,
    );
    let data = data.await;
    let ids = [
        ("Partner", data["partner"]["id"].clone()),
        ("LedgerEntry", data["partner"]["ledger"]["nodes"][0]["id"].clone()),
        ("Professional", data["professional"]["id"].clone()),
        ("Edition", data["edition"]["id"].clone()),
        ("Activity", activity["id"].clone()),
    ];
    let node = "query($id: ID!) { node(id: $id) { __typename id } }";
    for (name, id) in &ids {
        let found = &app.ok(node, json!({ "id": id })).await["node"];
        assert_eq!((&found["__typename"], &found["id"]), (&json!(name), id));
    }
    // The key of one type under the name of another, and what never was an id.
    let mut strangers: Vec<String> = Vec::new();
    for (place, (_, id)) in ids.iter().enumerate() {
        let (name, key) = split(id.as_str().expect("an id"));
        let (other, _) = split(ids[(place + 1) % ids.len()].1.as_str().expect("an id"));
        assert_eq!(name, ids[place].0);
        strangers.push(join(&other, &key));
        strangers.push(join(&name, &key.to_uppercase()));
        strangers.push(join(&name, "00000000-0000-7000-8000-000000000000"));
        strangers.push(join("User", &key));
        strangers.push(key);
    }
    strangers.extend(["", "x", "====", "\0", "Partner:7", "ünïcode"].map(str::to_owned));
    strangers.push("A".repeat(5_000));
    for id in &strangers {
        assert_eq!(app.ok(node, json!({ "id": id })).await["node"], Value::Null, "{id:.60}");
    }
    // Many at once: in their order, repeated ones and strangers too.
    let mut asked: Vec<Value> = ids.iter().map(|(_, id)| id.clone()).collect();
    asked.push(json!("x"));
    asked.push(asked[0].clone());
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let found = app.ok(nodes, json!({ "ids": asked })).await["nodes"].clone();
    let mut expected: Vec<Value> = asked.iter().map(|id| json!({ "id": id })).collect();
    expected[5] = Value::Null;
    assert_eq!(found, Value::Array(expected));
    assert_eq!(app.ok(nodes, json!({ "ids": [] })).await["nodes"], json!([]));
    assert_eq!(app.send(nodes, json!({ "ids": vec!["x"; 101] })).await.codes(), ["BAD_USER_INPUT"]);
    // By code and by natural key, what does not exist is null.
    let data = app.ok(
        "{ a: partner(code: \"ada\") { id } b: professional(code: \"nordwind\") { id } \
         c: activity(source: \"test\", externalId: \"no such\") { id } }",
        Value::Null,
    );
    assert_eq!(data.await, json!({ "a": null, "b": null, "c": null }));
}

/// Type and key of a global id.
fn split(id: &str) -> (String, String) {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(id).expect("base64url")).expect("text");
    let (name, key) = text.split_once(':').expect("a type and a key");
    (name.to_owned(), key.to_owned())
}

/// A global id of a type and a key.
fn join(name: &str, key: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{name}:{key}"))
}
