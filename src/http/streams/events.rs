//! Server-sent events, by the protocol of the package `graphql-sse`, in its mode of distinct
//! connections: one operation, one stream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use async_graphql::{Executor, Response as Executed};
use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use futures_util::stream::BoxStream;
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument;

use super::queue::{Queue, Queued};
use super::session::{Lost, REVOKED, Session};
use crate::graphql::refusal::Code;
use crate::http::accept::{EventStream, MediaType};
use crate::http::authentication::Authenticator;
use crate::http::connections::Connection;
use crate::http::graphql::{Execution, GraphqlEndpoint, RequestContext};
use crate::http::params::RequestParams;
use crate::http::request_id::RequestId;
use crate::http::response::{self, EncodedResponse, ErrorResponse, Outcome};
use crate::http::throttle::Admission;
use crate::telemetry::labels::Transport;
use crate::telemetry::observed::RequestObservation;

/// Asks nginx and those that know its header to pass events on as they come.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// The end of an operation. Browsers pass over an event without `data`.
const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";
/// What keeps a connection alive that has nothing to say.
const COMMENT: &[u8] = b":\n\n";

/// Answers a request of a client that takes events: with them, or with JSON where the client has that
/// as well and the operation is no subscription.
pub(in crate::http) async fn answer<E: Executor, A: Authenticator>(
    endpoint: &Arc<GraphqlEndpoint<E, A>>,
    context: &RequestContext<A::Caller>,
    parts: &Parts,
    params: RequestParams,
    deadline: Instant,
    admission: &mut Admission<'_>,
    observation: &mut RequestObservation,
) -> Result<Response, ErrorResponse> {
    observation.transport(Transport::Sse);
    let answered = begin(endpoint, context, params, deadline, admission, observation).await;
    match &answered {
        // A stream counts when it has begun: it may go on for days.
        Ok(Execution::Subscribed(_)) => observation.outcome("ok"),
        Ok(Execution::Finished(answer)) => observation.outcome(response.outcome_label()),
        Err(refused) => observation.outcome(refused.outcome_label()),
    }
    match answered {
        Ok(Execution::Subscribed(stream)) => subscribed(endpoint, context, parts, stream).await,
        Ok(Execution::Finished(answer)) if context.event_stream == EventStream::Always => Ok(whole(answer)),
        Ok(Execution::Finished(answer)) => Ok(answer.into_response()),
        // By the protocol, an operation that is refused for what it asks is a stream with the errors.
        Err(refused)
            if context.event_stream == EventStream::Always && refused.outcome == Outcome::Rejected =>
        {
            Ok(whole(EncodedResponse::from(refused)))
        }
        Err(refused) => Err(refused),
    }
}

