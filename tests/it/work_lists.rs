//! Work lists: each filter, order and page of each list, for every role, against the rows themselves.

mod rows;

use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp, deals};
use rows::{ACTIVITIES, AFFILIATIONS, CONTRACTS, DEALS, LISTS, List, ORDERS, SWAG_ORDERS, filled};

both! {
    every_filter_finds_its_rows,
    every_role_sees_its_rows,
    pages_are_stable_under_inserts,
    deals_are_found_by_what_they_are_today,
    a_filter_that_nothing_can_match_is_refused,
    deals_of_an_earlier_release_are_completed,
}

const TODAY: &str = "2026-08-31";

/// The keys of the rows that a condition picks from the whole list.
fn picked(list: List, all: &[Value], condition: impl Fn(&Value) -> bool) -> Vec<String> {
    let rows: Vec<Value> = all.iter().filter(|row| condition(row)).cloned().collect();
    list.keys(&rows)
}

/// Whether a list with a filter has a row.
type Condition = fn(&Value) -> bool;

#[expect(clippy::too_many_lines, reason = "a table of cases")]
async fn every_filter_finds_its_rows(backend: Backend) {
    let app = filled(backend).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    // list, filter, what it picks
    let table: [(List, &str, Condition); 40] = [
        (ACTIVITIES, "statuses: [PENDING_REVIEW]", |row| row["status"] == "PENDING_REVIEW"),
        (ACTIVITIES, "statuses: [REJECTED, VOIDED, REJECTED]", |row| {
            row["status"] == "REJECTED" || row["status"] == "VOIDED"
        }),
        (ACTIVITIES, "statuses: [RECORDED, VOIDED]", |row| {
            row["status"] == "RECORDED" || row["status"] == "VOIDED"
        }),
        (ACTIVITIES, "kinds: [\"DOCS_CORRECTION\"]", |row| row["kind"] == "DOCS_CORRECTION"),
        (ACTIVITIES, "kinds: [\"DOCS_CORRECTION\", \"EVENT_ORGANIZED\"]", |row| {
            row["kind"] == "DOCS_CORRECTION" || row["kind"] == "EVENT_ORGANIZED"
        }),
        (ACTIVITIES, "partner: \"nordwind\"", |row| row["subject"]["code"] == "nordwind"),
        (ACTIVITIES, "partner: \"nordwind\", statuses: [VOIDED]", |row| {
            row["subject"]["code"] == "nordwind" && row["status"] == "VOIDED"
        }),
        (ACTIVITIES, "professional: \"cleo\"", |row| row["subject"]["code"] == "cleo"),
        (ACTIVITIES, "professional: \"ada\", statuses: [PENDING_REVIEW, REJECTED]", |row| {
            row["subject"]["code"] == "ada" && row["status"] != "RECORDED"
        }),
        (ACTIVITIES, "partner: \"nordwind\", professional: \"ada\"", |_| false),
        (ACTIVITIES, "partner: \"nobody\"", |_| false),
        (ACTIVITIES, "source: \"academy\"", |row| row["source"] == "academy"),
        (ACTIVITIES, "source: \"test\", kinds: [\"KATA_COMPLETED\"]", |_| false),
        (
            ACTIVITIES,
            "kinds: [\"DOCS_CORRECTION\", \"CUSTOMER_MEETING\"], occurredFrom: \"2026-03-01\"",
            |row| {
                (row["kind"] == "DOCS_CORRECTION" || row["kind"] == "CUSTOMER_MEETING")
                    && row["occurredOn"].as_str() >= Some("2026-03-01")
            },
        ),
        (ACTIVITIES, "occurredFrom: \"2026-03-01\", occurredTo: \"2026-04-01\"", |row| {
            row["occurredOn"].as_str() >= Some("2026-03-01")
                && row["occurredOn"].as_str() <= Some("2026-04-01")
        }),
        (ACTIVITIES, "occurredTo: \"2026-01-31\", statuses: [RECORDED]", |row| {
            row["occurredOn"].as_str() <= Some("2026-01-31")
        }),
        (DEALS, "statuses: [LEAD]", |row| row["status"] == "LEAD"),
        (DEALS, "statuses: [EXPIRED, CLOSED_LOST]", |row| {
            row["status"] == "EXPIRED" || row["status"] == "CLOSED_LOST"
        }),
        (DEALS, "statuses: [LEAD, ENGAGED], partner: \"nordwind\"", |row| {
            row["status"] == "LEAD" && row["partner"]["code"] == "nordwind"
        }),
        (DEALS, "customer: \"globex\"", |row| {
            row["customer"].as_str().map(str::to_lowercase) == Some("globex".into())
        }),
        (DEALS, "conflict: true", |row| row["conflict"] == true),
        (DEALS, "conflict: false", |row| row["conflict"] == false),
        (DEALS, "conflict: true, partner: \"nordwind\"", |row| row["conflict"] == true),
        (DEALS, "validUntilFrom: \"2026-09-15\"", |row| row["validUntil"].as_str() >= Some("2026-09-15")),
        (DEALS, "validUntilTo: \"2026-09-15\"", |row| {
            row["validUntil"].as_str().is_some_and(|day| day <= "2026-09-15")
        }),
        (ORDERS, "statuses: [PLACED]", |row| row["status"] == "PLACED"),
        (ORDERS, "statuses: [CANCELLED, FULFILLED]", |row| row["status"] != "PLACED"),
        (ORDERS, "partner: \"polder\", statuses: [PLACED]", |row| {
            row["partner"]["code"] == "polder" && row["status"] == "PLACED"
        }),
        (ORDERS, "purpose: SELF_USE", |row| row["purpose"] == "SELF_USE"),
        (ORDERS, "currency: \"USD\"", |row| row["total"]["currency"] == "USD"),
        (ORDERS, "placedFrom: \"2026-08-31\", placedTo: \"2026-08-31\"", |_| true),
        (ORDERS, "placedFrom: \"2026-09-01\"", |_| false),
        (SWAG_ORDERS, "statuses: [PLACED]", |row| row["status"] == "PLACED"),
        (SWAG_ORDERS, "professional: \"ada\", statuses: [PLACED, CANCELLED]", |row| {
            row["professional"]["code"] == "ada"
        }),
        (SWAG_ORDERS, "item: \"mug\"", |row| row["item"]["code"] == "mug"),
        (AFFILIATIONS, "partner: \"polder\"", |row| row["partner"]["code"] == "polder"),
        (AFFILIATIONS, "professional: \"cleo\", on: \"2026-03-01\"", |row| row["startsOn"] == "2026-03-01"),
        (AFFILIATIONS, "on: \"2026-02-28\"", |row| row["startsOn"] != "2026-03-01"),
        (CONTRACTS, "partner: \"nordwind\", on: \"2026-03-01\"", |row| row["reference"] == "c-2"),
        (CONTRACTS, "endsFrom: \"2026-01-01\", endsTo: \"2026-10-31\"", |row| row["reference"] == "c-3"),
    ];
    for list in LISTS {
        let all = list.rows(&app, &key, "", 100, false).await;
        assert!(all.len() >= 3, "{}", list.name);
        for (of, filter, condition) in table.iter().filter(|row| row.0.name == list.name) {
            let mut expected = picked(list, &all, condition);
            assert_ne!(expected.len(), if filter.contains("2026-08-31") { 0 } else { all.len() }, "{filter}");
            expected.sort();
            for size in [1, 2, 50] {
                for backward in [false, true] {
                    let found = of.rows(&app, &key, &format!("filter: {{ {filter} }}"), size, backward).await;
                    let mut found = list.keys(&found);
                    found.sort();
                    assert_eq!(found, expected, "{} {filter}, {size} a page", list.name);
                }
            }
        }
    }
    // list, order, what it is ordered by; rows of one value are in the order of recording
    let orders = [
        (ACTIVITIES, "RECORDED_AT", ""),
        (ACTIVITIES, "OCCURRED_ON", "occurredOn"),
        (DEALS, "RECORDED_AT", ""),
        (DEALS, "VALID_UNTIL", "validUntil"),
        (ORDERS, "PLACED_ON", "placedOn"),
        (SWAG_ORDERS, "PLACED_ON", "placedOn"),
        (AFFILIATIONS, "STARTS_ON", "startsOn"),
        (CONTRACTS, "STARTS_ON", "startsOn"),
        (CONTRACTS, "ENDS_ON", "endsOn"),
    ];
    for (list, order, by) in orders {
        let mut expected = list.rows(&app, &key, "", 100, false).await;
        let last = json!("9999");
        expected.sort_by_key(|row| row.get(by).filter(|by| !by.is_null()).unwrap_or(&last).to_string());
        let expected = if by.is_empty() { list.rows(&app, &key, "", 100, false).await } else { expected };
        let mut expected = list.keys(&expected);
        for (suffix, backward) in [("", false), ("_DESC", true)] {
            if backward {
                expected.reverse();
            }
            for paged_backward in [false, true] {
                let arguments = format!("orderBy: {order}{suffix}");
                let found = list.rows(&app, &key, &arguments, 2, paged_backward).await;
                assert_eq!(list.keys(&found), expected, "{} {order}{suffix}", list.name);
            }
        }
    }
}

