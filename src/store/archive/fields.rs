//! Lines of an archive as values of columns, checked before a database gets them.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de::value::MapAccessDeserializer};
use serde_json::Value as Json;
use uuid::Uuid;

use super::tables::{Column, Kind, Table};

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field<'l> {
    Null,
    Bool(bool),
    Number(i64),
    Id(Uuid),
    /// As `2026-08-31`.
    Day(Cow<'l, str>),
    /// As `2026-08-31T10:00:00.000000Z`.
    Moment(Cow<'l, str>),
    Text(Cow<'l, str>),
}

/// Reads the rows of a table.
#[derive(Debug)]
pub(super) struct RowReader<'t> {
    table: &'t Table,
    /// Words that a column was found to have: each is asked for once.
    words: Vec<Vec<String>>,
}

impl<'t> RowReader<'t> {
    pub(super) fn new(table: &'t Table) -> Self {
        Self { table, words: vec![Vec::new(); table.columns.len()] }
    }

    /// Reads a line into one field for each column.
    ///
    /// # Errors
    /// Says what does not fit.
    pub(super) fn read<'l>(&mut self, line: &'l [u8], fields: &mut Vec<Field<'l>>) -> Result<(), String> {
        let mut cells: Vec<Option<Cell<'l>>> = Vec::new();
        cells.resize_with(self.table.columns.len(), || None);
        let mut unknown = None;
        let row = Row { table: self.table, cells: &mut cells, unknown: &mut unknown };
        let mut json = serde_json::Deserializer::from_slice(line);
        row.deserialize(&mut json)
            .and_then(|()| json.end())
            .map_err(|_| "a row is no JSON object".to_owned())?;
        fields.clear();
        for (index, (column, cell)) in self.table.columns.iter().zip(cells).enumerate() {
            let field = field(column, cell).map_err(|text| format!("{} {text}", column.name))?;
            let is_known = match &field {
                Field::Null => !column.is_required,
                Field::Text(word) if column.is_word => self.has_word(index, word),
                _ => true,
            };
            if !is_known {
                return Err(format!("{} has no known value", column.name));
            }
            fields.push(field);
        }
        unknown.map_or(Ok(()), |column| Err(format!("there is no column {column}")))
    }

    fn has_word(&mut self, index: usize, word: &str) -> bool {
        if self.words[index].iter().any(|known| known == word) {
            return true;
        }
        let is_known = (self.table.has_word)(self.table.columns[index].name, word);
        if is_known {
            self.words[index].push(word.to_owned());
        }
        is_known
    }
}

fn field<'l>(column: &Column, cell: Option<Cell<'l>>) -> Result<Field<'l>, String> {
    let Some(cell) = cell else { return Ok(Field::Null) };
    let not = |found: &Cell<'_>, what: &str| Err(format!("is {found}, which is not {what}"));
    match (column.kind, cell) {
        (Kind::Bool, Cell::Bool(value)) => Ok(Field::Bool(value)),
        (Kind::Bool, other) => Err(format!("is {other}, which is neither true nor false")),
        (Kind::Int, Cell::Number(number)) if i32::try_from(number).is_err() => {
            Err("is beyond the range".to_owned())
        }
        (Kind::Int | Kind::BigInt, Cell::Number(number)) => Ok(Field::Number(number)),
        (Kind::Int | Kind::BigInt, other) => not(&other, "a whole number"),
        (Kind::Id, Cell::Text(text)) => match text.parse() {
            Ok(id) => Ok(Field::Id(id)),
            Err(_) => not(&Cell::Text(text), "an id"),
        },
        (Kind::Id, other) => not(&other, "an id"),
        (Kind::Day, Cell::Text(text)) if is_day(text.as_bytes()) => Ok(Field::Day(text)),
        (Kind::Day, Cell::Text(text)) => match text.parse::<NaiveDate>() {
            Ok(day) => Ok(Field::Day(day.to_string().into())),
            Err(_) => not(&Cell::Text(text), "a date"),
        },
        (Kind::Day, other) => not(&other, "a date"),
        (Kind::Moment, Cell::Text(text)) if is_moment(text.as_bytes()) => Ok(Field::Moment(text)),
        (Kind::Moment, Cell::Text(text)) => match text.parse::<DateTime<Utc>>() {
            Ok(at) => Ok(Field::Moment(at.to_rfc3339_opts(SecondsFormat::Micros, true).into())),
            Err(_) => not(&Cell::Text(text), "a time"),
        },
        (Kind::Moment, other) => not(&other, "a time"),
        // One of the engines takes it, and then no archive of its rows fits the other one.
        (Kind::Text, Cell::Text(text)) if text.contains('\0') => {
            Err("has the character U+0000, which no text has".to_owned())
        }
        (Kind::Text, Cell::Text(text)) => Ok(Field::Text(text)),
        (Kind::Text, other) => not(&other, "a text"),
    }
}

/// The number that digits stand for.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum: u32, digit| {
        digit.is_ascii_digit().then(|| sum.wrapping_mul(10).wrapping_add(u32::from(digit - b'0')))
    })
}

/// Whether a text is a day as an archive has it.
fn is_day(text: &[u8]) -> bool {
    let [years @ .., b'-', m, n, b'-', d, e] = text else { return false };
    let parts = (number(years), number(&[*m, *n]), number(&[*d, *e]));
    let (Some(year), Some(month), Some(day)) = parts else { return false };
    let year = i32::try_from(year).unwrap_or_default();
    years.len() == 4 && NaiveDate::from_ymd_opt(year, month, day).is_some()
}

