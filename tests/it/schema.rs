//! The contract as text: it is what is checked in, and everything in it is described in plain technical terms.

use async_graphql_parser::Positioned;
use async_graphql_parser::types::{FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition};
use partner_program::graphql::schema::{DESCRIPTION, definitions, sdl};
use serde_json::Value;

use crate::harness::{Backend, TestApp};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");

#[test]
fn schema_graphql_is_current() {
    let built = sdl();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(PATH, &built).expect("schema.graphql can be written");
    }
    let stored = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(
        stored == built,
        "schema.graphql is not what the code says: UPDATE_SCHEMA=1 cargo test --test it schema_graphql_is_current"
    );
}

/// Words that stand in for a technical term, and phrases of everyday speech.
const UNWANTED: [&str; 37] = [
    "told",
    "tell",
    "tells",
    "telling",
    "who asks",
    "whoever",
    "whom",
    "is asked",
    "asked for",
    "was asked",
    "goes in",
    "comes in",
    "came in",
    "comes out",
    "came out",
    "comes back",
    "comes to be",
    "came of",
    "comes to",
    "stands for",
    "stand for",
    "where it stands",
    "put away",
    "goes first",
    "goes before",
    "parted with",
    "taken",
    "took",
    "at hand",
    "left out",
    "for people",
    "a person's words",
    "for ever",
    "worked out",
    "how many",
    "turned on",
    "turned off",
];

#[test]
fn everything_has_a_description() {
    let bare: Vec<String> = descriptions(&definitions())
        .into_iter()
        .filter(|(_, text)| text.trim().is_empty())
        .map(|(path, _)| path)
        .collect();
    assert!(bare.is_empty(), "without a description: {}", bare.join(", "));
    // The walk visits every kind of element.
    let sample = "type A { a(b: Int): Int } input B { c: Int } enum C { D } union E = A interface F { g: Int } scalar H";
    let paths: Vec<String> = descriptions(sample).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["A", "A.a", "A.a(b)", "B", "B.c", "C", "C.D", "E", "F", "F.g", "H"]);
}

#[test]
fn descriptions_are_sentences_in_technical_terms() {
    let mut described = descriptions(&definitions());
    described.push(("schema".to_owned(), DESCRIPTION.to_owned()));
    for (path, text) in described {
        assert!(text.ends_with('.'), "{path} is not a sentence: {text}");
        assert!(text.starts_with(|first: char| !first.is_lowercase()), "{path} starts in lower case: {text}");
        let unwanted = unwanted(&text);
        assert!(unwanted.is_empty(), "{path} says {unwanted:?}: {text}");
    }
    assert_eq!(unwanted("It is told, or taken: undertaken."), ["told", "taken"]);
}

#[test]
fn custom_scalars_name_their_specification() {
    let sdl = definitions();
    let scalars: Vec<&str> = sdl.lines().filter(|line| line.starts_with("scalar ")).collect();
    assert_eq!(scalars.len(), 5, "{scalars:?}");
    for scalar in scalars {
        assert!(scalar.contains(" @specifiedBy(url: \"https://"), "{scalar}");
    }
}

#[tokio::test]
async fn the_schema_says_what_it_is() {
    let text = sdl();
    assert!(
        text.contains(&format!("\"\"\"\n{DESCRIPTION}\n\"\"\"\nschema {{\n\tquery: Query\n")),
        "in the SDL"
    );
    let app = TestApp::start(Backend::Sqlite, "2026-08-31").await;
    let data = app.ok("{ __schema { description types { name specifiedByURL } } }", Value::Null).await;
    assert_eq!(data["__schema"]["description"], DESCRIPTION);
    let types = data["__schema"]["types"].as_array().expect("types");
    let specified = types.iter().filter(|one| !one["specifiedByURL"].is_null());
    let names: Vec<&str> = specified.filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["Date", "DateTime", "Decimal", "EventNumber", "JSON"]);
}

/// The unwanted words that a text contains as whole words.
fn unwanted(text: &str) -> Vec<&'static str> {
    let words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric() && c != '\'').map(str::to_lowercase).collect();
    let text = format!(" {} ", words.join(" "));
    UNWANTED.into_iter().filter(|phrase| text.contains(&format!(" {phrase} "))).collect()
}

/// Path and description of everything in the schema, in the order of the text.
fn descriptions(sdl: &str) -> Vec<(String, String)> {
    let document = async_graphql_parser::parse_schema(sdl).expect("the SDL is GraphQL");
    let mut found = Vec::new();
    let mut add = |description: Option<&Positioned<String>>, path: String| {
        found.push((path, description.map_or_else(String::new, |text| text.node.clone())));
    };
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let (name, description) = (&definition.node.name.node, &definition.node.description);
        add(description.as_ref(), name.to_string());
        let mut fields = |fields: &[Positioned<FieldDefinition>]| {
            for Positioned { node: field, .. } in fields {
                add(field.description.as_ref(), format!("{name}.{}", field.name));
                for argument in &field.arguments {
                    let path = format!("{name}.{}({})", field.name, argument.node.name);
                    add(argument.node.description.as_ref(), path);
                }
            }
        };
        match &definition.node.kind {
            TypeKind::Object(object) => fields(&object.fields),
            TypeKind::Interface(interface) => fields(&interface.fields),
            TypeKind::InputObject(input) => {
                for Positioned { node: InputValueDefinition { name: field, description, .. }, .. } in
                    &input.fields
                {
                    add(description.as_ref(), format!("{name}.{field}"));
                }
            }
            TypeKind::Enum(values) => {
                for Positioned { node: value, .. } in &values.values {
                    add(value.description.as_ref(), format!("{name}.{}", value.value));
                }
            }
            TypeKind::Scalar | TypeKind::Union(_) => {}
        }
    }
    found
}
