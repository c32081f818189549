//! Documents that must be refused before they cost anything.

use std::time::Duration;

use crate::query;
use crate::toy::Toy;

/// Detects hangs only; benchmarks measure how fast refusals are.
const HANG_TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) async fn assert_refused(toy: &Toy, document: &str, code: &str, limit: Option<&str>) {
    let shown: String = document.chars().take(60).collect();
    let answer = tokio::time::timeout(HANG_TIMEOUT, query(toy, document)).await;
    let answer = answer.unwrap_or_else(|_| panic!("{shown} hangs"));
    assert_eq!((answer.status, answer.code()), (400, code), "{shown}: {}", answer.text);
    if let Some(limit) = limit {
        let extensions = &answer.body["errors"][0]["extensions"];
        assert_eq!(extensions["limit"], limit, "{shown}: {}", answer.text);
        assert!(extensions["actual"].as_u64() > extensions["max"].as_u64(), "{}", answer.text);
    }
    assert!(answer.body.get("data").is_none());
}

/// A little more than the limit, which any parser can read.
#[tokio::test]
async fn nesting() {
    let toy = Toy::start().await;
    for depth in [65, 70, 100] {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        let (objects, ends) = ("{a:".repeat(depth), "}".repeat(depth));
        for document in [
            format!("{{any(v:{open}{close})}}"),
            format!("query($v:[Int]={open}1{close}){{hello}}"),
            format!("query($v:{open}Int{close}){{hello}}"),
            format!("{{hello @skip(if:{open}1{close})}}"),
            format!("{{any(v:{objects}1{ends})}}"),
            format!("{{next{}{}", "{next".repeat(depth), "}".repeat(depth + 1)),
            format!("{{...{}hello{}", "{...".repeat(depth), "}".repeat(depth + 1)),
        ] {
            assert_refused(&toy, &document, "QUERY_TOO_COMPLEX", Some("nesting")).await;
        }
    }
    assert_eq!(query(&toy, "{ hello }").await.status, 200);
}

#[tokio::test]
async fn fragments() {
    let toy = Toy::start().await;
    let doubling = |count: usize, last: &str| {
        let mut document = "{...f0}".to_owned();
        for index in 0..count {
            let next = index + 1;
            document += &format!("fragment f{index} on Query{{...f{next} ...f{next}}}");
        }
        document + &format!("fragment f{count} on Query{{{last}}}")
    };
    for last in ["hello", "...nowhere", "__typename", "... on Query { hello }"] {
        // Twice the limit on fields.
        assert_refused(&toy, &doubling(11, last), "QUERY_TOO_COMPLEX", None).await;
    }
    let many = (0..101).map(|index| format!("fragment f{index} on Query{{hello}}")).collect::<String>();
    assert_refused(&toy, &format!("{{hello}}{many}"), "QUERY_TOO_COMPLEX", Some("fragments")).await;
    let circle = "{...a} fragment a on Query{...b} fragment b on Query{node(id:1){id} ...a}";
    assert_refused(&toy, circle, "GRAPHQL_VALIDATION_FAILED", None).await;
    let apart = "{hello} fragment a on Query{...b} fragment b on Query{...a}";
    assert_refused(&toy, apart, "GRAPHQL_VALIDATION_FAILED", None).await;
    let mut chain = "{node(id:1){...f0}}".to_owned();
    for index in 0..70 {
        chain += &format!("fragment f{index} on Node{{...f{}}}", index + 1);
    }
    chain += "fragment f70 on Node{id}";
    assert_refused(&toy, &chain, "QUERY_TOO_COMPLEX", Some("nesting")).await;
    let many: String = (0..60).map(|index| format!("query q{index}{{...f}}")).collect();
    let wide = "hello ".repeat(40);
    assert_refused(&toy, &format!("{many} fragment f on Query{{{wide}}}"), "QUERY_TOO_COMPLEX", None).await;
}