/// Whether a text is a moment as an archive has it.
fn is_moment(text: &[u8]) -> bool {
    let Some((day, time)) = text.split_at_checked(10) else { return false };
    let [b'T', clock @ .., b'Z'] = time else { return false };
    let Some((clock, fraction)) = clock.split_at_checked(9) else { return false };
    let parts = [(b':', 24), (b':', 60), (b'.', 60)];
    let is_clock = clock
        .chunks(3)
        .zip(parts)
        .all(|(part, (end, limit))| part[2] == end && number(&part[..2]).is_some_and(|it| it < limit));
    is_day(day) && is_clock && fraction.len() == 6 && number(fraction).is_some()
}

/// A value of a line.
#[derive(Debug)]
enum Cell<'l> {
    Bool(bool),
    Number(i64),
    Text(Cow<'l, str>),
    /// What no column has.
    Other(Json),
}

impl std::fmt::Display for Cell<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Number(number) => write!(formatter, "{number}"),
            Self::Text(text) => write!(formatter, "{text:?}"),
            Self::Other(json) => write!(formatter, "{json}"),
        }
    }
}

impl<'de> Deserialize<'de> for Cell<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell<'de>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Cell::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Cell::Number(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or_else(|_| Cell::Other(Json::from(value)), Cell::Number))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Cell::Other(Json::from(value)))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Cell::Other(Json::Null))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cell::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cell::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Json::deserialize(MapAccessDeserializer::new(map)).map(Cell::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Cell::Other(Json::Array(values)))
    }
}

/// Puts the values of a row into the places of their columns.
struct Row<'s, 'de> {
    table: &'s Table,
    cells: &'s mut [Option<Cell<'de>>],
    unknown: &'s mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for Row<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut next = 0;
        while let Some(name) = map.next_key_seed(Name { table: self.table, next })? {
            match name {
                Ok(index) => {
                    self.cells[index] = Some(map.next_value()?);
                    next = index + 1;
                }
                Err(unknown) => {
                    map.next_value::<IgnoredAny>()?;
                    *self.unknown = Some(unknown);
                }
            }
        }
        Ok(())
    }
}

/// The place of a column with a name, or the name if there is none. Names come in the order of the columns.
struct Name<'t> {
    table: &'t Table,
    next: usize,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Result<usize, String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Result<usize, String>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        let columns = &self.table.columns;
        let places = (self.next..columns.len()).chain(0..self.next.min(columns.len()));
        let mut places = places.filter(|place| columns[*place].name == name);
        Ok(places.next().ok_or_else(|| name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_those_of_the_calendar() {
        // text, whether it is a day, whether it is a moment
        let table = [
            ("2026-08-31", true, false),
            ("2024-02-29", true, false),
            ("2026-02-29", false, false),
            ("2026-13-01", false, false),
            ("12026-01-01", false, false),
            ("2026-1-01", false, false),
            ("+026-01-01", false, false),
            ("2026-08-31T10:00:00.000000Z", false, true),
            ("2026-08-31T23:59:59.999999Z", false, true),
            ("2026-08-31T24:00:00.000000Z", false, false),
            ("2026-08-31T10:60:00.000000Z", false, false),
            ("2026-08-31T10:00:60.000000Z", false, false),
            ("2026-08-31T10:00:00.00000Z", false, false),
            ("2026-02-30T10:00:00.000000Z", false, false),
            ("2026-08-31T10:00:00Z", false, false),
            ("", false, false),
        ];
        for (text, day, moment) in table {
            assert_eq!((is_day(text.as_bytes()), is_moment(text.as_bytes())), (day, moment), "{text}");
        }
    }

    #[test]
    fn a_line_has_a_field_for_each_column_in_whatever_order() {
        let tables = crate::store::archive::tables::all();
        let table = tables.iter().find(|table| table.name == "contract_rates").expect("a table");
        let mut reader = RowReader::new(table);
        let line = |order: &[usize]| {
            let pairs = order.iter().map(|index| {
                let column = &table.columns[*index];
                let value = match column.kind {
                    Kind::Bool => "true",
                    Kind::Int | Kind::BigInt => "7",
                    Kind::Id => "\"0198f5a0-0000-7000-8000-000000000000\"",
                    Kind::Day => "\"2026-8-1\"",
                    Kind::Moment => "\"2026-08-01T00:00:00Z\"",
                    Kind::Text if column.is_word => "\"LICENSE\"",
                    Kind::Text => "\"a\\n\\u00e9\"",
                };
                format!("\"{}\": {value}", column.name)
            });
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        };
        let forward: Vec<usize> = (0..table.columns.len()).collect();
        let backward: Vec<usize> = forward.iter().rev().copied().collect();
        let (first, second) = (line(&forward), line(&backward));
        let (mut some, mut others) = (Vec::new(), Vec::new());
        reader.read(first.as_bytes(), &mut some).expect("a row");
        reader.read(second.as_bytes(), &mut others).expect("a row");
        assert_eq!((some.len(), &some), (table.columns.len(), &others));
        for wrong in ["", "[]", "{", "{}x", "7"] {
            let refused = reader.read(wrong.as_bytes(), &mut Vec::new());
            assert_eq!(refused, Err("a row is no JSON object".to_owned()), "{wrong}");
        }
    }
}
