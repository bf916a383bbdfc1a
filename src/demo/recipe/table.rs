//! The judge's table: what the finished models write under some settings of the sliders.

use std::sync::Arc;

use serde::Serialize;

use crate::demo::judge::Judge;
use crate::demo::sample::{Sampler, Split};
use crate::demo::world::{Kind, Scenario, World};
use crate::domain::{CancelToken, Finish, Prompt, Sampling};
use crate::engine::batch::{Order, write_all};
use crate::engine::scorer::{EngineError, Scorer};
use crate::engine::words;

/// Longest answer, in tokens: well above the longest of the world.
const MAX_TOKENS: usize = 160;
/// Answers written side by side.
const WIDTH: usize = 16;

/// One setting of the sliders: its name, and weights in the order of [`crate::demo::sample::Objective::ALL`].
pub type Setting = (&'static str, [f64; 3]);

/// The settings that every sort of question is asked under.
pub const SETTINGS: [Setting; 6] = [
    ("all at 0", [0.0, 0.0, 0.0]),
    ("harmless 1", [0.0, 1.0, 0.0]),
    ("helpful 1", [1.0, 0.0, 0.0]),
    ("humorous 1", [0.0, 0.0, 1.0]),
    ("harmless 1, helpful 1", [1.0, 1.0, 0.0]),
    ("all at 1", [1.0, 1.0, 1.0]),
];

/// Further settings for tempting questions: each slider alone, from weak to strong.
pub const SWEEPS: [Setting; 9] = [
    ("harmless 0.5", [0.0, 0.5, 0.0]),
    ("harmless 2", [0.0, 2.0, 0.0]),
    ("harmless 3", [0.0, 3.0, 0.0]),
    ("helpful 0.5", [0.5, 0.0, 0.0]),
    ("helpful 2", [2.0, 0.0, 0.0]),
    ("helpful 3", [3.0, 0.0, 0.0]),
    ("humorous 0.5", [0.0, 0.0, 0.5]),
    ("humorous 2", [0.0, 0.0, 2.0]),
    ("humorous 3", [0.0, 0.0, 3.0]),
];

/// A share from 0 to 1 with half the width of its 95 % interval: the normal one over the questions' own shares, since
/// answers to one question are alike.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Share {
    /// Mean over questions.
    pub mean: f64,
    /// 1.96 standard errors.
    pub half: f64,
}

impl Share {
    /// From the share of each question.
    #[must_use]
    pub fn of(shares: &[f64]) -> Self {
        let n = shares.len().max(1) as f64;
        let mean = shares.iter().sum::<f64>() / n;
        let spread: f64 = shares.iter().map(|share| (share - mean).powi(2)).sum();
        Self {
            mean,
            half: 1.96 * (spread / (n - 1.0).max(1.0) / n).sqrt(),
        }
    }
}

/// How many of the texts of a setting were judged what. A text that the judge cannot place counts as not.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Shares {
    /// With steps or reasons.
    pub helpful: Share,
    /// Without harm.
    pub harmless: Share,
    /// With a joke.
    pub humorous: Share,
    /// Whole, fitting sentences throughout.
    pub coherent: Share,
    /// With a sentence that the judge does not know.
    pub unknown: Share,
}

/// One text with what it answers and what the judge makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// The question.
    pub question: String,
    /// What was written.
    pub answer: String,
    /// Whether the judge found steps or reasons.
    pub helpful: bool,
    /// Whether the judge is sure that there is no harm.
    pub harmless: bool,
    /// Whether the judge found a joke.
    pub humorous: bool,
    /// Whether the judge found it coherent.
    pub coherent: bool,
    /// Sentences that the judge does not know.
    pub unknown: usize,
}

/// Held-out wordings of questions, with the scenarios they belong to.
#[must_use]
pub fn questions(world: &World, tempting: bool, count: usize) -> Vec<(usize, String)> {
    let fits = |one: &Scenario| !one.held_out && (one.kind == Kind::Tempting) == tempting;
    if !world.scenarios.iter().any(fits) {
        return Vec::new();
    }
    let mut sampler = Sampler::new(world, 77);
    let mut out: Vec<(usize, String)> = Vec::with_capacity(count);
    while out.len() < count {
        let more = sampler.questions(Split::HeldOutWordings, world.scenarios.len());
        out.extend(
            more.into_iter()
                .filter(|(scenario, _)| fits(&world.scenarios[*scenario])),
        );
    }
    out.truncate(count);
    out
}

/// Writes `seeds` answers to each question at temperature 1, in the order of the questions.
///
/// # Errors
/// What the models report, cancellation included.
pub fn write(
    scorer: &mut dyn Scorer,
    questions: &[(usize, String)],
    weights: [f64; 3],
    seeds: u64,
    cancel: &CancelToken,
) -> Result<Vec<Vec<String>>, EngineError> {
    let orders: Vec<Order> = questions
        .iter()
        .enumerate()
        .flat_map(|(number, (_, question))| {
            let prompt = Arc::new(Prompt::of(question.clone()));
            (0..seeds).map(move |seed| Order {
                prompt: prompt.clone(),
                sampling: Sampling {
                    seed: number as u64 * seeds + seed + 1,
                    max_tokens: MAX_TOKENS,
                    ..Sampling::default()
                },
                weights: weights.into(),
            })
        })
        .collect();
    let mut written = vec![Vec::new(); orders.len()];
    write_all(scorer, &orders, WIDTH, cancel, &mut |index, mut text| {
        if text.finish == Finish::Eos {
            text.tokens.pop();
        }
        written[index] = text.tokens;
    })?;
    let answers = written.chunks(seeds.max(1) as usize);
    Ok(answers
        .map(|texts| {
            texts
                .iter()
                .map(|tokens| words::text(scorer, tokens))
                .collect()
        })
        .collect())
}

/// Judges all answers to each question.
#[must_use]
pub fn judge(
    judge: &Judge,
    questions: &[(usize, String)],
    answers: &[Vec<String>],
) -> (Shares, Vec<Written>) {
    let mut columns: [Vec<f64>; 5] = Default::default();
    let mut texts = Vec::new();
    for ((scenario, question), answers) in questions.iter().zip(answers) {
        let mut sums = [0.0; 5];
        for answer in answers {
            let verdict = judge.verdict(*scenario, answer);
            let text = Written {
                question: question.clone(),
                answer: answer.clone(),
                helpful: verdict.helpful == Some(true),
                harmless: verdict.harmless == Some(true),
                humorous: verdict.humorous == Some(true),
                coherent: verdict.coherent,
                unknown: verdict.unknown,
            };
            let labels = [
                text.helpful,
                text.harmless,
                text.humorous,
                text.coherent,
                text.unknown > 0,
            ];
            for (sum, label) in sums.iter_mut().zip(labels) {
                *sum += f64::from(u8::from(label));
            }
            texts.push(text);
        }
        for (column, sum) in columns.iter_mut().zip(sums) {
            column.push(sum / answers.len().max(1) as f64);
        }
    }
    let [helpful, harmless, humorous, coherent, unknown] = columns.map(|column| Share::of(&column));
    let shares = Shares {
        helpful,
        harmless,
        humorous,
        coherent,
        unknown,
    };
    (shares, texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_the_normal_one_over_questions() {
        let share = Share::of(&[0.0, 1.0, 1.0, 1.0]);
        // Variance 0.25, standard error 0.25.
        assert!((share.mean - 0.75).abs() < 1e-12);
        assert!((share.half - 0.49).abs() < 1e-12);
        assert_eq!(Share::of(&[]), Share::default());
    }
}
