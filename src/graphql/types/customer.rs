//! End customers, for program staff.

use async_graphql::{Context, ID, Object};
use entity::customer::Model;

use super::{Deal, Order};
use crate::graphql::batch::{BatchById, BatchPages, BatchRow};
use crate::graphql::connection::{Connection, DEALS, ListOrder, ORDERS, PageArguments, Total};
use crate::graphql::error::ApiError;
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::Date;
use crate::service::Services;

/// End customer, as deals and orders name it. Names that differ only in case, spacing, punctuation and legal forms are
/// of one customer, unless program staff separated them; `joinCustomers` makes one of two. Program staff only.
pub(crate) struct Customer(pub(crate) BatchRow<Model>);

/// End customer, as deals and orders name it. Names that differ only in case, spacing, punctuation and legal forms are
/// of one customer, unless program staff separated them; `joinCustomers` makes one of two. Program staff only.
#[Object]
impl Customer {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Customer.id(self.0.row().id)
    }

    /// Name under which the customer was recorded first.
    async fn name(&self) -> &str {
        &self.0.row().name
    }

    /// Names that deals and orders used for the customer, each as it was written first; they differ in more than case
    /// and spacing. Empty if the customer was joined into another one.
    async fn spellings(&self, context: &Context<'_>) -> Result<Vec<String>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.customer_spellings(self.0.batch_rows()).await };
        let spellings = self.0.load(Relation::Spellings, load).await?;
        Ok(spellings.get(&self.0.row().id).cloned().unwrap_or_default())
    }

    /// Customer that this one was joined into; null if it was not.
    async fn joined_into(&self, context: &Context<'_>) -> Result<Option<Customer>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.customers_joined_into(self.0.batch_rows()).await };
        let found = self.0.load(Relation::JoinedInto, load).await?;
        Ok(found.get(&self.0.row().id).map(|row| Customer(BatchRow::only(row.clone()))))
    }

    /// Date of the first deal that was won with the customer; null if there is none.
    async fn first_won_on(&self) -> Option<Date> {
        let row = self.0.row();
        row.won_deal_id.map(|_| Date(row.won_on))
    }

    /// First deal that was won with the customer, in the order of recording, which `CUSTOMER_ADDED` was awarded for;
    /// null if there is none.
    async fn first_deal(&self, context: &Context<'_>) -> Result<Option<Deal>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.first_deals_of(self.0.batch_rows()).await.map(BatchById::new) };
        let found = self.0.load(Relation::Deal, load).await?;
        Ok(self.0.row().won_deal_id.and_then(|id| found.get(id)).map(Deal))
    }

    /// Deals with the customer, of all partners, in the order of registration.
    async fn deals(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Deal>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&DEALS)?;
        let services = context.data_unchecked::<Services>();
        let load =
            || async { services.customer_deal_pages(self.0.batch_rows(), &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::Deals(page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        Ok(Connection::new(found, &page, ListOrder::Natural, Total::CustomerDeals(self.0.clone())))
    }

    /// Orders for the customer, of all partners, in the order of placing.
    async fn orders(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Order>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&ORDERS)?;
        let services = context.data_unchecked::<Services>();
        let load =
            || async { services.customer_order_pages(self.0.batch_rows(), &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::Orders(page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        Ok(Connection::new(found, &page, ListOrder::Natural, Total::CustomerOrders(self.0.clone())))
    }
}
