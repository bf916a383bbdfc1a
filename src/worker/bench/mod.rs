//! Measuring speed: prompts, steps, texts, latencies and memory, through the very code that writes texts.
//!
//! Times are medians over rounds in which all jobs take turns, and ratios are medians of the ratios within a round, so that
//! they hold on a machine that other programs use too.

mod machine;
mod report;
mod rounds;
mod steps;
mod texts;

use std::time::Instant;

pub use self::machine::Machine;
pub use self::report::*;
use self::rounds::Effort;
pub use self::texts::made_up_step;
use super::{Event, Loaded, Loader, Outbox, facts, memory};
use crate::domain::machine::Room;
use crate::domain::{CancelToken, ComputeSettings, LineupSource, RunId};
use crate::engine::scorer::Scorer;
use crate::error::Failure;
use crate::model::synthetic::Models;
pub use crate::model::synthetic::{Quant, Shape, Spec};

/// What to measure.
#[derive(Debug, Clone)]
pub struct BenchRequest {
    /// Its name.
    pub run: RunId,
    /// Stops it.
    pub cancel: CancelToken,
    /// Which models.
    pub source: BenchSource,
    /// On what.
    pub settings: ComputeSettings,
    /// Whether to measure little, in a few seconds: enough to see that it works.
    pub quick: bool,
    /// When the program was started.
    pub began: Instant,
}

/// The models to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BenchSource {
    /// A lineup, loaded as ever.
    Lineup(LineupSource),
    /// Random weights.
    Synthetic(Spec),
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// Tokens of the prompt whose reading is timed.
    prompt: usize,
    /// Tokens before the steps that are timed.
    past: usize,
    /// Most steps of one turn.
    steps: usize,
    /// Most tokens of a text.
    text: usize,
    /// Steps of the text that is re-weighed.
    reweigh_steps: usize,
    /// Whether a prompt is read once before any is timed.
    warm_up: bool,
    prefill: Effort,
    decode: Effort,
    texts: Effort,
    reweighs: Effort,
}

impl Plan {
    /// The usual numbers, cut to what a text may have.
    fn full(context: usize) -> Self {
        let few = |rounds, secs| Effort {
            rounds,
            least: 3,
            secs,
        };
        Self {
            prompt: 256,
            past: 64,
            steps: steps::MOST_STEPS,
            text: 48,
            reweigh_steps: 256,
            warm_up: true,
            prefill: few(7, 30.0),
            decode: few(25, 60.0),
            texts: few(15, 30.0),
            reweighs: few(60, 20.0),
        }
        .cut(context)
    }

    /// Few and short.
    fn quick(context: usize) -> Self {
        let few = |rounds| Effort {
            rounds,
            least: 3,
            secs: 2.0,
        };
        Self {
            prompt: 256,
            past: 64,
            steps: 4,
            text: 16,
            reweigh_steps: 32,
            warm_up: false,
            prefill: few(3),
            decode: few(5),
            texts: few(3),
            reweighs: few(10),
        }
        .cut(context)
    }

    /// What writing both texts once takes, as an estimate sees it.
    const fn memory(&self) -> facts::Plan {
        facts::Plan {
            prompt: self.past,
            response: self.text,
            kept_texts: 0,
            kept_bytes: 0,
            score_bytes: 0,
        }
    }

    fn cut(self, context: usize) -> Self {
        let prompt = self.prompt.min(context.saturating_sub(8)).max(1);
        let past = self.past.min(context / 2).max(1);
        let room = context.saturating_sub(past + 8).max(1);
        Self {
            prompt,
            past,
            steps: self.steps.min(room),
            text: self.text.min(room),
            ..self
        }
    }
}

/// Models to measure, and what is known of them before.
struct Subject {
    scorer: Box<dyn Scorer>,
    models: BenchModels,
    device: String,
    start: StartTimes,
    memory: MemoryUse,
}

