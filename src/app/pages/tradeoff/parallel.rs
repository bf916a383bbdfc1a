//! Parallel coordinates: an axis for each swept weight and each objective's score, a line for each setting, and ranges that
//! can be marked on the axes to see what reaches into all of them.

use egui::{
    Align2, CursorIcon, FontId, Pos2, Rangef, Rect, RichText, Sense, Stroke, StrokeKind, Ui, pos2,
    vec2,
};

use super::chart::{ChartView, point_at};
use crate::app::state::tradeoff::{Dot, score_words};
use crate::app::theme::{palette, radius, size, space};
use crate::app::update::{Action, TradeoffAction};
use crate::app::widgets::numbers::weight;

/// What an axis shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    /// The weight of an objective.
    Weight(usize),
    /// The score for an objective, or an independent one.
    Score(usize),
}

/// Room around the axes, points.
const TOP: f32 = 22.0;
const BOTTOM: f32 = 22.0;
const SIDE: f32 = 44.0;
/// How far beside an axis the pointer still marks a range on it, and how far beside a line it means that line, points.
const NEAR_AXIS: f32 = 12.0;
const NEAR_LINE: f32 = 8.0;
/// Shorter drags take a mark away, points.
const LEAST: f32 = 3.0;

impl Axis {
    fn all(view: &ChartView) -> Vec<Self> {
        let weights = view.swept.iter().map(|objective| Self::Weight(*objective));
        let scores = (0..view.objectives.len()).map(Self::Score);
        weights.chain(scores).collect()
    }

    fn value(self, dot: &Dot) -> f64 {
        match self {
            Self::Weight(objective) => dot.weights[objective],
            Self::Score(objective) => dot.scores[objective],
        }
    }

    fn name(self, view: &ChartView) -> String {
        match self {
            Self::Weight(objective) => format!("w {}", view.objectives[objective]),
            Self::Score(objective) => view.objectives[objective].clone(),
        }
    }

    fn number(self, view: &ChartView, value: f64) -> String {
        match self {
            Self::Weight(_) => weight(value),
            Self::Score(score) => score_words(view.units[score], value, 3),
        }
    }

    /// From the least to the largest value, never empty.
    fn range(self, view: &ChartView) -> [f64; 2] {
        let values = view.dots.iter().map(|dot| self.value(dot));
        let values = values.filter(|value| value.is_finite());
        let [low, high] = values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
            [low.min(value), high.max(value)]
        });
        if high - low > 1e-9 {
            [low, high]
        } else {
            [low - 0.5, high + 0.5]
        }
    }
}

/// Whether a setting lies in all marked ranges.
fn is_inside(view: &ChartView, dot: &Dot) -> bool {
    let marks = Axis::all(view).into_iter().zip(&view.marks);
    marks
        .filter_map(|(axis, mark)| Some((axis, (*mark)?)))
        .all(|(axis, [low, high])| (low..=high).contains(&axis.value(dot)))
}

/// How many settings lie in all marked ranges, in words; nothing where none is marked.
#[must_use]
pub(super) fn marked(view: &ChartView) -> Option<String> {
    view.marks.iter().any(Option::is_some).then(|| {
        let inside = view.dots.iter().filter(|dot| is_inside(view, dot)).count();
        format!(
            "{inside} of {} settings lie in all marked ranges",
            view.dots.len()
        )
    })
}

/// An axis on the screen.
struct Placed {
    axis: Axis,
    x: f32,
    up: Rangef,
    range: [f64; 2],
}

impl Placed {
    fn y(&self, value: f64) -> f32 {
        let [low, high] = self.range;
        let share = ((value - low) / (high - low)).clamp(0.0, 1.0) as f32;
        self.up.max - self.up.span() * share
    }

    fn value(&self, y: f32) -> f64 {
        let [low, high] = self.range;
        let share = ((self.up.max - y) / self.up.span()).clamp(0.0, 1.0);
        low + (high - low) * f64::from(share)
    }
}

