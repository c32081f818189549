//! Events (the outbox), and their numbers in commit order.
//!
//! On SQLite, writers queue, so an event has its number when it is written. On PostgreSQL, transactions commit
//! concurrently: a number that was assigned before a commit could become visible after a higher one, and a
//! reader that stores the last number as its cursor would miss it. There, numbers are assigned under the lock of the
//! feed's row: by a transaction that is about to commit, if nobody holds the lock, else to committed events.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use entity::event;
use entity::value::EventKind;
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{
    ActiveEnum, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, Statement, Value,
};
use uuid::Uuid;

use super::listener::CHANNEL;
use super::replica::Replica;
use super::sql::{self, Sql, sql};
use super::{Database, set};

/// Maximum number of events that one transaction numbers.
const NUMBERED_PER_TRANSACTION: i64 = 10_000;
/// Maximum time that a reader of events numbers those that wait. It reads what has a number then; the feed's task
/// goes on.
const READER_NUMBERING_TIME: Duration = Duration::from_secs(1);

/// The assigned numbers of the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Feed {
    /// The last number; 0 before the first event.
    pub last: i64,
    /// Events up to this number were deleted.
    pub removed: i64,
}

/// When events that are written on PostgreSQL get their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Numbering {
    /// At once, if nothing else is being numbered: the transaction holds the feed's row until it ends, so this is
    /// for one that is about to commit.
    AtOnce,
    /// After the commit.
    #[default]
    Later,
}

/// Writes events in their order.
pub(crate) async fn insert(
    connection: &impl ConnectionTrait,
    mut rows: Vec<event::Model>,
    numbering: Numbering,
) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    if connection.get_database_backend() == DbBackend::Postgres {
        static TEXT: LazyLock<String> = LazyLock::new(|| format!("WITH {}", insert_text(1)));
        let values = insert_values(&rows, numbering)?;
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, TEXT.as_str(), values);
        return connection.execute_raw(statement).await.map(drop);
    }
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    sql!(TAKE_NUMBERS, "UPDATE event_feed SET last = last + $1 WHERE id = 1 RETURNING last, removed");
    let feed = feed_row(connection, &TAKE_NUMBERS, [count.into()]).await?;
    for (row, number) in rows.iter_mut().zip(feed.last - count + 1..) {
        (row.id, row.number) = (number, Some(number));
    }
    super::insert_all(connection, rows).await
}

/// The end of a statement for PostgreSQL that writes events, after `WITH`; its parameters have numbers from `first` on.
///
/// Events get their numbers as they are written if the feed's row is free, and none that was committed waits for its
/// number: earlier events of the same subjects are committed, and so come first. Otherwise they have no number yet.
pub(super) fn insert_text(first: usize) -> String {
    let all = set::names::<event::Model>(|_| true);
    let stored = set::names::<event::Model>(|column| {
        !set::is_key::<event::Model>(column) && !matches!(column, event::Column::Number)
    });
    let rows = set::unnest::<event::Model>(first);
    let count = first + set::parameters::<event::Model>();
    format!(
        "feed AS (SELECT last FROM event_feed WHERE id = 1 AND ${count}::bigint > 0 \
         AND NOT EXISTS (SELECT 1 FROM events WHERE number IS NULL) FOR UPDATE SKIP LOCKED), \
         written AS (INSERT INTO events (number, {stored}) SELECT (SELECT last FROM feed) + v.index, {stored} \
         FROM {rows} WITH ORDINALITY AS v({all}, index) ORDER BY v.index) \
         UPDATE event_feed SET last = feed.last + ${count}::bigint FROM feed WHERE event_feed.id = 1 \
         RETURNING pg_notify('{CHANNEL}', '')"
    )
}

/// The parameters of [`insert_text`].
pub(super) fn insert_values(rows: &[event::Model], numbering: Numbering) -> Result<Vec<Value>, DbErr> {
    let numbered = if numbering == Numbering::AtOnce { rows.len() } else { 0 };
    let mut values = set::arrays(rows)?;
    values.push(i64::try_from(numbered).unwrap_or(i64::MAX).into());
    Ok(values)
}

