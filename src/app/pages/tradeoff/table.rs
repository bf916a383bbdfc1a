//! The numbers behind the picture, as a table that sorts and copies.

use egui::{Button, RichText, ScrollArea, Ui, vec2};

use super::act;
use crate::app::state::State;
use crate::app::state::tradeoff::{
    SortBy, Sweep, TableOf, first_words, score_words, weights_words,
};
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::{self, Action, TradeoffAction};
use crate::app::widgets::numbers::{count, weight};
use crate::app::widgets::table::{self, heading_width as wide};
use crate::app::widgets::toggle::toggle;
use crate::engine::tradeoff::Measure;

/// Height of the table, points.
const HEIGHT: f32 = 240.0;
/// Letters of a text in a row.
const TEXT_LETTERS: usize = 70;

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct TableView {
    /// Settings or texts.
    pub of: TableOf,
    /// The columns: heading, what it sorts by, and width in points.
    pub columns: Vec<(String, Option<SortBy>, f32)>,
    /// The lines in their order: places of settings or of rows.
    pub lines: Vec<usize>,
    /// What it is sorted by.
    pub sort: SortBy,
    /// Whether the largest come first.
    pub descending: bool,
    /// Whether weights can be put on the sliders.
    pub can_load: bool,
    /// The setting whose weights stand on them.
    pub loaded: Option<usize>,
}

impl TableView {
    /// Decides what is shown; nothing before the first text.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let page = &state.tradeoff;
        let sweep = page.sweep.as_ref()?;
        if sweep.record.rows.is_empty() {
            return None;
        }
        let look = &page.look;
        let mut lines: Vec<usize> = match look.table {
            TableOf::Settings => (0..sweep.record.settings.len()).collect(),
            TableOf::Texts => (0..sweep.record.rows.len()).collect(),
        };
        let key = |line: usize| match look.table {
            TableOf::Settings => of_setting(sweep, line, look.sort),
            TableOf::Texts => of_text(sweep, line, look.sort, look.measure),
        };
        if look.sort != SortBy::Order || look.table == TableOf::Texts || look.descending {
            let keys: Vec<f64> = lines.iter().map(|line| key(*line)).collect();
            // What has no number stands last, whichever way.
            lines.sort_by(|&a, &b| {
                let (a, b) = (keys[a], keys[b]);
                let order = if look.descending {
                    b.total_cmp(&a)
                } else {
                    a.total_cmp(&b)
                };
                a.is_nan().cmp(&b.is_nan()).then(order)
            });
        }
        Some(Self {
            of: look.table,
            columns: columns(sweep, look.table),
            lines,
            sort: look.sort,
            descending: look.descending,
            can_load: update::fits_sliders(state),
            loaded: update::loaded(state),
        })
    }
}

fn of_setting(sweep: &Sweep, line: usize, by: SortBy) -> f64 {
    let standing = &sweep.outcome.standings[line];
    match by {
        SortBy::Order => line as f64,
        SortBy::Weight(index) => standing.weights.get(index).copied().unwrap_or(f64::NAN),
        SortBy::Score(index) => {
            let score = standing.scores.get(index).copied().flatten();
            score.map_or(f64::NAN, |score| score.value)
        }
        SortBy::Count => standing.texts as f64,
    }
}

fn of_text(sweep: &Sweep, line: usize, by: SortBy, measure: Measure) -> f64 {
    let row = &sweep.record.rows[line];
    let weights = &sweep.record.settings[row.setting];
    match by {
        SortBy::Order => {
            let prompts = sweep.record.prompts.len();
            let settings = sweep.record.settings.len();
            ((row.sample * prompts + row.prompt) * settings + row.setting) as f64
        }
        SortBy::Weight(index) => weights.get(index).copied().unwrap_or(f64::NAN),
        SortBy::Score(index) => {
            let score = sweep.record.score(row, measure, index);
            score.unwrap_or(f64::NAN)
        }
        SortBy::Count => row.scores.tokens as f64,
    }
}

fn columns(sweep: &Sweep, of: TableOf) -> Vec<(String, Option<SortBy>, f32)> {
    let names = sweep.record.score_names();
    let objectives = sweep.record.info.objectives.len();
    let mut columns = vec![(String::new(), None, 26.0)];
    let scores = |least: f32| {
        let names = names.iter().enumerate();
        names
            .map(|(index, name)| {
                let by = Some(SortBy::Score(index));
                ((*name).to_owned(), by, wide(name, least))
            })
            .collect::<Vec<_>>()
    };
    match of {
        TableOf::Settings => {
            for (index, name) in names.iter().take(objectives).enumerate() {
                let head = format!("w {name}");
                let width = wide(&head, 60.0);
                columns.push((head, Some(SortBy::Weight(index)), width));
            }
            columns.extend(scores(112.0));
            columns.push(("texts".to_owned(), Some(SortBy::Count), 60.0));
            columns.push((String::new(), None, 52.0));
        }
        TableOf::Texts => {
            columns.push(("weights".to_owned(), Some(SortBy::Order), 190.0));
            columns.push(("prompt".to_owned(), None, 52.0));
            columns.push(("seed".to_owned(), None, 52.0));
            columns.push(("tokens".to_owned(), Some(SortBy::Count), 64.0));
            columns.extend(scores(76.0));
            columns.push(("text".to_owned(), None, 460.0));
        }
    }
    columns
}

