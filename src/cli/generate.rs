//! `counterpoise generate`: the base and the guided text.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use super::save::{self, Kept};
use super::session::Session;
use super::{CommonArgs, SamplingArgs, print, print_json};
use crate::domain::{ComputeSettings, Finish, Pane, Prompt, Sampling};
use crate::error::Failure;
use crate::record::json::{Outline, Token, Written};
use crate::train::data;
use crate::worker::{Beginning, Command, Event, GenerateRequest, RunEnd, Step, StreamEnd};

/// Arguments of `generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// What to write about
    #[arg(long, required_unless_present = "prompts", conflicts_with = "prompts")]
    pub prompt: Option<String>,
    /// A file of prompts, one a line or JSON with a `prompt` field; prints JSON Lines in the same order
    #[arg(long, value_name = "FILE")]
    pub prompts: Option<PathBuf>,
    /// A system text for every model
    #[arg(long)]
    pub system: Option<String>,
    /// Feed the prompt as it is, without the chat template
    #[arg(long)]
    pub raw: bool,
    /// Write only the guided text
    #[arg(long)]
    pub no_base: bool,
    /// Words that both texts begin with, as they are; the models go on behind them
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub prefix: String,
    /// Save the run to this .counterpoise.json, to be opened in the window or exported
    #[arg(long, value_name = "FILE", conflicts_with = "prompts")]
    pub save: Option<PathBuf>,
    /// With --save: also keep the guided texts for N × N weights of the first two objectives, from 0 to 2
    #[arg(long, value_name = "N", requires = "save",
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(2..=11))]
    pub grid: Option<usize>,
    /// With --save: keep this many of the likeliest tokens of every step; without it, all as far as they fit
    #[arg(long, value_name = "N", requires = "save",
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(8..=4096))]
    pub keep: Option<usize>,
    /// How tokens are drawn
    #[command(flatten)]
    pub sampling: SamplingArgs,
}

impl GenerateArgs {
    /// What every text begins with.
    pub(super) fn beginning(&self) -> Beginning {
        Beginning {
            words: self.prefix.clone(),
            ..Beginning::default()
        }
    }
}

pub(super) fn run(args: &GenerateArgs, common: &CommonArgs) -> Result<(), Failure> {
    let sampling = args.sampling.sampling()?;
    let prompts = match (&args.prompts, &args.prompt) {
        (Some(path), _) => read_prompts(path)?,
        (None, Some(prompt)) => vec![prompt.clone()],
        (None, None) => return Err(Failure::usage("There is no prompt")),
    };
    let as_json = common.json || args.prompts.is_some();
    let with_hashes = as_json || args.save.is_some();
    // The document names each model by the hash of its weights.
    let settings = ComputeSettings {
        hashes: with_hashes,
        ..common.settings()
    };
    let mut session = Session::open_with(common, settings)?;
    for text in prompts {
        let prompt = Prompt {
            text,
            system: args.system.clone(),
            raw: args.raw,
            earlier: Vec::new(),
        };
        let finished = one(&mut session, prompt.clone(), args, &sampling, as_json)?;
        if as_json {
            print_json(&finished.document(&session, &sampling))?;
        }
        if finished.cancelled() {
            return Err(Failure::interrupted());
        }
        if let Some(path) = &args.save {
            let ended = save::Ended {
                prompt: &prompt,
                rendered: &finished.rendered,
                prompt_tokens: finished.prompt_tokens,
                sampling: &sampling,
                end: &finished.end,
            };
            let lineup = common.lineup.as_deref();
            save::save(&mut session, args, path, &ended, finished.kept, lineup)?;
        }
    }
    Ok(())
}

/// Prompts of a file: a JSON array or JSON Lines of texts or of objects with `prompt`, else one a line.
pub(super) fn read_prompts(path: &Path) -> Result<Vec<String>, Failure> {
    let text = data::read_text(path)?;
    let from_json = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(map) => map.get("prompt").and_then(Value::as_str).map(str::to_owned),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    };
    let bad = |line: usize, reason: &str| {
        Failure::input(format!("The prompt at line {line} {reason}"))
            .details(path.display().to_string())
    };
    let start = text.trim_start();
    let prompts = if start.starts_with('[') {
        let values: Vec<Value> = serde_json::from_str(start).map_err(|error| {
            Failure::input("The prompts file is not valid JSON")
                .details(format!("{error}, {}", path.display()))
        })?;
        let parsed = values.iter().enumerate();
        parsed
            .map(|(i, value)| from_json(value).ok_or_else(|| bad(i + 1, "has no `prompt`")))
            .collect::<Result<Vec<_>, _>>()?
    } else if start.starts_with('{') {
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        lines
            .map(|(i, line)| {
                let value: Value = serde_json::from_str(line)
                    .map_err(|error| bad(i + 1, &format!("is not valid JSON: {error}")))?;
                from_json(&value).ok_or_else(|| bad(i + 1, "has no `prompt`"))
            })
            .collect::<Result<Vec<_>, _>>()?
    } else {
        text.lines()
            .filter(|line| !line.trim().is_empty())
            .map(str::to_owned)
            .collect()
    };
    if prompts.is_empty() {
        return Err(
            Failure::input("The prompts file has no prompt").details(path.display().to_string())
        );
    }
    Ok(prompts)
}

