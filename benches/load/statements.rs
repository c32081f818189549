//! How many SQL statements a request costs: the driver opens a span for each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::span::{Attributes, Id};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::measure::Target;
use crate::product;

struct Counter(Arc<AtomicU64>);

impl<S: tracing::Subscriber> Layer<S> for Counter {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let metadata = attributes.metadata();
        let statement = matches!(metadata.name(), "execute" | "query_one" | "query_all" | "stream");
        if statement && metadata.target().starts_with("sea_orm::driver::sqlx_") {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Statements of one request of each target, from a server of this thread alone.
pub(crate) fn count(url: &str, targets: &[&Target]) -> Result<Vec<u64>, Box<dyn std::error::Error>> {
    let seen = Arc::new(AtomicU64::new(0));
    let subscriber = tracing_subscriber::registry().with(Counter(Arc::clone(&seen)));
    let _scope = tracing::subscriber::set_default(subscriber);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let services = product::open(url).await?;
        let address = product::start(services.clone()).await?;
        let client = reqwest::Client::new();
        let mut counts = Vec::new();
        for target in targets {
            let before = seen.load(Ordering::Relaxed);
            let request = client
                .post(format!("http://{address}/graphql"))
                .bearer_auth(product::KEY)
                .header("Content-Type", "application/json")
                .body(target.bodies[0].clone());
            let answer = request.send().await?.text().await?;
            if !answer.contains(target.expected) {
                return Err(answer.into());
            }
            counts.push(seen.load(Ordering::Relaxed) - before);
        }
        services.database().clone().close().await?;
        Ok(counts)
    })
}
