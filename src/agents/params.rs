//! What is wrong with the parameters of a request.
//!
//! The SDK takes a request of a known method whose parameters it can't read for one of an unknown method.

use serde_json::{Map, Value, json};

/// What a parameter has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Object,
}

impl Form {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Object => value.is_object(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Object => "an object",
        }
    }
}

/// A parameter: its path, its form, whether it has to be there.
type Param = (&'static [&'static str], Form, bool);

const CURSOR: &[Param] = &[(&["cursor"], Form::Text, false)];
const NAMED: &[Param] = &[(&["name"], Form::Text, true), (&["arguments"], Form::Object, false)];
/// The methods that the server has, each with its parameters.
const METHODS: [(&str, &[Param]); 8] = [
    (
        "initialize",
        &[
            (&["protocolVersion"], Form::Text, true),
            (&["capabilities"], Form::Object, true),
            (&["clientInfo"], Form::Object, true),
            (&["clientInfo", "name"], Form::Text, true),
            (&["clientInfo", "version"], Form::Text, true),
        ],
    ),
    ("ping", &[]),
    ("tools/list", CURSOR),
    ("tools/call", NAMED),
    ("resources/list", CURSOR),
    ("resources/read", &[(&["uri"], Form::Text, true)]),
    ("prompts/list", CURSOR),
    ("prompts/get", NAMED),
];

/// Says what is wrong with the parameters of a method, which the SDK could not read; none if the server does not have the
/// method.
pub(super) fn problem(method: &str, params: Option<&Value>) -> Option<String> {
    let is_known = METHODS.iter().any(|(name, _)| *name == method);
    let other = || {
        let given = params.and_then(Value::as_object).into_iter().flat_map(Map::keys);
        let names: Vec<String> = given.map(|name| format!("{name:?}")).collect();
        format!("A parameter of {method} is not what the protocol has there: {}.", names.join(", "))
    };
    is_known.then(|| known_problem(method, params).unwrap_or_else(other))
}

/// Says which parameter of a method is missing or of another form; none if all that are known are as they should be. The
/// SDK takes some of them for left out.
fn known_problem(method: &str, params: Option<&Value>) -> Option<String> {
    let (_, known) = METHODS.iter().find(|(name, _)| *name == method)?;
    let none = Map::new();
    let given = match params {
        None => &none,
        Some(Value::Object(given)) => given,
        Some(_) => return Some(format!("The parameters (params) of {method} have to be an object.")),
    };
    let wrong = known.iter().find_map(|(path, form, is_required)| {
        let value = path.iter().try_fold(None::<&Value>, |outer, name| {
            let inner = outer.map_or_else(|| given.get(*name), |outer| outer.get(*name));
            inner.map(Some)
        });
        let name = path.join(".");
        match value.flatten() {
            Some(Value::Null) if !is_required => None,
            Some(value) if form.fits(value) => None,
            Some(_) => Some(format!("The parameter {name:?} of {method} has to be {}.", form.words())),
            None if *is_required => Some(format!("The method {method} needs the parameter {name:?}.")),
            None => None,
        }
    });
    let meta = given.get("_meta").filter(|meta| !meta.is_object());
    let meta = meta.map(|_| format!("The parameter \"_meta\" of {method} has to be an object."));
    wrong.or(meta)
}

/// The answer to a request of a known method with a parameter that is missing or of another form, and to whatever request
/// of one the SDK can't read.
#[must_use]
pub fn answer(body: &[u8], is_readable: bool) -> Option<Value> {
    let message: Value = serde_json::from_slice(body).ok()?;
    let id = message.get("id").filter(|id| id.is_string() || id.is_i64())?;
    let method = message.get("method")?.as_str().filter(|_| message["jsonrpc"] == "2.0")?;
    let params = message.get("params");
    let problem = if is_readable { known_problem(method, params)? } else { problem(method, params)? };
    Some(json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32602, "message": problem } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wrong_parameter_is_named() {
        // method, parameters, what is said
        let table = [
            ("tools/call", json!({ "name": 5 }), "The parameter \"name\" of tools/call has to be a string."),
            ("tools/call", json!({}), "The method tools/call needs the parameter \"name\"."),
            (
                "tools/call",
                json!({ "name": "x", "arguments": [] }),
                "The parameter \"arguments\" of tools/call has to be an object.",
            ),
            ("tools/call", json!(["x"]), "The parameters (params) of tools/call have to be an object."),
            (
                "resources/read",
                json!({ "uri": null }),
                "The parameter \"uri\" of resources/read has to be a string.",
            ),
            (
                "prompts/get",
                json!({ "arguments": {} }),
                "The method prompts/get needs the parameter \"name\".",
            ),
            (
                "tools/list",
                json!({ "cursor": 1 }),
                "The parameter \"cursor\" of tools/list has to be a string.",
            ),
            (
                "initialize",
                json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "x" } }),
                "The method initialize needs the parameter \"clientInfo.version\".",
            ),
            ("ping", json!({ "_meta": 1 }), "The parameter \"_meta\" of ping has to be an object."),
            (
                "tools/call",
                json!({ "name": "x", "requestState": 7 }),
                "A parameter of tools/call is not what the protocol has there: \"name\", \"requestState\".",
            ),
        ];
        for (method, params, expected) in table {
            assert_eq!(problem(method, Some(&params)).as_deref(), Some(expected), "{method} {params}");
        }
        assert_eq!(
            problem("resources/read", None).as_deref(),
            Some("The method resources/read needs the parameter \"uri\".")
        );
        assert_eq!(problem("tools/explode", Some(&json!({}))), None);
    }
}
