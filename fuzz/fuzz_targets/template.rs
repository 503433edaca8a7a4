//! Fuzzes the entrance `template`.
#![no_main]

ecs_guard_fuzz::target!(template);
