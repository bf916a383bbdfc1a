//! Plain vocabulary: the words that every other room of the house uses. std and serde only.

pub mod calendar;
mod facts;
pub mod hub;
pub mod machine;
pub mod numbers;
pub mod paint;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

pub use self::facts::{
    AdapterFacts, FileFormat, MemoryChange, MemoryEstimate, MemoryPart, MemoryPurpose, ModelFacts,
    ModelKind, Obstacle, StoredAs, Verdict, WholeFacts,
};

/// Index of a token in the shared vocabulary of a lineup.
pub type TokenId = u32;

/// Names one run (one press of "Run", one `score`, one `eval`); events carry it so that stale ones can be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId(pub u64);

/// Which of the two texts a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pane {
    /// What the plain model writes.
    Base,
    /// What the model writes under guidance.
    Guided,
}

/// How an objective gets its reward (interfaces.md section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RewardKind {
    /// A PEFT LoRA adapter over the base: log-softmax of the adapted model.
    Adapter,
    /// A whole model of its own: its log-softmax.
    Model,
    /// The base read with a system text minus the base read without it.
    System,
    /// Log-probability of an expert minus that of an amateur.
    Contrast,
}

/// The colour that an objective goes by in the window, for each of its two themes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colour {
    /// A green blue.
    Teal,
    /// A dark pink.
    Plum,
    /// A brown yellow.
    Ochre,
    /// A clear blue.
    Blue,
    /// A warm red.
    Red,
    /// A blue purple.
    Violet,
}

impl Colour {
    /// All colours, in the order in which objectives without one of their own get them.
    pub const ALL: [Self; 6] = [
        Self::Teal,
        Self::Plum,
        Self::Ochre,
        Self::Blue,
        Self::Red,
        Self::Violet,
    ];

    /// The colour of the objective at this place of a lineup where it has none of its own.
    #[must_use]
    pub const fn at(index: usize) -> Self {
        Self::ALL[index % Self::ALL.len()]
    }

    /// Its name, as it stands in a lineup.toml.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Teal => "teal",
            Self::Plum => "plum",
            Self::Ochre => "ochre",
            Self::Blue => "blue",
            Self::Red => "red",
            Self::Violet => "violet",
        }
    }
}

/// What is wanted of a text: a name a person can weigh, and where its reward comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// Unique within a lineup, as it is typed in `--weight NAME=VALUE`.
    pub name: String,
    /// Source of the reward.
    pub kind: RewardKind,
    /// The weight that the lineup suggests.
    pub weight: f64,
    /// One plain sentence for people, empty where the lineup has none.
    pub about: String,
    /// Its colour in the window, where the lineup gives it one.
    #[serde(default)]
    pub colour: Option<Colour>,
}

/// The weights of one step, one per objective in lineup order. Dimensionless; the paper's 1/β.
pub type ObjectiveWeights = Arc<[f64]>;

/// How the next token is drawn from the mixed scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// τ divides the score; 0 means argmax. Range 0 and up.
    pub temperature: f64,
    /// Keeps the k likeliest tokens; 0 keeps all.
    pub top_k: usize,
    /// Keeps the smallest likeliest set of at least this probability. Range above 0 to 1.
    pub top_p: f64,
    /// Keeps tokens at least this fraction as likely as the likeliest. Range 0 to 1.
    pub min_p: f64,
    /// Key of the noise; the same seed gives every stream the same luck.
    pub seed: u64,
    /// Longest response, in tokens.
    pub max_tokens: usize,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            seed: 16,
            max_tokens: 256,
        }
    }
}

impl Sampling {
    /// Says what is wrong with the settings, in one sentence, or nothing.
    ///
    /// # Errors
    /// The first value that is out of its range.
    pub fn check(&self) -> Result<(), String> {
        if !self.temperature.is_finite() || self.temperature < 0.0 {
            return Err(format!(
                "temperature must be a number of 0 or more, not {}",
                self.temperature
            ));
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return Err(format!(
                "top-p must be above 0 and at most 1, not {}",
                self.top_p
            ));
        }
        if !(0.0..=1.0).contains(&self.min_p) {
            return Err(format!("min-p must be between 0 and 1, not {}", self.min_p));
        }
        if self.max_tokens == 0 {
            return Err("the response needs room for at least one token".to_owned());
        }
        Ok(())
    }
}

