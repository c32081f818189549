//! The log: what took effect, in order.

use std::sync::LazyLock;

use entity::log;
use entity::value::LogAction;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, QueryResult, Statement};

use super::edition::VERSION;
use super::recorded_steps::RecordedStep;
use super::row::{Cells, decode_row};
use super::sql::{Sql, sql};
use super::{activity, recorded_steps};

/// A row of the table.
pub(super) fn entry(row: &QueryResult) -> Result<log::Model, DbErr> {
    decode_row!(row => log::Model { seq, recorded_at, action, activity_id, affiliation_id, order_id, deal_id, sales_target_id, swag_order_id, partner_id, professional_id, contract_id, quote_id, points, ends_on, day, currency, amount, reason, actor, actor_role, data })
}

/// A place in the log that no step reaches; those of previews follow it.
const PREVIEW_SEQ: i64 = 1 << 62;

/// Places in the log for the next steps.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The places, in order.
    pub(crate) seqs: Vec<i64>,
    /// The version of the policy as of the same statement; none where there is no step.
    pub(crate) editions: Option<i64>,
}

/// Places in the log for the next `count` steps, in order, and how many editions there are: whoever takes places judges
/// the steps by all of these.
///
/// Taken while the subjects' rows are locked, so that the order of a subject's steps is the order in
/// which they took effect. A preview draws none: it gets places that no step reaches.
pub(crate) async fn reserve_seqs(
    connection: &impl ConnectionTrait,
    count: usize,
    preview: bool,
) -> Result<Places, DbErr> {
    let backend = connection.get_database_backend();
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    if backend == DbBackend::Postgres && !preview {
        let text =
            format!("SELECT nextval('log_seq') AS seq, {VERSION} AS editions FROM generate_series(1, $1)");
        let rows =
            connection.query_all_raw(Statement::from_sql_and_values(backend, text, [count.into()])).await?;
        let mut seqs: Vec<i64> = rows.iter().map(|row| row.try_get("", "seq")).collect::<Result<_, _>>()?;
        seqs.sort_unstable();
        let editions = rows.first().map(|row| row.try_get("", "editions")).transpose()?;
        return Ok(Places { seqs, editions });
    }
    let text = format!("SELECT COALESCE(MAX(seq), 0) AS seq, {VERSION} AS editions FROM log");
    let row = connection.query_one_raw(Statement::from_string(backend, text)).await?;
    let last: i64 = row.as_ref().map_or(Ok(0), |row| row.try_get("", "seq"))?;
    let editions = row.map(|row| row.try_get("", "editions")).transpose()?;
    let last = if preview { last.max(PREVIEW_SEQ) } else { last };
    Ok(Places { seqs: (last + 1..=last + count).collect(), editions })
}

/// A step of the log with what it happened to, for folding it again.
#[derive(Clone, Debug)]
pub(crate) struct LoggedStep {
    pub(crate) seq: i64,
    pub(crate) action: LogAction,
    pub(crate) points: Option<i64>,
    pub(crate) step_ends_on: Option<chrono::NaiveDate>,
    pub(crate) recorded_at: sea_orm::prelude::DateTimeUtc,
    /// The activity that it is about. If it was recorded by this step, what came after that may be missing.
    pub(crate) activity: Option<entity::activity::Model>,
    pub(crate) affiliation: Option<LoggedAffiliation>,
    pub(crate) order_id: Option<uuid::Uuid>,
    pub(crate) deal_id: Option<uuid::Uuid>,
    pub(crate) sales_target_id: Option<uuid::Uuid>,
    pub(crate) swag_order_id: Option<uuid::Uuid>,
    /// Whether it is about a partner or a professional by itself.
    pub(crate) is_about_subject: bool,
    pub(crate) partner_id: Option<uuid::Uuid>,
    pub(crate) professional_id: Option<uuid::Uuid>,
    pub(crate) contract_id: Option<uuid::Uuid>,
    pub(crate) quote_id: Option<uuid::Uuid>,
    pub(crate) day: Option<chrono::NaiveDate>,
    pub(crate) reason: Option<String>,
    pub(crate) currency: Option<String>,
    pub(crate) amount: Option<i64>,
    /// Further values of the step, as JSON.
    pub(crate) data: Option<String>,
}

