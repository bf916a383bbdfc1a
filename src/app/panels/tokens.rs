//! All tokens of a text with all their numbers, in a table that sorts, finds and copies: the full reading path for those
//! who see no colours.

use egui::{
    Align2, Button, FontId, Rect, RichText, Role, ScrollArea, Sense, Stroke, StrokeKind, TextEdit,
    Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

use crate::app::state::listing::Column;
use crate::app::state::page::Page;
use crate::app::state::run::Run;
use crate::app::state::{State, TokenRef};
use crate::app::theme::{self, Palette, palette, radius, section, size, space};
use crate::app::update::{Action, ListingAction};
use crate::app::widgets::toggle::toggle;
use crate::app::widgets::{numbers, table};
use crate::domain::Pane;
use crate::record::table::csv_line;

/// Width of the first two columns, points, and the least of the others.
const POSITION: f32 = 84.0;
const PIECE: f32 = 120.0;
const NUMBER: f32 = 78.0;

/// What the table shows.
#[derive(Debug, Clone, PartialEq)]
pub struct TokensView<'a> {
    /// Which text it lists.
    pub pane: Pane,
    /// What that text is called in a file.
    pub text: &'static str,
    /// What was typed to find tokens.
    pub search: &'a str,
    /// The columns with their headings and widths.
    pub columns: Vec<(Column, String, f32)>,
    /// What it is sorted by.
    pub sort: Column,
    /// Whether the largest come first.
    pub descending: bool,
    /// Positions of the tokens, in their order.
    pub lines: Vec<usize>,
    /// How many tokens there are.
    pub all: usize,
    /// The position of the token whose card stays open.
    pub pinned: Option<usize>,
}

impl<'a> TokensView<'a> {
    /// Decides what the table shows; nothing where it is closed.
    #[must_use]
    pub fn build(state: &'a State) -> Option<Self> {
        if !state.settings.tokens_open || state.is_showing() || state.hidden().is_some() {
            return None;
        }
        let listing = &state.listing;
        let objectives = state.objectives();
        let columns = Column::all(objectives.len(), state.focus.objective)
            .into_iter()
            .map(|column| {
                let label = column.label(objectives);
                let width = match column {
                    Column::Position => POSITION,
                    Column::Piece => PIECE,
                    _ => table::heading_width(&label, NUMBER),
                };
                (column, label, width)
            });
        let pinned = state
            .focus
            .pinned
            .filter(|token| token.pane == listing.pane);
        Some(Self {
            pane: listing.pane,
            text: match (state.page, listing.pane) {
                (Page::Score, Pane::Base) => "first",
                (Page::Score, Pane::Guided) => "second",
                (_, Pane::Base) => "base",
                (_, Pane::Guided) => "guided",
            },
            search: &listing.search,
            columns: columns.collect(),
            sort: listing.sort,
            descending: listing.descending,
            lines: state.listed(),
            all: state
                .looked_at()
                .map_or(0, |run| run.text(listing.pane).len()),
            pinned: pinned.map(|token| token.index),
        })
    }

    /// A sentence where the table would be empty.
    #[must_use]
    pub fn empty_note(&self) -> Option<&'static str> {
        match (self.lines.is_empty(), self.all) {
            (false, _) => None,
            (true, 0) => Some("Here all tokens will be listed when something is written"),
            (true, _) => Some("No token has these letters"),
        }
    }
}

/// The lines of the table as CSV, with full precision: probabilities as natural logarithms.
#[must_use]
pub fn csv(run: &Run, view: &TokensView<'_>) -> String {
    let heads = view.columns.iter().map(|(column, label, _)| match column {
        Column::Plain => "base",
        Column::Entropy => "entropy",
        _ => label.as_str(),
    });
    let mut out = String::new();
    csv_line(&mut out, ["text"].into_iter().chain(heads));
    for &position in &view.lines {
        let values = view.columns.iter().map(|(column, ..)| match column {
            Column::Position => position.to_string(),
            Column::Piece => run.text(view.pane).pieces[position].clone(),
            _ => run
                .seen(view.pane, position)
                .and_then(|seen| column.value(seen))
                .map_or_else(String::new, |value| value.to_string()),
        });
        csv_line(&mut out, [view.text.to_owned()].into_iter().chain(values));
    }
    out
}

