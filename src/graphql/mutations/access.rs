//! API keys, and erasing personal fields.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::subjects::ProfessionalPayload;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_errors};
use crate::graphql::id::NodeType;
use crate::graphql::scalar::Moment;
use crate::graphql::types::{ApiKey, Role};
use crate::service::Services;
use crate::service::keys::KeyDraft;

/// Keys and erasure.
#[derive(Debug, Default)]
pub(crate) struct AccessMutations;

/// API key to create.
#[derive(InputObject)]
pub(crate) struct CreateApiKeyInput {
    /// Role of requests that use the key.
    role: Role,
    /// Subject of the key: the code of the partner or professional, or the name of the integration, which
    /// several keys can share. Required for `PARTNER`, `PROFESSIONAL` and `INTEGRATOR`; not accepted for the
    /// other roles.
    subject: Option<String>,
    /// Display name of the key, 1 to 200 characters.
    label: String,
    /// Time from which the key is rejected, which must lie in the future. By default the key does not expire.
    expires_at: Option<Moment>,
    /// Sources for which the key may record activities, 1 to 50. Unrestricted by default. Only for
    /// `INTEGRATOR`.
    sources: Option<Vec<String>>,
    /// Whether mutations are forbidden with this key.
    #[graphql(default)]
    read_only: bool,
}

/// API key to revoke.
#[derive(InputObject)]
pub(crate) struct RevokeApiKeyInput {
    /// Global ID of the key.
    id: ID,
}

/// Result of `createApiKey`.
#[derive(SimpleObject, Default)]
pub(crate) struct CreateApiKeyPayload {
    /// The new key, without its text; null if the mutation was refused.
    api_key: Option<ApiKey>,
    /// The key itself, for `Authorization: Bearer`. No other response contains it, and only its digest is
    /// stored. Null if the mutation was refused.
    secret: Option<String>,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

/// Result of an API key mutation.
#[derive(SimpleObject, Default)]
pub(crate) struct ApiKeyPayload {
    /// The key after the change; null if the mutation was refused.
    api_key: Option<ApiKey>,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

/// Professional whose personal data is to be erased.
#[derive(InputObject)]
pub(crate) struct EraseProfessionalInput {
    /// Code of the professional.
    professional: String,
    /// Reason, at most 2,000 characters on one line. It is retained, so it must not contain the name or the
    /// e-mail address. Optional.
    reason: Option<String>,
}

#[Object]
impl AccessMutations {
    /// Creates an API key. Administrators only.
    async fn create_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "API key to create.")] input: CreateApiKeyInput,
    ) -> Result<CreateApiKeyPayload, ApiError> {
        let draft = KeyDraft {
            role: input.role.into(),
            subject: input.subject,
            label: input.label,
            expires_at: input.expires_at.map(|moment| moment.0),
            sources: input.sources,
            read_only: input.read_only,
        };
        Ok(match split_user_errors(context.data_unchecked::<Services>().key_create(&draft).await)? {
            Ok(created) => CreateApiKeyPayload {
                api_key: Some(ApiKey(BatchRow::only(created.row))),
                secret: Some(created.secret),
                user_errors: Vec::new(),
            },
            Err(user_errors) => CreateApiKeyPayload { user_errors, ..Default::default() },
        })
    }

    /// Revokes an API key. Every server process rejects it within 5 seconds. Administrators only.
    async fn revoke_api_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "API key to revoke.")] input: RevokeApiKeyInput,
    ) -> Result<ApiKeyPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let id = NodeType::ApiKey.object(&input.id);
        Ok(match split_user_errors(services.key_revoke(id).await)? {
            Ok(row) => ApiKeyPayload { api_key: Some(ApiKey(BatchRow::only(row))), user_errors: Vec::new() },
            Err(user_errors) => ApiKeyPayload { api_key: None, user_errors },
        })
    }

    /// Erases a professional's name and e-mail address irreversibly, and revokes the person's API keys. A
    /// pseudonym replaces the name; entries and levels are unchanged. Administrators only.
    async fn erase_professional(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Professional to erase.")] input: EraseProfessionalInput,
    ) -> Result<ProfessionalPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let erased = services.professional_erase(&input.professional, input.reason.as_deref()).await;
        Ok(ProfessionalPayload::of(services, split_user_errors(erased)?))
    }
}
