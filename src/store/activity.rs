//! Activities: the facts.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use entity::activity;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryResult, Value};
use uuid::Uuid;

use super::log_ordered::LogOrderedList;
use super::page::{self, Page, PageSql, Rows};
use super::row::{self, Cells, decode_cells};
use super::sql::{self, Sql, sql};

/// The next columns of a row, those of an activity in the order of its table.
pub(super) fn of_cells(cells: &mut Cells<'_>) -> Result<activity::Model, DbErr> {
    decode_cells!(cells => activity::Model { id, seq, partner_id, professional_id, kind, occurred_on, quantity, points, attributes, source, external_id, recorded_at, status, graded_points, awarded_points, awarded_credits, recorded_by, replaces, replaced_by, evidence_due_on, import_run_id })
}

/// A row of the table.
fn activity(row: &QueryResult) -> Result<activity::Model, DbErr> {
    of_cells(&mut Cells::of(row)?)
}

/// The newest activities of these keys, each a source and an external id.
pub(crate) async fn by_keys<'a>(
    connection: &impl ConnectionTrait,
    keys: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<activity::Model>, DbErr> {
    static BY_KEYS: LazyLock<Sql> = LazyLock::new(|| {
        Sql::per_engine(
            "SELECT a.* FROM json_each($1) k JOIN activities a \
             ON a.source = k.value->>0 AND a.external_id = k.value->>1 AND a.replaced_by IS NULL",
            "SELECT a.* FROM (SELECT DISTINCT v->>0 AS source, v->>1 AS external_id \
             FROM jsonb_array_elements($1::text::jsonb) v) k \
             JOIN activities a ON a.source = k.source AND a.external_id = k.external_id AND a.replaced_by IS NULL",
        )
    });
    let keys: Vec<(&str, &str)> = keys.into_iter().collect();
    let keys = serde_json::json!(keys).to_string();
    let statement = BY_KEYS.bind(connection.get_database_backend(), [keys.into()]);
    row::all(connection, statement, activity).await
}

/// The activities of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<activity::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM activities WHERE id @uuids1");
    let backend = connection.get_database_backend();
    row::all(connection, BY_IDS.bind(backend, [sql::ids(backend, ids)]), activity).await
}

/// The ids of the activities that were recorded at these places of the log, by place.
pub(crate) async fn ids_at(
    connection: &impl ConnectionTrait,
    seqs: &[i64],
) -> Result<HashMap<i64, Uuid>, DbErr> {
    sql!(IDS_AT, "SELECT seq, id FROM activities WHERE seq @numbers1");
    if seqs.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = connection.get_database_backend();
    let rows = connection.query_all_raw(IDS_AT.bind(backend, [sql::numbers(backend, seqs)])).await?;
    rows.iter().map(|row| Ok((row.try_get("", "seq")?, row.try_get("", "id")?))).collect()
}

/// Updates status and awards of an activity.
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

/// Marks activities as voided, and adds what their voiding took back: points and level credits.
pub(crate) async fn void(
    connection: &impl ConnectionTrait,
    taken: impl IntoIterator<Item = (Uuid, i64, i64)>,
) -> Result<(), DbErr> {
    static VOID: LazyLock<Sql> = LazyLock::new(|| {
        Sql::per_engine(
            "UPDATE activities SET status = 'VOIDED', awarded_points = awarded_points + (k.value->>1), \
             awarded_credits = awarded_credits + (k.value->>2) \
             FROM json_each($1) k WHERE activities.id = unhex(k.value->>0)",
            "UPDATE activities SET status = 'VOIDED', awarded_points = awarded_points + (k->>1)::bigint, \
             awarded_credits = awarded_credits + (k->>2)::bigint \
             FROM jsonb_array_elements($1::text::jsonb) k WHERE activities.id = (k->>0)::uuid",
        )
    });
    let taken: Vec<(String, i64, i64)> =
        taken.into_iter().map(|(id, points, credits)| (id.simple().to_string(), points, credits)).collect();
    let values = serde_json::json!(taken).to_string();
    connection.execute_raw(VOID.bind(connection.get_database_backend(), [values.into()])).await.map(drop)
}

/// Gives the keys of activities to those that take their place.
pub(crate) async fn set_replaced(
    connection: &impl ConnectionTrait,
    pairs: impl IntoIterator<Item = (Uuid, Uuid)>,
) -> Result<(), DbErr> {
    for (old, new) in pairs {
        let row = activity::ActiveModel {
            id: sea_orm::Unchanged(old),
            replaced_by: sea_orm::Set(Some(new)),
            ..Default::default()
        };
        activity::Entity::update(row).exec(connection).await?;
    }
    Ok(())
}

/// Claims that wait without evidence after their last day for it, at most `limit` of them.
pub(crate) async fn without_evidence(
    connection: &impl ConnectionTrait,
    today: NaiveDate,
    limit: i64,
) -> Result<Vec<Uuid>, DbErr> {
    sql!(
        WITHOUT_EVIDENCE,
        "SELECT id FROM activities WHERE status = 'PENDING_REVIEW' AND evidence_due_on < $1 \
         ORDER BY evidence_due_on LIMIT $2"
    );
    let statement = WITHOUT_EVIDENCE.bind(connection.get_database_backend(), [today.into(), limit.into()]);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// Source and external id of activities whose places in the chain of their key do not fit, at most `limit` of them.
pub(crate) async fn broken_replacements(
    connection: &impl ConnectionTrait,
    limit: i64,
) -> Result<Vec<(String, String)>, DbErr> {
    sql!(
        BROKEN,
        "SELECT n.source, n.external_id FROM activities n LEFT JOIN activities o ON o.id = n.replaces \
         WHERE n.replaces IS NOT NULL AND (o.replaced_by IS NULL OR o.replaced_by <> n.id OR o.source <> n.source \
         OR o.external_id <> n.external_id OR o.status NOT IN ('REJECTED', 'VOIDED') OR o.seq >= n.seq) \
         UNION ALL SELECT o.source, o.external_id FROM activities o LEFT JOIN activities n ON n.id = o.replaced_by \
         WHERE o.replaced_by IS NOT NULL AND (n.replaces IS NULL OR n.replaces <> o.id) LIMIT $1"
    );
    let statement = BROKEN.bind(connection.get_database_backend(), [limit.into()]);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok((row.try_get("", "source")?, row.try_get("", "external_id")?))).collect()
}

