//! The sheet over the window: what is set once, what was told, what this program is.

mod about;
mod licences;
mod messages;
mod settings;

use egui::{Align, Button, Layout, Modal, ScrollArea, Ui};

use crate::app::panels::SCROLL_BAR;
use crate::app::state::State;
use crate::app::state::habits::Sheet;
use crate::app::theme::space;
use crate::app::update::{Action, HabitAction};
use crate::app::widgets::words;

pub use about::AboutView;
pub use messages::MessagesView;
pub use settings::SettingsView;

/// Width of the sheet and most height of what scrolls in it, points.
const WIDTH: f32 = 620.0;
const HEIGHT: f32 = 560.0;

/// Height of what surrounds that: tabs, margins. And its least height.
const FRAME: f32 = 110.0;
const LEAST: f32 = 80.0;

/// What the sheet shows.
#[derive(Debug, Clone, PartialEq)]
pub enum SheetView<'a> {
    /// What is set once.
    Settings(Box<SettingsView>),
    /// What was told.
    Messages(MessagesView<'a>),
    /// What this program is.
    About(AboutView),
}

impl<'a> SheetView<'a> {
    /// Decides what the sheet shows; nothing where none is open.
    #[must_use]
    pub fn build(state: &'a State) -> Option<Self> {
        Some(match state.sheet? {
            Sheet::Settings => Self::Settings(Box::new(SettingsView::build(state))),
            Sheet::Messages => Self::Messages(MessagesView::build(state)),
            Sheet::About => Self::About(AboutView::build(state)),
        })
    }

    const fn sheet(&self) -> Sheet {
        match self {
            Self::Settings(_) => Sheet::Settings,
            Self::Messages(_) => Sheet::Messages,
            Self::About(_) => Sheet::About,
        }
    }
}

/// Draws the sheet.
pub fn sheet_ui(ui: &mut Ui, view: &SheetView<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    let room = ui.ctx().content_rect().size();
    let modal = Modal::new(egui::Id::unique("sheet")).show(ui.ctx(), |ui| {
        ui.set_width(WIDTH.min(room.x - 2.0 * space::XL));
        ui.horizontal(|ui| {
            for sheet in Sheet::ALL {
                let tab = Button::selectable(view.sheet() == sheet, sheet.label());
                if ui.add(tab).clicked() && view.sheet() != sheet {
                    actions.push(Action::Habit(HabitAction::Toggle(sheet)));
                }
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.button("Close").clicked() {
                    actions.push(Action::Habit(HabitAction::Close));
                }
            });
        });
        ui.separator();
        // As high on every tab, so that they stay where they are; and what stands above stays in sight.
        let most = (room.y - FRAME).clamp(LEAST, HEIGHT);
        ScrollArea::vertical()
            .id_salt(view.sheet().label())
            .max_height(most)
            .min_scrolled_height(most)
            .auto_shrink([false, false])
            .content_margin(SCROLL_BAR)
            .show(ui, |ui| {
                actions.extend(match view {
                    SheetView::Settings(view) => settings::settings_ui(ui, view),
                    SheetView::Messages(view) => messages::messages_ui(ui, view),
                    SheetView::About(view) => about::about_ui(ui, view),
                });
            });
    });
    if modal.should_close() && actions.is_empty() {
        actions.push(Action::Habit(HabitAction::Close));
    }
    actions
}

/// The name of a part of the sheet, apart from the part above it.
fn heading(ui: &mut Ui, words: &str) {
    ui.add_space(space::S);
    words::heading(ui, words);
}
