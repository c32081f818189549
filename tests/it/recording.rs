//! Recording, submitting, reviewing and voiding: what is taken once, and what is refused.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp, problems, user_errors};

both! {
    a_repeat_is_answered_with_the_first_activity,
    a_repeat_with_other_content_conflicts_in_every_field,
    racing_repeats_are_recorded_once,
    racing_conflicts_record_one_of_them,
    a_batch_takes_the_good_and_refuses_the_bad_in_order,
    a_batch_may_not_hold_1_001,
    a_batch_may_repeat_itself,
    attributes_that_no_kind_knows_are_refused,
    a_batch_equals_single_requests,
    s6_claims_wait_for_review,
    s6_the_reviewer_grades,
    v6_and_earning_refusals,
    voiding_takes_back_what_was_awarded,
    states_allow_what_they_allow,
}

const TODAY: &str = "2026-08-31";

async fn app_with_subjects(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    for professional in ["ada", "bob"] {
        app.professional(professional, "2025-01-01").await;
    }
    app
}

fn codes(payload: &Value) -> Vec<&str> {
    user_errors(payload).iter().map(|error| error["code"].as_str().unwrap_or("none")).collect()
}

async fn a_repeat_is_answered_with_the_first_activity(backend: Backend) {
    let app = app_with_subjects(backend).await;
    let activity = Activity::of_professional("ada", "VOTE_CAST", "2025-05-01").points(20);
    let first = app.done("recordActivity", activity.input()).await;
    assert_eq!(first["duplicate"], false);
    for _ in 0..2 {
        let again = app.done("recordActivity", activity.input()).await;
        assert_eq!((&again["duplicate"], &again["activity"]), (&json!(true), &first["activity"]));
    }
    // The default quantity said or not is the same content, and so is no attribute at all.
    let said = activity.clone().quantity(1).attributes(json!({}));
    assert_eq!(app.done("recordActivity", said.input()).await["duplicate"], true);
    // Another source is another activity.
    let other = app.done("recordActivity", activity.with("source", "other").input()).await;
    assert_eq!(other["duplicate"], false);
    assert_eq!(app.professional_on("ada", TODAY).await["dojoCredits"], 40);
}

async fn a_repeat_with_other_content_conflicts_in_every_field(backend: Backend) {
    let app = app_with_subjects(backend).await;
    let first = Activity::of_professional("ada", "VOTE_CAST", "2025-05-01").points(20);
    let first = first.attributes(json!({ "evidenceUrl": "https://example.com/1" }));
    app.record(first.clone()).await;
    // field of the input, its other value
    let table = [
        ("subject", json!({ "professional": "bob" })),
        ("subject", json!({ "partner": "nordwind" })),
        ("kind", json!("VOTE_RECEIVED")),
        ("occurredOn", json!("2025-05-02")),
        ("quantity", json!(2)),
        ("points", json!(21)),
        ("points", json!(null)),
        ("attributes", json!({ "evidenceUrl": "https://example.com/2" })),
        ("attributes", json!({})),
    ];
    for (field, value) in table {
        let payload = app.mutate("recordActivity", first.clone().with(field, value.clone()).input()).await;
        assert_eq!(codes(&payload), ["CONFLICTING_DUPLICATE"], "{field} = {value}: {payload}");
        let error = &payload["userErrors"][0];
        let path = error["field"].as_array().expect("a path");
        assert_eq!(path.last(), Some(&json!(field)), "{error}");
        assert_eq!(payload["activity"], Value::Null, "nothing is said about the first");
    }
    assert_eq!(app.done("recordActivity", first.input()).await["duplicate"], true);
    assert_eq!(app.professional_on("ada", TODAY).await["dojoCredits"], 20);
}

