//! Agents: tools, resources and prompts of the Model Context Protocol.
//!
//! A tool is a GraphQL document of the server ([`tool`]). It is executed by the endpoint that received the request
//! ([`session`]), like a document that a client sent: nothing here reads or changes anything in another way. A tool that
//! changes something takes two steps, a preview and its confirmation ([`confirmation`]). No state is kept between
//! requests.

pub mod confirmation;
mod json_schema;
pub mod params;
mod prompt;
mod server;
pub mod session;
pub mod tool;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use apollo_compiler::Schema;
use apollo_compiler::validation::Valid;
use rust_embed::RustEmbed;

use crate::clock::Clock;
use confirmation::Confirmations;
use prompt::Prompt;
use tool::Tool;

pub use server::AgentServer;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/src/agents/tools"]
struct Tools;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/src/agents/fragments"]
struct Fragments;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/src/agents/prompts"]
struct Prompts;

/// The rules of the program in prose.
const RULES: &str = include_str!("../docs/rules.md");
/// The name of the document that reads the edition in force.
const EDITION: &str = "resource edition";
/// The document that reads the edition in force.
const EDITION_DOCUMENT: &str = "query Edition { edition { name effectiveFrom document } }";

/// What agents may use, and how they confirm changes.
#[derive(Debug)]
pub struct Agents {
    tools: &'static [Tool],
    prompts: &'static [Prompt],
    /// The schema in SDL, unless the server keeps it to itself.
    sdl: Option<String>,
    confirmations: Confirmations,
    clock: Clock,
}

/// The tools and prompts of the product: they depend on its schema alone, and are read once in a process.
static DEFINITIONS: OnceLock<Result<Definitions, String>> = OnceLock::new();

type Definitions = (Vec<Tool>, Vec<Prompt>);

impl Agents {
    /// Reads the tools and prompts of the product, whose schema this must be.
    ///
    /// # Errors
    /// A file that is wrong, with its name.
    pub fn new(
        schema: &Valid<Schema>,
        sdl: Option<String>,
        confirmations: Confirmations,
        clock: Clock,
    ) -> Result<Self, String> {
        let definitions = DEFINITIONS.get_or_init(|| Ok((read_tools(schema)?, read_prompts()?)));
        let (tools, prompts) = definitions.as_ref().map_err(Clone::clone)?;
        Ok(Self { tools, prompts, sdl, confirmations, clock })
    }

    /// The tools, by name.
    #[must_use]
    pub fn tools(&self) -> &[Tool] {
        self.tools
    }

    /// The documents that agents let the server execute, by name.
    pub fn documents(&self) -> impl Iterator<Item = (String, String)> {
        let tools = self.tools.iter().map(|tool| (tool.name.clone(), tool.document.clone()));
        tools.chain([(EDITION.to_owned(), EDITION_DOCUMENT.to_owned())])
    }

    fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }
}

fn read_tools(schema: &Valid<Schema>) -> Result<Vec<Tool>, String> {
    let fragment = |name: &str| {
        let file = Fragments::get(&format!("{name}.graphql"))?;
        Some(text(&file.data))
    };
    let tools = files::<Tools>(".graphql").map(|(name, text)| {
        Tool::read(schema, &name, &text, fragment).map_err(|problem| format!("the tool {name}: {problem}"))
    });
    tools.collect()
}

fn read_prompts() -> Result<Vec<Prompt>, String> {
    let prompts = files::<Prompts>(".md").map(|(name, text)| {
        Prompt::read(&name, &text).map_err(|problem| format!("the prompt {name}: {problem}"))
    });
    prompts.collect()
}

/// The files of a folder by name, without their extension.
fn files<F: RustEmbed>(extension: &'static str) -> impl Iterator<Item = (String, String)> {
    let mut names: Vec<Cow<'static, str>> = F::iter().collect();
    names.sort_unstable();
    names.into_iter().filter_map(move |path| {
        let name = path.strip_suffix(extension)?.to_owned();
        Some((name, text(&F::get(&path)?.data)))
    })
}

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

