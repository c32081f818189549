//! Credits and Dojo Credits that expire: by the task for time-based changes, or before the next spending of the subject,
//! whichever locks it first. Each day on which something expires is a step of the log, dated on that day.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use entity::{order, swag_order};
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

use super::posting::{PostedRows, Posting, accounts};
use super::{SERVER, Services, transact};
use crate::access::{Caller, Operation};
use crate::error::Error;
use crate::program::expiry::{Account, CreditKind, Lot, Terms};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::{credit_entry, subject};

/// Most lots of an answer: more days on which something was earned are left out, the newest ones.
pub const LOTS_MAX: usize = 1_000;

/// Credits that were earned on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditLot {
    /// The day.
    pub earned_on: NaiveDate,
    /// How many.
    pub credits: i64,
    /// The first day on which they can no longer be spent; none if they never expire.
    pub expires_on: Option<NaiveDate>,
}

/// Subjects whose credits one transaction lets expire.
const SUBJECTS_PER_TRANSACTION: u64 = 20;

impl Services {
    /// Lets credits expire that can no longer be spent; returns whether there may be more.
    pub(in crate::service) async fn emit_credit_expiries(&self) -> Result<bool, Error> {
        let (today, first) = (self.clock.today(), Uuid::nil());
        let reader = self.db.reader();
        let partners =
            subject::expiring::<PartnerRow>(reader, today, first, SUBJECTS_PER_TRANSACTION).await?;
        let people =
            subject::expiring::<ProfessionalRow>(reader, today, first, SUBJECTS_PER_TRANSACTION).await?;
        if partners.is_empty() && people.is_empty() {
            return Ok(false);
        }
        transact!(self, Operation::MaintainEventFeed, transaction, _changes => {
            let professionals =
                subject::lock::<ProfessionalRow>(transaction, [], people.iter().copied()).await?;
            let locked = subject::lock::<PartnerRow>(transaction, [], partners.iter().copied()).await?;
            for row in professionals {
                self.expire_dojo_credits(transaction, row).await?;
            }
            for row in locked {
                self.expire_credits(transaction, row).await?;
            }
            Ok(())
        })?;
        Ok(true)
    }

    /// Lets credits of a locked partner expire that can no longer be spent, and returns the partner as it then is.
    pub(in crate::service) async fn expire_credits(
        &self,
        transaction: &DatabaseTransaction,
        partner: PartnerRow,
    ) -> Result<PartnerRow, Error> {
        let today = self.clock.today();
        if partner.expires_on.is_none_or(|day| day > today) {
            return Ok(partner);
        }
        let account = self.account_of(transaction, partner.id).await?;
        let (id, last) = (partner.id, partner.last_recorded_at);
        let mut posting = Posting::open(&self.policy, vec![partner], Vec::new(), &[]);
        let who = posting.partner(id).ok_or_else(|| Error::Damaged("a partner is gone".to_owned()))?;
        posting.load_account(who, account);
        self.post_expiry(transaction, posting, last).await?;
        let partner = subject::by_ids::<PartnerRow>(transaction, [id]).await?.pop();
        partner.ok_or_else(|| Error::Damaged("a partner is gone".to_owned()))
    }

    /// Lets Dojo Credits of a locked professional expire that can no longer be spent, and returns the professional as the
    /// person then is.
    pub(in crate::service) async fn expire_dojo_credits(
        &self,
        transaction: &DatabaseTransaction,
        row: ProfessionalRow,
    ) -> Result<ProfessionalRow, Error> {
        let today = self.clock.today();
        if row.expires_on.is_none_or(|day| day > today) {
            return Ok(row);
        }
        let entries = credit_entry::of_professionals(transaction, &[row.id]).await?;
        let account = accounts(&entries).remove(&row.id).unwrap_or_default();
        let (id, last) = (row.id, row.last_recorded_at);
        let mut posting = Posting::open(&self.policy, Vec::new(), vec![row], &[]);
        let gone = || Error::Damaged("a professional is gone".to_owned());
        let who = posting.professional(id).ok_or_else(gone)?;
        posting.load_dojo_account(who, account);
        self.post_expiry(transaction, posting, last).await?;
        subject::by_ids::<ProfessionalRow>(transaction, [id]).await?.pop().ok_or_else(gone)
    }

    /// Posts what is due, which was found out by whoever came first and done by nobody. When nothing is, only the next day
    /// is written on which something will be.
    async fn post_expiry(
        &self,
        transaction: &DatabaseTransaction,
        posting: Posting<'_>,
        last_recorded_at: Option<DateTimeUtc>,
    ) -> Result<(), Error> {
        let server = self.for_caller(Arc::new(Caller::system(SERVER)), None);
        let posted: PostedRows = posting.post(transaction, &server).await?;
        if posted.seqs.is_empty() {
            return posted.write_prospects(transaction, last_recorded_at).await;
        }
        posted.write(transaction).await
    }

    /// A partner as it will be when what can no longer be spent has expired, without letting it expire.
    pub(in crate::service) async fn without_expired(
        &self,
        connection: &impl ConnectionTrait,
        partner: PartnerRow,
    ) -> Result<PartnerRow, Error> {
        let today = self.clock.today();
        if partner.expires_on.is_none_or(|day| day > today) {
            return Ok(partner);
        }
        // By the entries alone: what expires meanwhile is not counted twice.
        let account = self.account_of(connection, partner.id).await?;
        let due = account.due(self.expiry_terms(CreditKind::Credits), today);
        let expired: i64 = due.iter().map(|one| one.credits).sum();
        Ok(PartnerRow { credits: account.balance() - expired, ..partner })
    }

