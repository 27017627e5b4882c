//! The effective configuration as TOML, each value with where it comes from.

use super::error::Origin;
use super::load::Loaded;
use super::tree::{Node, Table, Value};

impl Loaded {
    /// The effective configuration as TOML; the comment behind a value says where it comes from. Safe to display. Has
    /// no secrets, for the configuration has none.
    pub fn print(&self) -> String {
        let mut lines = Vec::new();
        let empty = Table::new();
        let root = self.tree.table().unwrap_or(&empty);
        for (name, (_, node)) in root {
            match &node.value {
                Value::List(items) if items.iter().all(|i| i.table().is_some()) => {
                    for item in items {
                        section(&format!("[[{}]]", key(name)), item, &mut lines);
                    }
                }
                Value::Table(table) if name == "connections" => {
                    for (connection, (_, node)) in table {
                        section(&format!("[{}.{}]", key(name), key(connection)), node, &mut lines);
                    }
                }
                Value::Table(_) => section(&format!("[{}]", key(name)), node, &mut lines),
                _ => lines.push(line(name, node)),
            }
        }
        let width = lines.iter().map(|(l, _)| l.chars().count()).filter(|w| *w <= 60).max().unwrap_or(0);
        let mut out = String::new();
        for (text, origin) in lines {
            if let Some(origin) = origin {
                let pad = width.saturating_sub(text.chars().count());
                out.push_str(&format!("{text}{}  # {origin}\n", " ".repeat(pad)));
            } else {
                let gap = if out.is_empty() { "" } else { "\n" };
                out.push_str(&format!("{gap}{text}\n"));
            }
        }
        out
    }
}

type Line = (String, Option<Origin>);

fn section(header: &str, node: &Node, lines: &mut Vec<Line>) {
    let Some(table) = node.table().filter(|t| !t.is_empty()) else { return };
    lines.push((header.to_owned(), None));
    lines.extend(table.iter().map(|(name, (_, node))| line(name, node)));
}

fn line(name: &str, node: &Node) -> Line {
    (format!("{} = {}", key(name), inline(node)), Some(node.place.origin()))
}

fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { quoted(name) }
}

/// A JSON string is a TOML string too; what a terminal would obey is made visible.
fn quoted(text: &str) -> String {
    crate::text::line(&serde_json::Value::from(text).to_string()).into_owned()
}

fn inline(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => quoted(text),
        Value::Integer(n) => n.to_string(),
        Value::Bool(b) => b.to_string(),
        Value::List(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Table(table) => {
            let pairs: Vec<String> =
                table.iter().map(|(k, (_, node))| format!("{} = {}", key(k), inline(node))).collect();
            if pairs.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", pairs.join(", ")) }
        }
        Value::Other(name) => quoted(name),
    }
}
