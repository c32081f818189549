//! How long levels hold, and what they become then, as an edition says it (section 2): standings, events, lists and `verify`.

use partner_program::program::Editions;
use partner_program::program::edition::BUILT_IN;
use serde_json::{Value, json};

use super::live::with_editions;
use crate::harness::{Activity, Backend, TestApp, verified};

both! {
    levels_hold_and_step_down_by_the_terms_of_the_edition,
    a_step_down_begins_where_the_level_above_has_ended,
    a_level_that_is_never_lost_has_no_last_day,
    f1_a_level_that_is_valid_through_the_next_year_is_secured,
    an_edition_shows_its_terms_and_notices,
}

/// The built-in document with tables of levels' terms.
fn with_terms(partner: &str, professional: &str) -> String {
    let rules = BUILT_IN.split("[[example]]").next().expect("rules");
    let (head, rest) = rules.split_once("[rewards]").expect("rewards");
    let document = format!("{head}[partner.validity]\n{partner}\n\n[rewards]{rest}");
    format!("{document}\n[professional.validity]\n{professional}\n")
}

#[test]
fn section_2_terms_of_levels_are_checked() {
    // terms of partners, of professionals, words of the message
    let table = [
        ("years = 0", "", "`years` must be 1 or more, not 0"),
        ("years = 1\nmonths = 2", "", "one of `years`, `months` and `until`"),
        ("until = \"02-29\"", "", "02-29 is not a day of each year; write MM-DD"),
        ("until = \"6-30\"", "", "6-30 is not a day of each year"),
        (
            "floor = \"COLLABORATER\"",
            "",
            "there is no level COLLABORATER; the levels are MEMBER, COLLABORATOR, CREATOR. Did you mean COLLABORATOR?",
        ),
        ("downgrade = \"two_steps\"", "", "`two_steps` is not a value here"),
        ("", "months = 3", "use `years`"),
        ("", "floor = \"CREATOR\"", "the levels are ADVOCATE, ENABLER, CATALYST"),
    ];
    for (partner, professional, words) in table {
        let document = with_terms(partner, professional);
        let error = Editions::parse([document.as_str()]).expect_err(words);
        assert!(error.message.contains(words), "{error}");
        let line = document.lines().nth(error.line - 1).expect("a line");
        let given = [partner, professional].into_iter().flat_map(str::lines).any(|one| one == line);
        assert!(given, "{words}: line {} is {line}", error.line);
    }
    let notices = BUILT_IN.replacen("level = [60, 30, 7]", "level = [0]", 1);
    let error = Editions::parse([notices.as_str()]).expect_err("a notice on the day itself");
    assert!(error.message.contains("`level` must be 1 or more, not 0"), "{error}");
}

/// The level of a partner's technical track, and the last day of it.
async fn partner_level(app: &TestApp, code: &str, on: &str) -> (String, Value) {
    let standing = app.partner_on(code, on).await["standing"]["technical"].clone();
    (standing["level"]["code"].as_str().expect("a level").to_owned(), standing["validUntil"].clone())
}

async fn professional_level(app: &TestApp, code: &str, on: &str) -> Value {
    app.professional_on(code, on).await["standing"]["level"]["code"].clone()
}

