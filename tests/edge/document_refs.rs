//! Documents that requests refer to by hash or id.

use partner_program::graphql::documents::{Documents, executor};
use partner_program::graphql::limits::Limits;
use partner_program::graphql::schema_types::{SchemaTypes, api_scalars};
use partner_program::graphql::trusted_documents::TrustedDocument;
use partner_program::http::authentication::BootstrapKey;
use partner_program::http::endpoint::{GraphqlEndpoint, RequestLimits};
use partner_program::http::streams::StreamSettings;
use partner_program::http::throttle::Throttle;
use partner_program::telemetry::metrics::Metrics;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::toy::{self, KEY, Schema, Toy};
use crate::{GRAPHQL, TestResponse, send, send_graphql};

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn apollo(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

async fn get(toy: &Toy, parameters: &[(&str, &str)]) -> TestResponse {
    let mut url: reqwest::Url = toy.url("/graphql").parse().unwrap();
    url.query_pairs_mut().extend_pairs(parameters);
    // As code in a browser requests, which accepts HTML as well.
    let request = reqwest::Client::new().get(url).bearer_auth(KEY);
    send(request.header("accept", format!("{GRAPHQL}, text/html;q=0.9"))).await
}

#[tokio::test]
async fn a_document_is_persisted_under_its_hash() {
    let toy = Toy::start().await;
    let query = "query($n: Int!) { double(n: $n) }";
    let hash = hash(query);
    let variables = json!({ "n": 4 });
    let by_hash = json!({ "extensions": apollo(&hash), "variables": variables });
    let answer = send_graphql(&toy, by_hash.clone()).await;
    assert_eq!((answer.status, answer.code()), (400, "PERSISTED_QUERY_NOT_FOUND"));
    assert_eq!(answer.message(), "PersistedQueryNotFound");
    let request = reqwest::Client::new().post(toy.url("/graphql")).bearer_auth(KEY).json(&by_hash);
    let answer = send(request).await;
    assert_eq!((answer.status, answer.message()), (200, "PersistedQueryNotFound"));
    let both = json!({ "query": query, "extensions": apollo(&hash), "variables": variables });
    assert_eq!(send_graphql(&toy, both).await.body["data"]["double"], 8);
    assert_eq!(send_graphql(&toy, by_hash).await.body["data"]["double"], 8);
    // By each of its ids, and by GET.
    let id = format!("sha256:{hash}");
    let by_id = json!({ "documentId": id, "variables": { "n": 5 } });
    assert_eq!(send_graphql(&toy, by_id).await.body["data"]["double"], 10);
    let extensions = apollo(&hash).to_string();
    let upper = apollo(&hash.to_uppercase()).to_string();
    for named in [("extensions", &*extensions), ("extensions", &*upper), ("documentId", &*id)] {
        let answer = get(&toy, &[named, ("variables", "{\"n\":6}")]).await;
        assert_eq!(answer.body["data"]["double"], 12, "{named:?}: {}", answer.text);
        let answer = get(&toy, &[("query", ""), named, ("variables", "{}")]).await;
        assert_eq!((answer.status, answer.code()), (400, "BAD_USER_INPUT"), "{}", answer.text);
    }
    let answer = get(&toy, &[("documentId", "unknown")]).await;
    assert_eq!((answer.status, answer.code()), (400, "PERSISTED_QUERY_NOT_FOUND"));
}

#[tokio::test]
async fn invalid_persisted_queries_are_refused() {
    let toy = Toy::start().await;
    let (good, bad) = (hash("{ hello }"), hash("{ nope }"));
    // An invalid document is not persisted.
    let invalid = json!({ "query": "{ nope }", "extensions": apollo(&bad) });
    assert_eq!(send_graphql(&toy, invalid).await.code(), "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(
        send_graphql(&toy, json!({ "extensions": apollo(&bad) })).await.code(),
        "PERSISTED_QUERY_NOT_FOUND"
    );
    // A mutation is persisted by GET, but not executed.
    let mutation = "mutation { add(n: 1) }";
    let extensions = apollo(&hash(mutation)).to_string();
    let answer = get(&toy, &[("query", mutation), ("extensions", &extensions)]).await;
    assert_eq!((answer.status, answer.headers["allow"].to_str().unwrap()), (405, "POST"));
    assert_eq!(get(&toy, &[("extensions", &extensions)]).await.status, 405);
    for body in [
        json!({ "query": "{ hello }", "extensions": apollo(&bad) }),
        json!({ "query": "{ hello }", "extensions": apollo("x") }),
        json!({ "query": "{ hello }", "extensions": { "persistedQuery": { "version": 2, "sha256Hash": good } } }),
        json!({ "query": "{ hello }", "extensions": { "persistedQuery": { "sha256Hash": good } } }),
        json!({ "query": "{ hello }", "extensions": { "persistedQuery": 1 } }),
        json!({ "query": "{ hello }", "documentId": "name" }),
        json!({ "query": "{ hello }", "documentId": format!("sha256:{bad}") }),
        json!({ "documentId": "sha256:1" }),
        json!({ "documentId": "md5:d41d8cd98f00b204e9800998ecf8427e" }),
        json!({ "documentId": 1 }),
    ] {
        let answer = send_graphql(&toy, body.clone()).await;
        assert_eq!((answer.status, answer.code()), (400, "BAD_USER_INPUT"), "{body}: {}", answer.text);
    }
}

#[tokio::test]
async fn memory_of_persisted_documents_is_bounded() {
    let toy = Toy::start().await;
    let mut known = 0;
    let queries: Vec<String> = (0..200).map(|index| format!("{{ a{index}: hello }}")).collect();
    let client = reqwest::Client::new();
    let post = async |body: Value| send(client.post(toy.url("/graphql")).bearer_auth(KEY).json(&body)).await;
    for query in &queries {
        let body = json!({ "query": query, "extensions": apollo(&hash(query)) });
        assert_eq!(post(body).await.status, 200);
    }
    for query in &queries {
        known += u32::from(post(json!({ "extensions": apollo(&hash(query)) })).await.code() == "none");
    }
    assert!((1..=15).contains(&known), "{known} of 200 are kept in 1 MiB at 64 KiB each");
}

fn with_allowlist(trusted: Vec<TrustedDocument>) -> Result<Documents<Schema>, String> {
    let counter = std::sync::Arc::default();
    let build = || toy::schema(&counter);
    let types = SchemaTypes::from_sdl(&build().finish().sdl(), &api_scalars()).unwrap();
    let documents = Documents::new(executor(build()), types, Limits::default(), 50, 1 << 20);
    documents.with_persisted_queries(1 << 20).with_trusted_documents(trusted)
}

fn trusted(text: &str, id: &str) -> TrustedDocument {
    TrustedDocument { text: text.to_owned(), ids: vec![id.to_owned()], origin: format!("{id}.graphql") }
}

#[tokio::test]
async fn an_allowlist_admits_nothing_else() {
    let query = "query A($n: Int!) { double(n: $n) } query B { hello }";
    let metrics = Metrics::default();
    let endpoint = GraphqlEndpoint {
        documents: with_allowlist(vec![trusted(query, "sums"), trusted("mutation { add(n: 1) }", "add")])
            .unwrap(),
        authenticator: BootstrapKey::new(KEY),
        limits: RequestLimits::default(),
        throttle: Throttle::default(),
        metrics: metrics.clone(),
        streams: StreamSettings::default(),
        page: None,
    };
    let routes = partner_program::http::routes(std::sync::Arc::new(endpoint), None, || async { Ok(()) });
    let address = toy::serve(partner_program::http::with_layers(routes), "127.0.0.1:0").await;
    let client = reqwest::Client::new();
    let post = async |body: Value| {
        let request = client.post(format!("http://{address}/graphql")).bearer_auth(KEY);
        send(request.header("accept", GRAPHQL).json(&body)).await
    };
    let hash_of = hash(query);
    for (body, expected) in [
        (json!({ "documentId": "sums", "operationName": "B" }), json!({ "hello": "world" })),
        (
            json!({ "documentId": format!("sha256:{hash_of}"), "operationName": "B" }),
            json!({ "hello": "world" }),
        ),
        (
            json!({ "extensions": apollo(&hash_of), "operationName": "A", "variables": { "n": 2 } }),
            json!({ "double": 4 }),
        ),
        (json!({ "query": query, "operationName": "B" }), json!({ "hello": "world" })),
        (
            json!({ "query": query, "extensions": apollo(&hash_of), "operationName": "B" }),
            json!({ "hello": "world" }),
        ),
    ] {
        let answer = post(body.clone()).await;
        assert_eq!((answer.status, &answer.body["data"]), (200, &expected), "{body}: {}", answer.text);
    }
    // Names of trusted operations become labels of metrics, other names do not.
    let text = metrics.render(&[]);
    for (name, count) in [("A", 1), ("B", 4)] {
        let line =
            format!("{{type=\"query\",operation=\"{name}\",transport=\"http\",outcome=\"ok\"}} {count}\n");
        assert!(text.contains(&line), "{line}{text}");
    }
    let other = hash("{ hello }");
    for (body, status, code) in [
        (json!({ "query": "{ hello }" }), 403, "FORBIDDEN"),
        (json!({ "query": format!("{query} ") }), 403, "FORBIDDEN"),
        (json!({ "query": "{ __schema { queryType { name } } }" }), 403, "FORBIDDEN"),
        (json!({ "query": "{ hello }", "extensions": apollo(&other) }), 403, "FORBIDDEN"),
        (json!({ "query": "{" }), 403, "FORBIDDEN"),
        (json!({ "extensions": apollo(&other) }), 400, "PERSISTED_QUERY_NOT_FOUND"),
        (json!({ "documentId": "other" }), 400, "PERSISTED_QUERY_NOT_FOUND"),
        (json!({ "documentId": "sums" }), 400, "OPERATION_RESOLUTION_FAILURE"),
    ] {
        let answer = post(body.clone()).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{body}: {}", answer.text);
    }
    let answer = send(client.get(format!("http://{address}/graphql?documentId=add")).bearer_auth(KEY)).await;
    assert_eq!(answer.status, 405);
    // This server has no SDL to serve.
    assert_eq!(send(client.get(format!("http://{address}/schema.graphql"))).await.status, 404);
}

#[test]
fn trusted_documents_are_validated_at_start() {
    for (documents, message) in [
        (vec![trusted("{ nope }", "a")], "a.graphql: Unknown field \"nope\" on type \"Query\"."),
        (vec![trusted("{", "a")], "a.graphql: Syntax error"),
        (vec![trusted("{ hello }", "a"), trusted("{ hello } ", "a")], "another document has the id a"),
        (
            vec![trusted(&"#".repeat(70_000), "a")],
            "a.graphql: The document is 70,000 bytes long; the maximum is 65,536.",
        ),
    ] {
        let error = with_allowlist(documents).err().expect(message);
        assert!(error.contains(message) && !error.contains('\n'), "{error}");
    }
    assert!(with_allowlist(vec![trusted("{ hello }", "a"), trusted("{ hello }", "b")]).is_ok());
}
