//! What front ends and the worker say to each other: plain data, no tensor, no closure.

use std::sync::Arc;

pub use super::ahead::{Ahead, AheadRequest};
use super::bench::{BenchReport, BenchRequest};
pub use super::calibrate::CalibrateRequest;
use super::hub::{HubCommand, HubEvent};
use super::shelf::{ShelfCommand, ShelfEvent};
use super::sweep::{SweepCommand, SweepEvent};
use crate::domain::{
    CancelToken, Finish, ObjectiveWeights, Pane, Prompt, RunId, Sampling, TokenId,
};
pub use crate::domain::{ComputeSettings, LineupInfo, LineupSource, ModelInfo};
use crate::engine::decode::GuidedStep;
use crate::engine::sums::TextSums;
use crate::error::Failure;
use crate::record::Record;
use crate::record::Timing;

/// What the worker must do.
#[derive(Debug, Clone)]
pub enum Command {
    /// Load a lineup and drop the one before.
    Load {
        /// Which lineup.
        source: LineupSource,
        /// On what.
        settings: ComputeSettings,
        /// Stops the loading.
        cancel: CancelToken,
    },
    /// Write the base and the guided text.
    Generate(GenerateRequest),
    /// From the next token on, the run uses these weights.
    SetWeights {
        /// The run being written.
        run: RunId,
        /// One weight per objective.
        weights: ObjectiveWeights,
    },
    /// Every number for a given response.
    Score(ScoreRequest),
    /// Reward sums of both answers of preference pairs.
    Evaluate(EvaluateRequest),
    /// Measure how loud each objective's rewards are.
    Calibrate(CalibrateRequest),
    /// Look at what would be written behind a beginning. It waits for all other commands, and begins anew behind those that
    /// come meanwhile; a newer look takes its place, other models end it.
    LookAhead(Box<AheadRequest>),
    /// Something about a sweep over settings of the weights, which is written between other commands.
    Sweep(SweepCommand),
    /// Measure models; the lineup before is dropped.
    Bench(Box<BenchRequest>),
    /// Something about models on the Hugging Face Hub or in its local cache; served beside the others.
    Hub(HubCommand),
    /// Something about the models and lineups at hand; served beside the others.
    Shelf(ShelfCommand),
    /// Let the rows of a recorded run answer in place of models, and drop the lineup before.
    Replay(Arc<Record>),
    /// End the worker.
    Shutdown,
}

/// One run of the two panes.
#[derive(Debug, Clone)]
pub struct GenerateRequest {
    /// Its name.
    pub run: RunId,
    /// Stops it at the next token.
    pub cancel: CancelToken,
    /// What the models read.
    pub prompt: Prompt,
    /// One weight per objective of the lineup.
    pub weights: ObjectiveWeights,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Whether the plain model writes too.
    pub with_base: bool,
    /// Most steps per second, so that a person can read along and steer; none for full speed.
    pub pace: Option<f64>,
    /// What the texts begin with; empty for a fresh run.
    pub beginning: Beginning,
    /// Whether it follows a hand on a slider: a live run takes the place of every live run asked for before it. One that
    /// writes ends within a token, those that wait are never begun, and each is told as [`Event::Superseded`]. (One that
    /// is still reading a long prompt hears of it behind the prompt: cancel it.)
    pub live: bool,
}

/// The part of a response that is decided before the run: what a change of weights leaves as it was, the alternative that
/// a person picked, the words that a person typed. The run goes on behind it as if it had been written from scratch, and
/// reads only what no earlier run of the same prompt has read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beginning {
    /// Its tokens. Only the last may be one that ends a text.
    pub tokens: Arc<[TokenId]>,
    /// Words behind the tokens, with the space before them where one is meant; they are tokenised in their place.
    pub words: String,
    /// Steps are told from this position on: whoever asks has those before. The tokens of the beginning from here on are
    /// told as steps with `given` set. At most the beginning's length counts.
    pub told_from: usize,
}

/// A response to be scored.
#[derive(Debug, Clone)]
pub struct ScoreRequest {
    /// Its name.
    pub run: RunId,
    /// Stops it.
    pub cancel: CancelToken,
    /// What the models read before the response.
    pub prompt: Prompt,
    /// The response, tokenised by itself.
    pub response: String,
    /// Whether the end-of-text token is scored too.
    pub with_end: bool,
    /// Whether each token is told; without it only the sums are, at the end.
    pub told: bool,
    /// One weight per objective of the lineup.
    pub weights: ObjectiveWeights,
}

/// Preference pairs to be judged.
#[derive(Debug, Clone)]
pub struct EvaluateRequest {
    /// Its name.
    pub run: RunId,
    /// Stops it after the pair in hand.
    pub cancel: CancelToken,
    /// The pairs, in order.
    pub pairs: Vec<EvaluatePair>,
}

/// A prompt with the answer that people preferred and the other one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluatePair {
    /// What both answers answer.
    pub prompt: Prompt,
    /// The preferred answer.
    pub chosen: String,
    /// The other one.
    pub rejected: String,
}

/// Reward sums over an answer and its end token, one per objective, nats.
#[derive(Debug, Clone, PartialEq)]
pub struct PairRewards {
    /// Of the preferred answer.
    pub chosen: Vec<f64>,
    /// Of the other one.
    pub rejected: Vec<f64>,
}

