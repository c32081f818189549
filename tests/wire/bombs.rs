//! Requests that cost far more than their size suggests: each is refused in bounded time and memory,
//! while another client is served.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::{KEY, Server, send};

/// Maximum time of a refusal. It detects hangs; benchmarks measure speed.
const REFUSAL_TIME_MAX: Duration = Duration::from_secs(20);
/// Maximum response time of another client meanwhile.
const RESPONSE_TIME_MAX: Duration = Duration::from_secs(10);
/// Maximum memory growth by all bombs: four concurrent bodies of 1 MiB with their parsed values.
const MEMORY_GROWTH_MAX: u64 = 200 << 20;
/// Concurrent requests of each bomb.
const CONCURRENCY: usize = 4;

/// Documents, by the limit that they exceed.
fn documents() -> Vec<(&'static str, String)> {
    let mut bombs = Vec::new();
    // A little more than the limit: the guard is tested, not what is behind it.
    for depth in [65, 100] {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        let (objects, ends) = ("{a:".repeat(depth), "}".repeat(depth));
        bombs.extend([
            ("selections", format!("{{partner{}{}", "{partner".repeat(depth), "}".repeat(depth + 1))),
            ("inline fragments", format!("{{...{}__typename{}", "{...".repeat(depth), "}".repeat(depth + 1))),
            ("lists", format!("{{nodes(ids:{open}{close}){{id}}}}")),
            ("objects", format!("{{partners(filter:{objects}1{ends}){{totalCount}}}}")),
            ("lists of a default", format!("query($v:[ID!]={open}1{close}){{nodes(ids:$v){{id}}}}")),
            ("lists of a directive", format!("{{__typename @skip(if:{open}1{close})}}")),
            ("lists of nobody's", format!("{{nope(nope:{open}{close})}}")),
            ("types", format!("query($v:{open}Int{close}){{__typename}}")),
            ("brackets alone", open),
        ]);
    }
    let many = |count: usize, part: &dyn Fn(usize) -> String| -> String { (0..count).map(part).collect() };
    bombs.extend([
        ("aliases", format!("{{{}}}", many(5_000, &|it| format!("a{it}:__typename ")))),
        ("fields", format!("{{{}}}", "__typename ".repeat(5_000))),
        ("directives", format!("{{__typename {}}}", "@skip(if:false) ".repeat(3_000))),
        ("operations", many(3_000, &|it| format!("query q{it}{{__typename}}"))),
        ("variables", format!("query({}){{__typename}}", many(3_000, &|it| format!("$v{it}:Int ")))),
        ("typos", format!("{{{}}}", many(1_900, &|it| format!("x{it} ")))),
        ("a long name", format!("{{{}}}", "x".repeat(60_000))),
        ("a list", format!("{{nodes(ids:[{}]){{id}}}}", "1 ".repeat(20_000))),
        ("mutations", format!("mutation{{{}}}", many(200, &|it| format!("a{it}:__typename ")))),
        ("a circle", "{...a} fragment a on Query{...b} fragment b on Query{...a}".to_owned()),
        ("a circle of one", "{...a} fragment a on Query{...a}".to_owned()),
        ("introspection", format!("{{__schema{{types{}name{}}}}}", "{fields{type".repeat(6), "}}".repeat(6))),
        (
            "pages of pages",
            "{partners(first:100){nodes{professionals(first:100){nodes{activities(first:100){nodes{id}}}}}}}"
                .to_owned(),
        ),
    ]);
    for count in [11, 12] {
        for last in ["__typename", "...nowhere", "nope"] {
            let mut doubling = "{...f0}".to_owned();
            for index in 0..count {
                let next = index + 1;
                // Writing to a string does not fail.
                let _ = write!(doubling, "fragment f{index} on Query{{...f{next} ...f{next}}}");
            }
            let _ = write!(doubling, "fragment f{count} on Query{{{last}}}");
            bombs.push(("doubling fragments", doubling));
        }
    }
    bombs
}

/// Bodies, by the limit that they exceed.
fn bodies() -> Vec<(&'static str, String)> {
    let ids = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let record = "mutation($input: RecordActivitiesInput!) { recordActivities(input: $input) { userErrors { code } } }";
    let activity = json!({ "subject": { "partner": "x" }, "kind": "CUSTOMER_MEETING", "occurredOn": "2025-01-01",
        "source": "s", "externalId": "e" });
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let variables =
        |query: &str, value: &str| format!("{{\"query\":{},\"variables\":{value}}}", json!(query));
    vec![
        ("10 MB", variables("{ __typename }", &json!({ "a": "x".repeat(10_000_000) }).to_string())),
        ("numbers", variables(ids, &format!("{{\"ids\":[{}0]}}", "0,".repeat(500_000)))),
        ("objects", variables(ids, &format!("{{\"ids\":[{}{{}}]}}", "{},".repeat(340_000)))),
        ("ids", variables(ids, &json!({ "ids": vec!["x"; 50_000] }).to_string())),
        (
            "activities",
            variables(record, &json!({ "input": { "activities": vec![activity; 5_000] } }).to_string()),
        ),
        ("depth", variables(ids, &format!("{{\"ids\":{}}}", deep(100_000)))),
        ("depth alone", "[".repeat(1_000_000)),
        ("unused variables", variables("{ nope }", &format!("{{\"a\":{}}}", deep(120)))),
        ("a batch", format!("[{}{{}}]", "{},".repeat(300_000))),
        ("escapes", format!("{{\"query\":\"{}\"}}", "\\u0000".repeat(150_000))),
    ]
}

