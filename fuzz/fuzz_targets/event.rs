//! Fuzzes the entrance `event`.
#![no_main]

ecs_guard_fuzz::target!(event);
