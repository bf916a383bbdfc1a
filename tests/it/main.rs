//! What crosses modules. One binary, one module per area.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail like the tests they help"
)]

mod ahead;
mod bad_input;
mod bench;
mod common;
mod doctor;
mod formats;
mod golden;
mod house;
#[cfg(feature = "gui")]
mod html;
mod hub;
mod journal;
mod licences;
#[cfg(feature = "gui")]
mod pictures;
mod recordings;
mod resteer;
mod runs;
mod score;
#[cfg(feature = "gui")]
mod stage;
mod sweep;
mod training;
#[cfg(feature = "gui")]
mod window;
#[cfg(feature = "gui")]
mod window_access;
#[cfg(feature = "gui")]
mod window_demo;
#[cfg(feature = "gui")]
mod window_habits;
#[cfg(feature = "gui")]
mod window_inspect;
#[cfg(feature = "gui")]
mod window_live;
#[cfg(feature = "gui")]
mod window_models;
#[cfg(feature = "gui")]
mod window_runs;
#[cfg(feature = "gui")]
mod window_score;
#[cfg(feature = "gui")]
mod window_snapshots;
#[cfg(feature = "gui")]
mod window_tradeoff;
#[cfg(feature = "gui")]
mod window_train;
#[cfg(feature = "gui")]
mod window_units;
