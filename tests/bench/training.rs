//! Tokens per second of the demo's base training, with exact and with rounded products in turns.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark of its own, because trainings are compared in turns"
)]

use std::hint::black_box;

use counterpoise::domain::CancelToken;
use counterpoise::model::config::{Config, LlamaShape};
use counterpoise::train::config::{Products, Settings};
use counterpoise::train::error::TrainError;
use counterpoise::train::events::{Observer, TrainEvent};
use counterpoise::train::examples::TextExample;
use counterpoise::train::lm;
use counterpoise::train::weights::Weights;

/// Questions and answers per step, as in the demo's recipe.
const BATCH: usize = 16;

struct Silent;

impl Observer for Silent {
    fn event(&mut self, _: &TrainEvent) -> Result<(), TrainError> {
        Ok(())
    }
}

fn main() {
    let config = Config::llama_like(LlamaShape {
        vocab: 2048,
        hidden: 256,
        intermediate: 704,
        layers: 4,
        heads: 4,
        kv_heads: 4,
        context: 256,
        tied: true,
    });
    // Lengths as in the demo, from 40 to 72 tokens; which tokens does not matter to the time.
    let texts: Vec<TextExample> = (0..BATCH * 25)
        .map(|text| TextExample {
            tokens: (0..40 + text * 7 % 33)
                .map(|at| (text * 31 + at * 97) as u32 % 2048)
                .collect(),
            first: 0,
        })
        .collect();
    let speed = |products| {
        let settings = Settings {
            batch: BATCH,
            products,
            ..Settings::default()
        };
        let weights = Weights::random(config.clone(), 1);
        let run = lm::train(
            &settings,
            weights,
            &texts,
            &[],
            None,
            &mut Silent,
            &CancelToken::default(),
        );
        let (weights, summary) = run.expect("a training that fits in memory");
        black_box(weights);
        summary.tokens as f64 / summary.secs
    };
    for _ in 0..3 {
        let (full, best) = (speed(Products::Full), speed(Products::best()));
        println!(
            "full {full:.0} tokens/s, {:?} {best:.0} tokens/s, {:.2} times as fast",
            Products::best(),
            best / full
        );
    }
}
