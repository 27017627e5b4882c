//! The shape of the configuration, as `guide` CONFIG describes it; the JSON Schema is generated from here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::severity::Severity;

/// The whole configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Who signs.
    pub signer: SignerConfig,
    /// Whose signatures count.
    pub trust: TrustConfig,
    /// Where decisions are kept.
    pub ledger: LedgerConfig,
    /// The systems, by name.
    pub connections: BTreeMap<String, ConnectionConfig>,
    /// What belongs to a release, by service.
    pub service: Vec<ServiceConfig>,
    /// How the console looks.
    pub console: ConsoleConfig,
}

impl Config {
    /// The environment variables that hold secrets: programs that are started do not get them.
    pub fn secret_variables(&self) -> Vec<String> {
        let tokens = self.connections.values().filter_map(|c| c.token.as_ref());
        let mirrors = self.ledger.mirrors.iter().filter_map(|m| match m {
            MirrorConfig::S3(s3) => Some([&s3.access_key, &s3.secret_key]),
            MirrorConfig::Folder(_) | MirrorConfig::Git(_) => None,
        });
        let own = self.ledger.password.iter().chain(&self.signer.vault_token);
        let named = tokens.chain(own).chain(mirrors.flatten()).filter_map(|secret| match secret {
            SecretConfig::Env(name) => Some(name.clone()),
            _ => None,
        });
        named.collect()
    }
}

/// The approver's key. At most one of `agent`, `key` and `vault` is set; none means the only key in the agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SignerConfig {
    /// A key in the ssh-agent, by its fingerprint `SHA256:...`, or by the path of its `.pub` file.
    pub agent: Option<String>,
    /// A private key file, of OpenSSH or in PKCS#8 (PEM).
    pub key: Option<PathBuf>,
    /// A key in the transit engine of Vault or OpenBao: `transit/keys/release`.
    pub vault: Option<String>,
    /// Vault's address.
    pub vault_url: Option<String>,
    /// Vault's token.
    pub vault_token: Option<SecretConfig>,
    /// TLS material for Vault.
    pub vault_tls: TlsConfig,
    /// How signatures are made. The default is `sshsig` for keys in an agent and OpenSSH's key files, and `raw` for
    /// PKCS#8 files and Vault.
    pub profile: Option<ProfileConfig>,
}

/// How signatures are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProfileConfig {
    /// OpenSSH signatures, which `ssh-keygen -Y verify` checks.
    Sshsig,
    /// Bare signatures, which cosign and other tools for DSSE check.
    Raw,
}

/// Whose signatures count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrustConfig {
    /// The OpenSSH allowed_signers file.
    pub allowed_signers: Option<PathBuf>,
    /// An OpenSSH key revocation list, or a file of public keys.
    pub revoked: Option<PathBuf>,
    /// The approvers file: roles, other names of people, what gates need. Its signature is in the file of the same name
    /// with `.sig`.
    pub approvers: Option<PathBuf>,
    /// A file of the ledger keys whose checkpoints are believed, one C2SP vkey a line. Without it, the keys that the
    /// ledger itself lists are believed.
    pub ledger_keys: Option<PathBuf>,
    /// Certificates of the authorities whose time stamps count (RFC 3161), in PEM.
    pub timestamp_authorities: Option<PathBuf>,
    /// Where time stamps over new signatures are fetched from.
    pub timestamp_url: Option<String>,
    /// What the signatures of attestations are traced back to: a `trusted_root.json` of Sigstore, several as JSON lines,
    /// or `public-good` for the root of the public good instance that this program was built with.
    pub sigstore_root: Option<PathBuf>,
}

/// Where decisions are kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LedgerConfig {
    /// `sqlite:///path/ledger.db`; the default lies in `$XDG_DATA_HOME/countersign`. For a team
    /// `postgres://role@host/database`.
    pub url: Option<String>,
    /// The file of the key that signs the ledger's checkpoints; made if it is not there. The default lies beside the
    /// ledger.
    pub key: Option<PathBuf>,
    /// PostgreSQL: the password of the role.
    pub password: Option<SecretConfig>,
    /// Where each checkpoint is copied to, out of reach of whoever can rewrite the ledger.
    pub mirrors: Vec<MirrorConfig>,
}

/// A place for copies of checkpoints; exactly one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum MirrorConfig {
    /// A folder.
    Folder(PathBuf),
    /// The working tree of a git repository: each checkpoint is a commit.
    Git(PathBuf),
    /// A bucket of S3 with object lock.
    S3(Box<S3Config>),
}

