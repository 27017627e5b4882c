//! Jenkins' `tree` parameter: `a,b[c,d[e]],f[g]{0,10}`.

use serde_json::{Map, Value};

/// What of a value the tree asks for. `_class` stays, as with the real one; what is not there is left out.
pub fn filtered(value: &Value, tree: &str) -> Value {
    let mut rest = tree;
    let wanted = list(&mut rest);
    apply(value, &wanted)
}

struct Wanted {
    name: String,
    inside: Vec<Self>,
    range: Option<(usize, usize)>,
}

fn list(rest: &mut &str) -> Vec<Wanted> {
    let mut all = Vec::new();
    while !rest.is_empty() && !rest.starts_with(']') {
        let end = rest.find([',', '[', ']', '{']).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        let mut one = Wanted { name: name.trim().to_owned(), inside: Vec::new(), range: None };
        *rest = tail;
        if let Some(tail) = rest.strip_prefix('[') {
            *rest = tail;
            one.inside = list(rest);
            *rest = rest.strip_prefix(']').unwrap_or(rest);
        }
        if let Some((range, tail)) = rest.strip_prefix('{').and_then(|r| r.split_once('}')) {
            *rest = tail;
            let (from, to) = range.split_once(',').unwrap_or((range, ""));
            let from = from.trim().parse().unwrap_or(0);
            one.range = Some((from, to.trim().parse().unwrap_or(usize::MAX)));
        }
        *rest = rest.strip_prefix(',').unwrap_or(rest);
        all.push(one);
    }
    all
}

fn apply(value: &Value, wanted: &[Wanted]) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|v| apply(v, wanted)).collect(),
        Value::Object(object) => {
            if wanted.iter().any(|w| w.name == "*") {
                return value.clone();
            }
            let mut kept: Map<String, Value> = object.iter().filter(|(n, _)| *n == "_class").map(own).collect();
            for one in wanted {
                let Some(part) = object.get(&one.name) else { continue };
                let part = if one.inside.is_empty() { part.clone() } else { apply(part, &one.inside) };
                kept.insert(one.name.clone(), cut(part, one.range));
            }
            Value::Object(kept)
        }
        other => other.clone(),
    }
}

fn own((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

fn cut(value: Value, range: Option<(usize, usize)>) -> Value {
    match (value, range) {
        (Value::Array(items), Some((from, to))) => items.into_iter().skip(from).take(to.saturating_sub(from)).collect(),
        (value, _) => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_asked_for_and_ranges() {
        let value =
            json!({"_class": "X", "a": 1, "b": [{"c": 1, "d": 2}, {"c": 3}, {"c": 4}], "e": {"f": {"g": 1, "h": 2}}});
        assert_eq!(
            filtered(&value, "a,b[c]{1,2},e[f[g]],nothing"),
            json!({"_class": "X", "a": 1, "b": [{"c": 3}], "e": {"f": {"g": 1}}})
        );
        assert_eq!(filtered(&value, "e[f[*]]"), json!({"_class": "X", "e": {"f": {"g": 1, "h": 2}}}));
        // Unbalanced brackets end, they do not hang.
        assert_eq!(filtered(&value, "a]b["), json!({"_class": "X", "a": 1}));
    }
}
