//! Who works for whom.

use async_graphql::{Context, InputObject, Object};

use super::subjects::ProfessionalPayload;
use crate::error::Error;
use crate::graphql::error::{ApiError, split_user_errors};
use crate::graphql::run::{mutation_services, or_first};
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
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Affiliation to end.
#[derive(InputObject)]
pub(crate) struct EndAffiliationInput {
    /// Code of the professional, whose open affiliation ends.
    professional: String,
    /// Last day of the affiliation, inclusive: not after today, and not before the last award that was
    /// credited to the partner.
    ends_on: Date,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
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
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let draft = AffiliationDraft {
            professional: input.professional,
            partner: input.partner,
            starts_on: input.starts_on.0,
            ends_on: input.ends_on.map(|date| date.0),
        };
        payload(&services, &draft.professional, services.affiliation_add(&draft).await).await
    }

    /// Ends the open affiliation of a professional. Refused as `WRONG_STATE` if there is none.
    async fn end_affiliation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Professional and last day.")] input: EndAffiliationInput,
    ) -> Result<ProfessionalPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let ended = services.affiliation_end(&input.professional, input.ends_on.0).await;
        payload(&services, &input.professional, ended).await
    }
}

async fn payload(
    services: &Services,
    code: &str,
    result: Result<ProfessionalRow, Error>,
) -> Result<ProfessionalPayload, ApiError> {
    let result = or_first(result, async |_| services.professional_by_code(code).await).await;
    Ok(ProfessionalPayload::of(services, split_user_errors(result)?))
}
