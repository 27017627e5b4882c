//! A world that is being served, and what tests may ask of it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

use super::attest::Builder;
use super::call::{StandIn, Times, lock};
use super::defectdojo::Defectdojo;
use super::dependency_track::DependencyTrack;
use super::fault::{Fault, Faults};
use super::github::Github;
use super::jenkins::Jenkins;
use super::jira::Jira;
use super::seed;
use super::server::{Port, Shared, serve};
use super::sonarqube::Sonarqube;
use super::spinnaker::Spinnaker;
use super::world::{Service, World};
use super::{LabError, Options, TlsFiles};

/// Where the stand-ins listen.
#[derive(Debug, Clone, Default)]
pub struct Urls {
    /// Spinnaker's Gate.
    pub spinnaker: String,
    /// Spinnaker's Gate with client certificates, where [`Options::tls`] was given. Its host is `localhost`.
    pub spinnaker_x509: Option<String>,
    /// Jenkins.
    pub jenkins: String,
    /// Jira Cloud.
    pub jira: String,
    /// Jira Data Center.
    pub jira_dc: String,
    /// SonarQube.
    pub sonarqube: String,
    /// GitHub.
    pub github: String,
    /// Dependency-Track.
    pub dependency_track: String,
    /// DefectDojo.
    pub defectdojo: String,
}

/// What a stand-in wants to hear. The secret is made up anew at each start.
#[derive(Clone)]
pub struct Credential {
    /// The user, where the system wants one.
    pub user: String,
    /// The password or token.
    pub secret: SecretString,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Credential {
    fn new(user: &str) -> Result<Self, LabError> {
        let mut bytes = [0_u8; 20];
        getrandom::fill(&mut bytes).map_err(|e| LabError::Key(e.to_string()))?;
        Ok(Self { user: user.to_owned(), secret: seed::hex(&bytes).into() })
    }
}

/// One request that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// By which stand-in.
    pub service: Service,
    /// `GET`.
    pub method: String,
    /// The path as sent.
    pub path: String,
    /// The query, decoded.
    pub query: Vec<(String, String)>,
    /// Whether it carried credentials.
    pub authorized: bool,
}

