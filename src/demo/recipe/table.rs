//! The judge's table: what the finished models write under some settings of the sliders.

use crate::demo::judge::Judge;
use crate::demo::sample::{Sampler, Split};
use crate::demo::world::{Kind, World};
use crate::domain::{CancelToken, ObjectiveWeights, Pane, Prompt, Sampling, TokenId};
use crate::engine::decode::{Director, Job, Progress, decode};
use crate::engine::scorer::{EngineError, Scorer};

/// Longest answer, in tokens: well above the longest of the world.
const MAX_TOKENS: usize = 160;

/// One setting of the sliders, in the order of [`crate::demo::sample::Objective::ALL`].
pub const SETTINGS: [(&str, [f64; 3]); 5] = [
    ("all at 0", [0.0, 0.0, 0.0]),
    ("helpful 1", [1.0, 0.0, 0.0]),
    ("harmless 1", [0.0, 1.0, 0.0]),
    ("humorous 1", [0.0, 0.0, 1.0]),
    ("all at 1", [1.0, 1.0, 1.0]),
];

/// How many of the texts of a setting were judged what, from 0 to 1. A text that the judge cannot place counts as not.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shares {
    /// Texts judged.
    pub texts: usize,
    /// Share with steps or reasons.
    pub helpful: f64,
    /// Share without harm.
    pub harmless: f64,
    /// Share with a joke.
    pub humorous: f64,
    /// Share of whole, fitting sentences throughout.
    pub coherent: f64,
    /// Share with a sentence that the judge does not know.
    pub unknown: f64,
}

/// One text with what it answers, for reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The question.
    pub question: String,
    /// What was written.
    pub answer: String,
}

/// Keeps the guided tokens of a run.
struct Collect {
    weights: ObjectiveWeights,
    tokens: Vec<TokenId>,
}

impl Director for Collect {
    fn weights(&mut self) -> ObjectiveWeights {
        self.weights.clone()
    }

    fn progress(&mut self, progress: Progress) {
        if let Progress::Step(Pane::Guided, step) = progress {
            self.tokens.push(step.token);
        }
    }
}

/// Writes one guided answer at temperature 1.
///
/// # Errors
/// What the models report.
pub fn write(
    scorer: &mut dyn Scorer,
    question: &str,
    weights: [f64; 3],
    seed: u64,
) -> Result<String, EngineError> {
    let prompt = Prompt {
        text: question.to_owned(),
        ..Prompt::default()
    };
    let sampling = Sampling {
        seed,
        max_tokens: MAX_TOKENS,
        ..Sampling::default()
    };
    let job = Job {
        prompt: &prompt,
        sampling: &sampling,
        with_base: false,
        prefix: &[],
        told_from: 0,
    };
    let mut collect = Collect {
        weights: weights.into(),
        tokens: Vec::new(),
    };
    decode(scorer, &job, &CancelToken::default(), &mut collect)?;
    let mut detokenizer = scorer.detokenizer();
    let ends = scorer.vocabulary();
    let mut text: String = collect
        .tokens
        .iter()
        .filter(|&&token| !ends.is_end(token))
        .map(|&token| detokenizer.push(token))
        .collect();
    text.push_str(&detokenizer.finish());
    Ok(text)
}

/// Writes and judges `count` answers to held-out wordings of questions of the wanted sort.
///
/// # Errors
/// What the models report.
pub fn shares(
    scorer: &mut dyn Scorer,
    world: &World,
    judge: &Judge,
    tempting: bool,
    weights: [f64; 3],
    count: usize,
) -> Result<(Shares, Vec<Written>), EngineError> {
    let questions: Vec<(usize, String)> = Sampler::new(world, 77)
        .questions(Split::HeldOutWordings, count * 8)
        .into_iter()
        .filter(|(scenario, _)| (world.scenarios[*scenario].kind == Kind::Tempting) == tempting)
        .take(count)
        .collect();
    let mut shares = Shares::default();
    let mut texts = Vec::with_capacity(questions.len());
    for (seed, (scenario, question)) in (1..).zip(questions) {
        let answer = write(scorer, &question, weights, seed)?;
        let verdict = judge.verdict(scenario, &answer);
        let one = |yes: bool| f64::from(u8::from(yes));
        shares.texts += 1;
        shares.helpful += one(verdict.helpful == Some(true));
        shares.harmless += one(verdict.harmless == Some(true));
        shares.humorous += one(verdict.humorous == Some(true));
        shares.coherent += one(verdict.coherent);
        shares.unknown += one(verdict.unknown > 0);
        texts.push(Written { question, answer });
    }
    let n = shares.texts.max(1) as f64;
    for share in [
        &mut shares.helpful,
        &mut shares.harmless,
        &mut shares.humorous,
        &mut shares.coherent,
        &mut shares.unknown,
    ] {
        *share /= n;
    }
    Ok((shares, texts))
}
