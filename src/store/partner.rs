//! Partners with their balances, and lists of them.

use std::sync::LazyLock;

use chrono::NaiveDate;
use entity::{partner, partner_balance};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryResult};
use uuid::Uuid;

use super::row::{Cells, take_cells};
use super::subject::{EARLIEST, Subject, SubjectSql};

/// A partner with its balance.
///
/// What is ahead of a partner is read by whoever writes, and by lists in the order of it ([`PartnerRow::is_whole`]): the
/// columns of all other reads are those up to `expires_on`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerRow {
    /// Key.
    pub id: Uuid,
    /// Unique code.
    pub code: String,
    /// Display name.
    pub name: String,
    /// First day in the program.
    pub enrolled_on: NaiveDate,
    /// Last day in the program; none while the partner takes part.
    pub left_on: Option<NaiveDate>,
    /// Overrides of levels so far: a JSON list, or none.
    pub level_overrides: Option<String>,
    /// The partner that it was merged into.
    pub merged_into: Option<Uuid>,
    /// Codes of partners that were merged into it: a JSON list, or none.
    pub former_codes: Option<String>,
    /// Spendable credits.
    pub credits: i64,
    /// Number of the last ledger entry.
    pub entries: i64,
    /// A day before which no credits expire; none if nothing expires.
    pub expires_on: Option<NaiveDate>,
    /// Whether the fields from here up to the credits of a year were read.
    pub is_whole: bool,
    /// Level credits of all time.
    pub level_credits: i64,
    /// When the last step about the partner was recorded.
    pub last_recorded_at: Option<sea_orm::prelude::DateTimeUtc>,
    /// Code of the technical level as last emitted; none before it was first computed.
    pub technical_level: Option<String>,
    /// Code of the business level as last emitted.
    pub business_level: Option<String>,
    /// The first day on which a level may change by time alone.
    pub levels_due: NaiveDate,
    /// Level credits missing for the next level: technical.
    pub technical_to_next: Option<i64>,
    /// The same: business.
    pub business_to_next: Option<i64>,
    /// The first day on which the level no longer holds: technical.
    pub technical_lapses_on: Option<NaiveDate>,
    /// The same: business.
    pub business_lapses_on: Option<NaiveDate>,
    /// Level credits of the year that a list is ordered by; none in other lists, or without any.
    pub year_credits: Option<i64>,
    /// The technical ones among them.
    pub year_technical: Option<i64>,
    /// The year that they are of.
    pub credits_year: Option<i32>,
}

impl FromQueryResult for PartnerRow {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Self::read(&mut Cells::of(row)?)
    }
}

impl From<partner::Model> for PartnerRow {
    /// A new partner without entries.
    fn from(row: partner::Model) -> Self {
        Self {
            id: row.id,
            code: row.code,
            name: row.name,
            enrolled_on: row.enrolled_on,
            left_on: row.left_on,
            level_overrides: row.level_overrides,
            merged_into: row.merged_into,
            former_codes: row.former_codes,
            is_whole: true,
            ..Self::EMPTY
        }
    }
}

impl PartnerRow {
    const EMPTY: Self = Self {
        id: Uuid::nil(),
        code: String::new(),
        name: String::new(),
        enrolled_on: EARLIEST,
        left_on: None,
        level_overrides: None,
        merged_into: None,
        former_codes: None,
        credits: 0,
        entries: 0,
        expires_on: None,
        is_whole: false,
        level_credits: 0,
        last_recorded_at: None,
        technical_level: None,
        business_level: None,
        levels_due: EARLIEST,
        technical_to_next: None,
        business_to_next: None,
        technical_lapses_on: None,
        business_lapses_on: None,
        year_credits: None,
        year_technical: None,
        credits_year: None,
    };

    /// The next columns of a row.
    pub(super) fn read(cells: &mut Cells<'_>) -> Result<Self, DbErr> {
        let mut row = Self::EMPTY;
        take_cells!(cells => row { id, code, name, enrolled_on, left_on, level_overrides, merged_into, former_codes, credits, entries, expires_on });
        row.is_whole = cells.is_next("level_credits");
        if row.is_whole {
            take_cells!(cells => row { level_credits, last_recorded_at, technical_level, business_level, levels_due, technical_to_next, business_to_next, technical_lapses_on, business_lapses_on });
        }
        if cells.is_next("year_credits") {
            take_cells!(cells => row { year_credits, year_technical, credits_year });
        }
        Ok(row)
    }

