//! Who is asking, API keys, and entries of the audit log.

use async_graphql::{Context, Enum, ID, Object};
use entity::{api_key, audit_entry};
use uuid::Uuid;

use super::{Partner, Professional};
use crate::access::{self, Actor, RoleName};
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::connection::{API_KEYS, AUDIT_LOG, ConnectionNode, ListOrder};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::permissions;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{JsonObject, Moment};
use crate::service::Services;

/// Role of a caller, which determines the data it can see and the operations it may run.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Administrator: all data and all operations.
    Administrator,
    /// Program staff: all data of the program, but neither API keys nor editions.
    ProgramStaff,
    /// Integration: a system that records activities and deals, and reads what it recorded.
    Integrator,
    /// Partner: the data of one partner.
    Partner,
    /// Professional: the data of one professional.
    Professional,
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Administrator => Self::Administrator,
            RoleName::ProgramStaff => Self::ProgramStaff,
            RoleName::Integrator => Self::Integrator,
            RoleName::Partner => Self::Partner,
            RoleName::Professional => Self::Professional,
        }
    }
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Administrator => Self::Administrator,
            Role::ProgramStaff => Self::ProgramStaff,
            Role::Integrator => Self::Integrator,
            Role::Partner => Self::Partner,
            Role::Professional => Self::Professional,
        }
    }
}

/// The role of a stored name.
fn role(name: &str) -> Result<Role, ApiError> {
    let role = RoleName::parse(name);
    role.map(Into::into).ok_or_else(|| crate::error::Error::Damaged(format!("the role {name}")).into())
}

/// Identity of the caller.
pub(crate) struct Viewer;

/// Identity of the caller.
#[Object]
impl Viewer {
    /// Role of the caller.
    async fn role(&self, context: &Context<'_>) -> Role {
        context.data_unchecked::<Services>().caller().role.name().into()
    }

    /// Partner on whose behalf the caller acts; null unless `role` is `PARTNER`.
    async fn partner(&self, context: &Context<'_>) -> Option<Partner> {
        let services = context.data_unchecked::<Services>();
        let access::Role::Partner(id) = services.caller().role else { return None };
        let found = services.partners_by_ids(&[id]).await;
        or_null(context, found.map(|found| BatchById::new(found).get(id).map(Partner)).map_err(Into::into))
    }

    /// Professional on whose behalf the caller acts; null unless `role` is `PROFESSIONAL`.
    async fn professional(&self, context: &Context<'_>) -> Option<Professional> {
        let services = context.data_unchecked::<Services>();
        let access::Role::Professional(id) = services.caller().role else { return None };
        let found = services.professionals_by_ids(&[id]).await;
        or_null(
            context,
            found.map(|found| BatchById::new(found).get(id).map(Professional)).map_err(Into::into),
        )
    }

    /// Name of the integration on whose behalf the caller acts; null unless `role` is `INTEGRATOR`.
    async fn integration(&self, context: &Context<'_>) -> Option<String> {
        match &context.data_unchecked::<Services>().caller().role {
            access::Role::Integrator(name) => Some(name.to_string()),
            _ => None,
        }
    }

    /// Name of the credentials: the label of the API key, or the subject of the token.
    async fn label(&self, context: &Context<'_>) -> String {
        context.data_unchecked::<Services>().caller().actor.label().to_owned()
    }

    /// Global ID of the API key; null for other credentials.
    async fn key_id(&self, context: &Context<'_>) -> Option<ID> {
        match context.data_unchecked::<Services>().caller().actor {
            Actor::Key { id, .. } => Some(NodeType::ApiKey.id(id)),
            _ => None,
        }
    }

    /// Sources for which the caller may record activities; null if it is not restricted.
    async fn sources(&self, context: &Context<'_>) -> Option<Vec<String>> {
        context.data_unchecked::<Services>().caller().limits.sources.clone()
    }

