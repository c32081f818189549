//! Imports of files, and the rows that they refused.

use async_graphql::{Context, Enum, ID, Object};
use entity::{import_refused_row, import_run, value};
use uuid::Uuid;

use super::Activity;
use super::enums::map_enum;
use crate::graphql::batch::{BatchPages, BatchRow};
use crate::graphql::connection::{
    ACTIVITIES, Connection, IMPORT_REFUSED_ROWS, ListOrder, PageArguments, Total,
};
use crate::graphql::error::ApiError;
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Moment, int};
use crate::service::Services;

/// What the rows of an imported file are.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImportRowKind {
    /// Partners.
    Partners,
    /// Professionals.
    Professionals,
    /// Affiliations of professionals with partners.
    Affiliations,
    /// Activities.
    Activities,
}

map_enum!(ImportRowKind = value::ImportKind { Partners, Professionals, Affiliations, Activities });
map_enum!(value::ImportKind = ImportRowKind { Partners, Professionals, Affiliations, Activities });

/// What becomes of the valid rows of a file of which others are refused.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImportPolicy {
    /// The whole file is imported, or nothing.
    All,
    /// Every valid row is imported.
    Valid,
}

map_enum!(ImportPolicy = value::ImportPolicy { All, Valid });

/// Status of an import.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImportStatus {
    /// The import has begun. If its command was interrupted it stays in this status; rows recorded until then
    /// remain.
    Running,
    /// The file was imported to its end.
    Finished,
    /// Nothing was imported, because rows were refused and the policy is `ALL`.
    Refused,
    /// The import ended with an error; rows recorded until then remain.
    Failed,
    /// All activities of the import were voided.
    Undone,
}

map_enum!(ImportStatus = value::ImportStatus { Running, Finished, Refused, Failed, Undone });
map_enum!(value::ImportStatus = ImportStatus { Running, Finished, Refused, Failed, Undone });

/// Import of one CSV file.
pub(crate) struct ImportRun(pub(crate) BatchRow<import_run::Model>);

impl ImportRun {
    fn ids(&self) -> Vec<Uuid> {
        self.0.batch_rows().iter().map(|row| row.id).collect()
    }
}

/// Import of one CSV file.
#[Object]
impl ImportRun {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::ImportRun.id(self.0.row().id)
    }

    /// Name of the file, without its folders.
    async fn file_name(&self) -> &str {
        &self.0.row().file_name
    }

    /// What the rows of the file are.
    async fn rows(&self) -> ImportRowKind {
        self.0.row().kind.into()
    }

    /// What becomes of valid rows if others are refused.
    async fn policy(&self) -> ImportPolicy {
        self.0.row().policy.into()
    }

    /// Status of the import.
    async fn status(&self) -> ImportStatus {
        self.0.row().status.into()
    }

    /// Who began the import: the label of an API key, the subject of a token, or `import` for the command line.
    async fn actor(&self) -> &str {
        &self.0.row().actor
    }

    /// Time at which the import began.
    async fn started_at(&self) -> Moment {
        Moment(self.0.row().started_at)
    }

    /// Time at which the import ended; null while it runs, and if it was interrupted.
    async fn ended_at(&self) -> Option<Moment> {
        self.0.row().ended_at.map(Moment)
    }

    /// Number of rows that were recorded.
    async fn recorded(&self) -> i32 {
        int(self.0.row().recorded)
    }

    /// Number of rows that had been recorded before with the same content.
    async fn duplicate(&self) -> i32 {
        int(self.0.row().duplicate)
    }

    /// Number of rows that changed the name or e-mail address of an existing partner or professional.
    async fn updated(&self) -> i32 {
        int(self.0.row().updated)
    }

    /// Number of rows that were refused; `refusedRows` has the first 1,000 of them.
    async fn refused(&self) -> i32 {
        int(self.0.row().refused)
    }

    /// Refused rows in the order of the file, at most the first 1,000.
    async fn refused_rows(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<ImportRefusedRow>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&IMPORT_REFUSED_ROWS)?;
        let services = context.data_unchecked::<Services>();
        let load = || async { services.import_refused_rows(&self.ids(), &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::RefusedRows(page.clone()), load).await?;
        let total = Total::ImportRefusedRows(self.0.clone());
        Ok(Connection::new(pages.of(self.0.row().id), &page, ListOrder::Natural, total))
    }

    /// Activities that the import recorded, in the order of recording, including those voided since.
    async fn activities(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Activity>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&ACTIVITIES)?;
        let services = context.data_unchecked::<Services>();
        let load = || async { services.import_activities(&self.ids(), &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::Activities(page.clone()), load).await?;
        let total = Total::ImportActivities(self.0.clone());
        Ok(Connection::new(pages.of(self.0.row().id), &page, ListOrder::Natural, total))
    }
}

/// Row of a file that an import refused.
pub(crate) struct ImportRefusedRow(pub(crate) BatchRow<import_refused_row::Model>);

/// Row of a file that an import refused.
#[Object]
impl ImportRefusedRow {
    /// Line of the file in which the row begins, from 1.
    async fn line(&self) -> i32 {
        int(self.0.row().line)
    }

    /// Every reason why the row was refused. Names and e-mail addresses of professionals are replaced by "…".
    async fn reasons(&self) -> &str {
        &self.0.row().reasons
    }

    /// The row as CSV, at most 2,000 characters. Names and e-mail addresses of professionals are replaced by
    /// "…"; null for a row of professionals whose fields could not be read.
    async fn content(&self) -> Option<&str> {
        self.0.row().content.as_deref()
    }
}
