//! Sums that determine a standing: a few rows by key, regardless of the length of the history.

use chrono::NaiveDate;
use entity::value::Track;
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult, Value};
use uuid::Uuid;

use super::partner::PartnerRow;
use super::row::{Cells, decode_cells, decode_row};
use super::sql::{self, sql};
use super::subject::Subject;

/// Totals of a partner and period, as far as a day.
#[derive(Clone, Debug)]
pub(crate) struct PartnerSums {
    pub(crate) partner_id: Uuid,
    pub(crate) period: i32,
    pub(crate) technical: i64,
    pub(crate) technical_last_on: Option<NaiveDate>,
    pub(crate) technical_reached: String,
    pub(crate) business: i64,
    pub(crate) business_last_on: Option<NaiveDate>,
    pub(crate) business_reached: String,
}

impl FromQueryResult for PartnerSums {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Self::read(&mut Cells::of(row)?)
    }
}

impl PartnerSums {
    /// The next columns of a row.
    fn read(cells: &mut Cells<'_>) -> Result<Self, DbErr> {
        decode_cells!(cells => Self { partner_id, period, technical, technical_last_on, technical_reached, business, business_last_on, business_reached })
    }

    /// The columns of totals `t` through the day `$2`, whose year `$3` starts on `$5`: days are only summed when later
    /// entries exist.
    fn columns() -> String {
        fn through(track: &str, word: &str) -> String {
            format!(
                "CASE WHEN t.period <> $3 OR t.{track}_last_on IS NULL OR t.{track}_last_on <= $2 THEN t.{track} ELSE \
                 (SELECT CAST(COALESCE(SUM(d.credits), 0) AS BIGINT) FROM partner_days d \
                 WHERE d.partner_id = t.partner_id AND d.track = '{word}' AND d.day BETWEEN $5 AND $2) END AS {track}"
            )
        }
        format!(
            "t.partner_id, t.period, {}, t.technical_last_on, t.technical_reached, {}, t.business_last_on, \
             t.business_reached",
            through("technical", "TECHNICAL"),
            through("business", "BUSINESS")
        )
    }
}

/// Days that sums of partners are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SumDays {
    /// The last day of the sums.
    pub(crate) day: NaiveDate,
    /// Its calendar year.
    pub(crate) year: i32,
    /// The first day of the year in the program.
    pub(crate) year_starts_on: NaiveDate,
}

impl SumDays {
    /// The values of the parameters from the second one on.
    fn values(self) -> [Value; 4] {
        [self.day.into(), self.year.into(), (self.year - 1).into(), self.year_starts_on.into()]
    }
}

/// Sums of partners in two calendar years and the legacy window. Those of the year of the day reach through the day.
pub(crate) async fn of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    days: SumDays,
) -> Result<Vec<PartnerSums>, DbErr> {
    sql!(
        OF,
        &format!(
            "SELECT {} FROM partner_totals t WHERE t.partner_id @uuids1 AND t.period IN (0, $3, $4)",
            PartnerSums::columns()
        )
    );
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, partners.iter().copied())].into_iter().chain(days.values());
    PartnerSums::find_by_statement(OF.bind(backend, values)).all(connection).await
}

/// The partner of this code, or the one that it was merged into, with its sums.
pub(crate) async fn partner_by_code(
    connection: &impl ConnectionTrait,
    code: &str,
    days: SumDays,
) -> Result<Option<(PartnerRow, Vec<PartnerSums>)>, DbErr> {
    sql!(
        BY_CODE,
        &format!(
            "SELECT {}, {} FROM partners p JOIN partner_balances b ON b.partner_id = p.id \
             LEFT JOIN partner_totals t ON t.partner_id = p.id AND t.period IN (0, $3, $4) \
             WHERE p.id = (SELECT COALESCE(c.merged_into, c.id) FROM partners c WHERE c.code = $1)",
            PartnerRow::columns(),
            PartnerSums::columns()
        )
    );
    let values = [code.into()].into_iter().chain(days.values());
    let statement = BY_CODE.bind(connection.get_database_backend(), values);
    let rows = connection.query_all_raw(statement).await?;
    let (mut partner, mut width, mut sums) = (None, 0, Vec::with_capacity(rows.len()));
    for row in &rows {
        let mut cells = Cells::of(row)?;
        // Each row repeats the partner.
        if partner.is_none() {
            partner = Some(PartnerRow::read(&mut cells)?);
            width = cells.taken();
        } else {
            cells.skip(width);
        }
        // Without totals, the one row has none.
        if cells.is_next_present("partner_id")? {
            sums.push(PartnerSums::read(&mut cells)?);
        }
    }
    Ok(partner.map(|partner| (partner, sums)))
}

/// Net level credits of a partner, track and day.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct KnownDay {
    pub(crate) partner_id: Uuid,
    pub(crate) track: Track,
    pub(crate) day: NaiveDate,
    pub(crate) credits: Option<i64>,
}