async fn attributes_that_no_kind_knows_are_refused(backend: Backend) {
    let app = app_with_subjects(backend).await;
    let post = || Activity::of_partner("nordwind", "LINKEDIN_POST", "2025-05-01").quantity(2);
    // attributes, path of the problem, message
    let table = [
        (
            json!({ "isRepost": true }),
            "attributes.isRepost",
            "LINKEDIN_POST has no attribute isRepost. Did you mean repost?",
        ),
        (
            json!({ "Quantity": 10 }),
            "attributes.Quantity",
            "LINKEDIN_POST has no attribute Quantity. Did you mean the field quantity beside the attributes?",
        ),
        (
            json!({ "Owner": "ada", "note": "kept" }),
            "attributes.Owner",
            "LINKEDIN_POST has no attribute Owner. It accepts repost, evidenceUrl, url, title, description, note; note \
             takes any other text.",
        ),
        (json!({ "note": 5 }), "attributes.note", "note is text; got the number 5."),
    ];
    for (attributes, path, message) in table {
        let input = post().attributes(attributes).input();
        let batch = json!({ "activities": [input.clone()] });
        let recorded = app.mutate("recordActivities", batch).await["results"][0].clone();
        let alone =
            [app.mutate("recordActivity", input.clone()).await, app.mutate("submitActivity", input).await];
        for (payload, place) in alone.into_iter().zip([""; 2]).chain([(recorded, "activities.0.")]) {
            assert_eq!(problems(&payload), [("INVALID".to_owned(), format!("{place}{path}"))]);
            assert_eq!(payload["userErrors"][0]["message"], message);
        }
    }
    assert_eq!(app.ledger("nordwind").await.len(), 0);
    let described =
        post().attributes(json!({ "note": "Kept beside.", "url": "https://example.com/1", "repost": false }));
    app.record(described).await;
    assert_eq!(app.balance("nordwind").await, 5);
}

async fn racing_repeats_are_recorded_once(backend: Backend) {
    let app = app_with_subjects(backend).await;
    let event = Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2025-05-01");
    let answers = join_all((0..50).map(|_| app.done("recordActivity", event.input()))).await;
    let first: Vec<&Value> = answers.iter().filter(|answer| answer["duplicate"] == false).collect();
    assert_eq!(first.len(), 1, "one of them is the first");
    assert!(answers.iter().all(|answer| answer["activity"] == first[0]["activity"]));
    assert_eq!((app.balance("nordwind").await, app.ledger("nordwind").await.len()), (50, 1));
}

async fn racing_conflicts_record_one_of_them(backend: Backend) {
    let app = app_with_subjects(backend).await;
    let meetings = |n| Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2025-05-01").quantity(n);
    let inputs = (1..=50).map(|n| meetings(n).external_id("one key").input());
    let answers = join_all(inputs.map(|input| app.mutate("recordActivity", input))).await;
    let taken: Vec<&Value> = answers.iter().filter(|answer| codes(answer).is_empty()).collect();
    assert_eq!(taken.len(), 1, "one of them is recorded");
    assert_eq!(taken[0]["duplicate"], false);
    let refused = answers.iter().filter(|answer| codes(answer) == ["CONFLICTING_DUPLICATE"]).count();
    assert_eq!(refused, 49);
    assert_eq!(app.balance("nordwind").await, taken[0]["activity"]["quantity"].as_i64().expect("a quantity"));
    assert_eq!(app.ledger("nordwind").await.len(), 1);
}

/// The results of a batch, in order: the code of the refusal, or whether it was a duplicate.
async fn take_batch(app: &TestApp, activities: &[Activity]) -> Vec<Result<bool, String>> {
    let inputs: Vec<Value> = activities.iter().map(Activity::input).collect();
    let payload = app.mutate("recordActivities", json!({ "activities": inputs })).await;
    assert_eq!(payload["userErrors"], json!([]));
    let results = payload["results"].as_array().expect("results");
    let result = |result: &Value| match codes(result)[..] {
        [] => Ok(result["duplicate"].as_bool().expect("whether it is a duplicate")),
        [code] => {
            assert_eq!(result["activity"], Value::Null, "{result}");
            Err(code.to_owned())
        }
        _ => panic!("one reason is enough: {result}"),
    };
    results.iter().map(result).collect()
}

