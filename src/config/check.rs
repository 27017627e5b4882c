//! A layer against the schema: unknown keys, wrong types, words that do not exist.

use serde_json::Value as Json;

use super::error::{Problem, meant};
use super::tree::{Node, Table, Value, join, parse_value};

/// Checks trees against the schema of the configuration.
pub(super) struct Checker {
    schema: Json,
}

impl Checker {
    pub(super) fn new() -> Self {
        Self { schema: super::schema_json() }
    }

    /// Checks one layer, and turns the text of variables and flags to the types that are wanted.
    pub(super) fn layer(&self, root: &mut Node, problems: &mut Vec<Problem>) {
        self.node("", root, &self.schema, problems);
    }

    /// Checks that what must be there is there, once all layers are merged.
    pub(super) fn complete(&self, root: &Node, problems: &mut Vec<Problem>) {
        self.required("", root, &root.place, &self.schema, problems);
    }

    /// Whether a table is one whole, of which a later layer replaces all: a choice between its keys.
    pub(super) fn is_whole(&self, path: &[String]) -> bool {
        let mut schema = self.plain(&self.schema);
        for key in path {
            let below =
                schema.get("properties").and_then(|p| p.get(key)).or_else(|| schema.get("additionalProperties"));
            let Some(below) = below else { return false };
            schema = self.plain(below);
        }
        // The signer's keys exclude one another too, which the schema cannot say.
        schema.get("oneOf").is_some() || path == ["signer"]
    }

    /// Follows references, and leaves `null` out, which TOML does not have.
    fn plain<'a>(&'a self, schema: &'a Json) -> &'a Json {
        let mut schema = schema;
        // The schema is ours and has no cycles; the bound is for whoever breaks that.
        for _ in 0..8 {
            if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
                let found = reference.strip_prefix('#').and_then(|pointer| self.schema.pointer(pointer));
                schema = found.unwrap_or(&Json::Null);
            } else if let Some(options) = schema.get("anyOf").and_then(Json::as_array) {
                let some = options.iter().find(|o| o.get("type").and_then(Json::as_str) != Some("null"));
                schema = some.unwrap_or(&Json::Null);
            } else {
                break;
            }
        }
        schema
    }

    fn node(&self, key: &str, node: &mut Node, schema: &Json, problems: &mut Vec<Problem>) {
        let schema = self.plain(schema);
        if let Some(options) = schema.get("oneOf").and_then(Json::as_array) {
            if options.iter().any(|o| o.get("const").is_some()) {
                words(key, node, options, problems);
            } else {
                self.choice(key, node, options, problems);
            }
            return;
        }
        let wanted = type_of(schema);
        if node.place.is_untyped()
            && wanted != "string"
            && matches!(node.value, Value::Text(_))
            && let Some(typed) = parse_value(&node.place)
        {
            *node = typed;
        }
        match (wanted, &mut node.value) {
            ("object", Value::Table(table)) => self.table(key, table, schema, problems),
            ("array", Value::List(items)) => {
                let inner = schema.get("items").unwrap_or(&Json::Null);
                for (n, item) in items.iter_mut().enumerate() {
                    self.node(&format!("{key}[{n}]"), item, inner, problems);
                }
            }
            ("string", Value::Text(_)) | ("boolean", Value::Bool(_)) => {}
            ("integer", Value::Integer(n)) if (0..=i64::from(u32::MAX)).contains(n) => {}
            ("integer", Value::Integer(_)) => {
                problems.push(node.place.problem(key, format!("{key} is a whole number from 0 to {}.", u32::MAX)));
            }
            (wanted, _) => {
                let message = format!("{key} is {}, and {} was expected.", node.kind(), name_of(wanted));
                problems.push(node.place.problem(key, message));
            }
        }
    }

    fn table(&self, key: &str, table: &mut Table, schema: &Json, problems: &mut Vec<Problem>) {
        let properties = schema.get("properties").and_then(Json::as_object);
        let others = schema.get("additionalProperties").filter(|o| o.is_object());
        for (name, (place, node)) in table {
            let full = join(key, name);
            if let Some(inner) = properties.and_then(|p| p.get(name.as_str())).or(others) {
                self.node(&full, node, inner, problems);
            } else {
                let known = properties.into_iter().flat_map(|p| p.keys().map(String::as_str));
                problems.push(place.problem(&full, unknown(key, name, known)));
            }
        }
    }

    /// A table of which exactly one key is set: where a secret is read from, or what a mirror is.
    fn choice(&self, key: &str, node: &mut Node, options: &[Json], problems: &mut Vec<Problem>) {
        let names = options.iter().filter_map(|o| o.get("properties")?.as_object()?.iter().next());
        if node.place.is_untyped()
            && let Some(typed) = parse_value(&node.place)
            && typed.table().is_some()
        {
            *node = typed;
        }
        let place = node.place.clone();
        let Value::Table(table) = &mut node.value else {
            let secret = names.clone().any(|(name, _)| name == "keyring");
            let message = if secret {
                format!(
                    "{key} must not stand here itself: whoever reads this reads it too, and it is in every copy. Say where \
                     it is: {{ keyring = \"..\" }}, {{ env = \"..\" }}, {{ file = \"..\" }} or {{ command = [\"..\"] }}. \
                     If it was a real one, replace it."
                )
            } else {
                let all: Vec<String> = names.map(|(name, _)| format!("{{ {name} = .. }}")).collect();
                format!("{key} says what it is: {}.", all.join(", "))
            };
            problems.push(place.problem(key, message));
            return;
        };
        for (name, (place, node)) in table.iter_mut() {
            let full = join(key, name);
            match names.clone().find(|(known, _)| *known == name) {
                Some((_, inner)) => self.node(&full, node, inner, problems),
                None => problems.push(place.problem(&full, unknown(key, name, names.clone().map(|(n, _)| n.as_str())))),
            }
        }
        if table.len() != 1 {
            let all: Vec<&str> = names.map(|(n, _)| n.as_str()).collect();
            problems.push(place.problem(key, format!("{key} names exactly one of {}.", all.join(", "))));
        }
    }

    fn required(&self, key: &str, node: &Node, place: &super::tree::Place, schema: &Json, problems: &mut Vec<Problem>) {
        let schema = self.plain(schema);
        match &node.value {
            Value::Table(table) => {
                for name in
                    schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
                {
                    if !table.contains_key(name) {
                        problems.push(place.problem(key, format!("[{key}] needs {name}.")));
                    }
                }
                for (name, (place, node)) in table {
                    let inner = schema.get("properties").and_then(|p| p.get(name.as_str()));
                    if let Some(inner) = inner.or_else(|| schema.get("additionalProperties")) {
                        self.required(&join(key, name), node, place, inner, problems);
                    }
                }
            }
            Value::List(items) => {
                for (n, item) in items.iter().enumerate() {
                    let inner = schema.get("items").unwrap_or(&Json::Null);
                    self.required(&format!("{key}[{n}]"), item, &item.place, inner, problems);
                }
            }
            _ => {}
        }
    }
}

