//! What a unit is called and what state it is in.

mod active;
mod name;
mod state;

pub use active::ActiveState;
pub use name::{BadUnitName, UnitName, Untouchable};
pub use state::{BoundTo, UnitState};
