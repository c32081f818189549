//! Work lists: activities, deals, orders, affiliations and contracts of the whole program, as far as the caller may
//! see them.

use async_graphql::{Context, Enum, ID, InputObject, Object};
use uuid::Uuid;

use crate::graphql::batch::BatchPage;
use crate::graphql::connection::{Connection, ListOrder, PageArguments, Total};
use crate::graphql::error::ApiError;
use crate::graphql::id::NodeType;
use crate::graphql::row_list::RowList;
use crate::graphql::scalar::Date;
use crate::graphql::types::{
    Activity, ActivityStatus, Affiliation, Contract, Deal, DealStatus, Order, OrderPurpose, OrderStatus,
    SwagOrder, SwagOrderStatus,
};
use crate::service::Services;
use crate::service::reads::{
    ActivityQuery, AffiliationQuery, ContractQuery, DealQuery, OrderQuery, SwagOrderQuery,
};
use crate::store::list::activities;
use crate::store::list::contracts;
use crate::store::list::deals;

/// Lists of what there is to do.
#[derive(Debug, Default)]
pub(crate) struct WorkListQueries;

/// Filter of activities. An activity must match every given condition.
#[derive(InputObject, Default)]
pub(crate) struct ActivityFilter {
    /// Activities with one of these statuses, such as `PENDING_REVIEW`.
    statuses: Option<Vec<ActivityStatus>>,
    /// Activities of one of these kinds, such as `CERTIFICATION_OBTAINED`; at most 100.
    kinds: Option<Vec<String>>,
    /// Activities recorded for the partner with this code itself; those of its professionals are not included.
    partner: Option<String>,
    /// Activities recorded for the professional with this code.
    professional: Option<String>,
    /// Activities from this source system.
    source: Option<String>,
    /// Activities recorded by the import with this ID (`ImportRun.id`).
    import_run: Option<ID>,
    /// Activities of this day or later.
    occurred_from: Option<Date>,
    /// Activities of this day or earlier.
    occurred_to: Option<Date>,
}

/// Order of a list of activities.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActivityOrder {
    /// In the order of recording.
    RecordedAt,
    /// In the reverse order of recording: the latest first.
    RecordedAtDesc,
    /// By date of the activity.
    OccurredOn,
    /// By date of the activity, the latest first.
    OccurredOnDesc,
}

/// Filter of deals. A deal must match every given condition.
#[derive(InputObject, Default)]
pub(crate) struct DealFilter {
    /// Deals with one of these statuses today, `EXPIRED` included.
    statuses: Option<Vec<DealStatus>>,
    /// Deals of the partner with this code.
    partner: Option<String>,
    /// Deals with this end customer; names are compared as `registerDeal` compares them.
    customer: Option<String>,
    /// Deals whose last active day (`validUntil`) is this day or later.
    valid_until_from: Option<Date>,
    /// Deals whose last active day (`validUntil`) is this day or earlier.
    valid_until_to: Option<Date>,
    /// Deals for which another partner holds the registered opportunity today; with `false`, all others.
    conflict: Option<bool>,
}

/// Order of a list of deals.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DealOrder {
    /// In the order of registration.
    RecordedAt,
    /// In the reverse order of registration: the latest first.
    RecordedAtDesc,
    /// By last active day (`validUntil`); deals without one are last.
    ValidUntil,
    /// By last active day (`validUntil`), the latest first; deals without one come before all others.
    ValidUntilDesc,
}

/// Filter of orders. An order must match every given condition.
#[derive(InputObject, Default)]
pub(crate) struct OrderFilter {
    /// Orders with one of these statuses.
    statuses: Option<Vec<OrderStatus>>,
    /// Orders of the partner with this code.
    partner: Option<String>,
    /// Orders for this purpose.
    purpose: Option<OrderPurpose>,
    /// Orders in this currency, an ISO 4217 code.
    currency: Option<String>,
    /// Orders placed on this day or later.
    placed_from: Option<Date>,
    /// Orders placed on this day or earlier.
    placed_to: Option<Date>,
}

/// Order of a list of orders.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderOrder {
    /// By date of the order.
    PlacedOn,
    /// By date of the order, the latest first.
    PlacedOnDesc,
}

/// Filter of swag shop orders. An order must match every given condition.
#[derive(InputObject, Default)]
pub(crate) struct SwagOrderFilter {
    /// Orders with one of these statuses.
    statuses: Option<Vec<SwagOrderStatus>>,
    /// Orders of the professional with this code.
    professional: Option<String>,
    /// Orders for the item with this code.
    item: Option<String>,
}

/// Order of a list of swag shop orders.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SwagOrderOrder {
    /// By date of the order.
    PlacedOn,
    /// By date of the order, the latest first.
    PlacedOnDesc,
}

/// Filter of affiliations. An affiliation must match every given condition.
#[derive(InputObject, Default)]
pub(crate) struct AffiliationFilter {
    /// Affiliations with the partner that has this code.
    partner: Option<String>,
    /// Affiliations of the professional with this code.
    professional: Option<String>,
    /// Affiliations in force on this day.
    on: Option<Date>,
}

