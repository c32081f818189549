//! Affiliations.

use async_graphql::{Context, ID, Object};
use entity::affiliation::Model;

use super::{Partner, Professional};
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::or_null;
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Moment};
use crate::service::Services;

/// Affiliation: a period in which a professional works for a partner. Affiliations of one professional do not
/// overlap.
pub(crate) struct Affiliation(pub(crate) BatchRow<Model>);

/// Affiliation: a period in which a professional works for a partner. Affiliations of one professional do not
/// overlap.
#[Object]
impl Affiliation {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Affiliation.id(self.0.row().id)
    }

    /// Professional; null if the caller may not see the person.
    async fn professional(&self, context: &Context<'_>) -> Option<Professional> {
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.professional_id).collect();
        let load = async { services.professionals_by_ids(&ids).await.map(BatchById::new) };
        let found = self.0.load(Relation::Professional, load).await;
        or_null(context, found.map(|found| found.get(self.0.row().professional_id).map(Professional)))
    }

    /// Partner; null if the caller may not see partners, as a professional.
    async fn partner(&self, context: &Context<'_>) -> Option<Partner> {
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.partner_id).collect();
        let load = async { services.partners_by_ids(&ids).await.map(BatchById::new) };
        let found = self.0.load(Relation::Partner, load).await;
        or_null(context, found.map(|found| found.get(self.0.row().partner_id).map(Partner)))
    }

    /// First day.
    async fn starts_on(&self) -> Date {
        Date(self.0.row().starts_on)
    }

    /// Last day; null if none is known.
    async fn ends_on(&self) -> Option<Date> {
        self.0.row().ends_on.map(Date)
    }

    /// Time at which the affiliation was recorded.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.row().created_at)
    }
}
