//! `countersign provenance`, and how provenance is shown.

use std::path::Path;

use serde_json::json;

use super::Context;
use super::args::ProvenanceArgs;
use super::output::{Block, Document};
use crate::config::PUBLIC_GOOD;
use crate::config::schema::ProvenanceConfig;
use crate::domain::provenance::{Attestation, Predicate, Provenance, SubjectDigest, is_issuer_of_people};
use crate::domain::time::Timestamp;
use crate::error::{AppError, ErrorKind};
use crate::review::provenance;
use crate::text::Untrusted;

/// Checks attestations against what is expected, offline: it reads neither configuration nor network. Exit 11 unless
/// every artifact is covered.
pub fn run(context: &Context, args: &ProvenanceArgs) -> Result<(), AppError> {
    no_blanks(args)?;
    if Predicate::from_word(&args.predicate).is_none() {
        return Err(AppError::usage("--predicate is slsa, signature, or the URI of a predicate."));
    }
    let line = ProvenanceConfig {
        issuer: args.issuer.clone(),
        identity: literal("--identity", args.identity.as_ref())?,
        key: args.key.clone(),
        log: args.key.is_some().then_some(!args.no_log),
        repository: literal("--repository", args.repository.as_ref())?,
        branch: literal("--branch", args.branch.as_ref())?,
        predicate: Some(args.predicate.clone()),
        // Who asks for a commit means it.
        require_commit: Some(true),
        ..ProvenanceConfig::default()
    };
    if line.key.is_none() && line.identity.is_none() && line.repository.is_none() {
        return Err(AppError::usage("Nothing says who is expected to have built it.")
            .hint("Give --issuer with --identity or --repository, or --key."));
    }
    if let (Some(issuer), None) = (&line.issuer, &line.identity)
        && is_issuer_of_people(issuer)
    {
        return Err(AppError::usage(format!(
            "{} vouches for people, and its certificates name no repository: --repository alone cannot say who signed.",
            crate::text::line(issuer)
        ))
        .hint("Give --identity."));
    }
    let artifacts = args.artifact.iter().map(|a| digest(a)).collect::<Result<Vec<_>, _>>()?;
    let (provenance, shortfall) =
        provenance::verify(&line, &args.root, args.commit.as_deref(), &artifacts, &args.files)?;
    if args.root == Path::new(PUBLIC_GOOD)
        && let Some(newest) = provenance.root.as_ref().and_then(|r| r.newest)
    {
        context.output.message(&format!(
            "Traced back to the root of the public good instance that this version has built in. Its newest key is of {}; \
             give --root for a later one.",
            newest.date()
        ));
    }
    let covered = provenance.covered() == provenance.artifacts.len();
    let whole = json!({ "schema": 1, "verified": covered, "reason": shortfall, "provenance": provenance });
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks: blocks(&provenance) })?;
    if covered {
        return Ok(());
    }
    let why = shortfall.map_or_else(|| "Not every artifact is covered.".to_owned(), |r| r.text.raw().to_owned());
    Err(AppError::new(ErrorKind::Verification, why))
}

/// A variable of a script that is not set must not come to "nothing is expected".
fn no_blanks(args: &ProvenanceArgs) -> Result<(), AppError> {
    let text = [
        ("--issuer", args.issuer.as_deref()),
        ("--identity", args.identity.as_deref()),
        ("--repository", args.repository.as_deref()),
        ("--branch", args.branch.as_deref()),
        ("--commit", args.commit.as_deref()),
        ("--predicate", Some(args.predicate.as_str())),
    ];
    let artifacts = args.artifact.iter().map(|a| ("--artifact", Some(a.as_str())));
    match text.into_iter().chain(artifacts).find(|(_, value)| value.is_some_and(crate::text::is_blank)) {
        Some((name, _)) => Err(AppError::usage(format!("{name} is empty."))
            .hint("Leave it out if nothing is expected; else see what the script that calls has put there.")),
        None => Ok(()),
    }
}

