//! Authorization: what the caller of a use case may do, and which objects are visible to it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;
use entity::{activity, affiliation};
use uuid::Uuid;

use super::Services;
use crate::access::{Caller, Grant, Operation, Role, grant_of};
use crate::error::Error;
use crate::store::affiliation as affiliations;
use crate::store::list::professionals::ProfessionalScope;
use crate::store::page::Scope;
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;

/// Which objects are visible to a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// All objects.
    All,
    /// Those of one partner.
    Partner(Uuid),
    /// Those of one professional.
    Professional(Uuid),
    /// Those that one integration recorded.
    Integration(Arc<str>),
    /// None.
    Nothing,
}

impl Visibility {
    /// Whether a partner's own data is visible.
    pub(crate) fn can_see_partner(&self, id: Uuid) -> bool {
        match self {
            Self::All => true,
            Self::Partner(own) => *own == id,
            _ => false,
        }
    }

    /// Whether a professional's own data is visible, regardless of the employer.
    pub(crate) fn can_see_professional(&self, id: Uuid) -> bool {
        match self {
            Self::All => true,
            Self::Professional(own) => *own == id,
            _ => false,
        }
    }
}

impl Services {
    /// The same services, bound to a caller.
    #[must_use]
    pub fn for_caller(&self, caller: Arc<Caller>, request_id: Option<Arc<str>>) -> Self {
        Self { caller, request_id, ..self.clone() }
    }

    /// The caller that the services are bound to.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Id of the request, for the audit log.
    pub(super) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Which objects an operation makes visible to the caller.
    pub(crate) fn visibility(&self, operation: Operation) -> Visibility {
        match (grant_of(&self.caller, operation), &self.caller.role) {
            (Grant::Everything, _) => Visibility::All,
            (Grant::Own, Role::Partner(id)) => Visibility::Partner(*id),
            (Grant::Own, Role::Professional(id)) => Visibility::Professional(*id),
            (Grant::Own, Role::Integrator(name)) => Visibility::Integration(Arc::clone(name)),
            (Grant::Own | Grant::Nothing, _) => Visibility::Nothing,
        }
    }