/// A bucket of S3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// `https://s3.eu-central-1.amazonaws.com`.
    pub endpoint: String,
    /// The bucket; it has object lock switched on.
    pub bucket: String,
    /// The region that requests are signed for. The default is `us-east-1`.
    #[serde(default)]
    pub region: Option<String>,
    /// What stands before each name, such as `countersign/`.
    #[serde(default)]
    pub prefix: Option<String>,
    /// How long a checkpoint cannot be removed: `365d`, which is the default.
    #[serde(default)]
    pub retain: Option<String>,
    /// The access key's id.
    pub access_key: SecretConfig,
    /// The secret access key.
    pub secret_key: SecretConfig,
    /// TLS material.
    #[serde(default)]
    pub tls: TlsConfig,
}

/// One system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionConfig {
    /// Which system it is.
    pub kind: ConnectionKind,
    /// Its address.
    pub url: String,
    /// TLS material.
    #[serde(default)]
    pub tls: TlsConfig,
    /// The user, for systems that want one beside the token.
    #[serde(default)]
    pub user: Option<String>,
    /// The password or token.
    #[serde(default)]
    pub token: Option<SecretConfig>,
    /// Jira: `cloud` or `data-center`. The default is `cloud`.
    #[serde(default)]
    pub flavour: Option<JiraFlavour>,
}

/// Kinds of systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionKind {
    /// Spinnaker's Gate.
    Spinnaker,
    /// Jenkins.
    Jenkins,
    /// Jira.
    Jira,
    /// SonarQube.
    Sonarqube,
    /// GitHub.
    Github,
    /// OWASP Dependency-Track: told of dismissals only.
    DependencyTrack,
    /// DefectDojo: told of dismissals only.
    Defectdojo,
}

impl ConnectionKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Spinnaker => "spinnaker",
            Self::Jenkins => "jenkins",
            Self::Jira => "jira",
            Self::Sonarqube => "sonarqube",
            Self::Github => "github",
            Self::DependencyTrack => "dependency-track",
            Self::Defectdojo => "defectdojo",
        }
    }
}

/// Kinds of Jira.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JiraFlavour {
    /// Jira Cloud.
    Cloud,
    /// Jira Data Center or Server.
    DataCenter,
}

/// TLS material: paths of PEM files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// Authorities to trust besides the machine's.
    pub ca: Option<PathBuf>,
    /// The client's certificate.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

/// Where a secret is read from; exactly one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum SecretConfig {
    /// The keyring, under this name.
    Keyring(String),
    /// An environment variable.
    Env(String),
    /// A file that only its owner can read.
    File(PathBuf),
    /// What a program prints.
    Command(Vec<String>),
}

/// What belongs to a release of one service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceConfig {
    /// The service's name.
    pub name: String,
    /// The environments that it is released to. A gate's environment is the one whose name stands as a word in the
    /// stage's or the pipeline's name; with one environment, always that.
    pub environments: Vec<String>,
    /// Which gates are its.
    pub gate: GateConfig,
    /// Where its builds are.
    pub builds: Vec<BuildsConfig>,
    /// Where its tickets are.
    pub tickets: Vec<TicketsConfig>,
    /// Where its findings are.
    pub findings: Vec<FindingsConfig>,
    /// Where its changes are.
    pub changes: Vec<ChangesConfig>,
    /// Where the attestations of its artifacts are, and what is expected of them.
    pub provenance: Vec<ProvenanceConfig>,
    /// Which systems `countersign triage push` tells of dismissals, and where its findings are there.
    pub push: Vec<PushConfig>,
    /// What must be there and complete: `builds`, `tickets`, `findings`, `changes`, `provenance`, `findings:CLASS`.
    pub required: Vec<String>,
    /// How many people it takes to dismiss a finding; one, if left out.
    pub dismissals: Option<DismissalsConfig>,
}

/// How many people it takes to dismiss a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DismissalsConfig {
    /// So many people have to have signed the same status of it.
    #[schemars(range(min = 1, max = 9))]
    pub people: usize,
    /// Of findings of this severity and worse; of all, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LeastSeverity>,
}

/// The least severity that something is asked for. Unknown counts as high.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LeastSeverity {
    /// Critical alone.
    Critical,
    /// High and worse.
    High,
    /// Medium and worse.
    Medium,
    /// Low and worse.
    Low,
    /// All.
    Info,
}

impl LeastSeverity {
    /// The severity itself.
    pub fn severity(self) -> Severity {
        match self {
            Self::Critical => Severity::Critical,
            Self::High => Severity::High,
            Self::Medium => Severity::Medium,
            Self::Low => Severity::Low,
            Self::Info => Severity::Info,
        }
    }
}

/// Which gates are a service's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GateConfig {
    /// The connection.
    pub from: String,
    /// The application.
    pub application: String,
    /// Only this pipeline.
    pub pipeline: Option<String>,
}

