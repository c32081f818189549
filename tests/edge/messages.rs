//! The exact messages that clients get: each names what was given and what is accepted.

use reqwest::Method;
use serde_json::json;

use crate::toy::{KEY, Toy};
use crate::{TestResponse, query, send, send_graphql};

fn post(toy: &Toy) -> reqwest::RequestBuilder {
    reqwest::Client::new().post(toy.url("/graphql")).bearer_auth(KEY)
}

async fn post_body(toy: &Toy, body: &str) -> TestResponse {
    send(post(toy).header("content-type", "application/json").body(body.to_owned())).await
}

#[tokio::test]
async fn bodies_and_parameters() {
    let toy = Toy::start().await;
    let object = "The request must be a JSON object with \"query\" or \"documentId\"";
    let table = [
        ("", format!("{object}; it is empty.")),
        ("\"{ hello }\"", format!("{object}; it is a string.")),
        ("5", format!("{object}; it starts with another value.")),
        ("{\"query\":", "The request body is not valid JSON: it ends at line 1, column 9.".to_owned()),
        ("{\"query\": x}", "The request body is not valid JSON at line 1, column 11.".to_owned()),
        (
            "{\"query\":\"{ hello }\",\"query\":\"\"}",
            "The request has the parameter \"query\" twice (line 1, column 28).".to_owned(),
        ),
        ("{}", "The request has no parameter \"query\"; send the GraphQL document in it.".to_owned()),
        (
            "{\"qurey\": \"{ hello }\"}",
            "The request has no parameter \"query\" or \"documentId\", but \"qurey\". Did you mean \"query\"?".to_owned(),
        ),
        ("{\"query\": 5}", "The parameter \"query\" must be a string, not a number.".to_owned()),
        (
            "{\"query\": \"{ hello }\", \"variables\": []}",
            "The parameter \"variables\" must be an object, not a list.".to_owned(),
        ),
        (
            "{\"query\": \"{ hello }\", \"operationName\": true}",
            "The parameter \"operationName\" must be a string, not a boolean.".to_owned(),
        ),
        (
            "{\"documentId\": \"md5:1\"}",
            "The documentId \"md5:1\" is invalid; it must be \"sha256:\" and 64 hexadecimal digits, or a name of letters, digits and -._~, which may have a prefix such as \"x-app:\".".to_owned(),
        ),
        (
            "{\"documentId\": \"sha256:1\"}",
            "The documentId \"sha256:1\" is invalid: \"sha256:\" must be followed by 64 lower-case hexadecimal digits.".to_owned(),
        ),
        ("{\"documentId\": \"a\", \"query\": \"{ hello }\"}", "Send \"query\" or \"documentId\", not both.".to_owned()),
        (
            "{\"query\": \"{ hello }\", \"extensions\": {\"persistedQuery\": 1}}",
            "The extension \"persistedQuery\" must be {\"version\": 1, \"sha256Hash\": \"<64 hexadecimal digits>\"}.".to_owned(),
        ),
        ("[{}]", "Request batching is off on this server; send one request at a time.".to_owned()),
    ];
    for (body, expected) in table {
        let answer = post_body(&toy, body).await;
        assert_eq!(
            (answer.status, answer.code(), answer.message()),
            (400, "BAD_USER_INPUT", &*expected),
            "{body}"
        );
    }
    let get = |parameters: &[(&str, &str)]| {
        let mut url: reqwest::Url = toy.url("/graphql").parse().unwrap();
        url.query_pairs_mut().extend_pairs(parameters);
        reqwest::Client::new().get(url).bearer_auth(KEY)
    };
    for (parameters, expected) in [
        (
            vec![("query", "{ hello }"), ("variables", "{")],
            "The parameter \"variables\" must be a JSON object, not \"{\".",
        ),
        (vec![("query", "a"), ("query", "b")], "The request has the parameter \"query\" twice."),
        (
            vec![("documentID", "a")],
            "The request has no parameter \"query\" or \"documentId\", but \"documentID\". Did you mean \"documentId\"?",
        ),
    ] {
        let answer = send(get(&parameters)).await;
        assert_eq!((answer.status, answer.message()), (400, expected), "{parameters:?}");
    }
    let answer = send(get(&[("query", "mutation { add(n: 1) }")])).await;
    assert_eq!((answer.status, answer.message()), (405, "Mutations require POST; this request is a GET."));
}

