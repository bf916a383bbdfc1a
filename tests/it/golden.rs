//! Our numbers against those of PyTorch, transformers and PEFT (`tests/golden`, where each tolerance is explained).

mod bin;
mod gguf;
mod library;
mod program;
mod training;

use std::collections::{BTreeMap, HashMap};
use std::fs;

use serde::Deserialize;

use crate::common::{copy_folder, golden};

/// Largest difference of any log-probability, reward, advantage or KL, in nats.
const TOLERANCE: f64 = 1e-4;

/// The content of an `expected.json`.
#[derive(Deserialize)]
pub(crate) struct Expected {
    pub(crate) vocabulary: usize,
    pub(crate) cases: Vec<Case>,
}

/// One prompt under one set of weights.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) prompt: String,
    pub(crate) system: Option<String>,
    pub(crate) raw: bool,
    /// Whether `response_ids` ends with the end token, which is no part of `response`.
    pub(crate) eos: bool,
    pub(crate) weights: BTreeMap<String, f64>,
    pub(crate) rendered: String,
    pub(crate) prompt_ids: Vec<u32>,
    pub(crate) response: String,
    pub(crate) response_ids: Vec<u32>,
    pub(crate) scored: Numbers,
    /// Greedy, plain.
    pub(crate) base_ids: Vec<u32>,
    pub(crate) base_numbers: Numbers,
    /// Greedy, guided.
    pub(crate) guided_ids: Vec<u32>,
    pub(crate) guided_numbers: Numbers,
}

/// Columns of numbers, one entry for each response token.
#[derive(Deserialize)]
pub(crate) struct Numbers {
    pub(crate) base: Vec<f64>,
    pub(crate) guided: Vec<f64>,
    pub(crate) kl: Vec<f64>,
    pub(crate) reward: BTreeMap<String, Vec<f64>>,
    pub(crate) advantage: BTreeMap<String, Vec<f64>>,
    pub(crate) rows: Option<Rows>,
}

/// Whole rows at some positions.
#[derive(Deserialize)]
pub(crate) struct Rows {
    pub(crate) positions: Vec<usize>,
    pub(crate) base: Vec<Vec<f64>>,
    pub(crate) reward: BTreeMap<String, Vec<Vec<f64>>>,
    pub(crate) guided: Vec<Vec<f64>>,
}

/// The stored values of a family.
pub(crate) fn expected(family: &str) -> Expected {
    let text = fs::read_to_string(golden(family).join("expected.json")).unwrap();
    let expected: Expected = serde_json::from_str(&text).unwrap();
    assert!(!expected.cases.is_empty());
    for case in &expected.cases {
        let shortest = [&case.response_ids, &case.base_ids, &case.guided_ids]
            .map(Vec::len)
            .into_iter()
            .min();
        assert!(shortest >= Some(40), "{}: at least 40 tokens", case.name);
    }
    expected
}

/// The largest difference seen, and where.
#[derive(Default)]
pub(crate) struct Worst(f64, String);

impl Worst {
    pub(crate) fn see(&mut self, ours: f64, theirs: f64, what: impl Fn() -> String) {
        let difference = (ours - theirs).abs();
        // Not a number counts as the worst of all.
        if difference.is_nan() || difference > self.0 {
            *self = Self(
                difference,
                format!("{}: {ours} where PyTorch has {theirs}", what()),
            );
        }
    }

    #[track_caller]
    pub(crate) fn assert_within(&self, tolerance: f64, whose: &str) {
        assert!(
            self.0 <= tolerance,
            "{whose}: off by {:.2e} nats at {}",
            self.0,
            self.1
        );
    }
}

macro_rules! families {
    ($($family:ident),*) => {$(
        mod $family {
            #[test]
            fn the_program_scores_as_pytorch_does() {
                super::program::program_scores(stringify!($family));
            }

            #[test]
            fn the_program_writes_what_pytorch_writes() {
                super::program::program_writes(stringify!($family));
            }

            #[test]
            fn the_library_gives_pytorchs_rows() {
                super::library::library_rows(stringify!($family));
            }

            #[test]
            fn the_library_gives_the_same_step_by_step() {
                super::library::library_steps(stringify!($family));
            }
        }
    )*};
}

families!(
    llama2, llama3, mistral, qwen2, qwen3, smollm, trained, gemma, gemma2, gemma3, phi3, smollm3,
    olmo2, granite, phi, mamba, experts
);

/// Of a model that sees, the text part is read: its tensors and its settings lie one level deeper.
#[test]
fn the_text_part_of_a_model_that_sees_says_what_the_text_model_says() {
    let folder = tempfile::tempdir().unwrap();
    copy_folder(&golden("gemma3"), folder.path());
    let base = folder.path().join("base");
    let weights = base.join("model.safetensors");
    let tensors = candle_core::safetensors::load(&weights, &candle_core::Device::Cpu).unwrap();
    let deeper: HashMap<String, candle_core::Tensor> = tensors
        .into_iter()
        .map(|(name, tensor)| (format!("language_model.{name}"), tensor))
        .collect();
    candle_core::safetensors::save(&deeper, &weights).unwrap();
    let config = base.join("config.json");
    let text: serde_json::Value = serde_json::from_slice(&fs::read(&config).unwrap()).unwrap();
    let seeing = serde_json::json!({
        "architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
        "text_config": text, "vision_config": {"hidden_size": 1152},
    });
    fs::write(&config, seeing.to_string()).unwrap();
    library::library_rows_of(&folder.path().join("lineup.toml"), "gemma3");
}
