//! Certificates of levels.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object};
use entity::value::CertifiedLevel;

use super::enums::Track;
use super::standing::Level;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::ApiError;
use crate::graphql::id::NodeType;
use crate::graphql::scalar::{Date, Moment};
use crate::program::certificate::Status;
use crate::service::{Services, certificates};

/// Whether a certificate can be relied on.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CertificateStatus {
    /// The level is held today.
    Valid,
    /// The last day has passed, and the level was held through it.
    Ended,
    /// The level ended before the last day of the certificate, or was never held as the certificate says.
    Revoked,
}

impl From<Status> for CertificateStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Valid => Self::Valid,
            Status::Ended => Self::Ended,
            Status::Revoked => Self::Revoked,
        }
    }
}

/// Signed certificate of a level, for the days for which the level was earned or set.
pub(crate) struct Certificate(pub(crate) BatchRow<certificates::Certificate>);

/// Signed certificate of a level, for the days for which the level was earned or set.
#[Object]
impl Certificate {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Certificate.id(self.0.row().row.id)
    }

    /// Public address of the certificate: a page to read and print. It needs no key, and cannot be guessed.
    async fn url(&self, context: &Context<'_>) -> String {
        let issuer = context.data_unchecked::<Services>().issuer();
        issuer.map(|issuer| issuer.certificate_url(&self.0.row().row.token)).unwrap_or_default()
    }

    /// Certificate as a signed credential: a JSON Web Token with a credential of Open Badges 3.0. Null after the erasure
    /// of the holder's personal data.
    async fn jwt(&self, context: &Context<'_>) -> Result<Option<String>, ApiError> {
        Ok(context.data_unchecked::<Services>().certificate_token(self.0.row())?)
    }

    /// Name of the holder that the certificate shows; null after the erasure of the holder's personal data.
    async fn holder(&self) -> Option<&str> {
        self.0.row().holder.as_deref()
    }

    /// Level that is certified.
    async fn level(&self) -> Level {
        Level(Arc::clone(&self.0.row().level))
    }

    /// Track of a partner's level; null for the overall level of a partner, and for the level of a professional.
    async fn track(&self) -> Option<Track> {
        match self.0.row().row.level_of {
            CertifiedLevel::Technical => Some(Track::Technical),
            CertifiedLevel::Business => Some(Track::Business),
            CertifiedLevel::Overall | CertifiedLevel::Professional => None,
        }
    }

    /// First day of the level.
    async fn valid_from(&self) -> Date {
        Date(self.0.row().row.valid_from)
    }

    /// Last day of the level; null if the level is never lost.
    async fn valid_until(&self) -> Option<Date> {
        self.0.row().valid_until().map(Date)
    }

    /// Whether the certificate can be relied on today, derived from what is recorded now.
    async fn status(&self) -> CertificateStatus {
        self.0.row().status.into()
    }

    /// Time at which the certificate was issued first.
    async fn issued_at(&self) -> Moment {
        Moment(self.0.row().row.issued_at)
    }
}
