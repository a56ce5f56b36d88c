//! The daemon as a whole, with a scripted systemd and small stand-ins for Alertmanager and
//! Prometheus. The D-Bus adapter has tests of its own.

mod budget;
mod catch_up;
mod check_config;
mod clock;
mod crowds;
mod database;
mod downgrade;
mod duplicates;
mod durability;
mod heals;
mod http;
mod journalctl;
mod law;
mod lists;
mod operator;
mod pages;
mod races;
mod replay;
mod restarts;
mod retention;
mod scripted_systemd;
mod siege;
mod structure;
mod switch;
mod traces;
mod verdicts;
mod witnesses;
mod world;
