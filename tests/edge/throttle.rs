//! Rate limits of callers, and the limit on failed logins of an address.

use std::sync::atomic::Ordering;
use std::time::Duration;

use partner_program::http::endpoint::RequestLimits;
use partner_program::http::throttle::Quotas;
use serde_json::json;

use crate::toy::{KEY, Toy};
use crate::{TestResponse, send};

async fn toy(quotas: Quotas) -> Toy {
    Toy::start_with("127.0.0.1:0", RequestLimits::default(), quotas).await
}

async fn post(toy: &Toy, key: &str, query: &str) -> TestResponse {
    let request = reqwest::Client::new().post(toy.url("/graphql")).bearer_auth(key);
    send(request.json(&json!({ "query": query }))).await
}

fn number(answer: &TestResponse, header: &str, name: &str) -> Option<u64> {
    let value = answer.headers.get(header)?.to_str().ok()?;
    value.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))?.parse().ok()
}

#[tokio::test]
async fn points_are_charged_and_refilled() {
    let toy = toy(Quotas { points_per_minute: 60, ..Quotas::default() }).await;
    // document, what it costs
    for (query, cost) in [
        ("{ hello }", 1),
        ("{ partners(first: 100) { nodes { id number } } }", 1 + 3),
        ("mutation { add(n: 1) }", 5),
        ("mutation { a: add(n: 1) b: add(n: 1) }", 10),
        // Refusing a document is work as well.
        ("{ nope }", 1),
        ("{", 1),
    ] {
        let before = post(&toy, KEY, "{ hello }").await;
        assert_eq!(before.headers["ratelimit-policy"], "\"default\";q=60;w=60");
        let after = post(&toy, KEY, query).await;
        let left = |answer| number(answer, "ratelimit", "r").expect("what is left");
        // One is refilled each second.
        assert!((left(&before) - left(&after)).abs_diff(cost) <= 1, "{query}: {}", after.text);
        let spent = 60 - left(&after);
        assert!(number(&after, "ratelimit", "t").expect("a time").abs_diff(spent) <= 1);
    }
    let refused = loop {
        let answer = post(&toy, KEY, "mutation { add(n: 1) }").await;
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!((refused.status, refused.code()), (429, "RATE_LIMITED"), "{}", refused.text);
    let retry_after: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=5).contains(&retry_after), "{retry_after}");
    assert_eq!(refused.body["errors"][0]["extensions"]["retryAfter"], retry_after);
    let start = "Rate limit exceeded: an API key has 60 cost points per minute; retry in ";
    assert!(refused.message().starts_with(start), "{}", refused.message());
    assert_eq!(number(&refused, "ratelimit", "r").map(|left| left < 5), Some(true));
    tokio::time::sleep(Duration::from_secs(retry_after)).await;
    assert_eq!(post(&toy, KEY, "mutation { add(n: 1) }").await.status, 200);
}

#[tokio::test]
async fn the_cost_is_told_or_estimated() {
    let toy = toy(Quotas { points_per_minute: 60, ..Quotas::default() }).await;
    let ask = |query: &'static str, cost: &'static str| {
        let request = reqwest::Client::new().post(toy.url("/graphql")).bearer_auth(KEY);
        send(request.header("GraphQL-Cost", cost).json(&json!({ "query": query })))
    };
    let left = |answer: &TestResponse| number(answer, "ratelimit", "r").expect("what is left");
    // document, what it costs, whether it adds
    for (query, points, added) in [
        ("{ hello }", 1, 0),
        ("{ partners(first: 100) { nodes { id number } } }", 1 + 3, 0),
        ("mutation { a: add(n: 1) b: add(n: 1) }", 10, 2),
    ] {
        let before = toy.counter.load(Ordering::SeqCst);
        let estimate = ask(query, "estimate").await;
        assert_eq!((estimate.status, &estimate.body["data"]), (200, &json!(null)), "{}", estimate.text);
        assert_eq!(estimate.body["extensions"]["cost"]["points"], points, "{query}");
        assert_eq!(toy.counter.load(Ordering::SeqCst), before, "{query}: nothing is executed");
        let told = ask(query, "include").await;
        assert_eq!(told.body["extensions"]["cost"], estimate.body["extensions"]["cost"], "{}", told.text);
        assert_eq!(toy.counter.load(Ordering::SeqCst), before + added);
        assert!(told.body["data"].is_object(), "{}", told.text);
        // One is refilled each second.
        assert!(left(&estimate).abs_diff(left(&told)).abs_diff(points) <= 1, "{query}");
    }
    assert!(post(&toy, KEY, "{ hello }").await.body.get("extensions").is_none());
    let refused = ask("{ nope }", "estimate").await;
    assert_eq!(refused.code(), "GRAPHQL_VALIDATION_FAILED", "{}", refused.text);
    let refused = ask("{ hello }", "yes").await;
    assert_eq!(refused.code(), "BAD_USER_INPUT", "{}", refused.text);
    assert!(refused.message().contains("\"include\"") && refused.message().contains("\"estimate\""));
}

