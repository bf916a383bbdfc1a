//! The picture of a sweep: which one, what stands on its axes, and what a click in it means.

use std::sync::Arc;

use egui::{Button, ComboBox, Response, RichText, Ui};

use super::{act, matrix, parallel, scatter, triangle};
use crate::app::state::State;
use crate::app::state::tradeoff::{Chart, Curve, Dot};
use crate::app::theme::{palette, size, space};
use crate::app::update::{self, Action, TradeoffAction};
use crate::app::widgets::toggle::toggle;
use crate::engine::tradeoff::Measure;

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ChartView {
    /// The pictures that there are.
    pub charts: Vec<Chart>,
    /// The one on show.
    pub chart: Chart,
    /// Names of the scores: those of the objectives, behind them the independent ones.
    pub objectives: Vec<String>,
    /// The unit of each score, where it has one.
    pub units: Vec<Option<&'static str>>,
    /// The objectives that are swept.
    pub swept: Vec<usize>,
    /// The scores to the right and upwards.
    pub axes: [usize; 2],
    /// The score that colours the triangle.
    pub colour: usize,
    /// How texts are scored.
    pub measure: Measure,
    /// Ranges that are marked on the parallel axes, from the left.
    pub marks: Vec<Option<[f64; 2]>>,
    /// One per setting that has a text.
    pub dots: Arc<[Dot]>,
    /// The setting whose weights stand on the sliders.
    pub loaded: Option<usize>,
    /// The way along the settings.
    pub curve: Option<Curve>,
    /// Where the sliders stand on it, and whether they stand there exactly.
    pub handle: Option<(f64, bool)>,
}

impl ChartView {
    /// Decides what is shown; nothing before the first text.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let page = &state.tradeoff;
        let sweep = page.sweep.as_ref()?;
        let record = &sweep.record;
        let outcome = &sweep.outcome;
        let names = record.score_names();
        let measure = page.look.measure;
        let units: Vec<_> = (0..names.len())
            .map(|score| record.unit(score, measure))
            .collect();
        let dots = Arc::clone(&sweep.dots);
        if dots.is_empty() {
            return None;
        }
        let swept = outcome.axes.clone();
        let objectives: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let mut charts = vec![Chart::Scatter];
        if swept.len() == 3 {
            charts.push(Chart::Triangle);
        }
        if objectives.len() > 2 {
            charts.push(Chart::Matrix);
        }
        charts.push(Chart::Parallel);
        let chart = if charts.contains(&page.look.chart) {
            page.look.chart
        } else {
            Chart::Scatter
        };
        let curve = page.curve();
        let handle = curve.as_ref().filter(|_| update::fits_sliders(state));
        let handle = handle.map(|curve| {
            let (place, distance) = curve.nearest_weights(&state.draft.effective_weights());
            (place, distance < 1e-3)
        });
        Some(Self {
            charts,
            chart,
            units,
            objectives,
            swept,
            axes: page.look.axes,
            colour: page.look.colour,
            measure,
            marks: page.look.marks.clone(),
            dots,
            loaded: update::loaded(state),
            curve,
            handle,
        })
    }

    /// The plain model's scores.
    #[must_use]
    pub fn base(&self) -> Option<&[f64]> {
        let base = self.dots.iter().find(|dot| dot.is_base)?;
        Some(&base.scores)
    }

    /// The dots that have all of these scores.
    pub(super) fn dots_with<'a>(
        &'a self,
        scores: &'a [usize],
    ) -> impl Iterator<Item = &'a Dot> + Clone {
        let has = move |dot: &&Dot| scores.iter().all(|&score| dot.scores[score].is_finite());
        self.dots.iter().filter(has)
    }

    /// What an assistive tool is told of the picture.
    #[must_use]
    pub fn words(&self) -> String {
        let ringed = self.dots.iter().filter(|dot| dot.on_front).count();
        let shown = match self.chart {
            Chart::Scatter => self.dots_with(&self.axes).count(),
            Chart::Triangle | Chart::Matrix | Chart::Parallel => self.dots.len(),
        };
        let what = match self.chart {
            Chart::Scatter => format!(
                "Scatter of {} against {}",
                self.objectives[self.axes[1]], self.objectives[self.axes[0]]
            ),
            Chart::Triangle => {
                format!(
                    "Triangle of weights, coloured by {}",
                    self.objectives[self.colour]
                )
            }
            Chart::Matrix => "Scatters of all pairs of scores".to_owned(),
            Chart::Parallel => "Parallel axes of weights and scores".to_owned(),
        };
        format!(
            "{what}: {shown} settings, {ringed} of them not beaten. The table below has their numbers"
        )
    }
}

