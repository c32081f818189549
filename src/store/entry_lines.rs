//! Stored entries as lines of text, in the order of their ids, for comparing millions of them.
//!
//! Whoever knows what an entry should be composes its line as the database does, so that equal lines are equal entries and
//! nothing is parsed. Ids begin with the time of their creation, so their order is nearly that of the log.

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::NaiveDate;
use entity::{ledger_entry, points_entry};
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{ActiveEnum, ConnectionTrait, DbBackend, DbErr};
use uuid::Uuid;

use super::lines::{self, Form, Line, Page};
use super::sql::Sql;

/// How a column of rows of a type is read from one.
pub(crate) enum Read<R> {
    Id(fn(&R) -> Option<Uuid>),
    Number(fn(&R) -> Option<i64>),
    Day(fn(&R) -> Option<NaiveDate>),
    Moment(fn(&R) -> DateTimeUtc),
    Text(fn(&R) -> Option<Cow<'_, str>>),
}

impl<R> Read<R> {
    fn form(&self) -> Form {
        match self {
            Self::Id(_) => Form::Id,
            Self::Number(_) | Self::Day(_) => Form::Number,
            Self::Moment(_) => Form::Moment,
            Self::Text(_) => Form::Text,
        }
    }

    fn write(&self, row: &R, line: &mut Line<'_>) {
        match self {
            Self::Id(of) => line.id(of(row)),
            Self::Number(of) => line.number(of(row)),
            Self::Day(of) => line.day(of(row)),
            Self::Moment(of) => line.moment(of(row)),
            Self::Text(of) => line.text(of(row).as_deref()),
        };
    }
}

/// A row whose entries have lines.
pub(crate) trait EntryLine: Sized + 'static {
    /// Its table.
    const TABLE: &'static str;
    /// Its columns, without the id, in the order of a line.
    const COLUMNS: &'static [(&'static str, Read<Self>)];

    /// Pages of the table: ids after `$3`, at most `$4` rows.
    fn pages() -> &'static Sql;

    /// Appends the line of an entry, without its id, as a database composes it.
    fn write_line(&self, backend: DbBackend, line: &mut String) {
        let mut line = Line::new(backend, line);
        for (_, column) in Self::COLUMNS {
            column.write(self, &mut line);
        }
    }
}

impl EntryLine for ledger_entry::Model {
    const TABLE: &'static str = "ledger_entries";
    const COLUMNS: &'static [(&'static str, Read<Self>)] = &[
        ("partner_id", Read::Id(|row| Some(row.partner_id))),
        ("number", Read::Number(|row| Some(row.number))),
        ("log_seq", Read::Number(|row| Some(row.log_seq))),
        ("activity_id", Read::Id(|row| row.activity_id)),
        ("order_id", Read::Id(|row| row.order_id)),
        ("deal_id", Read::Id(|row| row.deal_id)),
        ("quote_id", Read::Id(|row| row.quote_id)),
        ("effective_on", Read::Day(|row| Some(row.effective_on))),
        ("recorded_at", Read::Moment(|row| row.recorded_at)),
        ("reason", Read::Text(|row| Some(row.reason.to_value().into()))),
        ("kind", Read::Text(|row| row.kind.as_deref().map(Cow::from))),
        ("edition_id", Read::Id(|row| row.edition_id)),
        ("window_start", Read::Day(|row| row.window_start)),
        ("units_before", Read::Number(|row| row.units_before)),
        ("units_after", Read::Number(|row| row.units_after)),
        ("track", Read::Text(|row| row.track.map(|track| track.to_value().into()))),
        ("level_credits", Read::Number(|row| Some(row.level_credits))),
        ("spendable_credits", Read::Number(|row| Some(row.spendable_credits))),
        ("balance_after", Read::Number(|row| Some(row.balance_after))),
        ("day_after", Read::Number(|row| Some(row.day_after))),
    ];

    fn pages() -> &'static Sql {
        static SQL: LazyLock<Sql> = LazyLock::new(pages::<ledger_entry::Model>);
        &SQL
    }
}

