//! The commands, one file each; standard output only through `output`.

pub mod afterwards;
pub mod args;
pub mod config;
pub mod decide;
pub mod demo;
pub mod dismiss;
pub mod doctor;
pub mod exchange;
pub mod findings;
pub mod generate;
pub mod inbox;
pub mod json;
pub mod ledger;
pub mod login;
pub mod output;
pub mod prompt;
pub mod provenance;
pub mod roles;
pub mod scan;
pub mod show;
pub mod triage;
pub mod triage_push;
pub mod verify;

use std::collections::BTreeMap;

use args::{Cli, Command, ConfigCommand, Global, LedgerCommand, RolesCommand, TriageCommand};
use clap::Parser as _;
use output::Output;

use crate::domain::decision::Verb;
use crate::domain::query::QueryError;
use crate::error::{AppError, ErrorKind};
use crate::review::progress::quiet;
use crate::review::{Desk, Surroundings, deliver};

/// Threads for what blocks: files, the ledger, names of hosts, an agent. Each keeps memory of its own, and few are ever
/// busy at once; but a host name that is looked up for seconds must not hold up the others.
const BLOCKING: usize = 8;

/// What every command is given.
pub struct Context {
    /// The only door out.
    pub output: Output,
    /// Options of every command.
    pub global: Global,
    /// Environment variables, read once at the start.
    pub env: BTreeMap<String, String>,
}

impl Context {
    /// An environment variable that is set and not empty.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// What the use cases need to know of where they run.
    pub fn surroundings(&self) -> Surroundings {
        Surroundings {
            env: self.env.clone(),
            cwd: std::env::current_dir().unwrap_or_else(|_e| "/".into()),
            explicit: self.global.config.clone(),
            overrides: self.global.theme.iter().map(|t| ("console.theme".to_owned(), t.clone())).collect(),
            readonly: self.global.readonly,
            timeout: self.global.timeout.map(std::time::Duration::from_secs),
            passphrase: prompt::passphrase(self),
        }
    }

    /// Everything that the use cases need, from the configuration.
    pub async fn desk(&self) -> Result<Desk, AppError> {
        Desk::open(self.surroundings()).await
    }

    /// Says what of the approver's own a crash left open, and what of the ledger does not count.
    pub async fn notices(&self, desk: &Desk) -> Result<(), AppError> {
        for problem in &desk.records().await?.problems {
            self.output.message(&format!("Warning: {problem}"));
        }
        if let Some(open) = deliver::open_sentence(desk).await {
            self.output.message(&open);
        }
        self.anchored(desk).await;
        Ok(())
    }

    /// Puts the newest checkpoint to the mirrors that do not have it yet, and says what is wrong with them.
    pub async fn anchored(&self, desk: &Desk) {
        for warning in Box::pin(desk.anchor()).await {
            self.output.message(&format!("Warning: {warning}"));
        }
    }

    /// Settles what of the approver's own a crash left open, but for what the command takes up itself.
    pub async fn settle(&self, desk: &Desk, taken_up: Option<(Verb, &str)>) {
        for line in deliver::settle_before(desk, taken_up, &quiet).await {
            self.output.message(&format!("An earlier decision of yours was open. {line}"));
        }
    }

    /// Whether somebody can be asked: there is a terminal on both sides, and prompts are allowed.
    pub fn can_ask(&self) -> bool {
        use std::io::IsTerminal as _;
        !self.global.no_input && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }
}

/// Parses the command line and runs it. Gives the exit code.
pub fn main(arguments: Vec<std::ffi::OsString>, env: BTreeMap<String, String>) -> u8 {
    // Where the system refuses, secrets are no worse off than in any other program.
    crate::secrets::harden().ok();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version are answers; everything else is wrong usage.
            let code = if e.use_stderr() { ErrorKind::Usage.exit_code() } else { 0 };
            e.print().ok();
            return code;
        }
    };
    let no_color = env.get("NO_COLOR").is_some_and(|v| !v.is_empty());
    let global = cli.global.clone();
    let output = Output::new(global.output, global.color, global.quiet, global.verbose, no_color);
    let told = output.clone();
    crate::contained::end_otherwise(move |error| told.failure(error));
    let context = Context { output, global, env };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(BLOCKING)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(e) => {
            context.output.failure(&AppError::internal(format!("The runtime cannot be started: {e}.")));
            return ErrorKind::Internal.exit_code();
        }
    };
    let result = runtime.block_on(run(&context, cli.command));
    // A blocked read of a terminal or an agent must not hold up the exit.
    runtime.shutdown_background();
    match result {
        Ok(()) => 0,
        Err(error) => {
            context.output.failure(&error);
            error.kind.exit_code()
        }
    }
}

