//! `GET /` with links to the endpoints, and the responses for unknown paths and methods.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value, json};

use super::accept::negotiate;
use crate::graphql::refusal::truncate_chars;
use crate::program::nearest::nearest;

const NAME: &str = env!("CARGO_PKG_NAME");
const VERSION: &str = env!("CARGO_PKG_VERSION");
const JSON: &str = "application/json; charset=utf-8";
/// Maximum characters of a path that a message quotes.
const PATH_CHARS_MAX: usize = 100;

/// The endpoints that depend on settings.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each endpoint is there or not, whatever the others are")]
pub struct Endpoints {
    /// The console, in a browser.
    pub console: bool,
    /// GraphiQL, in a browser.
    pub graphiql: bool,
    /// `/schema.graphql`.
    pub schema: bool,
    /// `/mcp`.
    pub agents: bool,
    /// `/metrics`.
    pub metrics: bool,
}

/// An endpoint: its name, its path, and what a person finds there.
type Link = (&'static str, &'static str, &'static str);

struct Index {
    /// Where the addresses begin: nothing, or the address of a sandbox.
    base: String,
    links: Vec<Link>,
    json: Bytes,
    html: Bytes,
}

/// Adds `GET /` and the responses for paths and methods that the router does not have.
///
/// The addresses that clients use begin with `base`, which the router does not see: it is empty, or that of a sandbox.
pub fn with_index(router: Router, endpoints: Endpoints, base: &str) -> Router {
    let index = Arc::new(Index::new(endpoints, base));
    let (root, unknown, method) = (Arc::clone(&index), Arc::clone(&index), index);
    router
        .route("/", get(move |headers: HeaderMap| async move { root.page(&headers) }))
        .fallback(move |uri: Uri| async move { unknown.not_found(&uri) })
        .method_not_allowed_fallback(move |verb: Method, uri: Uri| async move {
            method.method_not_allowed(&verb, &uri)
        })
}

impl Index {
    fn new(endpoints: Endpoints, base: &str) -> Self {
        let Endpoints { console, graphiql, schema, agents, metrics } = endpoints;
        let links: Vec<Link> = [
            (console, ("console", "/console", "the console, a web application for all roles")),
            (true, ("graphql", "/graphql", "GraphQL over HTTP")),
            (graphiql, ("graphiql", "/graphql", "GraphiQL, the API explorer, in a browser")),
            (
                true,
                ("websocket", "/graphql/ws", "GraphQL over WebSocket (graphql-transport-ws), as at /graphql"),
            ),
            (schema, ("schema", "/schema.graphql", "the schema in SDL")),
            (agents, ("agents", "/mcp", "tools for agents (Model Context Protocol, streamable HTTP)")),
            (true, ("health", "/healthz", "liveness check")),
            (true, ("readiness", "/readyz", "readiness check")),
            (metrics, ("metrics", "/metrics", "metrics in the OpenMetrics format")),
        ]
        .into_iter()
        .filter_map(|(is_on, link)| is_on.then_some(link))
        .collect();
        let json = json!({ "name": NAME, "version": VERSION, "links": links_object(base, &links) });
        let html = html(base, &links);
        Self { base: base.to_owned(), links, json: Bytes::from(json.to_string()), html: Bytes::from(html) }
    }

    fn page(&self, headers: &HeaderMap) -> Response {
        let vary = (VARY, "accept");
        if !negotiate(headers).prefers_html {
            return ([vary, (CONTENT_TYPE, JSON)], self.json.clone()).into_response();
        }
        let headers = [
            vary,
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CACHE_CONTROL, "no-cache"),
            (CONTENT_SECURITY_POLICY, "default-src 'none'"),
            (REFERRER_POLICY, "no-referrer"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_FRAME_OPTIONS, "DENY"),
        ];
        (headers, self.html.clone()).into_response()
    }

    fn not_found(&self, uri: &Uri) -> Response {
        let path = self.path(uri);
        let near = nearest(uri.path(), self.links.iter().map(|(_, path, _)| *path));
        let near = near.map(|near| format!(" Did you mean {}{near}?", self.base)).unwrap_or_default();
        self.error(StatusCode::NOT_FOUND, &format!("There is nothing at {path}.{near}"))
    }

    fn method_not_allowed(&self, method: &Method, uri: &Uri) -> Response {
        let method = truncate_chars(method.to_string(), PATH_CHARS_MAX);
        let path = self.path(uri);
        let message = format!("{path} does not support the method {method}; use GET or HEAD.");
        self.error(StatusCode::METHOD_NOT_ALLOWED, &message)
    }

    /// The path as the client sent it, as far as a message quotes it.
    fn path(&self, uri: &Uri) -> String {
        format!("{}{}", self.base, truncate_chars(uri.path().to_owned(), PATH_CHARS_MAX))
    }

    fn error(&self, status: StatusCode, message: &str) -> Response {
        let body = json!({ "error": message, "links": links_object(&self.base, &self.links) });
        (status, [(CONTENT_TYPE, JSON)], body.to_string()).into_response()
    }
}

fn links_object(base: &str, links: &[Link]) -> Map<String, Value> {
    let link = |(name, path, _): &Link| ((*name).to_owned(), Value::from(format!("{base}{path}")));
    links.iter().map(link).collect()
}

fn html(base: &str, links: &[Link]) -> String {
    let item =
        |(_, path, about): &Link| format!("<li><a href=\"{base}{path}\">{base}{path}</a>: {about}</li>\n");
    let items: String = links.iter().map(item).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{NAME}</title></head>\n\
         <body>\n<h1>{NAME} {VERSION}</h1>\n<ul>\n{items}</ul>\n</body>\n</html>\n"
    )
}
