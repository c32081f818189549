//! What the caller of the services sees and may do. Every use case begins here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;
use entity::{activity, affiliation};
use uuid::Uuid;

use super::Services;
use crate::access::{Caller, Grant, Operation, Role, may};
use crate::error::Error;
use crate::program::refusal::{Code, Refusal};
use crate::store::affiliation as affiliations;
use crate::store::page::Seen;
use crate::store::partner::PartnerRow;
use crate::store::professional::{ProfessionalRow, SeenBy};

/// How much of what is there exists for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Everything.
    All,
    /// What belongs to a partner.
    Partner(Uuid),
    /// What belongs to a professional.
    Professional(Uuid),
    /// What an integration recorded.
    Integration(Arc<str>),
    /// Nothing.
    Nothing,
}

impl Sight {
    /// Whether a partner's own data exists.
    pub(crate) fn shows_partner(&self, id: Uuid) -> bool {
        match self {
            Self::All => true,
            Self::Partner(own) => *own == id,
            _ => false,
        }
    }

    /// Whether a professional's own data exists, whoever employs the person.
    pub(crate) fn shows_professional(&self, id: Uuid) -> bool {
        match self {
            Self::All => true,
            Self::Professional(own) => *own == id,
            _ => false,
        }
    }
}

impl Services {
    /// The same services for a caller.
    #[must_use]
    pub fn for_caller(&self, caller: Arc<Caller>, request_id: Option<Arc<str>>) -> Self {
        Self { caller, request_id, ..self.clone() }
    }

    /// Who is asking.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Id of the request, for the audit log.
    pub(super) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// How much of what an operation shows exists for the caller.
    pub(crate) fn sight(&self, operation: Operation) -> Sight {
        match (may(&self.caller, operation), &self.caller.role) {
            (Grant::Everything, _) => Sight::All,
            (Grant::Own, Role::Partner(id)) => Sight::Partner(*id),
            (Grant::Own, Role::Professional(id)) => Sight::Professional(*id),
            (Grant::Own, Role::Integrator(name)) => Sight::Integration(Arc::clone(name)),
            (Grant::Own | Grant::Nothing, _) => Sight::Nothing,
        }
    }

