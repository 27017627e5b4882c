//! Who is trusted for time, and the check of a token against them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use sha2::{Digest as _, Sha256};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_cert::Certificate;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, SubjectKeyIdentifier};

use super::info::{Hash, Info, status};
use super::{BadStamp, Stamped};
use crate::domain::time::Timestamp;
use crate::trust::der::{Der, OCTETS, SEQUENCE};
use crate::trust::error::TrustFileError;
use crate::trust::verify::CLOCK_TOLERANCE;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// The largest token that is read.
const MAX_TOKEN: usize = 64 * 1024;

/// The certificates of `timestamp_authorities.pem`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorities {
    /// Certificates that chains may end in.
    anchors: Vec<Anchor>,
    /// Certificates of signers, for tokens that do not bring theirs.
    signers: Vec<Certificate>,
}

/// A certificate that chains may end in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Anchor {
    der: Vec<u8>,
    /// The seconds since 1970 that it is valid in, the first and the last.
    valid: (u64, u64),
}

impl Authorities {
    /// Reads certificates in PEM. `name` is for messages.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, TrustFileError> {
        let mend = "Write certificates of time stamp authorities in PEM: their roots, one after another.";
        let bad = |why: String| TrustFileError::new(name, None, why, mend);
        let text = std::str::from_utf8(bytes).map_err(|_e| bad("it is not text".to_owned()))?;
        let mut out = Self::default();
        for (i, part) in text.split("-----BEGIN CERTIFICATE-----").skip(1).enumerate() {
            let damaged = || bad(format!("certificate {} is damaged", i + 1));
            let (base64, _) = part.split_once("-----END CERTIFICATE-----").ok_or_else(damaged)?;
            let base64: String = base64.split_ascii_whitespace().collect();
            let der = STANDARD.decode(base64).map_err(|_e| damaged())?;
            let certificate = Certificate::from_der(&der).map_err(|_e| damaged())?;
            let ca = certificate.tbs_certificate.get::<BasicConstraints>().map_err(|_e| damaged())?;
            if ca.is_some_and(|(_, constraints)| constraints.ca) {
                let valid = &certificate.tbs_certificate.validity;
                let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs();
                out.anchors.push(Anchor { der, valid: (seconds(valid.not_before), seconds(valid.not_after)) });
            } else {
                out.signers.push(certificate);
            }
        }
        if out.anchors.is_empty() {
            return Err(bad("it has no certificate of an authority (CA)".to_owned()));
        }
        Ok(out)
    }

    /// Whether nobody is trusted for time.
    pub fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }

    /// Checks a token, or an answer with one, over the bytes of a signature.
    pub fn verify(&self, token: &[u8], over: &[u8]) -> Result<Stamped, BadStamp> {
        if self.is_empty() {
            return Err(BadStamp::NoAuthorities);
        }
        let signed = signed_data(token)?;
        let content = tst_info(&signed)?;
        let info = Info::parse(content)?;
        if !info.is_over(over) {
            return Err(BadStamp::NotOver);
        }
        let [by] = signed.signer_infos.0.as_slice() else {
            return Err(BadStamp::Signature("it does not have exactly one signer"));
        };
        let embedded: Vec<&Certificate> = signed
            .certificates
            .iter()
            .flat_map(|set| set.0.iter())
            .filter_map(|choice| match choice {
                CertificateChoices::Certificate(certificate) => Some(certificate),
                CertificateChoices::Other(_) => None,
            })
            .collect();
        let certificate = embedded
            .iter()
            .copied()
            .chain(&self.signers)
            .find(|c| is_named(&by.sid, c))
            .ok_or(BadStamp::Signature("the signer's certificate is neither in it nor listed"))?;
        let name = crate::text::line(&certificate.tbs_certificate.subject.to_string()).into_owned();
        let encoded = certificate.to_der().map_err(|_e| BadStamp::Malformed("a certificate cannot be read"))?;
        check_signature(by, content, &encoded)?;
        check_usage(certificate, &name)?;
        let between: Vec<Vec<u8>> = embedded.iter().filter_map(|c| c.to_der().ok()).collect();
        self.check_chain(&encoded, &between, info.at, &name)?;
        Ok(Stamped { at: info.at, authority: name })
    }

    /// Of time stamps over the bytes of a signature those that are good as of a time, the earliest first, and what is wrong
    /// with the others.
    pub fn sift(&self, tokens: &[Vec<u8>], over: &[u8], at: Timestamp) -> (Vec<(Vec<u8>, Stamped)>, Vec<BadStamp>) {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for token in tokens {
            match self.verify(token, over) {
                // As of `at` it was not made yet.
                Ok(stamped) if stamped.at > at.plus(CLOCK_TOLERANCE) => {
                    bad.push(BadStamp::Future { stamped: stamped.at, at });
                }
                Ok(stamped) => good.push((token.clone(), stamped)),
                Err(why) => bad.push(why),
            }
        }
        good.sort_by_key(|(_, stamped)| stamped.at);
        (good, bad)
    }

    /// Whether a certificate leads to one of the anchors, and all on the way are valid as of a time.
    fn check_chain(&self, leaf: &[u8], between: &[Vec<u8>], at: Timestamp, name: &str) -> Result<(), BadStamp> {
        let bad = |why: String| BadStamp::Chain { authority: name.to_owned(), at, why };
        let seconds = u64::try_from(at.millis() / 1000).unwrap_or(0);
        // webpki judges the time of all but the last: an anchor is believed without it.
        let (valid, others): (Vec<&Anchor>, Vec<&Anchor>) =
            self.anchors.iter().partition(|a| a.valid.0 <= seconds && seconds <= a.valid.1);
        leads_to(&valid, leaf, between, seconds).map_err(|why| {
            let out_of_time = !others.is_empty() && leads_to(&others, leaf, between, seconds).is_ok();
            bad(if out_of_time {
                "the listed certificate is out of its own time then".to_owned()
            } else {
                format!("{why:?}")
            })
        })
    }
}

