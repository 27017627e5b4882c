//! One attestation: whether its signature is good, and whether it is what is expected.

use sigstore_verify::types::{
    Artifact, ArtifactDigest, Bundle, DigestBytes, HashAlgorithm, SignatureContent, VerificationMaterialContent,
};
use sigstore_verify::{Error, PublicKeyVerificationPolicy, VerificationResult};

use super::claims::{Claims, Signed};
use super::envelope;
use super::expected::{Expected, Key, Pattern, Signer};
use super::read::{Content, Found};
use super::root::Root;
use super::words;
use crate::domain::evidence::Reason;
use crate::domain::provenance::{Attestation, State, Subject, SubjectDigest};
use crate::domain::time::Timestamp;
use crate::text::Untrusted;

/// How many subjects are kept of those that are not of the release.
const SHOWN: usize = 10;
/// How many characters of a text are kept.
const LONGEST: usize = 2_000;

/// What a good signature proves beside what was signed.
#[derive(Default)]
struct Proven {
    signed: Signed,
    key: Option<String>,
    signed_at: Option<Timestamp>,
    logged: bool,
    /// Which artifact it is over, for a signature that names none.
    over: Option<SubjectDigest>,
}

/// Judges one attestation.
pub(super) fn judge(
    found: Found,
    root: Option<&Root>,
    expected: &Expected,
    artifacts: &[SubjectDigest],
) -> Attestation {
    let mut out = Attestation::unread(found.place);
    let (claims, shown) = match said(&found.content) {
        Ok(said) => said,
        Err(why) => return refused(out, Reason::new("malformed", why)),
    };
    describe(&mut out, &claims, &shown, artifacts);
    // Another predicate is another question: an attestation of tests is no answer to who built it.
    if !expected.predicate.is(claims.predicate.as_deref()) {
        out.state = State::Other;
        let said = claims.predicate.as_deref().unwrap_or("a signature alone, which says nothing of the build");
        let text = format!("It is {said}, and {} is asked for.", expected.predicate.word());
        out.reason = Some(Reason::new("another-predicate", text));
        return out;
    }
    let proven = match prove(&found.content, &claims, root, expected, artifacts) {
        Ok(proven) => proven,
        Err(reason) => return refused(out, reason),
    };
    out.key.clone_from(&proven.key);
    out.signed_at = proven.signed_at;
    if proven.logged
        && let Content::Bundle(bundle) = &found.content
    {
        out.log_index = bundle.verification_material.tlog_entries.first().map(|e| e.log_index.get().to_string());
    }
    if let Some(digest) = proven.over.filter(|d| !out.names(d)) {
        out.subjects.push(Subject { name: Untrusted::default(), digests: vec![digest] });
        out.subject_count = out.subjects.len();
    }
    match unexpected(expected, &claims, &proven.signed) {
        Ok(note) => (out.state, out.note) = (State::Verified, note),
        Err(reason) => (out.state, out.reason) = (State::Unexpected, Some(reason)),
    }
    out
}

fn refused(mut attestation: Attestation, reason: Reason) -> Attestation {
    attestation.state = State::Refused;
    attestation.reason = Some(reason);
    attestation
}

/// What it says of itself, statement and certificate.
fn said(content: &Content) -> Result<(Claims, Signed), String> {
    match content {
        Content::Envelope { payload_type, payload, .. } => {
            Ok((Claims::of_statement(payload_type, payload)?, Signed::default()))
        }
        Content::Bundle(bundle) => {
            let signed = bundle.signing_certificate().map(Signed::of).unwrap_or_default();
            let claims = match &bundle.content {
                SignatureContent::DsseEnvelope(e) => Claims::of_statement(&e.payload_type, e.payload.as_bytes())?,
                SignatureContent::MessageSignature(m) => {
                    Claims::of_digest(m.message_digest.as_ref().map(|d| (d.algorithm, &d.digest)))
                }
                _ => return Err("It holds neither an attestation nor a signature.".to_owned()),
            };
            Ok((claims, signed))
        }
    }
}

/// Shows what is said. Of two that say the same thing, the certificate goes first: its authority has checked it.
fn describe(out: &mut Attestation, claims: &Claims, signed: &Signed, artifacts: &[SubjectDigest]) {
    let text = |first: &Option<String>, second: &Option<String>| first.as_ref().or(second.as_ref()).map(|t| kept(t));
    out.predicate = text(&claims.predicate, &None);
    out.builder = text(&claims.builder, &None);
    out.repository = text(&signed.repository, &claims.repository);
    out.commit = text(&signed.commit, &claims.commits.first().cloned());
    out.reference = text(&signed.reference, &claims.reference);
    out.run = text(&signed.run, &claims.run);
    out.issuer = text(&signed.issuer, &None);
    out.identity = text(&signed.identity, &None);
    out.subject_count = claims.subjects.len();
    let mut rest = SHOWN;
    for subject in &claims.subjects {
        let ours = subject.digests.iter().any(|d| artifacts.contains(d));
        if ours || rest > 0 {
            rest -= usize::from(!ours);
            out.subjects.push(Subject { name: kept(subject.name.raw()), digests: subject.digests.clone() });
        }
    }
}

