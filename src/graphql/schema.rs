//! The schema and its text.

use async_graphql::{SDLExportOptions, Schema, SchemaBuilder};

pub use super::mutations::Mutation;
pub use super::query::Query;
pub use super::subscription::SubscriptionRoot;

/// Description of the schema as a whole, in Markdown.
pub const DESCRIPTION: &str = include_str!("schema.md").trim_ascii_end();

/// The schema. It holds no services: each request brings those of its caller. Limits stand before it,
/// in [`super::documents`].
#[must_use]
pub fn builder() -> SchemaBuilder<Query, Mutation, SubscriptionRoot> {
    Schema::build(Query::default(), Mutation::default(), SubscriptionRoot)
}

/// The schema as text, as published: with the specifications of custom scalars and its own description.
#[must_use]
pub fn sdl() -> String {
    described(&definitions())
}

/// The schema as text, as the library writes it. Its parser accepts no description of the schema itself.
#[must_use]
pub fn definitions() -> String {
    builder().finish().sdl_with_options(SDLExportOptions::new().include_specified_by())
}

/// Adds the description to the schema definition, which is the last of the definitions.
#[must_use]
pub fn described(definitions: &str) -> String {
    let start = definitions.rfind("schema {").unwrap_or(definitions.len());
    let (types, schema) = definitions.split_at(start);
    format!("{types}\"\"\"\n{DESCRIPTION}\n\"\"\"\n{schema}")
}

#[cfg(test)]
mod tests {
    use async_graphql_parser::types::{TypeKind, TypeSystemDefinition};

    use super::*;
    use crate::access::Caller;
    use crate::graphql::permissions::{mutations, operation};

    #[test]
    fn every_mutation_has_its_operation() {
        let document = async_graphql_parser::parse_schema(definitions()).expect("the SDL is GraphQL");
        let listed = mutations(&Caller::system("test"));
        let mut count = 0;
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let TypeKind::Object(object) = definition.node.kind else { continue };
            if definition.node.name.node != "Mutation" {
                continue;
            }
            for field in object.fields {
                let name = &field.node.name.node;
                assert!(operation(name).is_some(), "{name} has no operation in this table");
                assert!(listed.contains(&&**name), "{name} is not listed");
                count += 1;
            }
        }
        assert_eq!(count, listed.len(), "{listed:?}");
    }
}
