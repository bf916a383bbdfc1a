//! Results on disk: PEFT adapter folders and model folders that transformers loads.

use std::path::Path;

use serde_json::{Value, json};

use super::arm::Adapter;
use super::config::AdapterSettings;
use super::error::TrainError;
use super::files;
use super::weights::Weights;

/// The file of an adapter's weights, as PEFT names it.
pub(crate) const ADAPTER_FILE: &str = "adapter_model.safetensors";

impl AdapterSettings {
    /// The `adapter_config.json` that PEFT reads. `base` is the path or name of the base model.
    #[must_use]
    pub fn to_peft(&self, base: &str) -> Value {
        let targets: Vec<&str> = self.targets.iter().map(|target| target.name()).collect();
        // PEFT's type for alpha is a whole number where it is one.
        let alpha = if self.alpha.fract() == 0.0 {
            json!(self.alpha as i64)
        } else {
            json!(self.alpha)
        };
        json!({
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": base,
            "r": self.rank,
            "lora_alpha": alpha,
            "lora_dropout": self.dropout,
            "target_modules": targets,
            "bias": "none",
            "fan_in_fan_out": false,
            "inference_mode": true,
            "init_lora_weights": true,
            "modules_to_save": null,
            "rank_pattern": {},
            "alpha_pattern": {},
            "use_rslora": false,
            "use_dora": false,
        })
    }
}

impl Adapter {
    /// Writes `adapter_model.safetensors`, then `adapter_config.json`, each in one move.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn save(&self, folder: &Path, base: &str) -> Result<(), TrainError> {
        files::make_folder(folder)?;
        let weights = folder.join(ADAPTER_FILE);
        files::write_tensors(&weights, "the adapter", &self.named(), &[])?;
        let settings = folder.join("adapter_config.json");
        files::write_json(&settings, "the adapter", &self.settings().to_peft(base))
    }
}

impl Weights {
    /// Writes `model.safetensors` in f32, then `config.json`, each in one move.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn save(&self, folder: &Path) -> Result<(), TrainError> {
        files::make_folder(folder)?;
        let weights = folder.join("model.safetensors");
        files::write_tensors(&weights, "the model", &self.named(), &[])?;
        let mut config = self.config.clone();
        config.dtype = Some("float32".to_owned());
        files::write_json(&folder.join("config.json"), "the model", &config.to_json())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;
    use crate::domain::CancelToken;
    use crate::model::folder::Folder;
    use crate::model::{peft, tiny};
    use crate::train::arm::Session;
    use crate::train::base::Home;
    use crate::train::config::Settings;
    use crate::train::examples::PairExample;
    use crate::train::loss::PreferenceLoss;

    #[test]
    fn what_is_written_is_read_back_by_the_rooms_that_generate() {
        let dir = tempfile::tempdir().unwrap();
        let base = Weights::random(tiny::config(), 3);
        base.save(dir.path()).unwrap();
        let home = Home::find(dir.path().to_str().unwrap(), &[]).unwrap();
        let config = home.config().unwrap();
        let cancel = CancelToken::default();
        let back = home.weights(config.clone(), &mut |_| (), &cancel).unwrap();
        assert_eq!(back.values, base.values);

        let pair = PairExample {
            prompt: vec![1, 2],
            chosen: vec![3, 4],
            rejected: vec![5],
        };
        let settings = Settings {
            lr: 1e-2,
            warmup: 0,
            ..Settings::default()
        };
        let session = Session {
            settings: &settings,
            loss: PreferenceLoss::default(),
            pairs: std::slice::from_ref(&pair),
            eval: &[],
            store: None,
        };
        let wanted = AdapterSettings::default();
        let mut silent = |_: &super::super::events::TrainEvent| Ok(());
        let (adapter, _) = session
            .train_adapter(&wanted, &base, &mut silent, &cancel)
            .unwrap();
        let folder = dir.path().join("adapter");
        adapter.save(&folder, "base").unwrap();
        let folder = Folder::Directory(folder);
        let lora = peft::read(&folder, "it", &config, &|_| DType::F32, &Device::Cpu).unwrap();
        let pair = lora.blocks[1][0].as_ref().unwrap();
        assert!((pair.scale - 2.0).abs() < 1e-12);
        let b: Vec<f32> = pair
            .b
            .t()
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap();
        let named = adapter.named();
        let found = named.iter().find(|tensor| {
            tensor
                .name
                .ends_with("layers.1.self_attn.q_proj.lora_B.weight")
        });
        assert_eq!(b, found.unwrap().values);
    }
}
