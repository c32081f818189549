//! Input that no honest client sends: each gets a clear answer and changes nothing.

use serde_json::{Value, json};

use crate::harness::{Activity, Answer, Backend, TestApp, everything, user_errors};

both! {
    activities,
    subjects,
    affiliations,
    reviews_and_voids,
    reads,
    bodies,
}

const TODAY: &str = "2026-08-31";

/// Codes of top-level errors, as the contract lists them.
const CODES: [&str; 12] = [
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "BAD_USER_INPUT",
    "OPERATION_RESOLUTION_FAILURE",
    "PERSISTED_QUERY_NOT_FOUND",
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "QUERY_TOO_COMPLEX",
    "RATE_LIMITED",
    "OPERATION_TIMEOUT",
    "SERVICE_UNAVAILABLE",
    "INTERNAL_SERVER_ERROR",
];

/// Words that only the inside of the server uses.
const INSIDE: [&str; 12] = [
    "sql",
    "sqlx",
    "select ",
    "insert into",
    "panicked",
    "src/",
    ".rs:",
    "database",
    "constraint",
    "unwrap",
    "stack backtrace",
    "sea_orm",
];

/// An application with one of each thing, and all that its database holds.
struct Target {
    app: TestApp,
    before: Vec<String>,
}

impl Target {
    async fn new(backend: Backend) -> Self {
        let app = TestApp::start(backend, TODAY).await;
        app.partner("nordwind", "2024-06-01").await;
        app.professional("ada", "2025-01-01").await;
        app.affiliate("ada", "nordwind", "2025-01-01").await;
        app.record(Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2025-05-01").points(600))
            .await;
        let before = everything(app.reader()).await;
        Self { app, before }
    }

    /// Checks that a request was refused in words for people, and nothing has changed.
    async fn refused(&self, what: &str, answer: &Answer) {
        self.harmless(what, answer).await;
        let refused = !answer.codes().is_empty() || !user_errors(&answer.body).is_empty();
        assert!(refused, "{what:.200} was taken: {:.500}", answer.text);
    }

    /// Checks that a request did no harm, whether it was answered or refused.
    async fn harmless(&self, what: &str, answer: &Answer) {
        assert!(answer.status < 500, "{what:.200}: {} {:.500}", answer.status, answer.text);
        assert!(answer.body.is_object(), "{what:.200}: not JSON: {:.500}", answer.text);
        for code in answer.codes() {
            assert!(
                CODES.contains(&code) && code != "INTERNAL_SERVER_ERROR",
                "{what:.200}: {:.500}",
                answer.text
            );
        }
        let errors = answer.body["errors"].as_array().into_iter().flatten().chain(user_errors(&answer.body));
        for error in errors {
            let message = error["message"].as_str().expect("a message");
            assert!((5..=500).contains(&message.chars().count()), "{what:.200}: {message:.600}");
            let small = message.to_lowercase();
            let inside = INSIDE.iter().find(|word| small.contains(*word));
            assert_eq!(inside, None, "{what:.200}: {message}");
        }
        assert!(everything(self.app.reader()).await == self.before, "{what:.200} changed something");
    }

    async fn mutate(&self, mutation: &str, input_type: &str, input: Value) {
        let query = format!(
            "mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ userErrors {{ code message field }} }} }}"
        );
        let what = format!("{mutation} {input}");
        let answer = self.app.send(&query, json!({ "input": input })).await;
        self.refused(&what, &answer).await;
        // A user error has a code of its own list, and says where it is.
        for error in user_errors(&answer.body) {
            assert!(error["code"].is_string(), "{what:.200}: {error}");
        }
    }
}

/// Dates that are no days, or no days of the programs.
fn bad_dates() -> Vec<Value> {
    let texts = [
        "2024-02-30",
        "2023-02-29",
        "0000-01-01",
        "0001-01-01",
        "9999-12-31",
        "10000-01-01",
        "-2024-01-01",
        "+2024-01-01",
        "2024-2-3",
        "2024-13-01",
        "2024-00-10",
        "2024-06-00",
        "24-06-01",
        "2024/06/01",
        "2024-06-01T00:00:00Z",
        " 2024-06-01",
        "2024-06-01 ",
        "２０２４-06-01",
        "2024-06-0١",
        "today",
        "",
        "\0",
        "2024\u{2013}06\u{2013}01",
    ];
    let mut dates: Vec<Value> = texts.into_iter().map(Value::from).collect();
    dates.extend([json!(20_240_601), json!(1.5), json!(true), json!(["2024-06-01"]), json!({}), Value::Null]);
    dates.push(json!("9".repeat(1_000)));
    dates
}

/// Texts that no name, code or key may be.
fn bad_texts() -> Vec<Value> {
    let mut texts: Vec<Value> =
        ["", " ", "\0", "a\0b", "a\u{1b}[31mb", "a\nb", "a\tb", "a\rb", "\u{7f}", "a\u{80}b", "a\u{9f}b"]
            .into_iter()
            .map(Value::from)
            .collect();
    texts.push("x".repeat(5_000).into());
    texts.push("x".repeat(900_000).into());
    // Together with the rest of the request more than a body may have.
    texts.push("x".repeat(1 << 20).into());
    texts.extend([json!(7), json!(true), json!([[]]), json!({ "a": 1 }), Value::Null]);
    texts
}

/// An activity that would be taken.
fn of_partner() -> Activity {
    Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2025-06-01")
}

/// Activities with quantities and points that can't be.
fn bad_numbers() -> Vec<Value> {
    let of_person = || Activity::of_professional("ada", "VOTE_CAST", "2025-06-01").points(20);
    let mut inputs = Vec::new();
    for quantity in [
        json!(0),
        json!(-1),
        json!(i32::MAX),
        json!(i32::MIN),
        json!(2_147_483_648_i64),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
        json!(1.5),
        json!("1"),
        json!(true),
        json!([]),
        Value::Null,
    ] {
        inputs.push(of_partner().with("quantity", quantity).input());
    }
    for points in [
        json!(0),
        json!(9),
        json!(76),
        json!(-20),
        json!(i32::MAX),
        json!(i32::MIN),
        json!(2_147_483_648_i64),
        json!(i64::MIN),
        json!(20.5),
        json!("20"),
        Value::Null,
    ] {
        inputs.push(of_person().with("points", points).input());
    }
    inputs
}

/// Activities of nobody, of two, or with attributes that can't be kept.
fn bad_shapes() -> Vec<Value> {
    let mut inputs = Vec::new();
    for subject in [
        json!({}),
        json!({ "partner": "nordwind", "professional": "ada" }),
        json!({ "partner": "NORDWIND" }),
        json!({ "partner": "nordwind'--" }),
        json!({ "user": "root" }),
        json!("nordwind"),
        json!([]),
        Value::Null,
        json!({ "partner": "ada" }),
        json!({ "professional": "nordwind" }),
    ] {
        inputs.push(of_partner().with("subject", subject).input());
    }
    for attributes in [
        json!([]),
        json!("x"),
        json!(1),
        json!({ "note": "a\0b" }),
        json!({ "evidence": "a\0b" }),
        json!({ "\0": 1 }),
        json!({ "note": "x".repeat(9_000) }),
        json!({ "text": "x".repeat(9_000) }),
        json!({ "note": { "a": 1 } }),
        json!({ "colour": "red" }),
        json!({ "text": "x".repeat(900_000) }),
        nested(17),
        nested(124),
        nested(500),
    ] {
        inputs.push(of_partner().with("attributes", attributes).input());
    }
    inputs
}

async fn activities(backend: Backend) {
    let target = Target::new(backend).await;
    let mut inputs: Vec<Value> = Vec::new();
    for date in bad_dates() {
        inputs.push(of_partner().with("occurredOn", date.clone()).input());
        if date.is_string() {
            let kata = Activity::of_professional("ada", "KATA_COMPLETED", "2025-06-01");
            inputs.push(kata.attributes(json!({ "releasedOn": date })).input());
        }
    }
    for kind in
        ["", "customer_meeting", "CUSTOMER_MEETING ", "CUSTOMER_MEETING\0", "'; DROP TABLE log; --", "💥"]
    {
        inputs.push(of_partner().with("kind", kind).input());
    }
    for text in bad_texts() {
        for field in ["kind", "source", "externalId"] {
            inputs.push(of_partner().with(field, text.clone()).input());
        }
        inputs.push(of_partner().with("subject", json!({ "partner": text })).input());
        inputs.push(of_partner().with("subject", json!({ "professional": text })).input());
    }
    inputs.push(of_partner().with("status", "RECORDED").input());
    inputs.extend([json!({}), json!([]), json!("x"), Value::Null]);
    inputs.extend(bad_numbers());
    inputs.extend(bad_shapes());
    for input in inputs {
        target.mutate("recordActivity", "ActivityInput", input).await;
    }
    // What is refused alone is refused in a batch too.
    let zero = of_partner().quantity(0).input();
    let payload = target.app.mutate("recordActivities", json!({ "activities": [zero] })).await;
    assert_eq!(user_errors(&payload).len(), 1);
    target.mutate("recordActivities", "RecordActivitiesInput", json!({ "activities": [{}] })).await;
    target.mutate("recordActivities", "RecordActivitiesInput", json!({ "activities": Value::Null })).await;
}

/// An object inside an object, and so on.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!({ "a": inner }))
}

