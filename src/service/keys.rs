//! API keys: creating, revoking and authenticating them.

mod cache;
mod text;

use chrono::{DateTime, Utc};
use entity::api_key;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use uuid::Uuid;

use super::audit::Change;
use super::{Services, input, transact};
use crate::access::{Operation, RoleName};
use crate::error::Error;
use crate::program::refusal::{Code, Refusal};
use crate::store::api_key as store;
use crate::store::page::{Page, Rows};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject;
pub(crate) use cache::KeyCache;
use text::KeyText;

/// Maximum number of sources on the allowlist of a key.
const SOURCES_MAX: usize = 50;

/// A key to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDraft {
    /// The role.
    pub role: RoleName,
    /// Code of the partner or professional, or name of the integration; none for administrators and staff.
    pub subject: Option<String>,
    /// Display name.
    pub label: String,
    /// Time of expiry.
    pub expires_at: Option<DateTime<Utc>>,
    /// Allowlist of sources that it may record for; none allows every source.
    pub sources: Option<Vec<String>>,
    /// Whether mutations are denied.
    pub read_only: bool,
}

impl KeyDraft {
    /// A key without restrictions or expiry.
    #[must_use]
    pub fn new(role: RoleName, subject: Option<&str>, label: &str) -> Self {
        Self {
            role,
            subject: subject.map(str::to_owned),
            label: label.to_owned(),
            expires_at: None,
            sources: None,
            read_only: false,
        }
    }
}

/// A new key with its secret, which is returned only once.
#[derive(Clone)]
pub struct CreatedKey {
    /// The stored row.
    pub row: api_key::Model,
    /// The secret.
    pub secret: String,
}

impl std::fmt::Debug for CreatedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CreatedKey({})", self.row.id)
    }
}

impl Services {
    /// Creates a key.
    ///
    /// # Errors
    /// When role and subject do not match, the subject does not exist, or the database fails.
    pub async fn key_create(&self, draft: &KeyDraft) -> Result<CreatedKey, Error> {
        self.authorize(Operation::CreateApiKey)?;
        let text = KeyText::random()?;
        let now = self.clock.now();
        let row = api_key::Model {
            id: Uuid::now_v7(),
            prefix: text.prefix().to_owned(),
            digest: text.digest_text(),
            role: draft.role.as_str().to_owned(),
            partner_id: None,
            professional_id: None,
            integration: None,
            label: input::name("label", &draft.label)?,
            sources: sources(draft)?,
            read_only: draft.read_only,
            created_at: now,
            created_by: self.caller().actor.name(),
            expires_at: draft.expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        if draft.expires_at.is_some_and(|end| end <= now) {
            return Err(Refusal::new(Code::Invalid, "expiresAt", "This moment has passed.").into());
        }
        let row = transact!(self, Operation::CreateApiKey, transaction, changes => {
            let row = with_subject(transaction, row.clone(), draft).await?;
            let after = json!({
                "prefix": row.prefix, "role": row.role, "integration": row.integration,
                "sources": draft.sources, "readOnly": row.read_only, "expiresAt": row.expires_at,
            });
            changes.add(change(&row).after(after));
            store::insert(transaction, row.clone()).await?;
            Ok(row)
        })?;
        Ok(CreatedKey { row, secret: text.into_secret() })
    }

    /// Revokes a key: this process refuses it at once, other processes within seconds. Idempotent.
    ///
    /// # Errors
    /// When there is no such key, or the database fails.
    pub async fn key_revoke(&self, id: Uuid) -> Result<api_key::Model, Error> {
        let row: api_key::Model = transact!(self, Operation::RevokeApiKey, transaction, changes => {
            let mut row = store::by_ids(transaction, [id]).await?.pop().ok_or_else(no_key)?;
            let now = self.clock.now();
            if store::revoke(transaction, id, now).await? {
                changes.add(change(&row).before(json!({ "revokedAt": null })).after(json!({ "revokedAt": now })));
                row.revoked_at = Some(now);
            }
            Ok(row)
        })?;
        self.keys.revoke(id);
        Ok(row)
    }

    /// One page of keys, in the order of creation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keys_page(&self, page: &Page<Uuid>) -> Result<Rows<api_key::Model>, Error> {
        self.authorize(Operation::ApiKeys)?;
        Ok(store::page(self.db.reader(), page).await?)
    }

