//! Mixing one step and re-weighing a text of 256 steps with three reward models, at two vocabulary sizes.

use std::hint::black_box;
use std::sync::Arc;

use counterpoise::domain::Sampling;
use counterpoise::engine::decode::GuidedStep;
use counterpoise::engine::mix::{log_softmax, mix};
use counterpoise::engine::noise::PositionNoise;
use counterpoise::engine::scorer::StepScores;
use counterpoise::engine::trace::Trace;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const STEPS: usize = 256;
const OBJECTIVES: usize = 3;

/// Random rows with the spread of a language model's.
fn step(vocabulary: usize, position: usize) -> StepScores {
    let row = |model: u64| {
        let noise = PositionNoise::new(model, position);
        let logits: Vec<f32> = (0..vocabulary as u32)
            .map(|v| 3.0 * noise.gumbel(v) as f32)
            .collect();
        log_softmax(&logits)
    };
    StepScores {
        base: row(0),
        rewards: (1..=OBJECTIVES as u64).map(row).collect(),
    }
}

fn benches(criterion: &mut Criterion) {
    for vocabulary in [32_000, 151_936] {
        let weights = [1.0, 0.5, 0.25];
        let one = step(vocabulary, 0);
        let mut group = criterion.benchmark_group("mix");
        group.throughput(Throughput::Bytes(
            (4 * vocabulary * (1 + OBJECTIVES)) as u64,
        ));
        group.bench_function(BenchmarkId::from_parameter(vocabulary), |bencher| {
            bencher.iter(|| mix(black_box(&one), black_box(&weights)));
        });
        group.finish();

        // Eight different steps, repeated: the rows of a whole text would take 0.6 GB at the larger size.
        let steps: Vec<StepScores> = (0..8).map(|position| step(vocabulary, position)).collect();
        let mut trace = Trace::new(usize::MAX);
        for position in 0..STEPS {
            let scores = steps[position % steps.len()].clone();
            trace.push(&GuidedStep::new(position, 0, scores, Arc::from(weights)));
        }
        let mut group = criterion.benchmark_group("reweight 256 steps");
        group.sample_size(10);
        group.throughput(Throughput::Bytes(
            (4 * vocabulary * (1 + OBJECTIVES) * STEPS) as u64,
        ));
        group.bench_function(BenchmarkId::from_parameter(vocabulary), |bencher| {
            bencher.iter(|| trace.reweight(black_box(&[0.8, 0.5, 0.25]), &Sampling::default()));
        });
        group.finish();
    }
}

criterion_group!(reweigh, benches);
criterion_main!(reweigh);
