//! The command line: names, options and their help, as the contract has them.

mod push;
mod triage;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use self::push::PushArgs;
pub use self::triage::{ImportArgs, TriageCommand};
use super::output::{ColorChoice, Format};
use crate::domain::grouping::GroupBy;

/// A release approval console for the terminal.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, about, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Without a command, the console opens.")]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Configuration file, read after the system's and the user's
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How results are written
    #[arg(long, global = true, value_enum, default_value = "table")]
    pub output: Format,
    /// When colours are used
    #[arg(long, global = true, value_enum, default_value = "auto")]
    pub color: ColorChoice,
    /// Say nothing but results and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Say more on standard error
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// Never prompt
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Change nothing: no decision, no dismissal, nothing settled
    #[arg(long, global = true)]
    pub readonly: bool,
    /// Longest time for one answer of a system, in seconds
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: Option<u64>,
    /// Theme of the console: auto, dark, light, ansi, mono, high-contrast, or a TOML file
    #[arg(long, global = true)]
    pub theme: Option<String>,
    /// The console without full-screen drawing
    #[arg(long, global = true)]
    pub plain: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the demo world on loopback, and the console on it
    Demo(DemoArgs),
    /// List the open gates
    Inbox {
        /// Only gates that the query matches, such as `verdict:block sev>=high`
        #[arg(long, value_name = "Q")]
        query: Option<String>,
    },
    /// Show the dossier of one gate: evidence, verdict, decisions, digest
    Show {
        /// service@version/environment, or the full id
        gate: String,
    },
    /// List the findings of one gate with their triage
    Findings {
        /// service@version/environment, or the full id
        gate: String,
        /// Only findings that the query matches, such as `sev>=high cvss>=7 !dismissed`; docs/query.md has the fields
        #[arg(long, value_name = "Q")]
        query: Option<String>,
        /// Put the findings into groups: severity, rule, component, file, tool or class
        #[arg(long, value_name = "FIELD", value_parser = group_by())]
        group_by: Option<GroupBy>,
    },
    /// Dismiss findings: signed, in the ledger, recognised again in later releases
    Dismiss(DismissArgs),
    /// Look at dismissals, and exchange them with other tools
    Triage {
        /// What to do with them.
        #[command(subcommand)]
        command: TriageCommand,
    },
    /// Answer a gate with yes
    Approve(DecideArgs),
    /// Answer a gate with no
    Reject(DecideArgs),
    /// Stop the pipeline's run, at a gate or not
    Halt(DecideArgs),
    /// Record a signed remark on a gate; nothing is answered
    Comment(DecideArgs),
    /// Approve alone, in an emergency: flagged everywhere, and to be reviewed by another person
    BreakGlass(DecideArgs),
    /// Take an approval back: your own, or as a revoker anybody's
    Revoke {
        /// The decision's id, or a prefix of its envelope's digest
        decision: String,
        /// Why; part of the signed document
        #[arg(long)]
        reason: String,
    },
    /// Say that you have looked at what somebody approved alone in an emergency
    Review {
        /// The decision's id, or a prefix of its envelope's digest
        decision: String,
        /// What you found; part of the signed document
        #[arg(long)]
        reason: String,
    },
    /// Lend roles of yours to somebody for a time, or take that back
    Delegate(DelegateArgs),
    /// Look at the approvers file: who holds which role, and what gates need
    Roles {
        /// What to do with it.
        #[command(subcommand)]
        command: RolesCommand,
    },
    /// Check signed decisions offline; what a pipeline runs
    Verify(VerifyArgs),
    /// Check who built what from where, offline: Sigstore bundles, SLSA provenance, attestations of npm, PyPI and GitHub
    Provenance(ProvenanceArgs),
    /// Print the short digest of a gate's dossier or of an envelope file, to compare on a second path
    Digest {
        /// A gate, or the path of an envelope
        subject: String,
    },
    /// Look into the ledger
    Ledger {
        /// What to look at.
        #[command(subcommand)]
        command: LedgerCommand,
    },
    /// Parse report files
    Scan {
        /// Report files, also packed with gzip or zip; `-` is standard input
        #[arg(required_unless_present = "formats")]
        files: Vec<PathBuf>,
        /// Take the files for this format instead of detecting it
        #[arg(long)]
        format: Option<String>,
        /// List the formats that can be read
        #[arg(long, conflicts_with = "files")]
        formats: bool,
    },
    /// Put the credentials of a connection into the keyring
    Login {
        /// The connection's name
        connection: String,
    },
    /// Remove the credentials of a connection from the keyring
    Logout {
        /// The connection's name
        connection: String,
    },
    /// Check configuration, connections, keys, clock and terminal, and say how to mend each
    Doctor,
    /// Look at the configuration
    Config {
        /// What to look at.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the man pages into a folder
    Man {
        /// The folder
        dir: PathBuf,
    },
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Print the settings for other shells and serve until stopped, without the console
    #[arg(long)]
    pub headless: bool,
    /// Keep everything in this folder instead of a temporary one
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

/// Options of `approve`, `reject`, `halt` and `comment`.
#[derive(Debug, Args)]
pub struct DecideArgs {
    /// service@version/environment, or the full id
    pub gate: String,
    /// Why; part of the signed document
    #[arg(long)]
    pub reason: String,
    /// The digest of the dossier that was seen; nothing is signed if it is another by now
    #[arg(long, value_name = "DIGEST")]
    pub expect: Option<String>,
    /// The gate's input to choose, where it has any
    #[arg(long, value_name = "INPUT")]
    pub option: Option<String>,
    /// Print the exact requests with secrets masked, and sign and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// Sign although the clocks differ by more than ten minutes; recorded
    #[arg(long)]
    pub allow_clock_skew: bool,
}

/// Options of `delegate`.
#[derive(Debug, Args)]
pub struct DelegateArgs {
    /// To whom: a principal of the approvers file
    #[arg(long, value_name = "PRINCIPAL", required_unless_present = "revoke")]
    pub to: Option<String>,
    /// A role that you hold; may be given several times
    #[arg(long, required_unless_present = "revoke")]
    pub role: Vec<String>,
    /// Until when: 8h, 5d, or a time
    #[arg(long, required_unless_present = "revoke")]
    pub until: Option<String>,
    /// From when on; the default is now
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// For which services: patterns; the default is all
    #[arg(long, value_name = "PATTERN")]
    pub service: Vec<String>,
    /// For which environments: patterns; the default is all
    #[arg(long, value_name = "PATTERN")]
    pub env: Vec<String>,
    /// Take the delegation of this id back
    #[arg(long, value_name = "ID", conflicts_with_all = ["to", "role", "until", "from", "service", "env"])]
    pub revoke: Option<String>,
    /// Why; part of the signed document
    #[arg(long)]
    pub reason: String,
}

/// What to do with the approvers file.
#[derive(Debug, Subcommand)]
pub enum RolesCommand {
    /// Show the file in force: people, rules, who signed it, whether the ledger has it
    Show,
    /// Check a file before it is signed or used, and say what is wrong
    Check {
        /// The file; without it, the configured one
        file: Option<PathBuf>,
    },
    /// Put the file in force into the ledger, if its serial grew
    Record,
}

/// Options of `dismiss`.
#[derive(Debug, Args)]
pub struct DismissArgs {
    /// service@version/environment, or the full id
    pub gate: String,
    /// Fingerprints of findings, or prefixes of at least six digits
    #[arg(required = true)]
    pub findings: Vec<String>,
    /// What is said of them: false-positive, not-affected or accepted
    #[arg(long = "as", value_name = "STATUS")]
    pub status: String,
    /// Why it does not matter, as OpenVEX names it; not-affected needs it
    #[arg(long, value_name = "J")]
    pub justification: Option<String>,
    /// The reasoning in your words; part of the signed record
    #[arg(long)]
    pub reason: String,
    /// How long it holds: 90d (the default), 12h, a date, or never; accepted needs it said, and an end
    #[arg(long)]
    pub expires: Option<String>,
    /// Where it holds: environment (this service in this environment, the default), service, version, artifact or
    /// everywhere; several by comma
    #[arg(long, default_value = crate::domain::triage::SCOPE)]
    pub scope: String,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
}

/// Options of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The gate that the decision must be for: its full id
    #[arg(long)]
    pub gate: String,
    /// The environment that it must be for
    #[arg(long)]
    pub env: String,
    /// Which time the gate is asked, where the pipeline knows it
    #[arg(long)]
    pub attempt: Option<String>,
    /// The commit that is to be released: it must be signed
    #[arg(long)]
    pub commit: Option<String>,
    /// The digest of an artifact that is to be released: it must be among its subjects. One for each
    #[arg(long, value_name = "DIGEST")]
    pub artifact: Vec<String>,
    /// The gate's input that must have been chosen
    #[arg(long, value_name = "INPUT")]
    pub option: Option<String>,
    /// The digest that its policy must have
    #[arg(long, value_name = "DIGEST")]
    pub policy: Option<String>,
    /// The service, where rules of the approvers file are for some services only
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Somebody who may not be among the approvers, by any name that the approvers file has
    #[arg(long, value_name = "NAME")]
    pub not_by: Vec<String>,
    /// As of when it is judged, in RFC 3339: for auditors. Now, if left out
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// A folder with `allowed_signers`; `revoked.krl` and `approvers.toml` with `approvers.toml.sig` if there are
    #[arg(long, value_name = "DIR")]
    pub trust: PathBuf,
    /// A folder that `countersign ledger export` wrote: the decisions on the gate in it
    #[arg(long, value_name = "EXPORT", conflicts_with = "envelopes")]
    pub dir: Option<PathBuf>,
    /// Envelope files; without any, the decisions on the gate in the configured ledger
    pub envelopes: Vec<PathBuf>,
}

