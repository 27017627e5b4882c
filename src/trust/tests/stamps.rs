//! Time stamps by `openssl ts`: what they prove, and every way in which one proves nothing.

use std::path::PathBuf;
use std::process::Command;

use super::openssh::missing;
use super::samples::{self, ANA, approver};
use crate::domain::decision::Verb;
use crate::domain::time::Timestamp;
use crate::trust::allowed_signers::{AllowedSigners, NoPrincipal};
use crate::trust::dsse::Envelope;
use crate::trust::signer::TestSigner;
use crate::trust::stamp::{Authorities, BadStamp, Request, as_response};
use crate::trust::statement::{Choice, Statement};
use crate::trust::verify::{TrustRoot, VerifyError, verify_stamped};

/// A local authority.
pub(super) struct Authority {
    folder: tempfile::TempDir,
}

const CONFIG: &str = "
[ req ]
distinguished_name = dn
[ dn ]
[ ca ]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[ tsa ]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[ lax ]
extendedKeyUsage = timeStamping
[ both ]
extendedKeyUsage = critical, timeStamping, clientAuth
[ server ]
extendedKeyUsage = critical, serverAuth
[ ts ]
default_policy = 1.2.3.4
digests = sha1, sha256, sha384, sha512
serial = serial
ordering = yes
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
signer_digest = sha256
";

impl Authority {
    /// With keys of a kind, and a signer's certificate with the extensions of a section.
    fn new(kind: &[&str], section: &str) -> Self {
        let authority = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(authority.path("config"), CONFIG).unwrap();
        std::fs::write(authority.path("serial"), "01\n").unwrap();
        for name in ["ca", "tsa"] {
            authority.openssl(&[&["genpkey", "-out", &format!("{name}.key")], kind].concat());
        }
        authority.openssl(&[
            "req",
            "-x509",
            "-new",
            "-key",
            "ca.key",
            "-subj",
            "/CN=Time root",
            "-days",
            "30",
            "-config",
            "config",
            "-extensions",
            "ca",
            "-out",
            "ca.pem",
        ]);
        authority
            .openssl(&["req", "-new", "-key", "tsa.key", "-subj", "/CN=Time", "-config", "config", "-out", "tsa.csr"]);
        authority.openssl(&[
            "x509",
            "-req",
            "-in",
            "tsa.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "20",
            "-extfile",
            "config",
            "-extensions",
            section,
            "-out",
            "tsa.pem",
        ]);
        authority
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn openssl(&self, args: &[&str]) {
        let out = Command::new("openssl").args(args).current_dir(self.folder.path()).output().unwrap();
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    }

    fn answer(&self, request: &[u8], extra: &[&str]) -> Vec<u8> {
        std::fs::write(self.path("query"), request).unwrap();
        let args = [
            "ts",
            "-reply",
            "-queryfile",
            "query",
            "-config",
            "config",
            "-section",
            "ts",
            "-signer",
            "tsa.pem",
            "-inkey",
            "tsa.key",
            "-out",
            "answer",
        ];
        self.openssl(&[&args[..], extra].concat());
        std::fs::read(self.path("answer")).unwrap()
    }

    /// As listed, with the root's own time changed: webpki does not ask whether a root has signed itself.
    fn authorities_valid(&self, from: Timestamp, until: Timestamp) -> Authorities {
        use base64::Engine as _;
        use x509_cert::der::{Decode as _, Encode as _, asn1::UtcTime};
        let engine = base64::engine::general_purpose::STANDARD;
        let pem = std::fs::read_to_string(self.path("ca.pem")).unwrap();
        let inner = pem.trim().strip_prefix("-----BEGIN CERTIFICATE-----").unwrap();
        let base64: String = inner.strip_suffix("-----END CERTIFICATE-----").unwrap().split_whitespace().collect();
        let mut root = x509_cert::Certificate::from_der(&engine.decode(base64).unwrap()).unwrap();
        let time = |at: Timestamp| {
            let since = std::time::Duration::from_secs(u64::try_from(at.millis() / 1000).unwrap());
            UtcTime::from_unix_duration(since).unwrap().into()
        };
        root.tbs_certificate.validity.not_before = time(from);
        root.tbs_certificate.validity.not_after = time(until);
        let text = engine.encode(root.to_der().unwrap());
        let text = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        Authorities::parse("f", text.as_bytes()).unwrap()
    }

    fn authorities(&self) -> Authorities {
        Authorities::parse("f", &std::fs::read(self.path("ca.pem")).unwrap()).unwrap()
    }

    fn stamp(&self, over: &[u8]) -> Vec<u8> {
        let request = Request::new(over, [7; 16]);
        let answer = self.answer(&request.to_der(), &[]);
        request.accept(&answer, &self.authorities()).unwrap().0
    }
}

const HOUR: std::time::Duration = std::time::Duration::from_secs(3_600);
const SECOND: std::time::Duration = std::time::Duration::from_secs(1);
const P256: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const P384: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
const RSA: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];

