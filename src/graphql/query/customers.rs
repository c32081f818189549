//! The list of customers.

use async_graphql::{Context, Enum, InputObject, Object};

use super::check_text;
use crate::graphql::batch::BatchPage;
use crate::graphql::connection::{Connection, ListOrder, PageArguments, Total};
use crate::graphql::error::ApiError;
use crate::graphql::types::Customer;
use crate::service::Services;
use crate::store::list::customers;

/// Longest text to search for, in characters.
const SEARCH_MAX: usize = 200;

/// Customers as program staff sees them.
#[derive(Debug, Default)]
pub(crate) struct CustomerQueries;

/// Filter of customers. A customer must match every given condition.
#[derive(InputObject, Default)]
pub(crate) struct CustomerFilter {
    /// Customers of whose names one contains this text, regardless of case and accents; at most 200 characters.
    search: Option<String>,
}

/// Order of the list of customers.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CustomerOrder {
    /// By name.
    Name,
    /// By date of the first won deal; customers without one are last.
    FirstWonOn,
}

#[Object]
impl CustomerQueries {
    /// End customers of all deals and orders, as a paginated list. Program staff only.
    #[expect(clippy::too_many_arguments, reason = "the contract names them")]
    async fn customers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Filter; by default, all customers.")] filter: Option<CustomerFilter>,
        #[graphql(desc = "Order of the list; `NAME` by default.")] order_by: Option<CustomerOrder>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Customer>, ApiError> {
        let search = check_text("search", filter.unwrap_or_default().search, SEARCH_MAX)?;
        let order = match order_by.unwrap_or(CustomerOrder::Name) {
            CustomerOrder::Name => customers::CustomerOrder::Name,
            CustomerOrder::FirstWonOn => customers::CustomerOrder::FirstWonOn,
        };
        let page = PageArguments { first, after, last, before }.page(&order)?;
        let services = context.data_unchecked::<Services>();
        let (rows, filter) = services.customers_page(search.as_deref(), order, &page).await?;
        Ok(Connection::new(
            BatchPage::new(rows),
            &page,
            ListOrder::Customers(order),
            Total::Customers(filter),
        ))
    }
}
