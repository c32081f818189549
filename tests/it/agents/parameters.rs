//! Parameters of the protocol's methods that are missing or of another form.

use serde_json::json;

use super::post;
use crate::access::world::TODAY;
use crate::harness::{Backend, TestApp};

both! {
    wrong_parameters_are_named,
}

async fn wrong_parameters_are_named(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    // method, parameters, code, words of the answer
    let table = [
        ("tools/call", json!({ "name": 5 }), -32602, "\"name\" of tools/call has to be a string"),
        ("tools/call", json!({}), -32602, "tools/call needs the parameter \"name\""),
        (
            "tools/call",
            json!({ "name": "who_am_i", "arguments": "x" }),
            -32602,
            "\"arguments\" of tools/call has to be an object",
        ),
        ("tools/call", json!({ "name": "explode" }), -32602, "There is no tool \"explode\""),
        ("tools/call", json!([]), -32602, "(params) of tools/call have to be an object"),
        ("tools/list", json!({ "cursor": 1 }), -32602, "\"cursor\" of tools/list has to be a string"),
        ("tools/list", json!({ "cursor": "x" }), -32602, "\"cursor\" is \"x\""),
        ("resources/read", json!({}), -32602, "resources/read needs the parameter \"uri\""),
        ("resources/list", json!({ "cursor": "x" }), -32602, "\"cursor\" is \"x\""),
        ("prompts/list", json!({ "cursor": "x" }), -32602, "\"cursor\" is \"x\""),
        ("prompts/get", json!({ "name": [] }), -32602, "\"name\" of prompts/get has to be a string"),
        (
            "initialize",
            json!({ "capabilities": {} }),
            -32602,
            "initialize needs the parameter \"protocolVersion\"",
        ),
        ("tools/explode", json!({}), -32601, "no method \"tools/explode\""),
    ];
    for (method, params, code, words) in table {
        let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        let answer = post(&app, &key, body.to_string()).await;
        let error = &answer.body["error"];
        assert_eq!(
            (&error["code"], &answer.body["id"]),
            (&json!(code), &json!(7)),
            "{method}: {}",
            answer.body
        );
        assert!(error["message"].as_str().expect("a text").contains(words), "{words}: {error}");
    }
}
