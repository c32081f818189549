//! What happened to objects: their steps of the log, and the changes that the audit log has of them.

use std::sync::LazyLock;

use entity::{audit_entry, log};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use uuid::Uuid;

use super::sql::{self, Sql, sql};

/// The objects that steps of the log are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoggedObject {
    /// Activities.
    Activity,
    /// Orders.
    Order,
    /// Deals.
    Deal,
    /// Orders of swag.
    SwagOrder,
}

impl LoggedObject {
    fn statement(self) -> &'static Sql {
        macro_rules! of {
            ($column:literal) => {{
                static SQL: LazyLock<Sql> = LazyLock::new(|| {
                    Sql::new(concat!("SELECT * FROM log WHERE ", $column, " @uuids1 ORDER BY seq"))
                });
                &SQL
            }};
        }
        match self {
            Self::Activity => of!("activity_id"),
            Self::Order => of!("order_id"),
            Self::Deal => of!("deal_id"),
            Self::SwagOrder => of!("swag_order_id"),
        }
    }

    /// The object of this type that a step is about.
    pub(crate) fn id(self, step: &log::Model) -> Option<Uuid> {
        match self {
            Self::Activity => step.activity_id,
            Self::Order => step.order_id,
            Self::Deal => step.deal_id,
            Self::SwagOrder => step.swag_order_id,
        }
    }
}

/// The steps of these objects, in the order of the log.
pub(crate) async fn steps(
    connection: &impl ConnectionTrait,
    object: LoggedObject,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<log::Model>, DbErr> {
    let backend = connection.get_database_backend();
    let statement = object.statement().bind(backend, [sql::ids(backend, ids)]);
    log::Entity::find().from_raw_sql(statement).all(connection).await
}

/// The changes of these objects in the audit log, in order; their creation is not among them.
pub(crate) async fn changes(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<audit_entry::Model>, DbErr> {
    sql!(
        OF,
        "SELECT * FROM audit_log WHERE object_id @uuids1 AND \"before\" IS NOT NULL ORDER BY object_id, id"
    );
    let backend = connection.get_database_backend();
    audit_entry::Entity::find().from_raw_sql(OF.bind(backend, [sql::ids(backend, ids)])).all(connection).await
}
