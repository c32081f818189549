//! Entries of points and Dojo Credits of professionals.

use std::collections::HashMap;

use entity::points_entry;
use uuid::Uuid;

use crate::access::Operation;
use crate::error::Error;
use crate::service::Services;
use crate::service::access::Visibility;
use crate::store::page::{Page, Rows};
use crate::store::points::{self, PointsFilter};

impl Services {
    /// For each professional, one page of points entries. A partner sees those of days on which the person worked
    /// for it, and nothing of the swag shop.
    ///
    /// # Errors
    /// When the caller may not see points, or the database fails.
    pub async fn points_pages(
        &self,
        ids: &[Uuid],
        filter: &PointsFilter,
        page: &Page<i64>,
    ) -> Result<HashMap<Uuid, Rows<points_entry::Model>>, Error> {
        let employer = self.activities_employer(ids.iter().copied())?;
        Ok(points::of_professionals(self.db.reader(), ids, filter, employer, page).await?)
    }

    /// For each professional, how many points entries the caller sees.
    ///
    /// # Errors
    /// When the caller may not see points, or the database fails.
    pub async fn points_counts(
        &self,
        ids: &[Uuid],
        filter: &PointsFilter,
    ) -> Result<HashMap<Uuid, i64>, Error> {
        let employer = self.activities_employer(ids.iter().copied())?;
        Ok(points::count_of_professionals(self.db.reader(), ids, filter, employer).await?)
    }

    /// Points entries by id; what does not exist for the caller is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn points_entries_by_ids(
        &self,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, points_entry::Model>, Error> {
        let rows = points::by_ids(self.db.reader(), ids.iter().copied()).await?;
        let rows = self.visible_points_entries(rows).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// Whether the caller sees the balance of Dojo Credits after an entry. An employer sees what was awarded while
    /// a professional worked for it, but not what the person has.
    #[must_use]
    pub fn can_see_dojo_balance(&self, entry: &points_entry::Model) -> bool {
        self.visibility(Operation::ProfessionalPoints).can_see_professional(entry.professional_id)
    }

    async fn visible_points_entries(
        &self,
        mut rows: Vec<points_entry::Model>,
    ) -> Result<Vec<points_entry::Model>, Error> {
        match self.visibility(Operation::ProfessionalPoints) {
            Visibility::Partner(partner) => {
                rows.retain(|row| row.activity_id.is_some());
                let days = rows.iter().map(|row| (row.professional_id, row.effective_on));
                let employed = self.employed_on(partner, days).await?;
                rows.retain(|row| employed.contains(&(row.professional_id, row.effective_on)));
            }
            visibility => rows.retain(|row| visibility.can_see_professional(row.professional_id)),
        }
        Ok(rows)
    }
}
