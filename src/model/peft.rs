//! Adapter folders as Python's PEFT writes them: `adapter_config.json` and `adapter_model.safetensors`.

mod about;

use std::collections::BTreeMap;

use candle_core::{DType, Device};
use serde_json::{Map, Value};

pub use self::about::{Changed, about, base_of, changed};
use super::bin;
use super::config::Config;
use super::decoder::Projection;
use super::error::ModelError;
use super::folder::Folder;
use super::load::{RawTensor, Weights};
use super::lora::{Lora, LoraPair};
use crate::domain::CancelToken;

/// The weight file of an adapter folder.
pub const WEIGHT_FILE: &str = "adapter_model.safetensors";

/// The weight file of an adapter folder that an old PEFT wrote.
const BIN_FILE: &str = "adapter_model.bin";

/// The settings of an adapter folder.
pub const SETTINGS_FILE: &str = "adapter_config.json";

const SUPPORTED: &str = "Supported are plain LoRA adapters on q_proj, k_proj, v_proj, o_proj, \
                         gate_proj, up_proj and down_proj, and on qkv_proj and gate_up_proj";

/// The modules that an adapter may change, each with the products whose outputs it has, one after the other.
const MODULES: [(&str, &[Projection]); 9] = [
    ("q_proj", &[Projection::Q]),
    ("k_proj", &[Projection::K]),
    ("v_proj", &[Projection::V]),
    ("o_proj", &[Projection::O]),
    ("gate_proj", &[Projection::Gate]),
    ("up_proj", &[Projection::Up]),
    ("down_proj", &[Projection::Down]),
    ("qkv_proj", &[Projection::Q, Projection::K, Projection::V]),
    ("gate_up_proj", &[Projection::Gate, Projection::Up]),
];

/// The weight file of an adapter folder: safetensors where there is such, else PyTorch's.
#[must_use]
pub fn weight_file(folder: &Folder) -> &'static str {
    if !folder.has(WEIGHT_FILE) && folder.has(BIN_FILE) {
        BIN_FILE
    } else {
        WEIGHT_FILE
    }
}

/// Makes safetensors of an adapter's PyTorch file where it has nothing else and can be written to.
///
/// # Errors
/// A file that is broken, or cancellation.
pub fn convert(
    folder: &Folder,
    role: &str,
    note: &mut dyn FnMut(&str, Option<f32>),
    cancel: &CancelToken,
) -> Result<(), ModelError> {
    if weight_file(folder) == BIN_FILE {
        let bins = [BIN_FILE.to_owned()];
        bin::converted(folder, &bins, WEIGHT_FILE, role, note, cancel)?;
    }
    Ok(())
}

/// How strongly the changes of an adapter count.
#[derive(Debug, Clone, PartialEq)]
struct Scaling {
    alpha: f64,
    /// α of single modules, by the end of their name.
    alphas: Vec<(String, f64)>,
    /// Whether α is divided by √rank instead of rank.
    rank_stabilised: bool,
}

/// Reads the adapter in `folder` for a trunk of this shape. `role` says whose it is, for example `objective "kind"`; `kept`
/// tells in what to keep numbers of a file's type.
///
/// # Errors
/// Files that are missing or broken, a kind of adapter that is not supported, or an adapter for a trunk of another shape.
pub fn read(
    folder: &Folder,
    role: &str,
    config: &Config,
    kept: &dyn Fn(DType) -> DType,
    device: &Device,
) -> Result<Lora, ModelError> {
    let (weights, scaling) = open(folder, role)?;
    let mut blocks: Vec<[Option<LoraPair>; 7]> =
        (0..config.layers).map(|_| [const { None }; 7]).collect();
    for change in changes(&weights, role, config)? {
        let whole = pair(&change, &scaling, kept, device)?;
        let mut from = 0;
        for part in change.parts {
            let width = part.widths(config).1;
            blocks[change.layer][*part as usize] = Some(LoraPair {
                a: whole.a.clone(),
                b: whole.b.narrow(1, from, width)?.contiguous()?,
                scale: whole.scale,
            });
            from += width;
        }
    }
    Ok(Lora { blocks })
}

