//! The list of orders from the swag shop.

use entity::swag_order;
use entity::value::SwagOrderStatus;
use sea_orm::{ActiveEnum, DbBackend};
use uuid::Uuid;

use super::{ListQuery, RowKey, Sort, Tie};

/// A filter on swag orders. An order matches if it satisfies every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SwagOrderFilter {
    /// One of these statuses.
    pub statuses: Option<Vec<SwagOrderStatus>>,
    /// Of this professional.
    pub professional: Option<Uuid>,
    /// For this item.
    pub item: Option<Uuid>,
}

/// The order by the day of placing, the last first if `descending`.
pub(crate) fn sort(descending: bool) -> Sort {
    Sort { day: Some("placed_on"), descending }
}

/// The position of a row.
pub(crate) fn key(row: &swag_order::Model) -> RowKey {
    RowKey { day: Some(row.placed_on), tie: Tie::Seq(row.seq) }
}

/// The statement of a list, of one professional if the caller sees no other; none where it has no row.
pub(crate) fn query(backend: DbBackend, filter: &SwagOrderFilter, only: Option<Uuid>) -> Option<ListQuery> {
    let mut query = ListQuery::new(backend, "swag_orders", "seq");
    let professional = match (filter.professional, only) {
        (Some(asked), Some(own)) if asked != own => return None,
        (asked, own) => asked.or(own),
    };
    if let Some(professional) = professional {
        let condition = format!("e.professional_id = {}", query.value(professional));
        query.require(condition);
    }
    if let Some(item) = filter.item {
        let condition = format!("e.item_id = {}", query.value(item));
        query.require(condition);
    }
    if let Some(statuses) = &filter.statuses {
        let statuses: Vec<String> = statuses.iter().map(ActiveEnum::to_value).collect();
        let statuses: Vec<&str> = statuses.iter().map(String::as_str).collect();
        if professional.is_some() || filter.item.is_some() {
            let condition = query.one_of("e.status", statuses);
            query.require(condition);
        } else {
            let branch = query.branch_for_texts("status", &statuses, "");
            query.add(branch);
        }
    }
    Some(query)
}
