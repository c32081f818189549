//! Deals of the demo: one in each state that a deal can be in.

use super::Demo;
use crate::error::Error;
use crate::program::deal::{Outcome, Report, Status};
use crate::service::deals::{DealChange, DealDraft};

/// An event of a deal's history.
#[derive(Clone, Copy)]
enum DemoEvent {
    StatusChanged(Status),
    Reported(Report, &'static str),
    Closed(Outcome),
}

use DemoEvent::{Closed, Reported, StatusChanged};

/// Partner, reference, customer, scope, days since it was registered, and what happened how many days ago.
type DemoDeal = (&'static str, &'static str, &'static str, &'static str, u64, &'static [(DemoEvent, u64)]);

const DEALS: [DemoDeal; 8] = [
    // Won by the partner, with a new customer.
    (
        "nordwind",
        "NW-1",
        "Kanaal Noord",
        "Playout monitoring",
        150,
        &[
            (StatusChanged(Status::Engaged), 140),
            (Reported(Report::Meeting, "Demo in their control room"), 130),
            (Closed(Outcome::WonByPartner), 120),
        ],
    ),
    // Won by another company, with the same customer, while the partner held the opportunity.
    (
        "alpenfunk",
        "AF-1",
        "KANAAL noord",
        "Satellite uplinks",
        100,
        &[
            (StatusChanged(Status::Engaged), 95),
            (Reported(Report::Introduction, "To the head of operations"), 80),
            (Closed(Outcome::WonByOther), 60),
        ],
    ),
    // In contact: it holds the opportunity.
    (
        "nordwind",
        "NW-2",
        "Baltic Play",
        "OTT monitoring",
        40,
        &[
            (StatusChanged(Status::Engaged), 30),
            (Reported(Report::ExhibitionMeeting, "At their stand"), 12),
            (StatusChanged(Status::Quoted), 4),
        ],
    ),
    // The same customer and scope: a conflict.
    ("alpenfunk", "AF-2", "Baltic  PLAY", "ott monitoring", 8, &[]),
    (
        "polder",
        "PI-1",
        "Omroep Delta",
        "Studio automation",
        10,
        &[(Reported(Report::Webinar, "Two attended"), 6)],
    ),
    // Nothing happened within 30 days.
    ("tramontana", "TN-1", "Costa TV", "Support", 75, &[]),
    (
        "lumiere",
        "SL-1",
        "Studio Ouest",
        "Lighting control",
        50,
        &[(StatusChanged(Status::Confirmed), 45), (Closed(Outcome::Lost), 20)],
    ),
    (
        "finisterre",
        "FS-1",
        "Port d'Armor",
        "Maritime links",
        60,
        &[(StatusChanged(Status::Engaged), 50), (StatusChanged(Status::Cold), 25)],
    ),
];

impl Demo<'_> {
    pub(super) async fn deals(&self) -> Result<(), Error> {
        let mut events = Vec::new();
        for (partner, reference, customer, scope, back, happened) in DEALS {
            let draft = DealDraft {
                partner: partner.to_owned(),
                reference: reference.to_owned(),
                customer: customer.to_owned(),
                scope: scope.to_owned(),
                description: None,
                registered_on: self.ago(back),
            };
            self.services.deal_register(&draft).await?;
            events.extend(happened.iter().map(|(event, back)| (*back, reference, *event)));
        }
        // As they happened, the oldest first.
        events.sort_by_key(|(back, ..)| std::cmp::Reverse(*back));
        for (back, reference, event) in events {
            let on = self.ago(back);
            match event {
                StatusChanged(status) => {
                    let change = DealChange { status: Some(status), ..DealChange::default() };
                    self.services.deal_update(reference, &change, on).await?;
                }
                Reported(what, note) => {
                    self.services.deal_report(reference, what, on, Some(note)).await?;
                }
                Closed(outcome) => {
                    self.services.deal_close(reference, outcome, on).await?;
                }
            }
        }
        Ok(())
    }
}