async fn run(context: &Context, command: Option<Command>) -> Result<(), AppError> {
    let Some(command) = command else { return crate::tui::open::open(context.surroundings(), console(context)).await };
    match command {
        Command::Demo(args) => demo::run(context, &args).await,
        Command::Inbox { query } => inbox::run(context, query.as_deref()).await,
        Command::Show { gate } => show::show(context, &gate).await,
        Command::Findings { gate, query, group_by } => {
            findings::list(context, &gate, query.as_deref().unwrap_or_default(), group_by).await
        }
        Command::Dismiss(args) => dismiss::run(context, &args).await,
        Command::Triage { command: TriageCommand::List { gates, service } } => {
            triage::list(context, &gates, &service).await
        }
        Command::Triage { command: TriageCommand::Export { gate, format, file } } => {
            exchange::export(context, &gate, &format, file.as_deref()).await
        }
        Command::Triage { command: TriageCommand::Import(args) } => exchange::import(context, &args).await,
        Command::Triage { command: TriageCommand::Push(args) } => triage_push::run(context, &args).await,
        Command::Approve(args) => Box::pin(decide::run(context, Verb::Approve, &args, false)).await,
        Command::Reject(args) => Box::pin(decide::run(context, Verb::Reject, &args, false)).await,
        Command::Halt(args) => Box::pin(decide::run(context, Verb::Halt, &args, false)).await,
        Command::Comment(args) => Box::pin(decide::run(context, Verb::Comment, &args, false)).await,
        Command::BreakGlass(args) => Box::pin(decide::run(context, Verb::Approve, &args, true)).await,
        Command::Revoke { decision, reason } => afterwards::revoke(context, &decision, &reason).await,
        Command::Review { decision, reason } => afterwards::review(context, &decision, &reason).await,
        Command::Delegate(args) => afterwards::delegate(context, &args).await,
        Command::Roles { command: RolesCommand::Show } => roles::show(context).await,
        Command::Roles { command: RolesCommand::Check { file } } => roles::check(context, file.as_deref()).await,
        Command::Roles { command: RolesCommand::Record } => roles::record(context).await,
        Command::Verify(args) => verify::run(context, &args).await,
        Command::Provenance(args) => provenance::run(context, &args),
        Command::Digest { subject } => verify::digest(context, &subject).await,
        Command::Ledger { command: LedgerCommand::List } => ledger::list(context).await,
        Command::Ledger { command: LedgerCommand::Show { entry, export } } => {
            ledger::show(context, &entry, export.as_deref()).await
        }
        Command::Ledger { command: LedgerCommand::Check(arguments) } => ledger::check(context, &arguments).await,
        Command::Ledger { command: LedgerCommand::Prove { entry, from } } => {
            ledger::prove(context, entry.as_deref(), from).await
        }
        Command::Ledger { command: LedgerCommand::Export { dir } } => ledger::export(context, &dir).await,
        Command::Scan { formats: true, .. } => scan::formats(context),
        Command::Scan { files, format, .. } => scan::run(context, &files, format.as_deref()),
        Command::Login { connection } => login::login(context, &connection).await,
        Command::Logout { connection } => login::logout(context, &connection).await,
        Command::Doctor => doctor::run(context).await,
        Command::Config { command: ConfigCommand::Check } => config::check(context),
        Command::Config { command: ConfigCommand::Print } => config::print(context),
        Command::Config { command: ConfigCommand::Schema } => config::schema(context),
        Command::Config { command: ConfigCommand::Path } => config::path(context),
        Command::Completions { shell } => generate::completions(context, shell),
        Command::Man { dir } => generate::man(context, &dir),
    }
}

/// How the console is to be opened.
pub fn console(context: &Context) -> crate::tui::open::Console {
    use std::io::IsTerminal as _;
    let dumb = context.var("TERM").is_none_or(|t| t == "dumb");
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    crate::tui::open::Console {
        plain: context.global.plain || dumb || !terminal,
        terminal,
        no_color: context.var("NO_COLOR").is_some(),
        unicode: ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|v| context.var(v))
            .is_some_and(|v| v.to_ascii_lowercase().replace('-', "").contains("utf8")),
        term: context.var("TERM").unwrap_or_default().to_owned(),
        editor: context.var("VISUAL").or_else(|| context.var("EDITOR")).map(ToOwned::to_owned),
    }
}

/// A query that could not be read, with a caret under the place.
pub fn query_error(text: &str, error: &QueryError) -> AppError {
    let column = text.get(..error.span.start).map_or(0, |t| t.chars().count());
    let width = text.get(error.span.clone()).map_or(1, |t| t.chars().count().max(1));
    AppError::usage(format!(
        "The query cannot be read: {}\n  {text}\n  {}{}",
        error.message,
        " ".repeat(column),
        "^".repeat(width)
    ))
}
