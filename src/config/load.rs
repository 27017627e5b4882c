//! From the layers to the configuration.

mod layers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use layers::{Layer, layers};

use super::check::Checker;
use super::error::{ConfigError, Origin, Problem};
use super::schema::Config;
use super::tree::{From, Node, Place, Source, Table, Value, join};
use super::{paths, validate};

/// The built-in defaults.
const DEFAULT: &str = include_str!("../../assets/config/default.toml");

/// All that the configuration is read from.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The file of `--config`, or else of `COUNTERSIGN_CONFIG`. It must be there.
    pub explicit: Option<PathBuf>,
    /// The environment: variables that begin with `COUNTERSIGN__`, and HOME and XDG_DATA_HOME.
    pub environment: BTreeMap<String, String>,
    /// The machine's file. It may be missing.
    pub system: PathBuf,
    /// The user's file. It may be missing.
    pub user: Option<PathBuf>,
    /// What flags set, by full key: `("ledger.url", "sqlite:///x.db")`. Later ones win.
    pub overrides: Vec<(String, String)>,
    /// The folder that relative paths of variables and flags are relative to.
    pub cwd: PathBuf,
}

impl Inputs {
    /// The usual places, by the environment: `/etc/countersign/config.toml`, `$XDG_CONFIG_HOME/countersign/config.toml`
    /// (on macOS too), `COUNTERSIGN_CONFIG`.
    pub fn new(environment: impl IntoIterator<Item = (String, String)>, cwd: impl Into<PathBuf>) -> Self {
        let environment: BTreeMap<String, String> = environment.into_iter().collect();
        let user = folder(&environment, "XDG_CONFIG_HOME", ".config").map(|f| f.join("countersign/config.toml"));
        let explicit = environment.get("COUNTERSIGN_CONFIG").filter(|v| !v.is_empty()).map(PathBuf::from);
        Self {
            explicit,
            environment,
            system: PathBuf::from("/etc/countersign/config.toml"),
            user,
            overrides: Vec::new(),
            cwd: cwd.into(),
        }
    }

    /// The home folder.
    pub fn home(&self) -> Option<PathBuf> {
        home(&self.environment)
    }

    /// Where Countersign keeps its data: `$XDG_DATA_HOME/countersign`.
    pub fn data(&self) -> Option<PathBuf> {
        folder(&self.environment, "XDG_DATA_HOME", ".local/share").map(|f| f.join("countersign"))
    }

    /// Where Countersign keeps what it can do without: `$XDG_STATE_HOME/countersign`.
    pub fn state(&self) -> Option<PathBuf> {
        folder(&self.environment, "XDG_STATE_HOME", ".local/state").map(|f| f.join("countersign"))
    }
}

fn home(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    environment.get("HOME").map(PathBuf::from).filter(|p| p.is_absolute())
}

/// A folder as the XDG base directory specification has it: relative values do not count.
fn folder(environment: &BTreeMap<String, String>, variable: &str, below_home: &str) -> Option<PathBuf> {
    let said = environment.get(variable).map(PathBuf::from).filter(|p| p.is_absolute());
    said.or_else(|| Some(home(environment)?.join(below_home)))
}

/// A configuration, and where each of its values comes from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration: paths are absolute, and `ledger.url` is set wherever there is a home folder.
    pub config: Config,
    /// Where each value comes from, by full key: `connections.jenkins.url`, `service[0].builds[0].from`.
    pub origins: BTreeMap<String, Origin>,
    /// The layers, in the order in which later ones win.
    pub layers: Vec<Layer>,
    pub(super) tree: Node,
}

