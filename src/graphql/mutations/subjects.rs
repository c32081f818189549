//! Enrolling partners and signing up professionals.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::error::Error;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, user_errors};
use crate::graphql::scalar::Date;
use crate::graphql::types::{Partner, Professional};
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
}

/// Result of a partner mutation.
#[derive(SimpleObject, Default)]
pub(crate) struct PartnerPayload {
    /// The partner after the change; null if the mutation was refused.
    partner: Option<Partner>,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

impl PartnerPayload {
    /// The partner, or why the change was refused.
    pub(super) fn from_result(result: Result<PartnerRow, Vec<UserError>>) -> Self {
        match result {
            Ok(row) => Self { partner: Some(Partner(BatchRow::only(row))), user_errors: Vec::new() },
            Err(user_errors) => Self { partner: None, user_errors },
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
}

/// Result of a professional mutation.
#[derive(SimpleObject, Default)]
pub(crate) struct ProfessionalPayload {
    /// The professional after the change; null if the mutation was refused.
    professional: Option<Professional>,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

impl ProfessionalPayload {
    /// The professional.
    pub(super) fn from_row(row: ProfessionalRow) -> Self {
        Self { professional: Some(Professional(BatchRow::only(row))), user_errors: Vec::new() }
    }

    /// The payload of a refused mutation.
    pub(super) fn from_errors(user_errors: Vec<UserError>) -> Self {
        Self { professional: None, user_errors }
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
        let services = context.data_unchecked::<Services>();
        let draft = PartnerDraft { code: input.code, name: input.name, enrolled_on: input.enrolled_on.0 };
        match services.partners_add(&[draft]).await?.pop() {
            Some(AddOutcome::Created(row)) => {
                let row = services.partner_by_code(&row.code).await?;
                Ok(PartnerPayload {
                    partner: row.map(|row| Partner(BatchRow::only(row))),
                    user_errors: Vec::new(),
                })
            }
            Some(AddOutcome::Refused(refusals)) => {
                Ok(PartnerPayload::from_result(Err(user_errors(refusals))))
            }
            Some(AddOutcome::Duplicate(row)) => {
                let refusal = already_exists("partner", &row.code, &[]);
                Ok(PartnerPayload::from_result(Err(user_errors(refusal.into()))))
            }
            None => Err(Error::Damaged("no answer to a partner".to_owned()).into()),
        }
    }

    /// Signs up a person for the DevOps professional program.
    async fn sign_up_professional(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Person to sign up.")] input: SignUpProfessionalInput,
    ) -> Result<ProfessionalPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let draft = ProfessionalDraft {
            code: input.code,
            name: input.name,
            email: input.email,
            signed_up_on: input.signed_up_on.0,
        };
        match services.professionals_add(&[draft]).await?.pop() {
            Some(AddOutcome::Created(row)) => Ok(ProfessionalPayload::from_row(row.into())),
            Some(AddOutcome::Refused(refusals)) => {
                Ok(ProfessionalPayload::from_errors(user_errors(refusals)))
            }
            Some(AddOutcome::Duplicate(row)) => {
                let refusal = already_exists("professional", &row.code, &[]);
                Ok(ProfessionalPayload::from_errors(user_errors(refusal.into())))
            }
            None => Err(Error::Damaged("no answer to a professional".to_owned()).into()),
        }
    }
}
