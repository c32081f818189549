//! Trials of editions and the subjects for which they change something.

use std::collections::HashMap;
use std::sync::LazyLock;

use entity::value::TrialVerdict;
use entity::{edition_trial, edition_trial_subject};
use sea_orm::{ActiveEnum, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::page::{Page, PageSql, Rows};
use super::sql::{self, Sql, sql};

/// Which subjects of a trial a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TrialSubjectFilter {
    /// Only those that fare so.
    pub verdicts: Option<Vec<TrialVerdict>>,
    /// Only partners, or only professionals.
    pub partners: Option<bool>,
}

impl TrialSubjectFilter {
    const CONDITION: &'static str = "trial_id = $1 AND ($2 = '[]' OR verdict @texts2) \
        AND ($3 = 0 OR ($3 = 1 AND partner_id IS NOT NULL) OR ($3 = 2 AND professional_id IS NOT NULL))";

    fn values(&self, trial: Uuid) -> [Value; 3] {
        let words: Vec<String> = self.verdicts.iter().flatten().map(ActiveEnum::to_value).collect();
        let which: i32 = self.partners.map_or(0, |partners| if partners { 1 } else { 2 });
        [trial.into(), sql::texts(words.iter().map(String::as_str)), which.into()]
    }

    fn is_empty(&self) -> bool {
        self.verdicts.as_ref().is_some_and(Vec::is_empty)
    }
}

/// Order of the subjects of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrialSubjectOrder {
    /// By difference, the greatest loss first.
    Losses,
    /// By difference, the greatest gain first.
    Gains,
    /// By code, partners first.
    Code,
}

impl TrialSubjectOrder {
    /// The place of a row in this order, from 1.
    #[must_use]
    pub fn place(self, row: &edition_trial_subject::Model) -> i64 {
        match self {
            Self::Losses => row.place,
            Self::Gains => i64::MAX - row.place,
            Self::Code => row.code_place,
        }
    }

    fn pages(self) -> &'static PageSql {
        fn of(column: &'static str, descending: bool) -> PageSql {
            // Places from the other end are counted down from the greatest number.
            let place = if descending { format!("({} - {column})", i64::MAX) } else { column.to_owned() };
            let one = |order: &str| {
                Sql::new(&format!(
                    "SELECT * FROM edition_trial_subjects WHERE {} AND {place} > $4 AND {place} < $5 \
                     ORDER BY {column} {order} LIMIT $6",
                    TrialSubjectFilter::CONDITION
                ))
            };
            let (forward, backward) = if descending { ("DESC", "ASC") } else { ("ASC", "DESC") };
            PageSql { forward: one(forward), backward: one(backward) }
        }
        static LOSSES: LazyLock<PageSql> = LazyLock::new(|| of("place", false));
        static GAINS: LazyLock<PageSql> = LazyLock::new(|| of("place", true));
        static CODE: LazyLock<PageSql> = LazyLock::new(|| of("code_place", false));
        match self {
            Self::Losses => &LOSSES,
            Self::Gains => &GAINS,
            Self::Code => &CODE,
        }
    }
}

/// Writes a trial as it now is.
pub(crate) async fn save(connection: &impl ConnectionTrait, row: edition_trial::Model) -> Result<(), DbErr> {
    super::upsert_all(connection, vec![row]).await
}

/// Keeps subjects of a trial.
pub(crate) async fn insert_subjects(
    connection: &impl ConnectionTrait,
    rows: Vec<edition_trial_subject::Model>,
) -> Result<(), DbErr> {
    super::insert_all(connection, rows).await
}

/// The trial of an id, its row locked for the rest of the transaction.
pub(crate) async fn lock(
    connection: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<edition_trial::Model>, DbErr> {
    sql!(LOCK, "SELECT t.* FROM edition_trials t WHERE t.id = $1 @lock(t)");
    let statement = LOCK.bind(connection.get_database_backend(), [id.into()]);
    edition_trial::Entity::find().from_raw_sql(statement).one(connection).await
}

/// Trials of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<edition_trial::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM edition_trials WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    edition_trial::Entity::find().from_raw_sql(statement).all(connection).await
}