/// Draws it.
pub(super) fn parallel_ui(ui: &mut Ui, view: &ChartView, height: f32) -> Vec<Action> {
    let mut actions = Vec::new();
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, view.words()));
    let colours = palette(ui);
    let axes = Axis::all(view);
    let gap = (rect.width() - 2.0 * SIDE) / (axes.len().max(2) - 1) as f32;
    let up = Rangef::new(rect.top() + TOP, rect.bottom() - BOTTOM);
    let placed: Vec<Placed> = axes
        .into_iter()
        .enumerate()
        .map(|(index, axis)| Placed {
            axis,
            x: rect.left() + SIDE + gap * index as f32,
            up,
            range: axis.range(view),
        })
        .collect();
    let path = |dot: &Dot| -> Vec<Pos2> {
        let ends = placed.iter();
        ends.map(|place| pos2(place.x, place.y(place.axis.value(dot))))
            .collect()
    };
    let painter = ui.painter_at(rect);
    // What is not beaten lies on top, and what lies outside the marks below all.
    let mut dots: Vec<(&Dot, bool)> = view
        .dots
        .iter()
        .filter(|dot| dot.scores.iter().all(|score| score.is_finite()))
        .map(|dot| (dot, is_inside(view, dot)))
        .collect();
    let is_loaded = |dot: &Dot| view.loaded == Some(dot.setting);
    dots.sort_by_key(|(dot, inside)| (*inside, is_loaded(dot), dot.on_front, dot.is_base));
    let pointed = response
        .hover_pos()
        .filter(|pointer| {
            placed
                .iter()
                .all(|place| (place.x - pointer.x).abs() > NEAR_AXIS)
        })
        .and_then(|pointer| nearest(&dots, pointer, path));
    for (dot, inside) in &dots {
        let is_pointed = pointed.is_some_and(|pointed| pointed.setting == dot.setting);
        let color = match (inside, dot.is_base, dot.on_front) {
            (false, ..) => colours.border,
            (true, true, _) => colours.below,
            (true, false, true) => colours.accent,
            (true, false, false) => colours.weak,
        };
        let width = match (is_pointed, dot.on_front || is_loaded(dot)) {
            (true, _) => 3.0,
            (false, true) => 2.0,
            (false, false) => 1.0,
        };
        let points = path(dot);
        let stroke = Stroke::new(width, color);
        if dot.is_base {
            painter.extend(egui::Shape::dashed_line(&points, stroke, 5.0, 4.0));
        } else {
            painter.line(points, stroke);
        }
    }
    let small = FontId::proportional(size::SMALL);
    for (index, place) in placed.iter().enumerate() {
        painter.vline(place.x, place.up, Stroke::new(1.0, colours.text));
        let name = place.axis.name(view);
        let top = pos2(place.x, rect.top() + 2.0);
        painter.text(top, Align2::CENTER_TOP, name, small.clone(), colours.text);
        for (value, y, align) in [
            (place.range[1], place.up.min, Align2::LEFT_TOP),
            (place.range[0], place.up.max, Align2::LEFT_BOTTOM),
        ] {
            let words = place.axis.number(view, value);
            // Lines end where the numbers stand: without paper behind them both would be unreadable.
            let letters = painter.layout_no_wrap(words, small.clone(), colours.weak);
            let room = align.anchor_size(pos2(place.x + 4.0, y), letters.size());
            let paper = room.expand2(vec2(2.0, 0.0));
            painter.rect_filled(paper, radius::WORD, colours.panel);
            painter.galley(room.min, letters, colours.weak);
        }
        if let Some([low, high]) = view.marks.get(index).copied().flatten() {
            let mark = Rect::from_x_y_ranges(
                Rangef::new(place.x - 6.0, place.x + 6.0),
                Rangef::new(place.y(high), place.y(low)),
            );
            let fill = colours.accent.gamma_multiply(0.25);
            painter.rect_filled(mark, radius::WORD, fill);
            let stroke = Stroke::new(1.5, colours.accent);
            painter.rect_stroke(mark, radius::WORD, stroke, StrokeKind::Inside);
        }
    }
    actions.extend(mark_ui(ui, &response, &placed));
    actions.extend(point_at(ui, &response, pointed.map(|dot| (dot, 0))));
    actions
}

/// Draws how many settings lie in the marked ranges, with the button that takes the marks away.
pub(super) fn marked_ui(ui: &mut Ui, view: &ChartView) -> Option<Action> {
    let words = marked(view)?;
    ui.horizontal(|ui| {
        ui.label(RichText::new(words).size(size::SMALL));
        let clear = egui::Button::new("Clear the marks").min_size(vec2(0.0, space::TARGET));
        ui.add(clear).clicked()
    })
    .inner
    .then_some(Action::Tradeoff(TradeoffAction::Unmark))
}

