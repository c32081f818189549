//! Who works for whom.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};

use super::subjects::ProfessionalPayload;
use crate::error::Error;
use crate::graphql::error::{ApiError, split_user_errors};
use crate::graphql::id::NodeType;
use crate::graphql::run::{mutation_services, or_first};
use crate::graphql::scalar::Date;
use crate::service::Services;
use crate::service::affiliations::{AffiliationCorrection, AffiliationDraft};
use crate::store::professional::ProfessionalRow;

/// Entering, ending and correcting affiliations.
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
    /// Last day of the affiliation, inclusive: not before `startsOn`; it can lie ahead. Omit it for an affiliation
    /// that continues.
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
    /// Code of the professional, whose current affiliation ends.
    professional: String,
    /// Last day of the affiliation, inclusive: not before the last award that was credited to the partner and
    /// stands. It can lie ahead, and be changed as long as it does.
    ends_on: Date,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Correction of an affiliation. What is omitted stays as it is.
#[derive(InputObject)]
pub(crate) struct CorrectAffiliationInput {
    /// Global ID of the affiliation that was recorded wrongly.
    affiliation: ID,
    /// Code of the partner that was meant.
    partner: Option<String>,
    /// First day that was meant: not before sign-up or enrolment, not after today.
    starts_on: Option<Date>,
    /// Last day that was meant, inclusive: not before the first day. Null for an affiliation that continues.
    ends_on: MaybeUndefined<Date>,
    /// Reason for the correction, 1 to 2,000 characters on one line.
    reason: String,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Affiliation to void.
#[derive(InputObject)]
pub(crate) struct VoidAffiliationInput {
    /// Global ID of the affiliation.
    affiliation: ID,
    /// Reason for the voiding, 1 to 2,000 characters on one line.
    reason: String,
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

    /// Sets the last day of a professional's current affiliation, which is over from the day after it. Refused as
    /// `WRONG_STATE` if there is none.
    async fn end_affiliation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Professional and last day.")] input: EndAffiliationInput,
    ) -> Result<ProfessionalPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let ended = services.affiliation_end(&input.professional, input.ends_on.0).await;
        payload(&services, &input.professional, ended).await
    }

    /// Corrects an affiliation that was recorded wrongly: it is voided, and the one that was meant is recorded in its
    /// place. Credits that the wrong one gave are reversed for its partner and given to the other, by entries dated
    /// like the awards. Refused as `AFFILIATION_OVERLAP` if the professional has another affiliation on the same days.
    async fn correct_affiliation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Affiliation and what was meant.")] input: CorrectAffiliationInput,
    ) -> Result<ProfessionalPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let correction = AffiliationCorrection {
            affiliation: NodeType::Affiliation.object(&input.affiliation),
            partner: input.partner,
            starts_on: input.starts_on.map(|date| date.0),
            ends_on: match input.ends_on {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(date) => Some(Some(date.0)),
            },
            reason: input.reason,
        };
        changed(&services, services.affiliation_correct(&correction).await).await
    }

    /// Voids an affiliation that was recorded by mistake. Credits that it gave are reversed for the partner, by
    /// entries dated like the awards.
    async fn void_affiliation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Affiliation to void.")] input: VoidAffiliationInput,
    ) -> Result<ProfessionalPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let affiliation = NodeType::Affiliation.object(&input.affiliation);
        changed(&services, services.affiliation_void(affiliation, &input.reason).await).await
    }
}

/// The payload of a change of an affiliation, which a repeat of its key finds by its id.
async fn changed(
    services: &Services,
    result: Result<ProfessionalRow, Error>,
) -> Result<ProfessionalPayload, ApiError> {
    let first = async |id| {
        let Some(row) = services.affiliations_by_ids(&[id]).await?.remove(&id) else { return Ok(None) };
        Ok(services.professionals_by_ids(&[row.professional_id]).await?.remove(&row.professional_id))
    };
    Ok(ProfessionalPayload::of(services, split_user_errors(or_first(result, first).await)?))
}

async fn payload(
    services: &Services,
    code: &str,
    result: Result<ProfessionalRow, Error>,
) -> Result<ProfessionalPayload, ApiError> {
    let result = or_first(result, async |_| services.professional_by_code(code).await).await;
    Ok(ProfessionalPayload::of(services, split_user_errors(result)?))
}
