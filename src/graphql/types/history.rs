//! What happened to an object: when, by whom and why.

use async_graphql::SimpleObject;
use entity::value::LogAction;

use super::ReviewDecision;
use crate::graphql::scalar::{Date, Moment, int};
use crate::service::reads::Happening;

/// Review of a claim.
#[derive(SimpleObject)]
pub(crate) struct Review {
    /// Decision of the reviewer.
    decision: ReviewDecision,
    /// Points that the reviewer set; null if the kind has no range of points, or the claim was rejected.
    points: Option<i32>,
    /// Time of the review.
    at: Moment,
    /// Reviewer: the label of the API key, or the subject of the token.
    by: Option<String>,
    /// Reason that the reviewer gave; null if there is none.
    reason: Option<String>,
}

/// Voiding of an object, which reversed what it had given.
#[derive(SimpleObject)]
pub(crate) struct Voiding {
    /// Time of the voiding.
    at: Moment,
    /// Actor: the label of the API key, or the subject of the token.
    by: Option<String>,
    /// Reason that was given; null if there is none.
    reason: Option<String>,
}

/// Cancellation or return of an order, which returned what was redeemed.
#[derive(SimpleObject)]
pub(crate) struct Cancellation {
    /// Effective date.
    on: Option<Date>,
    /// Time at which it was recorded.
    at: Moment,
    /// Actor: the label of the API key, or the subject of the token.
    by: Option<String>,
    /// Reason that was given; null if there is none.
    reason: Option<String>,
}

impl From<&Happening> for Review {
    fn from(review: &Happening) -> Self {
        let is_approved = review.action == LogAction::Approved;
        Self {
            decision: if is_approved { ReviewDecision::Approve } else { ReviewDecision::Reject },
            points: review.points.filter(|_| is_approved).map(int),
            at: Moment(review.at),
            by: review.by.clone(),
            reason: review.reason.clone(),
        }
    }
}

impl From<&Happening> for Voiding {
    fn from(voiding: &Happening) -> Self {
        Self { at: Moment(voiding.at), by: voiding.by.clone(), reason: voiding.reason.clone() }
    }
}

impl From<&Happening> for Cancellation {
    fn from(cancellation: &Happening) -> Self {
        Self {
            on: cancellation.on.map(Date),
            at: Moment(cancellation.at),
            by: cancellation.by.clone(),
            reason: cancellation.reason.clone(),
        }
    }
}
