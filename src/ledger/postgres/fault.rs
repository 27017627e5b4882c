//! What PostgreSQL and the way to it say, in full sentences with what to do.

use tokio_postgres::error::SqlState;

use crate::ledger::LedgerError;

/// Why something did not come about.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// The connection is gone, or no answer came: what was asked for may have been done.
    Lost(String),
    /// The server said no.
    Refused(String),
    /// What the server keeps its tables in is damaged.
    Corrupt(String),
}

impl Fault {
    /// The sentence.
    pub(super) fn why(self) -> String {
        match self {
            Self::Lost(why) | Self::Refused(why) | Self::Corrupt(why) => why,
        }
    }

    /// As an error of an open ledger.
    pub(super) fn used(self, location: &str) -> LedgerError {
        let location = location.to_owned();
        match self {
            Self::Corrupt(why) => LedgerError::Corrupt { location, why },
            Self::Lost(why) | Self::Refused(why) => LedgerError::Use { location, why },
        }
    }

    /// No answer in time.
    pub(super) fn late() -> Self {
        Self::Lost("PostgreSQL did not answer in time. Is it up, and the network?".to_owned())
    }

    /// What an error means.
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        if let Some(said) = error.as_db_error() {
            let text = said_by(said);
            return match said.code() {
                code if is_going(code) => {
                    Self::Lost(format!("PostgreSQL is stopping or starting ({text}). Try again."))
                }
                code if code.code().starts_with("XX") => Self::Corrupt(format!(
                    "PostgreSQL finds its own files damaged ({text}). Restore the ledger from a copy."
                )),
                code => Self::Refused(refusal(code, &text)),
            };
        }
        let text = chain(error);
        if error.is_closed() {
            return Self::Lost(format!("The connection to PostgreSQL was lost ({text})."));
        }
        if text.contains("password missing") {
            return Self::Refused(NO_PASSWORD.to_owned());
        }
        if text.contains("server does not support TLS") {
            return Self::Refused(
                "The server offers no TLS. Switch it on there (ssl = on), or say sslmode=disable in ledger.url if nobody \
                 else can listen on the way."
                    .to_owned(),
            );
        }
        let lower = text.to_lowercase();
        if ["certificate", "tls", "handshake"].iter().any(|word| lower.contains(word)) {
            return Self::Refused(format!(
                "No secure connection ({text}). Check the server's certificate and the name in ledger.url, and sslrootcert, \
                 sslcert and sslkey there."
            ));
        }
        Self::Lost(format!(
            "PostgreSQL cannot be reached ({text}). Is ledger.url right, and are the server and the network up?"
        ))
    }
}

const NO_PASSWORD: &str = "The server asks for a password, and none is configured. Say where it is: [ledger] password = \
                           { keyring = \"..\" }, { env = \"..\" }, { file = \"..\" } or { command = [\"..\"] }.";

/// The server ends or begins.
fn is_going(code: &SqlState) -> bool {
    [
        &SqlState::ADMIN_SHUTDOWN,
        &SqlState::CRASH_SHUTDOWN,
        &SqlState::CANNOT_CONNECT_NOW,
        &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        &SqlState::TOO_MANY_CONNECTIONS,
    ]
    .contains(&code)
}

fn refusal(code: &SqlState, text: &str) -> String {
    if [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION].contains(code) {
        return format!(
            "The server does not let us in ({text}). Check the role in ledger.url, [ledger] password, and the server's \
             pg_hba.conf."
        );
    }
    match *code {
        SqlState::INVALID_CATALOG_NAME => {
            format!("There is no such database ({text}). Check ledger.url, or make it with createdb.")
        }
        SqlState::INSUFFICIENT_PRIVILEGE => format!(
            "The role may not do that ({text}). docs/team-ledger.md has the grants that a writer and a reader need."
        ),
        SqlState::READ_ONLY_SQL_TRANSACTION => {
            format!(
                "The server takes no writes ({text}): it is a standby, or set to read only. Name the primary in ledger.url."
            )
        }
        SqlState::LOCK_NOT_AVAILABLE => {
            "Another writer has held the ledger for too long. Try again, or end that writer's \
                                         session on the server. Nothing was written."
                .to_owned()
        }
        SqlState::QUERY_CANCELED => format!("PostgreSQL broke off what took too long ({text}). Try again."),
        SqlState::DISK_FULL => format!("The server's disk is full ({text}). Nothing was written."),
        _ => format!("PostgreSQL refused it ({text})."),
    }
}

/// What the server said, in a line: its message, never the values of a row.
fn said_by(said: &tokio_postgres::error::DbError) -> String {
    let text = format!("{}, {}", said.message().trim_end_matches('.'), said.code().code());
    crate::text::line(&text).chars().take(300).collect()
}

fn chain(error: &tokio_postgres::Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut next = std::error::Error::source(error);
    while let Some(e) = next {
        let text = e.to_string();
        if !texts.iter().any(|t| t.contains(&text)) {
            texts.push(text);
        }
        next = e.source();
    }
    crate::text::line(&texts.join(": ")).chars().take(300).collect()
}
