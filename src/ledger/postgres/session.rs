//! One connection, driven on a thread of its own, so that whoever waits for an answer never keeps it from coming.

use std::collections::HashMap;
use std::future::Future;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

use super::address::{Address, Place};
use super::fault::Fault;
use super::tls::Connector;
use crate::secrets::Secret;

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(10);
/// Until an answer is there; the server breaks off sooner.
const ANSWER: Duration = Duration::from_secs(40);

/// What holds for each session. Names are found in `pg_catalog` only: nobody's function takes the place of the server's.
const SETTINGS: &str = "SET search_path = pg_catalog; SET synchronous_commit = on; SET statement_timeout = '30s'; \
                        SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '30s'; \
                        SET row_security = off";

/// Parameters of a statement.
pub(super) type Parameters = Vec<Box<dyn ToSql + Send + Sync>>;

/// How a server is reached, and the thread that talks to it.
pub(super) struct Link {
    runtime: Option<Runtime>,
    config: Config,
    tls: Option<Connector>,
}

/// A connection.
pub(super) struct Session {
    client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
    driver: JoinHandle<()>,
}

impl Link {
    /// Sets it up; connects nowhere yet. The error is a full sentence.
    pub(super) fn new(address: &Address, password: Option<&Secret>) -> Result<Self, String> {
        let mut config = Config::new();
        config
            .user(&address.role)
            .dbname(&address.database)
            .port(address.port)
            .application_name("countersign")
            .connect_timeout(CONNECT)
            .keepalives_idle(Duration::from_secs(30))
            .tcp_user_timeout(ANSWER);
        match &address.host {
            Place::Net(host) => config.host(host),
            Place::Socket(folder) => config.host_path(folder),
        };
        if let Some(password) = password {
            config.password(password.expose());
        }
        config.ssl_mode(if address.tls.is_some() { SslMode::Require } else { SslMode::Disable });
        let tls = address.tls.as_ref().map(Connector::new).transpose()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(1)
            .thread_name("postgres")
            .enable_all()
            .build()
            .map_err(|e| format!("No thread for PostgreSQL can be started ({e})."))?;
        Ok(Self { runtime: Some(runtime), config, tls })
    }

    /// Connects, and sets what holds for the session.
    pub(super) fn connect(&self) -> Result<Arc<Session>, Fault> {
        let (config, tls) = (self.config.clone(), self.tls.clone());
        let (client, driver) = self.run(CONNECT * 2, async move {
            let said = |e: tokio_postgres::Error| Fault::of(&e);
            let (client, driver) = if let Some(tls) = tls {
                let (client, connection) = config.connect(tls).await.map_err(said)?;
                (client, tokio::spawn(async move { drop(connection.await) }))
            } else {
                let (client, connection) = config.connect(NoTls).await.map_err(said)?;
                (client, tokio::spawn(async move { drop(connection.await) }))
            };
            client.batch_execute(SETTINGS).await.map_err(said)?;
            Ok((client, driver))
        })?;
        Ok(Arc::new(Session { client, statements: Mutex::default(), driver }))
    }

    /// Runs statements that give nothing back.
    pub(super) fn execute(&self, session: &Arc<Session>, sql: String) -> Result<(), Fault> {
        let session = Arc::clone(session);
        self.run(ANSWER, async move { session.client.batch_execute(&sql).await.map_err(|e| Fault::of(&e)) })
    }

    /// Runs one statement.
    pub(super) fn query(
        &self,
        session: &Arc<Session>,
        sql: &'static str,
        parameters: Parameters,
    ) -> Result<Vec<Row>, Fault> {
        let session = Arc::clone(session);
        self.run(ANSWER, async move {
            let said = |e: tokio_postgres::Error| Fault::of(&e);
            let known = session.statements.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
            let statement = if let Some(statement) = known {
                statement
            } else {
                let made = session.client.prepare(sql).await.map_err(said)?;
                session.statements.lock().unwrap_or_else(PoisonError::into_inner).insert(sql, made.clone());
                made
            };
            let listed: Vec<&(dyn ToSql + Sync)> =
                parameters.iter().map(|p| p.as_ref() as &(dyn ToSql + Sync)).collect();
            session.client.query(&statement, &listed).await.map_err(said)
        })
    }

    /// Runs work on the link's own thread and waits for it. Whatever thread waits, the work goes on.
    fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> Result<T, Fault> {
        let Some(runtime) = &self.runtime else { return Err(Fault::late()) };
        let (answer, coming) = mpsc::sync_channel(1);
        runtime.spawn(async move {
            let done = tokio::time::timeout(limit, work).await;
            // If nobody waits any more, nobody wants it.
            answer.send(done.unwrap_or_else(|_e| Err(Fault::late()))).ok();
        });
        coming.recv_timeout(limit + Duration::from_secs(5)).unwrap_or_else(|_e| Err(Fault::late()))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // It may be dropped on a thread that must not wait.
            runtime.shutdown_background();
        }
    }
}

impl Session {
    /// Whether the connection has ended.
    pub(super) fn is_over(&self) -> bool {
        self.client.is_closed() || self.driver.is_finished()
    }
}