/// One of a list of words.
fn words(key: &str, node: &Node, options: &[Json], problems: &mut Vec<Problem>) {
    let known = options.iter().filter_map(|o| o.get("const").and_then(Json::as_str));
    match &node.value {
        Value::Text(text) if known.clone().any(|k| k == text) => {}
        Value::Text(text) => {
            let message = format!("{key} cannot be {:?}. {}", crate::text::line(text), meant(text, known));
            problems.push(node.place.problem(key, message));
        }
        _ => {
            let known: Vec<String> = known.map(|k| format!("\"{k}\"")).collect();
            let message = format!("{key} is {}, and one of {} was expected.", node.kind(), known.join(", "));
            problems.push(node.place.problem(key, message));
        }
    }
}

fn unknown<'a>(key: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let shown = crate::text::line(name);
    if name == "vault" {
        return format!("Vault ({}) comes with a later version. {}", join(key, "vault"), {
            let known: Vec<&str> = known.collect();
            format!("For now there is: {}.", known.join(", "))
        });
    }
    let place = if key.is_empty() { "at the top".to_owned() } else { format!("in {}", crate::text::line(key)) };
    format!("There is no key \"{shown}\" {place}. {}", meant(name, known))
}

/// The type that a schema wants, `null` aside.
fn type_of(schema: &Json) -> &str {
    match schema.get("type") {
        Some(Json::String(name)) => name,
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).find(|n| *n != "null").unwrap_or(""),
        _ => "",
    }
}

fn name_of(wanted: &str) -> &'static str {
    match wanted {
        "object" => "a table",
        "array" => "a list",
        "boolean" => "true or false",
        "integer" => "a whole number",
        _ => "a string",
    }
}