/// Why a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finish {
    /// The model chose its end-of-text token.
    Eos,
    /// The response reached its longest length or the model's context.
    Length,
    /// A person stopped it.
    Cancelled,
}

/// A person's say over work that goes on elsewhere. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<Say>);

#[derive(Debug, Default)]
struct Say {
    cancelled: AtomicBool,
    held: AtomicBool,
}

impl CancelToken {
    /// Asks the work to stop; cannot be taken back.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
    }

    /// Whether the work should stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    /// Asks the work to wait, or to go on. Writing waits between two tokens; other work need not.
    pub fn hold(&self, hold: bool) {
        self.0.held.store(hold, Ordering::Release);
    }

    /// Whether the work should wait.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.0.held.load(Ordering::Acquire)
    }
}

/// A prompt as a person wrote it, before any template.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Prompt {
    /// The person's words.
    pub text: String,
    /// A system text for every model of the lineup, where one is wanted.
    pub system: Option<String>,
    /// Feed the words as they are, without the chat template.
    pub raw: bool,
    /// Messages before `text`, oldest first, where the prompt continues a chat.
    pub earlier: Vec<Turn>,
}

impl Prompt {
    /// These words, with nothing before them.
    #[must_use]
    pub fn of(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}

/// One message of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// What it says.
    pub content: String,
}

/// Where a lineup comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineupSource {
    /// The models inside the program.
    Demo,
    /// A lineup.toml.
    File(PathBuf),
    /// The text of a lineup.toml that was put together and need not be a file: its paths are absolute.
    Composed(Arc<str>),
}

/// Where and how precisely to compute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ComputeSettings {
    /// `auto`, `cpu`, `cuda`, `cuda:N` or `metal`.
    pub device: Option<String>,
    /// `auto`, `f32`, `f16` or `bf16`.
    pub dtype: Option<String>,
    /// Threads on the CPU; all of them where nothing is said.
    pub threads: Option<usize>,
    /// Whether the hashes of all weight files are wanted, although reading large ones once more takes its time.
    pub hashes: bool,
}

/// Facts about a loaded lineup.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LineupInfo {
    /// Its name.
    pub name: String,
    /// Its objectives, in the order of all rows and weights.
    pub objectives: Vec<Objective>,
    /// Text of each id of the shared vocabulary.
    pub texts: Arc<[String]>,
    /// Which device was picked and why, in words.
    pub device: String,
    /// Most tokens of prompt and response together.
    pub context_len: usize,
    /// Parameters of the base model.
    pub parameters: u64,
    /// Seconds that loading took.
    pub load_secs: f64,
    /// Every model read.
    pub models: Vec<ModelInfo>,
    /// Prompts that surprise the base by more nats per token than this lie outside what it knows.
    pub familiar: Option<f64>,
    /// Whether its base is the small built-in teaching model.
    pub is_demo: bool,
}

impl LineupInfo {
    /// What to say of a prompt that surprises the base by more than [`Self::familiar`].
    #[must_use]
    pub const fn far(&self) -> &'static str {
        if self.is_demo {
            "The built-in model only knows everyday situations, and this prompt is far from them"
        } else {
            "These models were trained on a small world of their own, and this prompt is far from it"
        }
    }
}

/// One model file set of a lineup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// `base` or the objective's name.
    pub role: String,
    /// Where the weights come from.
    #[serde(default)]
    pub kind: Option<RewardKind>,
    /// Path or `built-in`.
    pub source: String,
    /// SHA-256 over the weight files, lower-case hex.
    pub sha256: String,
    /// How the weights are kept in memory, in words, for example `Q4_K as in the file, Q6_K as f16`.
    #[serde(default)]
    pub kept: String,
}
