//! An edition: the policy as data.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use uuid::Uuid;

use super::Money;
use super::commerce::{OrderPurpose, ProductCategory};
use super::earning_rule::EarningRule;
use super::enums::map_enum;
use super::standing::Level;
use crate::graphql::id::NodeType;
use crate::graphql::scalar::{Date, Decimal, Moment, int};
use crate::program::expiry::Expiry;
use crate::program::level::Levels;
use crate::program::level_terms::{self, Validity};
use crate::service::Services;
use crate::service::policy::{Policy, Publication};

/// Edition: one dated version of the program's policy, with earning rules, levels, redemption caps, discounts
/// and credit values. A published edition is immutable.
pub(crate) struct Edition {
    pub(crate) id: Uuid,
    pub(crate) index: usize,
    pub(crate) policy: Arc<Policy>,
}

impl Edition {
    fn get(&self) -> &crate::program::Edition {
        // The policy may have grown since the place was found.
        let index = self.policy.index(self.id).unwrap_or(self.index);
        self.policy.editions.get(index).expect("an edition that the policy has")
    }
}

impl Edition {
    fn publication(&self) -> Option<&Publication> {
        self.policy.publication(self.policy.index(self.id).unwrap_or(self.index))
    }
}

/// Edition: one dated version of the program's policy, with earning rules, levels, redemption caps, discounts
/// and credit values. A published edition is immutable.
#[Object]
impl Edition {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Edition.id(self.id)
    }

    /// First day in force. The edition stays in force until the first day of the next one.
    async fn effective_from(&self) -> Date {
        Date(self.get().effective_from)
    }

    /// Display name.
    async fn name(&self) -> &str {
        &self.get().name
    }

    /// TOML document of the edition, as published.
    async fn document(&self) -> &str {
        &self.get().document
    }

    /// Time at which the edition was published.
    async fn published_at(&self) -> Option<Moment> {
        self.publication().map(|publication| Moment(publication.at))
    }

    /// Label of the key, or subject of the token, that published the edition; null for the built-in edition, and for
    /// callers that are not administrators or program staff.
    async fn published_by(&self, context: &Context<'_>) -> Option<&str> {
        let is_staff = context.data_unchecked::<Services>().caller().role.is_staff();
        self.publication().filter(|_| is_staff)?.by.as_deref()
    }

    /// Earning rules, in the order of the document.
    async fn earning_rules(&self) -> Vec<EarningRule> {
        let editions = &self.policy.editions;
        self.get().rules.iter().map(|rule| EarningRule::from_rule(editions, rule)).collect()
    }

    /// Levels of the partner program, in ascending rank.
    async fn partner_levels(&self) -> Vec<Level> {
        self.get().partner_levels.iter().cloned().map(Level).collect()
    }

    /// Levels of the professional program, in ascending rank.
    async fn professional_levels(&self) -> Vec<Level> {
        self.get().professional_levels.iter().cloned().map(Level).collect()
    }

    /// How long levels of the partner program hold, and what they become then.
    async fn partner_level_terms(&self) -> LevelTerms {
        let edition = self.get();
        LevelTerms::of(&edition.partner_terms, &edition.partner_levels)
    }

    /// How long levels of the professional program hold, and what they become then.
    async fn professional_level_terms(&self) -> LevelTerms {
        let edition = self.get();
        LevelTerms::of(&edition.professional_terms, &edition.professional_levels)
    }

    /// How long credits can be spent that partners earn while the edition is in force.
    async fn credit_expiry(&self) -> CreditExpiry {
        CreditExpiry::of(self.get().credit_expiry)
    }

    /// How long Dojo Credits can be spent that professionals earn while the edition is in force.
    async fn dojo_credit_expiry(&self) -> CreditExpiry {
        CreditExpiry::of(self.get().dojo_credit_expiry)
    }

    /// Days before an end on which a notice says so.
    async fn notices(&self) -> Notices {
        let days = |days: &[u32]| days.iter().map(|day| int((*day).into())).collect();
        let notices = &self.get().notices;
        Notices {
            level: days(&notices.level),
            deal: days(&notices.deal),
            contract: days(&notices.contract),
            quote: days(&notices.quote),
            credits: days(&notices.credits),
            opportunity: days(&notices.opportunity),
        }
    }

    /// Caps on the share of an order that credits can pay. A combination of purpose and category that is not
    /// listed has a cap of 0.
    async fn redemption_caps(&self) -> Vec<RedemptionCap> {
        let caps = self.get().rewards.caps.iter().map(|cap| RedemptionCap {
            purpose: cap.purpose.into(),
            categories: cap.categories.iter().map(|&category| category.into()).collect(),
            percent: Decimal(cap.percent),
        });
        caps.collect()
    }

    /// Base discounts by level. A combination of level and category that is not listed has a discount of 0.
    async fn discounts(&self) -> Vec<LevelDiscount> {
        let edition = self.get();
        let discounts = edition.rewards.discounts.iter().filter_map(|discount| {
            Some(LevelDiscount {
                level: Level(Arc::clone(edition.partner_levels.by_code(&discount.level)?)),
                categories: discount.categories.iter().map(|&category| category.into()).collect(),
                percent: Decimal(discount.percent),
            })
        });
        discounts.collect()
    }

    /// Timers of registered deals and opportunities.
    async fn deal_terms(&self) -> DealTerms {
        let terms = &self.get().deals;
        let number = |number: u64| i32::try_from(number).unwrap_or(i32::MAX);
        DealTerms {
            lead_days: number(terms.lead_days),
            lead_extension_days: number(terms.lead_extension_days),
            engaged_days: number(terms.engaged_days),
            opportunity_months: number(terms.opportunity_months.into()),
            activity_months: number(terms.activity_months.into()),
            wins_need_approval: terms.wins_need_approval,
        }
    }

    /// Value of one credit, by currency. In a currency that is not listed, credits cannot be redeemed.
    async fn credit_values(&self) -> Vec<Money> {
        self.get().rewards.credit_values.iter().map(|&money| money.into()).collect()
    }
}

