//! The Model Context Protocol over streamable HTTP, without sessions: each POST is answered by itself, by any process.
//!
//! A request is authenticated, admitted and read like one of GraphQL. The protocol's SDK parses and answers it; what a
//! tool executes runs here, with the admission of the request, on the same path as a document that a client sent.

use std::sync::Arc;
use std::time::Instant;

use async_graphql::{Executor, Variables};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use rmcp::model::ClientJsonRpcMessage;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::Value;

use super::accept::{EventStream, MediaType};
use super::authentication::Authenticator;
use super::consistency::Consistency;
use super::cost::CostAnswer;
use super::endpoint::GraphqlEndpoint;
use super::execution::{Execution, RequestContext};
use super::request_batch::check_value_count;
use super::request_body::{BodyLimits, read_body};
use super::request_id::RequestId;
use super::response::{EncodedResponse, ErrorResponse, Outcome};
use super::throttle::Admission;
use crate::agents::session::{Call, Permits, Session};
use crate::agents::tool::Tool;
use crate::agents::{AgentServer, Agents, params};
use crate::graphql::refusal::{Code, QUOTED_CHARS_MAX, truncate_chars};
use crate::graphql::root_fields::RootField;
use crate::telemetry::labels::Transport;
use crate::telemetry::observation::RequestObservation;

/// The media type of errors of HTTP; those of tools are results of the protocol.
const MEDIA: MediaType = MediaType::Json;

type Protocol = StreamableHttpService<AgentServer, NeverSessionManager>;

/// The endpoint of agents, beside that of GraphQL.
struct AgentEndpoint<E, A> {
    graphql: Arc<GraphqlEndpoint<E, A>>,
    protocol: Protocol,
}

/// The route `/mcp`.
pub fn router<E: Executor, A: Authenticator>(
    graphql: Arc<GraphqlEndpoint<E, A>>,
    agents: Arc<Agents>,
) -> Router {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(graphql.limits.body_bytes_max)
        // Origins are checked here, by the setting for all endpoints. A page of another host name sends its origin.
        .disable_allowed_hosts()
        .disable_allowed_origins();
    let server = AgentServer(agents);
    let protocol = StreamableHttpService::new(move || Ok(server.clone()), Arc::default(), config);
    let endpoint = Arc::new(AgentEndpoint { graphql, protocol });
    Router::new().route("/mcp", any(handle::<E, A>)).with_state(endpoint)
}

async fn handle<E: Executor, A: Authenticator>(
    State(endpoint): State<Arc<AgentEndpoint<E, A>>>,
    request: Request,
) -> Response {
    let mut observation = RequestObservation::new(&endpoint.graphql.metrics, Transport::Mcp);
    let mut response = match endpoint.respond(request, &mut observation).await {
        Ok(response) => response,
        Err(error_response) => {
            observation.set_outcome(error_response.outcome_label());
            error_response.into_response()
        }
    };
    response.extensions_mut().insert(observation.summary());
    response
}

impl<E: Executor, A: Authenticator> AgentEndpoint<E, A> {
    async fn respond(
        &self,
        request: Request,
        observation: &mut RequestObservation,
    ) -> Result<Response, ErrorResponse> {
        let graphql = &self.graphql;
        if !graphql.streams.origins.lists(request.headers()) {
            let message =
                "Pages of this origin may not use this endpoint; CORS_ALLOWED_ORIGINS lists those that may.";
            let status = Outcome::Http(StatusCode::FORBIDDEN);
            return Err(ErrorResponse::new(MEDIA, status, Code::Forbidden, message));
        }
        if request.method() != Method::POST {
            let method = truncate_chars(request.method().to_string(), QUOTED_CHARS_MAX);
            let message = format!("The method {method} is not supported; agents use POST.");
            return Err(ErrorResponse::method_not_allowed(MEDIA, "POST", &message));
        }
        let (parts, body) = request.into_parts();
        let caller = graphql.authenticate_request(MEDIA, &parts).await?;
        observation.set_role(graphql.authenticator.role(&caller));
        let key = graphql.authenticator.caller_key(&caller);
        let mut admission = match graphql.throttle.admit(key, graphql.limits.operation_time_max).await {
            Ok(admission) => admission,
            Err(limited) => {
                observation.set_outcome(Code::RateLimited.as_str());
                return Ok(graphql.rate_limited_response(MEDIA, limited));
            }
        };
        let response = self.respond_to_caller(caller, parts, body, &mut admission, observation).await;
        let mut response = response.unwrap_or_else(|error_response| {
            observation.set_outcome(error_response.outcome_label());
            error_response.into_response()
        });
        admission.write_headers(response.headers_mut());
        Ok(response)
    }

