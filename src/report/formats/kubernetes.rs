//! What objects of Kubernetes have in common, written as YAML or JSON, alone, one after another, or in a list.

use crate::report::prelude::*;
use crate::report::shape::Form;

/// Whether a document is of one of these kinds, or a list of them; `group` is the group in `apiVersion`.
pub(super) fn is_of(shape: &Shape<'_>, group: &str, kinds: &[&str]) -> bool {
    let of = |kind: &str| kinds.iter().any(|k| kind == *k || kind.strip_suffix("List") == Some(k));
    if matches!(shape.form, Form::Json(_) | Form::Lines(_)) {
        let object = |n: &Node<'_>| n.get("apiVersion").or_empty().starts_with(group) && of(n.get("kind").or_empty());
        let first = shape.line();
        return object(first) || object(first.at("items.0")) || object(first.at("0"));
    }
    let value = |line: &str, key: &str| {
        let line = line.trim_start().trim_start_matches("- ");
        let value = line.strip_prefix(key)?.strip_prefix(':')?;
        Some(value.trim().trim_matches(['"', '\'']).to_owned())
    };
    let mut lines = shape.head.lines();
    matches!(shape.form, Form::Other | Form::Table(_))
        && shape.head.lines().any(|l| value(l, "apiVersion").is_some_and(|v| v.starts_with(group)))
        && lines.any(|l| value(l, "kind").is_some_and(|k| of(&k)))
}

/// The documents of a text.
pub(super) fn documents<'t>(input: &Input<'t>) -> Result<Vec<Node<'t>>, Unreadable> {
    if input.text.trim_start().starts_with(['{', '[']) {
        return Node::parse_all(input.text);
    }
    yaml::documents(input.text)
}

/// The objects of all documents, those of lists one by one.
pub(super) fn objects<'n, 't>(documents: &'n [Node<'t>]) -> Result<Vec<&'n Node<'t>>, Unreadable> {
    let mut out = Vec::new();
    for document in documents {
        let items = match document {
            Node::List(items) => items.as_slice(),
            list if list.get("kind").or_empty().ends_with("List") => list.results("items")?,
            one => std::slice::from_ref(one),
        };
        for item in items {
            out.push(item.object()?);
        }
    }
    Ok(out)
}

/// What an object is called: kind, namespace and name, as far as they are said.
pub(super) fn called(reference: &Node<'_>) -> Option<String> {
    let parts = ["kind", "namespace", "name"].into_iter().filter_map(|k| reference.get(k).text());
    Some(parts.collect::<Vec<_>>().join("/")).filter(|n| !n.is_empty())
}
