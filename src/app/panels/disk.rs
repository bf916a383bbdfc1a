//! How much of the disk the history of runs may take.

use egui::{DragValue, Ui};

use crate::app::update::Action;
use crate::app::update::past::PastAction;

/// Draws the limit of `cap` bytes as a number that can be changed.
pub(in crate::app) fn cap_ui(ui: &mut Ui, cap: u64) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.label("At most");
    let mut gigabytes = cap as f64 / 1e9;
    let value = DragValue::new(&mut gigabytes)
        .range(0.05..=10_000.0)
        .speed(0.05)
        .max_decimals(2)
        .suffix(" GB")
        // On its way to 0.5 a number is 0 for a moment, and what is removed does not come back.
        .update_while_editing(false);
    let response = ui.add(value);
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::drag_value(true, gigabytes);
        info.label = Some("Most gigabytes of history".to_owned());
        info
    });
    if response.changed() {
        actions.push(Action::Past(PastAction::SetCap(gigabytes)));
    }
    if response.drag_stopped() || (response.changed() && !response.dragged()) {
        actions.push(Action::Past(PastAction::EndCap));
    }
    actions
}