/// Proves from its headers that an adapter fits a trunk of this shape; how many products it changes.
///
/// # Errors
/// As [`read`].
pub fn check(folder: &Folder, role: &str, config: &Config) -> Result<usize, ModelError> {
    let (weights, _) = open(folder, role)?;
    let changes = changes(&weights, role, config)?;
    Ok(changes.iter().map(|change| change.parts.len()).sum())
}

fn open(folder: &Folder, role: &str) -> Result<(Weights, Scaling), ModelError> {
    let bytes = folder.needed(SETTINGS_FILE, role)?;
    let settings: Value = serde_json::from_slice(&bytes).map_err(|error| ModelError::Broken {
        file: format!("{SETTINGS_FILE} of {role}"),
        why: "is not valid JSON".to_owned(),
        details: format!("{error}: {}", folder.describe()),
    })?;
    let scaling = scaling(settings.as_object().unwrap_or(&Map::new()), role)?;
    let weights = Weights::open(folder, &[weight_file(folder).to_owned()], role)?;
    Ok((weights, scaling))
}

/// The two matrices that an adapter adds to one module, seen to fit it.
struct Change<'a> {
    layer: usize,
    /// The products whose outputs the module has.
    parts: &'static [Projection],
    module: String,
    rank: usize,
    a: (&'a str, RawTensor<'a>),
    b: (&'a str, RawTensor<'a>),
}

/// What an adapter changes in a trunk of this shape.
fn changes<'a>(
    weights: &'a Weights,
    role: &str,
    config: &Config,
) -> Result<Vec<Change<'a>>, ModelError> {
    let mut changes = Vec::new();
    for ((layer, index), names) in modules(weights, role)? {
        let (name, parts) = MODULES[index];
        let module = format!("model.layers.{layer}.{}.{name}", parts[0].parent());
        if layer >= config.layers {
            return Err(another_shape(
                role,
                &format!(
                    "it changes layer {layer}, and the base model has {} layers",
                    config.layers
                ),
            ));
        }
        let (Some(a), Some(b)) = names else {
            return Err(ModelError::broken(
                format!("the adapter of {role}"),
                format!("has only one of the two matrices of {module}"),
            ));
        };
        changes.push(change(
            weights,
            (a, b),
            (layer, parts, module),
            role,
            config,
        )?);
    }
    Ok(changes)
}

/// Names of the A and B matrices of one product.
type PairNames<'a> = (Option<&'a str>, Option<&'a str>);

/// The matrices in the file, by layer and index into [`MODULES`].
fn modules<'a>(
    weights: &'a Weights,
    role: &str,
) -> Result<BTreeMap<(usize, usize), PairNames<'a>>, ModelError> {
    let mut modules: BTreeMap<(usize, usize), PairNames<'a>> = BTreeMap::new();
    for name in weights.names() {
        if name.contains("lora_magnitude_vector") {
            return Err(unsupported("a DoRA adapter", role));
        }
        let Some((layer, module, is_a)) = place(name) else {
            return Err(unsupported(&format!("an adapter with {name}"), role));
        };
        let names = modules.entry((layer, module)).or_default();
        let slot = if is_a { &mut names.0 } else { &mut names.1 };
        *slot = Some(name);
    }
    if modules.is_empty() {
        return Err(ModelError::broken(
            format!("the adapter of {role}"),
            "holds no matrix at all",
        ));
    }
    Ok(modules)
}

/// Layer, index into [`MODULES`] and whether it is the A matrix, from a name such as
/// `base_model.model.model.layers.3.self_attn.q_proj.lora_A.weight`.
fn place(name: &str) -> Option<(usize, usize, bool)> {
    let (before, rest) = name.split_once("layers.")?;
    let known = ["base_model", "model", "language_model", ""];
    if !before.split('.').all(|word| known.contains(&word)) {
        return None;
    }
    let mut words = rest.splitn(4, '.');
    let (layer, parent) = (words.next()?, words.next()?);
    let (name, matrix) = (words.next()?, words.next()?);
    let module = MODULES
        .iter()
        .position(|(module, parts)| *module == name && parts[0].parent() == parent)?;
    match matrix {
        "lora_A.weight" | "lora_A.default.weight" => Some((layer.parse().ok()?, module, true)),
        "lora_B.weight" | "lora_B.default.weight" => Some((layer.parse().ok()?, module, false)),
        _ => None,
    }
}