/// Draws the picture alone, as it is kept in a file.
pub(in crate::app) fn picture_ui(ui: &mut Ui, view: &ChartView) {
    let height = 420.0;
    let colours = palette(ui);
    colours.card().inner_margin(space::S).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        // What a person could do there leads nowhere.
        match view.chart {
            Chart::Scatter => drop(scatter::scatter_ui(ui, view, height)),
            Chart::Triangle => drop(triangle::triangle_ui(ui, view, height)),
            Chart::Matrix => drop(matrix::matrix_ui(ui, view, height)),
            Chart::Parallel => drop(parallel::parallel_ui(ui, view, height)),
        }
        if let (Chart::Parallel, Some(marked)) = (view.chart, parallel::marked(view)) {
            small_ui(ui, &marked);
        }
        small_ui(ui, signs(view.chart));
    });
}

/// Draws the picture and what it is chosen by; `room` is the height of the page's right side, points.
pub(super) fn chart_ui(ui: &mut Ui, view: &ChartView, room: f32) -> Vec<Action> {
    let mut actions = choice_ui(ui, view);
    let height = (room * 0.46).clamp(230.0, 520.0);
    let colours = palette(ui);
    colours.card().inner_margin(space::S).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        actions.extend(match view.chart {
            Chart::Scatter => scatter::scatter_ui(ui, view, height),
            Chart::Triangle => {
                let done = triangle::triangle_ui(ui, view, height * 1.4);
                done.into_iter().collect()
            }
            Chart::Matrix => matrix::matrix_ui(ui, view, height),
            Chart::Parallel => {
                let mut done = parallel::parallel_ui(ui, view, height);
                done.extend(parallel::marked_ui(ui, view));
                done
            }
        });
        actions.extend(legend_ui(ui, view));
    });
    actions
}

fn choice_ui(ui: &mut Ui, view: &ChartView) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.horizontal_wrapped(|ui| {
        if view.charts.len() > 1 {
            for chart in &view.charts {
                let on = view.chart == *chart;
                let word = chart.label();
                if toggle(ui, word, &format!("Picture: {word}"), on).clicked() {
                    actions.push(act(TradeoffAction::SetChart)(*chart));
                }
            }
            ui.add_space(space::S);
        }
        match view.chart {
            Chart::Scatter => {
                for (place, words) in [(0, "Right"), (1, "Up")] {
                    let picked = pick_ui(ui, words, view.axes[place], &view.objectives);
                    actions.extend(picked.map(|objective| {
                        Action::Tradeoff(TradeoffAction::SetAxis { place, objective })
                    }));
                }
            }
            Chart::Triangle => {
                let picked = pick_ui(ui, "Colour", view.colour, &view.objectives);
                actions.extend(picked.map(act(TradeoffAction::SetColour)));
            }
            Chart::Matrix | Chart::Parallel => {}
        }
        let measures = Measure::ALL.map(|measure| measure.label().to_owned());
        let at = Measure::ALL.iter().position(|one| *one == view.measure);
        let picked = pick_ui(ui, "Score", at.unwrap_or(0), &measures);
        let picked = picked.and_then(|index| Measure::ALL.get(index).copied());
        actions.extend(picked.map(act(TradeoffAction::SetMeasure)));
    });
    actions
}

/// One of several words behind what they are for; gives the place of the one that was picked.
pub(super) fn pick_ui(ui: &mut Ui, label: &str, now: usize, words: &[String]) -> Option<usize> {
    let mut picked = None;
    let shown = words.get(now).map_or("", String::as_str);
    // What it is for and what is chosen stay on one line.
    let [name, word] = [label, shown].map(|words| words.chars().count() as f32);
    if ui.available_size_before_wrap().x < 6.0 * name + 7.5 * word + 48.0 {
        ui.end_row();
    }
    ui.horizontal(|ui| {
        let weak = palette(ui).weak;
        let name = ui.label(RichText::new(label).size(size::SMALL).color(weak));
        ComboBox::from_id_salt(("trade-off", label))
            .selected_text(shown)
            .show_ui(ui, |ui| {
                for (index, word) in words.iter().enumerate() {
                    if ui.add(Button::selectable(index == now, word)).clicked() {
                        picked = Some(index);
                    }
                }
            })
            .response
            .labelled_by(name.id);
    });
    picked.filter(|index| *index != now)
}

