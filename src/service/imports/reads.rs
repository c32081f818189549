//! Reads of import runs within the visibility of the caller.

use std::collections::HashMap;

use entity::{activity, import_refused_row, import_run};
use uuid::Uuid;

use crate::access::Operation;
use crate::error::Error;
use crate::service::Services;
use crate::service::access::Visibility;
use crate::store::import_run::{self as store, ImportRunFilter};
use crate::store::page::{Page, Rows};

impl Services {
    /// One page of import runs, in the order of beginning.
    ///
    /// # Errors
    /// When the caller has no right to any, or the database fails.
    pub async fn import_runs_page(
        &self,
        filter: &ImportRunFilter,
        page: &Page<Uuid>,
    ) -> Result<Rows<import_run::Model>, Error> {
        let filter = self.visible_runs(filter)?;
        Ok(store::page(self.db.reader(), &filter, page).await?)
    }

    /// How many import runs match.
    ///
    /// # Errors
    /// As [`Self::import_runs_page`].
    pub async fn import_runs_count(&self, filter: &ImportRunFilter) -> Result<i64, Error> {
        let filter = self.visible_runs(filter)?;
        Ok(store::count(self.db.reader(), &filter).await?)
    }

    /// Import runs by id; those that don't exist for the caller are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn import_runs_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, import_run::Model>, Error> {
        let visibility = self.visibility(Operation::ImportRuns);
        if ids.is_empty() || visibility == Visibility::Nothing {
            return Ok(HashMap::new());
        }
        let is_visible = |row: &import_run::Model| match &visibility {
            Visibility::All => true,
            Visibility::Integration(name) => row.recorded_by.as_deref() == Some(&**name),
            _ => false,
        };
        let rows = store::by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().filter(is_visible).map(|row| (row.id, row)).collect())
    }

    /// For each run, one page of the refused rows that were kept, by line. The caller sees the runs.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn import_refused_rows(
        &self,
        runs: &[Uuid],
        page: &Page<i64>,
    ) -> Result<HashMap<Uuid, Rows<import_refused_row::Model>>, Error> {
        self.authorize(Operation::ImportRuns)?;
        Ok(store::refused_pages(self.db.reader(), runs, page).await?)
    }

    /// For each run, how many refused rows were kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn import_refused_counts(&self, runs: &[Uuid]) -> Result<HashMap<Uuid, i64>, Error> {
        self.authorize(Operation::ImportRuns)?;
        Ok(store::refused_counts(self.db.reader(), runs).await?)
    }

    /// For each run, one page of the activities that it recorded, in the order of recording.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn import_activities(
        &self,
        runs: &[Uuid],
        page: &Page<i64>,
    ) -> Result<HashMap<Uuid, Rows<activity::Model>>, Error> {
        self.authorize(Operation::ImportRuns)?;
        Ok(store::activity_pages(self.db.reader(), runs, page).await?)
    }

    /// For each run, how many activities it recorded.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn import_activity_counts(&self, runs: &[Uuid]) -> Result<HashMap<Uuid, i64>, Error> {
        self.authorize(Operation::ImportRuns)?;
        Ok(store::activity_counts(self.db.reader(), runs).await?)
    }

    fn visible_runs(&self, filter: &ImportRunFilter) -> Result<ImportRunFilter, Error> {
        let recorded_by = match self.authorize(Operation::ImportRuns)? {
            Visibility::Integration(name) => Some(name.to_string()),
            _ => None,
        };
        Ok(ImportRunFilter { recorded_by, ..filter.clone() })
    }
}