/// How long a level holds after the calendar year or membership year that earned it, and what it becomes then. One of
/// `years`, `months` and `until` is set.
#[derive(SimpleObject)]
pub(crate) struct LevelTerms {
    /// Number of following years through which it holds.
    years: Option<i32>,
    /// Number of months after the day that earned it through whose end it holds, and at least through the year.
    months: Option<i32>,
    /// Day of the following year through which it holds, as MM-DD.
    until: Option<String>,
    /// What a level becomes when its time is over.
    downgrade: Downgrade,
    /// Level that is never lost again; null if there is none.
    floor: Option<Level>,
}

impl LevelTerms {
    fn of(terms: &level_terms::LevelTerms, levels: &Levels) -> Self {
        let (years, months, until) = match terms.validity {
            Validity::Years(years) => (Some(int(years.into())), None, None),
            Validity::Months(months) => (None, Some(int(months.into())), None),
            Validity::Until(month, day) => (None, None, Some(format!("{month:02}-{day:02}"))),
        };
        let floor = terms.floor.and_then(|rank| levels.by_rank(rank)).cloned().map(Level);
        Self { years, months, until, downgrade: terms.downgrade.into(), floor }
    }
}

/// What a level becomes when its time is over.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Downgrade {
    /// The level that is earned.
    ToEarned,
    /// The level below, for as long again, and so on.
    OneStep,
}

map_enum!(Downgrade = level_terms::Downgrade { ToEarned, OneStep });

/// How long credits or Dojo Credits can be spent. They never expire if both fields are null.
#[derive(SimpleObject)]
pub(crate) struct CreditExpiry {
    /// Number of months after the day on which they are earned, through the day before the same day of the month.
    after_months: Option<i32>,
    /// Number of calendar years after the one in which they are earned, through 31 December.
    at_end_of_following_year: Option<i32>,
}

impl CreditExpiry {
    fn of(expiry: Expiry) -> Self {
        let (after_months, at_end_of_following_year) = match expiry {
            Expiry::Never => (None, None),
            Expiry::Months(months) => (Some(int(months.into())), None),
            Expiry::FollowingYear(years) => (None, Some(int(years.into()))),
        };
        Self { after_months, at_end_of_following_year }
    }
}

/// Days before an end on which a notice says so, the most first.
#[derive(SimpleObject)]
pub(crate) struct Notices {
    /// Before a level lapses.
    level: Vec<i32>,
    /// Before a deal expires.
    deal: Vec<i32>,
    /// Before a contract ends.
    contract: Vec<i32>,
    /// Before a saved quote that holds credits expires.
    quote: Vec<i32>,
    /// Before credits or Dojo Credits expire.
    credits: Vec<i32>,
    /// Before a registered opportunity lapses.
    opportunity: Vec<i32>,
}

/// Cap on the share of an order that credits can pay (PP, Rewards).
#[derive(SimpleObject)]
pub(crate) struct RedemptionCap {
    /// Purpose of the orders to which the cap applies.
    purpose: OrderPurpose,
    /// Product categories to which the cap applies.
    categories: Vec<ProductCategory>,
    /// Maximum share that credits can pay, in percent.
    percent: Decimal,
}

/// Base discount of a level.
#[derive(SimpleObject)]
pub(crate) struct LevelDiscount {
    /// Level of the partner program.
    level: Level,
    /// Product categories to which the discount applies.
    categories: Vec<ProductCategory>,
    /// Discount in percent of the list price.
    percent: Decimal,
}

/// Timers of registered deals and opportunities (PP, Sales). Every period includes its last day.
#[derive(SimpleObject)]
pub(crate) struct DealTerms {
    /// Number of days after registration for which a lead is active.
    lead_days: i32,
    /// Number of additional days for a lead with a proof, granted once.
    lead_extension_days: i32,
    /// Number of days after engagement, or after the latest proof, for which an engaged deal is active.
    engaged_days: i32,
    /// Maximum number of months for which a deal holds an opportunity without a transaction.
    opportunity_months: i32,
    /// Number of months after the last activity for which a deal holds an opportunity.
    activity_months: i32,
    /// Whether program staff must approve a win that a partner or an integration reports. Otherwise it is final at once.
    wins_need_approval: bool,
}
