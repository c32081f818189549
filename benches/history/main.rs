//! Work on all of history, beside its verification in the same run: trying a document (E2), and planning and applying a
//! recalculation (E4); and what live traffic notices of a trial.
//!
//! `cargo bench --bench history -- [ACTIVITIES] [--postgres URL]`, 100,000 on SQLite without arguments. The database of
//! `--postgres` is made on that server for the run and dropped after it. Everything stays on 127.0.0.1.

// The future of a request is nested deeply.
#![recursion_limit = "256"]

mod arguments;
#[path = "../load/data.rs"]
mod data;
#[path = "../load/database.rs"]
mod database;
mod live;
#[path = "../load/processes.rs"]
mod processes;
#[path = "../load/product.rs"]
mod product;
#[path = "../load/random.rs"]
mod random;
mod spent;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use chrono::NaiveDate;
use partner_program::error::Error;
use partner_program::program::edition::BUILT_IN;
use partner_program::service::editions::{EditionSource, TrialInput};
use partner_program::service::{ObjectId, Services};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use arguments::Arguments;
use database::Database;
use spent::{Spent, spend};

/// The allocator of the product's binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("history: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let arguments = Arguments::<u32>::read(100_000)?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let database = runtime.block_on(arguments.database())?;
    let measured = measure(&runtime, &database, arguments.number);
    runtime.block_on(database.close())?;
    measured
}

fn measure(runtime: &Runtime, database: &Database, activities: u32) -> Result<(), Failure> {
    let services = runtime.block_on(product::open(&database.url()))?;
    let sizes = [(activities / 500).max(20), (activities / 50).max(200), activities];
    let seeded = runtime.block_on(data::seed(&services, sizes))?;
    runtime.block_on(database.analyse())?;
    println!(
        "\n{}: {} partners, {} professionals, {activities} activities",
        database.title(),
        sizes[0],
        sizes[1]
    );
    println!(
        "{:<28} {:>9} {:>9} {:>12} {:>11} {:>10}",
        "", "seconds", "CPU", "database's", "memory", "to verify"
    );
    let launch = services.policy().editions.launch();
    let cases = [
        ("try what is in force", BUILT_IN.to_owned()),
        ("try another threshold", threshold()),
        ("try other points", points()),
    ];
    let mut trials = Vec::new();
    // Before the verification, whose memory the allocator may keep.
    for (name, document) in cases {
        let spent = spend(database, || runtime.block_on(tried(&services, &document, launch)))?;
        trials.push((name, spent));
    }
    let verified = spend(database, || runtime.block_on(verify(&services)))?;
    print("verify", &verified, &verified);
    for (name, spent) in trials {
        print(name, &spent, &verified);
    }
    let mut plan = None;
    let spent = spend(database, || runtime.block_on(planned(&services, launch, &mut plan)))?;
    print("plan other points", &spent, &verified);
    let address = runtime.block_on(product::start(services.clone()))?;
    live::print(runtime, &seeded, address, || {
        runtime.spawn({
            let services = services.clone();
            async move { tried(&services, &points(), launch).await.map_err(|error| error.to_string()) }
        })
    })?;
    // What was recorded meanwhile is part of another plan.
    runtime.block_on(planned(&services, launch, &mut plan))?;
    let text = plan.map_or(String::new(), |plan: uuid::Uuid| plan.to_string());
    let id = ObjectId { key: plan, text: &text };
    let spent = spend(database, || runtime.block_on(applied(&services, id)))?;
    print("apply other points", &spent, &verified);
    let spent = spend(database, || runtime.block_on(verify(&services)))?;
    print("verify after that", &spent, &verified);
    Ok(())
}

fn print(name: &str, spent: &Spent, verified: &Spent) {
    let percent = (spent.own + spent.database).as_millis() * 100
        / (verified.own + verified.database).as_millis().max(1);
    println!(
        "{name:<28} {:>9.2} {:>9.2} {:>12.2} {:>8} MB {percent:>9}%",
        spent.time.as_secs_f64(),
        spent.own.as_secs_f64(),
        spent.database.as_secs_f64(),
        spent.memory
    );
}

/// The built-in document without its examples, which expect its own figures.
fn head() -> &'static str {
    BUILT_IN.split("[[example]]").next().unwrap_or_default()
}

fn threshold() -> String {
    head().replacen("threshold = 75", "threshold = 100", 1)
}

fn points() -> String {
    head().replacen("points = 25\n", "points = 30\n", 1)
}

async fn verify(services: &Services) -> Result<(), Error> {
    let report = services.verify(|_, _| {}).await?;
    assert_eq!(report.differences, Vec::<String>::new(), "history follows from the log");
    Ok(())
}

async fn tried(services: &Services, document: &str, from: NaiveDate) -> Result<(), Error> {
    let source = EditionSource::Document(document.to_owned());
    let trial = services.edition_try(&TrialInput { source, effective_from: Some(from), on: None }).await?;
    finished(services, trial.id).await
}

async fn planned(services: &Services, from: NaiveDate, plan: &mut Option<uuid::Uuid>) -> Result<(), Error> {
    let source = EditionSource::Document(points());
    let input = TrialInput { source, effective_from: Some(from), on: None };
    let planned = services.recalculation_plan(&input, "the benchmark").await?;
    *plan = Some(planned.id);
    finished(services, planned.trial_id).await
}

async fn applied(services: &Services, plan: ObjectId<'_>) -> Result<(), Error> {
    services.recalculation_apply(plan).await?;
    services.complete_recalculations().await
}

/// Waits for the end of a trial.
async fn finished(services: &Services, id: uuid::Uuid) -> Result<(), Error> {
    loop {
        let rows = services.edition_trials_by_ids(&[id]).await?;
        let status = rows.get(&id).map(|row| services.edition_trial_status(row));
        match status {
            Some(entity::value::TrialStatus::Running) => tokio::time::sleep(Duration::from_millis(20)).await,
            Some(entity::value::TrialStatus::Finished) => return Ok(()),
            other => return Err(Error::Damaged(format!("the trial ended as {other:?}"))),
        }
    }
}

/// Serves routes on a free port until the runtime ends.
async fn serve(routes: Router) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a connection takes the option"));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(address)
}