async fn a_batch_takes_the_good_and_refuses_the_bad_in_order(backend: Backend) {
    let app = app_with_subjects(backend).await;
    let good =
        |n: i64| Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2025-05-01").quantity(n % 7 + 1);
    let mut sum = 0;
    let (activities, expected): (Vec<_>, Vec<_>) = (0..1_000)
        .map(|n| {
            let refused = |activity: Activity, code: &str| (activity, Err(code.to_owned()));
            match n % 100 {
                10 => refused(Activity::of_partner("nobody", "CUSTOMER_MEETING", "2025-05-01"), "NOT_FOUND"),
                20 => refused(good(n).with("kind", "NO_SUCH_KIND"), "UNKNOWN_KIND"),
                30 => refused(good(n).with("occurredOn", "2026-09-01"), "DATE_IN_FUTURE"),
                40 => refused(good(n).with("occurredOn", "2024-05-31"), "DATE_BEFORE_ENROLMENT"),
                50 => refused(good(n).quantity(0), "INVALID"),
                60 => refused(Activity::of_professional("ada", "VOTE_CAST", "2025-05-01"), "POINTS_REQUIRED"),
                70 => refused(good(n).with("source", ""), "INVALID"),
                _ => {
                    sum += n % 7 + 1;
                    (good(n), Ok(false))
                }
            }
        })
        .unzip();
    assert_eq!(take_batch(&app, &activities).await, expected);
    assert_eq!(app.balance("nordwind").await, sum);
    assert_eq!(app.ledger("nordwind").await.len(), 930);
    // Again: what was taken is known, what was refused is refused again.
    let again: Vec<_> = expected.into_iter().map(|one| one.map(|_| true)).collect();
    assert_eq!(take_batch(&app, &activities).await, again);
    assert_eq!(app.balance("nordwind").await, sum);
}

async fn a_batch_may_not_hold_1_001(backend: Backend) {
    let app = app_with_subjects(backend).await;
    let one = || Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2025-05-01").input();
    let inputs: Vec<Value> = (0..1_001).map(|_| one()).collect();
    let payload = app.mutate("recordActivities", json!({ "activities": inputs })).await;
    assert_eq!(codes(&payload), ["TOO_MANY"], "{payload}");
    assert!(payload["results"].as_array().is_none_or(Vec::is_empty), "{payload}");
    assert_eq!(app.balance("nordwind").await, 0);
    let payload = app.done("recordActivities", json!({ "activities": [] })).await;
    assert_eq!(payload["results"], json!([]));
}

async fn a_batch_may_repeat_itself(backend: Backend) {
    let app = app_with_subjects(backend).await;
    let post = |id: &str| Activity::of_partner("nordwind", "LINKEDIN_POST", "2025-05-01").external_id(id);
    let batch = [post("a"), post("a"), post("a").quantity(2), post("b"), post("a")];
    let results = take_batch(&app, &batch).await;
    let conflict = Err("CONFLICTING_DUPLICATE".to_owned());
    assert_eq!(results, [Ok(false), Ok(true), conflict, Ok(false), Ok(true)]);
    assert_eq!(app.balance("nordwind").await, 5, "two posts");

    // A refused first leaves its key free for a later one of the batch.
    let late = post("c").with("occurredOn", "2027-01-01");
    let results = take_batch(&app, &[late, post("c")]).await;
    assert_eq!(results, [Err("DATE_IN_FUTURE".to_owned()), Ok(false)]);
}

