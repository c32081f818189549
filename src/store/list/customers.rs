//! The list of customers.

use entity::customer;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement};

use super::{COUNT_MAX, ListQuery, counted, subjects};
use crate::store::page::{Page, Rows};
use crate::store::subject::{SortType, SubjectKey};

/// What a list of customers is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CustomerOrder {
    /// Name, ascending.
    Name,
    /// Day of the first won deal, ascending; customers without one are last.
    FirstWonOn,
}

impl CustomerOrder {
    fn column(self) -> (&'static str, SortType) {
        match self {
            Self::Name => ("name", SortType::Text),
            Self::FirstWonOn => ("won_on", SortType::Date),
        }
    }

    /// The position of a row.
    #[must_use]
    pub fn key(self, row: &customer::Model) -> SubjectKey {
        let value = match self {
            Self::Name => row.name.clone(),
            Self::FirstWonOn => row.won_on.to_string(),
        };
        SubjectKey { value, id: row.id }
    }
}

/// A filter on customers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CustomerFilter {
    /// Only those of whose names one contains this, folded as the stored keys are.
    pub search: Option<String>,
}

/// Those that were joined into others are in no list.
fn conditions(query: &mut ListQuery, filter: &CustomerFilter) -> String {
    query.require("p.joined_into IS NULL".to_owned());
    if let Some(text) = &filter.search {
        let pattern = subjects::pattern(query, text);
        query.require(format!(
            "EXISTS (SELECT 1 FROM customer_names n WHERE n.customer_key = p.key \
             AND n.search_key LIKE {pattern} ESCAPE '\\')"
        ));
    }
    query.condition()
}

/// One page of customers.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    filter: &CustomerFilter,
    order: CustomerOrder,
    page: &Page<SubjectKey>,
) -> Result<Rows<customer::Model>, DbErr> {
    let statement = page_statement(connection.get_database_backend(), filter, order, page);
    Ok(page.truncate(customer::Model::find_by_statement(statement).all(connection).await?))
}

/// The statement of a page.
pub(super) fn page_statement(
    backend: DbBackend,
    filter: &CustomerFilter,
    order: CustomerOrder,
    page: &Page<SubjectKey>,
) -> Statement {
    let mut query = ListQuery::new(backend, "customers", "id");
    let (column, sort) = order.column();
    let [value_after, id_after, value_before, id_before] = subjects::bounds(&mut query, sort, page);
    let limit = query.value(page.limit());
    let condition = conditions(&mut query, filter);
    let direction = if page.from_end { "DESC" } else { "ASC" };
    let text = format!(
        "SELECT p.* FROM customers p WHERE {condition} AND (p.{column}, p.id) > ({value_after}, {id_after}) \
         AND (p.{column}, p.id) < ({value_before}, {id_before}) \
         ORDER BY p.{column} {direction}, p.id {direction} LIMIT {limit}"
    );
    query.statement(text)
}

/// Counts the customers, [`COUNT_MAX`] and one more at most.
pub(crate) async fn count(connection: &impl ConnectionTrait, filter: &CustomerFilter) -> Result<i64, DbErr> {
    let mut query = ListQuery::new(connection.get_database_backend(), "customers", "id");
    let limit = query.value(COUNT_MAX + 1);
    let condition = conditions(&mut query, filter);
    let text = format!(
        "SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM customers p WHERE {condition} LIMIT {limit}) counted"
    );
    counted(connection, query.statement(text)).await
}
