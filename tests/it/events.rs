//! The feed of events: what is reported, to whom, once and in order.

use serde_json::{Value, json};

use crate::access::world::World;
use crate::harness::deals::{report, status, swag};
use crate::harness::{Activity, Backend, Order, TestApp, TestDatabase};

both! {
    every_change_emits_one_event_in_order,
    a_refused_change_emits_no_event,
    lapsed_levels_emit_one_event_even_after_downtime,
    a_level_that_a_correction_takes_away_lapses_too,
    expired_deals_emit_one_event_even_after_downtime,
    a_level_is_dated_on_its_day_and_goes_to_the_partner_of_that_day,
    changes_of_other_objects_emit_events_too,
    two_processes_tell_what_the_calendar_changed_once,
    old_events_are_deleted_and_said_to_be,
    numbers_that_were_never_given_are_refused,
    everybody_sees_the_own_events_only,
}

/// The feed of an application after a number, in pages of seven.
pub(crate) async fn feed(app: &TestApp, after: i64) -> Vec<Value> {
    const PAGE: &str = "query($after: EventNumber) { events(first: 7, after: $after) { \
        nodes { number type occurredOn recordedAt data partner { code } professional { code } \
        ledgerEntry { levelCredits balanceAfter } activity { externalId } order { number } deal { reference } \
        swagOrder { number } levelChange { track from { code } to { code } timeBased } } \
        edges { cursor } pageInfo { hasNextPage endCursor } latestNumber } }";
    let mut events = Vec::new();
    let mut after = json!(after);
    loop {
        let page = app.ok(PAGE, json!({ "after": after })).await["events"].clone();
        let nodes = page["nodes"].as_array().expect("a list");
        events.extend(nodes.iter().cloned());
        if page["pageInfo"]["hasNextPage"] == false {
            return events;
        }
        let last = &nodes.last().expect("an event")["number"];
        assert_eq!(page["pageInfo"]["endCursor"], last.to_string());
        after = page["pageInfo"]["endCursor"].clone();
    }
}

pub(crate) async fn latest(app: &TestApp) -> i64 {
    let data = app.ok("{ events(first: 0) { latestNumber } }", json!({})).await;
    data["events"]["latestNumber"].as_i64().expect("a number")
}

/// Events without notices, which have tests of their own.
async fn without_notices(app: &TestApp, after: i64) -> Vec<Value> {
    let is_notice = |event: &Value| event["type"].as_str().is_some_and(|kind| kind.ends_with("_ENDING"));
    feed(app, after).await.into_iter().filter(|event| !is_notice(event)).collect()
}

/// What events contain: the type, and what shows which one it is.
fn reported(events: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let word = |event: &Value| {
        let change = &event["levelChange"];
        let more = match event["type"].as_str().expect("a type") {
            "LEVEL_REACHED" | "LEVEL_LAPSED" => {
                let whose =
                    if event["professional"].is_null() { &event["partner"] } else { &event["professional"] };
                let track = change["track"].as_str().unwrap_or("points");
                format!(
                    "{} {} {track} {}>{}",
                    text(&event["occurredOn"]),
                    text(&whose["code"]),
                    text(&change["from"]["code"]),
                    text(&change["to"]["code"])
                )
            }
            "CREDITS_CHANGED" => {
                format!("{} {}", text(&event["partner"]["code"]), event["data"]["entry"]["spendableCredits"])
            }
            "POINTS_CHANGED" => {
                format!("{} {}", text(&event["professional"]["code"]), event["data"]["entry"]["points"])
            }
            "PARTNER_ENROLLED"
            | "PROFESSIONAL_SIGNED_UP"
            | "AFFILIATION_STARTED"
            | "AFFILIATION_ENDED"
            | "CONTRACT_RECORDED"
            | "SALES_TARGET_SET"
            | "PRODUCT_SAVED"
            | "SWAG_ITEM_SAVED"
            | "PARTNER_UPDATED"
            | "PROFESSIONAL_UPDATED"
            | "PROFESSIONAL_ERASED"
            | "IMPORT_FINISHED" => {
                let codes = [&event["partner"]["code"], &event["professional"]["code"]];
                let codes: Vec<&str> = codes.into_iter().filter_map(Value::as_str).collect();
                [&[event["occurredOn"].as_str().unwrap_or("-")], &codes[..]].concat().join(" ")
            }
            kind if kind.starts_with("SWAG") => text(&event["data"]["swagOrder"]["status"]),
            kind if kind.starts_with("ORDER") => text(&event["data"]["order"]["status"]),
            kind if kind.starts_with("DEAL") || kind.starts_with("OPPORTUNITY") => {
                format!("{} {}", text(&event["occurredOn"]), text(&event["deal"]["reference"]))
            }
            _ => text(&event["activity"]["externalId"]),
        };
        format!("{} {more}", text(&event["type"]))
    };
    events.iter().map(word).collect()
}