impl EntryLine for points_entry::Model {
    const TABLE: &'static str = "points_entries";
    const COLUMNS: &'static [(&'static str, Read<Self>)] = &[
        ("professional_id", Read::Id(|row| Some(row.professional_id))),
        ("number", Read::Number(|row| Some(row.number))),
        ("log_seq", Read::Number(|row| Some(row.log_seq))),
        ("activity_id", Read::Id(|row| row.activity_id)),
        ("swag_order_id", Read::Id(|row| row.swag_order_id)),
        ("effective_on", Read::Day(|row| Some(row.effective_on))),
        ("recorded_at", Read::Moment(|row| row.recorded_at)),
        ("reason", Read::Text(|row| Some(row.reason.to_value().into()))),
        ("kind", Read::Text(|row| row.kind.as_deref().map(Cow::from))),
        ("edition_id", Read::Id(|row| row.edition_id)),
        ("window_start", Read::Day(|row| row.window_start)),
        ("units_before", Read::Number(|row| row.units_before)),
        ("units_after", Read::Number(|row| row.units_after)),
        ("points", Read::Number(|row| Some(row.points))),
        ("dojo_credits", Read::Number(|row| Some(row.dojo_credits))),
        ("dojo_balance_after", Read::Number(|row| Some(row.dojo_balance_after))),
        ("day_after", Read::Number(|row| Some(row.day_after))),
    ];

    fn pages() -> &'static Sql {
        static SQL: LazyLock<Sql> = LazyLock::new(pages::<points_entry::Model>);
        &SQL
    }
}

fn pages<R: EntryLine>() -> Sql {
    let columns = R::COLUMNS.iter().map(|(name, column)| (*name, column.form()));
    let columns: Vec<(&str, Form)> = [("id", Form::Id)].into_iter().chain(columns).collect();
    lines::pages(&columns, &format!("FROM {} WHERE id > $3 ORDER BY id LIMIT $4", R::TABLE))
}

/// Entries after an id, at most `limit` of them, and the id of the last one.
pub(crate) async fn after<R: EntryLine>(
    connection: &impl ConnectionTrait,
    id: Uuid,
    limit: i64,
) -> Result<(Page, Option<Uuid>), DbErr> {
    let page = Page::read(connection, R::pages(), [id.into(), limit.into()]).await?;
    let last = page.keyed_lines().map(|(id, _)| id).max().and_then(|id| id.parse().ok());
    Ok((page.whole(), last))
}

/// The lines of a page without their ids.
pub(crate) fn without_ids(page: &Page) -> impl Iterator<Item = &str> {
    page.keyed_lines().map(|(_, line)| line)
}

#[cfg(test)]
mod tests {
    use entity::value::{LedgerReason, PointsReason, Track};
    use sea_orm::{ActiveModelTrait, IntoActiveModel};

    use super::*;
    use crate::store::test_databases::on_each;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    /// An entry of everything that one can have, and another one of nothing.
    fn ledger_entries() -> [ledger_entry::Model; 2] {
        let full = ledger_entry::Model {
            id: Uuid::from_u128(1),
            partner_id: Uuid::from_u128(0xAB << 96),
            number: 1,
            log_seq: 7,
            activity_id: Some(id(0xCD)),
            order_id: Some(id(2)),
            deal_id: Some(id(3)),
            quote_id: Some(id(4)),
            effective_on: day("2024-02-29"),
            recorded_at: "2026-01-02T03:04:05.006007Z".parse().expect("a moment"),
            reason: LedgerReason::Activity,
            kind: Some("DOJO_PROFILE".to_owned()),
            edition_id: Some(id(5)),
            window_start: Some(day("2024-01-01")),
            units_before: Some(0),
            units_after: Some(i64::MAX),
            track: Some(Track::Business),
            level_credits: -1,
            spendable_credits: -2,
            balance_after: 3,
            day_after: i64::MIN,
        };
        let empty = ledger_entry::Model {
            id: Uuid::from_u128(2),
            number: 2,
            activity_id: None,
            order_id: None,
            deal_id: None,
            quote_id: None,
            recorded_at: "2026-01-02T03:04:05Z".parse().expect("a moment"),
            reason: LedgerReason::Expiry,
            kind: None,
            edition_id: None,
            window_start: None,
            units_before: None,
            units_after: None,
            track: None,
            ..full.clone()
        };
        [full, empty]
    }

