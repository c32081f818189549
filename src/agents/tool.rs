//! Tools, each defined by a GraphQL document.
//!
//! A file `tools/name.graphql` begins with comments: `title:`, for a query `needs:` with the operations of
//! [`crate::access`] that a caller needs a right to, and the description. The arguments of the tool are the variables of
//! the document; those of a variable `$input` are the fields of its type. Nothing but the document says what a tool
//! does, and the server executes it like one that a client sent.

use std::collections::BTreeSet;
use std::sync::Arc;

use apollo_compiler::ast::{OperationType, Type, Value as Literal};
use apollo_compiler::executable::{Operation, Selection, SelectionSet};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use rmcp::model::JsonObject;
use serde_json::{Map, Value, json};

use super::json_schema;

/// The variable whose fields are arguments of the tool.
const INPUT: &str = "input";
/// Fields of an input that the server sets: they make up the two steps of a change.
pub(super) const PREVIEW: &str = "preview";
/// The key by which a confirmed change is made once.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotencyKey";
/// The argument with which a change is confirmed.
pub(super) const CONFIRMATION: &str = "confirmation";

/// A tool.
#[derive(Debug)]
pub struct Tool {
    /// Its name, that of its file.
    pub name: String,
    /// What a person calls it.
    pub title: String,
    /// What it does, for the model that chooses among tools.
    pub description: String,
    /// Names of the operations that a caller needs a right to, for a query.
    pub needs: Vec<String>,
    /// The mutation that it runs, unless it is a query.
    pub mutation: Option<String>,
    /// The document, with the fragments that it uses.
    pub document: String,
    /// Whether the mutation takes an idempotency key; others are idempotent by what they record.
    pub(super) takes_key: bool,
    /// JSON Schema of the arguments.
    pub(super) schema: Arc<JsonObject>,
    /// Variables of the document, but for `input`.
    variables: BTreeSet<String>,
    /// Fields of `input`; none without that variable.
    input_fields: Option<BTreeSet<String>>,
}

impl Tool {
    /// Reads a tool from its file, and derives its arguments.
    ///
    /// # Errors
    /// What is wrong with the file, in one line.
    pub(super) fn read(
        schema: &Valid<Schema>,
        name: &str,
        text: &str,
        fragment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let Header { title, needs, description } = Header::read(text)?;
        let document = with_fragments(text, fragment);
        let parsed = ExecutableDocument::parse_and_validate(schema, &document, format!("{name}.graphql"))
            .map_err(|invalid| invalid.errors.to_string())?;
        let operation = parsed.operations.get(None).map_err(|_| "it must have one operation".to_owned())?;
        let mutation = match operation.operation_type {
            OperationType::Mutation => {
                let root = operation.root_fields(&parsed).next();
                Some(root.ok_or("it has no field")?.name.to_string())
            }
            _ => None,
        };
        let mut tool = Self {
            name: name.to_owned(),
            title,
            description,
            needs,
            mutation,
            document: String::new(),
            takes_key: false,
            schema: Arc::default(),
            variables: BTreeSet::new(),
            input_fields: None,
        };
        tool.derive_arguments(schema, operation)?;
        if tool.mutation.is_none() == tool.needs.is_empty() {
            return Err("a query needs the names of rights, and a mutation has its own".to_owned());
        }
        tool.document = document;
        Ok(tool)
    }

    fn derive_arguments(&mut self, schema: &Valid<Schema>, operation: &Operation) -> Result<(), String> {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for variable in &operation.variables {
            let name = variable.name.as_str();
            let object = schema.get_input_object(variable.ty.inner_named_type());
            if let Some(object) = object.filter(|_| name == INPUT) {
                let is_hidden =
                    |name: &str| self.mutation.is_some() && [PREVIEW, IDEMPOTENCY_KEY].contains(&name);
                let (fields, needed) = json_schema::properties(schema, object, is_hidden);
                self.takes_key = object.fields.contains_key(IDEMPOTENCY_KEY);
                if self.mutation.is_some() && !object.fields.contains_key(PREVIEW) {
                    return Err("its mutation has no preview".to_owned());
                }
                self.input_fields = Some(fields.keys().cloned().collect());
                properties.extend(fields);
                required.extend(needed);
                continue;
            }
            let description = description_of(schema, &operation.selection_set, name);
            let property = json_schema::of_type(schema, &variable.ty, description.as_deref());
            let property = json_schema::with_default(property, variable.default_value.as_deref());
            if properties.insert(name.to_owned(), Value::Object(property)).is_some() {
                return Err(format!("${name} has the name of a field of $input"));
            }
            if variable.ty.is_non_null() && variable.default_value.is_none() {
                required.push(Value::from(name));
            }
            self.variables.insert(name.to_owned());
        }
        if self.mutation.is_some() {
            if self.input_fields.is_none() {
                return Err("a mutation must take $input".to_owned());
            }
            let about = "Confirms the change: the confirmation that the preview returned, with otherwise the same \
                         arguments. Leave it out to get the preview.";
            properties.insert(CONFIRMATION.to_owned(), json!({ "type": "string", "description": about }));
        }
        let mut arguments = Map::new();
        arguments.insert("type".to_owned(), json!("object"));
        arguments.insert("properties".to_owned(), Value::Object(properties));
        if !required.is_empty() {
            arguments.insert("required".to_owned(), Value::Array(required));
        }
        arguments.insert("additionalProperties".to_owned(), json!(false));
        self.schema = Arc::new(arguments);
        Ok(())
    }

