//! Authentication of keys and tokens, with a cache of a few seconds.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use entity::api_key;
use quick_cache::sync::Cache;
use uuid::Uuid;

use super::super::{Services, input};
use super::text::{KeyDigest, KeyText};
use crate::access::{Actor, Caller, Limits, Role, RoleName};
use crate::error::Error;
use crate::store::api_key as store;
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject;

/// Lifetime of a cached key: one that another process revoked is refused within 5 seconds.
const CACHE_TTL: Duration = Duration::from_secs(4);
/// Minimum interval between updates of a key's last use.
const LAST_USED_INTERVAL: TimeDelta = TimeDelta::minutes(1);
/// Maximum number of cached keys, and of cached subjects.
const CACHE_CAPACITY: usize = 10_000;

/// Cache of verified keys and of subjects.
#[derive(Debug)]
pub(crate) struct KeyCache {
    keys: Cache<KeyDigest, CachedKey>,
    /// Keys that this process revoked: a stale read must not make one valid again.
    revoked: RwLock<HashSet<Uuid>>,
    /// Ids of subjects by code, which change by merges only, and since when they are known.
    subjects: Cache<(RoleName, Box<str>), (Uuid, Instant)>,
}

impl Default for KeyCache {
    fn default() -> Self {
        Self {
            keys: Cache::new(CACHE_CAPACITY),
            revoked: RwLock::default(),
            subjects: Cache::new(CACHE_CAPACITY),
        }
    }
}

impl KeyCache {
    /// Refuses a key from now on, in this process.
    pub(crate) fn revoke(&self, id: Uuid) {
        self.revoked.write().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    /// Forgets whom keys and codes stand for: a merge has changed it.
    pub(crate) fn forget(&self) {
        self.keys.clear();
        self.subjects.clear();
    }

    fn is_revoked(&self, id: Uuid) -> bool {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }
}

#[derive(Clone, Debug)]
struct CachedKey {
    id: Uuid,
    caller: Arc<Caller>,
    expires_at: Option<DateTime<Utc>>,
    since: Instant,
}

impl Services {
    /// The caller of a key; none if the key is unknown, revoked or expired.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn caller_of_key(&self, text: &str) -> Result<Option<Arc<Caller>>, Error> {
        let Some(text) = KeyText::parse(text) else { return Ok(None) };
        let digest = text.digest();
        let cached = match self.keys.keys.get(&digest) {
            Some(cached) if cached.since.elapsed() < CACHE_TTL => cached,
            _ => {
                let since = Instant::now();
                let Some(row) = store::by_digest(self.db.lookups(), &text.digest_text()).await? else {
                    return Ok(None);
                };
                let Some(caller) = caller(&row)? else { return Ok(None) };
                self.record_use(&row);
                let cached =
                    CachedKey { id: row.id, caller: Arc::new(caller), expires_at: row.expires_at, since };
                self.keys.keys.insert(digest, cached.clone());
                cached
            }
        };
        let expired = cached.expires_at.is_some_and(|end| end <= self.clock.now());
        Ok((!expired && !self.keys.is_revoked(cached.id)).then_some(cached.caller))
    }

    /// The caller of a verified token: `actor` as the audit log names it, `subject` the code of a partner or
    /// professional or the name of an integration. None if there is no such subject.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn caller_of_token(
        &self,
        actor: &str,
        role: RoleName,
        subject: &str,
    ) -> Result<Option<Arc<Caller>>, Error> {
        let role = match role {
            RoleName::Administrator => Role::Administrator,
            RoleName::ProgramStaff => Role::ProgramStaff,
            _ if input::code("subject", subject).is_err() => return Ok(None),
            RoleName::Integrator => Role::Integrator(subject.into()),
            RoleName::Partner | RoleName::Professional => {
                let Some(id) = self.subject(role, subject).await? else { return Ok(None) };
                if role == RoleName::Partner { Role::Partner(id) } else { Role::Professional(id) }
            }
        };
        Ok(Some(Arc::new(Caller { actor: Actor::Token(actor.into()), role, limits: Limits::default() })))
    }

    async fn subject(&self, role: RoleName, code: &str) -> Result<Option<Uuid>, Error> {
        let key = (role, Box::from(code));
        let since = Instant::now();
        if let Some((id, _)) = self.keys.subjects.get(&key).filter(|(_, since)| since.elapsed() < CACHE_TTL) {
            return Ok(Some(id));
        }
        let found = if role == RoleName::Partner {
            subject::by_code::<PartnerRow>(self.db.lookups(), code).await?.map(|row| row.id)
        } else {
            subject::by_code::<ProfessionalRow>(self.db.lookups(), code).await?.map(|row| row.id)
        };
        if let Some(id) = found {
            self.keys.subjects.insert(key, (id, since));
        }
        Ok(found)
    }

    /// Records the use of a key in the background.
    fn record_use(&self, row: &api_key::Model) {
        let (id, now) = (row.id, self.clock.now());
        let since = now - LAST_USED_INTERVAL;
        if row.last_used_at.is_some_and(|last| last > since) {
            return;
        }
        let services = self.clone();
        tokio::spawn(async move {
            if let Err(error) = services.write_use(id, now, since).await {
                tracing::debug!(%error, "failed to record last use of API key");
            }
        });
    }

    async fn write_use(&self, id: Uuid, at: DateTime<Utc>, since: DateTime<Utc>) -> Result<(), Error> {
        let transaction = self.db.begin().await?;
        store::record_use(&*transaction, id, at, since).await?;
        Ok(transaction.commit().await?)
    }
}

/// The caller of a stored key; none if it was revoked.
fn caller(row: &api_key::Model) -> Result<Option<Caller>, Error> {
    let damaged = || Error::Damaged(format!("the API key {}", row.id));
    if row.revoked_at.is_some() {
        return Ok(None);
    }
    let role = match RoleName::parse(&row.role).ok_or_else(damaged)? {
        RoleName::Administrator => Role::Administrator,
        RoleName::ProgramStaff => Role::ProgramStaff,
        RoleName::Integrator => Role::Integrator(row.integration.as_deref().ok_or_else(damaged)?.into()),
        RoleName::Partner => Role::Partner(row.partner_id.ok_or_else(damaged)?),
        RoleName::Professional => Role::Professional(row.professional_id.ok_or_else(damaged)?),
    };
    let sources = row.sources.as_deref().map(serde_json::from_str).transpose().map_err(|_| damaged())?;
    Ok(Some(Caller {
        actor: Actor::Key { id: row.id, label: row.label.as_str().into() },
        role,
        limits: Limits { sources, read_only: row.read_only },
    }))
}
