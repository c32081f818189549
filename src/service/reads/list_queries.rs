//! Filters of the work lists, as received.

use chrono::NaiveDate;
use entity::value::{ActivityStatus, OrderPurpose, OrderStatus, SwagOrderStatus};
use uuid::Uuid;

use crate::program::deal::Status;

/// A filter on activities, as received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActivityQuery {
    /// One of these statuses.
    pub statuses: Option<Vec<ActivityStatus>>,
    /// One of these kinds.
    pub kinds: Option<Vec<String>>,
    /// Code of the partner.
    pub partner: Option<String>,
    /// Code of the professional.
    pub professional: Option<String>,
    /// Source system.
    pub source: Option<String>,
    /// Run of an import; nil for what is none.
    pub import_run: Option<Uuid>,
    /// First day.
    pub occurred_from: Option<NaiveDate>,
    /// Last day.
    pub occurred_to: Option<NaiveDate>,
}

/// A filter on deals, as received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DealQuery {
    /// One of these statuses today.
    pub statuses: Option<Vec<Status>>,
    /// Code of the partner.
    pub partner: Option<String>,
    /// Name of the end customer.
    pub customer: Option<String>,
    /// First last active day.
    pub valid_from: Option<NaiveDate>,
    /// Last last active day.
    pub valid_to: Option<NaiveDate>,
    /// Whether another partner holds the opportunity.
    pub conflict: Option<bool>,
}

/// A filter on orders, as received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderQuery {
    /// One of these statuses.
    pub statuses: Option<Vec<OrderStatus>>,
    /// Code of the partner.
    pub partner: Option<String>,
    /// Purpose.
    pub purpose: Option<OrderPurpose>,
    /// Currency.
    pub currency: Option<String>,
    /// First day of placing.
    pub placed_from: Option<NaiveDate>,
    /// Last day of placing.
    pub placed_to: Option<NaiveDate>,
}

/// A filter on swag orders, as received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SwagOrderQuery {
    /// One of these statuses.
    pub statuses: Option<Vec<SwagOrderStatus>>,
    /// Code of the professional.
    pub professional: Option<String>,
    /// Code of the item.
    pub item: Option<String>,
}

/// A filter on affiliations, as received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AffiliationQuery {
    /// Code of the partner.
    pub partner: Option<String>,
    /// Code of the professional.
    pub professional: Option<String>,
    /// Day on which it is in force.
    pub on: Option<NaiveDate>,
}

/// A filter on contracts, as received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContractQuery {
    /// Code of the partner.
    pub partner: Option<String>,
    /// Day on which it is in force.
    pub on: Option<NaiveDate>,
    /// First last day.
    pub ends_from: Option<NaiveDate>,
    /// Last last day.
    pub ends_to: Option<NaiveDate>,
}
