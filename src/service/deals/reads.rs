//! Current state of deals.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{deal, deal_step};
use uuid::Uuid;

use super::{deal_dates, is_visible};
use crate::access::Operation;
use crate::error::Error;
use crate::program::deal::{Deal, DealTerms, Outcome, Status};
use crate::service::{Services, input};
use crate::store::deal as store;
use crate::store::page::{Page, Rows};
use crate::store::partner::PartnerRow;
use crate::store::subject;

/// State of a deal on a day, computed from its dates.
#[derive(Clone, Debug)]
pub struct DealView<'a> {
    deal: Deal,
    is_staff: bool,
    terms: &'a DealTerms,
    today: NaiveDate,
}

impl DealView<'_> {
    /// Status.
    #[must_use]
    pub fn status(&self) -> Status {
        self.deal.status_at(self.terms, self.today)
    }

    /// The last day on which it is active unless something happens.
    #[must_use]
    pub fn valid_until(&self) -> Option<NaiveDate> {
        self.deal.valid_until(self.terms)
    }

    /// Statuses that it can change to.
    #[must_use]
    pub fn next_statuses(&self) -> Vec<Status> {
        self.deal.next_statuses(self.terms, self.today)
    }

    /// Outcomes that the caller can close it with: only the vendor drops a deal, and a win is reported once.
    #[must_use]
    pub fn outcomes(&self) -> Vec<Outcome> {
        let reported = self.status() == Status::WonReported;
        let may = |outcome: &Outcome| {
            self.is_staff || !(*outcome == Outcome::Dropped || reported && outcome.is_won())
        };
        self.deal.outcomes(self.terms, self.today).into_iter().filter(may).collect()
    }

    /// The closing day; none unless it is closed.
    #[must_use]
    pub fn closed_on(&self) -> Option<NaiveDate> {
        self.deal.status.is_closed().then_some(self.deal.status_on)
    }

    /// What can be changed, as fields of an update.
    #[must_use]
    pub fn editable_fields(&self) -> &'static [&'static str] {
        if self.deal.can_change_opportunity(self.terms, self.today) {
            return &["customer", "scope", "description", "status"];
        }
        if self.deal.is_open(self.terms, self.today) { &["description", "status"] } else { &[] }
    }
}

/// Whether a deal holds its opportunity, or another partner does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpportunityView {
    /// The last day on which the deal holds it unless something is reported.
    pub held_until: Option<NaiveDate>,
    /// Whether another partner holds it.
    pub conflict: bool,
}

impl Services {
    /// What a deal is today.
    #[must_use]
    pub fn deal_view(&self, row: &deal::Model) -> DealView<'_> {
        let terms = &self.policy.editions.at(row.registered_on).deals;
        DealView {
            deal: deal_dates(row),
            is_staff: self.caller().role.is_staff(),
            terms,
            today: self.clock.today(),
        }
    }

    /// Current holds on the opportunities of deals, without details of other partners.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn deal_opportunities(
        &self,
        rows: &[deal::Model],
    ) -> Result<HashMap<Uuid, OpportunityView>, Error> {
        let visibility = self.authorize(Operation::Deal)?;
        let today = self.clock.today();
        let rows: Vec<&deal::Model> = rows.iter().filter(|row| is_visible(&visibility, row)).collect();
        let keys = rows.iter().map(|row| (row.customer_key.as_str(), row.scope_key.as_str()));
        let mut held = HashMap::new();
        for row in store::opportunities(self.db.reader(), keys).await? {
            if let (Some(deal), Some(since), Some(until)) = (row.deal_id, row.held_since, row.held_until)
                && since <= today
                && today <= until
            {
                held.insert((row.customer_key, row.scope_key), (deal, until));
            }
        }
        let unknown = held.values().map(|(deal, _)| *deal);
        let owner = |row: &deal::Model| (row.id, (row.partner_id, row.rewarded_on.is_some()));
        let mut owners: HashMap<Uuid, (Uuid, bool)> = rows.iter().copied().map(owner).collect();
        let unknown: Vec<Uuid> = unknown.filter(|deal| !owners.contains_key(deal)).collect();
        if !unknown.is_empty() {
            let others = store::by_ids(self.db.reader(), unknown).await?;
            owners.extend(others.iter().map(owner));
        }
        // One whose transaction was rewarded protects nothing any more.
        held.retain(|_, (deal, _)| owners.get(deal).is_some_and(|(_, rewarded)| !rewarded));
        let view = |row: &deal::Model| {
            let Some((deal, until)) = held.get(&(row.customer_key.clone(), row.scope_key.clone())) else {
                return OpportunityView::default();
            };
            OpportunityView {
                held_until: (*deal == row.id).then_some(*until),
                conflict: owners.get(deal).is_some_and(|(owner, _)| *owner != row.partner_id),
            }
        };
        Ok(rows.iter().map(|row| (row.id, view(row))).collect())
    }

    /// The deal of a reference.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn deal_by_reference(&self, reference: &str) -> Result<Option<deal::Model>, Error> {
        let Ok(reference) = input::key("reference", reference) else { return Ok(None) };
        let visibility = self.visibility(Operation::Deal);
        let found = store::by_reference(self.db.reader(), &reference).await?;
        Ok(found.filter(|row| is_visible(&visibility, row)))
    }

    /// Deals by id; what does not exist is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn deals_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, deal::Model>, Error> {
        let visibility = self.visibility(Operation::Deal);
        let rows = store::by_ids(self.db.reader(), ids.iter().copied()).await?;
        let rows = rows.into_iter().filter(|row| is_visible(&visibility, row));
        Ok(rows.map(|row| (row.id, row)).collect())
    }

    /// For each partner, one page of its deals in the order of registering.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn deal_pages(
        &self,
        ids: &[Uuid],
        page: &Page<i64>,
    ) -> Result<HashMap<Uuid, Rows<deal::Model>>, Error> {
        self.authorize_accounts(ids.iter().copied())?;
        Ok(store::of_partners(self.db.reader(), ids, page).await?)
    }

    /// For each partner, how many deals it has registered.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn deal_counts(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, i64>, Error> {
        self.authorize_accounts(ids.iter().copied())?;
        Ok(store::count_of_partners(self.db.reader(), ids).await?)
    }

    /// Steps of deals, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn deal_steps(
        &self,
        deals: &[deal::Model],
    ) -> Result<HashMap<Uuid, Vec<deal_step::Model>>, Error> {
        let visibility = self.visibility(Operation::Deal);
        let shown = deals.iter().filter(|row| is_visible(&visibility, row)).map(|row| row.id);
        Ok(store::steps(self.db.reader(), &shown.collect::<Vec<_>>()).await?)
    }

    /// The partners of deals, by id. A deal makes its partner visible.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners_of_deals(&self, deals: &[deal::Model]) -> Result<HashMap<Uuid, PartnerRow>, Error> {
        let visibility = self.visibility(Operation::Deal);
        let shown = deals.iter().filter(|row| is_visible(&visibility, row)).map(|row| row.partner_id);
        let mut rows = subject::by_ids::<PartnerRow>(self.db.reader(), shown).await?;
        self.redact_partners(&mut rows);
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}
