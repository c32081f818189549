//! The table.

use std::time::Duration;

use tokio::runtime::Runtime;

use crate::Failure;
use crate::database::Database;
use crate::measure::{Rate, Target, by_turns};
use crate::options::Options;
use crate::requests::{Question, Requests, SET};
use crate::statements;

/// Connections of readers.
const READERS: usize = 32;
/// Connections of writers.
const WRITERS: usize = 8;

/// The same, when many wait together.
const MANY_WRITERS: usize = 64;

/// Measures everything on one database and prints it.
pub(crate) fn print(
    runtime: &Runtime,
    database: &Database,
    options: &Options,
    requests: &Requests<'_>,
    seeded: Duration,
) -> Result<(), Failure> {
    let [partners, professionals, activities] = options.sizes();
    let rate = u128::from(activities) * 1_000 / seeded.as_millis().max(1);
    println!(
        "\n{}: {partners} partners, {professionals} professionals, {activities} activities, seeded in {} s \
         ({rate} activities/s)",
        database.title(),
        seeded.as_secs()
    );
    println!(
        "The floor is the least ratio to the limit; CPU is that of the server and of the database for one."
    );
    println!(
        "{:<34} {:>11} {:>11} {:>6} {:>6}  {:>17} {:>17}",
        "", "product", "limit", "ratio", "floor", "CPU", "limit's"
    );
    let measure = |name: &str, question: &Question, connections, floor, unit: u64| {
        let others = question.limit.iter().chain(&question.peer);
        let targets: Vec<&Target> = [&question.product].into_iter().chain(others).collect();
        let rates = runtime.block_on(by_turns(database, &targets, connections, options.time))?;
        let (product, mut others) = (rates[0], rates[1..].iter().copied());
        line(name, (product, question.limit.as_ref().and_then(|_| others.next())), floor, unit);
        if let Some(peer) = others.next() {
            line("  beside PostGraphile", (product, Some(peer)), None, unit);
        }
        Ok::<_, Failure>(product)
    };
    let (one, dashboard, page) = (requests.one_partner(), requests.dashboard(), requests.page());
    measure("R1 one partner", &one, READERS, Some(30), 1)?;
    measure("R2 dashboard", &dashboard, READERS, Some(30), 1)?;
    measure("R3 page of 50 partners", &page, READERS, Some(35), 1)?;
    measure("R2 dashboard, 2 connections", &dashboard, 2, None, 1)?;
    let uniform = measure("recordActivity, all partners", &requests.record(false), WRITERS, Some(50), 1)?;
    measure("recordActivity, 64 connections", &requests.record(false), MANY_WRITERS, None, 1)?;
    let hot = measure("recordActivity, one hot partner", &requests.record(true), WRITERS, Some(50), 1)?;
    measure("page of 100 events", &requests.events(), READERS, None, 1)?;
    let sets = format!("activities in sets of {SET}");
    measure(&sets, &requests.records(), 1, Some(50), u64::from(SET))?;
    let share = hot.requests * 100 / uniform.requests.max(1);
    println!("hot against uniform                                        {:>6}   0.40", hundredths(share));
    let targets = [&one.product, &dashboard.product, &page.product];
    let counts = statements::count(&database.url(), &targets)?;
    for (name, (count, floor)) in ["R1", "R2", "R3"].iter().zip(counts.iter().zip([1, 3, 1])) {
        println!("SQL statements per {name:<39} {count:>6} {floor:>6}");
    }
    Ok(())
}

/// A line of the table; `unit` is how many things one request holds.
fn line(name: &str, (product, other): (Rate, Option<Rate>), floor: Option<u64>, unit: u64) {
    let ratio =
        other.map_or(String::new(), |other| hundredths(product.requests * 100 / other.requests.max(1)));
    let floor = floor.map_or(String::new(), hundredths);
    let in_second = |rate: Rate| format!("{}/s", rate.requests * unit);
    let micros = |rate: Rate| format!("{:>5} + {:>5} µs", rate.micros / unit, rate.database / unit);
    println!(
        "{name:<34} {:>11} {:>11} {ratio:>6} {floor:>6}  {:>17} {:>17}",
        in_second(product),
        other.map_or(String::new(), in_second),
        micros(product),
        other.map_or(String::new(), micros)
    );
}

fn hundredths(number: u64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}