/// A world that is being served. Dropping it ends every connection.
pub struct Running {
    /// Where the stand-ins listen.
    pub urls: Urls,
    pub(super) world: World,
    /// Its key is the same for all homes.
    pub(super) builder: Builder,
    shared: Arc<Shared>,
    credentials: Vec<(Service, Credential)>,
    spinnaker: Arc<Spinnaker>,
    jenkins: Arc<Jenkins>,
    jira: Arc<Jira>,
    sonarqube: Arc<Sonarqube>,
    dependency_track: Arc<DependencyTrack>,
    defectdojo: Arc<Defectdojo>,
    github: Arc<Github>,
    tasks: Vec<JoinHandle<()>>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("urls", &self.urls).finish_non_exhaustive()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Serves a world on free ports of 127.0.0.1. Must be called within a tokio runtime.
pub async fn start(world: World, options: Options) -> Result<Running, LabError> {
    let scale = options.scale.max(1);
    let times = Times { start: options.clock.now().millis(), clock: options.clock };
    let shared = Arc::new(Shared {
        faults: Mutex::new(Faults::new(world.fault.clone())),
        seen: Mutex::new(VecDeque::new()),
        scale,
    });
    let mut credentials = Vec::new();
    for (service, user) in [
        (Service::Spinnaker, "demo"),
        (Service::Jenkins, "demo"),
        (Service::Jira, "demo@countersign.example"),
        (Service::JiraDc, "demo"),
        (Service::Sonarqube, "demo"),
        (Service::Github, "demo"),
        (Service::DependencyTrack, "demo"),
        (Service::Defectdojo, "demo"),
    ] {
        credentials.push((service, Credential::new(user)?));
    }
    let of = |service| credential(&credentials, service);

    let spinnaker = Arc::new(Spinnaker::new(&world, of(Service::Spinnaker), times.clone()));
    let jenkins = Arc::new(Jenkins::new(&world, of(Service::Jenkins), &times));
    let jira = Arc::new(Jira::new(&world, &times));
    let sonarqube = Arc::new(Sonarqube::new(&world, of(Service::Sonarqube), &times));
    let github = Arc::new(Github::new(&world, of(Service::Github), times));
    let dependency_track = Arc::new(DependencyTrack::new(&world, of(Service::DependencyTrack)));
    let defectdojo = Arc::new(Defectdojo::new(&world, of(Service::Defectdojo)));
    let systems: [(Service, Arc<dyn StandIn>); 8] = [
        (Service::Spinnaker, Arc::clone(&spinnaker) as _),
        (Service::Jenkins, Arc::clone(&jenkins) as _),
        (Service::Jira, Arc::new(Jira::cloud(&jira, of(Service::Jira))) as _),
        (Service::JiraDc, Arc::new(Jira::data_center(&jira, of(Service::JiraDc))) as _),
        (Service::Sonarqube, Arc::clone(&sonarqube) as _),
        (Service::Github, Arc::clone(&github) as _),
        (Service::DependencyTrack, Arc::clone(&dependency_track) as _),
        (Service::Defectdojo, Arc::clone(&defectdojo) as _),
    ];

    let mut running = Running {
        urls: Urls::default(),
        shared: Arc::clone(&shared),
        credentials,
        spinnaker: Arc::clone(&spinnaker),
        jenkins,
        jira,
        sonarqube,
        dependency_track,
        defectdojo,
        github,
        tasks: vec![tokio::spawn(Spinnaker::wake(spinnaker, scale))],
        builder: Builder::new().map_err(|e| LabError::Key(e.to_string()))?,
        world,
    };
    for (service, stand_in) in systems {
        let skew = running.world.skew.get(&service).map(|s| s * 1000);
        let port = Arc::new(Port { service, stand_in, shared: Arc::clone(&shared), skew });
        if let (Service::Spinnaker, Some(files)) = (service, &options.tls) {
            let (listener, number) = bind().await?;
            running.urls.spinnaker_x509 = Some(format!("https://localhost:{number}"));
            running.tasks.push(tokio::spawn(serve(listener, Some(acceptor(files)?), Arc::clone(&port))));
        }
        let (listener, number) = bind().await?;
        let url = format!("http://127.0.0.1:{number}");
        match service {
            Service::Spinnaker => running.urls.spinnaker = url,
            Service::Jenkins => running.urls.jenkins = url,
            Service::Jira => running.urls.jira = url,
            Service::JiraDc => running.urls.jira_dc = url,
            Service::Sonarqube => running.urls.sonarqube = url,
            Service::Github => running.urls.github = url,
            Service::DependencyTrack => running.urls.dependency_track = url,
            Service::Defectdojo => running.urls.defectdojo = url,
        }
        running.tasks.push(tokio::spawn(serve(listener, None, port)));
    }
    Ok(running)
}

async fn bind() -> Result<(TcpListener, u16), LabError> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(LabError::Bind)?;
    let number = listener.local_addr().map_err(LabError::Bind)?.port();
    Ok((listener, number))
}

fn credential(all: &[(Service, Credential)], service: Service) -> Credential {
    let found = all.iter().find(|(s, _)| *s == service).map(|(_, c)| c.clone());
    found.unwrap_or_else(|| Credential { user: String::new(), secret: String::new().into() })
}

fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, LabError> {
    let wrong = |e: &dyn fmt::Display| LabError::Tls(e.to_string());
    let read = |path| -> Result<Vec<CertificateDer<'static>>, LabError> {
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|e| wrong(&e))
    };
    let mut roots = RootCertStore::empty();
    for certificate in read(&files.client_ca)? {
        roots.add(certificate).map_err(|e| wrong(&e))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(|e| wrong(&e))?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(&e))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(read(&files.cert)?, PrivateKeyDer::from_pem_file(&files.key).map_err(|e| wrong(&e))?)
        .map_err(|e| wrong(&e))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

impl Running {
    /// What a stand-in wants to hear.
    pub fn credential(&self, service: Service) -> Credential {
        credential(&self.credentials, service)
    }

    /// The requests seen so far, oldest first; the last 50,000 are kept.
    pub fn requests(&self) -> Vec<Seen> {
        lock(&self.shared.seen).iter().cloned().collect()
    }

