//! Changes and ends of partners and professionals.

use async_graphql::{Context, InputObject, Object};

use super::subjects::{PartnerPayload, ProfessionalPayload};
use crate::graphql::error::{ApiError, split_user_errors};
use crate::graphql::run::mutation_services;
use crate::graphql::scalar::Date;
use crate::service::subjects::{PartnerUpdate, ProfessionalUpdate};

/// Changing and ending.
#[derive(Debug, Default)]
pub(crate) struct SubjectChangeMutations;

/// Values of a partner to change. Omitted fields keep their values.
#[derive(InputObject)]
pub(crate) struct UpdatePartnerInput {
    /// Code of the partner.
    code: String,
    /// New display name, 1 to 200 characters.
    name: Option<String>,
    /// New first day in the program: not before 1990-01-01, not after today, and not after the earliest
    /// activity, affiliation, order or deal of the partner.
    enrolled_on: Option<Date>,
    /// Reason of the change, at most 2,000 characters.
    reason: Option<String>,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
}

/// Values of a professional to change. Omitted fields keep their values.
#[derive(InputObject)]
pub(crate) struct UpdateProfessionalInput {
    /// Code of the professional.
    code: String,
    /// New display name, 1 to 200 characters.
    name: Option<String>,
    /// New e-mail address, at most 254 characters.
    email: Option<String>,
    /// New date of sign-up: not before 1990-01-01, not after today, and not after the earliest activity,
    /// affiliation or swag shop order. Membership years are then counted from it; awards that depend on
    /// their caps are corrected by entries with the reason `RECALCULATION`.
    signed_up_on: Option<Date>,
    /// Reason of the change, at most 2,000 characters.
    reason: Option<String>,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
}

/// Last day of a partner in the program.
#[derive(InputObject)]
pub(crate) struct EndPartnershipInput {
    /// Code of the partner.
    partner: String,
    /// Last day in the program, inclusive: not before enrolment, not after today, and not before the latest
    /// activity, order or deal that counts. Null takes the end back; affiliations that it ended stay ended.
    on: Option<Date>,
    /// Reason, 1 to 2,000 characters on one line.
    reason: String,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
}

/// Last day of a professional in the program.
#[derive(InputObject)]
pub(crate) struct EndMembershipInput {
    /// Code of the professional.
    professional: String,
    /// Last day in the program, inclusive: not before sign-up, not after today, and not before the latest
    /// activity that counts. Null takes the end back; an affiliation that it ended stays ended.
    on: Option<Date>,
    /// Reason, 1 to 2,000 characters on one line.
    reason: String,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
}

#[Object]
impl SubjectChangeMutations {
    /// Changes the name or the enrolment date of a partner.
    async fn update_partner(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Partner and new values.")] input: UpdatePartnerInput,
    ) -> Result<PartnerPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, None);
        let update = PartnerUpdate { name: input.name, enrolled_on: input.enrolled_on.map(|date| date.0) };
        let result = services.partner_update(&input.code, &update, input.reason.as_deref()).await;
        Ok(PartnerPayload::of(&services, split_user_errors(result)?))
    }

    /// Changes the name, the e-mail address or the sign-up date of a professional.
    async fn update_professional(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Professional and new values.")] input: UpdateProfessionalInput,
    ) -> Result<ProfessionalPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, None);
        let update = ProfessionalUpdate {
            name: input.name,
            email: input.email,
            signed_up_on: input.signed_up_on.map(|date| date.0),
        };
        let result = services.professional_update(&input.code, &update, input.reason.as_deref()).await;
        Ok(ProfessionalPayload::of(&services, split_user_errors(result)?))
    }

    /// Ends the participation of a partner in the program, or takes the end back. After the last day nothing
    /// is earned: later activities, orders and deals are refused as `DATE_AFTER_END`, and affiliations that
    /// are open end. Levels, balance and history stay readable, claims of earlier days can still be
    /// approved, and open deals can be closed, but are not rewarded for a later day.
    async fn end_partnership(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Partner and last day.")] input: EndPartnershipInput,
    ) -> Result<PartnerPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, None);
        let on = input.on.map(|date| date.0);
        let result = services.partnership_end(&input.partner, on, &input.reason).await;
        Ok(PartnerPayload::of(&services, split_user_errors(result)?))
    }

    /// Ends the participation of a professional in the program, or takes the end back. After the last day
    /// nothing is earned: later activities and swag shop orders are refused as `DATE_AFTER_END`, and an open
    /// affiliation ends. Levels, points and Dojo Credits stay readable.
    async fn end_membership(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Professional and last day.")] input: EndMembershipInput,
    ) -> Result<ProfessionalPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, None);
        let on = input.on.map(|date| date.0);
        let result = services.membership_end(&input.professional, on, &input.reason).await;
        Ok(ProfessionalPayload::of(&services, split_user_errors(result)?))
    }
}
