//! The stages of the recipe, one after the other.

use std::path::PathBuf;

use tokenizers::Tokenizer;

use super::files::{rounded, write_adapter_config, write_half, write_lineup};
use super::lesson::lesson;
use super::report::{load, report};
use super::shown::Shown;
use super::text::{Encoder, VOCABULARY, save_tokenizer, train_tokenizer};
use super::{Options, RecipeError, familiar, write_json};
use crate::demo::distinct_pairs;
use crate::demo::sample::{Labelled, Objective, Pair, Sampler, Split};
use crate::demo::world::World;
use crate::domain::CancelToken;
use crate::model::config::{Config, LlamaShape};
use crate::model::decoder::Projection;
use crate::train::arm::Session;
use crate::train::checkpoint::Store;
use crate::train::config::{AdapterSettings, Products, Settings};
use crate::train::examples::{PairExample, TextExample};
use crate::train::lm;
use crate::train::loss::PreferenceLoss;
use crate::train::weights::Weights;

/// Most tokens of a prompt and its answer.
const CONTEXT: usize = 256;
/// Answers that the tokenizer is trained on.
const TOKENIZER_TEXTS: usize = 20_000;
/// Questions and answers per step of the base model.
const BASE_BATCH: usize = 16;
/// Pairs per step of a reward model.
const PAIR_BATCH: usize = 16;
/// Share of the base's texts whose question is learnt too, word for word; the others only teach answers.
const WITH_QUESTION: f64 = 0.2;
/// Share of the other texts' questions that are blurred, and of the questions of pairs.
const BLURRED: f64 = 0.5;
/// The finished base's logits are multiplied by this: a small model keeps a little probability for every slip, and at
/// temperature 1 over fifty words that adds up.
const SHARPEN: f32 = 1.75;
/// Held-out examples that judge each training.
const HELD_OUT: usize = 400;
/// Rank of the reward models' adapters, on all seven products of a block.
const RANK: usize = 8;

/// Sizes of the base model.
fn shape() -> LlamaShape {
    LlamaShape {
        vocab: VOCABULARY,
        hidden: 256,
        intermediate: 704,
        layers: 4,
        heads: 4,
        kv_heads: 4,
        context: CONTEXT,
        tied: true,
    }
}

/// Keeps the random draws of the stages apart.
#[derive(Clone, Copy)]
enum Draw {
    Corpus = 1,
    HeldOutTexts,
    Pairs,
    HeldOutPairs,
    Blurred,
}

struct Kitchen<'a> {
    options: &'a Options,
    world: World,
    cancel: &'a CancelToken,
    say: &'a mut dyn FnMut(&str),
}

/// Runs the whole recipe, or only its last stage, and returns the judge's table. `say` takes progress in words.
///
/// # Errors
/// A broken world, a folder that cannot be written to, an interruption, models that cannot be loaded.
pub fn run(
    options: &Options,
    cancel: &CancelToken,
    say: &mut dyn FnMut(&str),
) -> Result<String, RecipeError> {
    let world = match &options.world {
        Some(folder) => World::from_folder(folder)?,
        None => World::embedded()?,
    };
    let mut kitchen = Kitchen {
        options,
        world,
        cancel,
        say,
    };
    if !options.judge_only {
        kitchen.train()?;
    }
    report(&kitchen.world, options, cancel, kitchen.say)
}

