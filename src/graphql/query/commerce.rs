//! Products, quotes, orders, deals and the swag shop.

use async_graphql::{Context, Object, SimpleObject};

use crate::graphql::batch::{BatchPage, BatchRow};
use crate::graphql::connection::{Connection, ListOrder, PRODUCTS, PageArguments, SWAG_ITEMS, Total};
use crate::graphql::error::{ApiError, UserError, or_null, split_user_errors};
use crate::graphql::mutations::OrderInput;
use crate::graphql::types::{Deal, Order, Product, Quote, SavedQuote, SwagItem, SwagOrder};
use crate::service::Services;

/// What is sold, and what was.
#[derive(Debug, Default)]
pub(crate) struct CommerceQueries;

/// Result of `quote`.
#[derive(SimpleObject)]
pub(crate) struct QuotePayload {
    /// The quote; null if the order would be refused.
    quote: Option<Quote>,
    /// Reasons why the order would be refused; empty if it would be accepted.
    user_errors: Vec<UserError>,
}

#[Object]
impl CommerceQueries {
    /// Product with a code; null if there is none.
    async fn product(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Code of the product.")] code: String,
    ) -> Option<Product> {
        let found = context.data_unchecked::<Services>().product_by_code(&code).await;
        or_null(context, found.map(|row| row.map(|row| Product(BatchRow::only(row)))).map_err(Into::into))
    }

    /// Products, as a paginated list ordered by code.
    async fn products(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Product>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&PRODUCTS)?;
        let rows = context.data_unchecked::<Services>().products_page(&page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Natural, Total::Products))
    }

    /// Prices an order as `placeOrder` would price it now, without placing it.
    async fn quote(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Order to price.")] input: OrderInput,
    ) -> Result<QuotePayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        Ok(match split_user_errors(services.quote(&input.into()).await)? {
            Ok(quote) => QuotePayload { quote: Some(Quote::new(quote)), user_errors: Vec::new() },
            Err(user_errors) => QuotePayload { quote: None, user_errors },
        })
    }

    /// Saved quote with a number; null if there is none.
    async fn saved_quote(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Number of the quote, such as `Q-1830`.")] number: String,
    ) -> Option<SavedQuote> {
        let found = context.data_unchecked::<Services>().quote_by_number(&number).await;
        or_null(context, found.map(|row| row.map(|row| SavedQuote(BatchRow::only(row)))).map_err(Into::into))
    }

    /// Order with a number; null if there is none.
    async fn order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Number of the order, such as `O-1831`.")] number: String,
    ) -> Option<Order> {
        let found = context.data_unchecked::<Services>().order_by_number(&number).await;
        or_null(context, found.map(|row| row.map(|row| Order(BatchRow::only(row)))).map_err(Into::into))
    }

    /// Deal with a reference; null if there is none.
    async fn deal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Reference of the deal.")] reference: String,
    ) -> Option<Deal> {
        let found = context.data_unchecked::<Services>().deal_by_reference(&reference).await;
        or_null(context, found.map(|row| row.map(|row| Deal(BatchRow::only(row)))).map_err(Into::into))
    }

    /// Swag shop item with a code; null if there is none.
    async fn swag_item(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Code of the item.")] code: String,
    ) -> Option<SwagItem> {
        let found = context.data_unchecked::<Services>().swag_item_by_code(&code).await;
        or_null(context, found.map(|row| row.map(|row| SwagItem(BatchRow::only(row)))).map_err(Into::into))
    }

    /// Swag shop items, as a paginated list ordered by code.
    async fn swag_items(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<SwagItem>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&SWAG_ITEMS)?;
        let rows = context.data_unchecked::<Services>().swag_items_page(&page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Natural, Total::SwagItems))
    }

    /// Swag shop order with a number; null if there is none.
    async fn swag_order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Number of the order, such as `S-17`.")] number: String,
    ) -> Option<SwagOrder> {
        let found = context.data_unchecked::<Services>().swag_order_by_number(&number).await;
        or_null(context, found.map(|row| row.map(|row| SwagOrder(BatchRow::only(row)))).map_err(Into::into))
    }
}
