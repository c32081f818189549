//! Certificates of levels: what is certified, and whether it can be relied on.

mod public;

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::read::GzDecoder;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::certificates::{ISSUER, key_files};
use crate::harness::{Activity, Backend, TestApp, everything, user_errors, verified};

both! {
    a_level_is_certified_once,
    a_partner_has_a_certificate_for_each_track,
    what_is_not_held_is_not_certified,
    a_certificate_ends_with_its_level,
    a_voiding_revokes,
    what_was_set_and_ends_early_revokes,
    whoever_leaves_has_no_valid_certificate,
    a_merge_keeps_the_certificates,
    an_erasure_leaves_no_name,
    keys_are_rotated,
    roles_see_what_they_may,
    without_an_issuer_nothing_is_there,
}

const TODAY: &str = "2026-05-01";

/// The certificates of a holder.
async fn listed(app: &TestApp, kind: &str, code: &str) -> Vec<Value> {
    let query = format!(
        "query($code: String!) {{ {kind}(code: $code) {{ certificates {{ id url jwt holder level {{ code }} track \
         validFrom validUntil status }} }} }}"
    );
    let data = app.ok(&query, json!({ "code": code })).await;
    data[kind]["certificates"].as_array().expect("a list").clone()
}

async fn issue(app: &TestApp, input: Value) -> Value {
    app.done("issueCertificate", input).await["certificate"].clone()
}

/// The answer at an address of the issuer: status, headers and text.
async fn get(app: &TestApp, url: &str) -> (u16, reqwest::header::HeaderMap, String) {
    let path = url.strip_prefix(ISSUER).unwrap_or(url);
    let response = app.request(Method::GET, path).send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, response.text().await.expect("a whole answer"))
}

/// What the public check says.
async fn checked(app: &TestApp, certificate: &Value) -> String {
    let url = certificate["url"].as_str().expect("an address");
    let (status, _, text) = get(app, &format!("{url}/status")).await;
    assert_eq!(status, 200, "{text}");
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(answer.as_object().expect("an object").len(), 1, "no other data: {answer}");
    answer["status"].as_str().expect("a word").to_owned()
}

/// The claims of a token, whose signature is one of the published keys'.
async fn claims(app: &TestApp, token: &str) -> Value {
    let (_, _, keys) = get(app, "/.well-known/jwks.json").await;
    let keys: JwkSet = serde_json::from_str(&keys).expect("a key set");
    let header = decode_header(token).expect("a header");
    assert_eq!((header.typ.as_deref(), header.alg), (Some("vc+jwt"), Algorithm::EdDSA));
    let key = keys.find(header.kid.as_deref().expect("a key id")).expect("a published key");
    let mut validation = Validation::new(Algorithm::EdDSA);
    // The clock of the test is pinned.
    (validation.validate_exp, validation.validate_nbf) = (false, false);
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_jwk(key).expect("a key");
    decode::<Value>(token, &key, &validation).expect("a valid signature").claims
}

/// Whether the status list says that a certificate is revoked.
async fn is_revoked(app: &TestApp, certificate: &Value) -> bool {
    let credential = claims(app, certificate["jwt"].as_str().expect("a token")).await;
    let entry = &credential["credentialStatus"];
    let url = entry["statusListCredential"].as_str().expect("an address");
    let number = url.rsplit('/').next().expect("a number").parse().expect("a number");
    // Not over HTTP, where a list may be some moments old.
    let list = app.services().certificate_status_list(number).await.expect("a list").expect("a list");
    let list = claims(app, &list).await;
    assert_eq!((&list["id"], &list["issuer"]), (&json!(url), &credential["issuer"]["id"]));
    assert_eq!(list["credentialSubject"]["statusPurpose"], entry["statusPurpose"]);
    let encoded = list["credentialSubject"]["encodedList"].as_str().expect("a text");
    let compressed =
        URL_SAFE_NO_PAD.decode(encoded.strip_prefix('u').expect("multibase")).expect("base64url");
    let mut bits = Vec::new();
    GzDecoder::new(&compressed[..]).read_to_end(&mut bits).expect("gzip");
    let place: usize = entry["statusListIndex"].as_str().expect("a place").parse().expect("a number");
    bits[place / 8] & (0x80 >> (place % 8)) != 0
}

