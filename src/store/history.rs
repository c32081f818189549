//! What happened to objects: their steps of the log, and the changes that the audit log has of them.

use std::sync::LazyLock;

use entity::value::LogAction;
use entity::{audit_entry, log};
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, FromQueryResult};
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

/// The step that voided an object.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Voiding {
    pub(crate) id: Uuid,
    pub(crate) action: LogAction,
    pub(crate) recorded_at: DateTimeUtc,
    pub(crate) actor: Option<String>,
    pub(crate) reason: Option<String>,
}

/// The steps that voided these affiliations: their own, or the correction that put another one in their place.
pub(crate) async fn affiliation_voidings(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<Voiding>, DbErr> {
    sql!(
        OF,
        "SELECT l.affiliation_id AS id, l.action, l.recorded_at, l.actor, l.reason FROM log l \
         WHERE l.affiliation_id @uuids1 AND l.action = 'AFFILIATION_VOIDED' \
         UNION ALL SELECT f.replaces_id, l.action, l.recorded_at, l.actor, l.reason \
         FROM affiliations f JOIN log l ON l.affiliation_id = f.id AND l.action = 'AFFILIATION_CORRECTED' \
         WHERE f.replaces_id @uuids1"
    );
    voidings(connection, &OF, ids).await
}

/// The merges into these professionals, and into those that were merged into them; each with the values of its step.
pub(crate) async fn merges_of_professionals(
    connection: &impl ConnectionTrait,
    professionals: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<log::Model>, DbErr> {
    sql!(
        MERGES,
        "SELECT l.* FROM subject_steps s JOIN log l ON l.seq = s.log_seq WHERE s.from_id IS NOT NULL \
         AND s.professional_id IN (SELECT id FROM professionals WHERE id @uuids1 \
         UNION ALL SELECT id FROM professionals WHERE merged_into @uuids1) ORDER BY l.seq"
    );
    let backend = connection.get_database_backend();
    let statement = MERGES.bind(backend, [sql::ids(backend, professionals)]);
    log::Entity::find().from_raw_sql(statement).all(connection).await
}

/// The steps that voided these contracts.
pub(crate) async fn contract_voidings(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<Voiding>, DbErr> {
    sql!(
        OF,
        "SELECT l.contract_id AS id, l.action, l.recorded_at, l.actor, l.reason FROM log l \
         WHERE l.contract_id @uuids1 AND l.action = 'CONTRACT_VOIDED'"
    );
    voidings(connection, &OF, ids).await
}

async fn voidings(
    connection: &impl ConnectionTrait,
    text: &Sql,
    ids: &[Uuid],
) -> Result<Vec<Voiding>, DbErr> {
    let backend = connection.get_database_backend();
    let statement = text.bind(backend, [sql::ids(backend, ids.iter().copied())]);
    Voiding::find_by_statement(statement).all(connection).await
}
