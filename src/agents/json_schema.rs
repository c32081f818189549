//! JSON Schema of a tool's arguments, derived from the types of its document's variables.

use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::schema::{ExtendedType, InputObjectType};
use serde_json::{Map, Value, json};

/// The schema of a value of a type of the GraphQL schema.
pub(super) fn of_type(schema: &Schema, ty: &Type, description: Option<&str>) -> Map<String, Value> {
    let mut object = match ty {
        Type::List(item) | Type::NonNullList(item) => {
            let mut list = Map::new();
            list.insert("type".to_owned(), json!("array"));
            list.insert("items".to_owned(), Value::Object(of_type(schema, item, None)));
            list
        }
        Type::Named(name) | Type::NonNullNamed(name) => of_named(schema, name),
    };
    if !ty.is_non_null() {
        accept_null(&mut object);
    }
    let own = object.get("description").and_then(Value::as_str);
    let description = match (description, own) {
        // What the argument means, and what its type accepts.
        (Some(meaning), Some(form)) if is_scalar(schema, ty) => Some(format!("{meaning} {form}")),
        (Some(meaning), _) => Some(meaning.to_owned()),
        (None, form) => form.map(str::to_owned),
    };
    if let Some(description) = description {
        object.insert("description".to_owned(), Value::from(on_one_line(&description)));
    }
    object
}

/// The properties of an input object, but for some, and the names of those that are required.
pub(super) fn properties(
    schema: &Schema,
    object: &InputObjectType,
    is_hidden: impl Fn(&str) -> bool,
) -> (Map<String, Value>, Vec<Value>) {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, field) in object.fields.iter().filter(|(name, _)| !is_hidden(name)) {
        let property = of_type(schema, &field.ty, field.description.as_deref());
        let property = with_default(property, field.default_value.as_deref());
        properties.insert(name.to_string(), Value::Object(property));
        if field.is_required() {
            required.push(Value::from(name.as_str()));
        }
    }
    (properties, required)
}

/// Adds the value that an argument has when it is left out.
pub(super) fn with_default(
    mut property: Map<String, Value>,
    default: Option<&apollo_compiler::ast::Value>,
) -> Map<String, Value> {
    use apollo_compiler::ast::Value as Literal;
    let default = match default {
        Some(Literal::Int(number)) => number.as_str().parse::<i64>().ok().map(Value::from),
        Some(Literal::Boolean(value)) => Some(Value::from(*value)),
        Some(Literal::String(text)) => Some(Value::from(text.as_str())),
        Some(Literal::Enum(name)) => Some(Value::from(name.as_str())),
        _ => None,
    };
    if let Some(default) = default {
        property.insert("default".to_owned(), default);
    }
    property
}

fn of_named(schema: &Schema, name: &str) -> Map<String, Value> {
    let value = match (name, schema.types.get(name)) {
        ("Int", _) => json!({ "type": "integer", "minimum": i32::MIN, "maximum": i32::MAX }),
        ("Float", _) => json!({ "type": "number" }),
        ("Boolean", _) => json!({ "type": "boolean" }),
        ("String" | "ID", _) => json!({ "type": "string" }),
        ("Date", _) => json!({ "type": "string", "format": "date", "description": "As YYYY-MM-DD." }),
        ("DateTime", _) => {
            json!({ "type": "string", "format": "date-time", "description": "With its offset, such as 2026-01-31T12:00:00Z." })
        }
        ("Decimal", _) => {
            json!({ "type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "description": "As a string, such as \"12.50\"." })
        }
        ("EventNumber", _) => json!({ "type": "integer", "minimum": 0 }),
        ("JSON", _) => json!({ "type": "object" }),
        (_, Some(ExtendedType::Enum(it))) => {
            json!({ "type": "string", "enum": it.values.keys().map(apollo_compiler::Name::as_str).collect::<Vec<_>>() })
        }
        (_, Some(ExtendedType::InputObject(object))) => {
            let (properties, required) = properties(schema, object, |_| false);
            let mut value =
                json!({ "type": "object", "properties": properties, "additionalProperties": false });
            if object.directives.has("oneOf") {
                value["minProperties"] = json!(1);
                value["maxProperties"] = json!(1);
                value["description"] = json!("Exactly one of its properties.");
            }
            if !required.is_empty() {
                value["required"] = Value::from(required);
            }
            value
        }
        // A scalar without a rule here: GraphQL checks it.
        _ => json!({}),
    };
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn is_scalar(schema: &Schema, ty: &Type) -> bool {
    !ty.is_list() && matches!(schema.types.get(ty.inner_named_type()), Some(ExtendedType::Scalar(_)))
}

fn accept_null(object: &mut Map<String, Value>) {
    if let Some(Value::String(name)) = object.get("type") {
        let types = json!([name, "null"]);
        object.insert("type".to_owned(), types);
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.push(Value::Null);
    }
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