/// Status by the API, by the public check and by the list, which agree.
async fn status(app: &TestApp, kind: &str, code: &str, certificate: &Value) -> String {
    let listed = listed(app, kind, code).await;
    let found = listed.iter().find(|one| one["id"] == certificate["id"]).expect("the certificate");
    let checked = checked(app, certificate).await;
    assert_eq!(found["status"], checked.to_uppercase());
    assert_eq!(is_revoked(app, certificate).await, checked == "revoked");
    checked
}

/// A partner with Collaborator in business since 2026-03-01, and a professional who is Advocate since 2026-03-01.
async fn fill(app: &TestApp) -> (Value, Value) {
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2025-01-01").await;
    let event = app.record(Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-03-01")).await;
    let certification = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2026-03-01");
    (event, app.record(certification.points(800)).await)
}

async fn a_level_is_certified_once(backend: Backend) {
    let app = TestApp::certifying(backend, TODAY).await;
    fill(&app).await;
    let issued = issue(&app, json!({ "professional": "ada" })).await;
    let standing = "{ professional(code: \"ada\") { standing { earnedOn validUntil level { code } } } }";
    let standing = app.ok(standing, Value::Null).await["professional"]["standing"].clone();
    assert_eq!(issued["level"]["code"], standing["level"]["code"]);
    assert_eq!(issued["validUntil"], standing["validUntil"]);
    let expected = json!({ "holder": "Professional ada", "level": { "code": "ADVOCATE", "name": "Advocate" },
        "track": null, "validFrom": "2026-03-01", "validUntil": "2027-12-31", "status": "VALID" });
    for (field, value) in expected.as_object().expect("fields") {
        assert_eq!(&issued[field], value, "{field}");
    }
    let url = issued["url"].as_str().expect("an address");
    let token = url.strip_prefix(&format!("{ISSUER}/certificates/")).expect("an address of the issuer");
    assert_eq!(URL_SAFE_NO_PAD.decode(token).expect("base64url").len(), 16, "128 bits");

    let credential = claims(&app, issued["jwt"].as_str().expect("a token")).await;
    assert_eq!(credential["id"], url);
    assert_eq!(credential["issuer"]["id"], "did:web:partners.example.com");
    // Days begin and end in Brussels.
    assert_eq!(credential["validFrom"], "2026-02-28T23:00:00Z");
    assert_eq!(credential["validUntil"], "2027-12-31T22:59:59Z");
    let subject = &credential["credentialSubject"];
    assert_eq!(subject["identifier"][0]["identityHash"], "Professional ada");
    assert_eq!(subject["achievement"]["name"], "Advocate");
    let (_, _, achievement) = get(&app, subject["achievement"]["id"].as_str().expect("an address")).await;
    assert_eq!(serde_json::from_str::<Value>(&achievement).expect("JSON"), subject["achievement"]);
    // Nothing of the holder but the name.
    let text = credential.to_string();
    assert!(!text.contains("ada@") && !text.contains("\"ada\"") && !text.contains("2025-01-01"), "{text}");

    // The same again is the same, to the byte, and nothing new is stored.
    let before = everything(app.reader()).await;
    assert_eq!(issue(&app, json!({ "professional": "ada" })).await, issued);
    assert_eq!(everything(app.reader()).await, before);
    assert_eq!(listed(&app, "professional", "ada").await.len(), 1);
    assert_eq!(status(&app, "professional", "ada", &issued).await, "valid");
    let query = "query($id: ID!) { node(id: $id) { id ... on Certificate { url jwt } } }";
    let node = app.ok(query, json!({ "id": issued["id"] })).await["node"].clone();
    assert_eq!((&node["url"], &node["jwt"]), (&issued["url"], &issued["jwt"]));

    // A higher level is another certificate, and the first one stays valid.
    let more = Activity::of_professional("ada", "USE_CASE_PUBLISHED", "2026-04-01").points(2_500);
    app.record(more.clone()).await;
    app.record(more.external_id("another")).await;
    let higher = issue(&app, json!({ "professional": "ada" })).await;
    assert_eq!((&higher["level"]["code"], &higher["validFrom"]), (&json!("ENABLER"), &json!("2026-04-01")));
    assert_eq!(listed(&app, "professional", "ada").await.len(), 2);
    assert_eq!(status(&app, "professional", "ada", &issued).await, "valid");
    verified(app.services()).await;
}

async fn a_partner_has_a_certificate_for_each_track(backend: Backend) {
    let app = TestApp::certifying(backend, TODAY).await;
    fill(&app).await;
    let overall = issue(&app, json!({ "partner": "nordwind" })).await;
    let business = issue(&app, json!({ "partner": "nordwind", "track": "BUSINESS" })).await;
    let partner = app.partner_on("nordwind", TODAY).await;
    let standing = &partner["standing"]["business"];
    for (certificate, track) in [(&overall, Value::Null), (&business, json!("BUSINESS"))] {
        assert_eq!(certificate["track"], track);
        assert_eq!(certificate["holder"], "Partner nordwind");
        assert_eq!(certificate["level"]["code"], standing["level"]["code"]);
        assert_eq!(certificate["validFrom"], standing["earnedOn"]);
        assert_eq!(certificate["validUntil"], standing["validUntil"]);
    }
    assert_ne!(overall["id"], business["id"]);
    let refused =
        app.refusals("issueCertificate", json!({ "partner": "nordwind", "track": "TECHNICAL" })).await;
    assert_eq!(refused, ["NOT_ELIGIBLE"], "only the level that every partner has");
    assert_eq!(listed(&app, "partner", "nordwind").await.len(), 2);
}

async fn what_is_not_held_is_not_certified(backend: Backend) {
    let app = TestApp::certifying(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2025-01-01").await;
    for (input, code) in [
        (json!({}), "INVALID"),
        (json!({ "partner": "nordwind", "professional": "ada" }), "INVALID"),
        (json!({ "professional": "ada", "track": "BUSINESS" }), "INVALID"),
        (json!({ "track": "BUSINESS" }), "INVALID"),
        (json!({ "partner": "nobody" }), "NOT_FOUND"),
        (json!({ "professional": "no\u{0}body" }), "NOT_FOUND"),
        (json!({ "partner": "nordwind" }), "NOT_ELIGIBLE"),
        (json!({ "professional": "ada" }), "NOT_ELIGIBLE"),
    ] {
        assert_eq!(app.refusals("issueCertificate", input.clone()).await, [code], "{input}");
    }
}

async fn a_certificate_ends_with_its_level(backend: Backend) {
    let app = TestApp::certifying(backend, TODAY).await;
    fill(&app).await;
    let of_partner = issue(&app, json!({ "partner": "nordwind" })).await;
    let of_professional = issue(&app, json!({ "professional": "ada" })).await;
    for (today, expected) in [("2027-12-31", "valid"), ("2028-01-01", "ended")] {
        // Another day on the same data.
        let later = TestApp::certifying_on(app.database().shared(), today).await;
        assert_eq!(status(&later, "partner", "nordwind", &of_partner).await, expected, "{today}");
        assert_eq!(status(&later, "professional", "ada", &of_professional).await, expected, "{today}");
    }
}

async fn a_voiding_revokes(backend: Backend) {
    let app = TestApp::certifying(backend, TODAY).await;
    let (event, certification) = fill(&app).await;
    let of_partner = issue(&app, json!({ "partner": "nordwind" })).await;
    let of_professional = issue(&app, json!({ "professional": "ada" })).await;
    app.void(&event).await;
    app.void(&certification).await;
    for today in [TODAY, "2028-01-01"] {
        // Also when its last day has passed: the level was never held as it says.
        let app = TestApp::certifying_on(app.database().shared(), today).await;
        assert_eq!(status(&app, "partner", "nordwind", &of_partner).await, "revoked", "{today}");
        assert_eq!(status(&app, "professional", "ada", &of_professional).await, "revoked", "{today}");
    }
    // Earned again on another day: a certificate of its own, and the first one stays revoked.
    app.record(Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-04-01")).await;
    let again = issue(&app, json!({ "partner": "nordwind" })).await;
    assert_eq!(again["validFrom"], "2026-04-01");
    assert_eq!(status(&app, "partner", "nordwind", &of_partner).await, "revoked");
    assert_eq!(status(&app, "partner", "nordwind", &again).await, "valid");
}

async fn what_was_set_and_ends_early_revokes(backend: Backend) {
    let app = TestApp::certifying(backend, TODAY).await;
    fill(&app).await;
    let input = json!({ "professional": "ada", "level": "CATALYST", "from": "2026-04-01", "until": "2026-12-31",
        "reason": "x" });
    app.done("overrideLevel", input).await;
    let set = issue(&app, json!({ "professional": "ada" })).await;
    assert_eq!(set["level"]["code"], "CATALYST");
    assert_eq!((&set["validFrom"], &set["validUntil"]), (&json!("2026-04-01"), &json!("2026-12-31")));
    let input = json!({ "professional": "ada", "on": "2026-05-31", "reason": "x" });
    app.done("endOverride", input).await;
    // As long as the level is held, the certificate is true.
    assert_eq!(status(&app, "professional", "ada", &set).await, "valid");
    let later = TestApp::certifying_on(app.database().shared(), "2026-06-01").await;
    assert_eq!(status(&later, "professional", "ada", &set).await, "revoked");
    let earned = issue(&later, json!({ "professional": "ada" })).await;
    assert_eq!(earned["level"]["code"], "ADVOCATE", "what was earned holds again");
}

async fn whoever_leaves_has_no_valid_certificate(backend: Backend) {
    let app = TestApp::certifying(backend, TODAY).await;
    fill(&app).await;
    let of_partner = issue(&app, json!({ "partner": "nordwind" })).await;
    let of_professional = issue(&app, json!({ "professional": "ada" })).await;
    app.done("endPartnership", json!({ "partner": "nordwind", "on": "2026-04-30", "reason": "x" })).await;
    app.done("endMembership", json!({ "professional": "ada", "on": "2026-04-30", "reason": "x" })).await;
    assert_eq!(status(&app, "partner", "nordwind", &of_partner).await, "revoked");
    assert_eq!(status(&app, "professional", "ada", &of_professional).await, "revoked");
    assert_eq!(app.refusals("issueCertificate", json!({ "partner": "nordwind" })).await, ["NOT_ELIGIBLE"]);
    // Taken back: it never ended.
    app.done("endPartnership", json!({ "partner": "nordwind", "reason": "x" })).await;
    assert_eq!(status(&app, "partner", "nordwind", &of_partner).await, "valid");
}

async fn a_merge_keeps_the_certificates(backend: Backend) {
    let app = TestApp::certifying(backend, TODAY).await;
    fill(&app).await;
    let of_partner = issue(&app, json!({ "partner": "nordwind" })).await;
    let of_professional = issue(&app, json!({ "professional": "ada" })).await;
    app.partner("polder", "2024-06-01").await;
    app.professional("adah", "2025-01-01").await;
    app.record(Activity::of_partner("polder", "EVENT_ORGANIZED", "2026-03-01")).await;
    let other = issue(&app, json!({ "partner": "polder" })).await;
    app.done("mergePartners", json!({ "from": "nordwind", "into": "polder", "reason": "x" })).await;
    app.done("mergeProfessionals", json!({ "from": "ada", "into": "adah", "reason": "x" })).await;
    let listed_now = listed(&app, "partner", "polder").await;
    assert_eq!(listed_now.len(), 2);
    assert!(listed_now.iter().all(|one| one["holder"] == "Partner polder"), "{listed_now:?}");
    for certificate in [&of_partner, &other] {
        assert_eq!(status(&app, "partner", "polder", certificate).await, "valid");
    }
    assert_eq!(status(&app, "professional", "adah", &of_professional).await, "valid");
    // By its former code as well.
    assert_eq!(listed(&app, "professional", "ada").await.len(), 1);
}

async fn an_erasure_leaves_no_name(backend: Backend) {
    let app = TestApp::certifying(backend, TODAY).await;
    fill(&app).await;
    let issued = issue(&app, json!({ "professional": "ada" })).await;
    let url = issued["url"].as_str().expect("an address");
    assert!(get(&app, url).await.2.contains("Professional ada"));
    app.done("eraseProfessional", json!({ "professional": "ada", "reason": "asked in writing" })).await;
    let (code, _, page) = get(&app, url).await;
    assert_eq!(code, 200);
    assert!(!page.contains("Professional ada") && !page.contains("/credential"), "{page}");
    assert_eq!(checked(&app, &issued).await, "revoked");
    assert!(is_revoked(&app, &issued).await);
    let (code, _, text) = get(&app, &format!("{url}/credential")).await;
    assert_eq!(code, 410, "{text}");
    let listed = listed(&app, "professional", "ada").await;
    assert_eq!((&listed[0]["jwt"], &listed[0]["holder"]), (&Value::Null, &Value::Null));
    assert_eq!(app.refusals("issueCertificate", json!({ "professional": "ada" })).await, ["WRONG_STATE"]);
}

async fn keys_are_rotated(backend: Backend) {
    let app = TestApp::certifying(backend, TODAY).await;
    fill(&app).await;
    let issued = issue(&app, json!({ "professional": "ada" })).await;
    let old = issued["jwt"].as_str().expect("a token").to_owned();
    let ([private, _], [_, public]) = (key_files(2), key_files(1));
    let keys = [("CERTIFICATE_KEY_FILE", private.as_str()), ("CERTIFICATE_OLD_KEY_FILES", public.as_str())];
    let app = TestApp::certifying_with(app.stop().await, TODAY, &keys).await;
    let new = issue(&app, json!({ "professional": "ada" })).await;
    assert_eq!((&new["id"], &new["url"]), (&issued["id"], &issued["url"]));
    let new = new["jwt"].as_str().expect("a token");
    assert_ne!(decode_header(new).expect("a header").kid, decode_header(&old).expect("a header").kid);
    assert_eq!(claims(&app, new).await, claims(&app, &old).await, "both keys are published");
    let (_, _, document) = get(&app, "/.well-known/did.json").await;
    let document: Value = serde_json::from_str(&document).expect("JSON");
    let current = &document["verificationMethod"][0]["id"];
    assert_eq!(current, &json!(decode_header(new).expect("a header").kid));
    assert_eq!(document["assertionMethod"].as_array().map(Vec::len), Some(2));
}

async fn roles_see_what_they_may(backend: Backend) {
    let app = TestApp::certifying(backend, TODAY).await;
    fill(&app).await;
    app.affiliate("ada", "nordwind", "2026-01-01").await;
    app.professional("erin", "2025-01-01").await;
    let issued = issue(&app, json!({ "professional": "ada" })).await;
    let mutation = "mutation { issueCertificate(input: { professional: \"ada\" }) { certificate { url } \
        userErrors { code } } }";
    let list = "{ professional(code: \"ada\") { certificates { url } } }";
    let node = "query($id: ID!) { node(id: $id) { id } }";
    for (role, subject, may) in [
        ("PROGRAM_STAFF", None, true),
        ("PARTNER", Some("nordwind"), true),
        ("PROFESSIONAL", Some("ada"), true),
        ("PROFESSIONAL", Some("erin"), false),
        ("INTEGRATOR", Some("community"), false),
    ] {
        let key = app.key(role, subject).await;
        let answer = app.send_as(&key, mutation, json!({})).await;
        let certificate = &answer.body["data"]["issueCertificate"]["certificate"];
        assert_eq!(certificate["url"] == issued["url"], may, "{role}: {}", answer.text);
        let refused = answer.status == 403 || !user_errors(&answer.body).is_empty();
        assert_eq!(refused, !may, "{role}: {}", answer.text);
        let answer = app.send_as(&key, list, json!({})).await;
        assert_eq!(answer.text.contains("/certificates/"), may, "{role}: {}", answer.text);
        let answer = app.send_as(&key, node, json!({ "id": issued["id"] })).await;
        assert_eq!(answer.body["data"]["node"]["id"] == issued["id"], may, "{role}: {}", answer.text);
    }
    // A former employer sees them no longer.
    app.done("endAffiliation", json!({ "professional": "ada", "endsOn": "2026-04-30" })).await;
    let key = app.key("PARTNER", Some("nordwind")).await;
    let answer = app.send_as(&key, list, json!({})).await;
    assert_eq!(answer.body["data"]["professional"]["certificates"], json!([]), "{}", answer.text);
}

async fn without_an_issuer_nothing_is_there(backend: Backend) {
    let app = TestApp::certifying(backend, TODAY).await;
    fill(&app).await;
    let issued = issue(&app, json!({ "professional": "ada" })).await;
    let app = TestApp::start_on(app.stop().await, TODAY).await;
    assert_eq!(app.refusals("issueCertificate", json!({ "professional": "ada" })).await, ["WRONG_STATE"]);
    assert_eq!(listed(&app, "professional", "ada").await, Vec::<Value>::new());
    let query = "query($id: ID!) { node(id: $id) { id } }";
    assert!(app.ok(query, json!({ "id": issued["id"] })).await["node"].is_null());
    let url = issued["url"].as_str().expect("an address");
    for address in [
        url,
        "/certificates/status/1",
        "/.well-known/jwks.json",
        "/.well-known/did.json",
        "/certificates/style.css",
    ] {
        assert_eq!(get(&app, address).await.0, 404, "{address}");
    }
}
