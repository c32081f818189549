//! Table `import_refused_rows`.

use sea_orm::entity::prelude::*;

/// A row that an import refused; the first ones of a run are kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_refused_rows")]
pub struct Model {
    /// The run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: Uuid,
    /// Line of the file in which the row begins, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i64,
    /// Every reason why it was refused.
    pub reasons: String,
    /// The row as CSV, shortened; none of rows whose fields could not be read, where they hold personal data.
    pub content: Option<String>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
