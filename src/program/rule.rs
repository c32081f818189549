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

impl Window {
    /// Its name in the numbers of tallies, as they are stored.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Each => "EACH",
            Self::Month => "MONTH",
            Self::CalendarYear => "CALENDAR_YEAR",
            Self::MembershipYear => "MEMBERSHIP_YEAR",
            Self::Lifetime => "LIFETIME",
        }
    }
}

/// How the units of an activity are determined. Each is for a quantity of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitSource {
    /// `per_unit` units for each of the activity's quantity.
    Fixed {
        /// Units for a quantity of one; below zero for what counts against the subject.
        per_unit: i64,
    },
    /// Units by the value of an attribute, such as the track of a certification.
    ByAttribute {
        /// Name of the attribute.
        attribute: String,
        /// Its values, each with its units, the fewest first.
        values: Vec<(String, i64)>,
    },
    /// Points graded by the source or a reviewer, both ends included.
    Graded {
        /// Fewest points.
        min: i64,
        /// Most points.
        max: i64,
    },
}

/// What a quantity counts, for kinds that are graded by the piece, and for sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityUnit {
    /// Pieces.
    Piece,
    /// Days.
    Day,
}

impl QuantityUnit {
    /// The word for a quantity.
    #[must_use]
    pub fn word(self, quantity: i64) -> &'static str {
        match (self, quantity) {
            (Self::Piece, 1) => "piece",
            (Self::Piece, _) => "pieces",
            (Self::Day, 1) => "day",
            (Self::Day, _) => "days",
        }
    }
}

/// What happens to units that do not fill a block by the end of their window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rest {
    /// They come to nothing.
    #[default]
    Drop,
    /// They count in the next window of the kind.
    Carry,
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
    /// A whole number, perhaps within bounds.
    Integer {
        /// The least.
        min: Option<i64>,
        /// The greatest.
        max: Option<i64>,
    },
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
    /// Number of its tallies where the kind's windows were of another sort when they began.
    pub tallies: KindId,
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
    /// What the quantity counts; none where a graded activity is graded as a whole.
    pub unit: Option<QuantityUnit>,
    /// Attribute that the units of an activity are divided by.
    pub divided_by: Option<String>,
    /// First day of the kind, if it begins later than the edition.
    pub from: Option<NaiveDate>,
    /// Last day of the kind, if it ends earlier than the edition.
    pub until: Option<NaiveDate>,
    /// What happens to units that do not fill a block.
    pub rest: Rest,
    /// Set for derived kinds, which are never recorded.
    pub derived: Option<Derived>,
    /// Who must look first.
    pub review: Review,
    /// Extra units for early activities.
    pub early_bonus: Option<EarlyBonus>,
    /// Attributes that it asks for or accepts, the common ones last.
    pub attributes: Vec<Attribute>,
    /// Partner kind that an activity also counts for: of a professional for the partner of that day (A1).
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

    /// Whether the kind exists on a day of its edition.
    #[must_use]
    pub fn covers(&self, date: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date <= until)
    }

    /// Whether an activity is graded as a whole, so that its quantity is 1.
    #[must_use]
    pub fn is_graded_as_a_whole(&self) -> bool {
        matches!(self.unit_source, UnitSource::Graded { .. }) && self.unit.is_none()
    }

    /// Whether an activity of the kind can count against its subject.
    #[must_use]
    pub fn can_take(&self) -> bool {
        match &self.unit_source {
            UnitSource::Fixed { per_unit } => *per_unit < 0,
            UnitSource::Graded { min, .. } => *min < 0,
            UnitSource::ByAttribute { values, .. } => values.iter().any(|(_, units)| *units < 0),
        }
    }

    /// Whether activities need evidence at once.
    #[must_use]
    pub fn requires_evidence(&self) -> bool {
        self.attributes.iter().any(|attribute| attribute.name == EVIDENCE && !attribute.optional)
    }

    /// Fewest and most units of a quantity of one, without a bonus.
    #[must_use]
    pub fn unit_range(&self) -> (i64, i64) {
        match &self.unit_source {
            UnitSource::Fixed { per_unit } => (*per_unit, *per_unit),
            UnitSource::Graded { min, max } => (*min, *max),
            UnitSource::ByAttribute { values, .. } => {
                let units = || values.iter().map(|(_, units)| *units);
                (units().min().unwrap_or(0), units().max().unwrap_or(0))
            }
        }
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
