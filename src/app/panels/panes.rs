//! The two texts side by side: what the plain model writes, and what it writes under guidance.

mod draw;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use super::branches::BranchesView;
use super::meter::Meter;
use crate::app::state::difference::Differences;
use crate::app::state::grain::{groups, heat_of};
use crate::app::state::page::Page;
use crate::app::state::region::Region;
use crate::app::state::run::{Run, RunPhase, Seen};
use crate::app::state::settings::Grain;
use crate::app::state::{LineupState, State, TokenRef};
use crate::app::theme::{HeatScale, Palette};
use crate::app::widgets::numbers;
use crate::app::widgets::token_view::{Lane, TokenCell, TokenMark};
use crate::domain::{Colour, Pane};

pub(in crate::app) use draw::one_text_ui;
pub use draw::{WordPlaces, panes_ui};

/// What the two panes show.
#[derive(Debug, Clone, PartialEq)]
pub struct PanesView<'a> {
    /// From left to right: the plain text, the guided one, and those that were kept.
    pub panes: Vec<PaneView<'a>>,
    /// Which place of one text stands for which of another, where they scroll together.
    pub together: Option<&'a Differences>,
    /// The token under the pointer, as far as is known.
    pub hovered: Option<TokenRef>,
}

/// The lane of an objective.
#[derive(Debug, Clone, PartialEq)]
pub struct PaneLane<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its colour.
    pub colour: Colour,
    /// Whether it colours the words too.
    pub chosen: bool,
    /// A number of each token, nats.
    pub values: Vec<Option<f64>>,
}

impl PaneLane<'_> {
    fn drawn(&self, colours: &Palette) -> Lane<'_> {
        Lane {
            name: self.name,
            color: colours.colour(self.colour),
            chosen: self.chosen,
            values: &self.values,
        }
    }
}

/// One pane.
#[derive(Debug, Clone, PartialEq)]
pub struct PaneView<'a> {
    /// Which one.
    pub pane: Pane,
    /// Its place among the kept texts, where it is one.
    pub place: Option<usize>,
    /// Whether it is judged by people who must not know which text it is.
    pub nameless: bool,
    /// Its name.
    pub title: Cow<'a, str>,
    /// What it holds, in a few words.
    pub subtitle: &'a str,
    /// The text's name to screen readers.
    pub label: Cow<'a, str>,
    /// Its tokens.
    pub cells: Vec<TokenCell<'a>>,
    /// A sentence where there are no tokens.
    pub empty_note: Option<String>,
    /// How numbers become colours; none where colours are off.
    pub scale: Option<HeatScale>,
    /// A lane for each objective, where they are wanted.
    pub lanes: Vec<PaneLane<'a>>,
    /// Whether words have bars of their own.
    pub bars: bool,
    /// The first token that differs from the other text.
    pub fork_at: Option<usize>,
    /// The first token that the sliders, as they stand now, would make another one.
    pub change_at: Option<usize>,
    /// Which tokens belong to words that the other text does not have, where that is marked.
    pub differs: &'a [bool],
    /// The token whose card stays open.
    pub pinned: Option<usize>,
    /// The token whose partner is under the pointer in the other text.
    pub echo: Option<usize>,
    /// The first token that only stands there until another takes its place.
    pub faded_from: Option<usize>,
    /// How much of those words is washed out, from 0 to 1.
    pub veil: f32,
    /// Whether the text is hidden until it is pointed at.
    pub blurred: bool,
    /// Whether more words are to come.
    pub streaming: bool,
    /// Whether the keyboard is wanted here.
    pub wants_focus: bool,
    /// How far guidance moved the choices of this text.
    pub guidance: Option<Meter>,
    /// Where a text that branches has come from.
    pub branches: Option<BranchesView>,
}