/// There is no release that a template could be filled in from.
fn literal(name: &str, text: Option<&String>) -> Result<Option<String>, AppError> {
    match text {
        Some(text) if text.contains(['{', '}']) => {
            Err(AppError::usage(format!("{name} has a brace in it: here nothing is filled in.")))
        }
        text => Ok(text.cloned()),
    }
}

fn digest(text: &str) -> Result<SubjectDigest, AppError> {
    if text.contains(':')
        && let Ok(digest) = text.parse()
    {
        return Ok(digest);
    }
    let path = Path::new(text);
    if !path.is_file() {
        return Err(AppError::usage(format!("{text} is neither a digest (sha256:.. or sha512:..) nor a file.")));
    }
    provenance::digest_of_file(path)
}

/// Provenance in tables: what is expected, the artifacts, and the attestations.
pub fn blocks(provenance: &Provenance) -> Vec<Block> {
    let mut facts: Vec<String> =
        provenance.expected.iter().map(|(name, value)| format!("{name:<11} {}", value.line())).collect();
    if let Some(root) = &provenance.root {
        let newest = root.newest.map_or_else(|| "unknown".to_owned(), Timestamp::date);
        facts.push(format!("{:<11} {}, newest key of {newest}", "root", root.digest.short()));
    }
    let artifacts = provenance.artifacts.iter().map(|a| {
        let by: Vec<_> = a.by.iter().map(Untrusted::line).collect();
        let state = if by.is_empty() { "not covered" } else { "covered" };
        let digest = a.digest.as_ref().map_or("no digest known", |d| d.as_str());
        vec![state.to_owned(), a.name.line().into_owned(), digest.to_owned(), by.join(", ")]
    });
    let artifacts: Vec<_> = artifacts.collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for attestation in &provenance.attestations {
        rows.push(row(attestation));
        let said = attestation.reason.iter().chain(&attestation.note);
        rows.extend(said.map(|r| vec![r.text.line().into_owned()]));
    }
    for unread in &provenance.unread {
        rows.push(vec!["unread".into(), unread.file.line().into_owned()]);
        rows.push(vec![unread.reason.text.line().into_owned()]);
    }
    let mut out = vec![Block::Text(format!("Expected\n  {}", facts.join("\n  ")))];
    if !artifacts.is_empty() {
        out.push(Block::Table { headers: vec!["ARTIFACT", "NAME", "DIGEST", "BY"], rows: artifacts });
    }
    if !rows.is_empty() {
        let headers = vec!["STATE", "FILE", "SIGNED BY", "BUILDER", "REPOSITORY", "REF", "COMMIT", "SIGNED"];
        out.push(Block::Table { headers, rows });
    }
    out
}

fn row(a: &Attestation) -> Vec<String> {
    let said = |text: &Option<Untrusted>| text.as_ref().map_or_else(|| "-".to_owned(), |t| t.line().into_owned());
    let named = |who: &Untrusted| {
        let who = who.line();
        if a.state.is_proven() { who.into_owned() } else { format!("claims to be {who}") }
    };
    let who = a.identity.as_ref().map(named).or_else(|| a.key.as_ref().map(|k| format!("key {k}")));
    let commit: String = said(&a.commit).chars().take(12).collect();
    vec![
        a.state.word().to_owned(),
        a.file.line().into_owned(),
        who.unwrap_or_else(|| "-".to_owned()),
        said(&a.builder),
        said(&a.repository),
        said(&a.reference),
        commit,
        a.signed_at.map_or_else(|| "-".to_owned(), |t| t.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provenance::State;

    #[test]
    fn a_signer_that_nothing_proves_is_shown_as_a_claim() {
        let mut one: Attestation = serde_json::from_value(json!({
            "file": "f", "state": "refused", "subjects": [], "subject_count": 0, "identity": "ana@acme.example",
        }))
        .unwrap();
        assert_eq!(row(&one)[2], "claims to be ana@acme.example");
        one.state = State::Unexpected;
        assert_eq!(row(&one)[2], "ana@acme.example");
    }
}
