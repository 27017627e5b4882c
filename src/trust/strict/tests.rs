use super::*;
use curve25519_dalek::constants::EIGHT_TORSION;
use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;

/// What the table says, where there may be one, and what `verify_strict` says.
fn both(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> (Option<bool>, bool) {
    let signature = Signature::from_bytes(signature);
    let strict = VerifyingKey::from_bytes(key).is_ok_and(|k| k.verify_strict(message, &signature).is_ok());
    (Table::make(key).map(|table| table.verifies(message, &signature)), strict)
}

/// Both must say the same; where there is no table, nothing by the key is good.
fn agreed(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let (table, strict) = both(key, message, signature);
    assert_eq!(table.unwrap_or(false), strict, "{key:02x?} {message:02x?} {signature:02x?}");
    strict
}

fn hash(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new().chain_update(r).chain_update(key).chain_update(message);
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

fn joined(r: [u8; 32], s: [u8; 32]) -> [u8; 64] {
    let mut out = [0; 64];
    out[..32].copy_from_slice(&r);
    out[32..].copy_from_slice(&s);
    out
}

/// A signature by the scalar `a`, over a key and an R that are each shifted by a point of small order.
fn shifted(a: Scalar, r: Scalar, by: [&EdwardsPoint; 2], message: &[u8]) -> ([u8; 32], [u8; 64]) {
    let key = (ED25519_BASEPOINT_POINT * a + by[0]).compress().0;
    let point = (ED25519_BASEPOINT_POINT * r + by[1]).compress().0;
    (key, joined(point, (r + hash(&point, &key, message) * a).to_bytes()))
}

#[test]
fn keys_and_signatures_shifted_by_points_of_small_order() {
    let (a, r) = (Scalar::from(0x1234_5678_9abc_u64), Scalar::from(0xdead_beef_u64));
    let (mut good, mut bad) = (0, 0);
    for torsion in EIGHT_TORSION {
        for other in EIGHT_TORSION {
            for n in 0..24_u8 {
                for (a, r) in [(a, r), (a, Scalar::ZERO), (Scalar::ZERO, r), (Scalar::ZERO, Scalar::ZERO)] {
                    let (key, signature) = shifted(a, r, [&torsion, &other], &[n]);
                    let accepted = agreed(&key, &[n], &signature);
                    assert!(!accepted || (a != Scalar::ZERO && r != Scalar::ZERO), "of small order");
                    if accepted { good += 1 } else { bad += 1 }
                }
            }
        }
    }
    // Without a cofactor, R must have just the shift that k times the key's has: some fit by chance, most do not.
    assert!(good > 100 && bad > 1000, "{good} {bad}");
}

#[test]
fn other_spellings() {
    let signer = SigningKey::from_bytes(&[5; 32]);
    let (key, signature) = (signer.verifying_key().to_bytes(), signer.sign(b"m").to_bytes());
    assert!(agreed(&key, b"m", &signature) && !agreed(&key, b"n", &signature));
    // S plus the order of the group, once and as often as fits.
    let order: [u8; 32] = {
        let mut bytes = (-Scalar::ONE).to_bytes();
        bytes[0] += 1;
        bytes
    };
    let mut s: [u8; 32] = *Signature::from_bytes(&signature).s_bytes();
    for _ in 0..15 {
        let mut carry = 0_u16;
        for (to, add) in s.iter_mut().zip(order) {
            let sum = u16::from(*to) + u16::from(add) + carry;
            (*to, carry) = (sum.to_le_bytes()[0], sum >> 8);
        }
        assert!(!agreed(&key, b"m", &joined(*Signature::from_bytes(&signature).r_bytes(), s)));
    }
    for bit in [0x20, 0x40, 0x80] {
        let mut bad = signature;
        bad[63] |= bit;
        assert!(!agreed(&key, b"m", &bad));
    }
    // All y that are written as a number of at least 2^255 - 19, with either sign, as key and as R.
    for low in 0xed..=0xff_u8 {
        for top in [0x7f, 0xff] {
            let mut odd = [0xff; 32];
            (odd[0], odd[31]) = (low, top);
            for s in [Scalar::ZERO, Scalar::ONE, Scalar::from(7_u64)] {
                assert!(!agreed(&odd, b"m", &joined(odd, s.to_bytes())));
                assert!(!agreed(&key, b"m", &joined(odd, s.to_bytes())));
                let point = (ED25519_BASEPOINT_POINT * s).compress().0;
                agreed(&odd, b"m", &joined(point, s.to_bytes()));
            }
            // An R that says the neutral point otherwise, with an S that fits.
            let s = hash(&odd, &key, b"m") * signer.to_scalar();
            assert!(!agreed(&key, b"m", &joined(odd, s.to_bytes())));
        }
    }
    let neutral = EdwardsPoint::identity().compress().0;
    let s = hash(&neutral, &key, b"m") * signer.to_scalar();
    assert!(!agreed(&key, b"m", &joined(neutral, s.to_bytes())));
}

#[test]
fn a_key_that_signs_often_is_judged_as_before() {
    let signer = SigningKey::from_bytes(&[6; 32]);
    let key = Key::new(signer.verifying_key().to_bytes());
    for n in 0..3 * OFTEN {
        let message = n.to_be_bytes();
        let good = signer.sign(&message);
        assert_eq!(key.verify(&message, &good), Ok(()));
        assert_eq!(key.verify(b"another", &good), Err(Refused::Signature));
    }
    assert!(key.table.get().is_some());
    // Of small order, and no point at all: never a table.
    let weak = Key::new(EIGHT_TORSION[1].compress().0);
    let none = Key::new([2; 32]);
    let zero = Signature::from_bytes(&[0; 64]);
    for _ in 0..2 * OFTEN {
        assert_eq!(weak.verify(b"", &zero), Err(Refused::Signature));
        assert_eq!(none.verify(b"", &zero), Err(Refused::Key));
    }
    assert!(weak.table.get().is_none_or(Option::is_none) && none.table.get().is_none());
}

#[test]
fn multiples_are_what_multiplication_gives() {
    let small = [0_u64, 1, 31, 32, 33, 63, 64, 65, 2048, u64::MAX].map(Scalar::from);
    for torsion in EIGHT_TORSION {
        let point = ED25519_BASEPOINT_POINT * Scalar::from(77_u64) + torsion;
        let multiples = Multiples::of(&point);
        for scalar in small.iter().flat_map(|s| [*s, -s, s.invert()]) {
            assert_eq!(multiples.add(&scalar, torsion), point * scalar + torsion);
        }
    }
}

proptest! {
    #[test]
    fn multiples_of_any_scalar(bytes: [u8; 32]) {
        let scalar = Scalar::from_bytes_mod_order(bytes);
        let expected = ED25519_BASEPOINT_POINT * scalar;
        prop_assert_eq!(BASE.get_or_init(|| Multiples::of(&ED25519_BASEPOINT_POINT)).add(&scalar, EdwardsPoint::identity()), expected);
    }

    #[test]
    fn whatever_is_changed(seed: [u8; 32], message: Vec<u8>, at in 0_usize..96, by: u8, noise: [u8; 64]) {
        let signer = SigningKey::from_bytes(&seed);
        let key = signer.verifying_key().to_bytes();
        let signature = signer.sign(&message).to_bytes();
        prop_assert!(agreed(&key, &message, &signature));
        let mut all = [key.as_slice(), &signature].concat();
        all[at] ^= by;
        let (key, changed) = all.split_first_chunk::<32>().unwrap();
        prop_assert_eq!(agreed(key, &message, changed.try_into().unwrap()), by == 0);
        prop_assert!(!agreed(key, &message, &noise));
    }
}
