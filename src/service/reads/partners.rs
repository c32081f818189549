//! Partners, and who works for them.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::access::Operation;
use crate::error::Error;
use crate::program::refusal::{Code, Refusal};
use crate::service::access::Sight;
use crate::service::{Services, input};
use crate::store::page::{Page, Rows, Seen};
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
        let sight = self.sight(Operation::Partner);
        Ok(partner::by_code(self.db.reader(), code).await?.filter(|row| sight.shows_partner(row.id)))
    }

    /// Partners by id; who does not exist is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, PartnerRow>, Error> {
        let sight = self.sight(Operation::Partner);
        let rows = partner::by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().filter(|row| sight.shows_partner(row.id)).map(|row| (row.id, row)).collect())
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
        match self.partners_seen() {
            Some(seen) => Ok(partner::page(self.db.reader(), filter, seen.by(), order, page).await?),
            None => Ok(Rows::default()),
        }
    }

    /// How many partners there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners_count(&self, filter: &PartnerFilter) -> Result<i64, Error> {
        match self.partners_seen() {
            Some(seen) => Ok(partner::count(self.db.reader(), filter, seen.by()).await?),
            None => Ok(0),
        }
    }

    /// How much of the list of partners the caller sees; `None` for nothing.
    fn partners_seen(&self) -> Option<Seen<Uuid>> {
        match self.sight(Operation::Partner) {
            Sight::All => Some(Seen::All),
            Sight::Partner(id) => Some(Seen::By(id)),
            _ => None,
        }
    }

    /// What a partner can spend.
    ///
    /// # Errors
    /// When the caller may not see accounts.
    pub fn balance(&self, row: &PartnerRow) -> Result<i64, Error> {
        self.demand_accounts([row.id].into_iter())?;
        Ok(row.credits)
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
        self.demand_accounts(ids.iter().copied())?;
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
        self.demand_accounts(ids.iter().copied())?;
        let day = self.check_not_future(as_of)?;
        let mut pages = professional::of_partners(self.db.reader(), ids, day, page).await?;
        self.withhold_contacts(pages.values_mut().flat_map(|page| &mut page.rows).map(|one| &mut one.row));
        Ok(pages)
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
        self.demand_accounts(ids.iter().copied())?;
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
        let sight = self.sight(Operation::Partner);
        let mut employers = professional::employers(self.db.reader(), ids, day).await?;
        employers.retain(|_, row| sight.shows_partner(row.id));
        Ok(employers)
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
