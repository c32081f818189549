//! Time-based events: levels that lapse, credits and deals that expire, opportunities that lapse, and notices before. Each is emitted once, on its day or, if no
//! server ran then, when the next one starts.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chrono::NaiveDate;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::{Audience, codes_of_partners};
use crate::access::Operation;
use crate::error::Error;
use crate::service::posting::{
    PeriodTotal, apply_time_based_partner_changes, apply_time_based_professional_changes, partner_totals,
    points_of, set_partner_prospects, set_renewal,
};
use crate::service::{Services, transact};
use crate::store::event::Numbering;
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject;
use crate::store::{affiliation, edition, event, totals, upsert_all};

/// Subjects that one transaction processes.
const SUBJECTS_PER_TRANSACTION: u64 = 200;
/// Interval between checks for due levels and deals.
const POLL_INTERVAL: Duration = Duration::from_secs(30);

impl Services {
    /// Emits the time-based events that are due through today.
    ///
    /// # Errors
    /// When the database fails; committed events remain, and the next call emits the others.
    pub async fn emit_time_based_events(&self) -> Result<(), Error> {
        self.refresh_policy().await?;
        self.complete_rollouts().await?;
        self.complete_recalculations().await?;
        while self.reject_claims_without_evidence().await? {}
        while self.emit_deal_expiries().await? {}
        while self.emit_opportunity_lapses().await? {}
        while self.emit_credit_expiries().await? {}
        while self.emit_quote_expiries().await? {}
        while self.emit_professional_levels().await? {}
        while self.emit_partner_levels().await? {}
        while self.emit_notices().await? {}
        Ok(())
    }

    /// Emits time-based events as they become due, until the future is dropped. Each process runs it once.
    pub async fn run_time_based_events(&self) {
        loop {
            if let Err(error) = self.emit_time_based_events().await {
                tracing::warn!(%error, "failed to emit time-based events; retrying");
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Whoever is locked may have been recalculated by an edition that this process does not know yet.
    pub(in crate::service) async fn check_policy(
        &self,
        transaction: &DatabaseTransaction,
    ) -> Result<(), Error> {
        let version = edition::version(transaction).await?;
        if version == self.policy.version() { Ok(()) } else { Err(Error::PolicyChanged) }
    }

    async fn emit_partner_levels(&self) -> Result<bool, Error> {
        let today = self.clock.today();
        let due = subject::level_due::<PartnerRow>(self.db.reader(), today, SUBJECTS_PER_TRANSACTION).await?;
        if due.is_empty() {
            return Ok(false);
        }
        transact!(self, Operation::MaintainEventFeed, transaction, _changes => {
            self.write_partner_levels(transaction, &due, today).await
        })?;
        Ok(true)
    }

    async fn write_partner_levels(
        &self,
        transaction: &DatabaseTransaction,
        due: &[Uuid],
        today: NaiveDate,
    ) -> Result<(), Error> {
        let mut rows = subject::lock::<PartnerRow>(transaction, [], due.iter().copied()).await?;
        // Another process may have emitted them already.
        rows.retain(|row| row.levels_due <= today);
        self.check_policy(transaction).await?;
        let mut stored: BTreeMap<(Uuid, i32), PeriodTotal> = BTreeMap::new();
        for row in totals::of_partners(transaction, rows.iter().map(|row| row.id)).await? {
            stored.insert((row.partner_id, row.period), PeriodTotal::read(&row)?);
        }
        let stored = partner_totals(&stored);
        let codes = rows.iter().map(|row| (row.id, row.code.clone())).collect();
        let audience = Audience { codes, employers: Vec::new(), at: self.clock.now(), actor: None };
        let mut events = Vec::new();
        for row in &mut rows {
            let totals = stored.get(&row.id).cloned().unwrap_or_default();
            let changes = apply_time_based_partner_changes(&self.policy.editions, row, &totals, today);
            set_partner_prospects(&self.policy.editions, row, &totals);
            events.extend(
                changes.iter().map(|change| (change.on, audience.partner_level(row.id, change, None))),
            );
        }
        events.sort_by_key(|(day, _)| *day);
        let balances = rows.into_iter().map(|row| row.balance(row.last_recorded_at));
        upsert_all(transaction, balances.collect()).await?;
        Ok(event::insert(transaction, events.into_iter().map(|(_, row)| row).collect(), Numbering::Later)
            .await?)
    }

    async fn emit_professional_levels(&self) -> Result<bool, Error> {
        let today = self.clock.today();
        let due =
            subject::level_due::<ProfessionalRow>(self.db.reader(), today, SUBJECTS_PER_TRANSACTION).await?;
        if due.is_empty() {
            return Ok(false);
        }
        transact!(self, Operation::MaintainEventFeed, transaction, _changes => {
            self.write_professional_levels(transaction, &due, today).await
        })?;
        Ok(true)
    }

    async fn write_professional_levels(
        &self,
        transaction: &DatabaseTransaction,
        due: &[Uuid],
        today: NaiveDate,
    ) -> Result<(), Error> {
        let mut rows = subject::lock::<ProfessionalRow>(transaction, [], due.iter().copied()).await?;
        rows.retain(|row| row.level_due <= today);
        self.check_policy(transaction).await?;
        let ids = || rows.iter().map(|row| row.id);
        let stored = totals::of_professionals(transaction, ids()).await?;
        let signed_up = rows.iter().map(|row| (row.id, row.signed_up_on)).collect();
        let editions = &self.policy.editions;
        let points = points_of(transaction, editions, &stored, &signed_up).await?;
        let employers = affiliation::of_professionals(transaction, ids()).await?;
        let mut codes: HashMap<Uuid, String> = rows.iter().map(|row| (row.id, row.code.clone())).collect();
        codes.extend(codes_of_partners(transaction, &employers).await?);
        let audience = Audience { codes, employers, at: self.clock.now(), actor: None };
        let mut events = Vec::new();
        for row in &mut rows {
            let points = points.get(&row.id).cloned().unwrap_or_default();
            let changes = apply_time_based_professional_changes(&self.policy.editions, row, &points, today);
            set_renewal(&self.policy.editions, row, &points);
            events.extend(
                changes.iter().map(|change| (change.on, audience.professional_level(row.id, change, None))),
            );
        }
        events.sort_by_key(|(day, _)| *day);
        let balances = rows.into_iter().map(|row| row.balance(row.last_recorded_at));
        upsert_all(transaction, balances.collect()).await?;
        Ok(event::insert(transaction, events.into_iter().map(|(_, row)| row).collect(), Numbering::Later)
            .await?)
    }
}
