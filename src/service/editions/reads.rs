//! Published editions and drafts, as lists and by id.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use entity::edition_draft;
use uuid::Uuid;

use super::check::{EditionCheck, checked};
use crate::access::Operation;
use crate::error::Error;
use crate::service::Services;
use crate::service::policy::Policy;
use crate::store::edition_draft::{self as store, DraftFilter};
use crate::store::page::{Page, Rows};

/// A published edition of a policy.
#[derive(Clone, Debug)]
pub struct EditionRow {
    /// Id.
    pub id: Uuid,
    /// Place in the policy.
    pub index: usize,
    /// The policy.
    pub policy: Arc<Policy>,
}

impl EditionRow {
    /// First day in force.
    #[must_use]
    pub fn day(&self) -> NaiveDate {
        self.policy.editions.get(self.index).map_or(NaiveDate::MIN, |edition| edition.effective_from)
    }
}

impl Services {
    /// How many editions are in force on some day.
    #[must_use]
    pub fn editions_count(&self) -> i64 {
        i64::try_from(self.policy.editions.count_in_force()).unwrap_or(i64::MAX)
    }

    /// One page of the editions in force, in the order of their first days; `page` has these as texts.
    #[must_use]
    pub fn editions_page(&self, page: &Page<String>) -> Rows<EditionRow> {
        let policy = self.policy();
        let rows = (0..policy.editions.count_in_force())
            .map_while(|index| Some(EditionRow { id: policy.id(index)?, index, policy: Arc::clone(policy) }));
        let is_within = |row: &EditionRow| {
            let day = row.day().to_string();
            page.after.as_ref().is_none_or(|after| *after < day)
                && page.before.as_ref().is_none_or(|before| day < *before)
        };
        let mut rows: Vec<EditionRow> = rows.filter(is_within).collect();
        if page.from_end {
            rows.reverse();
        }
        rows.truncate(usize::try_from(page.size).unwrap_or(usize::MAX).saturating_add(1));
        page.truncate(rows)
    }

    /// One page of the drafts, in the order of creation.
    ///
    /// # Errors
    /// When the caller is not an administrator, or the database fails.
    pub async fn edition_drafts_page(
        &self,
        filter: &DraftFilter,
        page: &Page<Uuid>,
    ) -> Result<Rows<edition_draft::Model>, Error> {
        self.authorize(Operation::EditionDrafts)?;
        Ok(store::page(self.db.reader(), filter, page).await?)
    }

    /// How many drafts match.
    ///
    /// # Errors
    /// When the caller is not an administrator, or the database fails.
    pub async fn edition_drafts_count(&self, filter: &DraftFilter) -> Result<i64, Error> {
        self.authorize(Operation::EditionDrafts)?;
        Ok(store::count(self.db.reader(), filter).await?)
    }

    /// Drafts by id; what does not exist for the caller is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn edition_drafts_by_ids(
        &self,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, edition_draft::Model>, Error> {
        if !self.can_see(Operation::EditionDrafts) {
            return Ok(HashMap::new());
        }
        let rows = store::by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// The check of a draft against what is published now.
    ///
    /// # Errors
    /// When the caller is not an administrator.
    pub async fn edition_draft_check(&self, row: &edition_draft::Model) -> Result<EditionCheck, Error> {
        self.authorize(Operation::EditionDrafts)?;
        let mut check = checked(Arc::clone(self.policy()), row.document.clone(), row.effective_from).await?;
        if row.edition_id.is_none() {
            check.day_problem = row.effective_from.and_then(|day| self.day_problem(day));
        }
        Ok(check)
    }
}