async fn levels_hold_and_step_down_by_the_terms_of_the_edition(backend: Backend) {
    let level = |level: &str, until: &str| (level.to_owned(), json!(until));
    // terms of partners and professionals
    let step = ("downgrade = \"one_step\"", "downgrade = \"one_step\"\nfloor = \"ADVOCATE\"");
    let app = with_editions(backend, &[with_terms(step.0, step.1)], "2025-06-01").await;
    app.partner("p", "2024-06-01").await;
    app.professional("a", "2025-01-10").await;
    app.record(Activity::of_partner("p", "CERTIFICATION_OBTAINED", "2025-03-10").quantity(8)).await;
    for on in ["2025-02-01", "2025-02-02"] {
        app.record(Activity::of_professional("a", "USE_CASE_PUBLISHED", on).points(2_500)).await;
    }
    let app = app.restart("2030-03-01").await;
    assert_eq!(partner_level(&app, "p", "2026-12-31").await, level("CREATOR", "2026-12-31"));
    assert_eq!(partner_level(&app, "p", "2027-01-01").await, level("COLLABORATOR", "2027-12-31"));
    assert_eq!(partner_level(&app, "p", "2028-01-01").await, ("MEMBER".to_owned(), Value::Null));
    for (on, expected) in [("2027-01-09", "ENABLER"), ("2027-01-10", "ADVOCATE"), ("2030-02-01", "ADVOCATE")]
    {
        assert_eq!(professional_level(&app, "a", on).await, expected, "{on}");
    }
    app.services().emit_time_based_events().await.expect("events");
    let data = app
        .ok("{ events(first: 100, types: [LEVEL_LAPSED]) { nodes { type occurredOn } } }", json!({}))
        .await;
    let mut days: Vec<&str> = data["events"]["nodes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| event["occurredOn"].as_str().expect("a day"))
        .filter(|day| *day > "2026")
        .collect();
    days.sort_unstable();
    assert_eq!(days, ["2027-01-01", "2027-01-10", "2028-01-01"]);
    verified(app.services()).await;

    let app = with_editions(
        backend,
        &[with_terms("until = \"06-30\"\nfloor = \"COLLABORATOR\"", "years = 2")],
        "2025-06-01",
    )
    .await;
    app.partner("p", "2024-06-01").await;
    app.professional("a", "2025-01-10").await;
    app.record(Activity::of_partner("p", "CERTIFICATION_OBTAINED", "2025-03-10").quantity(8)).await;
    app.record(Activity::of_professional("a", "USE_CASE_PUBLISHED", "2025-02-01").points(800)).await;
    let app = app.restart("2026-07-01").await;
    assert_eq!(partner_level(&app, "p", "2026-06-30").await, level("CREATOR", "2026-06-30"));
    assert_eq!(partner_level(&app, "p", "2026-07-01").await, ("COLLABORATOR".to_owned(), Value::Null));
    verified(app.services()).await;
    let app = app.restart("2028-02-01").await;
    for (on, expected) in [("2028-01-09", json!("ADVOCATE")), ("2028-01-10", Value::Null)] {
        assert_eq!(professional_level(&app, "a", on).await, expected, "{on}");
    }
    app.services().emit_time_based_events().await.expect("events");
    verified(app.services()).await;
}

async fn a_step_down_begins_where_the_level_above_has_ended(backend: Backend) {
    let level = |level: &str, until: &str| (level.to_owned(), json!(until));
    let terms = with_terms("months = 3\ndowngrade = \"one_step\"", "");
    let app = with_editions(backend, &[terms], "2025-12-01").await;
    for (code, on) in [("early", "2025-03-10"), ("late", "2025-11-20")] {
        app.partner(code, "2024-06-01").await;
        app.record(Activity::of_partner(code, "CERTIFICATION_OBTAINED", on).quantity(8)).await;
    }
    let app = app.restart("2026-09-01").await;
    // The first was valid to the end of the year that earned it, the second for three months.
    for (code, ends) in [("early", ["2025-12-31", "2026-03-31"]), ("late", ["2026-02-28", "2026-05-31"])] {
        assert_eq!(partner_level(&app, code, ends[0]).await, level("CREATOR", ends[0]));
        let next =
            ends.map(|day| day.parse::<chrono::NaiveDate>().expect("a date").succ_opt().expect("a day"));
        assert_eq!(partner_level(&app, code, &next[0].to_string()).await, level("COLLABORATOR", ends[1]));
        assert_eq!(partner_level(&app, code, ends[1]).await, level("COLLABORATOR", ends[1]));
        let lowest = ("MEMBER".to_owned(), Value::Null);
        assert_eq!(partner_level(&app, code, &next[1].to_string()).await, lowest);
    }
    app.services().emit_time_based_events().await.expect("events");
    verified(app.services()).await;
}

async fn a_level_that_is_never_lost_has_no_last_day(backend: Backend) {
    let app = with_editions(backend, &[with_terms("", "floor = \"ADVOCATE\"")], "2025-06-01").await;
    app.professional("a", "2025-01-10").await;
    app.record(Activity::of_professional("a", "USE_CASE_PUBLISHED", "2025-02-01").points(800)).await;
    let app = app.restart("2030-03-01").await;
    let query = "query($on: Date!) { professional(code: \"a\") { standing(asOf: $on) { level { code } validUntil } } }";
    for on in ["2025-02-01", "2028-02-01"] {
        let standing = app.ok(query, json!({ "on": on })).await["professional"]["standing"].clone();
        assert_eq!(standing, json!({ "level": { "code": "ADVOCATE" }, "validUntil": null }), "{on}");
    }
}

async fn f1_a_level_that_is_valid_through_the_next_year_is_secured(backend: Backend) {
    let app = with_editions(backend, &[with_terms("years = 2", "")], "2025-06-01").await;
    app.partner("p", "2024-06-01").await;
    app.record(Activity::of_partner("p", "CERTIFICATION_OBTAINED", "2025-03-10").quantity(8)).await;
    let app = app.restart("2027-09-01").await;
    let query = "query($on: Date!) { partner(code: \"p\") { standing(asOf: $on) { technical { validUntil creditsToRetain } } } }";
    for (on, missing) in [("2025-06-01", 0), ("2026-12-31", 0), ("2027-01-01", 75)] {
        let standing = app.ok(query, json!({ "on": on })).await["partner"]["standing"]["technical"].clone();
        assert_eq!(standing, json!({ "validUntil": "2027-12-31", "creditsToRetain": missing }), "{on}");
    }
}

async fn an_edition_shows_its_terms_and_notices(backend: Backend) {
    let document = with_terms("months = 18\ndowngrade = \"one_step\"", "")
        .replace("level = [60, 30, 7]", "level = [7, 90]");
    let app = with_editions(backend, &[document], "2025-06-01").await;
    let query = "{ edition { partnerLevelTerms { years months until downgrade floor { code } } \
        professionalLevelTerms { years months until downgrade floor { code } } notices { level opportunity } } }";
    let edition = app.ok(query, json!({})).await["edition"].clone();
    assert_eq!(
        edition,
        json!({
            "partnerLevelTerms": { "years": null, "months": 18, "until": null, "downgrade": "ONE_STEP", "floor": null },
            "professionalLevelTerms": { "years": 1, "months": null, "until": null, "downgrade": "TO_EARNED", "floor": null },
            "notices": { "level": [90, 7], "opportunity": [7] },
        })
    );
}
