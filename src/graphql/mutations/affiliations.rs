//! Who works for whom.

use async_graphql::{Context, InputObject, Object};

use super::subjects::ProfessionalPayload;
use crate::graphql::error::{ApiError, UserError, split_user_errors};
use crate::graphql::scalar::Date;
use crate::service::Services;
use crate::service::affiliations::AffiliationDraft;
use crate::store::professional::ProfessionalRow;

/// Entering and ending affiliations.
#[derive(Debug, Default)]
pub(crate) struct AffiliationMutations;

/// Affiliation of a professional with a partner.
#[derive(InputObject)]
pub(crate) struct AffiliateProfessionalInput {
    /// Code of the professional.
    professional: String,
    /// Code of the partner.
    partner: String,
    /// First day of the affiliation: not before sign-up or enrolment (`DATE_BEFORE_ENROLMENT`), not after
    /// today (`DATE_IN_FUTURE`). If it lies in the past, awards of the professional since then are credited
    /// to the partner.
    starts_on: Date,
    /// Last day of the affiliation, inclusive: not before `startsOn`, not after today. Omit it for an
    /// affiliation that continues.
    ends_on: Option<Date>,
}

/// Affiliation to end.
#[derive(InputObject)]
pub(crate) struct EndAffiliationInput {
    /// Code of the professional, whose open affiliation ends.
    professional: String,
    /// Last day of the affiliation, inclusive: not after today, and not before the last award that was
    /// credited to the partner.
    ends_on: Date,
}

#[Object]
impl AffiliationMutations {
    /// Affiliates a professional with a partner, for which the professional's points then earn credits.
    /// Refused as `AFFILIATION_OVERLAP` if the professional has an affiliation on the same days.
    async fn affiliate_professional(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Affiliation to record.")] input: AffiliateProfessionalInput,
    ) -> Result<ProfessionalPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let draft = AffiliationDraft {
            professional: input.professional,
            partner: input.partner,
            starts_on: input.starts_on.0,
            ends_on: input.ends_on.map(|date| date.0),
        };
        Ok(payload(split_user_errors(services.affiliation_add(&draft).await)?))
    }

    /// Ends the open affiliation of a professional. Refused as `WRONG_STATE` if there is none.
    async fn end_affiliation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Professional and last day.")] input: EndAffiliationInput,
    ) -> Result<ProfessionalPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        Ok(payload(split_user_errors(services.affiliation_end(&input.professional, input.ends_on.0).await)?))
    }
}

fn payload(result: Result<ProfessionalRow, Vec<UserError>>) -> ProfessionalPayload {
    match result {
        Ok(row) => ProfessionalPayload::from_row(row),
        Err(user_errors) => ProfessionalPayload::from_errors(user_errors),
    }
}
