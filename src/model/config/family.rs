//! The families, and what sets each apart: one row of plain data per family, most of it defaults of `config.json`.

use super::{Activation, Norms, QkNorm};

/// Which relative of Llama a model is; decides the defaults of `config.json` and the name written back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Llama 1, 2, 3, SmolLM, TinyLlama, Vicuna, Tulu 2…
    Llama,
    /// Mistral: a sliding window on every layer.
    Mistral,
    /// Qwen 2 and 2.5: biases on q, k and v; windows on the upper layers where asked for.
    Qwen2,
    /// Qwen 3: norms on the heads of q and k; a head width of its own.
    Qwen3,
    /// Gemma: norms that count from 1, a scaled embedding, GELU.
    Gemma,
    /// Gemma 2: norms before and after, capped scores and logits, a window on every other layer.
    Gemma2,
    /// Gemma 3: norms on the heads of q and k, five layers with windows and rotary positions of their own to one without.
    Gemma3,
    /// Phi-3, 3.5 and 4: one matrix for q, k and v, one for gate and up; positions with long factors.
    Phi3,
    /// `SmolLM3`: no rotary positions on every fourth layer.
    SmolLm3,
    /// `OLMo` 2: norms after instead of before; norms over all heads of q and k together.
    Olmo2,
    /// Granite: multipliers for embedding, residual stream, scores and logits.
    Granite,
}

/// Whether a product has a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bias {
    Never,
    Always,
    /// As `attention_bias` or `mlp_bias` says.
    AsWritten,
}

/// Which layers see only their newest tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Windowed {
    Never,
    /// All, where there is a window at all.
    All,
    /// Where `use_sliding_window` says so: from `max_window_layers` on.
    Upper,
    /// Where `use_sliding_window` says so: layers without rotary positions.
    Unturned,
    /// All but every so many-th.
    AllButEvery(usize),
}

/// What sets a family apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
    /// Its name for people.
    pub(super) name: &'static str,
    /// Its names in `architectures`, the one to write first.
    pub(super) architectures: &'static [&'static str],
    pub(super) model_type: &'static str,
    /// Where the file leaves them out: sizes…
    pub(super) vocab: Option<usize>,
    pub(super) heads: Option<usize>,
    /// As many as heads where there is none.
    pub(super) kv_heads: Option<usize>,
    /// The hidden width over the heads where there is none.
    pub(super) head_dim: Option<usize>,
    pub(super) context: usize,
    pub(super) window: Option<usize>,
    /// …and numbers.
    pub(super) norm_eps: f64,
    pub(super) theta: f64,
    /// θ of the layers with a window, where they have their own.
    pub(super) local_theta: Option<f64>,
    pub(super) tied: bool,
    /// What no file can change.
    pub(super) activation: Activation,
    pub(super) norms: Norms,
    pub(super) norm_shift: bool,
    pub(super) qk_norm: QkNorm,
    pub(super) fused: bool,
    pub(super) qkv_bias: Bias,
    pub(super) o_bias: Bias,
    pub(super) mlp_bias: Bias,
    pub(super) windowed: Windowed,
    /// Whether the embedding is multiplied by the root of its width.
    pub(super) rooted_embedding: bool,
    /// `query_pre_attn_scalar`: scores are divided by its root.
    pub(super) query_scalar: Option<f64>,
    pub(super) attention_cap: Option<f64>,
    pub(super) logit_cap: Option<f64>,
    /// Whether the file may name multipliers.
    pub(super) multipliers: bool,
    /// Every so many-th layer is without rotary positions, unless the file lists them.
    pub(super) no_rope_every: Option<usize>,
    /// Whether only a part of each head may be turned.
    pub(super) partial: bool,
}

const LLAMA: Traits = Traits {
    name: "Llama",
    architectures: &["LlamaForCausalLM", "LLaMAForCausalLM"],
    model_type: "llama",
    vocab: None,
    heads: None,
    kv_heads: None,
    head_dim: None,
    context: 2048,
    window: None,
    norm_eps: 1e-6,
    theta: 10_000.0,
    local_theta: None,
    tied: false,
    activation: Activation::Silu,
    norms: Norms::Before,
    norm_shift: false,
    qk_norm: QkNorm::None,
    fused: false,
    qkv_bias: Bias::AsWritten,
    o_bias: Bias::AsWritten,
    mlp_bias: Bias::AsWritten,
    windowed: Windowed::Never,
    rooted_embedding: false,
    query_scalar: None,
    attention_cap: None,
    logit_cap: None,
    multipliers: false,
    no_rope_every: None,
    partial: false,
};