fn numbers(events: &[Value]) -> Vec<i64> {
    events.iter().map(|event| event["number"].as_i64().expect("a number")).collect()
}

async fn every_change_emits_one_event_in_order(backend: Backend) {
    let app = TestApp::start(backend, "2026-08-31").await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-06-01").await;
    app.affiliate("ada", "nordwind", "2024-06-01").await;
    app.product("dmc", "USAGE_BASED_SERVICE", &[("1", "EUR")]).await;
    app.item("hoodie", 100, 5).await;
    let certified = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2026-03-01");
    let certified = app.record(certified.points(800).external_id("c-1")).await;
    let claim = Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2026-05-01").points(500);
    for (id, decision) in [("b-1", "REJECT"), ("b-2", "APPROVE")] {
        let claimed = app.done("submitActivity", claim.clone().external_id(id).input()).await;
        let input = json!({ "activityId": claimed["activity"]["id"], "decision": decision });
        app.done("reviewActivity", input).await;
    }
    let order = app.place(&Order::self_use("nordwind").line("dmc", 20).credits(2)).await;
    app.cancel(&order).await;
    let order = app.place(&Order::self_use("nordwind").line("dmc", 2)).await;
    app.fulfill(&order, "2026-08-31").await;
    let bought = app.done("placeSwagOrder", swag("ada", "hoodie", 1, "k-1")).await;
    app.done("cancelSwagOrder", json!({ "number": bought["swagOrder"]["number"] })).await;
    app.engaged("nordwind", "D-1", "Acme", "2026-08-01").await;
    app.done("reportDealActivity", report("D-1", "MEETING", "2026-08-02")).await;
    app.close("D-1", "WON_BY_PARTNER", "2026-08-03").await;
    app.void(&certified).await;
    let events = feed(&app, 0).await;
    let expected = [
        "PARTNER_ENROLLED 2024-06-01 nordwind",
        "PROFESSIONAL_SIGNED_UP 2024-06-01 ada",
        "AFFILIATION_STARTED 2024-06-01 nordwind ada",
        "PRODUCT_SAVED 2026-08-31",
        "SWAG_ITEM_SAVED 2026-08-31",
        "ACTIVITY_RECORDED c-1",
        "POINTS_CHANGED ada 800",
        "CREDITS_CHANGED nordwind 5",
        "CREDITS_CHANGED nordwind 10",
        "LEVEL_REACHED 2026-03-01 ada points ->ADVOCATE",
        "CLAIM_SUBMITTED b-1",
        "CLAIM_REJECTED b-1",
        "CLAIM_SUBMITTED b-2",
        "CLAIM_APPROVED b-2",
        "POINTS_CHANGED ada 500",
        "CREDITS_CHANGED nordwind 5",
        "ORDER_PLACED PLACED",
        "CREDITS_CHANGED nordwind -2",
        "ORDER_CANCELLED CANCELLED",
        "CREDITS_CHANGED nordwind 2",
        "ORDER_PLACED PLACED",
        "ORDER_FULFILLED FULFILLED",
        "SWAG_ORDER_PLACED PLACED",
        "POINTS_CHANGED ada 0",
        "SWAG_ORDER_CANCELLED CANCELLED",
        "POINTS_CHANGED ada 0",
        "DEAL_REGISTERED 2026-08-01 D-1",
        "DEAL_CHANGED 2026-08-01 D-1",
        "DEAL_CHANGED 2026-08-02 D-1",
        "DEAL_CLOSED 2026-08-03 D-1",
    ];
    let reported = reported(&events);
    assert_eq!(reported[..expected.len()], expected);
    assert_eq!(reported.last().map(String::as_str), Some("LEVEL_LAPSED 2026-08-31 ada points ADVOCATE>-"));
    let count = i64::try_from(events.len()).expect("a count");
    assert_eq!(numbers(&events), (1..=count).collect::<Vec<_>>(), "no gap, none twice");
    assert_eq!(latest(&app).await, count);
    // Every entry of the ledger was reported once.
    let entries = app.ledger("nordwind").await.len();
    assert_eq!(reported.iter().filter(|one| one.starts_with("CREDITS_CHANGED")).count(), entries);
    assert_eq!(numbers(&feed(&app, count - 3).await), (count - 2..=count).collect::<Vec<_>>());
    // Events hold no personal data: no names and no addresses.
    let all: String = events.iter().map(|event| event["data"].to_string()).collect();
    for secret in ["Professional ada", "example.com", "Partner nordwind", "Acme"] {
        assert!(!all.contains(secret), "{secret} was reported");
    }
}

