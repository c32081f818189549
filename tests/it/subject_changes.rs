//! Changes and ends of partners and professionals (E4).

use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp, everything, verified};

both! {
    names_and_addresses_are_changed,
    e4_a_changed_sign_up_is_as_if_it_had_been_so_from_the_start,
    e4_what_was_known_before_a_change_stays_known,
    v6_first_days_are_bound_by_facts,
    nothing_is_earned_after_a_partnership,
    nothing_is_earned_after_a_membership,
    codes_that_differ_by_case_are_the_same,
    a_preview_is_what_the_change_then_does,
    who_changes_and_who_records_at_once_come_to_what_follows_from_the_log,
}

const TODAY: &str = "2026-08-31";

async fn professional(app: &TestApp) -> Value {
    let query = "{ professional(code: \"ada\") { name email signedUpOn leftOn } }";
    app.ok(query, json!({})).await["professional"].clone()
}

async fn partner(app: &TestApp) -> Value {
    let query = "{ partner(code: \"nordwind\") { name enrolledOn leftOn } }";
    app.ok(query, json!({})).await["partner"].clone()
}

/// The types of the events so far, but for entries and activities.
async fn events(app: &TestApp) -> Vec<String> {
    let query = "{ events(first: 100) { nodes { type } } }";
    let data = app.ok(query, json!({})).await;
    let nodes = data["events"]["nodes"].as_array().expect("a list");
    let types = nodes.iter().map(|node| node["type"].as_str().expect("a type").to_owned());
    types.filter(|one| !one.ends_with("_CHANGED") && !one.starts_with("ACTIVITY")).collect()
}

async fn app_with_subjects(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-04-12").await;
    app
}

async fn names_and_addresses_are_changed(backend: Backend) {
    let app = app_with_subjects(backend).await;
    app.done("updatePartner", json!({ "code": "nordwind", "name": " Nordwind AG ", "reason": "renamed" }))
        .await;
    let expected = json!({ "name": "Nordwind AG", "enrolledOn": "2024-06-01", "leftOn": null });
    assert_eq!(partner(&app).await, expected);
    let input = json!({ "code": "ada", "name": "Ada Lovelace", "email": "ada@lovelace.example" });
    for _ in 0..2 {
        app.done("updateProfessional", input.clone()).await;
    }
    let row = professional(&app).await;
    let expected = json!({ "name": "Ada Lovelace", "email": "ada@lovelace.example", "signedUpOn": "2024-04-12", "leftOn": null });
    assert_eq!(row, expected);
    let expected = ["PARTNER_ENROLLED", "PROFESSIONAL_SIGNED_UP", "PARTNER_UPDATED", "PROFESSIONAL_UPDATED"];
    assert_eq!(events(&app).await, expected, "twice the same is once");
    // input, code
    let refused = [
        ("updatePartner", json!({ "code": "nordwind" }), "INVALID"),
        ("updatePartner", json!({ "code": "nobody", "name": "x" }), "NOT_FOUND"),
        ("updatePartner", json!({ "code": "nordwind", "name": " " }), "INVALID"),
        ("updatePartner", json!({ "code": "nordwind", "enrolledOn": "2026-09-01" }), "DATE_IN_FUTURE"),
        ("updateProfessional", json!({ "code": "ada" }), "INVALID"),
        ("updateProfessional", json!({ "code": "ada", "email": "nowhere" }), "INVALID"),
        ("updateProfessional", json!({ "code": "ada", "signedUpOn": "1980-01-01" }), "INVALID"),
    ];
    for (mutation, input, code) in refused {
        assert_eq!(app.refusals(mutation, input.clone()).await, [code], "{mutation} {input}");
    }
    assert_eq!(professional(&app).await, row, "refused input changes nothing");
    app.done("eraseProfessional", json!({ "professional": "ada" })).await;
    let erased = json!({ "code": "ada", "name": "Ada" });
    assert_eq!(app.refusals("updateProfessional", erased).await, ["WRONG_STATE"]);
    verified(app.services()).await;
}

