//! Fuzzes the entrance `policy`.
#![no_main]

ecs_guard_fuzz::target!(policy);
