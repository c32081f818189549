//! The program: reads arguments and settings, runs one command, and says by its exit code how it went.

use std::process::ExitCode;

/// Returns memory sooner and splits it less than the system's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    partner_program::cli::main()
}
