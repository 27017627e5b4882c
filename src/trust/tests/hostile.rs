//! Whatever bytes come, nothing panics, and nothing that is read is good by accident.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::samples::{self, NOW, at, signer};
use crate::trust::allowed_signers::AllowedSigners;
use crate::trust::dsse::Envelope;
use crate::trust::key::KeyInfo;
use crate::trust::raw;
use crate::trust::revoked::Revoked;
use crate::trust::signer::{Signer as _, TestSigner};
use crate::trust::stamp::{Authorities, Request};
use crate::trust::statement::Statement;
use crate::trust::verify::{TrustRoot, verify_envelope};
use crate::trust::wire::put_string;

/// For Ana, by the authority with the sample's key.
static CERTIFICATE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let (authority, subject) = (signer(), TestSigner::from_seed([8; 32]).unwrap());
    let strings = |parts: &[&[u8]]| {
        let mut out = Vec::new();
        for part in parts {
            put_string(&mut out, part);
        }
        out
    };
    let public = &subject.key().blob[subject.key().blob.len() - 32..];
    let mut blob = strings(&[b"ssh-ed25519-cert-v01@openssh.com", b"a nonce", public]);
    blob.extend(7_u64.to_be_bytes());
    blob.extend(1_u32.to_be_bytes());
    blob.extend(strings(&[b"id", &strings(&[samples::ANA.as_bytes()])]));
    blob.extend(0_u64.to_be_bytes());
    blob.extend(u64::MAX.to_be_bytes());
    blob.extend(strings(&[b"", &strings(&[b"permit-pty", b""]), b"", &authority.key().blob]));
    let signature = authority.sign_raw(&blob).unwrap();
    let signature = raw::to_ssh(authority.key(), &signature).unwrap();
    blob.extend(strings(&[&signature]));
    blob
});

static PAYLOAD: LazyLock<Vec<u8>> = LazyLock::new(|| samples::decision().payload().unwrap());

proptest! {
    #[test]
    fn files_of_trust(text in "([a-z@*?!,=\"\\\\ \t#-]|ssh-ed25519 |AAAA|valid-after|namespaces|\n){0,60}", bytes: Vec<u8>) {
        drop(AllowedSigners::parse("f", &text));
        drop(Revoked::parse("f", text.as_bytes()));
        drop(Revoked::parse("f", &bytes));
        let mut krl = b"SSHKRL\n\0\0\0\0\x01".to_vec();
        krl.extend([0; 32]);
        krl.extend(&bytes);
        if let Ok(revoked) = Revoked::parse("f", &krl) {
            prop_assert!(!revoked.contains(&signer().key().blob));
        }
        drop(KeyInfo::from_line(&text));
        drop(KeyInfo::from_blob(&bytes, ""));
    }

    #[test]
    fn certificates(at_byte in 0_usize..700, to: u8, cut in 0_usize..700, bytes: Vec<u8>) {
        let certificate = CERTIFICATE.clone();
        let mut near = certificate.clone();
        if let Some(byte) = near.get_mut(at_byte) {
            *byte = to;
        }
        let root = TrustRoot {
            allowed_signers: AllowedSigners::parse("f", &format!("* cert-authority {}", signer().key().to_line())).unwrap(),
            ..TrustRoot::default()
        };
        let who = |blob: &[u8]| {
            let key = KeyInfo::from_blob(blob, "").ok()?;
            root.principal_of(&key, crate::trust::DECISION_NAMESPACE, at(NOW)).ok()
        };
        prop_assert!(who(&certificate).is_some());
        prop_assert!(who(&near).is_none() || near == certificate);
        near.truncate(cut.min(certificate.len() - 1));
        prop_assert!(who(&near).is_none());
        let name = b"\0\0\0\x20ssh-ed25519-cert-v01@openssh.com";
        prop_assert!(who(&[name.as_slice(), &bytes].concat()).is_none());
        // A list of revoked certificates with any content.
        let mut krl = b"SSHKRL\n\0\0\0\0\x01".to_vec();
        krl.extend([0; 32]);
        krl.push(1);
        let mut section = vec![0; 8];
        section.extend(&bytes);
        krl.extend(u32::try_from(section.len()).unwrap().to_be_bytes());
        krl.extend(section);
        drop(Revoked::parse("f", &krl));
    }

    #[test]
    fn bare_signatures_stamps_and_key_files(bytes: Vec<u8>, label in "(ENCRYPTED )?PRIVATE KEY|PUBLIC KEY|CERTIFICATE") {
        use base64::Engine as _;
        let good = signer();
        prop_assert!(raw::verify(good.key(), b"message", &bytes).is_err());
        prop_assert!(Authorities::default().verify(&bytes, b"message").is_err());
        let mut nested = vec![0x30, 0x82];
        nested.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
        nested.extend(&bytes);
        let request = Request::new(b"message", [1; 16]);
        for some in [&bytes, &nested] {
            prop_assert!(request.accept(some, &Authorities::default()).is_err());
            let base64 = base64::engine::general_purpose::STANDARD.encode(some);
            let pem = format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n");
            prop_assert!(raw::key_of_pem(&pem).is_none());
            prop_assert!(Authorities::parse("f", pem.as_bytes()).is_err());
            prop_assert!(crate::trust::pkcs8::parse(&pem).is_none_or(|read| read.is_err()));
        }
    }

    #[test]
    fn documents(at_byte in 0_usize..4_000, to: u8, bytes: Vec<u8>) {
        prop_assert!(Statement::parse(&bytes).is_err());
        let mut near = PAYLOAD.clone();
        if let Some(byte) = near.get_mut(at_byte) {
            *byte = to;
        }
        if let Ok(read) = Statement::parse(&near) {
            prop_assert_eq!(read.payload().unwrap(), near);
        }
    }
}

#[test]
fn no_changed_byte_of_an_envelope_goes_unnoticed() {
    let root = TrustRoot {
        allowed_signers: AllowedSigners::parse("f", &signer().allowed_line(samples::ANA)).unwrap(),
        ..TrustRoot::default()
    };
    let good = Envelope::sign(&samples::decision(), &signer()).unwrap().to_bytes().unwrap();
    assert!(verify_envelope(&good, &root, at(NOW)).is_ok());
    // Most of the signature's part, and samples of the payload's.
    let tail = good.len() - 900;
    for i in (0..tail).step_by(97).chain((tail..good.len()).step_by(4)) {
        let mut bad = good.clone();
        *bad.get_mut(i).unwrap() ^= 1 << (i % 7);
        assert!(verify_envelope(&bad, &root, at(NOW)).is_err(), "byte {i}");
    }
}
