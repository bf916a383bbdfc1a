//! Where tokens stand and how far they see: the rotary positions and the windows of a `config.json`.

use serde_json::{Map, Value};

use super::family::{Traits, Windowed};
use super::read::Reader;
use super::{SUPPORTED, broken, token_ids};
use crate::model::error::ModelError;
use crate::model::rope::{Rope, RopeScaling};

impl Reader<'_> {
    /// Layers without rotary positions. Files list a 1 for each layer with them and a 0 for each without.
    pub(super) fn no_rope(&self, traits: &Traits, layers: usize) -> Result<Vec<usize>, ModelError> {
        let Some(usual) = traits.no_rope_every else {
            return Ok(Vec::new());
        };
        if let Some(list) = self.get("no_rope_layers") {
            let list = token_ids(Some(list));
            if list.len() < layers {
                return Err(broken(format!(
                    "has {} no_rope_layers for {layers} layers",
                    list.len()
                )));
            }
            return Ok((0..layers).filter(|&layer| list[layer] == 0).collect());
        }
        let every = self.size("no_rope_layer_interval")?.unwrap_or(usual);
        Ok((0..layers)
            .filter(|layer| (layer + 1).is_multiple_of(every))
            .collect())
    }

    /// transformers 4 keeps `rope_theta` and `rope_scaling` apart; transformers 5 puts both in `rope_parameters`, by kinds of
    /// layers where these differ.
    pub(super) fn ropes(
        &self,
        traits: &Traits,
        context: usize,
    ) -> Result<(Rope, Option<Rope>), ModelError> {
        let empty = Map::new();
        let parameters = ["rope_parameters", "rope_scaling"]
            .iter()
            .find_map(|name| self.get(name))
            .map_or(Ok(&empty), object)?;
        let of = |kind: &str| parameters.get(kind).filter(|kind| !kind.is_null());
        let full = of("full_attention").map_or(Ok(parameters), object)?;
        let rope = self.rope(traits, full, traits.theta, "rope_theta", context)?;
        let Some(theta) = traits.local_theta else {
            return Ok((rope, None));
        };
        let local = of("sliding_attention").map_or(Ok(&empty), object)?;
        let local = self.rope(traits, local, theta, "rope_local_base_freq", context)?;
        Ok((rope, Some(local)))
    }

    fn rope(
        &self,
        traits: &Traits,
        parameters: &Map<String, Value>,
        theta: f64,
        theta_name: &str,
        context: usize,
    ) -> Result<Rope, ModelError> {
        let inner = Reader(parameters);
        let theta = inner.number("rope_theta", self.number(theta_name, theta)?)?;
        let share = inner.number(
            "partial_rotary_factor",
            self.number("partial_rotary_factor", 1.0)?,
        )?;
        if !traits.partial && (share - 1.0).abs() > f64::EPSILON {
            return Err(ModelError::unsupported(
                "a model that turns only part of each head (partial_rotary_factor)",
                SUPPORTED,
            ));
        }
        let scaling = self.scaling(&inner, context)?;
        Ok(Rope {
            theta,
            scaling,
            share,
        })
    }

    fn scaling(&self, inner: &Reader<'_>, context: usize) -> Result<RopeScaling, ModelError> {
        let kind = ["rope_type", "type"]
            .iter()
            .find_map(|name| inner.get(name).and_then(Value::as_str))
            .unwrap_or("default");
        let positive = |name: &str| -> Result<f64, ModelError> {
            let value = inner.number(name, f64::NAN)?;
            if value.is_finite() && value > 0.0 {
                Ok(value)
            } else {
                Err(broken(format!(
                    "has rotary scaling {kind} without a {name} above 0"
                )))
            }
        };
        let factors = |name: &str| -> Vec<f64> {
            let list = inner.get(name).and_then(Value::as_array);
            let numbers = list.into_iter().flatten();
            numbers.map(|n| n.as_f64().unwrap_or(f64::NAN)).collect()
        };
        let original = || -> Result<usize, ModelError> {
            Ok(inner
                .size("original_max_position_embeddings")?
                .unwrap_or(context))
        };
        Ok(match kind {
            "default" => RopeScaling::None,
            "linear" => RopeScaling::Linear {
                factor: positive("factor")?,
            },
            "llama3" => RopeScaling::Llama3 {
                factor: positive("factor")?,
                low_freq_factor: positive("low_freq_factor")?,
                high_freq_factor: positive("high_freq_factor")?,
                original_context: original()?,
            },
            // The first files of the Phi-3 family call it "su".
            "longrope" | "su" => {
                let original_context = match self.size("original_max_position_embeddings")? {
                    Some(original) => original,
                    None => original()?,
                };
                let stretched = context as f64 / original_context.max(1) as f64;
                let factor = inner.number("factor", stretched)?;
                let usual = if factor > 1.0 {
                    (1.0 + factor.ln() / (original_context as f64).ln()).sqrt()
                } else {
                    1.0
                };
                RopeScaling::Long {
                    short: factors("short_factor"),
                    long: factors("long_factor"),
                    original_context,
                    amplitude: inner.number("attention_factor", usual)?,
                }
            }
            other => {
                return Err(ModelError::unsupported(
                    format!("the rotary scaling {other}"),
                    "Supported are default, linear, llama3 and longrope",
                ));
            }
        })
    }

    /// Per layer: the window, where it has one.
    pub(super) fn windows(
        &self,
        traits: &Traits,
        layers: usize,
        no_rope: &[usize],
    ) -> Result<Vec<Option<usize>>, ModelError> {
        // A family's default is a window where the field is absent and none where it is null.
        let window = match self.0.get("sliding_window") {
            None => traits.window,
            Some(_) => self.size("sliding_window")?,
        };
        if window == Some(0) {
            return Err(broken("has sliding_window = 0, which cannot be"));
        }
        let wanted = match traits.windowed {
            Windowed::Never => false,
            Windowed::All | Windowed::AllButEvery(_) => true,
            Windowed::Upper | Windowed::Unturned => self.flag("use_sliding_window", false)?,
        };
        if !wanted {
            return Ok(vec![None; layers]);
        }
        let from = self.size("max_window_layers")?.unwrap_or(28);
        let usual = match traits.windowed {
            Windowed::AllButEvery(usual) => self.size("sliding_window_pattern")?.unwrap_or(usual),
            Windowed::Never | Windowed::All | Windowed::Upper | Windowed::Unturned => 1,
        };
        let has_window = |layer: &usize| match traits.windowed {
            Windowed::Never => false,
            Windowed::All => true,
            Windowed::Upper => *layer >= from,
            Windowed::Unturned => no_rope.contains(layer),
            Windowed::AllButEvery(_) => !(layer + 1).is_multiple_of(usual),
        };
        let Some(types) = self.get("layer_types") else {
            return Ok((0..layers)
                .map(|layer| window.filter(|_| has_window(&layer)))
                .collect());
        };
        let types = types.as_array().map_or(&[][..], Vec::as_slice);
        if types.len() != layers {
            return Err(broken(format!(
                "has {} layer_types for {layers} layers",
                types.len()
            )));
        }
        types
            .iter()
            .map(|kind| match kind.as_str() {
                Some("full_attention") => Ok(None),
                Some("sliding_attention") => Ok(window),
                _ => Err(ModelError::unsupported(
                    format!("the layer type {kind}"),
                    SUPPORTED,
                )),
            })
            .collect()
    }
}

fn object(value: &Value) -> Result<&Map<String, Value>, ModelError> {
    value
        .as_object()
        .ok_or_else(|| broken("has rotary settings that are not an object"))
}