/// Activities around anniversaries; the cap is 250 in one membership year.
async fn record(app: &TestApp) -> Vec<Value> {
    app.affiliate("ada", "nordwind", "2024-06-01").await;
    let mut recorded = Vec::new();
    for (kind, on, points) in [
        ("LINKEDIN_HEADLINE", "2025-03-01", None),
        ("LINKEDIN_HEADLINE", "2025-06-01", None),
        ("CERTIFICATION_OBTAINED", "2025-06-02", Some(700)),
        ("EMAIL_SIGNATURE", "2025-06-03", None),
        ("LINKEDIN_HEADLINE", "2026-03-15", None),
        ("DOCS_LARGE_CONTRIBUTION", "2026-03-16", Some(400)),
    ] {
        let activity = Activity::of_professional("ada", kind, on).external_id(&format!("{kind} {on}"));
        recorded.push(app.record(points.into_iter().fold(activity, Activity::points)).await);
    }
    app.void(&recorded[3]).await;
    recorded
}

/// Everything that awards came to.
async fn sums(app: &TestApp) -> Value {
    let mut sums = json!({ "balance": app.balance("nordwind").await });
    for day in ["2025-03-31", "2025-12-31", TODAY] {
        sums[format!("ada {day}")] = app.professional_on("ada", day).await;
        let partner = app.partner_on("nordwind", day).await;
        sums[format!("nordwind {day}")] = partner;
    }
    let query =
        "{ professional(code: \"ada\") { activities { nodes { externalId status awardedPoints } } } }";
    sums["activities"] = app.ok(query, json!({})).await["professional"]["activities"]["nodes"].clone();
    sums
}

async fn e4_a_changed_sign_up_is_as_if_it_had_been_so_from_the_start(backend: Backend) {
    // from, to: an anniversary that lies between two activities under a cap, or no longer does
    for (from, to) in
        [("2024-04-12", "2024-01-01"), ("2024-01-01", "2024-05-01"), ("2024-02-29", "2023-12-31")]
    {
        let moved = TestApp::start(backend, TODAY).await;
        let from_start = TestApp::start(backend, TODAY).await;
        for (app, day) in [(&moved, from), (&from_start, to)] {
            app.partner("nordwind", "2024-06-01").await;
            app.professional("ada", day).await;
            record(app).await;
        }
        let input = json!({ "code": "ada", "signedUpOn": to, "reason": "entered wrongly" });
        moved.done("updateProfessional", input).await;
        assert_eq!(sums(&moved).await, sums(&from_start).await, "{from} to {to}");
        let entries = moved.ledger("nordwind").await;
        let corrected = entries.iter().filter(|entry| entry["reason"] == "RECALCULATION");
        assert!(corrected.count() <= 3, "only differences are entered");
        verified(moved.services()).await;
        // What comes later counts in the windows of the new day, on both alike.
        for app in [&moved, &from_start] {
            let later =
                Activity::of_professional("ada", "EMAIL_SIGNATURE", "2026-05-05").external_id("later");
            app.record(later).await;
        }
        assert_eq!(sums(&moved).await, sums(&from_start).await, "{from} to {to}, and on");
        // And back again.
        moved.done("updateProfessional", json!({ "code": "ada", "signedUpOn": from })).await;
        moved.done("updateProfessional", json!({ "code": "ada", "signedUpOn": to })).await;
        assert_eq!(sums(&moved).await, sums(&from_start).await, "{from} to {to}, back and forth");
        verified(moved.services()).await;
    }
}

async fn e4_what_was_known_before_a_change_stays_known(backend: Backend) {
    let app = app_with_subjects(backend).await;
    record(&app).await;
    let standing = |known: Value| {
        let app = &app;
        async move {
            let query = "query($known: DateTime) { professional(code: \"ada\") { standing(asOf: \"2026-04-01\", knownAt: $known) { startsOn points level { code } } } }";
            app.ok(query, json!({ "known": known })).await["professional"]["standing"].clone()
        }
    };
    let before = standing(Value::Null).await;
    let query = "{ events(first: 100) { nodes { recordedAt } } }";
    let events = app.ok(query, json!({})).await["events"]["nodes"].clone();
    let known = events.as_array().expect("a list").last().expect("an event")["recordedAt"].clone();
    app.done("updateProfessional", json!({ "code": "ada", "signedUpOn": "2024-01-01" })).await;
    assert_eq!(before["startsOn"], "2025-04-12");
    assert_eq!(standing(Value::Null).await["startsOn"], "2026-01-01");
    assert_eq!(standing(known).await, before);
}