/// Shared by the requests of a process.
pub(crate) type SharedAgents = Arc<Agents>;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::access::{Caller, Operation};
    use crate::graphql::permissions;
    use crate::graphql::schema::definitions;
    use crate::graphql::schema_types::{SchemaTypes, api_scalars};

    fn agents() -> Agents {
        let types = SchemaTypes::from_sdl(&definitions(), &api_scalars()).expect("the schema");
        let confirmations = Confirmations::new(*b"secret", Duration::from_mins(10));
        let clock = Clock::new(chrono_tz::UTC, None);
        Agents::new(types.schema(), None, confirmations, clock).expect("tools")
    }

    #[test]
    fn every_tool_names_rights_that_there_are() {
        let agents = agents();
        assert!(agents.tools().len() >= 30, "{} tools", agents.tools().len());
        let changes = permissions::mutations(&Caller::system("test"));
        for tool in agents.tools() {
            let reads = |name: &str| Operation::ALL.iter().any(|it| !it.is_change() && it.name() == name);
            assert!(tool.needs.iter().all(|name| reads(name)), "{}: {:?}", tool.name, tool.needs);
            if let Some(mutation) = &tool.mutation {
                assert!(changes.contains(&mutation.as_str()), "{}", tool.name);
                let properties = &tool.schema["properties"];
                assert!(properties.get("preview").is_none() && properties.get("idempotencyKey").is_none());
                // What has no key is idempotent by its natural key.
                assert!(tool.takes_key || properties.get("externalId").is_some(), "{}", tool.name);
            }
        }
        for prompt in agents.prompts {
            assert!(prompt.tools.iter().all(|name| agents.tool(name).is_some()), "{}", prompt.name);
            let arguments =
                prompt.arguments.iter().map(|(name, _)| (name.clone(), Value::from("X"))).collect();
            let text = prompt.fill(&arguments).expect("a text");
            assert!(!text.contains('{') && !text.is_empty(), "{text}");
        }
    }

    #[test]
    fn arguments_follow_from_the_types_of_variables() {
        let agents = agents();
        let tool = |name: &str| agents.tool(name).expect(name);
        let schema = Value::Object((*tool("path_to_level").schema).clone());
        assert_eq!(schema["required"], json!(["partner", "track"]));
        assert_eq!(
            schema["properties"]["partner"],
            json!({ "type": "string", "description": "Code of the partner." })
        );
        assert_eq!(schema["properties"]["track"]["enum"], json!(["TECHNICAL", "BUSINESS"]));
        assert_eq!(schema["properties"]["first"]["default"], 3);
        let by = &schema["properties"]["by"];
        assert_eq!((&by["type"], &by["format"]), (&json!(["string", "null"]), &json!("date")));
        assert!(by["description"].as_str().expect("a text").ends_with(" As YYYY-MM-DD."), "{by}");
        let schema = Value::Object((*tool("record_activity").schema).clone());
        assert_eq!(schema["required"], json!(["subject", "kind", "occurredOn", "source", "externalId"]));
        let subject = &schema["properties"]["subject"];
        assert_eq!((&subject["minProperties"], &subject["maxProperties"]), (&json!(1), &json!(1)));
        assert!(schema["properties"]["confirmation"].is_object());
        for tool in agents.tools() {
            for (name, property) in tool.schema["properties"].as_object().expect("properties") {
                assert!(
                    property["description"].as_str().is_some(),
                    "{}: {name} has no description",
                    tool.name
                );
            }
        }
    }

    #[test]
    fn arguments_become_variables() {
        let agents = agents();
        let object = |value: Value| value.as_object().cloned().expect("an object");
        let tool = agents.tool("try_draft").expect("a tool");
        let variables = tool.variables(object(json!({ "first": 5, "document": "x" }))).expect("variables");
        assert_eq!(Value::Object(variables), json!({ "first": 5, "input": { "document": "x" } }));
        let refused = tool.variables(object(json!({ "frist": 5 }))).expect_err("a name that there is not");
        assert_eq!(
            refused,
            "The tool try_draft has no argument \"frist\"; it accepts: first, document, draft, effectiveFrom, on."
        );
        let tool = agents.tool("void_activity").expect("a tool");
        // The server alone sets the step.
        for name in ["preview", "idempotencyKey", "confirmation", "input"] {
            assert!(tool.variables(object(json!({ name: true }))).is_err(), "{name}");
        }
        let mut variables = tool.variables(object(json!({ "activityId": "a" }))).expect("variables");
        tool.set_step(&mut variables, true, "k");
        let expected = json!({ "input": { "activityId": "a", "preview": true, "idempotencyKey": "k" } });
        assert_eq!(Value::Object(variables), expected);
    }
}
