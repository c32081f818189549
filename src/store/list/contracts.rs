//! The list of contracts.

use chrono::NaiveDate;
use sea_orm::DbBackend;
use uuid::Uuid;

use super::{ListQuery, RowKey, Sort, Tie};

/// What the list of contracts is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContractOrder {
    /// First day.
    StartsOn,
    /// Last day.
    EndsOn,
}

impl ContractOrder {
    /// The order, the last first if `descending`.
    #[must_use]
    pub fn sort(self, descending: bool) -> Sort {
        let day = match self {
            Self::StartsOn => "starts_on",
            Self::EndsOn => "ends_on",
        };
        Sort { day: Some(day), descending }
    }

    /// The position of a row.
    #[must_use]
    pub fn key(self, row: &entity::contract::Model) -> RowKey {
        let day = match self {
            Self::StartsOn => row.starts_on,
            Self::EndsOn => row.ends_on,
        };
        RowKey { day: Some(day), tie: Tie::Id(row.id) }
    }
}

/// A filter on contracts. A contract matches if it satisfies every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ContractFilter {
    /// Of this partner.
    pub partner: Option<Uuid>,
    /// In force on this day.
    pub on: Option<NaiveDate>,
    /// Whose last day is this one or later.
    pub ends_from: Option<NaiveDate>,
    /// Whose last day is this one or earlier.
    pub ends_to: Option<NaiveDate>,
}

/// The statement of a list, of one partner if the caller sees no other; none where it has no row.
pub(crate) fn query(backend: DbBackend, filter: &ContractFilter, only: Option<Uuid>) -> Option<ListQuery> {
    let mut query = ListQuery::new(backend, "contracts", "id");
    let partner = match (filter.partner, only) {
        (Some(asked), Some(own)) if asked != own => return None,
        (asked, own) => asked.or(own),
    };
    if let Some(partner) = partner {
        let condition = format!("e.partner_id = {}", query.value(partner));
        query.require(condition);
    }
    if let Some(day) = filter.on {
        let day = query.value(day);
        query.require(format!("NOT e.voided AND e.starts_on <= {day} AND e.ends_on >= {day}"));
    }
    query.between("ends_on", filter.ends_from, filter.ends_to);
    Some(query)
}
