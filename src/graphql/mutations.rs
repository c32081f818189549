//! Mutations: each parses its input, calls one service function and wraps the result.

mod access;
mod activities;
mod affiliations;
mod deals;
mod orders;
mod products;
mod subjects;
mod swag;
mod webhooks;

use async_graphql::MergedObject;

pub(crate) use orders::OrderInput;

/// Everything that can be changed. A mutation is one transaction: it is done as a whole or not at all.
#[derive(MergedObject, Debug, Default)]
pub struct Mutation(
    subjects::SubjectMutations,
    affiliations::AffiliationMutations,
    activities::ActivityMutations,
    access::AccessMutations,
    deals::DealMutations,
    products::ProductMutations,
    orders::OrderMutations,
    swag::SwagMutations,
    webhooks::WebhookMutations,
);
