//! What was measured.

use super::{Machine, Quant, Spec};
use crate::domain::MemoryEstimate;

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchReport {
    /// Where.
    pub machine: Machine,
    /// Which device computed, and why, in words.
    pub device: String,
    /// What.
    pub models: BenchModels,
    /// From the start of the program on.
    pub start: StartTimes,
    /// Reading a prompt.
    pub prefill: PrefillTimes,
    /// Writing one token.
    pub steps: StepTimes,
    /// Writing texts.
    pub writing: WritingTimes,
    /// Seeing a text under other weights.
    pub reweigh: ReweighTimes,
    /// Writing a text anew under other weights.
    pub resteer: ResteerTimes,
    /// What it took.
    pub memory: MemoryUse,
}

/// The models that were measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchModels {
    /// The lineup's name, or that of the shape.
    pub name: String,
    /// Parameters of the base.
    pub parameters: u64,
    /// Tokens of the shared vocabulary.
    pub vocabulary: usize,
    /// Names of the objectives.
    pub objectives: Vec<String>,
    /// For random weights, what was made, and the bytes of one model's matrices, format by format.
    pub made: Option<(Spec, Vec<(Quant, u64)>)>,
}

/// Seconds since the start of the program.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StartTimes {
    /// Until the models were there; for random weights, until they were made.
    pub loaded_secs: f64,
    /// Until the first token of a guided text, where the models were loaded.
    pub first_token_secs: Option<f64>,
}

/// Reading a prompt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrefillTimes {
    /// Its length for the base.
    pub tokens: usize,
    /// Seconds, by the base alone.
    pub base_secs: f64,
    /// Seconds, by the base and all reward models, where there are any.
    pub all_secs: Option<f64>,
}

/// One kind of step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepTime {
    /// Rows of all models together.
    pub rows: usize,
    /// Seconds per step.
    pub secs: f64,
    /// Its time over that of one row of the base.
    pub ratio: f64,
}

/// Writing one token.
#[derive(Debug, Clone, PartialEq)]
pub struct StepTimes {
    /// Tokens before the first step.
    pub past: usize,
    /// Rounds that were taken.
    pub rounds: usize,
    /// Steps of each job per round.
    pub steps: usize,
    /// 1 to 8 rows of the base; the first is base alone.
    pub rows: Vec<StepTime>,
    /// A guided text alone: a base row and one of each reward model.
    pub guided_alone: StepTime,
    /// The guided job: a guided text and a plain one beside it.
    pub guided: StepTime,
}

/// Writing a guided text and the plain one beside it, whole.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WritingTimes {
    /// Tokens of the plain text.
    pub base_tokens: usize,
    /// Tokens of the guided text.
    pub guided_tokens: usize,
    /// Seconds from the end of the prompt to the last coloured token.
    pub secs: f64,
}

/// How long something lets a person wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// Median.
    pub p50_secs: f64,
    /// 95 of 100 are no slower.
    pub p95_secs: f64,
    /// How many were measured.
    pub count: usize,
}

/// Seeing a text under other weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReweighTimes {
    /// Steps of the text.
    pub steps: usize,
    /// Tokens per row.
    pub vocabulary: usize,
    /// Rows per step.
    pub models: usize,
    /// Bytes of all rows.
    pub bytes: u64,
    /// The first question on a text, seconds.
    pub first_secs: f64,
    /// The questions that follow.
    pub latency: Latency,
}

/// Writing a text anew under other weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResteerTimes {
    /// Tokens at its beginning that stay as they are.
    pub kept: usize,
    /// To the first new token.
    pub latency: Latency,
}

/// The most memory that was taken at once, where the system tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemoryUse {
    /// While the base alone wrote; only random models can be had without their objectives.
    pub base_bytes: Option<u64>,
    /// While both texts were written, by all models.
    pub all_bytes: Option<u64>,
    /// What that was estimated at from the models' headers, where the processor computes.
    pub estimated_bytes: Option<u64>,
    /// What was estimated that they take of a graphics card's memory, where one computes.
    pub card_estimated_bytes: Option<u64>,
}

impl MemoryUse {
    /// Nothing but the estimate, under the memory that it is of.
    pub(super) fn estimated(estimate: Option<&MemoryEstimate>) -> Self {
        let of = |on_card: bool| {
            estimate
                .filter(|estimate| estimate.card.is_some() == on_card)
                .map(|estimate| estimate.total_bytes)
        };
        Self {
            estimated_bytes: of(false),
            card_estimated_bytes: of(true),
            ..Self::default()
        }
    }
}
