//! The table of rights from outside: every operation of the schema, in every role, on an object of the
//! caller's own and on one that is not.

mod facts;
mod rights;

use async_graphql_parser::types::{TypeKind, TypeSystemDefinition};
use serde_json::{Value, json};
use uuid::Uuid;

use super::isolation::global;
use super::world::{ROLES, World};
use crate::harness::{Activity, Answer, Backend, user_errors};
use facts::fill;
use rights::{Fate, TABLE};

both! {
    every_operation_keeps_to_the_table,
    integrators_see_no_more_of_a_subject_than_they_sent,
    a_mutation_that_is_forbidden_in_part_runs_no_field,
}

async fn every_operation_keeps_to_the_table(backend: Backend) {
    let world = World::new(backend).await;
    let mut number = 0;
    for (operation, template, shown, fates) in TABLE {
        for (role, (own, foreign)) in ROLES.iter().zip(fates) {
            for (is_own, expected) in [(true, own), (false, foreign)] {
                number += 1;
                let mut document = template.to_string();
                let is_mutation = !document.starts_with('{');
                if is_mutation {
                    document = format!("mutation {{ {document} userErrors {{ code message field }} }} }}");
                }
                let mut shown = (*shown).to_owned();
                let mut missing = document.clone();
                let words = fill(&world, is_own, number, &mut document, &mut shown).await;
                let answer = world.app.send_as(world.key(role), &document, json!({})).await;
                let whose = if is_own { "its own" } else { "another" };
                assert_eq!(
                    fate(&answer, &shown, is_mutation),
                    *expected,
                    "{operation}, {role}, {whose}: {}",
                    answer.text
                );
                if *expected != Fate::Absent {
                    continue;
                }
                // It is answered as if the object did not exist.
                let mut found = answer.text;
                for (word, value) in &words {
                    let other = none_of(word, value, number);
                    missing = missing.replace(word, &other);
                    found = found.replace(value.trim_matches('"'), other.trim_matches('"'));
                }
                let answer = world.app.send_as(world.key(role), &missing, json!({})).await;
                assert_eq!(found, answer.text, "{operation}, {role}, {whose}: {missing}");
            }
        }
    }
}

/// What stands in the place of a value for an object that does not exist.
fn none_of(word: &str, value: &str, number: usize) -> String {
    use base64::Engine as _;
    // Days, and the names of what would be new.
    if ["DAY", "FIRST", "-N\""].contains(&word) {
        return value.to_owned();
    }
    let plain = value.trim_matches('"');
    let decoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(plain).ok();
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let none = match decoded.as_deref().and_then(|text| text.split_once(':')) {
        Some((kind, _)) => global(kind, Uuid::now_v7()),
        None => format!("none-{number}"),
    };
    value.replace(plain, &none)
}

/// What an answer says came of the operation.
fn fate(answer: &Answer, shown: &str, is_mutation: bool) -> Fate {
    if answer.codes() == ["FORBIDDEN"] {
        // A mutation without permission is refused before it runs: such a response has no data at all.
        let of_mutation = answer.status == 403 && answer.body.get("data").is_none();
        assert!(if is_mutation { of_mutation } else { answer.body["data"].is_null() }, "{}", answer.text);
        return Fate::Forbidden;
    }
    // A field that cannot be null says that there is no such object.
    let message = answer.body["errors"][0]["message"].as_str().unwrap_or_default();
    if answer.codes() == ["BAD_USER_INPUT"] && message.starts_with("There is no ") {
        assert!(answer.body["data"].is_null(), "{}", answer.text);
        return Fate::Absent;
    }
    assert!(answer.body["errors"].is_null(), "{}", answer.text);
    let refused: Vec<&Value> = user_errors(&answer.body);
    if refused.iter().any(|error| error["code"] == "NOT_FOUND") {
        return Fate::Absent;
    }
    assert!(refused.is_empty(), "{}", answer.text);
    if answer.body["data"].to_string().contains(&format!("\"{shown}")) { Fate::Yes } else { Fate::Absent }
}

