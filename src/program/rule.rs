//! Earning rules, as an edition states them.

use chrono::NaiveDate;
use serde_json::{Map, Value};

/// Which of the two reward programs a kind belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Program {
    /// Companies earn credits.
    Partner,
    /// People earn DevOps Points.
    Professional,
}

/// The skill that a partner's credits count for (PP, Partnership levels).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Track {
    /// Technical skills.
    Technical,
    /// Business skills.
    Business,
}

impl Track {
    /// Both tracks, in the order of the published text.
    pub const ALL: [Self; 2] = [Self::Technical, Self::Business];

    /// A readable label, for messages and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Technical => "technical",
            Self::Business => "business",
        }
    }
}

/// A kind of activity, numbered once over all editions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindId(pub(crate) u16);

/// The span whose units are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// Every activity is its own window.
    Each,
    /// A calendar month.
    Month,
    /// A calendar year.
    CalendarYear,
    /// A professional's membership year (S2).
    MembershipYear,
    /// All time since the program's launch, or since sign-up.
    Lifetime,
}

/// How the units of an activity are determined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitSource {
    /// `per_unit` units for each of the activity's quantity.
    Fixed {
        /// Units for a quantity of one.
        per_unit: i64,
    },
    /// Points graded by the source or a reviewer, both ends included.
    Graded {
        /// Fewest points.
        min: i64,
        /// Most points.
        max: i64,
    },
}

/// Who has to look before an activity awards anything (S6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Review {
    /// Nobody.
    None,
    /// Staff accept it.
    Acceptance,
    /// Only staff may record or submit it at all.
    StaffOnly,
}

/// The source of a derived rule; activities of such a kind are never recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derived {
    /// Points awarded to the partner's professionals (A1).
    ProfessionalPoints,
    /// The partner's sales of the year reach its target.
    SalesTarget,
    /// A registered deal ends in a transaction.
    WonDeal,
    /// The customer of a won deal had none before.
    NewCustomer,
}

/// Extra units for an activity done soon after a date that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlyBonus {
    /// Units on top.
    pub units: i64,
    /// Attribute that holds the date.
    pub attribute: String,
    /// Days after that date, the last one included.
    pub within_days: i64,
}

/// What an attribute of an activity may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeType {
    /// `true` or `false`, perhaps only one of them.
    Boolean {
        /// The only value that earns.
        must_be: Option<bool>,
    },
    /// Text, perhaps out of a list.
    Text {
        /// Values that count; empty for any.
        one_of: Vec<String>,
    },
    /// A calendar date.
    Date,
}

/// Name of the free attribute: every kind accepts any text in it.
pub const NOTE: &str = "note";

/// Name of the attribute that holds where evidence is found.
pub const EVIDENCE: &str = "evidenceUrl";

/// An attribute that a kind asks for or accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Name in the activity's `attributes`.
    pub name: String,
    /// Whether every kind accepts it: it describes an activity, and no award depends on it.
    pub is_common: bool,
    /// What it may hold.
    pub value_type: AttributeType,
    /// Whether it may be left out.
    pub optional: bool,
    /// Message for a value that is not eligible.
    pub otherwise: Option<String>,
}

/// The attributes of one activity, by name.
pub type Attributes = Map<String, Value>;

/// One earning rule of one edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The kind it scores.
    pub id: KindId,
    /// Code of the kind, such as `LINKEDIN_POST`.
    pub kind: String,
    /// Display name.
    pub title: String,
    /// The program it belongs to.
    pub program: Program,
    /// The track that it earns for; partner rules only.
    pub track: Option<Track>,
    /// How units are determined.
    pub unit_source: UnitSource,
    /// Credits or points for each full `per` units.
    pub credits: i64,
    /// Units of one block.
    pub per: i64,
    /// Units are counted over this span.
    pub window: Window,
    /// Most that one window earns.
    pub cap: Option<i64>,
    /// Largest quantity of one activity.
    pub max_quantity: i64,
    /// Set for derived kinds, which are never recorded.
    pub derived: Option<Derived>,
    /// Who must look first.
    pub review: Review,
    /// Extra units for early activities.
    pub early_bonus: Option<EarlyBonus>,
    /// Attributes that it asks for or accepts, the common ones last.
    pub attributes: Vec<Attribute>,
    /// Partner kind that an activity of a professional also counts for (A1).
    pub counts_as: Option<KindId>,
    /// Whether the subject may submit it as a claim: every kind of professionals, and some of partners.
    pub claimable: bool,
    /// Days after its submission within which a claim needs evidence; it is rejected then without. None for no limit.
    pub evidence_days: Option<u64>,
    /// Where the published text says so.
    pub source: String,
}

impl Rule {
    /// The last day for the evidence of a claim that was submitted on a day with these attributes; none where it has
    /// some, or needs none.
    #[must_use]
    pub fn evidence_due(&self, submitted_on: NaiveDate, attributes: &Attributes) -> Option<NaiveDate> {
        let days = self.evidence_days?;
        let is_given =
            attributes.get(EVIDENCE).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
        if is_given { None } else { submitted_on.checked_add_days(chrono::Days::new(days)) }
    }

    /// What `units` in one window earn: the one formula of both programs.
    #[must_use]
    pub fn earned(&self, units: i64) -> i64 {
        let blocks = units.max(0) / self.per;
        let earned = blocks.saturating_mul(self.credits);
        self.cap.map_or(earned, |cap| earned.min(cap))
    }

    /// The first day of the window of `date`, for windows that begin by the calendar.
    pub(crate) fn calendar_start(&self, date: NaiveDate) -> NaiveDate {
        use chrono::Datelike;
        match self.window {
            Window::Each | Window::MembershipYear => date,
            Window::Month => super::calendar::month_start(date),
            Window::CalendarYear => super::calendar::year_start(date.year()),
            Window::Lifetime => NaiveDate::MIN,
        }
    }
}
