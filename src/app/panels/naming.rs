//! Words and their places, as people name them: a token may be no more than a piece of a word.

use crate::app::state::State;
use crate::app::state::grain::continues;
use crate::app::state::run::Run;
use crate::app::state::written::WrittenText;
use crate::domain::{Pane, TokenId};
use crate::engine::trace::TraceStep;

/// What stands at `position`; where it is not written to its end, what is known of it.
pub(super) fn written_word(
    state: &State,
    run: Option<&Run>,
    position: usize,
    token: TokenId,
) -> String {
    let Some(run) = run else {
        return word(text_of(state, token));
    };
    let known = known_word(run, Pane::Guided, position);
    if let Some(word) = known.or_else(|| word_elsewhere(state, run, position, token)) {
        return quoted(&word);
    }
    // A text that ends in the middle of a word tells what it has of it.
    cut_off(&run.guided.pieces, position).map_or_else(
        || next_word(state, run, position, token),
        |beginning| quoted(&beginning),
    )
}

/// The word at `position` of a text that ends before it is known to be whole: all that is there, and three dots.
fn cut_off(pieces: &[String], position: usize) -> Option<String> {
    let (beginning, _) = whole_word(pieces, position)?;
    Some(format!("{beginning}\u{2026}"))
}

/// The word at `position`, where `token` stands, as it is in any text that has gone on the same way.
fn word_elsewhere(state: &State, run: &Run, position: usize, token: TokenId) -> Option<String> {
    let alike = state
        .runs
        .values()
        .filter(|other| other.prompt == run.prompt);
    alike
        .flat_map(|other| [Pane::Base, Pane::Guided].map(|pane| (other, pane)))
        .filter(|(other, pane)| goes_on(&run.guided, position, token, other.text(*pane)))
        .find_map(|(other, pane)| known_word(other, pane, position))
}

/// The word that the guided text would go on with at `position` if `token` came there: as it stands in a text that did go on
/// so. Else the beginning of it, followed by three dots unless the token is known to be a word by itself.
pub(super) fn next_word(state: &State, run: &Run, position: usize, token: TokenId) -> String {
    let own =
        text_of(state, token).filter(|text| continues(text.trim_start()) && !ends_texts(text));
    let Some(own) = own else {
        return word(text_of(state, token));
    };
    if let Some(word) = word_elsewhere(state, run, position, token) {
        return quoted(&word);
    }
    let before = &run.guided.pieces[..position.min(run.guided.len())];
    let mut beginning = word_so_far(before, own);
    let texts = [&run.base, &run.guided];
    if !texts.iter().any(|text| is_whole_somewhere(text, token)) {
        beginning.push('\u{2026}');
    }
    quoted(&beginning)
}

/// The word at `position` of a text that is written to the end of that word.
pub(in crate::app) fn known_word(run: &Run, pane: Pane, position: usize) -> Option<String> {
    let text = run.text(pane);
    let (word, last) = whole_word(&text.pieces, position)?;
    let is_over = match pane {
        Pane::Base => run.has_ended(pane),
        Pane::Guided => !run.is_active() && !run.is_unfinished(),
    };
    (is_over || last + 1 < text.len()).then_some(word)
}

/// Whether `other` has the same tokens as `text` before `position`, and `token` there.
fn goes_on(text: &WrittenText, position: usize, token: TokenId, other: &WrittenText) -> bool {
    let (steps, others) = (text.trace.steps(), other.trace.steps());
    let (Some(before), Some(others_before)) = (steps.get(..position), others.get(..position))
    else {
        return false;
    };
    let same = |(a, b): (&TraceStep, &TraceStep)| a.token == b.token;
    others.get(position).is_some_and(|step| step.token == token)
        && before.iter().zip(others_before).all(same)
}

/// Whether `token` stands anywhere in a text with nothing behind it that belongs to the same word.
fn is_whole_somewhere(text: &WrittenText, token: TokenId) -> bool {
    let steps = text.trace.steps().iter().enumerate();
    let mut places = steps.filter(|(_, step)| step.token == token);
    places.any(|(index, _)| {
        let next = text.pieces.get(index + 1);
        next.is_some_and(|next| !continues(next))
    })
}

/// The letters of the word that `piece` would go on with or begin.
fn word_so_far(before: &[String], piece: &str) -> String {
    let mut first = before.len();
    let mut head = piece;
    while first > 0 && continues(head) && !before[first - 1].ends_with(char::is_whitespace) {
        first -= 1;
        head = &before[first];
    }
    let word = before[first..].concat() + piece;
    trimmed(&word).to_owned()
}

/// Without what the word before ends with or comes behind it, such as a quotation mark.
fn trimmed(word: &str) -> &str {
    word.trim().trim_matches(|c: char| !c.is_alphanumeric())
}

