//! What a caller may record or claim.

use chrono::NaiveDate;

use super::{ActivityDraft, Intake};
use crate::access::Role;
use crate::program::admission::{Admitted, Claim, admit};
use crate::program::refusal::{Code, Refusal, Refusals, all};
use crate::program::rule::{Program, Review, Rule, UnitSource};
use crate::program::wording::listed;
use crate::service::Services;

impl Services {
    /// The last day for the evidence of a claim that is submitted today.
    pub(super) fn evidence_due(&self, draft: &ActivityDraft) -> Option<NaiveDate> {
        let program = draft.claim(None).program;
        let rule = self.policy.editions.rule(program, &draft.kind, draft.occurred_on)?;
        rule.evidence_due(self.clock.today(), &draft.attributes)
    }

    /// Whether the kind accepts a claim of the caller. One that is submitted may leave the points to the reviewer.
    pub(super) fn admit(&self, intake: Intake, claim: &Claim<'_>) -> Result<Admitted, Refusals> {
        let editions = &self.policy.editions;
        let rule = editions.rule(claim.program, claim.kind, claim.occurred_on);
        let points = match (intake, rule.map(|rule| &rule.unit_source)) {
            (Intake::Submit, Some(UnitSource::Graded { min, .. })) => claim.points.or(Some(*min)),
            _ => claim.points,
        };
        let claim = Claim { points, ..*claim };
        let review = rule.map_or(Ok(()), |rule| self.check_review(intake, rule, claim.occurred_on));
        let (admitted, ()) = all((admit(editions, &claim, self.clock.today()), review))?;
        Ok(admitted)
    }

    /// Only recording by staff includes the review (S6). A partner claims the kinds of which the edition says so.
    fn check_review(&self, intake: Intake, rule: &Rule, on: NaiveDate) -> Result<(), Refusal> {
        let kind = &rule.kind;
        if matches!(self.caller().role, Role::Partner(_)) && !rule.claimable {
            let rules = self.policy.editions.at(on).rules.iter();
            let claimable = rules.filter(|rule| rule.program == Program::Partner && rule.claimable);
            let kinds = listed(claimable.map(|rule| rule.kind.as_str()));
            let message = format!("{kind} is not claimed by partners; they claim {kinds}.");
            return Err(Refusal::new(Code::NotEligible, "kind", message));
        }
        let message = match (rule.review, intake) {
            _ if self.caller().role.is_staff() => return Ok(()),
            (Review::None, _) | (Review::Acceptance, Intake::Submit) => return Ok(()),
            (Review::Acceptance, Intake::Record) => {
                format!("{kind} requires a review by program staff; submit it instead of recording it.")
            }
            (Review::StaffOnly, _) => format!("{kind} is recorded and submitted by program staff only."),
        };
        Err(Refusal::new(Code::ReviewRequired, "kind", message))
    }
}
