//! What the sliders do to the guided text, in words.

use crate::app::state::State;
use crate::app::state::draft::LARGEST_WEIGHT;
use crate::app::state::run::Run;
use crate::app::widgets::weight_slider::Band;
use crate::domain::TokenId;
use crate::engine::reweigh::Divergence;
use crate::engine::reweigh::stability::{Method, SEARCH_STEP};

/// A sentence about what the sliders, as they stand now, do to the guided text.
#[must_use]
pub(super) fn note(state: &State) -> Option<String> {
    if let Some(compare) = &state.compare {
        let name = compare.slot.name();
        return Some(format!("Snapshot {name}, until you let go"));
    }
    let run = state.run()?;
    if run.writes_both() {
        return Some("Move a slider: it acts from the next word on".to_owned());
    }
    let weights = state.draft.effective_weights();
    if run.weights == weights
        && let Some(origin) = &run.origin
        && let Some(change) = &origin.change
    {
        let parent = state.runs.get(&origin.parent);
        return Some(format!(
            "Written again from {}: {} instead of {}",
            place(parent.unwrap_or(run), change.position),
            written_word(state, Some(run), change.position, change.to),
            written_word(state, parent, change.position, change.from),
        ));
    }
    let judged = run
        .rejudged
        .as_ref()
        .filter(|rejudged| !run.is_active() && rejudged.weights == weights)?;
    match (judged.guided.divergence, judged.guided.rewrite_from) {
        (Some(change), _) => Some(change_words(state, run, &change)),
        (None, Some(from)) => Some(format!("The text may change from {} on", place(run, from))),
        (None, None) => run
            .written_otherwise(&weights)
            .then(|| "The text stays the same".to_owned()),
    }
}

/// For example `→ “kind” instead of “cruel” at word 12`.
pub(super) fn change_words(state: &State, run: &Run, change: &Divergence) -> String {
    format!(
        "\u{2192} {} instead of {} at {}",
        word(state, change.to),
        word(state, change.from),
        place(run, change.position)
    )
}

/// What stands at `position`, as people read it: a token may be a piece of a word. The token alone where it is not written
/// yet.
pub(super) fn written_word(
    state: &State,
    run: Option<&Run>,
    position: usize,
    token: TokenId,
) -> String {
    let whole = run.and_then(|run| whole_word(&run.guided.pieces, position));
    whole.map_or_else(
        || word(state, token),
        |word| format!("\u{201c}{word}\u{201d}"),
    )
}

/// The word that the token at `position` is a part of; nothing for spaces, marks and the end.
fn whole_word(pieces: &[String], position: usize) -> Option<String> {
    let goes_on = |piece: &String| piece.starts_with(char::is_alphanumeric);
    pieces.get(position).filter(|piece| {
        let body = piece.trim_start();
        body.starts_with(char::is_alphanumeric)
    })?;
    let mut first = position;
    while first > 0 && goes_on(&pieces[first]) && !pieces[first - 1].ends_with(char::is_whitespace)
    {
        first -= 1;
    }
    let rest = pieces[position + 1..]
        .iter()
        .take_while(|piece| goes_on(piece));
    let last = position + rest.count();
    let word = pieces[first..=last].concat();
    // What the word before ends with, such as a quotation mark, is not part of it.
    Some(
        word.trim()
            .trim_matches(|c: char| !c.is_alphanumeric())
            .to_owned(),
    )
}

/// A token in quotation marks, or that it is the end.
fn word(state: &State, id: TokenId) -> String {
    let text = state
        .lineup_info()
        .and_then(|info| info.texts.get(id as usize));
    match text.map(|text| text.trim()) {
        None | Some("") => "the end".to_owned(),
        Some(text) if ends_texts(text) => "the end".to_owned(),
        Some(text) => format!("\u{201c}{text}\u{201d}"),
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

/// The stretch of a slider's track on which the text stays as it is, and what is said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Steady {
    /// The stretch, where there is one.
    pub band: Option<Band>,
    /// What it means, and which word changes first on either side.
    pub words: String,
}

/// How far slider `index` can move before the text on screen changes; nothing where that is not known.
#[expect(
    clippy::float_cmp,
    reason = "weights that nobody has moved are the same to the last bit"
)]
pub(super) fn steady(state: &State, index: usize) -> Option<Steady> {
    let run = state.run().filter(|run| !run.is_active())?;
    // While another slider moves, this one's stretch is never known for long: it would only flicker.
    if state.history.moving().is_some_and(|moving| moving != index) {
        return None;
    }
    let known = run.steadiness.as_ref()?;
    let weights = state.draft.effective_weights();
    let mut others = known.weights.iter().zip(weights.iter()).enumerate();
    if !others.all(|(i, (then, now))| i == index || then == now) {
        return None;
    }
    let Some(found) = known.strips.get(index)? else {
        return Some(Steady {
            band: None,
            words: "With the other sliders where they are, no weight here gives this text"
                .to_owned(),
        });
    };
    // The slider stops at whole hundredths; adding 0 makes −0 a plain 0.
    let low = (found.low * 100.0 - 1e-6).ceil() / 100.0 + 0.0;
    let high = (found.high * 100.0 + 1e-6).floor() / 100.0 + 0.0;
    let mut lines = vec![match (found.below, found.above) {
        _ if low > high => format!("The text stays the same only right at {low:.2}"),
        (None, None) if low <= 0.0 && high >= LARGEST_WEIGHT => {
            "The text stays the same at any weight".to_owned()
        }
        _ => format!("The text stays the same from {low:.2} to {high:.2}"),
    }];
    for (side, change) in [("Below", found.below), ("Above", found.above)] {
        if let Some(change) = change {
            lines.push(format!("{side}: {}", change_words(state, run, &change)));
        }
    }
    match found.method {
        Method::Exact => {}
        Method::Careful => lines
            .push("It may stay the same a little further: its numbers are kept rounded".to_owned()),
        Method::Searched => lines.push(format!(
            "Found by trying weights {SEARCH_STEP:.2} apart, because unlikely words are left out"
        )),
    }
    if found.unseen > 0 {
        lines.push(format!(
            "{} words were not looked at: their numbers are no longer kept",
            found.unseen
        ));
    }
    Some(Steady {
        band: Some(Band {
            low: found.low,
            high: found.high,
            ends_below: found.below.is_some(),
            ends_above: found.above.is_some(),
        }),
        words: lines.join("\n"),
    })
}

fn word_number(pieces: &[String], position: usize) -> usize {
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
        let pieces = ["Be", " kin", "d", " to", " \u{201c}", "T", "om", ".", ""].map(str::to_owned);
        let words = [0, 1, 2, 3, 5, 6].map(|at| whole_word(&pieces, at).unwrap_or_default());
        assert_eq!(words, ["Be", "kind", "kind", "to", "Tom", "Tom"]);
        for at in [4, 7, 8, 20] {
            assert_eq!(whole_word(&pieces, at), None, "{at}");
        }
        assert!(ends_texts("<|endoftext|>") && !ends_texts("<b>"));
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
