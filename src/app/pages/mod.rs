//! One file or folder per page of the window: how its regions lie, and what lies between the pages' frame.

pub mod demo;
pub mod models;
pub mod runs;
pub mod score;
mod setup;
pub mod start;
pub mod steer;
pub mod tradeoff;
pub mod train;

use egui::{
    Align2, Frame, Id, LayerId, Margin, Order, Panel, Rect, ScrollArea, Sense, Stroke, StrokeKind,
    Ui, UiBuilder, Vec2, vec2,
};

use crate::app::panels::{
    SCROLL_BAR, announce, help, keyboard_here, palette as commands, sheet, status, tokens, top_bar,
};
use crate::app::state::State;
use crate::app::state::page::Page;
use crate::app::state::region::Region;
use crate::app::theme::{palette, radius, size, space, strong};
use crate::app::update::Action;

/// Room that a page needs, points: where the window has less, as it does when all is zoomed, it scrolls.
fn least(state: &State) -> Vec2 {
    let width = match state.page {
        Page::Start => 760.0,
        Page::Steer if state.is_showing() => 760.0,
        Page::Train => 800.0,
        // Columns beside the texts.
        Page::Steer | Page::Tradeoff | Page::Score => 880.0,
        // Rows of many buttons beside a column.
        Page::Runs => 940.0,
        Page::Models => 1010.0,
    };
    vec2(width, 480.0)
}

/// The whole window.
pub fn window_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    announce::announce_ui(ui, &announce::AnnounceView::build(state));
    let (room, least) = (ui.available_size(), least(state));
    if room.x >= least.x && room.y >= least.y {
        return frame_ui(ui, state);
    }
    ScrollArea::both()
        .id_salt("small window")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            let rect = Rect::from_min_size(ui.cursor().min, room.max(least));
            ui.allocate_rect(rect, Sense::hover());
            let mut page = ui.new_child(UiBuilder::new().max_rect(rect));
            frame_ui(&mut page, state)
        })
        .inner
}

/// The bars above and below, and the page between them.
fn frame_ui(ui: &mut Ui, state: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    let bar = Frame::new()
        .fill(palette(ui).window)
        .inner_margin(Margin::symmetric(space::M as i8, space::S as i8));
    Panel::top("top_bar").frame(bar).show(ui, |ui| {
        actions.extend(top_bar::top_bar_ui(ui, &top_bar::TopBarView::build(state)));
    });
    Panel::bottom("status").frame(bar).show(ui, |ui| {
        actions.extend(status::status_ui(ui, &status::StatusView::build(state)));
    });
    actions.extend(match state.page {
        Page::Start => start::start_ui(ui, state),
        Page::Steer if state.is_showing() => demo::demo_ui(ui, state),
        Page::Steer => steer::steer_ui(ui, state),
        Page::Models => models::models_ui(ui, state),
        Page::Train => train::train_ui(ui, state),
        Page::Tradeoff => tradeoff::tradeoff_ui(ui, state),
        Page::Runs => runs::runs_ui(ui, state),
        Page::Score => score::score_ui(ui, state),
    });
    if let Some(view) = commands::PaletteView::build(state) {
        actions.extend(commands::palette_ui(ui, &view));
    }
    if let Some(view) = sheet::SheetView::build(state) {
        actions.extend(sheet::sheet_ui(ui, &view));
    }
    if state.help_open {
        actions.extend(help::help_ui(ui, state.is_showing()));
    }
    drop_hint_ui(ui, state);
    actions
}

/// Draws what will happen while a file is held over the window.
fn drop_hint_ui(ui: &Ui, state: &State) {
    let ctx = ui.ctx();
    if ctx.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let words = match state.page {
        Page::Tradeoff if state.tradeoff.sweep.is_some() => {
            "Drop a table with scores of the texts, models, a lineup.toml or a saved run"
        }
        Page::Steer => "Drop it to open it: models, a lineup.toml, a saved run or prompts",
        Page::Start | Page::Models | Page::Tradeoff => {
            "Drop it to open it: models, a lineup.toml or a saved run"
        }
        Page::Runs => "Drop a saved run to open it",
        Page::Train => "Drop a file of pairs to train on, or a saved run",
        Page::Score => "Drop a text, a file of answers or a saved run",
    };
    let colours = palette(ui);
    let room = ctx.content_rect();
    let layer = LayerId::new(Order::Tooltip, Id::unique("drop hint"));
    let painter = ctx.layer_painter(layer);
    painter.rect(
        room.shrink(space::S),
        radius::CARD,
        colours.accent_soft.gamma_multiply(0.9),
        Stroke::new(2.0, colours.accent),
        StrokeKind::Inside,
    );
    painter.text(
        room.center(),
        Align2::CENTER_CENTER,
        words,
        strong(size::HEADING),
        colours.text,
    );
}

/// Frame of a column of a page.
fn column(ui: &Ui) -> Frame {
    Frame::new()
        .fill(palette(ui).window)
        .inner_margin(Margin::same(space::M as i8))
}

/// The column of sliders and colours to the right of texts; `name` is unique in the window.
fn controls_column(
    ui: &mut Ui,
    name: &'static str,
    contents: impl FnOnce(&mut Ui) -> Vec<Action>,
) -> Vec<Action> {
    let mut actions = Vec::new();
    Panel::right(name)
        .frame(column(ui))
        .resizable(true)
        .default_size(300.0)
        .size_range(264.0..=460.0)
        .show(ui, |ui| {
            ScrollArea::vertical()
                .auto_shrink([false, false])
                .content_margin(SCROLL_BAR)
                .show(ui, |ui| actions.extend(contents(ui)));
        });
    actions
}

/// The table of all tokens below texts, where it is open; `name` is unique in the window.
fn tokens_row(ui: &mut Ui, name: &'static str, state: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    if let Some(view) = tokens::TokensView::build(state) {
        Panel::bottom(name)
            .frame(column(ui))
            .resizable(true)
            .default_size(230.0)
            .size_range(140.0..=520.0)
            .show(ui, |ui| {
                actions.extend(keyboard_here(ui, state, Region::Tokens));
                actions.extend(tokens::tokens_ui(ui, state, &view));
            });
    }
    actions
}