async fn subjects(backend: Backend) {
    let target = Target::new(backend).await;
    let partner = || json!({ "code": "new", "name": "New", "enrolledOn": "2025-01-01" });
    let person =
        || json!({ "code": "new", "name": "New", "email": "new@example.com", "signedUpOn": "2025-01-01" });
    let with = |mut input: Value, field: &str, value: Value| {
        input[field] = value;
        input
    };
    for text in bad_texts() {
        for field in ["code", "name"] {
            target.mutate("createPartner", "CreatePartnerInput", with(partner(), field, text.clone())).await;
        }
        for field in ["code", "name", "email"] {
            let input = with(person(), field, text.clone());
            target.mutate("signUpProfessional", "SignUpProfessionalInput", input).await;
        }
    }
    for date in bad_dates() {
        let input = with(partner(), "enrolledOn", date.clone());
        target.mutate("createPartner", "CreatePartnerInput", input).await;
        let input = with(person(), "signedUpOn", date);
        target.mutate("signUpProfessional", "SignUpProfessionalInput", input).await;
    }
    for code in ["a b", "é", "-a", "a/b", "a'b", "nordwind"] {
        target.mutate("createPartner", "CreatePartnerInput", with(partner(), "code", json!(code))).await;
    }
    for code in ["a b", "_a", "ada"] {
        let input = with(person(), "code", json!(code));
        target.mutate("signUpProfessional", "SignUpProfessionalInput", input).await;
    }
    for email in ["ada", "ada@", "@example.com", "a@b@example.com", "ada@localhost", "a da@example.com"] {
        let input = with(person(), "email", json!(email));
        target.mutate("signUpProfessional", "SignUpProfessionalInput", input).await;
    }
}

