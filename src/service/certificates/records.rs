//! What the levels of certificates' holders follow from, read for all of them together.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use entity::certificate;
use entity::value::CertifiedLevel;
use uuid::Uuid;

use super::program;
use crate::error::Error;
use crate::program::certificate::{Award, Claim, LevelRecord, Status, status};
use crate::program::{Program, Track};
use crate::service::Services;
use crate::service::posting::read_overrides;
use crate::store::partner::PartnerRow;
use crate::store::professional::{self, ProfessionalRow};
use crate::store::subject::{self, Subject};

/// Holders of certificates as they are now, by the ids that certificates have: after a merge, the one that remains.
#[derive(Debug, Default)]
pub(super) struct Holders {
    partners: HashMap<Uuid, PartnerRow>,
    professionals: HashMap<Uuid, ProfessionalRow>,
    erased: HashSet<Uuid>,
    /// By the id of the holder as it is now: of a partner the technical and the business track, of a professional one.
    records: HashMap<Uuid, Vec<LevelRecord>>,
}

impl Holders {
    /// The partner that a certificate is now of.
    pub(super) fn partner(&self, row: &certificate::Model) -> Option<Uuid> {
        Some(self.partners.get(&row.partner_id?)?.id)
    }

    /// The professional that a certificate is now of.
    pub(super) fn professional(&self, row: &certificate::Model) -> Option<Uuid> {
        Some(self.professionals.get(&row.professional_id?)?.id)
    }

    /// Whether the personal data of a professional was erased.
    pub(super) fn is_erased(&self, id: Uuid) -> bool {
        self.erased.contains(&self.professionals.get(&id).map_or(id, |row| row.id))
    }

    /// The name of a certificate's holder; none once it was erased.
    pub(super) fn name(&self, row: &certificate::Model) -> Option<String> {
        if let Some(id) = row.partner_id {
            return self.partners.get(&id).map(|row| row.name.clone());
        }
        let id = row.professional_id.filter(|id| !self.is_erased(*id))?;
        self.professionals.get(&id).map(|row| row.name.clone())
    }

    /// What one of the levels of a holder follows from.
    pub(super) fn records(&self, id: Option<Uuid>, level_of: CertifiedLevel) -> &[LevelRecord] {
        let now = id.map(|id| {
            let partner = self.partners.get(&id).map(|row| row.id);
            partner.or(self.professionals.get(&id).map(|row| row.id)).unwrap_or(id)
        });
        let records = now.and_then(|id| self.records.get(&id)).map_or(&[][..], Vec::as_slice);
        match level_of {
            CertifiedLevel::Technical => records.get(..1).unwrap_or_default(),
            CertifiedLevel::Business => records.get(1..).unwrap_or_default(),
            CertifiedLevel::Overall | CertifiedLevel::Professional => records,
        }
    }
}

impl Services {
    /// The holders of certificates.
    pub(super) async fn holders_of(&self, rows: &[certificate::Model]) -> Result<Holders, Error> {
        let partners = rows.iter().filter_map(|row| row.partner_id).collect();
        let professionals = rows.iter().filter_map(|row| row.professional_id).collect();
        self.read_holders(&partners, &professionals).await
    }

    /// One holder.
    pub(super) async fn holders(
        &self,
        partner: Option<Uuid>,
        professional: Option<Uuid>,
    ) -> Result<Holders, Error> {
        let (partners, professionals) = (partner.into_iter().collect(), professional.into_iter().collect());
        self.read_holders(&partners, &professionals).await
    }

    async fn read_holders(
        &self,
        partners: &BTreeSet<Uuid>,
        professionals: &BTreeSet<Uuid>,
    ) -> Result<Holders, Error> {
        let mut holders = Holders::default();
        if !partners.is_empty() {
            let keys = |row: &PartnerRow| (row.id, row.merged_into);
            holders.partners = self.as_they_are(partners, keys).await?;
            self.read_partner_records(&mut holders).await?;
        }
        if !professionals.is_empty() {
            let keys = |row: &ProfessionalRow| (row.id, row.merged_into);
            holders.professionals = self.as_they_are(professionals, keys).await?;
            self.read_professional_records(&mut holders).await?;
        }
        Ok(holders)
    }