/// Measures everything.
pub(super) fn bench(
    loader: &mut impl Loader,
    request: &BenchRequest,
    outbox: &Outbox<'_>,
) -> Result<BenchReport, Failure> {
    let mut tell = |stage: &str, fraction: Option<f32>| {
        outbox.send(Event::Loading {
            stage: stage.to_owned(),
            fraction,
        });
    };
    let cancel = &request.cancel;
    let Subject {
        mut scorer,
        models,
        device,
        start,
        memory,
    } = match &request.source {
        BenchSource::Lineup(source) => loaded(loader, source, request, &mut tell)?,
        BenchSource::Synthetic(spec) => made(*spec, request, &mut tell)?,
    };
    let scorer = scorer.as_mut();
    let plan = plan(request.quick, scorer.context_len());
    tell("Reading prompts", None);
    let prefill = steps::prefill(scorer, &plan, cancel)?;
    tell("Taking steps", None);
    let steps = steps::steps(scorer, &plan, cancel)?;
    tell("Writing texts", None);
    let (prompt, _) = steps::prompt_of(scorer, plan.past)?;
    let writing = texts::writing(scorer, &plan, &prompt, cancel)?;
    tell("Writing a text anew", None);
    let resteer = texts::resteer(scorer, &plan, &prompt, cancel)?;
    tell("Seeing a text under other weights", None);
    let reweigh = texts::reweighing(
        scorer.vocabulary().len(),
        scorer.objectives().len(),
        &plan,
        cancel,
    )?;
    Ok(BenchReport {
        machine: Machine::here(),
        device,
        models,
        start,
        prefill,
        steps,
        writing,
        reweigh,
        resteer,
        memory,
    })
}

fn plan(quick: bool, context: usize) -> Plan {
    if quick {
        Plan::quick(context)
    } else {
        Plan::full(context)
    }
}

/// A lineup, and how fast it was there.
fn loaded(
    loader: &mut impl Loader,
    source: &LineupSource,
    request: &BenchRequest,
    tell: &mut dyn FnMut(&str, Option<f32>),
) -> Result<Subject, Failure> {
    let cancel = &request.cancel;
    let Loaded { mut scorer, info } = loader.load(source, &request.settings, tell, cancel)?;
    let since = || request.began.elapsed().as_secs_f64();
    let loaded_secs = since();
    let plan = plan(request.quick, scorer.context_len());
    let (prompt, _) = steps::prompt_of(scorer.as_ref(), plan.past.min(12))?;
    texts::first_token(scorer.as_mut(), &prompt, cancel)?;
    let start = StartTimes {
        loaded_secs,
        first_token_secs: Some(since()),
    };
    tell("Writing a first text", None);
    let (prompt, _) = steps::prompt_of(scorer.as_ref(), plan.past)?;
    // What the files took while they were read does not count.
    memory::forget_peak();
    texts::write_once(scorer.as_mut(), &prompt, plan.text, cancel)?;
    let estimated = facts::estimate_for(source, &request.settings, &plan.memory());
    let estimated = estimated.ok();
    Ok(Subject {
        models: BenchModels {
            name: info.name,
            parameters: info.parameters,
            vocabulary: scorer.vocabulary().len(),
            objectives: scorer.objectives().to_vec(),
            made: None,
        },
        scorer,
        device: info.device,
        start,
        memory: MemoryUse {
            base_bytes: None,
            all_bytes: memory::peak_bytes(),
            ..MemoryUse::estimated(estimated.as_ref())
        },
    })
}

/// Random models, and what they take with and without their objectives.
fn made(
    spec: Spec,
    request: &BenchRequest,
    tell: &mut dyn FnMut(&str, Option<f32>),
) -> Result<Subject, Failure> {
    let plan = plan(request.quick, spec.shape.config().context);
    let room = facts::room(&request.settings)?;
    check_memory(spec, &plan, &room)?;
    let cancel = &request.cancel;
    let name = format!("synthetic {} {}", spec.shape.name(), spec.quant.name());
    let stage = format!("Making {name}");
    let models = Models::make(
        spec,
        &request.settings,
        &mut |far| tell(&stage, Some(far)),
        cancel,
    )?;
    let loaded_secs = request.began.elapsed().as_secs_f64();
    memory::forget_peak();
    let mut scorer = models.scorer(false)?;
    tell("Writing with the base alone", None);
    let (prompt, _) = steps::prompt_of(&scorer, plan.past)?;
    texts::write_once(&mut scorer, &prompt, plan.text, cancel)?;
    let base_bytes = memory::peak_bytes();
    drop(scorer);
    let mut scorer = models.scorer(true)?;
    tell("Writing a first text", None);
    texts::write_once(&mut scorer, &prompt, plan.text, cancel)?;
    Ok(Subject {
        models: BenchModels {
            name,
            parameters: models.parameters(),
            vocabulary: scorer.vocabulary().len(),
            objectives: scorer.objectives().to_vec(),
            made: Some((spec, spec.weight_bytes())),
        },
        device: models.device().to_owned(),
        scorer: Box::new(scorer),
        start: StartTimes {
            loaded_secs,
            first_token_secs: None,
        },
        memory: MemoryUse {
            // With whole reward models the base is not in memory alone.
            base_bytes: base_bytes.filter(|_| spec.whole == 0),
            all_bytes: memory::peak_bytes(),
            ..MemoryUse::estimated(Some(&spec.estimate(&plan.memory(), &room)))
        },
    })
}