    async fn respond_to_caller(
        &self,
        caller: A::Caller,
        mut parts: Parts,
        body: Body,
        admission: &mut Admission<'_>,
        observation: &mut RequestObservation,
    ) -> Result<Response, ErrorResponse> {
        let graphql = &self.graphql;
        let limits = graphql.limits;
        let key = graphql.authenticator.caller_key(&caller);
        let body_limits =
            BodyLimits { bytes_max: limits.body_bytes_max, time_max: limits.operation_time_max };
        let body = read_body(MEDIA, &parts.headers, body, body_limits).await?;
        check_value_count(MEDIA, &body)?;
        let is_readable = serde_json::from_slice::<ClientJsonRpcMessage>(&body).is_ok();
        if let Some(answer) = params::answer(&body, is_readable) {
            observation.discard();
            observation.set_outcome("ok");
            return Ok(Json(answer).into_response());
        }
        if !is_readable {
            let message = "The request body is not a message of the Model Context Protocol: one JSON-RPC 2.0 request, \
                           notification or response.";
            return Err(ErrorResponse::malformed(MEDIA, message));
        }
        // It has been decompressed.
        parts.headers.remove(CONTENT_ENCODING);
        parts.headers.remove(CONTENT_LENGTH);
        let id = parts.extensions.get().cloned().unwrap_or_else(|| RequestId::from_headers(&parts.headers));
        let context = RequestContext {
            cost: CostAnswer::Omitted,
            consistency: Consistency::default(),
            media: MEDIA,
            is_get: false,
            event_stream: EventStream::Never,
            id,
            caller: caller.clone(),
        };
        let (session, mut calls) = Session::new(key.to_bytes(), self.permits(caller));
        parts.extensions.insert(session);
        let deadline = Instant::now() + limits.operation_time_max;
        let answering = self.protocol.handle(Request::from_parts(parts, Body::from(body)));
        tokio::pin!(answering);
        let mut count: u32 = 0;
        let response = loop {
            tokio::select! {
                response = &mut answering => break response.map(Body::new),
                Some(call) = calls.recv() => {
                    let Call { document, variables, reply } = call;
                    let variables = Variables::from_json(Value::Object(variables));
                    let executing =
                        self.execute(&context, &document, variables, deadline, count, admission, observation);
                    // The agent is gone if it does not take the response.
                    let _ = reply.send(executing.await);
                    count += 1;
                }
            }
        };
        if count == 0 {
            observation.discard();
            observation.set_outcome("ok");
        }
        Ok(response)
    }

    /// Executes one of the server's documents; `count` says how many the request has executed before.
    #[expect(clippy::too_many_arguments, reason = "each belongs to the request")]
    async fn execute(
        &self,
        context: &RequestContext<A::Caller>,
        document: &str,
        variables: Variables,
        deadline: Instant,
        count: u32,
        admission: &mut Admission<'_>,
        observation: &mut RequestObservation,
    ) -> Value {
        let graphql = &self.graphql;
        let executed = async {
            // Admission has charged the first point.
            let charged = admission.charge(u32::from(count > 0));
            charged.map_err(|limited| graphql.rate_limited(MEDIA, limited))?;
            let prepared = graphql.prepare_own(MEDIA, document, variables, observation)?;
            match graphql.execute(context, prepared, deadline, admission).await? {
                Execution::Finished(response) => Ok(response),
                Execution::Subscribed(_) => {
                    Err(ErrorResponse::malformed(MEDIA, "An agent's document is no subscription."))
                }
            }
        };
        let response = executed.await.unwrap_or_else(EncodedResponse::from);
        observation.set_outcome(response.outcome_label());
        serde_json::from_slice(&response.into_body()).unwrap_or_default()
    }

    fn permits(&self, caller: A::Caller) -> Permits {
        let graphql = Arc::clone(&self.graphql);
        Arc::new(move |tool: &Tool| match &tool.mutation {
            Some(name) => {
                let name = async_graphql::Name::new(name);
                let field = RootField { key: name.clone(), name, pos: async_graphql::Pos::default() };
                graphql.authenticator.check_permissions(&caller, &[field]).is_ok()
            }
            None => tool.needs.iter().all(|name| graphql.authenticator.may_read(&caller, name)),
        })
    }
}
