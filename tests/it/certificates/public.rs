//! What everybody can see of certificates, over HTTP and without credentials.

use reqwest::Method;
use serde_json::{Value, json};

use super::{TODAY, fill, get, issue};
use crate::harness::certificates::ISSUER;
use crate::harness::webhooks::until;
use crate::harness::{Backend, TestApp, TestDatabase, user_errors};

both! {
    a_page_shows_what_is_certified,
    what_does_not_exist_has_one_answer,
    lists_and_keys_can_be_read_by_every_page,
    an_address_has_so_many_requests,
    a_sandbox_issues_none,
}

async fn a_page_shows_what_is_certified(backend: Backend) {
    let app = TestApp::certifying(backend, TODAY).await;
    let name = json!({ "code": "ada", "name": "Ada <b>\"Nowak\"</b> & Co", "email": "ada@example.com",
        "signedUpOn": "2025-01-01" });
    app.done("signUpProfessional", name).await;
    let input = json!({ "professional": "ada", "level": "ENABLER", "from": "2026-04-01", "until": "2026-12-31",
        "reason": "a secret reason" });
    app.done("overrideLevel", input).await;
    let issued = issue(&app, json!({ "professional": "ada" })).await;
    let url = issued["url"].as_str().expect("an address");
    let path = url.strip_prefix(ISSUER).expect("an address of the issuer");
    for (language, status) in [("en", "Valid"), ("de", "Gültig"), ("fr", "Valable"), ("nl", "Geldig")] {
        let request = app.request(Method::GET, path).header("accept-language", language);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        let header = |name: &str| response.headers()[name].to_str().expect("a text").to_owned();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(
            (header("vary").as_str(), header("x-robots-tag").as_str()),
            ("accept-language", "noindex")
        );
        let page = response.text().await.expect("a page");
        assert!(page.contains(&format!("<html lang=\"{language}\">")), "{page}");
        for shown in [
            "Ada &lt;b&gt;&quot;Nowak&quot;&lt;/b&gt; &amp; Co",
            "Enabler",
            "DevOps",
            "<time datetime=\"2026-04-01\">",
            "<time datetime=\"2026-12-31\">",
            status,
            "partners.example.com",
            "<svg class=\"code\" role=\"img\" aria-label=\"",
            url,
        ] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        for hidden in ["<b>", "style=", "<script", "ada@example.com", "secret", "2025-01-01"] {
            assert!(!page.contains(hidden), "{hidden}: {page}");
        }
    }
    let (code, headers, token) = get(&app, &format!("{url}/credential")).await;
    assert_eq!((code, headers["content-type"].to_str().ok()), (200, Some("application/vc+jwt")));
    assert_eq!(issued["jwt"], token);
    assert_eq!(get(&app, "/certificates/style.css").await.0, 200);
}

async fn what_does_not_exist_has_one_answer(backend: Backend) {
    let app = TestApp::certifying(backend, TODAY).await;
    fill(&app).await;
    issue(&app, json!({ "professional": "ada" })).await;
    let mut answers = Vec::new();
    for path in [
        "/certificates/AAAAAAAAAAAAAAAAAAAAAA",
        "/certificates/AAAAAAAAAAAAAAAAAAAAAA/status",
        "/certificates/AAAAAAAAAAAAAAAAAAAAAA/credential",
        "/certificates/x",
        "/certificates/%00",
        "/certificates/%27%20OR%201=1",
        "/certificates/status/2",
        "/certificates/status/01",
        "/certificates/status/-1",
        "/certificates/status/99999999999",
        "/certificates/levels/professional/NONE",
        "/certificates/levels/none/CATALYST",
    ] {
        let (status, _, text) = get(&app, path).await;
        assert_eq!(status, 404, "{path}: {text}");
        answers.push(text);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

async fn lists_and_keys_can_be_read_by_every_page(backend: Backend) {
    let app = TestApp::certifying(backend, TODAY).await;
    let (_, certification) = fill(&app).await;
    let issued = issue(&app, json!({ "professional": "ada" })).await;
    let url = issued["url"].as_str().expect("an address");
    for (address, media) in [
        ("/certificates/status/1".to_owned(), "application/vc+jwt"),
        ("/.well-known/jwks.json".to_owned(), "application/json"),
        ("/.well-known/did.json".to_owned(), "application/did+json"),
        ("/certificates/levels/professional/ADVOCATE".to_owned(), "application/json"),
        (format!("{url}/status"), "application/json"),
    ] {
        let (status, headers, _) = get(&app, &address).await;
        assert_eq!(status, 200, "{address}");
        assert_eq!(headers["content-type"], media, "{address}");
        assert_eq!(headers["access-control-allow-origin"], "*", "{address}");
        assert!(headers.contains_key("cache-control"), "{address}");
    }
    // A list is some moments old at most.
    let (_, _, before) = get(&app, "/certificates/status/1").await;
    let encoded = |token: &str| {
        use base64::Engine as _;
        let body = token.split('.').nth(1).expect("a payload");
        let body = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(body).expect("base64url");
        let claims: Value = serde_json::from_slice(&body).expect("JSON");
        claims["credentialSubject"]["encodedList"].clone()
    };
    let before = encoded(&before);
    app.void(&certification).await;
    until("the revocation", async || encoded(&get(&app, "/certificates/status/1").await.2) != before).await;
}

async fn an_address_has_so_many_requests(backend: Backend) {
    let database = TestDatabase::create(backend).await;
    let limit = ("CERTIFICATE_REQUESTS_PER_MINUTE", "3");
    let app = TestApp::certifying_with(database, TODAY, &[limit]).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(get(&app, "/certificates/AAAAAAAAAAAAAAAAAAAAAA/status").await.0);
    }
    assert_eq!(statuses, [404, 404, 404, 429]);
    let (_, headers, _) = get(&app, "/certificates/status/1").await;
    assert!(headers.contains_key("retry-after"), "{headers:?}");
    // Keys are no secret, and cost nothing.
    assert_eq!(get(&app, "/.well-known/jwks.json").await.0, 200);
}

async fn a_sandbox_issues_none(backend: Backend) {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = [("SANDBOX_DIR", folder.path().to_str().expect("UTF-8"))];
    let app = TestApp::certifying_with(TestDatabase::create(backend).await, TODAY, &settings).await;
    fill(&app).await;
    let input = json!({ "professional": "ada" });
    let issued = issue(&app, input.clone()).await;
    let path = issued["url"].as_str().and_then(|url| url.strip_prefix(ISSUER)).expect("an address");
    let sandbox = app.sandbox(json!({})).await;
    let refused = sandbox.mutate("issueCertificate", input).await;
    let error = &user_errors(&refused)[0];
    let message = "This is a sandbox, which issues no certificates; the program that it is a copy of does.";
    assert_eq!((&error["code"], &error["message"]), (&json!("WRONG_STATE"), &json!(message)));
    let query = "{ professional(code: \"ada\") { certificates { id } } }";
    assert_eq!(sandbox.ok(query, json!({})).await["professional"]["certificates"], json!([]));
    for (base, expected) in [("", 200), (sandbox.base.as_str(), 404)] {
        for path in [path, "/.well-known/jwks.json"] {
            assert_eq!(get(&app, &format!("{base}{path}")).await.0, expected, "{base}{path}");
        }
    }
}
