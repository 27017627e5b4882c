//! `countersign config check`, `print`, `schema` and `path`.

use serde_json::json;

use super::Context;
use super::output::{Block, Document};
use crate::config;
use crate::error::AppError;
use crate::review::connect;

/// Checks the configuration.
pub fn check(context: &Context) -> Result<(), AppError> {
    let loaded = connect::load_config(&context.surroundings())?;
    let (connections, services) = (loaded.config.connections.len(), loaded.config.service.len());
    let whole = json!({ "schema": 1, "ok": true, "connections": connections, "services": services });
    let text = format!("The configuration is good: {connections} connections, {services} services.");
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks: vec![Block::Text(text)] })
}

/// Prints the configuration in force, with where each value comes from.
pub fn print(context: &Context) -> Result<(), AppError> {
    let loaded = connect::load_config(&context.surroundings())?;
    let origins: std::collections::BTreeMap<&String, String> =
        loaded.origins.iter().map(|(key, origin)| (key, origin.to_string())).collect();
    let whole = json!({ "schema": 1, "config": loaded.config, "origins": origins });
    let text = crate::text::block(&loaded.print()).into_owned();
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks: vec![Block::Text(text)] })
}

/// Prints the JSON Schema, whatever the format: it is one.
pub fn schema(context: &Context) -> Result<(), AppError> {
    let text = serde_json::to_string_pretty(&config::schema_json()).unwrap_or_default();
    context.output.raw(&format!("{text}\n"))
}

/// Lists the layers.
pub fn path(context: &Context) -> Result<(), AppError> {
    let layers = config::layers(&connect::inputs(&context.surroundings()));
    let values: Vec<_> =
        layers.iter().map(|l| json!({ "layer": l.name, "location": l.location, "exists": l.exists })).collect();
    let rows = layers
        .iter()
        .map(|l| vec![l.name.to_owned(), if l.exists { "there" } else { "not there" }.to_owned(), l.location.clone()]);
    let blocks = vec![Block::Table { headers: vec!["LAYER", "STATE", "PLACE"], rows: rows.collect() }];
    context.output.document(&Document { json: json!({ "schema": 1, "layers": values }), rows: values, blocks })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_themes_that_may_be_named_are_those_that_are_shipped() {
        let shipped: Vec<&str> = std::iter::once("auto").chain(crate::tui::theme::names()).collect();
        assert_eq!(crate::config::THEMES.to_vec(), shipped);
    }
}
