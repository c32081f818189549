//! The list of customers.

use entity::customer;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::search::{self, Reading, Search};
use super::subjects::{Key, Order, Source};
use super::{ListQuery, counted, subjects};
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

const CUSTOMERS: Source = Source::rows("customers");
/// Those that were joined into others are in no list, and in no index of one.
const LISTED: &str = "p.joined_into IS NULL";

fn query(backend: DbBackend, filter: &CustomerFilter) -> ListQuery {
    let mut query = ListQuery::new(backend, "customers", "id");
    query.require(LISTED.to_owned());
    if let Some(text) = &filter.search {
        let pattern = search::pattern(&mut query, text);
        // With an offset, PostgreSQL asks for each customer, instead of comparing all names at once.
        query.require(format!(
            "EXISTS (SELECT 1 FROM customer_names n WHERE n.customer_key = p.key \
             AND n.search_key LIKE {pattern} ESCAPE '\\' LIMIT 1 OFFSET 0)"
        ));
    }
    query
}

/// The search for the text of a filter by the index.
fn indexed(filter: &CustomerFilter) -> Option<Search<'_>> {
    Search::new(filter.search.as_deref()?, found)
}

/// The customers one of whose names the index finds.
fn found(query: &mut ListQuery, text: &str) -> String {
    let matching = search::rows_with_grams(query, "customer_names", "n", text);
    let keys = format!("(SELECT DISTINCT n.customer_key FROM {matching}) k");
    let (named, customers) = (Source::other("", "k", "customer_key"), Source::other("customers", "c", "key"));
    format!("(SELECT c.* FROM {}) p", subjects::looked_up(query.backend, named, &keys, &[customers]))
}

/// One page of customers.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    filter: &CustomerFilter,
    order: CustomerOrder,
    page: &Page<SubjectKey>,
) -> Result<Rows<customer::Model>, DbErr> {
    let backend = connection.get_database_backend();
    let statements = |reading| vec![page_statement(backend, filter, order, reading, page)];
    search::read(connection, page, indexed(filter), statements).await
}

/// The statement of a page.
pub(super) fn page_statement(
    backend: DbBackend,
    filter: &CustomerFilter,
    order: CustomerOrder,
    reading: Reading,
    page: &Page<SubjectKey>,
) -> Statement {
    let (column, sort) = order.column();
    let key = Key::Ascending(format!("p.{column}"));
    let order = Order { sources: vec![CUSTOMERS], key, sort, within: Some(LISTED.to_owned()) };
    subjects::page_statement(query(backend, filter), "p.*", &order, indexed(filter), reading, page)
}

/// Counts the customers, [`super::COUNT_MAX`] and one more at most.
pub(crate) async fn count(connection: &impl ConnectionTrait, filter: &CustomerFilter) -> Result<i64, DbErr> {
    let query = query(connection.get_database_backend(), filter);
    counted(connection, subjects::count(query, &[CUSTOMERS], indexed(filter))).await
}
