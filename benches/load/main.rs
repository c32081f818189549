//! Load on the real server, beside its limit in the same run: the same statements by hand, without
//! GraphQL and without an ORM; and, if asked for, beside a peer: `PostGraphile`, on the same database.
//!
//! `cargo bench --bench load -- [--quick] [--seconds N] [--sqlite] [--postgres URL [--peer FOLDER]]`. The database of
//! `--postgres` is made on that server for the run and dropped after it. `--peer benches/load/peer` needs `npm ci` there
//! first. Everything stays on 127.0.0.1.

// The future of a request is nested deeply.
#![recursion_limit = "256"]
#![expect(clippy::duplicate_mod, reason = "the limit's statements are compiled once for each engine")]

mod client;
mod data;
mod database;
mod limit;
mod measure;
mod options;
mod peer;
mod processes;
mod product;
mod random;
mod report;
mod requests;
mod statements;

use std::net::SocketAddr;
use std::process::ExitCode;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use database::Database;
use options::Options;

/// The allocator of the product's binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("client") {
        client::main();
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let options = Options::read(std::env::args().skip(1))?;
    let own = Builder::new_current_thread().enable_all().build()?;
    if options.sqlite {
        on_database(&own, Database::sqlite()?, &options)?;
    }
    if let Some(server) = &options.postgres {
        on_database(&own, own.block_on(Database::postgres(server))?, &options)?;
    }
    Ok(())
}

/// Measures one database and takes it away, whatever came of it.
fn on_database(own: &Runtime, database: Database, options: &Options) -> Result<(), Failure> {
    let measured = measure_all(own, &database, options);
    own.block_on(database.close())?;
    measured
}

fn measure_all(own: &Runtime, database: &Database, options: &Options) -> Result<(), Failure> {
    // Each server has a runtime of the same kind to itself.
    let (of_product, of_limit) = (servers()?, servers()?);
    let url = database.url();
    let services = of_product.block_on(product::open(&url))?;
    let started = std::time::Instant::now();
    let data = of_product.block_on(data::seed(&services, options.sizes()))?;
    let seeded = started.elapsed();
    own.block_on(database.analyse())?;
    let is_remote = matches!(database, Database::Postgres { .. });
    let folder = options.peer.as_deref().filter(|_| is_remote);
    let peer = folder.map(|folder| peer::Peer::start(folder, &url)).transpose()?;
    let requests = requests::Requests {
        data: &data,
        peer: peer.as_ref(),
        product: of_product.block_on(product::start(services.clone()))?,
        limit: of_limit.block_on(limit::start(&url, &services))?,
    };
    report::print(own, database, options, &requests, seeded)
}

fn servers() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build()
}

/// Serves routes on a free port until the runtime ends.
async fn serve(routes: Router) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a connection takes the option"));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(address)
}