#[tokio::test]
async fn a_cost_above_the_bucket_drains_it() {
    let toy = toy(Quotas { points_per_minute: 3, ..Quotas::default() }).await;
    let costly = "{ partners(first: 100) { nodes { id number } } }";
    assert_eq!(post(&toy, KEY, costly).await.status, 200);
    assert_eq!(post(&toy, KEY, costly).await.status, 429);
    let toy = self::toy(Quotas { points_per_minute: 0, ..Quotas::default() }).await;
    let answer = post(&toy, KEY, "{ hello }").await;
    assert!(answer.status == 200 && !answer.headers.contains_key("ratelimit"));
    assert!(!answer.headers.contains_key("ratelimit-policy"));
}

/// Operations above the limit wait, with a timeout. A mutation that has begun is awaited, and counts until it
/// ends, even after its client disconnected.
#[tokio::test]
async fn concurrent_operations_are_limited() {
    // It takes 300 ms.
    let mutation = "mutation { addSlowly(n: 1) }";
    for (time_max, expected) in [(5_000, [200, 200, 200]), (150, [200, 200, 429])] {
        let operation_time_max = Duration::from_millis(time_max);
        let settings = RequestLimits { operation_time_max, ..RequestLimits::default() };
        let quotas = Quotas { operations_max: 2, ..Quotas::default() };
        let toy = Toy::start_with("127.0.0.1:0", settings, quotas).await;
        let slow = || post(&toy, KEY, mutation);
        let answers: [TestResponse; 3] = tokio::join!(slow(), slow(), slow()).into();
        let mut statuses = answers.each_ref().map(|it| it.status);
        statuses.sort_unstable();
        assert_eq!(statuses, expected);
        if let Some(refused) = answers.iter().find(|it| it.status == 429) {
            assert_eq!(
                (refused.code(), &refused.headers["retry-after"]),
                ("RATE_LIMITED", &"1".parse().unwrap())
            );
            assert!(refused.message().contains("may run 2 at a time"), "{}", refused.text);
        }
    }
    let toy = toy(Quotas { operations_max: 1, ..Quotas::default() }).await;
    let slow = post(&toy, KEY, mutation);
    assert!(tokio::time::timeout(Duration::from_millis(100), slow).await.is_err());
    let answer = post(&toy, KEY, "{ hello }").await;
    assert_eq!((answer.status, toy.counter.load(Ordering::SeqCst)), (200, 1), "it waited for the mutation");
}

#[tokio::test]
async fn failed_logins_are_limited() {
    let proxies = vec!["127.0.0.1".parse().unwrap()];
    let toy = toy(Quotas { failed_logins_per_minute: 5, proxies, ..Quotas::default() }).await;
    let from = async |address: &str, key: Option<&str>| {
        let mut request = reqwest::Client::new().post(toy.url("/graphql"));
        request = request.header("x-forwarded-for", address).json(&json!({ "query": "{ hello }" }));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        send(request).await
    };
    // Requests without credentials do not count as failures.
    for _ in 0..20 {
        assert_eq!(from("192.0.2.1", None).await.status, 401);
    }
    for _ in 0..6 {
        assert_eq!(from("192.0.2.1", Some("wrong")).await.status, 401);
    }
    let refused = from("192.0.2.1", Some("wrong")).await;
    assert_eq!((refused.status, refused.code()), (429, "RATE_LIMITED"), "{}", refused.text);
    let retry_after: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=12).contains(&retry_after), "{retry_after}");
    // Valid credentials are refused as well, or a guess could be distinguished from a hit.
    assert_eq!(from("192.0.2.1", Some(KEY)).await.status, 429);
    assert_eq!(from("192.0.2.2", Some(KEY)).await.status, 200);
}
