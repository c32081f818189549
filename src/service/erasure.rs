//! Erasure of a professional's personal data, which a pseudonym replaces.

use chrono::{DateTime, Utc};
use entity::value::EventKind;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use uuid::Uuid;

use super::audit::Change;
use super::events::EventDraft;
use super::subjects::lock_professional;
use super::{Services, input, keys, transact};
use crate::access::Operation;
use crate::error::Error;
use crate::program::refusal::{Code, Refusal, all};
use crate::program::search::fold_all;
use crate::store::professional::{self, ProfessionalRow};
use crate::store::subject;
use crate::store::{Database, api_key};

/// Label of the API keys of an erased professional, since theirs may contain a name.
const LABEL: &str = "erased";

impl Services {
    /// Replaces a professional's name by a pseudonym, removes the e-mail address and revokes the
    /// professional's API keys. Entries, levels and activities remain.
    ///
    /// # Errors
    /// When there is no such professional, the data was erased before, the reason contains data to be erased,
    /// or the database fails.
    pub async fn professional_erase(
        &self,
        code: &str,
        reason: Option<&str>,
    ) -> Result<ProfessionalRow, Error> {
        let visibility = self.authorize(Operation::EraseProfessional)?;
        let reason = input::reason("reason", reason);
        let (row, revoked) = transact!(self, Operation::EraseProfessional, transaction, changes => {
            let locked = lock_professional(transaction, &visibility, code).await?;
            let (reason, locked) = all((reason.as_ref(), locked))?;
            let found = subject::existing::<ProfessionalRow>(transaction, std::slice::from_ref(&locked.code)).await?.pop();
            let found = found.ok_or_else(|| input::no_professional(code))?;
            if let Some(erased_at) = found.erased_at {
                let (code, day) = (&found.code, erased_at.date_naive());
                let message = format!("The personal fields of professional {code} were erased on {day} already.");
                return Err(Refusal::new(Code::WrongState, "professional", message).into());
            }
            check_reason(reason.as_deref(), &found.name, found.email.as_deref())?;
            let now = self.clock.now();
            let pseudonym = pseudonym(found.id);
            let search_key = fold_all(&[&found.code, &pseudonym]);
            professional::erase(transaction, found.id, &pseudonym, search_key, now).await?;
            let after = json!({ "erased": true, "reason": reason });
            let change = Change::of("Professional", found.id).about(None, Some(found.id));
            changes.add(change.before(json!({ "erased": false })).after(after).because(reason.as_deref()));
            erase_merged(transaction, found.id, reason.as_deref(), now).await?;
            let mut revoked = Vec::new();
            for key in api_key::of_professional(transaction, found.id).await? {
                if api_key::revoke(transaction, key.id, now).await? {
                    let (before, after) = (json!({ "revokedAt": null }), json!({ "revokedAt": now }));
                    changes.add(keys::change(&key).before(before).after(after));
                }
                revoked.push(key.id);
            }
            if !revoked.is_empty() {
                api_key::relabel(transaction, found.id, LABEL).await?;
            }
            let (kind, today) = (EventKind::ProfessionalErased, self.clock.today());
            let event = EventDraft::changed(kind, (None, Some(found.id)), today, &["name", "email"]);
            self.emit(transaction, [(found.id, found.code.clone())], vec![event], reason.as_deref()).await?;
            Ok((ProfessionalRow { name: pseudonym, email: None, ..locked }, revoked))
        })?;
        for id in revoked {
            self.keys.revoke(id);
        }
        tokio::spawn(truncate_wal(self.db.clone()));
        Ok(row)
    }
}

/// Erases the personal fields of professionals that were merged into one.
async fn erase_merged(
    transaction: &DatabaseTransaction,
    id: Uuid,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for row in professional::merged_into(transaction, id).await? {
        check_reason(reason, &row.name, row.email.as_deref())?;
        let pseudonym = pseudonym(row.id);
        let search_key = fold_all(&[&row.code, &pseudonym]);
        professional::erase(transaction, row.id, &pseudonym, search_key, now).await?;
    }
    Ok(())
}

/// Removes overwritten data from SQLite's write-ahead log.
async fn truncate_wal(db: Database) {
    if let Err(error) = db.truncate_wal().await {
        tracing::warn!(%error, "erased data may remain in the write-ahead log until the next checkpoint");
    }
}

fn pseudonym(id: Uuid) -> String {
    let digits = id.simple().to_string();
    format!("Erased professional {}", &digits[24..])
}

/// Checks that the reason, which the audit log retains, does not contain the erased data.
fn check_reason(reason: Option<&str>, name: &str, email: Option<&str>) -> Result<(), Refusal> {
    let reason = reason.unwrap_or_default().to_lowercase();
    let holds = |text: &str| reason.contains(&text.to_lowercase());
    if holds(name) || email.is_some_and(holds) {
        let message =
            "The reason is kept, so it cannot contain the name or the e-mail address that is erased.";
        return Err(Refusal::new(Code::Invalid, "reason", message));
    }
    Ok(())
}