    /// Names of the mutations that the caller may run, for all objects or for its own ones; none if `readOnly`. A
    /// client shows what is possible by this list. A mutation can still be refused because of its object.
    async fn mutations(&self, context: &Context<'_>) -> Vec<&'static str> {
        let services = context.data_unchecked::<Services>();
        let mut names = permissions::mutations(services.caller());
        if !services.keeps_sandboxes() {
            names.retain(|name| !permissions::OF_SANDBOXES.contains(name));
        }
        names
    }

    /// Whether mutations are forbidden with the credentials.
    async fn read_only(&self, context: &Context<'_>) -> bool {
        context.data_unchecked::<Services>().caller().limits.read_only
    }
}

/// API key: a credential that programs send as `Authorization: Bearer <key>`. Only the response of
/// `createApiKey` contains the key itself; the server stores a digest.
pub(crate) struct ApiKey(pub(crate) BatchRow<api_key::Model>);

/// API key: a credential that programs send as `Authorization: Bearer <key>`. Only the response of
/// `createApiKey` contains the key itself; the server stores a digest.
#[Object]
impl ApiKey {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::ApiKey.id(self.0.row().id)
    }

    /// First characters of the key, which identify it to people.
    async fn prefix(&self) -> &str {
        &self.0.row().prefix
    }

    /// Role of requests that use the key.
    async fn role(&self) -> Result<Role, ApiError> {
        role(&self.0.row().role)
    }

    /// Partner on whose behalf the key acts; null unless `role` is `PARTNER`.
    async fn partner(&self, context: &Context<'_>) -> Option<Partner> {
        let ids = self.0.batch_rows().iter().filter_map(|row| row.partner_id).collect();
        partner(context, &self.0, self.0.row().partner_id, ids).await
    }

    /// Professional on whose behalf the key acts; null unless `role` is `PROFESSIONAL`.
    async fn professional(&self, context: &Context<'_>) -> Option<Professional> {
        let ids = self.0.batch_rows().iter().filter_map(|row| row.professional_id).collect();
        professional(context, &self.0, self.0.row().professional_id, ids).await
    }

    /// Name of the integration that owns the key; null unless `role` is `INTEGRATOR`.
    async fn integration(&self) -> Option<&str> {
        self.0.row().integration.as_deref()
    }

    /// Display name of the key.
    async fn label(&self) -> &str {
        &self.0.row().label
    }

    /// Sources for which the key may record activities; null if it is not restricted.
    async fn sources(&self) -> Option<Vec<String>> {
        serde_json::from_str(self.0.row().sources.as_deref()?).ok()
    }

    /// Whether mutations are forbidden with this key.
    async fn read_only(&self) -> bool {
        self.0.row().read_only
    }

    /// Time of creation.
    async fn created_at(&self) -> Moment {
        Moment(self.0.row().created_at)
    }

    /// Actor that created the key, in the format of `AuditEntry.actor`.
    async fn created_by(&self) -> &str {
        &self.0.row().created_by
    }

    /// Time from which the key is rejected; null if it does not expire.
    async fn expires_at(&self) -> Option<Moment> {
        self.0.row().expires_at.map(Moment)
    }

    /// Time of the last request with the key, accurate to about a minute; null if it was never used.
    async fn last_used_at(&self) -> Option<Moment> {
        self.0.row().last_used_at.map(Moment)
    }

    /// Time of revocation; null unless the key was revoked.
    async fn revoked_at(&self) -> Option<Moment> {
        self.0.row().revoked_at.map(Moment)
    }
}

/// Entry of the append-only audit log: a change to one object. An entry never contains the name or e-mail
/// address of a professional, so that both can be erased.
pub(crate) struct AuditEntry(pub(crate) BatchRow<audit_entry::Model>);

