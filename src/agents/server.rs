//! The methods of the protocol.

use rmcp::ServerHandler;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CustomRequest,
    CustomResult, ErrorCode, ErrorData, GetPromptRequestParams, GetPromptResponse, GetPromptResult,
    Implementation, JsonObject, ListPromptsResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, PromptArgument, PromptMessage, ReadResourceRequestParams, ReadResourceResponse,
    ReadResourceResult, Resource, ResourceContents, Role, ServerCapabilities, ServerConfig, ToolAnnotations,
};
use rmcp::service::{NotificationContext, RequestContext, RoleServer};
use serde_json::{Value, json};

use super::confirmation::{Change, Confirmation};
use super::params;
use super::session::Session;
use super::tool::{CONFIRMATION, Tool};
use super::{EDITION, RULES, SharedAgents};

/// What agents read first.
const INSTRUCTIONS: &str = "Tools of a vendor's partner program. They have the rights of the key that this connection \
    uses; start with who_am_i. A tool that changes something takes two steps: without a confirmation it returns a \
    preview with every effect and changes nothing; show the preview to the person that you work for, and only with \
    their consent call the tool again with the same arguments and the confirmation. Amounts of credits and points are \
    whole numbers, money is a decimal string with its currency, dates are YYYY-MM-DD in the program's time zone. Ids \
    and codes come from the find tools. The resource partner-program://rules has the rules in prose.";

const SCHEMA_URI: &str = "partner-program://schema";
const RULES_URI: &str = "partner-program://rules";
const EDITION_URI: &str = "partner-program://edition";

/// Answers requests; whose rights they have is in the session of each request.
#[derive(Clone, Debug)]
pub struct AgentServer(pub SharedAgents);

impl AgentServer {
    async fn call(&self, session: &Session, tool: &Tool, mut arguments: JsonObject) -> CallToolResult {
        if tool.mutation.is_none() {
            return match tool.variables(arguments) {
                Ok(variables) => answer(session.execute(&tool.name, variables).await, None),
                Err(problem) => refusal(&problem),
            };
        }
        let presented = arguments.remove(CONFIRMATION).filter(|value| !value.is_null());
        let change = Change { caller: session.caller(), tool: &tool.name, arguments: &arguments };
        let (is_preview, confirmation) = match presented {
            None => match self.0.confirmations.issue(change, self.0.clock.real()) {
                Ok(issued) => (true, issued),
                Err(error) => {
                    tracing::error!(%error, "no random bytes for a confirmation");
                    return refusal("Internal server error. Nothing was changed.");
                }
            },
            Some(presented) => {
                let token = presented.as_str().unwrap_or_default();
                match self.0.confirmations.check(change, token, self.0.clock.real()) {
                    Ok(confirmation) => (false, confirmation),
                    Err(refused) => return refusal(&refused.to_string()),
                }
            }
        };
        let mut variables = match tool.variables(arguments) {
            Ok(variables) => variables,
            Err(problem) => return refusal(&problem),
        };
        tool.set_step(&mut variables, is_preview, &confirmation.key);
        let response = session.execute(&tool.name, variables).await;
        answer(response, Some(if is_preview { Step::Preview(confirmation) } else { Step::Done }))
    }

    fn resources(&self) -> Vec<Resource> {
        let resource = |uri: &str, name: &str, title: &str, about: &str, media: &str| {
            Resource::new(uri, name).with_title(title).with_description(about).with_mime_type(media)
        };
        let rules = "The rules of the program in prose: how credits, points, levels, deals and orders work.";
        let edition =
            "The edition of the policy in force, as its TOML document: every figure of the program.";
        let mut resources = vec![
            resource(RULES_URI, "rules", "Rules of the program", rules, "text/markdown"),
            resource(EDITION_URI, "edition", "Policy in force", edition, "application/toml"),
        ];
        if self.0.sdl.is_some() {
            let schema =
                "The schema of the GraphQL API that the tools use, with a description of each field.";
            resources.push(resource(SCHEMA_URI, "schema", "GraphQL schema", schema, "application/graphql"));
        }
        resources
    }

