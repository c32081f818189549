//! What people decide and put right in the demo: wins that partners report, claims, an override, corrections with
//! their reasons, a saved quote, and an import.

use std::sync::Arc;

use chrono::Days;
use entity::value::{ImportKind, ImportPolicy, ImportStatus};
use serde_json::json;

use super::{Demo, activity_ids, code, draft};
use crate::access::{Actor, Caller, Limits, Role};
use crate::error::Error;
use crate::program::deal::{Outcome, Report, Status};
use crate::program::edition::OrderPurpose;
use crate::program::rule::Track;
use crate::service::activities::{ActivityDraft, Intake, SubjectCode};
use crate::service::affiliations::AffiliationCorrection;
use crate::service::deals::{DealChange, DealDraft, WinDecision};
use crate::service::imports::{RefusedRow, RowCounts};
use crate::service::orders::OrderDraft;
use crate::service::reads::AffiliationQuery;
use crate::service::subjects::{OverrideDraft, OverrideSubject};
use crate::service::{ObjectId, Services};
use crate::store::page::Page;

/// A deal that its partner reports as won: partner, reference, customer, scope, days since it was registered and
/// since the win, and the decision of the vendor if there is one, with its reason.
type ReportedWin =
    (&'static str, &'static str, &'static str, &'static str, u64, u64, Option<(WinDecision, &'static str)>);

const REPORTED_WINS: [ReportedWin; 3] = [
    ("nordwind", "NW-3", "Rhein Kabel", "Fibre monitoring", 70, 2, None),
    (
        "tramontana",
        "TN-2",
        "Marina Sat",
        "Uplink control",
        80,
        15,
        Some((WinDecision::Approve, "The purchase order arrived.")),
    ),
    (
        "polder",
        "PI-2",
        "Omroep Delta",
        "Archive",
        50,
        6,
        Some((WinDecision::Reject, "The purchase order names another product.")),
    ),
];

impl Demo<'_> {
    /// The services as a member of the program's staff uses them.
    pub(super) fn as_staff(&self) -> Services {
        self.signed_in("lena.fuchs", Role::ProgramStaff)
    }

    /// The services as the portal of a partner uses them.
    async fn as_partner(&self, code: &str) -> Result<Services, Error> {
        let row = self.services.partner_by_code(code).await?;
        let missing = || Error::Damaged(format!("the demo has no partner {code}"));
        let role = Role::Partner(row.ok_or_else(missing)?.id);
        Ok(self.signed_in(&format!("{code} portal"), role))
    }

    fn signed_in(&self, name: &str, role: Role) -> Services {
        let caller = Caller { actor: Actor::Token(Arc::from(name)), role, limits: Limits::default() };
        self.services.for_caller(Arc::new(caller), None)
    }

    pub(super) async fn corrections(&self) -> Result<(), Error> {
        self.reported_wins().await?;
        self.claim_of_a_partner().await?;
        self.level_set_by_staff().await?;
        self.late_start().await?;
        self.returned_order().await?;
        self.held_quote().await?;
        self.import().await?;
        self.one_customer().await
    }

    async fn reported_wins(&self) -> Result<(), Error> {
        let staff = self.as_staff();
        for (partner, reference, customer, scope, registered, won, decision) in REPORTED_WINS {
            let portal = self.as_partner(partner).await?;
            let draft = DealDraft {
                partner: partner.to_owned(),
                reference: reference.to_owned(),
                customer: customer.to_owned(),
                scope: scope.to_owned(),
                description: None,
                registered_on: self.ago(registered),
            };
            portal.deal_register(&draft).await?;
            let engaged = DealChange { status: Some(Status::Engaged), ..DealChange::default() };
            portal.deal_update(reference, &engaged, self.ago(registered - 5)).await?;
            // Less than a month from one to the next, so that the opportunity does not lapse.
            let mut back = registered - 10;
            while back > won {
                let note = Some("Progress meeting");
                portal.deal_report(reference, Report::Meeting, self.ago(back), note).await?;
                back = back.saturating_sub(20);
            }
            portal.deal_close(reference, Outcome::WonByPartner, self.ago(won)).await?;
            if let Some((decision, reason)) = decision {
                staff.deal_review(reference, decision, Some(reason)).await?;
            }
        }
        Ok(())
    }

    /// A partner claims one of its own kinds.
    async fn claim_of_a_partner(&self) -> Result<(), Error> {
        let portal = self.as_partner("polder").await?;
        let subject = SubjectCode::Partner("polder".to_owned());
        let evidence = json!({ "evidenceUrl": "https://polder.example/open-day" });
        let claim = draft(subject, "EVENT_ORGANIZED", self.ago(4), 1, None, &evidence, 0);
        let claim =
            ActivityDraft { source: "claims".to_owned(), external_id: "open-day".to_owned(), ..claim };
        activity_ids(portal.activities_record(&[claim], Intake::Submit).await?).map(drop)
    }

    async fn level_set_by_staff(&self) -> Result<(), Error> {
        let draft = OverrideDraft {
            subject: OverrideSubject {
                partner: Some("lumiere".to_owned()),
                track: Some(Track::Technical),
                professional: None,
            },
            level: "COLLABORATOR".to_owned(),
            from: self.ago(14),
            until: self.today.checked_add_days(Days::new(90)).unwrap_or(self.today),
        };
        let reason = "Took over the lighting team of another partner.";
        self.as_staff().level_override(&draft, reason).await.map(drop)
    }

    /// Somebody started later than was entered.
    async fn late_start(&self) -> Result<(), Error> {
        let query = AffiliationQuery { professional: Some(code(20)), ..AffiliationQuery::default() };
        let page = Page { size: 1, from_end: false, after: None, before: None };
        let (found, _) = self.services.affiliations_page(query, false, &page).await?;
        let Some(row) = found.rows.first() else { return Ok(()) };
        let correction = AffiliationCorrection {
            affiliation: ObjectId::of_row(row.id),
            partner: None,
            starts_on: row.starts_on.checked_add_days(Days::new(14)),
            ends_on: None,
            reason: "The contract of employment says so.".to_owned(),
        };
        self.as_staff().affiliation_correct(&correction).await.map(drop)
    }

    /// A partner registers a deal by another name of a customer, which staff joins.
    async fn one_customer(&self) -> Result<(), Error> {
        let staff = self.as_staff();
        let draft = DealDraft {
            partner: "alpenfunk".to_owned(),
            reference: "AF-3".to_owned(),
            customer: "Kanaal Noord Broadcasting".to_owned(),
            scope: "Archive".to_owned(),
            description: None,
            registered_on: self.ago(6),
        };
        self.as_partner("alpenfunk").await?.deal_register(&draft).await?;
        let mut ids = Vec::new();
        for reference in ["AF-3", "NW-1"] {
            let missing = || Error::Damaged(format!("the demo has no deal {reference}"));
            let deal = staff.deal_by_reference(reference).await?.ok_or_else(missing)?;
            let found = staff.customers_of_deals(std::slice::from_ref(&deal)).await?;
            ids.push(found.get(&deal.id).ok_or_else(missing)?.id);
        }
        let reason = "The broadcaster uses both names.";
        staff.customers_join(ObjectId::of_row(ids[0]), ObjectId::of_row(ids[1]), reason).await.map(drop)
    }

    async fn returned_order(&self) -> Result<(), Error> {
        let placed =
            self.services.order_place(&licence("finisterre", "Port d'Armor", 0), "demo-return").await?;
        let number = &placed.order.number;
        self.services.order_fulfill(number, self.today).await?;
        let reason = "The customer ordered the wrong edition.";
        self.as_staff().order_return(number, reason, self.today).await.map(drop)
    }

    /// A quote that holds its credits until its last day.
    async fn held_quote(&self) -> Result<(), Error> {
        let portal = self.as_partner("tramontana").await?;
        let draft = licence("tramontana", "Costa TV", 0);
        let usable = portal.quote(&draft).await?.usable_credits;
        let draft = OrderDraft { credits: usable.min(40), ..draft };
        let last = self.today.checked_add_days(Days::new(30)).unwrap_or(self.today);
        portal.quote_save(&draft, last, true).await.map(drop)
    }

    /// A file of a partner's downloads, one row of which was refused.
    async fn import(&self) -> Result<(), Error> {
        let importing = self.services;
        let mut run =
            importing.import_run_begin("downloads.csv", ImportKind::Activities, ImportPolicy::Valid).await?;
        let downloads = json!({ "itemType": "connector" });
        let drafts: Vec<ActivityDraft> = [(30, 4), (20, 3), (10, 6)]
            .into_iter()
            .enumerate()
            .map(|(number, (back, quantity))| {
                let subject = SubjectCode::Partner("polder".to_owned());
                let row =
                    draft(subject, "CATALOG_DOWNLOADS", self.ago(back), quantity, None, &downloads, number);
                ActivityDraft { source: "catalog".to_owned(), external_id: format!("polder-{number}"), ..row }
            })
            .collect();
        let (outcomes, _) = importing.activities_record_timed(&drafts, Intake::Record, Some(run.id)).await?;
        let recorded = u64::try_from(activity_ids(outcomes)?.len()).unwrap_or_default();
        let refused = RefusedRow {
            line: 5,
            reasons: "itemType: application, connector and others are accepted; got \"conector\".".to_owned(),
            content: Some("catalog,polder-3,polder,CATALOG_DOWNLOADS,2026-01-31,2,conector".to_owned()),
        };
        let counts = RowCounts { recorded, refused: 1, ..RowCounts::default() };
        importing.import_run_advance(&mut run, counts, &[refused]).await?;
        importing.import_run_end(run, ImportStatus::Finished).await.map(drop)
    }
}

/// An order for one licence.
fn licence(partner: &str, customer: &str, credits: i64) -> OrderDraft {
    OrderDraft {
        partner: partner.to_owned(),
        purpose: OrderPurpose::EndCustomer,
        customer: Some(customer.to_owned()),
        currency: "EUR".to_owned(),
        lines: vec![("dataminer-core".to_owned(), 1)],
        credits,
    }
}
