//! Every decision of the Homeostat remediator, and the words it is made of.
//!
//! Nothing here reads a clock, a file, a socket or the environment: time and
//! the state of the world are arguments, so that every decision can be tested
//! and replayed. A test compares this crate's dependencies with an allow-list.

pub mod alert;
pub mod decide;
pub mod evidence;
mod intake;
pub mod log;
pub mod machine;
pub mod observation;
pub mod rules;
pub mod unit;
pub mod verdict;
pub mod words;
