//! API keys, stored as digests.

use entity::api_key::{self, Column};
use sea_orm::prelude::{DateTimeUtc, Expr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::page::{Page, Rows};
use super::sql::{self, sql};

/// Adds a key.
pub(crate) async fn insert(connection: &impl ConnectionTrait, row: api_key::Model) -> Result<(), DbErr> {
    super::insert_all(connection, vec![row]).await
}

/// The key of a digest.
pub(crate) async fn by_digest(
    connection: &impl ConnectionTrait,
    digest: &str,
) -> Result<Option<api_key::Model>, DbErr> {
    sql!(BY_DIGEST, "SELECT * FROM api_keys WHERE digest = $1");
    let statement = BY_DIGEST.bind(connection.get_database_backend(), [digest.into()]);
    api_key::Entity::find().from_raw_sql(statement).one(connection).await
}

/// Keys of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<api_key::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM api_keys WHERE id @uuids1");
    let backend = connection.get_database_backend();
    api_key::Entity::find().from_raw_sql(BY_IDS.bind(backend, [sql::ids(backend, ids)])).all(connection).await
}

/// One page of keys, in the order of creation.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    page: &Page<Uuid>,
) -> Result<Rows<api_key::Model>, DbErr> {
    let mut select = api_key::Entity::find();
    if let Some(after) = page.after {
        select = select.filter(Column::Id.gt(after));
    }
    if let Some(before) = page.before {
        select = select.filter(Column::Id.lt(before));
    }
    let select =
        if page.from_end { select.order_by_desc(Column::Id) } else { select.order_by_asc(Column::Id) };
    Ok(page.truncate(select.limit(page.size + 1).all(connection).await?))
}

/// How many keys there are, revoked ones included.
pub(crate) async fn count(connection: &impl ConnectionTrait) -> Result<u64, DbErr> {
    api_key::Entity::find().count(connection).await
}

/// Whether any key is neither revoked nor expired.
pub(crate) async fn any_usable(connection: &impl ConnectionTrait, now: DateTimeUtc) -> Result<bool, DbErr> {
    let select = api_key::Entity::find()
        .filter(Column::RevokedAt.is_null())
        .filter(Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now)));
    Ok(select.limit(1).one(connection).await?.is_some())
}

/// Revokes a key, unless it was revoked before; says whether it was not.
pub(crate) async fn revoke(
    connection: &impl ConnectionTrait,
    id: Uuid,
    at: DateTimeUtc,
) -> Result<bool, DbErr> {
    let update = api_key::Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(at))
        .filter(Column::Id.eq(id))
        .filter(Column::RevokedAt.is_null());
    Ok(update.exec(connection).await?.rows_affected > 0)
}

/// The keys of a professional.
pub(crate) async fn of_professional(
    connection: &impl ConnectionTrait,
    professional: Uuid,
) -> Result<Vec<api_key::Model>, DbErr> {
    api_key::Entity::find().filter(Column::ProfessionalId.eq(professional)).all(connection).await
}

/// Gives the keys of a professional another label, for theirs may hold a name.
pub(crate) async fn relabel(
    connection: &impl ConnectionTrait,
    professional: Uuid,
    label: &str,
) -> Result<(), DbErr> {
    let update = api_key::Entity::update_many()
        .col_expr(Column::Label, Expr::value(label))
        .filter(Column::ProfessionalId.eq(professional));
    update.exec(connection).await.map(drop)
}

/// Records the use of a key, unless one after `since` is recorded already.
pub(crate) async fn record_use(
    connection: &impl ConnectionTrait,
    id: Uuid,
    at: DateTimeUtc,
    since: DateTimeUtc,
) -> Result<(), DbErr> {
    let update = api_key::Entity::update_many()
        .col_expr(Column::LastUsedAt, Expr::value(at))
        .filter(Column::Id.eq(id))
        .filter(Condition::any().add(Column::LastUsedAt.is_null()).add(Column::LastUsedAt.lte(since)));
    update.exec(connection).await.map(drop)
}
