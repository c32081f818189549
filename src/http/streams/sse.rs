//! Server-sent events, by the protocol of the package `graphql-sse` in its distinct connections mode: one
//! operation per stream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use async_graphql::{Executor, Response as ExecutionResult};
use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use futures_util::stream::BoxStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tracing::Instrument;

use super::queue::{Queue, Queued};
use super::session::{REVOKED, Session, SubscriptionEnd};
use crate::graphql::refusal::Code;
use crate::http::accept::{EventStream, MediaType};
use crate::http::authentication::Authenticator;
use crate::http::connections::ActiveRequest;
use crate::http::endpoint::GraphqlEndpoint;
use crate::http::execution::{Execution, RequestContext};
use crate::http::params::RequestParams;
use crate::http::request_id::RequestId;
use crate::http::response::{self, EncodedResponse, ErrorResponse, Outcome};
use crate::http::throttle::{Admission, Permit};
use crate::telemetry::labels::Transport;
use crate::telemetry::observation::RequestObservation;

/// Turns off response buffering in nginx and other proxies that support its header.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// The end of an operation. Browsers ignore an event without `data`.
const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";
/// A comment that keeps an idle connection alive.
const KEEP_ALIVE: &[u8] = b":\n\n";

/// Responds to a client that accepts an event stream: with one, or with JSON where the client accepts it
/// and the operation is not a subscription.
pub(in crate::http) async fn respond<E: Executor, A: Authenticator>(
    endpoint: &Arc<GraphqlEndpoint<E, A>>,
    context: &RequestContext<A::Caller>,
    parts: &Parts,
    params: RequestParams,
    deadline: Instant,
    admission: &mut Admission<'_>,
    observation: &mut RequestObservation,
) -> Result<Response, ErrorResponse> {
    observation.set_transport(Transport::Sse);
    let result = prepare_and_execute(endpoint, context, params, deadline, admission, observation).await;
    match &result {
        // A stream is counted at its start: it may last for days.
        Ok(Execution::Subscribed(_)) => observation.set_outcome("ok"),
        Ok(Execution::Finished(response)) => observation.set_outcome(response.outcome_label()),
        Err(refused) => observation.set_outcome(refused.outcome_label()),
    }
    match result {
        Ok(Execution::Subscribed(stream)) => start_subscription(endpoint, context, parts, stream).await,
        Ok(Execution::Finished(response)) if context.event_stream == EventStream::Always => {
            Ok(single_response(response))
        }
        Ok(Execution::Finished(response)) => Ok(response.into_response()),
        // By the protocol, the response to a rejected operation is a stream with the errors.
        Err(refused)
            if context.event_stream == EventStream::Always && refused.outcome == Outcome::Rejected =>
        {
            Ok(single_response(EncodedResponse::from(refused)))
        }
        Err(refused) => Err(refused),
    }
}

async fn prepare_and_execute<E: Executor, A: Authenticator>(
    endpoint: &Arc<GraphqlEndpoint<E, A>>,
    context: &RequestContext<A::Caller>,
    params: RequestParams,
    deadline: Instant,
    admission: &mut Admission<'_>,
    observation: &mut RequestObservation,
) -> Result<Execution, ErrorResponse> {
    let prepared = endpoint.prepare(context.media, context.is_get, params, observation).await?;
    endpoint.execute(context, prepared, deadline, admission).await
}

/// A single response as an event stream.
fn single_response(response: EncodedResponse) -> Response {
    let mut events = next_event(response).to_vec();
    events.extend_from_slice(COMPLETE);
    sse_response(Body::from(events))
}

fn next_event(response: EncodedResponse) -> Bytes {
    // Compact JSON has no line breaks.
    let json = response.into_body();
    [b"event: next\ndata: ", json.as_slice(), b"\n\n"].concat().into()
}

fn error_events(refused: ErrorResponse) -> Bytes {
    let mut events = next_event(EncodedResponse::from(refused)).to_vec();
    events.extend_from_slice(COMPLETE);
    events.into()
}

