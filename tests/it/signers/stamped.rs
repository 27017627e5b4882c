//! Time stamps that are fetched over HTTP from `openssl ts`.

use std::sync::Arc;
use std::time::Duration;

use countersign::clock::SystemClock;
use countersign::remote::timestamp::{NoStamp, fetch};
use countersign::trust::signer::{Signer as _, TestSigner};
use countersign::trust::stamp::BadStamp;
use countersign::trust::verify::{TrustRoot, verify_stamped};

use super::authority::Authority;
use super::verifiers::signature;
use super::world::{World, have, now, sign};

fn block_on<T>(future: impl std::future::Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_stamp_is_fetched_and_holds() {
    if !have(&["openssl", "ssh-keygen"]) {
        return;
    }
    let (authority, url) = Authority::new().serve(|answer| answer);
    let (world, signer) = (World::new(), TestSigner::from_seed([7; 32]).unwrap());
    let envelope = sign(&signer).unwrap();
    let over = signature(&envelope);
    let clock = Arc::new(SystemClock::scaled(1));
    let (token, stamped) = block_on(fetch(&url, &over, [9; 16], &authority.authorities(), clock)).unwrap();
    assert!(now().since(stamped.at) < Duration::from_secs(60));
    assert!(authority.openssl_accepts(&token, &over));
    assert!(!authority.openssl_accepts(&token, b"something else"));
    // The key's line has ended since.
    let before = now().plus(Duration::from_secs(60)).compact();
    let root = world.list(&format!("valid-before=\"{before}Z\","), &signer.key().to_line());
    let root = TrustRoot { timestamp_authorities: authority.authorities(), ..root };
    let later = now().plus(Duration::from_secs(600));
    assert!(verify_stamped(&envelope, &[], &root, later).is_err());
    assert_eq!(verify_stamped(&envelope, &[token], &root, later).unwrap().stamped, Some(stamped));
}

#[test]
fn answers_that_are_no_stamp_are_named() {
    if !have(&["openssl"]) {
        return;
    }
    let clock = Arc::new(SystemClock::scaled(1));
    let with = |change: fn(Vec<u8>) -> Vec<u8>| {
        let (authority, url) = Authority::new().serve(change);
        block_on(fetch(&url, b"signature", [9; 16], &authority.authorities(), clock.clone())).unwrap_err()
    };
    assert!(matches!(with(|_| b"<html>".to_vec()), NoStamp::Bad { why: BadStamp::Malformed(_), .. }));
    assert!(matches!(with(|_| Vec::new()), NoStamp::Bad { .. }));
    assert!(matches!(
        with(|mut a| {
            a.truncate(a.len() - 1);
            a
        }),
        NoStamp::Bad { .. }
    ));
    assert!(matches!(with(|_| vec![0x30; 1 << 20]), NoStamp::Fault(_)));
    // Nobody is there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let authorities = Authority::new().authorities();
    let error = block_on(fetch(&format!("http://127.0.0.1:{port}/"), b"s", [9; 16], &authorities, clock)).unwrap_err();
    assert!(matches!(error, NoStamp::Fault(_)), "{error}");
    assert!(error.hint().contains("timestamp_url"));
}
