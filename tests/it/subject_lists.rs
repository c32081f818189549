//! Filters and orders of partners and professionals: levels, balance, employer, e-mail, and text search.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp, verified};

both! {
    text_is_found_without_case_and_accents,
    partners_are_found_by_level_and_ordered_by_balance,
    professionals_are_found_by_level_employer_and_address,
    keys_of_an_earlier_release_are_completed,
}

const TODAY: &str = "2026-08-31";

/// Codes of a list, in its order; the count must be theirs.
pub(crate) async fn codes(app: &TestApp, key: &str, list: &str, arguments: &str) -> Vec<String> {
    let query = format!("{{ {list}({arguments} first: 100) {{ totalCount nodes {{ code }} }} }}");
    let answer = app.send_as(key, &query, Value::Null).await;
    assert!(answer.body["errors"].is_null(), "{query}\n{}", answer.text);
    let nodes = answer.body["data"][list]["nodes"].as_array().expect("rows").clone();
    assert_eq!(answer.body["data"][list]["totalCount"], nodes.len(), "{query}");
    nodes.iter().map(|row| row["code"].as_str().expect("a code").to_owned()).collect()
}

pub(crate) async fn enrol(app: &TestApp, code: &str, name: &str) {
    app.done("createPartner", json!({ "code": code, "name": name, "enrolledOn": "2024-06-01" })).await;
}

async fn text_is_found_without_case_and_accents(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    for (code, name) in [
        ("mueller", "MÜLLER & Söhne"),
        ("lodz", "Łódzka Spółka"),
        ("strasse", "Straßenbau AG"),
        ("athens", "ΌΜΗΡΟΣ Α.Ε."),
        ("moscow", "Чайковский"),
        ("oslo", "Øresund  Æther"),
        ("percent", "100 % pure_ly \\ back"),
    ] {
        enrol(&app, code, name).await;
        let input =
            json!({ "code": code, "name": name, "email": "x@example.com", "signedUpOn": "2025-01-01" });
        app.done("signUpProfessional", input).await;
    }
    // text, codes
    let table: [(&str, &[&str]); 16] = [
        ("muller", &["mueller"]),
        ("Mu\u{308}LLER", &["mueller"]),
        ("SOHNE", &["mueller"]),
        ("lodzka", &["lodz"]),
        ("SPÓŁKA", &["lodz"]),
        ("STRASSEN", &["strasse"]),
        ("straßen", &["strasse"]),
        ("όμηρος", &["athens"]),
        ("ομηροσ", &["athens"]),
        ("чайковскИЙ", &["moscow"]),
        ("oresund aether", &["oslo"]),
        ("Øresund", &["oslo"]),
        ("%", &["percent"]),
        ("e_l", &["percent"]),
        ("\\", &["percent"]),
        // Code and name are two texts.
        ("lodzlodz", &[]),
    ];
    for (text, expected) in table {
        for list in ["partners", "professionals"] {
            let arguments = format!("filter: {{ search: {} }}", json!(text));
            assert_eq!(codes(&app, &key, list, &arguments).await, expected, "{list} {text}");
        }
    }
    verified(app.services()).await;
}

async fn partners_are_found_by_level_and_ordered_by_balance(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    for code in ["a", "b", "c", "d"] {
        enrol(&app, code, code).await;
    }
    // b: business collaborator; c: technical creator, business member; d: both collaborator.
    app.earn("b", "2026-03-01", 30).await;
    for index in 0..8 {
        let certified = Activity::of_partner("c", "CERTIFICATION_OBTAINED", "2026-03-01");
        app.record(certified.external_id(&format!("c-{index}"))).await;
    }
    for index in 0..3 {
        let certified = Activity::of_partner("d", "CERTIFICATION_OBTAINED", "2026-03-01");
        app.record(certified.external_id(&format!("d-{index}"))).await;
    }
    app.earn("d", "2026-03-01", 25).await;
    // filter, codes
    let table: [(&str, &[&str]); 10] = [
        ("levels: [\"MEMBER\"]", &["a"]),
        ("levels: [\"COLLABORATOR\"]", &["b", "d"]),
        ("levels: [\"CREATOR\"]", &["c"]),
        ("levels: [\"CREATOR\", \"MEMBER\"]", &["a", "c"]),
        ("levels: [\"MEMBER\"], track: TECHNICAL", &["a", "b"]),
        ("levels: [\"MEMBER\"], track: BUSINESS", &["a", "c"]),
        ("levels: [\"COLLABORATOR\"], track: TECHNICAL", &["d"]),
        ("levels: [\"COLLABORATOR\"], track: BUSINESS", &["b", "d"]),
        ("levels: [\"CREATOR\"], search: \"b\"", &[]),
        ("track: TECHNICAL", &["a", "b", "c", "d"]),
    ];
    for (filter, expected) in table {
        let arguments = format!("filter: {{ {filter} }}");
        assert_eq!(codes(&app, &key, "partners", &arguments).await, expected, "{filter}");
    }
    assert_eq!(codes(&app, &key, "partners", "orderBy: BALANCE").await, ["c", "d", "b", "a"]);
    // In pages from both ends.
    for (turn, cursor, next) in [("first: 1", "endCursor", "after"), ("last: 1", "startCursor", "before")] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        for _ in 0..4 {
            let query = format!(
                "{{ partners(orderBy: BALANCE {turn}{after}) {{ nodes {{ code balance }} pageInfo {{ {cursor} }} }} }}"
            );
            let page = app.ok(&query, Value::Null).await["partners"].clone();
            seen.push(page["nodes"][0]["balance"].as_i64().expect("a balance"));
            after = format!(" {next}: {}", page["pageInfo"][cursor]);
        }
        let expected = if next == "after" { [80, 55, 30, 0] } else { [0, 30, 55, 80] };
        assert_eq!(seen, expected, "{turn}");
    }
    // On the first of January a level of last year holds, and one year later it does not.
    let app = app.restart("2027-06-01").await;
    assert_eq!(codes(&app, &key, "partners", "filter: { levels: [\"CREATOR\"] }").await, ["c"]);
    let app = app.restart("2028-01-01").await;
    app.services().emit_time_based_events().await.expect("levels that lapsed");
    assert_eq!(codes(&app, &key, "partners", "filter: { levels: [\"MEMBER\"] }").await, ["a", "b", "c", "d"]);
    let answer =
        app.send("{ partners(filter: { levels: [\"CREATER\"] }) { totalCount } }", Value::Null).await;
    assert!(
        answer.text.contains("levels: there is no level CREATER. Did you mean CREATOR?"),
        "{}",
        answer.text
    );
}

