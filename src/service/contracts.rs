//! Contracts with discount rates of their own (L2).

mod changes;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use entity::value::EventKind;
use entity::{contract, contract_rate};
use rust_decimal::Decimal;
use sea_orm::ActiveEnum;
use serde_json::json;
use uuid::Uuid;

use super::audit::Change;
use super::events::EventDraft;
use super::reads::PartnerStanding;
use super::subjects::lock_partner;
use super::{Services, input, labels, transact};
use crate::access::Operation;
use crate::error::Error;
use crate::program::calendar::{implausible, is_plausible};
use crate::program::edition::ProductCategory;
use crate::program::money::percent_parts;
use crate::program::pricing::{Contract, RateSource, rate};
use crate::program::refusal::{Code, Problems, Refusal, Refusals, all};
use crate::program::wording::quoted;
use crate::store::contract as store;
pub use crate::store::contract::ContractRow;
use crate::store::partner::PartnerRow;

/// A contract as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractDraft {
    /// Code of the partner.
    pub partner: String,
    /// Reference, unique for the partner.
    pub reference: String,
    /// First day of validity.
    pub starts_on: NaiveDate,
    /// Last day of validity.
    pub ends_on: NaiveDate,
    /// Share of the list price by category.
    pub rates: Vec<(ProductCategory, Decimal)>,
}

/// The discount on one product category, and the contract that it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseDiscount {
    /// The category.
    pub category: ProductCategory,
    /// Share of the list price, 0 to 100.
    pub percent: Decimal,
    /// Share of the list price by the level alone, 0 to 100.
    pub level_percent: Decimal,
    /// The contract; none if the discount is that of the level.
    pub contract: Option<ContractRow>,
}

impl Services {
    /// Records a contract. Its days may be in the past or the future: placed orders keep their prices.
    ///
    /// # Errors
    /// When there is no such partner, the reference is in use, the days or rates are not accepted, or another
    /// contract governs one of the categories in those days.
    pub async fn contract_record(&self, draft: &ContractDraft) -> Result<PartnerRow, Error> {
        let visibility = self.authorize(Operation::RecordContract)?;
        let checked = all((input::key("reference", &draft.reference), check_days(draft), check_rates(draft)));
        transact!(self, Operation::RecordContract, transaction, changes => {
            let partner = lock_partner(transaction, &visibility, &draft.partner).await?;
            let others = match &partner {
                Ok(partner) => store::of_partners(transaction, &[partner.id]).await?,
                Err(_) => Vec::new(),
            };
            let ((reference, (), rates), partner, (), ()) =
                all((checked.clone(), partner, check_unused(draft, &others), check_overlap(draft, &others)))?;
            let contract = contract::Model {
                id: Uuid::now_v7(),
                partner_id: partner.id,
                reference: reference.clone(),
                starts_on: draft.starts_on,
                ends_on: draft.ends_on,
                recorded_at: self.clock.now(),
                voided: false,
                agreed_until: draft.ends_on,
            };
            let rates = rates.iter().map(|(category, percent)| contract_rate::Model {
                contract_id: contract.id,
                category: labels::category_column(*category),
                percent: percent.to_string(),
            });
            let rates = rates.collect();
            let after = json!({ "reference": reference, "startsOn": draft.starts_on, "endsOn": draft.ends_on });
            changes.add(Change::of("Contract", contract.id).about(Some(partner.id), None).after(after));
            let row = ContractRow { contract, rates };
            let event = EventDraft::contract(EventKind::ContractRecorded, &row, draft.starts_on);
            store::insert(transaction, row).await?;
            self.emit(transaction, [(partner.id, partner.code.clone())], vec![event], None).await?;
            Ok(partner)
        })
    }

    /// All contracts of partners, in the order of their first days.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn contracts(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<ContractRow>>, Error> {
        self.authorize_accounts(ids.iter().copied())?;
        Ok(by_partner(store::of_partners(self.db.reader(), ids).await?))
    }

    /// Contracts by id; those that don't exist are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn contracts_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, ContractRow>, Error> {
        let visibility = self.visibility(Operation::PartnerAccount);
        let rows = store::by_ids(self.db.reader(), ids.iter().copied()).await?;
        let rows = rows.into_iter().filter(|row| visibility.can_see_partner(row.contract.partner_id));
        Ok(rows.map(|row| (row.contract.id, row)).collect())
    }

    /// Contracts of partners that govern a day, as recorded now or at a past time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn contracts_on(
        &self,
        ids: &[Uuid],
        day: NaiveDate,
        known_at: Option<DateTime<Utc>>,
    ) -> Result<HashMap<Uuid, Vec<ContractRow>>, Error> {
        self.authorize_accounts(ids.iter().copied())?;
        Ok(by_partner(store::on_day(self.db.reader(), ids, day, known_at).await?))
    }

    /// Base discounts for a partner's standing under the contracts of that day (PP, Rewards; L2).
    ///
    /// # Errors
    /// When a stored rate can't be read.
    pub fn base_discounts(
        &self,
        standing: &PartnerStanding,
        contracts: &[ContractRow],
    ) -> Result<Vec<BaseDiscount>, Error> {
        let rewards = &self.policy.editions.at(standing.as_of).rewards;
        let terms = contracts.iter().map(terms).collect::<Result<Vec<_>, _>>()?;
        let discount = |category| {
            let rate = rate(rewards, &standing.overall.code, &terms, standing.as_of, category);
            let contract = match rate.source {
                RateSource::Level => None,
                RateSource::Contract(index) => contracts.get(index).cloned(),
            };
            BaseDiscount { category, percent: rate.percent, level_percent: rate.level_percent, contract }
        };
        Ok(ProductCategory::ALL.map(discount).to_vec())
    }
}