async fn feed_row(
    connection: &impl ConnectionTrait,
    sql: &Sql,
    values: impl IntoIterator<Item = Value>,
) -> Result<Feed, DbErr> {
    let statement = sql.bind(connection.get_database_backend(), values);
    let row = Feed::find_by_statement(statement).one(connection).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("the row of event_feed".to_owned()))
}

/// The assigned numbers of the feed.
pub(crate) async fn feed(connection: &impl ConnectionTrait) -> Result<Feed, DbErr> {
    sql!(FEED, "SELECT last, removed FROM event_feed WHERE id = 1");
    feed_row(connection, &FEED, []).await
}

/// Events without a number: how many, and when the oldest was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromQueryResult)]
pub struct Pending {
    /// How many.
    pub events: i64,
    /// When the oldest was recorded.
    pub oldest: Option<DateTimeUtc>,
}

/// The events without a number.
pub(crate) async fn pending(connection: &impl ConnectionTrait) -> Result<Pending, DbErr> {
    sql!(PENDING, "SELECT COUNT(*) AS events, MIN(recorded_at) AS oldest FROM events WHERE number IS NULL");
    let statement = PENDING.bind(connection.get_database_backend(), []);
    Ok(Pending::find_by_statement(statement).one(connection).await?.unwrap_or_default())
}

/// Assigns numbers to committed events that have none, for a reader, which does not wait for a long backlog. The reader
/// then uses the primary: a standby may have an event without its number.
pub(crate) async fn assign_numbers_for_reader(database: &Database) -> Result<(), DbErr> {
    Replica::leave();
    assign_numbers_until(database, Some(Instant::now() + READER_NUMBERING_TIME)).await
}

/// Assigns numbers to committed events that have none.
pub(crate) async fn assign_numbers(database: &Database) -> Result<(), DbErr> {
    assign_numbers_until(database, None).await
}

async fn assign_numbers_until(database: &Database, end: Option<Instant>) -> Result<(), DbErr> {
    if database.backend() != DbBackend::Postgres {
        return Ok(());
    }
    while end.is_none_or(|end| Instant::now() < end) {
        sql!(ANY, "SELECT 1 FROM events WHERE number IS NULL LIMIT 1");
        if database.pools.read.query_one_raw(ANY.bind(DbBackend::Postgres, [])).await?.is_none() {
            break;
        }
        assign_number_batch(database).await?;
    }
    Ok(())
}

async fn assign_number_batch(database: &Database) -> Result<(), DbErr> {
    // The feed's row has one holder at a time: more than one connection of this process would only wait.
    let _turn = database.numbering.lock().await;
    let transaction = database.begin_numbering().await?;
    sql!(LOCK, "SELECT last, removed FROM event_feed WHERE id = 1 FOR UPDATE");
    let feed = feed_row(&*transaction, &LOCK, []).await?;
    // A separate statement, so that it sees everything that was committed before the lock was acquired. A
    // subject's writers queue, so its events become visible in the order of their keys.
    sql!(
        NUMBER,
        "WITH waiting AS (SELECT id, row_number() OVER (ORDER BY id) AS index FROM events \
         WHERE number IS NULL ORDER BY id LIMIT $2), \
         numbered AS (UPDATE events e SET number = $1 + w.index FROM waiting w WHERE e.id = w.id RETURNING 1), \
         counted AS (SELECT count(*) AS n FROM numbered) \
         UPDATE event_feed SET last = last + counted.n FROM counted WHERE id = 1 RETURNING last, removed"
    );
    let after = feed_row(&*transaction, &NUMBER, [feed.last.into(), NUMBERED_PER_TRANSACTION.into()]).await?;
    if after.last > feed.last {
        // Delivered on commit, to this process too.
        let notify = format!("NOTIFY {CHANNEL}");
        transaction.execute_unprepared(&notify).await?;
    }
    Ok(transaction.commit().await?)
}

