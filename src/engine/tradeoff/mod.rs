//! Trade-offs: which weights are tried ([`plan`]), what their texts score ([`scores`]; by others than the reward models that
//! steer: [`independent`]), which of them nothing else beats and how much room they cover ([`mod@front`]), and all of it in
//! a few numbers ([`outcome`]).

pub mod front;
pub mod independent;
pub mod outcome;
pub mod plan;
pub mod scores;

pub use front::{front, hypervolume, mean_inner_product};
pub use independent::{Given, Independent, Origin, Place, honesty};
pub use outcome::{Outcome, Reference, Standing, View};
pub use plan::{Plan, Random, Range};
pub use scores::{Mean, Measure, Row, TextScores};

/// What must be said beside every trade-off.
pub const HONESTY: &str = "Scored by the same reward models that steer; expect optimism";
