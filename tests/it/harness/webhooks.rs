//! A receiver of webhooks on this machine, and what is asked about endpoints.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tokio::sync::Notify;

use super::{Backend, TestApp, TestDatabase};

/// What a mutation of this file takes and gives; none for others.
pub(super) fn document(mutation: &str) -> Option<(&'static str, String)> {
    const ENDPOINT: &str = "webhookEndpoint { id url description types status disabledReason position lag \
        pendingCount previousSecretExpiresAt createdBy partner { code } }";
    const DELIVERY: &str = "webhookDelivery { id webhookId type eventNumber state }";
    Some(match mutation {
        "createWebhookEndpoint" => ("CreateWebhookEndpointInput", format!("{ENDPOINT} secret")),
        "rotateWebhookSecret" => ("WebhookEndpointInput", format!("{ENDPOINT} secret")),
        "updateWebhookEndpoint" => ("UpdateWebhookEndpointInput", ENDPOINT.to_owned()),
        "enableWebhookEndpoint" => ("EnableWebhookEndpointInput", ENDPOINT.to_owned()),
        "disableWebhookEndpoint" => ("DisableWebhookEndpointInput", ENDPOINT.to_owned()),
        "replayWebhookEvents" => ("ReplayWebhookEventsInput", ENDPOINT.to_owned()),
        "deleteWebhookEndpoint" => ("WebhookEndpointInput", "deletedId".to_owned()),
        "sendTestWebhook" => ("WebhookEndpointInput", DELIVERY.to_owned()),
        "resendWebhookDelivery" => ("ResendWebhookDeliveryInput", DELIVERY.to_owned()),
        _ => return None,
    })
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Got {
    /// A header, which must be there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_else(|| panic!("no {name}"))
    }

    /// Whether a secret verifies it.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let webhook = Webhook::new(secret).expect("a secret");
        webhook.verify(self.text.as_bytes(), &self.headers).is_ok()
    }

    /// The external id of the activity that it is about.
    pub(crate) fn activity(&self) -> &str {
        self.body["data"]["activity"]["externalId"].as_str().unwrap_or("none")
    }
}

/// What a receiver answers.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A status with headers.
    Status(u16, Vec<(&'static str, String)>),
    /// Nothing, until it is released; then 200.
    Hang,
}

type Rule = Box<dyn Fn(&Got) -> Reply + Send>;

struct Desk {
    got: Mutex<Vec<Got>>,
    rule: Mutex<Rule>,
    released: Notify,
}

/// An HTTP server that keeps what comes.
pub(crate) struct Receiver {
    pub(crate) url: String,
    desk: Arc<Desk>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(
    State(desk): State<Arc<Desk>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    assert_eq!(method, Method::POST);
    let text = String::from_utf8(body.to_vec()).expect("a text");
    let body = serde_json::from_str(&text).expect("JSON");
    let got = Got { path: uri.path().to_owned(), headers, text, body };
    let released = desk.released.notified();
    let reply = desk.rule.lock().expect("a rule")(&got);
    desk.got.lock().expect("a list").push(got);
    match reply {
        Reply::Status(status, more) => {
            let mut answer = (StatusCode::from_u16(status).expect("a status"), "noted").into_response();
            for (name, value) in more {
                let value = HeaderValue::from_str(&value).expect("a value");
                answer.headers_mut().insert(HeaderName::from_static(name), value);
            }
            answer
        }
        Reply::Hang => {
            released.await;
            StatusCode::OK.into_response()
        }
    }
}

impl Receiver {
    /// A receiver that takes everything.
    pub(crate) async fn start() -> Self {
        let rule: Rule = Box::new(|_| Reply::Status(200, Vec::new()));
        let desk = Arc::new(Desk { got: Mutex::default(), rule: Mutex::new(rule), released: Notify::new() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hooks", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(take).with_state(Arc::clone(&desk));
        let server = tokio::spawn(async move { axum_serve(listener, router).await });
        Self { url, desk, server }
    }

    /// Answers like this from now on.
    pub(crate) fn answer(&self, rule: impl Fn(&Got) -> Reply + Send + 'static) {
        *self.desk.rule.lock().expect("a rule") = Box::new(rule);
    }

    /// Answers with a status from now on.
    pub(crate) fn status(&self, status: u16) {
        self.answer(move |_| Reply::Status(status, Vec::new()));
    }

    /// Answers whatever hangs.
    pub(crate) fn release(&self) {
        self.status(200);
        self.desk.released.notify_waiters();
    }

    /// What came so far.
    pub(crate) fn got(&self) -> Vec<Got> {
        self.desk.got.lock().expect("a list").clone()
    }

    /// What came since it was last asked.
    pub(crate) fn news(&self) -> Vec<Got> {
        std::mem::take(&mut *self.desk.got.lock().expect("a list"))
    }

    /// External ids of the activities that came since it was last asked.
    pub(crate) fn activities(&self) -> Vec<String> {
        self.news().iter().map(|got| got.activity().to_owned()).collect()
    }

    /// Waits until so many have come.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Got> {
        until(&format!("{count} webhooks"), async || self.got().len() >= count).await;
        self.got()
    }
}

/// Serves connections until the task is aborted.
async fn axum_serve(listener: tokio::net::TcpListener, router: Router) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let service = hyper_util::service::TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let io = hyper_util::rt::TokioIo::new(stream);
            let builder = hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new());
            // A client that goes away is no failure of the test.
            let _ = builder.serve_connection(io, service).await;
        });
    }
}

/// Waits for a condition, not for ever.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let since = Instant::now();
    while !is_so().await {
        assert!(since.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An application that sends webhooks to this machine when the test says so.
pub(crate) async fn quiet(backend: Backend) -> TestApp {
    let settings = [("WEBHOOKS_TO_PRIVATE", "true"), ("WEBHOOKS_SEND", "false")];
    TestApp::start_with(TestDatabase::create(backend).await, "2026-08-31", &settings).await
}

impl TestApp {
    /// Creates an endpoint that gets these types of events; gives its id and its secret.
    pub(crate) async fn endpoint(&self, url: &str, types: &[&str]) -> (Value, String) {
        let input = json!({ "url": url, "description": "the tests", "types": types });
        let made = self.done("createWebhookEndpoint", input).await;
        let secret = made["secret"].as_str().expect("a secret").to_owned();
        (made["webhookEndpoint"]["id"].clone(), secret)
    }

    /// Sends what is due in so many seconds; says how many attempts that took.
    pub(crate) async fn send_in(&self, seconds: i64) -> usize {
        let services = self.services();
        services.webhooks_enqueue().await.expect("deliveries");
        let now = services.clock().real() + chrono::TimeDelta::seconds(seconds);
        services.webhooks_send_due(now).await.expect("attempts")
    }

    /// An endpoint as it is shown, with its deliveries.
    pub(crate) async fn webhook(&self, id: &Value) -> Value {
        const ENDPOINT: &str = "query($id: ID!) { node(id: $id) { ... on WebhookEndpoint { id url description types \
            status disabledReason statusSince position lag pendingCount previousSecretExpiresAt createdAt createdBy \
            partner { code } deliveries(first: 100) { totalCount nodes { id webhookId type eventNumber state nextAttemptAt \
            createdAt deliveredAt event { number type } endpoint { id } \
            attempts { at durationMs statusCode error response } } } } } }";
        self.ok(ENDPOINT, json!({ "id": id })).await["node"].clone()
    }
}
