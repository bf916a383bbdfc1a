//! The place of the window that screen readers read out whenever it changes; nothing of it is seen.

use egui::accesskit::{Live, Role};
use egui::{Id, Rect, Sense, Ui, WidgetInfo};

use crate::app::state::State;

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnnounceView<'a> {
    /// The words.
    pub text: &'a str,
    /// Whether they do not wait for what is being read out.
    pub is_urgent: bool,
}

impl<'a> AnnounceView<'a> {
    /// What was said last.
    #[must_use]
    pub fn build(state: &'a State) -> Self {
        Self {
            text: &state.announced.text,
            is_urgent: state.announced.is_urgent,
        }
    }
}

/// Puts the words where they are heard. It is one and the same node from the first frame on: only what changes is read out.
pub fn announce_ui(ui: &Ui, view: &AnnounceView<'_>) {
    let corner = Rect::from_min_size(ui.max_rect().left_bottom(), egui::Vec2::ZERO);
    let response = ui.interact(corner, Id::unique("announced"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Status, true, view.text));
    let live = if view.is_urgent {
        Live::Assertive
    } else {
        Live::Polite
    };
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_live(live);
        node.set_live_atomic();
    });
}
