use axum::body::{Body, to_bytes};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, X_FRAME_OPTIONS};
use axum::http::{Request, StatusCode};
use tower::ServiceExt;

use super::*;

async fn fetch(settings: &ConsoleSettings, path: &str) -> Response {
    let request = Request::get(path).header(ACCEPT_ENCODING, "gzip").body(Body::empty()).unwrap();
    router::<()>(settings).oneshot(request).await.unwrap()
}

#[tokio::test]
async fn every_address_of_a_view_answers_with_the_page() {
    let settings = ConsoleSettings::default();
    let mut bodies = Vec::new();
    for path in [
        "/console",
        "/console/",
        "/console/partners",
        "/console/partners/nord.wind?tab=ledger",
        "/console/a/b/c",
    ] {
        let response = fetch(&settings, path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let headers = response.headers().clone();
        assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
        assert_eq!(headers[CACHE_CONTROL], "no-cache", "{path}");
        assert_eq!(headers[CONTENT_ENCODING], "gzip", "{path}");
        assert_eq!(headers[X_FRAME_OPTIONS], "DENY", "{path}");
        assert!(headers.contains_key(ETAG), "{path}");
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        bodies.push(to_bytes(response.into_body(), usize::MAX).await.unwrap());
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn files_of_the_bundle_are_immutable_and_others_are_not_found() {
    let settings = ConsoleSettings::default();
    for name in Assets::iter().filter(|name| name.starts_with(HASHED)) {
        let response = fetch(&settings, &format!("/console/{name}")).await;
        assert_eq!(response.status(), StatusCode::OK, "{name}");
        assert_eq!(response.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
    }
    for path in ["/console/assets/none.js", "/console/assets/../index.html", "/consoles"] {
        assert_eq!(fetch(&settings, path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_configuration_is_public_and_names_the_provider_in_the_policy() {
    let sign_in = SignIn {
        issuer: "https://id.example.com/realm".to_owned(),
        client_id: "console".to_owned(),
        scope: "openid".to_owned(),
        resource: None,
        origins: vec!["https://id.example.com".to_owned()],
    };
    let letterhead = vec!["Example NV".to_owned(), "Izegem".to_owned()];
    let settings = ConsoleSettings {
        enabled: true,
        letterhead,
        sign_in: Some(sign_in),
        certificates: true,
        ..ConsoleSettings::default()
    };
    let response = fetch(&settings, "/console/config.json").await;
    assert_eq!(response.headers()[CACHE_CONTROL], "no-cache");
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let expected = json!({
        "letterhead": ["Example NV", "Izegem"],
        "signIn": { "issuer": "https://id.example.com/realm", "clientId": "console", "scope": "openid", "resource": null },
        "certificates": true,
        "sandbox": null,
    });
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
    let page = fetch(&settings, "/console/deals").await;
    let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("connect-src 'self' https://id.example.com;"), "{policy}");
}
