//! Customers that are one, and names that are not.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::error::Error;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_errors};
use crate::graphql::id::NodeType;
use crate::graphql::run::{mutation_services, or_first};
use crate::graphql::types::{Customer, Effects};
use crate::service::Services;

/// Joining customers and separating their names.
#[derive(Debug, Default)]
pub(crate) struct CustomerMutations;

/// Two customers that are one.
#[derive(InputObject)]
pub(crate) struct JoinCustomersInput {
    /// Global ID of the customer whose names and deals move to the other one.
    from: ID,
    /// Global ID of the customer that remains.
    into: ID,
    /// Reason, 1 to 2,000 characters on one line.
    reason: String,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Names of a customer that are of another one.
#[derive(InputObject)]
pub(crate) struct SeparateCustomersInput {
    /// Global ID of the customer.
    customer: ID,
    /// Names to separate, 1 to 100: some of `Customer.spellings`, or names that were not used yet and would be compared
    /// as equal. The customer keeps at least one of its names.
    names: Vec<String>,
    /// Reason, 1 to 2,000 characters on one line.
    reason: String,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Result of a customer mutation.
#[derive(SimpleObject, Default)]
pub(crate) struct CustomerPayload {
    /// The customer that remains after `joinCustomers`, or the new one of `separateCustomers`; null if the mutation was
    /// refused.
    customer: Option<Customer>,
    /// What the mutation changed of credits, points and levels, or would change as a preview.
    effects: Effects,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

#[Object]
impl CustomerMutations {
    /// Joins two customers that are one. Of the two first won deals, the later one in the order of recording is no
    /// longer a new customer's: its `CUSTOMER_ADDED` is reversed by an entry of its own date. Of two claims of one
    /// registered opportunity, the earlier one that stands remains.
    async fn join_customers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Customers and reason.")] input: JoinCustomersInput,
    ) -> Result<CustomerPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let (from, into) = (NodeType::Customer.object(&input.from), NodeType::Customer.object(&input.into));
        payload(&services, services.customers_join(from, into, &input.reason).await).await
    }

    /// Separates names of a customer, which are of a new customer from then on, with the deals that used them. The first
    /// won deal of either customer then has `CUSTOMER_ADDED`, by an entry of its own date.
    async fn separate_customers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Customer, names and reason.")] input: SeparateCustomersInput,
    ) -> Result<CustomerPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let customer = NodeType::Customer.object(&input.customer);
        payload(&services, services.customers_separate(customer, &input.names, &input.reason).await).await
    }
}

async fn payload(
    services: &Services,
    result: Result<entity::customer::Model, Error>,
) -> Result<CustomerPayload, ApiError> {
    let result = or_first(result, async |id| Ok(services.customers_by_ids(&[id]).await?.remove(&id))).await;
    Ok(match split_user_errors(result)? {
        Ok(row) => CustomerPayload {
            customer: Some(Customer(BatchRow::only(row))),
            effects: Effects(services.effects()),
            user_errors: Vec::new(),
        },
        Err(user_errors) => CustomerPayload { user_errors, ..CustomerPayload::default() },
    })
}
