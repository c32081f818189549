//! Reads: pages, single objects by id, days asked for in the past, and what was known at a moment.

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
    v5_days_that_can_be_asked_for,
    k1_what_was_known_at_a_moment,
    level_history_contains_earned_levels,
    explanations_hold_the_arithmetic,
    credits_of_a_year,
    edition_of_a_day,
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

async fn v5_days_that_can_be_asked_for(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("old", "2020-01-01").await;
    app.partner("new", "2025-03-01").await;
    app.professional("ada", "2025-03-01").await;
    let of_partner =
        "query($code: String!, $day: Date) { partner(code: $code) { name standing(asOf: $day) { asOf } } }";
    let of_person =
        "query($code: String!, $day: Date) { professional(code: $code) { standing(asOf: $day) { asOf } } }";
    // query, code, day, words of the error
    let table = [
        (of_partner, "old", "2024-04-30", Some("launch on 2024-05-01")),
        (of_partner, "old", "2024-05-01", None),
        (of_partner, "new", "2025-02-28", Some("enrolment on 2025-03-01")),
        (of_partner, "new", "2025-03-01", None),
        (of_partner, "new", TODAY, None),
        (of_partner, "new", "2026-09-01", Some("is in the future; today is 2026-08-31")),
        (of_person, "ada", "2025-02-28", Some("sign-up on 2025-03-01")),
        (of_person, "ada", "2025-03-01", None),
        (of_person, "ada", TODAY, None),
        (of_person, "ada", "2026-09-01", Some("is in the future; today is 2026-08-31")),
    ];
    for (query, code, day, words) in table {
        let answer = app.send(query, json!({ "code": code, "day": day })).await;
        let Some(words) = words else {
            assert_eq!(answer.codes(), [""; 0], "{code} on {day}: {}", answer.text);
            continue;
        };
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{code} on {day}");
        let message = answer.body["errors"][0]["message"].as_str().expect("a message");
        assert!(message.contains(words) && message.contains(day), "{code} on {day}: {message}");
    }
    // Without a day it is today.
    let today = app.ok(of_partner, json!({ "code": "new" })).await;
    assert_eq!(today["partner"]["standing"]["asOf"], TODAY);
    for query in [
        "query($day: Date) { partner(code: \"new\") { professionals(asOf: $day) { totalCount } } }",
        "query($day: Date) { professional(code: \"ada\") { partner(asOf: $day) { code } } }",
    ] {
        assert_eq!(
            app.send(query, json!({ "day": "2026-09-01" })).await.codes(),
            ["BAD_USER_INPUT"],
            "{query}"
        );
    }
}

