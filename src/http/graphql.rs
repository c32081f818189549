//! GraphQL over HTTP, by its specification and the audits of the `graphql-http` package.
//!
//! The extractors and answers of `async-graphql-axum` are not used on this path: they take
//! any content type, know no limit on bodies, run mutations by GET, answer 200 whatever
//! happened and do not look at `Accept`. Nothing of that crate would be left.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::Executor;
use async_graphql_parser::types::OperationType;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;

use super::accept::{Media, negotiate};
use super::access::{Access, AuthFailed, AuthRefused, RateLimited};
use super::answer::{self, NotRun, Outcome};
use super::input::{self, Input};
use super::request_id::RequestId;
use crate::graphql::documents::{Documents, Prepared};
use crate::graphql::refusal::Code;

/// The page for people who open the endpoint in a browser, for a request with these headers.
pub type Page = Arc<dyn Fn(HeaderMap) -> BoxFuture<'static, Response> + Send + Sync>;

/// What requests may take.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Longest body, in bytes.
    pub body_bytes_max: usize,
    /// Longest time for a body to arrive, and again for an operation to run.
    pub operation_time_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { body_bytes_max: 1_048_576, operation_time_max: Duration::from_secs(10) }
    }
}

/// All that the endpoint needs.
pub struct Edge<E, A> {
    /// The schemas and their documents.
    pub documents: Documents<E>,
    /// Who may use the API.
    pub access: A,
    /// What requests may take.
    pub settings: Settings,
    /// The page for browsers; without one they are answered like anybody else.
    pub page: Option<Page>,
}

/// Answers a request to the endpoint, by whatever method.
pub async fn handle<E: Executor, A: Access>(
    State(edge): State<Arc<Edge<E, A>>>,
    request: Request,
) -> Response {
    match edge.answer(request).await {
        Ok(response) => response,
        Err(not_run) => not_run.into_response(),
    }
}

impl<E: Executor, A: Access> Edge<E, A> {
    async fn answer(&self, request: Request) -> Result<Response, NotRun> {
        let accepted = negotiate(request.headers());
        let is_get = request.method() == Method::GET;
        if !is_get && request.method() != Method::POST {
            let media = accepted.media.unwrap_or(Media::Json);
            return Err(NotRun::method(media, "GET, POST", "Send GraphQL requests by POST or GET."));
        }
        if let Some(page) = &self.page
            && is_get
            && accepted.page
            && !input::has_query(request.uri())
        {
            return Ok(page(request.headers().clone()).await);
        }
        let media = accepted.media.ok_or_else(|| {
            NotRun::new(
                Media::Json,
                Outcome::Http(StatusCode::NOT_ACCEPTABLE),
                Code::BadUserInput,
                "Accept application/graphql-response+json or application/json.",
            )
        })?;
        let (parts, body) = request.into_parts();
        let caller = self.access.authenticate(&parts.headers).await;
        let caller = caller.map_err(|failed| match failed {
            AuthFailed::Refused(AuthRefused(message)) => NotRun::unauthenticated(media, message),
            AuthFailed::Unavailable => {
                let id = parts.extensions.get().cloned();
                answer::internal(media, &id.unwrap_or_else(|| RequestId::of(&parts.headers)))
            }
        })?;
        let input = if is_get {
            input::from_query_string(media, &parts.uri)?
        } else {
            if !input::is_json(&parts.headers) {
                return Err(NotRun::new(
                    media,
                    Outcome::Http(StatusCode::UNSUPPORTED_MEDIA_TYPE),
                    Code::BadUserInput,
                    "Send the request as Content-Type: application/json, in UTF-8.",
                ));
            }
            let Settings { body_bytes_max, operation_time_max } = self.settings;
            let body = input::read(media, &parts.headers, body, body_bytes_max, operation_time_max).await?;
            input::from_body(media, &body)?
        };
        let id = match parts.extensions.get::<RequestId>() {
            Some(id) => id.clone(),
            None => RequestId::of(&parts.headers),
        };
        let prepared = self.prepare(media, is_get, input).await?;
        self.run(media, caller, prepared, id).await
    }

    async fn prepare(&self, media: Media, is_get: bool, input: Input) -> Result<Prepared, NotRun> {
        let name = input.operation_name.as_deref();
        let prepared = self.documents.prepare(&input.query, name, input.variables).await;
        let prepared = prepared.map_err(|errors| NotRun {
            errors,
            ..NotRun::new(media, Outcome::Rejected, Code::BadUserInput, "")
        })?;
        match prepared.kind {
            OperationType::Mutation if is_get => {
                Err(NotRun::method(media, "POST", "A GET runs queries only: send mutations by POST."))
            }
            OperationType::Subscription => Err(NotRun::new(
                media,
                Outcome::Rejected,
                Code::BadUserInput,
                "Subscriptions run over a WebSocket only.",
            )),
            OperationType::Query | OperationType::Mutation => Ok(prepared),
        }
    }

    async fn run(
        &self,
        media: Media,
        caller: A::Caller,
        prepared: Prepared,
        id: RequestId,
    ) -> Result<Response, NotRun> {
        let admitted = self.access.admit(&caller, prepared.points);
        admitted.map_err(|RateLimited { retry_after }| NotRun::rate_limited(media, retry_after))?;
        let request = self.access.equip(caller, prepared.request.data(id.clone()));
        let schema = self.documents.schema();
        let time_max = self.settings.operation_time_max;
        let response = if prepared.kind == OperationType::Mutation {
            // A task of its own goes on when the client hangs up or the time is over: an
            // accepted mutation is never left halfway.
            let schema = schema.clone();
            let task = tokio::spawn(async move { schema.execute(request).await });
            match tokio::time::timeout(time_max, task).await {
                Ok(Ok(response)) => response,
                Ok(Err(stopped)) => match stopped.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => return Err(answer::internal(media, &id)),
                },
                Err(_) => return Err(timed_out(media, time_max, prepared.kind)),
            }
        } else {
            let execution = tokio::time::timeout(time_max, schema.execute(request)).await;
            execution.map_err(|_| timed_out(media, time_max, prepared.kind))?
        };
        Ok(answer::executed(media, response, &id))
    }
}

fn timed_out(media: Media, time_max: Duration, kind: OperationType) -> NotRun {
    let advice = match kind {
        OperationType::Mutation => "It may still be carried out: look before you repeat it.",
        OperationType::Query | OperationType::Subscription => "Ask for less at a time.",
    };
    let message = format!("The operation took longer than {} s. {advice}", time_max.as_secs());
    let status = Outcome::Http(StatusCode::GATEWAY_TIMEOUT);
    NotRun::new(media, status, Code::OperationTimeout, message)
}
