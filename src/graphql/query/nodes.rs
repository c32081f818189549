//! Objects by their global ids.

use std::sync::Arc;

use async_graphql::ID;

use crate::graphql::batch::BatchById;
use crate::graphql::error::ApiError;
use crate::graphql::id::NodeType;
use crate::graphql::types::{
    Activity, Affiliation, ApiKey, AuditEntry, Certificate, Contract, Customer, Deal, Edition, EditionDraft,
    EditionTrial, ImportRun, LedgerEntry, Node, Order, Partner, PointsEntry, Product, Professional,
    Recalculation, Sandbox, SavedQuote, SwagItem, SwagOrder, WebhookDelivery, WebhookEndpoint,
};
use crate::service::Services;

/// Objects by global id: one statement for each type among them.
#[expect(clippy::too_many_lines, reason = "a row for each type")]
pub(super) async fn nodes(services: &Services, ids: &[ID]) -> Result<Vec<Option<Node>>, ApiError> {
    let parsed: Vec<_> = ids.iter().map(NodeType::parse).collect();
    let keys = |kind| {
        parsed.iter().flatten().filter(move |(of, _)| *of == kind).map(|(_, key)| *key).collect::<Vec<_>>()
    };
    let partners =
        BatchById::new(none_of(&keys(NodeType::Partner), |ids| services.partners_by_ids(ids)).await?);
    let professionals = BatchById::new(
        none_of(&keys(NodeType::Professional), |ids| services.professionals_by_ids(ids)).await?,
    );
    let activities =
        BatchById::new(none_of(&keys(NodeType::Activity), |ids| services.activities_by_ids(ids)).await?);
    let affiliations =
        BatchById::new(none_of(&keys(NodeType::Affiliation), |ids| services.affiliations_by_ids(ids)).await?);
    let entries = BatchById::new(
        none_of(&keys(NodeType::LedgerEntry), |ids| services.ledger_entries_by_ids(ids)).await?,
    );
    let points = BatchById::new(
        none_of(&keys(NodeType::PointsEntry), |ids| services.points_entries_by_ids(ids)).await?,
    );
    let products =
        BatchById::new(none_of(&keys(NodeType::Product), |ids| services.products_by_ids(ids)).await?);
    let contracts =
        BatchById::new(none_of(&keys(NodeType::Contract), |ids| services.contracts_by_ids(ids)).await?);
    let quotes = keys(NodeType::SavedQuote);
    let quotes = BatchById::new(none_of(&quotes, |ids| services.saved_quotes_by_ids(ids)).await?);
    let orders = BatchById::new(none_of(&keys(NodeType::Order), |ids| services.orders_by_ids(ids)).await?);
    let deals = BatchById::new(none_of(&keys(NodeType::Deal), |ids| services.deals_by_ids(ids)).await?);
    let customers =
        BatchById::new(none_of(&keys(NodeType::Customer), |ids| services.customers_by_ids(ids)).await?);
    let drafts = keys(NodeType::EditionDraft);
    let drafts = BatchById::new(none_of(&drafts, |ids| services.edition_drafts_by_ids(ids)).await?);
    let trials = keys(NodeType::EditionTrial);
    let trials = BatchById::new(none_of(&trials, |ids| services.edition_trials_by_ids(ids)).await?);
    let recalculations = keys(NodeType::Recalculation);
    let recalculations =
        BatchById::new(none_of(&recalculations, |ids| services.recalculations_by_ids(ids)).await?);
    let swag_items =
        BatchById::new(none_of(&keys(NodeType::SwagItem), |ids| services.swag_items_by_ids(ids)).await?);
    let swag_orders =
        BatchById::new(none_of(&keys(NodeType::SwagOrder), |ids| services.swag_orders_by_ids(ids)).await?);
    let api_keys = BatchById::new(none_of(&keys(NodeType::ApiKey), |ids| services.keys_by_ids(ids)).await?);
    let audit = BatchById::new(none_of(&keys(NodeType::AuditEntry), |ids| services.audit_by_ids(ids)).await?);
    let endpoints =
        BatchById::new(none_of(&keys(NodeType::WebhookEndpoint), |ids| services.webhooks_by_ids(ids)).await?);
    let deliveries = keys(NodeType::WebhookDelivery);
    let deliveries =
        BatchById::new(none_of(&deliveries, |ids| services.webhook_deliveries_by_ids(ids)).await?);
    let runs = keys(NodeType::ImportRun);
    let runs = BatchById::new(none_of(&runs, |ids| services.import_runs_by_ids(ids)).await?);
    let certificates = keys(NodeType::Certificate);
    let certificates = BatchById::new(none_of(&certificates, |ids| services.certificates_by_ids(ids)).await?);
    let policy = services.policy();
    let found = parsed.iter().map(|one| {
        let (kind, id) = (*one)?;
        Some(match kind {
            NodeType::Partner => Node::Partner(Partner(partners.get(id)?)),
            NodeType::Professional => Node::Professional(Professional(professionals.get(id)?)),
            NodeType::Activity => Node::Activity(Activity(activities.get(id)?)),
            NodeType::Affiliation => Node::Affiliation(Affiliation(affiliations.get(id)?)),
            NodeType::LedgerEntry => Node::LedgerEntry(LedgerEntry(entries.get(id)?)),
            NodeType::PointsEntry => Node::PointsEntry(PointsEntry(points.get(id)?)),
            NodeType::Product => Node::Product(Product(products.get(id)?)),
            NodeType::Contract => Node::Contract(Contract(contracts.get(id)?)),
            NodeType::SavedQuote => Node::SavedQuote(SavedQuote(quotes.get(id)?)),
            NodeType::Order => Node::Order(Order(orders.get(id)?)),
            NodeType::Deal => Node::Deal(Deal(deals.get(id)?)),
            NodeType::Customer => Node::Customer(Customer(customers.get(id)?)),
            NodeType::SwagItem => Node::SwagItem(SwagItem(swag_items.get(id)?)),
            NodeType::SwagOrder => Node::SwagOrder(SwagOrder(swag_orders.get(id)?)),
            NodeType::ApiKey => Node::ApiKey(ApiKey(api_keys.get(id)?)),
            NodeType::AuditEntry => Node::AuditEntry(AuditEntry(audit.get(id)?)),
            NodeType::WebhookEndpoint => Node::WebhookEndpoint(WebhookEndpoint(endpoints.get(id)?)),
            NodeType::WebhookDelivery => Node::WebhookDelivery(WebhookDelivery(deliveries.get(id)?)),
            NodeType::ImportRun => Node::ImportRun(ImportRun(runs.get(id)?)),
            NodeType::Certificate => Node::Certificate(Certificate(certificates.get(id)?)),
            NodeType::EditionTrial => Node::EditionTrial(EditionTrial(trials.get(id)?)),
            NodeType::Recalculation => Node::Recalculation(Recalculation(recalculations.get(id)?)),
            NodeType::Sandbox => Node::Sandbox(Sandbox(services.sandbox_by_id(id)?)),
            NodeType::EditionDraft => Node::EditionDraft(EditionDraft(drafts.get(id)?)),
            NodeType::Edition => {
                let index = policy.index(id)?;
                Node::Edition(Edition { id, index, policy: Arc::clone(policy) })
            }
        })
    });
    Ok(found.collect())
}

/// Loads rows by id, unless none is asked for.
async fn none_of<'i, T: Default, F>(
    ids: &'i [uuid::Uuid],
    load: impl FnOnce(&'i [uuid::Uuid]) -> F,
) -> Result<T, ApiError>
where
    F: Future<Output = Result<T, crate::error::Error>>,
{
    if ids.is_empty() { Ok(T::default()) } else { Ok(load(ids).await?) }
}
