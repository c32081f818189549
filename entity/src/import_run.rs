//! Table `import_runs`.

use sea_orm::entity::prelude::*;

use crate::value::{ImportKind, ImportPolicy, ImportStatus};

/// One import of one file.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_runs")]
pub struct Model {
    /// Key, in the order of beginning.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Name of the file, without its folders.
    pub file_name: String,
    /// What its rows are.
    pub kind: ImportKind,
    /// What becomes of valid rows where others are refused.
    pub policy: ImportPolicy,
    /// How far it is.
    pub status: ImportStatus,
    /// Who began it.
    pub actor: String,
    /// The integration that began it.
    pub recorded_by: Option<String>,
    /// When it began.
    pub started_at: DateTimeUtc,
    /// When it ended.
    pub ended_at: Option<DateTimeUtc>,
    /// Rows that were new.
    pub recorded: i64,
    /// Rows that were there before.
    pub duplicate: i64,
    /// Rows that changed what was there.
    pub updated: i64,
    /// Rows that were refused.
    pub refused: i64,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