async fn a_batch_equals_single_requests(backend: Backend) {
    let app = app_with_subjects(backend).await;
    app.partner("suedwind", "2024-06-01").await;
    app.affiliate("ada", "nordwind", "2025-01-01").await;
    app.affiliate("bob", "suedwind", "2025-01-01").await;
    let log = |partner: &str, professional: &str| {
        let mut activities = Vec::new();
        for (place, on) in ["2025-05-31", "2025-05-01", "2025-06-01", "2023-05-01"].iter().enumerate() {
            let tenth = i64::try_from(place).expect("a small number") * 10;
            if *on > "2025" {
                let points = |kind, points| Activity::of_professional(professional, kind, on).points(points);
                activities.push(points("CERTIFICATION_OBTAINED", 500 + tenth));
                activities.push(points("DOCS_LARGE_CONTRIBUTION", 490 + tenth));
                activities.push(Activity::of_professional(professional, "FEEDBACK_SUBMITTED", on));
            }
            if *on > "2024" {
                activities.push(Activity::of_partner(partner, "LINKEDIN_POST", on));
                activities.push(Activity::of_partner(partner, "CATALOG_DOWNLOADS", on).quantity(3 + tenth));
                activities.push(Activity::of_partner(partner, "WEBSITE_PRESENCE", on));
            }
        }
        activities
    };
    for activity in log("nordwind", "ada") {
        app.record(activity).await;
    }
    let batch = log("suedwind", "bob");
    assert_eq!(take_batch(&app, &batch).await, vec![Ok(false); batch.len()]);
    let plain = |mut entry: Value| {
        for field in ["id", "recordedAt", "activity"] {
            entry[field].take();
        }
        entry
    };
    let singles: Vec<Value> = app.ledger("nordwind").await.into_iter().map(plain).collect();
    let batched: Vec<Value> = app.ledger("suedwind").await.into_iter().map(plain).collect();
    assert!(singles.len() > 8, "the log awards something: {singles:?}");
    assert_eq!(singles, batched);
    for day in ["2025-05-31", TODAY] {
        assert_eq!(app.partner_on("nordwind", day).await, app.partner_on("suedwind", day).await);
        assert_eq!(app.professional_on("ada", day).await, app.professional_on("bob", day).await);
    }
}

async fn s6_claims_wait_for_review(backend: Backend) {
    let app = app_with_subjects(backend).await;
    app.affiliate("ada", "nordwind", "2025-01-01").await;
    let claim = Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2025-05-01").points(600);
    let claimed = app.done("submitActivity", claim.input()).await;
    assert_eq!(
        (&claimed["duplicate"], &claimed["activity"]["status"]),
        (&json!(false), &json!("PENDING_REVIEW"))
    );
    assert_eq!(app.professional_on("ada", TODAY).await["dojoCredits"], 0, "a claim awards nothing");
    assert_eq!(app.done("submitActivity", claim.input()).await["duplicate"], true);

    let review = json!({ "activityId": claimed["activity"]["id"], "decision": "APPROVE" });
    let approved = app.done("reviewActivity", review).await["activity"].clone();
    assert_eq!((&approved["status"], &approved["awardedPoints"]), (&json!("RECORDED"), &json!(600)));
    assert_eq!(approved["awardedCredits"], 5);
    let ada = app.professional_on("ada", "2025-05-01").await;
    assert_eq!(ada["standing"]["points"], 600, "dated on the activity's own day");
    assert_eq!(app.credits_on("nordwind", "2025-05-01").await, (5, 0));

    // A repeat of the claim finds the activity as it now is.
    let again = app.done("submitActivity", claim.input()).await;
    assert_eq!((&again["duplicate"], &again["activity"]), (&json!(true), &approved));

    let rejected = Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2025-05-02").points(600);
    let rejected = app.done("submitActivity", rejected.input()).await["activity"].clone();
    let review =
        json!({ "activityId": rejected["id"], "decision": "REJECT", "reason": "not about the product" });
    assert_eq!(app.done("reviewActivity", review).await["activity"]["status"], "REJECTED");
    assert_eq!(app.professional_on("ada", TODAY).await["dojoCredits"], 600);
}

