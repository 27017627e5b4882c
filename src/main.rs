//! Parses, runs, exits.

use std::process::ExitCode;

// Each thread has what it frees at hand, which reading large reports on all cores needs, and what is not needed any more
// goes back to the system soon, which the system's own allocator does not do: see .cargo/config.toml.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // Variables that are not UTF-8 cannot be meant for us.
    let env = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    ExitCode::from(countersign::cli::main(std::env::args_os().collect(), env.collect()))
}
