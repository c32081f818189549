//! Activities: the facts.

use std::collections::HashMap;
use std::sync::LazyLock;

use entity::activity;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::by_seq::BySeq;
use super::page::{Page, Rows};
use super::sql::{self, Sql, sql};

/// The activities of these keys, each a source and an external id.
pub(crate) async fn by_keys<'a>(
    connection: &impl ConnectionTrait,
    keys: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<activity::Model>, DbErr> {
    static BY_KEYS: LazyLock<Sql> = LazyLock::new(|| {
        Sql::each(
            "SELECT a.* FROM json_each($1) k JOIN activities a \
             ON a.source = k.value->>0 AND a.external_id = k.value->>1",
            "SELECT a.* FROM (SELECT DISTINCT v->>0 AS source, v->>1 AS external_id \
             FROM jsonb_array_elements($1::text::jsonb) v) k \
             JOIN activities a ON a.source = k.source AND a.external_id = k.external_id",
        )
    });
    let keys: Vec<(&str, &str)> = keys.into_iter().collect();
    let keys = serde_json::json!(keys).to_string();
    let statement = BY_KEYS.with(connection.get_database_backend(), [keys.into()]);
    activity::Entity::find().from_raw_sql(statement).all(connection).await
}

/// The activities of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<activity::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM activities WHERE id @uuids1");
    let backend = connection.get_database_backend();
    activity::Entity::find()
        .from_raw_sql(BY_IDS.with(backend, [sql::ids(backend, ids)]))
        .all(connection)
        .await
}

/// Records activities.
pub(crate) async fn insert(
    connection: &impl ConnectionTrait,
    rows: Vec<activity::Model>,
) -> Result<(), DbErr> {
    super::insert_all(connection, rows).await
}

/// Writes where an activity stands and what it came to.
pub(crate) async fn update(connection: &impl ConnectionTrait, row: &activity::Model) -> Result<(), DbErr> {
    let row = activity::ActiveModel {
        id: sea_orm::Unchanged(row.id),
        status: sea_orm::Set(row.status),
        graded_points: sea_orm::Set(row.graded_points),
        awarded_points: sea_orm::Set(row.awarded_points),
        awarded_credits: sea_orm::Set(row.awarded_credits),
        ..Default::default()
    };
    activity::Entity::update(row).exec(connection).await.map(drop)
}

/// Adds credits to what activities came to.
pub(crate) async fn add_credits(
    connection: &impl ConnectionTrait,
    credits: impl IntoIterator<Item = (Uuid, i64)>,
) -> Result<(), DbErr> {
    static ADD: LazyLock<Sql> = LazyLock::new(|| {
        Sql::each(
            "UPDATE activities SET awarded_credits = awarded_credits + (k.value->>1) \
             FROM json_each($1) k WHERE activities.id = unhex(k.value->>0)",
            "UPDATE activities SET awarded_credits = awarded_credits + (k->>1)::bigint \
             FROM jsonb_array_elements($1::text::jsonb) k WHERE activities.id = (k->>0)::uuid",
        )
    });
    let credits: Vec<(String, i64)> =
        credits.into_iter().map(|(id, n)| (id.simple().to_string(), n)).collect();
    if credits.is_empty() {
        return Ok(());
    }
    let values = serde_json::json!(credits).to_string();
    connection.execute_raw(ADD.with(connection.get_database_backend(), [values.into()])).await.map(drop)
}

/// The activities after a place in the log, in order of recording.
pub(crate) async fn after(
    connection: &impl ConnectionTrait,
    seq: i64,
    limit: u64,
) -> Result<Vec<activity::Model>, DbErr> {
    activity::Entity::find()
        .filter(activity::Column::Seq.gt(seq))
        .order_by_asc(activity::Column::Seq)
        .limit(limit)
        .all(connection)
        .await
}

/// Whose activities a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// Those of a partner.
    Partner,
    /// Those of a professional.
    Professional,
}

impl Owner {
    fn lists(self) -> &'static BySeq {
        match self {
            Self::Partner => &OF_PARTNERS,
            Self::Professional => &OF_PROFESSIONALS,
        }
    }

    fn of(self, row: &activity::Model) -> Uuid {
        let id = match self {
            Self::Partner => row.partner_id,
            Self::Professional => row.professional_id,
        };
        id.unwrap_or(Uuid::nil())
    }
}

static OF_PARTNERS: BySeq = BySeq::new("activities", "partner_id");
static OF_PROFESSIONALS: BySeq = BySeq::new("activities", "professional_id");

/// For each owner, one page of its activities in the order of recording.
pub(crate) async fn of_owners(
    connection: &impl ConnectionTrait,
    owner: Owner,
    owners: &[Uuid],
    page: &Page<i64>,
) -> Result<HashMap<Uuid, Rows<activity::Model>>, DbErr> {
    owner.lists().pages(connection, owners, page, |row: &activity::Model| owner.of(row)).await
}

/// For each owner, how many activities it has.
pub(crate) async fn count_of_owners(
    connection: &impl ConnectionTrait,
    owner: Owner,
    owners: &[Uuid],
) -> Result<HashMap<Uuid, i64>, DbErr> {
    owner.lists().counts(connection, owners).await
}