    async fn read(&self, session: &Session, uri: &str) -> Result<ResourceContents, ErrorData> {
        let (text, media) = match (uri, &self.0.sdl) {
            (RULES_URI, _) => (RULES.to_owned(), "text/markdown"),
            (SCHEMA_URI, Some(sdl)) => (sdl.clone(), "application/graphql"),
            (EDITION_URI, _) => {
                let response = session.execute(EDITION, JsonObject::new()).await.unwrap_or_default();
                let document = response["data"]["edition"]["document"].as_str().map(str::to_owned);
                let problems = problems(&response).join("\n");
                (document.ok_or_else(|| ErrorData::internal_error(problems, None))?, "application/toml")
            }
            _ => {
                let uri: String = uri.chars().take(200).collect();
                let message =
                    format!("There is no resource {uri:?}; resources/list returns those that there are.");
                return Err(ErrorData::resource_not_found(message, None));
            }
        };
        Ok(ResourceContents::text(text, uri).with_mime_type(media))
    }

    fn prompts(&self, session: &Session) -> impl Iterator<Item = &super::Prompt> {
        let is_permitted = |name: &String| self.0.tool(name).is_some_and(|tool| session.permits(tool));
        self.0.prompts.iter().filter(move |prompt| prompt.tools.iter().all(is_permitted))
    }
}

impl ServerHandler for AgentServer {
    fn get_info(&self) -> ServerConfig {
        let capabilities =
            ServerCapabilities::builder().enable_tools().enable_resources().enable_prompts().build();
        let server = Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        ServerConfig::new(capabilities)
            .with_server_info(server.with_title("Partner program"))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        check_cursor(request)?;
        let session = session(&context)?;
        let tools = self.0.tools().iter().filter(|tool| session.permits(tool)).map(listed).collect();
        // What is listed depends on the caller.
        Ok(ListToolsResult::with_all_items(tools).with_cache_scope(CacheScope::Private).with_ttl_ms(0))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let session = session(&context)?;
        let Some(tool) = self.0.tool(&request.name) else {
            let name: String = request.name.chars().take(100).collect();
            let message = format!("There is no tool {name:?}; tools/list returns those that there are.");
            return Err(ErrorData::invalid_params(message, None));
        };
        Ok(self.call(&session, tool, request.arguments.unwrap_or_default()).await.into())
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        check_cursor(request)?;
        let resources = ListResourcesResult::with_all_items(self.resources());
        Ok(resources.with_cache_scope(CacheScope::Private).with_ttl_ms(0))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let session = session(&context)?;
        let contents = self.read(&session, &request.uri).await?;
        Ok(ReadResourceResult::new(vec![contents]).into())
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        check_cursor(request)?;
        let session = session(&context)?;
        let prompts = self.prompts(&session).map(|prompt| {
            let arguments = prompt
                .arguments
                .iter()
                .map(|(name, about)| PromptArgument::new(name).with_description(about).with_required(true));
            rmcp::model::Prompt::new(&prompt.name, Some(&prompt.description), Some(arguments.collect()))
                .with_title(&prompt.title)
        });
        let prompts = ListPromptsResult::with_all_items(prompts.collect());
        Ok(prompts.with_cache_scope(CacheScope::Private).with_ttl_ms(0))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let session = session(&context)?;
        let Some(prompt) = self.prompts(&session).find(|prompt| prompt.name == request.name) else {
            let name: String = request.name.chars().take(100).collect();
            let message = format!("There is no prompt {name:?}; prompts/list returns those that there are.");
            return Err(ErrorData::invalid_params(message, None));
        };
        let text = prompt.fill(&request.arguments.unwrap_or_default());
        let text = text.map_err(|missing| ErrorData::invalid_params(missing, None))?;
        let message = PromptMessage::new_text(Role::User, text);
        Ok(GetPromptResult::new(vec![message]).with_description(&prompt.description).into())
    }

    /// A method that the server does not have, or one with parameters that the SDK can't read.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        if let Some(problem) = params::problem(&request.method, request.params.as_ref()) {
            return Err(ErrorData::invalid_params(problem, None));
        }
        let method: String = request.method.chars().take(100).collect();
        let message = format!("This server has no method {method:?}.");
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None))
    }

    /// Requests are independent of each other, so nothing follows from this.
    async fn on_initialized(&self, _: NotificationContext<RoleServer>) {}
}

