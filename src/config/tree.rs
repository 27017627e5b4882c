//! What a layer says, as a tree whose nodes know where they stand.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Origin, Problem};
use super::excerpt::{excerpt, position};

/// What is said in one place: a file, a variable, a flag.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) from: From,
    pub(super) text: String,
}

/// What kind of place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum From {
    Default,
    File(PathBuf),
    Variable(String),
    Flag(String),
}

/// A place in a source.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) source: Arc<Source>,
    pub(super) span: Range<usize>,
}

impl Place {
    pub(super) fn origin(&self) -> Origin {
        match &self.source.from {
            From::Default => Origin::Default,
            From::File(path) => {
                let (line, column) = position(&self.source.text, self.span.start);
                Origin::File { path: path.clone(), line, column }
            }
            From::Variable(name) => Origin::Variable(name.clone()),
            From::Flag(key) => Origin::Flag(key.clone()),
        }
    }

    /// Whether it is text that stands for a value of any type.
    pub(super) fn is_untyped(&self) -> bool {
        matches!(self.source.from, From::Variable(_) | From::Flag(_))
    }

    pub(super) fn problem(&self, key: impl Into<String>, message: impl Into<String>) -> Problem {
        let excerpt = match self.source.from {
            From::File(_) | From::Default => excerpt(&self.source.text, &self.span),
            _ => None,
        };
        Problem { origin: self.origin(), key: key.into(), message: message.into(), excerpt }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Bool(bool),
    List(Vec<Node>),
    Table(Table),
    /// A type that no key takes, by its name.
    Other(&'static str),
}

/// Keys, each with where it stands and its value.
pub(super) type Table = BTreeMap<String, (Place, Node)>;

impl Node {
    pub(super) fn empty_table(place: Place) -> Self {
        Self { value: Value::Table(Table::new()), place }
    }

    pub(super) fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// What it is, for a sentence.
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "a string",
            Value::Integer(_) => "a whole number",
            Value::Bool(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(name) => name,
        }
    }

    pub(super) fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Text(text) => text.clone().into(),
            Value::Integer(n) => (*n).into(),
            Value::Bool(b) => (*b).into(),
            Value::List(items) => items.iter().map(Self::json).collect(),
            Value::Table(table) => {
                serde_json::Value::Object(table.iter().map(|(k, (_, node))| (k.clone(), node.json())).collect())
            }
            Value::Other(_) => serde_json::Value::Null,
        }
    }

    /// Gives every node below with its full key: `service[0].name`.
    pub(super) fn walk<'a>(&'a self, key: &str, place: &'a Place, each: &mut impl FnMut(&str, &'a Place, &'a Self)) {
        if !key.is_empty() {
            each(key, place, self);
        }
        match &self.value {
            Value::Table(table) => {
                for (name, (place, node)) in table {
                    node.walk(&join(key, name), place, each);
                }
            }
            Value::List(items) => {
                for (n, node) in items.iter().enumerate() {
                    node.walk(&format!("{key}[{n}]"), &node.place, each);
                }
            }
            _ => {}
        }
    }

    /// Lets `over` win: tables are merged key by key, everything else is replaced, and so are the tables for which
    /// `whole` says so.
    pub(super) fn merge(&mut self, over: Self, path: &mut Vec<String>, whole: &impl Fn(&[String]) -> bool) {
        match (&mut self.value, over) {
            (Value::Table(mine), Self { value: Value::Table(theirs), place }) if !whole(path) => {
                for (key, (at, node)) in theirs {
                    path.push(key.clone());
                    match mine.get_mut(&key) {
                        Some((known, below)) => {
                            *known = at;
                            below.merge(node, path, whole);
                        }
                        None => {
                            mine.insert(key, (at, node));
                        }
                    }
                    path.pop();
                }
                self.place = place;
            }
            (_, over) => *self = over,
        }
    }
}

/// A key below another.
pub(super) fn join(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
}

/// Reads a whole TOML file.
pub(super) fn parse(source: &Arc<Source>) -> Result<Node, Problem> {
    let parsed = DeTable::parse(&source.text).map_err(|e| {
        let place = Place { source: source.clone(), span: e.span().unwrap_or(0..0) };
        // No excerpt: what cannot be read cannot be told from a secret. The parser's message quotes nothing.
        let message = format!("This is not good TOML: {}.", e.message());
        Problem { origin: place.origin(), key: String::new(), message, excerpt: None }
    })?;
    let span = parsed.span();
    Ok(Node { value: table(source, parsed.into_inner()), place: Place { source: source.clone(), span } })
}

/// Reads one TOML value, as a variable or a flag may hold it.
pub(super) fn parse_value(place: &Place) -> Option<Node> {
    DeValue::parse(&place.source.text).ok().map(|value| node(&place.source, value))
}

fn table(source: &Arc<Source>, table: DeTable<'_>) -> Value {
    let entry = |(key, value): (Spanned<_>, Spanned<DeValue<'_>>)| {
        let place = Place { source: source.clone(), span: key.span() };
        let name: std::borrow::Cow<'_, str> = key.into_inner();
        (name.into_owned(), (place, node(source, value)))
    };
    Value::Table(table.into_iter().map(entry).collect())
}

fn node(source: &Arc<Source>, value: Spanned<DeValue<'_>>) -> Node {
    let place = Place { source: source.clone(), span: value.span() };
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(n) => {
            i64::from_str_radix(n.as_str(), n.radix()).map_or(Value::Other("a number out of range"), Value::Integer)
        }
        DeValue::Float(_) => Value::Other("a number with a point"),
        DeValue::Boolean(b) => Value::Bool(b),
        DeValue::Datetime(_) => Value::Other("a date or time"),
        DeValue::Array(items) => Value::List(items.into_iter().map(|item| node(source, item)).collect()),
        DeValue::Table(inner) => table(source, inner),
    };
    Node { value, place }
}