/// Entry of the append-only audit log: a change to one object. An entry never contains the name or e-mail
/// address of a professional, so that both can be erased.
#[Object]
impl AuditEntry {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::AuditEntry.id(self.0.row().id)
    }

    /// Time of the change.
    async fn at(&self) -> Moment {
        Moment(self.0.row().at)
    }

    /// Actor that made the change: `key:` and the UUID of an API key, `token:` and the token's subject,
    /// `bootstrap`, or `system:` and a command.
    async fn actor(&self) -> &str {
        &self.0.row().actor
    }

    /// Readable name of the actor: the label of the API key, the subject of the token, `bootstrap`, or a command;
    /// null if it is not known.
    async fn actor_label(&self, context: &Context<'_>) -> Option<String> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.actor_labels(self.0.batch_rows()).await };
        let labels = self.0.load(Relation::ActorLabels, load).await;
        or_null(context, labels.map(|labels| labels.get(&self.0.row().id).cloned()))
    }

    /// Role of the actor.
    async fn role(&self) -> Result<Role, ApiError> {
        role(&self.0.row().role)
    }

    /// Reason that was given for the change; null if there is none.
    async fn reason(&self) -> Option<&str> {
        self.0.row().reason.as_deref()
    }

    /// Operation that made the change: usually the name of a mutation, such as `recordActivity`. A batch
    /// writes one entry per object.
    async fn operation(&self) -> &str {
        &self.0.row().operation
    }

    /// Type of the changed object, such as `Activity`.
    async fn object_type(&self) -> &str {
        &self.0.row().object_type
    }

    /// Global ID of the changed object. `node` returns the object if its type implements `Node`.
    async fn object_id(&self) -> ID {
        NodeType::named(&self.0.row().object_type, self.0.row().object_id)
    }

    /// Partner that the change concerns; null if there is none.
    async fn partner(&self, context: &Context<'_>) -> Option<Partner> {
        let ids = self.0.batch_rows().iter().filter_map(|row| row.partner_id).collect();
        partner(context, &self.0, self.0.row().partner_id, ids).await
    }

    /// Professional that the change concerns; null if there is none.
    async fn professional(&self, context: &Context<'_>) -> Option<Professional> {
        let ids = self.0.batch_rows().iter().filter_map(|row| row.professional_id).collect();
        professional(context, &self.0, self.0.row().professional_id, ids).await
    }

    /// ID of the request, as in the response header `X-Request-Id`; null for changes made by a command.
    async fn request_id(&self) -> Option<&str> {
        self.0.row().request_id.as_deref()
    }

    /// Changed values before the change; null if the object is new.
    async fn before(&self) -> Option<JsonObject> {
        object(self.0.row().before.as_deref())
    }

    /// Changed values after the change; null if the object was deleted.
    async fn after(&self) -> Option<JsonObject> {
        object(self.0.row().after.as_deref())
    }
}

fn object(text: Option<&str>) -> Option<JsonObject> {
    serde_json::from_str(text?).ok().map(JsonObject)
}

async fn partner<R: Send + Sync>(
    context: &Context<'_>,
    batch_row: &BatchRow<R>,
    id: Option<Uuid>,
    ids: Vec<Uuid>,
) -> Option<Partner> {
    let id = id?;
    let services = context.data_unchecked::<Services>();
    let load = || async { services.partners_by_ids(&ids).await.map(BatchById::new) };
    let found = batch_row.load(Relation::Partner, load).await;
    or_null(context, found.map(|found| found.get(id).map(Partner)))
}

async fn professional<R: Send + Sync>(
    context: &Context<'_>,
    batch_row: &BatchRow<R>,
    id: Option<Uuid>,
    ids: Vec<Uuid>,
) -> Option<Professional> {
    let id = id?;
    let services = context.data_unchecked::<Services>();
    let load = || async { services.professionals_by_ids(&ids).await.map(BatchById::new) };
    let found = batch_row.load(Relation::Professional, load).await;
    or_null(context, found.map(|found| found.get(id).map(Professional)))
}

impl ConnectionNode for ApiKey {
    type Row = api_key::Model;

    fn from_row(batch_row: BatchRow<Self::Row>) -> Self {
        Self(batch_row)
    }

    fn cursor_key(row: &Self::Row, _: ListOrder) -> String {
        format!("{API_KEYS}:{}", row.id)
    }
}

impl ConnectionNode for AuditEntry {
    type Row = audit_entry::Model;

    fn from_row(batch_row: BatchRow<Self::Row>) -> Self {
        Self(batch_row)
    }

    fn cursor_key(row: &Self::Row, _: ListOrder) -> String {
        format!("{AUDIT_LOG}:{}", row.id)
    }
}