impl LoggedStep {
    /// A step without an object or further values.
    fn new(seq: i64, action: LogAction, recorded_at: sea_orm::prelude::DateTimeUtc) -> Self {
        Self {
            seq,
            action,
            points: None,
            step_ends_on: None,
            recorded_at,
            activity: None,
            affiliation: None,
            order_id: None,
            deal_id: None,
            sales_target_id: None,
            swag_order_id: None,
            is_about_subject: false,
            partner_id: None,
            professional_id: None,
            contract_id: None,
            quote_id: None,
            day: None,
            reason: None,
            currency: None,
            amount: None,
            data: None,
        }
    }

    /// A step that recorded an activity has nothing else.
    fn of_recorded(RecordedStep { seq, recorded_at, activity }: RecordedStep) -> Self {
        Self { activity: Some(activity), ..Self::new(seq, LogAction::Recorded, recorded_at) }
    }
}

/// The affiliation that a step happened to.
#[derive(Clone, Debug)]
pub(crate) struct LoggedAffiliation {
    pub(crate) id: uuid::Uuid,
    pub(crate) professional_id: uuid::Uuid,
    pub(crate) partner_id: uuid::Uuid,
    pub(crate) starts_on: chrono::NaiveDate,
    pub(crate) replaces_id: Option<uuid::Uuid>,
}

/// Columns and tables of steps with what they happened to. A step has one object: most are about activities, whose columns are
/// the last ones, and have none of the ids before them.
const LOGGED: &str = "SELECT l.seq AS log_seq, l.action, l.points AS step_points, l.ends_on AS step_ends_on, \
     l.recorded_at AS step_recorded_at, l.day AS step_day, l.reason AS step_reason, l.currency AS step_currency, \
     l.amount AS step_amount, l.data AS step_data, l.activity_id, l.order_id, l.deal_id, l.sales_target_id, l.swag_order_id, \
     l.partner_id AS step_partner_id, l.professional_id AS step_professional_id, l.contract_id, l.quote_id, \
     f.id AS f_id, f.professional_id AS f_professional_id, f.partner_id AS f_partner_id, f.starts_on AS f_starts_on, \
     f.replaces_id AS f_replaces_id, a.* \
     FROM log l LEFT JOIN activities a ON a.id = l.activity_id \
     LEFT JOIN affiliations f ON f.id = l.affiliation_id";
/// Columns of affiliations and of ids before those of activities.
const OTHER_COLUMNS: usize = 13;

/// The next steps after a place, in order: at most twice `limit` of them. Those that recorded an activity are read as lines.
pub(crate) async fn after(
    connection: &impl ConnectionTrait,
    seq: i64,
    limit: i64,
) -> Result<Vec<LoggedStep>, DbErr> {
    let Some(recorded) = recorded_steps::after(connection, seq, limit).await? else {
        return rows_after(connection, seq, limit).await;
    };
    let mut steps: Vec<LoggedStep> = recorded.into_iter().map(LoggedStep::of_recorded).collect();
    let is_full = |steps: &[LoggedStep]| i64::try_from(steps.len()).is_ok_and(|count| count >= limit);
    let through = steps.iter().map(|step| step.seq).max().filter(|_| is_full(&steps)).unwrap_or(i64::MAX);
    let others = others_between(connection, (seq, through), limit).await?;
    if let Some(last) = others.last().filter(|_| is_full(&others)) {
        steps.retain(|step| step.seq < last.seq);
    }
    steps.extend(others);
    steps.sort_by_key(|step| step.seq);
    Ok(steps)
}

/// The steps after a place, at most `limit` of them.
async fn rows_after(
    connection: &impl ConnectionTrait,
    seq: i64,
    limit: i64,
) -> Result<Vec<LoggedStep>, DbErr> {
    static AFTER: LazyLock<Sql> =
        LazyLock::new(|| Sql::new(&format!("{LOGGED} WHERE l.seq > $1 ORDER BY l.seq LIMIT $2")));
    let statement = AFTER.bind(connection.get_database_backend(), [seq.into(), limit.into()]);
    logged(&connection.query_all_raw(statement).await?)
}

