//! One strip per objective: slider, number, mute and solo; and what they add up to.

use egui::{Align, Layout, RichText, Ui};

use super::meter;
use super::snapshots::{SnapshotsView, snapshots_ui};
use super::steering::{self, Steady};
use super::units::{UnitsView, units_ui};

use crate::app::state::page::Page;
use crate::app::state::region::Region;
use crate::app::state::units::Unit;
use crate::app::state::{LineupState, State};
use crate::app::theme::{palette, section, size, space};
use crate::app::update::Action;
use crate::app::widgets::toggle::toggle;
use crate::app::widgets::weight_slider::WeightStrip;
use crate::domain::Colour;

/// Room for notes of four lines, points.
const NOTE_HEIGHT: f32 = 64.0;
/// What stands there before a slider moves.
const HINT: &str = "Pull a slider: here stands which word it would change first";

/// What the strips show.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectivesView {
    /// One per objective.
    pub strips: Vec<StripView>,
    /// In which unit they stand.
    pub units: Option<UnitsView>,
    /// Snapshots of them.
    pub snapshots: Option<SnapshotsView>,
    /// A sentence about what the sliders do at the moment.
    pub note: Option<String>,
    /// What stands in its place where there is none.
    pub hint: Option<&'static str>,
    /// Whether texts follow the sliders while they move.
    pub live: bool,
    /// Whether the sum of all weights stays.
    pub keep_sum: bool,
    /// Whether the keyboard is wanted here.
    pub wants_focus: bool,
}

/// One objective.
#[derive(Debug, Clone, PartialEq)]
pub struct StripView {
    /// Its name.
    pub name: String,
    /// Its colour.
    pub colour: Colour,
    /// One sentence about it.
    pub about: String,
    /// Where its slider stands.
    pub weight: f64,
    /// The unit that its slider stands in; weights where there is none.
    pub unit: Option<Unit>,
    /// Where a double click puts it.
    pub usual: f64,
    /// Whether it is muted.
    pub muted: bool,
    /// Whether it is soloed.
    pub soloed: bool,
    /// Whether it has any effect: neither muted nor silenced by another's solo.
    pub counts: bool,
    /// Whether its numbers colour the words.
    pub colours: bool,
    /// How far it can move before the text changes.
    pub steady: Option<Steady>,
}

impl ObjectivesView {
    /// Decides what the strips show.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let any_solo = state.draft.strips.iter().any(|strip| strip.soloed);
        let heat = state.settings.heat;
        let by_objective = heat.on && heat.mode.is_of_objective();
        let both = state.objectives().iter().zip(&state.draft.strips);
        let strips = both
            .enumerate()
            .map(|(index, (objective, strip))| StripView {
                name: objective.name.clone(),
                colour: state.colour_of(index),
                about: objective.about.clone(),
                weight: strip.weight,
                unit: unit(state, index),
                usual: objective.weight,
                muted: strip.muted,
                soloed: strip.soloed,
                counts: !strip.muted && (strip.soloed || !any_solo),
                colours: by_objective && index == state.focus.objective,
                // On the Score page no text is written for the sliders.
                steady: steering::steady(state, index).filter(|_| state.page != Page::Score),
            });
        Self {
            strips: strips.collect(),
            units: UnitsView::build(state),
            snapshots: SnapshotsView::build(state),
            note: note(state),
            // On the Score page nothing is written for the sliders.
            hint: (state.page != Page::Score).then_some(HINT),
            live: state.settings.live,
            keep_sum: state.settings.keep_sum,
            wants_focus: state.wants_keyboard(Region::Objectives),
        }
    }
}

/// The unit of a slider, where sliders are to stand in nats and that is known.
fn unit(state: &State, objective: usize) -> Option<Unit> {
    let measured = state.units.measured.as_ref()?;
    measured.unit(objective).filter(|_| state.settings.in_nats)
}

fn note(state: &State) -> Option<String> {
    match &state.lineup {
        LineupState::Loading { .. } => {
            return Some("The sliders appear when the models are loaded".to_owned());
        }
        LineupState::Missing => return Some("No models, no sliders".to_owned()),
        LineupState::Ready(_) => {}
    }
    if state.page == Page::Score {
        return None;
    }
    let notes = [meter::budget_note(state), steering::note(state)];
    let notes: Vec<String> = notes.into_iter().flatten().collect();
    (!notes.is_empty()).then(|| notes.join("\n"))
}

