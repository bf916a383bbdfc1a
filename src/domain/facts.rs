//! What a model is and what a lineup takes, as read from the headers of files before anything is loaded.

use super::RewardKind;

/// How a model is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileFormat {
    /// A folder with config.json and safetensors.
    Safetensors,
    /// A folder with config.json and PyTorch `.bin` files.
    PyTorch,
    /// One GGUF file, or several parts of one.
    Gguf,
}

impl FileFormat {
    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::PyTorch => "PyTorch",
            Self::Gguf => "GGUF",
        }
    }
}

/// The tensors of a model that are stored in the same number type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAs {
    /// Its usual name, for example `BF16` or `Q4_K`.
    pub number_type: String,
    /// How many tensors.
    pub tensors: usize,
    /// How many numbers.
    pub numbers: u64,
    /// How many bytes in the files.
    pub bytes: u64,
}

/// What a whole model or an adapter is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFacts {
    /// The folder or file that was looked at.
    pub path: String,
    /// What its files call it, or the name of the folder or file.
    pub name: String,
    /// How it is stored.
    pub format: FileFormat,
    /// A whole model or an adapter.
    pub kind: ModelKind,
    /// The tensors by number type, the one with most bytes first.
    pub stored: Vec<StoredAs>,
    /// Bytes of the weight files.
    pub file_bytes: u64,
    /// The licence's identifier, where the files name one.
    pub licence: Option<String>,
    /// Why this program cannot run it, where it cannot.
    pub problem: Option<Obstacle>,
}

/// Why a model cannot be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// One sentence without a full stop, for example `The number type IQ2_XS is not supported`.
    pub summary: String,
    /// What would help, where something would.
    pub hint: Option<String>,
}

/// A whole model or an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelKind {
    /// A model that can stand by itself; nothing is known of its shape where its family is not supported.
    Whole(Option<WholeFacts>),
    /// A PEFT adapter.
    Adapter(AdapterFacts),
}

/// The shape of a whole model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeFacts {
    /// For example `Llama` or `Qwen 3`.
    pub family: String,
    /// Parameters, those of a tied head counted once.
    pub parameters: u64,
    /// Most tokens that it reads.
    pub context: usize,
    /// Rows of its embedding.
    pub vocabulary: usize,
    /// Blocks.
    pub layers: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_width: usize,
    /// Whether it brings a chat template: those that do can take a sentence as an objective.
    pub has_template: bool,
}

/// What an adapter changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterFacts {
    /// The base that its settings name, where they do.
    pub base: Option<String>,
    /// Rank of its matrices: the largest, where they differ.
    pub rank: usize,
    /// The products that it changes, for example `q_proj`.
    pub targets: Vec<String>,
    /// Blocks that it changes: the highest plus one.
    pub layers: usize,
    /// Numbers in its matrices.
    pub parameters: u64,
}

/// What a part of a lineup's memory is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MemoryPurpose {
    /// Weights of a whole model, as they are kept after loading.
    Weights,
    /// Matrices of an adapter.
    Adapter,
    /// Keys and values of the texts.
    Texts,
    /// Scores of the tokens that are shown.
    Scores,
    /// What a pass needs while it runs, and what the tokenizers and the program take.
    Working,
}

/// One part of the memory that a lineup takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryPart {
    /// What for.
    pub what: MemoryPurpose,
    /// `base`, an objective's name, or nothing where it is for all.
    pub role: String,
    /// What kind of reward the role has; none for the base and for all.
    pub kind: Option<RewardKind>,
    /// How much.
    pub bytes: u64,
    /// Whether it lies on a graphics card; else in the machine's own memory.
    pub on_card: bool,
    /// How it is kept, in words, for example `4 bits (Q4_K) as in the file; Q6_K as f16`.
    pub how: String,
}

/// Whether a lineup fits into memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It does, and leaves room for other programs.
    Fits,
    /// It does just so: the system may slow down.
    Tight,
    /// It does not.
    WillNotFit,
    /// The system or the graphics card does not say how much memory is free.
    Unknown,
}

/// A change of a lineup that saves memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryChange {
    /// What to do, one sentence.
    pub words: String,
    /// How much that saves.
    pub saved_bytes: u64,
    /// The verdict then.
    pub verdict: Verdict,
}

/// What a lineup takes while it writes, and whether that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryEstimate {
    /// Every part, the largest first.
    pub parts: Vec<MemoryPart>,
    /// The graphics card that computes, by its maker's name; none for the processor. Then its memory is what counts.
    pub card: Option<String>,
    /// All parts together; with a card, those that lie on it.
    pub total_bytes: u64,
    /// The most that is taken at once while it is loaded; at least the weights.
    pub loading_bytes: u64,
    /// What was free when it was worked out, where the system says.
    pub free_bytes: Option<u64>,
    /// Whether it fits.
    pub verdict: Verdict,
    /// The one change that saves most, where it does not fit easily and something can be saved.
    pub change: Option<MemoryChange>,
}
