//! Stored entries as lines of text, in the order of their ids, for comparing millions of them.
//!
//! Whoever knows what an entry should be composes its line as the database does, so that equal lines are equal entries and
//! nothing is parsed. Ids begin with the time of their creation, so their order is nearly that of the log.

use std::sync::LazyLock;

use entity::{ledger_entry, points_entry};
use sea_orm::{ActiveEnum, ConnectionTrait, DbBackend, DbErr};
use uuid::Uuid;

use super::lines::{self, Columns, Form, Line, Page};
use super::sql::Sql;

const LEDGER: [(&str, Form); 20] = [
    ("partner_id", Form::Id),
    ("number", Form::Number),
    ("log_seq", Form::Number),
    ("activity_id", Form::Id),
    ("order_id", Form::Id),
    ("deal_id", Form::Id),
    ("quote_id", Form::Id),
    ("effective_on", Form::Number),
    ("recorded_at", Form::Moment),
    ("reason", Form::Text),
    ("kind", Form::Text),
    ("edition_id", Form::Id),
    ("window_start", Form::Number),
    ("units_before", Form::Number),
    ("units_after", Form::Number),
    ("track", Form::Text),
    ("level_credits", Form::Number),
    ("spendable_credits", Form::Number),
    ("balance_after", Form::Number),
    ("day_after", Form::Number),
];

const POINTS: [(&str, Form); 17] = [
    ("professional_id", Form::Id),
    ("number", Form::Number),
    ("log_seq", Form::Number),
    ("activity_id", Form::Id),
    ("swag_order_id", Form::Id),
    ("effective_on", Form::Number),
    ("recorded_at", Form::Moment),
    ("reason", Form::Text),
    ("kind", Form::Text),
    ("edition_id", Form::Id),
    ("window_start", Form::Number),
    ("units_before", Form::Number),
    ("units_after", Form::Number),
    ("points", Form::Number),
    ("dojo_credits", Form::Number),
    ("dojo_balance_after", Form::Number),
    ("day_after", Form::Number),
];

/// A row whose entries have lines.
pub(crate) trait EntryLine {
    /// Appends the line of an entry, without its id, as a database composes it.
    fn write_line(&self, backend: DbBackend, line: &mut String);

    /// Pages of the table: ids after `$3`, at most `$4` rows.
    fn pages() -> &'static Sql;
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

fn pages(table: &str, columns: Columns<'_>) -> Sql {
    let columns: Vec<(&str, Form)> = [("id", Form::Id)].iter().chain(columns).copied().collect();
    lines::pages(&columns, &format!("FROM {table} WHERE id > $3 ORDER BY id LIMIT $4"))
}

impl EntryLine for ledger_entry::Model {
    fn write_line(&self, backend: DbBackend, line: &mut String) {
        let (reason, track) = (self.reason.to_value(), self.track.map(|track| track.to_value()));
        Line::new(backend, line)
            .id(Some(self.partner_id))
            .number(Some(self.number))
            .number(Some(self.log_seq))
            .id(self.activity_id)
            .id(self.order_id)
            .id(self.deal_id)
            .id(self.quote_id)
            .day(Some(self.effective_on))
            .moment(self.recorded_at)
            .text(Some(&reason))
            .text(self.kind.as_deref())
            .id(self.edition_id)
            .day(self.window_start)
            .number(self.units_before)
            .number(self.units_after)
            .text(track.as_deref())
            .number(Some(self.level_credits))
            .number(Some(self.spendable_credits))
            .number(Some(self.balance_after))
            .number(Some(self.day_after));
    }

    fn pages() -> &'static Sql {
        static SQL: LazyLock<Sql> = LazyLock::new(|| pages("ledger_entries", &LEDGER));
        &SQL
    }
}

impl EntryLine for points_entry::Model {
    fn write_line(&self, backend: DbBackend, line: &mut String) {
        let reason = self.reason.to_value();
        Line::new(backend, line)
            .id(Some(self.professional_id))
            .number(Some(self.number))
            .number(Some(self.log_seq))
            .id(self.activity_id)
            .id(self.swag_order_id)
            .day(Some(self.effective_on))
            .moment(self.recorded_at)
            .text(Some(&reason))
            .text(self.kind.as_deref())
            .id(self.edition_id)
            .day(self.window_start)
            .number(self.units_before)
            .number(self.units_after)
            .number(Some(self.points))
            .number(Some(self.dojo_credits))
            .number(Some(self.dojo_balance_after))
            .number(Some(self.day_after));
    }

    fn pages() -> &'static Sql {
        static SQL: LazyLock<Sql> = LazyLock::new(|| pages("points_entries", &POINTS));
        &SQL
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
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
            let expected = ledger_entries().map(|row| {
                let mut line = String::new();
                row.write_line(backend, &mut line);
                line
            });
            assert_eq!(
                (without_ids(&ledger.0).collect::<Vec<_>>(), ledger.1),
                (texts(&expected), Some(id(2)))
            );
            let points = after::<points_entry::Model>(connection, Uuid::nil(), 9).await.expect("a page");
            let expected = points_entries().map(|row| {
                let mut line = String::new();
                row.write_line(backend, &mut line);
                line
            });
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

    fn texts(lines: &[String; 2]) -> Vec<&str> {
        lines.iter().map(String::as_str).collect()
    }
}