/// What stands in a line.
fn cells(sweep: &Sweep, view: &TableView, measure: Measure, line: usize) -> Vec<String> {
    let record = &sweep.record;
    let setting = match view.of {
        TableOf::Settings => line,
        TableOf::Texts => record.rows[line].setting,
    };
    let standing = &sweep.outcome.standings[setting];
    let mark = match (standing.is_base, standing.on_front) {
        (true, _) => "×",
        (false, true) => "◯",
        (false, false) => "",
    };
    let words = |index: usize, score: f64| score_words(record.unit(index, measure), score, 3);
    let mut cells = vec![mark.to_owned()];
    match view.of {
        TableOf::Settings => {
            cells.extend(standing.weights.iter().map(|w| weight(*w)));
            cells.extend(standing.scores.iter().enumerate().map(|(index, score)| {
                let Some(score) = score else {
                    return "–".to_owned();
                };
                let words = words(index, score.value);
                match score.half {
                    Some(half) => format!("{words} ± {half:.3}"),
                    None => words,
                }
            }));
            cells.push(count(standing.texts));
        }
        TableOf::Texts => {
            let row = &record.rows[line];
            cells.push(weights_words(record, &standing.weights));
            cells.push((row.prompt + 1).to_string());
            cells.push(record.seed(row).to_string());
            cells.push(count(row.scores.tokens));
            for index in 0..standing.scores.len() {
                let score = record.score(row, measure, index);
                cells.push(score.map_or_else(|| "–".to_owned(), |score| words(index, score)));
            }
            cells.push(first_words(&row.text, TEXT_LETTERS));
        }
    }
    cells
}

/// Draws it.
pub(super) fn table_ui(ui: &mut Ui, state: &State, view: &TableView) -> Vec<Action> {
    let mut actions = Vec::new();
    let Some(sweep) = &state.tradeoff.sweep else {
        return actions;
    };
    ui.horizontal(|ui| {
        for (of, word) in [(TableOf::Settings, "Settings"), (TableOf::Texts, "Texts")] {
            if toggle(
                ui,
                word,
                &format!("Table of {}", word.to_lowercase()),
                view.of == of,
            )
            .clicked()
            {
                actions.push(act(TradeoffAction::SetTable)(of));
            }
        }
        let copy = Button::new("Copy as CSV").min_size(vec2(0.0, space::TARGET));
        let help = "Copy all texts with their weights and scores, for a spreadsheet";
        if ui.add(copy).on_hover_text(help).clicked() {
            ui.copy_text(sweep.record.csv());
        }
    });
    let colours = palette(ui);
    colours.card().inner_margin(space::S).show(ui, |ui| {
        ScrollArea::horizontal()
            .id_salt("trade-off table across")
            .auto_shrink([false, true])
            .show(ui, |ui| {
                actions.extend(heads_ui(ui, view));
                ScrollArea::vertical()
                    .id_salt("trade-off table")
                    .max_height(HEIGHT)
                    // The page scrolls too: what it has left is no measure.
                    .min_scrolled_height(HEIGHT)
                    .auto_shrink([false, true])
                    .show_rows(ui, space::TARGET, view.lines.len(), |ui, range| {
                        for line in &view.lines[range] {
                            actions.extend(line_ui(ui, state, sweep, view, *line));
                        }
                    });
            });
    });
    actions
}

fn heads_ui(ui: &mut Ui, view: &TableView) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.horizontal(|ui| {
        for (words, by, width) in &view.columns {
            let Some(by) = by else {
                table::cell(ui, *width, |ui| {
                    ui.label(RichText::new(words).font(strong(size::SMALL)));
                });
                continue;
            };
            let help = match by {
                SortBy::Order => "Sort by the order of the sweep",
                SortBy::Weight(_) => "Sort by this weight",
                SortBy::Score(_) => "Sort by this score",
                SortBy::Count => "Sort by this number",
            };
            let sorted = (view.sort == *by).then_some(view.descending);
            if table::heading(ui, *width, words, sorted, help) {
                actions.push(act(TradeoffAction::Sort)(*by));
            }
        }
    });
    actions
}

fn line_ui(
    ui: &mut Ui,
    state: &State,
    sweep: &Sweep,
    view: &TableView,
    line: usize,
) -> Option<Action> {
    let look = &state.tradeoff.look;
    let cells = cells(sweep, view, look.measure, line);
    let mut action = None;
    ui.horizontal(|ui| {
        let widths = view.columns.iter().map(|(_, _, width)| *width);
        for (cell, width) in cells.iter().zip(widths) {
            table::text_cell(ui, width, cell);
        }
        if view.of == TableOf::Settings {
            let weights = &sweep.outcome.standings[line].weights;
            let is_loaded = view.loaded == Some(line);
            let words = if is_loaded { "In use" } else { "Use" };
            let button = Button::selectable(is_loaded, words);
            let label = format!("Use the weights {}", weights_words(&sweep.record, weights));
            let response = ui
                .add_enabled(view.can_load, button)
                .on_hover_text("Put these weights on the sliders")
                .on_disabled_hover_text("The models in use have other objectives");
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::Button, view.can_load, is_loaded, &label)
            });
            if response.clicked() {
                action = Some(act(TradeoffAction::Load)(line));
            }
        }
    });
    action
}