async fn every_role_sees_its_rows(backend: Backend) {
    let app = filled(backend).await;
    let academy = app.key("INTEGRATOR", Some("academy")).await;
    let input = Activity::of_partner("polder", "CUSTOMER_MEETING", "2026-05-05").external_id("sent").input();
    let query = crate::harness::document("recordActivity");
    app.send_as(&academy, &query, json!({ "input": input })).await;
    let query = crate::harness::document("registerDeal");
    app.send_as(&academy, &query, json!({ "input": deals::deal("polder", "d-sent", "Umbra", "2026-08-30") }))
        .await;
    let partner = app.key("PARTNER", Some("nordwind")).await;
    let professional = app.key("PROFESSIONAL", Some("cleo")).await;
    let administrator = app.key("ADMINISTRATOR", None).await;
    let none: &[&str] = &[];
    // list, arguments, rows of the partner, of the professional, of the integrator
    #[expect(clippy::type_complexity, reason = "rows of a table")]
    let table: [(List, &str, &[&str], &[&str], &[&str]); 14] = [
        (
            ACTIVITIES,
            "",
            // Those of Cleo since she works for it.
            &["claim-1", "claim-2", "docs-1", "docs-3", "event-1", "meeting-1", "meeting-2"],
            &["docs-2", "docs-3"],
            &["sent"],
        ),
        (ACTIVITIES, "filter: { partner: \"nordwind\" }", &["event-1", "meeting-1", "meeting-2"], none, none),
        (ACTIVITIES, "filter: { partner: \"polder\" }", none, none, &["sent"]),
        (ACTIVITIES, "filter: { professional: \"cleo\" }", &["docs-3"], &["docs-2", "docs-3"], none),
        (ACTIVITIES, "filter: { professional: \"ada\" }", &["claim-1", "claim-2", "docs-1"], none, none),
        (ACTIVITIES, "filter: { statuses: [PENDING_REVIEW, REJECTED] }", &["claim-1", "claim-2"], none, none),
        (
            ACTIVITIES,
            "filter: { kinds: [\"CUSTOMER_MEETING\"], statuses: [RECORDED] }",
            &["meeting-1"],
            none,
            &["sent"],
        ),
        (DEALS, "", &["d-conflict", "d-lead", "d-old"], none, &["d-sent"]),
        (DEALS, "filter: { statuses: [LEAD] }", &["d-conflict", "d-lead"], none, &["d-sent"]),
        (DEALS, "filter: { conflict: true }", &["d-conflict"], none, none),
        (DEALS, "filter: { customer: \"Umbra\" }", none, none, &["d-sent"]),
        (CONTRACTS, "", &["c-1", "c-2"], none, none),
        (CONTRACTS, "filter: { partner: \"polder\" }", none, none, none),
        (CONTRACTS, "filter: { partner: \"nordwind\" }", &["c-1", "c-2"], none, none),
    ];
    for (list, arguments, of_partner, of_professional, of_integrator) in table {
        for (role, key, expected) in [
            ("partner", &partner, of_partner),
            ("professional", &professional, of_professional),
            ("integrator", &academy, of_integrator),
        ] {
            for orders in [["", ""], ["orderBy: RECORDED_AT_DESC", "orderBy: OCCURRED_ON"]] {
                let order = match list.name {
                    "activities" => orders[1],
                    "deals" => orders[0],
                    _ => "",
                };
                let mut found =
                    list.keys(&list.rows(&app, key, &format!("{arguments} {order}"), 2, false).await);
                found.sort();
                assert_eq!(found, expected, "{} {arguments} {order}: {role}", list.name);
            }
        }
    }
    // list, how many rows each role sees: administrator, partner, professional, integrator
    let counts = [(ORDERS, [4, 2, 0, 0]), (SWAG_ORDERS, [3, 0, 1, 0]), (AFFILIATIONS, [4, 2, 2, 0])];
    for (list, expected) in counts {
        for (key, expected) in [&administrator, &partner, &professional, &academy].into_iter().zip(expected) {
            let page = list.page(&app, key, "first: 100").await;
            assert_eq!(page["totalCount"], expected, "{}", list.name);
            assert_eq!(page["nodes"].as_array().map(Vec::len), Some(expected), "{}", list.name);
        }
    }
    // A professional sees no partner, not even as a part of the own affiliation.
    let rows = AFFILIATIONS.rows(&app, &professional, "", 10, false).await;
    assert!(
        rows.iter().all(|row| row["partner"].is_null() && row["professional"]["code"] == "cleo"),
        "{rows:?}"
    );
    for (key, visible) in [(&partner, true), (&professional, true), (&academy, false)] {
        let id = rows[1]["id"].as_str().expect("an id");
        let answer = app.send_as(key, &format!("{{ node(id: \"{id}\") {{ id }} }}"), Value::Null).await;
        assert_eq!(answer.body["data"]["node"]["id"] == rows[1]["id"], visible, "{}", answer.text);
    }
}

