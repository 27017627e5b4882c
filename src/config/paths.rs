//! Paths in the configuration: relative to the file that they stand in, `~/` to the home folder.

use std::path::Path;

use super::error::Problem;
use super::tree::{From, Node, Place, Value};

/// The keys that hold paths; `*` stands for any name or position.
const PATHS: &[&str] = &[
    "signer.key",
    "signer.agent",
    "signer.vault_tls.ca",
    "signer.vault_tls.cert",
    "signer.vault_tls.key",
    "signer.vault_token.file",
    "signer.vault_token.command.*",
    "trust.allowed_signers",
    "trust.revoked",
    "trust.sigstore_root",
    "trust.approvers",
    "trust.ledger_keys",
    "ledger.key",
    "ledger.password.file",
    "ledger.password.command.*",
    "ledger.mirrors.*.folder",
    "ledger.mirrors.*.git",
    "ledger.mirrors.*.s3.access_key.file",
    "ledger.mirrors.*.s3.access_key.command.*",
    "ledger.mirrors.*.s3.secret_key.file",
    "ledger.mirrors.*.s3.secret_key.command.*",
    "ledger.mirrors.*.s3.tls.ca",
    "ledger.mirrors.*.s3.tls.cert",
    "ledger.mirrors.*.s3.tls.key",
    "trust.timestamp_authorities",
    "connections.*.tls.ca",
    "connections.*.tls.cert",
    "connections.*.tls.key",
    "connections.*.token.file",
    "connections.*.token.command.*",
    "service.*.findings.*.path",
    "service.*.provenance.*.path",
    "service.*.provenance.*.key",
    "console.theme",
    "console.keymap",
];

/// Makes all paths absolute. `cwd` is for those from variables and flags.
pub(super) fn resolve(root: &mut Node, home: Option<&Path>, cwd: &Path, problems: &mut Vec<Problem>) {
    for pattern in PATHS {
        let steps: Vec<&str> = pattern.split('.').collect();
        descend(root, &steps, &mut String::new(), &mut |key, node| {
            let base = match &node.place.source.from {
                From::File(path) => path.parent().unwrap_or(cwd),
                _ => cwd,
            };
            let place = node.place.clone();
            if let Value::Text(text) = &mut node.value
                && is_path(key, text)
            {
                absolute(key, text, base, home, &place, problems);
            }
        });
    }
}

/// Whether the text at a key that may hold a path is one.
pub(super) fn is_path(key: &str, text: &str) -> bool {
    if key == "signer.agent" {
        return !text.starts_with("SHA256:") && !text.is_empty();
    }
    if key == "trust.sigstore_root" && text == super::PUBLIC_GOOD {
        return false;
    }
    if key == "console.theme" {
        return text.contains('/') || Path::new(text).extension().is_some_and(|e| e == "toml");
    }
    if key.ends_with(".command[0]") {
        return ["~/", "./", "../"].iter().any(|start| text.starts_with(start));
    }
    // The arguments of a command are its own business.
    !key.contains(".command[") && !text.is_empty()
}

fn absolute(
    key: &str,
    text: &mut String,
    base: &Path,
    home: Option<&Path>,
    place: &Place,
    problems: &mut Vec<Problem>,
) {
    let path = match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            let Some(home) = home else {
                let message = format!("{key} begins with ~, and HOME is not set. Write the full path.");
                return problems.push(place.problem(key, message));
            };
            home.join(rest.trim_start_matches('/'))
        }
        Some(_) => {
            problems.push(
                place.problem(key, format!("{key}: only ~/ is known, not another user's home. Write the full path.")),
            );
            return;
        }
        None => base.join(&*text),
    };
    // From text and from UTF-8 paths only, so nothing is lost here; what could be is left as it is.
    if let Some(path) = path.to_str() {
        path.clone_into(text);
    }
}

fn descend(node: &mut Node, steps: &[&str], key: &mut String, each: &mut impl FnMut(&str, &mut Node)) {
    let Some((step, rest)) = steps.split_first() else {
        each(key, node);
        return;
    };
    let length = key.len();
    match &mut node.value {
        Value::Table(table) => {
            for (name, (_, below)) in table.iter_mut().filter(|(name, _)| *step == "*" || name == step) {
                if !key.is_empty() {
                    key.push('.');
                }
                key.push_str(name);
                descend(below, rest, key, each);
                key.truncate(length);
            }
        }
        Value::List(items) if *step == "*" => {
            for (n, below) in items.iter_mut().enumerate() {
                key.push_str(&format!("[{n}]"));
                descend(below, rest, key, each);
                key.truncate(length);
            }
        }
        _ => {}
    }
}