/// What stands in a column for a token.
fn shown(run: &Run, pane: Pane, position: usize, column: Column) -> String {
    let value = || column.value(run.seen(pane, position)?);
    let or_dash = |shown: Option<String>| shown.unwrap_or_else(|| "–".to_owned());
    match column {
        Column::Position => (position + 1).to_string(),
        Column::Piece => {
            let piece = &run.text(pane).pieces[position];
            if piece.is_empty() {
                "end of text".to_owned()
            } else {
                numbers::visible(piece)
            }
        }
        Column::Plain | Column::Guided => value().map_or_else(String::new, numbers::percent),
        // They have no sign.
        Column::Kl | Column::Entropy => {
            or_dash(value().map(|nats| format!("{:.2}", nats.max(0.0))))
        }
        Column::Influence | Column::Reward(_) | Column::Advantage(_) | Column::Push(_) => {
            or_dash(value().map(numbers::nats))
        }
    }
}

/// Draws the table.
pub fn tokens_ui(ui: &mut Ui, state: &State, view: &TokensView<'_>) -> Vec<Action> {
    let mut actions = head_ui(ui, state, view);
    let colours = palette(ui);
    if let Some(note) = view.empty_note() {
        ui.label(RichText::new(note).color(colours.weak));
    }
    let Some(run) = state.looked_at().filter(|_| view.all > 0) else {
        return actions;
    };
    let width = view.columns.iter().map(|(_, _, width)| width).sum();
    let line = vec2(width, space::TARGET);
    // One area for both ways, so that both bars are always in sight; the headings stay at its top.
    ScrollArea::both()
        .id_salt("tokens")
        .auto_shrink([false, false])
        .show_viewport(ui, |ui, viewport| {
            let all = vec2(width, line.y * (view.lines.len() + 1) as f32);
            let corner = ui.allocate_exact_size(all, Sense::hover()).0.min;
            let headings = Rect::from_min_size(corner + vec2(0.0, viewport.top()), line);
            let mut body = ui.clip_rect();
            body.min.y = body.min.y.max(headings.bottom());
            let first = (viewport.top() / line.y) as usize;
            let seen = (viewport.height() / line.y).ceil() as usize + 1;
            for (row, &position) in view.lines.iter().enumerate().skip(first).take(seen) {
                let place = corner + vec2(0.0, line.y * (row + 1) as f32);
                let room = UiBuilder::new()
                    .id_salt(position)
                    .max_rect(Rect::from_min_size(place, line));
                let mut ui = ui.new_child(room);
                ui.set_clip_rect(body);
                if line_ui(&mut ui, colours, run, view, position) {
                    actions.push(Action::TogglePin(TokenRef {
                        pane: view.pane,
                        index: position,
                    }));
                }
            }
            let mut ui = ui.new_child(UiBuilder::new().id_salt("headings").max_rect(headings));
            actions.extend(headings_ui(&mut ui, view));
        });
    actions
}

fn headings_ui(ui: &mut Ui, view: &TokensView<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
    ui.horizontal(|ui| {
        for (column, label, width) in &view.columns {
            let sorted = (view.sort == *column).then_some(view.descending);
            if table::heading(ui, *width, label, sorted, column.about()) {
                actions.push(Action::Listing(ListingAction::Sort(*column)));
            }
        }
    });
    actions
}

