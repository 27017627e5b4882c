//! Who signs, and the signing of decisions and triage.

use std::sync::Arc;

use super::Desk;
use super::decide::{Prepared, Proposal};
use super::progress::{Progress, Watcher};
use super::triage::Said;
use crate::domain::dossier::Dossier;
use crate::domain::gate::Gate;
use crate::domain::ids::{Digest, GateId, Principal, RecordId};
use crate::domain::time::Timestamp;
use crate::domain::triage::Subject;
use crate::error::{AppError, ErrorKind};
use crate::ledger::Head;
use crate::text::Untrusted;
use crate::trust::dsse::Envelope;
use crate::trust::key::KeyInfo;
use crate::trust::signer::{Signer, TOUCH_LIMIT};
use crate::trust::statement::{
    ApproverRef, Checkpoint, Choice, Entitlement, Predicate, Record, Statement, Tool, TriageChoice,
};
use crate::trust::verify::{TrustRoot, verify_envelope};
use crate::trust::{DECISION_NAMESPACE, TRIAGE_NAMESPACE};

/// How long a decision holds for a pipeline that verifies it.
const HOLDS: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);

/// A key with the person that allowed_signers names for it.
#[derive(Clone)]
pub struct Identity {
    /// Who.
    pub principal: Principal,
    /// With what.
    pub signer: Arc<dyn Signer>,
    trust: Arc<TrustRoot>,
}

impl Identity {
    /// The key.
    pub fn key(&self) -> &KeyInfo {
        self.signer.key()
    }

    /// The key in a line: fingerprint, kind, whether it is hardware, where it is.
    pub fn describe(&self) -> String {
        let key = self.key();
        let kind = if key.hardware { "hardware key" } else { "software key" };
        format!("{} {} ({kind}, {}) {}", key.algorithm, key.fingerprint, self.signer.method(), key.comment.line())
    }

    /// Refuses where the key may not sign for a purpose.
    pub(super) fn may_sign(&self, namespace: &str, at: Timestamp) -> Result<(), AppError> {
        let found = self.trust.principal_for(self.signer.as_ref(), namespace, at);
        found.map(|_| ()).map_err(|e| AppError::new(ErrorKind::NotEntitled, e.to_string()).hint(e.hint()))
    }

    pub(super) fn approver(&self) -> ApproverRef {
        ApproverRef {
            principal: self.principal.clone(),
            key_fingerprint: self.key().fingerprint.clone(),
            method: self.signer.method().to_owned(),
            tool: Tool::this(),
        }
    }
}

/// A signed document, its signature checked.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Its id.
    pub record: RecordId,
    /// The envelope, JSON.
    pub value: serde_json::Value,
    /// The envelope's bytes.
    pub bytes: Vec<u8>,
    /// Their digest.
    pub digest: Digest,
}

/// The files that say whose signatures count.
pub fn trust_root(trust: &crate::config::schema::TrustConfig) -> Result<TrustRoot, AppError> {
    let allowed = trust.allowed_signers.as_deref().ok_or_else(|| {
        AppError::usage("No allowed_signers file is configured, so nobody's signature counts.")
            .hint("Set [trust] allowed_signers to an OpenSSH allowed_signers file.")
    })?;
    let root = TrustRoot::load(allowed, trust.revoked.as_deref())?;
    match &trust.timestamp_authorities {
        Some(path) => Ok(root.with_timestamp_authorities(path)?),
        None => Ok(root),
    }
}

/// The approver's key, and who that is by allowed_signers as of now. Asks the agent, or reads the key file; the passphrase
/// of an encrypted one is asked for when it signs.
pub async fn identity(desk: &Desk) -> Result<Identity, AppError> {
    let now = desk.clock.now();
    let trust_config = desk.config.trust.clone();
    let held = match desk.signer() {
        None => super::signer::from_vault(desk).await?,
        held => held,
    };
    let (config, agent, passphrase) = (desk.config.signer.clone(), desk.agent.clone(), Arc::clone(&desk.passphrase));
    let found = tokio::task::spawn_blocking(move || -> Result<Identity, AppError> {
        let trust = Arc::new(trust_root(&trust_config)?);
        let signer = match held {
            Some(signer) => signer,
            None => super::signer::on_this_machine(&config, agent, &trust, &passphrase)?,
        };
        let principal = trust.principal_for(signer.as_ref(), DECISION_NAMESPACE, now).map_err(|e| {
            let error = AppError::new(ErrorKind::NotEntitled, e.to_string()).hint(e.hint());
            error.hint(format!("The public key is: {}", signer.key().to_line()))
        })?;
        Ok(Identity { principal, signer, trust })
    });
    let identity = found.await.map_err(|e| AppError::internal(format!("Finding the key failed: {e}.")))??;
    desk.keep_signer(&identity.signer);
    Ok(identity)
}