    /// How many requests came with this method to paths that begin with `route`.
    pub fn count(&self, service: Service, method: &str, route: &str) -> usize {
        let seen = lock(&self.shared.seen);
        seen.iter().filter(|s| s.service == service && s.method == method && s.path.starts_with(route)).count()
    }

    /// Forgets the requests seen so far.
    pub fn forget_requests(&self) {
        lock(&self.shared.seen).clear();
    }

    /// Sets one more fault; it goes before those of the world.
    pub fn add_fault(&self, fault: Fault) {
        lock(&self.shared.faults).add(fault);
    }

    /// Takes all faults away, those of the world too.
    pub fn clear_faults(&self) {
        lock(&self.shared.faults).clear();
    }

    /// The bodies of the PATCHes that reached a stage, in order, others' answers not counted: one that came twice is
    /// here twice.
    pub fn patches(&self, stage: &str) -> Vec<Value> {
        self.spinnaker.patches(stage)
    }

    /// The reasons of the cancellations that reached an execution, in order.
    pub fn cancellations(&self, execution: &str) -> Vec<String> {
        self.spinnaker.cancellations(execution)
    }

    /// An execution as Spinnaker holds it now.
    pub fn execution(&self, id: &str) -> Option<Value> {
        self.spinnaker.execution(id)
    }

    /// The gates that wait now: application, execution, stage, and the name of the stage.
    pub fn gates(&self) -> Vec<(String, String, String, String)> {
        self.spinnaker.gates()
    }

    /// Answers a gate as another person would in Spinnaker's own screens: `continue` or `stop`. It takes effect when the
    /// stage wakes.
    pub fn answer_as(&self, user: &str, stage: &str, answer: &str) -> bool {
        self.spinnaker.answer_as(user, stage, answer)
    }

    /// Makes the wait task look now, without waiting for its time.
    pub fn wake_now(&self) {
        self.spinnaker.tick();
    }

    /// Sets the status of a ticket and its category (`new`, `indeterminate` or `done`).
    pub fn set_ticket(&self, key: &str, status: &str, category: &str) -> bool {
        self.jira.set_status(key, status, category)
    }

    /// Replaces an archived file of a build, or adds it.
    pub fn set_artifact(&self, job: &str, number: u64, path: &str, bytes: Vec<u8>) -> bool {
        self.jenkins.set_artifact(job, number, path, bytes)
    }

    /// Sets the result of a build (`SUCCESS`, `FAILURE`, `UNSTABLE`, `ABORTED`).
    pub fn set_build_result(&self, job: &str, number: u64, result: &str) -> bool {
        self.jenkins.set_result(job, number, result)
    }

    /// An issue of SonarQube as it is now, with its transitions and comments.
    pub fn issue(&self, key: &str) -> Option<Value> {
        self.sonarqube.issue(key)
    }

    /// The analysis of a vulnerability in a component, by name, as Dependency-Track holds it; null if there is none.
    pub fn analysis(&self, component: &str, vulnerability: &str) -> Value {
        self.dependency_track.analysis(component, vulnerability)
    }

    /// An alert of GitHub as it is now.
    pub fn alert(&self, repository: &str, kind: &str, number: u64) -> Value {
        self.github.alert(repository, kind, number)
    }

    /// Dismisses an alert of GitHub as another person would in its own screens.
    pub fn dismiss_alert(&self, repository: &str, kind: &str, number: u64, reason: &str) -> bool {
        self.github.dismiss(repository, kind, number, reason)
    }

    /// A finding of DefectDojo, by its title, as it is now.
    pub fn dojo_finding(&self, title: &str) -> Value {
        self.defectdojo.finding(title)
    }

    /// The acceptances of risks that DefectDojo was told of, in order.
    pub fn dojo_acceptances(&self) -> Vec<Value> {
        self.defectdojo.acceptances()
    }

    /// Sets how an issue of SonarQube stands (`OPEN`, `ACCEPTED`), as another person would in its own screens.
    pub fn set_issue(&self, key: &str, status: &str) -> bool {
        self.sonarqube.set_issue(key, status)
    }

    /// Sets the status of a project's quality gate (`OK`, `WARN`, `ERROR`, `NONE`).
    pub fn set_quality_gate(&self, project: &str, status: &str) -> bool {
        self.sonarqube.set_gate(project, status)
    }
}
