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
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{JsonObject, Moment};
use crate::service::Services;

/// What a caller stands for, which decides what exists for it and what it may do.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Runs the program: may do everything.
    Administrator,
    /// Works for the program: all data, but no keys and no editions.
    ProgramStaff,
    /// A system that records facts, and reads what it recorded.
    Integrator,
    /// One partner: its own data.
    Partner,
    /// One professional: the person's own data.
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

/// Who is asking.
pub(crate) struct Viewer;

/// Who is asking.
#[Object]
impl Viewer {
    /// The role.
    async fn role(&self, context: &Context<'_>) -> Role {
        context.data_unchecked::<Services>().caller().role.name().into()
    }

    /// The partner that the caller stands for; null in other roles.
    async fn partner(&self, context: &Context<'_>) -> Option<Partner> {
        let services = context.data_unchecked::<Services>();
        let access::Role::Partner(id) = services.caller().role else { return None };
        let found = services.partners_by_ids(&[id]).await;
        or_null(context, found.map(|found| BatchById::new(found).get(id).map(Partner)).map_err(Into::into))
    }

    /// The professional whom the caller stands for; null in other roles.
    async fn professional(&self, context: &Context<'_>) -> Option<Professional> {
        let services = context.data_unchecked::<Services>();
        let access::Role::Professional(id) = services.caller().role else { return None };
        let found = services.professionals_by_ids(&[id]).await;
        or_null(
            context,
            found.map(|found| BatchById::new(found).get(id).map(Professional)).map_err(Into::into),
        )
    }

    /// Name of the integration that the caller stands for; null in other roles.
    async fn integration(&self, context: &Context<'_>) -> Option<String> {
        match &context.data_unchecked::<Services>().caller().role {
            access::Role::Integrator(name) => Some(name.to_string()),
            _ => None,
        }
    }

    /// What the credentials are called: the label of the key, or the subject of the token.
    async fn label(&self, context: &Context<'_>) -> String {
        context.data_unchecked::<Services>().caller().actor.label().to_owned()
    }

    /// Global id of the API key; null for other credentials.
    async fn key_id(&self, context: &Context<'_>) -> Option<ID> {
        match context.data_unchecked::<Services>().caller().actor {
            Actor::Key { id, .. } => Some(NodeType::ApiKey.id(id)),
            _ => None,
        }
    }

    /// The only sources that may be recorded for; null for every one.
    async fn sources(&self, context: &Context<'_>) -> Option<Vec<String>> {
        context.data_unchecked::<Services>().caller().limits.sources.clone()
    }

    /// Whether the credentials may change nothing.
    async fn read_only(&self, context: &Context<'_>) -> bool {
        context.data_unchecked::<Services>().caller().limits.read_only
    }
}

/// A key that programs send as `Authorization: Bearer <key>`. The key itself is told once, when it is created.
pub(crate) struct ApiKey(pub(crate) BatchRow<api_key::Model>);

/// A key that programs send as `Authorization: Bearer <key>`. The key itself is told once, when it is created.
#[Object]
impl ApiKey {
    /// Global id: opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        NodeType::ApiKey.id(self.0.row().id)
    }

    /// How the key begins, to tell keys apart.
    async fn prefix(&self) -> &str {
        &self.0.row().prefix
    }

    /// What it stands for.
    async fn role(&self) -> Result<Role, ApiError> {
        role(&self.0.row().role)
    }

    /// The partner that it stands for; null in other roles.
    async fn partner(&self, context: &Context<'_>) -> Option<Partner> {
        let ids = self.0.batch_rows().iter().filter_map(|row| row.partner_id).collect();
        partner(context, &self.0, self.0.row().partner_id, ids).await
    }

    /// The professional whom it stands for; null in other roles.
    async fn professional(&self, context: &Context<'_>) -> Option<Professional> {
        let ids = self.0.batch_rows().iter().filter_map(|row| row.professional_id).collect();
        professional(context, &self.0, self.0.row().professional_id, ids).await
    }

    /// Name of the integration that it stands for; null in other roles.
    async fn integration(&self) -> Option<&str> {
        self.0.row().integration.as_deref()
    }

    /// Name for people.
    async fn label(&self) -> &str {
        &self.0.row().label
    }

    /// The only sources that it may record for; null for every one.
    async fn sources(&self) -> Option<Vec<String>> {
        serde_json::from_str(self.0.row().sources.as_deref()?).ok()
    }

    /// Whether it may change nothing.
    async fn read_only(&self) -> bool {
        self.0.row().read_only
    }

    /// When it was created.
    async fn created_at(&self) -> Moment {
        Moment(self.0.row().created_at)
    }

    /// Who created it, as the audit log names actors.
    async fn created_by(&self) -> &str {
        &self.0.row().created_by
    }

    /// From when on it is refused; null for a key without an end.
    async fn expires_at(&self) -> Option<Moment> {
        self.0.row().expires_at.map(Moment)
    }

    /// When it was last used, to the minute or so; null when it never was.
    async fn last_used_at(&self) -> Option<Moment> {
        self.0.row().last_used_at.map(Moment)
    }

    /// When it was revoked; null while it is not.
    async fn revoked_at(&self) -> Option<Moment> {
        self.0.row().revoked_at.map(Moment)
    }
}

/// A change that somebody made. Personal fields are named here and never shown, so that they can be erased.
pub(crate) struct AuditEntry(pub(crate) BatchRow<audit_entry::Model>);

/// A change that somebody made. Personal fields are named here and never shown, so that they can be erased.
#[Object]
impl AuditEntry {
    /// Global id: opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        NodeType::AuditEntry.id(self.0.row().id)
    }

    /// When it was done.
    async fn at(&self) -> Moment {
        Moment(self.0.row().at)
    }

    /// Who did it: `key:` and the key of an API key, `token:` and its subject, `bootstrap`, or `system:` and a command.
    async fn actor(&self) -> &str {
        &self.0.row().actor
    }

    /// The role in which it was done.
    async fn role(&self) -> Result<Role, ApiError> {
        role(&self.0.row().role)
    }

    /// The mutation that did it, such as `recordActivity`; several activities at once are one entry each.
    async fn operation(&self) -> &str {
        &self.0.row().operation
    }

    /// Type of what was changed.
    async fn object_type(&self) -> &str {
        &self.0.row().object_type
    }

    /// Global id of what was changed. `node` finds it if its type is one of the schema.
    async fn object_id(&self) -> ID {
        NodeType::named(&self.0.row().object_type, self.0.row().object_id)
    }

    /// The partner that it is about; null for none.
    async fn partner(&self, context: &Context<'_>) -> Option<Partner> {
        let ids = self.0.batch_rows().iter().filter_map(|row| row.partner_id).collect();
        partner(context, &self.0, self.0.row().partner_id, ids).await
    }

    /// The professional whom it is about; null for none.
    async fn professional(&self, context: &Context<'_>) -> Option<Professional> {
        let ids = self.0.batch_rows().iter().filter_map(|row| row.professional_id).collect();
        professional(context, &self.0, self.0.row().professional_id, ids).await
    }

    /// Id of the request, as the answer's `X-Request-Id` had it; null for commands.
    async fn request_id(&self) -> Option<&str> {
        self.0.row().request_id.as_deref()
    }

    /// What changed, as it was before; null for what is new.
    async fn before(&self) -> Option<JsonObject> {
        object(self.0.row().before.as_deref())
    }

    /// What changed, as it is since.
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
    let load = async { services.partners_by_ids(&ids).await.map(BatchById::new) };
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
    let load = async { services.professionals_by_ids(&ids).await.map(BatchById::new) };
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
