//! Fuzzes the entrance `json`.
#![no_main]

ecs_guard_fuzz::target!(json);
