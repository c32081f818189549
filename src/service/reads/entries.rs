//! Ledger entries, activities and editions.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{activity, ledger_entry};
use uuid::Uuid;

use crate::access::Operation;
use crate::error::Error;
use crate::service::{Services, input};
use crate::store::activity::Owner;
use crate::store::ledger::LedgerFilter;
use crate::store::page::{Page, Rows};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject;
use crate::store::{activity as activities, ledger};

impl Services {
    /// For each partner, one page of its ledger.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ledger_pages(
        &self,
        ids: &[Uuid],
        filter: &LedgerFilter,
        page: &Page<i64>,
    ) -> Result<HashMap<Uuid, Rows<ledger_entry::Model>>, Error> {
        self.authorize_accounts(ids.iter().copied())?;
        Ok(ledger::of_partners(self.db.reader(), ids, filter, page).await?)
    }

    /// For each partner, how many entries its ledger has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ledger_counts(
        &self,
        ids: &[Uuid],
        filter: &LedgerFilter,
    ) -> Result<HashMap<Uuid, i64>, Error> {
        self.authorize_accounts(ids.iter().copied())?;
        Ok(ledger::count_of_partners(self.db.reader(), ids, filter).await?)
    }

    /// Ledger entries by id; what does not exist is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ledger_entries_by_ids(
        &self,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, ledger_entry::Model>, Error> {
        let visibility = self.visibility(Operation::LedgerEntry);
        let rows = ledger::by_ids(self.db.reader(), ids.iter().copied()).await?;
        let rows = rows.into_iter().filter(|row| visibility.can_see_partner(row.partner_id));
        Ok(rows.map(|row| (row.id, row)).collect())
    }

    /// For each owner, one page of its activities in the order of recording.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn activity_pages(
        &self,
        owner: Owner,
        ids: &[Uuid],
        page: &Page<i64>,
    ) -> Result<HashMap<Uuid, Rows<activity::Model>>, Error> {
        let employer = self.authorize_activities(owner, ids)?;
        Ok(activities::of_owners(self.db.reader(), owner, ids, employer, page).await?)
    }

    /// For each owner, how many activities it has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn activity_counts(&self, owner: Owner, ids: &[Uuid]) -> Result<HashMap<Uuid, i64>, Error> {
        let employer = self.authorize_activities(owner, ids)?;
        Ok(activities::count_of_owners(self.db.reader(), owner, ids, employer).await?)
    }

    /// The employer whose days these lists are limited to, if they are.
    fn authorize_activities(&self, owner: Owner, ids: &[Uuid]) -> Result<Option<Uuid>, Error> {
        match owner {
            Owner::Partner => self.authorize_accounts(ids.iter().copied()).map(|()| None),
            Owner::Professional => self.activities_employer(ids.iter().copied()),
        }
    }

    /// Activities by id; what does not exist is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn activities_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, activity::Model>, Error> {
        let rows = activities::by_ids(self.db.reader(), ids.iter().copied()).await?;
        let rows = self.visible_activities(rows).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// The activity with a natural key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn activity_by_key(
        &self,
        source: &str,
        external_id: &str,
    ) -> Result<Option<activity::Model>, Error> {
        let (Ok(source), Ok(external_id)) =
            (input::key("source", source), input::key("externalId", external_id))
        else {
            return Ok(None);
        };
        let found = activities::by_keys(self.db.reader(), [(source.as_str(), external_id.as_str())]).await?;
        Ok(self.visible_activities(found).await?.pop())
    }

    /// The partners of activities, by id. An activity makes its subject visible.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners_of_activities(
        &self,
        activities: &[activity::Model],
    ) -> Result<HashMap<Uuid, PartnerRow>, Error> {
        let shown = self.visible_activities(activities.to_vec()).await?;
        let mut rows =
            subject::by_ids::<PartnerRow>(self.db.reader(), shown.iter().filter_map(|row| row.partner_id))
                .await?;
        self.redact_partners(&mut rows);
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// The professionals of activities, by id. An activity makes its subject visible.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn professionals_of_activities(
        &self,
        activities: &[activity::Model],
    ) -> Result<HashMap<Uuid, ProfessionalRow>, Error> {
        let shown = self.visible_activities(activities.to_vec()).await?;
        let ids = shown.iter().filter_map(|row| row.professional_id);
        let mut rows = subject::by_ids::<ProfessionalRow>(self.db.reader(), ids).await?;
        self.redact_contacts(&mut rows);
        self.redact_professionals(&mut rows);
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// Key and place of the edition that judges a day (today, if none is named).
    #[must_use]
    pub fn edition_at(&self, as_of: Option<NaiveDate>) -> (Uuid, usize) {
        let index = self.policy.editions.index_at(as_of.unwrap_or_else(|| self.clock.today()));
        (self.policy.id(index).unwrap_or_default(), index)
    }

    /// Key and place of the edition of an entry: the one whose rule made it, else the one in force on its day.
    #[must_use]
    pub fn edition_of(&self, edition: Option<Uuid>, effective_on: NaiveDate) -> (Uuid, usize) {
        let known = edition.and_then(|id| Some((id, self.policy.index(id)?)));
        known.unwrap_or_else(|| self.edition_at(Some(effective_on)))
    }
}
