#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    credit_tests::fuzz::feed("note", bytes);
});