    /// The same for what a caller either may use or never may.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub(crate) fn demand(&self, operation: Operation) -> Result<Sight, Error> {
        match self.sight(operation) {
            Sight::Nothing => Err(Error::Forbidden(operation.name())),
            sight => Ok(sight),
        }
    }

    /// Whether what belongs to nobody exists for the caller.
    pub(super) fn sees(&self, operation: Operation) -> bool {
        self.sight(operation) == Sight::All
    }

    /// The integration that a fact is recorded by; none when a person records it.
    pub(super) fn integration(&self) -> Option<String> {
        match &self.caller.role {
            Role::Integrator(name) => Some(name.to_string()),
            _ => None,
        }
    }

    /// Checks that the accounts of these partners are open to the caller.
    pub(super) fn demand_accounts(&self, mut ids: impl Iterator<Item = Uuid>) -> Result<(), Error> {
        let sight = self.demand(Operation::PartnerAccount)?;
        if sight == Sight::All || ids.all(|id| sight.shows_partner(id)) {
            return Ok(());
        }
        Err(Error::Forbidden(Operation::PartnerAccount.name()))
    }

    /// How much of the list of professionals the caller sees; `None` for nothing.
    pub(super) fn professionals_seen(&self) -> Option<Seen<SeenBy>> {
        match self.sight(Operation::Professional) {
            Sight::All => Some(Seen::All),
            Sight::Partner(partner) => Some(Seen::By(SeenBy::Partner(partner, self.clock.today()))),
            Sight::Professional(id) => Some(Seen::By(SeenBy::Professional(id))),
            Sight::Integration(_) | Sight::Nothing => None,
        }
    }

    /// When each of these professionals worked for a partner; who never did is left out.
    async fn employed(
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

    /// The professionals among these who exist for the caller, with what it may see of them.
    pub(super) async fn shown_professionals(
        &self,
        mut rows: Vec<ProfessionalRow>,
    ) -> Result<Vec<ProfessionalRow>, Error> {
        match self.sight(Operation::Professional) {
            Sight::All => {}
            Sight::Partner(partner) => {
                let employed = self.employed(partner, rows.iter().map(|row| row.id)).await?;
                let today = self.clock.today();
                let begun = |row: &affiliation::Model| row.starts_on <= today;
                rows.retain(|row| employed.get(&row.id).is_some_and(|spans| spans.iter().any(begun)));
            }
            sight => rows.retain(|row| sight.shows_professional(row.id)),
        }
        self.withhold_contacts(&mut rows);
        Ok(rows)
    }

    /// Takes addresses out of rows of professionals unless the caller may see them.
    pub(super) fn withhold_contacts<'r>(&self, rows: impl IntoIterator<Item = &'r mut ProfessionalRow>) {
        let sight = self.sight(Operation::ProfessionalContact);
        for row in rows {
            if !sight.shows_professional(row.id) {
                row.email = None;
            }
        }
    }

    /// Those among these professionals whose points on a day the caller may see, and `None` for all: a
    /// partner sees those of people who work for it on that day.
    pub(super) async fn points_shown(
        &self,
        ids: impl Iterator<Item = Uuid> + Clone,
        day: NaiveDate,
    ) -> Result<Option<HashSet<Uuid>>, Error> {
        match self.demand(Operation::ProfessionalPoints)? {
            Sight::All => Ok(None),
            Sight::Partner(partner) => {
                let mut employed = self.employed(partner, ids).await?;
                employed.retain(|_, spans| spans.iter().any(|span| covers(span, day)));
                Ok(Some(employed.into_keys().collect()))
            }
            sight => Ok(Some(ids.filter(|id| sight.shows_professional(*id)).collect())),
        }
    }

    /// The employer that the lists of these professionals' activities are limited to, if they are.
    pub(super) fn activities_shown(
        &self,
        mut ids: impl Iterator<Item = Uuid>,
    ) -> Result<Option<Uuid>, Error> {
        match self.demand(Operation::ProfessionalPoints)? {
            Sight::All => Ok(None),
            Sight::Partner(partner) => Ok(Some(partner)),
            sight if ids.all(|id| sight.shows_professional(id)) => Ok(None),
            _ => Err(Error::Forbidden(Operation::ProfessionalPoints.name())),
        }
    }

    /// The activities among these that exist for the caller. A partner sees its own ones, and those of
    /// professionals on days on which they worked for it.
    pub(super) async fn shown_activities(
        &self,
        mut rows: Vec<activity::Model>,
    ) -> Result<Vec<activity::Model>, Error> {
        match self.sight(Operation::Activity) {
            Sight::All => {}
            Sight::Partner(partner) => {
                let people = rows.iter().filter_map(|row| row.professional_id);
                let employed = self.employed(partner, people).await?;
                rows.retain(|row| {
                    row.partner_id == Some(partner)
                        || row
                            .professional_id
                            .and_then(|id| employed.get(&id))
                            .is_some_and(|spans| spans.iter().any(|span| covers(span, row.occurred_on)))
                });
            }
            Sight::Professional(own) => rows.retain(|row| row.professional_id == Some(own)),
            Sight::Integration(name) => rows.retain(|row| row.recorded_by.as_deref() == Some(&*name)),
            Sight::Nothing => rows.clear(),
        }
        Ok(rows)
    }

    /// Whether an activity that was found under a key exists for the caller who records or submits it
    /// again.
    pub(super) fn knows_activity(&self, row: &activity::Model) -> bool {
        match self.sight(Operation::Activity) {
            Sight::All => true,
            Sight::Professional(own) => row.professional_id == Some(own),
            Sight::Integration(name) => row.recorded_by.as_deref() == Some(&*name),
            Sight::Partner(_) | Sight::Nothing => false,
        }
    }

    /// What an integrator sees of the partners that its activities are about: what it said itself.
    pub(super) fn withhold_partners<'r>(&self, rows: impl IntoIterator<Item = &'r mut PartnerRow>) {
        if matches!(self.caller.role, Role::Integrator(_)) {
            for row in rows {
                row.name = row.code.clone();
            }
        }
    }

    /// What an integrator sees of the professionals whom its activities are about.
    pub(super) fn withhold_people<'r>(&self, rows: impl IntoIterator<Item = &'r mut ProfessionalRow>) {
        if matches!(self.caller.role, Role::Integrator(_)) {
            for row in rows {
                row.name = row.code.clone();
                row.email = None;
            }
        }
    }

    /// Refuses a subject that does not exist for the caller, like one that does not exist at all.
    pub(super) fn check_subject(
        &self,
        operation: Operation,
        professional: Option<Uuid>,
    ) -> Result<(), Refusal> {
        let sight = self.sight(operation);
        let fits = match (&sight, professional) {
            (Sight::All, _) => true,
            (_, Some(id)) => sight.shows_professional(id),
            (_, None) => false,
        };
        if fits {
            return Ok(());
        }
        let what = if professional.is_some() { "professional" } else { "partner" };
        Err(Refusal::new(Code::NotFound, what, format!("There is no {what} with this code."))
            .within("subject"))
    }
}

fn covers(span: &affiliation::Model, day: NaiveDate) -> bool {
    span.starts_on <= day && span.ends_on.is_none_or(|end| day <= end)
}