/// Whether a certificate leads to one of these, as of a time.
fn leads_to(anchors: &[&Anchor], leaf: &[u8], between: &[Vec<u8>], seconds: u64) -> Result<(), webpki::Error> {
    let anchors: Vec<CertificateDer<'_>> = anchors.iter().map(|a| CertificateDer::from(a.der.as_slice())).collect();
    let anchors = anchors.iter().map(anchor_from_trusted_cert).collect::<Result<Vec<_>, _>>()?;
    let between: Vec<CertificateDer<'_>> = between.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let leaf = CertificateDer::from(leaf);
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let usage = KeyUsage::required(TIME_STAMPING.as_bytes());
    EndEntityCert::try_from(&leaf)?
        .verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &anchors, &between, time, usage, None, None)
        .map(|_path| ())
}

/// The signed content of a token: TSTInfo in DER.
pub(super) fn content(token: &[u8]) -> Result<Vec<u8>, BadStamp> {
    Ok(tst_info(&signed_data(token)?)?.to_vec())
}

fn signed_data(token: &[u8]) -> Result<SignedData, BadStamp> {
    if token.len() > MAX_TOKEN {
        return Err(BadStamp::Malformed("it is too large"));
    }
    // An answer begins with a status, a token with an object identifier.
    let token = match status(token) {
        Ok((0 | 1, inner)) => inner,
        Ok((status, _)) => return Err(BadStamp::NotGranted(status)),
        Err(_) => token,
    };
    let unreadable = |_e: x509_cert::der::Error| BadStamp::Malformed("it is not CMS");
    let info = ContentInfo::from_der(token).map_err(unreadable)?;
    if info.content_type != SIGNED_DATA {
        return Err(BadStamp::Malformed("it is not signed data"));
    }
    let signed: SignedData = info.content.decode_as().map_err(unreadable)?;
    if signed.encap_content_info.econtent_type != TST_INFO {
        return Err(BadStamp::Malformed("what is signed is not a time stamp"));
    }
    Ok(signed)
}

fn tst_info(signed: &SignedData) -> Result<&[u8], BadStamp> {
    let content = signed.encap_content_info.econtent.as_ref();
    content.map(x509_cert::der::Any::value).ok_or(BadStamp::Malformed("it has no content"))
}

