//! Sandboxes as parts of the server: their routes and their background tasks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use uuid::Uuid;

use super::routes::router;
use super::supervision::Supervisor;
use super::{AppError, start_tasks};
use crate::auth::ApiAuthenticator;
use crate::config::Settings;
use crate::graphql::read_sandbox_id;
use crate::http::authentication::BootstrapKey;
use crate::http::console::ConsoleSettings;
use crate::http::sandboxes::FindSandbox;
use crate::http::streams::ShutdownSignal;
use crate::service::sandboxes::{SandboxServer, ServedSandbox};
use crate::service::webhooks::WebhookSettings;
use crate::webhook_client::WebhookClient;

/// Serves the sandboxes of the process.
#[derive(Debug)]
pub(super) struct SandboxHost {
    /// Those of the program.
    settings: Settings,
    running: Mutex<HashMap<Uuid, RunningSandbox>>,
}

#[derive(Debug)]
struct RunningSandbox {
    router: Router,
    stop: watch::Sender<bool>,
    tasks: Supervisor,
}

impl SandboxHost {
    /// Serves none yet.
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, running: Mutex::default() }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Uuid, RunningSandbox>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds the routes of a sandbox by the id of its address.
    pub(super) fn find(self: &Arc<Self>) -> FindSandbox {
        let host = Arc::clone(self);
        Arc::new(move |id| {
            let id = read_sandbox_id(id)?;
            host.running().get(&id).map(|running| running.router.clone())
        })
    }

    /// Ends the WebSockets and event streams of all sandboxes, for which the shutdown of the server waits.
    pub(super) fn end_streams(&self) {
        for running in self.running().values() {
            running.stop.send_replace(true);
        }
    }

    async fn start(&self, sandbox: ServedSandbox) -> Result<(), AppError> {
        let settings = self.settings_of(&sandbox);
        let ServedSandbox { id, key_digest, services, .. } = sandbox;
        let client = if settings.webhooks.send {
            WebhookClient::new(settings.webhooks.allow_private).map_err(AppError::Webhooks)?
        } else {
            WebhookClient::without_sending(settings.webhooks.allow_private)
        };
        let services = services.with_webhooks(client);
        let key = BootstrapKey::of_digest(key_digest);
        // Without the provider of the program: its tokens say nothing about a copy.
        let authenticator = ApiAuthenticator::new(services.clone(), Some(key), None);
        let (stop, shutdown) = ShutdownSignal::channel();
        let mut tasks = Supervisor::new(services.metrics().clone());
        let health = tasks.health().clone();
        let router = router(&services, authenticator, &settings, shutdown, health).await?;
        start_tasks(&mut tasks, &services, &settings);
        let earlier = self.running().insert(id, RunningSandbox { router, stop, tasks });
        if let Some(earlier) = earlier {
            earlier.end().await;
        }
        Ok(())
    }

    /// The settings of a sandbox: those of the program, but for what is of the program alone. Events are kept for as long
    /// as the sandbox is, wherever its clock stands.
    fn settings_of(&self, sandbox: &ServedSandbox) -> Settings {
        let Settings { console, webhooks, .. } = &self.settings;
        Settings {
            bootstrap_admin_key: None,
            provider: None,
            events_kept_days: None,
            console: ConsoleSettings {
                sign_in: None,
                sandbox_until: Some(sandbox.expires_at),
                ..console.clone()
            },
            webhooks: WebhookSettings { send: sandbox.sends_webhooks, ..*webhooks },
            ..self.settings.clone()
        }
    }
}

impl SandboxServer for SandboxHost {
    fn sends_webhooks(&self) -> bool {
        self.settings.webhooks.send
    }

    fn serve(&self, sandbox: ServedSandbox) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move { self.start(sandbox).await.map_err(|error| error.to_string()) })
    }

    fn stop(&self, id: Uuid) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let running = self.running().remove(&id);
            if let Some(running) = running {
                running.end().await;
            }
        })
    }
}

impl RunningSandbox {
    /// Ends its streams and its background tasks. Requests in progress go on.
    async fn end(self) {
        self.stop.send_replace(true);
        self.tasks.stop().await;
    }
}