/// The last trial of each of these drafts that has ended.
pub(crate) async fn last_of_drafts(
    connection: &impl ConnectionTrait,
    drafts: &[Uuid],
) -> Result<HashMap<Uuid, edition_trial::Model>, DbErr> {
    sql!(
        LAST,
        "SELECT * FROM edition_trials t WHERE t.draft_id @uuids1 AND t.status = 'FINISHED' AND NOT EXISTS \
         (SELECT 1 FROM edition_trials o WHERE o.draft_id = t.draft_id AND o.status = 'FINISHED' AND o.id > t.id)"
    );
    let backend = connection.get_database_backend();
    let statement = LAST.bind(backend, [sql::ids(backend, drafts.iter().copied())]);
    let rows = edition_trial::Entity::find().from_raw_sql(statement).all(connection).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.draft_id?, row))).collect())
}

/// One page of the subjects of a trial.
pub(crate) async fn subjects(
    connection: &impl ConnectionTrait,
    trial: Uuid,
    filter: &TrialSubjectFilter,
    order: TrialSubjectOrder,
    page: &Page<i64>,
) -> Result<Rows<edition_trial_subject::Model>, DbErr> {
    if filter.is_empty() {
        return Ok(Rows::default());
    }
    let (after, before) = (page.after.unwrap_or(0), page.before.unwrap_or(i64::MAX));
    let values = filter.values(trial).into_iter().chain([after.into(), before.into(), page.limit()]);
    let statement = order.pages().for_page(page).bind(connection.get_database_backend(), values);
    Ok(page.truncate(edition_trial_subject::Entity::find().from_raw_sql(statement).all(connection).await?))
}

/// How many subjects of a trial match.
pub(crate) async fn count_subjects(
    connection: &impl ConnectionTrait,
    trial: Uuid,
    filter: &TrialSubjectFilter,
) -> Result<i64, DbErr> {
    #[derive(FromQueryResult)]
    struct Counted {
        rows: i64,
    }
    static COUNT: LazyLock<Sql> = LazyLock::new(|| {
        Sql::new(&format!(
            "SELECT COUNT(*) AS rows FROM edition_trial_subjects WHERE {}",
            TrialSubjectFilter::CONDITION
        ))
    });
    if filter.is_empty() {
        return Ok(0);
    }
    let statement = COUNT.bind(connection.get_database_backend(), filter.values(trial));
    Ok(Counted::find_by_statement(statement).one(connection).await?.map_or(0, |row| row.rows))
}

/// List amounts of orders that stand, by partner, currency and category, without lines that a contract governs.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct OrderedList {
    pub(crate) partner_id: Uuid,
    pub(crate) currency: String,
    pub(crate) category: entity::value::ProductCategory,
    pub(crate) list: i64,
}

/// The list amounts of the orders that were placed in a period, both days included.
pub(crate) async fn ordered(
    connection: &impl ConnectionTrait,
    from: chrono::NaiveDate,
    to: chrono::NaiveDate,
) -> Result<Vec<OrderedList>, DbErr> {
    sql!(
        ORDERED,
        "SELECT o.partner_id, o.currency, l.category, CAST(SUM(l.list) AS BIGINT) AS list FROM orders o \
         JOIN order_lines l ON l.order_id = o.id WHERE o.placed_on >= $1 AND o.placed_on <= $2 \
         AND o.status IN ('PLACED', 'FULFILLED') AND l.contract_id IS NULL \
         GROUP BY o.partner_id, o.currency, l.category"
    );
    let statement = ORDERED.bind(connection.get_database_backend(), [from.into(), to.into()]);
    OrderedList::find_by_statement(statement).all(connection).await
}
