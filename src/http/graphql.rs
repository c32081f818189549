//! GraphQL over HTTP, by its specification and the audit suite of the `graphql-http` package.
//!
//! The extractors and responses of `async-graphql-axum` are not used on this path: they take
//! any content type, know no limit on bodies, run mutations by GET, answer 200 whatever
//! happened and do not look at `Accept`. Nothing of that crate would be left.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::{Executor, ServerError, Value};
use async_graphql_parser::types::OperationType;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tracing::Instrument;

use super::accept::{Accepted, EventStream, MediaType, negotiate};
use super::authentication::{AuthError, Authenticator, InvalidCredentials};
use super::params::{self, RequestBody, RequestParams};
use super::request_id::{self, RequestId};
use super::response::{self, EncodedResponse, ErrorResponse, Outcome};
use super::streams::{StreamSettings, sse};
use super::throttle::{Admission, Permit, RateLimited, Throttle};
use crate::graphql::documents::{Documents, Prepared};
use crate::graphql::refusal::Code;
use crate::telemetry::labels::Transport;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::observation::{self, RequestObservation};
use crate::telemetry::traces;

/// The page for browsers that open the endpoint, from the headers of the request.
pub type BrowserPage = Arc<dyn Fn(HeaderMap) -> BoxFuture<'static, Response> + Send + Sync>;

/// Limits of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    /// Maximum size of a body, in bytes.
    pub body_bytes_max: usize,
    /// Timeout for a body to arrive, and again for its operations.
    pub operation_time_max: Duration,
    /// Maximum requests of a batch; 0 turns batches off.
    pub batch_max: usize,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self { body_bytes_max: 1_048_576, operation_time_max: Duration::from_secs(10), batch_max: 0 }
    }
}

/// The GraphQL endpoint with all that it depends on.
pub struct GraphqlEndpoint<E, A> {
    /// The schemas and their documents.
    pub documents: Documents<E>,
    /// Authenticates callers.
    pub authenticator: A,
    /// Limits of requests.
    pub limits: RequestLimits,
    /// Rate and concurrency limits of callers.
    pub throttle: Throttle,
    /// Limits of WebSockets and event streams, and their shutdown.
    pub streams: StreamSettings,
    /// The page for browsers; without one they get the responses of other clients.
    pub page: Option<BrowserPage>,
    /// Metrics of requests.
    pub metrics: Metrics,
}