#[tokio::test]
async fn headers() {
    let toy = Toy::start().await;
    let body = "{\"query\":\"{ hello }\"}";
    for (content_type, expected) in [
        (
            Some("text/plain"),
            "The Content-Type \"text/plain\" is not supported; send application/json in UTF-8.",
        ),
        (
            Some("application/json; charset=latin1"),
            "The Content-Type \"application/json; charset=latin1\" is not supported; send application/json in UTF-8.",
        ),
        (None, "The Content-Type is missing; send application/json in UTF-8."),
    ] {
        let request = post(&toy).body(body);
        let request = match content_type {
            Some(it) => request.header("content-type", it),
            None => request,
        };
        let answer = send(request).await;
        assert_eq!((answer.status, answer.message()), (415, expected));
    }
    let answer = send(post(&toy).header("accept", "text/plain").json(&json!({ "query": "{ hello }" }))).await;
    let expected = "No media type of \"Accept: text/plain\" is supported; accept application/graphql-response+json, application/json or text/event-stream.";
    assert_eq!((answer.status, answer.message()), (406, expected));
    let request = reqwest::Client::new().request(Method::DELETE, toy.url("/graphql"));
    let answer = send(request).await;
    assert_eq!(
        (answer.status, answer.message()),
        (405, "The method DELETE is not supported; use POST or GET.")
    );
    let large = format!("{{\"query\":\"#{}\"}}", "x".repeat(1 << 20));
    let answer = post_body(&toy, &large).await;
    let expected = "The request body has 1,048,589 bytes; the maximum is 1 MiB. Send less at a time.";
    assert_eq!((answer.status, answer.message()), (413, expected));
    let values = format!("{{\"query\":\"\",\"variables\":{{\"a\":[{}0]}}}}", "0,".repeat(120_000));
    let answer = post_body(&toy, &values).await;
    let expected = "The request body has 120,005 values; the maximum is 100,000. Send less at a time.";
    assert_eq!((answer.status, answer.message()), (413, expected));
    for (authorization, expected) in [
        (None, "Authentication is required; send \"Authorization: Bearer <API key or token>\"."),
        (
            Some("Basic Ym9vdDpzdHJhcA=="),
            "The authentication scheme Basic is not supported; send \"Authorization: Bearer <API key or token>\".",
        ),
        (Some("pp_secret"), "The Authorization header must be \"Bearer <API key or token>\"."),
        (Some("pp_secret more"), "The Authorization header must be \"Bearer <API key or token>\"."),
        (Some("Bearer wrong"), "The API key or token is invalid, expired or revoked."),
    ] {
        let request = reqwest::Client::new().post(toy.url("/graphql")).json(&json!({ "query": "{ hello }" }));
        let request = match authorization {
            Some(it) => request.header("authorization", it),
            None => request,
        };
        let answer = send(request).await;
        assert_eq!((answer.status, answer.message()), (401, expected));
    }
    let answer = send(reqwest::Client::new().get(toy.url("/graphql/ws"))).await;
    let expected = "This endpoint requires a WebSocket handshake with the subprotocol graphql-transport-ws.";
    assert_eq!((answer.status, answer.message()), (426, expected));
}

#[tokio::test]
async fn rules_of_the_specification() {
    let toy = Toy::start().await;
    let int = "an Int; write a whole number from -2147483648 to 2147483647, without quotes.";
    for (document, expected) in [
        ("subscription { __typename }", "A subscription must not have \"__typename\" as its root field.".to_owned()),
        ("{ double(n: 3000000000) }", format!("Argument n: 3000000000 is not {int}")),
        ("{ double(many: 1, n: 1) }", "Unknown argument \"many\" on field \"double\" of type \"Query\".".to_owned()),
        ("{ hello @skip(iff: true, if: true) }", "Unknown argument \"iff\" on directive \"@skip\". Did you mean \"if\"?".to_owned()),
        ("{ hello @skip }", "The directive \"@skip\" requires the argument \"if\" of type \"Boolean!\".".to_owned()),
        ("{ hello @skip(if: $x) }", "Variable \"$x\" is not defined.".to_owned()),
        ("query($x: Int) { hello }", "Variable \"$x\" is not used.".to_owned()),
        ("query($x: Int, $x: Int) { double(n: 1) many(numbers: [$x]) }", "The variable \"$x\" is defined more than once.".to_owned()),
        ("query($x: String!) { double(n: $x) }", "The variable \"$x\" of type \"String!\" cannot be used where \"Int!\" is expected.".to_owned()),
        ("query($x: String) { record(input: { name: \"a\", by: { code: $x } }) }", "The variable \"$x\" of type \"String\" cannot be used where \"String!\" is expected.".to_owned()),
        ("{ double(n: 1) double(n: 2) }", "\"double\" is selected twice with different arguments. Use an alias for one of them.".to_owned()),
        ("{ double(n: 1, n: 1) }", "The argument \"n\" is given more than once.".to_owned()),
        ("{ record(input: { name: \"a\", name: \"a\" }) }", "The input field \"name\" is given more than once.".to_owned()),
        ("{ record(input: { name: \"a\", colour: \"GREEN\" }) }", "Argument input.colour: \"GREEN\" is not a value of Colour, which is written without quotes; expected RED or GREEN. Did you mean GREEN?".to_owned()),
        ("{ hello ...f } fragment f on Nope { a }", "Unknown type \"Nope\".".to_owned()),
        ("{ hello ... on Node { id } }", "The inline fragment cannot be used here, because \"Query\" is never \"Node\".".to_owned()),
        ("fragment f on Int { a } query { ...f }", "The fragment \"f\" cannot be defined on \"Int\", which has no fields.".to_owned()),
        ("{ hello } fragment f on Query { hello }", "The fragment \"f\" is never used.".to_owned()),
        ("query @skip(if: true) { hello }", "The directive \"@skip\" is not allowed on QUERY.".to_owned()),
        ("{ hello @skip(if: true) @skip(if: true) }", "The directive \"@skip\" is used more than once in the same place.".to_owned()),
        ("{ a: node(id: 1) { x: id } a: node(id: 1) { x: next { id } } }", "\"x\" is selected as two different fields, \"id\" and \"next\". Use an alias for one of them.".to_owned()),
    ] {
        let answer = query(&toy, document).await;
        assert_eq!((answer.status, answer.message()), (400, &*expected), "{document}: {}", answer.text);
    }
}

