//! A small schema with a field for each case, and a server for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use async_graphql::*;
use partner_program::graphql::documents::{Documents, executor};
use partner_program::graphql::limits::Limits;
use partner_program::graphql::schema_types::{SchemaTypes, api_scalars};
use partner_program::http::authentication::{BootstrapAdministrator, BootstrapKey};
use partner_program::http::connections::{self, ConnectionLimits};
use partner_program::http::endpoint::{GraphqlEndpoint, RequestLimits};
use partner_program::http::request_id::RequestId;
use partner_program::http::streams::{ShutdownSignal, StreamSettings};
use partner_program::http::throttle::{Quotas, Throttle};
use partner_program::telemetry::metrics::Metrics;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::toy_streams::{AuthenticatorState, Subscription, ToyAuthenticator};

pub(crate) const KEY: &str = "bootstrap-key-for-tests";

pub(crate) struct Date(chrono::NaiveDate);

#[Scalar]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Ok(Self(text.parse()?)),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum Colour {
    Red,
    Green,
}

#[derive(InputObject)]
struct Item {
    occurred_on: Date,
    points: Option<i32>,
    #[graphql(default = 7)]
    weight: i32,
}

#[derive(InputObject)]
struct RecordInput {
    name: String,
    items: Option<Vec<Item>>,
    colour: Option<Colour>,
    by: Option<By>,
    child: Option<Box<RecordInput>>,
}

#[derive(OneofObject)]
enum By {
    Code(String),
    Id(ID),
}

struct Node(i32);

#[Object]
impl Node {
    async fn id(&self) -> ID {
        ID(self.0.to_string())
    }
    async fn number(&self) -> i32 {
        self.0
    }
    async fn next(&self) -> Node {
        Node(self.0 + 1)
    }
    async fn entries(&self, first: Option<i32>) -> Connection {
        Connection(first.unwrap_or(20))
    }
}

struct Connection(i32);

#[Object]
impl Connection {
    async fn nodes(&self) -> Vec<Node> {
        (0..self.0).map(Node).collect()
    }
    async fn edges(&self) -> Vec<Edged> {
        (0..self.0).map(|it| Edged { node: Node(it) }).collect()
    }
}

#[derive(SimpleObject)]
struct Edged {
    node: Node,
}

pub(crate) struct Query;

#[Object]
impl Query {
    async fn hello(&self) -> &str {
        "world"
    }
    async fn double(&self, n: i32) -> i64 {
        i64::from(n) * 2
    }
    async fn echo(&self, text: Option<String>) -> Option<String> {
        text
    }
    async fn node(&self, id: ID) -> Node {
        Node(id.parse().unwrap_or(0))
    }
    async fn partners(&self, first: Option<i32>) -> Result<Connection> {
        let first = first.unwrap_or(20);
        if first > 100 {
            return Err(
                Error::new("Pages have at most 100.").extend_with(|_, it| it.set("code", "BAD_USER_INPUT"))
            );
        }
        Ok(Connection(first))
    }
    async fn record(&self, input: RecordInput) -> String {
        let items = input.items.unwrap_or_default();
        let by = match input.by {
            Some(By::Code(code)) => code,
            Some(By::Id(id)) => id.to_string(),
            None => String::new(),
        };
        let last = items.last().map(|it| format!("{} {:?} {}", it.occurred_on.0, it.points, it.weight));
        let green = input.colour == Some(Colour::Green);
        let child = input.child.is_some();
        format!("{} {} {last:?} {green} {by} {child}", input.name, items.len())
    }
    async fn many(&self, numbers: Vec<i32>) -> i32 {
        numbers.iter().sum()
    }
    async fn limited(&self, #[graphql(validator(maximum = 5))] n: i32) -> i32 {
        n
    }
    async fn broken(&self) -> Result<i32> {
        Err(Error::new("no such table: secrets"))
    }
    async fn refused(&self) -> Result<i32> {
        Err(Error::new("not yours").extend_with(|_, it| it.set("code", "FORBIDDEN")))
    }
    async fn withheld(&self, ctx: &Context<'_>) -> Option<i32> {
        let error = Error::new("not yours").extend_with(|_, it| it.set("code", "FORBIDDEN"));
        ctx.add_error(error.into_server_error(ctx.item.pos));
        None
    }
    async fn panics(&self) -> i32 {
        assert!(KEY.is_empty(), "a resolver that panics");
        0
    }
    async fn slow(&self) -> i32 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        1
    }
    async fn caller(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.data::<BootstrapAdministrator>().is_ok() && ctx.data::<RequestId>().is_ok())
    }
}

