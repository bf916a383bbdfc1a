//! What the sliders do to the guided text, in words.

use super::naming::{next_word, place, written_word};
use crate::app::state::State;
use crate::app::state::draft::LARGEST_WEIGHT;
use crate::app::state::run::Run;
use crate::app::widgets::weight_slider::Band;
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
        next_word(state, run, change.position, change.to),
        written_word(state, Some(run), change.position, change.from),
        place(run, change.position)
    )
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
