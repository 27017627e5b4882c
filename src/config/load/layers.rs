//! The layers: files, variables, flags.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::error::{Origin, Problem, meant};
use super::super::tree::{From, Node, Source};
use super::{DEFAULT, Inputs, full, insert, layer, said, source};

/// What variables that set keys begin with.
const PREFIX: &str = "COUNTERSIGN__";
/// A configuration file is not larger.
const LIMIT: u64 = 1024 * 1024;

/// A layer, for `config path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// `defaults`, `system`, `user`, `explicit`, `environment`, `flags`.
    pub name: &'static str,
    /// The file's path, or the names of the variables or keys. May be empty.
    pub location: String,
    /// Whether it is there.
    pub exists: bool,
}

/// The layers, in the order in which later ones win. Reads no file.
pub fn layers(inputs: &Inputs) -> Vec<Layer> {
    let file = |name, path: &Path| Layer {
        name,
        location: crate::text::line(&path.display().to_string()).into_owned(),
        exists: path.exists(),
    };
    let mut all = vec![Layer { name: "defaults", location: "built in".to_owned(), exists: true }];
    all.push(file("system", &inputs.system));
    all.extend(inputs.user.as_deref().map(|path| file("user", path)));
    all.extend(inputs.explicit.as_deref().map(|path| file("explicit", &full(path, &inputs.cwd))));
    let list = |name, keys: Vec<&str>| Layer {
        name,
        location: crate::text::line(&keys.join(", ")).into_owned(),
        exists: !keys.is_empty(),
    };
    all.push(list("environment", named(inputs).map(|(name, _)| name).collect()));
    all.push(list("flags", inputs.overrides.iter().map(|(key, _)| key.as_str()).collect()));
    all
}

/// The texts of the defaults and of the files that are there.
pub(super) fn files(inputs: &Inputs) -> Vec<Result<Arc<Source>, Problem>> {
    let mut found = vec![Ok(source(From::Default, DEFAULT))];
    let optional = [Some(&inputs.system), inputs.user.as_ref()];
    found.extend(optional.into_iter().flatten().filter_map(|path| read(&full(path, &inputs.cwd), false)));
    found.extend(inputs.explicit.as_ref().and_then(|path| read(&full(path, &inputs.cwd), true)));
    found
}

/// Reads a file; `None` if it is not there and need not be.
fn read(path: &Path, needed: bool) -> Option<Result<Arc<Source>, Problem>> {
    let problem = |message: &str| {
        let origin = Origin::File { path: path.to_owned(), line: 0, column: 0 };
        Some(Err(Problem { origin, key: String::new(), message: message.to_owned(), excerpt: None }))
    };
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes)) {
        Ok(_) if bytes.len() as u64 > LIMIT => problem("The file is larger than 1 MiB. Is it a configuration?"),
        Ok(_) => match String::from_utf8(bytes) {
            Ok(text) => Some(Ok(source(From::File(PathBuf::from(path)), text))),
            Err(_) => problem("The file is not UTF-8 text."),
        },
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            if needed {
                problem("There is no such file. Check --config and COUNTERSIGN_CONFIG.")
            } else {
                None
            }
        }
        Err(e) => problem(&format!("The file cannot be read ({e}).")),
    }
}

fn named(inputs: &Inputs) -> impl Iterator<Item = (&str, &str)> {
    inputs.environment.iter().filter(|(name, _)| name.starts_with(PREFIX)).map(|(n, v)| (n.as_str(), v.as_str()))
}

/// The layer of the variables. `below` is what the files say: `COUNTERSIGN__CONNECTIONS__MY_JIRA__URL` is for the
/// connection `my-jira` if there is one.
pub(super) fn variables(inputs: &Inputs, below: &Node, problems: &mut Vec<Problem>) -> Node {
    let mut root = layer(From::Variable(format!("{PREFIX}*")));
    for (name, value) in named(inputs) {
        let node = said(From::Variable(name.to_owned()), value);
        let place = node.place.clone();
        let steps: Vec<&str> = name.strip_prefix(PREFIX).unwrap_or_default().split("__").collect();
        if steps.iter().any(|s| s.is_empty()) {
            let message = "The name has an empty part. It is COUNTERSIGN__ and keys with __ between them, such as \
                           COUNTERSIGN__LEDGER__URL.";
            problems.push(place.problem("", message));
            continue;
        }
        let path = known_names(&steps, below);
        if let Err(key) = insert(&mut root, &path, node) {
            problems.push(place.problem(&key, format!("{key} is set by another variable already.")));
        }
    }
    root
}

fn known_names(steps: &[&str], below: &Node) -> Vec<String> {
    let plain = |name: &str| name.to_lowercase().replace(['-', '.'], "_");
    let mut at = Some(below);
    let mut path = Vec::new();
    for step in steps {
        let found = at.and_then(Node::table).and_then(|t| t.iter().find(|(name, _)| plain(name) == plain(step)));
        path.push(found.map_or_else(|| step.to_lowercase(), |(name, _)| name.clone()));
        at = found.map(|(_, (_, node))| node);
    }
    path
}

/// The layer of the flags.
pub(super) fn flags(inputs: &Inputs, problems: &mut Vec<Problem>) -> Node {
    let mut root = layer(From::Flag("*".to_owned()));
    for (key, value) in &inputs.overrides {
        let node = said(From::Flag(key.clone()), value);
        let place = node.place.clone();
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            problems.push(place.problem(key, format!("The key has an empty part. {}", meant(key, ["ledger.url"]))));
        } else if let Err(key) = insert(&mut root, &path, node) {
            problems.push(place.problem(&key, format!("{key} is set by another flag already.")));
        }
    }
    root
}