    /// Sets what is ahead of the partner: technical, business.
    pub(crate) fn set_prospects(&mut self, to_next: [i64; 2], lapses_on: [NaiveDate; 2]) {
        [self.technical_to_next, self.business_to_next] = to_next.map(Some);
        [self.technical_lapses_on, self.business_lapses_on] = lapses_on.map(Some);
    }

    /// Level credits missing for the next level in the track that misses fewer.
    #[must_use]
    pub fn least_to_next(&self) -> Option<i64> {
        self.technical_to_next.min(self.business_to_next)
    }

    /// The first day on which a level no longer holds.
    #[must_use]
    pub fn first_lapses_on(&self) -> Option<NaiveDate> {
        self.technical_lapses_on.min(self.business_lapses_on)
    }

    /// The balance with its levels.
    pub(crate) fn balance(
        &self,
        last_recorded_at: Option<sea_orm::prelude::DateTimeUtc>,
    ) -> partner_balance::Model {
        // A part of a balance would be written over all of it.
        assert!(self.is_whole, "the partner was read for showing only");
        partner_balance::Model {
            partner_id: self.id,
            credits: self.credits,
            level_credits: self.level_credits,
            entries: self.entries,
            last_recorded_at,
            technical_level: self.technical_level.clone(),
            business_level: self.business_level.clone(),
            levels_due: self.levels_due,
            technical_to_next: self.technical_to_next,
            business_to_next: self.business_to_next,
            least_to_next: self.least_to_next(),
            technical_lapses_on: self.technical_lapses_on,
            business_lapses_on: self.business_lapses_on,
            first_lapses_on: self.first_lapses_on(),
            expires_on: self.expires_on,
        }
    }
}

impl Subject for PartnerRow {
    type Model = partner::Model;
    const TABLE: &'static str = "partners";
    const BALANCES: &'static str = "partner_balances";
    const ID: &'static str = "partner_id";
    const LEVEL_DUE: &'static str = "levels_due";
    const AHEAD: &'static str = "first_lapses_on";

    fn own_code(&self) -> &str {
        &self.code
    }

    fn other_codes(&self) -> Option<&str> {
        self.former_codes.as_deref()
    }

    fn columns() -> String {
        COLUMNS.to_owned()
    }

    fn whole_columns() -> String {
        format!("{COLUMNS}, {AHEAD}")
    }

    fn sql() -> &'static SubjectSql {
        static SQL: LazyLock<SubjectSql> = LazyLock::new(SubjectSql::new::<PartnerRow>);
        &SQL
    }
}

/// The columns of every row.
pub(super) const COLUMNS: &str = "p.id, p.code, p.name, p.enrolled_on, p.left_on, p.level_overrides, p.merged_into, \
                                  p.former_codes, b.credits, b.entries, b.expires_on";
/// The further columns of a whole one.
const AHEAD: &str = "b.level_credits, b.last_recorded_at, b.technical_level, b.business_level, b.levels_due, \
                     b.technical_to_next, b.business_to_next, b.technical_lapses_on, b.business_lapses_on";

/// Sets the key by which a partner is searched.
pub(crate) async fn set_search_key(
    connection: &impl ConnectionTrait,
    id: Uuid,
    key: String,
) -> Result<(), DbErr> {
    let row = partner::ActiveModel {
        id: sea_orm::Unchanged(id),
        search_key: sea_orm::Set(Some(key)),
        ..Default::default()
    };
    partner::Entity::update(row).exec(connection).await.map(drop)
}

/// Inserts partners with their initial balances, and the levels that a function sets.
pub(crate) async fn insert(
    connection: &impl ConnectionTrait,
    rows: Vec<partner::Model>,
    set_levels: impl Fn(&mut PartnerRow),
) -> Result<(), DbErr> {
    let balances = rows.iter().map(|row| {
        let mut row = PartnerRow::from(row.clone());
        set_levels(&mut row);
        row.balance(None)
    });
    let balances: Vec<_> = balances.collect();
    super::insert_all(connection, rows).await?;
    super::insert_all(connection, balances).await
}