/// A filter on events. An event matches if it satisfies every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only these kinds.
    pub kinds: Option<Vec<EventKind>>,
    /// Only those that are visible to a partner.
    pub partner: Option<Uuid>,
    /// Only those about a professional.
    pub professional: Option<Uuid>,
    /// Subjects that were merged into these: what they did before counts as done by the remaining one.
    pub merged: Vec<Uuid>,
    /// Only those about what an integration recorded.
    pub recorded_by: Option<String>,
    /// Only those about partners themselves, not about affiliated professionals.
    pub partners_only: bool,
    /// Besides, events of these kinds that concern no subject and no integration.
    pub general: Vec<EventKind>,
}

impl EventFilter {
    /// Whether an event matches.
    #[must_use]
    pub fn matches(&self, row: &event::Model) -> bool {
        if self.kinds.as_ref().is_some_and(|kinds| !kinds.contains(&row.kind)) {
            return false;
        }
        let concerns_all =
            row.partner_id.is_none() && row.professional_id.is_none() && row.recorded_by.is_none();
        if concerns_all && self.general.contains(&row.kind) {
            return true;
        }
        let is_of = |wanted: Option<Uuid>, found: Option<Uuid>| {
            wanted.is_none_or(|id| found.is_some_and(|found| found == id || self.merged.contains(&found)))
        };
        is_of(self.partner, row.partner_id)
            && is_of(self.professional, row.professional_id)
            && self.recorded_by.as_ref().is_none_or(|name| row.recorded_by.as_ref() == Some(name))
            && !(self.partners_only && row.professional_id.is_some())
    }

    /// The statement for the filter, with general events beside those of the subject where some are visible.
    fn sql(&self) -> &'static Sql {
        macro_rules! with_general {
            ($name:ident, $owner:literal, $kinds:literal) => {{
                sql!(
                    $name,
                    concat!(
                        "SELECT * FROM (SELECT * FROM (SELECT * FROM events WHERE number > $1 AND number <= $2 AND ",
                        $owner,
                        " AND ($4 = '[]' OR kind @texts4) AND ($5 = '' OR recorded_by = $5) \
                         AND ($6 = 0 OR professional_id IS NULL) ORDER BY number LIMIT $3) own \
                         UNION ALL SELECT * FROM (SELECT * FROM events WHERE number > $1 AND number <= $2 \
                         AND number IS NOT NULL AND partner_id IS NULL AND professional_id IS NULL AND recorded_by IS NULL \
                         AND ($4 = '[]' OR kind @texts4) AND kind ",
                        $kinds,
                        " ORDER BY number LIMIT $3) general) both_of_them ORDER BY number LIMIT $3"
                    )
                );
                &$name
            }};
        }
        match (self.general.is_empty(), self.partner, self.professional) {
            (false, Some(_), None) => with_general!(PARTNER_AND_ALL, "partner_id = $7", "@texts8"),
            (false, None, Some(_)) => with_general!(PROFESSIONAL_AND_ALL, "professional_id = $7", "@texts8"),
            (false, None, None) if self.recorded_by.is_some() => {
                with_general!(RECORDED_AND_ALL, "recorded_by = $5", "@texts7")
            }
            _ => self.own_sql(),
        }
    }

    /// The statement that uses the index of the most selective field.
    fn own_sql(&self) -> &'static Sql {
        macro_rules! page {
            ($name:ident, $owner:literal) => {{
                sql!(
                    $name,
                    concat!(
                        "SELECT * FROM events WHERE number > $1 AND number <= $2 AND ",
                        $owner,
                        " AND ($4 = '[]' OR kind @texts4) AND ($5 = '' OR recorded_by = $5) \
                         AND ($6 = 0 OR professional_id IS NULL) ORDER BY number LIMIT $3"
                    )
                );
                &$name
            }};
        }
        match (self.partner, self.professional) {
            (Some(_), Some(_)) => page!(BOTH, "partner_id = $7 AND professional_id = $8"),
            (Some(_), None) => page!(PARTNER, "partner_id = $7"),
            (None, Some(_)) => page!(PROFESSIONAL, "professional_id = $7"),
            (None, None) if self.recorded_by.is_some() => page!(RECORDED, "recorded_by = $5"),
            (None, None) => page!(ALL, "number IS NOT NULL"),
        }
    }

    fn values(&self) -> Vec<Value> {
        let kinds = self.kinds.as_ref().map_or_else(
            || "[]".into(),
            |kinds| {
                let words: Vec<String> = kinds.iter().map(ActiveEnum::to_value).collect();
                sql::texts(words.iter().map(String::as_str))
            },
        );
        let recorded_by = self.recorded_by.clone().unwrap_or_default();
        let mut values = vec![kinds, recorded_by.into(), i32::from(self.partners_only).into()];
        values.extend([self.partner, self.professional].into_iter().flatten().map(Value::from));
        if !self.general.is_empty() {
            let words: Vec<String> = self.general.iter().map(ActiveEnum::to_value).collect();
            values.push(sql::texts(words.iter().map(String::as_str)));
        }
        values
    }
}