    /// How many keys there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keys_count(&self) -> Result<i64, Error> {
        self.authorize(Operation::ApiKeys)?;
        Ok(i64::try_from(store::count(self.db.reader()).await?).unwrap_or(i64::MAX))
    }

    /// Whether any key is neither revoked nor expired.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keys_any_usable(&self) -> Result<bool, Error> {
        self.authorize(Operation::ApiKeys)?;
        Ok(store::any_usable(self.db.reader(), self.clock.now()).await?)
    }

    /// Keys by id; those that are not visible to the caller are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keys_by_ids(
        &self,
        ids: &[Uuid],
    ) -> Result<std::collections::HashMap<Uuid, api_key::Model>, Error> {
        if self.visibility(Operation::ApiKeys) != super::access::Visibility::All {
            return Ok(std::collections::HashMap::new());
        }
        let rows = store::by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

fn no_key() -> Refusal {
    Refusal::new(Code::NotFound, "id", "There is no API key with this id.")
}

pub(super) fn change(row: &api_key::Model) -> Change {
    Change::of("ApiKey", row.id).about(row.partner_id, row.professional_id)
}

/// The row with the id of its subject.
async fn with_subject(
    transaction: &DatabaseTransaction,
    mut row: api_key::Model,
    draft: &KeyDraft,
) -> Result<api_key::Model, Error> {
    let refuse = |message: &str| Error::from(Refusal::new(Code::Invalid, "subject", message));
    let missing =
        |what: &str| Refusal::new(Code::NotFound, "subject", format!("There is no {what} with this code."));
    match (draft.role, draft.subject.as_deref()) {
        (RoleName::Administrator | RoleName::ProgramStaff, None) => {}
        (RoleName::Administrator | RoleName::ProgramStaff, Some(_)) => {
            return Err(refuse("Keys of this role stand for nobody but the program: leave the subject out."));
        }
        (_, None) => {
            return Err(refuse(
                "Keys of this role need a subject: the code of the partner or professional, or the name of the integration.",
            ));
        }
        (RoleName::Integrator, Some(name)) => row.integration = Some(input::code("subject", name)?),
        (RoleName::Partner, Some(code)) => {
            let found = match input::code("subject", code) {
                Ok(code) => subject::by_code::<PartnerRow>(transaction, &code).await?,
                Err(_) => None,
            };
            row.partner_id = Some(found.ok_or_else(|| missing("partner"))?.id);
        }
        (RoleName::Professional, Some(code)) => {
            let found = match input::code("subject", code) {
                Ok(code) => subject::by_code::<ProfessionalRow>(transaction, &code).await?,
                Err(_) => None,
            };
            row.professional_id = Some(found.ok_or_else(|| missing("professional"))?.id);
        }
    }
    Ok(row)
}

fn sources(draft: &KeyDraft) -> Result<Option<String>, Refusal> {
    let Some(sources) = &draft.sources else { return Ok(None) };
    let refuse = |message: String| Err(Refusal::new(Code::Invalid, "sources", message));
    if draft.role != RoleName::Integrator {
        return refuse("Only keys of integrators are limited to sources.".to_owned());
    }
    if !(1..=SOURCES_MAX).contains(&sources.len()) {
        return refuse(format!("Name 1 to {SOURCES_MAX} sources, or leave them out for all."));
    }
    let checked: Vec<String> =
        sources.iter().map(|source| input::key("sources", source)).collect::<Result<_, _>>()?;
    Ok(Some(serde_json::Value::from(checked).to_string()))
}
