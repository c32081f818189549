//! Sales targets and the sales of fulfilled orders.

use entity::{partner_sales, sales_target};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::sql::{self, sql};

/// Targets of partners in a year, in no order.
pub(crate) async fn targets(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    year: i32,
) -> Result<Vec<sales_target::Model>, DbErr> {
    sql!(TARGETS, "SELECT * FROM sales_targets WHERE partner_id @uuids1 AND year = $2");
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, partners.iter().copied()), year.into()];
    sales_target::Entity::find().from_raw_sql(TARGETS.bind(backend, values)).all(connection).await
}

/// What partners sold in a year, by currency.
pub(crate) async fn sold(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    year: i32,
) -> Result<Vec<partner_sales::Model>, DbErr> {
    sql!(SOLD, "SELECT * FROM partner_sales WHERE partner_id @uuids1 AND year = $2 ORDER BY currency");
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, partners.iter().copied()), year.into()];
    partner_sales::Entity::find().from_raw_sql(SOLD.bind(backend, values)).all(connection).await
}

/// Targets of these ids, in no order.
pub(crate) async fn targets_by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<sales_target::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM sales_targets WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    sales_target::Entity::find().from_raw_sql(statement).all(connection).await
}

/// All targets and sales of partners, for comparing.
pub(crate) async fn all_of(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
) -> Result<(Vec<sales_target::Model>, Vec<partner_sales::Model>), DbErr> {
    let targets = sales_target::Entity::find()
        .filter(sales_target::Column::PartnerId.is_in(partners.iter().copied()))
        .all(connection)
        .await?;
    let sold = partner_sales::Entity::find()
        .filter(partner_sales::Column::PartnerId.is_in(partners.iter().copied()))
        .all(connection)
        .await?;
    Ok((targets, sold))
}
