//! Partners and professionals of the demo, and their activities.

/// A partner of the demo.
pub(super) struct DemoPartner {
    /// Its code.
    pub(super) code: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// Days in the program.
    pub(super) days: u64,
    /// Days between two activities.
    pub(super) pace: u64,
    /// Its activities, in turn.
    pub(super) efforts: &'static [(&'static str, i64)],
    /// Indexes of its professionals in [`PEOPLE`].
    pub(super) team: &'static [usize],
}

/// The busy ones are Creators, those that do a little are Collaborators, and the others are Members.
pub(super) const PARTNERS: [DemoPartner; 6] = [
    DemoPartner {
        code: "nordwind",
        name: "Nordwind Systems",
        days: 2_600,
        pace: 6,
        efforts: &EFFORTS,
        team: &[0, 3, 5, 6, 8, 9, 12, 15, 18, 21],
    },
    DemoPartner {
        code: "alpenfunk",
        name: "Alpenfunk Broadcast",
        days: 1_900,
        pace: 9,
        efforts: &EFFORTS,
        team: &[1, 2, 4, 7, 10, 11, 13, 16, 19, 22],
    },
    DemoPartner {
        code: "polder",
        name: "Polder Integrations",
        days: 1_500,
        pace: 40,
        efforts: &FEW_EFFORTS,
        team: &[14],
    },
    DemoPartner {
        code: "tramontana",
        name: "Tramontana Networks",
        days: 1_100,
        pace: 35,
        efforts: &FEW_EFFORTS,
        team: &[17],
    },
    DemoPartner {
        code: "lumiere",
        name: "Studio Lumière",
        days: 640,
        pace: 90,
        efforts: &FEW_EFFORTS,
        team: &[],
    },
    DemoPartner {
        code: "finisterre",
        name: "Finisterre Satellite",
        days: 90,
        pace: 31,
        efforts: &FEW_EFFORTS,
        team: &[20],
    },
];

/// Names of the professionals; the last two have no employer at first.
pub(super) const PEOPLE: [&str; 25] = [
    "Ada Nowak",
    "Bram Peeters",
    "Chiara Ricci",
    "Daan Visser",
    "Elif Kaya",
    "Femke Jansen",
    "Goran Horvat",
    "Hanna Virtanen",
    "Ines Duarte",
    "Jonas Weber",
    "Katrin Berg",
    "Liam Murphy",
    "Marta Kowalska",
    "Noor Haddad",
    "Oskar Lind",
    "Paula Moreno",
    "Quentin Dubois",
    "Rosa Marques",
    "Sven Larsen",
    "Tereza Novotná",
    "Umar Farouk",
    "Vera Ivanova",
    "Wout Claes",
    "Ximena Torres",
    "Yara Mansour",
];

/// Kinds of professionals in the order in which they come round: kind, and points where it is graded.
pub(super) const CONTRIBUTIONS: [(&str, Option<i64>); 15] = [
    ("QUESTION_ASKED", Some(25)),
    ("DOCS_CORRECTION", None),
    ("COURSE_COMPLETED", Some(150)),
    ("QUESTION_ANSWERED", Some(75)),
    ("KATA_COMPLETED", None),
    ("DOCS_MISSING_INFORMATION", Some(120)),
    ("FEEDBACK_SUBMITTED", None),
    ("ANSWER_SELECTED_BEST", Some(75)),
    ("TRAINING_DAY_ATTENDED", None),
    ("DOCS_LARGE_CONTRIBUTION", Some(600)),
    ("LINKEDIN_MENTION_POST", None),
    ("VOTE_RECEIVED", Some(10)),
    ("USE_CASE_PUBLISHED", Some(1_500)),
    ("SELF_TEST_PASSED", Some(100)),
    ("CERTIFICATION_OBTAINED", Some(750)),
];

/// Activities of busy partners, in turn: kind, quantity.
const EFFORTS: [(&str, i64); 8] = [
    ("CATALOG_DOWNLOADS", 8),
    ("CUSTOMER_MEETING", 3),
    ("LINKEDIN_POST", 2),
    ("BLOG_POST_OR_PR", 1),
    ("CATALOG_DOWNLOADS", 14),
    ("DEMO_SYSTEM", 1),
    ("LINKEDIN_POST", 5),
    ("EVENT_ORGANIZED", 1),
];

/// What partners do that do little.
const FEW_EFFORTS: [(&str, i64); 3] =
    [("CUSTOMER_MEETING", 3), ("LINKEDIN_POST", 2), ("CUSTOMER_MEETING", 5)];
