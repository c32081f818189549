//! Levels on a day.

use std::sync::Arc;

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};

use super::Contract;
use super::commerce::ProductCategory;
use super::enums::Track;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::ApiError;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Decimal, Moment, int};
use crate::program;
use crate::program::level_override;
use crate::program::level_terms::FOREVER;
use crate::program::standing;
use crate::service::{Services, contracts, reads};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;

/// Level of one of the two programs.
pub(crate) struct Level(pub(crate) Arc<program::Level>);

/// Level of one of the two programs.
#[Object]
impl Level {
    /// Stable code, such as `CREATOR`.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Display name, such as "Creator".
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Position in ascending order, from 0 for the lowest level of the program.
    async fn rank(&self) -> i32 {
        i32::try_from(self.0.rank).unwrap_or(i32::MAX)
    }

    /// Level credits per track and calendar year (partner program) or points per membership year
    /// (professional program) that reach the level.
    async fn threshold(&self) -> i32 {
        int(self.0.threshold)
    }
}

fn level(level: Option<&Arc<program::Level>>) -> Option<Level> {
    level.map(|level| Level(Arc::clone(level)))
}

/// Standing of a partner on a day: levels and base discounts (PP, Partnership levels).
pub(crate) struct PartnerStanding {
    pub(crate) partner: BatchRow<PartnerRow>,
    pub(crate) known_at: Option<DateTime<Utc>>,
    pub(crate) standing: reads::PartnerStanding,
}

/// Standing of a partner on a day: levels and base discounts (PP, Partnership levels).
#[Object]
impl PartnerStanding {
    /// Effective date of the standing.
    async fn as_of(&self) -> Date {
        Date(self.standing.as_of)
    }

    /// Standing in the technical track.
    async fn technical(&self) -> TrackStanding {
        self.track(0, &self.standing.technical)
    }

    /// Standing in the business track.
    async fn business(&self) -> TrackStanding {
        self.track(1, &self.standing.business)
    }

    /// Overall level: the higher of the two tracks, which determines the base discount.
    async fn overall(&self) -> Level {
        Level(Arc::clone(&self.standing.overall))
    }

    /// Tracks that determine the overall level: the higher one, or both if they are equal.
    async fn deciding_tracks(&self) -> Vec<Track> {
        let tracks = [&self.standing.technical, &self.standing.business];
        let deciding = tracks.into_iter().filter(|track| track.level.rank == self.standing.overall.rank);
        deciding.map(|track| track.track.into()).collect()
    }

    /// Base discount on every product category: the rate of a contract that applies on the day, or else that
    /// of the overall level.
    async fn base_discounts(&self, context: &Context<'_>) -> Result<Vec<BaseDiscount>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let (day, known_at) = (self.standing.as_of, self.known_at);
        let load = || async {
            let ids: Vec<_> = self.partner.batch_rows().iter().map(|row| row.id).collect();
            services.contracts_on(&ids, day, known_at).await
        };
        let contracts = self.partner.load(Relation::ContractsOn(day, known_at), load).await?;
        let contracts = contracts.get(&self.partner.row().id).map_or(&[][..], Vec::as_slice);
        let discounts = services.base_discounts(&self.standing, contracts)?;
        Ok(discounts.into_iter().map(BaseDiscount).collect())
    }
}

impl PartnerStanding {
    fn track(&self, index: usize, standing: &standing::TrackStanding) -> TrackStanding {
        TrackStanding {
            standing: standing.clone(),
            earned_level: Arc::clone(&self.standing.earned_levels[index]),
            found: self.standing.overrides[index].clone(),
        }
    }
}

/// Level that staff set for a period, in the place of the one that was earned.
pub(crate) struct LevelOverride {
    found: level_override::LevelOverride,
    level: Arc<program::Level>,
}

/// Level that staff set for a period, in the place of the one that was earned.
#[Object]
impl LevelOverride {
    /// Level that was set.
    async fn level(&self) -> Level {
        Level(Arc::clone(&self.level))
    }

    /// First day on which it holds.
    async fn from(&self) -> Date {
        Date(self.found.from)
    }

