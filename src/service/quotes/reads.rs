//! Reading saved quotes within the visibility of the caller.

use std::collections::HashMap;

use entity::{order, order_line, quote};
use uuid::Uuid;

use super::as_ordered;
use crate::access::Operation;
use crate::error::Error;
use crate::service::{Services, input};
use crate::store::page::{Page, Rows};
use crate::store::quote as store;

impl Services {
    /// The saved quote of a number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn quote_by_number(&self, number: &str) -> Result<Option<quote::Model>, Error> {
        let Ok(number) = input::key("number", number) else { return Ok(None) };
        let visibility = self.visibility(Operation::Order);
        let found = store::by_number(self.db.reader(), &number).await?;
        Ok(found.filter(|row| visibility.can_see_partner(row.partner_id)))
    }

    /// Saved quotes by id; what does not exist is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn saved_quotes_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, quote::Model>, Error> {
        let visibility = self.visibility(Operation::Order);
        let rows = store::by_ids(self.db.reader(), ids.iter().copied()).await?;
        let rows = rows.into_iter().filter(|row| visibility.can_see_partner(row.partner_id));
        Ok(rows.map(|row| (row.id, row)).collect())
    }

    /// Lines of saved quotes that the caller may see, in their order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn saved_quote_lines(
        &self,
        quotes: &[quote::Model],
    ) -> Result<HashMap<Uuid, Vec<order_line::Model>>, Error> {
        let visibility = self.visibility(Operation::Order);
        let shown = quotes.iter().filter(|row| visibility.can_see_partner(row.partner_id)).map(|row| row.id);
        let lines = store::lines(self.db.reader(), &shown.collect::<Vec<_>>()).await?;
        let of_quote =
            |(id, lines): (Uuid, Vec<_>)| (id, lines.into_iter().map(|line| as_ordered(id, line)).collect());
        Ok(lines.into_iter().map(of_quote).collect())
    }

    /// Orders that were placed from quotes, by the id of the quote.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn orders_of_quotes(&self, quotes: &[Uuid]) -> Result<HashMap<Uuid, order::Model>, Error> {
        let visibility = self.visibility(Operation::Order);
        let rows = store::orders(self.db.reader(), quotes.iter().copied()).await?;
        let rows = rows.into_iter().filter(|row| visibility.can_see_partner(row.partner_id));
        Ok(rows.filter_map(|row| Some((row.quote_id?, row))).collect())
    }

    /// For each partner, one page of its saved quotes in the order of saving.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn quote_pages(
        &self,
        ids: &[Uuid],
        page: &Page<i64>,
    ) -> Result<HashMap<Uuid, Rows<quote::Model>>, Error> {
        self.authorize_accounts(ids.iter().copied())?;
        Ok(store::of_partners(self.db.reader(), ids, page).await?)
    }

    /// For each partner, how many quotes it has saved.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn quote_counts(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, i64>, Error> {
        self.authorize_accounts(ids.iter().copied())?;
        Ok(store::count_of_partners(self.db.reader(), ids).await?)
    }
}