/// One token of a text, with everything a person may ask about it.
#[derive(Debug, Clone)]
pub struct Step {
    /// Which text.
    pub pane: Pane,
    /// Scores, choice and numbers.
    pub step: GuidedStep,
    /// The characters that this token completes; the texts of a run joined are the response.
    pub text: String,
}

/// How one of the two texts ended.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamEnd {
    /// Why.
    pub finish: Finish,
    /// The whole text, its given beginning included.
    pub text: String,
    /// The end of `text` that no token completed (an unfinished character); belongs behind the last step's text.
    pub tail: String,
    /// Tokens of the text, its given beginning and the end token included.
    pub tokens: usize,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEnd {
    /// The plain text, where one was asked for.
    pub base: Option<StreamEnd>,
    /// The guided text.
    pub guided: StreamEnd,
    /// First position whose tokens differ.
    pub divergence: Option<usize>,
    /// How long it took.
    pub timing: Timing,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// Loading goes on: a stage in words, and how far where that is known (0 to 1).
    Loading {
        /// For example `Reading weights`.
        stage: String,
        /// From 0 to 1.
        fraction: Option<f32>,
    },
    /// The lineup is ready.
    Loaded(Arc<LineupInfo>),
    /// A run has read its prompt.
    Started {
        /// The run.
        run: RunId,
        /// The prompt as the base model reads it.
        rendered: String,
        /// Its length.
        prompt_tokens: usize,
        /// Position of the first step that will be told: 0, or behind a beginning that the front end has.
        first: usize,
        /// Whether it lies outside what the lineup says that it knows.
        unfamiliar: bool,
    },
    /// A token was written or scored.
    Step {
        /// The run.
        run: RunId,
        /// The token.
        step: Box<Step>,
    },
    /// The base text's tokens after the divergence, now with rewards: replaces the steps of that pane from
    /// `first` on.
    BaseScored {
        /// The run.
        run: RunId,
        /// Position of the first step in `steps`.
        first: usize,
        /// The steps with rewards.
        steps: Vec<Step>,
    },
    /// A newer live run took the place of this one, which is over; what it has told is a beginning of its text.
    Superseded {
        /// The run.
        run: RunId,
        /// The newer one.
        by: RunId,
    },
    /// A run ended; the last event of a generation.
    Finished {
        /// The run.
        run: RunId,
        /// How.
        end: Box<RunEnd>,
    },
    /// A response was scored, all its steps having been sent as [`Pane::Guided`] steps where they were wanted.
    Scored {
        /// The run.
        run: RunId,
        /// How many tokens were scored.
        tokens: usize,
        /// Characters that no token completed; belongs behind the last step's text.
        tail: String,
        /// Sums over all tokens.
        sums: TextSums,
    },
    /// A preference pair was judged, or could not be (it does not fit the context, for instance).
    Judged {
        /// The run.
        run: RunId,
        /// Which pair of the request.
        index: usize,
        /// Its rewards, or why there are none.
        rewards: Result<PairRewards, Failure>,
    },
    /// All pairs were judged, or the person stopped it.
    Evaluated {
        /// The run.
        run: RunId,
        /// Whether a person stopped it.
        cancelled: bool,
    },
    /// How loud the objectives are was measured.
    Calibrated {
        /// The run.
        run: RunId,
        /// Standard deviation of each objective's reward over the words that the base might say, nats for a weight of 1.
        spread: Vec<f64>,
        /// Positions that it was measured at.
        positions: usize,
    },
    /// Everything was measured.
    Measured {
        /// The run.
        run: RunId,
        /// All numbers.
        report: Box<BenchReport>,
    },
    /// What would be written behind a beginning, as far as it is known: told again with every token of it.
    Ahead {
        /// The look.
        run: RunId,
        /// What would be written.
        ahead: Ahead,
    },
    /// What happens in a sweep.
    Sweep(SweepEvent),
    /// What came of a [`Command::Hub`].
    Hub(HubEvent),
    /// What came of a [`Command::Shelf`].
    Shelf(ShelfEvent),
    /// Something failed; with a run, that run is over, and the worker goes on.
    Failed {
        /// The run that failed, or none where loading or the worker itself did.
        run: Option<RunId>,
        /// What a person sees.
        failure: Failure,
    },
}

impl Event {
    /// The run that it is about, where it is about one.
    #[must_use]
    pub const fn run(&self) -> Option<RunId> {
        match self {
            Self::Started { run, .. }
            | Self::Step { run, .. }
            | Self::BaseScored { run, .. }
            | Self::Superseded { run, .. }
            | Self::Ahead { run, .. }
            | Self::Finished { run, .. }
            | Self::Scored { run, .. }
            | Self::Judged { run, .. }
            | Self::Evaluated { run, .. }
            | Self::Calibrated { run, .. }
            | Self::Measured { run, .. }
            | Self::Sweep(
                SweepEvent::Began { run, .. }
                | SweepEvent::Row { run, .. }
                | SweepEvent::Ended { run, .. },
            ) => Some(*run),
            Self::Failed { run, .. } => *run,
            Self::Loading { .. } | Self::Loaded(_) | Self::Hub(_) | Self::Shelf(_) => None,
        }
    }
}
