//! The audit log.

use entity::audit_entry::{self, Column};
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};
use uuid::Uuid;

use super::page::{Page, Rows};
use super::sql::{self, sql};

/// Appends entries.
pub(crate) async fn insert(
    connection: &impl ConnectionTrait,
    rows: Vec<audit_entry::Model>,
) -> Result<(), DbErr> {
    super::insert_all(connection, rows).await
}

/// A filter on the audit log. An entry matches if it satisfies every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AuditFilter {
    /// Only those of an actor.
    pub actor: Option<String>,
    /// Only those of an operation.
    pub operation: Option<String>,
    /// Only those about a partner.
    pub partner: Option<Uuid>,
    /// Only those about a professional.
    pub professional: Option<Uuid>,
    /// Only those of this moment or later.
    pub from: Option<DateTimeUtc>,
    /// Only those of this moment or earlier.
    pub to: Option<DateTimeUtc>,
    /// None about these types of objects.
    pub without: &'static [&'static str],
}

impl AuditFilter {
    /// The statement's text varies with the filter, which is acceptable for rare reads by staff.
    fn select(&self) -> Select<audit_entry::Entity> {
        let mut select = audit_entry::Entity::find();
        if let Some(actor) = &self.actor {
            select = select.filter(Column::Actor.eq(actor));
        }
        if let Some(operation) = &self.operation {
            select = select.filter(Column::Operation.eq(operation));
        }
        if let Some(partner) = self.partner {
            select = select.filter(Column::PartnerId.eq(partner));
        }
        if let Some(professional) = self.professional {
            select = select.filter(Column::ProfessionalId.eq(professional));
        }
        if let Some(from) = self.from {
            select = select.filter(Column::At.gte(from));
        }
        if let Some(to) = self.to {
            select = select.filter(Column::At.lte(to));
        }
        if !self.without.is_empty() {
            select = select.filter(Column::ObjectType.is_not_in(self.without.iter().copied()));
        }
        select
    }
}

/// One page of entries, in the order of writing.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    filter: &AuditFilter,
    page: &Page<Uuid>,
) -> Result<Rows<audit_entry::Model>, DbErr> {
    let mut select = filter.select();
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

/// The number of entries that match.
pub(crate) async fn count(connection: &impl ConnectionTrait, filter: &AuditFilter) -> Result<u64, DbErr> {
    filter.select().count(connection).await
}

/// Entries of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<audit_entry::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM audit_log WHERE id @uuids1");
    let backend = connection.get_database_backend();
    audit_entry::Entity::find()
        .from_raw_sql(BY_IDS.bind(backend, [sql::ids(backend, ids)]))
        .all(connection)
        .await
}