/// Says before anything is made that it would not fit.
fn check_memory(spec: Spec, plan: &Plan, room: &Room) -> Result<(), Failure> {
    let Some(free) = room.free_bytes() else {
        return Ok(());
    };
    let models = 1 + spec.adapters + spec.whole;
    let texts = steps::MOST_ROWS + 2 * models;
    // Room for a text's keys and values doubles as it grows.
    let tokens = 2 * plan.prompt.max(plan.past + plan.text.max(plan.steps));
    let rows = (plan.reweigh_steps + 64) * models * spec.shape.config().vocab_size * 4;
    let needed = spec.bytes_needed(texts, tokens) + rows as u64;
    if needed <= free {
        return Ok(());
    }
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    Err(Failure::failed(format!(
        "Random models of the shape {} in {} need {:.1} GiB, and {:.1} GiB {} are free",
        spec.shape.name(),
        spec.quant.name(),
        gib(needed),
        gib(free),
        room.card().map_or_else(
            || "of memory".to_owned(),
            |card| format!("of the memory of {}", card.name)
        )
    ))
    // A card computes in whole numbers of 16 or 32 bits.
    .hint(match room {
        Room::Machine(_) => "Use --quant q4_k, a smaller shape or fewer models",
        Room::Card(..) => "Use --quant bf16, a smaller shape, fewer models or --device cpu",
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::machine::Card;

    const SPEC: Spec = Spec {
        shape: Shape::B7,
        quant: Quant::F32,
        adapters: 2,
        rank: 16,
        whole: 0,
    };

    #[test]
    fn what_does_not_fit_is_said_before_it_is_made() {
        let plan = Plan::full(2048);
        let of = |gib: u64| Room::Machine(Some(gib << 30));
        let failure = check_memory(SPEC, &plan, &of(16)).unwrap_err();
        assert!(
            failure.summary.contains("7b in f32 need") && failure.summary.contains("16.0 GiB"),
            "{failure}"
        );
        let packed = Spec {
            quant: Quant::Q4K,
            ..SPEC
        };
        assert_eq!(check_memory(packed, &plan, &of(16)), Ok(()));
        assert!(check_memory(packed, &plan, &of(2)).is_err());
        assert_eq!(check_memory(SPEC, &plan, &Room::Machine(None)), Ok(()));
        let card = Card {
            device: "cuda:0".to_owned(),
            name: "NVIDIA L4".to_owned(),
            free_bytes: Some(16 << 30),
            total_bytes: Some(22 << 30),
        };
        let failure = check_memory(SPEC, &plan, &Room::Card(card, Some(64 << 30))).unwrap_err();
        assert!(
            failure
                .summary
                .ends_with("and 16.0 GiB of the memory of NVIDIA L4 are free"),
            "{failure}"
        );
    }

    #[test]
    fn plans_fit_any_context() {
        for context in [1, 2, 16, 64, 256, 640, 2048] {
            for plan in [Plan::full(context), Plan::quick(context)] {
                assert!(plan.prompt >= 1 && plan.prompt <= context.max(1));
                assert!(plan.past >= 1 && plan.steps >= 1 && plan.text >= 1);
                if context >= 64 {
                    assert!(plan.past + plan.steps.max(plan.text) + 8 <= context);
                }
            }
        }
    }
}
