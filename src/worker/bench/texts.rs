//! Texts: what a person waits for while the models write and while a slider moves.

use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;

use super::rounds::{Rounds, median, percentile};
use super::{Latency, Plan, ResteerTimes, ReweighTimes, WritingTimes};
use crate::domain::{CancelToken, ObjectiveWeights, Pane, Prompt, Sampling, TokenId};
use crate::engine::decode::{Director, GuidedStep, Job, Progress, decode_on};
use crate::engine::kept::KeptStreams;
use crate::engine::mix::{log_softmax, mix};
use crate::engine::noise::PositionNoise;
use crate::engine::reweigh::{Question, reweigh};
use crate::engine::sample::draw;
use crate::engine::scorer::{Scorer, StepScores};
use crate::engine::trace::Trace;
use crate::error::Failure;

/// Watches a text being written.
struct Watch {
    weights: ObjectiveWeights,
    began: Instant,
    /// Seconds to the end of the prompt.
    opened: Option<f64>,
    /// Seconds to the first token.
    first: Option<f64>,
    /// Seconds to the newest token.
    last: f64,
    base: usize,
    guided: Vec<TokenId>,
}

impl Watch {
    fn new(weights: ObjectiveWeights) -> Self {
        Self {
            weights,
            began: Instant::now(),
            opened: None,
            first: None,
            last: 0.0,
            base: 0,
            guided: Vec::new(),
        }
    }
}

impl Director for Watch {
    fn weights(&mut self) -> ObjectiveWeights {
        Arc::clone(&self.weights)
    }

    fn progress(&mut self, progress: Progress) {
        let now = self.began.elapsed().as_secs_f64();
        match progress {
            Progress::Opened => self.opened = Some(now),
            Progress::Step(pane, step) => {
                self.first.get_or_insert(now);
                self.last = now;
                match pane {
                    Pane::Base => self.base += 1,
                    Pane::Guided => self.guided.push(step.token),
                }
            }
            Progress::Ended(..) => {}
            // The plain text is whole only when it is coloured.
            Progress::BaseScored(_) => self.last = now,
        }
    }
}

/// What to write.
struct Writing<'a> {
    prompt: &'a Prompt,
    tokens: usize,
    with_base: bool,
    prefix: &'a [TokenId],
    weight: f64,
}

fn write(
    scorer: &mut dyn Scorer,
    kept: &mut KeptStreams,
    writing: &Writing<'_>,
    cancel: &CancelToken,
) -> Result<Watch, Failure> {
    let mut watch = Watch::new(vec![writing.weight; scorer.objectives().len()].into());
    let sampling = Sampling {
        max_tokens: writing.tokens,
        ..Sampling::default()
    };
    let job = Job {
        prompt: writing.prompt,
        sampling: &sampling,
        with_base: writing.with_base,
        prefix: writing.prefix,
        told_from: writing.prefix.len(),
    };
    decode_on(scorer, kept, &job, cancel, &mut watch)?;
    if cancel.is_cancelled() {
        return Err(Failure::interrupted());
    }
    Ok(watch)
}

/// Writes a first token, as after a start.
///
/// # Errors
/// Whatever the models say, and interruption.
pub(super) fn first_token(
    scorer: &mut dyn Scorer,
    prompt: &Prompt,
    cancel: &CancelToken,
) -> Result<(), Failure> {
    write_once(scorer, prompt, 1, cancel).map(drop)
}

/// Writes a guided text and the plain one beside it, and forgets them.
///
/// # Errors
/// Whatever the models say, and interruption.
pub(super) fn write_once(
    scorer: &mut dyn Scorer,
    prompt: &Prompt,
    tokens: usize,
    cancel: &CancelToken,
) -> Result<WritingTimes, Failure> {
    let mut kept = KeptStreams::new(0);
    let writing = Writing {
        prompt,
        tokens,
        with_base: true,
        prefix: &[],
        weight: 1.0,
    };
    let watch = write(scorer, &mut kept, &writing, cancel);
    kept.clear(scorer);
    let watch = watch?;
    Ok(WritingTimes {
        base_tokens: watch.base,
        guided_tokens: watch.guided.len(),
        secs: watch.last - watch.opened.unwrap_or_default(),
    })
}

/// Times writing both texts, from the end of the prompt to the last coloured token.
///
/// # Errors
/// Whatever the models say, and interruption.
pub(super) fn writing(
    scorer: &mut dyn Scorer,
    plan: &Plan,
    prompt: &Prompt,
    cancel: &CancelToken,
) -> Result<WritingTimes, Failure> {
    let mut times = WritingTimes::default();
    let rounds = Rounds::measure(1, plan.texts, |_| {
        times = write_once(scorer, prompt, plan.text, cancel)?;
        Ok(times.secs)
    })?;
    // The same seed writes the same texts every time.
    Ok(WritingTimes {
        secs: rounds.median(0),
        ..times
    })
}

