//! Objects of the schema: each wraps rows that were read together, and names what the contract names.

mod access;
mod activity;
mod affiliation;
mod certificate;
mod commerce;
mod connections;
mod credit_lot;
mod customer;
mod deal;
mod earning_rule;
mod edition;
mod edition_check;
mod edition_draft;
mod edition_trial;
mod effects;
pub(crate) mod enums;
mod event;
mod event_type;
mod history;
mod import_run;
mod ledger;
mod level_history;
mod money;
mod order;
mod partner;
mod path;
mod planned_effects;
mod points;
mod product;
mod professional;
mod quote;
mod recalculation;
mod report;
mod sandbox;
mod sealed_head;
mod standing;
mod statement;
mod swag;
mod target;
mod webhook;

use async_graphql::ID;
use async_graphql::Interface;

pub(crate) use access::{ApiKey, AuditEntry, Role, Viewer};
pub(crate) use activity::Activity;
pub(crate) use affiliation::Affiliation;
pub(crate) use certificate::Certificate;
pub(crate) use commerce::{OrderPurpose, OrderStatus, ProductCategory, SwagOrderStatus};
pub(crate) use customer::Customer;
pub(crate) use deal::Deal;
pub(crate) use edition::Edition;
pub(crate) use edition_check::EditionCheck;
pub(crate) use edition_draft::{EditionDraft, EditionDraftStatus};
pub(crate) use edition_trial::{
    EditionTrial, EditionTrialSubject, EditionTrialSubjectFilter, EditionTrialSubjectOrder,
};
pub(crate) use effects::Effects;
pub(crate) use enums::{
    ActivityStatus, DealActivityKind, DealOutcome, DealStatus, ReviewDecision, Track, UserErrorCode,
};
pub(crate) use event::{Event, PartnerChange, ProfessionalChange};
pub(crate) use event_type::EventType;
pub(crate) use history::{Cancellation, Review, Voiding};
pub(crate) use import_run::{ImportRefusedRow, ImportRowKind, ImportRun, ImportStatus};
pub(crate) use ledger::LedgerEntry;
pub(crate) use money::{Money, MoneyInput};
pub(crate) use order::{Order, Quote};
pub(crate) use partner::Partner;
pub(crate) use planned_effects::PlannedEffects;
pub(crate) use points::PointsEntry;
pub(crate) use product::{Contract, Product};
pub(crate) use professional::Professional;
pub(crate) use quote::SavedQuote;
pub(crate) use recalculation::Recalculation;
pub(crate) use report::ProgramReport;
pub(crate) use sandbox::Sandbox;
pub(crate) use statement::Statement;
pub(crate) use swag::{SwagItem, SwagOrder};
pub(crate) use target::SalesTarget;
pub(crate) use webhook::{WebhookDelivery, WebhookEndpoint};

/// Object with a global ID, which `node` and `nodes` accept.
#[derive(Interface)]
#[graphql(field(
    name = "id",
    ty = "ID",
    desc = "Global ID of the object, opaque and permanent. `node` and `nodes` accept it."
))]
pub(crate) enum Node {
    Partner(Partner),
    Professional(Professional),
    Activity(Activity),
    Affiliation(Affiliation),
    LedgerEntry(LedgerEntry),
    PointsEntry(PointsEntry),
    Edition(Edition),
    EditionDraft(EditionDraft),
    EditionTrial(EditionTrial),
    Recalculation(Recalculation),
    Sandbox(Sandbox),
    ApiKey(ApiKey),
    AuditEntry(AuditEntry),
    Product(Product),
    Contract(Contract),
    SavedQuote(SavedQuote),
    Order(Order),
    Deal(Deal),
    Customer(Customer),
    SwagItem(SwagItem),
    SwagOrder(SwagOrder),
    WebhookEndpoint(WebhookEndpoint),
    WebhookDelivery(WebhookDelivery),
    ImportRun(ImportRun),
    Certificate(Certificate),
}

#[cfg(test)]
mod tests;
