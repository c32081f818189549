//! `GET /` with links to the endpoints, unknown paths, and methods that a path does not support.

use std::sync::Arc;

use partner_program::http::index::{Endpoints, with_index};
use reqwest::Method;
use serde_json::json;

use crate::send;
use crate::toy::{self, Toy};

async fn start(endpoints: Endpoints) -> String {
    let toy = Toy::start().await;
    let sdl = endpoints.schema.then(|| "type Query".to_owned());
    let routes = partner_program::http::routes(Arc::clone(&toy.endpoint), sdl, || async { Ok(()) });
    let router = partner_program::http::with_layers(with_index(routes, endpoints, ""));
    format!("http://{}", toy::serve(router, "127.0.0.1:0").await)
}

const ALL: Endpoints = Endpoints { console: true, graphiql: true, schema: true, agents: true, metrics: true };

#[tokio::test]
async fn the_root_links_to_what_there_is() {
    let base = start(ALL).await;
    let client = reqwest::Client::new();
    let links = json!({
        "console": "/console", "graphql": "/graphql", "graphiql": "/graphql", "websocket": "/graphql/ws",
        "schema": "/schema.graphql", "agents": "/mcp",
        "health": "/healthz", "readiness": "/readyz", "metrics": "/metrics",
    });
    let version = env!("CARGO_PKG_VERSION");
    for accept in ["*/*", "application/json", "image/png"] {
        let answer = send(client.get(format!("{base}/")).header("accept", accept)).await;
        assert_eq!(answer.status, 200, "{accept}");
        assert_eq!(answer.headers["content-type"], "application/json; charset=utf-8");
        assert_eq!(answer.body, json!({ "name": "partner-program", "version": version, "links": links }));
    }
    let page = send(client.get(format!("{base}/")).header("accept", "text/html,*/*;q=0.8")).await;
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers["content-security-policy"], "default-src 'none'");
    assert_eq!(page.headers["vary"], "accept");
    for (_, path) in links.as_object().unwrap() {
        assert!(page.text.contains(&format!("<a href={path}>")), "{path}: {}", page.text);
    }
    let head = send(client.head(format!("{base}/"))).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));

    let base =
        start(Endpoints { console: false, graphiql: false, schema: false, agents: false, metrics: false })
            .await;
    let fewer = json!({
        "graphql": "/graphql", "websocket": "/graphql/ws", "health": "/healthz", "readiness": "/readyz",
    });
    assert_eq!(send(client.get(format!("{base}/"))).await.body["links"], fewer);
    let answer = send(client.get(format!("{base}/schema.graphql"))).await;
    assert_eq!((answer.status, &answer.body["links"]), (404, &fewer));
}

#[tokio::test]
async fn unknown_paths_and_methods_have_a_body() {
    let base = start(ALL).await;
    let client = reqwest::Client::new();
    let long = "x".repeat(300);
    for (method, path, status, error) in [
        (Method::GET, "/grapql", 404, "There is nothing at /grapql. Did you mean /graphql?".to_owned()),
        (Method::POST, "/graphiql", 404, "There is nothing at /graphiql. Did you mean /graphql?".to_owned()),
        (Method::GET, "/health", 404, "There is nothing at /health. Did you mean /healthz?".to_owned()),
        (Method::DELETE, "/partners?code=x", 404, "There is nothing at /partners.".to_owned()),
        (Method::GET, &*format!("/{long}"), 404, format!("There is nothing at /{}….", "x".repeat(98))),
        (Method::GET, "/%3Cb%3E\"", 404, "There is nothing at /%3Cb%3E%22.".to_owned()),
        (Method::POST, "/", 405, "/ does not support the method POST; use GET or HEAD.".to_owned()),
        (
            Method::PUT,
            "/healthz",
            405,
            "/healthz does not support the method PUT; use GET or HEAD.".to_owned(),
        ),
    ] {
        let answer = send(client.request(method.clone(), format!("{base}{path}"))).await;
        assert_eq!(
            (answer.status, answer.body["error"].as_str()),
            (status, Some(&*error)),
            "{method} {path}"
        );
        assert_eq!(answer.headers["content-type"], "application/json; charset=utf-8");
        assert_eq!(answer.body["links"]["graphql"], "/graphql");
        let allow = answer.headers.get("allow").map(|it| it.to_str().unwrap());
        assert_eq!(allow, (status == 405).then_some("GET,HEAD"), "{method} {path}");
    }
    // The endpoint's own responses stay those of GraphQL.
    let answer = send(client.put(format!("{base}/graphql"))).await;
    assert_eq!((answer.status, answer.message()), (405, "The method PUT is not supported; use POST or GET."));
}