fn change<'a>(
    weights: &'a Weights,
    (a_name, b_name): (&'a str, &'a str),
    (layer, parts, module): (usize, &'static [Projection], String),
    role: &str,
    config: &Config,
) -> Result<Change<'a>, ModelError> {
    let missing = || {
        ModelError::broken(
            format!("the adapter of {role}"),
            "changed while it was read",
        )
    };
    let input = parts[0].widths(config).0;
    let output: usize = parts.iter().map(|part| part.widths(config).1).sum();
    let a = weights.get(a_name).ok_or_else(missing)?;
    let b = weights.get(b_name).ok_or_else(missing)?;
    let (&[rank, a_input], &[b_output, b_rank]) = (a.shape, b.shape) else {
        return Err(another_shape(
            role,
            &format!(
                "{module} has matrices of shapes {:?} and {:?}",
                a.shape, b.shape
            ),
        ));
    };
    if a_input != input || b_output != output {
        return Err(another_shape(
            role,
            &format!(
                "{module} is {output} × {input} in the base model and {b_output} × {a_input} in the adapter"
            ),
        ));
    }
    if rank != b_rank || rank == 0 {
        return Err(ModelError::broken(
            format!("the adapter of {role}"),
            format!("has ranks {rank} and {b_rank} in the two matrices of {module}"),
        ));
    }
    Ok(Change {
        layer,
        parts,
        module,
        rank,
        a: (a_name, a),
        b: (b_name, b),
    })
}

fn pair(
    change: &Change<'_>,
    scaling: &Scaling,
    kept: &dyn Fn(DType) -> DType,
    device: &Device,
) -> Result<LoraPair, ModelError> {
    let read = |(name, raw): &(&str, RawTensor<'_>)| {
        raw.tensor(name, kept(raw.number_type(name)?), device)
    };
    Ok(LoraPair {
        a: read(&change.a)?,
        b: read(&change.b)?.t()?.contiguous()?,
        scale: scaling.of(&change.module, change.rank),
    })
}

fn another_shape(role: &str, what: &str) -> ModelError {
    ModelError::misfit(
        format!("the adapter of {role} is for another shape of model: {what}"),
        "Use the base model that the adapter was trained on",
    )
}

fn unsupported(what: &str, role: &str) -> ModelError {
    ModelError::unsupported(format!("{what} ({role})"), SUPPORTED)
}

impl Scaling {
    /// The factor of `module`, whose matrices have this rank.
    fn of(&self, module: &str, rank: usize) -> f64 {
        let alpha = self
            .alphas
            .iter()
            .find(|(end, _)| ends_with_name(module, end))
            .map_or(self.alpha, |(_, alpha)| *alpha);
        if self.rank_stabilised {
            alpha / (rank as f64).sqrt()
        } else {
            alpha / rank as f64
        }
    }
}

