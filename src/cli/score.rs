//! `counterpoise score`: every number for each token of a given response.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::session::Session;
use super::{CommonArgs, print, print_json};
use crate::domain::Prompt;
use crate::error::Failure;
use crate::record::json::{self, Token};
use crate::worker::{Command, Event, LineupInfo, ScoreRequest};

/// Arguments of `score`.
#[derive(Debug, Args)]
pub struct ScoreArgs {
    /// What the models read first
    #[arg(long, default_value = "", required_unless_present = "batch")]
    pub prompt: String,
    /// The response to score
    #[arg(long, default_value = "", required_unless_present_any = ["eos", "batch"])]
    pub response: String,
    /// Score every answer of a file with the columns or fields prompt and response: CSV, JSON or JSON Lines; - is standard
    /// input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prompt", "response"])]
    pub batch: Option<PathBuf>,
    /// Write the sums of the file's answers here, as .csv or .json; without it, to standard output
    #[arg(long, value_name = "FILE", requires = "batch")]
    pub out: Option<PathBuf>,
    /// A system text for every model
    #[arg(long)]
    pub system: Option<String>,
    /// Feed the prompt as it is, without the chat template
    #[arg(long)]
    pub raw: bool,
    /// Score the end-of-text token too
    #[arg(long)]
    pub eos: bool,
}

pub(super) fn run(args: &ScoreArgs, common: &CommonArgs) -> Result<(), Failure> {
    if let Some(path) = &args.batch {
        return super::score_file::run(path, args, common);
    }
    let mut session = Session::open(common)?;
    let run = session.new_run();
    session.send(Command::Score(ScoreRequest {
        run,
        cancel: session.cancel.clone(),
        prompt: Prompt {
            text: args.prompt.clone(),
            system: args.system.clone(),
            raw: args.raw,
            earlier: Vec::new(),
        },
        response: args.response.clone(),
        with_end: args.eos,
        told: true,
        weights: session.weights.clone(),
    }))?;
    let mut rendered_prompt = String::new();
    let mut tokens: Vec<Token> = Vec::new();
    let sums = loop {
        let event = session.next_of(run)?;
        if let Event::Started { rendered, .. } = event {
            rendered_prompt = rendered;
        } else if let Event::Step { step, .. } = event {
            tokens.push(Token::new(step.step, step.text));
        } else if let Event::Scored { tail, sums, .. } = event {
            if let Some(last) = tokens.last_mut() {
                last.push_text(&tail);
            }
            break sums;
        }
    };
    let info = &session.info;
    if common.json {
        return print_json(&json!({
            "schema": "counterpoise.score/1",
            "lineup": info.name,
            "prompt": args.prompt,
            "rendered": rendered_prompt,
            "response": args.response,
            "weights": json::weights(info, &session.weights),
            "tokens": tokens.iter().map(|token| json::token(info, token, &session.weights)).collect::<Vec<_>>(),
            "totals": json::totals(info, &sums),
        }));
    }
    print(&table(info, &tokens))
}

/// One line per token with aligned columns, nats.
fn table(info: &LineupInfo, tokens: &[Token]) -> String {
    let width = tokens
        .iter()
        .map(|t| shown(t.text()).chars().count())
        .max()
        .unwrap_or(0)
        .max("token".len());
    let mut text = format!(
        "{:<width$} {:>9} {:>9} {:>9}",
        "token", "base", "guided", "kl"
    );
    for objective in &info.objectives {
        let _ = write!(
            text,
            " {:>16} {:>10}",
            format!("{} reward", objective.name),
            "advantage"
        );
    }
    text.push('\n');
    let mut sums = vec![0.0; 3 + 2 * info.objectives.len()];
    for token in tokens {
        let insight = token.insight();
        let mut row = vec![insight.chosen.base, insight.chosen.guided, insight.kl];
        row.extend(
            insight
                .chosen
                .objectives
                .iter()
                .flat_map(|o| [o.reward, o.advantage]),
        );
        let shown = shown(token.text());
        line(&mut text, &shown, width, &row);
        for (sum, value) in sums.iter_mut().zip(&row) {
            *sum += value;
        }
    }
    line(&mut text, "total", width, &sums);
    text
}

fn line(text: &mut String, name: &str, width: usize, row: &[f64]) {
    let pad = width.saturating_sub(name.chars().count());
    let _ = write!(text, "{name}{}", " ".repeat(pad));
    for (i, value) in row.iter().enumerate() {
        let width = match i {
            0..=2 => 9,
            _ if i % 2 == 1 => 16,
            _ => 10,
        };
        let _ = write!(text, " {value:>width$.4}");
    }
    text.push('\n');
}

/// A token as it fits on a line.
fn shown(text: &str) -> String {
    text.replace('\n', "\\n")
        .replace('\t', "\\t")
        .replace('\r', "\\r")
}
