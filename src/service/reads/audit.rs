//! The audit log, for staff: program staff does not see entries of what it may not administer.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::audit_entry;
use uuid::Uuid;

use crate::access::Operation;
use crate::error::Error;
use crate::service::Services;
use crate::service::access::Visibility;
use crate::store::audit::{self, AuditFilter};
use crate::store::page::{Page, Rows};

/// Types of objects whose entries only administrators see.
const ADMINISTRATIVE: &[&str] =
    &["ApiKey", "Edition", "EditionDraft", "EditionTrial", "Recalculation", "Sandbox"];

/// A query of the audit log. An entry matches if it satisfies every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only those of an actor.
    pub actor: Option<String>,
    /// Only those of an operation.
    pub operation: Option<String>,
    /// Only those about the partner with this code.
    pub partner: Option<String>,
    /// Only those about the professional with this code.
    pub professional: Option<String>,
    /// Only those of this moment or later.
    pub from: Option<DateTime<Utc>>,
    /// Only those of this moment or earlier.
    pub to: Option<DateTime<Utc>>,
}

impl Services {
    /// Entries of the audit log, in the order of writing.
    ///
    /// # Errors
    /// When the caller does not belong to the staff, or the database fails.
    pub async fn audit_page(
        &self,
        query: &AuditQuery,
        page: &Page<Uuid>,
    ) -> Result<Rows<audit_entry::Model>, Error> {
        self.authorize(Operation::AuditLog)?;
        match self.audit_filter(query).await? {
            Some(filter) => Ok(audit::page(self.db.reader(), &filter, page).await?),
            None => Ok(Rows::default()),
        }
    }

    /// The number of entries that match.
    ///
    /// # Errors
    /// When the caller does not belong to the staff, or the database fails.
    pub async fn audit_count(&self, query: &AuditQuery) -> Result<i64, Error> {
        self.authorize(Operation::AuditLog)?;
        match self.audit_filter(query).await? {
            Some(filter) => {
                Ok(i64::try_from(audit::count(self.db.reader(), &filter).await?).unwrap_or(i64::MAX))
            }
            None => Ok(0),
        }
    }

    /// Entries by id; what does not exist for the caller is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, audit_entry::Model>, Error> {
        if self.visibility(Operation::AuditLog) != Visibility::All {
            return Ok(HashMap::new());
        }
        let rows = audit::by_ids(self.db.reader(), ids.iter().copied()).await?;
        let hidden = self.hidden_audit_entries();
        let shown = rows.into_iter().filter(|row| !hidden.contains(&row.object_type.as_str()));
        Ok(shown.map(|row| (row.id, row)).collect())
    }

    /// Types of objects whose entries the caller does not see.
    fn hidden_audit_entries(&self) -> &'static [&'static str] {
        if self.can_see(Operation::AdministrativeAuditLog) { &[] } else { ADMINISTRATIVE }
    }

    /// The filter with ids in place of codes; none if a code does not exist.
    async fn audit_filter(&self, query: &AuditQuery) -> Result<Option<AuditFilter>, Error> {
        let mut filter = AuditFilter {
            actor: query.actor.clone(),
            operation: query.operation.clone(),
            from: query.from,
            to: query.to,
            without: self.hidden_audit_entries(),
            ..AuditFilter::default()
        };
        let plain = |text: &Option<String>| text.as_ref().is_none_or(|text| !text.contains('\0'));
        if !plain(&query.actor) || !plain(&query.operation) {
            return Ok(None);
        }
        if let Some(code) = &query.partner {
            let Some(row) = self.partner_by_code(code).await? else { return Ok(None) };
            filter.partner = Some(row.id);
        }
        if let Some(code) = &query.professional {
            let Some(row) = self.professional_by_code(code).await? else { return Ok(None) };
            filter.professional = Some(row.id);
        }
        Ok(Some(filter))
    }
}