/// The steps after a place and through another one that are not the recording of an activity, at most `limit` of them.
pub(crate) async fn others_between(
    connection: &impl ConnectionTrait,
    (seq, through): (i64, i64),
    limit: i64,
) -> Result<Vec<LoggedStep>, DbErr> {
    static BETWEEN: LazyLock<Sql> = LazyLock::new(|| {
        Sql::new(&format!(
            "{LOGGED} WHERE l.seq > $1 AND l.seq <= $2 AND l.action <> 'RECORDED' ORDER BY l.seq LIMIT $3"
        ))
    });
    let values = [seq.into(), through.into(), limit.into()];
    let statement = BETWEEN.bind(connection.get_database_backend(), values);
    logged(&connection.query_all_raw(statement).await?)
}

/// The steps after a place, at most `limit` of them; those of a subject's recalculation only after another place.
pub(crate) async fn late(
    connection: &impl ConnectionTrait,
    (seq, recalculated): (i64, i64),
    limit: i64,
) -> Result<Vec<LoggedStep>, DbErr> {
    static LATE: LazyLock<Sql> = LazyLock::new(|| {
        Sql::new(&format!(
            "{LOGGED} WHERE l.seq > $1 AND (l.action <> 'RECALCULATED' OR l.seq > $2) ORDER BY l.seq LIMIT $3"
        ))
    });
    let values = [seq.into(), recalculated.into(), limit.into()];
    let statement = LATE.bind(connection.get_database_backend(), values);
    logged(&connection.query_all_raw(statement).await?)
}

fn logged(rows: &[QueryResult]) -> Result<Vec<LoggedStep>, DbErr> {
    rows.iter().map(step).collect()
}

fn step(row: &QueryResult) -> Result<LoggedStep, DbErr> {
    let mut cells = Cells::of(row)?;
    // In the order of the columns.
    let (seq, action) = (cells.take("log_seq")?, cells.take("action")?);
    let (points, step_ends_on) = (cells.take("step_points")?, cells.take("step_ends_on")?);
    let mut step =
        LoggedStep { points, step_ends_on, ..LoggedStep::new(seq, action, cells.take("step_recorded_at")?) };
    step.day = cells.take("step_day")?;
    step.reason = cells.take("step_reason")?;
    step.currency = cells.take("step_currency")?;
    step.amount = cells.take("step_amount")?;
    step.data = cells.take("step_data")?;
    if cells.take::<Option<uuid::Uuid>>("activity_id")?.is_some() {
        cells.skip(OTHER_COLUMNS);
        step.activity = Some(activity::of_cells(&mut cells)?);
        return Ok(step);
    }
    step.order_id = cells.take("order_id")?;
    step.deal_id = cells.take("deal_id")?;
    step.sales_target_id = cells.take("sales_target_id")?;
    step.swag_order_id = cells.take("swag_order_id")?;
    step.partner_id = cells.take("step_partner_id")?;
    step.professional_id = cells.take("step_professional_id")?;
    step.contract_id = cells.take("contract_id")?;
    step.quote_id = cells.take("quote_id")?;
    step.is_about_subject = step.partner_id.or(step.professional_id).is_some();
    if cells.is_next_present("f_id")? {
        step.affiliation = Some(LoggedAffiliation {
            id: cells.take("f_id")?,
            professional_id: cells.take("f_professional_id")?,
            partner_id: cells.take("f_partner_id")?,
            starts_on: cells.take("f_starts_on")?,
            replaces_id: cells.take("f_replaces_id")?,
        });
    }
    Ok(step)
}

/// Actions that change no ledger, whatever the policy.
pub(super) const WITHOUT_ENTRIES: &str = "'SUBMITTED', 'REJECTED', 'CONTRACT_ENDED', 'CONTRACT_VOIDED', 'DEAL_REGISTERED', \
     'DEAL_UPDATED', 'DEAL_REPORTED', 'DEAL_WON_REPORTED', 'DEAL_WIN_REJECTED', 'PARTNER_UPDATED', 'LEVEL_OVERRIDDEN', \
     'OVERRIDE_ENDED', 'ORDER_PLACED', 'ORDER_CANCELLED', 'QUOTE_SAVED', 'QUOTE_PLACED', 'QUOTE_EXPIRED', \
     'QUOTE_WITHDRAWN', 'CREDITS_EXPIRED', 'SWAG_ORDERED', 'SWAG_CANCELLED', 'SWAG_FULFILLED', 'MEMBERSHIP_ENDED', 'MEMBERSHIP_RESUMED'";

