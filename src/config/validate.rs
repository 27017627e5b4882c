//! What only the whole configuration can tell: that names fit together, and that what is asked can be asked.

mod connection;
mod ledger;
mod service;
mod signer;

use super::error::{Problem, meant};
use super::paths;
use super::schema::Config;
use super::tree::{Node, Place};
use crate::domain::query::GateQuery;

/// Collects problems, each at the place of its key.
struct Sink<'a> {
    root: &'a Node,
    problems: &'a mut Vec<Problem>,
}

impl Sink<'_> {
    /// Reports a problem at a key, or at the nearest table above it that is there.
    fn at(&mut self, key: &str, message: impl Into<String>) {
        let mut best: (usize, &Place) = (0, &self.root.place);
        self.root.walk("", &self.root.place, &mut |known, place, node| {
            let exact = known == key;
            let above = key.strip_prefix(known).is_some_and(|rest| rest.starts_with(['.', '[']));
            if (exact || above) && known.len() > best.0 {
                // The value is what is wrong; of a table above, its name.
                best = (known.len(), if exact { &node.place } else { place });
            }
        });
        let problem = best.1.problem(key, message);
        self.problems.push(problem);
    }

    /// Where a key stands, for a message about another one.
    fn place(&self, key: &str) -> String {
        let mut found = None;
        self.root.walk("", &self.root.place, &mut |known, place, _| {
            if known == key {
                found = Some(place.origin().to_string());
            }
        });
        found.unwrap_or_else(|| key.to_owned())
    }
}

/// Checks the whole.
pub(super) fn validate(config: &Config, root: &Node, problems: &mut Vec<Problem>) {
    let mut sink = Sink { root, problems };
    signer::check(&config.signer, &mut sink);
    signer::stamps(&config.trust, &mut sink);
    ledger::check(&config.ledger, &mut sink);
    for (name, connection) in &config.connections {
        connection::check(name, connection, &mut sink);
    }
    console_files(config, &mut sink);
    for (key, command) in [("console.open", &config.console.open), ("console.copy", &config.console.copy)] {
        if command.as_ref().is_some_and(|c| c.first().is_none_or(String::is_empty)) {
            sink.at(key, format!("{key} names no program: write it as a list, [\"program\", \"argument\"]."));
        }
    }
    for (name, query) in &config.console.filters {
        if let Err(error) = GateQuery::parse(query) {
            sink.at(&format!("console.filters.{name}"), format!("This filter cannot be read: {}", error.message));
        }
    }
    for (n, service) in config.service.iter().enumerate() {
        service::check(&format!("service[{n}]"), service, config, &mut sink);
        service::reachable(n, config, &mut sink);
    }
}

/// That the theme is one that there is, and that files of the console are there. What is in them the console reads.
fn console_files(config: &Config, sink: &mut Sink<'_>) {
    let console = &config.console;
    let missing = |path: &std::path::Path| std::fs::metadata(path).map_or(true, |m| m.is_dir());
    if let Some(theme) = &console.theme
        && !super::THEMES.contains(&theme.as_str())
    {
        let shown = crate::text::line(theme);
        if !paths::is_path("console.theme", theme) {
            let message = format!("There is no theme \"{shown}\". {}", meant(theme, super::THEMES));
            sink.at("console.theme", message);
        } else if missing(std::path::Path::new(theme)) {
            let names = super::THEMES.join(", ");
            sink.at("console.theme", format!("There is no theme file {shown}. Shipped themes are {names}."));
        }
    }
    if let Some(keymap) = console.keymap.as_ref().filter(|k| missing(k)) {
        let shown = keymap.display().to_string();
        sink.at("console.keymap", format!("There is no file {}.", crate::text::line(&shown)));
    }
}