    /// Last day on which it holds.
    async fn until(&self) -> Date {
        Date(self.found.until)
    }

    /// Reason that was given; null if there was none.
    async fn reason(&self) -> Option<&str> {
        self.found.reason.as_deref()
    }

    /// Label of the key, or subject of the token, that set it.
    async fn by(&self) -> &str {
        &self.found.by
    }

    /// Time at which it was set.
    async fn at(&self) -> Moment {
        Moment(self.found.at)
    }
}

/// Standing of a partner in one track on a day.
pub(crate) struct TrackStanding {
    standing: standing::TrackStanding,
    earned_level: Arc<program::Level>,
    found: Option<level_override::LevelOverride>,
}

/// Standing of a partner in one track on a day.
#[Object]
impl TrackStanding {
    /// Track of the standing.
    async fn track(&self) -> Track {
        self.standing.track.into()
    }

    /// Level: the higher of the levels for this calendar year's credits so far and for last year's total,
    /// unless an override sets another one.
    async fn level(&self) -> Level {
        Level(Arc::clone(&self.standing.level))
    }

    /// Level that the credits earn, without an override.
    async fn earned_level(&self) -> Level {
        Level(Arc::clone(&self.earned_level))
    }

    /// Override that sets `level` on this day; null if there is none.
    #[graphql(name = "override")]
    async fn level_override(&self) -> Option<LevelOverride> {
        let found = self.found.clone()?;
        // An override to a level that the edition of the day does not have sets nothing.
        (found.level == self.standing.level.code)
            .then(|| LevelOverride { found, level: Arc::clone(&self.standing.level) })
    }

    /// Level credits of this calendar year through the day.
    async fn credits(&self) -> i32 {
        int(self.standing.credits)
    }

    /// Day on which the level was reached; null for the level that is valid from enrolment.
    async fn earned_on(&self) -> Option<Date> {
        self.standing.earned_on.map(Date)
    }

    /// Last day on which the level holds without further credits; null for the level that is valid from
    /// enrolment, and for a level that is never lost.
    async fn valid_until(&self) -> Option<Date> {
        self.standing.valid_until.map(Date)
    }

    /// Next higher level; null at the highest level. During an override, the level above the one that it sets or the one
    /// that was earned, whichever is higher.
    async fn next_level(&self) -> Option<Level> {
        level(self.standing.next_level.as_ref())
    }

    /// Level credits still missing this calendar year for `nextLevel`; null at the highest level.
    async fn credits_to_next_level(&self) -> Option<i32> {
        self.standing.credits_to_next_level.map(int)
    }

    /// Level credits still missing this calendar year to hold the level on the first day after it would lapse; 0 if
    /// that is secured already, and for the level that is valid from enrolment.
    async fn credits_to_retain(&self) -> i32 {
        int(self.standing.credits_to_retain)
    }
}

/// Base discount on one product category, before credits are redeemed (PP, Rewards).
pub(crate) struct BaseDiscount(contracts::BaseDiscount);

/// Base discount on one product category, before credits are redeemed (PP, Rewards).
#[Object]
impl BaseDiscount {
    /// Product category.
    async fn category(&self) -> ProductCategory {
        self.0.category.into()
    }

    /// Discount in percent of the list price; "0" if there is none.
    async fn percent(&self) -> Decimal {
        Decimal(self.0.percent)
    }

    /// Discount of the overall level in percent of the list price; "0" if there is none. A contract takes precedence
    /// over it, even if it is better.
    async fn level_percent(&self) -> Decimal {
        Decimal(self.0.level_percent)
    }

    /// Contract that sets the rate; null if the partner's overall level does.
    async fn contract(&self) -> Option<Contract> {
        self.0.contract.clone().map(BatchRow::only).map(Contract)
    }
}

/// Standing of a professional on a day: level and points of the membership year (DP, life cycle).
pub(crate) struct ProfessionalStanding {
    pub(crate) professional: BatchRow<ProfessionalRow>,
    pub(crate) as_of: chrono::NaiveDate,
    pub(crate) known_at: Option<DateTime<Utc>>,
    pub(crate) standing: standing::ProfessionalStanding,
    pub(crate) found: Option<level_override::LevelOverride>,
}

