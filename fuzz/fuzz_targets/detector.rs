//! Any bytes: which format, and then its reader.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    countersign_fuzz::check(data, None);
});