/// Handles a request to the endpoint, with any method.
pub async fn handle<E: Executor, A: Authenticator>(
    State(endpoint): State<Arc<GraphqlEndpoint<E, A>>>,
    request: Request,
) -> Response {
    let mut observation = endpoint.metrics.observe(Transport::Http);
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

impl<E: Executor, A: Authenticator> GraphqlEndpoint<E, A> {
    async fn respond(
        self: &Arc<Self>,
        request: Request,
        observation: &mut RequestObservation,
    ) -> Result<Response, ErrorResponse> {
        let accepted = negotiate(request.headers());
        let is_get = request.method() == Method::GET;
        if !is_get && request.method() != Method::POST {
            let media = accepted.media.unwrap_or(MediaType::Json);
            return Err(ErrorResponse::method_not_allowed(
                media,
                "GET, POST",
                "Send GraphQL requests by POST or GET.",
            ));
        }
        if let Some(page) = &self.page
            && is_get
            && accepted.prefers_html
            && !params::has_document(request.uri())
        {
            observation.discard();
            observation.set_outcome("ok");
            return Ok(page(request.headers().clone()).await);
        }
        let media = response_media_type(accepted)?;
        let (parts, body) = request.into_parts();
        let caller = self.authenticate_request(media, &parts).await?;
        observation.set_role(self.authenticator.role(&caller));
        let key = self.authenticator.caller_key(&caller);
        let mut admission = match self.throttle.admit(key, self.limits.operation_time_max).await {
            Ok(admission) => admission,
            Err(limited) => {
                observation.set_outcome(Code::RateLimited.as_str());
                return Ok(self.rate_limited_response(media, limited));
            }
        };
        let context = RequestContext {
            media,
            is_get,
            event_stream: accepted.event_stream,
            id: parts.extensions.get().cloned().unwrap_or_else(|| RequestId::from_headers(&parts.headers)),
            caller,
        };
        let response = self.respond_to_caller(&context, &parts, body, &mut admission, observation).await;
        let mut response = response.unwrap_or_else(|error_response| {
            observation.set_outcome(error_response.outcome_label());
            error_response.into_response()
        });
        admission.write_headers(response.headers_mut());
        Ok(response)
    }

    /// Authenticates a request, unless its client address has too many failed logins.
    async fn authenticate_request(
        &self,
        media: MediaType,
        parts: &Parts,
    ) -> Result<A::Caller, ErrorResponse> {
        self.authenticate(&parts.headers, &parts.extensions).await.map_err(|failed| match failed {
            LoginError::RateLimited(limited) => ErrorResponse::rate_limited(media, limited),
            LoginError::Rejected(InvalidCredentials(message)) => {
                ErrorResponse::unauthenticated(media, message)
            }
            LoginError::Unavailable => {
                let id = parts.extensions.get().cloned();
                response::internal_error(
                    media,
                    &id.unwrap_or_else(|| RequestId::from_headers(&parts.headers)),
                )
            }
        })
    }

    pub(super) fn rate_limited(&self, media: MediaType, limited: RateLimited) -> ErrorResponse {
        self.metrics.rate_limited(limited.limit.name());
        ErrorResponse::rate_limited(media, limited)
    }

    pub(super) async fn authenticate(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<A::Caller, LoginError> {
        let failed_logins = &self.throttle.failed_logins;
        failed_logins.check(headers, extensions).map_err(|limited| {
            self.metrics.rate_limited(limited.limit.name());
            LoginError::RateLimited(limited)
        })?;
        self.authenticator.authenticate(headers).await.map_err(|failed| match failed {
            AuthError::Rejected(rejected) => {
                failed_logins.record_failure(headers, extensions);
                if headers.contains_key(AUTHORIZATION) {
                    self.metrics.failed_login();
                }
                LoginError::Rejected(rejected)
            }
            AuthError::Unavailable => LoginError::Unavailable,
        })
    }

    fn rate_limited_response(&self, media: MediaType, limited: RateLimited) -> Response {
        let mut response = self.rate_limited(media, limited).into_response();
        self.throttle.write_exhausted_headers(limited, response.headers_mut());
        response
    }

    async fn respond_to_caller(
        self: &Arc<Self>,
        context: &RequestContext<A::Caller>,
        parts: &Parts,
        body: Body,
        admission: &mut Admission<'_>,
        observation: &mut RequestObservation,
    ) -> Result<Response, ErrorResponse> {
        let media = context.media;
        let body = if context.is_get {
            RequestBody::Single(params::from_query_string(media, &parts.uri)?)
        } else {
            let headers = &parts.headers;
            if !params::is_json(headers) {
                return Err(ErrorResponse::new(
                    media,
                    Outcome::Http(StatusCode::UNSUPPORTED_MEDIA_TYPE),
                    Code::BadUserInput,
                    "Send the request as Content-Type: application/json, in UTF-8.",
                ));
            }
            let RequestLimits { body_bytes_max, operation_time_max, batch_max } = self.limits;
            let body = params::read_body(media, headers, body, body_bytes_max, operation_time_max).await?;
            params::from_body(media, &body, batch_max)?
        };
        let deadline = Instant::now() + self.limits.operation_time_max;
        match body {
            RequestBody::Single(params) if context.event_stream != EventStream::Never => {
                sse::respond(self, context, parts, params, deadline, admission, observation).await
            }
            RequestBody::Single(params) => {
                let response =
                    self.execute_request(context, params, deadline, admission, observation, true).await?;
                observation.set_outcome(response.outcome_label());
                Ok(response.into_response())
            }
            RequestBody::Batch(batch) => {
                let mut responses = Vec::with_capacity(batch.len());
                observation.discard();
                // Sequentially, as if sent one after another: mutations may depend on earlier ones.
                for (index, params) in batch.into_iter().enumerate() {
                    let mut observation = observation.for_batched_request();
                    let response = async {
                        self.execute_request(
                            context,
                            params?,
                            deadline,
                            admission,
                            &mut observation,
                            index == 0,
                        )
                        .await
                    };
                    // A panic must not discard the responses of earlier requests.
                    let response = AssertUnwindSafe(response).catch_unwind().await.unwrap_or_else(|panic| {
                        request_id::log_panic(&context.id, panic.as_ref());
                        Err(response::internal_error(media, &context.id))
                    });
                    let response = response.unwrap_or_else(EncodedResponse::from);
                    observation.set_outcome(response.outcome_label());
                    responses.push(response);
                }
                let response = EncodedResponse::batch(media, responses);
                observation.set_outcome(response.outcome_label());
                Ok(response.into_response())
            }
        }
    }

    /// `is_first_point_charged` says whether admission has charged the request's first point.
    async fn execute_request(
        &self,
        context: &RequestContext<A::Caller>,
        params: RequestParams,
        deadline: Instant,
        admission: &mut Admission<'_>,
        observation: &mut RequestObservation,
        is_first_point_charged: bool,
    ) -> Result<EncodedResponse, ErrorResponse> {
        let media = context.media;
        // Charged before the document is parsed: refusing one is work as well.
        admission
            .charge(u32::from(!is_first_point_charged))
            .map_err(|limited| self.rate_limited(media, limited))?;
        let prepared = self.prepare(media, context.is_get, params, observation).await?;
        match self.execute(context, prepared, deadline, admission).await? {
            Execution::Finished(response) => Ok(response),
            Execution::Subscribed(_) => Err(ErrorResponse::new(
                media,
                Outcome::Rejected,
                Code::BadUserInput,
                "Subscriptions run over a WebSocket at /graphql/ws, or here with Accept: text/event-stream.",
            )),
        }
    }

    /// Charges the cost of a request, of which one point is charged already, and executes it; a subscription
    /// starts when its stream is polled.
    pub(super) async fn execute(
        &self,
        context: &RequestContext<A::Caller>,
        prepared: Prepared,
        deadline: Instant,
        admission: &mut Admission<'_>,
    ) -> Result<Execution, ErrorResponse> {
        let charged = admission.charge_cost(prepared.rate_limit_cost);
        charged.map_err(|limited| self.rate_limited(context.media, limited))?;
        let request = self
            .authenticator
            .attach_caller(context.caller.clone(), prepared.request.data(context.id.clone()));
        if prepared.kind == OperationType::Subscription {
            return Ok(Execution::Subscribed(self.documents.schema().execute_stream(request, None)));
        }
        let span = traces::operation(kind_name(prepared.kind), &prepared.label);
        let running = self
            .run_operation(context, request, prepared.kind, deadline, admission.permit())
            .instrument(span);
        running.await.map(Execution::Finished)
    }

    pub(super) async fn prepare(
        &self,
        media: MediaType,
        is_get: bool,
        params: RequestParams,
        observation: &mut RequestObservation,
    ) -> Result<Prepared, ErrorResponse> {
        let name = params.operation_name.as_deref();
        let prepared = self.documents.prepare(&params.document, name, params.variables);
        let prepared = prepared.instrument(traces::prepare()).await;
        let prepared = prepared.map_err(|errors| ErrorResponse {
            outcome: rejection_outcome(&errors),
            errors,
            ..ErrorResponse::new(media, Outcome::Rejected, Code::BadUserInput, "")
        })?;
        observation.set_operation(kind_name(prepared.kind), &prepared.label);
        if prepared.kind == OperationType::Mutation && is_get {
            return Err(ErrorResponse::method_not_allowed(
                media,
                "POST",
                "A GET changes nothing: send mutations by POST.",
            ));
        }
        Ok(prepared)
    }

    async fn run_operation(
        &self,
        context: &RequestContext<A::Caller>,
        request: async_graphql::Request,
        kind: OperationType,
        deadline: Instant,
        permit: Arc<Permit>,
    ) -> Result<EncodedResponse, ErrorResponse> {
        let RequestContext { media, id, .. } = context;
        let schema = self.documents.schema();
        let timed_out = |_| {
            tracing::warn!(request_id = id.as_str(), %kind, "an operation took too long");
            timed_out(*media, self.limits.operation_time_max, kind)
        };
        let running = schema.clone();
        let running = async move { running.execute(request).await };
        let running = observation::with_metrics(self.metrics.clone(), running).in_current_span();
        let response = if kind == OperationType::Mutation {
            // A separate task continues after a disconnect or a timeout: an accepted mutation is never
            // aborted halfway. It holds its permit until it ends.
            let task = tokio::spawn(async move {
                let _running = permit;
                running.await
            });
            match tokio::time::timeout_at(deadline.into(), task).await.map_err(timed_out)? {
                Ok(response) => response,
                Err(stopped) => match stopped.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => return Err(response::internal_error(*media, id)),
                },
            }
        } else {
            tokio::time::timeout_at(deadline.into(), running).await.map_err(timed_out)?
        };
        Ok(response::from_execution(*media, response, id))
    }
}

/// The kind by its keyword.
fn kind_name(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "query",
        OperationType::Mutation => "mutation",
        OperationType::Subscription => "subscription",
    }
}