async fn professionals_are_found_by_level_employer_and_address(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    for partner in ["nordwind", "polder"] {
        enrol(&app, partner, partner).await;
    }
    for (code, email, employer) in [
        ("ada", "Ada.Nowak@example.com", Some("nordwind")),
        ("bram", "bram@EXAMPLE.org", Some("polder")),
        ("cleo", "ada.other@example.com", Some("nordwind")),
        ("dora", "dora%@example.com", None),
    ] {
        let input = json!({ "code": code, "name": code, "email": email, "signedUpOn": "2026-01-01" });
        app.done("signUpProfessional", input).await;
        if let Some(partner) = employer {
            app.affiliate(code, partner, "2026-02-01").await;
        }
    }
    // Cleo works for another partner now.
    app.done("endAffiliation", json!({ "professional": "cleo", "endsOn": "2026-05-31" })).await;
    app.affiliate("cleo", "polder", "2026-06-01").await;
    for (who, points) in [("ada", 800), ("bram", 1000)] {
        app.record(Activity::of_professional(who, "CERTIFICATION_OBTAINED", "2026-03-01").points(points))
            .await;
    }
    let staff = app.key("PROGRAM_STAFF", None).await;
    let partner = app.key("PARTNER", Some("nordwind")).await;
    let professional = app.key("PROFESSIONAL", Some("ada")).await;
    let none: &[&str] = &[];
    // filter, codes that staff sees, a partner and a professional
    #[expect(clippy::type_complexity, reason = "rows of a table")]
    let table: [(&str, &[&str], &[&str], &[&str]); 12] = [
        ("levels: [\"ADVOCATE\"]", &["ada", "bram"], &["ada"], &["ada"]),
        ("levels: [\"ENABLER\", \"CATALYST\"]", none, none, none),
        ("partner: \"nordwind\"", &["ada"], &["ada"], none),
        // Where a former professional of it works now is not for the partner to know.
        ("partner: \"polder\"", &["bram", "cleo"], none, none),
        ("partner: \"nobody\"", none, none, none),
        ("email: \"ada.nowak@EXAMPLE.com\"", &["ada"], none, &["ada"]),
        ("email: \"ada.\"", &["ada", "cleo"], none, &["ada"]),
        ("email: \"BRAM@example.ORG\"", &["bram"], none, none),
        ("email: \"example.com\"", none, none, none),
        ("email: \"dora%\"", &["dora"], none, none),
        ("email: \"%\"", none, none, none),
        ("email: \"a\", levels: [\"ADVOCATE\"], partner: \"nordwind\"", &["ada"], none, none),
    ];
    for (filter, of_staff, of_partner, of_professional) in table {
        let arguments = format!("filter: {{ {filter} }}");
        for (key, expected) in [(&staff, of_staff), (&partner, of_partner), (&professional, of_professional)]
        {
            assert_eq!(codes(&app, key, "professionals", &arguments).await, expected, "{filter}");
        }
    }
    // An erased address finds nobody.
    app.done("eraseProfessional", json!({ "professional": "bram" })).await;
    assert_eq!(codes(&app, &staff, "professionals", "filter: { email: \"bram\" }").await, none);
    assert_eq!(codes(&app, &staff, "professionals", "filter: { search: \"ERASED\" }").await, ["bram"]);
    verified(app.services()).await;
}

async fn keys_of_an_earlier_release_are_completed(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    enrol(&app, "mueller", "Müller").await;
    app.professional("ada", "2025-01-01").await;
    let connection = app.database().connect().await;
    for forget in [
        "UPDATE partners SET search_key = NULL",
        "UPDATE professionals SET search_key = NULL, email_key = NULL",
    ] {
        connection.execute_unprepared(forget).await.expect("the columns as a migration leaves them");
    }
    let report = app.services().verify(|_, _| {}).await.expect("a verification");
    assert_eq!(report.count, 2, "{report:?}");
    connection.close().await.expect("a connection closes");
    let app = app.restart(TODAY).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    assert_eq!(codes(&app, &key, "partners", "filter: { search: \"MULLER\" }").await, ["mueller"]);
    assert_eq!(codes(&app, &key, "professionals", "filter: { email: \"ADA@\" }").await, ["ada"]);
    verified(app.services()).await;
}
