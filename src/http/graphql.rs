//! GraphQL over HTTP, by its specification and the audits of the `graphql-http` package.
//!
//! The extractors and answers of `async-graphql-axum` are not used on this path: they take
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
use super::streams::{Streams, events};
use super::throttle::{Admission, Permit, RateLimited, Throttle};
use crate::graphql::documents::{Documents, Prepared};
use crate::graphql::refusal::Code;
use crate::telemetry::labels::Transport;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::observed::{self, Observed};
use crate::telemetry::traces;

/// The page for people who open the endpoint in a browser, for a request with these headers.
pub type Page = Arc<dyn Fn(HeaderMap) -> BoxFuture<'static, Response> + Send + Sync>;

/// What requests may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Longest body, in bytes.
    pub body_bytes_max: usize,
    /// Longest time for a body to arrive, and again for its operations to run.
    pub operation_time_max: Duration,
    /// Most requests of a batch; 0 accepts no batches.
    pub batch_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { body_bytes_max: 1_048_576, operation_time_max: Duration::from_secs(10), batch_max: 0 }
    }
}

/// All that the endpoint needs.
pub struct Edge<E, A> {
    /// The schemas and their documents.
    pub documents: Documents<E>,
    /// Who may use the API.
    pub authenticator: A,
    /// What requests may take.
    pub settings: Settings,
    /// How much callers may ask for.
    pub throttle: Throttle,
    /// What WebSockets and event streams may take, and when they end.
    pub streams: Streams,
    /// The page for browsers; without one they are answered like anybody else.
    pub page: Option<Page>,
    /// Where requests are counted.
    pub metrics: Metrics,
}

/// Answers a request to the endpoint, by whatever method.
pub async fn handle<E: Executor, A: Authenticator>(
    State(edge): State<Arc<Edge<E, A>>>,
    request: Request,
) -> Response {
    let mut seen = edge.metrics.observe(Transport::Http);
    let mut response = match edge.answer(request, &mut seen).await {
        Ok(response) => response,
        Err(error_response) => {
            seen.outcome(error_response.outcome_label());
            error_response.into_response()
        }
    };
    response.extensions_mut().insert(seen.summary());
    response
}