    /// Subjects by their ids, each as the one that it was merged into.
    async fn as_they_are<S: Subject + Clone>(
        &self,
        ids: &BTreeSet<Uuid>,
        keys: impl Fn(&S) -> (Uuid, Option<Uuid>),
    ) -> Result<HashMap<Uuid, S>, Error> {
        let rows = subject::by_ids::<S>(self.db.reader(), ids.iter().copied()).await?;
        let mut found: HashMap<Uuid, S> = rows.into_iter().map(|row| (keys(&row).0, row)).collect();
        let merged = found.values().filter_map(|row| {
            let (id, into) = keys(row);
            Some((id, into?))
        });
        let merged: Vec<(Uuid, Uuid)> = merged.collect();
        if merged.is_empty() {
            return Ok(found);
        }
        let kept = subject::by_ids::<S>(self.db.reader(), merged.iter().map(|(_, into)| *into)).await?;
        let kept: HashMap<Uuid, S> = kept.into_iter().map(|row| (keys(&row).0, row)).collect();
        for (id, into) in merged {
            if let Some(row) = kept.get(&into) {
                found.insert(id, row.clone());
            }
        }
        Ok(found)
    }

    async fn read_partner_records(&self, holders: &mut Holders) -> Result<(), Error> {
        let ids: BTreeSet<Uuid> = holders.partners.values().map(|row| row.id).collect();
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let mut kept = self.kept_partner_levels(&ids).await?;
        for row in holders.partners.values() {
            if holders.records.contains_key(&row.id) {
                continue;
            }
            let awards = kept.remove(&row.id).unwrap_or_default();
            let overrides = read_overrides(row.level_overrides.as_deref())?;
            let records = Track::ALL.map(|track| LevelRecord {
                awards: awards
                    .iter()
                    .filter(|award| award.track == track)
                    .cloned()
                    .map(Award::of_partner)
                    .collect(),
                overrides: overrides.iter().filter(|one| one.track == Some(track)).cloned().collect(),
                left_on: row.left_on,
            });
            holders.records.insert(row.id, records.to_vec());
        }
        Ok(())
    }

    async fn read_professional_records(&self, holders: &mut Holders) -> Result<(), Error> {
        let signed_up: HashMap<Uuid, NaiveDate> =
            holders.professionals.values().map(|row| (row.id, row.signed_up_on)).collect();
        let mut awards: HashMap<Uuid, Vec<Award>> = HashMap::new();
        for kept in self.kept_levels(&signed_up, None).await? {
            let Some(signed_up_on) = signed_up.get(&kept.professional).copied() else { continue };
            let award =
                Award::of_professional(kept.level, kept.earned_on, signed_up_on, kept.membership_year);
            awards.entry(kept.professional).or_default().push(award);
        }
        for row in holders.professionals.values() {
            if holders.records.contains_key(&row.id) {
                continue;
            }
            let record = LevelRecord {
                awards: awards.remove(&row.id).unwrap_or_default(),
                overrides: read_overrides(row.level_overrides.as_deref())?,
                left_on: row.left_on,
            };
            holders.records.insert(row.id, vec![record]);
        }
        let ids: Vec<Uuid> = signed_up.into_keys().collect();
        holders.erased = professional::erased(self.db.reader(), &ids).await?;
        Ok(())
    }

    /// Whether a certificate can be relied on today. One without a name can't.
    pub(super) fn status_of(&self, row: &certificate::Model, holders: &Holders) -> Status {
        if row.professional_id.is_some_and(|id| holders.is_erased(id)) {
            return Status::Revoked;
        }
        let records = holders.records(row.partner_id.or(row.professional_id), row.level_of);
        let claim = Claim { level: &row.level, from: row.valid_from, until: row.valid_until };
        let of: Program = program(row.level_of);
        status(&self.policy.editions, of, records, &claim, self.clock.today())
    }
}
