//! Levels that were earned, with what earned them.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Object};
use entity::{ledger_entry, points_entry};
use uuid::Uuid;

use super::enums::Track;
use super::standing::Level;
use super::{Edition, LedgerEntry, PointsEntry};
use crate::error::Error;
use crate::graphql::batch::{BatchById, BatchPages, BatchRow};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::relation::Relation;
use crate::graphql::scalar::Date;
use crate::service::{Services, reads};
use crate::store::page::Rows;

/// Levels of several subjects, whose rows form one batch.
pub(crate) struct LevelRows<R>(BatchPages<LevelRow<R>>);

/// A level with its place among those that were loaded together.
pub(crate) struct LevelRow<R> {
    place: usize,
    award: R,
}

impl<R> LevelRows<R> {
    pub(crate) fn new(histories: HashMap<Uuid, Vec<R>>) -> Self {
        let mut places = 0..;
        let pages = histories.into_iter().map(|(owner, awards)| {
            let rows = awards.into_iter().zip(&mut places).map(|(award, place)| LevelRow { place, award });
            (owner, Rows { rows: rows.collect(), has_more: false })
        });
        Self(BatchPages::new(pages.collect()))
    }

    /// The levels of a subject.
    pub(crate) fn of(&self, owner: Uuid) -> impl Iterator<Item = BatchRow<LevelRow<R>>> + use<R> {
        self.0.of(owner).batch_rows().collect::<Vec<_>>().into_iter()
    }
}

/// The entries that reached the levels of a batch.
struct Causes<E> {
    entries: BatchById<E>,
    /// By the place of the level.
    ids: HashMap<usize, Uuid>,
}

impl<E> Causes<E> {
    fn of(&self, place: usize) -> Option<BatchRow<E>> {
        self.entries.get(*self.ids.get(&place)?)
    }
}

/// Loads the entries that reached the levels of a batch: which they are, then the entries themselves.
macro_rules! load_causes {
    ($batch_row:expr, $services:expr, $causes:ident, $by_ids:ident) => {{
        let rows = $batch_row.batch_rows();
        let load = || async {
            let awards: Vec<_> = rows.iter().map(|row| row.award.clone()).collect();
            let found = $services.$causes(&awards).await?;
            let ids: HashMap<usize, Uuid> =
                rows.iter().zip(found).filter_map(|(row, id)| Some((row.place, id?))).collect();
            let wanted: Vec<Uuid> = ids.values().copied().collect();
            let entries = BatchById::new($services.$by_ids(&wanted).await?);
            Ok::<_, Error>(Causes { entries, ids })
        };
        $batch_row.load(Relation::LevelCauses, load).await
    }};
}

fn edition(context: &Context<'_>, index: usize) -> Edition {
    let policy = context.data_unchecked::<Services>().policy();
    Edition { id: policy.id(index).unwrap_or_default(), index, policy: Arc::clone(policy) }
}

/// Level that a partner earned in one track.
pub(crate) struct LevelAward(pub(crate) BatchRow<LevelRow<reads::PartnerLevelAward>>);

impl LevelAward {
    fn row(&self) -> &reads::PartnerLevelAward {
        &self.0.row().award
    }
}

/// Level that a partner earned in one track.
#[Object]
impl LevelAward {
    /// Track in which the level was earned.
    async fn track(&self) -> Track {
        self.row().award.track.into()
    }

    /// Level that was earned.
    async fn level(&self) -> Level {
        Level(Arc::clone(&self.row().award.level))
    }

    /// Day on which the level was reached.
    async fn earned_on(&self) -> Date {
        Date(self.row().award.earned_on)
    }

    /// Last day for which the level was earned: 31 December of the following year (PP, Partnership levels).
    async fn valid_until(&self) -> Date {
        Date(self.row().award.valid_until)
    }

    /// First day on which the award no longer counted: the day after `validUntil`, or the day on which a reversal
    /// was recorded. Null while it counts.
    async fn lapsed_on(&self) -> Option<Date> {
        self.row().lapsed_on.map(Date)
    }

    /// Whether a reversal removed the level: without the reversed credits it was never reached on that day.
    async fn reversed(&self) -> bool {
        self.row().is_reversed
    }

    /// Whether activities of the two years before the program's launch earned the level.
    async fn legacy(&self) -> bool {
        self.row().award.legacy
    }

    /// Entry with which the sum of credits reached the level; null if a new edition did, by a lower threshold.
    async fn entry(&self, context: &Context<'_>) -> Option<LedgerEntry> {
        let services = context.data_unchecked::<Services>();
        let causes: Result<Arc<Causes<ledger_entry::Model>>, ApiError> =
            load_causes!(self.0, services, level_causes, ledger_entries_by_ids);
        or_null(context, causes.map(|causes| causes.of(self.0.row().place).map(LedgerEntry)))
    }

    /// Edition in force on the day on which the level was reached.
    async fn edition(&self, context: &Context<'_>) -> Edition {
        edition(context, self.row().edition)
    }
}

/// Level that a professional earned in one membership year.
pub(crate) struct ProfessionalLevelAward(pub(crate) BatchRow<LevelRow<reads::ProfessionalLevelAward>>);

impl ProfessionalLevelAward {
    fn row(&self) -> &reads::ProfessionalLevelAward {
        &self.0.row().award
    }
}

/// Level that a professional earned in one membership year.
#[Object]
impl ProfessionalLevelAward {
    /// Level that was earned.
    async fn level(&self) -> Level {
        Level(Arc::clone(&self.row().level))
    }

    /// Number of the membership year whose points earned the level; 0 is the year that starts on the day of sign-up.
    async fn membership_year(&self) -> i32 {
        self.row().membership_year
    }

    /// Day on which the level was reached.
    async fn earned_on(&self) -> Date {
        Date(self.row().earned_on)
    }

    /// Last day for which the level was earned: the last day of the following membership year (DP, life cycle).
    async fn valid_until(&self) -> Date {
        Date(self.row().valid_until)
    }

    /// First day on which the award no longer counted: the day after `validUntil`, or the day on which a reversal
    /// was recorded. Null while it counts.
    async fn lapsed_on(&self) -> Option<Date> {
        self.row().lapsed_on.map(Date)
    }

    /// Whether a reversal removed the level: without the reversed points it was never reached on that day.
    async fn reversed(&self) -> bool {
        self.row().is_reversed
    }

    /// Entry with which the sum of points reached the level; null if a new edition did, by a lower threshold.
    async fn entry(&self, context: &Context<'_>) -> Option<PointsEntry> {
        let services = context.data_unchecked::<Services>();
        let causes: Result<Arc<Causes<points_entry::Model>>, ApiError> =
            load_causes!(self.0, services, professional_level_causes, points_entries_by_ids);
        or_null(context, causes.map(|causes| causes.of(self.0.row().place).map(PointsEntry)))
    }

    /// Edition in force on the day on which the level was reached.
    async fn edition(&self, context: &Context<'_>) -> Edition {
        edition(context, self.row().edition)
    }
}
