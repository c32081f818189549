//! Rows that are read most, decoded by the places of their columns.
//!
//! A derived `FromQueryResult` looks each column up by its name, and formats a message for each value that is null. Here,
//! the columns are expected in the order of the fields: of one that is at its place, the name is compared only.

use chrono::NaiveDate;
use entity::value::{ActivityStatus, LedgerReason, LogAction, PointsReason, Track};
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{ActiveEnum, ConnectionTrait, DbErr, FromQueryResult, QueryResult, RuntimeErr, Statement};
use sqlx::postgres::{PgRow, Postgres};
use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{Column, ColumnIndex, Decode, Row, Type};
use uuid::Uuid;

/// A row in the order of its columns.
pub(crate) struct Cells<'r> {
    row: DriverRow<'r>,
    place: usize,
}

enum DriverRow<'r> {
    Postgres(&'r PgRow),
    Sqlite(&'r SqliteRow),
}

impl<'r> Cells<'r> {
    /// The cells of a row, from the first one on.
    pub(crate) fn of(row: &'r QueryResult) -> Result<Self, DbErr> {
        let row = match (row.try_as_pg_row(), row.try_as_sqlite_row()) {
            (Some(row), _) => DriverRow::Postgres(row),
            (None, Some(row)) => DriverRow::Sqlite(row),
            (None, None) => return Err(DbErr::Custom("a row of an unknown engine".to_owned())),
        };
        Ok(Self { row, place: 0 })
    }

    /// The value of the next column, or, if that has another name, of the column with this one.
    pub(crate) fn take<T: Field>(&mut self, name: &str) -> Result<T, DbErr> {
        let value = T::read(self, name);
        self.place += 1;
        value
    }

    /// How many columns were taken.
    pub(crate) fn taken(&self) -> usize {
        self.place
    }

    /// Goes past the next columns.
    pub(crate) fn skip(&mut self, columns: usize) {
        self.place += columns;
    }

    /// Whether the next column has this name.
    pub(crate) fn is_next(&self, name: &str) -> bool {
        match self.row {
            DriverRow::Postgres(row) => is_at(row, self.place, name),
            DriverRow::Sqlite(row) => is_at(row, self.place, name),
        }
    }

    /// Whether the next column, which is a key, has a value.
    pub(crate) fn is_next_present(&self, name: &str) -> Result<bool, DbErr> {
        self.decode::<Uuid>(name).map(|key| key.is_some())
    }

    /// A value that the driver decodes; none for null.
    fn decode<T>(&self, name: &str) -> Result<Option<T>, DbErr>
    where
        T: for<'v> Decode<'v, Postgres> + Type<Postgres> + for<'v> Decode<'v, Sqlite> + Type<Sqlite>,
    {
        let value = match self.row {
            DriverRow::Postgres(row) => get(row, self.place, name),
            DriverRow::Sqlite(row) => get(row, self.place, name),
        };
        value.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
    }
}

fn get<'r, R, T>(row: &'r R, place: usize, name: &str) -> Result<Option<T>, sqlx::Error>
where
    R: Row,
    T: Decode<'r, R::Database> + Type<R::Database>,
    usize: ColumnIndex<R>,
    for<'n> &'n str: ColumnIndex<R>,
{
    if is_at(row, place, name) {
        // The statements and the schema are ours: the type of the column is not compared for each value.
        row.try_get_unchecked(place)
    } else {
        row.try_get(name)
    }
}

fn is_at<R: Row>(row: &R, place: usize, name: &str) -> bool {
    row.columns().get(place).is_some_and(|column| column.name() == name)
}

/// The type of a field.
pub(crate) trait Field: Sized {
    /// The value of the next column, or of the one with this name.
    fn read(cells: &Cells<'_>, name: &str) -> Result<Self, DbErr>;
}

/// A value that a column holds.
pub(crate) trait Cell: Sized {
    /// The value of the next column, or of the one with this name; none for null.
    fn read_nullable(cells: &Cells<'_>, name: &str) -> Result<Option<Self>, DbErr>;
}

impl<T: Cell> Field for T {
    fn read(cells: &Cells<'_>, name: &str) -> Result<Self, DbErr> {
        T::read_nullable(cells, name)?.ok_or_else(|| DbErr::Type(format!("the column {name} is null")))
    }
}

impl<T: Cell> Field for Option<T> {
    fn read(cells: &Cells<'_>, name: &str) -> Result<Self, DbErr> {
        T::read_nullable(cells, name)
    }
}

/// Values that the drivers decode.
macro_rules! decoded {
    ($($value:ty),*) => {
        $(impl Cell for $value {
            fn read_nullable(cells: &Cells<'_>, name: &str) -> Result<Option<Self>, DbErr> {
                cells.decode(name)
            }
        })*
    };
}

decoded!(Uuid, String, NaiveDate, DateTimeUtc, i32, i64);

/// Enums, which are stored as text.
macro_rules! texts {
    ($($value:ty),*) => {
        $(impl Cell for $value {
            fn read_nullable(cells: &Cells<'_>, name: &str) -> Result<Option<Self>, DbErr> {
                let text: Option<String> = cells.decode(name)?;
                text.map(|text| Self::try_from_value(&text)).transpose()
            }
        })*
    };
}

texts!(ActivityStatus, LedgerReason, LogAction, PointsReason, Track);

/// The next columns of a row as a struct whose fields stand in their order.
macro_rules! decode_cells {
    ($cells:expr => $($type:ident)::+ { $($field:ident),* $(,)? }) => {
        Ok($($type)::+ { $($field: $cells.take(stringify!($field))?),* })
    };
}
pub(crate) use decode_cells;

/// The next columns of a row, each into the field of its name.
macro_rules! take_cells {
    ($cells:expr => $row:ident { $($field:ident),* $(,)? }) => {
        $($row.$field = $cells.take(stringify!($field))?;)*
    };
}
pub(crate) use take_cells;

/// A row as a struct whose fields stand in the order of the columns.
macro_rules! decode_row {
    ($row:expr => $($type:ident)::+ { $($field:ident),* $(,)? }) => {{
        let mut cells = $crate::store::row::Cells::of($row)?;
        $crate::store::row::decode_cells!(cells => $($type)::+ { $($field),* })
    }};
}
pub(crate) use decode_row;

/// A row as its type is derived to read it.
pub(crate) fn derived<T: FromQueryResult>(row: &QueryResult) -> Result<T, DbErr> {
    T::from_query_result(row, "")
}

/// All rows of a statement.
pub(crate) async fn all<T>(
    connection: &impl ConnectionTrait,
    statement: Statement,
    decode: impl Fn(&QueryResult) -> Result<T, DbErr>,
) -> Result<Vec<T>, DbErr> {
    connection.query_all_raw(statement).await?.iter().map(decode).collect()
}
