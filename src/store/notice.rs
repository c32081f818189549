//! What is going to end, by the day of its end, and how far notices of it have been emitted.

use std::sync::LazyLock;

use chrono::NaiveDate;
use entity::notice_progress;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, FromQueryResult};
use uuid::Uuid;

use super::sql::Sql;

/// What ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    TechnicalLevel,
    BusinessLevel,
    ProfessionalLevel,
    Contract,
    Quote,
    Deal,
    Opportunity,
    Credits,
    DojoCredits,
}

impl Ending {
    pub(crate) const ALL: [Self; 9] = [
        Self::TechnicalLevel,
        Self::BusinessLevel,
        Self::ProfessionalLevel,
        Self::Contract,
        Self::Quote,
        Self::Deal,
        Self::Opportunity,
        Self::Credits,
        Self::DojoCredits,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::TechnicalLevel => "TECHNICAL_LEVEL",
            Self::BusinessLevel => "BUSINESS_LEVEL",
            Self::ProfessionalLevel => "PROFESSIONAL_LEVEL",
            Self::Contract => "CONTRACT",
            Self::Quote => "QUOTE",
            Self::Deal => "DEAL",
            Self::Opportunity => "OPPORTUNITY",
            Self::Credits => "CREDITS",
            Self::DojoCredits => "DOJO_CREDITS",
        }
    }

    /// Whether the stored day is the last one; otherwise it is the first one after it.
    pub(crate) fn stores_last_day(self) -> bool {
        matches!(self, Self::Contract | Self::Quote)
    }

    /// Table, key, stored day, and a condition. Each has an index on the day and the key.
    fn source(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::TechnicalLevel => ("partner_balances", "partner_id", "technical_lapses_on", ""),
            Self::BusinessLevel => ("partner_balances", "partner_id", "business_lapses_on", ""),
            Self::ProfessionalLevel => ("professional_balances", "professional_id", "lapses_on", ""),
            Self::Contract => ("contracts", "id", "ends_on", "AND NOT e.voided"),
            Self::Quote => ("quotes", "id", "valid_until", "AND e.status = 'OPEN' AND e.hold"),
            Self::Deal => ("deal_timers", "deal_id", "expires_on", ""),
            Self::Opportunity => ("opportunity_timers", "deal_id", "lapses_on", ""),
            Self::Credits => ("partner_balances", "partner_id", "expires_on", ""),
            Self::DojoCredits => ("professional_balances", "professional_id", "expires_on", ""),
        }
    }
}

/// An object that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub(crate) struct EndingRow {
    pub(crate) id: Uuid,
    /// The stored day.
    pub(crate) ends: NaiveDate,
}

/// Objects whose stored day is after the first and not after the last of these days, after one of them in the order
/// of days.
pub(crate) async fn ending(
    connection: &impl ConnectionTrait,
    what: Ending,
    (after, through): (NaiveDate, NaiveDate),
    (cursor_day, cursor_id): (NaiveDate, Uuid),
    limit: u64,
) -> Result<Vec<EndingRow>, DbErr> {
    static ENDING: LazyLock<[Sql; 9]> = LazyLock::new(|| {
        Ending::ALL.map(|what| {
            let (table, key, day, condition) = what.source();
            Sql::new(&format!(
                "SELECT e.{key} AS id, e.{day} AS ends FROM {table} e WHERE e.{day} > $1 AND e.{day} <= $2 \
                 AND (e.{day} > $3 OR (e.{day} = $3 AND e.{key} > $4)) {condition} ORDER BY e.{day}, e.{key} LIMIT $5"
            ))
        })
    });
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [after.into(), through.into(), cursor_day.into(), cursor_id.into(), limit.into()];
    let statement = ENDING[what as usize].bind(connection.get_database_backend(), values);
    EndingRow::find_by_statement(statement).all(connection).await
}

/// How far notices have been emitted; none before the first ones.
pub(crate) async fn progress(
    connection: &impl ConnectionTrait,
    what: Ending,
) -> Result<Option<notice_progress::Model>, DbErr> {
    notice_progress::Entity::find_by_id(what.name()).one(connection).await
}

/// Begins with the notices of the day after this one, unless another process has begun.
pub(crate) async fn begin(
    connection: &impl ConnectionTrait,
    what: Ending,
    noticed_on: NaiveDate,
) -> Result<(), DbErr> {
    let row = notice_progress::Model {
        kind: what.name().to_owned(),
        noticed_on,
        pending_on: None,
        after_end: None,
        after_id: None,
    };
    let row = sea_orm::IntoActiveModel::into_active_model(row);
    let kept = OnConflict::column(notice_progress::Column::Kind).do_nothing().to_owned();
    notice_progress::Entity::insert(row).on_conflict(kept).exec_without_returning(connection).await.map(drop)
}

/// The same under a lock.
pub(crate) async fn lock(
    connection: &impl ConnectionTrait,
    what: Ending,
) -> Result<Option<notice_progress::Model>, DbErr> {
    super::sql::sql!(LOCK, "SELECT n.* FROM notice_progress n WHERE n.kind = $1 @lock(n)");
    let statement = LOCK.bind(connection.get_database_backend(), [what.name().into()]);
    notice_progress::Entity::find().from_raw_sql(statement).one(connection).await
}