async fn pages_are_stable_under_inserts(backend: Backend) {
    let app = filled(backend).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    for (order, new_day, joins) in [
        ("RECORDED_AT", "2026-01-01", true),
        ("OCCURRED_ON", "2026-01-01", false),
        ("OCCURRED_ON", "2026-08-30", true),
    ] {
        let before =
            ACTIVITIES.keys(&ACTIVITIES.rows(&app, &key, &format!("orderBy: {order}"), 100, false).await);
        let first = ACTIVITIES.page(&app, &key, &format!("orderBy: {order} first: 3")).await;
        let id = format!("new-{order}-{new_day}");
        app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", new_day).external_id(&id)).await;
        let after = &first["pageInfo"]["endCursor"];
        let rest = ACTIVITIES.page(&app, &key, &format!("orderBy: {order} first: 100 after: {after}")).await;
        let mut found = ACTIVITIES.keys(first["nodes"].as_array().expect("rows"));
        found.extend(ACTIVITIES.keys(rest["nodes"].as_array().expect("rows")));
        let mut expected = before;
        if joins {
            expected.push(id);
        }
        assert_eq!(found, expected, "{order}, {new_day}");
    }
}

async fn deals_are_found_by_what_they_are_today(backend: Backend) {
    let app = filled(backend).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    let found = async |app: &TestApp, filter: &str| {
        let mut keys = DEALS.keys(&DEALS.rows(app, &key, &format!("filter: {{ {filter} }}"), 2, false).await);
        keys.sort();
        keys
    };
    assert_eq!(found(&app, "statuses: [EXPIRED]").await, ["d-old"]);
    assert_eq!(found(&app, "statuses: [LEAD]").await, ["d-conflict", "d-lead"]);
    // A proof gives a lead thirty days more, and a late one brings an expired deal back.
    app.done("reportDealActivity", deals::report("d-conflict", "MEETING", "2026-08-30")).await;
    app.done("reportDealActivity", deals::report("d-old", "MEETING", "2026-03-10")).await;
    assert_eq!(
        found(&app, "validUntilFrom: \"2026-10-14\", validUntilTo: \"2026-10-14\"").await,
        ["d-conflict"]
    );
    let app = app.restart("2026-09-20").await;
    assert_eq!(found(&app, "statuses: [EXPIRED]").await, ["d-lead", "d-old"]);
    assert_eq!(found(&app, "statuses: [LEAD, ENGAGED]").await, ["d-conflict", "d-engaged"]);
    assert_eq!(found(&app, "validUntilTo: \"2026-09-19\"").await, ["d-lead", "d-old"]);
    crate::harness::verified(app.services()).await;
}