async fn begin<E: Executor, A: Authenticator>(
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

/// An answer as a stream of its own.
fn whole(answer: EncodedResponse) -> Response {
    let mut events = next(answer).to_vec();
    events.extend_from_slice(COMPLETE);
    stream_of(Body::from(events))
}

fn next(answer: EncodedResponse) -> Bytes {
    // JSON has no line breaks but those that are written for people.
    let json = answer.into_body();
    [b"event: next\ndata: ", json.as_slice(), b"\n\n"].concat().into()
}

fn last(refused: ErrorResponse) -> Bytes {
    let mut events = next(EncodedResponse::from(refused)).to_vec();
    events.extend_from_slice(COMPLETE);
    events.into()
}

fn stream_of(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

async fn subscribed<E: Executor, A: Authenticator>(
    endpoint: &Arc<GraphqlEndpoint<E, A>>,
    context: &RequestContext<A::Caller>,
    parts: &Parts,
    stream: BoxStream<'static, Executed>,
) -> Result<Response, ErrorResponse> {
    let key = endpoint.authenticator.caller_key(&context.caller);
    let place = endpoint.throttle.admit_stream(key);
    let place = place.map_err(|wait| endpoint.rate_limited(context.media, wait))?;
    let (queue, queued) = Queue::new();
    let (gone_sender, gone) = oneshot::channel();
    let producer = Producer {
        endpoint: Arc::clone(endpoint),
        session: Session::new(context.caller.clone(), key, &parts.headers, place),
        id: context.id.clone(),
        queue,
    };
    // Over HTTP/2 the connection has others' requests as well; a stream that ends takes nothing there.
    let connection =
        parts.extensions.get::<Arc<Connection>>().filter(|_| parts.version < axum::http::Version::HTTP_2);
    tokio::spawn(producer.run(stream, gone, connection.cloned()).in_current_span());
    Ok(stream_of(Body::from_stream(EventBody { queued, _gone: gone_sender })))
}

/// What is sent, and who knows that nobody takes it any more.
struct EventBody {
    queued: mpsc::Receiver<Queued>,
    _gone: oneshot::Sender<()>,
}

impl Stream for EventBody {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let queued = self.queued.poll_recv(context);
        queued.map(|queued| queued.and_then(Queued::wanted).map(|(bytes, _)| Ok(bytes)))
    }
}

struct Producer<E, A: Authenticator> {
    endpoint: Arc<GraphqlEndpoint<E, A>>,
    session: Session<A::Caller>,
    id: RequestId,
    queue: Queue,
}

/// How a stream ends.
enum Ending {
    /// With nothing: the client connects again, or has gone.
    Silent,
    /// With `complete`.
    Complete,
    /// With a last error, and `complete`.
    Failed(ErrorResponse),
}

impl<E: Executor, A: Authenticator> Producer<E, A> {
    async fn run(
        self,
        stream: BoxStream<'static, Executed>,
        gone: oneshot::Receiver<()>,
        connection: Option<Arc<Connection>>,
    ) {
        let Ok(place) = self.queue.reserve().await else { return };
        // Proxies and clients see by the first bytes that it has begun.
        self.queue.offer(Bytes::from_static(COMMENT));
        let ending = tokio::select! {
            ending = self.follow(stream) => ending,
            () = self.session.until_revoked(&self.endpoint) => Self::revoked(),
            () = self.comments() => Ending::Silent,
            () = self.endpoint.streams.stop.stopped() => Ending::Silent,
            () = self.queue.closed() => Ending::Silent,
        };
        match ending {
            Ending::Silent => drop(place),
            Ending::Complete => place.fill(Bytes::from_static(COMPLETE)),
            Ending::Failed(refused) => place.fill(last(refused)),
        }
        let time_max = self.endpoint.streams.limits.send_time_max;
        drop(self);
        // Who does not take the rest either would hold the connection for ever.
        if tokio::time::timeout(time_max, gone).await.is_err()
            && let Some(connection) = connection
        {
            connection.abort();
        }
    }

    async fn follow(&self, mut stream: BoxStream<'static, Executed>) -> Ending {
        let time_max = self.endpoint.streams.limits.send_time_max;
        loop {
            let event = match self.session.next(&self.endpoint, &mut stream, &self.id).await {
                Ok(Some(event)) => next(response::from_execution(MediaType::Json, event, &self.id)),
                Ok(None) => return Ending::Complete,
                Err(Lost::Revoked) => return Self::revoked(),
                Err(Lost::Panicked) => {
                    return Ending::Failed(response::internal_error(MediaType::Json, &self.id));
                }
            };
            match tokio::time::timeout(time_max, self.queue.push(event, None)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Ending::Silent,
                Err(_) => return Self::slow(),
            }
        }
    }

    async fn comments(&self) {
        loop {
            tokio::time::sleep(self.endpoint.streams.limits.comment_interval).await;
            self.queue.offer(Bytes::from_static(COMMENT));
        }
    }

    fn revoked() -> Ending {
        Ending::Failed(ErrorResponse::unauthenticated(MediaType::Json, REVOKED.to_owned()))
    }

    fn slow() -> Ending {
        let status = Outcome::Http(StatusCode::GATEWAY_TIMEOUT);
        let message = "Slow consumer: an event was not taken in time. Subscribe again after the last one.";
        Ending::Failed(ErrorResponse::new(MediaType::Json, status, Code::OperationTimeout, message))
    }
}