/// What the signs of a picture stand for.
const fn signs(chart: Chart) -> &'static str {
    match chart {
        Chart::Triangle => {
            "bright rings: not beaten   larger dots: larger weights   corners: one objective alone"
        }
        Chart::Scatter => "◯ not beaten   ● beaten   × plain model   bars: 95 % interval",
        Chart::Matrix => "◯ not beaten   ● beaten   × plain model",
        Chart::Parallel => "thick: not beaten   dashed: plain model",
    }
}

fn small_ui(ui: &mut Ui, words: &str) -> Response {
    let words = RichText::new(words).size(size::SMALL);
    ui.label(words.color(palette(ui).weak))
}

fn legend_ui(ui: &mut Ui, view: &ChartView) -> Option<Action> {
    let mut moved = None;
    ui.horizontal_wrapped(|ui| {
        small_ui(ui, signs(view.chart));
        match view.chart {
            Chart::Matrix => drop(small_ui(ui, "click a pair to see it large")),
            Chart::Parallel => drop(small_ui(
                ui,
                "drag along an axis to mark a range, click it to take the mark away",
            )),
            Chart::Scatter | Chart::Triangle => {}
        }
        if let (Chart::Scatter, Some(curve), Some((place, exact))) =
            (view.chart, &view.curve, view.handle)
        {
            ui.add_space(space::S);
            let label = if curve.is_front {
                "Along the front"
            } else {
                "Along the curve"
            };
            let name = small_ui(ui, label);
            let mut at = place;
            // Without steps: rounding would count as a change that nobody made.
            let slider = egui::Slider::new(&mut at, 0.0..=curve.length()).show_value(false);
            ui.spacing_mut().slider_width = 180.0;
            let response = ui
                .add(slider)
                .labelled_by(name.id)
                .on_hover_text("Move the sliders of the Steer page through these settings");
            if response.changed() && at.to_bits() != place.to_bits() {
                moved = Some(act(TradeoffAction::Along)(at));
            } else if response.drag_stopped() || response.lost_focus() {
                moved = Some(Action::EndEdit);
            }
            if !exact {
                small_ui(ui, "(the sliders stand elsewhere)");
            }
        }
    });
    moved
}

/// The dot nearest to the pointer, where one is within reach, and how many more lie in the same place: settings that
/// write the same texts do.
pub(super) fn nearest<'a>(
    dots: impl Iterator<Item = (egui::Pos2, &'a Dot)>,
    pointer: egui::Pos2,
) -> Option<(&'a Dot, usize)> {
    /// Points around a dot that count as on it.
    const REACH: f32 = 12.0;
    /// Points between dots that look like one.
    const SAME: f32 = 1.5;
    let near: Vec<_> = dots
        .filter(|(at, _)| at.distance(pointer) <= REACH + SAME)
        .collect();
    let (at, dot) = near
        .iter()
        .min_by(|(a, _), (b, _)| a.distance(pointer).total_cmp(&b.distance(pointer)))?;
    let here = near.iter().filter(|(other, _)| other.distance(*at) <= SAME);
    (at.distance(pointer) <= REACH).then(|| (*dot, here.count() - 1))
}

/// What follows from the pointer being on a dot, with so many more below it: a hint, and its weights at a click.
pub(super) fn point_at(
    ui: &Ui,
    response: &egui::Response,
    dot: Option<(&Dot, usize)>,
) -> Option<Action> {
    let (dot, more) = dot?;
    ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
    response.clone().on_hover_ui_at_pointer(|ui| {
        ui.set_max_width(320.0);
        ui.label(&dot.hint);
        let colour = palette(ui).weak;
        let weak = |words: String| RichText::new(words).size(size::SMALL).color(colour);
        if more > 0 {
            let s = if more == 1 { "" } else { "s" };
            ui.label(weak(format!("{more} more setting{s} at the same place")));
        }
        ui.label(weak("Click to put these weights on the sliders".to_owned()));
    });
    response
        .clicked()
        .then(|| act(TradeoffAction::Load)(dot.setting))
}
