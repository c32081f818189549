//! A search answers as a comparison of every text would, whichever way it is read, on both engines.

use chrono::NaiveDate;
use migration::{Migrator, MigratorTrait};
use partner_program::program::search::{fold, fold_all};
use partner_program::service::subjects::{AddOutcome, PartnerDraft, ProfessionalDraft};
use partner_program::store::{Database, archive};
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, Statement};
use serde_json::{Value, json};

use crate::harness::deals::deal;
use crate::harness::{Backend, TestApp, TestDatabase, run, verified};

both! {
    answers_are_those_of_a_comparison_with_every_text,
    filters_hold_for_what_is_found,
    changed_texts_are_found_as_they_are_now,
    rows_of_before_the_index_are_in_it,
    copies_of_a_database_are_indexed,
}

const TODAY: &str = "2026-08-31";

/// What names are made of: what people type with and without accents, and what means something to an engine.
const PARTS: [&str; 40] = [
    "an",
    "na",
    "Anna",
    "mar",
    "MARIA",
    "Müller",
    "muller",
    "Łódź",
    "Ærø",
    "straße",
    "STRASSE",
    "İz",
    "ﬁ",
    "Ωmega",
    "ñandú",
    "田中",
    "田",
    "さくら",
    "が",
    "हिन्दी",
    "Nguyễn",
    "O'Neil",
    "\"q\"",
    "100 %",
    "a_b",
    "\\",
    "*",
    ":*",
    "&",
    "|",
    "!",
    "(x)",
    "-",
    "AND",
    "or",
    "GmbH",
    "7",
    "42",
    " ",
    "\u{1d54f}",
];
/// Orders of each list.
const LISTS: [(&str, &[&str]); 3] = [
    (
        "partners",
        &["CODE", "NAME", "ENROLLED_ON", "BALANCE", "CREDITS_THIS_YEAR", "CREDITS_TO_NEXT", "LAPSES_ON"],
    ),
    ("professionals", &["CODE", "NAME", "SIGNED_UP_ON"]),
    ("customers", &["NAME", "FIRST_WON_ON"]),
];

/// `SplitMix64`: the same names at each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound).expect("a small bound")).expect("less")
    }

    fn name(&mut self) -> String {
        let parts = 2 + self.below(4);
        let text: String = (0..parts).map(|_| PARTS[self.below(PARTS.len())]).collect();
        // A name is not empty once the blanks around it are gone.
        format!("n{text}")
    }

    /// A part of a text, in other letters now and then.
    fn part_of(&mut self, text: &str) -> String {
        let characters: Vec<char> = text.chars().collect();
        let from = self.below(characters.len());
        let to = (from + 1 + self.below(7)).min(characters.len());
        let part: String = characters[from..to].iter().collect();
        if self.below(3) == 0 { part.to_uppercase() } else { part }
    }
}

/// Partners, professionals and customers with names of all kinds.
async fn named(backend: Backend) -> (TestApp, Vec<String>) {
    let app = TestApp::start(backend, TODAY).await;
    let mut random = Random(1);
    let names: Vec<String> = (0..260).map(|_| random.name()).collect();
    let day = |n: usize| -> NaiveDate { format!("2025-0{}-1{}", 1 + n % 9, n % 7).parse().expect("a date") };
    let partners: Vec<_> = (0..)
        .zip(&names)
        .map(|(n, name)| PartnerDraft { code: code(n), name: name.clone(), enrolled_on: day(n) })
        .collect();
    let professionals: Vec<_> = (0..)
        .zip(&names)
        .map(|(n, name)| ProfessionalDraft {
            code: code(n + 1),
            name: name.clone(),
            email: "x@example.com".to_owned(),
            signed_up_on: day(n),
        })
        .collect();
    for set in partners.chunks(100) {
        let added = app.services().partners_add(set).await.expect("partners");
        assert!(added.iter().all(|one| matches!(one, AddOutcome::Created(_))), "{added:?}");
    }
    for set in professionals.chunks(100) {
        let added = app.services().professionals_add(set).await.expect("professionals");
        assert!(added.iter().all(|one| matches!(one, AddOutcome::Created(_))), "{added:?}");
    }
    for number in 0..12 {
        app.earn(&code(number * 20), "2026-03-01", 5 + 7 * i64::try_from(number % 5).expect("few")).await;
    }
    for (number, name) in names.iter().enumerate().take(40) {
        let input = deal(&code(0), &format!("D-{number}"), &format!("Customer {name}"), "2026-03-01");
        app.done("registerDeal", input).await;
    }
    (app, names)
}

/// Codes that contain each other now and then.
fn code(number: usize) -> String {
    format!("{}-{}", ["c", "an", "X.1", "7"][number % 4], number * 37 % 1000)
}

