//! Enrolling partners and signing up professionals.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::error::Error;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_errors};
use crate::graphql::run::{mutation_services, or_first};
use crate::graphql::scalar::Date;
use crate::graphql::types::{Effects, Partner, Professional};
use crate::service::Services;
use crate::service::subjects::{AddOutcome, PartnerDraft, ProfessionalDraft, already_exists};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;

/// Enrolling and signing up.
#[derive(Debug, Default)]
pub(crate) struct SubjectMutations;

/// Company to enrol in the partner program.
#[derive(InputObject)]
pub(crate) struct CreatePartnerInput {
    /// Unique code: 1 to 64 letters, digits, dots, hyphens or underscores, with a letter or digit first. A
    /// code in use is refused as `ALREADY_EXISTS`.
    code: String,
    /// Display name, 1 to 200 characters.
    name: String,
    /// First day in the program: not before 1990-01-01, not after today.
    enrolled_on: Date,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Result of a partner mutation.
#[derive(SimpleObject, Default)]
pub(crate) struct PartnerPayload {
    /// The partner after the change; null if the mutation was refused.
    partner: Option<Partner>,
    /// What the mutation changed of credits, points and levels, or would change as a preview.
    effects: Effects,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

impl PartnerPayload {
    /// The partner with the effects of the mutation, or why it was refused.
    pub(super) fn of(services: &Services, result: Result<PartnerRow, Vec<UserError>>) -> Self {
        match result {
            Ok(row) => Self {
                partner: Some(Partner(BatchRow::only(row))),
                effects: Effects(services.effects()),
                user_errors: Vec::new(),
            },
            Err(user_errors) => Self { user_errors, ..Self::default() },
        }
    }
}

/// Person to sign up for the DevOps professional program.
#[derive(InputObject)]
pub(crate) struct SignUpProfessionalInput {
    /// Unique code: 1 to 64 letters, digits, dots, hyphens or underscores, with a letter or digit first. A
    /// code in use is refused as `ALREADY_EXISTS`.
    code: String,
    /// Display name, 1 to 200 characters.
    name: String,
    /// E-mail address, at most 254 characters.
    email: String,
    /// Date of sign-up, from which membership years are counted: not before 1990-01-01, not after today.
    signed_up_on: Date,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Result of a professional mutation.
#[derive(SimpleObject, Default)]
pub(crate) struct ProfessionalPayload {
    /// The professional after the change; null if the mutation was refused.
    professional: Option<Professional>,
    /// What the mutation changed of credits, points and levels, or would change as a preview.
    effects: Effects,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

impl ProfessionalPayload {
    /// The professional with the effects of the mutation, or why it was refused.
    pub(super) fn of(services: &Services, result: Result<ProfessionalRow, Vec<UserError>>) -> Self {
        match result {
            Ok(row) => Self {
                professional: Some(Professional(BatchRow::only(row))),
                effects: Effects(services.effects()),
                user_errors: Vec::new(),
            },
            Err(user_errors) => Self { user_errors, ..Self::default() },
        }
    }
}

#[Object]
impl SubjectMutations {
    /// Enrols a company in the partner program.
    async fn create_partner(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Company to enrol.")] input: CreatePartnerInput,
    ) -> Result<PartnerPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let draft = PartnerDraft { code: input.code, name: input.name, enrolled_on: input.enrolled_on.0 };
        let added =
            services.partners_add(std::slice::from_ref(&draft)).await.and_then(|mut added| {
                match added.pop() {
                    Some(AddOutcome::Created(row)) => Ok(row.id),
                    Some(AddOutcome::Refused(refusals)) => Err(refusals.into()),
                    Some(AddOutcome::Duplicate(row)) => Err(already_exists("partner", &row.code, &[]).into()),
                    None => Err(Error::Damaged("no answer to a partner".to_owned())),
                }
            });
        let added = or_first(added, async |id| Ok(Some(id))).await;
        let row = match added {
            Ok(id) => {
                let row = services.partners_by_ids(&[id]).await?.remove(&id);
                row.ok_or_else(|| Error::Damaged("a new partner is missing".to_owned()))
            }
            Err(error) => Err(error),
        };
        Ok(PartnerPayload::of(&services, split_user_errors(row)?))
    }

    /// Signs up a person for the DevOps professional program.
    async fn sign_up_professional(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Person to sign up.")] input: SignUpProfessionalInput,
    ) -> Result<ProfessionalPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let draft = ProfessionalDraft {
            code: input.code,
            name: input.name,
            email: input.email,
            signed_up_on: input.signed_up_on.0,
        };
        let added =
            services.professionals_add(std::slice::from_ref(&draft)).await.and_then(|mut added| match added
                .pop()
            {
                Some(AddOutcome::Created(row)) => Ok(row.into()),
                Some(AddOutcome::Refused(refusals)) => Err(refusals.into()),
                Some(AddOutcome::Duplicate(row)) => {
                    Err(already_exists("professional", &row.code, &[]).into())
                }
                None => Err(Error::Damaged("no answer to a professional".to_owned())),
            });
        let first = async |id| Ok(services.professionals_by_ids(&[id]).await?.remove(&id));
        let added = or_first(added, first).await;
        Ok(ProfessionalPayload::of(&services, split_user_errors(added)?))
    }
}
