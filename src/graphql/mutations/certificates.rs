//! Certificates of levels.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_errors};
use crate::graphql::types::Certificate;
use crate::graphql::types::enums::Track;
use crate::service::Services;
use crate::service::certificates::CertificateSubject;

/// Issuing certificates.
#[derive(Debug, Default)]
pub(crate) struct CertificateMutations;

/// Holder whose level to certify.
#[derive(InputObject)]
pub(crate) struct IssueCertificateInput {
    /// Code of the partner. Excludes `professional`.
    partner: Option<String>,
    /// Track of the partner; without it, the overall level is certified.
    track: Option<Track>,
    /// Code of the professional. Excludes `partner` and `track`.
    professional: Option<String>,
}

/// Result of issuing a certificate.
#[derive(SimpleObject, Default)]
pub(crate) struct CertificatePayload {
    /// The certificate; null if the mutation was refused.
    certificate: Option<Certificate>,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

#[Object]
impl CertificateMutations {
    /// Issues a certificate of the level that is held today, through the last day for which it was earned or set. A
    /// repeat returns the same certificate as long as level and days are the same.
    async fn issue_certificate(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Holder, and track of a partner.")] input: IssueCertificateInput,
    ) -> Result<CertificatePayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let subject = CertificateSubject {
            partner: input.partner,
            track: input.track.map(Into::into),
            professional: input.professional,
        };
        let issued = services.certificate_issue(&subject).await;
        Ok(match split_user_errors(issued)? {
            Ok(issued) => CertificatePayload {
                certificate: Some(Certificate(BatchRow::only(issued))),
                user_errors: Vec::new(),
            },
            Err(user_errors) => CertificatePayload { user_errors, ..CertificatePayload::default() },
        })
    }
}