/// Signs a decision over the dossier that was prepared.
pub async fn decision(
    desk: &Desk,
    identity: &Identity,
    prepared: &Prepared,
    watcher: Watcher<'_>,
) -> Result<Signed, AppError> {
    let now = desk.clock.now();
    let approval = prepared.approval.clone().unwrap_or_default();
    let gate = &prepared.waiting.gate;
    let entitlement = approval.entitlement;
    let mut statement =
        self::statement(desk, identity, gate, &prepared.dossier, &prepared.proposal, entitlement, approval.hold)?;
    add_seen(&mut statement, desk.records().await?.head());
    add_dossier(desk, &mut statement, prepared).await?;
    seal(identity, statement, now, watcher).await
}

/// A decision as it is to be signed, but for what the ledger and the evidence store add.
pub fn statement(
    desk: &Desk,
    identity: &Identity,
    gate: &Gate,
    dossier: &Dossier,
    proposal: &Proposal,
    entitlement: Entitlement,
    hold: Option<std::time::Duration>,
) -> Result<Statement, AppError> {
    let now = desk.clock.now();
    let connection = desk.config.connections.get(gate.id.connection().as_str());
    let kind = connection.map(|c| kind_word(c.kind)).unwrap_or_default();
    let choice = Choice {
        id: record_id(now)?,
        verb: proposal.verb,
        supersedes: None,
        reason_code: None,
        reason: Untrusted::new(proposal.reason.clone()),
        kind: &kind,
        instance: Untrusted::new(connection.map(|c| c.url.clone()).unwrap_or_default()),
        execution: Untrusted::new(gate.id.native().get(1).cloned().unwrap_or_default()),
        environment_class: None,
        nonce: nonce()?,
        issued_at: now,
        not_after: now.plus(hold.map_or(HOLDS, |h| h.min(HOLDS))),
        approver: identity.approver(),
        option: proposal.option.clone().map(Untrusted::new),
        viewed: &proposal.viewed,
        clock_skew_seconds: skew_to_record(desk, Some(&gate.id)),
        entitlement,
    };
    Statement::of_decision(dossier, choice).map_err(|e| {
        let error = AppError::new(ErrorKind::Incomplete, format!("The decision cannot be signed: {e}."));
        e.hints().iter().fold(error, AppError::hint)
    })
}

/// A difference of clocks that would have stopped the signature, in seconds.
fn skew_to_record(desk: &Desk, gate: Option<&GateId>) -> Option<i64> {
    let skew = desk.skew(gate).filter(|s| *s > super::decide::SKEW_REFUSED)?;
    Some(i64::try_from(skew.as_secs()).unwrap_or(i64::MAX))
}

/// The ledger as the approver saw it: what any later decision proves a cut or a fork by.
pub(super) fn add_seen(statement: &mut Statement, head: Option<&Head>) {
    if let (Predicate::Decision(predicate), Some(head)) = (&mut statement.predicate, head) {
        let (origin, size, root) = (head.origin.clone(), head.size.to_string(), head.root.to_string());
        predicate.seen_checkpoint = Some(Checkpoint { origin, size, root });
    }
}

/// Keeps the whole dossier in the evidence store, and names it in the statement, so that an auditor can be shown it
/// and the next release can be compared with it.
async fn add_dossier(desk: &Desk, statement: &mut Statement, prepared: &Prepared) -> Result<(), AppError> {
    let (store, dossier) = (Arc::clone(&desk.store), Arc::clone(&prepared.dossier));
    let kept = tokio::task::spawn_blocking(move || {
        let bytes = serde_json::to_vec(dossier.as_ref()).map_err(|e| e.to_string())?;
        store.put(&bytes).map_err(|e| e.to_string())
    });
    let kept = kept.await.map_err(|e| AppError::internal(e.to_string()))?;
    let digest = kept.map_err(|e| AppError::internal(format!("The dossier could not be kept: {e}")))?;
    if let Predicate::Decision(predicate) = &mut statement.predicate {
        predicate.evidence.push(crate::trust::statement::EvidenceRef {
            name: DOSSIER.to_owned(),
            uri: Untrusted::default(),
            media_type: Some("application/json".into()),
            raw: Some(digest),
            content: prepared.dossier.digest.clone(),
            fetched_at: prepared.dossier.as_of,
            completeness: "complete".to_owned(),
            viewed: prepared.proposal.viewed.contains(DOSSIER),
        });
    }
    Ok(())
}