fn now() -> Timestamp {
    chrono::Utc::now().into()
}

fn before(at: Timestamp, time: std::time::Duration) -> Timestamp {
    (chrono::DateTime::<chrono::Utc>::from_timestamp_millis(at.millis()).unwrap() - time).into()
}

#[test]
fn stamps_by_openssl_are_good_and_bound_to_their_bytes() {
    if missing(&["openssl"]) {
        return;
    }
    for kind in [P256, P384, RSA] {
        let authority = Authority::new(kind, "tsa");
        let listed = authority.authorities();
        let request = Request::new(b"signature", [7; 16]);
        let answer = authority.answer(&request.to_der(), &[]);
        let before = now();
        let (token, stamped) = request.accept(&answer, &listed).unwrap();
        assert_eq!(stamped.authority, "CN=Time");
        assert!(before.since(stamped.at).as_secs() < 60 && stamped.at.since(before).as_secs() < 60);
        // As a token and as an answer.
        assert_eq!(listed.verify(&token, b"signature").as_ref(), Ok(&stamped));
        assert_eq!(listed.verify(&as_response(&token), b"signature").as_ref(), Ok(&stamped));
        assert_eq!(as_response(&token), answer);
        assert_eq!(listed.verify(&token, b"another"), Err(BadStamp::NotOver));
        // An answer to another question about the same bytes.
        let other = Request::new(b"signature", [8; 16]);
        assert_eq!(other.accept(&answer, &listed), Err(BadStamp::Nonce));
        assert_eq!(Authorities::default().verify(&token, b"signature"), Err(BadStamp::NoAuthorities));
        let stranger = Authority::new(kind, "tsa").authorities();
        assert!(matches!(stranger.verify(&token, b"signature"), Err(BadStamp::Chain { .. })));
    }
}

#[test]
fn the_root_itself_must_be_valid_as_of_the_stamp() {
    if missing(&["openssl"]) {
        return;
    }
    let authority = Authority::new(P256, "tsa");
    let token = authority.stamp(b"signature");
    let at = authority.authorities().verify(&token, b"signature").unwrap().at;
    let long_ago: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    let judge = |from, until| authority.authorities_valid(from, until).verify(&token, b"signature");
    assert!(judge(long_ago, at).is_ok(), "its last second counts");
    assert!(judge(at, at.plus(HOUR)).is_ok(), "and its first");
    for (from, until) in [(long_ago, before(at, SECOND)), (at.plus(SECOND), at.plus(HOUR))] {
        let error = judge(from, until).unwrap_err();
        assert!(matches!(&error, BadStamp::Chain { why, .. } if why.contains("out of its own time")), "{error}");
    }
}

#[test]
fn of_several_stamps_the_good_ones_are_kept_and_a_bundle_has_no_others() {
    use crate::trust::bundle;
    use crate::trust::raw;
    if missing(&["openssl"]) {
        return;
    }
    let authority = Authority::new(P256, "tsa");
    let (signer, payload) = (samples::signer(), samples::decision_by(&samples::signer()).payload().unwrap());
    let key = crate::trust::signer::Signer::key(&signer);
    let message = crate::trust::dsse::pae(crate::trust::dsse::PAYLOAD_TYPE, &payload);
    let signature = crate::trust::signer::Signer::sign_raw(&signer, &message).unwrap();
    raw::verify(key, &message, &signature).unwrap();
    let envelope = Envelope::seal_raw(&payload, &key.fingerprint, &signature).to_bytes().unwrap();
    let (good, other) = (authority.stamp(&signature), authority.stamp(b"something else"));
    let strange = Authority::new(P256, "tsa").stamp(&signature);
    let listed = authority.authorities();
    let export =
        |stamps: &[Vec<u8>], listed: &Authorities, at| bundle::export(&envelope, key, stamps, listed, at).unwrap();
    let stamps_in = |bundle: &bundle::Bundle| {
        let data = &bundle.json["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"];
        data.as_array().map_or(0, Vec::len)
    };
    let all = export(&[other, strange, b"nonsense".to_vec(), good.clone()], &listed, now());
    assert_eq!(stamps_in(&all), 1);
    let [first, second, third] = all.left_out.as_slice() else { panic!("{:?}", all.left_out) };
    assert_eq!(first, &BadStamp::NotOver);
    assert!(matches!(second, BadStamp::Chain { .. }) && matches!(third, BadStamp::Malformed(_)), "{second} {third}");
    let alone = [good];
    let untrusted = export(&alone, &Authorities::default(), now());
    assert_eq!((stamps_in(&untrusted), untrusted.left_out), (0, vec![BadStamp::NoAuthorities]));
    let early = export(&alone, &listed, before(now(), HOUR));
    assert!(stamps_in(&early) == 0 && matches!(early.left_out.as_slice(), [BadStamp::Future { .. }]));
    assert!(export(&alone, &listed, now()).left_out.is_empty());
}

