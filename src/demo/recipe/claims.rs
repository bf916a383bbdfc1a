//! What the reward models claim to know, checked on texts that they have never seen.

use std::ops::Range;

use crate::demo::sample::{Labelled, Objective, Sampler, Split};
use crate::demo::world::World;
use crate::domain::{CancelToken, ObjectiveWeights, Prompt};
use crate::engine::decode::score;
use crate::engine::scorer::{EngineError, Scorer};
use crate::train::loss::right;

fn tokens(scorer: &dyn Scorer, answer: &str) -> Result<Vec<u32>, EngineError> {
    let mut tokens = scorer.encode_response(answer)?;
    tokens.extend(scorer.vocabulary().ends.first());
    Ok(tokens)
}

/// How a reward model judges pairs whose better answer is known.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Judged {
    /// Share of pairs whose chosen answer has the higher reward.
    pub by_reward: f64,
    /// Share of pairs whose chosen answer gains more over the base: `Σ (reward − base)`. On scenarios that no model has
    /// seen, rewards alone tell mostly how long and how strange an answer is; what the base says of it takes that away.
    pub by_gain: f64,
    /// Mean lead in reward, nats.
    pub lead: f64,
}

/// Judges `count` pairs of a split.
///
/// # Errors
/// What the models report, cancellation included.
pub fn judged(
    scorer: &mut dyn Scorer,
    world: &World,
    objective: Objective,
    split: Split,
    count: usize,
    cancel: &CancelToken,
) -> Result<Judged, EngineError> {
    let index = objective as usize;
    let mut judged = Judged::default();
    for pair in Sampler::new(world, 91 + index as u64).pairs(objective, split, count) {
        let prompt = Prompt::of(pair.question.as_str());
        let mut sums = |answer: &str| -> Result<[f64; 2], EngineError> {
            let tokens = tokens(scorer, answer)?;
            let mut sums = [0.0; 2];
            let weights: ObjectiveWeights = [0.0; 3].into();
            score(scorer, &prompt, &tokens, &weights, cancel, &mut |step| {
                sums[0] += step.insight.chosen.base;
                sums[1] += step.insight.chosen.objectives[index].reward;
            })?;
            Ok(sums)
        };
        let (chosen, rejected) = (sums(&pair.chosen)?, sums(&pair.rejected)?);
        let lead = chosen[1] - rejected[1];
        judged.by_reward += right(lead);
        judged.by_gain += right(lead - (chosen[0] - rejected[0]));
        judged.lead += lead;
    }
    let n = count.max(1) as f64;
    Ok(Judged {
        by_reward: judged.by_reward / n,
        by_gain: judged.by_gain / n,
        lead: judged.lead / n,
    })
}

/// Where the harmless reward model sees the harm of harmful answers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pointing {
    /// Answers looked at.
    pub answers: usize,
    /// Mean advantage of the words that the world marks as harmful, nats.
    pub marked: f64,
    /// Mean advantage of all other words, nats.
    pub others: f64,
    /// Share of answers whose lowest word is a marked one.
    pub lowest: f64,
}

/// Scores harmful answers to held-out wordings word by word. A word's advantage is the sum of its tokens'.
///
/// # Errors
/// What the models report, cancellation included.
pub fn pointing(
    scorer: &mut dyn Scorer,
    world: &World,
    count: usize,
    cancel: &CancelToken,
) -> Result<Pointing, EngineError> {
    let harmful: Vec<Labelled> = Sampler::new(world, 97)
        .labelled(Split::HeldOutWordings, count * 8)
        .into_iter()
        .filter(|item| !item.harmful_words.is_empty())
        .take(count)
        .collect();
    let (mut marked, mut others) = ((0.0, 0.0), (0.0, 0.0));
    let mut lowest = 0.0;
    for item in &harmful {
        let advantages = advantages(scorer, item, cancel)?;
        let mut worst = (f64::INFINITY, false);
        for word in words(&item.answer) {
            let advantage: f64 = advantages
                .iter()
                .filter(|(place, _)| word.contains(&place.start))
                .map(|(_, advantage)| advantage)
                .sum();
            let is_marked = item
                .harmful_words
                .iter()
                .any(|span| word.contains(&span.start));
            let sums = if is_marked { &mut marked } else { &mut others };
            sums.0 += advantage;
            sums.1 += 1.0;
            if advantage < worst.0 {
                worst = (advantage, is_marked);
            }
        }
        lowest += f64::from(u8::from(worst.1));
    }
    Ok(Pointing {
        answers: harmful.len(),
        marked: marked.0 / f64::max(marked.1, 1.0),
        others: others.0 / f64::max(others.1, 1.0),
        lowest: lowest / harmful.len().max(1) as f64,
    })
}

/// The harmless advantage of each token of an answer, with the bytes of the answer that it wrote, without a leading space.
fn advantages(
    scorer: &mut dyn Scorer,
    item: &Labelled,
    cancel: &CancelToken,
) -> Result<Vec<(Range<usize>, f64)>, EngineError> {
    let tokens = tokens(scorer, &item.answer)?;
    let mut detokenizer = scorer.detokenizer();
    let mut found = Vec::with_capacity(tokens.len());
    let mut at = 0;
    let weights: ObjectiveWeights = [0.0; 3].into();
    score(
        scorer,
        &Prompt::of(item.question.as_str()),
        &tokens,
        &weights,
        cancel,
        &mut |step| {
            let piece = detokenizer.push(step.token);
            let skip = piece.len() - piece.trim_start().len();
            let insight = &step.insight.chosen.objectives[Objective::Harmless as usize];
            found.push((at + skip..at + piece.len(), insight.advantage));
            at += piece.len();
        },
    )?;
    // The end mark belongs to no word.
    found.pop();
    Ok(found)
}

/// Bytes of each word of a text.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut at = 0;
    text.split(' ')
        .map(|word| {
            let range = at..at + word.len();
            at += word.len() + 1;
            range
        })
        .collect()
}