/// The name under which a statement lists the dossier itself.
pub const DOSSIER: &str = crate::domain::dossier::WHOLE;

/// Signs a triage of findings.
pub async fn triage(
    desk: &Desk,
    identity: &Identity,
    all: &[Said],
    dossier: &Dossier,
    watcher: Watcher<'_>,
) -> Result<Signed, AppError> {
    let now = desk.clock.now();
    identity
        .trust
        .principal_for(identity.signer.as_ref(), TRIAGE_NAMESPACE, now)
        .map_err(|e| AppError::new(ErrorKind::NotEntitled, e.to_string()).hint(e.hint()))?;
    let records = all.iter().map(|said| Record {
        subject: Subject::among(&said.finding, &dossier.findings).into(),
        status: said.status,
        justification: said.justification,
        detail: said.detail.clone(),
        scope: said.scope.clone(),
        expires: said.expires,
    });
    let choice = TriageChoice {
        id: record_id(now)?,
        nonce: nonce()?,
        issued_at: now,
        approver: identity.approver(),
        records: records.collect(),
        clock_skew_seconds: skew_to_record(desk, None),
    };
    let statement = Statement::of_triage(&dossier.release, choice)
        .map_err(|e| AppError::new(ErrorKind::Signing, format!("The dismissal cannot be signed: {e}.")))?;
    seal(identity, statement, now, watcher).await
}

pub(super) async fn seal(
    identity: &Identity,
    statement: Statement,
    now: Timestamp,
    watcher: Watcher<'_>,
) -> Result<Signed, AppError> {
    watcher(Progress::Signing { touch: identity.key().hardware, seconds: TOUCH_LIMIT.as_secs() });
    let (signer, trust) = (Arc::clone(&identity.signer), Arc::clone(&identity.trust));
    let task = tokio::task::spawn_blocking(move || -> Result<Signed, AppError> {
        let record = statement.id().clone();
        let envelope = Envelope::sign(&statement, signer.as_ref())?;
        let bytes = envelope.to_bytes().map_err(|e| AppError::internal(e.to_string()))?;
        // What we could not verify ourselves is not written anywhere.
        verify_envelope(&bytes, &trust, now)?;
        let value = serde_json::to_value(&envelope).map_err(|e| AppError::internal(e.to_string()))?;
        Ok(Signed { record, value, digest: envelope.digest(), bytes })
    });
    task.await.map_err(|e| AppError::internal(format!("Signing failed: {e}.")))?
}

fn kind_word(kind: crate::config::schema::ConnectionKind) -> String {
    serde_json::to_value(kind).ok().and_then(|v| v.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

fn random<const N: usize>() -> Result<[u8; N], AppError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| AppError::internal(format!("No random numbers: {e}.")))?;
    Ok(bytes)
}

pub(super) fn nonce() -> Result<String, AppError> {
    Ok(format!("{:032x}", u128::from_be_bytes(random::<16>()?)))
}

/// A ULID: 48 bits of milliseconds and 80 random bits, in Crockford's base 32, so that ids sort by time.
pub(super) fn record_id(now: Timestamp) -> Result<RecordId, AppError> {
    let noise = random::<10>()?;
    let time = u64::try_from(now.millis()).unwrap_or_default();
    let mut number = u128::from(time) << 80;
    number |= noise.iter().fold(0_u128, |n, b| (n << 8) | u128::from(*b));
    let alphabet = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let digits = (0..26).rev().map(|i| {
        let five = usize::try_from((number >> (i * 5)) & 31).unwrap_or_default();
        alphabet.get(five).copied().map_or('0', char::from)
    });
    Ok(RecordId::new(digits.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ulids_and_sort_by_time() {
        let early = record_id("2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
        let late = record_id("2026-01-01T00:00:01Z".parse().unwrap()).unwrap();
        assert_eq!(early.as_str().len(), 26);
        assert!(early < late);
        // 1767225600000 ms, ten digits of base 32.
        assert_eq!(early.as_str().get(..10), Some("01KDVDNA00"));
    }
}