/// Times writing a guided text anew from its middle on under other weights: from the request to its first new token.
///
/// # Errors
/// Whatever the models say, and interruption.
pub(super) fn resteer(
    scorer: &mut dyn Scorer,
    plan: &Plan,
    prompt: &Prompt,
    cancel: &CancelToken,
) -> Result<ResteerTimes, Failure> {
    let mut kept = KeptStreams::new(super::super::KEPT_BYTES);
    let mut first = Writing {
        prompt,
        tokens: plan.text,
        with_base: false,
        prefix: &[],
        weight: 1.0,
    };
    let text = write(scorer, &mut kept, &first, cancel)?.guided;
    let stays = &text[..text.len() / 2];
    first.prefix = stays;
    let mut times = Vec::new();
    let mut turn = 0.0;
    let outcome = Rounds::measure(1, plan.texts, |_| {
        turn += 1.0;
        let other = Writing {
            weight: 1.0 + 0.01 * turn,
            ..first
        };
        let watch = write(scorer, &mut kept, &other, cancel)?;
        let secs = watch.first.unwrap_or_default();
        times.push(secs);
        Ok(secs)
    });
    kept.clear(scorer);
    outcome?;
    Ok(ResteerTimes {
        kept: stays.len(),
        latency: latency(&times),
    })
}

/// Times seeing a whole text under other weights, without a model. The rows are made up: what they hold does not matter.
///
/// # Errors
/// Interruption.
pub(super) fn reweighing(
    vocabulary: usize,
    objectives: usize,
    plan: &Plan,
    cancel: &CancelToken,
) -> Result<ReweighTimes, Failure> {
    let sampling = Sampling::default();
    let written = vec![1.0; objectives];
    let rows: Vec<StepScores> = (0..plan.reweigh_steps)
        .into_par_iter()
        .map(|position| made_up_step(vocabulary, objectives, position))
        .collect();
    let mut trace = Trace::new(usize::MAX);
    for (position, scores) in rows.into_iter().enumerate() {
        if cancel.is_cancelled() {
            return Err(Failure::interrupted());
        }
        let token = draw(&mix(&scores, &written).scores, &sampling, position);
        let weights = written.as_slice().into();
        trace.push(&GuidedStep::new(position, token, scores, weights));
    }
    let mut times = Vec::new();
    let mut turn = 0.0;
    // The first question finds the tokens that luck favours; those that follow, while the slider moves, know them.
    let ask = |weight: f64| {
        let weights = vec![weight; objectives];
        let question = Question {
            weights: &weights,
            sampling: &sampling,
            pinned: 0,
        };
        let began = Instant::now();
        reweigh(&trace, &question, &|| cancel.is_cancelled())
            .map(|_| began.elapsed().as_secs_f64())
            .ok_or_else(Failure::interrupted)
    };
    let first_secs = ask(1.0)?;
    Rounds::measure(1, plan.reweighs, |_| {
        turn += 1.0;
        let secs = ask(0.2 + 0.04 * turn)?;
        times.push(secs);
        Ok(secs)
    })?;
    Ok(ReweighTimes {
        steps: plan.reweigh_steps,
        vocabulary,
        models: 1 + objectives,
        bytes: trace.bytes() as u64,
        first_secs,
        latency: latency(&times),
    })
}

fn latency(times: &[f64]) -> Latency {
    Latency {
        p50_secs: median(times.to_vec()),
        p95_secs: percentile(times.to_vec(), 0.95),
        count: times.len(),
    }
}

/// Rows with the spread of a language model's. The reward models are the base with other opinions on some tokens, as
/// adapters are.
#[must_use]
pub fn made_up_step(vocabulary: usize, objectives: usize, position: usize) -> StepScores {
    let noise = |model: u64| PositionNoise::new(model, position);
    let base: Vec<f32> = (0..vocabulary as TokenId)
        .map(|v| 2.5 * noise(0).gumbel(v) as f32)
        .collect();
    let reward = |model: u64| {
        let own = noise(model);
        let logits: Vec<f32> = base
            .iter()
            .enumerate()
            .map(|(v, b)| b + 0.7 * own.gumbel(v as TokenId) as f32)
            .collect();
        log_softmax(&logits)
    };
    StepScores {
        rewards: (1..=objectives as u64).map(reward).collect(),
        base: log_softmax(&base),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fake::FakeScorer;

    fn plan() -> Plan {
        Plan {
            text: 12,
            ..Plan::quick(64)
        }
    }

    #[test]
    fn texts_are_written_and_forgotten() {
        let mut scorer = FakeScorer::new(&["kind", "brief"]);
        let never = CancelToken::default();
        let prompt = Prompt::of("Hello");
        let times = writing(&mut scorer, &plan(), &prompt, &never).unwrap();
        assert!((1..=12).contains(&times.base_tokens));
        assert!((1..=12).contains(&times.guided_tokens));
        assert!(times.secs > 0.0);
        let times = resteer(&mut scorer, &plan(), &prompt, &never).unwrap();
        assert!(times.kept <= 6 && times.latency.count >= 2);
        assert!(times.latency.p50_secs <= times.latency.p95_secs);
        assert_eq!(scorer.open_streams(), 0);
    }

    #[test]
    fn every_made_up_row_is_a_distribution_and_differs_from_the_others() {
        let step = made_up_step(50, 2, 3);
        for row in step.rewards.iter().chain([&step.base]) {
            let sum: f64 = row.iter().map(|&x| f64::from(x).exp()).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{sum}");
        }
        assert_ne!(step.rewards[0], step.rewards[1]);
        assert_ne!(step.base, made_up_step(50, 2, 4).base);
    }

    #[test]
    fn re_weighing_counts_all_rows_and_stops_when_a_person_says_so() {
        let times = reweighing(64, 2, &plan(), &CancelToken::default()).unwrap();
        assert_eq!(times.models, 3);
        assert_eq!(times.bytes, (times.steps * 3 * 64 * 4) as u64);
        let stopped = CancelToken::default();
        stopped.cancel();
        let outcome = reweighing(64, 2, &plan(), &stopped);
        assert_eq!(outcome, Err(Failure::interrupted()));
    }
}
