//! `serve`: runs the server until a termination signal.

use super::CommandError;
use crate::access::RoleName;
use crate::app;
use crate::certificates::IssuerSettings;
use crate::config::{DatabaseUrl, Secret, Settings};
use crate::service::demo;
use crate::service::keys::KeyDraft;
use crate::telemetry::log::LogFormat;

/// The roles other than administrator, with the subjects of their demo keys.
const DEMO_KEYS: [(RoleName, Option<&str>); 4] = [
    (RoleName::ProgramStaff, None),
    (RoleName::Integrator, Some("community")),
    (RoleName::Partner, Some("nordwind")),
    (RoleName::Professional, Some("ada.nowak")),
];

/// Serves the database of the settings.
pub(super) async fn serve(settings: &Settings) -> Result<u8, CommandError> {
    let running = app::start(settings).await?;
    if !has_credentials(&running, settings).await? {
        let hint = first_key_hint(&settings.database_url);
        match settings.telemetry.log.format {
            LogFormat::Text => println!("{hint}"),
            LogFormat::Json => tracing::warn!("{hint}"),
        }
    }
    match settings.telemetry.log.format {
        LogFormat::Text => announce(&running, settings),
        LogFormat::Json => {
            tracing::info!(url = running.url("/graphql"), metrics = running.metrics_url(), "listening");
        }
    }
    running.run_until(signal()?).await?;
    Ok(0)
}

/// Whether any credentials exist that the server accepts.
async fn has_credentials(running: &app::RunningApp, settings: &Settings) -> Result<bool, CommandError> {
    let configured = settings.bootstrap_admin_key.is_some() || settings.provider.is_some();
    Ok(configured || running.services().keys_any_usable().await?)
}

/// How to create the first key of a database.
fn first_key_hint(database: &DatabaseUrl) -> String {
    let program = std::env::args_os().next().map(|name| name.to_string_lossy().into_owned());
    let program = program.map_or_else(|| "partner-program".to_owned(), |name| shell_word(&name));
    let (variable, note) = match database.without_password() {
        _ if *database == DatabaseUrl::default() => (String::new(), ""),
        Some(url) => (format!("DATABASE_URL={} ", shell_word(url)), ""),
        None => (String::new(), ", with the same DATABASE_URL"),
    };
    format!(
        "There is no usable API key yet, so every request is rejected with 401. Create one{note}:\n  \
         {variable}{program} key create --role ADMINISTRATOR --label admin\n\
         Alternatively, set BOOTSTRAP_ADMIN_KEY to a secret of 16 characters or more and restart."
    )
}

/// The text as one word of a shell command.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Serves a temporary database with demo data.
pub(super) async fn serve_demo(mut settings: Settings) -> Result<u8, CommandError> {
    let folder = tempfile::Builder::new().prefix("partner-program-demo-").tempdir()?;
    let file = folder.path().join("demo.db");
    settings.database_url = DatabaseUrl::new(&format!("sqlite://{}", file.display()))?;
    let key = format!("demo-{}", random());
    settings.bootstrap_admin_key = Some(Secret::new(key.clone())?);
    // A key of its own, so that certificates can be tried.
    settings.certificates.issuer.get_or_insert_with(IssuerSettings::of_demo);
    let signal = signal()?;
    let running = app::start(&settings).await?;
    demo::fill(running.services()).await?;
    println!("Demo data as of {}, in a temporary database.", running.services().clock().today());
    // The fragment stays in the browser; the page removes it from the address bar.
    println!("Console: open {}#key={key} in a browser.", running.url("/console"));
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

/// 128 random bits: the last 32 bits of a version 7 UUID are random, the others encode time and order.
fn random() -> String {
    (0..4).map(|_| uuid::Uuid::now_v7().simple().to_string().split_off(24)).collect()
}

/// Completes on a termination signal: ctrl-c, or SIGTERM where it exists.
pub(super) fn signal() -> Result<impl Future<Output = ()>, CommandError> {
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
        tracing::info!("shutting down");
    })
}
