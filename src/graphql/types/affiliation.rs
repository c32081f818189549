//! Who works for whom, and when.

use async_graphql::{Context, ID, Object};
use entity::affiliation;

use super::{Partner, Professional, Voiding};
use crate::error::Error;
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Moment};
use crate::service::Services;

/// Affiliation: the days on which a professional works for a partner. Affiliations of one professional do not overlap.
pub(crate) struct Affiliation(pub(crate) BatchRow<affiliation::Model>);

/// Affiliation: the days on which a professional works for a partner. Affiliations of one professional do not overlap.
#[Object]
impl Affiliation {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Affiliation.id(self.0.row().id)
    }

    /// Professional who works for the partner.
    async fn professional(&self, context: &Context<'_>) -> Result<Professional, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.professional_id).collect();
            services.professionals_by_ids(&ids).await.map(BatchById::new)
        };
        let professionals = self.0.load(Relation::Professional, load).await?;
        let found = professionals.get(self.0.row().professional_id).map(Professional);
        found.ok_or_else(|| Error::Damaged("an affiliation without its professional".to_owned()).into())
    }

    /// Partner that the professional works for; null if the caller may not see it.
    async fn partner(&self, context: &Context<'_>) -> Option<Partner> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.partner_id).collect();
            services.partners_by_ids(&ids).await.map(BatchById::new)
        };
        let partners = self.0.load(Relation::Partner, load).await;
        or_null(context, partners.map(|partners| partners.get(self.0.row().partner_id).map(Partner)))
    }

    /// First day.
    async fn starts_on(&self) -> Date {
        Date(self.0.row().starts_on)
    }

    /// Last day, inclusive; it can lie ahead. Null if none is planned.
    async fn ends_on(&self) -> Option<Date> {
        self.0.row().ends_on.map(Date)
    }

    /// Time at which the affiliation was recorded.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.row().created_at)
    }

    /// Voiding of the affiliation; null unless it was voided, corrected, or became part of another one when two
    /// professionals were merged. It then counts on no day.
    async fn voided(&self, context: &Context<'_>) -> Option<Voiding> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.affiliation_voidings(self.0.batch_rows()).await };
        let found = self.0.load(Relation::Voidings, load).await;
        or_null(context, found.map(|found| found.get(&self.0.row().id).map(Into::into)))
    }

    /// Affiliation that was recorded wrongly and in whose place this one was put; null if there is none.
    async fn replaces(&self, context: &Context<'_>) -> Option<Affiliation> {
        let id = self.0.row().replaces_id?;
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().filter_map(|row| row.replaces_id).collect();
            services.affiliations_by_ids(&ids).await.map(BatchById::new)
        };
        let replaced = self.0.load(Relation::ReplacedAffiliation, load).await;
        or_null(context, replaced.map(|replaced| replaced.get(id).map(Affiliation)))
    }
}
