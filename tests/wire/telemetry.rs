//! Observability: lines of the log, metrics on a separate address, and traces at a collector.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};

use crate::server::{KEY, Server, failed_start, send};

const CREATE: &str = "mutation Secretly($name: String!) { createPartner(input: { code: \"hidden-code\", \
    name: $name, enrolledOn: \"2025-01-01\" }) { partner { id } userErrors { code } } }";

async fn create(server: &Server, id: &str) -> crate::server::TestResponse {
    let body = json!({ "query": CREATE, "variables": { "name": "hidden-name" } });
    send(server.post().header("x-request-id", id).json(&body)).await
}

#[tokio::test]
async fn log_lines_are_json_with_the_request_id_and_without_secrets() {
    let server = Server::start_logged(&[("LOG_FORMAT", "json"), ("RUST_LOG", "debug")]);
    assert_eq!(create(&server, "of-a-mutation").await.code(), "none");
    let get = |path: &str| reqwest::Client::new().get(server.url(path)).header("x-request-id", "of-a-path");
    send(get("/hidden-path?hidden-query")).await;
    let wrong = reqwest::Client::new().post(server.url("/graphql")).bearer_auth("pp_hidden-key");
    send(wrong.header("x-request-id", "of-a-stranger").json(&json!({ "query": "{ hidden }" }))).await;
    let refused = json!({ "query": "{ partners { hidden } }", "operationName": "" });
    send(server.post().header("x-request-id", "of-a-refusal").json(&refused)).await;
    let log = server.stop();

    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    for secret in ["hidden", KEY, "Secretly"] {
        assert!(!log.contains(secret), "{secret} is in the log\n{log}");
    }
    for line in &lines {
        assert!(line["timestamp"].is_string() && line["level"].is_string() && line["target"].is_string());
    }
    let finished = |id: &str| {
        let of = |line: &&Value| line["span"]["request_id"] == id && line["message"] == "finished";
        let found: Vec<_> = lines.iter().filter(of).collect();
        assert_eq!(found.len(), 1, "{id}\n{log}");
        let line = found[0];
        assert!(line["duration_us"].is_u64(), "{line}");
        ["method", "route", "status", "operation", "outcome", "role"].map(|name| line[name].clone())
    };
    let expected = json!(["POST", "/graphql", 200, "mutation", "ok", "ADMINISTRATOR"]);
    assert_eq!(json!(finished("of-a-mutation")), expected);
    let expected = json!(["POST", "/graphql", 401, "none", "UNAUTHENTICATED", "none"]);
    assert_eq!(json!(finished("of-a-stranger")), expected);
    let expected = json!(["POST", "/graphql", 200, "none", "GRAPHQL_VALIDATION_FAILED", "ADMINISTRATOR"]);
    assert_eq!(json!(finished("of-a-refusal")), expected);
    assert_eq!(json!(finished("of-a-path")), json!(["GET", "none", 404, null, null, null]));
}

#[test]
fn an_error_that_ends_a_command_is_json_too() {
    for (name, value, part) in [
        ("PROGRAM_TIMEZONE", "Middle/Earth", "PROGRAM_TIMEZONE"),
        ("BIND", "192.0.2.1:80", "BIND: cannot listen on 192.0.2.1:80"),
    ] {
        let output = failed_start(&[("LOG_FORMAT", "json"), (name, value)]);
        assert_eq!(output.status.code(), Some(1), "{name}={value}");
        assert!(output.stdout.is_empty(), "{name}={value}");
        let log = String::from_utf8(output.stderr).expect("UTF-8");
        let lines: Vec<Value> =
            log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
        let last = lines.last().expect("a line");
        assert_eq!(last["level"], "ERROR");
        assert!(last["error"].as_str().is_some_and(|error| error.starts_with(part)), "{last}");
    }
}

#[tokio::test]
async fn the_default_log_is_text_without_successful_requests() {
    let server = Server::start_logged(&[]);
    assert_eq!(create(&server, "of-a-mutation").await.code(), "none");
    let log = server.stop();
    assert!(log.contains("INFO") && log.contains("shutting down") && !log.contains("finished"), "{log}");
    assert!(!log.contains('\x1b') && !log.starts_with('{'), "{log}");
}

#[tokio::test]
async fn metrics_can_have_a_separate_address() {
    let server = Server::start(&[("METRICS_BIND", "127.0.0.1:0")]);
    create(&server, "a").await;
    let client = reqwest::Client::new();
    let own = server.metrics().expect("the server says where they are");
    let series = "operation=\"createPartner\",transport=\"http\",outcome=\"ok\"} 1";
    for (accept, content_type, last) in [
        (
            "application/openmetrics-text",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            "# EOF\n",
        ),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8", "\n"),
    ] {
        let metrics = send(client.get(own).header("accept", accept)).await;
        assert_eq!(
            (metrics.status, &metrics.headers["content-type"]),
            (200, &content_type.parse().expect("a value"))
        );
        assert!(metrics.text.contains(series) && metrics.text.ends_with(last), "{}", metrics.text);
        assert_eq!(metrics.text.contains("# TYPE partner_program_requests_total counter"), accept == "*/*");
    }
    assert_eq!(send(client.get(server.url("/metrics"))).await.status, 404);
    assert_eq!(send(client.get(own.replace("/metrics", "/graphql"))).await.status, 404);

    let server = Server::start(&[]);
    assert_eq!(server.metrics(), None);
    assert_eq!(send(client.get(server.url("/metrics"))).await.status, 200);
}

