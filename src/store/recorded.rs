//! Activities that a step of the log recorded, with no more than their awards depend on, for folding millions of them.
//!
//! A page is one text that the database composes. Handing over a row costs a multiple of reading it: a driver copies each
//! value, and `SQLite`'s hands every row from one thread to another. Fields are divided by control characters, which
//! neither codes of kinds nor JSON contain.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use super::lines::day;
use super::merge::FormerOwner;
use super::sql::{Sql, sql};

/// Divides fields (unit separator).
const FIELD: char = '\u{1f}';
/// Divides rows (record separator).
const ROW: char = '\u{1e}';

/// A page of recorded activities, in the order of the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordedPage {
    text: String,
    /// Byte at which the next row begins.
    next: usize,
}

/// An activity as it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recorded<'p> {
    /// Place in the log of the step that recorded it.
    pub(crate) seq: i64,
    /// Whether it is a partner's; else it is a professional's.
    pub(crate) is_partner: bool,
    /// Whose it is.
    pub(crate) subject: Uuid,
    /// Code of the kind.
    pub(crate) kind: &'p str,
    pub(crate) occurred_on: NaiveDate,
    pub(crate) quantity: i64,
    /// Graded points as received.
    pub(crate) points: Option<i64>,
    /// Attributes as a JSON object.
    pub(crate) attributes: &'p str,
}

impl RecordedPage {
    /// Whether every row was taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.next >= self.text.len()
    }

    /// Takes the next row unless its place is after `through`.
    ///
    /// # Errors
    /// When the row is not of the form of the statement.
    pub(crate) fn take_through(&mut self, through: i64) -> Result<Option<Recorded<'_>>, DbErr> {
        if self.is_empty() {
            return Ok(None);
        }
        let rest = &self.text[self.next..];
        let row = rest.find(ROW).map_or(rest, |end| &rest[..end]);
        let read = read(row).ok_or_else(|| DbErr::Type("a recorded activity has another form".to_owned()))?;
        if read.seq > through {
            return Ok(None);
        }
        self.next += row.len() + ROW.len_utf8();
        Ok(Some(read))
    }
}

fn read(row: &str) -> Option<Recorded<'_>> {
    let mut fields = row.split(FIELD);
    let mut field = || fields.next();
    Some(Recorded {
        seq: field()?.parse().ok()?,
        is_partner: field()? == "1",
        subject: field()?.parse().ok()?,
        kind: field()?,
        occurred_on: day(field()?)?,
        quantity: field()?.parse().ok()?,
        points: field().map(|points| (!points.is_empty()).then(|| points.parse()).transpose())?.ok()?,
        attributes: field()?,
    })
}

/// Recorded activities after a place in the log, at most `limit` of them: the page, how many they are, and the place of the
/// last one.
pub(crate) async fn after(
    connection: &impl ConnectionTrait,
    seq: i64,
    limit: i64,
) -> Result<(RecordedPage, i64, i64), DbErr> {
    static AFTER: LazyLock<Sql> = LazyLock::new(|| {
        let text = |id: &str| {
            format!(
                "SELECT COUNT(*) AS count, COALESCE(MAX(seq), 0) AS last, \
                 COALESCE(string_agg(line, $3), '') AS page FROM (SELECT seq, \
                 concat_ws($4, seq, CASE WHEN partner_id IS NULL THEN 0 ELSE 1 END, {id}, kind, occurred_on, \
                 quantity, COALESCE(CAST(points AS TEXT), ''), attributes) AS line \
                 FROM activities WHERE seq > $1 ORDER BY seq LIMIT $2) AS recorded"
            )
        };
        Sql::per_engine(
            &text("hex(COALESCE(partner_id, professional_id))"),
            &text("COALESCE(partner_id, professional_id)"),
        )
    });
    let [row, field] = [ROW, FIELD].map(|one| one.to_string().into());
    let statement = AFTER.bind(connection.get_database_backend(), [seq.into(), limit.into(), row, field]);
    let Some(found) = connection.query_one_raw(statement).await? else {
        return Ok((RecordedPage::default(), 0, 0));
    };
    let page = RecordedPage { text: in_order(found.try_get("", "page")?)?, next: 0 };
    Ok((page, found.try_get("", "count")?, found.try_get("", "last")?))
}

