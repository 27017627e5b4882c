//! Whatever bytes come, nothing panics, and nothing that is read is good by accident.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::samples::{self, NOW, at, signer};
use crate::trust::allowed_signers::AllowedSigners;
use crate::trust::dsse::Envelope;
use crate::trust::key::KeyInfo;
use crate::trust::revoked::Revoked;
use crate::trust::signer::Signer as _;
use crate::trust::statement::Statement;
use crate::trust::verify::{TrustRoot, verify_envelope};

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
