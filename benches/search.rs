//! What searches take among 200,000 partners and as many professionals, beside a look-up by code in the same run.
//!
//! `cargo bench --bench search -- [SUBJECTS] [--postgres URL]`, 200,000 of each on SQLite without arguments. The
//! database of `--postgres` is made on that server for the run and dropped after it. Requests go to the real server
//! over HTTP, one at a time; their client is in this process. Everything stays on 127.0.0.1.

// The future of a request is nested deeply.
#![recursion_limit = "256"]

#[path = "history/arguments.rs"]
mod arguments;
#[path = "load/database.rs"]
mod database;
#[path = "load/processes.rs"]
mod processes;
#[path = "load/product.rs"]
mod product;
#[path = "load/random.rs"]
mod random;
#[path = "history/spent.rs"]
mod spent;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use axum::Router;
use axum::serve::ListenerExt;
use chrono::Days;
use partner_program::service::Services;
use partner_program::service::subjects::{AddOutcome, PartnerDraft, ProfessionalDraft};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use arguments::Arguments;
use database::Database;
use random::Random;
use spent::spend;

/// The allocator of the product's binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error>;

/// Rows that are added together.
const BATCH: usize = 1_000;
/// How long each kind of request is repeated.
const REPEATED: Duration = Duration::from_secs(1);

const FIRST: [&str; 24] = [
    "Anna", "Maria", "Jan", "Piotr", "Søren", "Zoë", "Müller", "José", "Inès", "Łukasz", "Emma", "Noah",
    "Olivia", "Mateo", "Sofía", "Liam", "Mia", "Lucas", "Hanna", "Elias", "Nora", "Anton", "Ida", "Oskar",
];
const LAST: [&str; 20] = [
    "Kowalczyk",
    "Schmidt",
    "Janssen",
    "García",
    "Rossi",
    "Novák",
    "Andersen",
    "Silva",
    "Dubois",
    "Murphy",
    "Horvat",
    "Nagy",
    "Popescu",
    "Ivanov",
    "Öztürk",
    "Nguyễn",
    "Tanaka",
    "Marin",
    "Berg",
    "Weiss",
];
const SYLLABLES: [&str; 32] = [
    "ka", "lo", "mi", "tra", "ven", "dor", "sel", "bri", "na", "to", "gar", "fel", "wi", "ruk", "os", "ta",
    "len", "mar", "pi", "sko", "der", "an", "hol", "be", "ri", "gus", "ne", "vo", "el", "sti", "ham", "ju",
];

/// A request: what it is, the list, its filter and order, and whether its rows are counted too.
type Case = (&'static str, &'static str, &'static str, &'static str, bool);

