//! Notices of credits and Dojo Credits that will expire (F4).
//!
//! A subject has lots that expire on different days. Those of whom something may expire by the last day of a notice are
//! read, in the order of their keys, and their lots under the lock of their writers: each lot of a day for which a notice is
//! due is announced. What is spent meanwhile is not.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use entity::event;
use entity::value::EventKind;
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};
use uuid::Uuid;

use super::EventDraft;
use super::notices::{Found, NOTICES_PER_TRANSACTION};
use crate::error::Error;
use crate::program::expiry::{Account, CreditKind};
use crate::program::notice::DueNotice;
use crate::service::Services;
use crate::service::posting::accounts;
use crate::store::credit_entry;
use crate::store::notice::{Ending, EndingRow};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject;

impl Services {
    /// The next subjects of whom something may expire by a day.
    pub(super) async fn found_expiring(
        &self,
        what: Ending,
        through: NaiveDate,
        after: Uuid,
    ) -> Result<Vec<Found>, Error> {
        let reader = self.db.reader();
        let ids = if what == Ending::Credits {
            subject::expiring::<PartnerRow>(reader, through, after, NOTICES_PER_TRANSACTION).await?
        } else {
            subject::expiring::<ProfessionalRow>(reader, through, after, NOTICES_PER_TRANSACTION).await?
        };
        Ok(ids.into_iter().map(|id| Found { days: 0, row: EndingRow { id, ends: through } }).collect())
    }

    pub(super) async fn credit_notices(
        &self,
        transaction: &DatabaseTransaction,
        found: &[Found],
        due: &[DueNotice],
    ) -> Result<Vec<event::Model>, Error> {
        let rows = subject::lock::<PartnerRow>(transaction, [], found.iter().map(|one| one.row.id)).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let accounts = accounts(&credit_entry::of_partners(transaction, &ids).await?);
        let audience = self.audience(rows.iter().map(|row| (row.id, row.code.clone())).collect());
        let mut events = Vec::new();
        for row in rows {
            let Some(account) = accounts.get(&row.id) else { continue };
            for notice in self.notices_of(account, CreditKind::Credits, due) {
                let today = self.clock.today();
                let draft = EventDraft::of_partner(EventKind::CreditsEnding, today, row.id, "notice", notice);
                events.push(audience.step(&draft, None));
            }
        }
        Ok(events)
    }

    pub(super) async fn dojo_credit_notices(
        &self,
        transaction: &DatabaseTransaction,
        found: &[Found],
        due: &[DueNotice],
    ) -> Result<Vec<event::Model>, Error> {
        let ids = found.iter().map(|one| one.row.id);
        let rows = subject::lock::<ProfessionalRow>(transaction, [], ids).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let accounts = accounts(&credit_entry::of_professionals(transaction, &ids).await?);
        let codes: HashMap<Uuid, String> = rows.iter().map(|row| (row.id, row.code.clone())).collect();
        let audience = self.audience(codes);
        let mut events = Vec::new();
        for row in rows {
            let Some(account) = accounts.get(&row.id) else { continue };
            for notice in self.notices_of(account, CreditKind::DojoCredits, due) {
                let today = self.clock.today();
                let draft =
                    EventDraft::of_professional(EventKind::CreditsEnding, today, row.id, "notice", notice);
                events.push(audience.step(&draft, None));
            }
        }
        Ok(events)
    }

    /// What expires on days for which a notice is due, the earliest first.
    fn notices_of(&self, account: &Account, kind: CreditKind, due: &[DueNotice]) -> Vec<Value> {
        let terms = self.expiry_terms(kind);
        let mut ending: BTreeMap<NaiveDate, i64> = BTreeMap::new();
        for lot in account.lots() {
            if let Some(last) = terms.expires_on(lot.earned_on).and_then(|day| day.pred_opt()) {
                *ending.entry(last).or_default() += lot.credits;
            }
        }
        let notice = |(last, credits): (NaiveDate, i64)| {
            let notice = due.iter().find(|notice| notice.after < last && last <= notice.through)?;
            Some(json!({ "days": notice.days, "endsOn": last, "credits": credits }))
        };
        ending.into_iter().filter_map(notice).collect()
    }
}