/// Marks a range on an axis while it is dragged along.
fn mark_ui(ui: &Ui, response: &egui::Response, placed: &[Placed]) -> Option<Action> {
    let origin = ui.input(|input| input.pointer.press_origin());
    let at = |pos: Pos2| {
        let near = |place: &&Placed| (place.x - pos.x).abs() <= NEAR_AXIS;
        let mut axes = placed.iter().enumerate();
        axes.find(|(_, place)| near(place))
    };
    if let Some((axis, place)) = origin.filter(|_| response.dragged()).and_then(at)
        && let (Some(from), Some(to)) = (origin, response.interact_pointer_pos())
    {
        let ends = [place.value(from.y), place.value(to.y)];
        let range =
            ((from.y - to.y).abs() >= LEAST).then(|| [ends[0].min(ends[1]), ends[0].max(ends[1])]);
        return Some(Action::Tradeoff(TradeoffAction::Mark { axis, range }));
    }
    let (axis, _) = response.hover_pos().and_then(at)?;
    ui.ctx().set_cursor_icon(CursorIcon::ResizeVertical);
    response
        .clicked()
        .then_some(Action::Tradeoff(TradeoffAction::Mark { axis, range: None }))
}

/// The setting whose line passes nearest to the pointer, where one is within reach and inside the marks.
fn nearest<'a>(
    dots: &[(&'a Dot, bool)],
    pointer: Pos2,
    path: impl Fn(&Dot) -> Vec<Pos2>,
) -> Option<&'a Dot> {
    let inside = dots.iter().filter(|(_, inside)| *inside);
    let distances = inside.map(|(dot, _)| {
        let points = path(dot);
        let parts = points
            .windows(2)
            .map(|ends| distance(pointer, ends[0], ends[1]));
        (parts.fold(f32::INFINITY, f32::min), *dot)
    });
    let (distance, dot) = distances.min_by(|a, b| a.0.total_cmp(&b.0))?;
    (distance <= NEAR_LINE).then_some(dot)
}

/// From a point to the line between two others.
fn distance(point: Pos2, from: Pos2, to: Pos2) -> f32 {
    let along = to - from;
    let share = ((point - from).dot(along) / along.length_sq().max(1e-6)).clamp(0.0, 1.0);
    (from + along * share).distance(point)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::tradeoff::Chart;
    use crate::engine::tradeoff::Measure;

    fn dot(setting: usize, weights: [f64; 2], scores: [f64; 2]) -> Dot {
        Dot {
            setting,
            weights: weights.to_vec(),
            scores: scores.to_vec(),
            halves: vec![None; 2],
            on_front: false,
            is_base: false,
            hint: String::new(),
        }
    }

    fn view() -> ChartView {
        ChartView {
            charts: vec![Chart::Parallel],
            chart: Chart::Parallel,
            objectives: vec!["kind".to_owned(), "short".to_owned()],
            swept: vec![0],
            units: vec![None; 2],
            axes: [0, 1],
            colour: 0,
            measure: Measure::default(),
            marks: vec![None; 3],
            dots: [
                dot(0, [0.0, 0.0], [-1.0, 0.5]),
                dot(1, [1.0, 0.0], [0.5, 0.25]),
                dot(2, [2.0, 0.0], [1.0, -0.5]),
            ]
            .into(),
            loaded: None,
            curve: None,
            handle: None,
        }
    }

    #[test]
    fn only_what_lies_in_every_marked_range_counts() {
        let mut view = view();
        assert_eq!(marked(&view), None);
        assert_eq!(
            Axis::all(&view),
            [Axis::Weight(0), Axis::Score(0), Axis::Score(1)]
        );
        view.marks[1] = Some([0.0, 2.0]);
        let words = "2 of 3 settings lie in all marked ranges";
        assert_eq!(marked(&view).as_deref(), Some(words));
        view.marks[2] = Some([0.0, 1.0]);
        let words = "1 of 3 settings lie in all marked ranges";
        assert_eq!(marked(&view).as_deref(), Some(words));
        assert!(is_inside(&view, &view.dots[1]));
    }

    #[test]
    fn places_on_an_axis_and_values_belong_together() {
        let place = Placed {
            axis: Axis::Score(0),
            x: 0.0,
            up: Rangef::new(20.0, 120.0),
            range: [-1.0, 1.0],
        };
        assert!((place.y(1.0) - 20.0).abs() < 1e-4);
        assert!((place.value(place.y(0.25)) - 0.25).abs() < 1e-6);
        assert!((distance(pos2(5.0, 3.0), pos2(0.0, 0.0), pos2(10.0, 0.0)) - 3.0).abs() < 1e-6);
    }
}
