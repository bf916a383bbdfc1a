//! A frame of the whole window over two texts of 2,000 tokens, coloured: at rest, while words come, and while a slider moves.
//!
//! What is measured is the processor time of the window's own thread (elsewhere than on Linux: the time that passes), from
//! taking in the worker's events to triangles; the budget is 4 ms. The models are played by prepared events.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use counterpoise::app::AppOptions;
use counterpoise::app::state::TokenRef;
use counterpoise::app::state::settings::{Settings, ThemeChoice};
use counterpoise::app::update::Action;
use counterpoise::app::window::Window;
use counterpoise::domain::{Finish, Objective, ObjectiveWeights, Pane, RewardKind, RunId};
use counterpoise::engine::decode::GuidedStep;
use counterpoise::engine::mix::log_softmax;
use counterpoise::engine::scorer::StepScores;
use counterpoise::record::Timing;
use counterpoise::worker::{Command, Event, LineupInfo, RunEnd, Step, StreamEnd, WorkerHandle};
use criterion::{Criterion, criterion_group, criterion_main};
use egui::{Context, Pos2, RawInput, Rect, vec2};

/// Tokens of each text at the end.
const TOKENS: usize = 2000;
/// Tokens that are there before a frame with one new word in each text is measured.
const SOON: usize = 1900;
/// The same for frames that take in as many words as they can.
const EARLY: usize = 1000;
const WORDS: [&str; 9] = [
    " the", " answer", "s", " is", " kind", ",", " or", " honest", "\n\n",
];
const VOCABULARY: usize = 512;

fn info() -> LineupInfo {
    let objective = |name: &str| Objective {
        name: name.to_owned(),
        kind: RewardKind::Adapter,
        weight: 1.0,
        about: format!("Answers that are {name}"),
        colour: None,
    };
    LineupInfo {
        name: "Bench models".to_owned(),
        objectives: ["helpful", "harmless", "humorous"].map(objective).to_vec(),
        texts: (0..VOCABULARY).map(word).map(str::to_owned).collect(),
        device: "CPU: nothing better was found".to_owned(),
        context_len: 4096,
        parameters: 4_200_000,
        load_secs: 0.2,
        models: Vec::new(),
        familiar: None,
        is_demo: true,
    }
}

fn word(token: usize) -> &'static str {
    WORDS[token % WORDS.len()]
}

/// The steps of both texts, in turns; paragraphs are `paragraph` words long.
fn steps(weights: &ObjectiveWeights, paragraph: usize) -> Vec<Step> {
    let row = |salt: usize| {
        let logits: Vec<f32> = (0..VOCABULARY)
            .map(|v| ((v * 7 + salt * 13) % 31) as f32 * 0.2)
            .collect();
        log_softmax(&logits)
    };
    let rows: Vec<_> = (0..64).map(row).collect();
    let step = |pane: Pane, position: usize| {
        let plain = position * 5 % (WORDS.len() - 1);
        let token = if position % paragraph == paragraph - 1 {
            WORDS.len() - 1
        } else if pane == Pane::Guided && position > 40 {
            (plain + 3) % (WORDS.len() - 1)
        } else {
            plain
        };
        let row = |salt: usize| rows[(position * 3 + salt) % rows.len()].clone();
        let scores = StepScores {
            base: row(0),
            rewards: vec![row(1), row(2), row(3)],
        };
        Step {
            pane,
            text: word(token).to_owned(),
            step: GuidedStep::new(position, token as u32, scores, Arc::clone(weights)),
        }
    };
    (0..TOKENS)
        .flat_map(|position| [Pane::Base, Pane::Guided].map(|pane| step(pane, position)))
        .collect()
}

/// A window, and the worker that we play.
struct Scene {
    ctx: Context,
    window: Window,
    events: SyncSender<Event>,
    commands: Receiver<Command>,
    steps: Arc<[Step]>,
    told: usize,
    run: RunId,
    secs: f64,
    triangles: bool,
}

impl Scene {
    /// A window in which both texts have `tokens` tokens and go on.
    fn new(steps: &Arc<[Step]>, tokens: usize) -> Self {
        let (to_worker, commands) = channel();
        let (events, from_worker) = sync_channel(8192);
        let worker = WorkerHandle {
            commands: to_worker.into(),
            events: from_worker,
        };
        let ctx = Context::default();
        let settings = Settings {
            theme: ThemeChoice::Light,
            live: false,
            ..Settings::default()
        };
        let window = Window::new(&ctx, worker, &AppOptions::default(), settings)
            .unwrap_or_else(|error| panic!("{error}"));
        let mut scene = Self {
            ctx,
            window,
            events,
            commands,
            steps: Arc::clone(steps),
            told: 0,
            run: RunId(0),
            secs: 0.0,
            triangles: true,
        };
        scene.tell(Event::Loaded(Arc::new(info())));
        scene.frame();
        scene.window.act(Action::Run);
        scene.run = loop {
            match scene.commands.recv() {
                Ok(Command::Generate(request)) => break request.run,
                Ok(_) => {}
                Err(error) => panic!("{error}"),
            }
        };
        while scene.told < 2 * tokens {
            scene.words(64.min(2 * tokens - scene.told));
            scene.window.drain(&scene.ctx);
        }
        // The letters come in, and sizes settle.
        for _ in 0..4 {
            scene.frame();
        }
        scene
    }

