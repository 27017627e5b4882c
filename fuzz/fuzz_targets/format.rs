//! One reader, whatever the bytes: that of `COUNTERSIGN_FUZZ_FORMAT`.
#![no_main]

use std::sync::LazyLock;

static FORMAT: LazyLock<String> =
    LazyLock::new(|| std::env::var("COUNTERSIGN_FUZZ_FORMAT").expect("COUNTERSIGN_FUZZ_FORMAT names a format"));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    countersign_fuzz::check(data, Some(FORMAT.as_str()));
});
