//! Saved quotes.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::OrderInput;
use crate::error::Error;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_errors};
use crate::graphql::run::{mutation_services, or_first};
use crate::graphql::scalar::Date;
use crate::graphql::types::{Effects, SavedQuote};
use crate::service::Services;

/// Saving and withdrawing quotes; `placeOrder` places them.
#[derive(Debug, Default)]
pub(crate) struct QuoteMutations;

/// Quote to save.
#[derive(InputObject)]
pub(crate) struct SaveQuoteInput {
    /// The order to quote.
    order: OrderInput,
    /// Last day on which the quote can be placed: today or later, at most in the year 2100.
    valid_until: Date,
    /// Whether to hold the credits until then: they are deducted from the balance at once.
    #[graphql(default = false)]
    hold: bool,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Saved quote to withdraw.
#[derive(InputObject)]
pub(crate) struct WithdrawQuoteInput {
    /// Number of the quote, such as `Q-1830`.
    number: String,
    /// Reason for the change, at most 2,000 characters on one line. Optional.
    reason: Option<String>,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Result of a mutation of a saved quote.
#[derive(SimpleObject, Default)]
pub(crate) struct SavedQuotePayload {
    /// The quote after the change; null if the mutation was refused.
    saved_quote: Option<SavedQuote>,
    /// What the mutation changed of credits, points and levels, or would change as a preview.
    effects: Effects,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

#[Object]
impl QuoteMutations {
    /// Saves a quote with a number and a last day. Through that day `placeOrder` places it at its own prices, also
    /// after a new edition, level or contract. It holds nothing unless `hold` is set.
    async fn save_quote(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Order, last day and whether to hold its credits.")] input: SaveQuoteInput,
    ) -> Result<SavedQuotePayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let saved = services.quote_save(&input.order.into(), input.valid_until.0, input.hold).await;
        payload(&services, saved).await
    }

    /// Withdraws an open quote; credits that it holds are released.
    async fn withdraw_quote(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Quote to withdraw.")] input: WithdrawQuoteInput,
    ) -> Result<SavedQuotePayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let withdrawn = services.quote_withdraw(&input.number, input.reason.as_deref()).await;
        payload(&services, withdrawn).await
    }
}

async fn payload(
    services: &Services,
    result: Result<entity::quote::Model, Error>,
) -> Result<SavedQuotePayload, ApiError> {
    let first = async |id| Ok(services.saved_quotes_by_ids(&[id]).await?.remove(&id));
    Ok(match split_user_errors(or_first(result, first).await)? {
        Ok(row) => SavedQuotePayload {
            saved_quote: Some(SavedQuote(BatchRow::only(row))),
            effects: Effects(services.effects()),
            user_errors: Vec::new(),
        },
        Err(user_errors) => SavedQuotePayload { user_errors, ..SavedQuotePayload::default() },
    })
}
