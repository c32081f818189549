//! The commands. What people ask for goes to stdout; logs, progress and errors go to stderr.

mod backup;
mod demo;
mod import;
mod key;
mod serve;
mod verify;

use std::collections::HashMap;
use std::error::Error as StdError;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Settings;
use crate::telemetry::Telemetry;

/// Stack of each worker in bytes, 16 MiB: a document may nest deeper than the default stack takes.
const STACK: usize = 16 << 20;
/// The command was carried out, and found something that is not in order.
const FAILED: u8 = 1;
/// The import was carried out, and left rows out.
const REFUSED: u8 = 2;

/// What the help of `import` says of files.
const HEADERS: &str = "What a file holds is told by its header:
  partner,name,enrolled_on
  professional,name,email,signed_up_on
  professional,partner,starts_on[,ends_on]
  source,external_id,professional|partner,kind,occurred_on[,points][,quantity][,attributes …]";

/// GraphQL API server for a vendor's partner program and professional program.
#[derive(Debug, Parser)]
#[command(name = "partner-program", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the server, bringing the database up to date first.
    Serve {
        /// Serve a throwaway database filled with demo data, and print a key of each role.
        #[arg(long)]
        demo: bool,
    },
    /// Loads partners, professionals, affiliations and activities from CSV files; safe to run again.
    #[command(after_help = HEADERS)]
    Import {
        /// The files, in any order.
        #[arg(required = true, value_name = "FILE.csv")]
        files: Vec<PathBuf>,
    },
    /// Folds the activity log again and compares it with ledger, totals and levels.
    Verify,
    /// Copies a SQLite database into a new file, while the server runs or not.
    Backup {
        /// The new file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Creates, lists and revokes API keys.
    Key {
        #[command(subcommand)]
        command: key::KeyCommand,
    },
    /// Prints the GraphQL schema.
    Schema,
}

/// What a person is told when a command can't be carried out.
#[derive(Debug)]
struct Failure(String);

impl<E: StdError> From<E> for Failure {
    /// The error and what lies at the bottom of it, on one line.
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

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(Failure(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(FAILED)
        }
    }
}

fn run(command: Command) -> Result<u8, Failure> {
    if matches!(command, Command::Schema) {
        // The text ends with an end of line of its own.
        print!("{}", crate::graphql::schema::sdl());
        return Ok(0);
    }
    let file = env_file()?;
    let get = |name: &str| std::env::var(name).ok().or_else(|| file.get(name).cloned());
    let settings = Settings::read(get)?;
    // Dropped last: the end of everything else is told as well.
    let _telemetry = Telemetry::start(&settings.telemetry).map_err(Failure)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build()?;
    runtime.block_on(async {
        match command {
            Command::Serve { demo: false } => serve::serve(&settings).await,
            Command::Serve { demo: true } => serve::serve_demo(settings).await,
            Command::Import { files } => import::import(&settings, &files).await,
            Command::Verify => verify::verify(&settings).await,
            Command::Backup { file } => backup::backup(&settings, &file).await,
            Command::Key { command } => key::key(&settings, command).await,
            Command::Schema => Ok(0),
        }
    })
}

/// Settings of the file `.env`, in this folder or one above; the environment itself goes first.
fn env_file() -> Result<HashMap<String, String>, Failure> {
    match dotenvy::dotenv_iter() {
        Ok(lines) => lines
            .collect::<Result<_, _>>()
            .map_err(|_| Failure("the file .env has a line that is not NAME=value".to_owned())),
        Err(error) if error.not_found() => Ok(HashMap::new()),
        Err(_) => Err(Failure("the file .env can't be read".to_owned())),
    }
}