/// Events that match, after a number and through another, in order, at most `limit` of them.
pub(crate) async fn between(
    connection: &impl ConnectionTrait,
    filter: &EventFilter,
    after: i64,
    through: i64,
    limit: u64,
) -> Result<Vec<event::Model>, DbErr> {
    if filter.merged.is_empty() {
        return of_subjects(connection, filter, after, through, limit).await;
    }
    // A page of each account, of which a subject has few: each reads no more than its part of the index.
    let accounts = |of: Option<Uuid>| {
        let merged = of.iter().flat_map(|_| filter.merged.iter().copied().map(Some));
        std::iter::once(of).chain(merged).collect::<Vec<_>>()
    };
    let mut rows = Vec::new();
    for partner in accounts(filter.partner) {
        for professional in accounts(filter.professional) {
            let one = EventFilter { partner, professional, merged: Vec::new(), ..filter.clone() };
            rows.extend(of_subjects(connection, &one, after, through, limit).await?);
        }
    }
    rows.sort_unstable_by_key(|row| row.number);
    rows.dedup_by_key(|row| row.number);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(rows)
}

async fn of_subjects(
    connection: &impl ConnectionTrait,
    filter: &EventFilter,
    after: i64,
    through: i64,
    limit: u64,
) -> Result<Vec<event::Model>, DbErr> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [after.into(), through.into(), limit.into()].into_iter().chain(filter.values());
    let statement = filter.sql().bind(connection.get_database_backend(), values);
    event::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Deletes events that were recorded before a moment, the oldest first, at most `limit` of them, and says
/// how many. Events after a retained one are retained as well, so that the feed has no gaps.
pub(crate) async fn delete_before(
    connection: &impl ConnectionTrait,
    moment: DateTimeUtc,
    limit: i64,
) -> Result<i64, DbErr> {
    sql!(
        THROUGH,
        "SELECT COALESCE((SELECT MIN(number) FROM (SELECT number, recorded_at FROM events \
         WHERE number IS NOT NULL ORDER BY number LIMIT $2) e WHERE recorded_at >= $1) - 1, \
         (SELECT MAX(number) FROM (SELECT number FROM events WHERE number IS NOT NULL ORDER BY number LIMIT $2) e), \
         0) AS last, removed FROM event_feed WHERE id = 1"
    );
    let upto = feed_row(connection, &THROUGH, [moment.into(), limit.into()]).await?;
    if upto.last <= upto.removed {
        return Ok(0);
    }
    let backend = connection.get_database_backend();
    sql!(DELETE, "DELETE FROM events WHERE number <= $1");
    sql!(SET_REMOVED, "UPDATE event_feed SET removed = $1 WHERE id = 1 AND removed < $1");
    connection.execute_raw(SET_REMOVED.bind(backend, [upto.last.into()])).await?;
    let removed = connection.execute_raw(DELETE.bind(backend, [upto.last.into()])).await?;
    Ok(i64::try_from(removed.rows_affected()).unwrap_or(i64::MAX))
}