/// Order of a list of affiliations.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AffiliationOrder {
    /// By first day.
    StartsOn,
    /// By first day, the latest first.
    StartsOnDesc,
}

/// Filter of contracts. A contract must match every given condition.
#[derive(InputObject, Default)]
pub(crate) struct ContractFilter {
    /// Contracts of the partner with this code.
    partner: Option<String>,
    /// Contracts in force on this day.
    on: Option<Date>,
    /// Contracts whose last day is this one or later.
    ends_from: Option<Date>,
    /// Contracts whose last day is this one or earlier.
    ends_to: Option<Date>,
}

/// Order of a list of contracts.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContractOrder {
    /// By first day.
    StartsOn,
    /// By first day, the latest first.
    StartsOnDesc,
    /// By last day.
    EndsOn,
    /// By last day, the latest first.
    EndsOnDesc,
}

/// All of a list, in the type of the use cases.
fn each<T, U: From<T>>(values: Option<Vec<T>>) -> Option<Vec<U>> {
    values.map(|values| values.into_iter().map(Into::into).collect())
}

impl From<ActivityFilter> for ActivityQuery {
    fn from(filter: ActivityFilter) -> Self {
        Self {
            statuses: each(filter.statuses),
            kinds: filter.kinds,
            partner: filter.partner,
            professional: filter.professional,
            source: filter.source,
            import_run: filter.import_run.map(|id| match NodeType::parse(&id) {
                Some((NodeType::ImportRun, run)) => run,
                // Nothing has this key.
                _ => Uuid::nil(),
            }),
            occurred_from: filter.occurred_from.map(|date| date.0),
            occurred_to: filter.occurred_to.map(|date| date.0),
        }
    }
}

impl From<DealFilter> for DealQuery {
    fn from(filter: DealFilter) -> Self {
        Self {
            statuses: each(filter.statuses),
            partner: filter.partner,
            customer: filter.customer,
            valid_from: filter.valid_until_from.map(|date| date.0),
            valid_to: filter.valid_until_to.map(|date| date.0),
            conflict: filter.conflict,
        }
    }
}

impl From<OrderFilter> for OrderQuery {
    fn from(filter: OrderFilter) -> Self {
        Self {
            statuses: each(filter.statuses),
            partner: filter.partner,
            purpose: filter.purpose.map(Into::into),
            currency: filter.currency,
            placed_from: filter.placed_from.map(|date| date.0),
            placed_to: filter.placed_to.map(|date| date.0),
        }
    }
}

impl From<SwagOrderFilter> for SwagOrderQuery {
    fn from(filter: SwagOrderFilter) -> Self {
        Self { statuses: each(filter.statuses), professional: filter.professional, item: filter.item }
    }
}

impl From<AffiliationFilter> for AffiliationQuery {
    fn from(filter: AffiliationFilter) -> Self {
        Self { partner: filter.partner, professional: filter.professional, on: filter.on.map(|date| date.0) }
    }
}

impl From<ContractFilter> for ContractQuery {
    fn from(filter: ContractFilter) -> Self {
        Self {
            partner: filter.partner,
            on: filter.on.map(|date| date.0),
            ends_from: filter.ends_from.map(|date| date.0),
            ends_to: filter.ends_to.map(|date| date.0),
        }
    }
}

