//! What a publication changes of the days ahead: for each subject is stored when its levels may change by time alone,
//! and what is ahead of them. Both depend on the editions, so they are computed again, some subjects at a time. The
//! progress is kept, so that a rollout that was interrupted is completed by whichever process comes first.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use entity::edition_rollout;
use sea_orm::DatabaseTransaction;
use tokio::task::JoinHandle;
use tracing::Instrument;
use uuid::Uuid;

use crate::access::{Caller, Operation};
use crate::error::Error;
use crate::service::posting::{PeriodTotal, partner_totals, points_of, set_partner_prospects, set_renewal};
use crate::service::{Services, transact};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::{edition as store, subject, totals, upsert_all};

/// Subjects that one transaction processes.
const SUBJECTS_PER_TRANSACTION: u64 = 200;
/// The caller of rollouts.
const ROLLOUT: &str = "server";

impl Services {
    /// Completes the rollouts of published editions; without one, it reads no more than that.
    ///
    /// # Errors
    /// When the database fails; what was committed remains, and the next call does the rest.
    pub async fn complete_rollouts(&self) -> Result<(), Error> {
        let open = store::open_rollouts(self.db.reader()).await?;
        if open.is_empty() {
            return Ok(());
        }
        self.refresh_policy().await?;
        for rollout in open {
            while self.roll_out(rollout.edition_id).await? {}
        }
        Ok(())
    }

    /// Completes the rollouts apart from the request that published an edition.
    pub(super) fn spawn_rollouts(&self) -> JoinHandle<()> {
        let services = Self { deadline: None, run: None, whole: None, ..self.clone() };
        let services = services.for_caller(std::sync::Arc::new(Caller::system(ROLLOUT)), None);
        let work = async move {
            if let Err(error) = services.complete_rollouts().await {
                tracing::warn!(%error, "failed to roll out an edition; the next check goes on");
            }
        };
        tokio::spawn(work.in_current_span())
    }

    /// Processes some subjects; returns whether there may be more.
    async fn roll_out(&self, edition: Uuid) -> Result<bool, Error> {
        transact!(self, Operation::MaintainStoredValues, transaction, _changes => {
            let rollout = store::lock_rollout(transaction, edition).await?;
            // Another process may have ended it meanwhile.
            let Some(mut rollout) = rollout.filter(|rollout| rollout.finished_at.is_none()) else { return Ok(false) };
            let Some(index) = self.policy.index(edition) else { return Err(Error::PolicyChanged) };
            let from = self.policy.editions.get(index).map_or(NaiveDate::MAX, |edition| edition.effective_from);
            let is_done = !self.roll_out_partners(transaction, &mut rollout, from).await?
                && !self.roll_out_professionals(transaction, &mut rollout, from).await?;
            rollout.finished_at = is_done.then(|| self.clock.now());
            store::save_rollout(transaction, rollout).await?;
            Ok(!is_done)
        })
    }

    async fn roll_out_partners(
        &self,
        transaction: &DatabaseTransaction,
        rollout: &mut edition_rollout::Model,
        from: NaiveDate,
    ) -> Result<bool, Error> {
        let after = rollout.partners_through.unwrap_or(Uuid::nil());
        let found = subject::after::<PartnerRow>(transaction, after, SUBJECTS_PER_TRANSACTION).await?;
        let Some(last) = found.last() else { return Ok(false) };
        rollout.partners_through = Some(last.id);
        let ids: Vec<Uuid> = found.iter().filter(|row| row.merged_into.is_none()).map(|row| row.id).collect();
        let mut rows = subject::lock::<PartnerRow>(transaction, [], ids.iter().copied()).await?;
        self.check_policy(transaction).await?;
        let mut stored = BTreeMap::new();
        for row in totals::of_partners(transaction, ids).await? {
            stored.insert((row.partner_id, row.period), PeriodTotal::read(&row)?);
        }
        let stored = partner_totals(&stored);
        let expiring = self.credits_expire_next(transaction, &rows).await?;
        for row in &mut rows {
            row.expires_on = expiring.get(&row.id).copied().flatten();
            row.levels_due = row.levels_due.min(from);
            let totals = stored.get(&row.id).cloned().unwrap_or_default();
            set_partner_prospects(&self.policy.editions, row, &totals);
        }
        let balances = rows.iter().map(|row| row.balance(row.last_recorded_at)).collect();
        upsert_all(transaction, balances).await?;
        Ok(true)
    }

    async fn roll_out_professionals(
        &self,
        transaction: &DatabaseTransaction,
        rollout: &mut edition_rollout::Model,
        from: NaiveDate,
    ) -> Result<bool, Error> {
        let after = rollout.professionals_through.unwrap_or(Uuid::nil());
        let found = subject::after::<ProfessionalRow>(transaction, after, SUBJECTS_PER_TRANSACTION).await?;
        let Some(last) = found.last() else { return Ok(false) };
        rollout.professionals_through = Some(last.id);
        let ids: Vec<Uuid> = found.iter().filter(|row| row.merged_into.is_none()).map(|row| row.id).collect();
        let mut rows = subject::lock::<ProfessionalRow>(transaction, [], ids.iter().copied()).await?;
        self.check_policy(transaction).await?;
        let expiring = self.dojo_credits_expire_next(transaction, &rows).await?;
        let editions = &self.policy.editions;
        let stored = totals::of_professionals(transaction, ids).await?;
        let signed_up = rows.iter().map(|row| (row.id, row.signed_up_on)).collect();
        let points = points_of(transaction, editions, &stored, &signed_up).await?;
        for row in &mut rows {
            row.expires_on = expiring.get(&row.id).copied().flatten();
            row.level_due = row.level_due.min(from);
            let points = points.get(&row.id).cloned().unwrap_or_default();
            set_renewal(&self.policy.editions, row, &points);
        }
        let balances = rows.iter().map(|row| row.balance(row.last_recorded_at)).collect();
        upsert_all(transaction, balances).await?;
        Ok(true)
    }
}
