//! Parses, runs, exits.

use std::process::ExitCode;

// The system's allocator keeps a heap for each thread, and most of what was freed in them: a third of our memory.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    // Threads that allocate as much as readers do would wait for that heap's lock longer than they work.
    countersign::report::limit_threads(1);
    // Variables that are not UTF-8 cannot be meant for us.
    let env = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    ExitCode::from(countersign::cli::main(std::env::args_os().collect(), env.collect()))
}
