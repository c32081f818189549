//! The commands. Results go to stdout; log, progress and errors go to stderr.

mod archive;
mod backup;
mod database;
mod edition;
mod import;
mod key;
mod lists;
mod migrate;
mod new_file;
mod serve;
mod verify;

use std::collections::HashMap;
use std::error::Error as StdError;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Settings;
use crate::telemetry::Telemetry;
use crate::telemetry::log::json_error;

/// Stack of each worker in bytes, 16 MiB: room for documents that nest as deeply as the limits allow.
const WORKER_STACK_BYTES: usize = 16 << 20;
/// Exit code of a command that failed, or that found differences.
const EXIT_FAILED: u8 = 1;
/// Exit code of an import that refused rows.
const EXIT_ROWS_REFUSED: u8 = 2;

/// The formats of files, for the help of `import`.
const FILE_HEADERS_HELP: &str = "The header row determines what the file contains:
  partner,name,enrolled_on
  professional,name,email,signed_up_on
  professional,partner,starts_on[,ends_on]
  source,external_id,professional|partner,kind,occurred_on[,points][,quantity][,attributes …]

Columns are separated by commas, semicolons or tabs. A column that is no attribute of any kind is refused with the
whole file; the column `note` takes any text.

Each row is imported on its own, or each file as a whole with --policy all. Rows that were imported before are
counted as duplicates; partners and professionals with another name or e-mail address are updated.
Exit status: 0 if no row was refused, 2 if rows were refused, 1 if the import failed.";

/// GraphQL API server for a vendor's partner program and its DevOps professional program.
#[derive(Debug, Parser)]
#[command(name = "partner-program", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Migrate the database and start the server.
    Serve {
        /// Serve a temporary database with demo data, and print an API key for each role.
        #[arg(long)]
        demo: bool,
    },
    /// Import partners, professionals, affiliations and activities from CSV files. Idempotent.
    #[command(after_help = FILE_HEADERS_HELP)]
    Import(import::ImportArguments),
    /// Migrate the database. The other commands do the same when they start, if their role may.
    Migrate,
    /// Replay the activity log and check that ledger, totals, levels and seals match it.
    Verify {
        /// A head of the sealed log that was kept elsewhere: what came before it has to be unchanged.
        #[arg(long, value_name = "HASH", value_parser = sealed_head)]
        head: Option<String>,
    },
    /// Copy a SQLite database to a new file, also while the server is running.
    Backup {
        /// Path of the copy. An existing file is never overwritten.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Write the whole program into a new file, also while the server is running. It holds everything that the database
    /// holds, names and e-mail addresses and the secrets of webhooks among it: keep it as safe as the database.
    Export {
        /// Path of the archive, such as `program.jsonl.gz`. An existing file is never overwritten.
        #[arg(value_name = "FILE", required_unless_present = "csv", conflicts_with = "csv")]
        file: Option<PathBuf>,
        /// Print one list as CSV instead.
        #[arg(long, value_name = "LIST", value_parser = lists::names())]
        csv: Option<String>,
    },
    /// Build an empty database, of either engine, from an archive, and verify it.
    Restore {
        /// Path of the archive.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Check and publish documents of editions, which hold the policy.
    Edition {
        #[command(subcommand)]
        command: edition::EditionCommand,
    },
    /// Create, list and revoke API keys.
    Key {
        #[command(subcommand)]
        command: key::KeyCommand,
    },
    /// Print the GraphQL schema in SDL.
    Schema,
}

/// A head of the sealed log, in lower case.
fn sealed_head(text: &str) -> Result<String, String> {
    let is_head = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_head { Ok(text.to_lowercase()) } else { Err("a head has 64 hexadecimal digits".to_owned()) }
}

/// The message of a failed command.
#[derive(Debug)]
struct CommandError(String);

impl<E: StdError> From<E> for CommandError {
    /// The error and its root cause, on one line.
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            let inner_text = inner.to_string();
            if inner.source().is_none() && !text.contains(&inner_text) {
                text = format!("{text}: {inner_text}");
            }
            source = inner.source();
        }
        Self(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

/// Runs the command of the arguments.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(CommandError(message)) => {
            if wants_json() {
                json_error(&message);
            } else {
                eprintln!("error: {message}");
            }
            ExitCode::from(EXIT_FAILED)
        }
    }
}

/// Whether the log is to be JSON, also where other settings are invalid.
fn wants_json() -> bool {
    let set = std::env::var("LOG_FORMAT").ok().or_else(|| env_file().ok()?.remove("LOG_FORMAT"));
    set.as_deref() == Some("json")
}

fn run(command: Command) -> Result<u8, CommandError> {
    if matches!(command, Command::Schema) {
        // The text ends with a newline.
        print!("{}", crate::graphql::schema::sdl());
        return Ok(0);
    }
    let file = env_file()?;
    let get = |name: &str| std::env::var(name).ok().or_else(|| file.get(name).cloned());
    let settings = Settings::read(get)?;
    // Dropped last, so that the shutdown of everything else is logged and traced.
    let _telemetry = Telemetry::start(&settings.telemetry).map_err(CommandError)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(WORKER_STACK_BYTES)
        .build()?;
    runtime.block_on(async {
        match command {
            Command::Serve { demo: false } => serve::serve(&settings).await,
            Command::Serve { demo: true } => Box::pin(serve::serve_demo(settings)).await,
            Command::Import(arguments) => Box::pin(import::import(&settings, &arguments)).await,
            Command::Migrate => migrate::migrate(&settings).await,
            Command::Verify { head } => verify::verify(&settings, head.as_deref()).await,
            Command::Backup { file } => backup::backup(&settings, &file).await,
            Command::Export { csv: Some(list), .. } => lists::export(&settings, &list).await,
            Command::Export { file, .. } => archive::export(&settings, &file.unwrap_or_default()).await,
            Command::Restore { file } => archive::restore(&settings, &file).await,
            Command::Edition { command } => edition::edition(&settings, command).await,
            Command::Key { command } => key::key(&settings, command).await,
            Command::Schema => Ok(0),
        }
    })
}

/// Settings of the file `.env`, in this folder or one above; the environment takes precedence.
fn env_file() -> Result<HashMap<String, String>, CommandError> {
    match dotenvy::dotenv_iter() {
        Ok(lines) => lines
            .collect::<Result<_, _>>()
            // The line is not repeated: it may hold a secret.
            .map_err(|_| CommandError("the file .env has a line that is not NAME=value".to_owned())),
        Err(error) if error.not_found() => Ok(HashMap::new()),
        Err(error) => Err(CommandError(format!("cannot read the file .env: {error}"))),
    }
}
