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
use crate::record::table::Kind;
use crate::train::data::{Answered, read_answers};
use crate::worker::{Command, Event, ScoreRequest};

/// Scores every answer of `path`; what was scored before an interruption is kept.
pub(super) fn run(path: &Path, args: &ScoreArgs, common: &CommonArgs) -> Result<(), Failure> {
    let kind = args.out.as_deref().map(Kind::of).transpose()?;
    if let Some(out) = &args.out {
        files::check_folder(out)?;
    }
    let pairs = read_answers(path)?;
    let mut session = Session::open(common)?;
    let bar = ProgressBar::new(pairs.len() as u64).with_style(
        ProgressStyle::with_template("{wide_bar} {pos}/{len} answers, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let (rows, ended) = score_all(&pairs, |pair| {
        let sums = sums(&mut session, args, pair);
        if let Err(failure) = &sums
            && is_of_its_answer(failure)
        {
            bar.suspend(|| say(&format!("line {}: {}", pair.line, failure.summary)));
        }
        bar.inc(1);
        sums
    });
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
            let contents = match kind {
                Some(Kind::Json) => format!("{:#}\n", file.json()),
                Some(Kind::Csv) | None => file.csv(),
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

/// Whether an answer is at fault, and not the models, the machine or a person who interrupts.
const fn is_of_its_answer(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Usage | FailureKind::Input)
}

/// Scores one answer after the other. What is wrong with an answer belongs to its row; anything else ends the work, and what
/// was scored before is kept.
fn score_all(
    pairs: &[Answered],
    mut score: impl FnMut(&Answered) -> Result<TextSums, Failure>,
) -> (Vec<ScoredAnswer>, Result<(), Failure>) {
    let mut rows = Vec::new();
    for pair in pairs {
        let sums = match score(pair) {
            Ok(sums) => Ok(sums),
            Err(failure) if is_of_its_answer(&failure) => Err(failure.summary),
            Err(failure) => return (rows, Err(failure)),
        };
        rows.push(ScoredAnswer {
            line: pair.line,
            prompt: pair.prompt.clone(),
            response: pair.response.clone(),
            sums,
        });
    }
    (rows, Ok(()))
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
        if let Event::Scored { sums, .. } = session.next_of(run)? {
            return Ok(sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_an_answer_is_told_in_its_row_and_anything_else_ends_the_work() {
        let pair = |line| Answered {
            line,
            prompt: "Why?".to_owned(),
            response: "So".to_owned(),
        };
        let pairs = [1, 2, 3, 4].map(pair);
        let score = |last: fn() -> Failure| {
            score_all(&pairs, |pair| match pair.line {
                1 => Err(Failure::input("It is too long")),
                3 => Err(last()),
                _ => Ok(TextSums::default()),
            })
        };
        for last in [
            || Failure::failed("The worker is gone"),
            Failure::interrupted,
        ] {
            let (rows, ended) = score(last);
            let told: Vec<_> = rows.iter().map(|row| row.sums.is_ok()).collect();
            assert_eq!(told, [false, true]);
            assert_eq!(ended.unwrap_err().kind, last().kind);
        }
        let (rows, ended) = score(|| Failure::usage("There is nothing to score"));
        assert!(rows.len() == 4 && ended.is_ok());
    }
}
