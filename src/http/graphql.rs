//! GraphQL over HTTP, by its specification and the audit suite of the `graphql-http` package.
//!
//! Responses without errors are turned into HTTP by `async-graphql-axum`. Its extractors are not used: they
//! read bodies of any media type and size and run mutations of any method.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use async_graphql::Executor;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::ACCEPT;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use super::accept::{Accepted, EventStream, MediaType, negotiate};
use super::authentication::{Authenticator, InvalidCredentials};
use super::consistency::{self, Consistency};
use super::cost::CostAnswer;
use super::endpoint::{GraphqlEndpoint, LoginError, RequestLimits};
use super::execution::{Execution, RequestContext};
use super::params::{self, RequestBody, RequestParams};
use super::request_body::{BodyLimits, read_body};
use super::request_id::{self, RequestId};
use super::response::{self, EncodedResponse, ErrorResponse, Outcome};
use super::streams::{sse, websocket};
use super::throttle::{Admission, RateLimited};
use crate::graphql::refusal::{Code, QUOTED_CHARS_MAX, truncate_chars};
use crate::telemetry::labels::Transport;
use crate::telemetry::observation::RequestObservation;

/// Handles a request to the endpoint, with any method. A request to open a WebSocket is handled as at the
/// WebSocket endpoint: many clients are configured with one URL.
pub async fn handle<E: Executor, A: Authenticator>(
    State(endpoint): State<Arc<GraphqlEndpoint<E, A>>>,
    request: Request,
) -> Response {
    if websocket::is_handshake(&request) {
        return websocket::handle(State(endpoint), request).await;
    }
    let mut observation = RequestObservation::new(&endpoint.metrics, Transport::Http);
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
            let method = truncate_chars(request.method().to_string(), QUOTED_CHARS_MAX);
            let message = format!("The method {method} is not supported; use POST or GET.");
            return Err(ErrorResponse::method_not_allowed(media, "GET, POST", &message));
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
        let media = response_media_type(accepted, request.headers())?;
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
        let cost = CostAnswer::from_headers(&parts.headers, media)?;
        let consistency = Consistency::from_headers(&parts.headers, media)?;
        let context = RequestContext {
            media,
            is_get,
            event_stream: accepted.event_stream,
            id: parts.extensions.get().cloned().unwrap_or_else(|| RequestId::from_headers(&parts.headers)),
            cost,
            consistency,
            caller,
        };
        let response = self.respond_to_caller(&context, &parts, body, &mut admission, observation).await;
        let mut response = response.unwrap_or_else(|error_response| {
            observation.set_outcome(error_response.outcome_label());
            error_response.into_response()
        });
        admission.write_headers(response.headers_mut());
        if context.consistency.wants_token()
            && let Some(position) = self.authenticator.position().await
        {
            consistency::write_token(position, response.headers_mut());
        }
        Ok(response)
    }

    /// Authenticates a request, unless its client address has too many failed logins.
    pub(super) async fn authenticate_request(
        &self,
        media: MediaType,
        parts: &Parts,
    ) -> Result<A::Caller, ErrorResponse> {
        self.authenticate(&parts.headers, &parts.extensions).await.map_err(|failed| match failed {
            LoginError::RateLimited(limited) => ErrorResponse::rate_limited(media, limited),
            LoginError::Rejected(InvalidCredentials(message)) => {
                ErrorResponse::unauthenticated(media, message)
            }
            LoginError::Unavailable => ErrorResponse::unavailable(media),
            LoginError::Failed => {
                let id = parts.extensions.get().cloned();
                response::internal_error(
                    media,
                    &id.unwrap_or_else(|| RequestId::from_headers(&parts.headers)),
                )
            }
        })
    }

    pub(super) fn rate_limited_response(&self, media: MediaType, limited: RateLimited) -> Response {
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
            params::check_content_type(media, headers)?;
            let RequestLimits { body_bytes_max, operation_time_max, batch_max } = self.limits;
            let limits = BodyLimits { bytes_max: body_bytes_max, time_max: operation_time_max };
            let body = read_body(media, headers, body, limits).await?;
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
                "Subscriptions require a WebSocket to /graphql or /graphql/ws, or \"Accept: text/event-stream\".",
            )),
        }
    }
}

/// The media type of a response that is not an event stream.
fn response_media_type(accepted: Accepted, headers: &HeaderMap) -> Result<MediaType, ErrorResponse> {
    match (accepted.media, accepted.event_stream) {
        (Some(media), _) => Ok(media),
        // For a request that is refused before it becomes a stream.
        (None, EventStream::Always | EventStream::SubscriptionsOnly) => Ok(MediaType::Json),
        (None, EventStream::Never) => {
            let given = headers.get_all(ACCEPT).iter().filter_map(|it| it.to_str().ok()).collect::<Vec<_>>();
            let given = truncate_chars(given.join(", "), QUOTED_CHARS_MAX);
            let message = format!(
                "No media type of \"Accept: {given}\" is supported; accept application/graphql-response+json, \
                 application/json or text/event-stream."
            );
            let status = Outcome::Http(StatusCode::NOT_ACCEPTABLE);
            Err(ErrorResponse::new(MediaType::Json, status, Code::BadUserInput, message))
        }
    }
}
