//! API keys: creating, revoking and authenticating them.

mod cache;
mod text;

use chrono::{DateTime, SecondsFormat, Utc};
use entity::api_key;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use uuid::Uuid;

use super::audit::Change;
use super::{ObjectId, Services, input, transact};
use crate::access::{Operation, RoleName};
use crate::error::Error;
use crate::program::refusal::{Code, Refusal, Refusals, all, each};
use crate::program::wording::quoted;
use crate::store::api_key as store;
use crate::store::page::{Page, Rows};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject;
pub(crate) use cache::KeyCache;
pub(super) use text::KeyText;

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
        let checked =
            all((input::name("label", &draft.label), sources(draft), check_expiry(draft.expires_at, now)));
        let row = transact!(self, Operation::CreateApiKey, transaction, changes => {
            let subject = find_subject(transaction, draft).await?;
            let ((label, sources, ()), subject) = all((checked.as_ref(), subject))?;
            let row = api_key::Model {
                id: Uuid::now_v7(),
                prefix: text.prefix().to_owned(),
                digest: text.digest_text(),
                role: draft.role.as_str().to_owned(),
                partner_id: subject.partner,
                professional_id: subject.professional,
                integration: subject.integration,
                label: label.clone(),
                sources: sources.clone(),
                read_only: draft.read_only,
                created_at: now,
                created_by: self.caller().actor.name(),
                expires_at: draft.expires_at,
                last_used_at: None,
                revoked_at: None,
            };
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
    pub async fn key_revoke(&self, id: ObjectId<'_>) -> Result<api_key::Model, Error> {
        let row: api_key::Model = transact!(self, Operation::RevokeApiKey, transaction, changes => {
            let missing = || input::not_found("id", ("API key", "id"), id.text);
            let mut row = store::by_ids(transaction, id.key).await?.pop().ok_or_else(missing)?;
            let now = self.clock.now();
            if store::revoke(transaction, row.id, now).await? {
                changes.add(change(&row).before(json!({ "revokedAt": null })).after(json!({ "revokedAt": now })));
                row.revoked_at = Some(now);
            }
            Ok(row)
        })?;
        self.keys.revoke(row.id);
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

pub(super) fn change(row: &api_key::Model) -> Change {
    Change::of("ApiKey", row.id).about(row.partner_id, row.professional_id)
}

/// The caller of a key.
#[derive(Clone, Debug, Default)]
struct Subject {
    partner: Option<Uuid>,
    professional: Option<Uuid>,
    integration: Option<String>,
}

/// The caller of a key with this role and subject.
async fn find_subject(
    transaction: &DatabaseTransaction,
    draft: &KeyDraft,
) -> Result<Result<Subject, Refusal>, Error> {
    let role = draft.role.as_str();
    let refuse = |message: String| Ok(Err(Refusal::new(Code::Invalid, "subject", message)));
    let missing = |what: &str, code: &str| input::not_found("subject", (what, "code"), code);
    let found = match (draft.role, draft.subject.as_deref()) {
        (RoleName::Administrator | RoleName::ProgramStaff, None) => Ok(Subject::default()),
        (RoleName::Administrator | RoleName::ProgramStaff, Some(subject)) => {
            let subject = quoted(subject);
            return refuse(format!("A key of the role {role} has no subject; got {subject}. Leave it out."));
        }
        (RoleName::Integrator, None) => {
            return refuse(format!(
                "A key of the role {role} requires a subject: a name for the integration."
            ));
        }
        (RoleName::Partner, None) => {
            return refuse(format!("A key of the role {role} requires a subject: the code of the partner."));
        }
        (RoleName::Professional, None) => {
            return refuse(format!(
                "A key of the role {role} requires a subject: the code of the professional."
            ));
        }
        (RoleName::Integrator, Some(name)) => {
            input::code("subject", name).map(|name| Subject { integration: Some(name), ..Subject::default() })
        }
        (RoleName::Partner, Some(code)) => {
            let row = match input::code("subject", code) {
                Ok(code) => subject::by_code::<PartnerRow>(transaction, &code).await?,
                Err(_) => None,
            };
            row.map(|row| Subject { partner: Some(row.id), ..Subject::default() })
                .ok_or_else(|| missing("partner", code))
        }
        (RoleName::Professional, Some(code)) => {
            let row = match input::code("subject", code) {
                Ok(code) => subject::by_code::<ProfessionalRow>(transaction, &code).await?,
                Err(_) => None,
            };
            row.map(|row| Subject { professional: Some(row.id), ..Subject::default() })
                .ok_or_else(|| missing("professional", code))
        }
    };
    Ok(found)
}

fn check_expiry(expires_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), Refusal> {
    match expires_at {
        Some(end) if end <= now => {
            let [end, now] = [end, now].map(|moment| moment.to_rfc3339_opts(SecondsFormat::Secs, true));
            let message = format!("expiresAt {end} is not in the future; it is {now} now.");
            Err(Refusal::new(Code::Invalid, "expiresAt", message))
        }
        _ => Ok(()),
    }
}

fn sources(draft: &KeyDraft) -> Result<Option<String>, Refusals> {
    let Some(sources) = &draft.sources else { return Ok(None) };
    let refuse = |message: String| Err(Refusal::new(Code::Invalid, "sources", message).into());
    if draft.role != RoleName::Integrator {
        let role = draft.role.as_str();
        return refuse(format!("Only keys of the role INTEGRATOR have sources; leave them out for {role}."));
    }
    let count = sources.len();
    if !(1..=SOURCES_MAX).contains(&count) {
        return refuse(format!("A key has 1 to {SOURCES_MAX} sources; got {count}. Leave them out for all."));
    }
    let checked = each(sources.iter().map(|source| input::key("sources", source)))?;
    Ok(Some(serde_json::Value::from(checked).to_string()))
}