    async fn account_of(&self, connection: &impl ConnectionTrait, partner: Uuid) -> Result<Account, Error> {
        let entries = credit_entry::of_partners(connection, &[partner]).await?;
        Ok(accounts(&entries).remove(&partner).unwrap_or_default())
    }

    /// When credits of partners expire next. Where no edition lets any expire, nothing is read.
    pub(in crate::service) async fn credits_expire_next(
        &self,
        connection: &impl ConnectionTrait,
        rows: &[PartnerRow],
    ) -> Result<HashMap<Uuid, Option<NaiveDate>>, Error> {
        if !self.policy.editions.expire(CreditKind::Credits) {
            return Ok(HashMap::new());
        }
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let found = accounts(&credit_entry::of_partners(connection, &ids).await?);
        let terms = self.expiry_terms(CreditKind::Credits);
        Ok(found.into_iter().map(|(id, account)| (id, account.expires_next(terms))).collect())
    }

    /// When Dojo Credits of professionals expire next. Where no edition lets any expire, nothing is read.
    pub(in crate::service) async fn dojo_credits_expire_next(
        &self,
        connection: &impl ConnectionTrait,
        rows: &[ProfessionalRow],
    ) -> Result<HashMap<Uuid, Option<NaiveDate>>, Error> {
        if !self.policy.editions.expire(CreditKind::DojoCredits) {
            return Ok(HashMap::new());
        }
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let found = accounts(&credit_entry::of_professionals(connection, &ids).await?);
        let terms = self.expiry_terms(CreditKind::DojoCredits);
        Ok(found.into_iter().map(|(id, account)| (id, account.expires_next(terms))).collect())
    }

    /// What each partner can spend, by the day on which it was earned, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn credit_lots(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<CreditLot>>, Error> {
        self.authorize_accounts(ids.iter().copied())?;
        let found = accounts(&credit_entry::of_partners(self.db.reader(), ids).await?);
        let lots = |account: &Account| self.lots(CreditKind::Credits, &account.lots());
        Ok(found.iter().map(|(id, account)| (*id, lots(account))).collect())
    }

    /// What each order was paid with, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn orders_paid_with(
        &self,
        orders: &[order::Model],
    ) -> Result<HashMap<Uuid, Vec<CreditLot>>, Error> {
        let paid: Vec<&order::Model> = orders.iter().filter(|row| row.credits > 0).collect();
        let mut ids: Vec<Uuid> = paid.iter().map(|row| row.partner_id).collect();
        ids.sort_unstable();
        ids.dedup();
        self.authorize_accounts(ids.iter().copied())?;
        let found = accounts(&credit_entry::of_partners(self.db.reader(), &ids).await?);
        let lots = |row: &&order::Model| {
            let lots = found.get(&row.partner_id)?.paid_with(row.id.as_u128());
            Some((row.id, self.lots(CreditKind::Credits, lots)))
        };
        Ok(paid.iter().filter_map(lots).collect())
    }

    /// What each professional can spend in the swag shop, by the day on which it was earned, the oldest first.
    ///
    /// # Errors
    /// When the caller may not see one of them, or the database fails.
    pub async fn dojo_credit_lots(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<CreditLot>>, Error> {
        self.authorize_swag_orders(ids)?;
        let found = accounts(&credit_entry::of_professionals(self.db.reader(), ids).await?);
        let lots = |account: &Account| self.lots(CreditKind::DojoCredits, &account.lots());
        Ok(found.iter().map(|(id, account)| (*id, lots(account))).collect())
    }

    /// What each swag order was paid with, the oldest first.
    ///
    /// # Errors
    /// When the caller may not see one of them, or the database fails.
    pub async fn swag_orders_paid_with(
        &self,
        orders: &[swag_order::Model],
    ) -> Result<HashMap<Uuid, Vec<CreditLot>>, Error> {
        let mut ids: Vec<Uuid> = orders.iter().map(|row| row.professional_id).collect();
        ids.sort_unstable();
        ids.dedup();
        self.authorize_swag_orders(&ids)?;
        let found = accounts(&credit_entry::of_professionals(self.db.reader(), &ids).await?);
        let lots = |row: &swag_order::Model| {
            let lots = found.get(&row.professional_id)?.paid_with(row.id.as_u128());
            Some((row.id, self.lots(CreditKind::DojoCredits, lots)))
        };
        Ok(orders.iter().filter_map(lots).collect())
    }

    fn lots(&self, kind: CreditKind, lots: &[Lot]) -> Vec<CreditLot> {
        let terms = self.expiry_terms(kind);
        let lot = |lot: &Lot| {
            let (earned_on, credits) = (lot.earned_on, lot.credits);
            CreditLot { earned_on, credits, expires_on: terms.expires_on(earned_on) }
        };
        lots.iter().take(LOTS_MAX).map(lot).collect()
    }

    pub(in crate::service) fn expiry_terms(&self, kind: CreditKind) -> Terms<'_> {
        Terms { editions: &self.policy.editions, kind }
    }
}