/// A reason, of what is kept to be shown: it cites what others wrote.
pub(super) fn bounded(reason: Reason) -> Reason {
    Reason { text: kept(reason.text.raw()), ..reason }
}

/// What of a text is kept to be shown: others decide how long it is.
fn kept(text: &str) -> Untrusted {
    match text.char_indices().nth(LONGEST) {
        None => text.into(),
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()).into(),
    }
}

/// Checks the signature and all that proves when and by whom it was made.
fn prove(
    content: &Content,
    claims: &Claims,
    root: Option<&Root>,
    expected: &Expected,
    artifacts: &[SubjectDigest],
) -> Result<Proven, Reason> {
    match (content, &expected.signer) {
        (Content::Envelope { payload_type, payload, signatures }, Signer::Key { key, logged: false }) => {
            let [signature] = signatures.as_slice() else {
                let text = format!("Its envelope has {} signatures, and exactly one is needed.", signatures.len());
                return Err(Reason::new("malformed", text));
            };
            envelope::verify(key, payload_type, payload, signature)?;
            Ok(Proven { key: Some(key.fingerprint()), ..Proven::default() })
        }
        (Content::Envelope { .. }, _) => Err(Reason::new(
            "not-logged",
            "It is an envelope alone: nothing in it says who signed, or proves that it was logged. It can only be checked \
             with a key that is expected, and with log = false.",
        )),
        (Content::Bundle(bundle), Signer::Key { key, logged }) => by_key(bundle, claims, root, key, *logged, artifacts),
        (Content::Bundle(bundle), Signer::Identity { .. } | Signer::Nobody) => {
            if matches!(bundle.verification_material.content, VerificationMaterialContent::PublicKey(_)) {
                return Err(Reason::new(
                    "signed-by-key",
                    "It is signed by a key and has no certificate: who that is only the key can tell, and none is \
                     expected.",
                ));
            }
            by_certificate(bundle, claims, root.ok_or_else(no_root)?, artifacts)
        }
    }
}

fn no_root() -> Reason {
    Reason::new(
        "no-trusted-root",
        "There is no trusted root to trace the signature back to. Set trust.sigstore_root to a trusted_root.json, or to \
         \"public-good\".",
    )
}

fn by_certificate(
    bundle: &Bundle,
    claims: &Claims,
    root: &Root,
    artifacts: &[SubjectDigest],
) -> Result<Proven, Reason> {
    let mut first = None;
    for instance in &root.instances {
        let policy = instance.policy();
        let verified = tried(claims, artifacts, |artifact| instance.verifier.verify(artifact, bundle, &policy));
        match verified {
            Ok((result, over)) => return Ok(proven(&result, over, None)),
            Err(reason) => {
                first.get_or_insert(reason);
            }
        }
    }
    Err(first.unwrap_or_else(no_root))
}

fn by_key(
    bundle: &Bundle,
    claims: &Claims,
    root: Option<&Root>,
    key: &Key,
    logged: bool,
    artifacts: &[SubjectDigest],
) -> Result<Proven, Reason> {
    if !matches!(bundle.verification_material.content, VerificationMaterialContent::PublicKey(_)) {
        return Err(Reason::new(
            "signed-by-certificate",
            "It is signed with a certificate, and the key of one's own is expected. Expect an issuer and an identity.",
        ));
    }
    if !logged {
        let SignatureContent::DsseEnvelope(dsse) = &bundle.content else {
            return Err(Reason::new(
                "not-supported",
                "A signature over the artifact itself is checked with its log entry only. Leave log = false out, or sign an \
                 attestation.",
            ));
        };
        envelope::verify(key, &dsse.payload_type, dsse.payload.as_bytes(), dsse.signature.sig.as_bytes())?;
        return Ok(Proven { key: Some(key.fingerprint()), ..Proven::default() });
    }
    let policy = PublicKeyVerificationPolicy::new(key.0.clone());
    let mut first = None;
    for instance in &root.ok_or_else(no_root)?.instances {
        let verified = tried(claims, artifacts, |artifact| instance.verifier.verify(artifact, bundle, &policy));
        match verified {
            Ok((result, over)) => return Ok(proven(&result, over, Some(key.fingerprint()))),
            Err(reason) => {
                first.get_or_insert(reason);
            }
        }
    }
    Err(first.unwrap_or_else(no_root))
}