impl Services {
    /// Discount of a level on a category by an edition, in percent of the list price.
    #[must_use]
    pub fn level_discount(
        &self,
        edition: Uuid,
        level: &str,
        category: entity::value::ProductCategory,
    ) -> Decimal {
        let edition = self.policy.index(edition).and_then(|index| self.policy.editions.get(index));
        edition
            .map_or(Decimal::ZERO, |edition| edition.rewards.base_discount(level, labels::category(category)))
    }
}

/// The contract with its rates, as the rules core defines it.
pub(super) fn terms(row: &ContractRow) -> Result<Contract, Error> {
    let mut rates = BTreeMap::new();
    for rate in &row.rates {
        rates.insert(labels::category(rate.category), percent(&rate.percent)?);
    }
    Ok(Contract { starts_on: row.contract.starts_on, ends_on: row.contract.ends_on, rates })
}

/// Parses a stored percentage.
///
/// # Errors
/// When it is not a number.
pub fn percent(text: &str) -> Result<Decimal, Error> {
    text.parse().map_err(|error| Error::Damaged(format!("a percentage: {error}")))
}

fn by_partner(rows: Vec<ContractRow>) -> HashMap<Uuid, Vec<ContractRow>> {
    let mut by_partner: HashMap<Uuid, Vec<ContractRow>> = HashMap::new();
    for row in rows {
        by_partner.entry(row.contract.partner_id).or_default().push(row);
    }
    by_partner
}

fn check_days(draft: &ContractDraft) -> Result<(), Refusals> {
    let plausible = |field: &str, day: NaiveDate| {
        if is_plausible(day) { Ok(()) } else { Err(Refusal::new(Code::Invalid, field, implausible(day))) }
    };
    all((plausible("startsOn", draft.starts_on), plausible("endsOn", draft.ends_on)))?;
    if draft.ends_on < draft.starts_on {
        let message = format!("endsOn {} is before startsOn {}.", draft.ends_on, draft.starts_on);
        return Err(Refusal::new(Code::Invalid, "endsOn", message).into());
    }
    Ok(())
}

/// Rates by category, once each.
fn check_rates(draft: &ContractDraft) -> Result<BTreeMap<ProductCategory, Decimal>, Refusals> {
    if draft.rates.is_empty() {
        let message = "The contract has no rate; at least one category with a rate is required.";
        return Err(Refusal::new(Code::Invalid, "rates", message).into());
    }
    let mut problems = Problems::default();
    let mut rates = BTreeMap::new();
    for (index, (category, percent)) in draft.rates.iter().enumerate() {
        let mut refuse = |field, message| problems.add(of_rate(index, field, Code::Invalid, message));
        if percent_parts(*percent).is_none() {
            refuse(
                "percent",
                format!("A percentage is from 0 to 100 with at most 4 decimals; got {percent}."),
            );
        }
        if rates.insert(*category, percent.normalize()).is_some() {
            refuse("category", format!("{} is given twice; a category has one rate.", name(*category)));
        }
    }
    problems.finish()?;
    Ok(rates)
}

/// The category as the API names it.
fn name(category: ProductCategory) -> String {
    labels::category_column(category).to_value()
}

/// A refusal of a field of a rate.
fn of_rate(index: usize, field: &str, code: Code, message: String) -> Refusal {
    Refusal::new(code, field, message).within(&index.to_string()).within("rates")
}

fn check_unused(draft: &ContractDraft, others: &[ContractRow]) -> Result<(), Refusal> {
    let reference = draft.reference.trim();
    if others.iter().any(|other| other.contract.reference == reference) {
        let message = format!(
            "The partner has a contract with the reference {} already; use a new one.",
            quoted(reference)
        );
        return Err(Refusal::new(Code::AlreadyExists, "reference", message));
    }
    Ok(())
}

/// The contract that governs a category on some of these days.
fn governing(
    others: &[ContractRow],
    (starts_on, ends_on): (NaiveDate, NaiveDate),
    category: ProductCategory,
) -> Option<&ContractRow> {
    others.iter().find(|other| {
        let contract = &other.contract;
        let meets = contract.starts_on <= ends_on && starts_on <= contract.ends_on;
        meets
            && !contract.voided
            && other.rates.iter().any(|rate| labels::category(rate.category) == category)
    })
}

/// Two contracts of a partner never govern the same category on the same day.
fn check_overlap(draft: &ContractDraft, others: &[ContractRow]) -> Result<(), Refusals> {
    let mut problems = Problems::default();
    if check_days(draft).is_err() {
        return Ok(());
    }
    for (index, (category, _)) in draft.rates.iter().enumerate() {
        if let Some(other) = governing(others, (draft.starts_on, draft.ends_on), *category) {
            let contract = &other.contract;
            let message = format!(
                "Contract {} governs {} from {} through {}; choose other days, or leave the category out.",
                contract.reference,
                name(*category),
                contract.starts_on,
                contract.ends_on
            );
            problems.add(of_rate(index, "category", Code::ContractOverlap, message));
        }
    }
    problems.finish()
}
