//! The list of orders.

use chrono::NaiveDate;
use entity::order;
use entity::value::{OrderPurpose, OrderStatus};
use sea_orm::{ActiveEnum, DbBackend};
use uuid::Uuid;

use super::{ListQuery, RowKey, Sort, Tie};

/// A filter on orders. An order matches if it satisfies every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OrderFilter {
    /// One of these statuses.
    pub statuses: Option<Vec<OrderStatus>>,
    /// Of this partner.
    pub partner: Option<Uuid>,
    /// For this purpose.
    pub purpose: Option<OrderPurpose>,
    /// In this currency.
    pub currency: Option<String>,
    /// Placed on this day or later.
    pub placed_from: Option<NaiveDate>,
    /// Placed on this day or earlier.
    pub placed_to: Option<NaiveDate>,
}

/// The order by the day of placing, the last first if `descending`.
pub(crate) fn sort(descending: bool) -> Sort {
    Sort { day: Some("placed_on"), descending }
}

/// The position of a row.
pub(crate) fn key(row: &order::Model) -> RowKey {
    RowKey { day: Some(row.placed_on), tie: Tie::Seq(row.seq) }
}

/// The statement of a list, of one partner if the caller sees no other; none where it has no row.
pub(crate) fn query(backend: DbBackend, filter: &OrderFilter, only: Option<Uuid>) -> Option<ListQuery> {
    let mut query = ListQuery::new(backend, "orders", "seq");
    let partner = match (filter.partner, only) {
        (Some(asked), Some(own)) if asked != own => return None,
        (asked, own) => asked.or(own),
    };
    if let Some(partner) = partner {
        let condition = format!("e.partner_id = {}", query.value(partner));
        query.require(condition);
    }
    if let Some(statuses) = &filter.statuses {
        let statuses: Vec<String> = statuses.iter().map(ActiveEnum::to_value).collect();
        let statuses: Vec<&str> = statuses.iter().map(String::as_str).collect();
        if partner.is_some() {
            let condition = query.one_of("e.status", statuses);
            query.require(condition);
        } else {
            let branch = query.branch_for_texts("status", &statuses, "");
            query.add(branch);
        }
    }
    if let Some(currency) = &filter.currency {
        let condition = format!("e.currency = {}", query.value(currency.as_str()));
        query.require(condition);
    }
    if let Some(purpose) = filter.purpose {
        let condition = format!("e.purpose = {}", query.value(purpose.to_value()));
        query.require(condition);
    }
    query.between("placed_on", filter.placed_from, filter.placed_to);
    Some(query)
}
