//! `countersign completions` and `countersign man`.

use std::path::Path;

use clap::CommandFactory as _;

use super::Context;
use super::args::Cli;
use crate::error::AppError;

/// Prints a completion script.
pub fn completions(context: &Context, shell: clap_complete::Shell) -> Result<(), AppError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "countersign", &mut script);
    context.output.raw(&String::from_utf8_lossy(&script))
}

/// Writes the man pages.
pub fn man(context: &Context, dir: &Path) -> Result<(), AppError> {
    let broken =
        |e: std::io::Error| AppError::usage(format!("The man pages cannot be written to {}: {e}.", dir.display()));
    std::fs::create_dir_all(dir).map_err(broken)?;
    clap_mangen::generate_to(Cli::command(), dir).map_err(broken)?;
    context.output.message(&format!("The man pages are in {}.", dir.display()));
    Ok(())
}

/// The reference of the command line, as Markdown, from the same definitions.
pub fn reference() -> String {
    let mut out = String::from(
        "# The command line\n\nMade from the program's own definitions by `make docs`; a test fails when they differ.\n",
    );
    let mut command = Cli::command();
    command.build();
    describe(&mut out, &mut command, 2);
    out
}

/// The table of the formats that can be read, as Markdown, from the readers' own words.
pub fn formats() -> String {
    let mut all: Vec<_> = crate::report::formats().collect();
    all.sort_by_key(|f| f.name);
    let mut out = format!(
        "{} formats, told apart by what is in the file. `countersign scan --formats` prints this list.\n\n\
         | format | what is read | classes | one item is | severity | recognised again by | checked against |\n\
         |---|---|---|---|---|---|---|\n",
        all.len()
    );
    for f in all {
        let classes: Vec<&str> = f.classes.iter().map(|c| c.word()).collect();
        let classes = if classes.is_empty() { "none".to_owned() } else { classes.join(", ") };
        out.push_str(&format!(
            "| `{}` | {} | {classes} | {} | {} | {} | {} |\n",
            f.name, f.title, f.items, f.severity, f.identity, f.checked
        ));
    }
    out
}

fn describe(out: &mut String, command: &mut clap::Command, depth: usize) {
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let help = command.clone().term_width(100).render_long_help().to_string();
    out.push_str(&format!("\n{} `{name}`\n\n```text\n{}\n```\n", "#".repeat(depth.min(4)), help.trim_end()));
    for sub in command.get_subcommands_mut().filter(|s| s.get_name() != "help") {
        describe(out, sub, depth + 1);
    }
}
