#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eventrelay_properties::run("project_file", data));