pub(crate) struct Mutation;

#[Object]
impl Mutation {
    async fn add(&self, ctx: &Context<'_>, n: i32) -> Result<i32> {
        Ok(ctx.data::<Arc<AtomicI32>>()?.fetch_add(n, Ordering::SeqCst) + n)
    }
    async fn add_slowly(&self, ctx: &Context<'_>, n: i32) -> Result<i32> {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok(ctx.data::<Arc<AtomicI32>>()?.fetch_add(n, Ordering::SeqCst) + n)
    }
    async fn panics(&self) -> i32 {
        assert!(KEY.is_empty(), "a mutation that panics");
        0
    }
}

pub(crate) type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

pub(crate) fn schema(counter: &Arc<AtomicI32>) -> SchemaBuilder<Query, Mutation, Subscription> {
    async_graphql::Schema::build(Query, Mutation, Subscription).data(Arc::clone(counter))
}

/// What the schema says of itself.
pub(crate) const DESCRIPTION: &str = "A toy.";

pub(crate) fn documents(counter: &Arc<AtomicI32>) -> (Documents<Schema>, String) {
    let sdl = schema(counter).finish().sdl();
    let types = SchemaTypes::from_sdl(&sdl, &api_scalars()).expect("the SDL is GraphQL");
    let executor = executor(schema(counter));
    let documents =
        Documents::new(executor, types, Limits::default(), 1_000, 64 << 20).with_description(DESCRIPTION);
    (documents, sdl)
}

pub(crate) struct Toy {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) counter: Arc<AtomicI32>,
    pub(crate) endpoint: Arc<GraphqlEndpoint<Schema, ToyAuthenticator>>,
    pub(crate) router: axum::Router,
    pub(crate) authenticator_state: Arc<AuthenticatorState>,
    pub(crate) stopper: watch::Sender<bool>,
    pub(crate) server: JoinHandle<std::io::Result<()>>,
}

impl Toy {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0", Duration::from_millis(1_500)).await
    }

    pub(crate) async fn start_at(address: &str, operation_time_max: Duration) -> Self {
        let limits = RequestLimits { operation_time_max, ..RequestLimits::default() };
        Self::start_with(address, limits, Quotas::default()).await
    }

    pub(crate) async fn start_with(address: &str, limits: RequestLimits, quotas: Quotas) -> Self {
        Self::start_streaming(address, limits, quotas, StreamSettings::default()).await
    }

    pub(crate) async fn start_streaming(
        address: &str,
        limits: RequestLimits,
        quotas: Quotas,
        streams: StreamSettings,
    ) -> Self {
        let counter = Arc::new(AtomicI32::new(0));
        let authenticator_state = Arc::new(AuthenticatorState::default());
        let (stopper, shutdown) = ShutdownSignal::channel();
        let (documents, sdl) = documents(&counter);
        let endpoint = Arc::new(GraphqlEndpoint {
            documents: documents.with_persisted_queries(1 << 20),
            authenticator: ToyAuthenticator {
                key: BootstrapKey::new(KEY),
                state: Arc::clone(&authenticator_state),
            },
            limits,
            throttle: Throttle::new(quotas),
            metrics: Metrics::default(),
            streams: StreamSettings { shutdown: shutdown.clone(), ..streams },
            page: Some(Arc::new(|_| {
                use axum::response::IntoResponse;
                Box::pin(async { axum::response::Html("<title>page</title>").into_response() })
            })),
        });
        let routes = partner_program::http::routes(Arc::clone(&endpoint), sdl, || async { Ok(()) });
        let router = partner_program::http::with_layers(routes);
        let (address, server) = serve_until(router.clone(), address, shutdown).await;
        Self { address, counter, authenticator_state, endpoint, router, stopper, server }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

pub(crate) async fn serve(router: axum::Router, address: &str) -> std::net::SocketAddr {
    serve_until(router, address, ShutdownSignal::default()).await.0
}

async fn serve_until(
    router: axum::Router,
    address: &str,
    shutdown: ShutdownSignal,
) -> (std::net::SocketAddr, JoinHandle<std::io::Result<()>>) {
    let listener = tokio::net::TcpListener::bind(address).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let limits = ConnectionLimits { header_time_max: Duration::from_millis(500), ..Default::default() };
    let stopped = async move { shutdown.received().await };
    (address, tokio::spawn(connections::serve(listener, router, limits, Metrics::default(), stopped)))
}