/// Whether `end` is the whole of a module's name or follows a dot in it.
fn ends_with_name(module: &str, end: &str) -> bool {
    module
        .strip_suffix(end)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn scaling(settings: &Map<String, Value>, role: &str) -> Result<Scaling, ModelError> {
    let text = |name: &str| settings.get(name).and_then(Value::as_str);
    let flag = |name: &str| settings.get(name).and_then(Value::as_bool).unwrap_or(false);
    let broken = |why: String| ModelError::broken(format!("{SETTINGS_FILE} of {role}"), why);
    match text("peft_type") {
        Some("LORA") => {}
        Some(other) => {
            return Err(unsupported(&format!("an adapter of type {other}"), role));
        }
        None => return Err(broken("has no peft_type".to_owned())),
    }
    if flag("use_dora") {
        return Err(unsupported("a DoRA adapter", role));
    }
    if text("bias").is_some_and(|bias| bias != "none") || flag("lora_bias") {
        return Err(unsupported("an adapter with biases", role));
    }
    if flag("fan_in_fan_out") {
        return Err(unsupported("an adapter with fan_in_fan_out", role));
    }
    let saved = settings.get("modules_to_save").and_then(Value::as_array);
    if saved.is_some_and(|list| !list.is_empty()) {
        return Err(unsupported("an adapter with modules_to_save", role));
    }
    // These start from changed base weights, which the folder does not hold.
    if let Some(start) = text("init_lora_weights")
        && ["pissa", "olora", "corda", "loftq"]
            .iter()
            .any(|kind| start.starts_with(kind))
    {
        return Err(unsupported(
            &format!("an adapter with init_lora_weights = {start}"),
            role,
        ));
    }
    let number = |name: &str, value: &Value| {
        value
            .as_f64()
            .filter(|alpha| alpha.is_finite())
            .ok_or_else(|| broken(format!("has {name} = {value} where a number belongs")))
    };
    let alpha = settings
        .get("lora_alpha")
        .ok_or_else(|| broken("has no lora_alpha".to_owned()))
        .and_then(|value| number("lora_alpha", value))?;
    let mut alphas = Vec::new();
    let patterns = settings.get("alpha_pattern").and_then(Value::as_object);
    for (pattern, value) in patterns.into_iter().flatten() {
        // PEFT reads these as regular expressions; nearly all are plain names, whose dots match dots.
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
        if !pattern.chars().all(is_name) {
            return Err(unsupported(
                &format!("an adapter with the alpha_pattern {pattern}"),
                role,
            ));
        }
        alphas.push((pattern.clone(), number("alpha_pattern", value)?));
    }
    Ok(Scaling {
        alpha,
        alphas,
        rank_stabilised: flag("use_rslora"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_scaling(settings: &Value) -> Result<Scaling, ModelError> {
        scaling(settings.as_object().unwrap(), "objective “kind”")
    }

    #[test]
    fn alpha_is_divided_by_rank_or_its_root_and_patterns_come_first() {
        let mut settings = json!({
            "peft_type": "LORA", "r": 4, "lora_alpha": 8,
            "alpha_pattern": {"layers.1.self_attn.q_proj": 2, "v_proj": 16},
        });
        let plain = read_scaling(&settings).unwrap();
        let of = |scaling: &Scaling, module: &str| scaling.of(module, 4);
        assert!((of(&plain, "model.layers.0.self_attn.q_proj") - 2.0).abs() < 1e-12);
        assert!((of(&plain, "model.layers.1.self_attn.q_proj") - 0.5).abs() < 1e-12);
        assert!((of(&plain, "model.layers.11.self_attn.q_proj") - 2.0).abs() < 1e-12);
        assert!((of(&plain, "model.layers.0.self_attn.v_proj") - 4.0).abs() < 1e-12);
        settings["use_rslora"] = json!(true);
        let stabilised = read_scaling(&settings).unwrap();
        assert!((of(&stabilised, "model.layers.0.mlp.up_proj") - 4.0).abs() < 1e-12);
    }

    #[test]
    fn adapters_of_other_kinds_are_refused_by_name() {
        let cases = [
            (json!({"peft_type": "IA3"}), "type IA3"),
            (json!({"peft_type": "LORA", "use_dora": true}), "DoRA"),
            (json!({"peft_type": "LORA", "bias": "all"}), "biases"),
            (
                json!({"peft_type": "LORA", "modules_to_save": ["lm_head"]}),
                "modules_to_save",
            ),
            (json!({"peft_type": "LORA"}), "no lora_alpha"),
            (
                json!({"peft_type": "LORA", "lora_alpha": 1, "init_lora_weights": "pissa_niter_4"}),
                "pissa",
            ),
        ];
        for (settings, expected) in cases {
            let error = read_scaling(&settings).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn names_of_matrices_are_taken_apart() {
        let name = "base_model.model.model.layers.12.mlp.down_proj.lora_B.weight";
        assert_eq!(place(name), Some((12, 6, false)));
        let name =
            "base_model.model.model.language_model.layers.0.self_attn.qkv_proj.lora_A.weight";
        assert_eq!(place(name), Some((0, 7, true)));
        for other in [
            "base_model.model.model.embed_tokens.lora_embedding_A",
            "base_model.model.lm_head.lora_A.weight",
            "base_model.model.model.layers.0.self_attn.q_proj.lora_C.weight",
            "base_model.model.model.layers.0.mlp.q_proj.lora_A.weight",
            "base_model.model.vision_tower.layers.0.self_attn.q_proj.lora_A.weight",
        ] {
            assert_eq!(place(other), None, "{other}");
        }
    }
}
