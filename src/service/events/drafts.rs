//! Events of objects that no step of a ledger is about, and their insertion.

use chrono::NaiveDate;
use entity::value::EventKind;
use entity::{
    affiliation, edition, edition_draft, edition_trial, import_run, partner, professional, recalculation,
    sales_target, swag_item,
};
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Audience, EventDraft};
use crate::error::Error;
use crate::program::money::Money;
use crate::service::Services;
use crate::service::contracts::ContractRow;
use crate::service::products::ProductRow;
use crate::store::event::{self, Numbering};

impl EventDraft {
    /// A partner was enrolled; its levels begin with the lowest one.
    pub(in crate::service) fn enrolled(row: &partner::Model, level: &str) -> Self {
        let object = json!({ "enrolledOn": row.enrolled_on, "level": level });
        let draft = Self::new(EventKind::PartnerEnrolled, row.enrolled_on, "enrolment", object);
        Self { partner: Some(row.id), ..draft }
    }

    /// A professional signed up.
    pub(in crate::service) fn signed_up(row: &professional::Model) -> Self {
        let object = json!({ "signedUpOn": row.signed_up_on });
        let draft = Self::new(EventKind::ProfessionalSignedUp, row.signed_up_on, "signUp", object);
        Self { professional: Some(row.id), ..draft }
    }

    /// Fields of a partner or professional were changed, by their names: values can be personal data.
    pub(in crate::service) fn changed(
        kind: EventKind,
        (partner, professional): (Option<Uuid>, Option<Uuid>),
        on: NaiveDate,
        fields: &[&str],
    ) -> Self {
        Self { partner, professional, ..Self::new(kind, on, "changed", json!(fields)) }
    }

    /// An affiliation was entered, corrected or voided, or has its last day.
    pub(in crate::service) fn affiliation(kind: EventKind, row: &affiliation::Model, on: NaiveDate) -> Self {
        let object = json!({ "startsOn": row.starts_on, "endsOn": row.ends_on, "voided": row.voided });
        Self {
            partner: Some(row.partner_id),
            professional: Some(row.professional_id),
            ..Self::new(kind, on, "affiliation", object)
        }
    }

    /// An affiliation took the place of a wrong one. That of the same partner is named; another partner's is not this
    /// partner's business.
    pub(in crate::service) fn affiliation_corrected(
        old: &affiliation::Model,
        new: &affiliation::Model,
    ) -> Self {
        let mut draft = Self::affiliation(EventKind::AffiliationCorrected, new, new.starts_on);
        if old.partner_id == new.partner_id {
            draft.object.1["replaces"] = json!({ "startsOn": old.starts_on, "endsOn": old.ends_on });
        }
        draft
    }

    /// A contract, with its rates in percent by category.
    pub(in crate::service) fn contract(kind: EventKind, row: &ContractRow, on: NaiveDate) -> Self {
        let rate = |rate: &entity::contract_rate::Model| {
            (rate.category.to_value(), Value::String(rate.percent.clone()))
        };
        let rates: Map<String, Value> = row.rates.iter().map(rate).collect();
        let contract = &row.contract;
        let object = json!({
            "reference": contract.reference, "startsOn": contract.starts_on, "endsOn": contract.ends_on,
            "voided": contract.voided, "rates": rates,
        });
        Self { partner: Some(contract.partner_id), ..Self::new(kind, on, "contract", object) }
    }

    /// The sales target of a partner and year.
    pub(in crate::service) fn sales_target(row: &sales_target::Model, target: Money, on: NaiveDate) -> Self {
        let object = json!({
            "year": row.year, "currency": row.currency, "amount": target.amount().to_string(),
        });
        let draft = Self::new(EventKind::SalesTargetSet, on, "salesTarget", object);
        Self { partner: Some(row.partner_id), ..draft }
    }

    /// A product, with its prices in major units by currency.
    pub(in crate::service) fn product(row: &ProductRow, on: NaiveDate) -> Result<Self, Error> {
        let mut prices = Map::new();
        for price in &row.prices {
            let money = crate::service::targets::money(price.amount, &price.currency)?;
            prices.insert(price.currency.clone(), money.amount().to_string().into());
        }
        let product = &row.product;
        let object = json!({
            "code": product.code, "category": product.category.to_value(), "prices": prices,
        });
        Ok(Self::new(EventKind::ProductSaved, on, "product", object))
    }

    /// An item of the swag shop.
    pub(in crate::service) fn swag_item(row: &swag_item::Model, on: NaiveDate) -> Self {
        let object = json!({ "code": row.code, "dojoCredits": row.dojo_credits, "stock": row.stock });
        Self::new(EventKind::SwagItemSaved, on, "swagItem", object)
    }

    /// Customers that were joined or separated: the one that the names were of, the one that they are of now, and the
    /// names.
    pub(in crate::service) fn customers(
        kind: EventKind,
        (from, into): (&str, &str),
        names: &[String],
        on: NaiveDate,
    ) -> Self {
        Self::new(kind, on, "customers", json!({ "from": from, "into": into, "names": names }))
    }

    /// An edition was published.
    pub(in crate::service) fn edition_published(row: &edition::Model) -> Self {
        let object = json!({ "effectiveFrom": row.effective_from, "name": row.name });
        Self::new(EventKind::EditionPublished, row.effective_from, "edition", object)
    }

    /// A draft of an edition, without its document.
    pub(in crate::service) fn edition_draft(
        kind: EventKind,
        row: &edition_draft::Model,
        on: NaiveDate,
    ) -> Self {
        let object = json!({
            "name": row.name, "revision": row.revision, "status": row.status.to_value(),
            "effectiveFrom": row.effective_from,
        });
        Self::new(kind, on, "editionDraft", object)
    }

    /// A recalculation, without its document.
    pub(in crate::service) fn recalculation(
        kind: EventKind,
        row: &recalculation::Model,
        plan: &edition_trial::Model,
        on: NaiveDate,
    ) -> Self {
        let object = json!({
            "id": row.id, "status": row.status.to_value(), "effectiveFrom": plan.effective_from,
            "subjects": row.subjects,
        });
        Self::new(kind, on, "recalculation", object)
    }

    /// An import of a file, without the file's name.
    pub(in crate::service) fn import_run(kind: EventKind, row: &import_run::Model, on: NaiveDate) -> Self {
        let object = json!({
            "kind": row.kind.to_value(), "policy": row.policy.to_value(), "status": row.status.to_value(),
            "recorded": row.recorded, "duplicate": row.duplicate, "updated": row.updated, "refused": row.refused,
        });
        Self {
            recorded_by: row.recorded_by.clone(),
            import_run: Some(row.id),
            ..Self::new(kind, on, "importRun", object)
        }
    }
}

impl Services {
    /// Writes events that no posting writes, with the codes of their subjects. The caller holds the locks of those.
    pub(in crate::service) async fn emit(
        &self,
        transaction: &DatabaseTransaction,
        codes: impl IntoIterator<Item = (Uuid, String)>,
        drafts: Vec<EventDraft>,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        let actor = Some(self.caller().actor.label().to_owned());
        let audience = Audience {
            codes: codes.into_iter().collect(),
            employers: Vec::new(),
            at: self.clock.now(),
            actor,
        };
        let rows = drafts.iter().map(|draft| audience.step(draft, reason));
        Ok(event::insert(transaction, rows.collect(), Numbering::Later).await?)
    }
}
