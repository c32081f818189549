//! Customers as they are listed, for program staff.

use std::collections::HashMap;

use entity::{customer, deal, order};
use uuid::Uuid;

use crate::access::Operation;
use crate::error::Error;
use crate::program::search::fold;
use crate::service::Services;
use crate::store::customer as store;
use crate::store::deal as deals;
use crate::store::list::customers::{self, CustomerFilter, CustomerOrder};
use crate::store::page::{Page, Rows};
use crate::store::subject::SubjectKey;

impl Services {
    /// One page of the customers that a filter finds, and the filter for counting them.
    ///
    /// # Errors
    /// When the caller may not list customers, or the database fails.
    pub async fn customers_page(
        &self,
        search: Option<&str>,
        order: CustomerOrder,
        page: &Page<SubjectKey>,
    ) -> Result<(Rows<customer::Model>, CustomerFilter), Error> {
        self.authorize(Operation::Customers)?;
        let filter = CustomerFilter { search: search.map(|text| fold(&text.replace('\0', ""))) };
        Ok((customers::page(self.db.reader(), &filter, order, page).await?, filter))
    }

    /// How many customers a filter finds, `store::list::COUNT_MAX` and one more at most.
    ///
    /// # Errors
    /// When the caller may not list customers, or the database fails.
    pub async fn customers_count(&self, filter: &CustomerFilter) -> Result<i64, Error> {
        self.authorize(Operation::Customers)?;
        Ok(customers::count(self.db.reader(), filter).await?)
    }

    /// Customers by id; what does not exist is left out. One that was joined into another is there as well.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn customers_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, customer::Model>, Error> {
        if !self.can_see(Operation::Customers) {
            return Ok(HashMap::new());
        }
        let rows = store::by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// The customers of deals, by the id of the deal.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn customers_of_deals(
        &self,
        deals: &[deal::Model],
    ) -> Result<HashMap<Uuid, customer::Model>, Error> {
        if !self.can_see(Operation::Customers) {
            return Ok(HashMap::new());
        }
        let keys: Vec<&str> = deals.iter().map(|row| row.customer_key.as_str()).collect();
        let found = store::by_keys(self.db.reader(), &keys).await?;
        let found: HashMap<&str, &customer::Model> =
            found.iter().map(|row| (row.key.as_str(), row)).collect();
        let of = |row: &deal::Model| Some((row.id, (*found.get(row.customer_key.as_str())?).clone()));
        Ok(deals.iter().filter_map(of).collect())
    }

    /// The customers of orders, by the id of the order; an order for the partner itself has none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn customers_of_orders(
        &self,
        orders: &[order::Model],
    ) -> Result<HashMap<Uuid, customer::Model>, Error> {
        let spelling = |row: &order::Model| row.customer_spelling.clone();
        let spellings: Vec<String> = orders.iter().filter_map(spelling).collect();
        if spellings.is_empty() || !self.can_see(Operation::Customers) {
            return Ok(HashMap::new());
        }
        let found = store::by_spellings(self.db.reader(), &spellings).await?;
        let of = |row: &order::Model| Some((row.id, found.get(row.customer_spelling.as_ref()?)?.clone()));
        Ok(orders.iter().filter_map(of).collect())
    }

    /// The names of customers, in the order of spelling.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn customer_spellings(
        &self,
        rows: &[customer::Model],
    ) -> Result<HashMap<Uuid, Vec<String>>, Error> {
        self.authorize(Operation::Customers)?;
        let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        let ids: HashMap<&str, Uuid> = rows.iter().map(|row| (row.key.as_str(), row.id)).collect();
        let mut spellings: HashMap<Uuid, Vec<String>> = HashMap::new();
        for name in store::names_of(self.db.reader(), &keys).await? {
            if let Some(id) = ids.get(name.customer_key.as_str()) {
                spellings.entry(*id).or_default().push(name.name);
            }
        }
        Ok(spellings)
    }

    /// The customers that others were joined into, by the id of the one that was joined.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn customers_joined_into(
        &self,
        rows: &[customer::Model],
    ) -> Result<HashMap<Uuid, customer::Model>, Error> {
        self.authorize(Operation::Customers)?;
        let keys: Vec<&str> = rows.iter().filter_map(|row| row.joined_into.as_deref()).collect();
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let found = store::by_keys(self.db.reader(), &keys).await?;
        let of = |row: &customer::Model| {
            let into = found.iter().find(|one| Some(&one.key) == row.joined_into.as_ref())?;
            Some((row.id, into.clone()))
        };
        Ok(rows.iter().filter_map(of).collect())
    }

    /// The first won deals of customers, by id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn first_deals_of(
        &self,
        rows: &[customer::Model],
    ) -> Result<HashMap<Uuid, deal::Model>, Error> {
        self.authorize(Operation::Customers)?;
        let ids = rows.iter().filter_map(|row| row.won_deal_id);
        let found = deals::by_ids(self.db.reader(), ids).await?;
        Ok(found.into_iter().map(|row| (row.id, row)).collect())
    }

    /// For each customer, one page of its deals in the order of registration.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn customer_deal_pages(
        &self,
        rows: &[customer::Model],
        page: &Page<i64>,
    ) -> Result<HashMap<Uuid, Rows<deal::Model>>, Error> {
        self.authorize(Operation::Customers)?;
        Ok(store::deal_pages(self.db.reader(), rows, page).await?)
    }

    /// For each customer, how many deals it has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn customer_deal_counts(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, i64>, Error> {
        self.authorize(Operation::Customers)?;
        Ok(store::deal_counts(self.db.reader(), ids).await?)
    }

    /// For each customer, one page of the orders for it in the order of placing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn customer_order_pages(
        &self,
        rows: &[customer::Model],
        page: &Page<i64>,
    ) -> Result<HashMap<Uuid, Rows<order::Model>>, Error> {
        self.authorize(Operation::Customers)?;
        Ok(store::order_pages(self.db.reader(), rows, page).await?)
    }

    /// For each customer, how many orders there are for it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn customer_order_counts(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, i64>, Error> {
        self.authorize(Operation::Customers)?;
        Ok(store::order_counts(self.db.reader(), ids).await?)
    }
}