/// A run that has ended.
struct Finished {
    prompt: String,
    rendered: String,
    prompt_tokens: usize,
    /// The rows, where they are wanted.
    kept: Kept,
    base: Vec<Token>,
    guided: Vec<Token>,
    end: RunEnd,
}

impl Finished {
    fn cancelled(&self) -> bool {
        let base = self.end.base.as_ref().map(|end| end.finish);
        self.end.guided.finish == Finish::Cancelled || base == Some(Finish::Cancelled)
    }

    /// The `run/1` document of interfaces.md section 4.
    fn document(&self, session: &Session, sampling: &Sampling) -> Value {
        fn written<'a>(end: &StreamEnd, tokens: &'a [Token]) -> Written<'a> {
            Written {
                text: end.text.clone(),
                tokens,
                finish: end.finish,
            }
        }
        let end = &self.end;
        Outline {
            info: &session.info,
            prompt: &self.prompt,
            rendered: &self.rendered,
            sampling,
            weights: &session.weights,
            base: end.base.as_ref().map(|base| written(base, &self.base)),
            guided: written(&end.guided, &self.guided),
            divergence: end.divergence,
            timing: end.timing,
        }
        .document()
    }
}

/// What is kept of a step.
fn token(step: Step) -> (usize, Token) {
    (step.step.position, Token::new(step.step, step.text))
}

/// Writes one run; as text it streams: the base text first where there is one, then the guided text.
fn one(
    session: &mut Session,
    prompt: Prompt,
    args: &GenerateArgs,
    sampling: &Sampling,
    quiet: bool,
) -> Result<Finished, Failure> {
    let with_base = !args.no_base;
    let run = session.new_run();
    let text = prompt.text.clone();
    session.send(Command::Generate(GenerateRequest {
        run,
        cancel: session.cancel.clone(),
        prompt,
        weights: session.weights.clone(),
        sampling: sampling.clone(),
        with_base,
        pace: None,
        beginning: args.beginning(),
        live: false,
    }))?;
    let (mut rendered_prompt, mut prompt_len) = (String::new(), 0);
    let mut kept = Kept::default();
    let (mut base, mut guided): (Vec<Token>, Vec<Token>) = (Vec::new(), Vec::new());
    let streamed = if with_base { Pane::Base } else { Pane::Guided };
    if with_base && !quiet {
        print("Base:\n")?;
    }
    let mut end = loop {
        let event = session.next_of(run)?;
        if let Event::Started {
            rendered,
            prompt_tokens,
            unfamiliar,
            ..
        } = event
        {
            (rendered_prompt, prompt_len) = (rendered, prompt_tokens);
            if unfamiliar {
                super::say(&format!("{}: its answer may not fit", session.info.far()));
            }
        } else if let Event::Step { step, .. } = event {
            let pane = step.pane;
            if args.save.is_some() {
                kept.take(&step);
            }
            let (_, token) = token(*step);
            if !quiet && pane == streamed {
                print(token.text())?;
            }
            match pane {
                Pane::Base => base.push(token),
                Pane::Guided => guided.push(token),
            }
        } else if let Event::BaseScored { steps, .. } = event {
            if args.save.is_some() {
                for step in &steps {
                    kept.take(step);
                }
            }
            for (position, token) in steps.into_iter().map(token) {
                if let Some(place) = base.get_mut(position) {
                    *place = token;
                }
            }
        } else if let Event::Finished { end, .. } = event {
            break *end;
        }
    };
    for (tokens, end) in [
        (&mut guided, Some(&mut end.guided)),
        (&mut base, end.base.as_mut()),
    ] {
        if let (Some(last), Some(end)) = (tokens.last_mut(), end) {
            last.push_text(&end.tail);
        }
    }
    if !quiet {
        match &end.base {
            Some(base) => print(&format!("{}\n\nGuided:\n{}\n", base.tail, end.guided.text))?,
            None => print(&format!("{}\n", end.guided.tail))?,
        }
    }
    Ok(Finished {
        prompt: text,
        rendered: rendered_prompt,
        prompt_tokens: prompt_len,
        kept,
        base,
        guided,
        end,
    })
}
