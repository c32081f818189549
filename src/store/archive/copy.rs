//! A copy of a database into another one, of either engine, without a file between them.

use futures_util::TryStreamExt;
use sea_orm::{DatabaseTransaction, DbErr, EntityName, EntityTrait, FromQueryResult, IntoActiveModel};

use super::{ROWS_AT_ONCE, Restore, RestoreError, every_table, in_order, lift_timeouts};
use crate::store::{Database, insert_all};

/// Copies the rows of a database as they are at one moment into an empty one. The tables that are left out stay as the
/// migrations leave them.
///
/// # Errors
/// When the other database is not empty, or one of them fails.
pub async fn copy(from: &Database, to: &Database, left_out: &[&str]) -> Result<(), RestoreError> {
    let opened = from.begin_snapshot().await?;
    let snapshot: &DatabaseTransaction = &opened;
    lift_timeouts(snapshot).await?;
    let restore = Restore::begin_with(to, left_out).await?;
    macro_rules! copy {
        ($($module:ident),+ $(,)?) => {
            $(if !left_out.contains(&entity::$module::Entity.table_name()) {
                copy_table::<entity::$module::Entity>(snapshot, &restore.transaction).await?;
            })+
        };
    }
    every_table!(copy);
    restore.finish().await?;
    Ok(opened.commit().await.map_err(DbErr::from)?)
}

async fn copy_table<T>(from: &DatabaseTransaction, to: &DatabaseTransaction) -> Result<(), DbErr>
where
    T: EntityTrait,
    T::Model: FromQueryResult + IntoActiveModel<T::ActiveModel>,
{
    let mut rows = in_order::<T>(from).stream(from).await?;
    let mut batch = Vec::new();
    while let Some(row) = rows.try_next().await? {
        batch.push(row);
        if batch.len() == ROWS_AT_ONCE {
            insert_all(to, std::mem::take(&mut batch)).await?;
        }
    }
    insert_all(to, batch).await
}
