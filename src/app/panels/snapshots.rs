//! Two snapshots of the sliders: keep, go over, hold to compare.

use egui::{Button, Key, Response, RichText, Sense, Ui};

use crate::app::shortcuts::Shortcut;
use crate::app::state::State;
use crate::app::state::draft::Strip;
use crate::app::state::snapshots::{Hold, Slot};
use crate::app::theme::{size, space};
use crate::app::update::Action;

/// What the line of snapshots shows.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotsView {
    /// Both places.
    pub slots: [SlotView; 2],
    /// Which one holding the button would show.
    pub other: Option<Slot>,
    /// What is being held, where a comparison is on.
    pub held: Option<Hold>,
}

/// One place.
#[derive(Debug, Clone, PartialEq)]
pub struct SlotView {
    /// Which one.
    pub slot: Slot,
    /// Its weights in words; none where nothing is kept.
    pub weights: Option<String>,
    /// Whether the sliders stand where it has them.
    pub here: bool,
}

impl SnapshotsView {
    /// Decides what the line shows; nothing without sliders.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        if state.draft.strips.is_empty() {
            return None;
        }
        let slots = Slot::ALL.map(|slot| SlotView {
            slot,
            weights: state.draft.slot(slot).map(|strips| words(state, strips)),
            here: state.draft.is_at(slot),
        });
        Some(Self {
            slots,
            other: state.draft.other_slot(),
            held: state.compare.as_ref().map(|compare| compare.hold),
        })
    }
}

/// For example `helpful 0.50, harmless 1.00 (muted)`.
fn words(state: &State, strips: &[Strip]) -> String {
    let each = state.objectives().iter().zip(strips);
    let each = each.map(|(objective, strip)| {
        let mark = match (strip.muted, strip.soloed) {
            (true, _) => " (muted)",
            (false, true) => " (solo)",
            (false, false) => "",
        };
        format!("{} {:.2}{mark}", objective.name, strip.weight)
    });
    each.collect::<Vec<_>>().join(", ")
}

/// Draws the line.
pub fn snapshots_ui(ui: &mut Ui, view: &SnapshotsView) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        ui.spacing_mut().button_padding.x = space::XS + space::HAIR;
        for slot in &view.slots {
            actions.extend(slot_ui(ui, slot));
            ui.add_space(space::XS);
        }
        let held = compare_ui(ui, view);
        match (view.held, held) {
            (None, true) => actions.push(Action::HoldCompare(Some(Hold::Button))),
            (Some(Hold::Button), false) => actions.push(Action::HoldCompare(None)),
            (None, false) | (Some(Hold::Key), _) | (Some(Hold::Button), true) => {}
        }
    });
    actions
}

fn slot_ui(ui: &mut Ui, view: &SlotView) -> Vec<Action> {
    let mut actions = Vec::new();
    let (keep, switch) = match view.slot {
        Slot::A => (Shortcut::KeepAsA, Shortcut::SwitchToA),
        Slot::B => (Shortcut::KeepAsB, Shortcut::SwitchToB),
    };
    let small = |words: &str| RichText::new(words).size(size::SMALL);
    let button = Button::new(small(&format!("Keep {}", view.slot.name())))
        .min_size(egui::vec2(0.0, space::TARGET));
    let button = ui.add(button).on_hover_text(keep.hint(ui.ctx()));
    name(&button, keep.label());
    if button.clicked() {
        actions.push(Action::KeepAs(view.slot));
    }
    let button = Button::selectable(view.here, small(view.slot.name()))
        .min_size(egui::Vec2::splat(space::TARGET))
        .frame_when_inactive(true);
    let hint = switch.hint(ui.ctx());
    let button = ui
        .add_enabled(view.weights.is_some(), button)
        .on_hover_text(match &view.weights {
            Some(weights) => format!("{hint}\n{weights}"),
            None => hint,
        })
        .on_disabled_hover_text(format!(
            "Snapshot {} is empty: keep the sliders in it first",
            view.slot.name()
        ));
    name(&button, switch.label());
    if button.clicked() {
        actions.push(Action::SwitchTo(view.slot));
    }
    actions
}

/// The button that compares while it is down; says whether it is.
fn compare_ui(ui: &mut Ui, view: &SnapshotsView) -> bool {
    let words = RichText::new("Compare").size(size::SMALL);
    let button = Button::selectable(view.held.is_some(), words)
        .min_size(egui::vec2(0.0, space::TARGET))
        // A press that lasts is no click; it counts as a drag.
        .sense(Sense::click_and_drag())
        .frame_when_inactive(true);
    let hint = Shortcut::Compare.hint(ui.ctx());
    let hint = match view.other {
        Some(slot) => format!("{hint}\nNow it would show {}", slot.name()),
        None => hint,
    };
    let button = ui
        .add_enabled(view.held.is_some() || view.other.is_some(), button)
        .on_hover_text(hint)
        .on_disabled_hover_text(
            "Keep the sliders in a snapshot and move them: then both can be compared",
        );
    name(&button, Shortcut::Compare.label());
    let keys = |input: &egui::InputState| input.key_down(Key::Space) || input.key_down(Key::Enter);
    let begins = |input: &egui::InputState| {
        input.pointer.any_pressed()
            || input.key_pressed(Key::Space)
            || input.key_pressed(Key::Enter)
    };
    let pressed = button.is_pointer_button_down_on() || button.dragged();
    let down = pressed || (button.has_focus() && ui.input(keys));
    // What ended it meanwhile must not begin it again.
    down && (view.held.is_some() || ui.input(begins))
}

/// What a screen reader says; the button itself has no room for it.
fn name(button: &Response, label: &str) {
    let ctx = &button.ctx;
    ctx.accesskit_node_builder(button.id, |node| node.set_label(label));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::update::{apply, load, on_event};
    use crate::domain::{Objective, RewardKind};
    use crate::worker::{Event, LineupInfo};

    #[test]
    fn the_line_says_what_is_kept_where_the_sliders_stand_and_what_would_be_compared() {
        let mut state = State::default();
        assert_eq!(SnapshotsView::build(&state), None);
        load(&mut state);
        let objective = Objective {
            name: "helpful".to_owned(),
            kind: RewardKind::Adapter,
            weight: 0.5,
            about: String::new(),
            colour: None,
        };
        let info = LineupInfo {
            objectives: vec![objective],
            ..LineupInfo::default()
        };
        on_event(&mut state, Event::Loaded(info.into()));
        apply(&mut state, Action::KeepAs(Slot::B));
        let view = SnapshotsView::build(&state).unwrap();
        assert_eq!(view.slots[1].weights.as_deref(), Some("helpful 0.50"));
        assert!(view.slots[1].here && view.slots[0].weights.is_none());
        assert_eq!(view.other, None);
        apply(&mut state, Action::ToggleMute(0));
        apply(&mut state, Action::KeepAs(Slot::A));
        let view = SnapshotsView::build(&state).unwrap();
        assert_eq!(
            view.slots[0].weights.as_deref(),
            Some("helpful 0.50 (muted)")
        );
        assert_eq!(view.other, Some(Slot::B));
    }
}
