//! The events of a posting.

use std::collections::HashMap;

use uuid::Uuid;

use super::PostedRows;
use crate::service::events::{EventDraft, activity_data, add_data, hide_cause};

impl PostedRows {
    /// Adds an event of a step; steps are counted from 0 in the order in which they were applied.
    pub(in crate::service) fn emit(&mut self, step: usize, draft: EventDraft) {
        if let Some(seq) = self.seqs.get(step) {
            self.drafts.entry(*seq).or_default().push(draft);
        }
    }

    /// Names the activities whose awards a step that is not about them credits, in its events.
    pub(in crate::service) fn name_activities(&mut self, rows: &[entity::activity::Model]) {
        self.activities.extend(rows.iter().map(|row| (row.id, activity_data(row))));
    }

    /// Names partners that are no subjects of the steps, in events of professionals who worked for them.
    pub(in crate::service) fn name_partners(&mut self, codes: HashMap<Uuid, String>) {
        self.audience.codes.extend(codes);
    }

    /// The events: for each step its own, those of its points, those of its credits; then level changes.
    pub(super) fn events(&self) -> Vec<entity::event::Model> {
        let mut rows = Vec::with_capacity(self.drafts.len() + self.points.len() + self.ledger.len());
        let mut points = self.points.iter().peekable();
        let mut ledger = self.ledger.iter().peekable();
        for (seq, step) in self.seqs.iter().zip(&self.log) {
            let drafts = self.drafts.get(seq).map_or(&[][..], Vec::as_slice);
            let reason = step.reason.as_deref();
            let first = rows.len();
            rows.extend(drafts.iter().map(|draft| self.audience.step(draft, reason)));
            while let Some(entry) = points.next_if(|entry| entry.log_seq == *seq) {
                let mut row = self.audience.points(entry, drafts.first(), reason);
                if let Some(activity) = entry.activity_id.and_then(|id| self.activities.get(&id)) {
                    add_data(&mut row, "activity", activity);
                }
                rows.push(row);
            }
            while let Some(entry) = ledger.next_if(|entry| entry.log_seq == *seq) {
                let of_partner = drafts.iter().find(|draft| draft.is_about(entry.partner_id));
                let mut row = self.audience.credits(entry, of_partner.or(drafts.first()), reason);
                if let Some(activity) = entry.activity_id.and_then(|id| self.activities.get(&id)) {
                    add_data(&mut row, "activity", activity);
                }
                rows.push(row);
            }
            rows[first..].iter_mut().filter(|row| !is_told(drafts, row)).for_each(hide_cause);
        }
        // Levels follow from all steps together, which have one reason if any.
        let reason = self.log.iter().find_map(|step| step.reason.as_deref());
        let first = rows.len();
        let people = self.professional_levels.iter();
        rows.extend(people.map(|(who, change)| self.audience.professional_level(*who, change, reason)));
        let partners = self.partner_levels.iter();
        rows.extend(partners.map(|(who, change)| self.audience.partner_level(*who, change, reason)));
        let of_step = |seq: &i64| self.drafts.get(seq).map_or(&[][..], Vec::as_slice);
        let is_told = |row: &entity::event::Model| self.seqs.iter().any(|seq| is_told(of_step(seq), row));
        rows[first..].iter_mut().filter(|row| !is_told(row)).for_each(hide_cause);
        rows
    }
}

/// Whether the receiver of an event may know who did the step and why. What a step about one partner, or about a customer,
/// brings another partner is told without: it would say who that is.
fn is_told(drafts: &[EventDraft], row: &entity::event::Model) -> bool {
    let Some(partner) = row.partner_id.filter(|_| row.professional_id.is_none()) else { return true };
    let Some(step) = drafts.first() else { return true };
    step.is_about(partner) || step.is_about_somebody() || step.is_merge()
}