#[test]
fn a_stamp_of_the_near_future_makes_no_key_valid_sooner() {
    if missing(&["openssl"]) {
        return;
    }
    let authority = Authority::new(P256, "tsa");
    let (signer, start) = (samples::signer(), now());
    // As of a minute ago, within what clocks may differ: the key's time begins between then and the stamp.
    let at = before(start, SECOND * 60);
    let choice = Choice {
        issued_at: before(at, HOUR),
        not_after: start.plus(HOUR),
        approver: approver(&signer),
        ..samples::choice(Verb::Approve)
    };
    let statement = Statement::of_decision(&samples::dossier(), choice).unwrap();
    let envelope = Envelope::sign(&statement, &signer).unwrap();
    let token = authority.stamp(&envelope.open().unwrap().signature.to_bytes());
    let from = before(start, SECOND * 30).compact();
    let line = format!("{ANA} valid-after=\"{from}Z\" {}", crate::trust::signer::Signer::key(&signer).to_line());
    let root = TrustRoot {
        allowed_signers: AllowedSigners::parse("f", &line).unwrap(),
        timestamp_authorities: authority.authorities(),
        ..TrustRoot::default()
    };
    let judge = |at| verify_stamped(&envelope.to_bytes().unwrap(), std::slice::from_ref(&token), &root, at);
    let error = judge(at).unwrap_err();
    assert!(matches!(error, VerifyError::Principal(NoPrincipal::NotYet { .. })), "{error}");
    // The stamp itself is good then, and holds later.
    assert!(judge(start.plus(SECOND * 5)).unwrap().stamped.is_some());
}

#[test]
fn every_changed_byte_of_a_stamp_is_noticed_or_changes_nothing() {
    if missing(&["openssl"]) {
        return;
    }
    let authority = Authority::new(P256, "tsa");
    let (listed, token) = (authority.authorities(), authority.stamp(b"signature"));
    let good = listed.verify(&token, b"signature").unwrap();
    for i in 0..token.len() {
        let mut bad = token.clone();
        *bad.get_mut(i).unwrap() ^= 0x11;
        // Some bytes are not signed: the embedded certificates that are not needed, names of algorithms given twice.
        if let Ok(read) = listed.verify(&bad, b"signature") {
            assert_eq!(read, good, "byte {i}");
        }
        assert!(listed.verify(token.get(..i).unwrap(), b"signature").is_err(), "cut at {i}");
    }
}

#[test]
fn the_signers_certificate_must_be_for_time_stamps_alone() {
    if missing(&["openssl"]) {
        return;
    }
    // openssl itself refuses to sign with the last two, so their tokens are made by a twin that has the right one.
    for section in ["lax", "both", "server"] {
        let authority = Authority::new(P256, section);
        let request = Request::new(b"signature", [7; 16]);
        std::fs::write(authority.path("query"), request.to_der()).unwrap();
        let args = ["ts", "-reply", "-queryfile", "query", "-config", "config", "-section", "ts", "-signer", "tsa.pem"];
        let out = Command::new("openssl")
            .args(args)
            .args(["-inkey", "tsa.key", "-out", "answer"])
            .current_dir(authority.folder.path())
            .output()
            .unwrap();
        if out.status.success() {
            let answer = std::fs::read(authority.path("answer")).unwrap();
            let error = request.accept(&answer, &authority.authorities()).unwrap_err();
            assert!(matches!(error, BadStamp::Usage(_)), "{section}: {error}");
        }
    }
}