/// Tries with what the attestation says that it is about, or else with each artifact of the release.
fn tried(
    claims: &Claims,
    artifacts: &[SubjectDigest],
    verify: impl Fn(Artifact<'static>) -> Result<VerificationResult, Error>,
) -> Result<(VerificationResult, Option<SubjectDigest>), Reason> {
    let own = claims.subjects.iter().flat_map(|s| &s.digests).next();
    let wanted: Vec<&SubjectDigest> = match own {
        Some(own) => vec![own],
        None if claims.predicate.is_none() => artifacts.iter().collect(),
        None => {
            return Err(Reason::new("not-supported", "None of its subjects has a digest by SHA-256 or SHA-512."));
        }
    };
    let mut last = Reason::new("another-artifact", "It names no digest, and there is no artifact to compare it with.");
    for digest in wanted {
        let Some(artifact) = artifact(digest) else { continue };
        match verify(artifact) {
            Ok(result) => return Ok((result, own.is_none().then(|| digest.clone()))),
            Err(error) => last = words::reason(&error),
        }
    }
    Err(last)
}

fn artifact(digest: &SubjectDigest) -> Option<Artifact<'static>> {
    let algorithm = match digest.algorithm() {
        "sha256" => HashAlgorithm::Sha2256,
        "sha512" => HashAlgorithm::Sha2512,
        _ => return None,
    };
    let hex = digest.hex();
    let byte = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..hex.len()).step_by(2).map(byte).collect();
    ArtifactDigest::new(algorithm, DigestBytes::new(bytes?)).ok().map(Artifact::Digest)
}

fn proven(result: &VerificationResult, over: Option<SubjectDigest>, key: Option<String>) -> Proven {
    let times = result.integrated_time().into_iter().chain(result.verified_timestamps().iter().copied());
    Proven {
        signed: result.certificate().cloned().map(Signed::from).unwrap_or_default(),
        key,
        signed_at: times.min().and_then(|t| Timestamp::from_millis(t.as_millisecond())),
        logged: result.tlog_verified(),
        over,
    }
}

/// Compares what was signed, and who signed, with what is expected. All that says something must fit: where statement
/// and certificate contradict one another, one of them is not as expected. Of what fits, gives what it leaves open.
pub(super) fn unexpected(expected: &Expected, claims: &Claims, signed: &Signed) -> Result<Option<Reason>, Reason> {
    let no = |code: &str, text: String| Err(Reason::new(code, text));
    let certified = expected.is_by_repository();
    if let Signer::Identity { issuer, identity } = &expected.signer {
        let said = signed.issuer.as_deref().unwrap_or_default();
        if said != issuer {
            return no("another-issuer", format!("The signer's issuer is \"{said}\", and \"{issuer}\" is expected."));
        }
        let said = signed.identity.as_deref().unwrap_or_default();
        if let Some(identity) = identity.as_ref().filter(|i| !i.fits(said)) {
            let text = format!("It is signed by \"{said}\", and \"{}\" is expected.", identity.as_str());
            return no("another-identity", text);
        }
    }
    if !expected.is_enough() {
        let text = match signed.identity.as_deref() {
            Some(who) => format!(
                "Its signature is good, by \"{who}\". But nothing says that this is who is expected: configure issuer and \
                 identity, or issuer and repository."
            ),
            None => "Its signature is good. But nothing says who is expected to have signed it.".to_owned(),
        };
        return no("nobody-expected", text);
    }
    let repository = [&signed.repository, &claims.repository];
    fit("repository", "another-repository", expected.repository.as_ref(), repository, certified)?;
    fit("ref", "another-branch", expected.reference.as_ref(), [&signed.reference, &claims.reference], certified)?;
    let Some(commit) = &expected.commit else { return Ok(None) };
    if let Some(other) = signed.commit.iter().chain(&claims.commits).find(|s| !same_commit(s, commit)) {
        return no("another-commit", format!("It is of commit {other}, and the release is of {commit}."));
    }
    if signed.commit.is_some() || (!certified && !claims.commits.is_empty()) {
        return Ok(None);
    }
    let who = if claims.commits.is_empty() { "It" } else { "Its certificate" };
    let silent = format!("{who} does not name its commit, and the release is of {commit}.");
    if expected.commit_named { no("no-commit", silent) } else { Ok(Some(Reason::new("no-commit", silent))) }
}

/// Whether what certificate and statement say of something, in this order, is what is expected. `certified`: the
/// certificate must say it, and the statement can only contradict.
fn fit(
    what: &str,
    code: &str,
    expected: Option<&Pattern>,
    said: [&Option<String>; 2],
    certified: bool,
) -> Result<(), Reason> {
    let Some(expected) = expected else { return Ok(()) };
    if certified && said[0].is_none() {
        let text = format!(
            "Its certificate does not name its {what}, and \"{}\" is expected. What the statement says of it was written by \
             whoever signed, and nobody else says who that is: expect an identity.",
            expected.as_str()
        );
        return Err(Reason::new(code, text));
    }
    let mut said = said.into_iter().flatten().peekable();
    if said.peek().is_none() {
        return Err(Reason::new(
            code,
            format!("It does not say its {what}, and \"{}\" is expected.", expected.as_str()),
        ));
    }
    match said.find(|s| !expected.fits(s)) {
        None => Ok(()),
        Some(other) => {
            let text = format!("Its {what} is \"{other}\", and \"{}\" is expected.", expected.as_str());
            Err(Reason::new(code, text))
        }
    }
}

/// Equal, or one a prefix of the other of at least seven digits.
fn same_commit(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    a == b || (b.len() >= 7 && a.starts_with(&b)) || (a.len() >= 7 && b.starts_with(&a))
}
