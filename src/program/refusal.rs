//! Refusals: errors of input, independent of any transport.
//!
//! A [`Refusal`] is one problem of an input. A use case answers with all that it finds, as [`Refusals`]: checks
//! that do not depend on each other are made together ([`all`], [`each`]), and one that needs an earlier
//! value to be right is left out where that value is wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::nearest::nearest;
use super::wording::shown;

/// Most problems of one input that are listed.
pub const PROBLEMS_MAX: usize = 20;

/// Why something was refused; the codes that clients branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// Nothing of that name or id exists.
    NotFound,
    /// Something of that code exists already.
    AlreadyExists,
    /// The value is invalid; the message says what is accepted.
    Invalid,
    /// No rule scores this kind on that date.
    UnknownKind,
    /// The kind needs graded points.
    PointsRequired,
    /// The points are outside the kind's range.
    PointsOutOfRange,
    /// The date lies after today.
    DateInFuture,
    /// The date lies before enrolment or sign-up.
    DateBeforeEnrolment,
    /// The date lies after the last day in the program.
    DateAfterEnd,
    /// The activity does not count under its rule.
    NotEligible,
    /// The same key was used before with different content.
    ConflictingDuplicate,
    /// Staff must review this kind; submit it instead.
    ReviewRequired,
    /// The object is not in a state that allows this.
    WrongState,
    /// The professional works for a partner in those days already.
    AffiliationOverlap,
    /// More items than one request may hold.
    TooMany,
    /// More credits than the caps of the order allow.
    CreditsOverCap,
    /// More credits than the subject holds.
    CreditsOverBalance,
    /// The product has no price in the currency of the order.
    NoPrice,
    /// Fewer in stock than requested.
    OutOfStock,
    /// Another partner holds the registered opportunity.
    DealProtected,
    /// Another contract governs one of the categories in those days.
    ContractOverlap,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::NotFound,
        Self::AlreadyExists,
        Self::Invalid,
        Self::UnknownKind,
        Self::PointsRequired,
        Self::PointsOutOfRange,
        Self::DateInFuture,
        Self::DateBeforeEnrolment,
        Self::DateAfterEnd,
        Self::NotEligible,
        Self::ConflictingDuplicate,
        Self::ReviewRequired,
        Self::WrongState,
        Self::AffiliationOverlap,
        Self::TooMany,
        Self::CreditsOverCap,
        Self::CreditsOverBalance,
        Self::NoPrice,
        Self::OutOfStock,
        Self::DealProtected,
        Self::ContractOverlap,
    ];

    /// What clients call it, such as `NOT_ELIGIBLE`.
    #[must_use]
    pub fn name(self) -> String {
        let mut name = String::new();
        for (place, letter) in format!("{self:?}").char_indices() {
            if place > 0 && letter.is_ascii_uppercase() {
                name.push('_');
            }
            name.push(letter.to_ascii_uppercase());
        }
        name
    }

    /// The code of a name. The spelling of documents that were published before is known as well.
    ///
    /// # Errors
    /// For another name, with the nearest one.
    pub fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|code| code.name() == name || format!("{code:?}") == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            let near = nearest(name, names.iter().map(String::as_str));
            let near = near.map_or(String::new(), |near| format!(" Did you mean {near}?"));
            format!("{} is no code of an error.{near}", shown(name))
        })
    }
}

/// A refusal: code, a message that says what would be right, and where in the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What clients branch on.
    pub code: Code,
    /// For people.
    pub message: String,
    /// Path of the field in the input; empty for the input as a whole.
    pub field: Vec<String>,
}

impl Refusal {
    /// A refusal of one field.
    pub fn new(code: Code, field: &str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: vec![field.to_owned()] }
    }

    /// The same, of another field.
    #[must_use]
    pub fn of_field(self, field: &str) -> Self {
        Self { field: vec![field.to_owned()], ..self }
    }

    /// The same refusal of a field of the field.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        self.field.insert(0, outer.to_owned());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The problems of one input: at least one, at most [`PROBLEMS_MAX`], in the order of the checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusals {
    first: Refusal,
    others: Vec<Refusal>,
}

impl Refusals {
    /// The first problem: what a client that handles one at a time begins with.
    #[must_use]
    pub fn first(&self) -> &Refusal {
        &self.first
    }

    /// Every problem, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Refusal> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The same problems of fields of the field.
    #[must_use]
    pub fn within(self, outer: &str) -> Self {
        let others = self.others.into_iter().map(|refusal| refusal.within(outer)).collect();
        Self { first: self.first.within(outer), others }
    }

    /// These problems and those of another check, if it found any.
    #[must_use]
    pub fn with<T, E: Into<Self>>(self, checked: Result<T, E>) -> Self {
        match checked {
            Ok(_) => self,
            Err(more) => self.and(more),
        }
    }

    /// These problems and others.
    #[must_use]
    pub fn and(mut self, more: impl Into<Self>) -> Self {
        let room = (PROBLEMS_MAX - 1).saturating_sub(self.others.len());
        self.others.extend(more.into().into_iter().take(room));
        self
    }
}

impl IntoIterator for Refusals {
    type Item = Refusal;
    type IntoIter = std::iter::Chain<std::iter::Once<Refusal>, std::vec::IntoIter<Refusal>>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self.first).chain(self.others)
    }
}

impl From<Refusal> for Refusals {
    fn from(first: Refusal) -> Self {
        Self { first, others: Vec::new() }
    }
}

impl From<&Refusal> for Refusals {
    fn from(refusal: &Refusal) -> Self {
        refusal.clone().into()
    }
}

impl From<&Refusals> for Refusals {
    fn from(refusals: &Refusals) -> Self {
        refusals.clone()
    }
}

impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        self.others.iter().try_for_each(|refusal| write!(f, " {refusal}"))
    }
}

/// Collects the problems of an input.
#[derive(Clone, Debug, Default)]
pub struct Problems(Option<Refusals>);

impl Problems {
    /// Adds what a check found.
    pub fn add(&mut self, found: impl Into<Refusals>) {
        self.0 = Some(match self.0.take() {
            Some(refusals) => refusals.and(found),
            None => found.into(),
        });
    }

    /// The value that a check gave; none where it found a problem, which is kept.
    pub fn keep<T, E: Into<Refusals>>(&mut self, checked: Result<T, E>) -> Option<T> {
        checked.map_err(|found| self.add(found)).ok()
    }

    /// Ends the collecting.
    ///
    /// # Errors
    /// All problems that were found.
    pub fn finish(self) -> Result<(), Refusals> {
        self.0.map_or(Ok(()), Err)
    }
}

/// Checks that do not depend on each other: the values of all.
///
/// # Errors
/// Every problem that they found, in the order of the checks.
pub fn all<C: Checks>(checks: C) -> Result<C::Values, Refusals> {
    checks.values()
}

/// The same check of each item: the values of all.
///
/// # Errors
/// Every problem that was found, in the order of the items.
pub fn each<T, E: Into<Refusals>>(
    checks: impl IntoIterator<Item = Result<T, E>>,
) -> Result<Vec<T>, Refusals> {
    let mut problems = Problems::default();
    let values = checks.into_iter().filter_map(|checked| problems.keep(checked)).collect();
    problems.finish().map(|()| values)
}

/// A tuple of checks; see [`all`].
pub trait Checks {
    /// What they give.
    type Values;
    /// The values of all, or every problem.
    ///
    /// # Errors
    /// Every problem that they found.
    fn values(self) -> Result<Self::Values, Refusals>;
}

macro_rules! checks {
    ($($value:ident $error:ident $check:ident),+) => {
        impl<$($value, $error: Into<Refusals>),+> Checks for ($(Result<$value, $error>,)+) {
            type Values = ($($value,)+);

            fn values(self) -> Result<Self::Values, Refusals> {
                let ($($check,)+) = self;
                let mut problems = Problems::default();
                let kept = ($(problems.keep($check),)+);
                problems.finish()?;
                let ($($check,)+) = kept;
                Ok(($($check.expect("every check without a problem gives a value"),)+))
            }
        }
    };
}

checks!(A Ae first, B Be second);
checks!(A Ae first, B Be second, C Ce third);
checks!(A Ae first, B Be second, C Ce third, D De fourth);
checks!(A Ae first, B Be second, C Ce third, D De fourth, E Ee fifth);
checks!(A Ae first, B Be second, C Ce third, D De fourth, E Ee fifth, F Fe sixth);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_the_name_that_clients_have() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).expect("a text"), code.name());
            assert_eq!(Code::named(&code.name()), Ok(code));
        }
        // name, code or problem
        let table = [
            ("NOT_ELIGIBLE", Ok(Code::NotEligible)),
            // As documents of earlier releases have it.
            ("NotEligible", Ok(Code::NotEligible)),
            (
                "NOT_ELIGIBEL",
                Err("NOT_ELIGIBEL is no code of an error. Did you mean NOT_ELIGIBLE?".to_owned()),
            ),
            (
                "points_required",
                Err("points_required is no code of an error. Did you mean POINTS_REQUIRED?".to_owned()),
            ),
            ("NO", Err("NO is no code of an error.".to_owned())),
        ];
        for (name, expected) in table {
            assert_eq!(Code::named(name), expected);
        }
    }

    fn wrong(field: &str) -> Refusal {
        Refusal::new(Code::Invalid, field, format!("{field} is wrong."))
    }

    fn check(field: &str, is_right: bool) -> Result<&str, Refusal> {
        if is_right { Ok(field) } else { Err(wrong(field)) }
    }

    #[test]
    fn independent_checks_find_every_problem_in_order() {
        for right in 0..8 {
            let is_right = |bit: u32| right & (1 << bit) != 0;
            let found = all((check("a", is_right(0)), check("b", is_right(1)), check("c", is_right(2))));
            let expected: Vec<&str> = ["a", "b", "c"]
                .into_iter()
                .zip(0..)
                .filter(|(_, bit)| !is_right(*bit))
                .map(|(a, _)| a)
                .collect();
            match found {
                Ok(values) => assert_eq!((values, expected.len()), (("a", "b", "c"), 0)),
                Err(refusals) => {
                    let fields: Vec<String> = refusals.iter().map(|refusal| refusal.field.concat()).collect();
                    assert_eq!(fields, expected);
                    assert_eq!(refusals.first().field.concat(), expected[0]);
                }
            }
        }
        assert_eq!(each([check("a", true), check("b", true)]), Ok(vec!["a", "b"]));
        assert_eq!(each([check("a", true), check("b", false)]), Err(wrong("b").into()));
    }

    #[test]
    fn problems_are_joined_placed_and_bounded() {
        let both = Refusals::from(wrong("a")).and(wrong("b"));
        assert_eq!(both.to_string(), "a is wrong. b is wrong.");
        let placed = both.within("lines");
        assert!(placed.iter().all(|refusal| refusal.field[0] == "lines" && refusal.field.len() == 2));
        let many =
            each((0..1_000).map(|n| check(&n.to_string(), false).map(drop))).expect_err("all are wrong");
        assert_eq!(many.iter().count(), PROBLEMS_MAX);
        assert_eq!(many.clone().and(many).into_iter().count(), PROBLEMS_MAX);
    }
}