fn head_ui(ui: &mut Ui, state: &State, view: &TokensView<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    let act = |action| Action::Listing(action);
    ui.horizontal(|ui| {
        ui.label(RichText::new("All tokens").text_style(section()));
        let names = match state.page {
            Page::Score => [
                (Pane::Base, "First", "List the first answer"),
                (Pane::Guided, "Second", "List the second answer"),
            ],
            _ => [
                (Pane::Base, "Base", "List the base text"),
                (Pane::Guided, "Guided", "List the guided text"),
            ],
        };
        for (pane, words, label) in names {
            if toggle(ui, words, label, view.pane == pane).clicked() {
                actions.push(act(ListingAction::SetPane(pane)));
            }
        }
        let mut search = view.search.to_owned();
        let edit = TextEdit::singleline(&mut search)
            .hint_text("Find tokens")
            .desired_width(130.0);
        let response = ui.add(edit);
        response.widget_info(|| {
            let mut info = WidgetInfo::text_edit(true, view.search, view.search, "Find tokens");
            info.label = Some("Find tokens".to_owned());
            info
        });
        if response.changed() {
            actions.push(act(ListingAction::Search(search)));
        }
        let (found, all) = (numbers::count(view.lines.len()), numbers::count(view.all));
        let words = if view.search.trim().is_empty() {
            format!("{all} tokens")
        } else {
            format!("{found} of {all} tokens")
        };
        ui.label(
            RichText::new(words)
                .size(size::SMALL)
                .color(palette(ui).weak),
        );
        let copy = Button::new("Copy as CSV").min_size(vec2(0.0, space::TARGET));
        let help = "Copy these lines with full precision, for a spreadsheet; positions count from 0 there, as in exported files";
        let can = !view.lines.is_empty();
        if ui.add_enabled(can, copy).on_hover_text(help).clicked()
            && let Some(run) = state.looked_at()
        {
            ui.copy_text(csv(run, view));
        }
        if ui
            .button("Close")
            .on_hover_text("Close the table")
            .clicked()
        {
            actions.push(act(ListingAction::Toggle));
        }
    });
    actions
}

/// Draws a token's line; says whether it was clicked.
fn line_ui(
    ui: &mut Ui,
    colours: &Palette,
    run: &Run,
    view: &TokensView<'_>,
    position: usize,
) -> bool {
    let width = view.columns.iter().map(|(_, _, width)| width).sum();
    let (rect, response) = ui.allocate_exact_size(vec2(width, space::TARGET), Sense::click());
    let pinned = view.pinned == Some(position);
    let cells: Vec<String> = view
        .columns
        .iter()
        .map(|(column, ..)| shown(run, view.pane, position, *column))
        .collect();
    response.widget_info(|| {
        let parts = view.columns.iter().zip(&cells).skip(2);
        let numbers: Vec<String> = parts
            .map(|((_, label, _), cell)| format!("{label} {cell}"))
            .collect();
        let label = format!("Token {}, {}: {}", cells[0], cells[1], numbers.join(", "));
        WidgetInfo::selected(Role::Button, true, pinned, label)
    });
    if !ui.is_rect_visible(rect) {
        return response.clicked();
    }
    let painter = ui.painter();
    if pinned {
        painter.rect_filled(rect, radius::WORD, colours.accent_soft);
    } else if response.hovered() {
        painter.rect_filled(rect, radius::WORD, colours.hover);
    }
    if response.has_focus() {
        let stroke = Stroke::new(1.0, colours.accent);
        painter.rect_stroke(rect, radius::WORD, stroke, StrokeKind::Inside);
    }
    let mut left = rect.left();
    for ((column, _, width), cell) in view.columns.iter().zip(&cells) {
        let font = match column {
            Column::Piece => FontId::proportional(size::SMALL + 1.0),
            _ => theme::digits(size::SMALL + 0.5),
        };
        let room = Rect::from_min_size(pos2(left, rect.top()), vec2(*width - 6.0, rect.height()));
        painter.with_clip_rect(room.intersect(ui.clip_rect())).text(
            pos2(left + 2.0, rect.center().y),
            Align2::LEFT_CENTER,
            cell,
            font,
            colours.text,
        );
        left += width;
    }
    response
        .on_hover_cursor(egui::CursorIcon::PointingHand)
        .clicked()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_table_and_demo_mode_show_nothing() {
        let mut state = State::default();
        assert_eq!(TokensView::build(&state), None);
        state.settings.tokens_open = true;
        state.settings.mode = crate::app::state::settings::Mode::Lab;
        let view = TokensView::build(&state).unwrap();
        assert!(view.empty_note().unwrap().starts_with("Here all tokens"));
        state.page = crate::app::state::page::Page::Steer;
        state.settings.mode = crate::app::state::settings::Mode::Demo;
        assert_eq!(TokensView::build(&state), None);
    }
}