impl Kitchen<'_> {
    fn sampler(&self, draw: Draw, objective: usize) -> Sampler<'_> {
        let stream = draw as u64 * 16 + objective as u64;
        Sampler::new(&self.world, self.options.seed.wrapping_mul(1000) + stream)
    }

    fn settings(&self, batch: usize, lr: f64, warmup: u64) -> Settings {
        Settings {
            batch,
            lr,
            warmup,
            betas: [0.9, 0.98],
            weight_decay: 0.05,
            seed: self.options.seed,
            save_every: 200,
            threads: self.options.threads,
            products: Products::best(),
            ..Settings::default()
        }
    }

    fn store(&self, stage: &str) -> Result<Store, RecipeError> {
        Ok(Store::open(
            &self.unfinished().join(stage),
            self.options.resume,
        )?)
    }

    /// Where checkpoints lie until the recipe is done.
    fn unfinished(&self) -> PathBuf {
        self.options.out.with_extension("unfinished")
    }

    fn train(&mut self) -> Result<(), RecipeError> {
        let (scenarios, pairs) = (self.world.scenarios.len(), distinct_pairs(&self.world));
        let held_out = self
            .world
            .scenarios
            .iter()
            .filter(|one| one.held_out)
            .count();
        (self.say)(&format!(
            "The world: {scenarios} scenarios, {held_out} of them held out; {pairs} different questions with answers"
        ));
        if Products::best() == Products::Half {
            (self.say)(
                "Large products are rounded to 16 bits: this processor has a unit for them, others take longer",
            );
        }
        let tokenizer = train_tokenizer(
            &self
                .sampler(Draw::Corpus, 1)
                .labelled(Split::Train, TOKENIZER_TEXTS),
        )?;
        let encoder = Encoder::new(tokenizer.clone());
        let base = self.base(&encoder)?;
        for (index, objective) in Objective::ALL.into_iter().enumerate() {
            self.reward_model(index, objective, &base, &encoder)?;
        }
        self.write_base(&base, &tokenizer)?;
        write_lineup(&self.options.out, None)?;
        let mut loaded = load(self.options, self.cancel)?;
        let limit = familiar::limit(loaded.scorer.as_mut(), &self.world, self.cancel)?;
        write_lineup(&self.options.out, Some(limit))?;
        // Checkpoints have served their purpose; a leftover folder only costs space.
        let _ = std::fs::remove_dir_all(self.unfinished());
        Ok(())
    }

    fn base(&mut self, encoder: &Encoder) -> Result<Weights, RecipeError> {
        let settings = self.settings(BASE_BATCH, 1.5e-3, 100);
        let count = self.options.steps as usize * BASE_BATCH;
        let with_question = (count as f64 * WITH_QUESTION) as usize;
        let plain = self
            .sampler(Draw::Corpus, 0)
            .labelled(Split::Train, with_question);
        let blurred = self
            .sampler(Draw::Blurred, 0)
            .blurring(BLURRED)
            .labelled(Split::Train, count - with_question);
        let held_out = self
            .sampler(Draw::HeldOutTexts, 0)
            .labelled(Split::HeldOutWordings, HELD_OUT);
        let mut corpus = texts(&plain, encoder, false)?;
        corpus.extend(texts(&blurred, encoder, true)?);
        let held_out = texts(&held_out, encoder, true)?;
        let mut config = Config::llama_like(shape());
        config.eos = vec![0];
        let store = self.store("base")?;
        let mut shown = Shown::new("base", self.say);
        let (mut weights, _) = lm::train(
            &settings,
            Weights::random(config, self.options.seed),
            &corpus,
            &held_out,
            Some(&store),
            &mut shown,
            self.cancel,
        )?;
        weights.sharpen(SHARPEN);
        // Reward models are trained over exactly the weights that are shipped.
        for value in &mut weights.values {
            *value = rounded(*value);
        }
        Ok(weights)
    }

    fn write_base(&self, weights: &Weights, tokenizer: &Tokenizer) -> Result<(), RecipeError> {
        let folder = self.options.out.join("base");
        write_half(&folder.join("model.safetensors"), &weights.named())?;
        let mut config = weights.config().to_json();
        config["torch_dtype"] = "float16".into();
        write_json(&folder.join("config.json"), &config)?;
        save_tokenizer(tokenizer, CONTEXT, &folder)
    }

    fn reward_model(
        &mut self,
        index: usize,
        objective: Objective,
        base: &Weights,
        encoder: &Encoder,
    ) -> Result<(), RecipeError> {
        let lesson = lesson(objective);
        let settings = Settings {
            averaged: lesson.averaged,
            lr_end: lesson.lr_end,
            ..self.settings(PAIR_BATCH, 1e-3, 20)
        };
        let count = (self.options.steps * lesson.steps / 1000).max(1) as usize * PAIR_BATCH;
        let draw = |draw, split, count| {
            let mut sampler = self.sampler(draw, index).blurring(BLURRED);
            pairs(&sampler.pairs(objective, split, count), encoder)
        };
        let train = draw(Draw::Pairs, Split::Train, count)?;
        let held_out = draw(Draw::HeldOutPairs, Split::HeldOutWordings, HELD_OUT)?;
        let store = self.store(objective.name())?;
        let session = Session {
            settings: &settings,
            loss: PreferenceLoss {
                beta: lesson.beta,
                ..PreferenceLoss::default()
            },
            pairs: &train,
            eval: &held_out,
            store: Some(&store),
        };
        let adapter = AdapterSettings {
            rank: RANK,
            alpha: 2.0 * RANK as f64,
            dropout: 0.0,
            targets: Projection::ALL.to_vec(),
        };
        let mut shown = Shown::new(objective.name(), self.say);
        let (adapter, _) = session.train_adapter(&adapter, base, &mut shown, self.cancel)?;
        let folder = self.options.out.join("adapters").join(objective.name());
        write_half(&folder.join("adapter_model.safetensors"), &adapter.named())?;
        write_adapter_config(&folder, adapter.settings())
    }
}

/// Token ids of questions with answers; `answers_only` leaves the question out of the loss, as held-out wordings have to:
/// nobody asks the model to guess them.
fn texts(
    items: &[Labelled],
    encoder: &Encoder,
    answers_only: bool,
) -> Result<Vec<TextExample>, RecipeError> {
    items
        .iter()
        .map(|item| {
            let mut tokens = encoder.prompt(&item.question)?;
            let first = if answers_only { tokens.len() } else { 0 };
            tokens.extend(encoder.answer(&item.answer)?);
            Ok(TextExample { tokens, first })
        })
        .collect()
}

fn pairs(items: &[Pair], encoder: &Encoder) -> Result<Vec<PairExample>, RecipeError> {
    items
        .iter()
        .map(|item| {
            Ok(PairExample {
                prompt: encoder.prompt(&item.question)?,
                chosen: encoder.answer(&item.chosen)?,
                rejected: encoder.answer(&item.rejected)?,
            })
        })
        .collect()
}
