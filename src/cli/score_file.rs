//! `counterpoise score --batch`: the sums of every answer of a file.

use std::io::IsTerminal;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::score::ScoreArgs;
use super::session::Session;
use super::{CommonArgs, print, print_json, say};
use crate::domain::Prompt;
use crate::engine::sums::TextSums;
use crate::error::{Failure, FailureKind};
use crate::journal::files;
use crate::record::scored::{ScoredAnswer, ScoredFile};
use crate::train::data::{Answered, read_answers};
use crate::worker::{Command, Event, ScoreRequest};

/// Scores every answer of `path`; what was scored before an interruption is kept.
pub(super) fn run(path: &Path, args: &ScoreArgs, common: &CommonArgs) -> Result<(), Failure> {
    let pairs = read_answers(path)?;
    let mut session = Session::open(common)?;
    let bar = ProgressBar::new(pairs.len() as u64).with_style(
        ProgressStyle::with_template("{wide_bar} {pos}/{len} answers, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let mut rows = Vec::new();
    let mut ended = Ok(());
    for pair in &pairs {
        let sums = match sums(&mut session, args, pair) {
            Ok(sums) => Ok(sums),
            Err(failure) if failure.kind == FailureKind::Interrupted => {
                ended = Err(failure);
                break;
            }
            Err(failure) => Err(failure.summary),
        };
        if let Err(reason) = &sums {
            bar.suspend(|| say(&format!("line {}: {reason}", pair.line)));
        }
        rows.push(ScoredAnswer {
            line: pair.line,
            prompt: pair.prompt.clone(),
            response: pair.response.clone(),
            sums,
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    if rows.iter().all(|row| row.sums.is_err()) {
        ended?;
        return Err(Failure::input("No answer of the file could be scored")
            .hint("The lines above say why")
            .details(path.display().to_string()));
    }
    let file = ScoredFile {
        info: &session.info,
        weights: &session.weights,
        rows: &rows,
        complete: ended.is_ok(),
    };
    match &args.out {
        Some(out) => {
            let contents = if common.json {
                format!("{:#}\n", file.json())
            } else {
                file.csv()
            };
            files::write_file(out, contents.as_bytes())?;
            if std::io::stderr().is_terminal() {
                let scored = rows.iter().filter(|row| row.sums.is_ok()).count();
                say(&format!(
                    "{scored} of {} answers in {}",
                    pairs.len(),
                    out.display()
                ));
            }
        }
        None if common.json => print_json(&file.json())?,
        None => print(&file.csv())?,
    }
    ended
}

/// The sums of one answer.
fn sums(session: &mut Session, args: &ScoreArgs, pair: &Answered) -> Result<TextSums, Failure> {
    if session.cancel.is_cancelled() {
        return Err(Failure::interrupted());
    }
    let run = session.new_run();
    session.send(Command::Score(ScoreRequest {
        run,
        cancel: session.cancel.clone(),
        prompt: Prompt {
            text: pair.prompt.clone(),
            system: args.system.clone(),
            raw: args.raw,
            earlier: Vec::new(),
        },
        response: pair.response.clone(),
        with_end: args.eos,
        told: false,
        weights: session.weights.clone(),
    }))?;
    loop {
        match session.next()? {
            Event::Scored { sums, .. } => return Ok(sums),
            Event::Failed { failure, .. } => return Err(failure),
            Event::Loading { .. }
            | Event::Loaded(_)
            | Event::Started { .. }
            | Event::Step { .. }
            | Event::BaseScored { .. }
            | Event::Superseded { .. }
            | Event::Ahead { .. }
            | Event::Finished { .. }
            | Event::Judged { .. }
            | Event::Evaluated { .. }
            | Event::Calibrated { .. }
            | Event::Sweep(_)
            | Event::Measured { .. }
            | Event::Hub(_)
            | Event::Shelf(_) => {}
        }
    }
}
