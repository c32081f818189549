//! Mutations: each parses its input, calls one service function and wraps the result.

mod access;
mod activities;
mod affiliations;
mod certificates;
mod customers;
mod deals;
mod editions;
mod merges;
mod orders;
mod overrides;
mod products;
mod quotes;
mod recalculations;
mod sandboxes;
mod subject_changes;
mod subjects;
mod swag;
mod voiding;
mod webhooks;

use async_graphql::MergedObject;

pub(crate) use orders::OrderInput;

/// Root of the mutations. A mutation is one transaction: it takes effect completely or not at all. A refused
/// mutation changes nothing and returns its reasons as `userErrors`.
#[derive(MergedObject, Debug, Default)]
pub struct Mutation(
    subjects::SubjectMutations,
    subject_changes::SubjectChangeMutations,
    merges::MergeMutations,
    overrides::OverrideMutations,
    certificates::CertificateMutations,
    affiliations::AffiliationMutations,
    activities::ActivityMutations,
    access::AccessMutations,
    deals::DealMutations,
    customers::CustomerMutations,
    products::ProductMutations,
    quotes::QuoteMutations,
    orders::OrderMutations,
    swag::SwagMutations,
    webhooks::WebhookMutations,
    voiding::VoidingMutations,
    editions::EditionMutations,
    recalculations::RecalculationMutations,
    sandboxes::SandboxMutations,
);