    fn points_entries() -> [points_entry::Model; 2] {
        let full = points_entry::Model {
            id: Uuid::from_u128(1),
            professional_id: Uuid::from_u128(0xEF << 96),
            number: 1,
            log_seq: 7,
            activity_id: Some(id(0xCD)),
            swag_order_id: Some(id(2)),
            effective_on: day("2024-02-29"),
            recorded_at: "2026-01-02T03:04:05.006Z".parse().expect("a moment"),
            reason: PointsReason::Void,
            kind: Some(String::new()),
            edition_id: Some(id(5)),
            window_start: Some(day("2024-01-01")),
            units_before: Some(-4),
            units_after: Some(4),
            points: -25,
            dojo_credits: -50,
            dojo_balance_after: -1,
            day_after: 0,
        };
        let empty = points_entry::Model {
            id: Uuid::from_u128(2),
            number: 2,
            activity_id: None,
            swag_order_id: None,
            recorded_at: "2026-01-02T03:04:05Z".parse().expect("a moment"),
            reason: PointsReason::Redemption,
            kind: None,
            edition_id: None,
            window_start: None,
            units_before: None,
            units_after: None,
            ..full.clone()
        };
        [full, empty]
    }

    #[tokio::test]
    async fn equal_entries_have_equal_lines() {
        on_each(async |connection| {
            let backend = connection.get_database_backend();
            for row in ledger_entries() {
                row.into_active_model().insert(connection).await.expect("an entry");
            }
            for row in points_entries() {
                row.into_active_model().insert(connection).await.expect("an entry");
            }
            let ledger = after::<ledger_entry::Model>(connection, Uuid::nil(), 9).await.expect("a page");
            let expected = ledger_entries().map(|row| line(&row, backend));
            assert_eq!(
                (without_ids(&ledger.0).collect::<Vec<_>>(), ledger.1),
                (texts(&expected), Some(id(2)))
            );
            let points = after::<points_entry::Model>(connection, Uuid::nil(), 9).await.expect("a page");
            let expected = points_entries().map(|row| line(&row, backend));
            assert_eq!(
                (without_ids(&points.0).collect::<Vec<_>>(), points.1),
                (texts(&expected), Some(id(2)))
            );
            for (since, limit, expected) in
                [(0, 1, (1, Some(id(1)))), (1, 9, (1, Some(id(2)))), (2, 9, (0, None))]
            {
                let page = after::<points_entry::Model>(connection, Uuid::from_u128(since), limit).await;
                let (page, last) = page.expect("a page");
                assert_eq!((page.count, last), expected, "after {since}");
            }
        })
        .await;
    }

    /// A text could pretend to be the line of an entry that is another one.
    #[tokio::test]
    async fn a_page_with_a_divider_of_rows_in_a_text_has_no_lines() {
        on_each(async |connection| {
            let [mut full, empty] = points_entries();
            let copied = line(&empty, connection.get_database_backend());
            full.kind = Some(format!("DOJO_PROFILE\u{1e}{}\u{1f}{copied}", id(3)));
            for row in [full, empty] {
                row.into_active_model().insert(connection).await.expect("an entry");
            }
            let (page, _) = after::<points_entry::Model>(connection, Uuid::nil(), 9).await.expect("a page");
            assert_eq!((page.count, without_ids(&page).count()), (2, 0));
            let (page, _) = after::<points_entry::Model>(connection, id(1), 9).await.expect("a page");
            assert_eq!((page.count, without_ids(&page).collect::<Vec<_>>()), (1, vec![copied.as_str()]));
        })
        .await;
    }

    fn line<R: EntryLine>(row: &R, backend: DbBackend) -> String {
        let mut line = String::new();
        row.write_line(backend, &mut line);
        line
    }

    fn texts(lines: &[String; 2]) -> Vec<&str> {
        lines.iter().map(String::as_str).collect()
    }
}
