//! Drawing the texts side by side.

use std::time::Duration;

use egui::containers::frame::Prepared;
use egui::{Align, Layout, Rect, RichText, Role, Ui, WidgetInfo};

use super::{PaneView, PanesView};
use crate::app::panels::branches::branches_ui;
use crate::app::panels::meter::meter_ui;
use crate::app::state::region::Region;
use crate::app::state::{State, TokenRef};
use crate::app::theme::{palette, section, size, space};
use crate::app::update::{Action, SideAction};
use crate::app::widgets::token_view::{Lane, TokenView};
use crate::domain::Pane;

/// Where words that a card may stand beside are on the screen.
#[derive(Debug, Clone, Copy)]
pub struct WordPlaces {
    /// The plain text's pane.
    pub base: Rect,
    /// The guided text's pane.
    pub guided: Rect,
    /// The word under the pointer.
    pub hovered: Option<Rect>,
    /// The word whose card is pinned.
    pub pinned: Option<Rect>,
}

impl Default for WordPlaces {
    fn default() -> Self {
        Self {
            base: Rect::NOTHING,
            guided: Rect::NOTHING,
            hovered: None,
            pinned: None,
        }
    }
}

/// A text that was scrolled: its column, and the token at its top.
#[derive(Debug, Clone, Copy, Default)]
struct Scrolled {
    column: usize,
    token: usize,
}

