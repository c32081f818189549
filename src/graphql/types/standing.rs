//! Levels on a day.

use std::sync::Arc;

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};

use super::Contract;
use super::enums::{ProductCategory, Track};
use crate::graphql::batch::BatchRow;
use crate::graphql::error::ApiError;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Decimal, int};
use crate::program;
use crate::program::standing;
use crate::service::{Services, contracts, reads};
use crate::store::partner::PartnerRow;

/// A level of one of the programs.
pub(crate) struct Level(pub(crate) Arc<program::Level>);

/// A level of one of the programs.
#[Object]
impl Level {
    /// Stable code, such as `CREATOR`.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Name for people, such as "Creator".
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Place in rank order, from 0: the higher, the better.
    async fn rank(&self) -> i32 {
        i32::try_from(self.0.rank).unwrap_or(i32::MAX)
    }

    /// Level credits of a calendar year, or points of a membership year, that reach it.
    async fn threshold(&self) -> i32 {
        int(self.0.threshold)
    }
}

fn level(level: Option<&Arc<program::Level>>) -> Option<Level> {
    level.map(|level| Level(Arc::clone(level)))
}

/// A partner's levels on a day, and the discount that they bring.
pub(crate) struct PartnerStanding {
    pub(crate) partner: BatchRow<PartnerRow>,
    pub(crate) known_at: Option<DateTime<Utc>>,
    pub(crate) standing: reads::PartnerStanding,
}

/// A partner's levels on a day, and the discount that they bring.
#[Object]
impl PartnerStanding {
    /// The day.
    async fn as_of(&self) -> Date {
        Date(self.standing.as_of)
    }

    /// Level and credits for technical skills.
    async fn technical(&self) -> TrackStanding {
        TrackStanding(self.standing.technical.clone())
    }

    /// Level and credits for business skills.
    async fn business(&self) -> TrackStanding {
        TrackStanding(self.standing.business.clone())
    }

    /// The higher of both levels: it decides the base discount.
    async fn overall(&self) -> Level {
        Level(Arc::clone(&self.standing.overall))
    }

    /// Base discount by category of product: the level's, or that of the contract that governs the day.
    async fn base_discounts(&self, context: &Context<'_>) -> Result<Vec<BaseDiscount>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let (day, known_at) = (self.standing.as_of, self.known_at);
        let ids: Vec<_> = self.partner.batch_rows().iter().map(|row| row.id).collect();
        let load = async { services.contracts_on(&ids, day, known_at).await };
        let contracts = self.partner.load(Relation::ContractsOn(day, known_at), load).await?;
        let contracts = contracts.get(&self.partner.row().id).map_or(&[][..], Vec::as_slice);
        let discounts = services.base_discounts(&self.standing, contracts)?;
        Ok(discounts.into_iter().map(BaseDiscount).collect())
    }
}

/// A partner's level of one track on a day.
pub(crate) struct TrackStanding(standing::TrackStanding);

/// A partner's level of one track on a day.
#[Object]
impl TrackStanding {
    /// The track.
    async fn track(&self) -> Track {
        self.0.track.into()
    }

    /// The level: the higher of this year's credits so far and last year's in all.
    async fn level(&self) -> Level {
        Level(Arc::clone(&self.0.level))
    }

    /// This calendar year's level credits through the day.
    async fn credits(&self) -> i32 {
        int(self.0.credits)
    }

    /// The day that earned the level; null for the level that holds from enrolment.
    async fn earned_on(&self) -> Option<Date> {
        self.0.earned_on.map(Date)
    }

    /// The last day on which the level is sure to hold; null for the level that holds from enrolment.
    async fn valid_until(&self) -> Option<Date> {
        self.0.valid_until.map(Date)
    }

    /// The level above; null at the top.
    async fn next_level(&self) -> Option<Level> {
        level(self.0.next_level.as_ref())
    }

    /// Level credits that this calendar year still needs for the next level; null at the top.
    async fn credits_to_next_level(&self) -> Option<i32> {
        self.0.credits_to_next_level.map(int)
    }
}

/// The base discount on one category of product.
pub(crate) struct BaseDiscount(contracts::BaseDiscount);

/// The base discount on one category of product.
#[Object]
impl BaseDiscount {
    /// The category.
    async fn category(&self) -> ProductCategory {
        self.0.category.into()
    }

    /// Share of the list price, in percent.
    async fn percent(&self) -> Decimal {
        Decimal(self.0.percent)
    }

    /// The contract that decides it; null where the level does.
    async fn contract(&self) -> Option<Contract> {
        self.0.contract.clone().map(BatchRow::only).map(Contract)
    }
}

/// A level that a partner earned.
pub(crate) struct LevelAward(pub(crate) standing::LevelAward);

/// A level that a partner earned.
#[Object]
impl LevelAward {
    /// The track.
    async fn track(&self) -> Track {
        self.0.track.into()
    }

    /// The level.
    async fn level(&self) -> Level {
        Level(Arc::clone(&self.0.level))
    }

    /// The day that earned it.
    async fn earned_on(&self) -> Date {
        Date(self.0.earned_on)
    }

    /// The last day on which it is sure to hold.
    async fn valid_until(&self) -> Date {
        Date(self.0.valid_until)
    }

    /// Whether the two years before launch earned it.
    async fn legacy(&self) -> bool {
        self.0.legacy
    }
}

/// A professional's level on a day.
pub(crate) struct ProfessionalStanding(
    pub(crate) chrono::NaiveDate,
    pub(crate) standing::ProfessionalStanding,
);

/// A professional's level on a day.
#[Object]
impl ProfessionalStanding {
    /// The day.
    async fn as_of(&self) -> Date {
        Date(self.0)
    }

    /// Number of the anniversary that the membership year starts on; 0 is the year that starts with sign-up.
    async fn membership_year(&self) -> i32 {
        self.1.year.number
    }

    /// First day of the membership year.
    async fn starts_on(&self) -> Date {
        Date(self.1.year.starts_on)
    }

    /// The next anniversary: the first day of the next membership year.
    async fn renews_on(&self) -> Date {
        Date(self.1.year.renews_on)
    }

    /// Points of this membership year through the day.
    async fn points(&self) -> i32 {
        int(self.1.points)
    }

    /// The level: the higher of this year's points so far and last year's in all. Null below the first one.
    async fn level(&self) -> Option<Level> {
        level(self.1.level.as_ref())
    }

    /// The level carried over from last year's points.
    async fn retained_level(&self) -> Option<Level> {
        level(self.1.retained_level.as_ref())
    }

    /// The level that this year's points already secure at renewal.
    async fn secured_level(&self) -> Option<Level> {
        level(self.1.secured_level.as_ref())
    }

    /// The level above; null at the top.
    async fn next_level(&self) -> Option<Level> {
        level(self.1.next_level.as_ref())
    }

    /// Points that this year still needs for the next level; null at the top.
    async fn points_to_next_level(&self) -> Option<i32> {
        self.1.points_to_next_level.map(int)
    }

    /// Points that this year still needs to keep the level at renewal; null without a level.
    async fn points_to_retain(&self) -> Option<i32> {
        self.1.points_to_retain.map(int)
    }
}
