//! Imports of files as things: each run with its counts and the rows that it refused.

mod changed;
mod reads;

use entity::value::{EventKind, ImportKind, ImportPolicy, ImportStatus};
use entity::{import_refused_row, import_run};
use sea_orm::ActiveEnum;
use serde_json::json;
use uuid::Uuid;

use super::audit::Change;
use super::events::EventDraft;
use super::{Services, transact};
use crate::access::Operation;
use crate::error::Error;
use crate::store::import_run as store;
pub use changed::ImportOutcome;

/// Most refused rows of a run that are kept; the count of all is exact.
pub const REFUSED_ROWS_KEPT: i64 = 1_000;
/// Most characters of a refused row that are kept.
const CONTENT_CHARS_MAX: usize = 2_000;
/// Most characters of the reasons that are kept.
const REASONS_CHARS_MAX: usize = 4_000;
/// Most characters of a file's name that are kept.
const FILE_NAME_CHARS_MAX: usize = 255;

/// Rows by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Rows that were new.
    pub recorded: u64,
    /// Rows that were there before.
    pub duplicate: u64,
    /// Rows that changed what was there.
    pub updated: u64,
    /// Rows that were refused.
    pub refused: u64,
}

impl RowCounts {
    /// Adds other counts.
    pub fn add(&mut self, other: Self) {
        self.recorded += other.recorded;
        self.duplicate += other.duplicate;
        self.updated += other.updated;
        self.refused += other.refused;
    }
}

/// A row that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// Line of the file, from 1.
    pub line: u64,
    /// Every reason.
    pub reasons: String,
    /// The row as CSV; none where it may not be kept.
    pub content: Option<String>,
}

impl Services {
    /// Begins the run of a file, whose name is without folders.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn import_run_begin(
        &self,
        file_name: &str,
        kind: ImportKind,
        policy: ImportPolicy,
    ) -> Result<import_run::Model, Error> {
        let row = import_run::Model {
            id: Uuid::now_v7(),
            file_name: shortened(file_name, FILE_NAME_CHARS_MAX),
            kind,
            policy,
            status: ImportStatus::Running,
            actor: self.caller().actor.label().to_owned(),
            recorded_by: self.integration(),
            started_at: self.clock.now(),
            ended_at: None,
            recorded: 0,
            duplicate: 0,
            updated: 0,
            refused: 0,
        };
        transact!(self, Operation::Import, transaction, _changes => {
            Ok(store::save(transaction, row.clone()).await?)
        })?;
        Ok(row)
    }

    /// Adds outcomes of rows to a run, and keeps the first refused ones.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn import_run_advance(
        &self,
        run: &mut import_run::Model,
        counts: RowCounts,
        refused: &[RefusedRow],
    ) -> Result<(), Error> {
        let kept = usize::try_from(REFUSED_ROWS_KEPT - run.refused).unwrap_or(0);
        let rows: Vec<import_refused_row::Model> = refused
            .iter()
            .take(kept)
            .map(|row| import_refused_row::Model {
                run_id: run.id,
                line: signed(row.line),
                reasons: shortened(&row.reasons, REASONS_CHARS_MAX),
                content: row.content.as_deref().map(|text| shortened(text, CONTENT_CHARS_MAX)),
            })
            .collect();
        let next = import_run::Model {
            recorded: run.recorded + signed(counts.recorded),
            duplicate: run.duplicate + signed(counts.duplicate),
            updated: run.updated + signed(counts.updated),
            refused: run.refused + signed(counts.refused),
            ..run.clone()
        };
        transact!(self, Operation::Import, transaction, _changes => {
            store::save(transaction, next.clone()).await?;
            Ok(store::insert_refused(transaction, rows.clone()).await?)
        })?;
        *run = next;
        Ok(())
    }

    /// Ends a run.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn import_run_end(
        &self,
        run: import_run::Model,
        status: ImportStatus,
    ) -> Result<import_run::Model, Error> {
        let row = import_run::Model { status, ended_at: Some(self.clock.now()), ..run };
        transact!(self, Operation::Import, transaction, changes => {
            store::save(transaction, row.clone()).await?;
            changes.add(Change::of("ImportRun", row.id).after(json!({
                "kind": row.kind.to_value(), "policy": row.policy.to_value(), "status": row.status.to_value(),
                "recorded": row.recorded, "duplicate": row.duplicate, "updated": row.updated, "refused": row.refused,
            })));
            let event = EventDraft::import_run(EventKind::ImportFinished, &row, self.clock.today());
            self.emit(transaction, [], vec![event], None).await
        })?;
        Ok(row)
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A text with at most so many characters, without the character that PostgreSQL can't store.
fn shortened(text: &str, chars_max: usize) -> String {
    let mut kept: String = text.chars().filter(|c| *c != '\0').take(chars_max + 1).collect();
    if let Some((end, _)) = kept.char_indices().nth(chars_max) {
        kept.truncate(end);
        kept.pop();
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_say_that_they_go_on() {
        // text, what is kept of at most three characters
        let table = [("", ""), ("äbc", "äbc"), ("äbcd", "äb…"), ("a\0b", "ab")];
        for (text, kept) in table {
            assert_eq!(shortened(text, 3), kept);
        }
    }
}
