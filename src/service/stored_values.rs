//! Stored values that an earlier release did not have, and that only the rules can compute.

use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::{Services, labels, transact};
use crate::access::Operation;
use crate::error::Error;
use crate::program::deal::Status;
use crate::program::search::fold_all;
use crate::service::deals::valid_until;
use crate::store::partner::{self, PartnerRow};
use crate::store::professional::{self, ProfessionalRow};
use crate::store::{deal, subject};

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
        Ok(())
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
            deal::lock_customers(transaction, &keys).await?;
            for mut row in deal::by_ids(transaction, rows.iter().map(|row| row.id)).await? {
                row.valid_until = valid_until(&self.policy.editions, &row);
                deal::update(transaction, &row).await?;
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