async fn a_refused_change_emits_no_event(backend: Backend) {
    let app = TestApp::start(backend, "2026-08-31").await;
    app.partner("nordwind", "2024-06-01").await;
    let meeting = Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-03-01").external_id("m-1");
    app.record(meeting.clone()).await;
    let before = latest(&app).await;
    app.record(meeting.clone()).await;
    assert_eq!(app.refusals("recordActivity", meeting.quantity(2).input()).await, ["CONFLICTING_DUPLICATE"]);
    let late = Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2027-03-01");
    assert_eq!(app.refusals("recordActivity", late.input()).await, ["DATE_IN_FUTURE"]);
    assert_eq!(latest(&app).await, before);
}

/// Waits until the calendar was followed through the application's day.
async fn followed(app: &TestApp) {
    app.services().emit_time_based_events().await.expect("a calendar");
}

async fn lapsed_levels_emit_one_event_even_after_downtime(backend: Backend) {
    let app = TestApp::start(backend, "2025-11-03").await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-11-20").await;
    app.affiliate("ada", "nordwind", "2024-11-20").await;
    app.earn("nordwind", "2025-11-03", 80).await;
    app.record(Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2025-10-01").points(800)).await;
    let reached = reported(&feed(&app, 0).await);
    assert!(reached.contains(&"LEVEL_REACHED 2025-11-03 nordwind BUSINESS MEMBER>CREATOR".to_owned()));
    // day of the start, what is reported then
    let table: [(&str, &[&str]); 6] = [
        ("2025-11-20", &[]),
        ("2026-11-19", &[]),
        ("2026-11-20", &["LEVEL_LAPSED 2026-11-20 ada points ADVOCATE>-"]),
        ("2026-12-31", &[]),
        ("2027-03-05", &["LEVEL_LAPSED 2027-01-01 nordwind BUSINESS CREATOR>MEMBER"]),
        ("2027-03-06", &[]),
    ];
    let mut app = app;
    for (today, expected) in table {
        let before = latest(&app).await;
        app = app.restart(today).await;
        followed(&app).await;
        followed(&app).await;
        let events = without_notices(&app, before).await;
        assert_eq!(reported(&events), expected, "{today}");
        for event in events {
            assert_eq!(event["levelChange"]["timeBased"], true);
        }
    }
}

async fn a_level_that_a_correction_takes_away_lapses_too(backend: Backend) {
    let app = TestApp::start(backend, "2026-08-31").await;
    app.partner("nordwind", "2024-06-01").await;
    let event = Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-03-01").quantity(30);
    let event = app.record(event).await;
    app.void(&event).await;
    let levels: Vec<String> =
        reported(&feed(&app, 0).await).into_iter().filter(|one| one.starts_with("LEVEL")).collect();
    let expected = [
        "LEVEL_REACHED 2026-03-01 nordwind BUSINESS MEMBER>COLLABORATOR",
        "LEVEL_LAPSED 2026-08-31 nordwind BUSINESS COLLABORATOR>MEMBER",
    ];
    assert_eq!(levels, expected);
}

async fn expired_deals_emit_one_event_even_after_downtime(backend: Backend) {
    let app = TestApp::start(backend, "2026-01-05").await;
    app.partner("nordwind", "2024-06-01").await;
    app.deal("nordwind", "LEAD", "Acme", "2026-01-05").await;
    app.engaged("nordwind", "ENGAGED", "Bolt", "2026-01-05").await;
    app.engaged("nordwind", "CLOSED", "Corp", "2026-01-05").await;
    app.close("CLOSED", "LOST", "2026-01-05").await;
    let until = |deal: &Value| deal["validUntil"].as_str().expect("a day").to_owned();
    let (lead, engaged) = (until(&app.deal_now("LEAD").await), until(&app.deal_now("ENGAGED").await));
    let after = |day: &str| {
        let day: chrono::NaiveDate = day.parse().expect("a date");
        day.succ_opt().expect("a day").to_string()
    };
    let mut last = latest(&app).await;
    let mut app = app.restart(&lead).await;
    followed(&app).await;
    assert_eq!(reported(&without_notices(&app, last).await), [""; 0], "the last day belongs to the deal");
    app = app.restart("2026-12-01").await;
    followed(&app).await;
    followed(&app).await;
    let expected = [
        format!("DEAL_EXPIRED {} LEAD", after(&lead)),
        format!("DEAL_EXPIRED {} ENGAGED", after(&engaged)),
        "OPPORTUNITY_LAPSED 2026-02-06 ENGAGED".to_owned(),
    ];
    let events = without_notices(&app, last).await;
    assert_eq!(reported(&events), expected);
    assert_eq!(events[0]["data"]["deal"]["status"], "EXPIRED");
    // What is reported late brings it back, and it expires again.
    last = latest(&app).await;
    app.done("reportDealActivity", report("ENGAGED", "MEETING", "2026-03-01")).await;
    app.done("updateDeal", status("ENGAGED", "QUOTED", "2026-03-02")).await;
    followed(&app).await;
    let events = without_notices(&app, last).await;
    let kinds: Vec<Value> = events.iter().map(|event| event["type"].clone()).collect();
    // No time runs for a quoted deal. The opportunity, which the late report claimed anew, has lapsed again (R4).
    assert_eq!(kinds, ["DEAL_CHANGED", "DEAL_CHANGED", "OPPORTUNITY_LAPSED"]);
    assert_eq!(events[2]["occurredOn"], "2026-04-02");
}

async fn a_level_is_dated_on_its_day_and_goes_to_the_partner_of_that_day(backend: Backend) {
    let app = TestApp::start(backend, "2026-08-31").await;
    for code in ["nordwind", "polder"] {
        app.partner(code, "2024-06-01").await;
    }
    app.professional("ada", "2024-06-01").await;
    app.affiliate("ada", "nordwind", "2024-06-01").await;
    app.done("endAffiliation", json!({ "professional": "ada", "endsOn": "2026-06-30" })).await;
    app.affiliate("ada", "polder", "2026-07-01").await;
    let certified =
        |on: &str, points| Activity::of_professional("ada", "CERTIFICATION_OBTAINED", on).points(points);
    let level = async |on: &str| app.professional_on("ada", on).await["standing"]["level"]["code"].clone();
    app.record(certified("2026-07-15", 500)).await;
    // Entered later, it lets the one before complete a level.
    app.record(certified("2026-06-10", 500)).await;
    assert_eq!((level("2026-07-14").await, level("2026-07-15").await), (Value::Null, json!("ADVOCATE")));
    // Of the year before, they complete a level on a day of the first employer, which holds on.
    for on in ["2025-09-09", "2025-09-10", "2025-09-11", "2025-09-12", "2025-09-13"] {
        app.record(certified(on, 1_000)).await;
    }
    assert_eq!((level("2025-09-12").await, level("2025-09-13").await), (json!("ADVOCATE"), json!("ENABLER")));
    let events = feed(&app, 0).await;
    let reached =
        events.iter().filter(|event| event["type"] == "LEVEL_REACHED" && !event["professional"].is_null());
    let reached: Vec<Value> = reached
        .map(|event| {
            json!([event["occurredOn"], event["partner"]["code"], event["levelChange"]["to"]["code"]])
        })
        .collect();
    let expected = json!([["2026-07-15", "polder", "ADVOCATE"], ["2025-09-13", "nordwind", "ENABLER"]]);
    assert_eq!(json!(reached), expected);
}

async fn changes_of_other_objects_emit_events_too(backend: Backend) {
    let app = TestApp::start(backend, "2026-08-31").await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-06-01").await;
    let certified = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2026-03-01").points(600);
    app.record(certified.external_id("c-1")).await;
    let before = latest(&app).await;
    app.affiliate("ada", "nordwind", "2026-01-01").await;
    app.done("endAffiliation", json!({ "professional": "ada", "endsOn": "2026-07-31" })).await;
    app.contract("nordwind", "k-1", ("2026-01-01", "2026-12-31"), &[("LICENSE", "7.5")]).await;
    app.target("nordwind", 2026, "1000.50", "EUR").await;
    app.product("dmc", "USAGE_BASED_SERVICE", &[("1.25", "EUR")]).await;
    app.item("mug", 10, 5).await;
    app.done("eraseProfessional", json!({ "professional": "ada", "reason": "asked for" })).await;
    let events = feed(&app, before).await;
    let expected = [
        "AFFILIATION_STARTED 2026-01-01 nordwind ada",
        "CREDITS_CHANGED nordwind 5",
        "CREDITS_CHANGED nordwind 10",
        "AFFILIATION_ENDED 2026-07-31 nordwind ada",
        "CONTRACT_RECORDED 2026-01-01 nordwind",
        "SALES_TARGET_SET 2026-08-31 nordwind",
        "PRODUCT_SAVED 2026-08-31",
        "SWAG_ITEM_SAVED 2026-08-31",
        "PROFESSIONAL_ERASED 2026-08-31 ada",
    ];
    assert_eq!(reported(&events), expected);
    let data = |index: usize, name: &str| events[index]["data"][name].clone();
    assert_eq!(data(0, "affiliation"), json!({ "startsOn": "2026-01-01", "endsOn": null, "voided": false }));
    for credited in [1, 2] {
        assert_eq!(data(credited, "activity")["externalId"], "c-1", "the activity whose award it is");
        assert_eq!(events[credited]["activity"]["externalId"], "c-1");
    }
    assert_eq!(
        data(3, "affiliation"),
        json!({ "startsOn": "2026-01-01", "endsOn": "2026-07-31", "voided": false })
    );
    let contract = json!({
        "reference": "k-1", "startsOn": "2026-01-01", "endsOn": "2026-12-31", "voided": false,
        "rates": { "LICENSE": "7.5" },
    });
    assert_eq!(data(4, "contract"), contract);
    assert_eq!(data(5, "salesTarget"), json!({ "year": 2026, "currency": "EUR", "amount": "1000.50" }));
    let product = json!({ "code": "dmc", "category": "USAGE_BASED_SERVICE", "prices": { "EUR": "1.25" } });
    assert_eq!(data(6, "product"), product);
    assert_eq!(data(7, "swagItem"), json!({ "code": "mug", "dojoCredits": 10, "stock": 5 }));
    assert_eq!(data(8, "changed"), json!(["name", "email"]));
    let all: String = events.iter().map(|event| event["data"].to_string()).collect();
    for secret in ["Professional ada", "example.com", "Partner nordwind", "Product dmc"] {
        assert!(!all.contains(secret), "{secret} was reported");
    }
}

async fn two_processes_tell_what_the_calendar_changed_once(backend: Backend) {
    let app = TestApp::start(backend, "2025-11-03").await;
    for number in 0..20 {
        let code = format!("partner-{number}");
        app.partner(&code, "2024-06-01").await;
        app.earn(&code, "2025-11-03", 30).await;
        app.engaged(&code, &format!("D-{number}"), &format!("Customer {number}"), "2025-11-03").await;
    }
    let before = latest(&app).await;
    let app = app.restart("2027-02-01").await;
    let other = app.another("2027-02-01").await;
    tokio::join!(followed(&app), followed(&other), followed(&app), followed(&other));
    let mut reported = reported(&feed(&app, before).await);
    reported.sort_unstable();
    let count = reported.len();
    reported.dedup();
    assert_eq!((reported.len(), count), (60, 60), "{reported:?}");
}

async fn old_events_are_deleted_and_said_to_be(backend: Backend) {
    let kept = [("EVENTS_KEPT_DAYS", "0")];
    let app = TestApp::start_with(TestDatabase::create(backend).await, "2026-08-31", &kept).await;
    app.partner("nordwind", "2024-06-01").await;
    app.earn("nordwind", "2026-08-31", 3).await;
    let last = latest(&app).await;
    let app = app.restart("2027-08-01").await;
    app.earn("nordwind", "2027-08-01", 1).await;
    let kept = chrono::TimeDelta::days(30);
    let removed = app.services().delete_expired_events(kept).await.expect("a deletion");
    assert_eq!(removed, last);
    assert_eq!(app.services().delete_expired_events(kept).await.expect("a deletion"), 0);
    let answer = app.send("{ events(after: 0) { nodes { number } } }", json!({})).await;
    assert_eq!(answer.codes(), ["BAD_USER_INPUT"]);
    assert!(answer.text.contains(&format!("after: {last}")), "{}", answer.text);
    let data = app.ok("{ events { nodes { number } } }", json!({})).await;
    let first = &data["events"]["nodes"][0]["number"];
    assert_eq!(*first, last + 1, "without a number, from the first that is kept");
    assert_eq!(numbers(&feed(&app, last).await)[0], last + 1, "and numbers go on");
}

async fn numbers_that_were_never_given_are_refused(backend: Backend) {
    let app = TestApp::start(backend, "2026-08-31").await;
    app.partner("nordwind", "2024-06-01").await;
    app.earn("nordwind", "2026-08-31", 3).await;
    let never_given = ["5000", "\"5000\"", "9007199254740991"].map(|after| (after, "BAD_USER_INPUT"));
    let no_numbers = ["-1", "1.5", "\"x\"", "\"\"", "9007199254740992", "true"]
        .map(|after| (after, "GRAPHQL_VALIDATION_FAILED"));
    for (after, code) in never_given.into_iter().chain(no_numbers) {
        let answer =
            app.send(&format!("{{ events(after: {after}) {{ nodes {{ number }} }} }}"), json!({})).await;
        assert_eq!(answer.codes(), [code], "{after}: {}", answer.text);
    }
    let answer = app.send("{ events(first: 101) { nodes { number } } }", json!({})).await;
    assert_eq!(answer.codes(), ["BAD_USER_INPUT"]);
}

async fn everybody_sees_the_own_events_only(backend: Backend) {
    let world = World::new(backend).await;
    let app = &world.app;
    app.item("mug", 10, 5).await;
    app.done("placeSwagOrder", swag("ada", "mug", 1, "k-1")).await;
    let seen = async |role: &str| {
        let query = "{ events(first: 100) { nodes { type partner { code } professional { code } data } } }";
        let answer = app.send_as(world.key(role), query, json!({})).await;
        assert!(answer.body["errors"].is_null(), "{}", answer.text);
        answer.body["data"]["events"]["nodes"].as_array().expect("a list").clone()
    };
    let all = seen("ADMINISTRATOR").await;
    assert_eq!(seen("PROGRAM_STAFF").await, all);
    let own: Vec<&Value> = all.iter().filter(|event| event["data"].to_string().contains("ada")).collect();
    assert!(own.len() > 2 && own.len() < all.len());
    // What concerns nobody is seen by everybody who sees the object.
    let is_general = |event: &&Value| event["partner"].is_null() && event["professional"].is_null();
    let general = |events: &[Value]| -> Vec<Value> {
        events.iter().filter(is_general).map(|event| event["type"].clone()).collect()
    };
    assert_eq!(general(&all), ["PRODUCT_SAVED", "SWAG_ITEM_SAVED", "SWAG_ITEM_SAVED"]);
    let professional = seen("PROFESSIONAL").await;
    assert_eq!(professional.len(), own.len() + 2);
    assert_eq!(general(&professional), ["SWAG_ITEM_SAVED", "SWAG_ITEM_SAVED"]);
    for event in professional.iter().filter(|event| !is_general(event)) {
        assert_eq!(event["professional"]["code"], "ada");
        assert!(event["partner"].is_null(), "a professional sees no partner");
        assert!(event["data"]["partner"].is_null(), "and no code of one: {event}");
    }
    let partner = seen("PARTNER").await;
    assert!(!partner.is_empty());
    assert_eq!(general(&partner), ["PRODUCT_SAVED"]);
    let query = "{ events(first: 100, types: [PRODUCT_SAVED]) { nodes { type } } }";
    let products = app.send_as(world.key("PARTNER"), query, json!({})).await;
    assert_eq!(products.body["data"]["events"]["nodes"], json!([{ "type": "PRODUCT_SAVED" }]));
    for event in partner.iter().filter(|event| !is_general(event)) {
        assert_eq!(event["partner"]["code"], "nordwind", "{event}");
        assert!(!event["type"].as_str().expect("a type").starts_with("SWAG"), "{event}");
        assert!(!event["data"].to_string().contains("bram"), "{event}");
    }
    let integrator = seen("INTEGRATOR").await;
    let ids: Vec<&Value> = integrator.iter().map(|event| &event["data"]["activity"]["externalId"]).collect();
    assert_eq!(ids, ["own"]);
    for (role, arguments) in [("PARTNER", "partner: \"polder\""), ("PROFESSIONAL", "professional: \"bram\"")]
    {
        let query = format!("{{ events({arguments}) {{ nodes {{ number }} latestNumber }} }}");
        let unknown = query.replace("polder", "nobody").replace("bram", "nobody");
        let answers = [
            app.send_as(world.key(role), &query, json!({})).await,
            app.send_as(world.key(role), &unknown, json!({})).await,
        ];
        assert_eq!(answers[0].text, answers[1].text, "like somebody who does not exist");
        assert_eq!(answers[0].body["data"]["events"]["nodes"], json!([]));
    }
}