    fn tell(&self, event: Event) {
        assert!(self.events.send(event).is_ok(), "the window is gone");
    }

    /// Tells the next words.
    fn words(&mut self, count: usize) {
        for step in &self.steps[self.told..self.told + count] {
            self.tell(Event::Step {
                run: self.run,
                step: Box::new(step.clone()),
            });
        }
        self.told += count;
    }

    fn finish(&mut self) {
        let end = || StreamEnd {
            finish: Finish::Length,
            text: String::new(),
            tail: String::new(),
            tokens: TOKENS,
        };
        self.tell(Event::Finished {
            run: self.run,
            end: Box::new(RunEnd {
                base: Some(end()),
                guided: end(),
                divergence: Some(41),
                timing: Timing {
                    prefill_secs: 0.1,
                    base_secs: 0.5,
                    guided_secs: 0.5,
                    tokens_per_sec: 8000.0,
                },
            }),
        });
        self.frame();
    }

    /// One frame, from events to triangles.
    fn frame(&mut self) {
        self.secs += 1.0 / 60.0;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 820.0))),
            time: Some(self.secs),
            ..RawInput::default()
        };
        let window = &mut self.window;
        let mut output = self.ctx.run_ui(input, |ui| {
            window.frame(ui);
        });
        output.textures_delta.clear();
        if self.triangles {
            black_box(self.ctx.tessellate(output.shapes, output.pixels_per_point));
        }
    }
}

/// Processor time of this thread.
#[cfg(target_os = "linux")]
fn used() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ')
        .next()?
        .parse()
        .map(Duration::from_nanos)
        .ok()
}

#[cfg(not(target_os = "linux"))]
fn used() -> Option<Duration> {
    None
}

/// What `work` costs.
fn cost(work: impl FnOnce()) -> Duration {
    let (clock, before) = (Instant::now(), used());
    work();
    match (before, used()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => clock.elapsed(),
    }
}

/// `frames` frames in which `words` words come, from `from` tokens on. The clock is coarse, so no fewer frames are measured
/// than there is text for.
fn stream(
    steps: &Arc<[Step]>,
    frames: u64,
    from: usize,
    words: usize,
    triangles: bool,
) -> Duration {
    let here = 2 * (TOKENS - from) / words;
    let scenes = frames.div_ceil(here as u64).min(8);
    let mut all = Duration::ZERO;
    for _ in 0..scenes {
        let mut scene = Scene::new(steps, from);
        scene.triangles = triangles;
        all += cost(|| {
            for _ in 0..here {
                scene.words(words);
                scene.frame();
            }
        });
    }
    all.mul_f64(frames as f64 / (scenes as f64 * here as f64))
}

fn window(c: &mut Criterion) {
    let weights: ObjectiveWeights = [1.0, 1.0, 1.0].into();
    let text: Arc<[Step]> = steps(&weights, 90).into();
    let one_paragraph: Arc<[Step]> = steps(&weights, usize::MAX).into();
    let mut group = c.benchmark_group("2 texts of 2,000 tokens");
    group.sample_size(10);
    group.bench_function("a word comes in both, drawing only", |b| {
        b.iter_custom(|frames| stream(&text, frames, SOON, 2, false));
    });
    group.bench_function("a word comes in both", |b| {
        b.iter_custom(|frames| stream(&text, frames, SOON, 2, true));
    });
    group.bench_function("a word comes in both, no paragraphs", |b| {
        b.iter_custom(|frames| stream(&one_paragraph, frames, SOON, 2, true));
    });
    group.bench_function("64 words come, 1,000 to 2,000 tokens", |b| {
        b.iter_custom(|frames| stream(&text, frames, EARLY, 64, true));
    });
    let mut scene = Scene::new(&text, TOKENS);
    scene.finish();
    group.bench_function("at rest", |b| {
        b.iter_custom(|frames| cost(|| (0..frames).for_each(|_| scene.frame())));
    });
    let mut turn = 0;
    group.bench_function("a slider moves", |b| {
        b.iter_custom(|frames| {
            cost(|| {
                for _ in 0..frames {
                    turn += 1;
                    scene.window.act(Action::SetWeight {
                        objective: 0,
                        weight: f64::from(turn % 300) / 100.0,
                    });
                    scene.frame();
                }
            })
        });
    });
    group.bench_function("a card goes from word to word", |b| {
        b.iter_custom(|frames| {
            cost(|| {
                for frame in 0..frames as usize {
                    scene.window.act(Action::TogglePin(TokenRef {
                        pane: Pane::Guided,
                        index: (frame * 7) % TOKENS,
                    }));
                    scene.frame();
                }
            })
        });
    });
    group.finish();
}

criterion_group!(benches, window);
criterion_main!(benches);