/// Draws the strips.
pub fn objectives_ui(ui: &mut Ui, view: &ObjectivesView) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.horizontal(|ui| {
        ui.label(RichText::new("Objectives").text_style(section()))
            .on_hover_text("What the guided text should be more of: the higher the slider, the harder this objective pulls on every word");
        if view.strips.is_empty() {
            return;
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let live = toggle(ui, "Live", "Live: follow the sliders while they move", view.live)
                .on_hover_text("Write the guided text again while a slider moves, not only when it is let go; what stays the same stays where it is");
            if live.clicked() {
                actions.push(Action::ToggleLive);
            }
            if view.strips.len() < 2 {
                return;
            }
            let label = "Keep sum: what one slider gains the others lose";
            let keep = toggle(ui, "Keep sum", label, view.keep_sum)
                .on_hover_text("What one slider gains the others lose, so that all together pull as hard as before");
            if keep.clicked() {
                actions.push(Action::ToggleKeepSum);
            }
        });
    });
    ui.add_space(space::XS);
    for (index, strip) in view.strips.iter().enumerate() {
        let wants_focus = view.wants_focus && index == 0;
        actions.extend(strip_ui(
            ui,
            index,
            strip,
            view.note.as_deref(),
            wants_focus,
        ));
        ui.add_space(space::S);
    }
    if let Some(units) = &view.units {
        actions.extend(units_ui(ui, units));
        ui.add_space(space::S);
    }
    if let Some(snapshots) = &view.snapshots {
        actions.extend(snapshots_ui(ui, snapshots));
        ui.add_space(space::S);
    }
    // Room for several lines, so that nothing below them jumps.
    let Some(note) = view.note.as_deref().or(view.hint) else {
        return actions;
    };
    let room = egui::vec2(ui.available_width(), NOTE_HEIGHT);
    ui.allocate_ui(room, |ui| {
        ui.set_min_size(room);
        ui.label(
            RichText::new(note)
                .size(size::SMALL)
                .color(palette(ui).weak),
        );
    });
    actions
}

fn strip_ui(
    ui: &mut Ui,
    index: usize,
    strip: &StripView,
    note: Option<&str>,
    wants_focus: bool,
) -> Vec<Action> {
    let mut actions = Vec::new();
    let answer = WeightStrip {
        id: egui::Id::unique(("strip", index)),
        name: &strip.name,
        about: &strip.about,
        color: palette(ui).colour(strip.colour),
        value: strip.weight,
        unit: strip.unit,
        default: strip.usual,
        muted: strip.muted,
        soloed: strip.soloed,
        silent: !strip.counts,
        selected: strip.colours,
        band: strip.steady.as_ref().and_then(|steady| steady.band),
        band_words: strip.steady.as_ref().map(|steady| steady.words.as_str()),
        moving_words: note,
    }
    .show(ui);
    if let (true, Some(slider)) = (wants_focus, answer.slider) {
        ui.memory_mut(|memory| memory.request_focus(slider));
        actions.push(Action::RegionFocused(Region::Objectives));
    }
    if let Some(weight) = answer.weight {
        actions.push(Action::SetWeight {
            objective: index,
            weight,
        });
    }
    if answer.done {
        actions.push(Action::EndEdit);
    }
    if answer.mute {
        actions.push(Action::ToggleMute(index));
    }
    if answer.solo {
        actions.push(Action::ToggleSolo(index));
    }
    if answer.select {
        actions.push(Action::SetHeatObjective(index));
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::update::{apply, load, on_event};
    use crate::domain::{Objective, RewardKind};
    use crate::worker::{Event, LineupInfo};

    fn ready() -> State {
        let objective = |name: &str| Objective {
            name: name.to_owned(),
            kind: RewardKind::Adapter,
            weight: 1.0,
            about: String::new(),
            colour: None,
        };
        let mut state = State::default();
        load(&mut state);
        let info = LineupInfo {
            name: "test".to_owned(),
            objectives: vec![objective("harmless"), objective("helpful")],
            texts: Vec::new().into(),
            device: "CPU".to_owned(),
            context_len: 64,
            parameters: 10,
            load_secs: 0.0,
            models: Vec::new(),
            familiar: None,
            is_demo: true,
        };
        on_event(&mut state, Event::Loaded(info.into()));
        state
    }

    #[test]
    fn before_the_models_are_there_a_sentence_stands_in_for_the_sliders() {
        let view = ObjectivesView::build(&State::default());
        assert!(view.strips.is_empty() && view.note.is_some());
    }

    #[test]
    fn a_solo_silences_the_others_and_mute_beats_it() {
        let mut state = ready();
        apply(&mut state, Action::ToggleSolo(1));
        let counts = |state: &State| -> Vec<bool> {
            let view = ObjectivesView::build(state);
            view.strips.iter().map(|strip| strip.counts).collect()
        };
        assert_eq!(counts(&state), [false, true]);
        apply(&mut state, Action::ToggleMute(1));
        assert_eq!(counts(&state), [false, false]);
    }

    #[test]
    fn the_objective_that_colours_the_words_is_marked() {
        let mut state = ready();
        apply(&mut state, Action::SetHeatObjective(1));
        let view = ObjectivesView::build(&state);
        assert!(!view.strips[0].colours && view.strips[1].colours);
        apply(&mut state, Action::ToggleHeat);
        let view = ObjectivesView::build(&state);
        assert!(!view.strips[1].colours);
    }
}