/// Options of `provenance`.
#[derive(Debug, Args)]
pub struct ProvenanceArgs {
    /// The digest of an artifact that must be attested, sha256:.. or sha512:.., or the artifact itself
    #[arg(long, value_name = "DIGEST or FILE", required = true)]
    pub artifact: Vec<String>,
    /// Who must have vouched for the signer, such as https://token.actions.githubusercontent.com; `none` for a
    /// certificate that names nobody
    #[arg(long, conflicts_with = "key")]
    pub issuer: Option<String>,
    /// Who must have signed; `*` stands for anything but a slash, `**` for anything
    #[arg(long, conflicts_with = "key", requires = "issuer")]
    pub identity: Option<String>,
    /// The public key that must have signed, a PEM file
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// With --key: no transparency log is asked for
    #[arg(long, requires = "key")]
    pub no_log: bool,
    /// The source repository that it must be of, such as https://github.com/acme/payments
    #[arg(long)]
    pub repository: Option<String>,
    /// The ref that must have been built, such as refs/heads/main
    #[arg(long)]
    pub branch: Option<String>,
    /// The commit that it must be of
    #[arg(long)]
    pub commit: Option<String>,
    /// What must be attested: slsa, signature, or the URI of a predicate
    #[arg(long, default_value = "slsa")]
    pub predicate: String,
    /// The trusted root: a trusted_root.json, or public-good for the one that this version was built with
    #[arg(long, value_name = "FILE", default_value = crate::config::PUBLIC_GOOD)]
    pub root: PathBuf,
    /// Files of bundles or attestations
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
}