async fn s6_the_reviewer_grades(backend: Backend) {
    let app = app_with_subjects(backend).await;
    // points proposed, points of the reviewer, points awarded or the code of the refusal
    let table = [
        (Some(600), Some(700), Ok(700)),
        (Some(600), None, Ok(600)),
        (None, Some(1_000), Ok(1_000)),
        (None, None, Err("POINTS_REQUIRED")),
        (None, Some(499), Err("POINTS_OUT_OF_RANGE")),
        (Some(600), Some(1_001), Err("POINTS_OUT_OF_RANGE")),
        (Some(600), Some(-1), Err("POINTS_OUT_OF_RANGE")),
    ];
    let mut held = 0;
    for (proposed, graded, expected) in table {
        let mut claim = Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2025-05-01");
        if let Some(points) = proposed {
            claim = claim.points(points);
        }
        let claim = app.done("submitActivity", claim.input()).await["activity"].clone();
        let review = json!({ "activityId": claim["id"], "decision": "APPROVE", "points": graded });
        let payload = app.mutate("reviewActivity", review).await;
        match expected {
            Ok(points) => {
                assert_eq!(
                    payload["activity"]["awardedPoints"], points,
                    "{proposed:?} {graded:?}: {payload}"
                );
                held += points;
            }
            Err(code) => {
                assert_eq!(codes(&payload), [code], "{proposed:?} {graded:?}");
                // It still waits, and can be graded right.
                let review = json!({ "activityId": claim["id"], "decision": "APPROVE", "points": 500 });
                app.done("reviewActivity", review).await;
                held += 500;
            }
        }
        assert_eq!(app.professional_on("ada", TODAY).await["dojoCredits"], held, "{proposed:?} {graded:?}");
    }
    // A proposal is checked at once.
    for (points, code) in [(499, "POINTS_OUT_OF_RANGE"), (1_001, "POINTS_OUT_OF_RANGE")] {
        let claim = Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2025-05-01").points(points);
        assert_eq!(app.refusals("submitActivity", claim.input()).await, [code]);
    }
}

async fn v6_and_earning_refusals(backend: Backend) {
    let app = app_with_subjects(backend).await;
    let partner = |kind: &str, on: &str| Activity::of_partner("nordwind", kind, on);
    let person = |kind: &str, on: &str| Activity::of_professional("ada", kind, on);
    let day = "2025-05-01";
    // activity, code, end of the path; of one problem each
    let table = [
        (partner("NO_SUCH_KIND", day), "UNKNOWN_KIND", "kind"),
        (partner("VOTE_CAST", day), "UNKNOWN_KIND", "kind"),
        (person("EVENT_ORGANIZED", day), "UNKNOWN_KIND", "kind"),
        (partner("DEVOPS_POINTS", day), "NOT_ELIGIBLE", "kind"),
        (partner("DEAL_WON", day), "NOT_ELIGIBLE", "kind"),
        (partner("EVENT_ORGANIZED", "2026-09-01"), "DATE_IN_FUTURE", "occurredOn"),
        (partner("EVENT_ORGANIZED", "2024-05-31"), "DATE_BEFORE_ENROLMENT", "occurredOn"),
        (person("FEEDBACK_SUBMITTED", "2024-12-31"), "DATE_BEFORE_ENROLMENT", "occurredOn"),
        (person("VOTE_CAST", day), "POINTS_REQUIRED", "points"),
        (person("VOTE_CAST", day).points(9), "POINTS_OUT_OF_RANGE", "points"),
        (person("VOTE_CAST", day).points(76), "POINTS_OUT_OF_RANGE", "points"),
        (person("FEEDBACK_SUBMITTED", day).points(50), "INVALID", "points"),
        (person("TRAINING_DAY_ATTENDED", day).quantity(6), "INVALID", "quantity"),
        (
            partner("EVENT_ORGANIZED", day).with("subject", json!({ "partner": "nobody" })),
            "NOT_FOUND",
            "partner",
        ),
        (
            person("FEEDBACK_SUBMITTED", day).with("subject", json!({ "professional": "nobody" })),
            "NOT_FOUND",
            "professional",
        ),
    ];
    for (activity, code, field) in table {
        let payload = app.mutate("recordActivity", activity.input()).await;
        assert_eq!(codes(&payload), [code], "{activity:?}");
        let error = &payload["userErrors"][0];
        assert_eq!(error["field"].as_array().and_then(|path| path.last()), Some(&json!(field)), "{error}");
        assert!(error["message"].as_str().is_some_and(|text| text.len() > 10), "{error}");
    }
    assert_eq!(app.ledger("nordwind").await, Vec::<Value>::new());
    // The first and the last day that count.
    for (on, who) in [("2024-06-01", "nordwind"), (TODAY, "nordwind")] {
        app.record(Activity::of_partner(who, "EVENT_ORGANIZED", on)).await;
    }
}