#[test]
fn invalid_settings_are_refused_by_name() {
    for (name, value) in [
        ("LOG_FORMAT", "xml"),
        ("RUST_LOG", "partner_program=loud"),
        ("METRICS_BIND", "9090"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317"),
    ] {
        let output = failed_start(&[(name, value)]);
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{name}={value}");
        assert!(
            error.starts_with(&format!("error: {name} must be ")) && error.lines().count() == 1,
            "{error}"
        );
    }
}

/// A collector that stores the requests that it gets.
async fn collector() -> (String, Arc<Mutex<Vec<Bytes>>>) {
    let kept: Arc<Mutex<Vec<Bytes>>> = Arc::default();
    let keep = Arc::clone(&kept);
    let take = move |body: Bytes| {
        keep.lock().expect("a lock").push(body);
        async {}
    };
    let router = axum::Router::new().route("/base/v1/traces", axum::routing::post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/base"), kept)
}

fn attributes(span: &Span) -> HashMap<&str, String> {
    let text = |value: &any_value::Value| match value {
        any_value::Value::StringValue(text) => text.clone(),
        any_value::Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let value = |it: &KeyValue| it.value.as_ref()?.value.as_ref().map(text);
    span.attributes.iter().filter_map(|it| Some((it.key.as_str(), value(it)?))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traces_reach_a_collector_within_the_callers_trace() {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const PARENT: &str = "b7ad6b7169203331";
    let (endpoint, kept) = collector().await;
    let server = Server::start_logged(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
        ("OTEL_SERVICE_NAME", "a-server-of-the-tests"),
    ]);
    let body = json!({ "query": CREATE, "variables": { "name": "hidden-name" } });
    let caller = format!("00-{TRACE}-{PARENT}-01");
    send(server.post().header("traceparent", caller).header("x-request-id", "traced").json(&body)).await;
    let query = "query Secretly { alias: partners { totalCount } partner(code: \"hidden-code\") { name } }";
    assert_eq!(server.query(query).await.code(), "none");
    let log = tokio::task::spawn_blocking(move || server.stop()).await.expect("it stops");
    assert!(!log.contains("otel") && !log.contains("WARN"), "{log}");

    // Everything is exported when the process has ended.
    let sent = kept.lock().expect("a lock").clone();
    let requests = sent.iter().map(|body| ExportTraceServiceRequest::decode(body.clone()).expect("OTLP"));
    let resources: Vec<_> = requests.flat_map(|request| request.resource_spans).collect();
    let about = resources.iter().flat_map(|it| it.resource.iter().flat_map(|it| &it.attributes));
    assert!(format!("{:?}", about.collect::<Vec<_>>()).contains("a-server-of-the-tests"));
    let spans: Vec<Span> =
        resources.into_iter().flat_map(|it| it.scope_spans).flat_map(|it| it.spans).collect();
    let shown = format!("{spans:?}");
    for secret in ["hidden", KEY, "Secretly", "alias"] {
        assert!(!shown.contains(secret), "{secret} is in a trace");
    }
    let hex = |bytes: &[u8]| {
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect::<String>()
    };
    let (mine, other): (Vec<&Span>, Vec<&Span>) = spans.iter().partition(|span| hex(&span.trace_id) == TRACE);
    let find =
        |name: &str| *mine.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name}: {shown}"));
    let request = find("POST /graphql");
    assert_eq!((hex(&request.parent_span_id).as_str(), request.kind), (PARENT, 2));
    let status = attributes(request);
    for (name, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/graphql"),
        ("http.response.status_code", "200"),
        ("request.id", "traced"),
    ] {
        assert_eq!(status.get(name).map(String::as_str), Some(value), "{status:?}");
    }
    let operation = find("mutation");
    assert_eq!(attributes(operation)["graphql.operation.type"], "mutation");
    assert_eq!(attributes(operation)["partner_program.operation"], "createPartner");
    let (field, transaction) = (find("createPartner"), find("transaction"));
    assert_eq!(attributes(transaction)["partner_program.tries"], "1");
    for (child, parent) in
        [(find("graphql.prepare"), request), (operation, request), (field, operation), (transaction, field)]
    {
        assert_eq!(child.parent_span_id, parent.span_id, "{} in {}", child.name, parent.name);
    }
    // A request without a caller's trace starts one.
    // Background tasks of the server have their own traces.
    let requests: HashSet<_> =
        other.iter().filter(|span| span.name == "POST /graphql").map(|span| &span.trace_id).collect();
    let other: Vec<&Span> = other.into_iter().filter(|span| requests.contains(&span.trace_id)).collect();
    let traces: HashSet<_> = other.iter().map(|span| &span.trace_id).collect();
    let names: HashSet<_> = other.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(traces.len(), 1, "{shown}");
    let expected = ["POST /graphql", "graphql.prepare", "query", "partners", "partner"];
    assert_eq!(names, HashSet::from(expected));
}
