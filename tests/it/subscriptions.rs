//! Who may follow what, and what followers are reported.

use serde_json::{Value, json};

use crate::access::world::{ROLES, World};
use crate::events::latest;
use crate::harness::{Activity, Backend};

both! {
    everybody_follows_the_own_only,
    a_partner_subscription_receives_entries_and_levels,
    a_professional_subscription_receives_points_and_levels,
    a_stream_resumes_after_a_number,
    a_revoked_key_ends_its_streams,
}

/// What comes of following the own object and another one, for each role: whether it is there.
const TABLE: [(&str, &str, [[bool; 2]; 5]); 2] = [
    (
        "partnerChanged",
        "partner",
        [[true, true], [true, true], [false, false], [true, false], [false, false]],
    ),
    (
        "professionalChanged",
        "professional",
        [[true, true], [true, true], [false, false], [true, false], [true, false]],
    ),
];

async fn everybody_follows_the_own_only(backend: Backend) {
    let world = World::new(backend).await;
    for (field, kind, fates) in TABLE {
        for (role, expected) in ROLES.into_iter().zip(fates) {
            let codes = if kind == "partner" { ["nordwind", "polder"] } else { ["ada", "bram"] };
            for (code, shown) in codes.into_iter().zip(expected) {
                let follow = |code: &str| {
                    format!(
                        "subscription {{ {field}(code: \"{code}\", after: 0) {{ number event {{ data }} }} }}"
                    )
                };
                let mut stream = world.app.follow_as(world.key(role), &follow(code)).await;
                let first = stream.next().await.expect("a result");
                if shown {
                    assert!(first["data"].to_string().contains(code), "{field} {role} {code}: {first}");
                    continue;
                }
                assert!(first["data"].is_null(), "{field} {role} {code}: {first}");
                assert_eq!(first["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
                // Like what does not exist at all, to the byte but for the code that was sent.
                let mut nobody = world.app.follow_as(world.key(role), &follow("nobody")).await;
                let unknown = nobody.next().await.expect("a result");
                let message = |answer: &serde_json::Value, code: &str| {
                    let message = answer["errors"][0]["message"].as_str().expect("a message");
                    assert!(message.ends_with(&format!("{code:?}.")), "{field} {role}: {message}");
                    message.replace(code, "‹sent›")
                };
                assert_eq!(message(&first, code), message(&unknown, "nobody"), "{field} {role}");
            }
        }
    }
}

async fn a_partner_subscription_receives_entries_and_levels(backend: Backend) {
    let world = World::new(backend).await;
    let query = "subscription { partnerChanged(code: \"nordwind\", after: LATEST) { type partner { balance } \
        ledgerEntry { levelCredits balanceAfter activity { externalId } } \
        levelChange { track from { code } to { code } timeBased } } }";
    let query = query.replace("LATEST", &latest(&world.app).await.to_string());
    let mut stream = world.app.follow_as(world.key("PARTNER"), &query).await;
    let meetings = Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-04-01").quantity(30);
    world.app.record(Activity::of_partner("polder", "CUSTOMER_MEETING", "2026-04-01")).await;
    world.app.record(meetings.external_id("meetings")).await;
    let entry = stream.data().await["partnerChanged"].clone();
    assert_eq!(entry["type"], "CREDITS_CHANGED");
    assert_eq!(entry["ledgerEntry"]["activity"]["externalId"], "meetings");
    assert_eq!(entry["ledgerEntry"]["balanceAfter"], entry["partner"]["balance"]);
    let level = stream.data().await["partnerChanged"].clone();
    let expected = json!({ "track": "BUSINESS", "from": { "code": "MEMBER" }, "to": { "code": "COLLABORATOR" }, "timeBased": false });
    assert_eq!((level["type"].as_str(), &level["levelChange"]), (Some("LEVEL_REACHED"), &expected));
    assert!(level["ledgerEntry"].is_null());
}

async fn a_professional_subscription_receives_points_and_levels(backend: Backend) {
    let world = World::new(backend).await;
    let query = "subscription { professionalChanged(code: \"ada\", after: LATEST) { type points dojoCredits \
        activity { externalId } professional { code } levelChange { to { code } } } }";
    let query = query.replace("LATEST", &latest(&world.app).await.to_string());
    let mut own = world.app.follow_as(world.key("PROFESSIONAL"), &query).await;
    let mut employer = world.app.follow_as(world.key("PARTNER"), &query).await;
    world.app.record(certified("bram", "other", "2026-05-01")).await;
    world.app.record(certified("ada", "first", "2026-05-01")).await;
    for stream in [&mut own, &mut employer] {
        let points = stream.data().await["professionalChanged"].clone();
        assert_eq!((&points["type"], &points["points"]), (&json!("POINTS_CHANGED"), &json!(600)));
        assert_eq!(points["activity"]["externalId"], "first");
        let level = stream.data().await["professionalChanged"].clone();
        assert_eq!(level["levelChange"]["to"]["code"], "ADVOCATE");
    }
    // What happens when the person works for nobody is the person's own business.
    world.app.done("endAffiliation", json!({ "professional": "ada", "endsOn": "2026-06-30" })).await;
    world.app.record(certified("ada", "alone", "2026-07-01")).await;
    world.app.record(certified("ada", "before", "2026-06-30")).await;
    let id = |change: &Value| change["professionalChanged"]["activity"]["externalId"].clone();
    assert_eq!(id(&own.data().await), "alone");
    assert_eq!(id(&own.data().await), "before");
    assert_eq!(id(&employer.data().await), "before", "the day without an employer was left out");
}

fn certified(code: &str, id: &str, on: &str) -> Activity {
    Activity::of_professional(code, "CERTIFICATION_OBTAINED", on).points(600).external_id(id)
}

async fn a_stream_resumes_after_a_number(backend: Backend) {
    let world = World::new(backend).await;
    world.app.earn("nordwind", "2026-04-01", 3).await;
    let all = "{ events(types: [CREDITS_CHANGED], first: 100) { nodes { number } } }";
    let data = world.app.ok(all, json!({})).await;
    let numbers: Vec<Value> = data["events"]["nodes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| event["number"].clone())
        .collect();
    assert!(numbers.len() > 2);
    for (place, after) in numbers.iter().enumerate() {
        let document =
            format!("subscription {{ events(after: {after}, types: [CREDITS_CHANGED]) {{ number }} }}");
        let mut stream = world.app.follow_as(world.key("ADMINISTRATOR"), &document).await;
        for expected in &numbers[place + 1..] {
            assert_eq!(stream.data().await["events"]["number"], *expected);
        }
    }
}

async fn a_revoked_key_ends_its_streams(backend: Backend) {
    let world = World::new(backend).await;
    let app = &world.app;
    let created =
        app.done("createApiKey", json!({ "role": "PARTNER", "subject": "nordwind", "label": "short" })).await;
    let key = created["secret"].as_str().expect("a key");
    let mut stream = app.follow_as(key, "subscription { events(after: 0) { number } }").await;
    // It is open once the first event has come.
    stream.data().await;
    let before = latest(app).await;
    app.done("revokeApiKey", json!({ "id": created["apiKey"]["id"] })).await;
    app.earn("nordwind", "2026-04-01", 3).await;
    let mut last = stream.next().await.expect("a result");
    // What was on its way when the key was revoked may still come.
    while last["errors"].is_null() {
        assert!(
            last["data"]["events"]["number"].as_i64() <= Some(before),
            "reported after the key was revoked"
        );
        last = stream.next().await.expect("a result");
    }
    assert_eq!(last["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{last}");
    assert_eq!(stream.next().await, None);
}