impl<'a> PanesView<'a> {
    /// Decides what the panes show.
    #[must_use]
    pub fn build(state: &'a State) -> Self {
        let panes = match state.hidden() {
            Some(blind) => (0..2)
                .map(|place| PaneView::build(state, blind.pane(place)).nameless(place))
                .collect(),
            None => [Pane::Base, Pane::Guided]
                .into_iter()
                .map(|pane| PaneView::build(state, pane))
                .chain((0..state.kept_columns()).map(|place| PaneView::kept(state, place)))
                .collect(),
        };
        Self {
            panes,
            together: state.difference(),
            hovered: state.focus.hovered,
        }
    }
}

impl<'a> PaneView<'a> {
    /// Decides what a pane shows.
    #[must_use]
    pub fn build(state: &'a State, pane: Pane) -> Self {
        let run = state.looked_at();
        let cells = run.map_or_else(Vec::new, |run| cells(state, run, pane));
        let (title, subtitle, region, other) = match pane {
            Pane::Base => ("Base", "the plain model", Region::Base, Pane::Guided),
            Pane::Guided => (
                "Guided",
                "the same model, steered",
                Region::Guided,
                Pane::Base,
            ),
        };
        let (title, subtitle) = match (state.is_showing(), pane) {
            (true, Pane::Base) if state.blurs_base() => {
                ("The plain model", "hidden until you point at it")
            }
            (true, Pane::Base) => ("The plain model", ""),
            (true, Pane::Guided) => ("With guidance", ""),
            (false, _) => (title, subtitle),
        };
        let written = run.map_or(0, |run| run.text(pane).len());
        let index_in = |token: Option<TokenRef>, wanted: Pane| {
            let token = token.filter(|token| token.pane == wanted)?;
            Some(token.index)
        };
        let fork_at = run
            .and_then(Run::fork_at)
            .filter(|&index| index < cells.len());
        // Beyond the first difference the two texts have no partners.
        let echo = index_in(state.card_token(), other)
            .filter(|&index| index < written && fork_at.is_none_or(|fork| index <= fork));
        let own = run.and_then(|run| run.titles.as_ref());
        let (title, subtitle) = match own {
            Some(titles) => (Cow::Borrowed(titles[pane as usize].as_str()), ""),
            None => (Cow::Borrowed(title), subtitle),
        };
        Self {
            pane,
            place: None,
            nameless: false,
            title,
            subtitle,
            label: Cow::Borrowed(match (state.page, pane) {
                (Page::Score, Pane::Base) => "Scored answer",
                (Page::Score, Pane::Guided) => "Second scored answer",
                (_, Pane::Base) => "Base text",
                (_, Pane::Guided) => "Guided text",
            }),
            differs: state
                .difference()
                .filter(|_| state.page != Page::Score)
                .map_or(&[], |differences| differences.differs(pane as usize)),
            empty_note: cells.is_empty().then(|| empty_note(state, pane)),
            scale: scale(state),
            lanes: run.map_or_else(Vec::new, |run| lanes(state, run, pane)),
            bars: has_bars(state),
            fork_at,
            change_at: run.and_then(|run| first_change(state, run, pane)),
            pinned: index_in(state.focus.pinned, pane),
            echo,
            faded_from: (written < cells.len()).then_some(written),
            veil: run.map_or(0.0, |run| {
                let veil = veil(state.now_secs - run.asked_secs);
                if state.settings.habits.still && veil < MOST_VEIL {
                    0.0
                } else {
                    veil
                }
            }),
            blurred: pane == Pane::Base && state.blurs_base(),
            streaming: run.is_some_and(|run| run.is_active() && !run.has_ended(pane)),
            wants_focus: state.wants_keyboard(region),
            guidance: match pane {
                Pane::Base => None,
                Pane::Guided => Meter::build(state).filter(|_| !state.is_showing()),
            },
            branches: match pane {
                Pane::Base => None,
                Pane::Guided => BranchesView::build(state),
            },
            cells,
        }
    }
}

