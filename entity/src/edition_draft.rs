//! Table `edition_drafts`.

use sea_orm::entity::prelude::*;

use crate::value::DraftStatus;

/// A document that may become an edition.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "edition_drafts")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Display name of the draft.
    pub name: String,
    /// The TOML document.
    pub document: String,
    /// First day in force that is meant; none for that of the document.
    pub effective_from: Option<Date>,
    /// Counts the times that it was saved.
    pub revision: i64,
    /// Status.
    pub status: DraftStatus,
    /// When it was first saved.
    pub created_at: DateTimeUtc,
    /// When it was last saved.
    pub saved_at: DateTimeUtc,
    /// Who saved it last, as the audit log names them.
    pub saved_by: String,
    /// The label of the key or the subject of the token that saved it last.
    pub saved_by_label: String,
    /// When this revision was approved.
    pub approved_at: Option<DateTimeUtc>,
    /// Who approved this revision, as the audit log names them.
    pub approved_by: Option<String>,
    /// The label of the key or the subject of the token that approved this revision.
    pub approved_by_label: Option<String>,
    /// The edition that was published from it.
    pub edition_id: Option<Uuid>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