impl ProfessionalStanding {
    /// The days on which the level was reached and until which it holds.
    async fn reached(
        &self,
        context: &Context<'_>,
    ) -> Result<Option<(chrono::NaiveDate, chrono::NaiveDate)>, ApiError> {
        let Some(level) = &self.standing.level else { return Ok(None) };
        if let Some(found) = self.found.as_ref().filter(|found| found.level == level.code) {
            return Ok(Some((found.from, found.until)));
        }
        let services = context.data_unchecked::<Services>();
        let (day, known_at) = (self.as_of, self.known_at);
        let batch_rows = self.professional.batch_rows();
        let load = || async { services.levels_reached_on(batch_rows, day, known_at).await };
        let reached = self.professional.load(Relation::LevelReached(day, known_at), load).await?;
        Ok(reached.get(&self.professional.row().id).copied())
    }
}

/// Standing of a professional on a day: level and points of the membership year (DP, life cycle).
#[Object]
impl ProfessionalStanding {
    /// Effective date of the standing.
    async fn as_of(&self) -> Date {
        Date(self.as_of)
    }

    /// Number of the membership year; 0 is the year that starts on the day of sign-up.
    async fn membership_year(&self) -> i32 {
        self.standing.year.number
    }

    /// First day of the membership year.
    async fn starts_on(&self) -> Date {
        Date(self.standing.year.starts_on)
    }

    /// Next anniversary of sign-up: the first day of the next membership year.
    async fn renews_on(&self) -> Date {
        Date(self.standing.year.renews_on)
    }

    /// Points of this membership year through the day.
    async fn points(&self) -> i32 {
        int(self.standing.points)
    }

    /// Level: the higher of the levels for this membership year's points so far and for last year's total,
    /// unless an override sets another one. Null below the first level.
    async fn level(&self) -> Option<Level> {
        level(self.standing.level.as_ref())
    }

    /// Day on which the level was reached; null below the first level.
    async fn earned_on(&self, context: &Context<'_>) -> Result<Option<Date>, ApiError> {
        Ok(self.reached(context).await?.map(|(on, _)| Date(on)))
    }

    /// Last day on which the level holds without further points; null below the first level, and for a level that is
    /// never lost.
    async fn valid_until(&self, context: &Context<'_>) -> Result<Option<Date>, ApiError> {
        let reached = self.reached(context).await?;
        Ok(reached.map(|(_, until)| until).filter(|until| *until < FOREVER).map(Date))
    }

    /// Level that the points earn, without an override; null below the first level.
    async fn earned_level(&self) -> Option<Level> {
        level(level_override::earned_level(&self.standing).as_ref())
    }

    /// Override that sets `level` on this day; null if there is none.
    #[graphql(name = "override")]
    async fn level_override(&self) -> Option<LevelOverride> {
        let level = self.standing.level.clone()?;
        let found = self.found.clone().filter(|found| found.level == level.code)?;
        Some(LevelOverride { found, level })
    }

    /// Level for last membership year's total; null if it reached none.
    async fn retained_level(&self) -> Option<Level> {
        level(self.standing.retained_level.as_ref())
    }

    /// Level that this membership year's points already secure for the next one; null if there is none.
    async fn secured_level(&self) -> Option<Level> {
        level(self.standing.secured_level.as_ref())
    }

    /// Next higher level; null at the highest level. During an override, the level above the one that it sets or the one
    /// that was earned, whichever is higher.
    async fn next_level(&self) -> Option<Level> {
        level(self.standing.next_level.as_ref())
    }

    /// Points still missing this membership year for `nextLevel`; null at the highest level.
    async fn points_to_next_level(&self) -> Option<i32> {
        self.standing.points_to_next_level.map(int)
    }

    /// Points still missing this membership year to retain `level` at renewal; 0 if points or an override keep it then. Null
    /// without a level.
    async fn points_to_retain(&self) -> Option<i32> {
        self.standing.points_to_retain.map(int)
    }
}
