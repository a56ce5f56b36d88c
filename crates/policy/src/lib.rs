//! Every decision of the Homeostat remediator, and the words it is made of.
//!
//! Nothing here reads a clock, a file, a socket or the environment: time and
//! the state of the world are arguments, so that every decision can be tested
//! and replayed. A test compares this crate's dependencies with an allow-list.

pub mod alert;
pub mod decide;
pub mod event;
pub mod history;
pub mod incident;
pub mod moment;
pub mod observation;
pub mod outcome;
pub mod reason;
pub mod rules;
pub mod unit;
pub mod wire;