/// Draws the panes.
pub fn panes_ui(ui: &mut Ui, state: &State, view: &PanesView<'_>) -> (Vec<Action>, WordPlaces) {
    let mut actions = Vec::new();
    let height = ui.available_height();
    let mut hovered = None;
    let mut places = WordPlaces::default();
    let scroll_id = egui::Id::unique("scrolled text");
    let scrolled: Option<Scrolled> = ui.data_mut(|data| data.remove_temp(scroll_id));
    ui.spacing_mut().item_spacing.x = space::M;
    ui.columns(view.panes.len(), |columns| {
        let both = columns.iter_mut().zip(&view.panes);
        let mut cards: Vec<(&mut Ui, &PaneView<'_>, Prepared)> = both
            .map(|(ui, pane)| {
                let mut card = palette(ui).card().begin(ui);
                let content = &mut card.content_ui;
                content.set_min_height((height - 2.0 * space::M).max(80.0));
                content.set_min_width(content.available_width());
                down(content, |ui| header_ui(ui, pane, &mut actions));
                (ui, pane, card)
            })
            .collect();
        // All texts begin at the same height, whatever stands above them.
        let tops = cards.iter().map(|card| card.2.content_ui.cursor().top());
        let lowest = tops.fold(f32::NEG_INFINITY, f32::max);
        for (column, (_, pane, card)) in cards.iter_mut().enumerate() {
            let content = &mut card.content_ui;
            content.add_space((lowest - content.cursor().top()).max(0.0));
            let lead = scrolled
                .filter(|scrolled| scrolled.column != column)
                .and_then(|from| Some(view.together?.across(from.column, column, from.token)));
            let shown = down(content, |ui| text_ui(ui, state, pane, lead, &mut actions));
            if let (Some(token), true) = (shown.scrolled_to, view.together.is_some()) {
                let scrolled = Scrolled { column, token };
                content.data_mut(|data| data.insert_temp(scroll_id, scrolled));
                content.ctx().request_repaint();
            }
            if pane.place.is_none() && !pane.nameless {
                hovered = hovered.or(shown.hovered);
                places.hovered = places.hovered.or(shown.places.hovered);
                places.pinned = places.pinned.or(shown.places.pinned);
            }
        }
        for (ui, pane, card) in cards {
            let rect = card.end(ui).rect;
            match (pane.place, pane.pane) {
                (None, Pane::Base) => places.base = rect,
                (None, Pane::Guided) => places.guided = rect,
                (Some(_), _) => {}
            }
        }
    });
    if hovered != view.hovered {
        actions.push(Action::Hover(hovered));
    }
    (actions, places)
}

/// Draws from the left edge downwards; columns would centre it.
fn down<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> R {
    ui.with_layout(Layout::top_down(Align::Min), contents).inner
}

/// What stands above a text.
fn header_ui(ui: &mut Ui, view: &PaneView<'_>, actions: &mut Vec<Action>) {
    let weak = palette(ui).weak;
    ui.horizontal_wrapped(|ui| {
        ui.set_min_height(space::TARGET);
        ui.label(RichText::new(&*view.title).text_style(section()));
        if let Some(meter) = &view.guidance {
            actions.extend(meter_ui(ui, meter));
        } else {
            ui.label(RichText::new(view.subtitle).size(size::SMALL).color(weak));
        }
        if let Some(place) = view.place {
            let close = ui.button("Close").on_hover_text("Close this column");
            let label = format!("Close the column {}", view.title);
            close.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
            if close.clicked() {
                actions.push(Action::Side(SideAction::Drop(place)));
            }
        }
    });
    if let Some(branches) = &view.branches {
        actions.extend(branches_ui(ui, branches));
    }
    ui.add_space(space::XS);
}

/// What came of drawing a text.
#[derive(Default)]
struct Shown {
    hovered: Option<TokenRef>,
    scrolled_to: Option<usize>,
    places: WordPlaces,
}

/// Draws one text by itself: the token under the pointer, and where cards may stand.
pub(in crate::app) fn one_text_ui(
    ui: &mut Ui,
    state: &State,
    view: &PaneView<'_>,
    actions: &mut Vec<Action>,
) -> (Option<TokenRef>, WordPlaces) {
    let shown = text_ui(ui, state, view, None, actions);
    (shown.hovered, shown.places)
}

/// A text, or a sentence where there is none.
fn text_ui(
    ui: &mut Ui,
    state: &State,
    view: &PaneView<'_>,
    lead: Option<usize>,
    actions: &mut Vec<Action>,
) -> Shown {
    let weak = palette(ui).weak;
    let region = match view.pane {
        Pane::Base => Region::Base,
        Pane::Guided => Region::Guided,
    };
    if view.wants_focus {
        actions.push(Action::RegionFocused(region));
    }
    if let Some(note) = &view.empty_note {
        ui.label(RichText::new(note).color(weak));
        return Shown::default();
    }
    let colours = palette(ui);
    let lanes: Vec<Lane<'_>> = view.lanes.iter().map(|lane| lane.drawn(colours)).collect();
    // Two kept texts may have the same name.
    let id = egui::Id::unique(&*view.label).with(view.place);
    let shown = TokenView::new(id, &view.label, &view.cells)
        .scale(view.scale)
        .lanes(&lanes)
        .bars(view.bars)
        .pinned(view.pinned)
        .echo(view.echo)
        .fork_at(view.fork_at)
        .change_at(view.change_at)
        .differs(view.differs)
        .lead(lead)
        .spoken(&|| view.sentences(state))
        .faded_from(view.faded_from, view.veil)
        .streaming(view.streaming)
        .blurred(view.blurred)
        .show(ui);
    if view.faded_from.is_some() {
        // They fade even where no word comes for a while.
        ui.ctx().request_repaint_after(Duration::from_millis(30));
    }
    if view.wants_focus {
        shown.response.request_focus();
    }
    actions.extend(shown.lane.map(Action::SetHeatObjective));
    let token = |index: usize| TokenRef {
        pane: view.pane,
        index,
    };
    if let Some(index) = shown
        .clicked
        .filter(|_| view.place.is_none() && !view.nameless)
    {
        actions.push(Action::TogglePin(token(index)));
    }
    Shown {
        hovered: shown.hovered.map(token),
        scrolled_to: shown.scrolled_to,
        places: WordPlaces {
            hovered: shown.hovered_rect,
            pinned: shown.pinned_rect,
            ..WordPlaces::default()
        },
    }
}