/// Sends requests until stopped; returns the longest response time and the number of responses.
async fn measure_response_times(server: &Server, stop: &AtomicBool) -> (Duration, usize) {
    let (mut longest, mut count) = (Duration::ZERO, 0);
    // A connection for each request: an idle one may be closed at any moment.
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().expect("a client");
    let body = json!({ "query": "{ partners(first: 1) { totalCount } }" });
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let answer = send(client.post(server.url("/graphql")).bearer_auth(KEY).json(&body)).await;
        assert_eq!((answer.status, &answer.body["data"]["partners"]["totalCount"]), (200, &json!(0)));
        longest = longest.max(began.elapsed());
        count += 1;
    }
    (longest, count)
}

async fn assert_refused(server: &Server, what: &str, body: String) {
    let size = body.len();
    let began = Instant::now();
    let request = || {
        let request = server.post().header("content-type", "application/json");
        send(request.header("accept", "application/graphql-response+json").body(body.clone()))
    };
    let requests = futures_util::future::join_all((0..CONCURRENCY).map(|_| request()));
    let answers = tokio::time::timeout(REFUSAL_TIME_MAX, requests).await;
    for answer in answers.unwrap_or_else(|_| panic!("{what} of {size} bytes hangs")) {
        let text: String = answer.text.chars().take(300).collect();
        // 200: the document is valid, and the error of its field names the limit.
        assert!(matches!(answer.status, 200 | 400 | 413), "{what} of {size} bytes: {} {text}", answer.status);
        let is_refused = answer.code() != "none" || text.contains("TOO_MANY");
        assert!(is_refused, "{what} of {size} bytes: {text}");
        assert_ne!(answer.code(), "INTERNAL_SERVER_ERROR", "{what} of {size} bytes: {text}");
        assert!(answer.text.len() < 20_000, "{what}: an answer of {} bytes", answer.text.len());
    }
    assert!(began.elapsed() < REFUSAL_TIME_MAX, "{what} of {size} bytes took {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_are_refused_while_other_requests_are_served() {
    let server = Arc::new(Server::start(&[("OPERATION_TIMEOUT", "5s"), ("HEADER_TIMEOUT", "1s")]));
    let stop = Arc::new(AtomicBool::new(false));
    let witness = {
        let (server, stop) = (Arc::clone(&server), Arc::clone(&stop));
        tokio::spawn(async move { measure_response_times(&server, &stop).await })
    };
    let before = server.memory_peak();
    for (what, document) in documents() {
        assert_refused(&server, what, json!({ "query": document }).to_string()).await;
    }
    for (what, body) in bodies() {
        assert_refused(&server, what, body).await;
    }
    slow_clients(&server).await;
    stop.store(true, Ordering::Relaxed);
    let (longest, count) = witness.await.expect("the other client is served");
    println!("another client: {count} answers, the slowest after {longest:?}");
    assert!(longest < RESPONSE_TIME_MAX && count > 20, "{count} answers, the slowest after {longest:?}");
    if let (Some(before), Some(after)) = (before, server.memory_peak()) {
        println!("memory: {} MiB before, {} MiB at most", before >> 20, after >> 20);
        assert!(after - before < MEMORY_GROWTH_MAX, "{} MiB more", (after - before) >> 20);
    }
}

/// A hundred clients that start headers or bodies and never finish them.
async fn slow_clients(server: &Server) {
    let address = server.address();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n"
    );
    let body = format!("{head}content-length: 1000\r\n\r\n{{");
    let stranger = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\n{";
    // request, response
    let clients =
        [(head.as_str(), ""), (body.as_str(), "HTTP/1.1 408 "), (stranger, "HTTP/1.1 401 "), ("", "")];
    let waiting = (0..100).map(|index| {
        let (sent, answer) = clients[index % clients.len()];
        async move {
            let mut connection = TcpStream::connect(address).await.expect("a connection");
            connection.write_all(sent.as_bytes()).await.expect("a client may write");
            let mut read = vec![0; 1_024];
            let length = tokio::time::timeout(REFUSAL_TIME_MAX, connection.read(&mut read)).await;
            let length = length.expect("a slow client is cut off").unwrap_or(0);
            let read = String::from_utf8_lossy(&read[..length]);
            assert!(read.starts_with(answer) && read.is_empty() == answer.is_empty(), "{sent:?}: {read}");
        }
    });
    futures_util::future::join_all(waiting).await;
}