async fn affiliations(backend: Backend) {
    let target = Target::new(backend).await;
    let input = || json!({ "professional": "ada", "partner": "nordwind", "startsOn": "2026-01-01" });
    let with = |mut input: Value, field: &str, value: Value| {
        input[field] = value;
        input
    };
    let name = "AffiliateProfessionalInput";
    for text in bad_texts() {
        for field in ["professional", "partner"] {
            target.mutate("affiliateProfessional", name, with(input(), field, text.clone())).await;
        }
        let end = json!({ "professional": text, "endsOn": "2026-01-01" });
        target.mutate("endAffiliation", "EndAffiliationInput", end).await;
    }
    for date in bad_dates() {
        target.mutate("affiliateProfessional", name, with(input(), "startsOn", date.clone())).await;
        let end = json!({ "professional": "ada", "endsOn": date });
        target.mutate("endAffiliation", "EndAffiliationInput", end).await;
    }
}

async fn reviews_and_voids(backend: Backend) {
    let target = Target::new(backend).await;
    let data = target
        .app
        .ok("{ partner(code: \"nordwind\") { id } professional(code: \"ada\") { id } }", Value::Null);
    let data = data.await;
    let mut ids = bad_texts();
    ids.extend([data["partner"]["id"].clone(), data["professional"]["id"].clone()]);
    ids.extend(["00000000-0000-7000-8000-000000000000", "QWN0aXZpdHk6"].map(Value::from));
    for id in ids {
        let void = json!({ "activityId": id, "reason": "x" });
        target.mutate("voidActivity", "VoidActivityInput", void).await;
        let review = json!({ "activityId": id, "decision": "APPROVE" });
        target.mutate("reviewActivity", "ReviewActivityInput", review).await;
    }
    // The right activity, but a reason, a decision or points that can't be.
    let query = "{ professional(code: \"ada\") { activities(first: 1) { nodes { id } } } }";
    let recorded =
        target.app.ok(query, Value::Null).await["professional"]["activities"]["nodes"][0]["id"].clone();
    for reason in bad_texts() {
        // No reason is allowed, and so is an empty one.
        if reason.is_null() || reason.as_str().is_some_and(|text| text.trim().is_empty()) {
            continue;
        }
        let void = json!({ "activityId": recorded, "reason": reason });
        target.mutate("voidActivity", "VoidActivityInput", void).await;
    }
    for (decision, points) in [
        (json!("MAYBE"), json!(1)),
        (json!("approve"), json!(1)),
        (Value::Null, Value::Null),
        (json!("APPROVE"), json!(2_147_483_648_i64)),
        (json!("APPROVE"), json!("600")),
        (json!("APPROVE"), json!(600)),
    ] {
        let review = json!({ "activityId": recorded, "decision": decision, "points": points });
        target.mutate("reviewActivity", "ReviewActivityInput", review).await;
    }
}