/// Reads and merges the layers, and checks what comes out. Blocking: reads files.
pub fn load(inputs: &Inputs) -> Result<Loaded, ConfigError> {
    let checker = Checker::new();
    let mut problems = Vec::new();
    let mut root = Node::empty_table(Place { source: source(From::Default, ""), span: 0..0 });
    let add = |root: &mut Node, mut layer: Node, problems: &mut Vec<Problem>| {
        checker.layer(&mut layer, problems);
        root.merge(layer, &mut Vec::new(), &|path| checker.is_whole(path));
    };
    for layer in layers::files(inputs) {
        match layer.and_then(|source| super::tree::parse(&source)) {
            Ok(tree) => add(&mut root, tree, &mut problems),
            Err(problem) => problems.push(problem),
        }
    }
    let variables = layers::variables(inputs, &root, &mut problems);
    add(&mut root, variables, &mut problems);
    let flags = layers::flags(inputs, &mut problems);
    add(&mut root, flags, &mut problems);
    stop(&mut problems)?;

    default_ledger(&mut root, inputs);
    checker.complete(&root, &mut problems);
    paths::resolve(&mut root, inputs.home().as_deref(), &inputs.cwd, &mut problems);
    stop(&mut problems)?;

    let config: Config = serde_json::from_value(root.json()).map_err(|_e| {
        // The checks above are against the schema of the same types. The error itself may quote values.
        root.place
            .problem("", "The configuration passes the checks and cannot be read. This is a fault of Countersign.")
    })?;
    validate::validate(&config, &root, &mut problems);
    stop(&mut problems)?;

    let mut origins = BTreeMap::new();
    root.walk("", &root.place, &mut |key, _, node| {
        if !matches!(node.value, Value::Table(_) | Value::List(_)) {
            origins.insert(key.to_owned(), node.place.origin());
        }
    });
    Ok(Loaded { config, origins, layers: layers(inputs), tree: root })
}

impl std::convert::From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

/// Ends with all problems found so far, by layer and within a file from top to bottom.
fn stop(problems: &mut Vec<Problem>) -> Result<(), ConfigError> {
    if problems.is_empty() {
        return Ok(());
    }
    let mut files: Vec<PathBuf> = Vec::new();
    let mut keyed: Vec<(usize, usize, usize, Problem)> = Vec::new();
    for problem in std::mem::take(problems) {
        let (rank, line, column) = match &problem.origin {
            Origin::File { path, line, column } => {
                let rank = files.iter().position(|f| f == path).unwrap_or_else(|| {
                    files.push(path.clone());
                    files.len() - 1
                });
                (rank + 1, *line, *column)
            }
            Origin::Default => (0, 0, 0),
            Origin::Variable(_) | Origin::Flag(_) => (usize::MAX, 0, 0),
        };
        keyed.push((rank, line, column, problem));
    }
    keyed.sort_by_key(|(rank, line, column, _)| (*rank, *line, *column));
    Err(ConfigError { problems: keyed.into_iter().map(|(.., problem)| problem).collect() })
}

fn source(from: From, text: impl Into<String>) -> Arc<Source> {
    Arc::new(Source { from, text: text.into() })
}

/// A value as text, from a variable or a flag.
fn said(from: From, text: &str) -> Node {
    let place = Place { source: source(from, text), span: 0..0 };
    Node { value: Value::Text(text.to_owned()), place }
}

/// Puts a node at a path of keys. The error is the key that stands in the way.
fn insert(root: &mut Node, path: &[String], leaf: Node) -> Result<(), String> {
    let place = leaf.place.clone();
    let mut at = root;
    let mut key = String::new();
    let Some((last, above)) = path.split_last() else { return Err(key) };
    for name in above {
        key = join(&key, name);
        let Value::Table(table) = &mut at.value else { return Err(key) };
        at = &mut table.entry(name.clone()).or_insert_with(|| (place.clone(), Node::empty_table(place.clone()))).1;
    }
    let Value::Table(table) = &mut at.value else { return Err(key) };
    if matches!(table.get(last), Some((_, Node { value: Value::Table(_), .. }))) {
        return Err(join(&key, last));
    }
    table.insert(last.clone(), (place, leaf));
    Ok(())
}

/// Without a word of the ledger, it lies in the user's data folder.
fn default_ledger(root: &mut Node, inputs: &Inputs) {
    let Some(path) = inputs.data().and_then(|f| Some(f.join("ledger.db").to_str()?.to_owned())) else { return };
    let mut leaf = said(From::Default, &format!("sqlite://{path}"));
    leaf.place = Place { source: source(From::Default, ""), span: 0..0 };
    let place = leaf.place.clone();
    let Value::Table(table) = &mut root.value else { return };
    let (_, ledger) =
        table.entry("ledger".to_owned()).or_insert_with(|| (place.clone(), Node::empty_table(place.clone())));
    if let Value::Table(ledger) = &mut ledger.value {
        ledger.entry("url".to_owned()).or_insert((place, leaf));
    }
}

/// An empty tree for a layer that is put together key by key.
fn layer(from: From) -> Node {
    Node { value: Value::Table(Table::new()), place: Place { source: source(from, ""), span: 0..0 } }
}

/// Makes a file's path absolute.
fn full(path: &Path, cwd: &Path) -> PathBuf {
    cwd.join(path)
}
