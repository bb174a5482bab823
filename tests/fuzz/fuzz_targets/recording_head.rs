#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eventrelay_properties::run("recording_head", data));