async fn v6_first_days_are_bound_by_facts(backend: Backend) {
    let app = app_with_subjects(backend).await;
    let activity = Activity::of_professional("ada", "DOCS_CORRECTION", "2024-07-01");
    let recorded = app.record(activity).await;
    app.affiliate("ada", "nordwind", "2024-08-01").await;
    app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2024-09-01")).await;
    // mutation, day, the day that stands in the way
    let table = [
        ("updateProfessional", "signedUpOn", "ada", "2024-07-02", Some("2024-07-01")),
        ("updateProfessional", "signedUpOn", "ada", "2024-07-01", None),
        ("updatePartner", "enrolledOn", "nordwind", "2024-08-02", Some("2024-08-01")),
        ("updatePartner", "enrolledOn", "nordwind", "2024-08-01", None),
        ("updatePartner", "enrolledOn", "nordwind", "2024-05-01", None),
    ];
    for (mutation, field, code, day, in_the_way) in table {
        let payload = app.mutate(mutation, json!({ "code": code, field: day })).await;
        match in_the_way {
            None => assert_eq!(payload["userErrors"], json!([]), "{mutation} {day}"),
            Some(on) => {
                assert_eq!(payload["userErrors"][0]["code"], "INVALID", "{mutation} {day}");
                let message = payload["userErrors"][0]["message"].as_str().expect("a message");
                assert!(message.contains(on), "{message}");
            }
        }
    }
    app.void(&recorded).await;
    app.done("updateProfessional", json!({ "code": "ada", "signedUpOn": "2024-08-01" })).await;
    verified(app.services()).await;
}

