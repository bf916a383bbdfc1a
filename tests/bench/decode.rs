//! Writing with the built-in models: the plain text alone, the guided text alone, and both beside each other.

#![expect(clippy::expect_used, reason = "a bench that cannot run must say so")]

use std::sync::Arc;

use counterpoise::domain::{CancelToken, ComputeSettings, ObjectiveWeights, Prompt, Sampling};
use counterpoise::engine::decode::{Director, Job, Progress, decode};
use counterpoise::engine::scorer::{Parts, Scorer};
use counterpoise::{demo, model};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const TOKENS: usize = 48;

/// Keeps the weights as they are and counts the tokens.
struct Counter {
    weights: ObjectiveWeights,
    tokens: u64,
}

impl Director for Counter {
    fn weights(&mut self) -> ObjectiveWeights {
        Arc::clone(&self.weights)
    }

    fn progress(&mut self, progress: Progress) {
        self.tokens += u64::from(matches!(progress, Progress::Step(..)));
    }
}

fn prompt() -> Prompt {
    Prompt::of("My neighbour Tom plays loud music at night. What should I do?")
}

/// One guided run; returns the number of tokens written in all.
fn write(scorer: &mut dyn Scorer, with_base: bool) -> u64 {
    let mut counter = Counter {
        weights: vec![1.0; scorer.objectives().len()].into(),
        tokens: 0,
    };
    let sampling = Sampling {
        max_tokens: TOKENS,
        ..Sampling::default()
    };
    let prompt = prompt();
    let job = Job {
        prompt: &prompt,
        sampling: &sampling,
        with_base,
        prefix: &[],
        told_from: 0,
    };
    decode(scorer, &job, &CancelToken::default(), &mut counter).expect("the built-in models write");
    counter.tokens
}

fn benches(criterion: &mut Criterion) {
    let never = CancelToken::default();
    let mut lineup = model::load_built_in(
        demo::embedded(),
        &ComputeSettings::default(),
        &mut |_, _| {},
        &never,
    )
    .expect("the built-in models load");
    let scorer = lineup.scorer.as_mut();

    let mut group = criterion.benchmark_group("one step of the built-in models");
    for (name, parts) in [
        ("base row alone", Parts::Base),
        ("base and three reward rows", Parts::All),
    ] {
        group.bench_function(name, |bencher| {
            let (stream, _) = scorer
                .open(&prompt(), parts, &never)
                .expect("the prompt is read");
            let mut written = 0;
            bencher.iter(|| {
                if written == TOKENS {
                    scorer.truncate(stream, 0).expect("the stream is open");
                    written = 0;
                }
                written += 1;
                scorer.step(&[(stream, 5)]).expect("the step is taken")
            });
            scorer.close(stream);
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("a text of the built-in models, tokens");
    for (name, with_base) in [("guided", false), ("base and guided", true)] {
        group.throughput(Throughput::Elements(write(scorer, with_base)));
        group.bench_function(name, |bencher| bencher.iter(|| write(scorer, with_base)));
    }
    group.finish();
}

criterion_group!(decoding, benches);
criterion_main!(decoding);