/// Days of partners as recorded at a past time, in the order of days: one entry is read for each
/// day, so the cost is bound by the span and not by the entries in it.
pub(crate) async fn known_days(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
    known_at: DateTimeUtc,
) -> Result<Vec<KnownDay>, DbErr> {
    sql!(
        KNOWN,
        "WITH cut AS MATERIALIZED (SELECT k.id AS id, (SELECT e.number FROM ledger_entries e WHERE e.partner_id = k.id \
         AND e.recorded_at <= $4 ORDER BY e.recorded_at DESC, e.number DESC LIMIT 1) AS number FROM @idtable1 k) \
         SELECT d.partner_id, d.track, d.day, (SELECT e.day_after FROM ledger_entries e \
         WHERE e.partner_id = d.partner_id AND e.track = d.track AND e.effective_on = d.day \
         AND e.number <= cut.number ORDER BY e.number DESC LIMIT 1) AS credits \
         FROM cut JOIN partner_days d ON d.partner_id = cut.id \
         WHERE d.track IN ('TECHNICAL', 'BUSINESS') AND d.day BETWEEN $2 AND $3 ORDER BY d.day"
    );
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, partners.iter().copied()), from.into(), to.into(), known_at.into()];
    KnownDay::find_by_statement(KNOWN.bind(backend, values)).all(connection).await
}

/// Points of a professional in one membership year and the one before.
#[derive(Clone, Debug)]
pub(crate) struct ProfessionalSums {
    pub(crate) professional_id: Uuid,
    pub(crate) this_year: i64,
    pub(crate) last_year: i64,
}

impl FromQueryResult for ProfessionalSums {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        decode_row!(row => Self { professional_id, this_year, last_year })
    }
}

/// A professional, and a membership year: number, first day.
pub(crate) type MembershipYear = (Uuid, i32, NaiveDate);

fn memberships(of: &[MembershipYear]) -> String {
    let rows: Vec<_> =
        of.iter().map(|(id, number, starts_on)| (id.simple().to_string(), number, starts_on)).collect();
    serde_json::json!(rows).to_string()
}

/// Points of professionals through a day and in the year before.
pub(crate) async fn of_professionals(
    connection: &impl ConnectionTrait,
    of: &[MembershipYear],
    day: NaiveDate,
) -> Result<Vec<ProfessionalSums>, DbErr> {
    use std::sync::LazyLock;
    static OF: LazyLock<sql::Sql> = LazyLock::new(|| {
        let text = |keys: &str| {
            format!(
                "SELECT k.id AS professional_id, CAST(COALESCE(CASE WHEN t.last_on <= $2 THEN t.points \
                 WHEN t.last_on IS NULL THEN 0 ELSE (SELECT SUM(d.points) FROM professional_days d \
                 WHERE d.professional_id = k.id AND d.day BETWEEN k.starts_on AND $2) END, 0) AS BIGINT) AS this_year, \
                 COALESCE(b.points, 0) AS last_year FROM {keys} k \
                 LEFT JOIN professional_totals t ON t.professional_id = k.id AND t.membership_year = k.number \
                 LEFT JOIN professional_totals b ON b.professional_id = k.id AND b.membership_year = k.number - 1"
            )
        };
        sql::Sql::per_engine(
            &text(
                "(SELECT unhex(value->>0) AS id, value->>1 AS number, value->>2 AS starts_on FROM json_each($1))",
            ),
            &text(
                "(SELECT (v->>0)::uuid AS id, (v->>1)::int AS number, (v->>2)::date AS starts_on \
                 FROM jsonb_array_elements($1::text::jsonb) v)",
            ),
        )
    });
    let values = [memberships(of).into(), day.into()];
    ProfessionalSums::find_by_statement(OF.bind(connection.get_database_backend(), values))
        .all(connection)
        .await
}

/// Net points of a professional and day.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct KnownPoints {
    pub(crate) professional_id: Uuid,
    pub(crate) day: NaiveDate,
    pub(crate) points: Option<i64>,
}

/// Days of professionals as recorded at a past time: those of the given membership year and of
/// the one before, whose first day is the third value.
pub(crate) async fn known_points(
    connection: &impl ConnectionTrait,
    of: &[MembershipYear],
    day: NaiveDate,
    known_at: DateTimeUtc,
) -> Result<Vec<KnownPoints>, DbErr> {
    use std::sync::LazyLock;
    static KNOWN: LazyLock<sql::Sql> = LazyLock::new(|| {
        let text = |keys: &str| {
            format!(
                "WITH cut AS MATERIALIZED (SELECT k.id AS id, k.starts_on AS starts_on, (SELECT e.number FROM points_entries e \
                 WHERE e.professional_id = k.id AND e.recorded_at <= $3 \
                 ORDER BY e.recorded_at DESC, e.number DESC LIMIT 1) AS number FROM {keys} k) \
                 SELECT d.professional_id, d.day, (SELECT e.day_after FROM points_entries e \
                 WHERE e.professional_id = d.professional_id AND e.effective_on = d.day AND e.number <= cut.number \
                 ORDER BY e.number DESC LIMIT 1) AS points \
                 FROM cut JOIN professional_days d ON d.professional_id = cut.id \
                 WHERE d.day BETWEEN cut.starts_on AND $2"
            )
        };
        sql::Sql::per_engine(
            &text("(SELECT unhex(value->>0) AS id, value->>2 AS starts_on FROM json_each($1))"),
            &text(
                "(SELECT (v->>0)::uuid AS id, (v->>2)::date AS starts_on \
                 FROM jsonb_array_elements($1::text::jsonb) v)",
            ),
        )
    });
    let values = [memberships(of).into(), day.into(), known_at.into()];
    KnownPoints::find_by_statement(KNOWN.bind(connection.get_database_backend(), values))
        .all(connection)
        .await
}
