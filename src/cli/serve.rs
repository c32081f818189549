//! `serve`: the server, until it is told to stop.

use super::{Failure, demo};
use crate::access::RoleName;
use crate::app;
use crate::config::{DatabaseUrl, Secret, Settings};
use crate::service::keys::KeyDraft;

/// The roles beside the administrator, and whom their demo keys stand for.
const DEMO_KEYS: [(RoleName, Option<&str>); 4] = [
    (RoleName::ProgramStaff, None),
    (RoleName::Integrator, Some("community")),
    (RoleName::Partner, Some("nordwind")),
    (RoleName::Professional, Some("ada.nowak")),
];

/// Serves the database of the settings.
pub(super) async fn serve(settings: &Settings) -> Result<u8, Failure> {
    let running = app::start(settings).await?;
    announce(&running, settings);
    running.run_until(signal()?).await?;
    Ok(0)
}

/// Serves a throwaway database with demo data.
pub(super) async fn serve_demo(mut settings: Settings) -> Result<u8, Failure> {
    let folder = tempfile::Builder::new().prefix("partner-program-demo-").tempdir()?;
    let file = folder.path().join("demo.db");
    settings.database_url = DatabaseUrl::new(&format!("sqlite://{}", file.display()))?;
    let key = format!("demo-{}", random());
    settings.bootstrap_admin_key = Some(Secret::new(key.clone())?);
    let signal = signal()?;
    let running = app::start(&settings).await?;
    demo::fill(running.services()).await?;
    println!("Demo data of {} in a throwaway database.", running.services().clock().today());
    // What follows the # stays in the browser; the page takes it off the address bar.
    println!("GraphiQL: open {}#key={key} in a browser.", running.url("/graphql"));
    println!("Try: {{ partner(code: \"nordwind\") {{ name balance }} }}");
    println!("ADMINISTRATOR: Authorization: Bearer {key}");
    for (role, subject) in DEMO_KEYS {
        let draft = KeyDraft::new(role, subject, "demo");
        let secret = running.services().key_create(&draft).await?.secret;
        let whose = subject.map(|subject| format!(" ({subject})")).unwrap_or_default();
        println!("{}{whose}: Authorization: Bearer {secret}", role.as_str());
    }
    announce(&running, &settings);
    running.run_until(signal).await?;
    folder.close()?;
    Ok(0)
}

fn announce(running: &app::RunningApp, settings: &Settings) {
    if settings.telemetry.metrics_bind.is_some() {
        println!("Metrics on {}", running.metrics_url());
    }
    println!("Listening on {}", running.url("/graphql"));
}

/// 128 random bits: the last 32 of a UUID of version 7 are random, the others tell time and order.
fn random() -> String {
    (0..4).map(|_| uuid::Uuid::now_v7().simple().to_string().split_off(24)).collect()
}

/// Ends when the process is told to stop: ctrl-c, or SIGTERM where there is one.
fn signal() -> Result<impl Future<Output = ()>, Failure> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        let interrupt = async {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        #[cfg(unix)]
        let terminated = terminate.recv();
        #[cfg(not(unix))]
        let terminated = std::future::pending::<Option<()>>();
        tokio::select! {
            () = interrupt => {}
            _ = terminated => {}
        }
        tracing::info!("stopping");
    })
}