#[tokio::test]
async fn documents() {
    let toy = Toy::start().await;
    let int = "an Int; write a whole number from -2147483648 to 2147483647, without quotes.";
    for (document, expected) in [
        ("{ helo }", "Unknown field \"helo\" on type \"Query\". Did you mean \"hello\"?".to_owned()),
        ("{ hello { a } }", "The field \"hello\" of type \"String\" has no subfields; remove its selection.".to_owned()),
        ("{ node(id: 1) }", "The field \"node\" of type \"Node\" requires a selection of subfields.".to_owned()),
        ("{ double }", "The field \"double\" requires the argument \"n\".".to_owned()),
        ("{ double(n: \"x\") }", format!("Argument n: \"x\" is not {int}")),
        ("{ double(n: null) }", "Argument n must not be null; its type is Int!.".to_owned()),
        ("query($n: Int = \"x\") { double(n: $n) }", format!("Default of variable $n: \"x\" is not {int}")),
        (
            "query($n: Colur) { hello }",
            "Variable $n has the type Colur, which is not an input type of this schema. Did you mean Colour?".to_owned(),
        ),
        (
            "{ record(input: { name: \"a\", colour: GREN }) }",
            "Argument input.colour: GREN is not a value of Colour; expected RED or GREEN. Did you mean GREEN?".to_owned(),
        ),
        (
            "{ record(input: { name: \"a\", nome: 1 }) }",
            "Argument input.nome: RecordInput has no field \"nome\". Did you mean name?".to_owned(),
        ),
        (
            "query A { ...f } fragment f on Query { record(input: {}) }",
            "Argument input: the required field \"name\" of RecordInput is missing.".to_owned(),
        ),
        ("{ ...f }", "Unknown fragment \"f\".".to_owned()),
        ("{ ...f } fragment f on Query { ...f }", "The fragment \"f\" contains itself, directly or through other fragments.".to_owned()),
        ("{ hello @nope }", "Unknown directive \"@nope\".".to_owned()),
        (
            "{ a: hello a: double(n: 1) }",
            "\"a\" is selected as two different fields, \"hello\" and \"double\". Use an alias for one of them.".to_owned(),
        ),
        ("{ echo(text: \"x) }", "Syntax error at line 1, column 14: the string is not terminated.".to_owned()),
    ] {
        let answer = query(&toy, document).await;
        assert_eq!(answer.status, 400, "{document}: {}", answer.text);
        assert_eq!(answer.message(), expected, "{document}: {}", answer.text);
    }
    // Every problem of an argument is listed.
    let answer = query(&toy, "{ record(input: { name: 1, colour: X, items: [{}] }) }").await;
    let messages: Vec<&str> =
        answer.body["errors"].as_array().unwrap().iter().filter_map(|it| it["message"].as_str()).collect();
    assert_eq!(
        messages,
        [
            "Argument input.colour: X is not a value of Colour; expected RED or GREEN.",
            "Argument input.items[0]: the required field \"occurredOn\" of Item is missing.",
            "Argument input.name: 1 is not a String; write it in quotes.",
        ]
    );
    let several = "query a { hello } query b { hello }";
    for (name, expected) in [
        (None, "The document has the operations a, b; set \"operationName\" to one of them."),
        (Some("c"), "The document has no operation named \"c\"; it has a, b."),
    ] {
        let answer = send_graphql(&toy, json!({ "query": several, "operationName": name })).await;
        assert_eq!((answer.code(), answer.message()), ("OPERATION_RESOLUTION_FAILURE", expected));
    }
    let answer = send_graphql(&toy, json!({ "query": "{ hello }", "operationName": "c" })).await;
    assert_eq!(
        answer.message(),
        "The document has no operation named \"c\"; its only operation has no name."
    );
    let answer = query(&toy, "{ slow }").await;
    let expected = "The query took longer than 1.5s and was cancelled. Request less data at a time.";
    assert_eq!((answer.status, answer.message()), (504, expected));
}