#[Object]
impl WorkListQueries {
    /// Activities: for staff all of them, for an integrator those that it recorded, for a partner its own and those of
    /// its professionals on days on which they worked for it, for a professional the own ones. A date range is served
    /// best in an order by date.
    #[expect(clippy::too_many_arguments, reason = "the contract names them")]
    async fn activities(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Filter; by default, all that the caller may see.")] filter: Option<ActivityFilter>,
        #[graphql(
            desc = "Order of the list; by default `RECORDED_AT`, or `OCCURRED_ON` if the filter has a date range."
        )]
        order_by: Option<ActivityOrder>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Activity>, ApiError> {
        let filter = filter.unwrap_or_default();
        let has_period = filter.occurred_from.is_some() || filter.occurred_to.is_some();
        let order = match order_by {
            None if has_period => (activities::ActivityOrder::OccurredOn, false),
            None | Some(ActivityOrder::RecordedAt) => (activities::ActivityOrder::Recorded, false),
            Some(ActivityOrder::RecordedAtDesc) => (activities::ActivityOrder::Recorded, true),
            Some(ActivityOrder::OccurredOn) => (activities::ActivityOrder::OccurredOn, false),
            Some(ActivityOrder::OccurredOnDesc) => (activities::ActivityOrder::OccurredOn, true),
        };
        let row_list = RowList::Activities(order.0, order.1);
        let page = PageArguments { first, after, last, before }.page(&row_list)?;
        let services = context.data_unchecked::<Services>();
        let (rows, total) = services.activities_page(filter.into(), order, &page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Rows(row_list), Total::Rows(total)))
    }

    /// Deals: for staff all of them, for an integrator those that it registered, for a partner its own.
    #[expect(clippy::too_many_arguments, reason = "the contract names them")]
    async fn deals(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Filter; by default, all that the caller may see.")] filter: Option<DealFilter>,
        #[graphql(
            desc = "Order of the list; by default `RECORDED_AT`, or `VALID_UNTIL` if the filter has a range of last active days."
        )]
        order_by: Option<DealOrder>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Deal>, ApiError> {
        let filter = filter.unwrap_or_default();
        let has_period = filter.valid_until_from.is_some() || filter.valid_until_to.is_some();
        let order = match order_by {
            None if has_period => (deals::DealOrder::ValidUntil, false),
            None | Some(DealOrder::RecordedAt) => (deals::DealOrder::Recorded, false),
            Some(DealOrder::RecordedAtDesc) => (deals::DealOrder::Recorded, true),
            Some(DealOrder::ValidUntil) => (deals::DealOrder::ValidUntil, false),
            Some(DealOrder::ValidUntilDesc) => (deals::DealOrder::ValidUntil, true),
        };
        let row_list = RowList::Deals(order.0, order.1);
        let page = PageArguments { first, after, last, before }.page(&row_list)?;
        let services = context.data_unchecked::<Services>();
        let (rows, total) = services.deals_page(filter.into(), order, &page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Rows(row_list), Total::Rows(total)))
    }

    /// Orders: for staff all of them, for a partner its own.
    #[expect(clippy::too_many_arguments, reason = "the contract names them")]
    async fn orders(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Filter; by default, all that the caller may see.")] filter: Option<OrderFilter>,
        #[graphql(desc = "Order of the list; `PLACED_ON` by default.")] order_by: Option<OrderOrder>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Order>, ApiError> {
        let filter = filter.unwrap_or_default();
        let descending = order_by == Some(OrderOrder::PlacedOnDesc);
        let row_list = RowList::Orders(descending);
        let page = PageArguments { first, after, last, before }.page(&row_list)?;
        let services = context.data_unchecked::<Services>();
        let (rows, total) = services.orders_page(filter.into(), descending, &page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Rows(row_list), Total::Rows(total)))
    }

    /// Orders from the swag shop: for staff all of them, for a professional the own ones.
    #[expect(clippy::too_many_arguments, reason = "the contract names them")]
    async fn swag_orders(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Filter; by default, all that the caller may see.")] filter: Option<SwagOrderFilter>,
        #[graphql(desc = "Order of the list; `PLACED_ON` by default.")] order_by: Option<SwagOrderOrder>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<SwagOrder>, ApiError> {
        let filter = filter.unwrap_or_default();
        let descending = order_by == Some(SwagOrderOrder::PlacedOnDesc);
        let row_list = RowList::SwagOrders(descending);
        let page = PageArguments { first, after, last, before }.page(&row_list)?;
        let services = context.data_unchecked::<Services>();
        let (rows, total) = services.swag_orders_page(filter.into(), descending, &page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Rows(row_list), Total::Rows(total)))
    }

    /// Affiliations: for staff all of them, for a partner those with it that have begun, for a professional the own
    /// ones.
    #[expect(clippy::too_many_arguments, reason = "the contract names them")]
    async fn affiliations(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Filter; by default, all that the caller may see.")] filter: Option<
            AffiliationFilter,
        >,
        #[graphql(desc = "Order of the list; `STARTS_ON` by default.")] order_by: Option<AffiliationOrder>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Affiliation>, ApiError> {
        let filter = filter.unwrap_or_default();
        let descending = order_by == Some(AffiliationOrder::StartsOnDesc);
        let row_list = RowList::Affiliations(descending);
        let page = PageArguments { first, after, last, before }.page(&row_list)?;
        let services = context.data_unchecked::<Services>();
        let (rows, total) = services.affiliations_page(filter.into(), descending, &page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Rows(row_list), Total::Rows(total)))
    }

    /// Contracts with discount rates of their own: for staff all of them, for a partner its own.
    #[expect(clippy::too_many_arguments, reason = "the contract names them")]
    async fn contracts(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Filter; by default, all that the caller may see.")] filter: Option<ContractFilter>,
        #[graphql(
            desc = "Order of the list; by default `STARTS_ON`, or `ENDS_ON` if the filter has a range of last days."
        )]
        order_by: Option<ContractOrder>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Contract>, ApiError> {
        let filter = filter.unwrap_or_default();
        let has_period = filter.ends_from.is_some() || filter.ends_to.is_some();
        let order = match order_by {
            None if has_period => (contracts::ContractOrder::EndsOn, false),
            None | Some(ContractOrder::StartsOn) => (contracts::ContractOrder::StartsOn, false),
            Some(ContractOrder::StartsOnDesc) => (contracts::ContractOrder::StartsOn, true),
            Some(ContractOrder::EndsOn) => (contracts::ContractOrder::EndsOn, false),
            Some(ContractOrder::EndsOnDesc) => (contracts::ContractOrder::EndsOn, true),
        };
        let row_list = RowList::Contracts(order.0, order.1);
        let page = PageArguments { first, after, last, before }.page(&row_list)?;
        let services = context.data_unchecked::<Services>();
        let (rows, total) = services.contracts_page(filter.into(), order, &page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Rows(row_list), Total::Rows(total)))
    }
}
