//! Why an attestation cannot be verified, in plain words. The crate's own words stand behind them, in brackets.

use sigstore_verify::{CertificateError, Error, TimestampError, TransparencyLogError};

use crate::domain::evidence::Reason;

/// Code and sentence for a failure of the crate.
pub(super) fn reason(error: &Error) -> Reason {
    let (code, words) = match error {
        Error::SignatureInvalid(_) => {
            ("bad-signature", "The signature is not over these bytes by this key: something was changed or exchanged")
        }
        Error::ArtifactMismatch(_) => ("another-artifact", "It is about another artifact"),
        Error::UnsupportedArtifact(_) => (
            "needs-the-file",
            "This kind of signature can only be checked with the artifact itself, of which the digest is known alone; \
             sign an attestation",
        ),
        Error::Certificate(error) => certificate(error),
        Error::TransparencyLog(error) => log(error),
        Error::Timestamp(error) => time(error),
        Error::UnsupportedBundle(_) => ("not-supported", "It is of a kind that cannot be verified here"),
        Error::InvalidTrustRoot(_) | Error::TrustRoot(_) | Error::TrustedCertificate(_) => {
            ("trusted-root", "The trusted root cannot be used")
        }
        Error::Crypto(_) => ("bad-signature", "A key or signature in it cannot be read"),
        _ => ("malformed", "It is not built as it must be"),
    };
    Reason::new(code, format!("{words} ({}).", error.to_string().trim_end_matches('.')))
}

fn certificate(error: &CertificateError) -> (&'static str, &'static str) {
    match error {
        CertificateError::ChainInvalid(_) => {
            // The crate says which of the two it is in its own words only, in the brackets.
            (
                "bad-certificate",
                "The signer's certificate is not from an authority of the trusted root, or was not valid at the time",
            )
        }
        CertificateError::NoValidAuthority { .. } => {
            ("certificate-time", "No authority of the trusted root was valid when it was signed")
        }
        CertificateError::NotYetValid { .. } | CertificateError::Expired { .. } => {
            ("certificate-time", "It was signed at a time for which the signer's certificate is not valid")
        }
        CertificateError::Sct(_) => (
            "certificate-not-logged",
            "Nothing proves that the signer's certificate is in a log of certificates of the trusted root",
        ),
        _ => ("malformed", "The signer's certificate cannot be read"),
    }
}

fn log(error: &TransparencyLogError) -> (&'static str, &'static str) {
    match error {
        TransparencyLogError::UnknownLog { .. } => {
            ("unknown-log", "It is in a transparency log that the trusted root does not have")
        }
        TransparencyLogError::InclusionProof(_) => {
            ("not-logged", "Nothing proves that it is in the transparency log: the proof is missing or wrong")
        }
        TransparencyLogError::Checkpoint(_) => {
            ("not-logged", "The transparency log's checkpoint is missing, wrong, or not signed by that log")
        }
        TransparencyLogError::InclusionPromise(_) => {
            ("not-logged", "The transparency log's promise is missing, or not signed by that log")
        }
        TransparencyLogError::EntryMismatch(_) => {
            ("another-log-entry", "The entry of the transparency log is about something else")
        }
        TransparencyLogError::IntegratedTime(_) => {
            ("log-time", "It was logged at a time for which the signer's certificate is not valid, or in the future")
        }
        _ => ("malformed", "The entry of the transparency log cannot be read"),
    }
}

fn time(error: &TimestampError) -> (&'static str, &'static str) {
    match error {
        TimestampError::OutsideAuthorityValidity { .. } => {
            ("time-stamp", "Its time stamp is from a time for which the time stamp authority is not valid")
        }
        TimestampError::NoVerifiedTimestamp(_) => {
            ("no-time", "Nothing proves when it was signed: it has no time stamp and no log entry with a time")
        }
        _ => ("time-stamp", "Its time stamp is wrong, or not from an authority of the trusted root"),
    }
}
