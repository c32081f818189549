//! An edition: the policy as data.

use std::sync::Arc;

use async_graphql::{ID, Object, SimpleObject};
use uuid::Uuid;

use super::Money;
use super::enums::{OrderPurpose, ProductCategory, Program, Review, Track, Window};
use super::standing::Level;
use crate::graphql::id::NodeType;
use crate::graphql::scalar::{Date, Decimal, int};
use crate::program::rule::{Rule, UnitSource};
use crate::service::policy::Policy;

/// One dated version of the whole policy: earning rules, levels, caps, discounts, credit values.
pub(crate) struct Edition {
    pub(crate) id: Uuid,
    pub(crate) index: usize,
    pub(crate) policy: Arc<Policy>,
}

impl Edition {
    fn get(&self) -> &crate::program::Edition {
        self.policy.editions.get(self.index).expect("an index that the policy gave")
    }
}

/// One dated version of the whole policy: earning rules, levels, caps, discounts, credit values.
#[Object]
impl Edition {
    /// Global id: opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Edition.id(self.id)
    }

    /// First day in force: it stays until the next edition's first day.
    async fn effective_from(&self) -> Date {
        Date(self.get().effective_from)
    }

    /// Name for people.
    async fn name(&self) -> &str {
        &self.get().name
    }

    /// The TOML document as published.
    async fn document(&self) -> &str {
        &self.get().document
    }

    /// How credits and points are earned, in the document's order.
    async fn earning_rules(&self) -> Vec<EarningRule> {
        self.get().rules.iter().map(EarningRule::from_rule).collect()
    }

    /// Levels of the partner program in rank order.
    async fn partner_levels(&self) -> Vec<Level> {
        self.get().partner_levels.iter().cloned().map(Level).collect()
    }

    /// Levels of the professional program in rank order.
    async fn professional_levels(&self) -> Vec<Level> {
        self.get().professional_levels.iter().cloned().map(Level).collect()
    }

    /// How much of an order credits can pay; what is not listed is nothing.
    async fn redemption_caps(&self) -> Vec<RedemptionCap> {
        let caps = self.get().rewards.caps.iter().map(|cap| RedemptionCap {
            purpose: cap.purpose.into(),
            categories: cap.categories.iter().map(|&category| category.into()).collect(),
            percent: Decimal(cap.percent),
        });
        caps.collect()
    }

    /// Base discounts by level; what is not listed is nothing.
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

    /// Timers and proofs of registered deals.
    async fn deal_terms(&self) -> DealTerms {
        let terms = &self.get().deals;
        let number = |number: u64| i32::try_from(number).unwrap_or(i32::MAX);
        DealTerms {
            lead_days: number(terms.lead_days),
            lead_extension_days: number(terms.lead_extension_days),
            engaged_days: number(terms.engaged_days),
            opportunity_months: number(terms.opportunity_months.into()),
            activity_months: number(terms.activity_months.into()),
        }
    }

    /// What one credit is worth, by currency.
    async fn credit_values(&self) -> Vec<Money> {
        self.get().rewards.credit_values.iter().map(|&money| money.into()).collect()
    }
}

/// How one kind of activity earns credits or points.
#[derive(SimpleObject)]
pub(crate) struct EarningRule {
    /// The program it belongs to.
    program: Program,
    /// Code of the kind.
    kind: String,
    /// Name for people.
    title: String,
    /// The track that it earns for; partner program only.
    track: Option<Track>,
    /// Credits for every full `per` units; partner program only.
    credits: Option<i32>,
    /// Points that the kind awards; professional program only.
    points: Option<PointsRange>,
    /// Units of one block: quantity in the partner program, points in the professional program.
    per: i32,
    /// The span whose units are counted together.
    window: Window,
    /// Most that one window earns; null for no limit.
    cap: Option<i32>,
    /// Largest quantity of one activity.
    max_quantity: i32,
    /// Who has to look first.
    review: Review,
    /// Whether it follows from other facts, so that nobody records it.
    derived: bool,
    /// Where the published text says so.
    source: String,
}

/// Points of a kind, for a quantity of one.
#[derive(SimpleObject)]
pub(crate) struct PointsRange {
    /// Fewest points.
    min: i32,
    /// Most points.
    max: i32,
}

impl EarningRule {
    fn from_rule(rule: &Rule) -> Self {
        let is_partner = rule.program == crate::program::Program::Partner;
        let (min, max) = match rule.unit_source {
            UnitSource::Graded { min, max } => (min, max),
            UnitSource::Fixed { per_unit } => {
                (per_unit, per_unit + rule.early_bonus.as_ref().map_or(0, |bonus| bonus.units))
            }
        };
        Self {
            program: rule.program.into(),
            kind: rule.kind.clone(),
            title: rule.title.clone(),
            track: rule.track.map(Into::into),
            credits: is_partner.then(|| int(rule.credits)),
            points: (!is_partner).then(|| PointsRange { min: int(min), max: int(max) }),
            per: int(rule.per),
            window: rule.window.into(),
            cap: rule.cap.map(int),
            max_quantity: int(rule.max_quantity),
            review: rule.review.into(),
            derived: rule.derived.is_some(),
            source: rule.source.clone(),
        }
    }
}

/// How much of an order credits can pay.
#[derive(SimpleObject)]
pub(crate) struct RedemptionCap {
    /// Orders that it is about.
    purpose: OrderPurpose,
    /// Categories of products that it is about.
    categories: Vec<ProductCategory>,
    /// Share of the order's value, in percent.
    percent: Decimal,
}

/// The base discount of a level.
#[derive(SimpleObject)]
pub(crate) struct LevelDiscount {
    /// The partner level.
    level: Level,
    /// Categories of products that it applies to.
    categories: Vec<ProductCategory>,
    /// Share of the list price, in percent.
    percent: Decimal,
}

/// How long deals are active, and how long opportunities are held.
#[derive(SimpleObject)]
pub(crate) struct DealTerms {
    /// Days after registration on which a lead is still active.
    lead_days: i32,
    /// Days more, once, for a lead with a proof.
    lead_extension_days: i32,
    /// Days after contact, or after the newest proof, on which an engaged deal is still active.
    engaged_days: i32,
    /// Months for which an opportunity can be held without a transaction.
    opportunity_months: i32,
    /// Months for which an opportunity is held without a reported activity.
    activity_months: i32,
}
