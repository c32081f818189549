//! The schema's own description in responses to introspection.
//!
//! The library answers `__schema { description }` with a text about GraphQL schemas in general. An extension could
//! replace it, but it would run for every field of every request. The response keys of such fields are collected
//! when a document is prepared instead, and their values are set in the response. All other requests skip this.

use std::sync::Arc;

use async_graphql::{Name, Response, Value};

/// Response keys of the fields `__schema` and `description` within it, for each description that an operation selects.
pub(crate) type Keys = Arc<[(Name, Name)]>;

/// The description of a schema, and the places of a response that hold it.
#[derive(Clone, Debug)]
pub struct SchemaDescription {
    text: &'static str,
    keys: Keys,
}

impl SchemaDescription {
    /// Nothing for an operation that does not select the description.
    pub(crate) fn new(text: &'static str, keys: &Keys) -> Option<Self> {
        (!keys.is_empty()).then(|| Self { text, keys: Arc::clone(keys) })
    }

    /// Sets the description in a response. A place that `@skip` or `@include` leaves out remains absent.
    pub fn set(&self, response: &mut Response) {
        let Value::Object(data) = &mut response.data else { return };
        for (schema, description) in &*self.keys {
            if let Some(Value::Object(schema)) = data.get_mut(schema)
                && let Some(value) = schema.get_mut(description)
            {
                *value = Value::from(self.text);
            }
        }
    }
}
