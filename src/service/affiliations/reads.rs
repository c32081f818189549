//! Reading affiliations within the visibility of the caller.

use std::collections::HashMap;

use entity::affiliation;
use uuid::Uuid;

use crate::access::Operation;
use crate::error::Error;
use crate::service::Services;
use crate::service::access::Visibility;
use crate::store::affiliation::{self as store, AffiliationOwner};
use crate::store::page::{Page, Rows};

impl Services {
    /// For each owner, one page of its affiliations in the order of recording. A partner sees those with itself that
    /// stand.
    ///
    /// # Errors
    /// When the database fails, or the caller may not see affiliations.
    pub async fn affiliation_pages(
        &self,
        owner: AffiliationOwner,
        ids: &[Uuid],
        page: &Page<Uuid>,
    ) -> Result<HashMap<Uuid, Rows<affiliation::Model>>, Error> {
        let partner = self.affiliations_seen(owner, ids)?;
        Ok(store::of_owners(self.db.reader(), owner, ids, partner, page).await?)
    }

    /// For each owner, how many affiliations it has.
    ///
    /// # Errors
    /// As [`Services::affiliation_pages`].
    pub async fn affiliation_counts(
        &self,
        owner: AffiliationOwner,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, i64>, Error> {
        let partner = self.affiliations_seen(owner, ids)?;
        Ok(store::count_of_owners(self.db.reader(), owner, ids, partner).await?)
    }

    /// The partner whose standing affiliations the caller's lists are limited to, if they are.
    fn affiliations_seen(&self, owner: AffiliationOwner, ids: &[Uuid]) -> Result<Option<Uuid>, Error> {
        match (self.authorize(Operation::Affiliation)?, owner) {
            (Visibility::All, _) => Ok(None),
            (Visibility::Partner(own), AffiliationOwner::Professional) => Ok(Some(own)),
            (Visibility::Partner(own), AffiliationOwner::Partner) if ids.iter().all(|id| *id == own) => {
                Ok(Some(own))
            }
            (Visibility::Professional(own), AffiliationOwner::Professional)
                if ids.iter().all(|id| *id == own) =>
            {
                Ok(None)
            }
            _ => Err(Error::Forbidden(Operation::Affiliation.name())),
        }
    }
}
