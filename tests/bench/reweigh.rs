//! What a moving slider costs: a text of 256 steps with three reward models, every row different, seen under other weights.
//!
//! Prints, for full and for 16-bit rows, the median and the 95th percentile of each question, and how much of the memory's
//! speed is used: a plain sum over the same rows on the same cores is timed in between.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its table"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use counterpoise::domain::Sampling;
use counterpoise::engine::decode::GuidedStep;
use counterpoise::engine::insight::{TOP, TokenInsight};
use counterpoise::engine::mix::mix;
use counterpoise::engine::reweigh::guidance::{Target, guidance_factor};
use counterpoise::engine::reweigh::stability::stability;
use counterpoise::engine::reweigh::{Question, first_change, reweigh};
use counterpoise::engine::sample::draw;
use counterpoise::engine::trace::Trace;
use counterpoise::worker::bench::made_up_step;
use rayon::prelude::*;

const STEPS: usize = 256;
const OBJECTIVES: usize = 3;
const WRITTEN: [f64; OBJECTIVES] = [1.0, 0.5, 0.25];

fn written(vocabulary: usize, sampling: &Sampling, budget_bytes: usize) -> Trace {
    let mut trace = Trace::new(budget_bytes);
    for position in 0..STEPS {
        let scores = made_up_step(vocabulary, OBJECTIVES, position);
        let token = draw(&mix(&scores, &WRITTEN).scores, sampling, position);
        trace.push(&GuidedStep::new(
            position,
            token,
            scores,
            Arc::from(WRITTEN),
        ));
    }
    trace
}

/// Milliseconds of a call.
fn time<T>(work: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(work());
    start.elapsed().as_secs_f64() * 1e3
}

fn percentiles(times: &mut [f64]) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    (at(0.5), at(0.95))
}

/// Processor time of this process so far, to the nearest 10 ms, where the system tells it: it counts no time in which other
/// programs had the cores.
fn processor_secs() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = stat
        .split_whitespace()
        .skip(13)
        .take(2)
        .filter_map(|field| field.parse().ok())
        .collect();
    fields.iter().sum::<f64>() / 100.0
}

/// A plain sum over `bytes` bytes, on all cores.
fn stream(buffer: &[Vec<u64>]) -> u64 {
    buffer
        .par_iter()
        .map(|part| part.iter().fold(0u64, |sum, x| sum.wrapping_add(*x)))
        .reduce(|| 0, u64::wrapping_add)
}

fn main() {
    let only: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let runs = std::env::var("RUNS").map_or(40, |runs| runs.parse::<u32>().unwrap());
    let vocabulary = std::env::var("VOCABULARY").map_or(32_000, |v| v.parse().unwrap());
    println!(
        "{STEPS} steps, {vocabulary} tokens, base and {OBJECTIVES} reward models, {} threads, {runs} runs",
        rayon::current_num_threads()
    );
    let sampling = Sampling::default();
    let full_bytes = 4 * vocabulary * (1 + OBJECTIVES) * STEPS;
    for (name, budget) in [("full rows", usize::MAX), ("16-bit rows", full_bytes / 2)] {
        let trace = written(vocabulary, &sampling, budget);
        let buffer: Vec<Vec<u64>> = (0..STEPS)
            .map(|i| vec![i as u64; trace.bytes() / 8 / STEPS])
            .collect();
        let (mut streams, mut reading) = (Vec::new(), 0.0);
        println!(
            "\n{name}, {:.1} MB: {:?}",
            trace.bytes() as f64 / 1e6,
            trace.precision()
        );
        println!(
            "  the first question, which finds the lucky tokens: {:.2} ms",
            {
                let question = Question {
                    weights: &WRITTEN,
                    sampling: &sampling,
                    pinned: 0,
                };
                time(|| reweigh(&trace, &question, &|| false).unwrap())
            }
        );
        let mut ask = |name: &str, work: &mut dyn FnMut([f64; OBJECTIVES])| {
            if !only.iter().all(|word| name.contains(word.as_str())) {
                return;
            }
            let (mut times, mut busy) = (Vec::new(), 0.0);
            for run in 0..runs {
                let w = 0.2 + f64::from(run) * 0.04;
                let before = processor_secs();
                times.push(time(|| work([w, 0.5, 0.25])));
                busy += processor_secs() - before;
                let before = processor_secs();
                streams.push(time(|| stream(&buffer)));
                reading += processor_secs() - before;
            }
            let (median, late) = percentiles(&mut times);
            let (plain, _) = percentiles(&mut streams.clone());
            println!(
                "  {name:<44} p50 {median:>7.2} ms  p95 {late:>7.2} ms  processor {:>6.2} ms  reading alone {plain:>5.2} ms ({:.1} GB/s, processor {:.2} ms): {:>3.0} % of the memory's speed",
                busy * 1e3 / f64::from(runs),
                trace.bytes() as f64 / plain / 1e6,
                reading * 1e3 / streams.len() as f64,
                100.0 * plain / median
            );
        };
        ask("re-weigh, temperature 1", &mut |weights| {
            let question = Question {
                weights: &weights,
                sampling: &sampling,
                pinned: 0,
            };
            reweigh(&trace, &question, &|| false).unwrap();
        });
        for (name, other) in [
            (
                "re-weigh, greedy",
                Sampling {
                    temperature: 0.0,
                    ..sampling.clone()
                },
            ),
            (
                "re-weigh, top-k 40",
                Sampling {
                    top_k: 40,
                    ..sampling.clone()
                },
            ),
            (
                "re-weigh, top-p 0.95",
                Sampling {
                    top_p: 0.95,
                    ..sampling.clone()
                },
            ),
            (
                "re-weigh, min-p 0.05",
                Sampling {
                    min_p: 0.05,
                    ..sampling.clone()
                },
            ),
        ] {
            ask(name, &mut |weights| {
                let question = Question {
                    weights: &weights,
                    sampling: &other,
                    pinned: 0,
                };
                reweigh(&trace, &question, &|| false).unwrap();
            });
        }
        ask("first change, where there is none", &mut |_| {
            let question = Question {
                weights: &WRITTEN,
                sampling: &sampling,
                pinned: 0,
            };
            first_change(&trace, &question, &|| false).unwrap();
        });
        ask("stability of all three weights", &mut |weights| {
            let question = Question {
                weights: &weights,
                sampling: &sampling,
                pinned: 0,
            };
            stability(&trace, &question, (0.0, 3.0), &|| false).unwrap();
        });
        ask("stability where the text still stands", &mut |_| {
            let question = Question {
                weights: &WRITTEN,
                sampling: &sampling,
                pinned: 0,
            };
            stability(&trace, &question, (0.0, 3.0), &|| false).unwrap();
        });
        ask("factor for 40 nats of guidance", &mut |weights| {
            let question = Question {
                weights: &weights,
                sampling: &sampling,
                pinned: 0,
            };
            guidance_factor(&trace, &question, Target::Total(40.0), 20.0, &|| false).unwrap();
        });
        ask("one step, every number, in f64", &mut |weights| {
            let scores = trace.steps()[17].scores().unwrap();
            black_box(TokenInsight::of(&scores, &weights, 0, TOP));
        });
    }
}
