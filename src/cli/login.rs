//! `countersign login` and `logout`: credentials to and from the keyring.

use serde_json::json;

use super::output::{Block, Document};
use super::{Context, prompt};
use crate::config::schema::SecretConfig;
use crate::error::AppError;
use crate::review::connect;
use crate::secrets::{Resolver, Secret};

/// Asks for a token, or reads it from standard input where there is no terminal, and puts it into the keyring.
pub async fn login(context: &Context, connection: &str) -> Result<(), AppError> {
    let (resolver, entry) = keyring(context, connection)?;
    let secret = if context.can_ask() {
        prompt::secret(&format!("Token for {}: ", crate::text::line(connection)))
            .ok_or_else(|| AppError::usage("Nothing was typed, so nothing was stored."))?
    } else {
        let mut text = zeroize::Zeroizing::new(String::new());
        std::io::Read::read_to_string(&mut std::io::stdin(), &mut text)
            .map_err(|e| AppError::usage(format!("Standard input cannot be read: {e}.")))?;
        if text.trim().is_empty() {
            return Err(AppError::usage("Standard input is empty: pipe the token in, or run this on a terminal."));
        }
        Secret::new(text.trim_end_matches(['\r', '\n']))
    };
    resolver.store(&entry, secret).await.map_err(|e| AppError::usage(e.to_string()))?;
    let line = check(context, connection).await;
    let text = match &line {
        Ok(line) => format!("The token of {connection} is in the keyring. {line}"),
        Err(why) => format!("The token of {connection} is in the keyring, but does not work yet: {why}"),
    };
    let whole = json!({ "schema": 1, "connection": connection, "stored": true, "works": line.is_ok() });
    let text = crate::text::line(&text).into_owned();
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks: vec![Block::Text(text)] })
}

/// Removes a token from the keyring.
pub async fn logout(context: &Context, connection: &str) -> Result<(), AppError> {
    let (resolver, entry) = keyring(context, connection)?;
    let had = resolver.forget(&entry).await.map_err(|e| AppError::usage(e.to_string()))?;
    let name = crate::text::line(connection);
    let text = if had {
        format!("The token of {name} is gone from the keyring.")
    } else {
        format!("The keyring had no token of {name}.")
    };
    let whole = json!({ "schema": 1, "connection": connection, "removed": had });
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks: vec![Block::Text(text)] })
}

fn keyring(context: &Context, connection: &str) -> Result<(Resolver, String), AppError> {
    let loaded = connect::load_config(&context.surroundings())?;
    let Some(found) = loaded.config.connections.get(connection) else {
        let known: Vec<&str> = loaded.config.connections.keys().map(String::as_str).collect();
        return Err(AppError::usage(format!("There is no connection {connection:?}.")).hint(format!(
            "Configured are: {}.",
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        )));
    };
    match &found.token {
        Some(SecretConfig::Keyring(entry)) => Ok((Resolver::new(|_| None), entry.clone())),
        _ => Err(AppError::usage(format!("The token of {connection} does not come from the keyring."))
            .hint(format!("Set it: [connections.{connection}] token = {{ keyring = {connection:?} }}."))),
    }
}

async fn check(context: &Context, connection: &str) -> Result<String, String> {
    let desk = context.desk().await.map_err(|e| e.message)?;
    let checked = if let Some(orchestrator) = desk.orchestrators.get(connection) {
        match orchestrator {
            Ok(orchestrator) => orchestrator.check().await,
            Err(reason) => return Err(reason.text.line().into_owned()),
        }
    } else {
        match desk.sources.get(connection) {
            Some(Ok(source)) => source.check().await,
            Some(Err(reason)) => return Err(reason.text.line().into_owned()),
            None => match desk.trackers.get(connection) {
                Some(Ok(tracker)) => tracker.check().await,
                Some(Err(reason)) => return Err(reason.text.line().into_owned()),
                None => return Err("it is not a system that can be asked".to_owned()),
            },
        }
    };
    checked.map(|c| c.line).map_err(|f| f.sentence())
}
