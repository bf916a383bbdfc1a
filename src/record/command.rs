//! The command that writes a run again.

use super::{Record, Text};
use crate::engine::reweigh::{Question, first_change};
use crate::error::Failure;

/// The line that has the same models write the same run, quoted for a POSIX shell.
///
/// # Errors
/// Models that were put together in the window and saved nowhere, a prompt that continues a chat, two runs side by side, words
/// that only the guided text begins with, or weights that moved so that one set of them does not write it.
pub fn command(record: &Record) -> Result<String, Failure> {
    record.check_one()?;
    let mut words = vec!["counterpoise".to_owned(), "generate".to_owned()];
    match &record.lineup_file {
        Some(file) => words.extend(["--lineup".to_owned(), file.clone()]),
        None if record.info.is_demo => {}
        None => {
            return Err(Failure::usage(
                "These models were put together in the window and have no file",
            )
            .hint("Export the lineup on the Models page and load it from there"));
        }
    }
    let prompt = &record.prompt;
    if !prompt.earlier.is_empty() {
        return Err(Failure::usage(
            "The prompt continues a chat, which a command cannot hold",
        ));
    }
    // A value that begins with a dash must not be taken for an option.
    words.push(format!("--prompt={}", prompt.text));
    if let Some(system) = &prompt.system {
        words.push(format!("--system={system}"));
    }
    if prompt.raw {
        words.push("--raw".to_owned());
    }
    let guided = &record.guided;
    if guided.given > 0 {
        let given = &guided.tokens()[..guided.given];
        let begins = |text: &Text| text.tokens().starts_with(given);
        if !record.base.as_ref().is_none_or(begins) {
            return Err(Failure::usage(
                "Words were put into the guided text alone, which a command cannot do",
            ));
        }
        let pieces = guided.pieces[..guided.given].concat();
        words.push(format!("--prefix={pieces}"));
    }
    let question = Question {
        weights: &record.weights,
        sampling: &record.sampling,
        pinned: guided.given,
    };
    let change = first_change(&guided.trace, &question, &|| false);
    if change.is_none_or(|change| change.rewrite_from.is_some()) {
        return Err(Failure::usage(
            "The weights were moved while this text was written, which a command cannot do",
        )
        .hint("Write it anew with the weights that it has now"));
    }
    let mut negative = false;
    for (objective, weight) in record.info.objectives.iter().zip(record.weights.iter()) {
        words.push(format!("--weight={}={weight}", objective.name));
        negative |= *weight < 0.0;
    }
    if negative {
        words.push("--allow-negative".to_owned());
    }
    let sampling = &record.sampling;
    words.push(format!("--seed={}", sampling.seed));
    words.push(format!("--max-tokens={}", sampling.max_tokens));
    words.push(format!("--temperature={}", sampling.temperature));
    if sampling.top_k > 0 {
        words.push(format!("--top-k={}", sampling.top_k));
    }
    if sampling.top_p < 1.0 {
        words.push(format!("--top-p={}", sampling.top_p));
    }
    if sampling.min_p > 0.0 {
        words.push(format!("--min-p={}", sampling.min_p));
    }
    if record.base.is_none() {
        words.push("--no-base".to_owned());
    }
    let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
    Ok(quoted.join(" "))
}

/// A word that a shell leaves as it is.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;
    use std::sync::Arc;

    #[test]
    fn words_are_quoted_where_a_shell_would_take_them_apart() {
        assert_eq!(quote("--weight=a=1.5"), "--weight=a=1.5");
        assert_eq!(quote("Don't $HOME"), "'Don'\\''t $HOME'");
        assert_eq!(quote(""), "''");
    }

    /// A run whose weights stayed.
    fn unmoved() -> Record {
        let mut run = record(1);
        Arc::make_mut(&mut run.guided.trace).truncate(3);
        run.guided.pieces.truncate(3);
        run
    }

    #[test]
    fn a_text_that_one_set_of_weights_does_not_write_has_no_command() {
        let with_file = |mut run: Record| {
            run.lineup_file = Some("lineup.toml".to_owned());
            run
        };
        let moved = with_file(record(1));
        assert!(command(&moved).unwrap_err().summary.contains("moved"));
        // What is given stays whatever the weights are.
        let mut given = with_file(unmoved());
        given.guided.given = 2;
        given.weights = given.guided.trace.steps()[2].weights.clone();
        given.base = Some(given.guided.clone());
        let words = command(&given).unwrap();
        let pieces = given.guided.pieces[..2].concat();
        assert!(words.contains(&format!("'--prefix={pieces}'")), "{words}");
        Arc::make_mut(&mut given.base.as_mut().unwrap().trace).truncate(1);
        assert!(command(&given).unwrap_err().summary.contains("alone"));
    }

    #[test]
    fn models_without_a_file_have_no_command() {
        let mut run = unmoved();
        assert!(command(&run).is_err());
        run.lineup_file = Some("my lineup.toml".to_owned());
        let words = command(&run).unwrap();
        assert!(
            words.starts_with("counterpoise generate --lineup 'my lineup.toml'"),
            "{words}"
        );
        assert!(words.contains("--weight=b=0.5"), "{words}");
    }
}