fn sse_response(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

async fn start_subscription<E: Executor, A: Authenticator>(
    endpoint: &Arc<GraphqlEndpoint<E, A>>,
    context: &RequestContext<A::Caller>,
    parts: &Parts,
    stream: BoxStream<'static, ExecutionResult>,
) -> Result<Response, ErrorResponse> {
    let key = endpoint.authenticator.caller_key(&context.caller);
    let permit = endpoint.throttle.admit_stream(key);
    let permit = Arc::new(permit.map_err(|limited| endpoint.rate_limited(context.media, limited))?);
    let (queue, queued) = Queue::new();
    let (disconnect_sender, disconnected) = oneshot::channel();
    let producer = Producer {
        endpoint: Arc::clone(endpoint),
        session: Session::new(context.caller.clone(), key, &parts.headers, Arc::clone(&permit)),
        id: context.id.clone(),
        queue,
    };
    let active = parts.extensions.get::<Arc<ActiveRequest>>().cloned();
    tokio::spawn(producer.run(stream, disconnected, active).in_current_span());
    let body = EventBody { queued, unread: None, _permit: permit, _disconnect: disconnect_sender };
    Ok(sse_response(Body::from_stream(body)))
}

/// The response body; dropping it notifies the producer of the disconnect. It counts as a stream of its
/// caller as long as its queue takes memory.
struct EventBody {
    queued: mpsc::Receiver<Queued>,
    /// Permits for the bytes of the last event, which the connection may not have sent yet.
    unread: Option<OwnedSemaphorePermit>,
    _permit: Arc<Permit>,
    _disconnect: oneshot::Sender<()>,
}

impl Stream for EventBody {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.unread = None;
        let queued = ready!(self.queued.poll_recv(context)).and_then(Queued::into_message);
        Poll::Ready(queued.map(|(bytes, permits)| {
            self.unread = permits;
            Ok(bytes)
        }))
    }
}

struct Producer<E, A: Authenticator> {
    endpoint: Arc<GraphqlEndpoint<E, A>>,
    session: Session<A::Caller>,
    id: RequestId,
    queue: Queue,
}

/// How a stream ends.
enum StreamEnd {
    /// Without a message: the client reconnects, or has disconnected.
    Silent,
    /// With `complete`.
    Complete,
    /// With an error and `complete`.
    Failed(ErrorResponse),
}

impl<E: Executor, A: Authenticator> Producer<E, A> {
    async fn run(
        self,
        stream: BoxStream<'static, ExecutionResult>,
        disconnected: oneshot::Receiver<()>,
        active: Option<Arc<ActiveRequest>>,
    ) {
        let Ok(slot) = self.queue.reserve().await else { return };
        // The first bytes show proxies and clients that the stream has started.
        self.queue.try_push(Bytes::from_static(KEEP_ALIVE));
        let ending = tokio::select! {
            ending = self.forward_events(stream) => ending,
            () = self.session.until_revoked(&self.endpoint) => Self::credentials_revoked(),
            () = self.send_keep_alives() => StreamEnd::Silent,
            () = self.endpoint.streams.shutdown.received() => StreamEnd::Silent,
            () = self.queue.closed() => StreamEnd::Silent,
        };
        match ending {
            StreamEnd::Silent => drop(slot),
            StreamEnd::Complete => slot.send(Bytes::from_static(COMPLETE)),
            StreamEnd::Failed(refused) => slot.send(error_events(refused)),
        }
        let time_max = self.endpoint.streams.limits.send_time_max;
        drop(self);
        // A client that does not read the rest either would hold the stream for ever.
        if tokio::time::timeout(time_max, disconnected).await.is_err()
            && let Some(active) = active
        {
            active.abort();
        }
    }

    async fn forward_events(&self, mut stream: BoxStream<'static, ExecutionResult>) -> StreamEnd {
        let time_max = self.endpoint.streams.limits.send_time_max;
        loop {
            let event = match self.session.next(&self.endpoint, &mut stream, &self.id).await {
                Ok(Some(event)) => next_event(response::from_execution(MediaType::Json, event, &self.id)),
                Ok(None) => return StreamEnd::Complete,
                Err(SubscriptionEnd::Revoked) => return Self::credentials_revoked(),
                Err(SubscriptionEnd::Panicked) => {
                    return StreamEnd::Failed(response::internal_error(MediaType::Json, &self.id));
                }
            };
            match tokio::time::timeout(time_max, self.queue.push(event, None)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return StreamEnd::Silent,
                Err(_) => return Self::slow_consumer(),
            }
        }
    }

    async fn send_keep_alives(&self) {
        loop {
            tokio::time::sleep(self.endpoint.streams.limits.keep_alive_interval).await;
            self.queue.try_push(Bytes::from_static(KEEP_ALIVE));
        }
    }

    fn credentials_revoked() -> StreamEnd {
        StreamEnd::Failed(ErrorResponse::unauthenticated(MediaType::Json, REVOKED.to_owned()))
    }

    fn slow_consumer() -> StreamEnd {
        let status = Outcome::Http(StatusCode::GATEWAY_TIMEOUT);
        let message = "Slow consumer: an event was not read in time. Resubscribe after the last event that you processed.";
        StreamEnd::Failed(ErrorResponse::new(MediaType::Json, status, Code::OperationTimeout, message))
    }
}