/// A place of the log, and how many steps there are by then.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(crate) struct Position {
    pub(crate) seq: i64,
    pub(crate) steps: i64,
}

/// The end of the log.
pub(crate) async fn position(connection: &impl ConnectionTrait) -> Result<Position, DbErr> {
    sql!(END, "SELECT COALESCE(MAX(seq), 0) AS seq, COUNT(*) AS steps FROM log");
    let found = Position::find_by_statement(END.bind(connection.get_database_backend(), []));
    Ok(found.one(connection).await?.unwrap_or(Position { seq: 0, steps: 0 }))
}

/// The first step that earns something and that the log did not have at a position; none if there is none. A step that
/// has an earlier place can have been committed later.
pub(crate) async fn first_earning_step(
    connection: &impl ConnectionTrait,
    since: Position,
) -> Result<Option<log::Model>, DbErr> {
    static LATER: LazyLock<Sql> = LazyLock::new(|| {
        Sql::new(&format!(
            "SELECT * FROM log WHERE seq > $1 AND action NOT IN ({WITHOUT_ENTRIES}) ORDER BY seq LIMIT 1"
        ))
    });
    sql!(EARLIER, "SELECT COUNT(*) AS steps, COALESCE(MAX(seq), 0) AS seq FROM log WHERE seq <= $1");
    let backend = connection.get_database_backend();
    let statement = EARLIER.bind(backend, [since.seq.into()]);
    let earlier = Position::find_by_statement(statement).one(connection).await?;
    if earlier.is_some_and(|earlier| earlier.steps != since.steps) {
        return log::Entity::find_by_id(since.seq).one(connection).await;
    }
    log::Entity::find().from_raw_sql(LATER.bind(backend, [since.seq.into()])).one(connection).await
}

/// How many steps there are.
pub(crate) async fn count(connection: &impl ConnectionTrait) -> Result<u64, DbErr> {
    use sea_orm::PaginatorTrait;
    log::Entity::find().count(connection).await
}

#[cfg(test)]
mod tests {
    use entity::activity;
    use entity::value::ActivityStatus;
    use sea_orm::prelude::DateTimeUtc;
    use sea_orm::{ActiveModelTrait, IntoActiveModel};
    use uuid::Uuid;

    use super::*;
    use crate::store::test_databases::on_each;

    fn moment(text: &str) -> DateTimeUtc {
        text.parse().expect("a moment")
    }

    /// The first has a value in every column that can have one, the second in as few as possible.
    fn activities() -> [activity::Model; 2] {
        let id = |number| Some(Uuid::from_u128(number));
        let full = activity::Model {
            id: Uuid::from_u128(0xAB << 96),
            seq: 1,
            partner_id: id(1),
            professional_id: None,
            kind: "WEBINAR".to_owned(),
            occurred_on: "2026-02-28".parse().expect("a day"),
            quantity: 3,
            points: Some(40),
            attributes: r#"{"title":"A = B, \"C\""}"#.to_owned(),
            source: "crm".to_owned(),
            external_id: "=1".to_owned(),
            recorded_at: moment("2026-03-01T01:02:03.000456Z"),
            status: ActivityStatus::Voided,
            graded_points: Some(-7),
            awarded_points: -1,
            awarded_credits: 2,
            recorded_by: Some("a key".to_owned()),
            import_run_id: id(2),
            replaces: id(3),
            replaced_by: id(4),
            evidence_due_on: Some("2026-04-01".parse().expect("a day")),
        };
        let plain = activity::Model {
            id: Uuid::from_u128(0xCD << 96),
            seq: 3,
            partner_id: None,
            professional_id: id(5),
            points: None,
            external_id: "2".to_owned(),
            recorded_at: moment("2026-03-01T01:02:03Z"),
            status: ActivityStatus::Recorded,
            graded_points: None,
            recorded_by: None,
            import_run_id: None,
            replaces: None,
            replaced_by: None,
            evidence_due_on: None,
            ..full.clone()
        };
        [full, plain]
    }

