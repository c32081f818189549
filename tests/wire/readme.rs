//! The README's example operations return the responses printed below them, in order.

use serde_json::json;

use crate::demo::{Demo, TODAY};
use crate::server::send;

const README: &str = include_str!("../../README.md");

#[tokio::test(flavor = "multi_thread")]
async fn examples_return_the_printed_responses() {
    let command = format!("PROGRAM_TODAY={TODAY} cargo run --release -- serve --demo");
    assert!(README.contains(&command), "the README's command is not: {command}");
    let demo = Demo::start();
    let client = reqwest::Client::new();
    let examples = examples(README);
    assert!(examples.len() >= 4, "{} examples", examples.len());
    for (operation, response) in examples {
        let request = client.post(demo.url("/graphql")).bearer_auth(&demo.keys()["ADMINISTRATOR"]);
        let answer = send(request.json(&json!({ "query": operation }))).await;
        assert_eq!(answer.status, 200, "{operation}");
        assert_eq!(compact(&answer.text), compact(response), "{operation}");
    }
}

/// Each `graphql` block with the `json` block that follows it.
fn examples(text: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let mut operation = None;
    for (language, block) in blocks(text) {
        match language {
            "graphql" => {
                assert!(operation.is_none(), "no response to {operation:?}");
                operation = Some(block);
            }
            "json" => pairs.push((operation.take().expect("an operation before each response"), block)),
            _ => {}
        }
    }
    assert!(operation.is_none(), "no response to {operation:?}");
    pairs
}

/// Fenced code blocks with their languages.
fn blocks(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let fenced = text.split("```").skip(1).step_by(2);
    fenced.filter_map(|block| block.split_once('\n'))
}

/// JSON without whitespace between tokens; the order of keys is kept.
fn compact(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let significant = json.chars().filter(|&c| {
        if in_string {
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            return true;
        }
        in_string = c == '"';
        !c.is_whitespace()
    });
    significant.collect()
}

#[test]
fn responses_are_compared_to_the_byte_but_for_whitespace() {
    assert_eq!(compact("{ \"a\" : \"b \\\" c\",\n \"d\": [1, 2] }"), "{\"a\":\"b \\\" c\",\"d\":[1,2]}");
    assert_ne!(compact("{\"a\": 1, \"b\": 2}"), compact("{\"b\": 2, \"a\": 1}"));
}