const CASES: [Case; 34] = [
    ("page without a search", "professionals", "", "CODE", false),
    ("no match", "professionals", "search: \"zzzz\"", "CODE", false),
    ("no match, frequent grams", "professionals", "search: \"anna ann\"", "CODE", false),
    ("one match: a code", "professionals", "search: \"p-123456\"", "CODE", false),
    ("a rare name", "professionals", "search: \"gusvoel\"", "NAME", false),
    ("one in 40: a last name", "professionals", "search: \"kowalczyk\"", "CODE", false),
    ("one in 40, by name", "professionals", "search: \"kowalczyk\"", "NAME", false),
    ("one in 24: a first name", "professionals", "search: \"sofia\"", "SIGNED_UP_ON", false),
    ("first and last name", "professionals", "search: \"anna kowal\"", "CODE", false),
    ("first and last name, by day", "professionals", "search: \"anna kowal\"", "SIGNED_UP_ON", false),
    ("frequent: an", "professionals", "search: \"an\"", "CODE", false),
    ("frequent: ann", "professionals", "search: \"ann\"", "NAME", false),
    ("one character: a", "professionals", "search: \"a\"", "CODE", false),
    ("one character: y", "professionals", "search: \"y\"", "CODE", false),
    ("one character: q", "professionals", "search: \"q\"", "CODE", false),
    ("two characters: zk", "professionals", "search: \"zk\"", "CODE", false),
    ("two characters: uk", "professionals", "search: \"uk\"", "NAME", false),
    ("the beginning of codes", "professionals", "search: \"p-19\"", "CODE", false),
    ("the end of the list", "professionals", "search: \"p-1999\"", "CODE", false),
    (
        "frequent, with a period",
        "professionals",
        "search: \"an\", signedUpFrom: \"2026-05-01\"",
        "SIGNED_UP_ON",
        false,
    ),
    (
        "frequent, with a period, by name",
        "professionals",
        "search: \"an\", signedUpFrom: \"2026-05-01\"",
        "NAME",
        false,
    ),
    ("rare, at risk", "professionals", "search: \"gusvoel\", atRisk: false", "CODE", false),
    ("no match, counted", "professionals", "search: \"zzzz\"", "CODE", true),
    ("one in 40, counted", "professionals", "search: \"kowalczyk\"", "CODE", true),
    ("frequent, counted: an", "professionals", "search: \"an\"", "CODE", true),
    ("page without a search", "partners", "", "CODE", false),
    ("no match", "partners", "search: \"zzzz\"", "CODE", false),
    ("one match: a code", "partners", "search: \"c-123456\"", "BALANCE", false),
    ("a rare name", "partners", "search: \"gusvoel\"", "CREDITS_THIS_YEAR", false),
    ("one in 40: a last name", "partners", "search: \"kowalczyk\"", "BALANCE", false),
    ("first and last name", "partners", "search: \"anna kowal\"", "LAPSES_ON", false),
    ("frequent: gmbh", "partners", "search: \"gmbh\"", "CREDITS_TO_NEXT", false),
    ("two characters: zk", "partners", "search: \"zk\"", "NAME", false),
    ("rare, with a level", "partners", "search: \"gusvoel\", levels: [\"MEMBER\"]", "NAME", false),
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("search: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let arguments = Arguments::<usize>::read(200_000)?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let database = runtime.block_on(arguments.database())?;
    let measured = measure(&runtime, &database, arguments.number);
    runtime.block_on(database.close())?;
    measured
}

fn measure(runtime: &Runtime, database: &Database, subjects: usize) -> Result<(), Failure> {
    let services = runtime.block_on(product::open(&database.url()))?;
    println!("\n{}: {subjects} partners and as many professionals", database.title());
    let filled = [
        ("partners", spend(database, || runtime.block_on(enrol(&services, subjects)))?),
        ("professionals", spend(database, || runtime.block_on(sign_up(&services, subjects)))?),
    ];
    for (what, spent) in filled {
        println!(
            "{what:<14} {} µs each, of which CPU {} µs and the database's {} µs; {} MB",
            each(spent.time, subjects),
            each(spent.own, subjects),
            each(spent.database, subjects),
            spent.memory
        );
    }
    runtime.block_on(database.analyse())?;
    let address = runtime.block_on(product::start(services))?;
    let caller = Caller { client: Client::new(), url: format!("http://{address}/graphql") };
    println!("{:<50} {:>8} {:>10} {:>10} {:>10}", "CPU of a request", "µs", "database's", "look-ups", "rows");
    let look_up = json!({ "query": "{ professional(code: \"P-123\") { code name } }" });
    let base = repeated(runtime, database, &caller, &look_up)?;
    print("look-up by code", "", base, base);
    for (what, list, filter, order, is_counted) in CASES {
        let count = if is_counted { "totalCount" } else { "" };
        let query = format!(
            "{{ {list}(filter: {{ {filter} }} orderBy: {order}) {{ {count} nodes {{ code name }} }} }}"
        );
        let taken = repeated(runtime, database, &caller, &json!({ "query": query }))?;
        print(what, list, taken, base);
    }
    Ok(())
}

/// Microseconds of one of so many.
fn each(time: Duration, number: usize) -> u128 {
    time.as_micros() / u128::try_from(number).unwrap_or(1).max(1)
}

/// What a request takes: microseconds of this process and of the database's, and how many rows it answers.
#[derive(Clone, Copy)]
struct Taken {
    own: u128,
    database: u128,
    rows: usize,
}

fn print(what: &str, list: &str, taken: Taken, base: Taken) {
    let tenths = (taken.own + taken.database) * 10 / (base.own + base.database).max(1);
    println!(
        "{:<50} {:>8} {:>10} {:>8}.{} {:>10}",
        format!("{list} {what}").trim_start(),
        taken.own + taken.database,
        taken.database,
        tenths / 10,
        tenths % 10,
        taken.rows
    );
}

/// Sends a request again and again.
fn repeated(runtime: &Runtime, database: &Database, caller: &Caller, body: &Value) -> Result<Taken, Failure> {
    let answer = runtime.block_on(caller.send(body))?;
    let began = Instant::now();
    for _ in 0..20 {
        runtime.block_on(caller.send(body))?;
    }
    let one = (began.elapsed() / 20).max(Duration::from_micros(1));
    let times = usize::try_from(REPEATED.as_micros() / one.as_micros().max(1))?.max(5);
    let spent = spend(database, || {
        runtime.block_on(async {
            for _ in 0..times {
                caller.send(body).await?;
            }
            Ok::<_, Failure>(())
        })
    })?;
    let lists = answer["data"].as_object().into_iter().flat_map(|data| data.values());
    let rows = lists.map(|list| list["nodes"].as_array().map_or(1, Vec::len)).sum();
    Ok(Taken { own: each(spent.own, times), database: each(spent.database, times), rows })
}

struct Caller {
    client: Client,
    url: String,
}

impl Caller {
    async fn send(&self, body: &Value) -> Result<Value, Failure> {
        let request = self.client.post(&self.url).bearer_auth(product::KEY).json(body);
        let answer: Value = request.send().await?.json().await?;
        if answer["errors"].is_null() { Ok(answer) } else { Err(format!("{body}: {answer}").into()) }
    }
}

/// A name: of a short list or a longer one, with or without a middle.
fn name(random: &mut Random) -> String {
    let first = FIRST[random.index(FIRST.len())];
    let last = if random.below(2) == 0 {
        LAST[random.index(LAST.len())].to_owned()
    } else {
        (0..=1 + random.below(3)).map(|_| SYLLABLES[random.index(SYLLABLES.len())]).collect()
    };
    format!("{first} {last}")
}

async fn enrol(services: &Services, subjects: usize) -> Result<(), Failure> {
    let (mut random, launch) = (Random::new(1), services.policy().editions.launch());
    for first in (0..subjects).step_by(BATCH) {
        let drafts: Vec<_> = (first..subjects.min(first + BATCH))
            .map(|number| PartnerDraft {
                code: format!("C-{number}"),
                name: format!("{} {}", name(&mut random), ["GmbH", "B.V.", "SA"][random.index(3)]),
                enrolled_on: launch,
            })
            .collect();
        let added = services.partners_add(&drafts).await?;
        check(added.iter().all(|one| matches!(one, AddOutcome::Created(_))))?;
    }
    Ok(())
}

async fn sign_up(services: &Services, subjects: usize) -> Result<(), Failure> {
    let (mut random, launch) = (Random::new(2), services.policy().editions.launch());
    for first in (0..subjects).step_by(BATCH) {
        let drafts: Vec<_> = (first..subjects.min(first + BATCH))
            .map(|number| ProfessionalDraft {
                code: format!("P-{number}"),
                name: name(&mut random),
                email: format!("p{number}@example.com"),
                signed_up_on: launch
                    .checked_add_days(Days::new(u64::from(random.below(600))))
                    .unwrap_or(launch)
                    .min(services.clock().today()),
            })
            .collect();
        let added = services.professionals_add(&drafts).await?;
        check(added.iter().all(|one| matches!(one, AddOutcome::Created(_))))?;
    }
    Ok(())
}

fn check(is_new: bool) -> Result<(), Failure> {
    if is_new { Ok(()) } else { Err("the database is empty at first".into()) }
}

/// Serves routes on a free port until the runtime ends.
async fn serve(routes: Router) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a connection takes the option"));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(address)
}
