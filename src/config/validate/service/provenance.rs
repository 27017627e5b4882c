//! Where attestations are, and what is expected of them.

use super::Connections;
use crate::config::schema::{ConnectionKind, ProvenanceConfig};
use crate::domain::provenance::{Predicate, is_issuer_of_people};
use crate::text::is_blank;

pub(super) fn check(key: &str, line: &ProvenanceConfig, from: &mut Connections<'_, '_>) {
    match (&line.artifacts, &line.path) {
        (Some(pattern), None) => {
            from.check(key, line.from.as_deref().unwrap_or_default(), ConnectionKind::Jenkins);
            if let Err(e) = glob::Pattern::new(pattern) {
                from.sink.at(&format!("{key}.artifacts"), format!("This is not a pattern of paths: {}.", e.msg));
            }
        }
        (None, Some(_)) => {
            if line.from.is_some() {
                from.sink.at(&format!("{key}.from"), "path is a folder of this machine, and takes no from.");
            }
        }
        _ => from
            .sink
            .at(key, "Attestations are found by artifacts (Jenkins) or by path (a folder): give exactly one of them."),
    }
    for (name, text) in
        [("path", &line.path), ("identity", &line.identity), ("repository", &line.repository), ("branch", &line.branch)]
    {
        from.template(&format!("{key}.{name}"), text.as_deref());
    }
    for (name, text) in [
        ("issuer", &line.issuer),
        ("identity", &line.identity),
        ("repository", &line.repository),
        ("branch", &line.branch),
    ] {
        if text.as_deref().is_some_and(is_blank) {
            from.sink.at(&format!("{key}.{name}"), format!("{name} is empty. Leave it out if nothing is expected."));
        }
    }
    signer(key, line, from);
    if let Some(predicate) = &line.predicate
        && Predicate::from_word(predicate).is_none()
    {
        let message = "predicate is \"slsa\", \"signature\", or the URI of a predicate.";
        from.sink.at(&format!("{key}.predicate"), message);
    }
}

fn signer(key: &str, line: &ProvenanceConfig, from: &mut Connections<'_, '_>) {
    let mut say = |name: &str, message: &str| from.sink.at(&format!("{key}.{name}"), message);
    if line.key.is_some() && (line.issuer.is_some() || line.identity.is_some()) {
        say("key", "A key of one's own takes the place of issuer and identity: keep the one or the others.");
    }
    if line.log.is_some() && line.key.is_none() {
        let message =
            "log goes with a key: what is signed with a certificate is in a log wherever its authority has one.";
        say("log", message);
    }
    match (&line.issuer, &line.identity, &line.repository) {
        (None, Some(_), _) => {
            let message = "identity goes with issuer: others could vouch for the same name. Give the issuer too.";
            say("identity", message);
        }
        (Some(issuer), None, _) if issuer == "none" => {
            say("issuer", "Without an issuer, the identity says who must have signed: give it.");
        }
        (Some(issuer), None, Some(_)) if is_issuer_of_people(issuer) => {
            let message = "This issuer vouches for people, and its certificates name no repository: repository alone cannot \
                           say who signed. Give identity.";
            say("issuer", message);
        }
        (_, Some(identity), _) if !identity.is_empty() && identity.bytes().all(|b| b == b'*') => {
            let message = "Everybody fits this identity. Say who, or leave it out and give the repository that the certificate \
                           must name.";
            say("identity", message);
        }
        (Some(_), None, None) => {
            let message =
                "The issuer vouches for everybody who signs in there. Say who: give identity, repository or both.";
            say("issuer", message);
        }
        _ => {}
    }
    let needs_root = (line.issuer.is_some() || line.key.is_some()) && !(line.key.is_some() && line.log == Some(false));
    if needs_root && from.config.trust.sigstore_root.is_none() {
        let message = "These signatures are traced back to a trusted root: set trust.sigstore_root to a trusted_root.json, or \
                       to \"public-good\".";
        from.sink.at(key, message);
    }
}