#[tokio::test]
async fn counts() {
    let toy = Toy::start().await;
    let fields = |count: usize, field: &str| format!("{{{}}}", field.repeat(count));
    let aliases = |count: usize| -> String {
        let fields: String = (0..count).map(|it| format!("a{it}:id ")).collect();
        format!("{{node(id:1){{{fields}}}}}")
    };
    let mutations = |count: usize| -> String {
        let fields: String = (0..count).map(|it| format!("a{it}:__typename ")).collect();
        format!("mutation{{{fields}}}")
    };
    let deep = |depth: usize| {
        let levels = depth - 2;
        format!("{{node(id:1){{{}id{}}}}}", "next{".repeat(levels), "}".repeat(levels))
    };
    let directives = |count: usize| format!("{{node(id:1){{{}}}}}", "id @skip(if:false) ".repeat(count));
    for (document, limit) in [
        (fields(31, "hello "), "root_fields"),
        (aliases(51), "aliases"),
        (mutations(11), "mutation_fields"),
        (deep(21), "depth"),
        (directives(51), "directives"),
        (format!("{{node(id:1){{{}}}}}", "id ".repeat(2_001)), "fields"),
        (fields(5_000, "x "), "tokens"),
        ("#".repeat(70_000), "document_bytes"),
    ] {
        assert_refused(&toy, &document, "QUERY_TOO_COMPLEX", Some(limit)).await;
    }
    for document in [fields(30, "hello "), aliases(50), mutations(10), deep(20), directives(50)] {
        let answer = query(&toy, &document).await;
        assert_eq!(answer.status, 200, "{document}: {}", answer.text);
    }
    // The maximum of misspelt fields: few errors, short ones.
    let typos: String = (0..1_900).map(|it| format!("x{it} ")).collect();
    assert_refused(&toy, &format!("{{node(id:1){{{typos}}}}}"), "GRAPHQL_VALIDATION_FAILED", None).await;
    let long = "x".repeat(60_000);
    assert_refused(&toy, &format!("{{{long}}}"), "GRAPHQL_VALIDATION_FAILED", None).await;
    assert_refused(&toy, &format!("{{hello {long}"), "GRAPHQL_PARSE_FAILED", None).await;
    for typename in [
        "__typename @nope",
        "__typename @skip(if:true) @skip(if:true)",
        "__typename { x }",
        "__typename(a: 1)",
        "__typename @skip",
    ] {
        assert_refused(&toy, &format!("{{ {typename} }}"), "GRAPHQL_VALIDATION_FAILED", None).await;
    }
}

#[tokio::test]
async fn bodies() {
    let toy = Toy::start().await;
    let long = "x".repeat(10_000_000);
    let client = reqwest::Client::new();
    let request = || {
        let request = client.post(toy.url("/graphql")).bearer_auth(crate::toy::KEY);
        request.header("content-type", "application/json")
    };
    let answer = crate::send(request().body(format!("{{\"query\":\"{long}\"}}"))).await;
    assert_eq!((answer.status, answer.code()), (413, "BAD_USER_INPUT"));
    // Chunked, without a length.
    let pieces = (0..160).map(|_| Ok::<_, std::io::Error>("x".repeat(65_536)));
    let stream = futures_util::stream::iter(pieces);
    let answer = crate::send(request().body(reqwest::Body::wrap_stream(stream))).await;
    assert_eq!((answer.status, answer.code()), (413, "BAD_USER_INPUT"));
    let deep = format!(
        "{{\"query\":\"{{hello}}\",\"variables\":{{\"a\":{}{}}}}}",
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    assert_eq!(crate::send(request().body(deep)).await.status, 400);
}

/// Every bracket that the parser nests is counted.
#[test]
fn measured_nesting_is_at_least_the_parsers() {
    use apollo_compiler::ast::{Definition, Document, Selection, Value};

    fn depth(value: &Value) -> u64 {
        match value {
            Value::List(items) => 1 + items.iter().map(|item| depth(item)).max().unwrap_or(0),
            _ => 0,
        }
    }
    let alphabet = ['"', '\\', '[', ']', '\n', '#', 'n'];
    let limits = partner_program::graphql::limits::Limits::default();
    let (mut parsed, length) = (0, 5);
    for number in 0..alphabet.len().pow(length) {
        let letters = (0..length).map(|at| alphabet[number / alphabet.len().pow(at) % alphabet.len()]);
        let text: String = letters.collect();
        let document = format!("{{a(b:[{text}\"\"\"\n]\n])}}");
        let Ok(tree) = Document::parse(document.as_str(), "") else {
            continue;
        };
        let Definition::OperationDefinition(operation) = &tree.definitions[0] else {
            unreachable!("the document has one operation");
        };
        let Selection::Field(field) = &operation.selection_set[0] else {
            unreachable!("the operation has one field");
        };
        if let Ok(lexed) = limits.check_text(&document) {
            parsed += 1;
            // Two more: the selection set and the arguments.
            let levels = depth(&field.arguments[0].value) + 2;
            assert!(lexed.nesting >= levels, "{document}: {} < {levels}", lexed.nesting);
        }
    }
    assert!(parsed > 20, "only {parsed} of the documents were documents");
}
