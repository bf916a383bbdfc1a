//! `counterpoise train arm`: a reward model from preference pairs.

use std::path::PathBuf;

use clap::Args;

use super::CommonArgs;
use super::eval::LabelArg;
use super::session::interrupt_token;
use super::train_options::{RunArgs, parse_share};
use super::train_watch::{Watch, report, say_skipped};
use crate::error::Failure;
use crate::train::TrainError;
use crate::train::arm::Session;
use crate::train::base::Home;
use crate::train::checkpoint::Store;
use crate::train::config::{AdapterSettings, Projection, Settings};
use crate::train::data::read_preferences;
use crate::train::examples::PairExample;
use crate::train::loss::PreferenceLoss;
use crate::train::tokens::{Limits, Tongue};

/// Arguments of `train arm`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ArmArgs {
    /// The base model: a folder, hub:OWNER/NAME from the local cache, or demo
    #[arg(long)]
    pub(crate) base: String,
    /// Preference pairs: JSON or JSON Lines, plain or .gz; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// Folder for the result
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Pairs that only judge
    #[arg(long, value_name = "FILE")]
    pub(crate) eval_data: Option<PathBuf>,
    /// Use only the first pairs of the data
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
    /// Which judgement to follow where the data hold two
    #[arg(long, value_enum)]
    pub(crate) label: Option<LabelArg>,
    /// Stop at the first bad line
    #[arg(long)]
    pub(crate) strict: bool,
    /// Feed prompts as they are, without the chat template
    #[arg(long)]
    pub(crate) raw: bool,
    /// How strongly a difference in log-likelihood counts
    #[arg(long, default_value_t = 0.05)]
    pub(crate) beta: f64,
    /// The margin by which the preferred answer should lead
    #[arg(long, default_value_t = 0.0)]
    pub(crate) gamma: f64,
    /// Share of pairs taken to be labelled the wrong way round
    #[arg(long, default_value_t = 0.0)]
    pub(crate) label_smoothing: f64,
    /// Highest learning rate
    #[arg(long, default_value_t = 5e-4)]
    pub(crate) lr: f64,
    /// Pairs per batch
    #[arg(long, default_value_t = 32)]
    pub(crate) batch: usize,
    /// Rank of the adapter
    #[arg(long, default_value_t = 8)]
    pub(crate) rank: usize,
    /// The adapter's change is scaled by alpha / rank
    #[arg(long, default_value_t = 16.0)]
    pub(crate) alpha: f64,
    /// Share of the adapter's inputs left out in training
    #[arg(long, default_value_t = 0.05)]
    pub(crate) dropout: f64,
    /// Products that the adapter changes: any of `q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj`
    #[arg(long, value_delimiter = ',', default_value = "q_proj,k_proj,v_proj", value_parser = parse_target)]
    pub(crate) targets: Vec<Projection>,
    /// Most tokens of a prompt; of a longer one the end is kept
    #[arg(long, default_value_t = 512)]
    pub(crate) max_prompt: usize,
    /// Most tokens of prompt and answer together; longer answers are cut
    #[arg(long, default_value_t = 1024)]
    pub(crate) max_length: usize,
    /// Steps over which the learning rate rises
    #[arg(long, default_value_t = 20)]
    pub(crate) warmup: u64,
    /// Weight decay
    #[arg(long, default_value_t = 0.05)]
    pub(crate) weight_decay: f64,
    /// Share of the pairs held out to judge, where there is no --eval-data
    #[arg(long, value_name = "SHARE", value_parser = parse_share, conflicts_with = "eval_data")]
    pub(crate) hold_out: Option<f64>,
    /// Train all weights and write a whole model instead of an adapter
    #[arg(long)]
    pub(crate) full: bool,
    /// Options that all training shares.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

fn parse_target(text: &str) -> Result<Projection, String> {
    let name = text.trim();
    Projection::ALL
        .into_iter()
        .find(|projection| projection.name() == name)
        .ok_or_else(|| {
            let all = Projection::ALL.map(Projection::name).join(", ");
            format!("there is no projection of this name; there are {all}")
        })
}

impl ArmArgs {
    fn settings(&self, common: &CommonArgs) -> Settings {
        Settings {
            batch: self.batch,
            lr: self.lr,
            warmup: self.warmup,
            weight_decay: self.weight_decay,
            ..self.run.settings(common)
        }
    }

    /// Reads a file and turns its pairs into tokens, saying what had to be left out or cut.
    fn pairs(
        &self,
        path: &std::path::Path,
        tongue: &Tongue,
        limits: Limits,
    ) -> Result<Vec<PairExample>, TrainError> {
        let mut data = read_preferences(path, self.label.map(Into::into), self.strict)?;
        say_skipped(&data.skipped);
        if path == self.data {
            let most = self.limit.map_or(usize::MAX, |limit| limit as usize);
            data.pairs.truncate(most);
        }
        let found = tongue.pairs(&data.pairs, limits);
        say_skipped(&found.skipped);
        for (count, what) in [
            (found.prompts_cut, "prompts lost their beginning"),
            (found.answers_cut, "pairs lost the end of an answer"),
        ] {
            if count > 0 {
                super::say(&format!("{count} {what} to fit the longest lengths"));
            }
        }
        Ok(found.pairs)
    }
}

pub(crate) fn run(args: &ArmArgs, common: &CommonArgs) -> Result<(), Failure> {
    let settings = args.settings(common);
    settings.check()?;
    let loss = PreferenceLoss {
        beta: args.beta,
        gamma: args.gamma,
        label_smoothing: args.label_smoothing,
    };
    loss.check()?;
    let adapter = AdapterSettings {
        rank: args.rank,
        alpha: args.alpha,
        dropout: args.dropout,
        targets: args.targets.clone(),
    };
    adapter.check()?;
    if args.max_prompt == 0 || args.max_length < 2 {
        return Err(Failure::usage(
            "a prompt needs room for 1 token and a pair for 2 at least",
        ));
    }
    let home = Home::find(&args.base, crate::demo::embedded())?;
    let config = home.config()?;
    let (text, template) = home.text(&config.eos, args.raw)?;
    let tongue = Tongue { text, template };
    let limits = Limits {
        prompt: args.max_prompt,
        total: args.max_length.min(config.context),
    };
    let mut pairs = args.pairs(&args.data, &tongue, limits)?;
    let eval = match &args.eval_data {
        Some(path) => args.pairs(path, &tongue, limits)?,
        None => super::train_options::hold_out(&mut pairs, args.hold_out),
    };
    let store = Store::open(&args.out, args.run.resume)?;
    let cancel = interrupt_token()?;
    let base = home.weights(config, &mut |_| (), &cancel)?;
    let mut watch = Watch::new(args.run.log.as_deref(), args.run.resume)?;
    let session = Session {
        settings: &settings,
        loss,
        pairs: &pairs,
        eval: &eval,
        store: Some(&store),
    };
    let summary = if args.full {
        let (model, summary) = session.train_model(base, &mut watch, &cancel)?;
        home.copy_tokenizer(&args.out)?;
        model.save(&args.out)?;
        summary
    } else {
        let (trained, summary) = session.train_adapter(&adapter, &base, &mut watch, &cancel)?;
        trained.save(&args.out, &home.name)?;
        summary
    };
    store.clear()?;
    report(&summary, &args.out, common.json)
}