async fn nothing_is_earned_after_a_partnership(backend: Backend) {
    let app = app_with_subjects(backend).await;
    app.affiliate("ada", "nordwind", "2024-06-01").await;
    let certification = |on: &str| Activity::of_professional("ada", "CERTIFICATION_OBTAINED", on).points(500);
    app.record(certification("2026-03-01")).await;
    app.record(Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-03-02")).await;
    let end = |on: &str| json!({ "partner": "nordwind", "on": on, "reason": "the contract was not renewed" });
    let payload = app.mutate("endPartnership", end("2026-03-01")).await;
    assert_eq!(payload["userErrors"][0]["field"], json!(["on"]));
    assert!(payload["userErrors"][0]["message"].as_str().expect("a message").contains("2026-03-02"));
    assert_eq!(app.refusals("endPartnership", end("2024-01-01")).await, ["DATE_BEFORE_ENROLMENT"]);
    assert_eq!(app.refusals("endPartnership", end("2027-01-01")).await, ["DATE_IN_FUTURE"]);
    for _ in 0..2 {
        app.done("endPartnership", end("2026-03-31")).await;
    }
    let before = app.partner_on("nordwind", TODAY).await;
    assert_eq!(partner(&app).await["leftOn"], "2026-03-31");
    // What is dated later is refused, and comes to nothing for the partner where others do it.
    let later = Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-04-01");
    assert_eq!(app.refusals("recordActivity", later.input()).await, ["DATE_AFTER_END"]);
    app.record(certification("2026-04-01")).await;
    let deal = json!({ "partner": "nordwind", "reference": "d", "customer": "c", "scope": "s", "registeredOn": "2026-04-01" });
    assert_eq!(app.refusals("registerDeal", deal).await, ["DATE_AFTER_END"]);
    app.done("saveProduct", json!({ "code": "dmc", "name": "Credits", "category": "USAGE_BASED_SERVICE", "prices": [{ "amount": "1", "currency": "EUR" }] })).await;
    let order = json!({ "order": { "partner": "nordwind", "purpose": "SELF_USE", "currency": "EUR", "lines": [{ "product": "dmc", "quantity": 1 }] }, "idempotencyKey": "k" });
    assert_eq!(app.refusals("placeOrder", order.clone()).await, ["DATE_AFTER_END"]);
    let open = json!({ "professional": "ada", "partner": "nordwind", "startsOn": "2026-04-01" });
    assert_eq!(app.refusals("affiliateProfessional", open.clone()).await, ["DATE_AFTER_END"]);
    assert_eq!(app.partner_on("nordwind", TODAY).await, before, "levels and balance stay readable");
    // An earlier day still counts, on the partner as well.
    app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-03-31")).await;
    verified(app.services()).await;
    app.done("endPartnership", json!({ "partner": "nordwind", "on": null, "reason": "renewed after all" }))
        .await;
    app.record(later).await;
    app.done("placeOrder", order).await;
    app.done("affiliateProfessional", open).await;
    assert_eq!(app.credits_on("nordwind", TODAY).await, (30, 101), "the points of April are credited late");
    verified(app.services()).await;
    let events = events(&app).await;
    let ends: Vec<_> = events.iter().filter(|one| one.starts_with("PARTNERSHIP")).collect();
    assert_eq!(ends, ["PARTNERSHIP_ENDED", "PARTNERSHIP_RESUMED"]);
}

async fn nothing_is_earned_after_a_membership(backend: Backend) {
    let app = app_with_subjects(backend).await;
    app.affiliate("ada", "nordwind", "2024-06-01").await;
    let correction = |on: &str| Activity::of_professional("ada", "DOCS_CORRECTION", on);
    app.record(correction("2026-03-01")).await;
    let claim = Activity::of_professional("ada", "EMAIL_SIGNATURE", "2026-04-05");
    let claim = app.done("submitActivity", claim.input()).await["activity"]["id"].clone();
    let end = |on: &str| json!({ "professional": "ada", "on": on, "reason": "a test" });
    assert_eq!(app.refusals("endMembership", end("2026-02-28")).await, ["INVALID"]);
    app.done("endMembership", end("2026-03-31")).await;
    assert_eq!(professional(&app).await["leftOn"], "2026-03-31");
    let later = correction("2026-04-01").input();
    assert_eq!(app.refusals("recordActivity", later.clone()).await, ["DATE_AFTER_END"]);
    let approve = json!({ "activityId": claim, "decision": "APPROVE" });
    assert_eq!(app.refusals("reviewActivity", approve.clone()).await, ["DATE_AFTER_END"]);
    app.record(correction("2026-03-31")).await;
    let works = "{ professional(code: \"ada\") { partner { code } } }";
    assert_eq!(app.ok(works, json!({})).await["professional"]["partner"], Value::Null);
    app.done("endMembership", json!({ "professional": "ada", "on": null, "reason": "a test" })).await;
    app.done("recordActivity", later).await;
    app.done("reviewActivity", approve).await;
    assert_eq!(app.professional_on("ada", TODAY).await["dojoCredits"], 325);
    verified(app.services()).await;
}

async fn codes_that_differ_by_case_are_the_same(backend: Backend) {
    let app = app_with_subjects(backend).await;
    let product = |code: &str| json!({ "code": code, "name": "x", "category": "LICENSE", "prices": [] });
    let item = |code: &str| json!({ "code": code, "name": "x", "dojoCredits": 1, "stock": 1 });
    app.done("saveProduct", product("dmc")).await;
    app.done("saveSwagItem", item("hoodie")).await;
    let person = |code: &str| json!({ "code": code, "name": "x", "email": "x@example.com", "signedUpOn": "2025-01-01" });
    let refused = [
        ("createPartner", json!({ "code": "NordWind", "name": "x", "enrolledOn": "2025-01-01" })),
        ("signUpProfessional", person("ADA")),
        ("saveProduct", product("DMC")),
        ("saveSwagItem", item("Hoodie")),
    ];
    for (mutation, input) in refused {
        assert_eq!(app.refusals(mutation, input.clone()).await, ["ALREADY_EXISTS"], "{mutation} {input}");
    }
    app.done("saveProduct", product("dmc")).await;
    assert_eq!(app.ok("{ partner(code: \"NORDWIND\") { code } }", json!({})).await["partner"], Value::Null);
    // Of many at once, one wins.
    let rivals = ["bob", "Bob", "bOb", "boB", "BOB", "BOb", "bOB", "BoB"];
    let answers = rivals.map(|code| app.refusals("signUpProfessional", person(code)));
    let answers = futures_util::future::join_all(answers).await;
    let taken = answers.iter().filter(|codes| **codes == ["ALREADY_EXISTS"]).count();
    let made = answers.iter().filter(|codes| codes.is_empty()).count();
    assert_eq!((made, taken), (1, rivals.len() - 1), "{answers:?}");
}

async fn who_changes_and_who_records_at_once_come_to_what_follows_from_the_log(backend: Backend) {
    let app = app_with_subjects(backend).await;
    app.affiliate("ada", "nordwind", "2024-06-01").await;
    // Records under a cap of a membership year, moves of its first day, and ends and returns, a hundred in all.
    let mut inputs: Vec<(&str, Value)> = Vec::new();
    for number in 0..34 {
        let day = if number % 2 == 0 { "2025-03-01" } else { "2026-03-15" };
        let kind = if number % 3 == 0 { "EMAIL_SIGNATURE" } else { "LINKEDIN_HEADLINE" };
        inputs.push(("recordActivity", Activity::of_professional("ada", kind, day).input()));
        let signed_up_on = ["2024-01-01", "2024-04-12", "2023-11-30"][number % 3];
        inputs.push(("updateProfessional", json!({ "code": "ada", "signedUpOn": signed_up_on })));
        let on = (number % 4 == 0).then_some("2026-06-30");
        inputs.push(("endPartnership", json!({ "partner": "nordwind", "on": on, "reason": "a test" })));
    }
    let answers = inputs.iter().map(|(mutation, input)| app.refusals(mutation, input.clone()));
    let answers = futures_util::future::join_all(answers).await;
    assert!(answers.iter().all(Vec::is_empty), "{answers:?}");
    verified(app.services()).await;
    // As one after the other.
    app.done("updateProfessional", json!({ "code": "ada", "signedUpOn": "2024-01-01" })).await;
    let standing = |day: &'static str| {
        let app = &app;
        async move { app.professional_on("ada", day).await["standing"]["points"].clone() }
    };
    assert_eq!((standing("2025-12-31").await, standing(TODAY).await), (json!(500), json!(500)));
    verified(app.services()).await;
}

