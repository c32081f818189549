//! Rows as lines of text, for reading millions of them.
//!
//! A page is one text that the database composes: handing over a row costs a multiple of reading it, since a driver copies each
//! value, and `SQLite`'s hands every row from one thread to another.

use std::fmt::Write;
use std::str::Split;

use chrono::{DateTime, NaiveDate, SecondsFormat};
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Value};
use uuid::Uuid;

use super::sql::Sql;

/// Divides fields (unit separator). Where a text has one nevertheless, the line has too many fields.
const FIELD: char = '\u{1f}';
/// Divides rows (record separator). Where a text has one nevertheless, the page has too many lines.
const ROW: char = '\u{1e}';

/// What a column holds, as far as its text depends on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Id,
    /// A number or a day.
    Number,
    Moment,
    Text,
}

/// Columns with their forms.
pub(super) type Columns<'c> = &'c [(&'c str, Form)];

/// A statement for a page of lines: `$1` and `$2` divide rows and fields, and `rows` is what follows the columns of the
/// statement for the rows.
pub(super) fn pages(columns: Columns<'_>, rows: &str) -> Sql {
    let text = |is_postgres: bool| {
        let fields = columns.iter().map(|(name, form)| match (form, is_postgres) {
            (Form::Id, false) => format!("hex({name})"),
            (Form::Number | Form::Moment, false) => format!("COALESCE({name}, '')"),
            (Form::Id | Form::Number, true) => format!("COALESCE({name}::text, '')"),
            // The seconds are a floating-point number, which is exact to a microsecond once it is rounded to one.
            (Form::Moment, true) => {
                format!("COALESCE((date_part('epoch', {name}) * 1000000)::bigint::text, '')")
            }
            // A text of nothing is not no text.
            (Form::Text, _) => format!("COALESCE('=' || {name}, '')"),
        });
        let fields: Vec<String> = fields.collect();
        format!(
            "SELECT COUNT(*) AS count, COALESCE(string_agg(line, $1), '') AS page FROM \
             (SELECT concat_ws($2, {}) AS line {rows}) AS lines",
            fields.join(", ")
        )
    };
    Sql::per_engine(&text(false), &text(true))
}

/// Lines of rows. Their order is not promised.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    text: String,
    /// How many rows there are.
    pub(crate) count: i64,
}

impl Page {
    /// Reads a page; the values are those of `$3` on.
    pub(super) async fn read(
        connection: &impl ConnectionTrait,
        sql: &Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Self, DbErr> {
        let dividers = [ROW, FIELD].map(|one| one.to_string().into());
        let statement = sql.bind(connection.get_database_backend(), dividers.into_iter().chain(values));
        let Some(found) = connection.query_one_raw(statement).await? else { return Ok(Self::default()) };
        Ok(Self { text: found.try_get("", "page")?, count: found.try_get("", "count")? })
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.split_terminator(ROW)
    }

    /// The page without lines, if a text in it has a divider: they could be those of other rows.
    pub(super) fn whole(self) -> Self {
        let is_whole = i64::try_from(self.lines().count()) == Ok(self.count);
        if is_whole { self } else { Self { text: String::new(), count: self.count } }
    }

    /// The lines after their first field, with it.
    pub(super) fn keyed_lines(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines().filter_map(|line| line.split_once(FIELD))
    }
}

/// A field does not have the form of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Misshapen;

/// A value of a line; none for null.
type Field<T> = Result<Option<T>, Misshapen>;

/// A value that every row has.
pub(super) fn present<T>(field: Field<T>) -> Result<T, Misshapen> {
    field?.ok_or(Misshapen)
}

/// The fields of a line one after the other.
pub(super) struct Fields<'l> {
    fields: Split<'l, char>,
    is_postgres: bool,
}

impl<'l> Fields<'l> {
    pub(super) fn of(line: &'l str, backend: DbBackend) -> Self {
        Self { fields: line.split(FIELD), is_postgres: backend == DbBackend::Postgres }
    }

    fn next<T>(&mut self, read: impl Fn(&'l str) -> Option<T>) -> Field<T> {
        match self.fields.next().ok_or(Misshapen)? {
            "" => Ok(None),
            field => read(field).map(Some).ok_or(Misshapen),
        }
    }

    pub(super) fn id(&mut self) -> Field<Uuid> {
        self.next(|field| field.parse().ok())
    }

    pub(super) fn number(&mut self) -> Field<i64> {
        self.next(|field| field.parse().ok())
    }

    pub(super) fn day(&mut self) -> Field<NaiveDate> {
        self.next(day)
    }

    pub(super) fn moment(&mut self) -> Field<DateTimeUtc> {
        let is_postgres = self.is_postgres;
        self.next(|field| {
            if is_postgres {
                return DateTime::from_timestamp_micros(field.parse().ok()?);
            }
            DateTime::parse_from_rfc3339(field).ok().map(|moment| moment.to_utc())
        })
    }

    pub(super) fn text(&mut self) -> Field<&'l str> {
        self.next(|field| field.strip_prefix('='))
    }

    /// Whether there is no further field.
    pub(super) fn is_over(&mut self) -> bool {
        self.fields.next().is_none()
    }
}

/// A day as the databases write it, which takes a fraction of the time that a parser of all forms does.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

/// Writes the fields of a line one after the other, as a database composes it.
pub(super) struct Line<'l> {
    out: &'l mut String,
    is_postgres: bool,
    is_first: bool,
}

impl<'l> Line<'l> {
    pub(super) fn new(backend: DbBackend, line: &'l mut String) -> Self {
        Self { out: line, is_postgres: backend == DbBackend::Postgres, is_first: true }
    }

    fn next(&mut self) -> &mut String {
        if !self.is_first {
            self.out.push(FIELD);
        }
        self.is_first = false;
        self.out
    }

    pub(super) fn id(&mut self, id: Option<Uuid>) -> &mut Self {
        let mut buffer = Uuid::encode_buffer();
        let is_postgres = self.is_postgres;
        let line = self.next();
        if let Some(id) = id {
            line.push_str(if is_postgres {
                id.hyphenated().encode_lower(&mut buffer)
            } else {
                id.simple().encode_upper(&mut buffer)
            });
        }
        self
    }

    pub(super) fn number(&mut self, number: Option<i64>) -> &mut Self {
        let line = self.next();
        if let Some(number) = number {
            // Writing into a text does not fail.
            let _ = write!(line, "{number}");
        }
        self
    }

    pub(super) fn day(&mut self, day: Option<NaiveDate>) -> &mut Self {
        let line = self.next();
        if let Some(day) = day {
            let _ = write!(line, "{day}");
        }
        self
    }

    pub(super) fn moment(&mut self, moment: DateTimeUtc) -> &mut Self {
        if self.is_postgres {
            return self.number(Some(moment.timestamp_micros()));
        }
        // As the driver writes it.
        let text = moment.to_rfc3339_opts(SecondsFormat::AutoSi, false);
        self.next().push_str(&text);
        self
    }

    pub(super) fn text(&mut self, text: Option<&str>) -> &mut Self {
        let line = self.next();
        if let Some(text) = text {
            line.push('=');
            line.push_str(text);
        }
        self
    }
}
