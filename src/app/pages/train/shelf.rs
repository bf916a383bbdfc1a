//! Trainings of before: those that are done, and those that can go on.

use std::path::PathBuf;

use egui::{RichText, Ui};

use super::{Way, row_ui, share_words};
use crate::app::state::State;
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::{self, Action, TrainAction};
use crate::app::widgets::numbers::{bytes, count};
use crate::app::widgets::words::{heading, note};
use crate::train::record::Found;

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ShelfView {
    /// By name.
    pub items: Vec<ItemView>,
    /// Those that were deleted and can be brought back.
    pub removed: Vec<ItemView>,
    /// Where they are kept.
    pub root: Option<PathBuf>,
}

/// A training of before.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemView {
    /// The objective's name.
    pub name: String,
    /// What is known of it.
    pub about: String,
    /// What can be done with it.
    pub ways: Vec<Way>,
}

impl ShelfView {
    /// Decides what is shown.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let page = &state.training;
        let under_way = page.active().map(|run| &run.order.out);
        let items = page
            .found
            .iter()
            .filter(|found| Some(&found.record.order.out) != under_way)
            .map(|found| ItemView {
                name: found.name.clone(),
                about: about(found),
                ways: ways(state, found, under_way.is_none()),
            });
        let free = page.removing.is_none();
        let removed = page.removed.iter().map(|removed| {
            let folder = removed.found.record.order.out.clone();
            let help = "Put its files back where they were";
            ItemView {
                name: removed.found.name.clone(),
                about: format!(
                    "Deleted, {}: it goes for good when the window closes",
                    bytes(removed.found.bytes)
                ),
                ways: vec![Way {
                    enabled: free,
                    ..Way::new("Bring back", help, TrainAction::BringBack(folder))
                }],
            }
        });
        Self {
            removed: removed.collect(),
            items: items.collect(),
            root: page.root.clone(),
        }
    }
}

fn about(found: &Found) -> String {
    let record = &found.record;
    let base = match record.order.base.as_str() {
        "demo" => "the built-in model",
        other => other.rsplit(['/', '\\']).next().unwrap_or(other),
    };
    match &record.result {
        None => format!("Unfinished, over {base}, {}", bytes(found.bytes)),
        Some(result) => {
            let judged = result.eval.as_ref().and_then(|eval| {
                let share = eval.eval_accuracy?;
                Some(format!(
                    "Held-out accuracy {} of {} pairs, ",
                    share_words(share, eval.eval_accuracy_95),
                    count(eval.eval_examples)
                ))
            });
            format!(
                "{}{} steps over {base}, {}",
                judged.unwrap_or_default(),
                count(result.steps as usize),
                bytes(found.bytes)
            )
        }
    }
}

fn ways(state: &State, found: &Found, free: bool) -> Vec<Way> {
    if !found.can_go_on {
        return vec![joining(state, found), deleting(state, found)];
    }
    let folder = found.record.order.out.clone();
    let help = if free {
        "Learn on from its checkpoint"
    } else {
        "Another training is under way"
    };
    let goes_on = Way {
        enabled: free,
        ..Way::new("Go on", help, TrainAction::GoOn(folder))
    };
    vec![goes_on, deleting(state, found)]
}

fn deleting(state: &State, found: &Found) -> Way {
    let why_not = update::why_not(state, found);
    let help =
        why_not.unwrap_or("Delete its files; until the window closes it can be brought back");
    let folder = found.record.order.out.clone();
    Way {
        enabled: why_not.is_none(),
        ..Way::new("Delete", help, TrainAction::Delete(folder))
    }
}

/// What a finished training's objective can do with the lineup in use.
pub(super) fn joining(state: &State, found: &Found) -> Way {
    let order = &found.record.order;
    let way = update::way(state, &order.out, &order.base);
    let (words, help) = match way {
        update::Way::Join => (
            "Add to lineup",
            "Load it beside the objectives in use; it gets a slider of its own",
        ),
        update::Way::Leave => ("Remove from lineup", "Load the lineup without it"),
        update::Way::Alone => (
            "Use with its base",
            "It was trained over another base than the one in use: load that one, with this objective alone",
        ),
    };
    let can_change = update::can_change(state);
    let help = if can_change {
        help
    } else {
        "Models are being loaded"
    };
    Way {
        enabled: can_change,
        ..Way::new(words, help, TrainAction::Join(order.out.clone()))
    }
}

/// Draws it.
pub(super) fn shelf_ui(ui: &mut Ui, view: &ShelfView) -> Vec<Action> {
    let mut actions = Vec::new();
    if view.items.is_empty() && view.removed.is_empty() {
        return actions;
    }
    heading(ui, "Your objectives");
    let removed = view.removed.iter().map(|item| (item, true));
    for (item, is_removed) in view.items.iter().map(|item| (item, false)).chain(removed) {
        palette(ui).card().show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            let name = Some(item.name.as_str());
            // One that was deleted may have the name of another.
            let id = format!("{is_removed} {}", item.name);
            let mut title = RichText::new(&item.name).font(strong(size::BODY));
            if is_removed {
                title = title.strikethrough().color(palette(ui).weak);
            }
            actions.extend(row_ui(ui, &id, &item.ways, name, |ui| {
                ui.label(title);
                note(ui, &item.about);
            }));
        });
        ui.add_space(space::XS);
    }
    if let Some(root) = &view.root {
        note(ui, &format!("Kept in {}", root.display()));
    }
    actions
}