async fn a_filter_that_nothing_can_match_is_refused(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    // list, filter, message
    let table = [
        (
            ACTIVITIES,
            "statuses: []",
            "statuses is an empty list, which nothing matches; leave statuses out for no condition.",
        ),
        (
            ACTIVITIES,
            "kinds: [\"DOCS_CORECTION\"]",
            "kinds: DOCS_CORECTION is not an activity kind. Did you mean DOCS_CORRECTION?",
        ),
        (ORDERS, "currency: \"EURO\"", "EURO"),
        (DEALS, "statuses: []", "statuses is an empty list"),
    ];
    for (list, filter, message) in table {
        let query = format!("{{ {}(filter: {{ {filter} }}) {{ totalCount }} }}", list.name);
        let answer = app.send(&query, Value::Null).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{}", answer.text);
        assert!(answer.text.contains(message), "{}", answer.text);
    }
    for list in LISTS {
        let query = format!("{{ {}(after: \"b3JkZXJz\") {{ totalCount }} }}", list.name);
        let answer = app.send(&query, Value::Null).await;
        assert!(answer.text.contains("is not a cursor of this list"), "{}", answer.text);
    }
}

async fn deals_of_an_earlier_release_are_completed(backend: Backend) {
    use sea_orm::ConnectionTrait;
    let app = filled(backend).await;
    let connection = app.database().connect().await;
    let forget = "UPDATE deals SET valid_until = '9999-12-31'";
    connection.execute_unprepared(forget).await.expect("the column as a migration leaves it");
    connection.close().await.expect("a connection closes");
    let app = app.restart(TODAY).await;
    crate::harness::verified(app.services()).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    let rows = DEALS.rows(&app, &key, "filter: { validUntilTo: \"2026-12-31\" }", 50, false).await;
    assert_eq!(DEALS.keys(&rows), ["d-old", "d-conflict", "d-lead", "d-engaged"]);
}
