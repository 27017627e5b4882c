//! The published JSON Schemas say what the program reads: no field more, none less, none optional here and needed there.

use countersign::domain::canonical;
use countersign::trust::statement::Statement;
use serde_json::{Map, Value, json};

const SCHEMAS: [&str; 3] = [
    include_str!("../../assets/schema/release-decision-v1.json"),
    include_str!("../../assets/schema/triage-v1.json"),
    include_str!("../../assets/schema/delegation-v1.json"),
];

/// Which properties an instance gets.
#[derive(Clone, Copy, PartialEq)]
enum Fill {
    All,
    Required,
}

/// An instance of a schema, from its constants and examples.
fn instance(root: &Value, rule: &Value, fill: Fill) -> Value {
    if let Some(example) = rule.pointer("/examples/0") {
        return example.clone();
    }
    if let Some(name) = rule["$ref"].as_str() {
        return instance(root, root.pointer(name.trim_start_matches('#')).unwrap(), fill);
    }
    if let Some(value) = rule.get("const") {
        return value.clone();
    }
    if let Some(values) = rule["enum"].as_array() {
        // The newest schema; of everything else any will do.
        return values.iter().find(|v| **v == json!(2)).unwrap_or(&values[0]).clone();
    }
    match rule["type"].as_str().unwrap() {
        "string" => json!("text"),
        "integer" => rule["minimum"].clone(),
        "boolean" => json!(true),
        "array" if rule.get("items").is_some() => json!([instance(root, &rule["items"], fill)]),
        "array" => json!([]),
        "object" if rule["additionalProperties"].is_object() => json!({"sha256": "5e".repeat(32)}),
        "object" => {
            let required: Vec<&str> =
                rule["required"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
            let wanted = rule["properties"]
                .as_object()
                .unwrap()
                .iter()
                .filter(|(name, _)| fill == Fill::All || required.contains(&name.as_str()));
            Value::Object(wanted.map(|(name, rule)| (name.clone(), instance(root, rule, fill))).collect::<Map<_, _>>())
        }
        other => panic!("{other} is not used in our schemas"),
    }
}

/// Every place of an object in a document.
fn objects(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            out.push(at.to_owned());
            for (name, value) in map {
                objects(value, &format!("{at}/{name}"), out);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                objects(item, &format!("{at}/{i}"), out);
            }
        }
        _ => {}
    }
}

/// The documents of a schema with all fields, or with the required ones: several, where fields exclude each other.
fn documents(schema: &Value, fill: Fill) -> Vec<Value> {
    let whole = instance(schema, schema, fill);
    let with = |decision: &str, without: &[&str]| {
        let mut document = whole.clone();
        let predicate = document["predicate"].as_object_mut().unwrap();
        predicate.retain(|name, _| !without.contains(&name.as_str()));
        if predicate.contains_key("decision") {
            predicate.insert("decision".into(), decision.into());
        }
        if predicate.contains_key("delegationId") {
            let taken_back = predicate.contains_key("revokes");
            for list in ["/roles", "/scope/environments", "/scope/services"] {
                let list = document["predicate"].pointer_mut(list).unwrap();
                *list = if taken_back { json!([]) } else { json!(["text"]) };
            }
            document["predicate"]["to"] = "bob".into();
            let what = ["roles", "scope", "to"].map(|name| (name.to_owned(), document["predicate"][name].clone()));
            let digest = canonical::digest_of(&Value::Object(what.into_iter().collect::<Map<_, _>>()));
            document["subject"] = json!([{"name": "delegation", "digest": {"sha256": digest.hex()}}]);
        }
        document
    };
    vec![
        with("approve", &["reviews", "delegation"]),
        with("approve", &["reviews", "breakGlass", "revokes"]),
        with("comment", &["delegation", "breakGlass"]),
    ]
}

fn read(value: &Value) -> Result<(), String> {
    Statement::parse(&canonical::to_canonical(value).unwrap()).map(|_| ()).map_err(|e| e.to_string())
}

#[test]
fn a_document_with_every_field_and_one_with_the_required_ones_are_read() {
    for schema in SCHEMAS {
        let schema: Value = serde_json::from_str(schema).unwrap();
        for fill in [Fill::All, Fill::Required] {
            for document in documents(&schema, fill) {
                assert_eq!(read(&document), Ok(()), "{document:#}");
            }
        }
    }
}

#[test]
fn no_required_field_can_be_left_out_and_none_can_be_added() {
    for schema in SCHEMAS {
        let schema: Value = serde_json::from_str(schema).unwrap();
        let least = documents(&schema, Fill::Required).remove(0);
        let mut places = Vec::new();
        objects(&least, "", &mut places);
        assert!(places.len() > 5, "{places:?}");
        for place in places {
            let names: Vec<String> = least.pointer(&place).unwrap().as_object().unwrap().keys().cloned().collect();
            for name in names {
                let mut document = least.clone();
                document.pointer_mut(&place).unwrap().as_object_mut().unwrap().remove(&name);
                assert!(read(&document).is_err(), "{place}/{name} is required by the schema, and is not missed");
            }
            // Digests are by algorithm, and any algorithm may stand there.
            if !place.ends_with("/digest") {
                let mut document = least.clone();
                document.pointer_mut(&place).unwrap()["moreThanThat"] = json!("x");
                assert!(read(&document).is_err(), "{place} takes a field that the schema does not know");
            }
        }
    }
}

/// The tables of docs/statement.md.
pub fn tables() -> String {
    let mut out = String::new();
    for schema in SCHEMAS {
        let schema: Value = serde_json::from_str(schema).unwrap();
        out.push_str(&format!(
            "\n## {}\n\n`{}`\n\n",
            schema["title"].as_str().unwrap(),
            schema["$id"].as_str().unwrap()
        ));
        out.push_str(&format!("{}\n\n| field | what it is |\n|---|---|\n", schema["description"].as_str().unwrap()));
        rows(&schema, &schema, "", &mut out);
    }
    out
}

fn rows(root: &Value, rule: &Value, at: &str, out: &mut String) {
    let target = rule["$ref"].as_str().map_or(rule, |name| root.pointer(name.trim_start_matches('#')).unwrap());
    let required: Vec<&str> = target["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, rule) in target["properties"].as_object().into_iter().flatten() {
        let inner = rule["$ref"].as_str().map_or(rule, |name| root.pointer(name.trim_start_matches('#')).unwrap());
        let about = rule["description"].as_str().or(inner["description"].as_str()).unwrap_or_default();
        let values = inner["enum"].as_array().map(|values| {
            let words: Vec<String> = values.iter().map(|v| format!("`{}`", v.to_string().trim_matches('"'))).collect();
            format!(" {}.", words.join(", "))
        });
        let optional = if required.contains(&name.as_str()) { "" } else { " (may be left out)" };
        out.push_str(&format!("| `{at}{name}`{optional} | {about}{} |\n", values.unwrap_or_default()));
        match inner["type"].as_str() {
            Some("object") => rows(root, inner, &format!("{at}{name}."), out),
            Some("array") if inner.get("items").is_some() => {
                rows(root, &inner["items"], &format!("{at}{name}[]."), out);
            }
            _ => {}
        }
    }
}
