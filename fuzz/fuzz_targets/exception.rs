//! Fuzzes the entrance `exception`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ecs_guard_fuzz::hold("exception", bytes));
