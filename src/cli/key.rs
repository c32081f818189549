//! `key`: creates, lists and revokes API keys.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::Subcommand;
use entity::api_key;
use uuid::Uuid;

use super::database::open_existing;
use super::{CommandError, EXIT_FAILED};
use crate::access::{Caller, RoleName};
use crate::app;
use crate::config::Settings;
use crate::program::nearest::nearest;
use crate::service::keys::KeyDraft;
use crate::service::{ObjectId, Services};
use crate::store::page::Page;

/// Page size for reading keys.
const PAGE: u64 = 100;

/// Subcommands of `key`.
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Create an API key and print it. It cannot be displayed again.
    Create {
        /// `ADMINISTRATOR`, `PROGRAM_STAFF`, `INTEGRATOR`, `PARTNER` or `PROFESSIONAL`.
        #[arg(long, value_parser = role)]
        role: RoleName,
        /// Code of the partner (PARTNER) or professional (PROFESSIONAL), or name of the integration (INTEGRATOR).
        #[arg(long)]
        subject: Option<String>,
        /// Label of the key for people, such as its owner and purpose.
        #[arg(long)]
        label: String,
        /// Expiry, such as 2027-06-30T00:00:00Z [default: none].
        #[arg(long, value_name = "DATE-TIME", value_parser = date_time)]
        expires_at: Option<DateTime<Utc>>,
        /// Source that an INTEGRATOR key may record activities for; repeatable [default: every source].
        #[arg(long = "source", value_name = "SOURCE")]
        sources: Vec<String>,
        /// Deny mutations.
        #[arg(long)]
        read_only: bool,
    },
    /// List all API keys, including revoked ones.
    List,
    /// Revoke an API key. Running servers reject it within seconds.
    Revoke {
        /// ID or prefix of the key, as printed by `key list`.
        key: String,
    },
}

fn role(text: &str) -> Result<RoleName, String> {
    RoleName::parse(text).ok_or_else(|| {
        let names = RoleName::ALL.map(RoleName::as_str);
        let near = nearest(text, names).map(|near| format!(". Did you mean {near}?")).unwrap_or_default();
        format!("roles are {}{near}", names.join(", "))
    })
}

fn date_time(text: &str) -> Result<DateTime<Utc>, String> {
    let parsed = DateTime::parse_from_rfc3339(text).map(|it| it.to_utc());
    parsed.map_err(|_| "write a date and time in RFC 3339, such as 2027-06-30T00:00:00Z".to_owned())
}

/// Runs the subcommand.
pub(super) async fn key(settings: &Settings, command: KeyCommand) -> Result<u8, CommandError> {
    let opened = match command {
        // The first key may precede the first start of the server.
        KeyCommand::Create { .. } => app::open(settings).await?,
        KeyCommand::List | KeyCommand::Revoke { .. } => open_existing(settings, "with `serve`").await?,
    };
    let services = opened.for_caller(Arc::new(Caller::system("key")), None);
    let code = match command {
        KeyCommand::Create { role, subject, label, expires_at, sources, read_only } => {
            let sources = (!sources.is_empty()).then_some(sources);
            let draft = KeyDraft { role, subject, label, expires_at, sources, read_only };
            let created = services.key_create(&draft).await?;
            eprintln!("{} {}, shown only once:", role.as_str(), created.row.id);
            println!("{}", created.secret);
            0
        }
        KeyCommand::List => {
            for row in all(&services).await? {
                println!("{}", line(&services, &row).await?);
            }
            0
        }
        KeyCommand::Revoke { key } => revoke(&services, &key).await?,
    };
    services.database().clone().close().await?;
    Ok(code)
}

async fn all(services: &Services) -> Result<Vec<api_key::Model>, CommandError> {
    let mut rows: Vec<api_key::Model> = Vec::new();
    loop {
        let after = rows.last().map(|row| row.id);
        let page = services.keys_page(&Page { size: PAGE, from_end: false, after, before: None }).await?;
        rows.extend(page.rows);
        if !page.has_more {
            return Ok(rows);
        }
    }
}

async fn revoke(services: &Services, key: &str) -> Result<u8, CommandError> {
    let mut found = all(services).await?.into_iter();
    let id = Uuid::try_parse(key).ok();
    let Some(id) = id.or_else(|| found.find(|row| row.prefix == key).map(|row| row.id)) else {
        eprintln!("error: no API key has the ID or prefix {key:?}; `key list` prints both");
        return Ok(EXIT_FAILED);
    };
    let row = services.key_revoke(ObjectId { key: Some(id), text: key }).await?;
    println!("{}", line(services, &row).await?);
    Ok(0)
}

/// A key on one line.
async fn line(services: &Services, row: &api_key::Model) -> Result<String, CommandError> {
    let subject = match (row.partner_id, row.professional_id) {
        (Some(id), _) => services.partners_by_ids(&[id]).await?.remove(&id).map(|row| row.code),
        (_, Some(id)) => services.professionals_by_ids(&[id]).await?.remove(&id).map(|row| row.code),
        (None, None) => row.integration.clone(),
    };
    let moment = |at: Option<DateTime<Utc>>| {
        at.map_or_else(|| "never".to_owned(), |at| at.format("%Y-%m-%dT%H:%MZ").to_string())
    };
    let mut parts = vec![format!("{}  {}…", row.id, row.prefix), row.role.clone()];
    parts.extend(subject);
    parts.push(format!("{:?}", row.label));
    parts.extend(row.sources.as_ref().map(|sources| format!("sources {sources}")));
    parts.extend(row.read_only.then(|| "read-only".to_owned()));
    parts.push(format!("expires {}", moment(row.expires_at)));
    parts.push(format!("last used {}", moment(row.last_used_at)));
    parts.extend(row.revoked_at.map(|at| format!("revoked {}", moment(Some(at)))));
    Ok(parts.join("  "))
}