async fn k1_what_was_known_at_a_moment(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2025-01-01").await;
    app.affiliate("ada", "nordwind", "2025-01-01").await;
    let query = "query($at: DateTime, $day: Date) { \
        partner(code: \"nordwind\") { balance(knownAt: $at) credits(year: 2025, knownAt: $at) { technical business } \
        standing(asOf: $day, knownAt: $at) { overall { code } technical { credits earnedOn } business { credits } } } \
        professional(code: \"ada\") { dojoCredits(knownAt: $at) \
        standing(asOf: $day, knownAt: $at) { points level { code } } } }";
    let known = async |at: Value| app.ok(query, json!({ "at": at, "day": "2025-12-31" })).await;
    // What is recorded, one after the other: later steps count on earlier days.
    let certification = |on: &str| Activity::of_professional("ada", "CERTIFICATION_OBTAINED", on).points(600);
    let mut states = vec![(Value::Null, known(Value::Null).await)];
    let mut first = Value::Null;
    for on in ["2025-06-01", "2025-03-01", "2025-06-02"] {
        let activity = app.record(certification(on)).await;
        states.push((activity["recordedAt"].clone(), known(Value::Null).await));
        if first.is_null() {
            first = activity;
        }
    }
    app.record(Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2025-02-01")).await;
    let last = app.ledger("nordwind").await.pop().expect("an entry")["recordedAt"].clone();
    states.push((last, known(Value::Null).await));
    app.void(&first).await;
    let last = app.ledger("nordwind").await.pop().expect("an entry")["recordedAt"].clone();
    states.push((last, known(Value::Null).await));

    let (_, nothing) = states.remove(0);
    let balances: Vec<_> = states.iter().map(|(_, state)| state["partner"]["balance"].as_i64()).collect();
    // 15 each; the second one of June completes 1,200 points of that month, so 5 more for 1,000.
    assert_eq!(balances, [Some(15), Some(30), Some(45), Some(95), Some(80)]);
    let moments: Vec<&str> = states.iter().map(|(at, _)| at.as_str().expect("a moment")).collect();
    assert!(moments.is_sorted_by(|one, next| one < next), "each moment is later: {moments:?}");
    for (at, state) in &states {
        assert_eq!(&known(at.clone()).await, state, "at {at}");
    }
    assert_eq!(known(json!("2020-01-01T00:00:00Z")).await, nothing, "before anything was known");
    let (_, now) = states.last().expect("states");
    assert_eq!(&known(json!("2999-01-01T00:00:00+01:00")).await, now, "everything known");
    // Both axes at once: on an early day only what counts by then, out of what was known.
    let query = "query($at: DateTime) { partner(code: \"nordwind\") { standing(asOf: \"2025-05-31\", knownAt: $at) \
                 { technical { credits } business { credits } } } }";
    for ((at, _), (technical, business)) in states.iter().zip([(0, 0), (15, 0), (15, 0), (15, 50), (15, 50)])
    {
        let standing = app.ok(query, json!({ "at": at })).await["partner"]["standing"].clone();
        let found = (&standing["technical"]["credits"], &standing["business"]["credits"]);
        assert_eq!(found, (&json!(technical), &json!(business)), "at {at}");
    }
}

async fn level_history_contains_earned_levels(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2020-01-01").await;
    let certification = |on: &str, quantity| {
        Activity::of_partner("nordwind", "CERTIFICATION_OBTAINED", on).quantity(quantity)
    };
    app.record(certification("2023-03-01", 3)).await;
    app.record(certification("2025-03-01", 3)).await;
    let lost = app.record(certification("2025-05-01", 5)).await;
    app.record(Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2025-04-01").quantity(2)).await;
    let history = async || {
        let query = "{ partner(code: \"nordwind\") { levelHistory { track level { code } earnedOn validUntil lapsedOn reversed legacy } } }";
        let history = app.ok(query, Value::Null).await["partner"]["levelHistory"].clone();
        let text = |award: &Value| {
            let part = |value: &Value| value.as_str().expect("a text").to_owned();
            let parts = [&award["track"], &award["level"]["code"], &award["earnedOn"], &award["validUntil"]]
                .map(part);
            let words = [("legacy", award["legacy"] == true), ("reversed", award["reversed"] == true)];
            let lapsed_on = award["lapsedOn"].as_str().map(|day| format!("lapsed {day}"));
            let words = words.into_iter().filter(|(_, said)| *said).map(|(word, _)| word.to_owned());
            parts.into_iter().chain(words).chain(lapsed_on).collect::<Vec<_>>().join(" ")
        };
        history.as_array().expect("a list").iter().map(text).collect::<Vec<_>>()
    };
    let kept = [
        "TECHNICAL COLLABORATOR 2024-05-01 2025-12-31 legacy lapsed 2026-01-01",
        "TECHNICAL COLLABORATOR 2025-03-01 2026-12-31",
        "BUSINESS CREATOR 2025-04-01 2026-12-31",
    ];
    let mut all = kept.to_vec();
    all.push("TECHNICAL CREATOR 2025-05-01 2026-12-31");
    assert_eq!(history().await, all);
    app.void(&lost).await;
    let reversed = format!("{} reversed lapsed {TODAY}", all[3]);
    all[3] = &reversed;
    assert_eq!(history().await, all, "a level that a reversal took away says so");
}

async fn explanations_hold_the_arithmetic(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2020-01-01").await;
    app.professional("ada", "2023-01-01").await;
    app.affiliate("ada", "nordwind", "2023-01-01").await;
    let partner = |kind: &str, on: &str, n| Activity::of_partner("nordwind", kind, on).quantity(n);
    let large =
        |points| Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", "2025-06-01").points(points);
    let posts = app.record(partner("LINKEDIN_POST", "2025-06-01", 3)).await;
    for activity in [
        partner("CATALOG_DOWNLOADS", "2025-06-02", 23),
        partner("CUSTOMER_MEETING", "2025-06-03", 4),
        partner("DOJO_PROFILE", "2025-06-03", 1),
        partner("CERTIFICATION_OBTAINED", "2023-06-03", 2),
        large(480),
        large(50),
    ] {
        app.record(activity).await;
    }
    app.void(&posts).await;
    // kind, parts of the sentence
    let expected: [(&str, &[&str]); 7] = [
        (
            "LINKEDIN_POST",
            &["LinkedIn posts", "June 2025", "0 to 3", "5 - 0 = 5 business credits", "PP, Earning Credits"],
        ),
        ("CATALOG_DOWNLOADS", &["0 to 23", "10 for every full 5", "40 - 0 = 40 technical credits"]),
        ("CUSTOMER_MEETING", &["4 × 1 = 4 business credits"]),
        ("DOJO_PROFILE", &["0 to 1", "at most 10", "10 - 0 = 10 business credits"]),
        ("CERTIFICATION_OBTAINED", &["2 × 10 = 20 technical credits", "cannot be spent"]),
        ("DEVOPS_POINTS", &["480 to 530", "5 for every full 500", "5 - 0 = 5 technical credits"]),
        ("LINKEDIN_POST", &["voided", "3 to 0", "0 - 5 = -5 business credits"]),
    ];
    let entries = app.ledger("nordwind").await;
    assert_eq!(entries.len(), expected.len());
    let mut balance = 0;
    for (entry, (kind, parts)) in entries.iter().zip(expected) {
        assert_eq!(entry["kind"], kind);
        let sentence = entry["explanation"].as_str().expect("a sentence");
        assert!(sentence.ends_with('.'), "{sentence}");
        for part in parts {
            assert!(sentence.contains(part), "{part}: {sentence}");
        }
        balance += entry["spendableCredits"].as_i64().expect("credits");
        assert_eq!(entry["balanceAfter"], balance);
        let amount = entry["levelCredits"].to_string();
        assert!(sentence.contains(&format!("= {amount} ")), "the amount is the sum: {sentence}");
    }
    assert_eq!(app.balance("nordwind").await, balance);
}

async fn credits_of_a_year(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2020-01-01").await;
    for (on, n) in [
        ("2022-04-30", 9),
        ("2022-05-01", 1),
        ("2024-04-30", 2),
        ("2024-05-01", 3),
        ("2025-12-31", 4),
        ("2026-01-01", 5),
    ] {
        app.record(Activity::of_partner("nordwind", "CERTIFICATION_OBTAINED", on).quantity(n)).await;
        app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", on).quantity(n)).await;
    }
    let query = "query($year: Int!, $at: DateTime) { partner(code: \"nordwind\") { credits(year: $year, knownAt: $at) \
                 { year technical business total } } }";
    // year, certifications and meetings that count in it
    let table = [
        (2021, 0),
        (2022, 1),
        (2023, 0),
        (2024, 3),
        (2025, 4),
        (2026, 5),
        (2027, 0),
        (0, 0),
        (-1, 0),
        (i32::MAX, 0),
        (i32::MIN, 0),
    ];
    for (year, n) in table {
        for at in [Value::Null, json!("2999-01-01T00:00:00Z")] {
            let credits =
                app.ok(query, json!({ "year": year, "at": at })).await["partner"]["credits"].clone();
            let expected = json!({ "year": year, "technical": 10 * n, "business": n, "total": 11 * n });
            assert_eq!(credits, expected, "{year} at {at}");
        }
    }
}

async fn edition_of_a_day(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let query = "query($day: Date) { edition(asOf: $day) { id effectiveFrom document earningRules { program kind } \
                 partnerLevels { code threshold } professionalLevels { code threshold } } }";
    let today = app.ok(query, Value::Null).await["edition"].clone();
    assert_eq!(today["effectiveFrom"], "2024-05-01");
    assert_eq!(today["document"], partner_program::program::edition::BUILT_IN);
    assert_eq!(today["earningRules"].as_array().map(Vec::len), Some(39));
    let levels = |name: &str| {
        let levels = today[name].as_array().expect("levels");
        levels.iter().map(|level| (level["code"].clone(), level["threshold"].clone())).collect::<Vec<_>>()
    };
    let partner = [("MEMBER", 0), ("COLLABORATOR", 25), ("CREATOR", 75)];
    let professional = [("ADVOCATE", 750), ("ENABLER", 5_000), ("CATALYST", 15_000)];
    assert_eq!(levels("partnerLevels"), partner.map(|(code, threshold)| (json!(code), json!(threshold))));
    assert_eq!(
        levels("professionalLevels"),
        professional.map(|(code, threshold)| (json!(code), json!(threshold)))
    );
    // Days before the first edition are judged by it; there is one policy, however often the server starts.
    for day in ["2022-05-01", "2024-05-01"] {
        assert_eq!(app.ok(query, json!({ "day": day })).await["edition"], today, "{day}");
    }
    let app = app.restart("2026-09-01").await;
    assert_eq!(app.ok(query, Value::Null).await["edition"], today);
}
