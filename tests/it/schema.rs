//! The contract as text: it is what is checked in, and everything in it is described.

use async_graphql_parser::Positioned;
use async_graphql_parser::types::{FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");

#[test]
fn schema_graphql_is_current() {
    let built = partner_program::graphql::schema::sdl();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(PATH, &built).expect("schema.graphql can be written");
    }
    let stored = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(
        stored == built,
        "schema.graphql is not what the code says: UPDATE_SCHEMA=1 cargo test --test it schema_graphql_is_current"
    );
}

#[test]
fn everything_has_a_description() {
    let bare = undescribed(&partner_program::graphql::schema::sdl());
    assert!(bare.is_empty(), "without a description: {}", bare.join(", "));
    // The walk sees what has none.
    let sample = "type A { a(b: Int): Int } input B { c: Int } enum C { D } union E = A interface F { g: Int } scalar H";
    let bare = undescribed(sample);
    assert_eq!(bare, ["A", "A.a", "A.a(b)", "B", "B.c", "C", "C.D", "E", "F", "F.g", "H"]);
}

/// Paths of everything in the schema that has no description.
fn undescribed(sdl: &str) -> Vec<String> {
    let document = async_graphql_parser::parse_schema(sdl).expect("the SDL is GraphQL");
    let mut bare = Vec::new();
    let mut check = |description: Option<&Positioned<String>>, path: String| {
        if description.is_none_or(|text| text.node.trim().is_empty()) {
            bare.push(path);
        }
    };
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let (name, description) = (&definition.node.name.node, &definition.node.description);
        check(description.as_ref(), name.to_string());
        let mut fields = |fields: &[Positioned<FieldDefinition>]| {
            for Positioned { node: field, .. } in fields {
                check(field.description.as_ref(), format!("{name}.{}", field.name));
                for argument in &field.arguments {
                    let path = format!("{name}.{}({})", field.name, argument.node.name);
                    check(argument.node.description.as_ref(), path);
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
                    check(description.as_ref(), format!("{name}.{field}"));
                }
            }
            TypeKind::Enum(values) => {
                for Positioned { node: value, .. } in &values.values {
                    check(value.description.as_ref(), format!("{name}.{}", value.value));
                }
            }
            TypeKind::Scalar | TypeKind::Union(_) => {}
        }
    }
    bare
}
