//! Who works for whom.

use async_graphql::{Context, InputObject, Object};

use super::subjects::ProfessionalPayload;
use crate::graphql::error::{ApiError, UserError, split_user_error};
use crate::graphql::scalar::Date;
use crate::service::Services;
use crate::service::affiliations::AffiliationDraft;
use crate::store::professional::ProfessionalRow;

/// Entering and ending affiliations.
#[derive(Debug, Default)]
pub(crate) struct AffiliationMutations;

/// A professional who works for a partner.
#[derive(InputObject)]
pub(crate) struct AffiliateProfessionalInput {
    /// Code of the professional.
    professional: String,
    /// Code of the partner.
    partner: String,
    /// First day, on or after sign-up and enrolment, not after today. Awards since then count for the partner.
    starts_on: Date,
    /// Last day, where it is known already.
    ends_on: Option<Date>,
}

/// A professional who no longer works for a partner.
#[derive(InputObject)]
pub(crate) struct EndAffiliationInput {
    /// Code of the professional.
    professional: String,
    /// Last day; not before the last award that the partner was credited for.
    ends_on: Date,
}

#[Object]
impl AffiliationMutations {
    /// Enters a professional as working for a partner: from then on the person's points earn the partner credits.
    async fn affiliate_professional(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who works for whom, and since when.")] input: AffiliateProfessionalInput,
    ) -> Result<ProfessionalPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let draft = AffiliationDraft {
            professional: input.professional,
            partner: input.partner,
            starts_on: input.starts_on.0,
            ends_on: input.ends_on.map(|date| date.0),
        };
        Ok(payload(split_user_error(services.affiliation_add(&draft).await)?))
    }

    /// Gives the open affiliation of a professional its last day.
    async fn end_affiliation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whose, and the last day.")] input: EndAffiliationInput,
    ) -> Result<ProfessionalPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        Ok(payload(split_user_error(services.affiliation_end(&input.professional, input.ends_on.0).await)?))
    }
}

fn payload(result: Result<ProfessionalRow, UserError>) -> ProfessionalPayload {
    match result {
        Ok(row) => ProfessionalPayload::from_row(row),
        Err(error) => ProfessionalPayload::from_error(error),
    }
}
