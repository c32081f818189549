//! Settings of the protocol, from the environment to the response.

use std::fs;

use serde_json::json;

use crate::server::{Server, failed_start, send};

#[tokio::test]
async fn limits_come_from_the_environment() {
    let server = Server::start(&[
        ("BODY_BYTES_MAX", "2000"),
        ("QUERY_DEPTH_MAX", "3"),
        ("BATCH_MAX", "2"),
        ("RATE_LIMIT_PER_MINUTE", "20"),
        ("CORS_ALLOWED_ORIGINS", "https://portal.example"),
        ("PERSISTED_QUERIES_BYTES_MAX", "0"),
    ]);
    let answer = send(server.post().header("origin", "https://portal.example").json(&json!([
        { "query": "{ __typename }" },
        { "query": "{ partners { nodes { activities { totalCount } } } }" },
    ])));
    let answer = answer.await;
    assert_eq!(answer.headers["access-control-allow-origin"], "https://portal.example");
    assert_eq!(answer.headers["ratelimit-policy"], "\"default\";q=20;w=60");
    assert_eq!(answer.body[0]["data"]["__typename"], "Query");
    assert_eq!(answer.body[1]["errors"][0]["extensions"]["limit"], "depth");
    assert_eq!(answer.body[1]["errors"][0]["extensions"]["max"], 3);
    let answer = server.query(&"#".repeat(2_000)).await;
    assert_eq!((answer.status, answer.code()), (413, "BAD_USER_INPUT"), "{}", answer.text);
    let hash = "71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b";
    let by_hash = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } });
    let answer = send(server.post().json(&by_hash)).await;
    assert_eq!(answer.body["errors"][0]["message"], "PersistedQueryNotSupported");
    let mut answers = 0;
    while server.query("{ __typename }").await.status == 200 {
        answers += 1;
        assert!(answers < 40, "the limit is not there");
    }
    assert_eq!(server.query("{ __typename }").await.code(), "RATE_LIMITED");
}

#[tokio::test]
async fn introspection_can_be_disabled() {
    let server = Server::start(&[("INTROSPECTION", "false"), ("GRAPHIQL", "false")]);
    let answer = server.query("{ __schema { queryType { name } } }").await;
    assert_eq!(answer.code(), "GRAPHQL_VALIDATION_FAILED");
    let answer = server.query("{ partnerz { nodes { id } } }").await;
    assert!(!answer.text.contains("Did you mean") && answer.text.contains("partnerz"), "{}", answer.text);
    let get = |path: &str| reqwest::Client::new().get(server.url(path)).header("accept", "text/html");
    assert_eq!(send(get("/schema.graphql")).await.status, 404);
    assert_eq!(send(get("/graphql")).await.status, 406);
    let server = Server::start(&[]);
    let answer = server.query("{ partnerz { nodes { id } } }").await;
    assert!(answer.text.contains("Did you mean"), "{}", answer.text);
    assert_eq!(server.query("{ __schema { queryType { name } } }").await.code(), "none");
    let page = send(reqwest::Client::new().get(server.url("/graphql")).header("accept", "text/html")).await;
    assert!(page.status == 200 && page.text.contains("<html"), "{}", page.text);
    let schema = send(reqwest::Client::new().get(server.url("/schema.graphql"))).await;
    assert_eq!(schema.text, partner_program::graphql::schema::sdl());
}

#[tokio::test]
async fn only_trusted_documents_are_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let query = "query Partner($code: String!) { partner(code: $code) { name } }";
    fs::write(folder.path().join("partner.graphql"), query).expect("a file");
    fs::write(folder.path().join("more.json"), r#"{"lists": "{ partners { totalCount } }"}"#)
        .expect("a file");
    let server = Server::start(&[("TRUSTED_DOCUMENTS", &folder.path().display().to_string())]);
    let ask = async |body: serde_json::Value| send(server.post().json(&body)).await;
    let answer = ask(json!({ "documentId": "partner", "variables": { "code": "x" } })).await;
    assert_eq!(answer.body, json!({ "data": { "partner": null } }));
    assert_eq!(ask(json!({ "documentId": "lists" })).await.body["data"]["partners"]["totalCount"], 0);
    let answer = ask(json!({ "query": "{ partners { nodes { id } } }" })).await;
    assert_eq!((answer.status, answer.code()), (403, "FORBIDDEN"));
    assert_eq!(ask(json!({ "documentId": "other" })).await.code(), "PERSISTED_QUERY_NOT_FOUND");

    fs::write(folder.path().join("wrong.graphql"), "{\n  partnerz {\n    id\n  }\n}").expect("a file");
    let folder = folder.path().display().to_string();
    for (name, value, message) in [
        ("TRUSTED_DOCUMENTS", &*folder, "error: TRUSTED_DOCUMENTS: "),
        ("TRUSTED_DOCUMENTS", "no/such/folder", "error: TRUSTED_DOCUMENTS: cannot read no/such/folder"),
        (
            "CORS_ALLOWED_ORIGINS",
            "portal.example",
            "error: CORS_ALLOWED_ORIGINS must be * or a comma-separated list of origins",
        ),
        ("QUERY_DEPTH_MAX", "none", "error: QUERY_DEPTH_MAX must be a whole number from 1 to 64"),
        ("RATE_LIMIT_PER_MINUTE", "-1", "error: RATE_LIMIT_PER_MINUTE must be a whole number from 0 to"),
    ] {
        let output = failed_start(&[(name, value)]);
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{name}={value}");
        assert!(error.starts_with(message) && error.lines().count() == 1, "{error}");
    }
}

#[tokio::test]
async fn the_log_says_why_a_token_is_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys.json");
    // The example key of RFC 8037.
    let key = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    std::fs::write(&keys, key).expect("a file");
    let server = Server::start_logged(&[
        ("AUTH_JWKS_FILE", keys.to_str().expect("UTF-8")),
        ("AUTH_ISSUER", "https://id.example.com"),
        ("AUTH_AUDIENCE", "partner-program"),
    ]);
    let token = "bm90.YS10b2tlbg.aGlkZGVu";
    let request = reqwest::Client::new().post(server.url("/graphql")).bearer_auth(token);
    let answer = send(request.json(&serde_json::json!({ "query": "{ viewer { role } }" }))).await;
    assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"));
    let log = server.stop();
    assert!(log.contains("token rejected") && log.contains("it is not a JWT"), "{log}");
    assert!(!log.contains(token), "{log}");
}