/// A page with its rows in the order of their places. The databases compose it in the order in which they read the rows, which
/// is that order already, though they do not promise it; having them sort it costs more than looking here.
fn in_order(page: String) -> Result<String, DbErr> {
    let place = |row: &str| row.split(FIELD).next().and_then(|seq| seq.parse::<i64>().ok());
    let places: Option<Vec<i64>> = page.split_terminator(ROW).map(place).collect();
    let places = places.ok_or_else(|| DbErr::Type("a recorded activity has another form".to_owned()))?;
    if places.is_sorted() {
        return Ok(page);
    }
    let mut rows: Vec<(i64, &str)> = places.into_iter().zip(page.split_terminator(ROW)).collect();
    rows.sort_unstable_by_key(|(place, _)| *place);
    let rows: Vec<&str> = rows.into_iter().map(|(_, row)| row).collect();
    Ok(rows.join(ROW.encode_utf8(&mut [0; 4])))
}

/// Whose each merged activity was before, by the place of its recording, in the order of the merges.
pub(crate) async fn former_owners(
    connection: &impl ConnectionTrait,
) -> Result<HashMap<i64, Vec<(i64, Uuid)>>, DbErr> {
    #[derive(FromQueryResult)]
    struct Of {
        seq: i64,
        #[sea_orm(nested)]
        owner: FormerOwner,
    }
    sql!(
        FORMER,
        "SELECT a.seq, m.object_id, m.log_seq, m.from_id FROM merged_objects m \
         JOIN activities a ON a.id = m.object_id ORDER BY m.log_seq, m.object_id"
    );
    let found = Of::find_by_statement(FORMER.bind(connection.get_database_backend(), []));
    let mut owners: HashMap<i64, Vec<(i64, Uuid)>> = HashMap::new();
    for Of { seq, owner } in found.all(connection).await? {
        owners.entry(seq).or_default().push((owner.log_seq, owner.from_id));
    }
    Ok(owners)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: &[[&str; 8]]) -> RecordedPage {
        let rows: Vec<String> = rows.iter().map(|row| row.join(&FIELD.to_string())).collect();
        RecordedPage { text: rows.join(&ROW.to_string()), next: 0 }
    }

    #[test]
    fn rows_are_taken_in_order_and_no_further_than_asked() {
        let id = "0190A1B2C3D47E5F8091A2B3C4D5E6F7";
        let attributes = r#"{"note":"a, b; c"}"#;
        let mut page = page(&[
            ["3", "1", id, "BLOG_POST", "2026-02-28", "2", "", "{}"],
            ["5", "0", id, "CHALLENGE", "2026-03-01", "1", "40", attributes],
        ]);
        let first = page.take_through(4).expect("a row").expect("one row");
        let subject = id.parse().expect("an id");
        let day = |text: &str| text.parse().expect("a day");
        assert_eq!((first.seq, first.is_partner, first.subject), (3, true, subject));
        assert_eq!((first.kind, first.occurred_on, first.quantity), ("BLOG_POST", day("2026-02-28"), 2));
        assert_eq!((first.points, first.attributes), (None, "{}"));
        assert_eq!(page.take_through(4).expect("a page"), None);
        assert!(!page.is_empty());
        let second = page.take_through(i64::MAX).expect("a row").expect("one row");
        assert_eq!((second.seq, second.is_partner, second.points), (5, false, Some(40)));
        assert_eq!(second.attributes, attributes);
        assert!(page.is_empty());
        assert_eq!(page.take_through(i64::MAX).expect("a page"), None);
    }

    #[test]
    fn a_page_in_another_order_is_sorted() {
        let row = |seq: &str| [seq, "1", "id"].join(&FIELD.to_string());
        let page =
            |places: &[&str]| places.iter().map(|seq| row(seq)).collect::<Vec<_>>().join(&ROW.to_string());
        for places in [&["9", "10", "11"][..], &["11", "9", "10"], &["10"], &[]] {
            let mut sorted = places.to_vec();
            sorted.sort_unstable_by_key(|seq| seq.parse::<i64>().expect("a place"));
            assert_eq!(in_order(page(places)).expect("a page"), page(&sorted), "{places:?}");
        }
        assert!(in_order("no place".to_owned()).is_err());
    }

    #[test]
    fn a_row_of_another_form_is_refused() {
        let mut page = page(&[["3", "1", "no id", "BLOG_POST", "2026-02-28", "2", "", "{}"]]);
        assert!(page.take_through(9).is_err());
    }
}
