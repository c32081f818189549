//! Products, quotes, orders, deals and the swag shop.

use async_graphql::{Context, Object, SimpleObject};

use crate::graphql::batch::{BatchPage, BatchRow};
use crate::graphql::connection::{Connection, ListOrder, PRODUCTS, PageArguments, SWAG_ITEMS, Total};
use crate::graphql::error::{ApiError, UserError, or_null, split_user_error};
use crate::graphql::mutations::OrderInput;
use crate::graphql::types::{Deal, Order, Product, Quote, SwagItem, SwagOrder};
use crate::service::Services;

/// What is sold, and what was.
#[derive(Debug, Default)]
pub(crate) struct CommerceQueries;

/// What a quote came to.
#[derive(SimpleObject)]
pub(crate) struct QuotePayload {
    /// The quote; null when the order could not be placed.
    quote: Option<Quote>,
    /// Why the order could not be placed; empty when it could.
    user_errors: Vec<UserError>,
}

#[Object]
impl CommerceQueries {
    /// The product with a code; null when there is none.
    async fn product(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Unique code.")] code: String,
    ) -> Option<Product> {
        let found = context.data_unchecked::<Services>().product_by_code(&code).await;
        or_null(context, found.map(|row| row.map(|row| Product(BatchRow::only(row)))).map_err(Into::into))
    }

    /// Products by code, one page at a time.
    async fn products(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many products from the start, 0 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Only products after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many products from the end, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only products before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Product>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&PRODUCTS)?;
        let rows = context.data_unchecked::<Services>().products_page(&page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Natural, Total::Products))
    }

    /// What an order would come to if it was placed now: the same numbers that `placeOrder` then books. It changes nothing.
    async fn quote(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The order.")] input: OrderInput,
    ) -> Result<QuotePayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        Ok(match split_user_error(services.quote(&input.into()).await)? {
            Ok(quote) => QuotePayload { quote: Some(Quote::new(quote)), user_errors: Vec::new() },
            Err(error) => QuotePayload { quote: None, user_errors: vec![error] },
        })
    }

    /// The order with a number; null when there is none.
    async fn order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Unique number.")] number: String,
    ) -> Option<Order> {
        let found = context.data_unchecked::<Services>().order_by_number(&number).await;
        or_null(context, found.map(|row| row.map(|row| Order(BatchRow::only(row)))).map_err(Into::into))
    }

    /// The deal with a reference; null when there is none.
    async fn deal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Unique reference.")] reference: String,
    ) -> Option<Deal> {
        let found = context.data_unchecked::<Services>().deal_by_reference(&reference).await;
        or_null(context, found.map(|row| row.map(|row| Deal(BatchRow::only(row)))).map_err(Into::into))
    }

    /// The item of the swag shop with a code; null when there is none.
    async fn swag_item(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Unique code.")] code: String,
    ) -> Option<SwagItem> {
        let found = context.data_unchecked::<Services>().swag_item_by_code(&code).await;
        or_null(context, found.map(|row| row.map(|row| SwagItem(BatchRow::only(row)))).map_err(Into::into))
    }

    /// Items of the swag shop by code, one page at a time.
    async fn swag_items(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many items from the start, 0 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many items from the end, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<SwagItem>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&SWAG_ITEMS)?;
        let rows = context.data_unchecked::<Services>().swag_items_page(&page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Natural, Total::SwagItems))
    }

    /// The order of swag with a number; null when there is none.
    async fn swag_order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Unique number.")] number: String,
    ) -> Option<SwagOrder> {
        let found = context.data_unchecked::<Services>().swag_order_by_number(&number).await;
        or_null(context, found.map(|row| row.map(|row| SwagOrder(BatchRow::only(row)))).map_err(Into::into))
    }
}