    /// An activity without what it came to.
    fn as_recorded(row: activity::Model, recorded_at: DateTimeUtc) -> activity::Model {
        activity::Model {
            recorded_at,
            status: ActivityStatus::Recorded,
            graded_points: None,
            awarded_points: 0,
            awarded_credits: 0,
            recorded_by: None,
            import_run_id: None,
            replaces: None,
            replaced_by: None,
            evidence_due_on: None,
            ..row
        }
    }

    /// A step as it is shown; without what an activity came to since, if the step recorded it.
    fn shown(step: &LoggedStep) -> String {
        let mut step = step.clone();
        if step.action == LogAction::Recorded {
            step.activity = step.activity.map(|row| as_recorded(row, step.recorded_at));
        }
        format!("{step:?}")
    }

    async fn by_rows(connection: &impl ConnectionTrait) -> Vec<String> {
        rows_after(connection, 0, 99).await.expect("rows").iter().map(shown).collect()
    }

    /// All steps, by pages of a limit.
    async fn paged(connection: &impl ConnectionTrait, limit: i64) -> Vec<String> {
        let (mut last, mut all) = (0, Vec::new());
        loop {
            let page = after(connection, last, limit).await.expect("a page");
            let Some(end) = page.last() else { return all };
            last = end.seq;
            all.extend(page.iter().map(shown));
        }
    }

    async fn insert(
        connection: &impl ConnectionTrait,
        (seq, action, activity): (i64, LogAction, Option<Uuid>),
    ) {
        let id = activity.map_or("NULL".to_owned(), |id| match connection.get_database_backend() {
            DbBackend::Postgres => format!("'{id}'"),
            _ => format!("X'{}'", id.simple()),
        });
        let insert = format!(
            "INSERT INTO log (seq, recorded_at, action, activity_id) \
             VALUES ({seq}, '2026-03-02 10:00:00.5+00:00', '{}', {id})",
            sea_orm::ActiveEnum::to_value(&action)
        );
        connection.execute_unprepared(&insert).await.expect(&insert);
    }

    #[tokio::test]
    async fn steps_that_are_read_as_lines_are_those_of_the_rows() {
        on_each(async |connection| {
            let [full, plain] = activities();
            let other = |number: u8, source: &str| activity::Model {
                id: Uuid::from_u128(u128::from(number) << 96),
                seq: i64::from(number),
                external_id: number.to_string(),
                source: source.to_owned(),
                ..plain.clone()
            };
            let last = other(9, "crm");
            for row in [&full, &plain, &last] {
                row.clone().into_active_model().insert(connection).await.expect("an activity");
            }
            for step in [
                (1, LogAction::Recorded, Some(full.id)),
                (2, LogAction::Voided, Some(full.id)),
                (3, LogAction::Recorded, Some(plain.id)),
                (5, LogAction::ContractVoided, None),
                (6, LogAction::ContractVoided, None),
                (7, LogAction::ContractVoided, None),
                (9, LogAction::Recorded, Some(last.id)),
            ] {
                insert(connection, step).await;
            }
            let expected = by_rows(connection).await;
            assert_eq!(expected.len(), 7);
            for limit in [1, 2, 3, 99] {
                assert_eq!(paged(connection, limit).await, expected, "{limit}");
            }
            let lines = recorded_steps::after(connection, 0, 99).await.expect("a page");
            assert_eq!(lines.map(|all| all.len()), Some(3));
            // A text that divides lines or fields is read by rows.
            for (number, source) in [(11, "a\u{1e}b"), (13, "a\u{1f}b")] {
                let row = other(number, source);
                insert(connection, (row.seq, LogAction::Recorded, Some(row.id))).await;
                row.into_active_model().insert(connection).await.expect("an activity");
                assert_eq!(paged(connection, 2).await, by_rows(connection).await, "{source:?}");
                let lines = recorded_steps::after(connection, 0, 99).await.expect("a page");
                assert!(lines.is_none(), "{lines:?}");
            }
        })
        .await;
    }
}