/// What to look at in the ledger.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// List entries
    List,
    /// Show one decision or entry in full
    Show {
        /// Its id, its position, or a prefix of a digest
        entry: String,
        /// Write the signed bytes and the signature to files in this folder, for ssh-keygen
        #[arg(long, value_name = "DIR")]
        export: Option<PathBuf>,
    },
    /// Check everything: entries, tree, checkpoints, signatures, and what decisions have seen of it
    Check(CheckArgs),
    /// Prove that an entry is in the ledger, or that the ledger grew out of what it was; JSON for another program
    #[command(group(clap::ArgGroup::new("of").required(true).args(["entry", "from"])))]
    Prove {
        /// Its position, its id, or a prefix of a digest
        entry: Option<String>,
        /// Prove that it grew out of its first SIZE entries
        #[arg(long, value_name = "SIZE")]
        from: Option<u64>,
    },
    /// Write the ledger to a folder that verifies by itself, or bring such a folder up to date
    Export {
        /// The folder
        dir: PathBuf,
    },
}

/// Options of `ledger check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Compare with what was seen elsewhere: a checkpoint, a decision's envelope, a text with checkpoints in it, or the
    /// folder of another export
    #[arg(long, value_name = "FILE")]
    pub anchor: Vec<PathBuf>,
    /// Check the folder of an export instead, with no configuration and no network
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Your own folder of trust for --dir, instead of the one that came with it
    #[arg(long, value_name = "DIR", requires = "dir")]
    pub trust: Option<PathBuf>,
}

/// What to look at in the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check it
    Check,
    /// Print it as it is in force, with where each value comes from
    Print,
    /// Print its JSON Schema
    Schema,
    /// List the files that it is read from
    Path,
}

/// Reads what findings are put into groups by.
fn group_by() -> impl clap::builder::TypedValueParser<Value = GroupBy> {
    use clap::builder::TypedValueParser as _;
    clap::builder::PossibleValuesParser::new(GroupBy::ALL.map(GroupBy::word))
        .try_map(|word| GroupBy::from_word(&word).ok_or("That is nothing to group by."))
}