async fn voiding_takes_back_what_was_awarded(backend: Backend) {
    let app = app_with_subjects(backend).await;
    app.affiliate("ada", "nordwind", "2025-01-01").await;
    let activity = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2025-05-01").points(800);
    let activity = app.record(activity).await;
    assert_eq!((&activity["awardedPoints"], &activity["awardedCredits"]), (&json!(800), &json!(15)));
    assert_eq!(app.professional_on("ada", TODAY).await["standing"]["level"]["code"], "ADVOCATE");
    let input = json!({ "activityId": activity["id"], "reason": "the wrong person" });
    let voided = app.done("voidActivity", input).await["activity"].clone();
    assert_eq!(voided["status"], "VOIDED");
    assert_eq!((&voided["awardedPoints"], &voided["awardedCredits"]), (&json!(0), &json!(0)));
    let ada = app.professional_on("ada", "2025-05-01").await;
    assert_eq!((&ada["dojoCredits"], &ada["standing"]["points"]), (&json!(0), &json!(0)));
    assert_eq!(ada["standing"]["level"], Value::Null);
    assert_eq!((app.credits_on("nordwind", TODAY).await, app.balance("nordwind").await), ((0, 0), 0));
    // What was is still there: a voiding is new entries.
    let entries = app.ledger("nordwind").await;
    let credits: Vec<_> =
        entries.iter().map(|entry| (entry["reason"].as_str(), entry["levelCredits"].as_i64())).collect();
    let expected = [("ACTIVITY", 5), ("ACTIVITY", 10), ("VOID", -5), ("VOID", -10)];
    assert_eq!(credits, expected.map(|(reason, credits)| (Some(reason), Some(credits))));
    // The key stays taken.
    let repeat = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2025-05-01").points(800);
    let repeat = repeat.with("externalId", activity["externalId"].clone());
    let repeat = app.done("recordActivity", repeat.input()).await;
    assert_eq!((&repeat["duplicate"], &repeat["activity"]["status"]), (&json!(true), &json!("VOIDED")));
}

async fn states_allow_what_they_allow(backend: Backend) {
    let app = app_with_subjects(backend).await;
    let claim = async || {
        let claim = Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2025-05-01").points(600);
        app.done("submitActivity", claim.input()).await["activity"]["id"].clone()
    };
    let review =
        |id: &Value, decision: &str| ("reviewActivity", json!({ "activityId": id, "decision": decision }));
    let void = |id: &Value| ("voidActivity", json!({ "activityId": id, "reason": "a mistake" }));
    // state, how a claim gets into it
    let states: [(&str, &[&str]); 4] = [
        ("PENDING_REVIEW", &[]),
        ("RECORDED", &["APPROVE"]),
        ("REJECTED", &["REJECT"]),
        ("VOIDED", &["APPROVE", "VOID"]),
    ];
    for (state, path) in states {
        for action in ["APPROVE", "REJECT", "VOID"] {
            let id = claim().await;
            let step = |action: &str| if action == "VOID" { void(&id) } else { review(&id, action) };
            for action in path {
                let (mutation, input) = step(action);
                app.done(mutation, input).await;
            }
            let allowed = match state {
                "PENDING_REVIEW" => action != "VOID",
                "RECORDED" => action == "VOID",
                _ => false,
            };
            let before = app.professional_on("ada", TODAY).await;
            let (mutation, input) = step(action);
            let payload = app.mutate(mutation, input).await;
            if allowed {
                assert_eq!(codes(&payload), [""; 0], "{action} of {state}");
            } else {
                assert_eq!(codes(&payload), ["WRONG_STATE"], "{action} of {state}");
                assert_eq!(app.professional_on("ada", TODAY).await, before, "{action} of {state}");
            }
        }
    }
    // Two at once: one of them comes too late.
    let id = claim().await;
    let (mutation, input) = review(&id, "APPROVE");
    let answers = join_all((0..8).map(|_| app.refusals(mutation, input.clone()))).await;
    assert_eq!(answers.iter().filter(|codes| codes.is_empty()).count(), 1);
    let (mutation, input) = void(&id);
    let answers = join_all((0..8).map(|_| app.refusals(mutation, input.clone()))).await;
    assert_eq!(answers.iter().filter(|codes| codes.is_empty()).count(), 1);
}
