//! Overrides of levels.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_errors};
use crate::graphql::run::{mutation_services, or_first};
use crate::graphql::scalar::Date;
use crate::graphql::types::enums::Track;
use crate::graphql::types::{Effects, Partner, Professional};
use crate::service::Services;
use crate::service::subjects::{OverriddenSubject, OverrideDraft, OverrideSubject};

/// Overriding levels.
#[derive(Debug, Default)]
pub(crate) struct OverrideMutations;

/// Level to set for a period: of a partner in a track, or of a professional.
#[derive(InputObject)]
pub(crate) struct OverrideLevelInput {
    /// Code of the partner. Excludes `professional`.
    partner: Option<String>,
    /// Track of the partner; required with `partner`.
    track: Option<Track>,
    /// Code of the professional. Excludes `partner` and `track`.
    professional: Option<String>,
    /// Code of the level, such as `CREATOR`: one of the edition in force on `from`.
    level: String,
    /// First day on which the level holds: not before enrolment or sign-up; it can lie ahead.
    from: Date,
    /// Last day on which the level holds, inclusive.
    until: Date,
    /// Reason, 1 to 2,000 characters on one line.
    reason: String,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
}

/// Override to end: the one that holds today, or else the next one.
#[derive(InputObject)]
pub(crate) struct EndOverrideInput {
    /// Code of the partner. Excludes `professional`.
    partner: Option<String>,
    /// Track of the partner; required with `partner`.
    track: Option<Track>,
    /// Code of the professional. Excludes `partner` and `track`.
    professional: Option<String>,
    /// New last day of the override, before the one that it has; yesterday by default, so that it holds no
    /// longer today.
    on: Option<Date>,
    /// Reason, 1 to 2,000 characters on one line.
    reason: String,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Result of overriding a level.
#[derive(SimpleObject, Default)]
pub(crate) struct OverridePayload {
    /// The partner after the change; null if the override is of a professional, or was refused.
    partner: Option<Partner>,
    /// The professional after the change; null if the override is of a partner, or was refused.
    professional: Option<Professional>,
    /// What the mutation changed of levels, or would change as a preview.
    effects: Effects,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

impl OverridePayload {
    fn of(services: &Services, result: Result<OverriddenSubject, Vec<UserError>>) -> Self {
        let effects = Effects(services.effects());
        match result {
            Ok(OverriddenSubject::Partner(row)) => {
                Self { partner: Some(Partner(BatchRow::only(row))), effects, ..Self::default() }
            }
            Ok(OverriddenSubject::Professional(row)) => {
                Self { professional: Some(Professional(BatchRow::only(row))), effects, ..Self::default() }
            }
            Err(user_errors) => Self { user_errors, ..Self::default() },
        }
    }
}

#[Object]
impl OverrideMutations {
    /// Sets the level of a partner in a track, or of a professional, for a period. It determines the overall
    /// level and discounts. The level that was earned stays visible, and holds again afterwards.
    async fn override_level(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Subject, level and days.")] input: OverrideLevelInput,
    ) -> Result<OverridePayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, None);
        let draft = OverrideDraft {
            subject: OverrideSubject {
                partner: input.partner,
                track: input.track.map(Into::into),
                professional: input.professional,
            },
            level: input.level,
            from: input.from.0,
            until: input.until.0,
        };
        let result = services.level_override(&draft, &input.reason).await;
        Ok(OverridePayload::of(&services, split_user_errors(result)?))
    }

    /// Ends an override before its last day.
    async fn end_override(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Subject and new last day.")] input: EndOverrideInput,
    ) -> Result<OverridePayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let subject = OverrideSubject {
            partner: input.partner,
            track: input.track.map(Into::into),
            professional: input.professional,
        };
        let on = input.on.map(|date| date.0);
        let result = services.override_end(&subject, on, &input.reason).await;
        let result = or_first(result, async |_| services.overridden_subject(&subject).await).await;
        Ok(OverridePayload::of(&services, split_user_errors(result)?))
    }
}