async fn a_preview_is_what_the_change_then_does(backend: Backend) {
    const EFFECTS: &str = "effects { ledgerEntries { effectiveOn reason levelCredits balanceAfter } \
                           pointsEntries { effectiveOn reason points dojoCredits } \
                           levelChanges { track from { code } to { code } } } userErrors { code }";
    let app = app_with_subjects(backend).await;
    record(&app).await;
    app.done("saveProduct", json!({ "code": "dmc", "name": "x", "category": "LICENSE", "prices": [] })).await;
    let changes = [
        (
            "updateProfessional",
            "UpdateProfessionalInput",
            json!({ "code": "ada", "signedUpOn": "2024-01-01" }),
        ),
        ("updatePartner", "UpdatePartnerInput", json!({ "code": "nordwind", "enrolledOn": "2024-05-01" })),
        (
            "overrideLevel",
            "OverrideLevelInput",
            json!({ "partner": "nordwind", "track": "BUSINESS", "level": "CREATOR", "from": TODAY, "until": TODAY, "reason": "a test" }),
        ),
        (
            "endOverride",
            "EndOverrideInput",
            json!({ "partner": "nordwind", "track": "BUSINESS", "reason": "a test" }),
        ),
        (
            "endMembership",
            "EndMembershipInput",
            json!({ "professional": "ada", "on": TODAY, "reason": "a test" }),
        ),
        (
            "endPartnership",
            "EndPartnershipInput",
            json!({ "partner": "nordwind", "on": TODAY, "reason": "a test" }),
        ),
    ];
    for (mutation, input_type, input) in changes {
        let query =
            format!("mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {EFFECTS} }} }}");
        let mut preview = input.clone();
        preview["preview"] = json!(true);
        let before = everything(app.reader()).await;
        let shown = app.ok(&query, json!({ "input": preview })).await[mutation]["effects"].clone();
        assert_eq!(everything(app.reader()).await, before, "{mutation}: a preview keeps nothing");
        let done = app.ok(&query, json!({ "input": input })).await[mutation]["effects"].clone();
        assert_eq!(shown, done, "{mutation}");
        let is_shown = |field: &str| done[field].as_array().is_some_and(|all| !all.is_empty());
        let expected = match mutation {
            "updateProfessional" => is_shown("pointsEntries") && is_shown("ledgerEntries"),
            "overrideLevel" | "endOverride" => is_shown("levelChanges"),
            _ => !is_shown("pointsEntries"),
        };
        assert!(expected, "{mutation}: {done}");
    }
    verified(app.services()).await;
}
