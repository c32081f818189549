//! Each limit of a document is configurable, and its refusal names it.

use partner_program::graphql::documents::{Documents, executor};
use partner_program::graphql::limits::Limits;
use partner_program::graphql::schema_types::{SchemaTypes, api_scalars};
use serde_json::json;

use crate::toy::{self, Schema};

fn documents(limits: Limits) -> Documents<Schema> {
    let counter = std::sync::Arc::default();
    let build = || toy::schema(&counter);
    let mut types = SchemaTypes::from_sdl(&build().finish().sdl(), &api_scalars()).unwrap();
    if !limits.introspection {
        types = types.without_suggestions();
    }
    Documents::new(executor(build()), types, limits, 50, 1 << 20)
}

/// Code, message and limit of a refusal; `None` if there is none.
fn refusal(documents: &Documents<Schema>, query: &str) -> Option<(String, String, String)> {
    let variables = async_graphql::Variables::from_json(json!({ "c": "BLUE" }));
    let errors = documents.prepare(&query.into(), None, variables).err()?;
    let error = serde_json::to_value(&errors[0]).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let extensions = &error["extensions"];
    Some((text(&extensions["code"]), text(&error["message"]), text(&extensions["limit"])))
}

#[test]
fn limits_are_configurable() {
    type Set = fn(&mut Limits, u64);
    // name, the limit at which the document passes, how it is set, the document
    let table: [(&str, u64, Set, &str); 15] = [
        ("nesting", 3, |it, to| it.nesting = to, "{ many(numbers: [1]) }"),
        ("nesting", 4, |it, to| it.nesting = to, "{ record(input: {name: \"a\", items: []}) }"),
        (
            "nesting",
            4,
            |it, to| it.nesting = to,
            "{ ...f } fragment f on Query { ... { node(id: 1) { id } } }",
        ),
        (
            "fields",
            14,
            |it, to| it.fields = to,
            "{ ...a ...a } fragment a on Query { ...b ...b } fragment b on Query { a: hello b: hello }",
        ),
        (
            "directives",
            2,
            |it, to| it.directives = to,
            "{ ...f ...f } fragment f on Query { hello @skip(if: false) }",
        ),
        ("document_bytes", 9, |it, to| it.document_bytes = to, "{ hello }"),
        ("tokens", 3, |it, to| it.tokens = to, "{ hello }"),
        ("depth", 3, |it, to| it.depth = to, "{ node(id: 1) { next { id } } }"),
        ("complexity", 31, |it, to| it.complexity = to, "{ partners(first: 10) { nodes { id number } } }"),
        ("fields", 2, |it, to| it.fields = to, "{ hello a: hello }"),
        ("aliases", 2, |it, to| it.aliases = to, "{ a: hello b: hello }"),
        ("directives", 1, |it, to| it.directives = to, "{ hello @skip(if: false) }"),
        ("fragments", 1, |it, to| it.fragments = to, "{ ...f } fragment f on Query { hello }"),
        ("root_fields", 2, |it, to| it.root_fields = to, "{ hello a: hello }"),
        ("mutation_fields", 2, |it, to| it.mutation_fields = to, "mutation { a: add(n: 1) b: add(n: 1) }"),
    ];
    for (name, passes, set, query) in table {
        let mut limits = Limits::default();
        set(&mut limits, passes);
        assert_eq!(refusal(&documents(limits.clone()), query), None, "{name}");
        set(&mut limits, passes - 1);
        let (code, message, limit) = refusal(&documents(limits), query).expect(name);
        assert_eq!((code.as_str(), limit.as_str()), ("QUERY_TOO_COMPLEX", name), "{message}");
        assert!(message.contains(&format!("the maximum is {}.", passes - 1)), "{message}");
    }
}

#[test]
fn without_introspection_errors_suggest_nothing() {
    let open = documents(Limits::default());
    let shut = documents(Limits { introspection: false, ..Limits::default() });
    // document, text that only a server with introspection returns
    for (query, reported) in [
        ("{ helo }", "Did you mean"),
        ("{ node(idd: 1) { id } }", "Did you mean"),
        ("query($c: Colour) { record(input: { name: \"a\", colour: $c }) }", "RED or GREEN"),
    ] {
        let (_, message, _) = refusal(&open, query).expect(query);
        let (_, less, _) = refusal(&shut, query).expect(query);
        assert!(!less.contains(reported), "{less}");
        assert_eq!(message.contains(reported), query.contains("helo") || query.contains('$'), "{message}");
    }
    for query in [
        "{ __schema { types { name } } }",
        "{ __type(name: \"Query\") { name } }",
        "{ hello ...f } fragment f on Query { a: __schema { __typename } }",
    ] {
        assert_eq!(refusal(&open, query), None, "{query}");
        let (code, message, _) = refusal(&shut, query).expect(query);
        assert_eq!(code, "GRAPHQL_VALIDATION_FAILED");
        assert!(message == "Introspection is disabled on this server.", "{message}");
    }
    assert_eq!(refusal(&shut, "{ __typename node(id: 1) { __typename } }"), None);
}
