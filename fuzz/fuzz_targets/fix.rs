//! Fuzzes the entrance `fix`.
#![no_main]

ecs_guard_fuzz::target!(fix);