/// What is known of a request before its body is read: its caller, id and negotiated media type.
pub(super) struct RequestContext<C> {
    pub(super) media: MediaType,
    pub(super) is_get: bool,
    pub(super) event_stream: EventStream,
    pub(super) id: RequestId,
    pub(super) caller: C,
}

/// The execution of an operation.
pub(super) enum Execution {
    /// It has finished.
    Finished(EncodedResponse),
    /// It runs for as long as its stream is polled.
    Subscribed(BoxStream<'static, async_graphql::Response>),
}

/// Why a request has no caller.
pub(super) enum LoginError {
    /// The client address has too many failed logins.
    RateLimited(RateLimited),
    /// The credentials are missing or invalid.
    Rejected(InvalidCredentials),
    /// The credentials cannot be checked at the moment.
    Unavailable,
}

/// The media type of a response that is not an event stream.
fn response_media_type(accepted: Accepted) -> Result<MediaType, ErrorResponse> {
    match (accepted.media, accepted.event_stream) {
        (Some(media), _) => Ok(media),
        // For a request that is refused before it becomes a stream.
        (None, EventStream::Always | EventStream::SubscriptionsOnly) => Ok(MediaType::Json),
        (None, EventStream::Never) => Err(ErrorResponse::new(
            MediaType::Json,
            Outcome::Http(StatusCode::NOT_ACCEPTABLE),
            Code::BadUserInput,
            "Accept application/graphql-response+json, application/json or text/event-stream.",
        )),
    }
}

/// The outcome of refused documents: rejected by GraphQL, or 403 for one that is not on the allowlist.
fn rejection_outcome(errors: &[ServerError]) -> Outcome {
    let code = errors.first().and_then(|error| error.extensions.as_ref()?.get("code"));
    match code {
        Some(Value::String(code)) if code == Code::Forbidden.as_str() => Outcome::Http(StatusCode::FORBIDDEN),
        _ => Outcome::Rejected,
    }
}

fn timed_out(media: MediaType, time_max: Duration, kind: OperationType) -> ErrorResponse {
    let advice = match kind {
        OperationType::Mutation => "It may still be carried out: look before you repeat it.",
        OperationType::Query | OperationType::Subscription => "Ask for less at a time.",
    };
    let message = format!("The operation took longer than {time_max:?}. {advice}");
    let status = Outcome::Http(StatusCode::GATEWAY_TIMEOUT);
    ErrorResponse::new(media, status, Code::OperationTimeout, message)
}