/// Activities of these professionals that count and have less than no points, in the order in which they were recorded.
pub(crate) async fn that_took(
    connection: &impl ConnectionTrait,
    professionals: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<activity::Model>, DbErr> {
    sql!(
        TOOK,
        "SELECT * FROM activities a WHERE professional_id @uuids1 AND awarded_points < 0 AND status = 'RECORDED' \
         ORDER BY (SELECT MIN(e.log_seq) FROM points_entries e WHERE e.activity_id = a.id)"
    );
    let backend = connection.get_database_backend();
    row::all(connection, TOOK.bind(backend, [sql::ids(backend, professionals)]), activity).await
}

/// Adds credits to the awards of activities.
pub(crate) async fn add_credits(
    connection: &impl ConnectionTrait,
    credits: impl IntoIterator<Item = (Uuid, i64)>,
) -> Result<(), DbErr> {
    add_awards(connection, credits.into_iter().map(|(id, credits)| (id, (0, credits)))).await
}

/// Adds points and credits to the awards of activities.
pub(crate) async fn add_awards(
    connection: &impl ConnectionTrait,
    awards: impl IntoIterator<Item = (Uuid, (i64, i64))>,
) -> Result<(), DbErr> {
    static ADD: LazyLock<Sql> = LazyLock::new(|| {
        Sql::per_engine(
            "UPDATE activities SET awarded_points = awarded_points + (k.value->>1), \
             awarded_credits = awarded_credits + (k.value->>2) \
             FROM json_each($1) k WHERE activities.id = unhex(k.value->>0)",
            "UPDATE activities SET awarded_points = awarded_points + (k->>1)::bigint, \
             awarded_credits = awarded_credits + (k->>2)::bigint \
             FROM jsonb_array_elements($1::text::jsonb) k WHERE activities.id = (k->>0)::uuid",
        )
    });
    let awards: Vec<(String, i64, i64)> = awards
        .into_iter()
        .map(|(id, (points, credits))| (id.simple().to_string(), points, credits))
        .collect();
    if awards.is_empty() {
        return Ok(());
    }
    let values = serde_json::json!(awards).to_string();
    connection.execute_raw(ADD.bind(connection.get_database_backend(), [values.into()])).await.map(drop)
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
    fn lists(self) -> &'static LogOrderedList {
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

static OF_PARTNERS: LogOrderedList = LogOrderedList::new("activities", "partner_id");
static OF_PROFESSIONALS: LogOrderedList = LogOrderedList::new("activities", "professional_id");

/// On days on which the professional worked for the partner `$`.
fn employed_by(partner: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM affiliations v WHERE v.professional_id = e.professional_id \
         AND v.partner_id = {partner} AND NOT v.voided AND v.starts_on <= e.occurred_on \
         AND (v.ends_on IS NULL OR v.ends_on >= e.occurred_on))"
    )
}

/// The same, as far as the partner $5 sees them.
static OF_EMPLOYED: LazyLock<PageSql> = LazyLock::new(|| {
    let text = |direction: &str| {
        let condition = format!("e.seq > $2 AND e.seq < $3 AND {}", employed_by("$5"));
        Sql::page_per_owner(
            "e.*",
            "activities",
            "professional_id",
            &condition,
            &format!("e.seq {direction}"),
            "$4",
            "",
        )
    };
    PageSql { forward: text("ASC"), backward: text("DESC") }
});

/// For each owner, one page of its activities in the order of recording; of professionals, those on days
/// on which they were affiliated with an employer, if one is set.
pub(crate) async fn of_owners(
    connection: &impl ConnectionTrait,
    owner: Owner,
    owners: &[Uuid],
    employer: Option<Uuid>,
    page: &Page<i64>,
) -> Result<HashMap<Uuid, Rows<activity::Model>>, DbErr> {
    if let (Owner::Professional, Some(employer)) = (owner, employer) {
        let values: [Value; 4] = [
            page.after.unwrap_or(0).into(),
            page.before.unwrap_or(i64::MAX).into(),
            page.limit(),
            employer.into(),
        ];
        let of = |row: &activity::Model| owner.of(row);
        return page::pages_per_owner(connection, &OF_EMPLOYED, page, owners, values, activity, of).await;
    }
    owner.lists().pages(connection, owners, page, |row: &activity::Model| owner.of(row)).await
}

/// For each owner, how many activities it has.
pub(crate) async fn count_of_owners(
    connection: &impl ConnectionTrait,
    owner: Owner,
    owners: &[Uuid],
    employer: Option<Uuid>,
) -> Result<HashMap<Uuid, i64>, DbErr> {
    sql!(
        EMPLOYED,
        &format!(
            "SELECT e.professional_id AS owner, COUNT(*) AS rows FROM activities e \
             WHERE e.professional_id @uuids1 AND {} GROUP BY e.professional_id",
            employed_by("$2")
        )
    );
    if let (Owner::Professional, Some(employer)) = (owner, employer) {
        return page::count_per_owner(connection, &EMPLOYED, owners, [employer.into()]).await;
    }
    owner.lists().counts(connection, owners).await
}
