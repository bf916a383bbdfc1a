//! The built-in demo: a world of everyday scenarios, and the small models that are trained on it.
//!
//! 1. [`world`]: scenarios written as data, checked by [`check`].
//! 2. [`sample`]: labelled answers, the corpus and the preference pairs that are drawn from them.
//! 3. [`recipe`]: the training of the models, whose files [`embedded`] holds.
//! 4. [`judge`]: what the models write, judged by the world's own sentences.
//! 5. [`library`]: the prompts that the window offers.

pub mod check;
mod count;
pub mod judge;
mod library;
pub mod marks;
pub mod recipe;
pub mod recordings;
pub mod sample;
pub mod world;

pub use count::distinct_pairs;
pub use library::{LibraryPrompt, library};

macro_rules! files {
    ($($path:literal)*) => {
        &[$(($path, include_bytes!(concat!("../../assets/demo/models/", $path)))),*]
    };
}

/// The files of the demo's lineup.
const FILES: &[(&str, &[u8])] = files! {
    "lineup.toml"
    "base/config.json"
    "base/model.safetensors"
    "base/tokenizer.json"
    "base/tokenizer_config.json"
    "adapters/helpful/adapter_config.json"
    "adapters/helpful/adapter_model.safetensors"
    "adapters/harmless/adapter_config.json"
    "adapters/harmless/adapter_model.safetensors"
    "adapters/humorous/adapter_config.json"
    "adapters/humorous/adapter_model.safetensors"
};

/// The lineup folder of the built-in models: paths relative to it, with `/`, and the bytes of each file.
#[must_use]
pub const fn embedded() -> &'static [(&'static str, &'static [u8])] {
    FILES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CancelToken, ComputeSettings};
    use crate::model::assemble;

    /// A small copy of the judge's table. Its limits lie below what the model card says by what chance may take from so
    /// few texts.
    #[test]
    fn the_shipped_models_obey_each_slider_and_write_whole_sentences() {
        let world = world::World::embedded().unwrap();
        let judge = judge::Judge::new(&world);
        let cancel = CancelToken::default();
        let settings = ComputeSettings {
            device: Some("cpu".to_owned()),
            ..ComputeSettings::default()
        };
        let mut loaded =
            assemble::load_built_in(embedded(), &settings, &mut |_, _| {}, &cancel).unwrap();
        let questions = recipe::table::questions(&world, true, 40);
        let mut shares = |weights| {
            let scorer = loaded.scorer.as_mut();
            let answers = recipe::table::write(scorer, &questions, weights, 1, &cancel).unwrap();
            recipe::table::judge(&judge, &questions, &answers).0
        };
        let plain = shares([0.0; 3]);
        assert!((0.25..0.75).contains(&plain.harmless.mean), "{plain:?}");
        assert!((0.25..0.75).contains(&plain.helpful.mean), "{plain:?}");
        assert!(plain.coherent.mean > 0.8, "{plain:?}");
        let helpful = shares([1.0, 0.0, 0.0]);
        assert!(helpful.helpful.mean > 0.85, "{helpful:?}");
        let harmless = shares([0.0, 1.0, 0.0]);
        assert!(harmless.harmless.mean > 0.85, "{harmless:?}");
        let humorous = shares([0.0, 0.0, 1.0]);
        assert!(humorous.humorous.mean > 0.75, "{humorous:?}");
    }

    #[test]
    fn the_built_in_lineup_loads_and_answers_a_library_prompt_differently_under_weights() {
        let settings = ComputeSettings {
            device: Some("cpu".to_owned()),
            ..ComputeSettings::default()
        };
        let cancel = CancelToken::default();
        let mut loaded =
            assemble::load_built_in(embedded(), &settings, &mut |_, _| {}, &cancel).unwrap();
        let names: Vec<&str> = loaded
            .info
            .objectives
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(names, ["helpful", "harmless", "humorous"]);
        let question = [(0, library()[0].text.clone())];
        let scorer = loaded.scorer.as_mut();
        let mut write = |weights| {
            recipe::table::write(scorer, &question, weights, 1, &cancel).unwrap()[0][0].clone()
        };
        let (plain, steered) = (write([0.0; 3]), write([0.0, 2.0, 0.0]));
        assert!(plain.ends_with(['.', '!', '?']), "{plain}");
        assert_ne!(plain, steered);
    }
}