impl<'a> PaneView<'a> {
    /// The sentences of the text with what their colours say, for example `Sentence 2: Call Tom. harmless −2.10 nats,
    /// strongest at “Call”`.
    #[must_use]
    pub fn sentences(&self, state: &State) -> Vec<(Range<usize>, String)> {
        let run = match self.place {
            Some(place) => state.kept.get(place).map(|kept| &kept.run),
            None => state.looked_at(),
        };
        let run = run.filter(|_| !self.nameless);
        let spoken = run.map_or_else(Vec::new, |run| state.spoken(run, self.pane));
        let lasting = self.faded_from.unwrap_or(self.cells.len());
        let pieces: Vec<&str> = self.cells[..lasting].iter().map(|cell| cell.text).collect();
        let sentences = groups(&pieces, Grain::Sentence).into_iter();
        let sentences =
            sentences.filter(|range| range.len() > 1 || !pieces[range.start].is_empty());
        let told = sentences.enumerate().map(|(index, range)| {
            let text = pieces[range.clone()].concat();
            let mut told = format!("Sentence {}: {}", index + 1, text.trim());
            for (name, values) in &spoken {
                let here = range.clone().filter_map(|token| {
                    let value = values.get(token).copied().flatten()?;
                    Some((token, value))
                });
                let (mut sum, mut most) = (0.0, None::<(usize, f64)>);
                for (token, value) in here {
                    sum += value;
                    if most.is_none_or(|(_, strongest)| value.abs() > strongest.abs()) {
                        most = Some((token, value));
                    }
                }
                if let Some((token, _)) = most {
                    let (sum, word) = (numbers::nats(sum), pieces[token].trim());
                    // Writing to a string cannot fail.
                    let _ = write!(
                        told,
                        "; {name} {sum} nats, strongest at \u{201c}{word}\u{201d}"
                    );
                }
            }
            (range, told)
        });
        told.collect()
    }

    /// The same without anything that tells which text it is.
    fn nameless(self, place: usize) -> Self {
        let cells = self.cells.into_iter().map(|cell| TokenCell {
            value: None,
            ..cell
        });
        Self {
            nameless: true,
            title: Cow::Borrowed(if place == 0 { "A" } else { "B" }),
            label: Cow::Borrowed(if place == 0 { "Text A" } else { "Text B" }),
            subtitle: "",
            cells: cells.collect(),
            scale: None,
            lanes: Vec::new(),
            fork_at: None,
            change_at: None,
            differs: &[],
            pinned: None,
            echo: None,
            // Only one of the two is ever blurred.
            blurred: false,
            guidance: None,
            branches: None,
            ..self
        }
    }

    /// The column of a kept text.
    fn kept(state: &'a State, place: usize) -> Self {
        let kept = &state.kept[place];
        let run = &kept.run;
        let pane = Pane::Guided;
        Self {
            pane,
            place: Some(place),
            nameless: false,
            title: Cow::Borrowed(&kept.title),
            label: Cow::Owned(format!("Kept text {}", kept.title)),
            subtitle: &kept.subtitle,
            cells: cells(state, run, pane),
            empty_note: None,
            scale: scale(state),
            lanes: lanes(state, run, pane),
            bars: has_bars(state),
            fork_at: None,
            change_at: None,
            differs: state
                .difference()
                .map_or(&[], |differences| differences.differs(2 + place)),
            pinned: None,
            echo: None,
            faded_from: None,
            veil: 0.0,
            blurred: false,
            streaming: false,
            wants_focus: false,
            guidance: None,
            branches: None,
        }
    }
}

fn scale(state: &State) -> Option<HeatScale> {
    let heat = &state.settings.heat;
    heat.on.then(|| HeatScale {
        kind: heat.mode.scale_kind(),
        limit: state.heat_scale,
    })
}

/// Whether words have bars of their own: not where a lane tells the same.
fn has_bars(state: &State) -> bool {
    !(state.shows_lanes() && state.settings.heat.mode.is_of_objective())
}

/// How much old words are washed out at most.
const MOST_VEIL: f32 = 0.62;

