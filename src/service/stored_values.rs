//! Stored values that an earlier release did not have, and that only the rules can compute.

use std::collections::BTreeMap;

use entity::customer_name;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::{Services, labels, transact};
use crate::access::Operation;
use crate::error::Error;
use crate::program::deal::{Status, name_key};
use crate::program::search::fold_all;
use crate::service::deals::valid_until;
use crate::service::posting::{
    PeriodTotal, apply_time_based_partner_changes, apply_time_based_professional_changes, partner_totals,
    points_of, set_partner_prospects, set_renewal,
};
use crate::store::partner::{self, PartnerRow};
use crate::store::professional::{self, ProfessionalRow};
use crate::store::subject::EARLIEST;
use crate::store::{customer, deal, subject, totals, upsert_all};

/// Rows that one transaction processes.
const ROWS_PER_TRANSACTION: u64 = 500;

impl Services {
    /// Computes the values that rows of an earlier release lack. Where none does, it reads and writes nothing else.
    ///
    /// # Errors
    /// When the database fails; what was committed remains.
    pub(super) async fn complete_stored_values(&self) -> Result<(), Error> {
        while self.complete_deals().await? {}
        while self.complete_partners().await? {}
        while self.complete_professionals().await? {}
        while self.complete_prospects().await? {}
        while self.complete_renewals().await? {}
        while self.complete_customer_names().await? {}
        while self.complete_order_customers().await? {}
        self.complete_rollouts().await?;
        self.complete_recalculations().await?;
        self.begin_notices().await
    }

    async fn complete_deals(&self) -> Result<bool, Error> {
        let timed =
            Status::ACTIVE.into_iter().filter(|status| status.is_timed()).filter_map(labels::status_column);
        let rows = deal::without_valid_until(self.db.reader(), timed, ROWS_PER_TRANSACTION).await?;
        if rows.is_empty() {
            return Ok(false);
        }
        transact!(self, Operation::MaintainStoredValues, transaction, _changes => {
            // Writers of a deal hold the lock of its customer.
            let keys: Vec<&str> = rows.iter().map(|row| row.customer_key.as_str()).collect();
            customer::lock(transaction, &keys).await?;
            for mut row in deal::by_ids(transaction, rows.iter().map(|row| row.id)).await? {
                row.valid_until = valid_until(&self.policy.editions, &row);
                deal::update(transaction, &row).await?;
            }
            Ok(())
        })?;
        Ok(true)
    }

    /// Names of customers of before they were compared by the edition: each stays the name of its own customer.
    async fn complete_customer_names(&self) -> Result<bool, Error> {
        let rows = customer::names_without_keys(self.db.reader(), ROWS_PER_TRANSACTION).await?;
        if rows.is_empty() {
            return Ok(false);
        }
        let today = self.clock.today();
        transact!(self, Operation::MaintainStoredValues, transaction, _changes => {
            let named = rows.iter().map(|row| customer_name::Model {
                spelling: row.spelling.clone(),
                ..self.customer_name(&row.name, today, &row.customer_key)
            });
            Ok(customer::save_names(transaction, named.collect()).await?)
        })?;
        Ok(true)
    }

    async fn complete_order_customers(&self) -> Result<bool, Error> {
        let rows = customer::orders_without_spelling(self.db.reader(), ROWS_PER_TRANSACTION).await?;
        if rows.is_empty() {
            return Ok(false);
        }
        transact!(self, Operation::MaintainStoredValues, transaction, _changes => {
            for row in &rows {
                let name = row.customer.as_deref();
                self.name_customer(transaction, name, row.placed_on).await?;
                let spelling = name.map(name_key).unwrap_or_default();
                customer::set_order_spelling(transaction, row.id, spelling).await?;
            }
            Ok(())
        })?;
        Ok(true)
    }

