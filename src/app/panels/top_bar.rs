//! The bar at the top: the pages, the library's switch, the ways back, theme and help.

use egui::{Align, Button, Layout, RichText, Ui};

use crate::app::shortcuts::Shortcut;
use crate::app::state::State;
use crate::app::state::page::Page;
use crate::app::state::settings::{Mode, ThemeChoice};
use crate::app::theme::{size, space, strong};
use crate::app::update::{Action, ShowAction};

/// Width of a window from which every page has a button of its own, points.
const ROOM_FOR_PAGES: f32 = 1120.0;

/// What the bar shows.
#[derive(Debug, Clone, PartialEq)]
pub struct TopBarView {
    /// The page on screen.
    pub page: Page,
    /// How much of the window is shown.
    pub mode: Mode,
    /// Whether the tour is taken.
    pub touring: bool,
    /// Whether the library is open.
    pub library_open: bool,
    /// Whether there is a way back.
    pub can_undo: bool,
    /// Whether there is a way forward.
    pub can_redo: bool,
    /// The chosen colours.
    pub theme: ThemeChoice,
    /// The zoom in per cent.
    pub zoom_percent: u32,
}

impl TopBarView {
    /// Decides what the bar shows.
    #[must_use]
    pub fn build(state: &State) -> Self {
        Self {
            page: state.page,
            mode: state.settings.mode,
            touring: state.showing.tour.is_some(),
            library_open: state.settings.library_open,
            can_undo: match state.page {
                Page::Steer | Page::Tradeoff | Page::Score => state.history.can_undo(),
                Page::Models => state.models.steps.can_undo(),
                Page::Start | Page::Train | Page::Runs => false,
            },
            can_redo: match state.page {
                Page::Steer | Page::Tradeoff | Page::Score => state.history.can_redo(),
                Page::Models => state.models.steps.can_redo(),
                Page::Start | Page::Train | Page::Runs => false,
            },
            theme: state.settings.theme,
            zoom_percent: (state.settings.zoom * 100.0).round() as u32,
        }
    }
}

/// Draws the bar.
pub fn top_bar_ui(ui: &mut Ui, view: &TopBarView) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.horizontal(|ui| {
        let name = RichText::new("Counterpoise").font(strong(size::HEADING));
        let home = Button::selectable(view.page == Page::Start, name);
        if ui.add(home).on_hover_text(Page::Start.about()).clicked() {
            actions.push(Action::GoTo(Page::Start));
        }
        ui.add_space(space::S);
        let simple = view.page == Page::Steer && view.mode == Mode::Demo;
        if simple {
            let tour = Button::selectable(view.touring, "Tour");
            if ui
                .add(tour)
                .on_hover_text("Eight small things to try")
                .clicked()
            {
                actions.push(Action::Show(if view.touring {
                    ShowAction::EndTour
                } else {
                    ShowAction::BeginTour
                }));
            }
        } else {
            actions.extend(pages_ui(ui, view.page));
        }
        if view.page == Page::Steer && !simple {
            ui.separator();
            let library = Button::selectable(view.library_open, Shortcut::Library.label());
            if command(ui, true, library, Shortcut::Library) {
                actions.push(Action::ToggleLibrary);
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if command(ui, true, Button::new("Shortcuts"), Shortcut::Help) {
                actions.push(Action::ToggleHelp);
            }
            actions.extend(view_menu_ui(ui, view));
            if view.page == Page::Steer {
                ui.separator();
                // From right to left.
                for mode in Mode::ALL.into_iter().rev() {
                    let button = Button::selectable(view.mode == mode, mode.label());
                    if ui.add(button).on_hover_text(mode.tooltip()).clicked() {
                        actions.push(Action::Show(ShowAction::SetMode(mode)));
                    }
                }
            }
            if matches!(view.page, Page::Start | Page::Train | Page::Runs) {
                return;
            }
            ui.separator();
            if command(ui, view.can_redo, Button::new("Redo"), Shortcut::Redo) {
                actions.push(Action::Redo);
            }
            if command(ui, view.can_undo, Button::new("Undo"), Shortcut::Undo) {
                actions.push(Action::Undo);
            }
        });
    });
    actions
}

/// Ways to the pages: a button each, or a menu where there is no room for so many.
fn pages_ui(ui: &mut Ui, shown: Page) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut all = |ui: &mut Ui| {
        for page in Page::ALL {
            let button = Button::selectable(shown == page, page.label());
            if command(ui, true, button, Shortcut::Go(page)) {
                actions.push(Action::GoTo(page));
            }
        }
    };
    if ui.ctx().content_rect().width() >= ROOM_FOR_PAGES {
        all(ui);
    } else {
        ui.menu_button(format!("{} ⏷", shown.label()), all)
            .response
            .on_hover_text("The other pages");
    }
    actions
}

/// A button that does what a shortcut does, and says so.
fn command(ui: &mut Ui, enabled: bool, button: Button<'_>, shortcut: Shortcut) -> bool {
    let hint = shortcut.hint(ui.ctx());
    ui.add_enabled(enabled, button)
        .on_hover_text(&hint)
        .on_disabled_hover_text(hint)
        .clicked()
}

fn view_menu_ui(ui: &mut Ui, view: &TopBarView) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.menu_button("View", |ui| {
        ui.label("Theme");
        for choice in ThemeChoice::ALL {
            if ui.radio(view.theme == choice, choice.label()).clicked() {
                actions.push(Action::SetTheme(choice));
            }
        }
        ui.separator();
        ui.label(format!("Zoom {} %", view.zoom_percent));
        for shortcut in [
            Shortcut::ZoomIn,
            Shortcut::ZoomOut,
            Shortcut::ZoomReset,
            Shortcut::FullScreen,
        ] {
            let keys = ui.ctx().format_shortcut(&shortcut.keys());
            let button = Button::new(shortcut.label()).shortcut_text(keys);
            if ui.add(button).on_hover_text(shortcut.tooltip()).clicked() {
                actions.push(shortcut.action());
            }
        }
        ui.separator();
        let settings = Shortcut::Settings;
        let keys = ui.ctx().format_shortcut(&settings.keys());
        let button = Button::new(settings.label()).shortcut_text(keys);
        if ui.add(button).on_hover_text(settings.tooltip()).clicked() {
            actions.push(settings.action());
        }
    })
    .response
    .on_hover_text("Theme and size of the window");
    actions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_window_has_no_way_back() {
        let view = TopBarView::build(&State::default());
        assert!(!view.can_undo && !view.can_redo);
        assert_eq!(view.zoom_percent, 100);
    }
}