/// The rows of a list, page by page from either end; the count must be theirs.
async fn walked(app: &TestApp, list: &str, arguments: &str, size: usize, from_end: bool) -> Vec<Value> {
    let [turn, next, cursor, more] = if from_end {
        ["last", "before", "startCursor", "hasPreviousPage"]
    } else {
        ["first", "after", "endCursor", "hasNextPage"]
    };
    let fields = if list == "customers" { "name spellings" } else { "code name" };
    let (mut pages, mut at) = (Vec::new(), String::new());
    let total = loop {
        let query = format!(
            "{{ {list}({arguments} {turn}: {size}{at}) {{ totalCount nodes {{ {fields} }} pageInfo {{ {cursor} {more} }} }} }}"
        );
        let page = app.ok(&query, Value::Null).await[list].clone();
        pages.push(page["nodes"].as_array().expect("rows").clone());
        if page["pageInfo"][more] == false {
            break page["totalCount"].clone();
        }
        at = format!(" {next}: {}", page["pageInfo"][cursor]);
    };
    if from_end {
        pages.reverse();
    }
    let rows = pages.concat();
    assert_eq!(total, rows.len(), "{list} {arguments}");
    rows
}

/// Whether a text is in those of a row.
fn contains(row: &Value, text: &str) -> bool {
    let of = |value: &Value| value.as_str().expect("a text").to_owned();
    let key = match row["spellings"].as_array() {
        Some(names) => names.iter().map(|name| fold_all(&[&of(name)])).collect::<Vec<_>>().join("\n"),
        None => fold_all(&[&of(&row["code"]), &of(&row["name"])]),
    };
    key.contains(&fold(text))
}

/// What to search for: parts of names, and what no name or nearly every one has.
fn searched(names: &[String]) -> Vec<String> {
    let mut random = Random(2);
    let mut texts: Vec<String> = (0..90)
        .map(|_| {
            let name = &names[random.below(names.len())];
            random.part_of(name)
        })
        .collect();
    for text in [
        "",
        " ",
        "  ",
        "a",
        "n",
        "an",
        "x",
        "q",
        "7",
        "%",
        "_",
        "'",
        "\"",
        "*",
        "田",
        "田中",
        "中田",
        "か\u{3099}",
        "ß",
        "zz",
        "zzz",
        "nzzz",
        "ann mar",
        "anna mar",
        "-1",
        "x.1-",
        "customer n",
        "\u{200b}",
        "\u{fdfa}",
        "NEAR(a b)",
        "ﬁ",
    ] {
        texts.push(text.to_owned());
    }
    texts.push("an".repeat(50));
    texts.push("\u{fdfa}".repeat(100));
    texts
}

async fn answers_are_those_of_a_comparison_with_every_text(backend: Backend) {
    let (app, names) = named(backend).await;
    let (mut found, mut missed) = (0, 0);
    for (list, orders) in LISTS {
        let mut whole = Vec::new();
        for order in orders {
            whole.push((*order, walked(&app, list, &format!("orderBy: {order}"), 100, false).await));
        }
        for (turn, text) in searched(&names).iter().enumerate() {
            let (order, rows) = &whole[turn % whole.len()];
            let expected: Vec<Value> = rows.iter().filter(|row| contains(row, text)).cloned().collect();
            let arguments = format!("orderBy: {order} filter: {{ search: {} }}", json!(text));
            // Short pages of what few have, which are read in all ways of a search.
            let size = [100, 1 + expected.len() / 3][turn / 3 % 2].min(100);
            let actual = walked(&app, list, &arguments, size, turn / 5 % 2 == 0).await;
            assert_eq!(actual, expected, "{list} {arguments} by {size}");
            *(if expected.is_empty() { &mut missed } else { &mut found }) += 1;
        }
    }
    assert!(found > 200 && missed > 10, "{found} found something, {missed} nothing");
    verified(app.services()).await;
}

