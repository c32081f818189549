//! Drafts of editions.

use std::sync::LazyLock;

use entity::edition_draft;
use entity::value::DraftStatus;
use sea_orm::{ActiveEnum, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::page::{Page, PageSql, Rows};
use super::sql::{self, Sql, sql};

/// Which drafts a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DraftFilter {
    /// Only those with one of these statuses.
    pub statuses: Option<Vec<DraftStatus>>,
}

impl DraftFilter {
    const CONDITION: &'static str = "($1 = '[]' OR status @texts1)";

    fn value(&self) -> Value {
        let words: Vec<String> = self.statuses.iter().flatten().map(ActiveEnum::to_value).collect();
        sql::texts(words.iter().map(String::as_str))
    }

    /// Whether it lets nothing pass: a list of statuses without any.
    fn is_empty(&self) -> bool {
        self.statuses.as_ref().is_some_and(Vec::is_empty)
    }
}

/// Writes a draft as it now is.
pub(crate) async fn save(connection: &impl ConnectionTrait, row: edition_draft::Model) -> Result<(), DbErr> {
    super::upsert_all(connection, vec![row]).await
}

/// Drafts of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<edition_draft::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM edition_drafts WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    edition_draft::Entity::find().from_raw_sql(statement).all(connection).await
}

/// The draft of an id, its row locked for the rest of the transaction.
pub(crate) async fn lock(
    connection: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<edition_draft::Model>, DbErr> {
    sql!(LOCK, "SELECT d.* FROM edition_drafts d WHERE d.id = $1 @lock(d)");
    let statement = LOCK.bind(connection.get_database_backend(), [id.into()]);
    edition_draft::Entity::find().from_raw_sql(statement).one(connection).await
}

/// One page of drafts, in the order of creation.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    filter: &DraftFilter,
    page: &Page<Uuid>,
) -> Result<Rows<edition_draft::Model>, DbErr> {
    static PAGES: LazyLock<PageSql> = LazyLock::new(|| {
        let one = |order: &str| {
            Sql::new(&format!(
                "SELECT * FROM edition_drafts WHERE {} AND id > $2 AND id < $3 ORDER BY {order} LIMIT $4",
                DraftFilter::CONDITION
            ))
        };
        PageSql { forward: one("id"), backward: one("id DESC") }
    });
    if filter.is_empty() {
        return Ok(Rows::default());
    }
    let after: Value = page.after.unwrap_or(Uuid::nil()).into();
    let before: Value = page.before.unwrap_or(Uuid::max()).into();
    let statement = PAGES
        .for_page(page)
        .bind(connection.get_database_backend(), [filter.value(), after, before, page.limit()]);
    Ok(page.truncate(edition_draft::Entity::find().from_raw_sql(statement).all(connection).await?))
}

/// How many drafts match.
pub(crate) async fn count(connection: &impl ConnectionTrait, filter: &DraftFilter) -> Result<i64, DbErr> {
    #[derive(FromQueryResult)]
    struct Counted {
        rows: i64,
    }
    static COUNT: LazyLock<Sql> = LazyLock::new(|| {
        Sql::new(&format!("SELECT COUNT(*) AS rows FROM edition_drafts WHERE {}", DraftFilter::CONDITION))
    });
    if filter.is_empty() {
        return Ok(0);
    }
    let statement = COUNT.bind(connection.get_database_backend(), [filter.value()]);
    Ok(Counted::find_by_statement(statement).one(connection).await?.map_or(0, |row| row.rows))
}