    async fn complete_partners(&self) -> Result<bool, Error> {
        let ids = subject::without_search_key::<PartnerRow>(self.db.reader(), ROWS_PER_TRANSACTION).await?;
        if ids.is_empty() {
            return Ok(false);
        }
        transact!(self, Operation::MaintainStoredValues, transaction, _changes => {
            complete_partners(transaction, &ids).await
        })?;
        Ok(true)
    }

    async fn complete_professionals(&self) -> Result<bool, Error> {
        let ids =
            subject::without_search_key::<ProfessionalRow>(self.db.reader(), ROWS_PER_TRANSACTION).await?;
        if ids.is_empty() {
            return Ok(false);
        }
        transact!(self, Operation::MaintainStoredValues, transaction, _changes => {
            complete_professionals(transaction, &ids).await
        })?;
        Ok(true)
    }

    async fn complete_prospects(&self) -> Result<bool, Error> {
        let ids = subject::without_prospects::<PartnerRow>(self.db.reader(), ROWS_PER_TRANSACTION).await?;
        if ids.is_empty() {
            return Ok(false);
        }
        transact!(self, Operation::MaintainStoredValues, transaction, _changes => {
            let mut rows = subject::lock::<PartnerRow>(transaction, [], ids.iter().copied()).await?;
            let mut stored = BTreeMap::new();
            for row in totals::of_partners(transaction, ids.iter().copied()).await? {
                stored.insert((row.partner_id, row.period), PeriodTotal::read(&row)?);
            }
            let stored = partner_totals(&stored);
            for row in &mut rows {
                let totals = stored.get(&row.id).cloned().unwrap_or_default();
                if row.levels_due == EARLIEST {
                    // Levels that were never emitted become what later ones are compared with.
                    let today = self.clock.today();
                    apply_time_based_partner_changes(&self.policy.editions, row, &totals, today);
                }
                set_partner_prospects(&self.policy.editions, row, &totals);
            }
            let balances = rows.iter().map(|row| row.balance(row.last_recorded_at)).collect();
            Ok(upsert_all(transaction, balances).await?)
        })?;
        Ok(true)
    }

    async fn complete_renewals(&self) -> Result<bool, Error> {
        let ids =
            subject::without_prospects::<ProfessionalRow>(self.db.reader(), ROWS_PER_TRANSACTION).await?;
        if ids.is_empty() {
            return Ok(false);
        }
        transact!(self, Operation::MaintainStoredValues, transaction, _changes => {
            let mut rows = subject::lock::<ProfessionalRow>(transaction, [], ids.iter().copied()).await?;
            let editions = &self.policy.editions;
            let stored = totals::of_professionals(transaction, ids.iter().copied()).await?;
            let signed_up = rows.iter().map(|row| (row.id, row.signed_up_on)).collect();
            let points = points_of(transaction, editions, &stored, &signed_up).await?;
            for row in &mut rows {
                let points = points.get(&row.id).cloned().unwrap_or_default();
                if row.level_due == EARLIEST {
                    let today = self.clock.today();
                    apply_time_based_professional_changes(&self.policy.editions, row, &points, today);
                }
                set_renewal(&self.policy.editions, row, &points);
            }
            let balances = rows.iter().map(|row| row.balance(row.last_recorded_at)).collect();
            Ok(upsert_all(transaction, balances).await?)
        })?;
        Ok(true)
    }
}

async fn complete_partners(transaction: &DatabaseTransaction, ids: &[Uuid]) -> Result<(), Error> {
    for row in subject::lock::<PartnerRow>(transaction, [], ids.iter().copied()).await? {
        let key = fold_all(&[&row.code, &row.name]);
        partner::set_search_key(transaction, row.id, key).await?;
    }
    Ok(())
}

async fn complete_professionals(transaction: &DatabaseTransaction, ids: &[Uuid]) -> Result<(), Error> {
    for row in subject::lock::<ProfessionalRow>(transaction, [], ids.iter().copied()).await? {
        let key = fold_all(&[&row.code, &row.name]);
        let email = row.email.as_deref().map(|email| fold_all(&[email]));
        professional::set_search_keys(transaction, row.id, key, email).await?;
    }
    Ok(())
}
