//! The decision core against its law: tables of cases, properties of every
//! input, and a simulator that runs the core against a virtual host.

mod assess;
mod bounds;
mod clearances;
mod decide;
mod dependencies;
mod examine;
mod faults;
mod fixture;
mod fold;
mod ladder;
mod limits;
mod lookup;
mod round_trip;
mod rules_check;
mod simulator;
mod structure;
mod switch;