/// Every list is one page, so no cursor was ever handed out.
fn check_cursor(request: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    let Some(cursor) = request.and_then(|request| request.cursor) else { return Ok(()) };
    let cursor: String = cursor.chars().take(100).collect();
    let message =
        format!("The parameter \"cursor\" is {cursor:?}, which no list has returned: each is one page.");
    Err(ErrorData::invalid_params(message, None))
}

/// The step of a change that was executed.
enum Step {
    Preview(Confirmation),
    Done,
}

/// The session that the endpoint put beside the request.
fn session(context: &RequestContext<RoleServer>) -> Result<Session, ErrorData> {
    let parts = context.extensions.get::<axum::http::request::Parts>();
    let session = parts.and_then(|parts| parts.extensions.get::<Session>()).cloned();
    session.ok_or_else(|| ErrorData::internal_error("Internal server error.", None))
}

fn listed(tool: &Tool) -> rmcp::model::Tool {
    let is_change = tool.mutation.is_some();
    let mut description = tool.description.clone();
    if is_change {
        description.push_str(
            " Takes two steps: without a confirmation it returns a preview of every effect and a confirmation, and \
             changes nothing; with the confirmation and the same arguments it makes the change, once.",
        );
    }
    let annotations = ToolAnnotations::with_title(&tool.title)
        .read_only(!is_change)
        .destructive(is_change)
        .idempotent(true)
        .open_world(false);
    rmcp::model::Tool::new(tool.name.clone(), description, tool.schema.clone())
        .with_title(&tool.title)
        .with_annotations(annotations)
}

/// The result of a tool by the response to its document.
fn answer(response: Option<Value>, step: Option<Step>) -> CallToolResult {
    let response = response.unwrap_or_default();
    let problems = problems(&response);
    let data = response.get("data").cloned().unwrap_or_default();
    let mut structured = json!({ "data": data });
    if let Some(errors) = response.get("errors") {
        structured["errors"] = errors.clone();
    }
    let mut content = Vec::new();
    if problems.is_empty() {
        match step {
            Some(Step::Preview(Confirmation { token, expires_at, .. })) => {
                let expires = expires_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
                content.push(ContentBlock::text(format!(
                    "PREVIEW: nothing was changed. Show the effects below to the person that you work for. With their \
                     consent, call the tool again with the same arguments and \"confirmation\": \"{token}\" before \
                     {expires}."
                )));
                structured["step"] = json!("PREVIEW");
                structured["confirmation"] = json!(token);
                structured["expiresAt"] = json!(expires);
            }
            Some(Step::Done) => {
                content.push(ContentBlock::text("DONE: the change was made."));
                structured["step"] = json!("DONE");
            }
            None if data.as_object().is_some_and(|data| data.values().all(Value::is_null)) => {
                content.push(ContentBlock::text(
                    "Nothing was found by these arguments that this caller may see.",
                ));
            }
            None => {}
        }
    } else {
        content.push(ContentBlock::text(problems.join("\n")));
    }
    content.push(ContentBlock::text(structured.to_string()));
    let mut result =
        if problems.is_empty() { CallToolResult::success(content) } else { CallToolResult::error(content) };
    result.structured_content = Some(structured);
    result
}

/// The errors of a response, and those of its payloads, in the words of the API.
fn problems(response: &Value) -> Vec<String> {
    let line = |message: &Value, code: &Value| {
        let message = message.as_str().unwrap_or("Internal server error.");
        code.as_str().map_or_else(|| message.to_owned(), |code| format!("{message} ({code})"))
    };
    let errors = response["errors"].as_array().into_iter().flatten();
    let errors = errors.map(|error| line(&error["message"], &error["extensions"]["code"]));
    let payloads = response["data"].as_object().into_iter().flat_map(|data| data.values());
    let refused = payloads.filter_map(|payload| payload["userErrors"].as_array()).flatten();
    let mut problems: Vec<String> =
        errors.chain(refused.map(|error| line(&error["message"], &error["code"]))).collect();
    if problems.is_empty() && !response["data"].is_object() {
        problems.push("The request ended before it was answered.".to_owned());
    }
    problems
}

fn refusal(problem: &str) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(problem)])
}