/// Where builds are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BuildsConfig {
    /// The connection.
    pub from: String,
    /// The job, for runs whose trigger names no build. A template.
    pub job: Option<String>,
}

/// Where tickets are: by `jql` or by `keys_in`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TicketsConfig {
    /// The connection.
    pub from: String,
    /// A query. A template.
    pub jql: Option<String>,
    /// `changes`: the keys in the commit messages of the change.
    pub keys_in: Option<KeysIn>,
}

/// Where keys of tickets stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeysIn {
    /// In the commit messages of the change.
    Changes,
}

/// Where findings are: a SonarQube project, artifacts of the build, or a folder.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FindingsConfig {
    /// The connection; not for `path`.
    pub from: Option<String>,
    /// SonarQube: the project's key. A template.
    pub project: Option<String>,
    /// SonarQube: the branch, if not the main one. A template.
    pub branch: Option<String>,
    /// Jenkins: a glob over the archived files.
    pub artifacts: Option<String>,
    /// A folder or file of this machine. A template.
    pub path: Option<String>,
}

/// Where changes are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChangesConfig {
    /// The connection.
    pub from: String,
    /// `owner/name`. A template.
    pub repository: String,
}

/// Where attestations are: a folder, or artifacts of the build. And what is expected of them: an issuer with an identity
/// or a repository, or a key. Without that they are shown, and never verified.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProvenanceConfig {
    /// The connection; not for `path`.
    pub from: Option<String>,
    /// Jenkins: a glob over the archived files.
    pub artifacts: Option<String>,
    /// A folder or file of this machine. A template.
    pub path: Option<String>,
    /// Who vouched for the signer, `https://token.actions.githubusercontent.com`; `none` for a certificate that names
    /// nobody.
    pub issuer: Option<String>,
    /// Who signed: the certificate's subject alternative name. `*` stands for anything but a slash, `**` for anything. A
    /// template.
    pub identity: Option<String>,
    /// A public key of one's own, in a PEM file, instead of issuer and identity.
    pub key: Option<PathBuf>,
    /// With a key: whether a transparency log must hold the attestation. The default is yes.
    pub log: Option<bool>,
    /// The source repository, `https://github.com/acme/payments`. Stars as in `identity`. A template.
    pub repository: Option<String>,
    /// The ref that was built, `refs/heads/main`. Stars as in `identity`. A template.
    pub branch: Option<String>,
    /// What is attested: `slsa` (the default), `signature` for a signature over the artifact itself, or the URI of a
    /// predicate.
    pub predicate: Option<String>,
    /// Whether an attestation must name the release's commit to count. The default is yes for `slsa`, which has a place
    /// for it, and no for all others. One that names another commit never counts.
    pub require_commit: Option<bool>,
}

/// A system that is told of dismissals, and where the service's findings are there. SonarQube needs no more than `to`: an
/// issue is found by the key that came with it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PushConfig {
    /// The connection.
    pub to: String,
    /// Dependency-Track: the project's name or UUID. A template.
    pub project: Option<String>,
    /// Dependency-Track: the project's version, beside its name. A template.
    pub version: Option<String>,
    /// DefectDojo: the product's name. A template.
    pub product: Option<String>,
    /// DefectDojo: the engagement's name, if only findings of one are meant. A template.
    pub engagement: Option<String>,
    /// GitHub: `owner/name`. A template.
    pub repository: Option<String>,
}

/// How the console looks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConsoleConfig {
    /// A theme's name: `dark`, `light`, `ansi`, `mono`, `high-contrast`, or the path of a TOML file; `auto` for `dark` or
    /// `light` by what COLORFGBG says. The default is `ansi`, or `mono` where NO_COLOR is set.
    pub theme: Option<String>,
    /// A TOML file of keys, of the shape of `assets/keymap/default.toml`; it replaces the keys of the actions that it
    /// names.
    pub keymap: Option<PathBuf>,
    /// `auto`, `unicode` or `ascii`.
    pub glyphs: Option<Glyphs>,
    /// Whether the mouse is listened to. The default is no.
    pub mouse: Option<bool>,
    /// The program that links are opened with, and its arguments; the link is added as the last one. No shell.
    pub open: Option<Vec<String>>,
    /// The program that text is copied with, and its arguments; it gets the text on standard input. No shell.
    pub copy: Option<Vec<String>>,
    /// Filters over the inbox that the palette offers: name and query, as `countersign inbox --query` takes it.
    pub filters: BTreeMap<String, String>,
    /// Seconds between two refreshes; 0 means only when asked. The default is 30.
    pub refresh_seconds: Option<u32>,
}

/// Which glyphs are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Glyphs {
    /// By the locale.
    Auto,
    /// Box drawing and symbols.
    Unicode,
    /// ASCII only.
    Ascii,
}
