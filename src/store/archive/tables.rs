//! The tables of an archive: their columns as text has them, by name.

use sea_orm::sea_query::ColumnType;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, EntityName, EntityTrait, IdenStatic, Iterable,
    PrimaryKeyToColumn, Value,
};

/// Calls a macro with every table, those first that others refer to.
macro_rules! every_table {
    ($each:ident) => {
        $each!(
            audit_entry,
            customer,
            edition,
            event_feed,
            event,
            idempotency_key,
            import_run,
            notice_progress,
            partner,
            product,
            professional,
            server_secret,
            swag_item,
            activity,
            affiliation,
            api_key,
            certificate,
            contract,
            customer_name,
            deal,
            edition_draft,
            edition_rollout,
            import_refused_row,
            partner_balance,
            partner_day,
            partner_sales,
            partner_tally,
            partner_total,
            product_price,
            professional_balance,
            professional_day,
            professional_tally,
            professional_total,
            quote,
            sales_target,
            swag_order,
            webhook_endpoint,
            contract_rate,
            deal_step,
            deal_timer,
            edition_trial,
            recalculation,
            opportunity,
            opportunity_timer,
            order,
            quote_line,
            webhook_delivery,
            webhook_secret,
            edition_trial_subject,
            log,
            order_line,
            webhook_attempt,
            ledger_entry,
            merged_object,
            points_entry,
            seal,
            subject_step,
        )
    };
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    BigInt,
    Id,
    Day,
    Moment,
    Text,
}

/// A column of a table.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether each row has a value of it.
    pub(super) is_required: bool,
    /// Whether its texts are words of a list.
    pub(super) is_word: bool,
}

/// A table with its columns in alphabetical order.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: Vec<Column>,
    /// The columns of the primary key, and whether they have text.
    keys: Vec<(&'static str, bool)>,
    /// Whether a column has a word.
    pub(super) has_word: fn(&str, &str) -> bool,
}

impl Table {
    fn of<T>() -> Self
    where
        T: EntityTrait,
        T::ActiveModel: ActiveModelBehavior,
    {
        let mut columns: Vec<Column> = T::Column::iter().map(column::<T>).collect();
        columns.sort_unstable_by_key(|column| column.name);
        let keys = T::PrimaryKey::iter().map(|key| {
            let column = key.into_column();
            (column.as_str(), kind(&column) == Kind::Text)
        });
        let name = T::default().table_name();
        Self { name, columns, keys: keys.collect(), has_word: has_word::<T> }
    }

    /// Names of the columns, as a list.
    pub(super) fn names(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        names.join(", ")
    }

    /// The query for every row in the order of the primary key: text by its bytes, and not by the database's language.
    pub(super) fn query(&self, is_postgres: bool) -> String {
        let keys = self.keys.iter().map(|(name, is_text)| {
            let order = if is_postgres && *is_text { " COLLATE \"C\"" } else { "" };
            format!("\"{name}\"{order}")
        });
        let keys: Vec<String> = keys.collect();
        format!("SELECT {} FROM \"{}\" ORDER BY {}", self.names(), self.name, keys.join(", "))
    }
}

/// Every table, in the order in which an archive has them.
pub(super) fn all() -> Vec<Table> {
    let mut tables = Vec::new();
    macro_rules! add {
        ($($module:ident),+ $(,)?) => { $(tables.push(Table::of::<entity::$module::Entity>());)+ };
    }
    every_table!(add);
    tables
}

/// Names of all tables, in the order in which an archive has them.
#[must_use]
pub fn tables() -> Vec<&'static str> {
    let mut names = Vec::new();
    macro_rules! name {
        ($($module:ident),+ $(,)?) => { $(names.push(entity::$module::Entity.table_name());)+ };
    }
    every_table!(name);
    names
}

fn kind(column: &impl ColumnTrait) -> Kind {
    match column.def().get_column_type() {
        ColumnType::Boolean => Kind::Bool,
        ColumnType::Integer => Kind::Int,
        ColumnType::BigInteger => Kind::BigInt,
        ColumnType::Uuid => Kind::Id,
        ColumnType::Date => Kind::Day,
        ColumnType::TimestampWithTimeZone => Kind::Moment,
        _ => Kind::Text,
    }
}

fn column<T>(column: T::Column) -> Column
where
    T: EntityTrait,
    T::ActiveModel: ActiveModelBehavior,
{
    let kind = kind(&column);
    let null = match kind {
        Kind::Bool => Value::Bool(None),
        Kind::Int => Value::Int(None),
        Kind::BigInt => Value::BigInt(None),
        Kind::Id => Value::Uuid(None),
        Kind::Day => Value::ChronoDate(None),
        Kind::Moment => Value::ChronoDateTimeUtc(None),
        Kind::Text => Value::String(None),
    };
    let name = column.as_str();
    // No list of words has this one.
    let is_word = kind == Kind::Text && !has_word::<T>(name, "\u{1}");
    let is_required = T::ActiveModel::default().try_set(column, null).is_err();
    Column { name, kind, is_required, is_word }
}

fn has_word<T>(name: &str, word: &str) -> bool
where
    T: EntityTrait,
    T::ActiveModel: ActiveModelBehavior,
{
    T::Column::iter()
        .find(|column| column.as_str() == name)
        .is_some_and(|column| T::ActiveModel::default().try_set(column, Value::from(word.to_owned())).is_ok())
}
