//! What caused ledger entries, beyond what they say themselves: the step of the log, and the deal or sales target as
//! they were then.

use std::sync::LazyLock;

use chrono::NaiveDate;
use entity::value::DealOutcome;
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use super::sql::{self, Sql, sql};

/// The step of an entry.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct CausingStep {
    pub(crate) seq: i64,
    pub(crate) recorded_at: DateTimeUtc,
    /// The partner that registered the deal of the step.
    pub(crate) partner_id: Option<Uuid>,
    /// How the deal of the step was closed, then or before; none where the step reopened it, since what is given with
    /// that is the award of another deal.
    pub(crate) outcome: Option<DealOutcome>,
}

/// The steps at these places of the log, in no order.
pub(crate) async fn steps(
    connection: &impl ConnectionTrait,
    seqs: impl IntoIterator<Item = i64>,
) -> Result<Vec<CausingStep>, DbErr> {
    static STEPS: LazyLock<Sql> = LazyLock::new(|| {
        let text = |of: &str| {
            format!(
                "SELECT l.seq, l.recorded_at, d.partner_id, (SELECT s.outcome FROM deal_steps s \
                 WHERE s.deal_id = l.deal_id AND s.log_seq <= l.seq AND s.outcome IS NOT NULL \
                 AND l.action <> 'DEAL_REOPENED' ORDER BY s.log_seq DESC LIMIT 1) AS outcome FROM {of} LEFT JOIN deals d ON d.id = l.deal_id"
            )
        };
        Sql::per_engine(
            &text("json_each($1) k JOIN log l ON l.seq = k.value"),
            &text("jsonb_array_elements_text($1::text::jsonb) k JOIN log l ON l.seq = k::bigint"),
        )
    });
    let seqs = serde_json::Value::from(seqs.into_iter().collect::<Vec<i64>>()).to_string();
    let statement = STEPS.bind(connection.get_database_backend(), [seqs.into()]);
    CausingStep::find_by_statement(statement).all(connection).await
}

/// A step that recalculated a subject by a plan, with the reason of it.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct PlanStep {
    pub(crate) seq: i64,
    pub(crate) reason: String,
}

/// Those of the steps at these places of the log that recalculated a subject by a plan, in no order.
pub(crate) async fn plans(
    connection: &impl ConnectionTrait,
    seqs: impl IntoIterator<Item = i64>,
) -> Result<Vec<PlanStep>, DbErr> {
    static PLANS: LazyLock<Sql> = LazyLock::new(|| {
        let text = |of: &str| {
            format!(
                "SELECT l.seq, l.reason FROM {of} WHERE l.action = 'RECALCULATED' AND l.reason IS NOT NULL"
            )
        };
        Sql::per_engine(
            &text("json_each($1) k JOIN log l ON l.seq = k.value"),
            &text("jsonb_array_elements_text($1::text::jsonb) k JOIN log l ON l.seq = k::bigint"),
        )
    });
    let seqs = serde_json::Value::from(seqs.into_iter().collect::<Vec<i64>>()).to_string();
    let statement = PLANS.bind(connection.get_database_backend(), [seqs.into()]);
    PlanStep::find_by_statement(statement).all(connection).await
}

/// A sales target and what was sold of it, as of a step.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct TargetThen {
    pub(crate) seq: i64,
    pub(crate) currency: String,
    pub(crate) amount: i64,
    pub(crate) sold: i64,
}

/// A place of the log, and the partner and calendar year of a target: its first and last day.
pub(crate) type TargetKey = (i64, Uuid, NaiveDate, NaiveDate);

/// The sales targets as of steps; those that were not set by then are left out.
pub(crate) async fn targets(
    connection: &impl ConnectionTrait,
    keys: impl IntoIterator<Item = TargetKey>,
) -> Result<Vec<TargetThen>, DbErr> {
    static TARGETS: LazyLock<Sql> = LazyLock::new(|| {
        let text = |keys: &str, year: &str| {
            format!(
                "SELECT k.seq, t.currency, t.amount, (SELECT CAST(COALESCE(SUM(o.net), 0) AS BIGINT) FROM orders o \
                 JOIN log f ON f.order_id = o.id AND f.action = 'ORDER_FULFILLED' \
                 WHERE o.partner_id = k.partner AND o.purpose = 'END_CUSTOMER' AND o.currency = t.currency \
                 AND f.seq <= k.seq AND f.day BETWEEN k.first AND k.last AND NOT EXISTS (SELECT 1 FROM log r \
                 WHERE r.order_id = o.id AND r.action = 'ORDER_RETURNED' AND r.seq <= k.seq)) AS sold \
                 FROM {keys} JOIN log t ON t.seq = (SELECT MAX(u.seq) FROM sales_targets s JOIN log u \
                 ON u.sales_target_id = s.id WHERE s.partner_id = k.partner AND s.year = {year} AND u.seq <= k.seq)"
            )
        };
        Sql::per_engine(
            &text(
                "(SELECT value->>0 AS seq, unhex(value->>1) AS partner, value->>2 AS first, value->>3 AS last \
                 FROM json_each($1)) k",
                "CAST(substr(k.first, 1, 4) AS INTEGER)",
            ),
            &text(
                "(SELECT (v->>0)::bigint AS seq, (v->>1)::uuid AS partner, (v->>2)::date AS first, \
                 (v->>3)::date AS last FROM jsonb_array_elements($1::text::jsonb) v) k",
                "EXTRACT(YEAR FROM k.first)::int",
            ),
        )
    });
    let keys = keys.into_iter().map(|(seq, id, first, last)| (seq, id.simple().to_string(), first, last));
    let keys = serde_json::json!(keys.collect::<Vec<_>>()).to_string();
    let statement = TARGETS.bind(connection.get_database_backend(), [keys.into()]);
    TargetThen::find_by_statement(statement).all(connection).await
}

/// The voiding of an activity.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(crate) struct VoidedAt {
    pub(crate) activity_id: Uuid,
    pub(crate) seq: i64,
}

/// Where in the log these activities were voided; those that were not are left out.
pub(crate) async fn voidings(
    connection: &impl ConnectionTrait,
    activities: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<VoidedAt>, DbErr> {
    sql!(OF, "SELECT activity_id, seq FROM log WHERE activity_id @uuids1 AND action = 'VOIDED'");
    let backend = connection.get_database_backend();
    VoidedAt::find_by_statement(OF.bind(backend, [sql::ids(backend, activities)])).all(connection).await
}
