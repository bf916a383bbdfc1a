//! Writing with the built-in models: the plain text alone, the guided text alone, and both beside each other.

#![expect(clippy::expect_used, reason = "a bench that cannot run must say so")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use counterpoise::domain::{CancelToken, ComputeSettings, ObjectiveWeights, Prompt, Sampling};
use counterpoise::engine::decode::{Director, Job, Progress, decode};
use counterpoise::engine::scorer::{Parts, Scorer};
use counterpoise::{demo, model};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const TOKENS: usize = 48;

/// Keeps the weights as they are, counts the tokens, and stops the writing behind one of them.
struct Counter {
    weights: ObjectiveWeights,
    tokens: u64,
    stop_at: Option<u64>,
    cancel: CancelToken,
    stopped: Option<Instant>,
}

impl Director for Counter {
    fn weights(&mut self) -> ObjectiveWeights {
        Arc::clone(&self.weights)
    }

    fn progress(&mut self, progress: Progress) {
        self.tokens += u64::from(matches!(progress, Progress::Step(..)));
        if self.stopped.is_none() && self.stop_at == Some(self.tokens) {
            self.cancel.cancel();
            self.stopped = Some(Instant::now());
        }
    }
}

fn prompt() -> Prompt {
    Prompt::of("My neighbour Tom plays loud music at night. What should I do?")
}

/// One guided run, stopped behind its token `stop_at`.
fn write(scorer: &mut dyn Scorer, with_base: bool, stop_at: Option<u64>) -> Counter {
    let mut counter = Counter {
        weights: vec![1.0; scorer.objectives().len()].into(),
        tokens: 0,
        stop_at,
        cancel: CancelToken::default(),
        stopped: None,
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
    let cancel = counter.cancel.clone();
    decode(scorer, &job, &cancel, &mut counter).expect("the built-in models write");
    counter
}

/// How long it takes from being asked to stop until a text has ended.
fn time_to_stop(scorer: &mut dyn Scorer) -> Duration {
    let counter = write(scorer, true, Some(9));
    counter.stopped.expect("it was stopped").elapsed()
}

/// The same where the models read a long prompt, which is left behind at once.
fn time_to_stop_reading(scorer: &mut dyn Scorer) -> Duration {
    let prompt = Prompt::of("Tell me what to do about the noise. ".repeat(24));
    let cancel = CancelToken::default();
    let asker = cancel.clone();
    let asked = std::thread::Builder::new()
        .name("stop".to_owned())
        .spawn(move || {
            std::thread::sleep(Duration::from_millis(60));
            asker.cancel();
            Instant::now()
        })
        .expect("there is a thread");
    let opened = scorer.open(&prompt, Parts::All, &cancel);
    let ended = Instant::now();
    if let Ok((stream, _)) = opened {
        scorer.close(stream);
    }
    let asked = asked.join().expect("the clock runs");
    ended.saturating_duration_since(asked)
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
        group.throughput(Throughput::Elements(write(scorer, with_base, None).tokens));
        group.bench_function(name, |bencher| {
            bencher.iter(|| write(scorer, with_base, None).tokens);
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("from being asked to stop until it has");
    group.bench_function("writing", |bencher| {
        bencher.iter_custom(|times| (0..times).map(|_| time_to_stop(scorer)).sum());
    });
    group.bench_function("reading the prompt", |bencher| {
        bencher.iter_custom(|times| (0..times).map(|_| time_to_stop_reading(scorer)).sum());
    });
    group.finish();
}

criterion_group!(decoding, benches);
criterion_main!(decoding);