/// The word that the token at `position` is a part of, and its last token; nothing for spaces, marks and the end.
fn whole_word(pieces: &[String], position: usize) -> Option<(String, usize)> {
    pieces
        .get(position)
        .filter(|piece| continues(piece.trim_start()))?;
    let mut first = position;
    while first > 0
        && continues(&pieces[first])
        && !pieces[first - 1].ends_with(char::is_whitespace)
    {
        first -= 1;
    }
    let rest = pieces[position + 1..]
        .iter()
        .take_while(|piece| continues(piece));
    let last = position + rest.count();
    let word = pieces[first..=last].concat();
    Some((trimmed(&word).to_owned(), last))
}

fn text_of(state: &State, id: TokenId) -> Option<&str> {
    let info = state.lineup_info()?;
    info.texts.get(id as usize).map(String::as_str)
}

fn quoted(word: &str) -> String {
    format!("\u{201c}{word}\u{201d}")
}

/// A token in quotation marks, or what it is where it has no letters: the end, a new line, a space.
fn word(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    unlettered(text).map_or_else(|| quoted(text.trim()), str::to_owned)
}

/// A token that is no word by itself, for people who do not know tokens.
pub(super) fn in_words(token: &str) -> &str {
    unlettered(token).unwrap_or(token)
}

/// What a token is that leaves nothing to be read.
fn unlettered(token: &str) -> Option<&'static str> {
    match token.trim() {
        "" if token.contains('\n') => Some("a new line"),
        "" if !token.is_empty() => Some("a space"),
        "" => Some("the end"),
        text if ends_texts(text) => Some("the end"),
        _ => None,
    }
}

/// Whether a token is one of those by which models end a text or a turn, as their makers write them.
fn ends_texts(token: &str) -> bool {
    let usual = [
        "</s>",
        "<eos>",
        "<end_of_turn>",
        "<|end|>",
        "<|im_end|>",
        "<|eot_id|>",
    ];
    usual.contains(&token) || (token.starts_with("<|end") && token.ends_with("|>"))
}

/// For example `word 12`: the word of the guided text that a token is or is a part of, counted from 1.
pub(super) fn place(run: &Run, position: usize) -> String {
    format!("word {}", word_number(&run.guided.pieces, position))
}

pub(in crate::app) fn word_number(pieces: &[String], position: usize) -> usize {
    let before = pieces[..position.min(pieces.len())].concat();
    let words = before.split_whitespace().count();
    let own = pieces.get(position).map_or("", String::as_str);
    let begins = before.ends_with(char::is_whitespace)
        || own.is_empty()
        || own.starts_with(char::is_whitespace);
    (words + usize::from(begins)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_a_word_is_told_as_the_word() {
        let pieces = [
            "Be",
            " kin",
            "d",
            " to",
            " \u{201c}",
            "T",
            "om",
            ".",
            " Don",
            "'t",
            "",
        ];
        let pieces = pieces.map(str::to_owned);
        let words = [0, 1, 2, 3, 5, 6, 9]
            .map(|at| whole_word(&pieces, at).map_or_else(String::new, |(word, _)| word));
        assert_eq!(words, ["Be", "kind", "kind", "to", "Tom", "Tom", "Don't"]);
        for at in [4, 7, 10, 20] {
            assert_eq!(whole_word(&pieces, at), None, "{at}");
        }
        assert!(ends_texts("<|endoftext|>") && !ends_texts("<b>"));
        let told = ["<|end|>", "", "\n\n", " ", "..."].map(in_words);
        assert_eq!(told, ["the end", "the end", "a new line", "a space", "..."]);
    }

    #[test]
    fn a_word_that_is_not_written_yet_is_told_as_far_as_it_is_known() {
        let pieces = ["Be", " kin", "d", " to", " \u{201c}"].map(str::to_owned);
        assert_eq!(word_so_far(&pieces[..1], " gent"), "gent");
        assert_eq!(word_so_far(&pieces[..2], "der"), "kinder");
        assert_eq!(word_so_far(&pieces[..3], "ness"), "kindness");
        assert_eq!(word_so_far(&pieces, "Ann"), "Ann");
        assert_eq!(word_so_far(&[], "Be"), "Be");
    }

    #[test]
    fn a_word_that_was_replaced_before_its_end_is_told_with_all_that_was_there() {
        let pieces = ["Be", " mock", "ing"].map(str::to_owned);
        assert_eq!(cut_off(&pieces, 1).as_deref(), Some("mocking\u{2026}"));
        assert_eq!(cut_off(&pieces, 2).as_deref(), Some("mocking\u{2026}"));
        assert_eq!(cut_off(&pieces[..2], 1).as_deref(), Some("mock\u{2026}"));
        assert_eq!(cut_off(&pieces, 3), None);
    }

    #[test]
    fn words_are_counted_as_people_count_them() {
        let pieces = ["Be", " kin", "d", " to", " them", "."].map(str::to_owned);
        let numbers: Vec<usize> = (0..=pieces.len())
            .map(|position| word_number(&pieces, position))
            .collect();
        assert_eq!(numbers, [1, 2, 2, 3, 4, 4, 5]);
        assert_eq!(word_number(&[], 3), 1);
    }
}