    /// Checks that the caller has a right to the operation, and returns which objects it covers.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub(crate) fn authorize(&self, operation: Operation) -> Result<Visibility, Error> {
        match self.visibility(operation) {
            Visibility::Nothing => Err(Error::Forbidden(operation.name())),
            visibility => Ok(visibility),
        }
    }

    /// Whether partners exist for the caller.
    #[must_use]
    pub fn can_see_some_partner(&self) -> bool {
        matches!(self.visibility(Operation::Partner), Visibility::All | Visibility::Partner(_))
    }

    /// Whether objects without an owner, such as products, are visible to the caller.
    pub(super) fn can_see(&self, operation: Operation) -> bool {
        self.visibility(operation) == Visibility::All
    }

    /// The integration that records a fact; none if the caller is a person.
    pub(super) fn integration(&self) -> Option<String> {
        match &self.caller.role {
            Role::Integrator(name) => Some(name.to_string()),
            _ => None,
        }
    }

    /// Checks that the caller may read the accounts of these partners.
    pub(super) fn authorize_accounts(&self, mut ids: impl Iterator<Item = Uuid>) -> Result<(), Error> {
        let visibility = self.authorize(Operation::PartnerAccount)?;
        if visibility == Visibility::All || ids.all(|id| visibility.can_see_partner(id)) {
            return Ok(());
        }
        Err(Error::Forbidden(Operation::PartnerAccount.name()))
    }

    /// The scope of the list of professionals for the caller; `None` if it sees none of them.
    pub(super) fn professional_scope(&self) -> Option<Scope<ProfessionalScope>> {
        match self.visibility(Operation::Professional) {
            Visibility::All => Some(Scope::All),
            Visibility::Partner(partner) => {
                Some(Scope::Only(ProfessionalScope::Partner(partner, self.clock.today())))
            }
            Visibility::Professional(id) => Some(Scope::Only(ProfessionalScope::Professional(id))),
            Visibility::Integration(_) | Visibility::Nothing => None,
        }
    }

    /// The affiliations of these professionals with a partner; those without any are left out.
    async fn employments(
        &self,
        partner: Uuid,
        ids: impl Iterator<Item = Uuid>,
    ) -> Result<HashMap<Uuid, Vec<affiliation::Model>>, Error> {
        let ids: HashSet<Uuid> = ids.collect();
        let mut employed: HashMap<Uuid, Vec<affiliation::Model>> = HashMap::new();
        if ids.is_empty() {
            return Ok(employed);
        }
        for row in affiliations::of_professionals(self.db.reader(), ids).await? {
            if row.partner_id == partner {
                employed.entry(row.professional_id).or_default().push(row);
            }
        }
        Ok(employed)
    }

    /// The rows that are visible to the caller, without the contact data that it may not read.
    pub(super) async fn visible_professionals(
        &self,
        mut rows: Vec<ProfessionalRow>,
    ) -> Result<Vec<ProfessionalRow>, Error> {
        match self.visibility(Operation::Professional) {
            Visibility::All => {}
            Visibility::Partner(partner) => {
                let employed = self.employments(partner, rows.iter().map(|row| row.id)).await?;
                let today = self.clock.today();
                let begun = |row: &affiliation::Model| row.starts_on <= today;
                rows.retain(|row| employed.get(&row.id).is_some_and(|spans| spans.iter().any(begun)));
            }
            visibility => rows.retain(|row| visibility.can_see_professional(row.id)),
        }
        self.redact_contacts(&mut rows);
        Ok(rows)
    }

    /// Removes the e-mail addresses that the caller may not read.
    pub(super) fn redact_contacts<'r>(&self, rows: impl IntoIterator<Item = &'r mut ProfessionalRow>) {
        let visibility = self.visibility(Operation::ProfessionalContact);
        for row in rows {
            if !visibility.can_see_professional(row.id) {
                row.email = None;
            }
        }
    }

    /// The professionals whose points on a day the caller may read, `None` for all of them: a partner
    /// may read those of professionals affiliated with it on that day.
    pub(super) async fn with_visible_points(
        &self,
        ids: impl Iterator<Item = Uuid> + Clone,
        day: NaiveDate,
    ) -> Result<Option<HashSet<Uuid>>, Error> {
        match self.authorize(Operation::ProfessionalPoints)? {
            Visibility::All => Ok(None),
            Visibility::Partner(partner) => {
                let mut employed = self.employments(partner, ids).await?;
                employed.retain(|_, spans| spans.iter().any(|span| covers(span, day)));
                Ok(Some(employed.into_keys().collect()))
            }
            visibility => Ok(Some(ids.filter(|id| visibility.can_see_professional(*id)).collect())),
        }
    }

    /// Which of these professionals and days lie in an affiliation with a partner.
    pub(super) async fn employed_on(
        &self,
        partner: Uuid,
        days: impl Iterator<Item = (Uuid, NaiveDate)> + Clone,
    ) -> Result<HashSet<(Uuid, NaiveDate)>, Error> {
        let employed = self.employments(partner, days.clone().map(|(id, _)| id)).await?;
        let is_covered = |(id, day): &(Uuid, NaiveDate)| {
            employed.get(id).is_some_and(|spans| spans.iter().any(|span| covers(span, *day)))
        };
        Ok(days.filter(is_covered).collect())
    }

    /// The employer that lists of these professionals' activities are limited to, if any.
    pub(super) fn activities_employer(
        &self,
        mut ids: impl Iterator<Item = Uuid>,
    ) -> Result<Option<Uuid>, Error> {
        match self.authorize(Operation::ProfessionalPoints)? {
            Visibility::All => Ok(None),
            Visibility::Partner(partner) => Ok(Some(partner)),
            visibility if ids.all(|id| visibility.can_see_professional(id)) => Ok(None),
            _ => Err(Error::Forbidden(Operation::ProfessionalPoints.name())),
        }
    }

    /// The activities that are visible to the caller. A partner sees its own activities, and those of
    /// professionals on days on which they were affiliated with it.
    pub(super) async fn visible_activities(
        &self,
        mut rows: Vec<activity::Model>,
    ) -> Result<Vec<activity::Model>, Error> {
        match self.visibility(Operation::Activity) {
            Visibility::All => {}
            Visibility::Partner(partner) => {
                let people = rows.iter().filter_map(|row| row.professional_id);
                let employed = self.employments(partner, people).await?;
                rows.retain(|row| {
                    row.partner_id == Some(partner)
                        || row
                            .professional_id
                            .and_then(|id| employed.get(&id))
                            .is_some_and(|spans| spans.iter().any(|span| covers(span, row.occurred_on)))
                });
            }
            Visibility::Professional(own) => rows.retain(|row| row.professional_id == Some(own)),
            Visibility::Integration(name) => rows.retain(|row| row.recorded_by.as_deref() == Some(&*name)),
            Visibility::Nothing => rows.clear(),
        }
        Ok(rows)
    }

    /// Whether the caller may see the activity whose natural key it sent again.
    pub(super) fn can_see_activity(&self, row: &activity::Model) -> bool {
        match self.visibility(Operation::Activity) {
            Visibility::All => true,
            Visibility::Professional(own) => row.professional_id == Some(own),
            Visibility::Integration(name) => row.recorded_by.as_deref() == Some(&*name),
            Visibility::Partner(own) => row.partner_id == Some(own),
            Visibility::Nothing => false,
        }
    }

    /// Replaces the names of partners by their codes for an integrator, which knows the codes only.
    pub(super) fn redact_partners<'r>(&self, rows: impl IntoIterator<Item = &'r mut PartnerRow>) {
        if matches!(self.caller.role, Role::Integrator(_)) {
            for row in rows {
                row.name = row.code.clone();
            }
        }
    }

    /// Replaces names by codes and removes addresses for an integrator, which knows the codes only.
    pub(super) fn redact_professionals<'r>(&self, rows: impl IntoIterator<Item = &'r mut ProfessionalRow>) {
        if matches!(self.caller.role, Role::Integrator(_)) {
            for row in rows {
                row.name = row.code.clone();
                row.email = None;
            }
        }
    }

    /// Whether the caller can name a subject in an operation: the partner or the professional with this id.
    pub(super) fn can_name(
        &self,
        operation: Operation,
        partner: Option<Uuid>,
        professional: Option<Uuid>,
    ) -> bool {
        let visibility = self.visibility(operation);
        visibility == Visibility::All
            || professional.is_some_and(|id| visibility.can_see_professional(id))
            || partner.is_some_and(|id| visibility.can_see_partner(id))
    }
}

fn covers(span: &affiliation::Model, day: NaiveDate) -> bool {
    span.starts_on <= day && span.ends_on.is_none_or(|end| day <= end)
}
