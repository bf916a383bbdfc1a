//! Trainings of before: those that are done, and those that can go on.

use std::path::PathBuf;

use egui::{Button, RichText, Ui};

use super::{heading, note, share_words};
use crate::app::state::State;
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::{Action, TrainAction};
use crate::app::widgets::numbers::count;
use crate::train::record::Found;

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ShelfView {
    /// By name.
    pub items: Vec<ItemView>,
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
    /// Buttons: words, explanation, what they do, whether it can be done now.
    pub ways: Vec<(&'static str, String, Action, bool)>,
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
        Self {
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
        None => format!("Unfinished, over {base}"),
        Some(result) => {
            let judged = result.eval.as_ref().and_then(|eval| {
                let share = eval.eval_accuracy?;
                Some(format!(
                    "held-out accuracy {} of {} pairs, ",
                    share_words(share, eval.eval_accuracy_95),
                    count(eval.eval_examples)
                ))
            });
            format!(
                "{}{} steps over {base}",
                judged.unwrap_or_default(),
                count(result.steps as usize)
            )
        }
    }
}

fn ways(_state: &State, found: &Found, free: bool) -> Vec<(&'static str, String, Action, bool)> {
    let folder = found.record.order.out.clone();
    if found.can_go_on {
        let help = if free {
            "Learn on from its checkpoint".to_owned()
        } else {
            "Another training is under way".to_owned()
        };
        let action = Action::Train(TrainAction::GoOn(folder));
        return vec![("Go on", help, action, free)];
    }
    Vec::new()
}

/// Draws it.
pub(super) fn shelf_ui(ui: &mut Ui, view: &ShelfView) -> Vec<Action> {
    let mut actions = Vec::new();
    if view.items.is_empty() {
        return actions;
    }
    heading(ui, "Your objectives");
    for item in &view.items {
        palette(ui).card().show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            ui.horizontal(|ui| {
                ui.vertical(|ui| {
                    ui.label(RichText::new(&item.name).font(strong(size::BODY)));
                    note(ui, &item.about);
                });
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    for (words, help, action, enabled) in item.ways.iter().rev() {
                        let button = Button::new(*words).min_size(egui::vec2(0.0, space::TARGET));
                        let response = ui
                            .add_enabled(*enabled, button)
                            .on_hover_text(help)
                            .on_disabled_hover_text(help);
                        let label = format!("{words}: {}", item.name);
                        response.widget_info(|| {
                            egui::WidgetInfo::labeled(egui::Role::Button, *enabled, &label)
                        });
                        if response.clicked() {
                            actions.push(action.clone());
                        }
                    }
                });
            });
        });
        ui.add_space(space::XS);
    }
    if let Some(root) = &view.root {
        note(ui, &format!("Kept in {}", root.display()));
    }
    actions
}
