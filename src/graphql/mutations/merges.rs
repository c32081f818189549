//! Merges of partners and professionals.

use async_graphql::{Context, InputObject, Object};

use super::subjects::{PartnerPayload, ProfessionalPayload};
use crate::graphql::error::{ApiError, split_user_errors};
use crate::graphql::run::{mutation_services, or_first};

/// Merging.
#[derive(Debug, Default)]
pub(crate) struct MergeMutations;

/// Two accounts of one professional.
#[derive(InputObject)]
pub(crate) struct MergeProfessionalsInput {
    /// Code of the professional to merge. Afterwards it means the remaining one, in look-ups, inputs and imports.
    from: String,
    /// Code of the professional that remains, with its own name, e-mail address and sign-up date.
    into: String,
    /// Reason, 1 to 2,000 characters.
    reason: String,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Two accounts of one partner.
#[derive(InputObject)]
pub(crate) struct MergePartnersInput {
    /// Code of the partner to merge. Afterwards it means the remaining one, in look-ups, inputs and imports.
    from: String,
    /// Code of the partner that remains, with its own name and enrolment date.
    into: String,
    /// Reason, 1 to 2,000 characters.
    reason: String,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

#[Object]
impl MergeMutations {
    /// Merges two accounts of a partner. Activities, affiliations, orders, quotes, deals, contracts and sales targets of
    /// the first are those of the second from now on, and count as if they had always been: caps, blocks and sales
    /// targets are counted over both. Ledgers are corrected by entries with the reason `RECALCULATION`. What contradicts
    /// is refused and named: facts before the enrolment of the remaining account, contracts for one category on the same
    /// days, different targets of one year, and an override of a level that holds. There is no way back.
    async fn merge_partners(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Partners to merge.")] input: MergePartnersInput,
    ) -> Result<PartnerPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let result = services.partners_merge(&input.from, &input.into, &input.reason).await;
        let result = or_first(result, async |_| services.partner_by_code(&input.into).await).await;
        Ok(PartnerPayload::of(&services, split_user_errors(result)?))
    }

    /// Merges two accounts of a professional. Activities, affiliations and swag shop orders of the first are those
    /// of the second from now on, and count as if they had always been: caps and windows are counted over both.
    /// Ledgers are corrected by entries with the reason `RECALCULATION`. What contradicts is refused and named:
    /// overlapping affiliations with different partners, facts before the sign-up of the remaining account, and an
    /// override of a level that holds. There is no way back.
    async fn merge_professionals(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Professionals to merge.")] input: MergeProfessionalsInput,
    ) -> Result<ProfessionalPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let result = services.professionals_merge(&input.from, &input.into, &input.reason).await;
        let result = or_first(result, async |_| services.professional_by_code(&input.into).await).await;
        Ok(ProfessionalPayload::of(&services, split_user_errors(result)?))
    }
}