const QWEN: Traits = Traits {
    kv_heads: Some(32),
    context: 32_768,
    window: Some(4096),
    windowed: Windowed::Upper,
    mlp_bias: Bias::Never,
    ..LLAMA
};

const GEMMA: Traits = Traits {
    name: "Gemma",
    architectures: &["GemmaForCausalLM"],
    model_type: "gemma",
    kv_heads: Some(16),
    head_dim: Some(256),
    context: 8192,
    tied: true,
    activation: Activation::GeluTanh,
    norm_shift: true,
    mlp_bias: Bias::Never,
    rooted_embedding: true,
    ..LLAMA
};

const GEMMA2: Traits = Traits {
    name: "Gemma 2",
    architectures: &["Gemma2ForCausalLM"],
    model_type: "gemma2",
    kv_heads: Some(4),
    window: Some(4096),
    norms: Norms::Both,
    windowed: Windowed::AllButEvery(2),
    query_scalar: Some(256.0),
    attention_cap: Some(50.0),
    logit_cap: Some(30.0),
    ..GEMMA
};

impl Family {
    /// Every one of them.
    pub const ALL: [Self; 11] = [
        Self::Llama,
        Self::Mistral,
        Self::Qwen2,
        Self::Qwen3,
        Self::Gemma,
        Self::Gemma2,
        Self::Gemma3,
        Self::Phi3,
        Self::SmolLm3,
        Self::Olmo2,
        Self::Granite,
    ];

    /// Its name for people, for example `Gemma 2`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.traits().name
    }

    /// What sets it apart.
    pub(super) fn traits(self) -> Traits {
        match self {
            Self::Llama => LLAMA,
            Self::Mistral => Traits {
                name: "Mistral",
                architectures: &["MistralForCausalLM"],
                model_type: "mistral",
                kv_heads: Some(8),
                context: 131_072,
                window: Some(4096),
                qkv_bias: Bias::Never,
                o_bias: Bias::Never,
                mlp_bias: Bias::Never,
                windowed: Windowed::All,
                ..LLAMA
            },
            Self::Qwen2 => Traits {
                name: "Qwen 2",
                architectures: &["Qwen2ForCausalLM"],
                model_type: "qwen2",
                qkv_bias: Bias::Always,
                o_bias: Bias::Never,
                ..QWEN
            },
            Self::Qwen3 => Traits {
                name: "Qwen 3",
                architectures: &["Qwen3ForCausalLM"],
                model_type: "qwen3",
                head_dim: Some(128),
                qk_norm: QkNorm::Heads,
                ..QWEN
            },
            Self::Gemma => GEMMA,
            Self::Gemma2 => GEMMA2,
            Self::Gemma3 => Traits {
                name: "Gemma 3",
                architectures: &["Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"],
                model_type: "gemma3_text",
                vocab: Some(262_208),
                heads: Some(8),
                context: 131_072,
                theta: 1_000_000.0,
                local_theta: Some(10_000.0),
                qk_norm: QkNorm::Heads,
                windowed: Windowed::AllButEvery(6),
                attention_cap: None,
                logit_cap: None,
                ..GEMMA2
            },
            Self::Phi3 => Traits {
                name: "Phi-3",
                architectures: &["Phi3ForCausalLM"],
                model_type: "phi3",
                context: 4096,
                norm_eps: 1e-5,
                fused: true,
                qkv_bias: Bias::Never,
                o_bias: Bias::Never,
                mlp_bias: Bias::Never,
                windowed: Windowed::All,
                partial: true,
                ..LLAMA
            },
            Self::SmolLm3 => Traits {
                name: "SmolLM3",
                architectures: &["SmolLM3ForCausalLM"],
                model_type: "smollm3",
                kv_heads: Some(4),
                context: 32_768,
                theta: 2_000_000.0,
                tied: true,
                windowed: Windowed::Unturned,
                no_rope_every: Some(4),
                ..LLAMA
            },
            Self::Olmo2 => Traits {
                name: "OLMo 2",
                architectures: &["Olmo2ForCausalLM"],
                model_type: "olmo2",
                norm_eps: 1e-5,
                norms: Norms::After,
                qk_norm: QkNorm::Whole,
                mlp_bias: Bias::Never,
                ..LLAMA
            },
            Self::Granite => Traits {
                name: "Granite",
                architectures: &["GraniteForCausalLM"],
                model_type: "granite",
                multipliers: true,
                ..LLAMA
            },
        }
    }
}
