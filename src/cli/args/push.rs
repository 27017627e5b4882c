//! Options of `triage push`.

use clap::Args;

/// Options of `triage push`.
#[derive(Debug, Args)]
pub struct PushArgs {
    /// service@version/environment, or the full id
    pub gate: String,
    /// Fingerprints of dismissed findings, or prefixes of at least six digits; without any, all that are dismissed
    pub findings: Vec<String>,
    /// Only this connection of those that the service names in push
    #[arg(long, value_name = "CONNECTION")]
    pub to: Option<String>,
    /// Print the exact requests, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
}
