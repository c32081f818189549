//! What a mutation changed of credits, points and levels.

use async_graphql::{Context, Object};

use super::event::{LevelChange, LevelSubject};
use super::{LedgerEntry, PlannedEffects, PointsEntry};
use crate::graphql::batch::{BatchById, BatchPage};
use crate::graphql::error::ApiError;
use crate::program::level_change::LevelChange as LevelChanged;
use crate::service::run::SubjectId;
use crate::service::{Services, run};
use crate::store::page::Rows;

/// What a mutation changed of credits, points and levels, as far as the caller may read the accounts. With
/// `preview: true`, what it would change: nested fields show the state that it would leave, and no row, event or number
/// of it remains. Empty for a refused mutation and for a repeat of an idempotency key. The partners and professionals of a
/// recalculation follow one by one, each with entries of its own: for these, see `planned`.
#[derive(Default)]
pub(crate) struct Effects(pub(crate) run::Effects);

/// What a mutation changed of credits, points and levels, as far as the caller may read the accounts. With
/// `preview: true`, what it would change: nested fields show the state that it would leave, and no row, event or number
/// of it remains. Empty for a refused mutation and for a repeat of an idempotency key. The partners and professionals of a
/// recalculation follow one by one, each with entries of its own: for these, see `planned`.
#[Object]
impl Effects {
    /// New ledger entries of partners, in the order of recording.
    async fn ledger_entries(&self) -> Vec<LedgerEntry> {
        let page = BatchPage::new(Rows { rows: self.0.ledger.clone(), has_more: false });
        page.batch_rows().map(LedgerEntry).collect()
    }

    /// New entries of professionals' points and Dojo Credits, in the order of recording.
    async fn points_entries(&self) -> Vec<PointsEntry> {
        let page = BatchPage::new(Rows { rows: self.0.points.clone(), has_more: false });
        page.batch_rows().map(PointsEntry).collect()
    }

    /// What a recalculation changes for partners and professionals, the same in a preview; null for every other mutation.
    async fn planned(&self) -> Option<PlannedEffects> {
        self.0.planned.clone().map(PlannedEffects)
    }

    /// Changes of levels, professionals first.
    async fn level_changes(&self, context: &Context<'_>) -> Result<Vec<LevelChange>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let (mut partners, mut professionals) = (Vec::new(), Vec::new());
        for (subject, _) in &self.0.levels {
            match subject {
                SubjectId::Partner(id) => partners.push(*id),
                SubjectId::Professional(id) => professionals.push(*id),
            }
        }
        let partners = services.partners_by_ids(&partners).await?;
        let professionals = services.professionals_by_ids(&professionals).await?;
        let (partners, professionals) = (BatchById::new(partners), BatchById::new(professionals));
        let change = |(subject, change): &(SubjectId, LevelChanged)| LevelChange {
            subject: match subject {
                SubjectId::Partner(id) => LevelSubject::Partner(partners.get(*id)),
                SubjectId::Professional(id) => LevelSubject::Professional(professionals.get(*id)),
            },
            track: change.track.map(Into::into),
            from: change.from.clone(),
            to: change.to.clone(),
            on: change.on,
            time_based: change.time_based,
        };
        Ok(self.0.levels.iter().map(change).collect())
    }
}