    /// Turns arguments into variables of the document.
    ///
    /// # Errors
    /// An argument that the tool does not have.
    pub(super) fn variables(&self, arguments: JsonObject) -> Result<JsonObject, String> {
        let (mut variables, mut input) = (Map::new(), Map::new());
        for (name, value) in arguments {
            if self.variables.contains(&name) {
                variables.insert(name, value);
            } else if self.input_fields.as_ref().is_some_and(|fields| fields.contains(&name)) {
                input.insert(name, value);
            } else {
                let known = self.variables.iter().chain(self.input_fields.iter().flatten());
                let known = known.map(String::as_str).collect::<Vec<_>>().join(", ");
                let name: String = name.chars().take(100).collect();
                return Err(format!("The tool {} has no argument {name:?}; it accepts: {known}.", self.name));
            }
        }
        if self.input_fields.is_some() {
            variables.insert(INPUT.to_owned(), Value::Object(input));
        }
        Ok(variables)
    }

    /// Sets what makes up the two steps of a change.
    pub(super) fn set_step(&self, variables: &mut JsonObject, is_preview: bool, key: &str) {
        if let Some(Value::Object(input)) = variables.get_mut(INPUT) {
            input.insert(PREVIEW.to_owned(), Value::from(is_preview));
            if self.takes_key {
                input.insert(IDEMPOTENCY_KEY.to_owned(), Value::from(key));
            }
        }
    }
}

/// The comments at the beginning of a file.
pub(super) struct Header {
    pub(super) title: String,
    /// A list, separated by commas.
    pub(super) needs: Vec<String>,
    pub(super) description: String,
}

impl Header {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let (mut title, mut needs, mut description) = (None, Vec::new(), Vec::new());
        for line in text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim) {
            match line.split_once(": ") {
                Some(("title", text)) => title = Some(text.to_owned()),
                Some(("needs", text)) => needs = text.split(',').map(|one| one.trim().to_owned()).collect(),
                _ => description.push(line),
            }
        }
        let title = title.ok_or("it has no title")?;
        if description.is_empty() {
            return Err("it has no description".to_owned());
        }
        Ok(Self { title, needs, description: description.join(" ") })
    }
}

/// Adds the fragments that a document spreads, and that these spread.
fn with_fragments(text: &str, fragment: impl Fn(&str) -> Option<String>) -> String {
    let (mut document, mut known) = (text.to_owned(), BTreeSet::new());
    let is_name = |c: char| c.is_ascii_alphanumeric();
    while let Some((name, text)) = document.split("...").skip(1).find_map(|rest| {
        let name: String = rest.chars().take_while(|c| is_name(*c)).collect();
        if known.contains(&name) { None } else { fragment(&name).map(|text| (name, text)) }
    }) {
        document.push_str(&text);
        known.insert(name);
    }
    document
}

/// The description of the argument, or the field of an input, that a variable is the value of.
fn description_of(schema: &Schema, set: &SelectionSet, variable: &str) -> Option<String> {
    set.selections.iter().find_map(|selection| match selection {
        Selection::Field(field) => {
            let own = field.arguments.iter().find_map(|argument| {
                let definition = field.definition.argument_by_name(&argument.name)?;
                let about = definition.description.as_deref();
                described(schema, &argument.value, &definition.ty, about, variable)
            });
            own.or_else(|| description_of(schema, &field.selection_set, variable))
        }
        Selection::InlineFragment(inline) => description_of(schema, &inline.selection_set, variable),
        Selection::FragmentSpread(_) => None,
    })
}

fn described(
    schema: &Schema,
    value: &Literal,
    ty: &Type,
    about: Option<&str>,
    variable: &str,
) -> Option<String> {
    match value {
        Literal::Variable(name) if name == variable => about.map(str::to_owned),
        Literal::Object(fields) => {
            let object = schema.get_input_object(ty.inner_named_type())?;
            fields.iter().find_map(|(name, value)| {
                let field = object.fields.get(name)?;
                described(schema, value, &field.ty, field.description.as_deref(), variable)
            })
        }
        _ => None,
    }
}