/// Whether a certificate is the one that a signer names.
fn is_named(sid: &SignerIdentifier, certificate: &Certificate) -> bool {
    let tbs = &certificate.tbs_certificate;
    match sid {
        SignerIdentifier::IssuerAndSerialNumber(named) => {
            tbs.issuer == named.issuer && tbs.serial_number == named.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(named) => {
            tbs.get::<SubjectKeyIdentifier>().ok().flatten().is_some_and(|(_, id)| id == *named)
        }
    }
}

fn check_usage(certificate: &Certificate, name: &str) -> Result<(), BadStamp> {
    match certificate.tbs_certificate.get::<ExtendedKeyUsage>() {
        Ok(Some((true, usage))) if usage.0.as_slice() == [TIME_STAMPING] => Ok(()),
        _ => Err(BadStamp::Usage(name.to_owned())),
    }
}

/// The signed attributes, and the signature over them.
fn check_signature(signer: &SignerInfo, content: &[u8], certificate: &[u8]) -> Result<(), BadStamp> {
    let hash = Hash::of(signer.digest_alg.oid.as_bytes())?;
    let bad = BadStamp::Signature;
    let attributes = signer.signed_attrs.as_ref().ok_or(bad("it has no signed attributes"))?;
    let only = |oid: ObjectIdentifier| {
        let mut found = attributes.iter().filter(|a| a.oid == oid);
        match (found.next(), found.next()) {
            (Some(attribute), None) if attribute.values.len() == 1 => attribute.values.get(0),
            _ => None,
        }
    };
    let kind = only(CONTENT_TYPE).and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    if kind != Some(TST_INFO) {
        return Err(bad("its attribute content-type is missing or wrong"));
    }
    if only(MESSAGE_DIGEST).map(x509_cert::der::Any::value) != Some(hash.digest(content).as_slice()) {
        return Err(bad("its attribute message-digest is missing or wrong"));
    }
    let named = match (only(SIGNING_CERTIFICATE_V2), only(SIGNING_CERTIFICATE)) {
        (Some(v2), _) => names_certificate(v2.value(), certificate, true),
        (None, Some(v1)) => names_certificate(v1.value(), certificate, false),
        (None, None) => false,
    };
    if !named {
        return Err(bad("its attribute signing-certificate is missing or names another certificate"));
    }
    let message = attributes.to_der().map_err(|_e| bad("its signed attributes cannot be read"))?;
    let leaf = CertificateDer::from(certificate);
    let leaf = EndEntityCert::try_from(&leaf).map_err(|_e| bad("its certificate cannot be read"))?;
    // Each of them fits one kind of key; one that does not fit is passed over.
    let algorithms: &[&dyn SignatureVerificationAlgorithm] = match hash {
        Hash::Sha256 => &[
            webpki::ring::ECDSA_P256_SHA256,
            webpki::ring::ECDSA_P384_SHA256,
            webpki::ring::RSA_PKCS1_2048_8192_SHA256,
        ],
        Hash::Sha384 => &[
            webpki::ring::ECDSA_P256_SHA384,
            webpki::ring::ECDSA_P384_SHA384,
            webpki::ring::RSA_PKCS1_2048_8192_SHA384,
        ],
        Hash::Sha512 => &[webpki::ring::RSA_PKCS1_2048_8192_SHA512, webpki::ring::ED25519],
    };
    let signature = signer.signature.as_bytes();
    if algorithms.iter().any(|algorithm| leaf.verify_signature(*algorithm, &message, signature).is_ok()) {
        Ok(())
    } else {
        Err(bad("it is not by the key of its certificate, or by a kind of key that is not accepted"))
    }
}

/// Whether ESSCertID (SHA-1) or ESSCertIDv2 names a certificate (RFC 5035): the first one is the signer's.
fn names_certificate(value: &[u8], certificate: &[u8], v2: bool) -> bool {
    let read = || {
        let mut first = Der::new(value).sequence()?.sequence()?;
        let hash = match (v2, first.optional(SEQUENCE)?) {
            (true, Some(algorithm)) => Some(Der::new(algorithm).value(crate::trust::der::OID)?),
            _ => None,
        };
        Ok::<_, crate::trust::der::NotDer>((hash, first.value(OCTETS)?))
    };
    match read() {
        Ok((None, digest)) if v2 => digest == Sha256::digest(certificate).as_slice(),
        Ok((Some(hash), digest)) => Hash::of(hash).is_ok_and(|hash| hash.digest(certificate) == digest),
        Ok((None, digest)) => digest == crate::trust::sha1::digest(certificate),
        Err(_) => false,
    }
}