async fn reads(backend: Backend) {
    let target = Target::new(backend).await;
    let by_code = "query($text: String!) { partner(code: $text) { id } professional(code: $text) { id } \
                   activity(source: $text, externalId: $text) { id } }";
    let by_id = "query($text: ID!) { node(id: $text) { id } nodes(ids: [$text]) { id } }";
    let search = "query($text: String!) { partners(filter: { search: $text }) { totalCount nodes { id } } \
                  professionals(filter: { search: $text }) { totalCount nodes { id } } }";
    let cursor = "query($text: String!) { partners(after: $text) { totalCount } }";
    for text in bad_texts() {
        for query in [by_code, by_id, search, cursor] {
            let answer = target.app.send(query, json!({ "text": text })).await;
            target.harmless(&format!("{query} {text}"), &answer).await;
        }
    }
    let days = [
        "query($day: Date!) { partner(code: \"nordwind\") { standing(asOf: $day) { asOf } } }",
        "query($day: Date!) { professional(code: \"ada\") { standing(asOf: $day) { asOf } } }",
    ];
    for date in bad_dates() {
        for query in days {
            let answer = target.app.send(query, json!({ "day": date })).await;
            target.refused(&format!("{query} {date}"), &answer).await;
        }
        let query = "query($day: Date!) { edition(asOf: $day) { id } partner(code: \"nordwind\") \
                     { ledger(from: $day, to: $day) { totalCount nodes { id } } } \
                     partners(filter: { enrolledFrom: $day, enrolledTo: $day }) { totalCount nodes { id } } }";
        let answer = target.app.send(query, json!({ "day": date })).await;
        target.harmless(&format!("{query} {date}"), &answer).await;
    }
    let moment = "query($at: DateTime!) { partner(code: \"nordwind\") { balance(knownAt: $at) \
                  credits(year: 2025, knownAt: $at) { total } standing(knownAt: $at) { asOf } } \
                  professional(code: \"ada\") { dojoCredits(knownAt: $at) standing(knownAt: $at) { points } } }";
    for at in [
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "9999-12-31T23:59:59-14:00",
        "2025-02-30T00:00:00Z",
        "2025-06-30",
        "now",
        "",
        "2025-06-30T25:00:00Z",
        "2025-06-30T12:00:00",
        "-0001-01-01T00:00:00Z",
        "+262142-12-31T00:00:00Z",
        "2016-12-31T23:59:60Z",
    ] {
        let answer = target.app.send(moment, json!({ "at": at })).await;
        target.harmless(at, &answer).await;
    }
    let query = "query($n: Int!) { partner(code: \"nordwind\") { credits(year: $n) { total } } }";
    for n in [json!(i64::MAX), json!(1e10), json!("2025"), json!(2025.5), Value::Null] {
        let answer = target.app.send(query, json!({ "n": n })).await;
        target.refused(&format!("year {n}"), &answer).await;
    }
}

async fn bodies(backend: Backend) {
    let target = Target::new(backend).await;
    let mut bodies: Vec<Vec<u8>> = [
        "", " ", "null", "[]", "{}", "7", "\"\"", "{", "{\"query\": 7}", "{\"query\": null}", "{\"query\": \"\"}",
        "{\"query\": \"{\"}", "{\"query\": \"{ no }\"}", "{\"query\": \"query a { viewer } query b { viewer }\"}",
        "{\"query\": \"{ edition { id } }\", \"variables\": 7}",
        "{\"query\": \"{ edition { id } }\", \"operationName\": \"no\"}",
        "[{\"query\": \"{ edition { id } }\"}]",
        "{\"query\": \"subscription { partnerChanged { id } }\"}",
        "{\"query\": \"mutation { voidActivity(input: {activityId: \\\"x\\\", reason: \\\"\\u0000\\\"}) { no } }\"}",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    bodies.push(vec![0xff, 0xfe, 0x00]);
    bodies.push(format!("{{\"query\": \"{{ {} }}\"}}", "a { ".repeat(100)).into_bytes());
    bodies.push("[".repeat(100_000).into_bytes());
    bodies.push(format!("{{\"query\": \"{}\"}}", "x".repeat(2 << 20)).into_bytes());
    for body in bodies {
        let what = String::from_utf8_lossy(&body[..body.len().min(100)]).into_owned();
        let answer = target.app.post(body).await;
        assert!(answer.status < 500 && !answer.codes().is_empty(), "{what}: {:.300}", answer.text);
        target.refused(&what, &answer).await;
    }
}
