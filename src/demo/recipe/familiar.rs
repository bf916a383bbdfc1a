//! Where the world ends: how surprising a prompt may be to the base before the window says that it is far from all that
//! the models know.

use crate::demo::sample::{Sampler, Split};
use crate::demo::world::World;
use crate::domain::{CancelToken, Prompt};
use crate::engine::scorer::{EngineError, Scorer};

/// Held-out wordings that the limit is taken from.
const WORDINGS: usize = 600;
/// Share of them that stays below it.
const KNOWN: f64 = 0.98;

/// Prompts that have nothing to do with the world.
pub const FAR: [&str; 16] = [
    "Explain the theory of general relativity.",
    "Write a Python function that sorts a list of integers.",
    "Who was the first president of the United States?",
    "Translate this sentence into French.",
    "What are the main causes of inflation in modern economies?",
    "Summarise the plot of Hamlet in two paragraphs.",
    "How does photosynthesis convert sunlight into chemical energy?",
    "Solve the equation 3x + 7 = 22.",
    "Which chemical elements belong to the noble gases?",
    "Compare the architecture of Gothic and Romanesque cathedrals.",
    "What is the capital of Mongolia?",
    "Draft a press release about a merger of two insurance companies.",
    "Describe the symptoms of vitamin D deficiency.",
    "How do transformers use attention in neural networks?",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
    "qwertz uiop asdf ghjk yxcv bnm",
];

fn surprise(scorer: &mut dyn Scorer, text: &str, cancel: &CancelToken) -> Result<f64, EngineError> {
    let prompt = Prompt::of(text);
    scorer.surprise(&prompt, cancel)
}

/// The surprise, in nats per token, below which all but a few questions in new words lie.
///
/// # Errors
/// What the models report, cancellation included.
pub fn limit(
    scorer: &mut dyn Scorer,
    world: &World,
    cancel: &CancelToken,
) -> Result<f64, EngineError> {
    let mut found = Vec::with_capacity(WORDINGS);
    for (_, question) in Sampler::new(world, 93).questions(Split::HeldOutWordings, WORDINGS) {
        found.push(surprise(scorer, &question, cancel)?);
    }
    found.sort_by(f64::total_cmp);
    let place = (KNOWN * found.len() as f64) as usize;
    let limit = found.get(place).or(found.last()).copied();
    Ok(limit.unwrap_or(f64::MAX))
}

/// How many prompts are called far: of [`FAR`], and of held-out wordings other than those that the limit was taken from.
///
/// # Errors
/// What the models report, cancellation included.
pub fn called_far(
    scorer: &mut dyn Scorer,
    world: &World,
    limit: f64,
    count: usize,
    cancel: &CancelToken,
) -> Result<[f64; 2], EngineError> {
    let mut share = |prompts: &[String]| -> Result<f64, EngineError> {
        let mut far = 0.0;
        for prompt in prompts {
            far += f64::from(u8::from(surprise(scorer, prompt, cancel)? > limit));
        }
        Ok(far / prompts.len().max(1) as f64)
    };
    let own: Vec<String> = Sampler::new(world, 94)
        .questions(Split::HeldOutWordings, count)
        .into_iter()
        .map(|(_, question)| question)
        .collect();
    Ok([share(&FAR.map(str::to_owned))?, share(&own)?])
}
