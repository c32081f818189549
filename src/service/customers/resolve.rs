//! Which customer a name means (R10).

use chrono::NaiveDate;
use entity::{customer, customer_name};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

use crate::error::Error;
use crate::program::deal::name_key;
use crate::program::search::fold_all;
use crate::service::Services;
use crate::store::customer as store;
use crate::store::subject::LATEST;

/// How often a customer is looked up again that was joined or separated meanwhile.
const LOOKUPS_MAX: usize = 8;

impl Services {
    /// The key of the customer that a name means; none if it means none yet. The spelling itself decides, else the
    /// names that compare equal, by the legal forms of the edition of that day first.
    ///
    /// # Errors
    /// When the database fails.
    pub(in crate::service) async fn customer_key(
        &self,
        connection: &impl ConnectionTrait,
        name: &str,
        on: NaiveDate,
    ) -> Result<Option<String>, Error> {
        let spelling = name_key(name);
        let compare_keys = self.compare_keys(name, on);
        let names = store::names_like(connection, &spelling, &compare_keys).await?;
        if let Some(known) = names.iter().find(|known| known.spelling == spelling) {
            return Ok(Some(known.customer_key.clone()));
        }
        let like = |key: &String| names.iter().find(|known| known.compare_key.as_ref() == Some(key));
        Ok(compare_keys.iter().find_map(like).map(|known| known.customer_key.clone()))
    }

    /// Locks the customer that a name means, who is a new one if it means none yet, together with others; returns its
    /// key. The name means this customer from then on.
    ///
    /// # Errors
    /// When the database fails.
    pub(in crate::service) async fn lock_customer_named(
        &self,
        transaction: &DatabaseTransaction,
        name: &str,
        on: NaiveDate,
        others: &[&str],
    ) -> Result<String, Error> {
        for _ in 0..LOOKUPS_MAX {
            let key = match self.customer_key(transaction, name, on).await? {
                Some(key) => key,
                None => self.new_customer(transaction, name, on).await?,
            };
            let keys: Vec<&str> = others.iter().copied().chain([key.as_str()]).collect();
            store::lock(transaction, &keys).await?;
            // It may have been joined or separated before the lock, or a name like this one may have come first.
            if self.customer_key(transaction, name, on).await?.is_none_or(|now| now == key) {
                store::insert_name(transaction, self.customer_name(name, on, &key)).await?;
                return Ok(key);
            }
        }
        Err(Error::Damaged("a customer that changes all the time".to_owned()))
    }

    /// Relates the name of an order's customer to a customer.
    ///
    /// # Errors
    /// When the database fails.
    pub(in crate::service) async fn name_customer(
        &self,
        transaction: &DatabaseTransaction,
        name: Option<&str>,
        on: NaiveDate,
    ) -> Result<(), Error> {
        let Some(name) = name.filter(|name| !name_key(name).is_empty()) else { return Ok(()) };
        let spelling = name_key(name);
        let names = store::names_like(transaction, &spelling, &[]).await?;
        if names.is_empty() {
            self.lock_customer_named(transaction, name, on, &[]).await?;
        }
        Ok(())
    }

    /// A name with its keys.
    pub(in crate::service) fn customer_name(
        &self,
        name: &str,
        on: NaiveDate,
        customer_key: &str,
    ) -> customer_name::Model {
        customer_name::Model {
            spelling: name_key(name),
            customer_key: customer_key.to_owned(),
            name: name.to_owned(),
            compare_key: Some(self.policy.editions.at(on).customers.key(name)),
            search_key: Some(fold_all(&[name])),
        }
    }

    /// The keys that a name is compared by: that of the edition of a day, then those of the others.
    fn compare_keys(&self, name: &str, on: NaiveDate) -> Vec<String> {
        let editions = &self.policy.editions;
        let mut keys = vec![editions.at(on).customers.key(name)];
        for edition in editions.iter() {
            let key = edition.customers.key(name);
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    async fn new_customer(
        &self,
        transaction: &DatabaseTransaction,
        name: &str,
        on: NaiveDate,
    ) -> Result<String, Error> {
        let id = Uuid::now_v7();
        let key = self.policy.editions.at(on).customers.key(name);
        // A customer that no longer has names like this one keeps its key.
        let is_taken = store::by_key(transaction, &key).await?.is_some();
        let key = if is_taken { id.to_string() } else { key };
        let row = customer::Model {
            key: key.clone(),
            id,
            name: name.to_owned(),
            won_deal_id: None,
            won_on: LATEST,
            joined_into: None,
        };
        store::insert(transaction, row).await?;
        Ok(key)
    }
}
