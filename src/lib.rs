//! Counterpoise steers a language model while it writes.
//!
//! A frozen base model is guided, token by token, by small autoregressive reward models, one per objective, by the rule of
//! GenARM: `score(v) = base(v) + Σ wᵢ·rewardᵢ(v)`, all in nats, one weight per slider.
//!
//! # How a word comes to be
//!
//! 1. A person types a prompt and sets sliders in the window ([`app`]), or gives options on the command line ([`cli`]).
//!    Both are front ends of one worker and speak to it in plain data: [`worker::Command`] in, [`worker::Event`] out.
//! 2. The [`worker`] owns every tensor. It has [`model`] turn a lineup (a base and its objectives) into a
//!    [`engine::scorer::Scorer`], the one trait that any set of models must offer.
//! 3. [`engine::decode`] asks the scorer for the rows of the next token, one row of log-probabilities per model.
//! 4. [`engine::mix`] adds them up under the weights of that moment; [`engine::sample`] chooses with noise that depends on
//!    nothing but seed, position and token ([`engine::noise`]), so that the plain and the guided text share their luck.
//! 5. [`engine::insight`] says what the choice means: reward, advantage, influence, divergence. The step goes out as an
//!    event and into a [`engine::trace::Trace`], where other weights can be tried on it without a model ([`latest`]).
//! 6. The window draws it: two texts, a colour per word, a card per token.
//!
//! What was written can be kept: [`record`] turns a run with its rows into a document and back, and answers for the models
//! when the sliders of an opened one are moved; [`journal`] keeps every run on the disk as it is written.
//!
//! Reward models are made by [`train`]; the built-in ones, and the small world that they know, by [`demo`].
//!
//! # Rules
//!
//! Arrows point one way: `app`/`cli` → `worker` → `model` → `engine` → `domain`. The engine is pure. No tensor crosses the
//! worker's border, no window or argument type goes below it. `tests/it/house.rs` reads the sources and holds them to it.

#[cfg(feature = "gui")]
pub mod app;
pub mod cli;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod error;
pub mod journal;
pub mod latest;
pub mod memory;
pub mod model;
pub mod record;
pub mod train;
pub mod worker;
