//! `counterpoise train lm`: a language model from scratch or onwards.

use std::path::PathBuf;

use clap::Args;

use super::CommonArgs;
use super::session::interrupt_token;
use super::train_options::{RunArgs, parse_share};
use super::train_watch::{Watch, report, say_skipped};
use crate::error::Failure;
use crate::train::base::{Home, Text};
use crate::train::checkpoint::Store;
use crate::train::config::Settings;
use crate::train::data::{Document, read_documents};
use crate::train::examples::hold_out;
use crate::train::lm::{self, Sizes};
use crate::train::tokens::Tongue;
use crate::train::weights::Weights;
use crate::train::{TrainError, tokenizer};

/// Arguments of `train lm`.
#[derive(Debug, Clone, Args)]
pub(crate) struct LmArgs {
    /// Text files, or JSON Lines of {prompt, response} or {text}; repeat it for several; - is standard input
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) data: Vec<PathBuf>,
    /// Folder for the model
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Go on from this model: a folder, hub:OWNER/NAME from the local cache, or demo
    #[arg(long, conflicts_with_all = ["config", "tokenizer", "vocab", "hidden", "intermediate", "layers", "heads", "kv_heads", "untied"])]
    pub(crate) base: Option<String>,
    /// A config.json for a model from scratch
    #[arg(long, value_name = "FILE", conflicts_with_all = ["hidden", "intermediate", "layers", "heads", "kv_heads", "untied"])]
    pub(crate) config: Option<PathBuf>,
    /// A tokenizer.json, or a folder with one; without it, a tokenizer is learnt from the data
    #[arg(long, value_name = "PATH")]
    pub(crate) tokenizer: Option<PathBuf>,
    /// Tokens of a tokenizer that is learnt
    #[arg(long, default_value_t = 2048)]
    pub(crate) vocab: usize,
    /// Width of the model
    #[arg(long, default_value_t = 256)]
    pub(crate) hidden: usize,
    /// Width inside the feed-forward part; without it, 8/3 of the width
    #[arg(long)]
    pub(crate) intermediate: Option<usize>,
    /// Number of blocks
    #[arg(long, default_value_t = 4)]
    pub(crate) layers: usize,
    /// Attention heads
    #[arg(long, default_value_t = 4)]
    pub(crate) heads: usize,
    /// Key and value heads; without it, as many as heads
    #[arg(long)]
    pub(crate) kv_heads: Option<usize>,
    /// Give the head weights of its own
    #[arg(long)]
    pub(crate) untied: bool,
    /// Most tokens of a text
    #[arg(long, default_value_t = 128)]
    pub(crate) context: usize,
    /// Learn the prompts of {prompt, response} lines too
    #[arg(long)]
    pub(crate) learn_prompts: bool,
    /// Texts that only judge
    #[arg(long, value_name = "FILE")]
    pub(crate) eval_data: Option<PathBuf>,
    /// Share of the texts held out to judge, where there is no --eval-data
    #[arg(long, value_name = "SHARE", value_parser = parse_share, conflicts_with = "eval_data")]
    pub(crate) hold_out: Option<f64>,
    /// Stop at the first bad line
    #[arg(long)]
    pub(crate) strict: bool,
    /// Feed prompts as they are, without the chat template
    #[arg(long)]
    pub(crate) raw: bool,
    /// Highest learning rate
    #[arg(long, default_value_t = 1e-3)]
    pub(crate) lr: f64,
    /// Texts per batch
    #[arg(long, default_value_t = 16)]
    pub(crate) batch: usize,
    /// Steps over which the learning rate rises
    #[arg(long, default_value_t = 100)]
    pub(crate) warmup: u64,
    /// Weight decay
    #[arg(long, default_value_t = 0.1)]
    pub(crate) weight_decay: f64,
    /// Options that all training shares.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

impl LmArgs {
    fn settings(&self, common: &CommonArgs) -> Settings {
        Settings {
            batch: self.batch,
            lr: self.lr,
            warmup: self.warmup,
            weight_decay: self.weight_decay,
            betas: [0.9, 0.95],
            ..self.run.settings(common)
        }
    }

    fn documents(&self, paths: &[PathBuf]) -> Result<Vec<Document>, TrainError> {
        let mut documents = Vec::new();
        for path in paths {
            let mut found = read_documents(path, self.strict)?;
            say_skipped(&found.skipped);
            documents.append(&mut found.documents);
        }
        Ok(documents)
    }

    /// A model from scratch for this tokenizer.
    fn scratch(&self, text: &Text, seed: u64) -> Result<Weights, TrainError> {
        if let Some(path) = &self.config {
            return lm::from_config(path, text, seed);
        }
        let sizes = Sizes {
            hidden: self.hidden,
            intermediate: self.intermediate,
            layers: self.layers,
            heads: self.heads,
            kv_heads: self.kv_heads,
            context: self.context,
            tied: !self.untied,
        };
        sizes.weights(text, seed)
    }
}

pub(crate) fn run(args: &LmArgs, common: &CommonArgs) -> Result<(), Failure> {
    let settings = args.settings(common);
    settings.check()?;
    if args.context < 2 {
        return Err(Failure::usage("a text needs room for 2 tokens at least"));
    }
    let documents = args.documents(&args.data)?;
    let store = Store::open(&args.out, args.run.resume)?;
    let cancel = interrupt_token()?;
    let home = match (&args.base, &args.tokenizer) {
        (Some(base), _) => Home::find(base, crate::demo::embedded())?,
        (None, Some(folder)) => Home::tokenizer(folder),
        (None, None) => {
            tokenizer::train(&documents, args.vocab, &args.out)?;
            Home::tokenizer(&args.out)
        }
    };
    let weights = if args.base.is_some() {
        home.weights(home.config()?, &mut |_| (), &cancel)?
    } else {
        let (text, _) = home.text(&[], args.raw)?;
        args.scratch(&text, settings.seed)?
    };
    let config = weights.config();
    let (text, template) = home.text(&config.eos, args.raw)?;
    let tongue = Tongue { text, template };
    let context = args.context.min(config.context);
    let all = args.learn_prompts;
    let mut examples = tongue.documents(&documents, context, all)?;
    let eval = match &args.eval_data {
        Some(path) => {
            let documents = args.documents(std::slice::from_ref(path))?;
            tongue.documents(&documents, context, all)?
        }
        None => hold_out(&mut examples, args.hold_out),
    };
    let mut watch = Watch::new(args.run.log.as_deref(), args.run.resume);
    let (weights, summary) = lm::train(
        &settings,
        weights,
        &examples,
        &eval,
        Some(&store),
        &mut watch,
        &cancel,
    )?;
    if args.base.is_some() || args.tokenizer.is_some() {
        home.copy_tokenizer(&args.out)?;
    }
    weights.save(&args.out)?;
    store.clear()?;
    report(&summary, &args.out, common.json)
}
