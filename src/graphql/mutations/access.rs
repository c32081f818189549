//! API keys, and erasing personal fields.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use uuid::Uuid;

use super::subjects::ProfessionalPayload;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_error};
use crate::graphql::id::NodeType;
use crate::graphql::scalar::Moment;
use crate::graphql::types::{ApiKey, Role};
use crate::service::Services;
use crate::service::keys::KeyDraft;

/// Keys and erasure.
#[derive(Debug, Default)]
pub(crate) struct AccessMutations;

/// A key to create.
#[derive(InputObject)]
pub(crate) struct CreateApiKeyInput {
    /// What it stands for.
    role: Role,
    /// Code of the partner or professional, or a name for the integration, which its next key can have too. Left out
    /// for administrators and staff.
    subject: Option<String>,
    /// Name for people.
    label: String,
    /// From when on it is refused; never, when left out.
    expires_at: Option<Moment>,
    /// The only sources that it may record for; every one, when left out. For integrators.
    sources: Option<Vec<String>>,
    /// Whether it may change nothing.
    #[graphql(default)]
    read_only: bool,
}

/// A key to revoke.
#[derive(InputObject)]
pub(crate) struct RevokeApiKeyInput {
    /// Global id of the key.
    id: ID,
}

/// What came of creating a key.
#[derive(SimpleObject, Default)]
pub(crate) struct CreateApiKeyPayload {
    /// The key without its text; null when it was refused.
    api_key: Option<ApiKey>,
    /// The key's text, which is shown this once and kept nowhere; null when it was refused.
    secret: Option<String>,
    /// Why it was refused; empty when it was done.
    user_errors: Vec<UserError>,
}

/// What came of a change to a key.
#[derive(SimpleObject, Default)]
pub(crate) struct ApiKeyPayload {
    /// The key; null when the change was refused.
    api_key: Option<ApiKey>,
    /// Why it was refused; empty when it was done.
    user_errors: Vec<UserError>,
}

/// A professional whose personal fields are to be erased.
#[derive(InputObject)]
pub(crate) struct EraseProfessionalInput {
    /// Code of the professional.
    professional: String,
    /// Why, in a person's words. It is kept, so it may not hold the name or the address.
    reason: Option<String>,
}

#[Object]
impl AccessMutations {
    /// Creates an API key. For administrators.
    async fn create_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The key.")] input: CreateApiKeyInput,
    ) -> Result<CreateApiKeyPayload, ApiError> {
        let draft = KeyDraft {
            role: input.role.into(),
            subject: input.subject,
            label: input.label,
            expires_at: input.expires_at.map(|moment| moment.0),
            sources: input.sources,
            read_only: input.read_only,
        };
        Ok(match split_user_error(context.data_unchecked::<Services>().key_create(&draft).await)? {
            Ok(created) => CreateApiKeyPayload {
                api_key: Some(ApiKey(BatchRow::only(created.row))),
                secret: Some(created.secret),
                user_errors: Vec::new(),
            },
            Err(error) => CreateApiKeyPayload { user_errors: vec![error], ..Default::default() },
        })
    }

    /// Revokes an API key: it is refused within seconds. For administrators.
    async fn revoke_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The key.")] input: RevokeApiKeyInput,
    ) -> Result<ApiKeyPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let id = match NodeType::parse(&input.id) {
            Some((NodeType::ApiKey, id)) => id,
            // No key has this one.
            _ => Uuid::nil(),
        };
        Ok(match split_user_error(services.key_revoke(id).await)? {
            Ok(row) => ApiKeyPayload { api_key: Some(ApiKey(BatchRow::only(row))), user_errors: Vec::new() },
            Err(error) => ApiKeyPayload { api_key: None, user_errors: vec![error] },
        })
    }

    /// Erases a professional's name and address: the person is a pseudonym from then on, and entries and levels stay.
    /// It can't be undone. For administrators.
    async fn erase_professional(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whose, and why.")] input: EraseProfessionalInput,
    ) -> Result<ProfessionalPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let erased = services.professional_erase(&input.professional, input.reason.as_deref()).await;
        Ok(match split_user_error(erased)? {
            Ok(row) => ProfessionalPayload::from_row(row),
            Err(error) => ProfessionalPayload::from_error(error),
        })
    }
}