impl<E: Executor, A: Authenticator> Edge<E, A> {
    async fn answer(
        self: &Arc<Self>,
        request: Request,
        seen: &mut Observed,
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
            seen.dismiss();
            seen.outcome("ok");
            return Ok(page(request.headers().clone()).await);
        }
        let media = media(accepted)?;
        let (parts, body) = request.into_parts();
        let caller = self.caller(media, &parts).await?;
        seen.role(self.authenticator.role(&caller));
        let key = self.authenticator.caller_key(&caller);
        let mut admission = match self.throttle.admit(key, self.settings.operation_time_max).await {
            Ok(admission) => admission,
            Err(wait) => {
                seen.outcome(Code::RateLimited.as_str());
                return Ok(self.turned_away(media, wait));
            }
        };
        let asked = Asked {
            media,
            is_get,
            event_stream: accepted.event_stream,
            id: parts.extensions.get().cloned().unwrap_or_else(|| RequestId::from_headers(&parts.headers)),
            caller,
        };
        let answer = self.answer_caller(&asked, &parts, body, &mut admission, seen).await;
        let mut response = answer.unwrap_or_else(|error_response| {
            seen.outcome(error_response.outcome_label());
            error_response.into_response()
        });
        admission.write_headers(response.headers_mut());
        Ok(response)
    }

    /// Finds out who is asking, unless wrong answers came too often from where the request comes from.
    async fn caller(&self, media: MediaType, parts: &Parts) -> Result<A::Caller, ErrorResponse> {
        self.authenticate(&parts.headers, &parts.extensions).await.map_err(|failed| match failed {
            LoginError::RateLimited(wait) => ErrorResponse::rate_limited(media, wait),
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

    pub(super) fn limited(&self, media: MediaType, wait: RateLimited) -> ErrorResponse {
        self.metrics.rate_limited(wait.limit.name());
        ErrorResponse::rate_limited(media, wait)
    }

    pub(super) async fn authenticate(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<A::Caller, LoginError> {
        let failed_logins = &self.throttle.failed_logins;
        failed_logins.check(headers, extensions).map_err(|wait| {
            self.metrics.rate_limited(wait.limit.name());
            LoginError::RateLimited(wait)
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

    fn turned_away(&self, media: MediaType, wait: RateLimited) -> Response {
        let mut response = self.limited(media, wait).into_response();
        self.throttle.write_exhausted_headers(wait, response.headers_mut());
        response
    }

    async fn answer_caller(
        self: &Arc<Self>,
        asked: &Asked<A::Caller>,
        parts: &Parts,
        body: Body,
        admission: &mut Admission<'_>,
        seen: &mut Observed,
    ) -> Result<Response, ErrorResponse> {
        let media = asked.media;
        let posted = if asked.is_get {
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
            let Settings { body_bytes_max, operation_time_max, batch_max } = self.settings;
            let body = params::read_body(media, headers, body, body_bytes_max, operation_time_max).await?;
            params::from_body(media, &body, batch_max)?
        };
        let until = Instant::now() + self.settings.operation_time_max;
        match posted {
            RequestBody::Single(params) if asked.event_stream != EventStream::Never => {
                events::answer(self, asked, parts, params, until, admission, seen).await
            }
            RequestBody::Single(params) => {
                let answer = self.answer_one(asked, params, until, admission, seen, true).await?;
                seen.outcome(response.outcome_label());
                Ok(answer.into_response())
            }
            RequestBody::Batch(inputs) => {
                let mut answers = Vec::with_capacity(inputs.len());
                seen.dismiss();
                // One after the other, as if they had been sent so: mutations may build on each other.
                for (index, params) in inputs.into_iter().enumerate() {
                    let mut seen = seen.another();
                    let answer = async {
                        self.answer_one(asked, params?, until, admission, &mut seen, index == 0).await
                    };
                    // A panic must not take the answers with it that were given already.
                    let answer = AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|panic| {
                        request_id::log_panic(&asked.id, panic.as_ref());
                        Err(response::internal_error(media, &asked.id))
                    });
                    let answer = answer.unwrap_or_else(EncodedResponse::from);
                    seen.outcome(response.outcome_label());
                    answers.push(answer);
                }
                let answer = EncodedResponse::batch(media, answers);
                seen.outcome(response.outcome_label());
                Ok(answer.into_response())
            }
        }
    }

    /// `is_entered` says that a point was paid for the request when it was let in.
    async fn answer_one(
        &self,
        asked: &Asked<A::Caller>,
        params: RequestParams,
        until: Instant,
        admission: &mut Admission<'_>,
        seen: &mut Observed,
        is_entered: bool,
    ) -> Result<EncodedResponse, ErrorResponse> {
        let media = asked.media;
        // Paid before the document is looked at: to refuse one is work too.
        admission.charge(u32::from(!is_entered)).map_err(|wait| self.limited(media, wait))?;
        let prepared = self.prepare(media, asked.is_get, params, seen).await?;
        match self.begin(asked, prepared, until, admission).await? {
            Begun::Answered(answer) => Ok(answer),
            Begun::Subscribed(_) => Err(ErrorResponse::new(
                media,
                Outcome::Rejected,
                Code::BadUserInput,
                "Subscriptions run over a WebSocket at /graphql/ws, or here with Accept: text/event-stream.",
            )),
        }
    }

    /// Takes the price of a request for which one point was paid already, and runs it; a subscription
    /// does nothing before its stream is asked for events.
    pub(super) async fn begin(
        &self,
        asked: &Asked<A::Caller>,
        prepared: Prepared,
        until: Instant,
        admission: &mut Admission<'_>,
    ) -> Result<Begun, ErrorResponse> {
        let paid = admission.charge_cost(prepared.rate_limit_cost);
        paid.map_err(|wait| self.limited(asked.media, wait))?;
        let request =
            self.authenticator.attach_caller(asked.caller.clone(), prepared.request.data(asked.id.clone()));
        if prepared.kind == OperationType::Subscription {
            return Ok(Begun::Subscribed(self.documents.schema().execute_stream(request, None)));
        }
        let span = traces::operation(kind_name(prepared.kind), &prepared.label);
        let running = self.run(asked, request, prepared.kind, until, admission.permit()).instrument(span);
        running.await.map(Begun::Answered)
    }

    pub(super) async fn prepare(
        &self,
        media: MediaType,
        is_get: bool,
        params: RequestParams,
        seen: &mut Observed,
    ) -> Result<Prepared, ErrorResponse> {
        let name = params.operation_name.as_deref();
        let prepared = self.documents.prepare(&params.document, name, params.variables);
        let prepared = prepared.instrument(traces::preparation()).await;
        let prepared = prepared.map_err(|errors| ErrorResponse {
            outcome: rejection(&errors),
            errors,
            ..ErrorResponse::new(media, Outcome::Rejected, Code::BadUserInput, "")
        })?;
        seen.operation(kind_name(prepared.kind), &prepared.label);
        if prepared.kind == OperationType::Mutation && is_get {
            return Err(ErrorResponse::method_not_allowed(
                media,
                "POST",
                "A GET changes nothing: send mutations by POST.",
            ));
        }
        Ok(prepared)
    }

    async fn run(
        &self,
        asked: &Asked<A::Caller>,
        request: async_graphql::Request,
        kind: OperationType,
        until: Instant,
        place: Arc<Permit>,
    ) -> Result<EncodedResponse, ErrorResponse> {
        let Asked { media, id, .. } = asked;
        let schema = self.documents.schema();
        let timed_out = |_| {
            tracing::warn!(request_id = id.as_str(), %kind, "an operation took too long");
            timed_out(*media, self.settings.operation_time_max, kind)
        };
        let running = schema.clone();
        let running = async move { running.execute(request).await };
        let running = observed::counting(self.metrics.clone(), running).in_current_span();
        let response = if kind == OperationType::Mutation {
            // A task of its own goes on when the client hangs up or the time is over: an
            // accepted mutation is never left halfway. It counts as running until then.
            let task = tokio::spawn(async move {
                let _running = place;
                running.await
            });
            match tokio::time::timeout_at(until.into(), task).await.map_err(timed_out)? {
                Ok(response) => response,
                Err(stopped) => match stopped.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => return Err(response::internal_error(*media, id)),
                },
            }
        } else {
            tokio::time::timeout_at(until.into(), running).await.map_err(timed_out)?
        };
        Ok(response::from_execution(*media, response, id))
    }
}

/// The kind as the specification writes it.
fn kind_name(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "query",
        OperationType::Mutation => "mutation",
        OperationType::Subscription => "subscription",
    }
}

/// What is known of a request before its body is read.
pub(super) struct Asked<C> {
    pub(super) media: MediaType,
    pub(super) is_get: bool,
    pub(super) event_stream: EventStream,
    pub(super) id: RequestId,
    pub(super) caller: C,
}

/// What became of an operation that was let run.
pub(super) enum Begun {
    /// It is over.
    Answered(EncodedResponse),
    /// It goes on for as long as somebody asks for its events.
    Subscribed(BoxStream<'static, async_graphql::Response>),
}

/// Why there is no caller.
pub(super) enum LoginError {
    /// Wrong credentials came too often from where the request comes from.
    Throttled(RateLimited),
    /// The credentials are missing or wrong.
    Refused(InvalidCredentials),
    /// They can't be checked at the moment.
    Unavailable,
}

/// The media type of an answer that is no event stream.
fn media(accepted: Accepted) -> Result<MediaType, ErrorResponse> {
    match (accepted.media, accepted.event_stream) {
        (Some(media), _) => Ok(media),
        // A request that is refused before it becomes a stream.
        (None, EventStream::Always | EventStream::SubscriptionsOnly) => Ok(MediaType::Json),
        (None, EventStream::Never) => Err(ErrorResponse::new(
            MediaType::Json,
            Outcome::Http(StatusCode::NOT_ACCEPTABLE),
            Code::BadUserInput,
            "Accept application/graphql-response+json, application/json or text/event-stream.",
        )),
    }
}

/// A refused document is a matter of GraphQL, except that one which nobody may run is one of HTTP too.
fn rejection(errors: &[ServerError]) -> Outcome {
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