async fn filters_hold_for_what_is_found(backend: Backend) {
    let (app, _) = named(backend).await;
    app.professional("employed", "2025-01-01").await;
    app.affiliate("employed", &code(0), "2025-02-01").await;
    // list, filter
    let table = [
        ("partners", "enrolledFrom: \"2025-03-01\", enrolledTo: \"2025-05-31\""),
        ("partners", "levels: [\"COLLABORATOR\"]"),
        ("partners", "levels: [\"MEMBER\"], track: TECHNICAL"),
        ("partners", "withinCreditsOfNext: 20"),
        ("partners", "lapsingFrom: \"2027-01-01\", lapsingTo: \"2028-12-31\", track: BUSINESS"),
        ("professionals", "signedUpFrom: \"2025-03-01\", signedUpTo: \"2025-04-30\""),
        ("professionals", "levels: [\"ENABLER\"]"),
        ("professionals", "atRisk: false"),
        ("professionals", "partner: \"c-0\""),
        ("professionals", "email: \"x@\""),
        ("professionals", "renewsFrom: \"2026-09-01\", renewsTo: \"2026-12-31\""),
    ];
    let mut found = 0;
    for (list, filter) in table {
        let orders = LISTS.iter().find(|(name, _)| *name == list).expect("a list").1;
        for order in orders {
            let rows =
                walked(&app, list, &format!("orderBy: {order} filter: {{ {filter} }}"), 100, false).await;
            for text in ["an", "muller", "7", "employed", "zzz"] {
                let expected: Vec<Value> = rows.iter().filter(|row| contains(row, text)).cloned().collect();
                let arguments = format!("orderBy: {order} filter: {{ {filter}, search: \"{text}\" }}");
                for size in [100, (1 + expected.len() / 3).min(100)] {
                    assert_eq!(
                        walked(&app, list, &arguments, size, false).await,
                        expected,
                        "{list} {arguments}"
                    );
                }
                found += expected.len();
            }
        }
    }
    assert!(found > 300, "{found}");
}

/// Codes, or names of customers, that a search finds.
async fn found(app: &TestApp, list: &str, text: &str) -> Vec<String> {
    let field = if list == "customers" { "name" } else { "code" };
    let rows = walked(app, list, &format!("filter: {{ search: {} }}", json!(text)), 100, false).await;
    rows.iter().map(|row| row[field].as_str().expect("a text").to_owned()).collect()
}

async fn changed_texts_are_found_as_they_are_now(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    for code in ["nordwind", "polder"] {
        app.partner(code, "2024-06-01").await;
    }
    for code in ["ada", "adah", "bram"] {
        app.professional(code, "2025-01-01").await;
    }
    app.done("updatePartner", json!({ "code": "nordwind", "name": "Südwind", "reason": "x" })).await;
    app.done("updateProfessional", json!({ "code": "bram", "name": "Bram Żak", "reason": "x" })).await;
    let none: [&str; 0] = [];
    assert_eq!(found(&app, "partners", "partner nord").await, none);
    assert_eq!(found(&app, "partners", "sudw").await, ["nordwind"]);
    assert_eq!(found(&app, "professionals", "professional b").await, none);
    assert_eq!(found(&app, "professionals", "ZAK").await, ["bram"]);
    app.done("mergePartners", json!({ "from": "nordwind", "into": "polder", "reason": "x" })).await;
    app.done("mergeProfessionals", json!({ "from": "adah", "into": "ada", "reason": "x" })).await;
    assert_eq!(found(&app, "partners", "sudw").await, none);
    assert_eq!(found(&app, "professionals", "ada").await, ["ada"]);
    app.done("eraseProfessional", json!({ "professional": "ada" })).await;
    app.done("eraseProfessional", json!({ "professional": "bram" })).await;
    assert_eq!(found(&app, "professionals", "professional ada").await, none);
    assert_eq!(found(&app, "professionals", "zak").await, none);
    assert_eq!(found(&app, "professionals", "erased p").await, ["ada", "bram"]);
    for (number, name) in ["Acme", "Bolt Ärzte", "Curie"].iter().enumerate() {
        app.done("registerDeal", deal("polder", &format!("D-{number}"), name, "2026-03-01")).await;
    }
    let all =
        app.ok("{ customers(first: 9) { nodes { id } } }", Value::Null).await["customers"]["nodes"].clone();
    let join = json!({ "from": all[1]["id"], "into": all[0]["id"], "reason": "one company" });
    app.done("joinCustomers", join).await;
    // A customer is found by all of its names, once.
    assert_eq!(found(&app, "customers", "arzt").await, ["Acme"]);
    assert_eq!(found(&app, "customers", "c").await, ["Acme", "Curie"]);
    let separate = json!({ "customer": all[0]["id"], "names": ["Bolt Ärzte"], "reason": "two companies" });
    app.done("separateCustomers", separate).await;
    assert_eq!(found(&app, "customers", "arzt").await, ["Bolt Ärzte"]);
    // A change that is only tried is in no index.
    let tried = json!({ "code": "polder", "name": "Tried", "reason": "x", "preview": true });
    app.done("updatePartner", tried).await;
    assert_eq!(found(&app, "partners", "tried").await, none);
    verified(app.services()).await;
}

