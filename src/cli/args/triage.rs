//! Options of `triage`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::PushArgs;

/// What to do with dismissals.
#[derive(Debug, Subcommand)]
pub enum TriageCommand {
    /// List dismissals: who said what and why, whether they hold, and which match nothing any more
    List {
        /// Only those that cover the release of these gates: service@version/environment, or the full id
        gates: Vec<String>,
        /// Only those of this service; may be given several times. The default is all configured services
        #[arg(long, value_name = "NAME")]
        service: Vec<String>,
    },
    /// Write what is dismissed in the release of a gate as a document for other tools
    Export {
        /// service@version/environment, or the full id
        gate: String,
        /// The format: openvex, cyclonedx or sarif
        #[arg(long)]
        format: String,
        /// Write to this file instead of standard output
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Take statements of other tools over: shown as a plan, then signed as dismissals
    Import(ImportArgs),
    /// Tell the systems that findings come from of the dismissals in force; prints what it would do, and asks
    Push(PushArgs),
}

/// Options of `triage import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// service@version/environment, or the full id
    pub gate: String,
    /// Documents in OpenVEX, CycloneDX or SARIF; `-` is standard input
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Show the plan, and sign nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Where it holds, if the document does not say: environment (this service in this environment, the default),
    /// service, version, artifact or everywhere; several by comma
    #[arg(long, default_value = crate::domain::triage::SCOPE)]
    pub scope: String,
    /// How long it holds, if the document gives no end: 90d (the default), 12h, a date, or never; accepted needs it
    #[arg(long)]
    pub expires: Option<String>,
    /// Why it does not matter, where the document gives no justification that is known; not-affected needs it
    #[arg(long, value_name = "J")]
    pub justification: Option<String>,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
}
