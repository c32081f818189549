//! Cross-origin requests: browsers need a preflight, and no other origin is allowed
//! unless a setting lists it.

use partner_program::http::cors::Origins;
use partner_program::http::endpoint::GraphqlEndpoint;
use reqwest::Method;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::toy::{self, KEY, Toy};
use crate::{TestResponse, send};

const ORIGIN: &str = "https://portal.example";

/// What a page can send to another origin without a preflight: three methods, and bodies of
/// three types. `Authorization` is not among the headers that it can set then, and that header is
/// the only one that authenticates.
#[tokio::test]
async fn requests_without_preflight_are_refused() {
    let toy = Toy::start().await;
    let client = reqwest::Client::new();
    let body = "{\"query\":\"mutation{add(n:1)}\"}";
    let simple = |request: reqwest::RequestBuilder| {
        let request = request.header("origin", "https://evil.example").header("cookie", "session=1");
        request.header("sec-fetch-site", "cross-site").header("sec-fetch-mode", "no-cors")
    };
    for content_type in
        [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("multipart/form-data")]
    {
        // Even with a key, which such a request cannot have.
        for key in [None, Some(KEY)] {
            let mut request = simple(client.post(toy.url("/graphql"))).body(body);
            request = content_type.into_iter().fold(request, |it, value| it.header("content-type", value));
            request = key.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
            let answer = send(request).await;
            let expected = if key.is_some() { (415, "BAD_USER_INPUT") } else { (401, "UNAUTHENTICATED") };
            assert_eq!((answer.status, answer.code()), expected, "{content_type:?}");
        }
    }
    for query in ["{ hello }", "mutation { add(n: 1) }"] {
        let url = toy.url(&format!("/graphql?query={}", query.replace(' ', "+")));
        let answer = send(simple(client.get(url))).await;
        assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{query}");
    }
    for header in ["Basic dXNlcjpwYXNz", "Negotiate x", "Digest username=\"x\""] {
        let request = simple(client.get(toy.url("/graphql?query={hello}")));
        assert_eq!(send(request.header("authorization", header)).await.status, 401, "what browsers remember");
    }
    assert_eq!(toy.counter.load(Ordering::SeqCst), 0);
}

async fn start(origins: &str) -> String {
    let toy = Toy::start().await;
    let endpoint: Arc<GraphqlEndpoint<_, _>> = Arc::clone(&toy.endpoint);
    let routes = partner_program::http::routes(endpoint, String::new(), || async { Ok(()) });
    let origins = if origins.is_empty() { Origins::None } else { Origins::parse(origins).unwrap() };
    let routes = match origins.layer() {
        Some(layer) => routes.layer(layer),
        None => routes,
    };
    let address = toy::serve(partner_program::http::with_layers(routes), "127.0.0.1:0").await;
    format!("http://{address}/graphql")
}

async fn preflight(url: &str, origin: &str) -> TestResponse {
    let request = reqwest::Client::new().request(Method::OPTIONS, url).header("origin", origin);
    let request = request.header("access-control-request-method", "POST");
    send(request.header("access-control-request-headers", "authorization,content-type")).await
}

async fn post(url: &str, origin: &str) -> TestResponse {
    let request = reqwest::Client::new().post(url).bearer_auth(KEY).header("origin", origin);
    send(request.json(&json!({ "query": "{ hello }" }))).await
}

fn header<'a>(answer: &'a TestResponse, name: &str) -> Option<&'a str> {
    answer.headers.get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn origins_are_allowed_by_setting() {
    // setting, origin, allowed origin of the response
    for (setting, origin, allowed) in [
        ("", ORIGIN, None),
        (ORIGIN, ORIGIN, Some(ORIGIN)),
        ("https://a.example, https://portal.example", ORIGIN, Some(ORIGIN)),
        (ORIGIN, "https://portal.example.evil", None),
        (ORIGIN, "http://portal.example", None),
        (ORIGIN, "https://portal.example:8443", None),
        (ORIGIN, "null", None),
        ("*", ORIGIN, Some("*")),
        ("http://localhost:5173", "http://localhost:5173", Some("http://localhost:5173")),
    ] {
        let url = start(setting).await;
        for answer in [preflight(&url, origin).await, post(&url, origin).await] {
            assert_eq!(header(&answer, "access-control-allow-origin"), allowed, "{setting} {origin}");
            assert_eq!(header(&answer, "access-control-allow-credentials"), None, "{setting} {origin}");
        }
        let asked = preflight(&url, origin).await;
        if setting.is_empty() {
            assert_eq!(asked.status, 405);
            continue;
        }
        assert_eq!(asked.status, 200);
        assert_eq!(header(&asked, "access-control-allow-methods"), Some("GET,POST"));
        let headers = header(&asked, "access-control-allow-headers").unwrap();
        for sent in ["authorization", "content-type", "consistency-token"] {
            assert!(headers.contains(sent), "{headers}");
        }
        let answer = post(&url, origin).await;
        // Caches must vary by origin.
        let varies = header(&answer, "vary").is_some_and(|vary| vary.contains("origin"));
        assert_eq!(varies, setting != "*", "{setting} {origin}");
        assert_eq!(answer.body["data"]["hello"], "world", "other clients are no business of CORS");
        if allowed.is_some() {
            let exposed = header(&answer, "access-control-expose-headers").unwrap();
            for read in ["x-request-id", "ratelimit", "consistency-token"] {
                assert!(exposed.contains(read), "{exposed}");
            }
        }
    }
}
