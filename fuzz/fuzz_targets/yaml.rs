//! Fuzzes the entrance `yaml`.
#![no_main]

ecs_guard_fuzz::target!(yaml);
