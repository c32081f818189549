//! Another last day for a contract, and contracts that never were (L2).

use chrono::NaiveDate;
use entity::contract;
use entity::value::{EventKind, LogAction};
use sea_orm::DatabaseTransaction;
use serde_json::json;

use super::{ContractRow, governing, name};
use crate::access::Operation;
use crate::error::{Error, refused};
use crate::program::calendar::{implausible, is_plausible};
use crate::program::refusal::{Code, Refusal, all};
use crate::service::access::Visibility;
use crate::service::audit::Change;
use crate::service::events::EventDraft;
use crate::service::posting::{LogEntry, Object, Posting};
use crate::service::subjects::lock_partner;
use crate::service::{Services, input, labels, transact};
use crate::store::contract as store;
use crate::store::partner::PartnerRow;

/// A contract under the lock of its partner, whose other ones these are.
struct Locked {
    partner: PartnerRow,
    row: ContractRow,
    others: Vec<ContractRow>,
}

impl Services {
    /// Sets another last day for a contract, earlier or later. Orders that were placed keep their prices.
    ///
    /// # Errors
    /// When there is no such contract, it was voided, the day is not accepted or is its last day already, or another
    /// contract governs one of its categories in the added days.
    pub async fn contract_end(
        &self,
        partner: &str,
        reference: &str,
        ends_on: NaiveDate,
        reason: Option<&str>,
    ) -> Result<PartnerRow, Error> {
        let visibility = self.authorize(Operation::EndContract)?;
        let reason = input::reason("reason", reason);
        transact!(self, Operation::EndContract, transaction, changes => {
            let locked = refused(lock_contract(transaction, &visibility, partner, reference).await)?;
            let (reason, Locked { partner, row, others }) = all((reason.as_ref(), locked))?;
            check_end(&row, ends_on, &others)?;
            let ended = contract::Model { ends_on, ..row.contract.clone() };
            let entry = LogEntry {
                ends_on: Some(ends_on),
                reason: reason.clone(),
                ..LogEntry::new(LogAction::ContractEnded, Object::Contract(ended.id))
            };
            let last = row.contract.ends_on;
            let row = ContractRow { contract: ended.clone(), rates: row.rates };
            self.post_contract(transaction, &partner, entry, (EventKind::ContractEnded, &row)).await?;
            let (before, after) = (json!({ "endsOn": last }), json!({ "endsOn": ends_on }));
            changes.add(change(&ended).before(before).after(after).because(reason.as_deref()));
            Ok(partner)
        })
    }

    /// Voids a contract that never was. Orders that were placed keep their prices.
    ///
    /// # Errors
    /// When there is no such contract, it was voided before, or no reason is given.
    pub async fn contract_void(
        &self,
        partner: &str,
        reference: &str,
        reason: &str,
    ) -> Result<PartnerRow, Error> {
        let visibility = self.authorize(Operation::VoidContract)?;
        let reason = input::required_reason("reason", reason);
        transact!(self, Operation::VoidContract, transaction, changes => {
            let locked = refused(lock_contract(transaction, &visibility, partner, reference).await)?;
            let (reason, Locked { partner, row, .. }) = all((reason.as_ref(), locked))?;
            let voided = contract::Model { voided: true, ..row.contract };
            let entry = LogEntry {
                reason: Some(reason.clone()),
                ..LogEntry::new(LogAction::ContractVoided, Object::Contract(voided.id))
            };
            let row = ContractRow { contract: voided.clone(), rates: row.rates };
            self.post_contract(transaction, &partner, entry, (EventKind::ContractVoided, &row)).await?;
            let (before, after) = (json!({ "voided": false }), json!({ "voided": true }));
            changes.add(change(&voided).before(before).after(after).because(Some(reason)));
            Ok(partner)
        })
    }

    async fn post_contract(
        &self,
        transaction: &DatabaseTransaction,
        partner: &PartnerRow,
        entry: LogEntry,
        (kind, row): (EventKind, &ContractRow),
    ) -> Result<(), Error> {
        let mut posting = Posting::open(&self.policy, vec![partner.clone()], Vec::new(), &[]);
        posting
            .apply(entry, None)
            .map_err(|error| Refusal::new(Code::Invalid, "reference", error.to_string()))?;
        let mut posted = posting.post(transaction, self).await?;
        posted.emit(0, EventDraft::contract(kind, row, self.clock.today()));
        store::update(transaction, &row.contract).await?;
        posted.write(transaction).await
    }
}

/// Locks a partner and finds its contract of a reference, which must stand.
async fn lock_contract(
    transaction: &DatabaseTransaction,
    visibility: &Visibility,
    partner: &str,
    reference: &str,
) -> Result<Locked, Error> {
    let partner = lock_partner(transaction, visibility, partner).await??;
    let wanted = reference.trim();
    let rows = store::of_partners(transaction, &[partner.id]).await?;
    let (own, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.contract.reference == wanted);
    let missing = || input::not_found("reference", ("contract of the partner", "reference"), reference);
    let row = own.into_iter().next().ok_or_else(missing)?;
    if row.contract.voided {
        let message = format!("Contract {} was voided before, which is final.", row.contract.reference);
        return Err(Refusal::new(Code::WrongState, "reference", message).into());
    }
    Ok(Locked { partner, row, others })
}

fn check_end(row: &ContractRow, ends_on: NaiveDate, others: &[ContractRow]) -> Result<(), Refusal> {
    let contract = &row.contract;
    let refuse = |code, message| Err(Refusal::new(code, "endsOn", message));
    if !is_plausible(ends_on) {
        return refuse(Code::Invalid, implausible(ends_on));
    }
    if ends_on < contract.starts_on {
        let message = format!(
            "{ends_on} is before {}, the first day of the contract; void it if it never was.",
            contract.starts_on
        );
        return refuse(Code::Invalid, message);
    }
    if ends_on == contract.ends_on {
        return refuse(Code::Invalid, format!("{ends_on} is the last day of the contract already."));
    }
    for rate in row.rates.iter().filter(|_| ends_on > contract.ends_on) {
        let category = labels::category(rate.category);
        if let Some(other) = governing(others, (contract.starts_on, ends_on), category) {
            let other = &other.contract;
            let message = format!(
                "Contract {} governs {} from {} through {}; end this one before.",
                other.reference,
                name(category),
                other.starts_on,
                other.ends_on
            );
            return refuse(Code::ContractOverlap, message);
        }
    }
    Ok(())
}

fn change(row: &contract::Model) -> Change {
    Change::of("Contract", row.id).about(Some(row.partner_id), None)
}