async fn rows_of_before_the_index_are_in_it(backend: Backend) {
    let (app, _) = named(backend).await;
    let searches = [("professionals", "mull"), ("partners", "田"), ("customers", "customer n")];
    let mut expected = Vec::new();
    for (list, text) in searches {
        expected.push(found(&app, list, text).await);
    }
    assert!(expected.iter().all(|rows| !rows.is_empty()), "{expected:?}");
    let database = app.stop().await;
    let connection = database.connect().await;
    let is_index = |migration: &str| migration.ends_with("search_grams");
    let after = Migrator::migrations().iter().rev().position(|migration| is_index(migration.name()));
    let steps = u32::try_from(after.expect("the migration of the index") + 1).expect("a few");
    Migrator::down(&connection, Some(steps)).await.expect("down");
    Migrator::up(&connection, None).await.expect("up again");
    connection.close().await.expect("a connection closes");
    let app = TestApp::start_on(database, TODAY).await;
    for ((list, text), expected) in searches.into_iter().zip(expected) {
        assert_eq!(found(&app, list, text).await, expected, "{list}");
    }
}

async fn copies_of_a_database_are_indexed(backend: Backend) {
    let (app, _) = named(backend).await;
    let expected = (found(&app, "partners", "lod").await, found(&app, "customers", "田").await);
    assert!(!expected.0.is_empty() && !expected.1.is_empty(), "{expected:?}");
    let from = app.stop().await;
    for engine in Backend::ALL {
        let to = TestDatabase::create(engine).await;
        let opened = (
            Database::connect(&from.url).await.expect("the first one"),
            Database::connect(&to.url).await.expect("the other one"),
        );
        opened.1.migrate().await.expect("a schema");
        archive::copy(&opened.0, &opened.1, &[]).await.expect("a copy");
        opened.0.close().await.expect("closed");
        opened.1.close().await.expect("closed");
        let app = TestApp::start_on(to, TODAY).await;
        let actual = (found(&app, "partners", "lod").await, found(&app, "customers", "田").await);
        assert_eq!(actual, expected, "{engine:?}");
    }
}

/// One connection, whose temporary tables stay.
async fn connection(database: &TestDatabase) -> DatabaseConnection {
    let mut options = ConnectOptions::new(&database.url);
    options.max_connections(1);
    sea_orm::Database::connect(options).await.expect("the test's own database")
}

async fn execute(connection: &DatabaseConnection, statement: &str) {
    connection.execute_unprepared(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// The numbers of rows, by which SQLite's index knows them, are those of before when a copy leaves out the space between
/// them.
#[test]
fn sqlite_copies_keep_the_numbers_of_rows() {
    run(async {
        let app = TestApp::start(Backend::Sqlite, TODAY).await;
        let raw = connection(app.database()).await;
        let gap = "INSERT INTO partners (id, code, name, enrolled_on, created_at) VALUES \
                   (X'00000000000000000000000000000001', 'gap', 'Gap', '2026-01-01', '2026-01-01')";
        execute(&raw, gap).await;
        for code in ["nordwind", "polder"] {
            app.partner(code, "2024-06-01").await;
        }
        execute(&raw, "DELETE FROM partners WHERE code = 'gap'").await;
        let copy = TestDatabase::create(Backend::Sqlite).await;
        let path = copy.url.strip_prefix("sqlite://").expect("a file").to_owned();
        execute(&raw, &format!("VACUUM INTO '{path}'")).await;
        execute(&raw, "VACUUM").await;
        raw.close().await.expect("closed");
        for database in [app.stop().await, copy] {
            let app = TestApp::start_on(database, TODAY).await;
            assert_eq!(found(&app, "partners", "polder").await, ["polder"]);
            assert_eq!(found(&app, "partners", "partner nordwind").await, ["nordwind"]);
        }
    });
}

/// All bytes of SQLite's index of professionals.
async fn blocks(connection: &DatabaseConnection) -> Vec<u8> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_string(backend, "SELECT block FROM professionals_grams_data ORDER BY id");
    let rows = connection.query_all_raw(statement).await.expect("the index");
    rows.iter().flat_map(|row| row.try_get::<Vec<u8>>("", "block").expect("bytes")).collect()
}

#[test]
fn sqlite_erased_names_leave_the_index() {
    run(async {
        let app = TestApp::start(Backend::Sqlite, TODAY).await;
        for (code, name) in [("ada", "Zqxzqy Ada"), ("bram", "Bram")] {
            let input =
                json!({ "code": code, "name": name, "email": "x@example.com", "signedUpOn": "2025-01-01" });
            app.done("signUpProfessional", input).await;
        }
        let raw = connection(app.database()).await;
        // The gram zqx, without the digit that it shares with the one before it.
        let holds = |bytes: &[u8]| bytes.windows(5).any(|part| part == b"a7178");
        assert!(holds(&blocks(&raw).await), "the index has the name");
        app.done("eraseProfessional", json!({ "professional": "ada" })).await;
        assert!(!holds(&blocks(&raw).await), "nothing of the name is left");
        let check = "INSERT INTO professionals_grams (professionals_grams) VALUES ('integrity-check')";
        execute(&raw, check).await;
        raw.close().await.expect("closed");
    });
}