/// Fields of a type, with arguments where they need some and a selection where they have one.
fn fields(name: &str) -> Vec<(String, String)> {
    let sdl = partner_program::graphql::schema::definitions();
    let document = async_graphql_parser::parse_schema(sdl).expect("the SDL is GraphQL");
    let types: Vec<_> = document
        .definitions
        .into_iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some(definition.node),
            _ => None,
        })
        .collect();
    let is_object = |name: &str| {
        types.iter().any(|one| {
            one.name.node == name
                && matches!(one.kind, TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union(_))
        })
    };
    let found = types.iter().find(|one| one.name.node == name).expect("a type");
    let TypeKind::Object(object) = &found.kind else { panic!("{name} is no object") };
    let fields = object.fields.iter().map(|field| {
        let field = &field.node;
        let arguments: Vec<String> = field
            .arguments
            .iter()
            .filter(|argument| !argument.node.ty.node.nullable)
            .map(|argument| {
                let value = match argument.node.ty.node.to_string().as_str() {
                    "Date!" => "\"2027-01-01\"",
                    "Track!" => "TECHNICAL",
                    "Boolean!" => "false",
                    _ => "2026",
                };
                format!("{}: {value}", argument.node.name.node)
            })
            .collect();
        let arguments =
            if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
        let base = field.ty.node.to_string().replace(['[', ']', '!'], "");
        let selection = if is_object(&base) { " { __typename }" } else { "" };
        (field.name.node.to_string(), format!("{}{arguments}{selection}", field.name.node))
    });
    fields.collect()
}

async fn integrators_see_no_more_of_a_subject_than_they_sent(backend: Backend) {
    let world = World::new(backend).await;
    let key = world.key("INTEGRATOR");
    let partner = Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-04-01").external_id("event");
    let record = crate::harness::document("recordActivity");
    let recorded = world.app.send_as(key, &record, json!({ "input": partner.input() })).await;
    assert!(user_errors(&recorded.body).is_empty(), "{}", recorded.text);
    for (kind, external, open) in [
        ("Partner", "event", &["id", "code", "name", "enrolledOn"][..]),
        ("Professional", "own", &["id", "code", "name", "email", "signedUpOn", "partner"]),
    ] {
        for (name, field) in fields(kind) {
            let query = format!(
                "{{ activity(source: \"test\", externalId: \"{external}\") {{ subject {{ ... on {kind} {{ {field} }} }} }} }}"
            );
            let answer = world.app.send_as(key, &query, json!({})).await;
            let subject = &answer.body["data"]["activity"]["subject"];
            if open.contains(&name.as_str()) {
                assert!(answer.body["errors"].is_null(), "{kind}.{name}: {}", answer.text);
                let code = if kind == "Partner" { "nordwind" } else { "ada" };
                match name.as_str() {
                    "name" => assert_eq!(subject["name"], code),
                    "email" | "partner" => assert!(subject[&name].is_null(), "{}", answer.text),
                    _ => assert!(!subject[&name].is_null(), "{}", answer.text),
                }
            } else {
                assert_eq!(answer.codes(), ["FORBIDDEN"], "{kind}.{name}: {}", answer.text);
            }
        }
    }
}

async fn a_mutation_that_is_forbidden_in_part_runs_no_field(backend: Backend) {
    let world = World::new(backend).await;
    let app = &world.app;
    let create = |code: &str| {
        format!(
            "createPartner(input: {{ code: \"{code}\", name: \"New\", enrolledOn: \"2026-01-01\" }}) {{ partner {{ code }} }}"
        )
    };
    let key = "createApiKey(input: { role: PARTNER, subject: \"nordwind\", label: \"new\" }) { secret }";
    let staff = world.key("PROGRAM_STAFF");
    for (code, document) in [
        ("first", format!("mutation {{ {} b: {key} }}", create("first"))),
        ("within", format!("mutation {{ {} ...F }} fragment F on Mutation {{ b: {key} }}", create("within"))),
        (
            "later",
            format!(
                "mutation($yes: Boolean = true) {{ {} ... @include(if: $yes) {{ b: {key} }} }}",
                create("later")
            ),
        ),
    ] {
        let answer = app.send_as(staff, &document, json!({})).await;
        assert_eq!(answer.codes(), ["FORBIDDEN"], "{}", answer.text);
        assert!(answer.body.get("data").is_none(), "{}", answer.text);
        let error = &answer.body["errors"][0];
        assert_eq!(error["path"], json!(["b"]));
        let message =
            "Your role or API key does not permit createApiKey. No field of the mutation was executed.";
        assert_eq!(error["message"], message);
        let found =
            app.ok("query($code: String!) { partner(code: $code) { code } }", json!({ "code": code })).await;
        assert!(found["partner"].is_null(), "{document}");
    }
    let skipped = format!("mutation {{ {} ... @skip(if: true) {{ b: {key} }} }}", create("alone"));
    let answer = app.send_as(staff, &skipped, json!({})).await;
    assert_eq!(
        answer.body["data"],
        json!({ "createPartner": { "partner": { "code": "alone" } } }),
        "{}",
        answer.text
    );
}