/// How much old words are washed out after so many seconds: a text that is there at once must not flicker.
fn veil(secs: f64) -> f32 {
    const FROM: f64 = 0.12;
    const OVER: f64 = 0.25;
    ((secs - FROM) / OVER).clamp(0.0, 1.0) as f32 * MOST_VEIL
}

/// The first token of a finished text that the sliders, as they stand now, would make another one.
fn first_change(state: &State, run: &Run, pane: Pane) -> Option<usize> {
    let judged = run
        .rejudged
        .as_ref()
        .filter(|judged| !run.is_active() && judged.weights == state.draft.effective_weights())?;
    let change = match pane {
        Pane::Base => None,
        Pane::Guided => judged.guided.divergence.as_ref(),
    };
    change.map(|change| change.position)
}

fn lanes<'a>(state: &'a State, run: &Run, pane: Pane) -> Vec<PaneLane<'a>> {
    if !state.shows_lanes() {
        return Vec::new();
    }
    let objectives = state.objectives().iter().enumerate();
    objectives
        .map(|(index, objective)| PaneLane {
            name: &objective.name,
            colour: state.colour_of(index),
            chosen: index == state.focus.objective && state.settings.heat.mode.is_of_objective(),
            values: state.lane_values(run, pane, index),
        })
        .collect()
}

fn cells<'a>(state: &State, run: &'a Run, pane: Pane) -> Vec<TokenCell<'a>> {
    let pieces = &run.text(pane).pieces;
    let last = pieces.len().saturating_sub(1);
    let has_ended = run.has_ended(pane);
    let values = if state.settings.heat.on {
        state.heat_values(run, pane)
    } else {
        Vec::new()
    };
    let cell = |(index, text): (usize, &'a String)| TokenCell {
        text,
        value: values.get(index).copied().flatten(),
        mark: if index == last && text.is_empty() && has_ended {
            TokenMark::End
        } else {
            TokenMark::Word
        },
    };
    let mut cells: Vec<TokenCell<'_>> = pieces.iter().enumerate().map(cell).collect();
    if pane == Pane::Guided {
        cells.extend(ghost_cells(state, run));
    }
    cells
}

/// Words of the text before, in the places of which new ones are to come.
fn ghost_cells<'a>(state: &State, run: &'a Run) -> impl Iterator<Item = TokenCell<'a>> {
    let words = run.ghost_words();
    let last = words.len().saturating_sub(1);
    words
        .iter()
        .enumerate()
        .map(move |(index, word)| TokenCell {
            text: &word.text,
            value: (state.settings.heat.on)
                .then(|| {
                    let seen = Seen {
                        insight: &word.insight,
                        weights: &word.weights,
                    };
                    heat_of(seen, state.settings.heat.mode, state.focus.objective)
                })
                .flatten(),
            mark: if index == last && word.text.is_empty() {
                TokenMark::End
            } else {
                TokenMark::Word
            },
        })
}

fn empty_note(state: &State, pane: Pane) -> String {
    let what = match pane {
        Pane::Base => "what the plain model writes",
        Pane::Guided => "what it writes when the sliders guide it",
    };
    match (state.run().map(|run| &run.phase), &state.lineup) {
        (Some(RunPhase::Reading), _) => "Reading the prompt…".to_owned(),
        (Some(RunPhase::Writing), _) => "Writing…".to_owned(),
        (Some(RunPhase::Failed(_)), _) => "Nothing was written".to_owned(),
        (Some(RunPhase::Ended(_) | RunPhase::Replaced), _) => {
            "Stopped before the first word".to_owned()
        }
        (None, LineupState::Loading { .. }) => {
            format!("Here you will read {what}; the models are being loaded")
        }
        (None, LineupState::Ready(_) | LineupState::Missing) => {
            format!("Here you will read {what}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::veil;

    #[test]
    fn old_words_fade_only_when_the_new_ones_keep_someone_waiting() {
        assert!(veil(0.1) < 1e-6);
        assert!(veil(0.2) > 0.0 && veil(0.2) < veil(0.5));
        assert!(veil(9.0) < 0.7, "they can still be read");
    }
}
