//! Fuzzes the entrance `fix`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ecs_guard_fuzz::hold("fix", bytes));
