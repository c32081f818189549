//! Partners, and who works for them.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::error::Error;
use crate::program::refusal::{Code, Refusal};
use crate::service::{Services, input};
use crate::store::page::{Page, Rows};
use crate::store::partner::{PartnerFilter, PartnerKey, PartnerOrder, PartnerRow};
use crate::store::professional::AffiliatedProfessional;
use crate::store::{ledger, partner, professional};

impl Services {
    /// The partner with a code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partner_by_code(&self, code: &str) -> Result<Option<PartnerRow>, Error> {
        if input::code("code", code).is_err() {
            return Ok(None);
        }
        Ok(partner::by_code(self.db.reader(), code).await?)
    }

    /// Partners by id; who does not exist is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, PartnerRow>, Error> {
        let rows = partner::by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// One page of partners.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners_page(
        &self,
        filter: &PartnerFilter,
        order: PartnerOrder,
        page: &Page<PartnerKey>,
    ) -> Result<Rows<PartnerRow>, Error> {
        Ok(partner::page(self.db.reader(), filter, order, page).await?)
    }

    /// How many partners there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners_count(&self, filter: &PartnerFilter) -> Result<i64, Error> {
        Ok(partner::count(self.db.reader(), filter).await?)
    }

    /// Spendable credits as they were known at a moment; who had no entry then is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known_balances(
        &self,
        ids: &[Uuid],
        moment: DateTime<Utc>,
    ) -> Result<HashMap<Uuid, i64>, Error> {
        Ok(ledger::known_balances(self.db.reader(), ids, moment).await?)
    }

    /// For each partner, one page of the professionals who work for it on a day.
    ///
    /// # Errors
    /// When the database fails, or the day lies after today.
    pub async fn affiliated_pages(
        &self,
        ids: &[Uuid],
        as_of: Option<NaiveDate>,
        page: &Page<Uuid>,
    ) -> Result<HashMap<Uuid, Rows<AffiliatedProfessional>>, Error> {
        let day = self.check_not_future(as_of)?;
        Ok(professional::of_partners(self.db.reader(), ids, day, page).await?)
    }

    /// For each partner, how many professionals work for it on a day.
    ///
    /// # Errors
    /// When the database fails, or the day lies after today.
    pub async fn affiliated_counts(
        &self,
        ids: &[Uuid],
        as_of: Option<NaiveDate>,
    ) -> Result<HashMap<Uuid, i64>, Error> {
        let day = self.check_not_future(as_of)?;
        Ok(professional::count_of_partners(self.db.reader(), ids, day).await?)
    }

    /// For each professional, the partner on a day.
    ///
    /// # Errors
    /// When the database fails, or the day lies after today.
    pub async fn employers(
        &self,
        ids: &[Uuid],
        as_of: Option<NaiveDate>,
    ) -> Result<HashMap<Uuid, PartnerRow>, Error> {
        let day = self.check_not_future(as_of)?;
        Ok(professional::employers(self.db.reader(), ids, day).await?)
    }

    fn check_not_future(&self, as_of: Option<NaiveDate>) -> Result<NaiveDate, Refusal> {
        let today = self.clock.today();
        match as_of {
            Some(day) if day > today => Err(Refusal::new(
                Code::DateInFuture,
                "asOf",
                format!("asOf {day} lies after today, {today}."),
            )),
            day => Ok(day.unwrap_or(today)),
        }
    }
}