#[test]
fn weak_hashes_and_refusals_are_named() {
    if missing(&["openssl"]) {
        return;
    }
    let authority = Authority::new(P256, "tsa");
    std::fs::write(authority.path("data"), b"signature").unwrap();
    authority.openssl(&["ts", "-query", "-data", "data", "-sha1", "-cert", "-out", "weak"]);
    let answer = authority.answer(&std::fs::read(authority.path("weak")).unwrap(), &[]);
    assert!(matches!(authority.authorities().verify(&answer, b"signature"), Err(BadStamp::Algorithm(_))));
    // A policy that the authority does not have: it says no.
    authority.openssl(&["ts", "-query", "-data", "data", "-sha256", "-tspolicy", "1.9.9", "-out", "other"]);
    let answer = authority.answer(&std::fs::read(authority.path("other")).unwrap(), &[]);
    let request = Request::new(b"signature", [7; 16]);
    assert_eq!(request.accept(&answer, &authority.authorities()), Err(BadStamp::NotGranted(2)));
    assert!(Authorities::parse("f", b"").is_err());
    assert!(Authorities::parse("f", &std::fs::read(authority.path("tsa.pem")).unwrap()).is_err());
    assert!(Authorities::parse("f", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").is_err());
}

#[test]
fn a_stamp_keeps_a_signature_good_when_its_key_has_expired() {
    if missing(&["openssl"]) {
        return;
    }
    let authority = Authority::new(P256, "tsa");
    let (signer, start) = (samples::signer(), now());
    let later = start.plus(HOUR * 24);
    let choice = Choice {
        issued_at: start,
        not_after: start.plus(HOUR * 48),
        approver: approver(&signer),
        ..samples::choice(Verb::Approve)
    };
    let statement = Statement::of_decision(&samples::dossier(), choice).unwrap();
    let envelope = Envelope::sign(&statement, &signer).unwrap();
    let bytes = envelope.to_bytes().unwrap();
    let root = |signer: &TestSigner, before: Timestamp| {
        let line = format!(
            "{ANA} valid-before=\"{}Z\" {}",
            before.compact(),
            crate::trust::signer::Signer::key(signer).to_line()
        );
        TrustRoot {
            allowed_signers: AllowedSigners::parse("f", &line).unwrap(),
            timestamp_authorities: authority.authorities(),
            ..TrustRoot::default()
        }
    };
    let expired = root(&signer, start.plus(HOUR));
    let verify = |stamps: &[Vec<u8>], root: &TrustRoot, at| verify_stamped(&bytes, stamps, root, at);
    assert!(matches!(verify(&[], &expired, later), Err(VerifyError::Principal(NoPrincipal::Expired { .. }))));
    let over = envelope.open().unwrap().signature.to_bytes();
    let good = authority.stamp(&over);
    let verified = verify(std::slice::from_ref(&good), &expired, later).unwrap();
    assert_eq!(verified.stamped.unwrap().authority, "CN=Time");
    // The decision's own end is judged as of now all the same.
    let error = verify(std::slice::from_ref(&good), &expired, start.plus(HOUR * 49)).unwrap_err();
    assert!(matches!(error, VerifyError::Expired { .. }));
    // A stamp over something else, or by a stranger, helps nothing and says so; a good one beside it does help.
    let bad = authority.stamp(b"something else");
    let error = verify(std::slice::from_ref(&bad), &expired, later).unwrap_err();
    assert!(matches!(&error, VerifyError::Stamp { why, .. } if **why == BadStamp::NotOver), "{error}");
    assert!(verify(&[bad.clone(), good.clone()], &expired, later).is_ok());
    // A bad stamp does not harm what is good without one.
    let valid = root(&signer, start.plus(HOUR * 100));
    assert_eq!(verify(std::slice::from_ref(&bad), &valid, later).unwrap().stamped, None);
    // A stamp proves no time before its own: the key was expired already when it was made.
    let early = root(&signer, "2026-06-01T12:00:00Z".parse().unwrap());
    assert!(matches!(verify(std::slice::from_ref(&good), &early, later), Err(VerifyError::Principal(_))));
    // As of a time before the stamp it does not exist yet.
    let error = verify(std::slice::from_ref(&good), &early, "2026-06-02T12:00:00Z".parse().unwrap()).unwrap_err();
    assert!(matches!(&error, VerifyError::Stamp { why, .. } if matches!(**why, BadStamp::Future { .. })), "{error}");
}

#[test]
fn a_document_of_later_than_its_stamp_is_refused() {
    if missing(&["openssl"]) {
        return;
    }
    let authority = Authority::new(P256, "tsa");
    let (signer, issued) = (samples::signer(), now().plus(std::time::Duration::from_secs(3_600)));
    let not_after = issued.plus(std::time::Duration::from_secs(3_600));
    let choice = Choice { issued_at: issued, not_after, approver: approver(&signer), ..samples::choice(Verb::Approve) };
    let statement = Statement::of_decision(&samples::dossier(), choice).unwrap();
    let envelope = Envelope::sign(&statement, &signer).unwrap();
    let token = authority.stamp(&envelope.open().unwrap().signature.to_bytes());
    let root = TrustRoot {
        allowed_signers: AllowedSigners::parse("f", &signer.allowed_line(ANA)).unwrap(),
        timestamp_authorities: authority.authorities(),
        ..TrustRoot::default()
    };
    let error = verify_stamped(&envelope.to_bytes().unwrap(), &[token], &root, issued).unwrap_err();
    assert!(matches!(error, VerifyError::Postdated { .. }), "{error}");
}
